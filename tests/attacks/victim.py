"""Runs and sendings that die by SIGKILL, each at the moment it is told; and the program in which they live.

python -m tests.attacks.victim      # reads an order per line, as JSON; writes the signal its child died of, or 0
"""

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from catalog.alerts.channels import webhook
from catalog.service import deliver
from tests.attacks import deaths, moments, providers
from tests.store import delivering
from tests.subscribing import team


class Victims:
    """Talks to the program, in which nothing else goes on that a fork could harm."""

    def __init__(self) -> None:
        """Start it; it takes a second to load."""
        command = [sys.executable, "-m", "tests.attacks.victim"]
        self.process = subprocess.Popen(
            command, cwd=deaths.ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def kill(self, order: dict[str, Any]) -> bool:
        """Let a child do as ordered; tell whether it was killed before it was done."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline()) == signal.SIGKILL

    def close(self) -> None:
        """Let it end."""
        self.process.communicate(timeout=10)


def act(order: dict[str, Any]) -> None:
    world = providers.build(Path(order["config"]))
    world.pass_minutes(order["minutes"])
    moments.watch(world.database, deaths.countdown(order["moment"]))
    told = team(*order["events"])
    if order["what"] == "sync":
        world.sync(name=order["source"], after=1, subscriptions=told)
    else:
        hook = webhook.open_(order["hook"] + "/hook", clock=lambda: world.now)
        deliver.catch_up(world.database, told, delivering.sender(world, {"team": hook}))


def main() -> None:
    logging.disable()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            act(json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{os.WTERMSIG(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
