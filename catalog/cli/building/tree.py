"""The text of a code base: the files that git tracks, where there is git, else all that are no part of it."""

import errno
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from shlex import quote
from typing import BinaryIO

from catalog.errors import ConfigError

_BLOCK = 1 << 20  # bytes that are looked at together, and the longest line that is read whole
_CUT = 4096  # bytes; what is cut in a longer line is never shorter than a word
_HEAD = 8000  # bytes; git, too, takes a file for binary when a NUL is among them
_OF_HOOKS = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
_BOM = b"\xef\xbb\xbf"


def files(path: Path, warn: Callable[[str], object]) -> Iterator[Path]:
    """Give the files at a path, which may be one itself. Symbolic links below it are not followed.

    `warn` is told when git is needed and not there. Raises ConfigError for a path that is not there, or where git
    refuses.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        raise ConfigError(f"{path} is not there", hint="name a file or a folder of a code base") from None
    if not is_folder:
        yield path.resolve() if path.is_symlink() else path
    elif any(map(_has_git, (path.resolve(), *path.resolve().parents))):
        yield from _tracked(path, warn)
    else:
        yield from _below(path, warn)


def _has_git(folder: Path) -> bool:
    """Tell whether git keeps a folder; one that may not be searched tells nothing."""
    return os.path.exists(folder / ".git")  # noqa: PTH110 - Path's own raises PermissionError there


def _tracked(folder: Path, warn: Callable[[str], object]) -> Iterator[Path]:
    # A hook that the repository itself names must not be started: fsmonitor would be.
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), "ls-files", "-z", "--cached"]
    # Where a hook of git calls us, these speak of the repository of the hook.
    environment = {name: value for name, value in os.environ.items() if name not in _OF_HOOKS}
    try:
        told = subprocess.run(command, capture_output=True, check=False, env=environment)  # noqa: S603 - a fixed command, and a path
    except OSError:
        warn(f"git is not there: what it ignores in {folder} is read, too")
        yield from _below(folder, warn, is_tracked=False)
        return
    if told.returncode:
        hint = f"see why: git -C {quote(str(folder))} ls-files"
        hint += "; in a container often: git config --global --add safe.directory '*'"
        raise ConfigError(f"git does not tell which files of {folder} it tracks", hint=hint)
    root = folder.resolve()
    is_inside = cache(lambda parent: parent.resolve().is_relative_to(root))  # a folder may be a link by now
    for name in dict.fromkeys(told.stdout.split(b"\0")[:-1]):  # a file in conflict is named three times
        path = folder / os.fsdecode(name)
        if is_inside(path.parent):
            yield path


def _below(folder: Path, warn: Callable[[str], object], *, is_tracked: bool = True) -> Iterator[Path]:
    entries: list[os.DirEntry[str]] = []
    with suppress(OSError), os.scandir(folder) as found:  # it may have vanished, or may not be read
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name == ".git" or entry.is_symlink():
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield folder / entry.name
        elif is_tracked and _has_git(folder / entry.name):
            yield from _tracked(folder / entry.name, warn)
        else:
            yield from _below(folder / entry.name, warn, is_tracked=is_tracked)


def blocks(path: Path) -> Iterator[bytes]:
    """Read a text file piece by piece, whole lines where they are not huge; nothing of one that is binary or gone."""
    with suppress(OSError), open(path, "rb", opener=_opened) as file:
        yield from _pieces(file)


def _opened(path: str, flags: int) -> int:
    """Open a regular file that is no link, and wait for nothing."""
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, "no regular file")


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    left, is_first = b"", True
    while block := file.read(_BLOCK):
        if is_first and b"\0" in block[:_HEAD]:
            return
        more = file.readline(_BLOCK)
        block, left = _parted(left + block + more, is_cut=len(more) == _BLOCK)
        yield block.removeprefix(_BOM) if is_first else block
        is_first = False
    if left:
        yield left


def _parted(block: bytes, *, is_cut: bool) -> tuple[bytes, bytes]:
    """Cut a block that ends inside of a line before its last word."""
    if not is_cut or block.endswith(b"\n"):
        return block, b""
    cut = max(block.rfind(end, len(block) - _CUT) for end in (b" ", b"\t", b",", b";", b"(", b")"))
    return (block[: cut + 1], block[cut + 1 :]) if cut > 0 else (block, b"")
