"""Copies and pages that a process makes which dies: before or after any call that it makes, or at any time.

python -m tests.attacks.interrupted      # reads an order per line, as JSON; writes how its child ended
"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from catalog.store.backup import copies
from catalog.web.site.folder import FolderBusyError
from tests.attacks import deaths
from tests.store import copying
from tests.store import world as worlds
from tests.web import test_publish

WATCHED = tuple(map(str, Path(copies.__file__).parent.glob("*.py")))
OPERATIONS = {"open", "os.mkdir", "os.chmod", "os.rename", "os.remove", "os.rmdir", "os.truncate"}
ENDLESS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class End:
    """How it ended: killed, or done after so many moments at which it could have been killed."""

    killed: bool
    moments: int


class Copyist:
    """Talks to the program, in which nothing else goes on that a fork could harm."""

    def __init__(self) -> None:
        """Start it; it takes a second to load."""
        command = [sys.executable, "-m", "tests.attacks.interrupted"]
        self.process = subprocess.Popen(
            command, cwd=deaths.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def order(
        self, what: str, url: str, file: Path, now: datetime, *, moment: int = ENDLESS, seconds: float = 0.0
    ) -> End:
        """Let a child do it, and die at a moment, counted from 0, or after some seconds, unless it ended before."""
        order = {"what": what, "url": url, "file": str(file), "now": now.isoformat()}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({**order, "moment": moment, "seconds": seconds}) + "\n")
        self.process.stdin.flush()
        died, moments = json.loads(self.process.stdout.readline())
        assert died in {0, signal.SIGKILL, signal.SIGALRM}, "it failed otherwise"
        return End(killed=died != 0, moments=moments)

    def close(self) -> None:
        """Let it end."""
        self.process.communicate(timeout=10)


def watch(come: Callable[[], None]) -> None:
    """Call `come` before and after every call that the modules of copies make, of Python or of C."""

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        if frame.f_code.co_filename.endswith(WATCHED):
            come()

    sys.setprofile(profile)


def watch_files(folder: str, come: Callable[[], None]) -> None:
    """Call `come` before every operation on a file or a folder below this one: https://docs.python.org/3/library/audit_events.html."""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in OPERATIONS and str(arguments[0]).startswith(folder):
            come()

    sys.addaudithook(hear)


def backup(url: str, file: Path, _now: datetime) -> None:
    copies.backup(worlds.open_hastily(url), file, on_progress=copying.unseen)


def restore(url: str, file: Path, now: datetime) -> None:
    database = worlds.open_hastily(url)
    copies.restore(database, file, now=now, replace=True, sources=("one",), on_progress=copying.unseen)


def publish(url: str, file: Path, now: datetime) -> None:
    with suppress(FolderBusyError):
        test_publish.write(url, file, now=now, source="one", base_url=test_publish.ABSOLUTE)


MAKE = {"backup": backup, "restore": restore, "publish": publish}


def act(order: dict[str, Any], writer: int) -> None:
    count = [0]

    def come() -> None:
        if count[0] == order["moment"]:
            os.kill(os.getpid(), signal.SIGKILL)
        count[0] += 1

    signal.setitimer(signal.ITIMER_REAL, order["seconds"])  # its signal kills whoever does not expect it
    if order["what"] == "publish":
        watch_files(order["file"], come)
    else:
        watch(come)
    MAKE[order["what"]](order["url"], Path(order["file"]), datetime.fromisoformat(order["now"]))
    sys.setprofile(None)
    os.write(writer, str(count[0]).encode())


def main() -> None:
    logging.disable()
    for line in sys.stdin:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            act(json.loads(line), writer)
            os._exit(0)
        os.close(writer)
        died = os.WTERMSIG(os.waitpid(child, 0)[1])
        with os.fdopen(reader) as pipe:
            moments = int(pipe.read() or 0)
        sys.stdout.write(json.dumps([died, moments]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
