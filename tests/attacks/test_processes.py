"""Four processes at once on one source, some of them killed, some of them slow, and none of them sure of its lock."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.domain import MERGED
from catalog.errors import Exit
from catalog.store.engine import database as databases
from catalog.store.engine import postgres_locks
from catalog.store.engine.database import Database
from catalog.store.schema import invariants, tables, views
from tests import server as play
from tests.attacks.catalogs import Catalogs
from tests.server import ModelsServer, Visit
from tests.volume import Volume

ROOT = Path(__file__).parents[2]
WORKERS = 4
SLOW = 0.25  # seconds that every third answer is under way
CLOCK = "clock"  # the model whose name counts the answers
SETTINGS = """
[sources.one]
base_url = "{url}"
api_key_env = "ANTHROPIC_API_KEY"
confirm_after = "1s"
[sources.one.guard]
max_removed_percent = 100
min_removed = 1000
"""

pytestmark = pytest.mark.promise("P3", "P4")


@dataclass
class Counting:
    """A list that is another one each time it is asked for; some answers are old when they arrive."""

    answers: int = 0
    slow: threading.Event = field(default_factory=threading.Event)  # such an answer is under way

    def step(self, visit: Visit) -> None:
        with visit.server.editing:
            number = self.answers
            self.answers += 1
            ids = [f"m{bit}" for bit in range(6) if number >> bit & 1]
        items = [play.model(CLOCK, display_name=str(number)), *map(play.model, ids)]
        if number % 3 == 2:
            self.slow.set()
            visit.server.closing.wait(SLOW)
            self.slow.clear()
        visit.send_json(200, play.page(items))


@dataclass
class Crew:
    """The processes; whoever is killed is replaced."""

    program: "subprocess.Popen[str]"
    log: Path
    chance: random.Random
    until: float = 0
    pids: list[int] = field(default_factory=list)
    kills: int = 0

    def begin(self, until: float) -> None:
        """Let all of them work until then."""
        self.until = until
        for _ in range(WORKERS):
            self.hire()

    def hire(self) -> None:
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.write(f"{self.until}\n")
        self.program.stdin.flush()
        self.pids.append(int(self.program.stdout.readline()))

    def kill_one(self) -> None:
        os.kill(self.pids.pop(self.chance.randrange(WORKERS)), signal.SIGKILL)
        self.kills += 1
        self.hire()

    def kill_all(self) -> None:
        for _ in range(WORKERS):
            os.kill(self.pids.pop(0), signal.SIGKILL)
            self.kills += 1
            self.hire()

    def wait(self) -> None:
        """Wait until all have ended: then nobody is left who could say more."""
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.close()
        assert self.program.stdout.read() == ""

    def calls(self) -> list[tuple[int, str]]:
        """Give the exit code of each call, and what it said."""
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()]

    def odd(self) -> list[tuple[int, str]]:
        return [(code, said) for code, said in self.calls() if code not in {Exit.DONE, Exit.BUSY}]


@contextmanager
def at_work(url: str, folder: Path, *, chance: random.Random) -> Iterator[Crew]:
    """Start the program that makes the processes."""
    environment = {**os.environ, "CATALOG_DATABASE_URL": url, "ANTHROPIC_API_KEY": play.KEY, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.attacks.working", str(folder / "log")]
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout
        assert program.stdout.readline() == "ready\n"
        yield Crew(program, folder / "log", chance)


def taker(database: Database) -> Callable[[], object]:
    """Give what takes the lock away from whoever holds it: correctness must not rest on it."""
    path = database.path
    if path:
        lock = path.with_name(f"{path.name}-one.lock")
        return lambda: lock.unlink(missing_ok=True)
    holders = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND classid = :high AND objid = :low"
    )

    def terminate() -> None:
        with database.read() as connection:
            schema_name = connection.scalar(sa.select(sa.func.current_schema()))
            high, low = divmod(postgres_locks.number(schema_name, "one") % 2**64, 2**32)
            connection.execute(holders, {"high": high, "low": low}).all()

    return terminate


def doubled(database: Database) -> int:
    """Play the log from its beginning; count the changes that did not change anything."""
    now: dict[str, dict[str | None, str | None]] = {}
    gone: set[str] = set()
    wrong = 0
    with database.read() as connection:
        for row in connection.execute(sa.select(views.changes).order_by(views.changes.c.change_id)):
            fits = {
                "added": row.model_id not in now,
                "removed": row.model_id in now and row.model_id not in gone,
                "returned": row.model_id in gone,
                "changed": row.model_id in now and now[row.model_id].get(row.field, row.old_value) == row.old_value,
            }
            wrong += not fits[row.kind]
            now.setdefault(row.model_id, {})[row.field] = row.new_value
            gone = gone - {row.model_id} if row.kind != "removed" else gone | {row.model_id}
    return wrong


def backwards(database: Database) -> int:
    """Count the merged walks that were older than the one merged before: the list counts its answers."""
    column = views.changes.c
    named = sa.select(column.new_value).where(column.model_id == CLOCK, column.field == "display_name")
    with database.read() as connection:
        numbers = [int(json.loads(value)) for value in connection.scalars(named.order_by(column.run_id))]
    return sum(later <= earlier for earlier, later in itertools.pairwise(numbers))


def harass(crew: Crew, counting: Counting, take_lock: Callable[[], object], until: float) -> None:
    """Kill processes, and take the lock away, at moments that chance names; and kill whoever is in a slow walk."""
    counting.slow.wait(until - time.monotonic())
    crew.kill_all()
    while time.monotonic() < until - 2 * SLOW:
        threading.Event().wait(crew.chance.random() * SLOW)
        take_lock()
        if crew.chance.random() < 0.25:
            crew.kill_one()


def outcome(database: Database, calls: list[tuple[int, str]]) -> dict[str, int]:
    """Count what happened, and what must not."""
    with database.read() as connection:
        statuses = Counter(connection.scalars(sa.select(views.sync_runs.c.status)))
        generation = connection.scalar(sa.select(tables.source.c.generation)) or 0
    merged = sum(statuses[status] for status in MERGED)
    return {
        "calls": len(calls),
        "merged runs": merged,
        "superseded": statuses["superseded"],
        "skipped": statuses["skipped"],
        "abandoned": statuses["abandoned"],
        "merged runs more than generations": merged - generation,
        "doubled changes": doubled(database),
        "older after newer": backwards(database),
        "broken invariants": len(invariants.broken(database)),
        "other exit codes": sum(code not in {Exit.DONE, Exit.BUSY} for code, _ in calls),
        "told of a locked database": sum("locked" in said for _, said in calls),
    }


@pytest.mark.parametrize("locks", ["kept", "taken away"])
def test_processes_at_once_record_each_change_once_and_only_forward(
    catalogs: Catalogs, server: ModelsServer, tmp_path: Path, volume: Volume, locks: str
) -> None:
    """Killed, slow and robbed of their lock: each merge counts once, no change twice, nothing older after newer."""
    counting = Counting()
    server.always = counting.step
    (tmp_path / "catalog.toml").write_text(SETTINGS.format(url=server.url))
    with catalogs.new() as catalog, at_work(catalog.url, tmp_path, chance=volume.random("processes", locks)) as crew:
        database = databases.open_(catalog.url)
        until = time.monotonic() + volume.of(check=5, soak=60)
        crew.begin(until)
        harass(crew, counting, taker(database) if locks == "taken away" else lambda: None, until)
        crew.wait()
        found = outcome(database, crew.calls())
        database.close()
    volume.came_to(processes=WORKERS, kills=crew.kills, **found)
    harmless = {"calls", "merged runs", "superseded", "skipped", "abandoned"}
    assert {name: count for name, count in found.items() if count and name not in harmless} == {}, crew.odd()
    assert min(found["merged runs"], found["abandoned"]) > 0
    assert found["superseded" if locks == "taken away" else "skipped"] > 0
