"""Alerts are neither lost nor doubled, though workers are killed at random and the receiver fails in every way."""

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.events import OutboxMessage
from catalog.store.outbox import queue
from tests import server as play
from tests.server import Step, Visit
from tests.store.world import World

pytestmark = pytest.mark.promise("P8")

MESSAGES, KILLS = 400, 25
SPEED = 20  # workers' clocks run so much quicker: a lease of a minute ends in three seconds

WORKER = """
import itertools, json, logging, random, sys, time
from datetime import UTC, datetime, timedelta
from catalog.service import deliver
from catalog.alerts import wording
from catalog.alerts.channels import webhook
from catalog.store.engine import database
logging.disable()
url, hook, began, speed, name = sys.argv[1:]
def clock():
    return datetime.fromtimestamp(float(began) + (time.time() - float(began)) * int(speed), UTC)
numbers = itertools.count()
sender = deliver.Sender(channels={"team": webhook.open_(hook, timeout=0.5)}, clock=clock, spread=random.random,
                        render=lambda text, room: wording.render(json.loads(text), room),
                        token=lambda: f"{name} {next(numbers)}")
opened = database.open_(url)
while True:
    deliver.deliver(opened, sender, seconds=1)
    time.sleep(0.02)
"""


@dataclass
class Receiver:
    """Takes most messages, and fails the others in every way it knows."""

    chance: random.Random
    answered: Counter[str] = field(default_factory=Counter)  # with a 204
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, visit: Visit) -> None:
        with self.lock:
            self.answered[visit.seen.headers["webhook-id"]] += 1
        visit.send(204, b"")

    def steps(self, number: int) -> list[Step]:
        faults = [play.error(500), play.error(429, headers={"retry-after": "2"}), play.reset, play.hang_up]
        faults += [play.silence(), play.slow_headers()]
        return [self.take if self.chance.random() < 0.9 else self.chance.choice(faults) for _ in range(number)]


@dataclass
class Crew:
    """Two workers; whoever is killed is replaced."""

    world: World
    began: float
    hired: int = 0

    def hire(self) -> subprocess.Popen[bytes]:
        self.hired += 1
        hook = self.world.server.url + "/hook"
        arguments = (self.world.url, hook, str(self.began), str(SPEED), f"worker {self.hired}")
        return subprocess.Popen([sys.executable, "-c", WORKER, *arguments], cwd=Path(__file__).parents[2])

    @contextmanager
    def at_work(self) -> Iterator[list[subprocess.Popen[bytes]]]:
        workers = [self.hire(), self.hire()]
        try:
            yield workers
        finally:
            for worker in workers:
                worker.kill()
                worker.wait(10)


def enqueue_all(world: World, now: datetime) -> dict[str, str]:
    world.lists("a")
    world.sync()
    usual = {"source": "one", "run_id": 1, "reason": "it failed"}
    payloads = {
        uid: json.dumps({"id": uid, "type": "catalog.sync_failed", "changes": [], **usual})
        for uid in (f"m{number}" for number in range(MESSAGES))
    }
    with world.database.write() as connection:
        messages = [
            OutboxMessage(
                channel="team", source="one", run_id=1, type="catalog.sync_failed", uid=uid, payload=text, due_at=now
            )
            for uid, text in payloads.items()
        ]
        queue.enqueue(connection, messages, now)
    world.server.requests.clear()
    return payloads


def left(world: World) -> int:
    return sum(status != "delivered" for _, status in world.rows("deliveries", "delivery_id", "status"))


def test_of_400_messages_none_is_lost_and_repeats_have_the_same_id_and_content(world: World) -> None:
    chance = random.Random(7)
    began = time.time()
    payloads = enqueue_all(world, datetime.fromtimestamp(began, UTC))
    receiver = Receiver(chance)
    world.server.script(*receiver.steps(10 * MESSAGES))
    crew = Crew(world, began)
    kills, until = 0, time.monotonic() + 300
    with crew.at_work() as workers:
        while left(world) and time.monotonic() < until:
            heard = len(world.server.requests)
            while len(world.server.requests) < heard + 4 and left(world):
                time.sleep(chance.random() * 0.05)  # the moment of the kill is chance
            if kills < KILLS:
                victim = chance.randrange(2)
                workers[victim].kill()
                workers[victim].wait(10)
                workers[victim] = crew.hire()
                kills += 1
    assert left(world) == 0
    assert kills == KILLS
    assert receiver.answered.keys() == payloads.keys()
    for seen in world.server.requests:
        was_cut = len(seen.body) < int(seen.headers["content-length"])  # the worker was killed while it wrote
        told = payloads[seen.headers["webhook-id"]]
        assert seen.body.decode() == (told[: len(seen.body)] if was_cut else told)
    assert receiver.answered.total() - MESSAGES <= KILLS  # only what a dead worker had not yet noted came twice
