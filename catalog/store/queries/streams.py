"""Streams the rows of a view, by source and id."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any

import sqlalchemy as sa

from catalog.store.engine.database import Connection
from catalog.store.queries import globs
from catalog.store.schema import tables, views

_CHUNK = 1000  # rows at a time, and ids of the first range
_GROWTH = 4


def names(connection: Connection, source: str | None) -> Sequence[str]:
    """Name the sources to read: all, or the one that is asked for."""
    if source is not None:
        return [source] if globs.storable(source) else []
    return sorted(connection.scalars(sa.select(views.sources.c.source)))  # alike on both databases


def by_ranges(
    connection: Connection,
    view: sa.Table,
    conditions: Sequence[sa.ColumnElement[bool]],
    source: str | None,
    match: str | None,
) -> Iterator[dict[str, Any]]:
    """Read a list in ranges of ids, each longer than the one before.

    A planner would read and sort the whole list for its first row.
    """
    fits = [] if match is None else [globs.matches(view.c.id, match, dialect=connection.dialect.name)]
    for name in names(connection, source):
        edge: str | None = ""
        size = _CHUNK
        while edge is not None:
            last = _last_of(connection, name, edge, size, match)
            span = [view.c.id > edge, *([] if last is None else [view.c.id <= last])]
            yield from rows(connection, _in_order(view, name, *conditions, *span, *fits))
            edge, size = last, size * _GROWTH


def of_ids(
    connection: Connection,
    view: sa.Table,
    conditions: Sequence[sa.ColumnElement[bool]],
    source: str,
    ids: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Read the rows of these ids, which come in order."""
    for start in range(0, len(ids), _CHUNK):
        some = view.c.id.in_(ids[start : start + _CHUNK])
        yield from rows(connection, _in_order(view, source, *conditions, some))


def _in_order(view: sa.Table, source: str, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Select rows of one source: within it they come in order from an index, which on SQLite has both columns."""
    return sa.select(view).where(view.c.source == source, *conditions).order_by(view.c.source, view.c.id)


def _last_of(connection: Connection, source: str, edge: str, size: int, match: str | None) -> str | None:
    """Give the last of so many ids beyond one; None: there are fewer."""
    model = tables.model.c
    key = sa.select(tables.source.c.source_key).where(tables.source.c.source == source).scalar_subquery()
    wanted = sa.select(model.id).where(model.source_key == key, model.id > edge)
    if match is not None:
        wanted = wanted.where(globs.matches(model.id, match, dialect=connection.dialect.name))
    some = wanted.order_by(model.id).limit(size).subquery()
    last, count = connection.execute(sa.select(sa.func.max(some.c.id), sa.func.count())).one()
    return last if count == size else None


def rows(connection: Connection, statement: sa.Select[Any]) -> Generator[dict[str, Any], None, None]:
    """Stream the rows of a statement, a thousand at a time."""
    with closing(connection.execute(statement, execution_options={"yield_per": _CHUNK})) as result:
        for row in result.mappings():
            yield dict(row)
