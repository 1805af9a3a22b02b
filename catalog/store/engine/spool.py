"""Where what a walk stages waits for its merge, so that no other run, and nobody's table, can come near it.

SQLite: temporary tables of one connection, which is ours alone. Postgres: behind a pooler a connection is not, so rows
wait on this side, and the transaction that merges them makes its own temporary tables, which go when it ends.
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
_IN_MEMORY = 1 << 20  # bytes a table; what is more waits in a file without a name

Rows = Sequence[Sequence[Any]]


class Shelf(Protocol):
    """Takes rows for temporary tables, and has the tables ready when they are merged."""

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Give a connection to look something up, in a short transaction."""

    def adding(self) -> AbstractContextManager[object]:
        """Keep what the block inserts together: a page comes whole."""

    def insert(self, table: sa.Table, rows: Rows) -> None:
        """Take rows of plain values, in the order of the table's columns."""

    def clear(self) -> None:
        """Forget every row."""

    def merging(self, kind: Kind) -> AbstractContextManager[sa.Connection]:
        """Give a transaction of this kind that sees the tables, and all rows in them."""


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
            # The tables go with their connection: dropping large ones would hold all they ever held in memory.
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
    """Rows that wait on this side of a connection to Postgres."""

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
                stack.callback(_let_go, file)
            yield cls(database, tables, files)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        # A connection that a slow list would let grow old is not held; that of a pooler is shared with others.
        with self._database.connect() as connection, self._database.transaction(connection, "own"):
            yield connection

    def adding(self) -> AbstractContextManager[None]:
        return nullcontext()

    def insert(self, table: sa.Table, rows: Rows) -> None:
        if rows:
            with _translated():
                pickle.dump(rows, self._files[table.key])

    def clear(self) -> None:
        for file in self._files.values():
            file.seek(0)
            file.truncate()

    @contextmanager
    def merging(self, kind: Kind) -> Iterator[sa.Connection]:
        with self._database.connect() as connection, self._database.transaction(connection, kind, first=self._load):
            yield connection

    def _load(self, connection: sa.Connection) -> None:
        self._tables.create_all(connection, checkfirst=False)
        for name, table in self._tables.tables.items():
            with _translated():
                bulk.insert(connection, table, _rows(self._files[name]))


def _file() -> IO[bytes]:
    place = temp_folder.folder(None)
    return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="catalog-", dir=str(place) if place else None)


def _let_go(file: IO[bytes]) -> None:
    with suppress(OSError):  # what is still to be written has no room, and is not needed any more
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
