"""Two workers, two clocks and 24 lists: some hosts hang, others ask to wait, and a worker is killed now and then.

Each host is one list's own, so that what befalls it is no other one's fault. Five hang at a time, for as long as it
takes every other list to be read twice more: were one delayed by those that hang, that would never be.
"""

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
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.errors import Exit
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import invariants, views
from tests import server as play
from tests.server import ModelsServer, Visit, model
from tests.volume import Volume

ROOT = Path(__file__).parents[2]
SOURCES = 24
HANGING = 5  # at once: fewer than a worker reads at once
AHEAD = 3600  # seconds, of the second machine's clock
SECONDS = 120  # to wait for what must come: generous, for the machine may be busy
SETTINGS = """
[database]
url = {url}
[schedule]
every = "1s"
[[alerts]]
name = "team"
webhook = {{ url = "{hook}/hook" }}
events = ["added", "returned", "removed", "changed"]
"""
SOURCE = """
[sources.{name}]
base_url = "{url}"
api_key_env = "KEY"
timeout = "{timeout}s"
deadline = "{timeout}s"
confirm_after = "0s"
guard = {{ max_removed_percent = 100, min_removed = 1000 }}
"""

pytestmark = [pytest.mark.promise("P3", "P4", "P8"), pytest.mark.warns]


@dataclass
class Host:
    """One list, on a host of its own, which moves whenever it is read."""

    name: str
    chance: random.Random
    server: ModelsServer = field(default_factory=ModelsServer)
    hangs: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    rests: bool = False
    read: int = 0  # answers that were given whole
    hung: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.numbers = itertools.count()
        self.server.always = self.answer
        self.server.models = [model(f"{self.name}-a"), model(f"{self.name}-b"), model(f"{self.name}-c")]

    def answer(self, visit: Visit) -> None:
        if self.hangs.is_set():
            self.hung += 1
            self.released.wait(SECONDS)
        dice = self.chance.random()
        if self.rests or dice > 0.1:
            with self.server.editing:
                self.move()
                self.read += 1
            play.honest(visit)
        elif dice > 0.04:
            self.faults["rate limits"] += 1
            play.error(429, headers={"retry-after": self.chance.choice(["0.2", "1"])})(visit)
        else:
            self.faults["broken answers"] += 1
            self.chance.choice([play.error(500), play.cut(), play.reset])(visit)

    def move(self) -> None:
        """Add, drop or rename a model."""
        if self.rests or self.chance.random() > 0.3:
            return
        models, number = self.server.models, next(self.numbers)
        match self.chance.randrange(3):
            case 0:
                models.append(model(f"{self.name}-{number}"))
            case 1 if len(models) > 2:
                models.pop(self.chance.randrange(len(models)))
            case _:
                models[0] = models[0] | {"display_name": f"name {number}"}

    def truth(self) -> dict[str, str]:
        with self.server.editing:
            return {each["id"]: each["display_name"] for each in self.server.models}


