"""A database to keep the catalog in: opening it, transactions, and the driver's errors in our words.

Knows URLs, pragmas and locks of SQLite and Postgres; does not know a single table.
"""

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError, NoSuchModuleError, SQLAlchemyError

from catalog import clock, files
from catalog.errors import ConfigError, DatabaseError, NoCatalogError
from catalog.store.engine import driver_errors, read_only, session, temp_folder
from catalog.store.engine.postgres_locks import Locks
from catalog.store.engine.session import NEXT, Kind

Connection = sa.Connection  # for rooms that pass one on and know no SQL
BUSY_SECONDS = 30.0
_SQLITE = "sqlite:///"
_USED = "used"  # in the notes of a connection: it was lent before
_FILE = "file"  # in the notes of a connection: the path it opened, and which file that was
_SHOWN = ("host", "port", "options")  # parts of a URL's query that hold no secret
MERGES = 0x0CA7A106  # the advisory lock that merges, migrations and new runs take one after another


def _nothing(_connection: sa.Connection) -> None:
    return


class Database:
    """An engine with the catalog's rules of transaction; close it after use."""

    def __init__(self, engine: sa.Engine, url: sa.URL, locks: Locks) -> None:
        """Keep the engine, and the locks that are held by its connections; nothing is opened yet."""
        self.engine = engine
        self.url = url
        self.locks = locks

    @property
    def is_sqlite(self) -> bool:
        """The one question code may ask about the dialect."""
        return self.engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path | None:
        """The SQLite file, absolute; None on Postgres and in memory."""
        name = self.url.database
        return Path(name).absolute() if self.is_sqlite and name and name != ":memory:" else None

    @property
    def folder(self) -> Path | None:
        """Where the SQLite file is; None on Postgres."""
        return self.path.parent if self.path else None

    def describe(self) -> str:
        """Name the database for people; the password is never part of it, wherever it stands in the URL."""
        if self.path:
            return str(self.path)
        shown = {name: value for name, value in self.url.query.items() if name in _SHOWN}
        return self.url.set(drivername="postgresql", query=shown).render_as_string(hide_password=True)

    def exists(self) -> bool:
        """Tell whether there is something to open; a Postgres database is only known by asking.

        Raises DatabaseError when one may not even look.
        """
        with self.translated():
            return self.path is None or self.path.exists()

    def now(self) -> datetime:
        """Tell the time by the clock that all who write here share: the server's, or that of the file's machine."""
        if self.is_sqlite:
            return clock.utc_now()
        with self.connect() as connection:
            moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
            return moment.astimezone(UTC)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """One connection for as long as the block lasts; driver errors come out as ours."""
        with self.translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent view of the database, for reading."""
        with self.connect() as connection, self.transaction(connection, "read"):
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction on a connection of its own, after every other writer and before the next."""
        with self.connect() as connection, self.transaction(connection, "write"):
            yield connection

    @contextmanager
    def rehearse(self) -> Iterator[sa.Connection]:
        """One transaction like `write`, of which nothing stays."""
        with self.connect() as connection, self.transaction(connection, "rehearsal"):
            yield connection

    @contextmanager
    def transaction(
        self, connection: sa.Connection, kind: Kind = "own", *, first: Callable[[sa.Connection], object] = _nothing
    ) -> Iterator[None]:
        """Commit when the block ends well, else roll back.

        "write": one at a time per database; "rehearsal": the same, but always rolled back; "brief": writes of single
        rows that need no such order; "read": one consistent view; "own": temporary tables, or single questions.
        What is to be done `first` is done before others are kept waiting.
        """
        self._demand_place(connection)
        self._demand_disk(connection, kind)
        connection.info[NEXT] = kind
        with self.translated(), connection.begin() as transaction:
            first(connection)
            if not self.is_sqlite and kind in {"write", "rehearsal"}:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MERGES)))
            yield
            if kind == "rehearsal":
                transaction.rollback()
            read_only.demand_same(_stamp(connection.connection))

    def _demand_disk(self, connection: sa.Connection, kind: Kind) -> None:
        """Tell why a file that is read as it lies cannot be written, where that is the disk's fault."""
        refusal = getattr(connection.connection.driver_connection, "refusal", None)
        if refusal is not None and kind not in {"read", "own"}:
            connection.invalidate()
            raise driver_errors.explain(refusal, self.describe())

    def _demand_place(self, connection: sa.Connection) -> None:
        """Refuse a file that lost its name while it was open: nobody would ever see what is written into it."""
        if _was_moved(connection.info):
            connection.invalidate()
            hint = "nothing was written; check who moves it, and that `catalog db verify` is content with what is there"
            raise DatabaseError(f"the database {self.path} was moved or removed while it was in use", hint=hint)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what the driver raises into our words; the original text may hold a secret and is not repeated."""
        try:
            yield
        except DBAPIError as error:
            raise self._explained(error) from None
        except sqlite3.Error as error:
            raise driver_errors.explain(error, self.describe()) from None
        except OSError as error:
            if error.filename is None:  # No file of the database: our output was closed, or its disk is full.
                raise
            raise driver_errors.explain(error, self.describe()) from None
        except SQLAlchemyError as error:
            name = type(error).__name__
            raise DatabaseError(f"the database {self.describe()} could not be used ({name})") from None

    def _explained(self, error: DBAPIError) -> DatabaseError:
        refused = None if self.is_sqlite else session.refused(self.url, error)
        code = self._why_turned_away() if driver_errors.was_turned_away(error.orig) else None
        lost = error.connection_invalidated
        return refused or driver_errors.explain(error.orig, self.describe(), lost=lost, code=code)

    def _why_turned_away(self) -> str | None:
        from catalog.store.engine import connect_errors

        return connect_errors.refusal(session.conninfo(self.engine.dialect, self.url))


def open_(url: str, *, must_exist: bool = False) -> Database:
    """Give a database; nothing is opened or made yet.

    Raises ConfigError for a URL that names no SQLite file or Postgres database, NoCatalogError when `must_exist` and
    the file is not there.
    """
    parsed = _parse(url)
    locks = Locks()
    database = Database(_engine(parsed, locks), parsed, locks)
    if must_exist and not database.exists():
        hint = "run `catalog sync` first, which makes it unless database.must_exist is set; or check database.url"
        raise NoCatalogError(f"there is no catalog at {database.path}", hint=hint)
    return database


def create_file(database: Database) -> bool:
    """Make the missing SQLite file, 0600; True when it was made. Does nothing on Postgres."""
    path = database.path
    if path is None or database.exists():
        return False
    with database.translated():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return True


def demand_room(database: Database) -> None:
    """Refuse a missing SQLite file that `create_file` could not make; makes nothing."""
    if database.path is None:
        return
    with database.translated():
        folder = files.target(database.path).parent
        number = errno.ENOENT if not folder.is_dir() else errno.EACCES
        if number == errno.ENOENT or not os.access(folder, os.W_OK | os.X_OK):
            raise OSError(number, os.strerror(number), str(database.path))


def _parse(url: str) -> sa.URL:
    if url.startswith(_SQLITE):
        return _sqlite_url(url.removeprefix(_SQLITE))
    hint = "use sqlite:///catalog.db or postgresql://user@host/database"
    try:
        parsed = sa.make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    except (ArgumentError, ValueError):
        raise ConfigError("database.url is not a database URL", hint=hint) from None
    backend = parsed.get_backend_name()
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise ConfigError(f"database.url names {backend!r}, which is not supported", hint=hint)


def _sqlite_url(path: str) -> sa.URL:
    """Take a path as it is written: a folder may be called `50%25` or `what?`."""
    if path in {"", ":memory:"}:
        hint = "use sqlite:///catalog.db"
        raise ConfigError("database.url names no file, and a catalog in memory would forget", hint=hint)
    return sa.URL.create("sqlite+pysqlite", database=path)


def _engine(url: sa.URL, locks: Locks) -> sa.Engine:
    try:
        return _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgres_engine(url, locks)
    except (NoSuchModuleError, ArgumentError, ImportError):
        raise ConfigError("database.url is not usable with the installed drivers") from None


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    # mode=rw: opening never makes a file, so that a mistyped path is an error and not a new catalog.
    path = Path(str(url.database)).absolute()

    def connect() -> sqlite3.Connection:
        return read_only.opened(path, seconds=BUSY_SECONDS)

    here = {"schema_translate_map": {"pg_temp": "temp"}}  # where temporary tables are
    engine = sa.create_engine("sqlite+pysqlite://", creator=connect, poolclass=sa.QueuePool, execution_options=here)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "connect", lambda driver, _: _choose_scratch(driver, path))
    event.listen(engine, "connect", lambda _, record: record.info.update({_FILE: (path, _identity(path))}))
    event.listen(engine, "checkout", _open_anew_if_moved)
    event.listen(engine, "begin", _begin)
    return engine


def _identity(path: Path) -> tuple[int, int] | None:
    """Tell a file from any other that may get its name; None: nothing has it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _was_moved(notes: Mapping[Any, Any]) -> bool:
    """Tell whether another file, or none, has the name by now under which a connection opened its own."""
    path, opened = notes.get(_FILE, (None, None))
    return path is not None and opened != _identity(path)


