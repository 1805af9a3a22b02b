"""Runs of any kind that die by SIGKILL, each at the moment it is told; and the program in which they live.

python -m tests.attacks.mortal      # reads a line of JSON for each run; writes its exit code, less than 0 for a signal
"""

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.domain import Policy
from tests.attacks import moments
from tests.attacks.dying import Elsewhere
from tests.attacks.facts import Wish
from tests.attacks.ways import WAYS
from tests.store import world as worlds
from tests.store.world import World

ROOT = Path(__file__).parents[2]
MORTAL = "mortal"  # what a Postgres knows those by who are about to die


class Executioner:
    """Talks to the program, in which nothing else goes on that a fork could harm."""

    def __init__(self) -> None:
        """Start it; it takes a second to load."""
        command = [sys.executable, "-m", "tests.attacks.mortal"]
        self.process = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def kill(self, world: World, way: str, source: str, wish: Wish, moment: int) -> bool:
        """Make a run as this world would, of a list that goes on this way.

        Tell whether it came to the moment, counted from 0, and died.
        """
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order(world, way, source, wish, moment)) + "\n")
        self.process.stdin.flush()
        code = int(self.process.stdout.readline())
        assert code in {0, -signal.SIGKILL}, "the run failed otherwise"
        return code != 0

    def close(self) -> None:
        """Let it end."""
        self.process.communicate(timeout=10)


def order(world: World, way: str, source: str, wish: Wish, moment: int) -> dict[str, Any]:
    name = "" if world.database.is_sqlite else f"{'&' if '?' in world.url else '?'}application_name={MORTAL}"
    return {
        "url": world.url + name,
        "address": world.server.url,
        "now": world.now.isoformat(),
        "page_size": world.page_size,
        "betas": world.betas,
        "way": way,
        "source": source,
        "confirm_after": world.policy.confirm_after.total_seconds(),
        "max_removed_percent": world.policy.max_removed_percent,
        "min_removed": world.policy.min_removed,
        "wish": wish.options(),
        "moment": moment,
    }


def run(order: dict[str, Any]) -> None:
    """Make a run as it was ordered."""
    left = [order["moment"]]

    def count(_moment: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    world = worlds.build(Elsewhere(order["address"]), order["url"])
    world.now = datetime.fromisoformat(order["now"])
    world.page_size, world.betas = order["page_size"], tuple(order["betas"])
    world.layout = WAYS[order["way"]].settings()
    world.policy = Policy(
        confirm_after=timedelta(seconds=order["confirm_after"]),
        max_removed_percent=order["max_removed_percent"],
        min_removed=order["min_removed"],
    )
    moments.watch(world.database, count)
    world.sync(name=order["source"], after=0, **order["wish"])


def main() -> None:
    logging.disable()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