@dataclass
class Crowd:
    """The hosts, the receiver of alerts, and the workers; whoever is killed is replaced."""

    folder: Path
    url: str
    chance: random.Random
    stack: ExitStack
    hosts: list[Host] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)  # alerts, as they were received
    workers: dict[int, "subprocess.Popen[bytes]"] = field(default_factory=dict)  # by how far its clock is ahead
    kills: int = 0

    def open(self) -> None:
        """Start all servers, and write the configuration."""
        hook = self.serve(ModelsServer(always=self.take))
        self.hosts = [Host(f"s{number}", random.Random(self.chance.random())) for number in range(SOURCES)]
        text = SETTINGS.format(url=json.dumps(self.url), hook=hook.url)
        for host in self.hosts:
            text += SOURCE.format(name=host.name, url=self.serve(host.server).url, timeout=2 * SECONDS)
        (self.folder / "catalog.toml").write_text(text)

    def serve(self, server: ModelsServer) -> ModelsServer:
        self.stack.callback(server.close)
        return server.start()

    def take(self, visit: Visit) -> None:
        self.taken.append(json.loads(visit.seen.body))
        visit.send(204, b"")

    def start(self, ahead: int) -> None:
        with (self.folder / f"log{ahead}").open("ab") as log:
            self.workers[ahead] = subprocess.Popen(
                [sys.executable, "-m", "tests.attacks.apart", str(ahead), "run"],
                cwd=self.folder,
                env={**os.environ, "KEY": play.KEY, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """Kill one of the two, and start it again."""
        ahead = self.chance.choice(sorted(self.workers))
        self.workers[ahead].kill()
        self.workers[ahead].wait(10)
        self.kills += 1
        self.start(ahead)

    def end(self) -> list[int]:
        """Tell all workers to end; give their exit codes."""
        for worker in self.workers.values():
            worker.send_signal(signal.SIGTERM)
        codes = [worker.wait(30) for worker in self.workers.values()]
        self.workers.clear()
        return codes

    def close(self) -> None:
        for worker in self.workers.values():
            worker.kill()
            worker.wait(10)

    def hang_some(self) -> None:
        """Let five hosts hang until each of the others was read twice more."""
        hung = self.chance.sample(self.hosts, HANGING)
        for host in hung:
            host.released.clear()
            host.hangs.set()
        before = {host.name: host.read for host in self.hosts if host not in hung}
        self.wait_for(lambda: all(host.read > before.get(host.name, -1) for host in self.hosts), "nothing was read")
        self.kill()
        self.wait_for(
            lambda: all(host.read > before[host.name] + 1 for host in self.hosts if host not in hung),
            "one is late by the fault of others",
        )
        for host in hung:
            host.hangs.clear()
            host.released.set()

    def wait_for(self, condition: Callable[[], Any], words: str) -> None:
        until = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < until, words
            assert all(worker.poll() is None for worker in self.workers.values()), "a worker has ended"
            time.sleep(0.05)


def listed(database: Database) -> dict[str, dict[str, str]]:
    """Give what the catalog says is listed, by source."""
    found: dict[str, dict[str, str]] = {}
    view = views.models.c
    wanted = sa.select(view.source, view.id, view.display_name).where(view.removed_at.is_(None))
    with database.read() as connection:
        for source, id, name in connection.execute(wanted):
            found.setdefault(source, {})[id] = name
    return found


def doubled(database: Database) -> int:
    """Play the log from its beginning; count the changes that did not change anything."""
    now: dict[tuple[str, str], dict[str | None, str | None]] = {}
    gone: set[tuple[str, str]] = set()
    wrong = 0
    with database.read() as connection:
        for row in connection.execute(sa.select(views.changes).order_by(views.changes.c.change_id)):
            key = row.source, row.model_id
            wrong += not {
                "added": key not in now,
                "removed": key in now and key not in gone,
                "returned": key in gone,
                "changed": key in now and now[key].get(row.field, row.old_value) == row.old_value,
            }[row.kind]
            now.setdefault(key, {})[row.field] = row.new_value
            gone = gone - {key} if row.kind != "removed" else gone | {key}
    return wrong


def unsent(database: Database) -> int:
    view = views.surface.tables["deliveries"].c
    with database.read() as connection:
        waiting = sa.select(sa.func.count()).where(view.status != "delivered")
        return int(connection.scalar(waiting) or 0)


def news(database: Database) -> set[str]:
    """Give the uids of all changes that are to be told."""
    view = views.changes.c
    with database.read() as connection:
        return set(connection.scalars(sa.select(view.uid).where(~view.baseline)))


@pytest.fixture
def crowd(tmp_path: Path, migrated_url: str, volume: Volume) -> Iterator[Crowd]:
    with ExitStack() as stack:
        made = Crowd(tmp_path, migrated_url, volume.random("crowds"), stack)
        stack.callback(made.close)
        made.open()
        yield made


def test_two_workers_with_clocks_apart_read_24_lists_while_five_hang_and_workers_die(
    crowd: Crowd, volume: Volume
) -> None:
    """Each change is recorded once and told, none is lost, and no list is late by another one's fault."""
    for ahead in (0, AHEAD):
        crowd.start(ahead)
    rounds = 0
    for _ in volume.rounds(check=2, soak=40):
        crowd.hang_some()
        rounds += 1
    for host in crowd.hosts:
        host.rests = True
    assert set(crowd.end()) == {Exit.TERMINATED}
    for ahead in (0, AHEAD):  # lists that failed are read at once by a worker that starts
        crowd.start(ahead)
    database = databases.open_(crowd.url)
    crowd.stack.callback(database.close)
    truth = {host.name: host.truth() for host in crowd.hosts}
    crowd.wait_for(lambda: listed(database) == truth, "the truth is not found")
    crowd.wait_for(lambda: not unsent(database), "alerts are never sent")
    assert set(crowd.end()) == {Exit.TERMINATED}

    told = Counter(alert["id"] for alert in crowd.taken)
    uids = {change["uid"] for alert in crowd.taken for change in alert["changes"]}
    faults = sum((host.faults for host in crowd.hosts), Counter[str]())
    found = {
        "lists": SOURCES,
        "rounds": rounds,
        "answers": sum(host.read for host in crowd.hosts),
        "hung requests": sum(host.hung for host in crowd.hosts),
        **faults,
        "kills": crowd.kills,
        "changes": len(news(database)),
        "alerts": len(told),
        "changes not told": len(news(database) - uids),
        "told and not recorded": len(uids - news(database)),
        "doubled changes": doubled(database),
        "broken invariants": len(invariants.broken(database)),
    }
    # Leases end by the clock of the server, or of the machine with the file: there, processes never have two.
    again = {} if database.is_sqlite else {"alerts told again": sum(told.values()) - len(told)}
    volume.came_to(**found, **again)
    assert [found[name] for name in ("changes not told", "told and not recorded", "doubled changes")] == [0, 0, 0]
    assert found["broken invariants"] == 0
    assert again.get("alerts told again", 0) <= crowd.kills
    assert min(found[name] for name in ("hung requests", "rate limits", "kills", "changes", "alerts")) > 0, found
