"""Copies that are made or brought back by a process that dies: before or after any call that it makes, or at any time.

python -m tests.attacks.interrupted      # reads an order per line, as JSON; writes how its child ended
"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

from catalog.store.backup import copies
from tests.attacks import deaths
from tests.store import copying
from tests.store import world as worlds

WATCHED = tuple(map(str, Path(copies.__file__).parent.glob("*.py")))
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


def act(order: dict[str, Any], writer: int) -> None:
    database = worlds.open_hastily(order["url"])
    count = [0]

    def come() -> None:
        if count[0] == order["moment"]:
            os.kill(os.getpid(), signal.SIGKILL)
        count[0] += 1

    signal.setitimer(signal.ITIMER_REAL, order["seconds"])  # its signal kills whoever does not expect it
    watch(come)
    if order["what"] == "backup":
        copies.backup(database, Path(order["file"]), on_progress=copying.unseen)
    else:
        now = datetime.fromisoformat(order["now"])
        copies.restore(
            database, Path(order["file"]), now=now, replace=True, sources=("one",), on_progress=copying.unseen
        )
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
