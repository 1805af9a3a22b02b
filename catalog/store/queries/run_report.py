"""Reads back what one run found, for its report."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta

import sqlalchemy as sa

from catalog.domain import Change, Missing, Origin, Policy, Run, Status
from catalog.store.ingest import runs
from catalog.store.schema import rows, tables, views

_CHUNK = 1000
_CLOCK_SLACK = timedelta(hours=1)


def run(connection: sa.Connection, run_id: int) -> Run:
    """Give the record of a run. Raises DatabaseError when it is gone: a copy was restored meanwhile."""
    view = views.sync_runs
    row = connection.execute(sa.select(view).where(view.c.run_id == run_id)).mappings().first()
    if row is None:
        raise runs.replaced()
    return rows.run(row)


def is_baseline(connection: sa.Connection, run_id: int) -> bool:
    """Tell whether the findings of a run are a baseline, and no news."""
    wanted = sa.select(tables.run.c.baseline).where(tables.run.c.run_id == run_id)
    return bool(connection.scalar(wanted))


def makes_baseline(connection: sa.Connection, run_id: int) -> bool:
    """Tell whether a run made the present baseline of its source, so that findings of later runs are news."""
    made = sa.exists().where(tables.source.c.baseline_run == run_id)
    return bool(connection.scalar(sa.select(made)))


def has_begun(connection: sa.Connection, source: str, since: datetime, now: datetime) -> bool:
    """Tell whether a run of a source began at `since` or later, and was not given up.

    A run that began long after `now` does not count: a clock was ahead, and would keep every slot taken until then.
    """
    run = tables.run
    wanted = (
        sa.select(run.c.run_id)
        .join(tables.source, tables.source.c.source_key == run.c.source_key)
        .where(
            tables.source.c.source == source,
            run.c.started_at.between(since, now + _CLOCK_SLACK),
            run.c.finished_at.is_(None) | (run.c.finished_at >= since),
            run.c.origin == Origin.LIVE,
            run.c.status.not_in([Status.SKIPPED, Status.SUPERSEDED, Status.ABANDONED]),
        )
    )
    return connection.execute(wanted.limit(1)).first() is not None


class Changes:
    """What a run recorded, in the order of the log; each loop over it streams it anew. To be closed."""

    def __init__(self, connection: sa.Connection, run_id: int) -> None:
        """Nothing is read yet."""
        self._connection, self._run_id = connection, run_id
        self._cursors = ExitStack()

    def __iter__(self) -> Iterator[Change]:
        view = views.changes
        wanted = sa.select(view).where(view.c.run_id == self._run_id).order_by(view.c.change_id)
        found = self._connection.execute(wanted.execution_options(yield_per=_CHUNK))
        return map(rows.change, self._cursors.enter_context(found).mappings())

    def close(self) -> None:
        """Close what loops left unread."""
        self._cursors.close()


def models_listed(connection: sa.Connection, source: str) -> int:
    """Count the models of a source that are listed; missing ones are, too."""
    wanted = sa.select(tables.source.c.models_listed).where(tables.source.c.source == source)
    return connection.scalar(wanted) or 0


def missing(connection: sa.Connection, source: str, policy: Policy, *, limit: int | None) -> list[Missing]:
    """List missing models of a source, the longest missing first."""
    lacked = tables.run.alias("lacked")
    wanted = (
        sa.select(tables.model.c.id, lacked.c.walked_at, tables.model.c.held_run)
        .join(tables.source, tables.source.c.source_key == tables.model.c.source_key)
        .join(lacked, lacked.c.run_id == tables.model.c.missing_run)
        .where(tables.source.c.source == source, tables.model.c.missing_run.is_not(None))
        .order_by(lacked.c.walked_at, tables.model.c.id)
        .limit(limit)
    )
    return [
        Missing(
            model_id=id,
            missing_since=since,
            held=held is not None,
            confirmed_from=None if held is not None else since + policy.confirm_after,
        )
        for id, since, held in connection.execute(wanted)
    ]
