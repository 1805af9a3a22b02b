"""What commands that read the catalog share: their arguments and options, and opening it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from catalog import clock, dates
from catalog.cli.context import Context

if TYPE_CHECKING:
    from click.types import OptionHelpExtra

    from catalog.store.engine.database import Connection

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class Moment(click.ParamType[datetime]):
    """A moment as people type it: a date, RFC 3339, or an age such as 7d."""

    name = "T"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read a moment, ages counted from now; the error says which forms are right."""
        if isinstance(value, datetime):
            return value
        try:
            return dates.moment(value, clock.utc_now())
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Age(click.ParamType[timedelta]):
    """A length of time as people type it, such as 90d."""

    name = "AGE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it; says what would be right when it is none."""
        if isinstance(value, timedelta):
            return value
        try:
            return dates.duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class PlainOption(click.Option):
    """An option whose help ends with its own words."""

    def get_help_extra(self, ctx: click.Context) -> "OptionHelpExtra":  # noqa: ARG002 - click's signature
        """Add no bounds: they protect the database, and say nothing to people."""
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
    """Open the configured catalog for reading, in one snapshot; makes and changes nothing.

    Raises DatabaseError when there is none, SchemaError when its schema is older or newer, ConfigError when that source
    was never synced into it.
    """
    from catalog import library
    from catalog.wiring import unknowns

    with library.opened(context.config().database.url) as database, database.read() as connection:
        unknowns.demand_source(connection, source)
        yield connection


def tell(context: Context, words: str) -> None:
    """Print a note beside the data, on stderr, unless -q was given."""
    context.say(words, "read.note")
