"""A program for the attacks: upgrades one catalog, then another, but dies at the moment it is told.

python -m tests.attacks.upgrading SPARE_URL DATABASE_URL
"""

import sys

from catalog.store.engine import database as databases
from catalog.store.schema import upgrade
from tests.attacks import deaths, moments


def main(spare: str, url: str) -> None:
    rehearsal = databases.open_(spare)
    upgrade.ensure(rehearsal)  # so that all there is to import is imported before the first fork
    rehearsal.close()

    def die_at(moment: int) -> None:
        database = databases.open_(url)
        moments.watch(database, deaths.countdown(moment))
        upgrade.ensure(database)

    deaths.serve(die_at)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
