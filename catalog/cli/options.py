"""What commands share that ask a catalog: arguments that are moments, patterns or sources, and opening it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
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
        """Read it, ages counted from now; says what would be right when it is none."""
        if isinstance(value, datetime):
            return value
        try:
            return dates.moment(value, clock.utc_now())
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
    from catalog import library, unknowns

    with library.opened(context.config().database.url) as database, database.read() as connection:
        unknowns.demand_source(connection, source)
        yield connection


def tell(context: Context, words: str) -> None:
    """Say something beside the data, on stderr; -q silences it."""
    context.say(words, "read.note")
