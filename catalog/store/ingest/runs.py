"""Writes the record of each run: it is opened before the first request, and closed once."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catalog.domain import Identity, Origin, Scope, Status
from catalog.errors import DatabaseError
from catalog.store.schema.tables import run, source

TICK = timedelta(microseconds=1)
# Two marks in the scope of a source that was restored from a copy: the number of the run that notes it, and the highest
# number of a change in the catalog that the copy replaced.
RESTORED = "restored_run"
LAST_CHANGE = "last_change"
LAST_FIRST = (run.c.source_key.desc(), run.c.run_id.desc())
_NOT_CONFIGURED = frozenset({"organization", "answered_workspace", RESTORED, LAST_CHANGE})


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenRun:
    """A run that began; `generation` is its source's at that moment."""

    run_id: int
    source_key: int
    generation: int
    started_at: datetime
    origin: Origin = Origin.LIVE


def source_key(connection: sa.Connection, name: str, scope: Scope) -> int:
    """Give the number of a source; make its row the first time, and keep its address up to date."""
    row = connection.execute(sa.select(source.c.source_key, source.c.base_url).where(source.c.source == name)).first()
    if row is None:
        key = 1 + (connection.scalar(sa.select(sa.func.max(source.c.source_key))) or 0)
        connection.execute(
            source.insert().values(
                source_key=key,
                source=name,
                base_url=scope.base_url,
                configured=True,
                generation=0,
                models_listed=0,
            )
        )
        return key
    if row.base_url != scope.base_url:
        connection.execute(source.update().where(source.c.source == name).values(base_url=scope.base_url))
    return int(row.source_key)


def mark_configured(connection: sa.Connection, names: Collection[str]) -> None:
    """Note which sources the configuration names; writes only where that changed."""
    named = source.c.source.in_(sorted(names))
    connection.execute(source.update().where(named, ~source.c.configured).values(configured=True))
    connection.execute(source.update().where(~named, source.c.configured).values(configured=False))


def begin(connection: sa.Connection, key: int, scope: Scope, now: datetime, origin: Origin = Origin.LIVE) -> OpenRun:
    """Open a run, and read the generation of its source in the same write transaction: the merge compares it."""
    generation = connection.execute(sa.select(source.c.generation).where(source.c.source_key == key)).scalar_one()
    before = merged_walk_end(connection, key, generation)
    started_at = now if before is None else max(now, before)
    opened = OpenRun(
        run_id=_next_id(connection), source_key=key, generation=generation, started_at=started_at, origin=origin
    )
    _insert(connection, opened, scope.text(Identity()), Status.RUNNING)
    return opened


def skip(connection: sa.Connection, key: int, scope: Scope, now: datetime, words: str) -> int:
    """Record a run that did not take place because another run of its source was active; give its number."""
    skipped = OpenRun(run_id=_next_id(connection), source_key=key, generation=0, started_at=now)
    recorded_at = next_record_time(connection, now)
    _insert(connection, skipped, scope.text(Identity()), Status.SKIPPED, finished_at=recorded_at, error=words)
    return skipped.run_id


def note(connection: sa.Connection, *, run_id: int, source_key: int, now: datetime, scope: str, words: str) -> None:
    """Record what happened to a source apart from walks, as a run that did not take place."""
    noted = OpenRun(run_id=run_id, source_key=source_key, generation=0, started_at=now)
    recorded_at = next_record_time(connection, now)
    _insert(connection, noted, scope, Status.SKIPPED, finished_at=recorded_at, error=words)


def abandon_dead(connection: sa.Connection, key: int, now: datetime) -> list[int]:
    """Close runs of a source that never ended, and give their numbers; only the holder of its lock may do so."""
    dead = (run.c.source_key == key) & (run.c.status == Status.RUNNING)
    found = connection.execute(sa.select(run.c.run_id, run.c.started_at).where(dead).order_by(run.c.run_id)).all()
    if found:
        finished_at = next_record_time(connection, max(now, *(row.started_at for row in found)))
        words = "it had not ended when the next run began"
        closed = run.update().where(dead).values(status=Status.ABANDONED, finished_at=finished_at, error=words)
        connection.execute(closed)
    return [row.run_id for row in found]


def close(connection: sa.Connection, opened: OpenRun, status: Status, now: datetime, **values: Any) -> None:
    """Close a run that merged nothing; does nothing when it is closed already."""
    mine = run.update().where(same(opened), run.c.status == Status.RUNNING)
    connection.execute(mine.values(status=status, finished_at=end_of(connection, opened, now), **values))


def supersede(connection: sa.Connection, opened: OpenRun, now: datetime) -> None:
    """Close a run that a newer one overtook, also one that was abandoned. Raises DatabaseError if it is gone."""
    if not is_known(connection, opened):
        raise replaced()
    mine = run.update().where(same(opened), run.c.status.in_([Status.RUNNING, Status.ABANDONED]))
    finished_at = end_of(connection, opened, now)
    words = "a newer run began or was merged before it ended"
    connection.execute(mine.values(status=Status.SUPERSEDED, finished_at=finished_at, error=words))


