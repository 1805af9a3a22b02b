"""One lock per source, so that a second run does not start in vain. It dies with its holder.

Correctness does not depend on it: the generation of the source decides which run is merged.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.store.engine.database import Database


@contextmanager
def hold(database: Database, source: str) -> Iterator[bool]:
    """Hold the source's lock for the block; gives False when another run has it."""
    holder = _beside_file(database.path.resolve(), source) if database.path else _in_postgres(database, source)
    with database.translated(), holder as mine:
        yield mine


@contextmanager
def _beside_file(path: Path, source: str) -> Iterator[bool]:
    handle = os.open(path.with_name(f"{path.name}-{source}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        yield _flock(handle)
    finally:
        os.close(handle)


def _flock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _in_postgres(database: Database, source: str) -> Iterator[bool]:
    mine = database.locks.take(database.engine, source)
    try:
        yield mine
    finally:
        if mine:
            database.locks.let_go(source)
