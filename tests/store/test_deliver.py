"""A pass over the outbox: nothing lost, nothing doubled but by a crash, and no channel waits for another."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.alerts import wording
from catalog.alerts.channels import command, webhook
from catalog.errors import ConfigError
from catalog.events import DeliveryError, Message, OutboxMessage, Room
from catalog.service import deliver
from catalog.store.outbox import backoff, queue
from tests import server as play
from tests.server import Step, Visit
from tests.store.delivering import Recorder, enqueue, message, refuse, render, rows, send, sender
from tests.store.world import START, World
from tests.subscribing import Composing, team

pytestmark = pytest.mark.promise("P8")

SECOND = timedelta(seconds=1)
CANARY = f"canary-{os.urandom(8).hex()}"  # others may have canaries, too, and the process list shows them
SECRET = f"{CANARY}-secret"


def taken(visit: Visit) -> None:
    visit.send(204, b"")


def hook(box: World) -> webhook.Webhook:
    return webhook.open_(box.server.url + f"/hook/{CANARY}", secret=SECRET, clock=lambda: box.now)


def test_what_is_due_is_sent_oldest_first_and_noted_after_it_was_taken(box: World) -> None:
    enqueue(box, "b", "a")
    seen: list[list[tuple[Any, ...]]] = []
    ear = Recorder(then=lambda _: seen.append(rows(box)))
    report = send(box, {"team": ear})
    assert ear.ids == ["b", "a"]
    assert [[row[1] for row in each] for each in seen] == [["pending", "pending"], ["delivered", "pending"]]
    assert rows(box) == [("team", "delivered", 1, None, None)] * 2
    assert (report.delivered, report.failed) == ({"team": 2}, {})
    assert send(box, {"team": ear}) == deliver.Report()


def test_a_channel_gets_the_frozen_payload_and_its_words(box: World) -> None:
    enqueue(box, "a")
    ear = Recorder()
    send(box, {"team": ear})
    [message] = ear.heard
    assert json.loads(message.payload)["id"] == message.id == "a"
    assert message.compose(wording.ROOMY) == wording.render(json.loads(message.payload))
    assert (message.type, message.sent_at) == ("catalog.sync_failed", START)


def test_messages_to_a_channel_that_is_not_configured_any_more_stay_pending(box: World) -> None:
    enqueue(box, "a", channel="former")
    assert send(box, {"team": Recorder()}) == deliver.Report()
    assert rows(box) == [("former", "pending", 0, 0, None)]


@pytest.mark.warns
def test_a_failure_is_noted_and_ends_the_pass_of_its_channel(box: World) -> None:
    enqueue(box, "a", "b")
    ear = Recorder(then=refuse())
    assert send(box, {"team": ear}).failed == {"team": "no answer"}
    assert ear.ids == ["a"]
    assert rows(box) == [("team", "pending", 1, 0.5, "no answer"), ("team", "pending", 0, 0, None)]


@pytest.mark.warns
def test_one_message_that_is_refused_does_not_hold_up_the_later_ones_for_ever(box: World) -> None:
    enqueue(box, "a", "b", "c")

    def dislike(message: Message) -> None:
        if message.id == "a":
            raise DeliveryError("no answer")

    ear = Recorder(then=dislike)
    send(box, {"team": ear})
    send(box, {"team": ear})
    assert [row[1] for row in rows(box)] == ["pending", "delivered", "delivered"]


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 30), (1, 60), (2, 120), (6, 1920), (7, 3600), (8, 3600), (10_000, 3600)]
)
def test_waits_double_from_half_a_minute_to_an_hour_with_jitter(attempts: int, seconds: int) -> None:
    assert backoff.wait(attempts, 0.5) == seconds * SECOND
    assert backoff.wait(attempts, 0.0) == 0.75 * seconds * SECOND
    assert backoff.wait(attempts, 1.0) == 1.25 * seconds * SECOND


@pytest.mark.parametrize(
    ("asked", "kept"), [(7.0, 7 * SECOND), (0.1, SECOND), (7200.0, 7200 * SECOND), (float("inf"), timedelta(days=7))]
)
def test_a_receiver_may_say_how_long_to_wait(asked: float, kept: timedelta) -> None:
    assert backoff.wait(3, 0.5, asked) == kept


@pytest.mark.warns
@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("120", 2),
        ("9" * 400, 7 * 24 * 60),
        ("0", 1 / 60),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1 / 60),  # it is over: a moment later
        ("Tue, 31 Dec 2999 23:59:59 GMT", 7 * 24 * 60),
    ],
)
def test_retry_after_is_obeyed(box: World, text: str, minutes: float) -> None:
    enqueue(box, "a")
    box.server.script(play.error(429, headers={"retry-after": text}))
    send(box, {"team": hook(box)})
    assert rows(box) == [("team", "pending", 1, minutes, "127.0.0.1: HTTP 429")]


@pytest.mark.warns
def test_a_receiver_that_asks_for_a_pause_is_spared_the_other_messages_too(box: World) -> None:
    enqueue(box, "a", "b")
    enqueue(box, "c", channel="other")
    box.server.script(play.error(429, headers={"retry-after": "600"}))
    other = Recorder()
    send(box, {"team": hook(box), "other": other})
    assert [row[:4] for row in rows(box)] == [
        ("team", "pending", 1, 10),
        ("team", "pending", 0, 10),
        ("other", "delivered", 1, None),
    ]
    assert send(box, {"team": hook(box)}) == deliver.Report()
    box.now += timedelta(minutes=10)
    box.server.script(taken, taken)
    assert send(box, {"team": hook(box)}).delivered == {"team": 2}


@pytest.mark.warns
def test_410_is_the_end_until_it_is_requeued(box: World) -> None:
    enqueue(box, "a")
    box.server.script(play.error(410), taken)
    send(box, {"team": hook(box)})
    assert rows(box) == [("team", "dead", 1, None, "127.0.0.1: HTTP 410: it wants no more messages")]
    box.now += timedelta(days=30)
    assert send(box, {"team": hook(box)}) == deliver.Report()
    queue.requeue(box.database, now=box.now)
    assert send(box, {"team": hook(box)}).delivered == {"team": 1}
    assert [seen.headers["webhook-id"] for seen in box.server.requests] == ["a", "a"]


@pytest.mark.warns
def test_a_channel_that_is_down_for_seven_days_gets_nothing_more(box: World) -> None:
    enqueue(box, "a")
    ear = Recorder(then=refuse())
    while rows(box)[0][1] == "pending":
        send(box, {"team": ear})
        box.now += timedelta(hours=1)
    assert timedelta(days=7) <= box.now - START <= timedelta(days=7, hours=2)
    assert len(ear.heard) == rows(box)[0][2] > 100


@pytest.mark.warns
def test_one_channel_hangs_another_raises_and_the_third_is_served(box: World) -> None:
    for name in ("broken", "hanging", "team"):
        enqueue(box, "a", "b", channel=name)
    served = threading.Event()
    team = Recorder(then=lambda message: served.set() if message.id == "b" else None)

    def hang(_message: Message) -> None:
        assert served.wait(20)
        raise DeliveryError("it took too long")

    def break_(_message: Message) -> None:
        raise ValueError(SECRET)

    report = send(box, {"hanging": Recorder(then=hang), "broken": Recorder(then=break_), "team": team})
    assert report.delivered == {"team": 2}
    assert report.failed == {"hanging": "it took too long", "broken": "it failed with ValueError"}
    assert SECRET not in str(rows(box))


@pytest.mark.warns
def test_a_message_that_cannot_be_worded_delays_no_other(box: World) -> None:
    enqueue(box, "a")
    enqueue(box, "b", channel="other")
    ear = Recorder()

    def stumble(payload: str, room: Room) -> tuple[str, str]:
        if '"a"' in payload:
            raise KeyError(SECRET)
        return render(payload, room)

    assert send(box, {"team": ear, "other": ear}, render=stumble).delivered == {"other": 1}
    assert rows(box)[0] == ("team", "pending", 1, 0.5, "it failed with KeyError")


@pytest.mark.warns
def test_a_channel_that_is_set_up_wrongly_says_so_in_its_words(box: World) -> None:
    enqueue(box, "a")

    def misconfigured(_message: Message) -> None:
        raise ConfigError("HOOK_SECRET is not set")

    assert send(box, {"team": Recorder(then=misconfigured)}).failed == {"team": "HOOK_SECRET is not set"}


def test_no_message_is_begun_once_it_is_to_stop_or_the_time_is_up(box: World) -> None:
    enqueue(box, "a", "b")
    stop = threading.Event()
    ear = Recorder(then=lambda _: stop.set())
    deliver.deliver(box.database, sender(box, {"team": ear}), stop=stop)
    assert ear.ids == ["a"]
    deliver.deliver(box.database, sender(box, {"team": ear}), seconds=0)
    assert ear.ids == ["a"]


@pytest.mark.warns
@pytest.mark.parametrize("fault", [play.reset, play.hang_up, play.error(500)], ids=["reset", "hang up", "500"])
def test_an_answer_that_is_lost_means_a_repeat_with_the_same_id_and_content(box: World, fault: Step) -> None:
    enqueue(box, "a")
    box.server.script(fault, taken)
    send(box, {"team": hook(box)})
    box.now += timedelta(minutes=1)
    send(box, {"team": hook(box)})
    first, second = box.server.requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert rows(box) == [("team", "delivered", 2, None, None)]


def rename(box: World, old: str, new: str) -> None:
    with box.database.write() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


@pytest.mark.warns
def test_a_database_that_fails_after_the_send_means_a_repeat_with_the_same_id(box: World) -> None:
    enqueue(box, "a")
    ear = Recorder(then=lambda _: rename(box, "catalog_delivery", "away"))
    report = send(box, {"team": ear})
    assert (report.delivered, list(report.failed)) == ({}, ["team"])
    rename(box, "away", "catalog_delivery")
    box.now += 60 * SECOND
    again = Recorder()
    send(box, {"team": again})
    assert ear.ids == again.ids == ["a"]
    assert rows(box) == [("team", "delivered", 1, None, None)]


class Milestone(Composing):
    """A composer to which every moment is a milestone."""

    def retiring(self, *_: object, **__: object) -> list[OutboxMessage]:
        return [message("r", run_id=None, type="catalog.retiring")]


def test_catching_up_enqueues_what_time_brought_and_sends_it(box: World) -> None:
    with box.database.write() as connection:
        queue.register(connection, ["team"], START)
    at, ear = team("retiring"), Recorder()
    for _ in range(2):
        deliver.catch_up(box.database, replace(at, composer=Milestone()), sender(box, {"team": ear}))
    assert ear.ids == ["r"]


WORKER = """
import itertools, json, os, sys
from datetime import datetime
from catalog.service import deliver
from catalog.alerts import wording
from catalog.alerts.channels import webhook
from catalog.store.engine import database
url, hook, now, name = sys.argv[1:]
clock = lambda: datetime.fromisoformat(now)
numbers = itertools.count()
sender = deliver.Sender(channels={"team": webhook.open_(hook)}, clock=clock,
                        render=lambda text, room: wording.render(json.loads(text), room),
                        spread=lambda: 0.5, token=lambda: f"{name} {next(numbers)}")
