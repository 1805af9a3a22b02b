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
from catalog.errors import DatabaseError, SchemaError
from catalog.store import database as databases
from catalog.store import invariants, readonly, refusals, restored, upgrade
from catalog.store.database import BUSY_SECONDS, Database
from catalog.store.restored import Holdings, Known

_PAGES, _ALL = 2048, -1  # in one step
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_MAGIC = b"SQLite format 3\0"
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_MADE_OF_ONE = "name one that `catalog db backup` made of an SQLite catalog; those of Postgres go into a Postgres"
_NO_COPY = "no copy was made; `catalog db restore` brings an older one back"


def backup(database: Database, path: Path, revision: str, on_progress: Callable[[int, int], None]) -> Holdings:
    """Copy the catalog into an empty file, check the copy, and give what it holds. It needs no other file beside it."""
    with database.translated(), _read(Path(str(database.path))) as live, _opened(path, "rw") as copy:
        live.execute("BEGIN")  # one view for all steps: a writer in between would make it start again, for ever
        live.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        _copy(live, copy, _PAGES, on_progress)
        readonly.demand_same(live.stamp)
        copy.execute("PRAGMA journal_mode=DELETE")
    with closing(_catalog(path)) as made:
        _demand_sound(made, database.describe(), _NO_COPY)
        with made.read() as connection:
            return restored.holdings(connection, revision)


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
        with closing(_catalog(ready)) as copy:
            holdings, given_up = _prepare(copy, path, _known(database), now)
        _put(ready, database)
    return holdings, given_up


def _fetch(path: Path, ready: Path, on_progress: Callable[[int, int], None]) -> None:
    with _translated(path), path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise SchemaError(f"{path} is no copy of an SQLite catalog", hint=_MADE_OF_ONE)
    with _translated(path), _opened(path, "ro") as source, _opened(ready, "rwc") as copy:
        _copy(source, copy, _PAGES, on_progress)
        copy.execute("PRAGMA journal_mode=DELETE")


def _prepare(copy: Database, path: Path, before: Known, now: datetime) -> tuple[Holdings, int]:
    """Check the copy, bring it to the newest schema, and let it repeat nothing."""
    revision = _demand_sound(copy, str(path), restored.ANOTHER_MAY_DO)
    upgrade.ensure(copy)
    broken = invariants.broken(copy)
    if broken:
        raise DatabaseError(
            f"{path} is damaged: its history breaks the rule that {broken[0].rule}", hint=restored.ANOTHER_MAY_DO
        )
    with copy.write() as connection:
        with restored.parsing(path):
            holdings = restored.holdings(connection, revision)
        return holdings, restored.repeat_nothing(connection, path, before, now)


def _demand_sound(copy: Database, name: str, hint: str) -> str:
    """Demand a catalog that this program knows, in a file that is whole; give its revision. `name` is for people."""
    try:
        revision, faults = upgrade.current(copy), invariants.unsound(copy)
    except SchemaError as error:
        raise SchemaError(error.message.replace(str(copy.path), name), hint=error.hint) from None
    except DatabaseError:
        raise DatabaseError(f"{name} is damaged", hint=hint) from None
    if revision is None:
        raise SchemaError(f"{name} holds no catalog", hint="name a file made by `catalog db backup`")
    if faults:
        raise DatabaseError(f"{name} is damaged: it breaks the rule that {faults[0].rule}", hint=hint)
    return revision


def _known(database: Database) -> Known:
    """Ask the catalog that is to be replaced what it knows; nothing if it cannot say."""
    if database.exists():
        with suppress(DatabaseError), database.read() as connection:
            revision = upgrade.revision(database, connection)
            with restored.parsing(database.path):
                return restored.known(connection, revision) if revision else Known()
    return Known()


def _put(ready: Path, database: Database) -> None:
    """Write the copy into the catalog's file: one transaction, like any other. To rename it would leave the old log."""
    databases.create_file(database)
    with _opened(ready, "rw") as copy, _opened(Path(str(database.path)), "rw") as live:
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


def _read(path: Path) -> closing[readonly.Reading]:
    return closing(readonly.opened(path, seconds=BUSY_SECONDS))


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    name = f"file://{quote(os.fsencode(path.absolute()))}?mode={mode}"
    with closing(sqlite3.connect(name, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA synchronous=FULL")
        yield connection


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        if getattr(error, "sqlite_errorname", "").startswith(_DAMAGED):
            raise DatabaseError(f"{path} is damaged", hint=restored.ANOTHER_MAY_DO) from None
        raise refusals.explain(error, str(path)) from None


def _catalog(path: Path) -> Database:
    return databases.open_(f"sqlite:///{path}")
