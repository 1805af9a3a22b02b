"""Reading an SQLite file where nothing can be written beside it: a read-only disk, another user's folder, a full disk.

SQLite keeps an index beside a file that is read. Where it cannot, the file is read as it lies, without any lock: this
counts only if nothing is in its log, and if the file is the same afterwards.
"""

import os
import sqlite3
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from catalog.errors import DatabaseError

_LOGS = ("-wal", "-journal")
_CLOSED = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_IOERR", "SQLITE_FULL")


class Stamp(NamedTuple):
    """What a file looked like when it was opened to be read as it lies."""

    path: Path
    size: int
    changed: int  # when, in nanoseconds


class Reading(sqlite3.Connection):
    """A connection that may be one to a file as it lies."""

    stamp: Stamp | None = None
    refusal: sqlite3.Error | None = None  # why it cannot be written, where that is the disk's fault


def opened(path: Path, *, seconds: float) -> Reading:
    """Open a file that is there, to write or else to read it. Raises what SQLite raises where neither can be."""
    connection = _connect(path, "mode=rw", seconds)
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.Error as error:
        connection.close()
        if not getattr(error, "sqlite_errorname", "").startswith(_CLOSED):
            raise
        return _as_it_lies(path, error, seconds)
    return connection


def demand_same(stamp: Stamp | None) -> None:
    """Raise DatabaseError if somebody wrote since a file was opened to be read as it lies."""
    if stamp is not None and has_changed(stamp):
        hint = "run it again; with the right to write beside it, what others write meanwhile does no harm"
        raise DatabaseError(
            f"the catalog {stamp.path} was written while it was read: this answer may be wrong", hint=hint
        )


def has_changed(stamp: Stamp) -> bool:
    """Tell whether a file is another, or has something in its log."""
    return _log(stamp.path) is not None or _stamp(stamp.path) != stamp


def _as_it_lies(path: Path, refusal: sqlite3.Error, seconds: float) -> Reading:
    log = _log(path)
    if log is not None:
        if getattr(refusal, "sqlite_errorname", "").startswith("SQLITE_FULL"):
            raise refusal
        hint = "let a user who may write run `catalog status` once, or give this one the right to write there"
        words = f"the catalog {path} cannot be read: {log.name} is there, and only who may write can take it in"
        raise DatabaseError(words, hint=hint) from None
    stamp = _stamp(path)
    connection = _connect(path, "immutable=1", seconds)
    connection.stamp = stamp
    if getattr(refusal, "sqlite_errorname", "").startswith(("SQLITE_IOERR", "SQLITE_FULL")):
        connection.refusal = refusal
    return connection


def _connect(path: Path, how: str, seconds: float) -> Reading:
    name = f"file://{quote(os.fsencode(path))}?{how}"
    return sqlite3.connect(
        name, uri=True, isolation_level=None, timeout=seconds, check_same_thread=False, factory=Reading
    )


def _log(path: Path) -> Path | None:
    """Give a log that holds something. SQLite may have made an empty one before it saw that it could do no more."""
    place = path.resolve()
    logs = [place.with_name(f"{place.name}{end}") for end in _LOGS]
    return next((log for log in logs if log.exists() and log.stat().st_size), None)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(path, found.st_size, found.st_mtime_ns)
