"""Copies a catalog into a file, and restores it.

A copy of either database is an SQLite catalog as it was at one moment, and can be restored into either. It is checked
first, and then appears under its name as a whole. A restoration is one transaction. What differs between the databases
is in `sqlite_copy` and `postgres_copy`.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from catalog import files
from catalog.errors import ConfigError, DatabaseError, SchemaError
from catalog.store.backup import postgres_copy, sqlite_copy
from catalog.store.backup.after_restore import Holdings
from catalog.store.engine import driver_errors, locks
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade
from catalog.store.schema.tables import source

# Is called with how much is done, and how much there is, in units of its own.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What a restoration did."""

    holdings: Holdings
    given_up: int  # alerts that may have been sent since the copy was made


def backup(database: Database, path: Path, *, on_progress: Progress) -> Holdings:
    """Copy the catalog into a new file, as it is at one moment, while others may write; give what the copy holds.

    Raises ConfigError when there is such a file already, SchemaError when there is no catalog, DatabaseError when it
    cannot be copied.
    """
    if upgrade.current(database) is None:
        raise SchemaError(f"there is no catalog in {database.describe()}", hint="check database.url")
    _demand_other_name(path, database)
    with _appearing(path) as unfinished:
        copy = sqlite_copy.backup if database.is_sqlite else postgres_copy.backup
        return copy(database, unfinished, on_progress)


def restore(
    database: Database, path: Path, *, now: datetime, replace: bool, sources: Iterable[str], on_progress: Progress
) -> Restored:
    """Put a copy in the catalog's place, all of it or nothing, so that no alert is sent twice.

    `sources` are those whose runs may be active, beside those of the catalog that is there. Raises ConfigError
    when there is a catalog and it is not to be replaced, SchemaError when the copy holds no catalog or one that this
    program does not know, DatabaseError when it is damaged or a run is active.
    """
    _demand_copy(path, database)
    there = _names(database) if database.exists() else []
    if there and not replace:
        hint = "`catalog db backup FILE` keeps what is there; --replace then puts the copy in its place"
        raise ConfigError(f"there is a catalog in {database.describe()}, and it stays as it is", hint=hint)
    with _locked(database, sorted({*there, *sources})):
        copy = sqlite_copy.restore if database.is_sqlite else postgres_copy.restore
        holdings, given_up = copy(database, path, now, on_progress)
    return Restored(holdings=holdings, given_up=given_up)


@contextmanager
def _appearing(path: Path) -> Iterator[Path]:
    """Give a file to write to; after the block it gets the name, as a whole and on disk, unless another has it."""
    try:
        with files.appearing(path, mode=0o600) as unfinished:
            yield unfinished
    except FileExistsError:
        raise ConfigError(f"{path} is there already, and stays as it is", hint="name another file") from None
    except OSError as error:
        words = f"the copy {path} cannot be written: {os.strerror(error.errno or 0)}"
        there = "check its folder: its rights, and its room"
        is_missing = error.errno == errno.ENOENT and not path.parent.is_dir()
        raise DatabaseError(words, hint="make its folder first" if is_missing else there) from None


def _demand_other_name(path: Path, database: Database) -> None:
    """Refuse the names of SQLite's own files: it would take the copy for the log of a dead writer, and delete it."""
    place = database.path
    own = [place.with_name(f"{place.name}{end}") for end in ("-journal", "-wal", "-shm")] if place else []
    if path.resolve() in [name.resolve() for name in own]:
        raise ConfigError(f"{path} is a name that SQLite uses beside its database", hint="name another file")


def _demand_copy(path: Path, database: Database) -> None:
    try:
        there = path.is_file()
    except OSError as error:
        raise driver_errors.explain(error, str(path)) from None
    if not there:
        raise ConfigError(f"there is no file {path}")
    if database.path is not None and database.exists() and database.path.samefile(path):
        raise ConfigError(f"{path} is the catalog itself", hint="name a copy of it")


def _names(database: Database) -> list[str]:
    """Name the sources of the catalog that is there; empty when there is none."""
    try:
        if upgrade.current(database) is None:
            return []
        with database.read() as connection:
            return list(connection.scalars(sa.select(source.c.source)))
    except SchemaError:
        raise
    except DatabaseError as error:
        hints = [error.hint, _out_of_the_way(database)]
        raise DatabaseError(error.message, hint="; ".join(filter(None, hints))) from None


def _out_of_the_way(database: Database) -> str:
    path = database.path
    if path is None:
        return ""
    beside = [name for end in ("", "-wal", "-shm") if (name := path.with_name(f"{path.name}{end}")).exists()]
    return f"if it is damaged, move it away first: mv {' '.join(map(str, beside))} SOMEWHERE"


@contextmanager
def _locked(database: Database, names: Iterable[str]) -> Iterator[None]:
    """Hold the lock of each source, as a run does."""
    with ExitStack() as held:
        for name in names:
            if not held.enter_context(locks.hold(database, name)):
                hint = "wait until it has ended, or stop it"
                raise DatabaseError(f"a run of {name} is active: nothing was restored", hint=hint)
        yield
