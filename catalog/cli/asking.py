"""What commands share that ask a catalog: arguments that are moments, patterns or sources, and opening it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from catalog import dates, wallclock
from catalog.cli.context import Context
from catalog.errors import ConfigError

if TYPE_CHECKING:
    from click.types import OptionHelpExtra

    from catalog.config import Config
    from catalog.store.database import Connection, Database

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Moment(click.ParamType[datetime]):
    """A moment as people type it: a date, RFC 3339, or an age such as 7d."""

    name = "T"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it, ages counted from now; says what would be right when it is none."""
        if isinstance(value, datetime):
            return value
        try:
            return dates.moment(value, wallclock.utc_now())
        except ValueError as error:
            self.fail(str(error), param, ctx)


class PlainOption(click.Option):
    """An option whose words say everything: its help ends with them."""

    def get_help_extra(self, ctx: click.Context) -> "OptionHelpExtra":  # noqa: ARG002 - click's signature
        """Add no bounds: they are there for databases, not for people."""
        return {}


def source_option() -> Decorator:
    """Add --source."""
    return click.option("--source", metavar="S", help="Only this source.")


def match_option(name: str = "--match") -> Decorator:
    """Add an option that takes a shell pattern of ids."""
    words = "Only ids that match this pattern: *, ?, [a-z], [!a]; case counts."
    return click.option(name, "match", metavar="GLOB", help=words)


def limit_option(default: int | None, words: str) -> Decorator:
    """Add --limit."""
    kind = click.IntRange(min=0, max=2**31 - 1)
    return click.option("--limit", type=kind, cls=PlainOption, metavar="N", default=default, help=words)


@contextmanager
def catalog(context: Context, source: str | None = None) -> Iterator["Connection"]:
    """Open the configured catalog for reading, as it stands at this moment; makes and changes nothing.

    Raises DatabaseError when there is none, SchemaError when its schema is another program's, ConfigError when it
    never saw that source.
    """
    from catalog.store import history

    with opened(context.config()) as database, database.read() as connection:
        _demand(source, [row.source for row in history.sources(connection)])
        yield connection


@contextmanager
def opened(config: "Config") -> Iterator["Database"]:
    """Open a catalog that is there, with its schema at head. Raises DatabaseError or SchemaError when it is not."""
    from catalog.store import database, upgrade

    with closing(database.open_(config.database.url, must_exist=True)) as found:
        upgrade.require(found)
        yield found


def close_ids(connection: "Connection", id: str, source: str | None) -> list[str]:
    """Give up to three known ids that look much like an unknown one, the closest first."""
    from difflib import get_close_matches

    from catalog.store import history

    known = {name.lower(): name for name in history.neighbours(connection, id, source=source)}
    return [known[name] for name in get_close_matches(id.lower(), known, n=3, cutoff=0.6)]


def tell(context: Context, words: str) -> None:
    """Say something beside the data, on stderr; -q silences it."""
    context.say(words, "read.note")


def _demand(source: str | None, known: Sequence[str]) -> None:
    if source is not None and source not in known:
        hint = f"sources are: {', '.join(known)}" if known else "run `catalog sync` first"
        raise ConfigError(f'source "{source}" was never synced into this catalog', hint=hint)
