"""What commands that list rows share: printing them as they come, and notes beside them on stderr."""

import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from catalog import clock, dates
from catalog.cli.context import Context, Form
from catalog.cli.terminal import cells, output
from catalog.dates import TypedMoment
from catalog.domain import Change, Kind
from catalog.tabular import Row, record, transition
from catalog.text import counted

if TYPE_CHECKING:
    from catalog.store.engine.database import Connection
    from catalog.store.queries.differences import MomentDifference


def print_(
    context: Context,
    found: Generator[Row, None, None],
    *,
    nothing: str,
    noun: str,
    columns: Sequence[str],
    shown: Sequence[str],
    form: Form,
    most: int = 0,
    order: str = "newest",
    kept: bool = False,
) -> None:
    """Print rows as they come, `most` of them (0: all), and say on stderr how many there are.

    `columns` are for programs, `shown` for people, of which those that are empty are left out unless they are `kept`.
    """
    with closing(found):
        count = _Count(islice(found, most) if most else found)
        output.listing(count, columns=columns, shown=shown, form=form, kept=kept)
        sys.stdout.flush()  # where both are one file, the count stands at the end
        if not count.rows:
            context.say(nothing, "read.note")
        elif most and next(found, None) is not None:
            context.say(f"these are the {order} {most}; `--limit 0` shows all", "read.note")
        elif form == "text":
            context.say(counted(count.rows, noun), "read.count", count=count.rows)


class _Count:
    """Counts rows as they are printed."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = rows
        self.rows = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.rows += 1
            yield row


def column(text: str, columns: Sequence[str]) -> str:
    """Give the column that a person names as it is in JSON, or as a table heads it: retires_at, retires."""
    wanted = text.strip().lower().replace(" ", "_").replace("-", "_")
    found = {cells.head(name).replace(" ", "_"): name for name in columns} | {name: name for name in columns}
    if wanted not in found:
        raise click.UsageError(f'there is no column "{text.strip()}"; write one of {", ".join(columns)}')
    return found[wanted]


def meant(context: Context, typed: TypedMoment) -> datetime:
    """Give a moment that was typed, and say which one it is where the text leaves that open."""
    if typed.words:
        context.say(typed.words, "read.moment")
    return typed.at


def pattern(context: Context, connection: "Connection", match: str | None, source: str | None) -> str | None:
    """Give a pattern of ids; what has no sign and is no id that was ever seen is taken as a part of one."""
    from catalog.store.queries import globs, history

    if not match or not globs.is_exact(match):
        return match
    if any(source in {None, model.source} for model in history.named(connection, [match])):
        return match
    context.say(f'no model has the id "{match}": it is taken as the pattern *{match}*', "read.note")
    return f"*{match}*"


def note_limits(
    context: Context, connection: "Connection", moment: datetime, source: str | None, *, then: str = ""
) -> bool:
    """Say so when nothing is known of a moment, of the source that is asked for or of some: it was before, or is ahead.

    `then` says what follows from the first; false: that is so of all.
    """
    from catalog.store.queries import history

    begins = {name: at for name, at in history.begins(connection).items() if source in {None, name}}
    late = {name: at for name, at in begins.items() if moment < at}
    if late and late == begins:
        what = f"what this catalog knows of {source}" if source else "this catalog"
        words = f"{what} begins at {dates.short(min(late.values()))}; of earlier moments it knows nothing{then}"
        context.say(words, "read.note")
    elif late:
        context.say(
            f"{', '.join(late)}: first read after {dates.short(moment)}, nothing is known of it{then}", "read.note"
        )
    if moment > clock.utc_now():
        words = f"{dates.short(moment)} lies in the future; what is listed now is all that is known"
        context.say(words, "read.note")
    return late != begins


def several(connection: "Connection", source: str | None) -> Sequence[str]:
    """Show the source where there is more than one."""
    from catalog.store.queries import history

    return ["source"] if source is None and len(history.sources(connection)) > 1 else []


def said(one: "Change | MomentDifference") -> str:
    """Say what became of a model."""
    if one.kind is not Kind.CHANGED:
        words: str = one.kind
    else:
        words = transition(one.field, one.old_value, one.new_value)
    return f"{words} (baseline)" if getattr(one, "baseline", False) else words


def records(
    found: Generator[Any, None, None], columns: Sequence[str], beside: Callable[[Any], Row] = lambda _: {}
) -> Generator[Row, None, None]:
    """Give the rows of domain objects, and what people are shown beside the columns."""
    with closing(found):
        for one in found:
            yield {**record(one, columns), **beside(one)}