deliver.deliver(database.open_(url), sender)
"""


def worker(box: World, name: str = "one") -> subprocess.Popen[bytes]:
    """A process of its own that makes one pass."""
    arguments = (box.url, box.server.url + "/hook", box.now.isoformat(), name)
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, *arguments], cwd=Path(__file__).parents[2], stderr=subprocess.DEVNULL
    )


def test_a_kill_between_send_and_acknowledge_repeats_with_the_same_id_and_nothing_else(box: World) -> None:
    enqueue(box, "a", "b", "c")
    arrived = threading.Event()

    def take_and_wait(visit: Visit) -> None:
        arrived.set()
        visit.server.closing.wait(30)

    box.server.script(taken, take_and_wait, taken, taken)
    process = worker(box)
    assert arrived.wait(30)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert [row[1:3] for row in rows(box)] == [("delivered", 1), ("pending", 0), ("pending", 0)]
    ear = Recorder()
    send(box, {"team": ear})  # the dead one's lease still runs
    assert ear.ids == ["c"]
    box.now += timedelta(seconds=60)
    send(box, {"team": ear})
    assert ear.ids == ["c", "b"]
    assert [seen.headers["webhook-id"] for seen in box.server.requests] == ["a", "b"]
    assert {row[1] for row in rows(box)} == {"delivered"}


def test_two_workers_at_once_send_nothing_twice(box: World) -> None:
    uids = [f"m{number}" for number in range(30)]
    enqueue(box, *uids)
    box.server.script(*[taken] * len(uids))
    workers = [worker(box, name) for name in ("one", "two")]
    assert [each.wait(60) for each in workers] == [0, 0]
    assert sorted(seen.headers["webhook-id"] for seen in box.server.requests) == sorted(uids)
    assert {row[1] for row in rows(box)} == {"delivered"}


@pytest.mark.warns
def test_no_secret_of_a_channel_is_in_logs_rows_or_the_process_list(
    box: World, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("closed", "command", "hook"):
        enqueue(box, "a", channel=name)
    listing: list[str] = []

    def refuse_and_look(visit: Visit) -> None:
        listing.append(subprocess.run(["ps", "axeww"], capture_output=True, text=True, check=True).stdout)
        visit.send(500, CANARY.encode())

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = webhook.open_(f"http://127.0.0.1:{free.getsockname()[1]}/{CANARY}", secret=SECRET)
    keys = {"ANTHROPIC_API_KEY": SECRET, "PATH": os.environ["PATH"]}
    program = command.open_(["sh", "-c", "env >&2; exit 1"], environment=keys)
    box.server.script(refuse_and_look)
    with caplog.at_level("DEBUG", logger="catalog"):
        report = send(box, {"closed": closed, "command": program, "hook": hook(box)})
    assert len(report.failed) == 3
    assert listing
    for text in (str(report), str(rows(box)), caplog.text, *listing):
        assert CANARY not in text
