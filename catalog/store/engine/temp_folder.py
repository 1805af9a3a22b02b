"""Finds a folder with room for temporary files: the usual one, or the catalog's own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from catalog.errors import DatabaseError

_ROOM = 16_000_000  # bytes; less is as good as none
_SQLITE = ("SQLITE_TMPDIR", "TMPDIR")
_USUAL = ("/var/tmp", "/usr/tmp", "/tmp", ".")  # noqa: S108 - the folders of SQLite (sqlite.org/tempfiles.html)


def folder(beside: Path | None) -> Path | None:
    """Give the first folder that has room, or None; `beside` is the catalog's own."""
    return next(filter(has_room, _places(beside)), None)


def fault(beside: Path | None) -> DatabaseError | None:
    """Give the error for having no folder with room; None: there is one."""
    return None if folder(beside) else _none()


def demanded(beside: Path | None) -> Path:
    """Give the folder. Raises DatabaseError when there is none."""
    place = folder(beside)
    if place is None:
        raise _none()
    return place


def for_sqlite(beside: Path) -> Path | None:
    """Give the folder that SQLite must be told to use; None: its own choice has room, or no folder has."""
    named = [os.environ[name] for name in _SQLITE if os.environ.get(name)]
    chosen = next((place for place in map(Path, [*named, *_USUAL]) if _is_open(place)), None)
    if chosen is not None and has_room(chosen):
        return None
    return folder(beside)


def has_room(place: Path, *, least: int | None = None) -> bool:
    """Tell whether files can be made in a folder, with room for `least` bytes."""
    try:
        state = os.statvfs(place)
    except OSError:
        return False
    room = state.f_bavail * state.f_frsize >= (_ROOM if least is None else least)
    return _is_open(place) and room and (not state.f_files or state.f_favail > 0)


def _is_open(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _places(beside: Path | None) -> Iterator[Path]:
    with suppress(OSError):  # raised where it can write a file in none of its choices
        yield Path(tempfile.gettempdir())
    yield from filter(None, [beside])
    yield from map(Path, _USUAL)


def _none() -> DatabaseError:
    hint = "make room, or name a folder that has some in the variable TMPDIR"
    return DatabaseError("no folder for temporary files has room for them", hint=hint)
