"""Keeps the staged rows of a walk until the merge, apart from other runs and from tables of the user.

SQLite: in temporary tables of one connection, which is ours alone. Postgres: behind a pooler no connection is ours, so
rows wait in temporary files, and the merging transaction makes its own temporary tables, which go when it ends.
"""

import pickle
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import IO, Any, Protocol

import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.store.engine import bulk, temp_folder
from catalog.store.engine.database import Database
from catalog.store.engine.session import Kind

SCHEMA = "pg_temp"  # of temporary tables on Postgres, whatever the search path says; SQLite calls it "temp"
_IN_MEMORY = 1 << 20  # bytes of a table; beyond that, its rows wait in a file without a name

Rows = Sequence[Sequence[Any]]


class Shelf(Protocol):
    """Takes rows for temporary tables, and gives a transaction that sees them there."""

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Give a connection for a query, in a short transaction."""

    def adding(self) -> AbstractContextManager[object]:
        """Keep all that the block inserts, or nothing: pages come whole."""

    def insert(self, table: sa.Table, rows: Rows) -> None:
        """Take rows of plain values, in the order of the table's columns."""

    def clear(self) -> None:
        """Forget every row."""

    def merging(self, kind: Kind) -> AbstractContextManager[sa.Connection]:
        """Give a transaction of this kind that sees all rows in the tables."""


@contextmanager
def open_(database: Database, tables: sa.MetaData) -> Iterator[Shelf]:
    """Give an empty shelf, which is gone after the block."""
    with _beside(database, tables) if database.is_sqlite else _Spool.opened(database, tables) as shelf:
        yield shelf


@contextmanager
def _beside(database: Database, tables: sa.MetaData) -> Iterator["_Beside"]:
    with database.connect() as connection:
        with database.transaction(connection):
            tables.create_all(connection, checkfirst=False)
        try:
            yield _Beside(database, connection, tables)
        finally:
            # Closing the connection drops the tables; DROP TABLE would hold all of a large one in memory.
            connection.invalidate()


class _Beside:
    """Temporary tables of one connection to SQLite."""

    def __init__(self, database: Database, connection: sa.Connection, tables: sa.MetaData) -> None:
        self._database = database
        self._connection = connection
        self._tables = tables

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with nullcontext() if self._connection.in_transaction() else self.adding():
            yield self._connection

    def adding(self) -> AbstractContextManager[None]:
        return self._database.transaction(self._connection)

    def insert(self, table: sa.Table, rows: Rows) -> None:
        with self.reading() as connection:
            bulk.insert(connection, table, rows)

    def clear(self) -> None:
        with self.adding():
            for table in self._tables.tables.values():
                self._connection.execute(table.delete())

    @contextmanager
    def merging(self, kind: Kind) -> Iterator[sa.Connection]:
        with self._database.transaction(self._connection, kind):
            yield self._connection


class _Spool:
    """Rows in temporary files, until they are copied into Postgres."""

    def __init__(self, database: Database, tables: sa.MetaData, files: dict[str, IO[bytes]]) -> None:
        self._database = database
        self._tables = tables
        self._files = files

    @classmethod
    @contextmanager
    def opened(cls, database: Database, tables: sa.MetaData) -> Iterator["_Spool"]:
        with ExitStack() as stack:
            files = {name: _file() for name in tables.tables}
            for file in files.values():
                stack.callback(_close, file)
            yield cls(database, tables, files)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        # Not one connection for the whole walk: a slow list would keep it from others.
        with self._database.connect() as connection, self._database.transaction(connection, "own"):
            yield connection

    def adding(self) -> AbstractContextManager[None]:
        return nullcontext()

    def insert(self, table: sa.Table, rows: Rows) -> None:
        if rows:
            with _translated():
                pickle.dump(rows, self._files[table.key])

    def clear(self) -> None:
        with _translated():  # what is still to be written is written first
            for file in self._files.values():
                file.seek(0)
                file.truncate()

    @contextmanager
    def merging(self, kind: Kind) -> Iterator[sa.Connection]:
        with self._database.connect() as connection, self._database.transaction(connection, kind, first=self._load):
            yield connection

    def _load(self, connection: sa.Connection) -> None:
        for table in self._tables.tables.values():
            # Behind a pooler, the next transaction of the same session belongs to another client. Said here, because
            # it loads the dialect of Postgres: a tenth of a cron run on SQLite.
            table.dialect_options["postgresql"]["on_commit"] = "DROP"
        self._tables.create_all(connection, checkfirst=False)
        for name, table in self._tables.tables.items():
            with _translated():
                bulk.insert(connection, table, _rows(self._files[name]))


def _file() -> IO[bytes]:
    place = temp_folder.folder(None)
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="catalog-", dir=str(place) if place else None)


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # no room to write the last rows, which are not needed any more
        file.close()


def _rows(file: IO[bytes]) -> Iterator[Sequence[Any]]:
    end = file.tell()
    file.seek(0)
    while file.tell() < end:
        yield from pickle.load(file)  # noqa: S301 - our own file, which has no name


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = "make room in the folder for temporary files, or name another one in the variable TMPDIR"
        words = f"what a walk found could not be kept in a temporary file ({error.strerror})"
        raise DatabaseError(words, hint=hint) from None
