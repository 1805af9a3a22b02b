"""Copies a Postgres catalog into an SQLite catalog, and restores it, both by COPY and without programs of Postgres.

https://www.postgresql.org/docs/current/sql-copy.html. In the copy, a moment is text of fixed width, an object is
canonical JSON, and truths are 1 and 0.
"""

import errno
import json
import os
import sqlite3
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from catalog.errors import DatabaseError, SchemaError
from catalog.store.backup import after_restore, copy_file, sqlite_copy
from catalog.store.backup.after_restore import Holdings
from catalog.store.engine import charset, driver_errors, sqlite_file
from catalog.store.engine.database import Database
from catalog.store.ingest import diff
from catalog.store.schema import invariants, tables, upgrade

_Rows = Iterator[Sequence[Any]]
_STEP = 10_000  # rows after which progress is told
_UNTRANSLATABLE = "22P05"
_JSON = "jsonb"
_FORMER = {"catalog_waiting": "catalog_deferred_removal"}  # names of tables in older revisions

# How a column is selected, and the type of the answer: Postgres formats values faster than we do.
_MOMENT = """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_ASKED = {
    "timestamp with time zone": (_MOMENT, "text"),
    "boolean": ("{0}::int", "int4"),
    "integer": ("{0}", "int4"),
    "bigint": ("{0}", "int8"),
    "bytea": ("{0}", "bytea"),
    _JSON: ("{0}::text", "text"),
    "text": ("{0}", "text"),
}
# Not from information_schema, which leaves out what this role has no right to: a copy must hold all, or not be made.
_COLUMNS = sa.text("""
SELECT thing.relname::text AS table_name, part.attname::text AS column_name,
       format_type(part.atttypid, NULL) AS data_type