def _open_anew_if_moved(driver: Any, record: sa.pool.ConnectionPoolEntry, _proxy: object) -> None:
    stamp = _stamp(driver)
    again = stamp is not None and record.info.setdefault(_USED, False)
    record.info[_USED] = True
    # A file that was read as it lies may be written by now: a disk has room again, a right was given.
    if _was_moved(record.info) or again or (stamp is not None and read_only.has_changed(stamp)):
        raise DisconnectionError


def _stamp(connection: Any) -> read_only.Stamp | None:
    """Tell of which file's state a connection is, if it is of one that may only be read."""
    return getattr(connection, "stamp", None)


def _postgres_engine(url: sa.URL, locks: Locks) -> sa.Engine:
    from catalog.store.engine import time_limits

    arguments, settings = session.arguments(url)
    # The connection used last is used next, so that there are no more of them than are needed at once.
    usual = {"use_native_hstore": False, "pool_use_lifo": True}
    engine = sa.create_engine(session.plain(url), connect_args=arguments | time_limits.ARGUMENTS, **usual)
    time_limits.look_after(engine, lambda kind: session.beginning(kind, settings), locks.give_way)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    # FULL: a commit survives a power cut. A rollback journal of temporary tables on disk would be written anew for each
    # page of a walk; one in memory holds a page's worth.
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=FILE",
        "temp.journal_mode=MEMORY",
        "temp.cache_size=-2048",
        "cache_size=-16384",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _choose_scratch(connection: Any, path: Path) -> None:
    """Send temporary files elsewhere where SQLite's own choice has no room."""
    place = temp_folder.for_sqlite(path.parent)
    if place is not None:
        quoted = str(place).replace("'", "''")
        connection.execute(f"PRAGMA temp_store_directory = '{quoted}'")


def _begin(connection: sa.Connection) -> None:
    # A deferred transaction that reads before it writes fails at once when another writer came between.
    immediate = connection.info.pop(NEXT, None) in {"write", "rehearsal", "brief"}
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
