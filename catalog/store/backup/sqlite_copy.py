"""Copies and restores SQLite files by the backup API of SQLite: https://sqlite.org/backup.html."""

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

_PAGES, _ALL = 2048, -1  # pages in one step
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
NO_COPY = "no copy was made; `catalog db restore` brings an older one back"


def backup(database: Database, path: Path, on_progress: Callable[[int, int], None]) -> Holdings:
    """Copy the catalog into an empty file, check the copy, and give what it holds. It needs no other file beside it."""
    with (
        database.translated(),
        closing(sqlite_file.opened(Path(str(database.path)))) as live,
        opened(path, "rw") as copy,
    ):
        live.execute("BEGIN")  # one view for all steps: each write in between would make the backup start again
        live.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        _copy(live, copy, _PAGES, on_progress)
        sqlite_file.demand_same(live.stamp)
        copy.execute("PRAGMA journal_mode=DELETE")
    with closing(copy_file.catalog(path)) as made:
        return copy_file.checked(made, database.describe(), NO_COPY)


def restore(
    database: Database, path: Path, now: datetime, on_progress: Callable[[int, int], None]
) -> tuple[Holdings, int]:
    """Prepare the copy beside the catalog, then write it into the catalog's file.

    Gives what the copy holds, and how many alerts were given up.
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
    """Check the copy, upgrade it, and let it send nothing twice."""
    holdings = copy_file.checked(copy, str(path), after_restore.ANOTHER_MAY_DO)
    upgrade.ensure(copy)
    copy_file.demand_history(path, invariants.broken(copy))
    with copy.write() as connection:
        return holdings, after_restore.repeat_nothing(connection, path, before, now)


def _known(database: Database) -> Known:
    """Read what the catalog that is replaced knows; nothing if it cannot be read."""
    if database.exists():
        with suppress(DatabaseError), database.read() as connection:
            revision = upgrade.revision(database, connection)
            with after_restore.parsing(database.path):
                return after_restore.known(connection) if revision else Known()
    return Known()


def _put(ready: Path, database: Database) -> None:
    """Write the copy into the catalog's file, as one transaction. A renamed copy would meet the old log."""
    databases.create_file(database)
    with opened(ready, "rw") as copy, opened(Path(str(database.path)), "rw") as live:
        live.execute("PRAGMA journal_mode=WAL")
        _match_pages(copy, live)
        _copy(copy, live, _ALL)
        live.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _match_pages(copy: sqlite3.Connection, live: sqlite3.Connection) -> None:
    """Give the copy pages of the size that the catalog's file has: SQLite takes no others into WAL mode."""
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


@contextmanager
def opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Open a file by the driver alone, without the rules of `Database`."""
    name = f"file://{quote(os.fsencode(path.absolute()))}?mode={mode}"
    with closing(sqlite3.connect(name, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        yield connection
