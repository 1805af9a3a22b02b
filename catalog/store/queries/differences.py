"""Compares what was listed at two moments."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa

from catalog.domain import Kind, State
from catalog.store.engine.database import Connection
from catalog.store.ingest.diff import compare
from catalog.store.queries import streams
from catalog.store.queries.history import reading
from catalog.store.schema import views

DIFFERENCE_COLUMNS = ("source", "model_id", "kind", "field", "old_value", "new_value")


@dataclass(frozen=True, kw_only=True, slots=True)
class MomentDifference:
    """One difference between two moments; `field` and its values only where `kind` is `changed`."""

    source: str
    model_id: str
    kind: Kind
    field: str | None = None
    old_value: str | None = None
    new_value: str | None = None


def between(
    connection: Connection,
    earlier: datetime,
    later: datetime,
    *,
    source: str | None = None,
    match: str | None = None,
) -> Generator[MomentDifference, None, None]:
    """Stream what differs between two moments, by source, id and field; what came and went in between does not.

    Reads only states that began or ended in between: a state of both moments does not differ.
    """
    view = views.model_history
    ended = sa.and_(view.c.valid_from <= earlier, view.c.valid_to > earlier, view.c.valid_to <= later)
    open_later = sa.or_(view.c.valid_to.is_(None), view.c.valid_to > later)
    began = sa.and_(view.c.valid_from > earlier, view.c.valid_from <= later, open_later)
    conditions = [sa.or_(ended, began)]
    states = (State(**row) for row in streams.by_source(connection, view, conditions, source, match))
    for _, pair in groupby(states, key=lambda state: (state.source, state.id)):
        old, new = _at_both(pair, earlier)
        yield from _differences(old, new)


def _at_both(pair: Iterable[State], earlier: datetime) -> tuple[State | None, State | None]:
    old = new = None
    for state in pair:
        if state.valid_from <= earlier:
            old = state
        else:
            new = state
    return old, new


def _differences(old: State | None, new: State | None) -> Iterator[MomentDifference]:
    if old is None and new is not None:
        yield MomentDifference(source=new.source, model_id=new.id, kind=Kind.ADDED)
    if old is not None and new is None:
        yield MomentDifference(source=old.source, model_id=old.id, kind=Kind.REMOVED)
    if old is None or new is None:
        return
    for change in compare(reading(old), reading(new)):
        yield MomentDifference(
            source=new.source,
            model_id=new.id,
            kind=Kind.CHANGED,
            field=change.path,
            old_value=change.old,
            new_value=change.new,
        )
