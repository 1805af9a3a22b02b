"""Copies of SQLite files, by SQLite's own backup: consistent while others write, and one transaction where it lands."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from catalog import files
from catalog.errors import DatabaseError
from catalog.store.backup import after_restore, copy_file
from catalog.store.backup.after_restore import Holdings, Known
from catalog.store.engine import database as databases
from catalog.store.engine import sqlite_file
from catalog.store.engine.database import Database
from catalog.store.engine.sqlite_file import BUSY_SECONDS
from catalog.store.schema import invariants, upgrade

_PAGES, _ALL = 2048, -1  # in one step
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
NO_COPY = "no copy was made; `catalog db restore` brings an older one back"


def backup(database: Database, path: Path, on_progress: Callable[[int, int], None]) -> Holdings:
    """Copy the catalog into an empty file, check the copy, and give what it holds. It needs no other file beside it."""
    with database.translated(), _read(Path(str(database.path))) as live, opened(path, "rw") as copy:
        live.execute("BEGIN")  # one view for all steps: a writer in between would make it start again, for ever
        live.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        _copy(live, copy, _PAGES, on_progress)
        sqlite_file.demand_same(live.stamp)
        copy.execute("PRAGMA journal_mode=DELETE")
    with closing(copy_file.catalog(path)) as made:
        return copy_file.checked(made, database.describe(), NO_COPY)


def restore(
    database: Database, path: Path, now: datetime, on_progress: Callable[[int, int], None]
) -> tuple[Holdings, int]:
    """Make the copy ready beside the catalog, then let it take the catalog's place.

    Gives what it holds, and how many alerts were given up.
    """
    databases.demand_room(database)
    place = files.target(Path(str(database.path)))
    name = f".{place.name}."
    with (
        database.translated(),
        tempfile.TemporaryDirectory(prefix=name, suffix=".partial", dir=place.parent) as folder,
    ):
        ready = Path(folder) / "copy"
        _fetch(path, ready, on_progress)
        with closing(copy_file.catalog(ready)) as copy:
            holdings, given_up = _prepare(copy, path, _known(database), now)
        _put(ready, database)
    return holdings, given_up


def _fetch(path: Path, ready: Path, on_progress: Callable[[int, int], None]) -> None:
    copy_file.demand_file(path)
    with copy_file.translated(path), opened(path, "ro") as source, opened(ready, "rwc") as copy:
        _copy(source, copy, _PAGES, on_progress)
        copy.execute("PRAGMA journal_mode=DELETE")


def _prepare(copy: Database, path: Path, before: Known, now: datetime) -> tuple[Holdings, int]:
    """Check the copy, bring it to the newest schema, and let it repeat nothing."""
    holdings = copy_file.checked(copy, str(path), after_restore.ANOTHER_MAY_DO)
    upgrade.ensure(copy)
    copy_file.demand_history(path, invariants.broken(copy))
    with copy.write() as connection:
        return holdings, after_restore.repeat_nothing(connection, path, before, now)


def _known(database: Database) -> Known:
    """Ask the catalog that is to be replaced what it knows; nothing if it cannot say."""
    if database.exists():
        with suppress(DatabaseError), database.read() as connection:
            revision = upgrade.revision(database, connection)
            with after_restore.parsing(database.path):
                return after_restore.known(connection) if revision else Known()
    return Known()


def _put(ready: Path, database: Database) -> None:
    """Write the copy into the catalog's file: one transaction, like any other. To rename it would leave the old log."""
    databases.create_file(database)
    with opened(ready, "rw") as copy, opened(Path(str(database.path)), "rw") as live:
        live.execute("PRAGMA journal_mode=WAL")
        _match_pages(copy, live)
        _copy(copy, live, _ALL)
        live.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _match_pages(copy: sqlite3.Connection, live: sqlite3.Connection) -> None:
    """Give the copy pages as large as the catalog's file has: SQLite takes no others."""
    have, want = (connection.execute("PRAGMA page_size").fetchone()[0] for connection in (copy, live))
    if have != want:
        for statement in ("PRAGMA journal_mode=DELETE", f"PRAGMA page_size={want}", "VACUUM"):
            copy.execute(statement)


def _copy(
    source: sqlite3.Connection,
    target: sqlite3.Connection,
    pages: int,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    until = time.monotonic() + BUSY_SECONDS

    def tell(status: int, left: int, total: int) -> None:
        nonlocal until
        if status not in _BUSY:
            until = time.monotonic() + BUSY_SECONDS
        elif time.monotonic() > until:
            raise DatabaseError("the database is locked by another program", hint="wait until it is done")
        on_progress(total - left, total)

    source.backup(target, pages=pages, progress=tell)


def _read(path: Path) -> closing[sqlite_file.FileConnection]:
    return closing(sqlite_file.opened(path))


@contextmanager
def opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Open a file that is no catalog of anybody yet, or is one by the driver alone."""
    name = f"file://{quote(os.fsencode(path.absolute()))}?mode={mode}"
    with closing(sqlite3.connect(name, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        yield connection
