"""Connections to an SQLite file: to write it, or to read it as it lies where nothing can be written beside it.

SQLite keeps an index beside a file that is read. On a read-only disk, in another user's folder or on a full disk it
cannot; then the file is read as it lies, without any lock. That is right only if its log holds nothing, and if the
file is the same afterwards: https://sqlite.org/wal.html, https://sqlite.org/uri.html.
"""

import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError

from catalog.errors import DatabaseError
from catalog.store.engine import temp_folder
from catalog.store.engine.session import OVERFLOW, TRANSACTION, WRITING

BUSY_SECONDS = 30.0
_USED = "used"  # in the info of a pooled connection: it was used before
_FILE = "file"  # in the info of a pooled connection: the path it opened, and which file that was
_LOGS = ("-wal", "-journal")
_CLOSED = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_FULL")


class Stamp(NamedTuple):
    """What a file looked like when it was opened to be read as it lies."""

    path: Path
    size: int
    changed: int  # when, in nanoseconds


class FileConnection(sqlite3.Connection):
    """A connection; its `stamp` tells that it reads the file as it lies."""

    stamp: Stamp | None = None
    refusal: sqlite3.Error | None = None  # why it cannot be written, where that is the disk's fault


def opened(path: Path) -> FileConnection:
    """Open a file to write it, or else to read it. Raises the error of SQLite where neither is possible."""
    connection = _connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if not getattr(error, "sqlite_errorname", "").startswith(_CLOSED):
            raise
        return _as_it_lies(path, error)
    return connection


def demand_same(stamp: Stamp | None) -> None:
    """Raise DatabaseError if a file that is read as it lies was written since it was opened."""
    if stamp is not None and has_changed(stamp):
        hint = "run it again; with the right to write beside it, what others write meanwhile does no harm"
        raise DatabaseError(
            f"the catalog {stamp.path} was written while it was read: this answer may be wrong", hint=hint
        )


def has_changed(stamp: Stamp) -> bool:
    """Tell whether a file was written or exchanged since, or has something in its log."""
    return _log(stamp.path) is not None or _stamp(stamp.path) != stamp


def _as_it_lies(path: Path, refusal: sqlite3.Error) -> FileConnection:
    log = _log(path)
    if log is not None:
        if getattr(refusal, "sqlite_errorname", "").startswith("SQLITE_FULL"):
            raise refusal
        hint = "let a user who may write run `catalog status` once, or give this one the right to write there"
        words = f"the catalog {path} cannot be read: {log.name} is there, and only who may write can take it in"
        raise DatabaseError(words, hint=hint) from None
    stamp = _stamp(path)
    connection = _connect(path, "immutable=1")
    connection.stamp = stamp
    if getattr(refusal, "sqlite_errorname", "").startswith(("SQLITE_IOERR", "SQLITE_FULL")):
        connection.refusal = refusal
    return connection


def _connect(path: Path, how: str) -> FileConnection:
    name = f"file://{quote(os.fsencode(path))}?{how}"
    return sqlite3.connect(
        name, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False, factory=FileConnection
    )


def _log(path: Path) -> Path | None:
    """Give the log that holds something. An empty one does not count: SQLite makes it before it fails."""
    place = path.resolve()
    logs = [place.with_name(f"{place.name}{end}") for end in _LOGS]
    return next((log for log in logs if log.exists() and log.stat().st_size), None)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(path, found.st_size, found.st_mtime_ns)


def engine(url: sa.URL) -> sa.Engine:
    """Make the engine for a file; opens nothing."""
    # mode=rw: opening never makes a file, so that a mistyped path is an error and not a new catalog.
    path = Path(str(url.database)).absolute()
    options = {"schema_translate_map": {"pg_temp": "temp"}}  # where temporary tables are
    pool: dict[str, Any] = {"poolclass": sa.QueuePool, "max_overflow": OVERFLOW}
    made = sa.create_engine("sqlite+pysqlite://", creator=lambda: opened(path), execution_options=options, **pool)
    event.listen(made, "connect", lambda driver, _: _set_pragmas(driver, path))
    event.listen(made, "connect", lambda _, record: record.info.update({_FILE: (path, _identity(path))}))
    event.listen(made, "checkout", _open_anew_if_moved)
    event.listen(made, "begin", _begin)
    return made


def _identity(path: Path) -> tuple[int, int] | None:
    """Give what tells a file from a later one of the same name; None: there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def was_moved(notes: Mapping[Any, Any]) -> bool:
    """Tell whether the file that a connection opened has lost its name, to another file or to none."""
    path, opened = notes.get(_FILE, (None, None))
    return path is not None and opened != _identity(path)


def _open_anew_if_moved(driver: Any, record: sa.pool.ConnectionPoolEntry, _proxy: object) -> None:
    stamp = stamp_of(driver)
    again = stamp is not None and record.info.setdefault(_USED, False)
    record.info[_USED] = True
    # A file that was read as it lies may be written by now: a disk has room again, a right was given.
    if was_moved(record.info) or again or (stamp is not None and has_changed(stamp)):
        raise DisconnectionError


def stamp_of(connection: Any) -> Stamp | None:
    """Give the stamp of a connection that reads a file as it lies; None for any other."""
    return getattr(connection, "stamp", None)


def _set_pragmas(connection: Any, path: Path) -> None:
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
    # Where SQLite's own choice of a folder for temporary files has no room.
    place = temp_folder.for_sqlite(path.parent)
    if place is not None:
        quoted = str(place).replace("'", "''")
        connection.execute(f"PRAGMA temp_store_directory = '{quoted}'")


def _begin(connection: sa.Connection) -> None:
    # A deferred transaction that reads before it writes fails at once when another writer came between:
    # https://sqlite.org/lang_transaction.html
    immediate = connection.get_execution_options().get(TRANSACTION) in WRITING
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