def end_of(connection: sa.Connection, opened: OpenRun, now: datetime) -> datetime:
    """Give the time at which a run enters the log: of a backfilled one its own, wherever other sources are by now."""
    ended = max(now, opened.started_at)
    return ended if opened.origin is Origin.BACKFILL else next_record_time(connection, ended)


def next_record_time(connection: sa.Connection, now: datetime) -> datetime:
    """Give the moment of the next entry in the log: now, or just after the last entry if the clock is behind."""
    last = connection.scalar(sa.select(sa.func.max(run.c.finished_at)))
    return now if last is None else max(now, last + TICK)


def merged_walk_end(connection: sa.Connection, key: int, generation: int) -> datetime | None:
    """Give the end of the walk that made this generation of a source; None for generation 0."""
    mine = (run.c.source_key == key) & (run.c.generation == generation)
    return connection.scalar(sa.select(run.c.walked_at).where(mine))


def restored_since(key: sa.ColumnElement[int], change: sa.Table) -> sa.ColumnElement[bool]:
    """Say in SQL that a change may have been recorded, and told, before the catalog was restored from a copy."""
    between = (run.c.run_id > change.c.proof_run) & (run.c.run_id < change.c.run_id)
    # + 0: by the index of the notes, not by that of the source.
    return sa.exists().where(run.c.source_key + 0 == key, between, *_notes())


def is_known(connection: sa.Connection, opened: OpenRun) -> bool:
    """Tell whether the record of a run is there; a copy that was restored meanwhile does not have it."""
    return connection.scalar(sa.select(sa.exists().where(same(opened)))) or False


def same(opened: OpenRun) -> sa.ColumnElement[bool]:
    """Say in SQL which record is that of a run; after a restoration, another run may have its number."""
    numbered = (run.c.run_id == opened.run_id) & (run.c.source_key == opened.source_key)
    return numbered & (run.c.started_at == opened.started_at)


def replaced() -> DatabaseError:
    """Give the error of a run whose record is gone."""
    words = "the catalog was replaced by a copy while the run went on; nothing of the run is recorded"
    return DatabaseError(words, hint="run it again")


def among_those_of(key: int | sa.ColumnElement[int] | sa.ScalarSelect[int]) -> sa.ColumnElement[bool]:
    """Say in SQL that a run is of a source, to find the last of its runs, ordered by `LAST_FIRST`.

    With `=`, planners go back through the runs of all sources: far, for a source that was not read for long.
    """
    return run.c.source_key.between(key, key)


def later(first: sa.ColumnElement[int], second: sa.ColumnElement[int] | int | None) -> sa.ColumnElement[int]:
    """Say in SQL which of two runs is the later one; the first where there is no second."""
    return first if second is None else sa.case((first > second, first), else_=second)


def _next_id(connection: sa.Connection) -> int:
    return 1 + (connection.scalar(sa.select(sa.func.max(run.c.run_id))) or 0)


def _insert(
    connection: sa.Connection,
    opened: OpenRun,
    scope: str,
    status: Status,
    *,
    finished_at: datetime | None = None,
    error: str | None = None,
) -> None:
    counts = dict.fromkeys(("pages", "models_seen", "added", "returned", "changed", "missing", "removed"), 0)
    connection.execute(
        run.insert().values(
            run_id=opened.run_id,
            source_key=opened.source_key,
            status=status,
            origin=opened.origin,
            baseline=False,
            whole=False,
            started_at=opened.started_at,
            finished_at=finished_at,
            scope=scope,
            error=error,
            **counts,
        )
    )


def configured_part(text: str) -> dict[str, Any]:
    """Give the part of a recorded scope that the configuration decides."""
    return {name: value for name, value in json.loads(text).items() if name not in _NOT_CONFIGURED}


def is_restored(scope: str | None) -> bool:
    """Tell from its scope whether a source was restored from a copy, and made no baseline since."""
    return bool(scope) and RESTORED in json.loads(scope or "{}")


def last_restored(connection: sa.Connection, key: int, after: int, before: int) -> int | None:
    """Give the last run between two others that notes a restoration; None when there is none."""
    mine = (run.c.source_key + 0 == key) & (run.c.run_id > after) & (run.c.run_id < before)
    last: int | None = connection.scalar(sa.select(sa.func.max(run.c.run_id)).where(mine, *_notes()))
    return last


def last_change_lost(connection: sa.Connection, *, after: int) -> int:
    """Give the highest number of a change that a restoration after a run took away; 0 when it took none."""
    noted = sa.select(run.c.scope).where(run.c.run_id > after, *_notes()).order_by(run.c.run_id.desc()).limit(1)
    return int(json.loads(connection.scalar(noted) or "{}").get(LAST_CHANGE, 0))


def _notes() -> tuple[sa.ColumnElement[bool], ...]:
    # As catalog_run_restored_idx has it: with parameters, planners do not know that the index fits.
    skipped: sa.ColumnElement[str] = sa.literal_column(f"'{Status.SKIPPED}'")
    mark, nothing = sa.literal_column(f"'\"{RESTORED}\"'", sa.Text), sa.literal_column("''", sa.Text)
    return run.c.status == skipped, sa.func.replace(run.c.scope, mark, nothing) != run.c.scope
