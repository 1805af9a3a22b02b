"""`catalog db`: the schema, and whether the history still holds together."""

from contextlib import closing

import click

from catalog import wiring
from catalog.cli import asking, output
from catalog.cli.context import Context, pass_context
from catalog.errors import Exit
from catalog.store import invariants, upgrade


@click.group("db")
def command() -> None:
    """Look after the database."""


@command.command("upgrade")
@click.option("--sql", is_flag=True, help="Print the SQL of the whole schema instead; connects to nothing.")
@pass_context
def upgrade_(context: Context, *, sql: bool) -> None:
    """Make or upgrade the schema."""
    with closing(wiring.database(context.config(), must_exist=False if sql else None)) as database:
        if sql:
            click.echo(upgrade.sql(database), nl=False)
            return
        before = upgrade.ensure(database)
    words = "is at head" if before == upgrade.HEAD else f"was upgraded from {before or 'nothing'}"
    output.line(f"{database.describe()}: the schema {words}: {upgrade.HEAD}")


@command.command("current")
@pass_context
def current(context: Context) -> None:
    """Print the revision of the schema."""
    with closing(wiring.database(context.config(), must_exist=True)) as database:
        output.line(upgrade.current(database) or "none")


@command.command("check", short_help="Compare the tables with those this program knows.")
@pass_context
def check(context: Context) -> int:
    """Compare the tables with those this program knows: exit 0 alike, 4 not."""
    with asking.opened(context.config()) as database:
        found = upgrade.differences(database)
    for difference in found:
        output.line(difference)
    output.line(f"{len(found)} differences" if found else "the schema is as it should be")
    return Exit.DATABASE if found else Exit.DONE


@command.command("verify", short_help="Check the invariants of the history.")
@pass_context
def verify(context: Context) -> int:
    """Check the invariants of the history: exit 0 whole, 4 broken."""
    with asking.opened(context.config()) as database:
        broken = invariants.broken(database)
    for found in broken:
        output.line(f"broken: {found.rule}: {found.count:,} rows")
    output.line(f"{len(invariants.RULES) - len(broken)} of {len(invariants.RULES)} invariants hold")
    return Exit.DATABASE if broken else Exit.DONE
