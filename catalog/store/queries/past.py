"""What is recorded of a source's past: which looks, whether more may be added, and what is held at its end."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.domain import Origin, Run
from catalog.store.engine.database import Connection
from catalog.store.queries import streams
from catalog.store.schema import rows, views
from catalog.store.schema.tables import model, run, source


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """The looks that are recorded of a source."""

    begins: frozenset[datetime]  # of each
    last: datetime | None  # end of the last one
    last_whole: datetime | None  # begin of the last whole one, if nothing was merged since
    last_run: int  # 0: no run of this source
    pruned: bool  # runs that recorded nothing may be gone
    closed_by: int | None  # the first live run that was merged: nothing earlier may be added


def of(connection: Connection, name: str) -> Past:
    """Read the past of a source, which need not be there yet."""
    mine = run.c.source_key == sa.select(source.c.source_key).where(source.c.source == name).scalar_subquery()
    looks = sa.select(run.c.started_at, run.c.finished_at).where(mine, run.c.origin == Origin.BACKFILL.value)
    found = connection.execute(looks.order_by(run.c.run_id)).all()
    live = sa.select(sa.func.min(run.c.run_id)).where(mine, run.c.origin == Origin.LIVE.value)
    newest = (run.c.run_id == source.c.last_whole_run) & (run.c.generation == source.c.generation)
    whole = sa.select(run.c.started_at).select_from(source).join(run, newest).where(source.c.source == name)
    pruned_at = sa.select(source.c.pruned_at).where(source.c.source == name)
    return Past(
        begins=frozenset(row.started_at for row in found),
        last=max((row.finished_at for row in found), default=None),
        last_whole=connection.scalar(whole),
        last_run=connection.scalar(sa.select(sa.func.max(run.c.run_id)).where(mine)) or 0,
        pruned=connection.scalar(pruned_at) is not None,
        closed_by=connection.scalar(live.where(run.c.generation.is_not(None))),
    )


def has_long_held(connection: Connection, name: str, by: datetime) -> bool:
    """Tell whether a model is held that a walk of this source lacked by that moment."""
    held = (
        sa.select(model.c.model_key)
        .join(source, source.c.source_key == model.c.source_key)
        .join(run, run.c.run_id == model.c.missing_run)
        .where(source.c.source == name, model.c.held_run.is_not(None), run.c.walked_at <= by)
    )
    return connection.execute(held.limit(1)).first() is not None


def runs_after(connection: Connection, name: str, number: int) -> Generator[Run, None, None]:
    """Stream the runs of a source after that of a number, in the order of their numbers."""
    view = views.sync_runs
    wanted = sa.select(view).where(view.c.source == name, view.c.run_id > number).order_by(view.c.run_id)
    return (rows.run(row) for row in streams.rows(connection, wanted))
