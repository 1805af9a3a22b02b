"""`catalog show ID`: one model's fields, dates, changes and states."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from catalog import dates
from catalog.cli import options, output
from catalog.cli.context import Context, json_option, pass_context
from catalog.domain import Change, Kind, Model, State
from catalog.text import counted

if TYPE_CHECKING:
    from catalog.store.queries.history import Story

_UNKNOWN = "unknown"


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
        for line in [*([""] if number else []), *_lines(story)]:
            output.line(line)


def _object(story: "Story") -> dict[str, Any]:
    from catalog.store.queries import history

    fields = {name: getattr(story.model, name) for name in history.MODEL_COLUMNS}
    states = [{name: getattr(state, name) for name in history.STATE_COLUMNS} for state in story.states]
    changes = [{name: getattr(change, name) for name in history.CHANGE_COLUMNS} for change in story.changes]
    return fields | {"history": states, "changes": changes}


def _lines(story: "Story") -> Iterator[str]:
    from catalog.store.queries import history

    model = story.model
    yield f"{model.id}  ({model.source})"
    yield f"  {_presence(model)}"
    yield ""
    yield from _aligned(history.fields(model))
    yield ""
    yield "  story"
    yield from _aligned(list(_events(story.changes)))
    yield ""
    yield f"  {counted(len(story.states), 'state')}"
    yield from _aligned([(_span(state), output.cell(state.display_name)) for state in story.states])


def _presence(model: Model) -> str:
    first = f"first seen {dates.short(model.first_seen_at)}"
    if model.removed_at is not None:
        return f"gone since {dates.short(model.removed_at)}; {first}, last seen {dates.short(model.last_seen_at)}"
    if model.missing_since is not None:
        since = dates.short(model.missing_since)
        return f"missing since {since}, not yet believed to be gone; last seen {dates.short(model.last_seen_at)}"
    return f"listed; {first}, last seen {dates.short(model.last_seen_at)}"


def _events(changes: Sequence[Change]) -> Iterator[tuple[str, str]]:
    """Give interval and event; the interval stands only beside the first of the events that share it."""

    def interval_of(change: Change) -> str:
        by = dates.short(change.observed_at)
        return f"by {by}" if change.not_before is None else f"{dates.short(change.not_before)} .. {by}"

    for interval, together in groupby(changes, key=interval_of):
        for number, change in enumerate(together):
            yield "" if number else interval, _event(change)


def _event(change: Change) -> str:
    words: str = change.kind
    if change.kind is Kind.CHANGED:
        old, new = ("absent" if value is None else value for value in (change.old_value, change.new_value))
        words = f"{change.field}: {old} -> {new}"
    return f"{words} (baseline)" if change.baseline else words


def _span(state: State) -> str:
    return f"{dates.short(state.valid_from)} .. {'now' if state.valid_to is None else dates.short(state.valid_to)}"


def _aligned(pairs: Sequence[tuple[str, str | None]]) -> Iterator[str]:
    width = max((len(name) for name, _ in pairs), default=0)
    return (f"    {name:<{width}}  {_UNKNOWN if value is None else value}" for name, value in pairs)
