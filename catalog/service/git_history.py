"""The history of a file in a git repository, as recorded answers: one for each commit that touched it.

The commits are those of the branch itself (`--first-parent`): what was done beside it counts when it was merged. A
commit that left the file alone is no look at the list. The time is that of the commit (the committer's), at which the
answer was certainly there; where a clock went back, the order of the commits counts.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
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
    asked = [*command, "cat-file", "--batch"]
    with subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as batch:  # noqa: S603 - as above
        yield looks.in_order([_look(each, file, batch, max_bytes) for each in commits], now)


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


def _look(commit: Commit, file: str, batch: "subprocess.Popen[bytes]", max_bytes: int) -> Look:
    name = f"{looks.spelled(Path(file))} in commit {commit.name[:12]}"
    return Look(begin=commit.at, end=commit.at, name=name, read=lambda: _read(commit, batch, max_bytes))


def _read(commit: Commit, batch: "subprocess.Popen[bytes]", max_bytes: int) -> bytes:
    if commit.blob is None:
        raise AnswerError("the file was deleted")
    asked, answered = batch.stdin, batch.stdout
    if asked is None or answered is None:
        raise AnswerError("git does not answer")
    asked.write(f"{commit.blob}\n".encode())
    asked.flush()
    _, kind, *size = answered.readline().decode().split() or ("", "missing")
    if kind == "missing" or not size:
        raise AnswerError("git does not have what the file held: the repository may be damaged, or a partial copy")
    body = _content(answered, int(size[0]), max_bytes)
    if kind != "blob":
        raise AnswerError("it is no file")
    return looks.demand_size(body, max_bytes)


def _content(answered: IO[bytes], size: int, max_bytes: int) -> bytes:
    """Read an object to its end, but keep no more than one byte too many."""
    body = answered.read(min(size, max_bytes + 1))
    left = size + 1 - len(body)  # with a newline
    while left > 0 and (more := answered.read(min(left, _CHUNK))):
        left -= len(more)
    return body
