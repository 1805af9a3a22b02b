"""Counts what was recorded of each source, and finds the dates that come next; for metrics."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from catalog import watch
from catalog.domain import ModelName
from catalog.events import is_among
from catalog.store.schema.tables import model, run, source

_AT_ONCE = 500  # ids in one query


def recorded(connection: sa.Connection) -> dict[str, tuple[int, int]]:
    """Count the models that were added to and removed from each source since its baseline."""
    added, removed = (sa.func.coalesce(sa.func.sum(column), 0) for column in (run.c.added, run.c.removed))
    wanted = sa.select(source.c.source, added.label("added"), removed.label("removed"))
    # As catalog_run_recorded_idx has it: with a parameter for 0, planners do not know that the index fits.
    some = run.c.added + run.c.returned + run.c.changed + run.c.removed > sa.literal_column("0")
    mine = (run.c.source_key == source.c.source_key) & some & ~run.c.baseline
    found = connection.execute(wanted.select_from(source.outerjoin(run, mine)).group_by(source.c.source))
    return {row.source: (int(row.added), int(row.removed)) for row in found}


def next_retirements(
    connection: sa.Connection, now: datetime, names: Collection[ModelName] | None = None
) -> dict[str, datetime]:
    """Give the next date on which a listed model retires, for each source that has one; of these models, or of all."""
    ahead = (model.c.removed_run.is_(None), model.c.retires_at > now, model.c.lifecycle.is_distinct_from("retired"))
    listed = source.join(model, model.c.source_key == source.c.source_key)
    if names is None:
        first = sa.select(source.c.source, sa.func.min(model.c.retires_at).label("at")).select_from(listed)
        return {row.source: row.at for row in connection.execute(first.where(*ahead).group_by(source.c.source))}
    found = dict[str, datetime]()
    wanted = sa.select(source.c.source, model.c.id, model.c.retires_at).select_from(listed).where(*ahead)
    ids = sorted(set(map(watch.id_of, names)))
    for begin in range(0, len(ids), _AT_ONCE):
        some = model.c.id.in_(ids[begin : begin + _AT_ONCE])
        for row in connection.execute(wanted.where(some)):
            if is_among(names, row.source, row.id):
                found[row.source] = min(row.retires_at, found.get(row.source, row.retires_at))
    return found