FROM pg_class AS thing JOIN pg_attribute AS part ON part.attrelid = thing.oid
WHERE thing.relname = ANY(:names) AND pg_table_is_visible(thing.oid) AND part.attnum > 0 AND NOT part.attisdropped
ORDER BY part.attnum
""")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """A table in Postgres, with its columns and their types."""

    name: str
    columns: Sequence[str]
    types: Sequence[str]

    @property
    def listed(self) -> str:
        return ", ".join(self.columns)

    @property
    def order(self) -> str:
        known = tables.metadata.tables[_FORMER.get(self.name, self.name)]
        return ", ".join(column.name for column in known.primary_key)

    def places(self, wanted: Callable[[str, str], bool]) -> list[int]:
        named = zip(self.columns, self.types, strict=True)
        return [place for place, (name, type_) in enumerate(named) if wanted(name, type_)]


class _RowProgress:
    """Counts rows that pass through, and reports every 10,000 of them."""

    def __init__(self, total: int, tell: Callable[[int, int], None]) -> None:
        self._total = total
        self._tell = tell
        self._done = 0

    def through(self, rows: _Rows) -> _Rows:
        for row in rows:
            yield row
            self._done += 1
            if not self._done % _STEP:
                self._tell(min(self._done, self._total), self._total)
        self._tell(min(self._done, self._total), self._total)


def backup(database: Database, path: Path, on_progress: Callable[[int, int], None]) -> Holdings:
    """Copy the catalog into an empty file, check the copy, and give what it holds. It needs no other file beside it."""
    with closing(copy_file.catalog(path)) as made:
        with database.read() as connection:
            # All that is asked of Postgres stands outside of what takes an error for one of the file.
            revision, found = _revision(database, connection), _tables(connection)
            progress = _RowProgress(connection.exec_driver_sql(_counting(found)).scalar_one(), on_progress)
            with _written(), made.engine.begin() as empty:
                upgrade.apply(empty, revision)
            with _written(), sqlite_copy.opened(path, "rw") as copy:
                _fill(copy, connection, database, found, progress)
        return copy_file.checked(made, database.describe(), sqlite_copy.NO_COPY)


def restore(
    database: Database, path: Path, now: datetime, on_progress: Callable[[int, int], None]
) -> tuple[Holdings, int]:
    """Check the copy, then replace the rows of the catalog by its rows, in one transaction.

    Gives what the copy holds, and how many alerts were given up.
    """
    copy_file.demand_file(path)
    with copy_file.translated(path), sqlite_copy.opened(path, "ro") as file:
        file.execute("PRAGMA schema_version").fetchone()  # raises if the file is locked, which is no damage
    with (
        closing(copy_file.catalog(path)) as copy,
        copy_file.reading(copy, str(path), after_restore.ANOTHER_MAY_DO) as (source, holdings),
        database.write() as connection,
    ):
        before = _make_ready(database, connection, path, holdings.revision)
        with _translated(path, database):
            _exchange(connection, source, path, on_progress)
        upgrade.apply(connection, "head")
        given_up = after_restore.repeat_nothing(connection, path, before, now)
        copy_file.demand_history(path, invariants.broken_in(connection))
    return holdings, given_up


def _tables(connection: sa.Connection) -> list[_Table]:
    """Describe the tables that are there, each after the tables that it refers to."""
    names = [*(table.name for table in tables.metadata.sorted_tables), *_FORMER]
    rows = connection.execute(_COLUMNS, {"names": names}).all()
    there = {name: [row for row in rows if row.table_name == name] for name in names}
    return [
        _Table(name=name, columns=[row.column_name for row in mine], types=[row.data_type for row in mine])
        for name, mine in there.items()
        if mine
    ]


def _counting(found: Sequence[_Table]) -> str:
    """Give the query for the number of rows in all tables."""
    return f"SELECT {' + '.join(f'(SELECT count(*) FROM {table.name})' for table in found)}"  # noqa: S608 - our own names


def _driver(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


# Out of Postgres


def _revision(database: Database, connection: sa.Connection) -> str:
    found = upgrade.revision(database, connection)
    if found is None:
        raise SchemaError(f"there is no catalog in {database.describe()}", hint="check database.url")
    return found


def _fill(
    copy: sqlite3.Connection,
    connection: sa.Connection,
    database: Database,
    found: Sequence[_Table],
    progress: _RowProgress,
) -> None:
    with _without_rules(copy):
        for table in found:
            marks = ", ".join("?" * len(table.columns))
            statement = f"INSERT INTO {table.name} ({table.listed}) VALUES ({marks})"  # noqa: S608 - our own names
            with closing(_fetched(connection, table, database)) as rows:
                copy.executemany(statement, progress.through(rows))


@contextmanager
def _without_rules(copy: sqlite3.Connection) -> Iterator[None]:
    """Drop the triggers of the copy for the block: they are about runs. An unfinished file needs no journal."""
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-32768"):
        copy.execute(f"PRAGMA {pragma}")
    copy.execute("BEGIN")
    rules = copy.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in rules:
        copy.execute(f"DROP TRIGGER {name}")
    yield
    for _, statement in rules:
        copy.execute(statement)
    copy.execute("COMMIT")
    copy.execute("PRAGMA journal_mode=DELETE")


def _fetched(connection: sa.Connection, table: _Table, database: Database) -> Generator[list[Any], None, None]:
    """Give rows as SQLite stores them, in the order of their keys, so that SQLite only appends."""
    import psycopg

    asked = [_ASKED[type_][0].format(name) for name, type_ in zip(table.columns, table.types, strict=True)]
    statement = f"COPY (SELECT {', '.join(asked)} FROM {table.name} ORDER BY {table.order}) TO STDOUT"  # noqa: S608 - our own names
    objects = table.places(lambda _, type_: type_ == _JSON)
    try:
        with _driver(connection).cursor() as cursor, cursor.copy(statement) as answer:
            answer.set_types([_ASKED[type_][1] for type_ in table.types])
            for values in answer.rows():
                yield _canonical_objects(values, objects)
    except psycopg.Error as error:
        raise _refused(error, database) from None


def _canonical_objects(values: Sequence[Any], objects: Sequence[int]) -> list[Any]:
    row = list(values)
    for place in objects:
        row[place] = row[place] and diff.canonical(json.loads(row[place]))
    return row


@contextmanager
def _written() -> Iterator[None]:
    """Raise errors of SQLite as an OSError of the copy's file: it cannot be written."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        full = getattr(getattr(error, "orig", error), "sqlite_errorname", "").startswith("SQLITE_FULL")
        number = errno.ENOSPC if full else errno.EIO
        raise OSError(number, os.strerror(number)) from None


