"""A program for the tests: kills migrations at one statement after the other, and says what it found after each.

python killed.py URL                   # prints JSON: how many statements there are, and each death's outcome
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial

import alembic.command  # noqa: F401 - before the first fork, so that it is paid for once
import sqlalchemy as sa

from catalog.store import database as databases
from catalog.store import upgrade
from catalog.store.database import Database


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def watch(database: Database, on_statement: Callable[[str], None], on_commit: Callable[[], None]) -> None:
    sa.event.listen(database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: on_statement(statement))
    sa.event.listen(database.engine, "commit", lambda _connection: on_commit())


def upgrade_and_die(url: str, number: int) -> None:
    """Upgrade until a statement of this number, commits included."""
    left = [number]

    def count(_statement: str = "") -> None:
        left[0] -= 1
        if left[0] < 0:
            die()

    database = databases.open_(url)
    watch(database, count, count)
    upgrade.ensure(database)


def in_child(act: Callable[[], None]) -> int:
    """Run it in a child; give the signal it died of, or 0."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - a child of ours, with no other way to tell
            sys.stderr.write(repr(error))
        os._exit(0)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def statements(url: str) -> list[str]:
    """Every statement and commit of a migration, which is rolled back at the end by our death."""
    reader, writer = os.pipe()

    def tell() -> None:
        said: list[str] = []

        def note(statement: str) -> None:
            said.append(statement)

        def commit() -> None:
            said.append("COMMIT")
            if any(statement.startswith("CREATE") for statement in said):  # others only looked at the version
                os.write(writer, json.dumps([text[:40] for text in said]).encode())
                die()

        database = databases.open_(url)
        watch(database, note, commit)
        upgrade.ensure(database)

    in_child(tell)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        found: list[str] = json.loads(pipe.read() or "[]")
    return found


def state(url: str) -> str | None:
    """What the next program finds."""
    database = databases.open_(url)
    found = upgrade.current(database) if database.exists() else None
    database.close()
    return found


def main(url: str) -> None:
    every = statements(url)
    # Postgres knows only one way to roll back, and has many statements: comments alone are two thirds.
    step = 1 if url.startswith("sqlite") else 6
    numbers = sorted({*range(0, len(every), step), len(every) - 1})
    died = [(number, in_child(partial(upgrade_and_die, url, number)), state(url)) for number in numbers]
    database = databases.open_(url)
    upgrade.ensure(database)
    sys.stdout.write(json.dumps({"statements": len(every), "died": died, "then": upgrade.current(database)}))


if __name__ == "__main__":
    main(sys.argv[1])
