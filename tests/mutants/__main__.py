"""Puts seeded bugs into copies of the tree, one each, and says which of them the tests catch: `./dev mutants [WORDS]`.

The bugs are listed in bugs.toml. Each is first held against the tests nearest to it, and what passes there against
all tests that `./dev check` runs. Exit 1 when one survives.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests import volume

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("bugs.toml")
_PYTEST = (sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header")
_LONGEST = 3600  # seconds for all tests: a bug that hangs them is caught, too


@dataclass(frozen=True, kw_only=True, slots=True)
class Bug:
    """A bug as somebody could write it."""

    name: str
    file: str
    was: str
    now: str
    tests: str  # where it should be caught first, as arguments of pytest
    equivalent: str = ""  # why nobody could notice it

    def written_into(self, text: str) -> str:
        """Give the file's text with the bug. Raises ValueError when the place is not there exactly once."""
        if text.count(self.was) != 1:
            message = f"{self.name}: {self.file} holds the text {text.count(self.was)} times: {self.was!r}"
            raise ValueError(message)
        return text.replace(self.was, self.now)


def bugs(words: str = "") -> list[Bug]:
    """List the bugs whose name or file contains some words."""
    listed = [Bug(**entry) for entry in tomllib.loads(LIST.read_text("utf-8"))["bug"]]
    return [bug for bug in listed if words in bug.name or words in bug.file]


@contextmanager
def snapshot() -> Iterator[Path]:
    """Copy the tree as it is now, so that whoever goes on writing in it disturbs nothing."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory(prefix="catalog-mutants-") as folder:
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, Path(folder, name))
        yield Path(folder)


def caught_by(bug: Bug, original: Path, *, near_only: bool) -> str | None:
    """Name the tests that catch a bug, in a copy of the tree; None: it survives them."""
    with tempfile.TemporaryDirectory(prefix="catalog-mutant-") as folder:
        tree = shutil.copytree(original, Path(folder, "tree"))
        path = tree / bug.file
        path.write_text(bug.written_into(path.read_text("utf-8")), "utf-8")
        if fails(tree, bug.tests.split()):
            return bug.tests
        if not near_only and fails(tree, ["tests", "-m", "not wheel"]):
            return "all tests"
    return None


def fails(tree: Path, tests: Sequence[str]) -> bool:
    """Tell whether one of the tests fails in a tree, hangs, or ends Python by a signal."""
    # Processes that a test starts elsewhere must find the copy, too.
    surroundings = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            [*_PYTEST, *tests],
            cwd=tree,
            env=surroundings,
            check=False,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
        )
    except subprocess.TimeoutExpired:
        return True
    if ended.returncode > 1:
        message = f"pytest could not run {' '.join(tests)}:\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}"
        raise RuntimeError(message)
    return ended.returncode != 0


def say(line: str) -> None:
    """Tell it at once: the whole takes long."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _survivors(chosen: Sequence[Bug], caught_by: Callable[[Bug], str | None], *, jobs: int) -> int:
    survivors = 0
    with ThreadPoolExecutor(jobs) as pool:
        for bug, caught in zip(chosen, pool.map(caught_by, chosen), strict=True):
            survivors += caught is None
            say(f"{'SURVIVES' if caught is None else 'caught  '}  {bug.name}  ({caught or bug.file})")
    return survivors


def main() -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(prog="./dev mutants", description="Say which seeded bugs the tests catch.")
    parser.add_argument("words", nargs="?", default="", help="only bugs whose name or file contains this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at once")
    parser.add_argument("--near", action="store_true", help="hold each against the tests nearest to it alone")
    parser.add_argument("--record", action="store_true", help="write what it came to into docs/generate/attacks.json")
    asked = parser.parse_args()
    chosen = [bug for bug in bugs(asked.words) if not bug.equivalent]
    began = time.monotonic()
    with snapshot() as original:
        for tests in dict.fromkeys(bug.tests for bug in chosen):
            if fails(original, tests.split()):  # then their failing would say nothing
                parser.exit(2, f"{tests} fails without any bug\n")
        survivors = _survivors(chosen, partial(caught_by, original=original, near_only=asked.near), jobs=asked.jobs)
    took = (time.monotonic() - began) / 60
    say(f"{len(chosen) - survivors} of {len(chosen)} caught, in {took:.0f} minutes")
    if asked.record:
        volume.keep("mutants", None, {"./dev mutants": {"seeded bugs": len(chosen), "survived": survivors}})
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
