"""Writes files that appear whole or not at all. A symbolic link stays one: the file it leads to is written."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK})
_PART = 40  # characters of a name; with what is added to it, it stays below the 255 bytes that file systems allow
_LEFT = re.compile(r"\.(.+)\.[^.]{8}\.partial", re.DOTALL)  # as `_unfinished` names its folders


def target(path: Path) -> Path:
    """Follow every symbolic link, also one that leads nowhere yet. Raises OSError for links that lead in a circle."""
    try:
        place = path.resolve()
    except RuntimeError:  # so says Python before 3.13
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None
    if place.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return place


@contextmanager
def replacing(path: Path, *, mode: int, is_synced: bool = True) -> Iterator[Path]:
    """Give an empty file to write to; at the end of the block it replaces what has the name, in one step.

    A reader of the name always sees the old file or the new one. When the block raises, nothing changes.
    `is_synced`: it survives a power cut, too; a caller that writes very many files has them synced together.
    """
    with _unfinished(target(path), mode, is_synced=is_synced) as (unfinished, place):
        yield unfinished
        if is_synced:
            sync(unfinished)
        unfinished.replace(place)


@contextmanager
def appearing(path: Path, *, mode: int) -> Iterator[Path]:
    """Do the same for a name that nothing has yet. Raises FileExistsError, also when it was taken meanwhile."""
    with _unfinished(target(path), mode) as (unfinished, place):
        if os.path.lexists(place):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        yield unfinished
        sync(unfinished)
        _take_free_name(unfinished, place, mode)


@contextmanager
def _unfinished(place: Path, mode: int, *, is_synced: bool = True) -> Iterator[tuple[Path, Path]]:
    prefix = f".{place.name[:_PART]}."
    with tempfile.TemporaryDirectory(prefix=prefix, suffix=".partial", dir=place.parent) as folder:
        unfinished = Path(folder) / "file"
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY, 0o600))
        unfinished.chmod(mode)
        yield unfinished, place
    # A new name survives a power cut only when its folder is synced, too: https://man7.org/linux/man-pages/man2/fsync.2.html
    if is_synced:
        sync(place.parent)


def _take_free_name(unfinished: Path, place: Path, mode: int) -> None:
    try:
        os.link(unfinished, place)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        unfinished.replace(place)


def sweep(folder: Path, names: Collection[str]) -> None:
    """Delete what was left unfinished of files with these names when their writers were killed; none may be at work."""
    beginnings = {name[:_PART] for name in names}
    for place in folder.iterdir():
        left = _LEFT.fullmatch(place.name)
        if left and left[1] in beginnings and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)


def sync(path: Path) -> None:
    """Let a file, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
