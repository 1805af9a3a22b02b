"""What commands that read the catalog share: their arguments and options, and opening it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from catalog import clock, dates
from catalog.cli.context import Context

if TYPE_CHECKING:
    from click.types import OptionHelpExtra

    from catalog.store.engine.database import Connection

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

source_option: Decorator = click.option("--source", metavar="S", help="Only this source.")


class TimeType(click.ParamType[Any]):
    """A moment or a length of time as people type it; the error says which forms are right."""

    def __init__(self, name: str, read: Callable[[str], object]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._read(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


# Of a day or a month the last moment, or the first one. Commands hand it to `lists.meant`.
MOMENT = TimeType("T", lambda text: dates.moment(text, clock.utc_now()))
BEGINNING = TimeType("T", lambda text: dates.moment(text, clock.utc_now(), edge="first"))
MOMENTS = "2026-11-22, 2026-11, RFC 3339, yesterday, 7d"
AGE = TimeType("AGE", dates.duration)  # such as 90d


class PlainOption(click.Option):
    """An option whose help ends with its own words."""

    def get_help_extra(self, ctx: click.Context) -> "OptionHelpExtra":  # noqa: ARG002 - click's signature
        """Add no bounds: they protect the database, and say nothing to people."""
        return {}


def match_option(name: str = "--match") -> Decorator:
    """Add an option that takes a shell pattern of ids."""
    words = "Only ids that match this pattern (*, ?, [a-z], [!a]; case counts), or hold this word."
    return click.option(name, "match", metavar="GLOB", help=words)


def limit_option(default: int | None, words: str) -> Decorator:
    """Add --limit."""
    kind = click.IntRange(min=0, max=2**31 - 1)
    return click.option("--limit", type=kind, cls=PlainOption, metavar="N", default=default, help=words)


@contextmanager
def catalog(context: Context, source: str | None = None) -> Iterator["Connection"]:
    """Open the configured catalog for reading, in one snapshot; makes and changes nothing.

    Raises DatabaseError when there is none, SchemaError when its schema is older or newer, ConfigError when that source
    was never synced into it.
    """
    from catalog import library
    from catalog.wiring import unknowns

    with library.opened(context.config().database.url) as database, database.read() as connection:
        unknowns.demand_source(connection, source)
        yield connection
