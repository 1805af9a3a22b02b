"""Opens the catalog's database, runs its transactions, and puts the driver's errors into our words."""

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from catalog import clock, files
from catalog.errors import ConfigError, DatabaseError, NoCatalogError
from catalog.store.engine import driver_errors, session, sqlite_file
from catalog.store.engine.postgres_locks import Locks
from catalog.store.engine.session import TRANSACTION, WRITING, Kind

Connection = sa.Connection  # for modules that pass one on and say no SQL
_SQLITE = "sqlite:///"
_PATIENCE = 1.0  # seconds for which a transaction may wait to begin, before that is told
_SHOWN = ("host", "port", "options")  # parts of a URL's query that hold no secret
# Merges, migrations and new runs wait for each other by this lock:
# https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
MERGES = 0x0CA7A106
_MERGING: frozenset[Kind] = WRITING - {"brief"}


class Database:
    """An engine with the catalog's rules of transaction; close it after use."""

    def __init__(
        self, engine: sa.Engine, url: sa.URL, locks: Locks, on_busy: Callable[[], object] | None = None
    ) -> None:
        """Keep the engine, and the locks that its connections hold; opens nothing.

        `on_busy` is called, in a thread of its own, when a transaction has to wait for another process.
        """
        self._on_busy = on_busy
        self.engine = engine
        self.url = url
        self.locks = locks
        self._writing = threading.Lock()

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file; else it is Postgres."""
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
        """Name the database for people, without the password, wherever that is in the URL."""
        if self.path:
            return str(self.path)
        shown = {name: value for name, value in self.url.query.items() if name in _SHOWN}
        return self.url.set(drivername="postgresql", query=shown).render_as_string(hide_password=True)

    def exists(self) -> bool:
        """Tell whether the SQLite file is there; True for Postgres, which nothing is asked.

        Raises DatabaseError when the folder may not be searched.
        """
        with self.translated():
            return self.path is None or self.path.exists()

    def now(self) -> datetime:
        """Tell the time by the clock that all writers share: the server's, or that of the machine with the file."""
        if self.is_sqlite:
            return clock.utc_now()
        with self.connect() as connection:
            moment: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
            return moment.astimezone(UTC)

    def close(self) -> None:
        """Close the pooled connections."""
        self.engine.dispose()

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """One connection for the block; errors of the driver are raised as ours."""
        with self.translated(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One transaction for reading: one consistent view of the database."""
        with self.connect() as connection, self.transaction(connection, "read"):
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction for writing, on a connection of its own; writers wait for each other."""
        with self.connect() as connection, self.transaction(connection, "write"):
            yield connection

    @contextmanager
    def rehearse(self) -> Iterator[sa.Connection]:
        """One transaction like `write` that is always rolled back."""
        with self.connect() as connection, self.transaction(connection, "rehearsal"):
            yield connection

    @contextmanager
    def transaction(
        self, connection: sa.Connection, kind: Kind = "own", *, first: Callable[[sa.Connection], object] | None = None
    ) -> Iterator[None]:
        """Commit when the block ends well, else roll back.

        "write": one at a time per database; "rehearsal": the same, but always rolled back; "brief": writes single rows,
        at the same time as others; "read": one consistent view; "own": temporary tables, or single questions.
        `first` is called before the transaction waits for its turn to write.
        """
        # Threads wait for each other here, for as long as it takes. SQLite would give up after its time-out, and with
        # Postgres each would hold a session meanwhile, of which a pooler may have few.
        with self._writing if kind in (WRITING if self.is_sqlite else _MERGING) else nullcontext():
            self._demand_place(connection)
            self._demand_disk(connection, kind)
            connection.execution_options(**{TRANSACTION: kind})
            with self.translated(), self._waiting(kind) as begun, connection.begin() as transaction:
                if first is not None:
                    first(connection)
                if not self.is_sqlite and kind in _MERGING:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MERGES)))
                begun()
                yield
                if kind == "rehearsal":
                    transaction.rollback()
                sqlite_file.demand_same(sqlite_file.stamp_of(connection.connection))

    @contextmanager
    def _waiting(self, kind: Kind) -> Iterator[Callable[[], object]]:
        """Call `on_busy` unless what the block gets is called soon: then the transaction has begun."""
        if self._on_busy is None or kind not in WRITING:
            yield lambda: None
            return
        timer = threading.Timer(_PATIENCE, self._on_busy)
        timer.daemon = True
        timer.start()
        try:
            yield timer.cancel
        finally:
            timer.cancel()

    def _demand_disk(self, connection: sa.Connection, kind: Kind) -> None:
        """Refuse to write a file that is read as it lies because its disk fails or is full."""
        refusal = getattr(connection.connection.driver_connection, "refusal", None)
        if refusal is not None and kind not in {"read", "own"}:
            connection.invalidate()
            raise driver_errors.explain(refusal, self.describe())

    def _demand_place(self, connection: sa.Connection) -> None:
        """Refuse a file that lost its name while it was open: what is written into it would be lost."""
        if sqlite_file.was_moved(connection.info):
            connection.invalidate()
            hint = "nothing was written; check who moves it, and that `catalog db verify` is content with what is there"
            raise DatabaseError(f"the database {self.path} was moved or removed while it was in use", hint=hint)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise errors of the driver as ours. Their texts may hold a secret and are not repeated."""
        try:
            yield
        except DBAPIError as error:
            raise self._explained(error) from None
        except sqlite3.Error as error:
            raise driver_errors.explain(error, self.describe()) from None
        except OSError as error:
            if error.filename is None:  # not of the database: our output was closed, or its disk is full
                raise
            raise driver_errors.explain(error, self.describe()) from None
        except SQLAlchemyError as error:
            name = type(error).__name__
            raise DatabaseError(f"the database {self.describe()} could not be used ({name})") from None

    def _explained(self, error: DBAPIError) -> DatabaseError:
        refused = None if self.is_sqlite else session.refused(self.url, error)
        code = None
        if driver_errors.was_turned_away(error.orig):
            from catalog.store.engine import connect_errors

            code = connect_errors.refusal(session.conninfo(self.engine.dialect, self.url))
        lost = error.connection_invalidated
        return refused or driver_errors.explain(error.orig, self.describe(), lost=lost, code=code)


def open_(url: str, *, must_exist: bool = False, on_busy: Callable[[], object] | None = None) -> Database:
    """Give a database; opens and makes nothing. `on_busy`: see Database.

    Raises ConfigError for a URL that names no SQLite file or Postgres database, NoCatalogError when `must_exist` and
    the file is not there.
    """
    parsed = _parse(url)
    locks = Locks()
    database = Database(_engine(parsed, locks), parsed, locks, on_busy)
    if must_exist and not database.exists():
        hint = "run `catalog sync` first, which makes it; or check database.url"
        raise NoCatalogError(f"there is no catalog at {database.path}", hint=hint)
    return database


def create_file(database: Database) -> bool:
    """Make the SQLite file, readable by its owner alone; False where it is there already, or on Postgres."""
    path = database.path
    if path is None or database.exists():
        return False
    with database.translated():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    return True


def demand_room(database: Database) -> None:
    """Refuse an SQLite file that `create_file` could not make: its folder is missing or cannot be written."""
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
    """Take the path as it is written, without decoding: a folder may be called `50%25` or `what?`."""
    if path in {"", ":memory:"}:
        hint = "use sqlite:///catalog.db"
        raise ConfigError("database.url names no file, and a catalog in memory would forget", hint=hint)
    return sa.URL.create("sqlite+pysqlite", database=path)


def _engine(url: sa.URL, locks: Locks) -> sa.Engine:
    try:
        return sqlite_file.engine(url) if url.get_backend_name() == "sqlite" else _postgres_engine(url, locks)
    except (NoSuchModuleError, ArgumentError, ImportError):
        raise ConfigError("database.url is not usable with the installed drivers") from None


def _postgres_engine(url: sa.URL, locks: Locks) -> sa.Engine:
    from catalog.store.engine import time_limits

    arguments, settings = session.arguments(url)
    # LIFO: the connection used last is used next, so that no more are open than are needed at once.
    usual = {"use_native_hstore": False, "pool_use_lifo": True, "max_overflow": session.OVERFLOW}
    engine = sa.create_engine(session.plain(url), connect_args=arguments | time_limits.ARGUMENTS, **usual)
    time_limits.look_after(engine, lambda kind: session.beginning(kind, settings), locks.give_way)
    return engine
