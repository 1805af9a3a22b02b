"""Compares what was listed at two moments."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import sqlalchemy as sa

from catalog.domain import Kind, State
from catalog.store.engine.database import Connection
from catalog.store.ingest.diff import compare
from catalog.store.queries import globs, streams
from catalog.store.queries.history import reading
from catalog.store.schema import tables, views

_FEW = 10_000  # models that are looked up one by one, rather than found in the whole list
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

    Reads only states that began or ended in between: a state of both moments does not differ. Of the many that may have
    changed, the first come at once.
    """
    view, names = views.model_history, streams.names(connection, source)
    ended = sa.and_(view.c.valid_from <= earlier, view.c.valid_to > earlier, view.c.valid_to <= later)
    open_later = sa.or_(view.c.valid_to.is_(None), view.c.valid_to > later)
    began = sa.and_(view.c.valid_from > earlier, view.c.valid_from <= later, open_later)
    conditions = [sa.or_(ended, began)]
    for name in names:
        few = _few(connection, name, earlier, later, match)
        if few is None:
            found = streams.by_ranges(connection, view, conditions, name, match)
        else:
            found = streams.of_ids(connection, view, conditions, name, few)
        states = (State(**row) for row in found)
        for _, pair in groupby(states, key=lambda state: state.id):
            old, new = _at_both(pair, earlier)
            yield from _differences(old, new)


def _few(
    connection: Connection, source: str, earlier: datetime, later: datetime, match: str | None
) -> Sequence[str] | None:
    """Give the ids of which the log tells a change in between, in order; None: there are many.

    A state begins with a change of its run, and ends with one of the next, or with a removal.
    """
    model, change, run = tables.model.c, tables.change.c, tables.run.c
    key = sa.select(tables.source.c.source_key).where(tables.source.c.source == source).scalar_subquery()
    walked = (run.walked_at > earlier) & (run.walked_at <= later)
    recorded = run.added + run.returned + run.changed + run.removed > sa.literal_column("0")  # few: they have an index
    some = sa.select(run.run_id).where(recorded, run.finished_at > earlier, walked)
    ended = sa.exists().where(run.run_id == change.observed_run, walked)
    removed = sa.select(change.model_key).where(change.observed_run.is_not(None), ended)
    ids = set[str]()
    for found in (change.run_id.in_(some), model.model_key.in_(removed)):
        wanted = sa.select(model.id).join(tables.change, change.model_key == model.model_key)
        wanted = wanted.where(found, model.source_key == key)
        if match is not None:
            wanted = wanted.where(globs.matches(model.id, match, dialect=connection.dialect.name))
        ids.update(connection.scalars(wanted.distinct().limit(_FEW + 1)))
    return None if len(ids) > _FEW else sorted(ids)


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
