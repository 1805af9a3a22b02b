"""`catalog db`: the schema, safe copies, the invariants of the history, and old records."""

from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from catalog import clock, dates, library, text, wiring
from catalog.cli import options
from catalog.cli.context import Context, json_option, pass_context
from catalog.cli.terminal import output
from catalog.errors import ConfigError, Exit
from catalog.store.backup import copies
from catalog.store.backup.after_restore import Holdings
from catalog.store.ingest import prune
from catalog.store.schema import invariants, preconditions, upgrade


@click.group("db")
def command() -> None:
    """Look after the database: its schema, safe copies, whether its history holds together, old records."""


@command.command("upgrade")
@click.option("--sql", is_flag=True, help="Print the SQL of the whole schema instead; connects to nothing.")
@pass_context
def upgrade_(context: Context, *, sql: bool) -> None:
    """Make or upgrade the schema."""
    with closing(
        wiring.database(context.config(), must_exist=False if sql else None, on_busy=context.tell_busy)
    ) as database:
        if sql:
            click.echo(upgrade.sql(database), nl=False)
            return
        before = upgrade.ensure(database)
    words = "is at head" if before == upgrade.HEAD else f"was upgraded from {before or 'nothing'}"
    if not context.quiet:
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
    with library.opened(context.config().database.url) as database:
        found = upgrade.differences(database)
    for difference in found:
        output.line(difference)
    if found or not context.quiet:
        output.line(text.counted(len(found), "difference") if found else "the schema is as it should be")
    return Exit.DATABASE if found else Exit.DONE


@command.command("verify", short_help="Check the invariants of the history.")
@json_option
@pass_context
def verify(context: Context, *, as_json: bool) -> int:
    """Check the invariants of the history, and that the file is whole: exit 0 whole, 4 broken."""
    with library.opened(context.config().database.url) as database:
        broken = [*invariants.unsound(database), *invariants.broken(database)]
        rules = invariants.rules(database)
    if as_json:
        counts = {each.rule: each.count for each in broken}
        output.array({"rule": rule, "broken": counts.get(rule, 0)} for rule in rules)
    else:
        for found in broken:
            output.line(f"broken: {found.rule}: {text.counted(found.count, 'row')}")
        if broken or not context.quiet:
            output.line(f"{len(rules) - len(broken)} of {len(rules)} invariants hold")
    return Exit.DATABASE if broken else Exit.DONE


@command.command("prune", short_help="Drop old runs that recorded nothing, and deliveries long made.")
@click.option("--older-than", type=options.AGE, help="Such as 90d; without it database.keep_runs counts.")
@click.option("--dry-run", is_flag=True, help="Only say how many would go.")
@json_option
@pass_context
def prune_(context: Context, *, older_than: timedelta | None, dry_run: bool, as_json: bool) -> None:
    """Drop runs that recorded nothing, and deliveries long made, that are older than AGE.

    No answer about models, changes or any moment changes, and no number is used twice. What always stays: runs that
    any row refers to, the newest of each source and all since its last merged one, alerts that are pending or
    dead, and those of a date that a model still has. `catalog run` and `catalog sync` do the same once a day where
    database.keep_runs is set.
    """
    config = context.config()
    age = config.database.keep_runs if older_than is None else older_than
    if age is None:
        hint = "name an age, such as `catalog db prune --older-than 90d`, or set database.keep_runs"
        raise ConfigError("nothing says how old a run must be to go: database.keep_runs is forever", hint=hint)
    with closing(wiring.database(config, must_exist=True, on_busy=context.tell_busy)) as database:
        upgrade.require(database)
        preconditions.demand_file(database)
        done = prune.prune(database, older_than=age, now=database.now(), dry_run=dry_run)
    if as_json:
        output.document({**asdict(done), "dry_run": dry_run})
    elif not context.quiet:
        what = f"{text.counted(done.runs, 'run')} and {text.counted(done.deliveries, 'delivered alert')}"
        output.line(f"{'would drop' if dry_run else 'dropped'} {what} older than {dates.age(age)}")


@command.command("backup", short_help="Copy the catalog into a new FILE.")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@pass_context
def backup(context: Context, file: Path, *, as_json: bool) -> None:
    """Copy the catalog into a new FILE, also while others write.

    FILE appears whole or not at all, and was checked before it does. It is an SQLite catalog, also of one in Postgres,
    and can be restored into either.
    """
    bar = output.progress_bar("copying", shown=not context.quiet)
    with closing(wiring.database(context.config(), must_exist=True)) as database, bar as move:
        held = copies.backup(database, file, on_progress=lambda done, all_: move(completed=done, total=all_))
    if as_json:
        output.document({"file": str(file.absolute()), "bytes": file.stat().st_size, **asdict(held)})
    elif not context.quiet:
        output.line(f"{file}: a copy of {database.describe()} with {_said(held)}")


@command.command("restore", short_help="Put a copy in the catalog's place.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace the catalog that is there.")
@json_option
@pass_context
def restore(context: Context, file: Path, *, replace: bool, as_json: bool) -> None:
    """Put a copy in the catalog's place, all of it or nothing; an older one is upgraded.

    No alert is sent twice: those that the copy holds as not sent are given up (`catalog alerts retry` sends them all
    the same), and the next walk of each source that shows the whole list is a baseline. Workers may stay up, unless
    one is reading a list.
    """
    config = context.config()
    bar = output.progress_bar("copying", shown=not context.quiet)
    with closing(wiring.database(config, must_exist=False, on_busy=context.tell_busy)) as database, bar as move:
        done = copies.restore(
            database,
            file,
            now=clock.utc_now(),
            replace=replace,
            sources=config.names,
            on_progress=lambda done, all_: move(completed=done, total=all_),
        )
    if as_json:
        output.document({"file": str(file.absolute()), "given_up": done.given_up, **asdict(done.holdings)})
    elif not context.quiet:
        output.line(f"{database.describe()}: restored from {file}, with {_said(done.holdings)}")
        words = "the next walk of each source that shows the whole list is a baseline"
        output.line(f"{words}: what differs by then is not told as news")
        if done.given_up:
            given_up = text.counted(done.given_up, "alert")
            output.line(f"{given_up} given up, because of what may have been sent since: catalog alerts list")


def _said(held: Holdings) -> str:
    until = f"the last ended {output.second(held.as_of)}" if held.as_of else "none ended"
    return f"{text.counted(held.models, 'model')} and {text.counted(held.runs, 'run')}; {until}"
