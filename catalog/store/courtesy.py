"""A lock per source that saves a second run the work. Correctness never rests on it; it dies with its holder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from catalog.store.database import Database


@contextmanager
def hold(database: Database, source: str) -> Iterator[bool]:
    """Hold the source's lock while the block lasts; False when another run has it."""
    holder = _beside_file(database.path.resolve(), source) if database.path else _in_postgres(database, source)
    with database.translated(), holder as mine:
        yield mine


@contextmanager
def _beside_file(path: Path, source: str) -> Iterator[bool]:
    handle = os.open(path.with_name(f"{path.name}-{source}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        yield _flock(handle)
    finally:
        os.close(handle)


def _flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _in_postgres(database: Database, source: str) -> Iterator[bool]:
    # Transaction-level, on a connection of its own: a session-level lock would stay on a pooled connection.
    with database.connect() as connection:
        transaction = connection.begin()
        connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        mine = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_number(connection, source)))))
        try:
            yield mine
        finally:
            _let_go(transaction)


def _let_go(transaction: sa.Transaction) -> None:
    # A lock whose connection died in the middle is gone already: what the run did in between stands, and is no failure.
    with suppress(DBAPIError):
        transaction.rollback()


def _number(connection: sa.Connection, source: str) -> int:
    schema = connection.scalar(sa.select(sa.func.current_schema()))
    return int.from_bytes(sha256(f"model-catalog {schema} {source}".encode()).digest()[:8], "big", signed=True)