# Into Postgres


def _make_ready(database: Database, connection: sa.Connection, path: Path, revision: str) -> after_restore.Known:
    """Make the tables of a revision where there are none; give what the catalog that is there knows."""
    there = upgrade.revision(database, connection)
    if there is not None and there > revision:
        hint = "restore it into an empty database or schema, where it is upgraded"
        raise SchemaError(f"{path} is of schema {revision}, and the catalog there of {there}", hint=hint)
    before = after_restore.known(connection) if there else after_restore.Known()
    upgrade.apply(connection, revision)
    return before


def _exchange(
    connection: sa.Connection, source: sa.Connection, path: Path, on_progress: Callable[[int, int], None]
) -> None:
    """Replace all rows by those of a copy, without the triggers: they are about runs."""
    found = _tables(connection)
    for table in found:
        connection.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
    for table in reversed(found):  # not TRUNCATE: readers with an older snapshot would find empty tables
        connection.exec_driver_sql(f"DELETE FROM {table.name}")  # noqa: S608 - our own names
    with copy_file.translated(path):
        (total,) = _driver(source).execute(_counting(found)).fetchone()
    progress = _RowProgress(total, on_progress)
    for table in found:
        _load(connection, table, progress.through(_read(source, table, path)))
    sqlite_file.demand_same(getattr(_driver(source), "stamp", None))
    for table in found:
        connection.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")


def _load(connection: sa.Connection, table: _Table, rows: _Rows) -> None:
    with (
        _driver(connection).cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({table.listed}) FROM STDIN") as copy,
    ):
        for row in _holdable(connection, table, rows):
            copy.write_row(row)


def _read(source: sa.Connection, table: _Table, path: Path) -> _Rows:
    with copy_file.translated(path):
        yield from _driver(source).execute(f"SELECT {table.listed} FROM {table.name}")  # noqa: S608 - our own names


def _holdable(connection: sa.Connection, table: _Table, rows: _Rows) -> _Rows:
    """Escape objects and ids for a database that does not hold all of Unicode; the driver escapes other texts."""
    escape = charset.of(connection)
    if escape is None:
        return rows
    objects = table.places(lambda _, type_: type_ == _JSON)
    ids = table.places(lambda name, _: name == "id")
    return (_escaped(row, objects, ids, escape) for row in rows)


def _escaped(row: Sequence[Any], objects: Sequence[int], ids: Sequence[int], escape: charset.Escape) -> list[Any]:
    made = list(row)
    for place in objects:
        made[place] = charset.in_json(diff.canonical(json.loads(made[place])), escape)
    for place in ids:
        made[place] = charset.short(escape(made[place]))
    return made


@contextmanager
def _translated(path: Path, database: Database) -> Iterator[None]:
    """Raise errors of the driver as ours: SQLAlchemy does not see those of COPY."""
    import psycopg

    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if error.sqlstate == _UNTRANSLATABLE:
            raise _refused(error, database) from None
        words = f"{path} is damaged, or was not made by `catalog db backup`"
        raise DatabaseError(words, hint=after_restore.ANOTHER_MAY_DO) from None
    except psycopg.Error as error:
        raise _refused(error, database) from None


def _refused(error: Any, database: Database) -> DatabaseError:
    lost = error.sqlstate is None and type(error).__name__ == "OperationalError"
    return driver_errors.explain(error, database.describe(), lost=lost)
