"""`catalog show ID`: one model's fields, dates, changes and states."""

import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import click

from catalog import clock, dates, tabular
from catalog.cli import options
from catalog.cli.context import Context, json_option, pass_context
from catalog.cli.reading import lists
from catalog.cli.terminal import cells, output, table
from catalog.cli.terminal.cells import Tone
from catalog.domain import DATE_FIELDS, Change, Model, State
from catalog.text import counted

if TYPE_CHECKING:
    from catalog.store.queries.history import Story

_MANY = 5  # differences of a state that are shown; the story has all
_ROOM = 24  # columns that a value needs to be broken into lines
Line = tuple[str, Tone]


@click.command()
@click.argument("id")
@options.source_option
@json_option
@pass_context
def command(context: Context, *, id: str, source: str | None, as_json: bool) -> None:
    """Tell one model's whole story, for each source that ever listed it.

    A change lies between two walks: after the one that still showed the old state, by the one that showed the new.
    """
    from catalog.store.queries import history
    from catalog.wiring import unknowns

    with options.catalog(context, source) as connection:
        stories = history.stories(connection, id, source=source)
        if not stories:
            raise unknowns.model(connection, id, source)
    if as_json:
        output.array(_object(story) for story in stories)
        return
    for number, story in enumerate(stories):
        output.line() if number else None
        for line, tone in _lines(story, clock.utc_now()):
            output.line(line, tone=tone)


def _object(story: "Story") -> dict[str, Any]:
    from catalog.store.queries import history

    states = [tabular.record(state, history.STATE_COLUMNS) for state in story.states]
    changes = [tabular.record(change, history.CHANGE_COLUMNS) for change in story.changes]
    return {**tabular.record(story.model, history.MODEL_COLUMNS), "history": states, "changes": changes}


def _lines(story: "Story", now: datetime) -> Iterator[Line]:
    model = story.model
    yield f"{model.id}  ({model.source})", ""
    yield _presence(model, now)
    yield "", ""
    yield from _aligned(_fields(model, now))
    yield "", ""
    yield "  story", ""
    yield from _aligned(list(_events(story.changes)))
    yield "", ""
    yield f"  {counted(len(story.states), 'state')}", ""
    yield from _aligned(list(_states(story)))


def _fields(model: Model, now: datetime) -> list[tuple[str, str]]:
    """Give what is known of a model."""
    from catalog.store.queries import history

    known = [(name, value) for name, value in history.fields(model) if value is not None]
    dated = {name: cells.cell(name, getattr(model, name), now).text for name in DATE_FIELDS}
    return [(name, dated.get(name, value)) for name, value in known]


def _presence(model: Model, now: datetime) -> Line:
    def seen(moment: datetime) -> str:
        return cells.cell("", moment, now).text

    first, last = f"first seen {seen(model.first_seen_at)}", f"last seen {seen(model.last_seen_at)}"
    if model.removed_at is not None:
        return f"  gone since {dates.minute(model.removed_at)}; {first}, {last}", "red"
    if model.missing_since is not None:
        return f"  missing since {dates.minute(model.missing_since)}, not yet believed to be gone; {last}", "yellow"
    return f"  listed; {first}, {last}", "green"


def _events(changes: Sequence[Change]) -> Iterator[tuple[str, str]]:
    """Give interval and event; the interval stands only beside the first of the events that share it."""

    def interval_of(change: Change) -> str:
        by = dates.minute(change.observed_at)
        return f"by {by}" if change.not_before is None else f"{dates.minute(change.not_before)} .. {by}"

    for interval, together in groupby(changes, key=interval_of):
        for number, change in enumerate(together):
            yield "" if number else interval, lists.said(change)


def _states(story: "Story") -> Iterator[tuple[str, str]]:
    """Give interval and looks of each state: of the first its name, of the others what differs from the one before."""
    from catalog.store.ingest.diff import compare
    from catalog.store.queries import history

    yield _span(story.states[0]), cells.plain(story.states[0].display_name)
    for before, state in pairwise(story.states):
        differences = compare(history.reading(before), history.reading(state))
        told = [tabular.transition(each.path, each.old, each.new) for each in differences] or ["as before"]
        more = [f"and {len(told) - _MANY} more"] if len(told) > _MANY else []
        yield _span(state), told[0]
        yield from (("", words) for words in [*told[1:_MANY], *more])


def _span(state: State) -> str:
    return f"{dates.minute(state.valid_from)} .. {'now' if state.valid_to is None else dates.minute(state.valid_to)}"


def _aligned(pairs: Sequence[tuple[str, str]]) -> Iterator[Line]:
    """Put values beside names; on a terminal that has the room for it, long ones are broken between words."""
    width = max((len(name) for name, _ in pairs), default=0)
    room = output.width(sys.stdout) - width - 6 if sys.stdout.isatty() else 0
    for name, value in pairs:
        for number, part in enumerate(table.wrapped(value, room) if room >= _ROOM else [value]):
            yield f"    {'' if number else name:<{width}}  {part}", ""
