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


def by_source(
    connection: Connection,
    view: sa.Table,
    conditions: Sequence[sa.ColumnElement[bool]],
    source: str | None,
    match: str | None,
) -> Iterator[dict[str, Any]]:
    """One statement per source, because within one the rows come in order from an index: of both columns on SQLite."""
    if match is not None:
        conditions = [*conditions, globs.matches(view.c.id, match, dialect=connection.dialect.name)]
    statement = sa.select(view).where(*conditions).order_by(view.c.source, view.c.id)
    for name in names(connection, source):
        yield from rows(connection, statement.where(view.c.source == name))


def by_ranges(
    connection: Connection,
    view: sa.Table,
    conditions: Sequence[sa.ColumnElement[bool]],
    source: str | None,
    match: str | None,
) -> Iterator[dict[str, Any]]:
    """Read a list as `by_source` does, in ranges of ids, each longer than the one before.

    A planner would read and sort the whole list for its first row.
    """
    for name in names(connection, source):
        edge: str | None = ""
        size = _CHUNK
        while edge is not None:
            last = _last_of(connection, name, edge, size, match)
            span = [view.c.id > edge, *([] if last is None else [view.c.id <= last])]
            yield from by_source(connection, view, [*conditions, *span], name, match)
            edge, size = last, size * _GROWTH


def of_ids(
    connection: Connection,
    view: sa.Table,
    conditions: Sequence[sa.ColumnElement[bool]],
    source: str,
    ids: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Read the rows of these ids, which come in order, as `by_source` does."""
    for start in range(0, len(ids), _CHUNK):
        some = view.c.id.in_(ids[start : start + _CHUNK])
        yield from by_source(connection, view, [*conditions, some], source, None)


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
