"""Reads the standing of each source, from where it is stored and not from the latest runs."""

from typing import Any

import sqlalchemy as sa

from catalog.domain import DIED, MERGED, Run, Source, Status
from catalog.errors import Failure
from catalog.health import SourceHealth
from catalog.store.ingest import held, runs
from catalog.store.queries import history
from catalog.store.schema import rows, views
from catalog.store.schema.tables import model, run, source


def all_(connection: sa.Connection) -> list[SourceHealth]:
    """Give every source ever synced, by name."""
    keys = {row.source: row for row in connection.execute(sa.select(source))}
    causes = held.causes(connection)
    return [_one(connection, row, keys[row.source], causes.get(row.source, ())) for row in history.sources(connection)]


def awaits_baseline(connection: sa.Connection, name: str) -> bool:
    """Tell whether the next findings of a source are no news yet."""
    return _awaits_baseline(connection, connection.execute(sa.select(source).where(source.c.source == name)).one())


def _one(connection: sa.Connection, row: Source, at: sa.Row[Any], causes: tuple[Any, ...]) -> SourceHealth:
    last, failure = _last(connection, at.source_key)
    return SourceHealth(
        row=row,
        last=last,
        failure=failure,
        failed=_failed(connection, at.source_key, at.generation) if last and last.status in DIED else 0,
        unclean=_unclean(connection, at.source_key, at.generation),
        missing=_missing(connection, at.source_key),
        held=causes,
        awaits_baseline=_awaits_baseline(connection, at),
    )


def _last(connection: sa.Connection, key: int) -> tuple[Run | None, Failure | None]:
    """Give the last run that was merged or failed, and the class of its failure."""
    telling = runs.among_those_of(key) & run.c.status.in_([*MERGED, *DIED])
    wanted = sa.select(run.c.run_id, run.c.failure).where(telling).order_by(*runs.LAST_FIRST).limit(1)
    found = connection.execute(wanted).first()
    if found is None:
        return None, None
    view = views.sync_runs
    record = connection.execute(sa.select(view).where(view.c.run_id == found.run_id)).mappings().one()
    return rows.run(record), Failure(found.failure) if found.failure in set(Failure) else None


def _failed(connection: sa.Connection, key: int, generation: int) -> int:
    merged = sa.select(run.c.run_id).where(run.c.source_key == key, run.c.generation == generation)
    after = connection.scalar(merged) or 0
    died = (run.c.source_key == key) & (run.c.run_id > after) & run.c.status.in_(DIED)
    return connection.scalar(sa.select(sa.func.count()).select_from(run).where(died)) or 0


def _unclean(connection: sa.Connection, key: int, generation: int) -> int:
    trusted = runs.among_those_of(key) & run.c.status.in_([Status.COMPLETE, Status.HELD])
    merged = sa.select(run.c.generation).where(trusted, run.c.generation.is_not(None))
    wanted = merged.order_by(run.c.source_key.desc(), run.c.generation.desc()).limit(1)
    return generation - (connection.scalar(wanted) or 0)


def _awaits_baseline(connection: sa.Connection, at: sa.Row[Any]) -> bool:
    """Tell whether the last merged walk found no news, and made no baseline either.

    A walk of another identity is held, not partial: it waits for a person, and the baseline stays.
    """
    if at.scope is None or runs.is_restored(at.scope):
        return True
    last = sa.select(run.c.run_id).where(run.c.source_key == at.source_key, run.c.generation == at.generation)
    without_news = connection.scalar(last.where(run.c.baseline, run.c.status == Status.PARTIAL))
    return without_news is not None and without_news != at.baseline_run


def _missing(connection: sa.Connection, key: int) -> int:
    wanted = sa.select(sa.func.count()).select_from(model)
    return connection.scalar(wanted.where(model.c.source_key == key, model.c.missing_run.is_not(None))) or 0
