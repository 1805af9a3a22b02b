"""Keeps a restored catalog from sending an alert twice.

After the copy was made, alerts may have been sent that it does not know. So its pending alerts are given up until
`catalog alerts retry`, channels start from now, and the next walk of each source that shows the whole list is a
baseline. For this the scope of the source gets a mark (`runs.RESTORED`): no walk has a scope with it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from catalog import dates
from catalog.domain import Status
from catalog.errors import DatabaseError
from catalog.events import DeliveryStatus
from catalog.store.ingest import changelog, runs
from catalog.store.schema import tables
from catalog.store.schema.outbox_tables import DEAD, channel, deferred_removal, delivery
from catalog.store.schema.tables import run, source

ANOTHER_MAY_DO = "another copy may be whole; nothing was replaced"  # the hint where a copy cannot be used
_NO_IDENTITY = {"organization": None, "answered_workspace": None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the catalog that is replaced knows, and the copy may not."""

    last_run: int = 0
    last_change: int = 0
    recorded_at: datetime | None = None  # when its last entry in the log was made
    # By channel and uid: when, and after how many tries.
    delivered: Mapping[tuple[str, str], tuple[datetime, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """What a catalog holds."""

    revision: str
    models: int
    runs: int
    as_of: datetime | None  # when its last entry in the log was made; None: it has none


@contextmanager
def parsing(name: object) -> Iterator[None]:
    """Raise DatabaseError for values that cannot be parsed; `name` is that of the file, for people."""
    try:
        yield
    except (ValueError, LookupError, TypeError):
        raise DatabaseError(f"{name} is damaged", hint=ANOTHER_MAY_DO) from None


def known(connection: sa.Connection) -> Known:
    """Read what a catalog knows before it is replaced."""
    last_run = connection.scalar(sa.select(sa.func.max(run.c.run_id))) or 0
    recorded_at = connection.scalar(sa.select(sa.func.max(run.c.finished_at)))  # apart: each is the end of an index
    columns = (delivery.c.channel, delivery.c.uid, delivery.c.delivered_at, delivery.c.attempts)
    made = sa.select(*columns).where(delivery.c.status == "delivered")
    delivered = {(row.channel, row.uid): (row.delivered_at, row.attempts) for row in connection.execute(made)}
    last_change = changelog.last_number(connection)
    return Known(last_run=last_run, last_change=last_change, recorded_at=recorded_at, delivered=delivered)


def holdings(connection: sa.Connection, revision: str) -> Holdings:
    """Say what a catalog holds."""
    count = sa.select(sa.func.count())
    return Holdings(
        revision=revision,
        models=connection.scalar(count.select_from(tables.model)) or 0,
        runs=connection.scalar(count.select_from(run)) or 0,
        as_of=connection.scalar(sa.select(sa.func.max(run.c.finished_at))),
    )


def repeat_nothing(connection: sa.Connection, name: object, before: Known, now: datetime) -> int:
    """Let a restored catalog send nothing twice; give how many alerts were given up for that.

    `name` is that of the copy, `before` what the replaced catalog knew. Runs in the transaction that restores.
    """
    with parsing(name):
        as_of = connection.scalar(sa.select(sa.func.max(run.c.finished_at)))
        scopes = _scopes(connection)
    moment = runs.next_record_time(connection, max(now, before.recorded_at or now))
    _close_runs(connection, moment)
    _note_delivered(connection, before)
    given_up = _give_up(connection, as_of)
    connection.execute(deferred_removal.delete())
    # Not the moment of the log, which may be years ahead. What is watched was told of, and what came near, too.
    anew = {"created_at": now, "looked_at": None, "looked_change": None, "asks": None, "watches": None}
    connection.execute(channel.update().values(**anew))
    _note_restoration(connection, scopes, before, moment, as_of)
    return given_up


def _scopes(connection: sa.Connection) -> dict[int, dict[str, Any]]:
    """Give the parsed scope of each source, by its key."""
    rows = connection.execute(sa.select(source.c.source_key, source.c.scope).order_by(source.c.source_key))
    return {row.source_key: {**(json.loads(row.scope) if row.scope else _NO_IDENTITY)} for row in rows}


def _close_runs(connection: sa.Connection, moment: datetime) -> None:
    words = "it had not ended when the copy was made"
    still_open = run.update().where(run.c.status == Status.RUNNING)
    connection.execute(still_open.values(status=Status.SUPERSEDED, finished_at=moment, error=words))


def _note_delivered(connection: sa.Connection, before: Known) -> None:
    wanted = sa.select(delivery.c.delivery_id, delivery.c.channel, delivery.c.uid)
    pending = connection.execute(wanted.where(delivery.c.status == DeliveryStatus.PENDING)).all()
    made = [(row.delivery_id, before.delivered.get((row.channel, row.uid))) for row in pending]
    for number, told in made:
        if told is not None:
            values = {"status": DeliveryStatus.DELIVERED, "delivered_at": told[0], "attempts": told[1]}
            mine = delivery.update().where(delivery.c.delivery_id == number)
            idle = {"next_attempt_at": None, "last_error": None, "lease": None, "leased_until": None}
            connection.execute(mine.values(**values, **idle))


def _give_up(connection: sa.Connection, as_of: datetime | None) -> int:
    words = (
        f"restored from a copy of {_said(as_of)}: it may have been sent since; "
        "`catalog alerts retry` sends it all the same"
    )
    unsure = delivery.update().where(delivery.c.status == DeliveryStatus.PENDING)
    return connection.execute(unsure.values(**DEAD, last_error=words)).rowcount


def _note_restoration(
    connection: sa.Connection,
    scopes: Mapping[int, Mapping[str, Any]],
    before: Known,
    moment: datetime,
    as_of: datetime | None,
) -> None:
    """Record the restoration as a run of each source, with a number that no run had on either side."""
    last = max(before.last_run, connection.scalar(sa.select(sa.func.max(run.c.run_id))) or 0)
    last_change = max(before.last_change, changelog.last_number(connection))
    words = f"restored from a copy of {_said(as_of)}; the next walk that shows the whole list is a baseline"
    for number, (key, parts) in enumerate(scopes.items(), start=last + 1):
        marks = {runs.RESTORED: number, runs.LAST_CHANGE: last_change}
        scope = json.dumps({**parts, **marks}, separators=(",", ":"), sort_keys=True)
        runs.note(connection, run_id=number, source_key=key, now=moment, scope=scope, words=words)
        # A source that has no baseline yet needs no mark for its next one.
        marked = source.update().where(source.c.source_key == key, source.c.scope.is_not(None))
        connection.execute(marked.values(scope=scope))


def _said(as_of: datetime | None) -> str:
    return "a catalog without runs" if as_of is None else dates.short(as_of.replace(microsecond=0))
