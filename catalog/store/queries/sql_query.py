"""Runs an SQL query of the user, which can write nothing and leave nothing behind.

Postgres: a cursor takes a single query, in a read-only transaction that is rolled back. SQLite has no such transaction;
it asks an authorizer about each action of a statement: https://sqlite.org/c3ref/set_authorizer.html.
"""

import sqlite3
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from catalog.errors import DatabaseError
from catalog.store.engine.database import Database

_CHUNK = 1000
_HINT = "what can be asked is in docs/reference/schema.md; only queries are allowed here, one at a time"
_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
# Errors of the query itself: its syntax, its values, or that it writes. With any other code, the database failed.
_BLAMED = ("42", "22", "25006", "0A", "34", "SQLITE_ERROR", "SQLITE_AUTH", "SQLITE_MISMATCH")


def rows(database: Database, query: str, values: Mapping[str, object]) -> Generator[dict[str, Any], None, None]:
    """Stream the rows of a query as dicts; `:name` in it stands for one of `values`.

    Raises DatabaseError when it is no query or cannot be answered.
    """
    statement = sa.text(query)
    _demand_values(statement, values)
    options = {"yield_per": _CHUNK}
    with (
        database.read() as connection,
        _read_only(connection),
        _blaming(),
        connection.execute(statement, dict(values), execution_options=options) as found,
    ):
        for row in found.mappings():
            yield dict(row)


def _demand_values(statement: sa.TextClause, values: Mapping[str, object]) -> None:
    named = set(statement.compile().params)
    if named - set(values):
        raise DatabaseError(f"the query names :{min(named - set(values))}, and no value was given for it", hint=_HINT)
    if set(values) - named:
        raise DatabaseError(f"a value was given for :{min(set(values) - named)}, which the query does not name")


@contextmanager
def _read_only(connection: sa.Connection) -> Iterator[None]:
    """Let the block write nothing, and leave nothing on the session."""
    driver: Any = connection.connection.driver_connection
    is_sqlite = isinstance(driver, sqlite3.Connection)
    if is_sqlite:
        driver.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY)
    try:
        yield
    finally:
        if is_sqlite:
            driver.set_authorizer(None)
        transaction = connection.get_transaction()
        if transaction is not None and not connection.invalidated:
            transaction.rollback()


@contextmanager
def _blaming() -> Iterator[None]:
    """Raise DatabaseError for a query that cannot be answered; its driver's words are not repeated."""
    try:
        yield
    except DBAPIError as error:
        code = str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None) or "")
        if not code.startswith(_BLAMED) and not isinstance(error.orig, sqlite3.ProgrammingError):
            raise
        told = " ".join(filter(None, (type(error.orig).__name__, code)))
        raise DatabaseError(f"the query was refused ({told})", hint=_HINT) from None
    except SQLAlchemyError as error:
        raise DatabaseError(f"the query was refused ({type(error).__name__})", hint=_HINT) from None
