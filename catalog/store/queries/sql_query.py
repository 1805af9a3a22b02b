"""Runs an SQL query of the user, which can write nothing and leave nothing behind.

Postgres: a cursor takes a single query, in a read-only transaction that is rolled back; locks that it took for its
session are released. SQLite has no such transaction; it asks an authorizer about each action of a statement:
https://sqlite.org/c3ref/set_authorizer.html.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from catalog import dates
from catalog.errors import QueryError
from catalog.store.engine import deadlines
from catalog.store.engine.database import Database
from catalog.store.queries import globs, query_faults

_CHUNK = 1000
_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
# Errors of the query itself: its syntax, its values, or that it writes. With any other code, the database failed.
_BLAMED = ("42", "22", "25001", "25006", "0A", "34", "SQLITE_ERROR", "SQLITE_AUTH", "SQLITE_MISMATCH", "SQLITE_TOOBIG")
_NUMBER = re.compile(r"0|-?[1-9]\d{0,17}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:.+|\d+[smhdw]")


@dataclass(frozen=True, kw_only=True)
class QueryAnswer:
    """The columns of a query, each by a name of its own, and its rows, which are read as they are asked for."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]


@contextmanager
def answer(database: Database, query: str, values: Mapping[str, object]) -> Iterator[QueryAnswer]:
    """Answer a query while the block lasts; `:name` in it stands for one of `values`.

    Raises QueryError when it is no query or makes no sense, DatabaseError when the database fails.
    """
    if not all(globs.storable(text) for text in (query, *values.values()) if isinstance(text, str)):
        raise QueryError("the query was refused: it, or a value, holds a zero byte, or bytes that are no UTF-8")
    statement = sa.text(query)
    _demand_values(statement, values)
    as_text = datetime if database.is_sqlite else ()  # the types whose values it compares as text
    bound = {name: dates.to_text(value) if isinstance(value, as_text) else value for name, value in values.items()}
    with (
        database.read() as connection,
        _read_only(connection),
        _blaming(query),
        deadlines.interruptible(connection),
        connection.execute(statement, bound, execution_options={"yield_per": _CHUNK}) as found,
    ):
        yield QueryAnswer(columns=_unique(found.keys()), rows=map(tuple, found))


def typed(text: str, now: datetime, *, is_sqlite: bool) -> object:
    """Give the value that a user typed for a parameter: a moment, a number, or text.

    A day with a time, and an age such as 7d, are moments; a day alone is text. Postgres finds the type of anything else
    by itself; SQLite takes a text for no number where a column does not say so.
    """
    if _MOMENT.fullmatch(text):
        with suppress(ValueError):
            return dates.moment(text, now).at
    return int(text) if is_sqlite and _NUMBER.fullmatch(text) else text


def _demand_values(statement: sa.TextClause, values: Mapping[str, object]) -> None:
    named = list(statement.compile().params)
    missing, unknown = [name for name in named if name not in values], [name for name in values if name not in named]
    if missing:
        hint = "`--param NAME=VALUE` gives one; a colon that begins no name is written \\:"
        raise QueryError(f"the query names :{missing[0]}, and no value was given for it", hint=hint)
    if unknown:
        hint = f"it names {', '.join(f':{name}' for name in named)}" if named else "it names none"
        raise QueryError(f"a value was given for :{unknown[0]}, which the query does not name", hint=hint)
    for name, value in values.items():
        if isinstance(value, datetime) and value.tzinfo is None:
            raise QueryError(f"the moment given for :{name} has no time zone", hint="datetime.now(UTC), for example")


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    """Number names that come again: id, id_2."""
    found: list[str] = []
    for name in names:
        number = 2
        called = name
        while called in found:
            called, number = f"{name}_{number}", number + 1
        found.append(called)
    return tuple(found)


@contextmanager
def _read_only(connection: sa.Connection) -> Iterator[None]:
    """Let the block write nothing, and leave nothing on the session."""
    driver: Any = connection.connection.driver_connection
    is_sqlite = isinstance(driver, sqlite3.Connection)
    if is_sqlite:
        driver.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY)
    savepoint = connection.begin_nested() if not is_sqlite else None
    try:
        yield
    finally:
        if is_sqlite:
            driver.set_authorizer(None)
        transaction = connection.get_transaction()
        if transaction is not None and not connection.invalidated:
            if savepoint is not None:
                savepoint.rollback()
                connection.execute(sa.select(sa.func.pg_advisory_unlock_all()))
            transaction.rollback()


@contextmanager
def _blaming(query: str) -> Iterator[None]:
    """Raise QueryError for a query that cannot be answered."""
    try:
        yield
    except DBAPIError as error:
        code = str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None) or "")
        kind = type(error.orig).__name__
        if not code.startswith(_BLAMED) and kind not in {"ProgrammingError", "DataError"}:
            raise
        raise query_faults.explain(query, str(error.orig), code, kind) from None
    except (SQLAlchemyError, sqlite3.Warning) as error:
        raise query_faults.explain(query, str(error), "", type(error).__name__) from None
