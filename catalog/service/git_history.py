"""The history of a file in a git repository, as recorded answers: one for each commit that touched it.

The commits are those of the branch itself (`--first-parent`): what was done beside it counts when it was merged. A
commit that left the file alone is no look at the list. The time is that of the commit (the committer's), at which the
answer was certainly there; where a clock went back, the order of the commits counts.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import IO

from catalog.errors import AnswerError, ConfigError
from catalog.service import looks
from catalog.service.looks import Look

_LOG = (
    *("log", "--follow", "--first-parent", "-m", "--raw", "--no-abbrev", "-z"),
    *("--no-show-signature", "--no-ext-diff", "--format=%x01%H %ct"),
)
_PLACES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE")
_TICK = timedelta(microseconds=1)
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit that touched the file; `blob` is what the file holds since then, None: it is gone."""

    name: str
    at: datetime
    blob: str | None
    begins: bool  # as a copy of another file, whose history is not its own


@contextmanager
def opened(repository: Path, file: str, *, now: datetime, max_bytes: int) -> Iterator[tuple[Look, ...]]:
    """Give the looks, oldest first; they can be read inside the block.

    Raises ConfigError when there is no git, no repository, or no commit of the file.
    """
    git = shutil.which("git")
    if git is None:
        raise ConfigError("git is not installed, so no repository can be read")
    command = (git, "-c", "log.showSignature=false", "--no-replace-objects", "-C", str(repository))
    # Inside of a hook, git's own variables name another repository.
    outer = {name: value for name, value in os.environ.items() if name not in _PLACES}
    environment = outer | {"GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
    asked = [*command, *_LOG, "--", file]
    told = subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=environment)  # noqa: S603 - git alone
    if told.returncode:
        hint = f"`git -C {quote(str(repository))} log -- {quote(file)}` says why"
        raise ConfigError(f"git cannot read the history of {file} in {repository}", hint=hint)
    commits = history(told.stdout)
    if not commits:
        hint = f"`git -C {quote(str(repository))} ls-files` lists what there is"
        raise ConfigError(f"no commit in {repository} touched {file}", hint=hint)
    with closing(_Objects([*command, "cat-file", "--batch"], environment)) as objects:
        yield looks.in_order([_look(each, file, objects, max_bytes) for each in commits], now)


def history(log: bytes) -> list[Commit]:
    """Read what `git log` printed, newest first, into commits, oldest first, each later than the one before."""
    found = list[Commit]()
    for told in log.split(b"\x01")[1:]:
        head, _, raw = told.partition(b"\x00")
        name, seconds = head.decode().split()
        _, mode, _, blob, status, *_ = raw.decode(errors="replace").lstrip("\n:").replace("\x00", " ").split(" ")
        at = datetime.fromtimestamp(int(seconds), UTC)
        found.append(Commit(name=name, at=at, blob=None if mode == "000000" else blob, begins=status.startswith("C")))
        if found[-1].begins:
            break
    ordered = list[Commit]()
    for each in reversed(found):
        at = max(each.at, ordered[-1].at + _TICK) if ordered else each.at
        ordered.append(Commit(name=each.name, at=at, blob=each.blob, begins=each.begins))
    return ordered


def _look(commit: Commit, file: str, objects: "_Objects", max_bytes: int) -> Look:
    name = f"{looks.spelled(Path(file))} in commit {commit.name[:12]}"
    return Look(begin=commit.at, end=commit.at, name=name, read=lambda: _read(commit, objects, max_bytes))


def _read(commit: Commit, objects: "_Objects", max_bytes: int) -> bytes:
    if commit.blob is None:
        raise AnswerError("the file was deleted")
    kind, body = objects.read(commit.blob, max_bytes)
    if kind != "blob":
        raise AnswerError("it is no file")
    return looks.demand_size(body, max_bytes)


class _Objects:
    """Reads objects by one process of git; by a new one after a damaged object, which ends it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command, self._environment = command, environment
        self._git = self._begun()

    def close(self) -> None:
        """End the process."""
        with self._git:  # closes its pipes, and waits
            pass

    def read(self, name: str, max_bytes: int) -> tuple[str, bytes]:
        """Give the kind of an object, and its bytes: of very many, only one more than may be. Raises AnswerError."""
        asked, answered = self._git.stdin, self._git.stdout
        if asked is None or answered is None:
            raise AnswerError("git does not answer")
        with suppress(BrokenPipeError):
            os.write(asked.fileno(), f"{name}\n".encode())
        head = answered.readline().decode().split()  # name, kind and size
        body, left = _content(answered, int(head[2]), max_bytes) if head[2:] else (b"", 0)
        if left or not head:
            self.close()
            self._git = self._begun()
        if left or not head[2:]:
            raise AnswerError("git does not have what the file held: the repository may be damaged, or a partial copy")
        return head[1], body

    def _begun(self) -> "subprocess.Popen[bytes]":
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        return subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=nothing, env=self._environment)  # noqa: S603 - git alone


def _content(answered: IO[bytes], size: int, max_bytes: int) -> tuple[bytes, int]:
    """Read an object to its end, but keep no more than one byte too many. Gives also how many bytes are lacking."""
    body = answered.read(min(size, max_bytes + 1))
    left = size + 1 - len(body)  # with a newline
    while left > 0 and (more := answered.read(min(left, _CHUNK))):
        left -= len(more)
    return body, left
