"""A program for the attacks: makes a run, then runs that die, each at the moment it is told.

python -m tests.attacks.dying WORKLOAD MODELS_URL DATABASE_URL MINUTES
"""

import sys

from tests.attacks import deaths, moments, workloads
from tests.server import ModelsServer
from tests.store import world as worlds


class Elsewhere(ModelsServer):
    """A models list that another process serves."""

    def __init__(self, address: str) -> None:
        """Listen nowhere."""
        self.address = address

    @property
    def url(self) -> str:
        return self.address


def main(name: str, models: str, database: str, minutes: float) -> None:
    failures = workloads.ALL[name].failures
    world = worlds.build(Elsewhere(models), database)
    world.pass_minutes(minutes)
    began = world.now
    workloads.run(world, failures)  # so that every statement is compiled before the first fork
    world.now = began
    world.database.close()

    def die_at(moment: int) -> None:
        moments.watch(world.database, deaths.countdown(moment))
        workloads.run(world, failures)

    deaths.serve(die_at)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
