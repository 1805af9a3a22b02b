"""Asks how watched models fare, and which known ids are close to an unknown one."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain

import sqlalchemy as sa

from catalog import watch
from catalog.domain import ModelName
from catalog.store.engine.database import Connection
from catalog.store.queries import history, streams
from catalog.store.schema import tables
from catalog.watch import WatchFinding


def check(
    connection: Connection,
    names: Sequence[ModelName],
    sources: Sequence[str],
    *,
    configured: Collection[str],
    now: datetime,
    days: int,
) -> tuple[WatchFinding, ...]:
    """Judge each name at these sources, of those that are configured."""
    everywhere = history.named(connection, map(watch.id_of, names))
    rows = [row for row in everywhere if row.source in sources]
    elsewhere = watch.not_asked(everywhere, sources, configured)
    guess = partial(close_names, connection, sources=sources)
    return watch.check(names, rows, now=now, days=days, guess=guess, elsewhere=elsewhere)


def ids(connection: Connection, sources: Sequence[str]) -> Iterator[str]:
    """Stream every id that these sources ever listed."""
    model, source = tables.model.c, tables.source.c
    for name in sources:
        key = sa.select(source.source_key).where(source.source == name).scalar_subquery()
        for row in streams.rows(connection, sa.select(model.id).where(model.source_key == key)):
            yield row["id"]


def close_ids(connection: Connection, id: str, sources: Sequence[str | None] = (None,)) -> list[str]:
    """Give up to three known ids, of some sources or of any, that look much like an unknown one, the closest first."""
    near = (history.neighbours(connection, id, source=source) for source in sources)
    return watch.close_ids(id, chain.from_iterable(near))


def close_names(connection: Connection, name: ModelName, sources: Sequence[str | None] = (None,)) -> list[str]:
    """Do the same for a watched model, at its source if it names one; each is spelled as it would be watched."""
    close = close_ids(connection, watch.id_of(name), sources if isinstance(name, str) else name[:1])
    return watch.spelled_as(name, close)
