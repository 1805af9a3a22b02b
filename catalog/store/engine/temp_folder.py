"""A folder for files that are gone after the run: the usual one, or, where that has no room, the catalog's own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from catalog.errors import DatabaseError

_ROOM = 16_000_000  # bytes; less is as good as none
_SQLITE = ("SQLITE_TMPDIR", "TMPDIR")
_USUAL = ("/var/tmp", "/usr/tmp", "/tmp", ".")  # noqa: S108 - the places SQLite looks at, in its order


def folder(beside: Path | None) -> Path | None:
    """Give the first folder that has room; `beside` is the catalog's. None: there is no such folder."""
    return next(filter(has_room, _places(beside)), None)


def fault(beside: Path | None) -> DatabaseError | None:
    """Say so if there is no folder that has room."""
    return None if folder(beside) else _none()


def demanded(beside: Path | None) -> Path:
    """Give the folder, where nothing can be done without one. Raises DatabaseError when there is none."""
    place = folder(beside)
    if place is None:
        raise _none()
    return place


def for_sqlite(beside: Path) -> Path | None:
    """Give the folder that SQLite is to use instead of its own choice; None: its choice has room, or nothing has."""
    named = [os.environ[name] for name in _SQLITE if os.environ.get(name)]
    chosen = next((place for place in map(Path, [*named, *_USUAL]) if _is_open(place)), None)
    if chosen is not None and has_room(chosen):
        return None
    return folder(beside)


def has_room(place: Path, *, least: int | None = None) -> bool:
    """Tell whether files can be made there, and a good many bytes written."""
    try:
        state = os.statvfs(place)
    except OSError:
        return False
    room = state.f_bavail * state.f_frsize >= (_ROOM if least is None else least)
    return _is_open(place) and room and (not state.f_files or state.f_favail > 0)


def _is_open(place: Path) -> bool:
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def _places(beside: Path | None) -> Iterator[Path]:
    with suppress(OSError):  # it looks at them all, and finds none that is there, open, and has room for a word
        yield Path(tempfile.gettempdir())
    yield from filter(None, [beside])
    yield from map(Path, _USUAL)


def _none() -> DatabaseError:
    hint = "make room, or name a folder that has some in the variable TMPDIR"
    return DatabaseError("no folder for temporary files has room for them", hint=hint)
