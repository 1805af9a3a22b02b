"""Reads the standing of each source, from where it is stored and not from the latest runs."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from catalog.domain import DIED, MERGED, Run, Status
from catalog.errors import Failure
from catalog.health import SourceHealth
from catalog.store.ingest import held, runs
from catalog.store.queries import history
from catalog.store.schema import rows, views
from catalog.store.schema.tables import model, run, source


def all_(connection: sa.Connection) -> list[SourceHealth]:
    """Give every source ever synced, by name. The number of statements grows only with that of sources that fail."""
    stands = {row.source: row for row in connection.execute(_standing())}
    causes, runs_ = held.causes(connection), _last_runs(connection, [row.last_run for row in stands.values()])
    missing = {row.source_key: row.missing for row in connection.execute(_missing())}
    found = []
    for row in history.sources(connection):
        at = stands[row.source]
        last = runs_.get(at.last_run)
        found.append(
            SourceHealth(
                row=row,
                last=last,
                failure=Failure(at.failure) if at.failure in set(Failure) else None,
                failed=_failed(connection, at.source_key, at.generation) if last and last.status in DIED else 0,
                unclean=at.generation - (at.trusted or 0),
                missing=missing.get(at.source_key, 0),
                held=causes.get(row.source, ()),
                awaits_baseline=_awaits_baseline(at),
            )
        )
    return found


def awaits_baseline(connection: sa.Connection, name: str) -> bool:
    """Tell whether the next findings of a source are no news yet."""
    return _awaits_baseline(connection.execute(_standing().where(source.c.source == name)).one())


def _standing() -> sa.Select[Any]:
    """Select what tells of each source: each value is looked up by the index of its runs."""
    mine = runs.among_those_of(source.c.source_key)
    last, failure = (
        sa.select(column)
        .where(mine, run.c.status.in_([*MERGED, *DIED]))
        .order_by(*runs.LAST_FIRST)
        .limit(1)
        .scalar_subquery()
        for column in (run.c.run_id, run.c.failure)
    )
    trusted = sa.select(run.c.generation).where(mine, run.c.status.in_([Status.COMPLETE, Status.HELD]))
    trusted = trusted.where(run.c.generation.is_not(None))
    newest = (run.c.source_key == source.c.source_key) & (run.c.generation == source.c.generation)
    return sa.select(
        source,
        last.label("last_run"),
        failure.label("failure"),
        trusted.order_by(run.c.source_key.desc(), run.c.generation.desc()).limit(1).scalar_subquery().label("trusted"),
        sa.select(run.c.run_id)
        .where(newest, run.c.baseline, run.c.status == Status.PARTIAL)
        .scalar_subquery()
        .label("without_news"),
    )


def _failed(connection: sa.Connection, key: int, generation: int) -> int:
    """Count apart: in one statement for all, planners go through all runs of a source, or all since then."""
    merged = sa.select(run.c.run_id).where(run.c.source_key == key, run.c.generation == generation)
    after = connection.scalar(merged) or 0
    died = (run.c.source_key == key) & (run.c.run_id > after) & run.c.status.in_(DIED)
    return connection.scalar(sa.select(sa.func.count()).select_from(run).where(died)) or 0


def _last_runs(connection: sa.Connection, numbers: Sequence[int | None]) -> dict[int, Run]:
    view = views.sync_runs
    wanted = sa.select(view).where(view.c.run_id.in_([number for number in numbers if number is not None]))
    return {row["run_id"]: rows.run(row) for row in connection.execute(wanted).mappings()}


def _awaits_baseline(at: sa.Row[Any]) -> bool:
    """Tell whether the last merged walk found no news, and made no baseline either.

    A walk of another identity is held, not partial: it waits for a person, and the baseline stays.
    """
    if at.scope is None or runs.is_restored(at.scope):
        return True
    return at.without_news is not None and at.without_news != at.baseline_run


def _missing() -> sa.Select[tuple[int, int]]:
    counted = sa.select(model.c.source_key, sa.func.count().label("missing")).where(model.c.missing_run.is_not(None))
    return counted.group_by(model.c.source_key)
