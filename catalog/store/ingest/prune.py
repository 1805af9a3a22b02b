"""Drops old records that say nothing: runs that recorded nothing, and deliveries that were made long ago.

What may go, two views of the schema say, and triggers refuse all else. What is dropped changes no answer of the catalog
but the lists of runs and deliveries themselves.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from catalog.store.engine.database import Database
from catalog.store.schema.outbox_tables import delivery, prunable_delivery
from catalog.store.schema.tables import run, source
from catalog.store.schema.views import prunable_run

EVERY = timedelta(days=1)
_AT_ONCE = 500  # rows in one transaction
_Opening = Callable[[], AbstractContextManager[sa.Connection]]
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruned:
    """How many records were dropped."""

    runs: int
    deliveries: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Records:
    """One kind of record: its rows, those of them that may go, and the moment that makes one old."""

    key: sa.Column[Any]
    moment: sa.Column[Any]
    prunable: sa.Column[Any]


# Deliveries first: while one is there, its run is.
_DELIVERIES = _Records(
    key=delivery.c.delivery_id, moment=delivery.c.delivered_at, prunable=prunable_delivery.c.delivery_id
)
_RUNS = _Records(key=run.c.run_id, moment=run.c.finished_at, prunable=prunable_run.c.run_id)


def prune(
    database: Database,
    *,
    older_than: timedelta,
    now: datetime,
    dry_run: bool = False,
    sleep: Callable[[float], object] = time.sleep,
) -> Pruned:
    """Drop what ended so long ago and may go; a dry run only counts it, while others wait to write.

    Works in small transactions and pauses in between, so that runs and deliveries go on meanwhile.
    """
    before = now - min(older_than, now - _EARLIEST)
    if dry_run:
        with database.rehearse() as connection:
            return _all(lambda: nullcontext(connection), before, lambda _: None)
    return _all(partial(_brief, database), before, sleep)


def take_turn(database: Database, now: datetime) -> bool:
    """Tell whether it is time to prune, once a day; of several that ask, one is told so."""
    longer_ago = source.c.pruned_at.is_(None) | (source.c.pruned_at <= now - EVERY)
    is_due = longer_ago | (source.c.pruned_at > now + EVERY)  # noted by a clock that was ahead
    with database.read() as connection:
        if not connection.scalar(sa.select(sa.exists().where(is_due))):
            return False
    with database.write() as connection:
        return connection.execute(source.update().where(is_due).values(pruned_at=now)).rowcount > 0


def missing_right(database: Database) -> str:
    """Give the statement that lets this role drop records; empty: it may. On SQLite, who may write may drop."""
    if database.is_sqlite:
        return ""
    names = {"run": run.name, "delivery": delivery.name}
    asked = sa.text(
        "SELECT current_user, has_table_privilege(:run, 'DELETE') AND has_table_privilege(:delivery, 'DELETE')"
    )
    with database.read() as connection:
        role, may = connection.execute(asked, names).one()
        quoted = connection.dialect.identifier_preparer.quote(role)
    return "" if may else f"GRANT DELETE ON {run.name}, {delivery.name} TO {quoted}"


def _all(opening: _Opening, before: datetime, sleep: Callable[[float], object]) -> Pruned:
    deliveries = _drop(opening, _DELIVERIES, before, sleep)
    return Pruned(deliveries=deliveries, runs=_drop(opening, _RUNS, before, sleep))


def _drop(opening: _Opening, records: _Records, before: datetime, sleep: Callable[[float], object]) -> int:
    """Go through old records in the order of their numbers; after each step let others write for as long as it took."""
    last: int | None = 0
    count = 0
    while last is not None:
        began = time.monotonic()
        with opening() as connection:
            last, dropped = _step(connection, records, last, before)
        count += dropped
        sleep(time.monotonic() - began)
    return count


def _step(connection: sa.Connection, records: _Records, last: int, before: datetime) -> tuple[int | None, int]:
    """Drop those of the next old records that may go; give the number of the last one looked at, and how many went."""
    old = sa.select(records.key).where(records.key > last, records.moment < before)
    numbers = connection.scalars(old.order_by(records.key).limit(_AT_ONCE)).all()
    if not numbers:
        return None, 0
    prunable = sa.select(records.prunable).where(records.prunable.in_(numbers))
    gone = sa.delete(records.key.table).where(records.key.in_(prunable))
    return numbers[-1], connection.execute(gone).rowcount


@contextmanager
def _brief(database: Database) -> Iterator[sa.Connection]:
    with database.connect() as connection, database.transaction(connection, "brief"):
        yield connection
