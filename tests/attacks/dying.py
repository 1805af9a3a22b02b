"""A program for the attacks: makes a run, then runs that die by SIGKILL, each at the moment it is told.

python -m tests.attacks.dying WORKLOAD MODELS_URL DATABASE_URL MINUTES    # reads moments, writes a signal for each
"""

import logging
import os
import signal
import sys

from tests.attacks import moments, workloads
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import World


class Elsewhere(ModelsServer):
    """A models list that another process serves."""

    def __init__(self, address: str) -> None:
        """Listen nowhere."""
        self.address = address

    @property
    def url(self) -> str:
        return self.address


def run(world: World, failures: int, moment: int) -> None:
    """Make a run that dies at a moment, counted from 0."""
    left = [moment]

    def count(_moment: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    moments.watch(world.database, count)
    workloads.run(world, failures)


def main(name: str, models: str, database: str, minutes: float) -> None:
    logging.disable()
    failures = workloads.ALL[name].failures
    world = worlds.build(Elsewhere(models), database)
    world.pass_minutes(minutes)
    began = world.now
    workloads.run(world, failures)  # so that every statement is compiled before the first fork
    world.now = began
    world.client.close()
    world.database.close()
    tell(0)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(world, failures, int(line))
            os._exit(0)
        tell(os.WTERMSIG(os.waitpid(child, 0)[1]))


def tell(signal_: int) -> None:
    sys.stdout.write(f"{signal_}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
