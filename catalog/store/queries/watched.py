"""Asks how watched models fare, and which known ids are close to an unknown one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from itertools import chain

from catalog import watch
from catalog.domain import Model, ModelName
from catalog.store.engine.database import Connection
from catalog.store.queries import history
from catalog.watch import WatchFinding

_CLOSE = 3


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
    rows: list[Model] = [row for row in everywhere if row.source in sources]
    why = {True: "which was not asked", False: "which is not configured"}
    elsewhere: dict[ModelName, str] = {
        row.id: f"only in source {row.source}, {why[row.source in configured]}"
        for row in everywhere
        if row.source not in sources
    }
    guess = partial(close_names, connection, sources=sources)
    return watch.check(names, rows, now=now, days=days, guess=guess, elsewhere=elsewhere)


def close_ids(connection: Connection, id: str, sources: Sequence[str | None] = (None,)) -> list[str]:
    """Give up to three known ids, of some sources or of any, that look much like an unknown one, the closest first."""
    near = (history.neighbours(connection, id, source=source) for source in sources)
    known = {name.lower(): name for name in chain.from_iterable(near)}
    return [known[name] for name in get_close_matches(id.lower(), known, n=_CLOSE, cutoff=0.6)]


def close_names(connection: Connection, name: ModelName, sources: Sequence[str | None] = (None,)) -> list[str]:
    """Do the same for a watched model, at its source if it names one; each is spelled as it would be watched."""
    close = close_ids(connection, watch.id_of(name), sources if isinstance(name, str) else name[:1])
    return watch.spelled_as(name, close)
