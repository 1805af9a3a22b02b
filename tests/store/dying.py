"""A program for the tests: runs that die by SIGKILL, each at its own moment; prints the moments that came.

python -m tests.store.dying DATABASE_URL MODELS_URL MINUTES MOMENT...
"""

import logging
import os
import re
import signal
import sys

import sqlalchemy as sa

from tests.server import ModelsServer
from tests.store import world as worlds

# The statement before which the run dies; or, after "then ", the first commit after it.
MOMENTS = (
    "INSERT INTO catalog_run",
    "then INSERT INTO catalog_run",
    "CREATE TEMPORARY TABLE",
    "INSERT INTO catalog_model",
    "INSERT INTO catalog_change",
    "INSERT INTO catalog_state",
    "UPDATE catalog_run SET .*generation",
    "then UPDATE catalog_source SET generation",
)


class Elsewhere(ModelsServer):
    """The address of a models list that another process serves."""

    address = ""

    def __init__(self) -> None:
        """Listen nowhere."""

    @property
    def url(self) -> str:
        return self.address


def die_at(engine: sa.Engine, moment: str) -> None:
    """Let this process die when the moment comes."""
    seen = []

    def before(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if re.match(moment, statement.lstrip()):
            os.kill(os.getpid(), signal.SIGKILL)
        if moment.startswith("then ") and statement.startswith(moment.removeprefix("then ")):
            seen.append(statement)

    def commit(_connection: object) -> None:
        if seen:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(engine, "before_cursor_execute", before)
    sa.event.listen(engine, "commit", commit)


def run(url: str, address: str, minutes: float, moment: str) -> None:
    Elsewhere.address = address
    world = worlds.build(Elsewhere(), url)
    world.pass_minutes(minutes)
    die_at(world.database.engine, moment)
    world.sync()


def main(url: str, address: str, minutes: float) -> None:
    logging.disable()
    for number, moment in enumerate(MOMENTS):
        child = os.fork()
        if child == 0:
            run(url, address, minutes + 10 * number, moment)
            os._exit(0)
        if os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL:
            sys.stdout.write(f"{moment}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
