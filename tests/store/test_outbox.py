"""The queue of the outbox: a message stays pending until the holder of its lease acks it."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.events import DeliveryError
from catalog.service import deliver
from catalog.store.engine import database as databases
from catalog.store.outbox import queue
from catalog.store.outbox.queue import Leased
from catalog.store.schema.outbox_tables import delivery
from tests.store.delivering import Recorder, enqueue, message, send, sender
from tests.store.world import START, World
from tests.subscribing import team

pytestmark = pytest.mark.promise("P8")

SECOND = timedelta(seconds=1)
PAYLOAD = '{"id": "a",  "zoë": "\\u202e"}'
COLUMNS = ("status", "attempts", "next_attempt_at", "delivered_at", "last_error")


def lease(box: World, after: timedelta = timedelta(0), channel: str = "team") -> Leased | None:
    tokens = itertools.count()
    return queue.lease(box.database, channel, box.now + after, lambda: f"{after} {next(tokens)}")


def taken(box: World, after: timedelta = timedelta(0)) -> Leased:
    leased = lease(box, after)
    assert leased is not None
    return leased


def nack(box: World, leased: Leased, after: timedelta = timedelta(0), **how: Any) -> bool:
    return queue.nack(box.database, leased, DeliveryError("no answer", **how), now=box.now + after)


def rows(box: World) -> list[tuple[Any, ...]]:
    return [row[1:] for row in box.rows("deliveries", "delivery_id", *COLUMNS)]


def test_the_same_message_is_enqueued_for_a_channel_once(box: World) -> None:
    assert enqueue(box, message("a"), message("a"), message("b"), message("a", "other")) == 3
    assert enqueue(box, message("a"), message("c")) == 1
    assert box.rows("deliveries", "delivery_id", "channel", "source", "run_id", "type", "created_at") == [
        (1, "team", "one", 1, "catalog.sync_failed", 0),
        (2, "team", "one", 1, "catalog.sync_failed", 0),
        (3, "other", "one", 1, "catalog.sync_failed", 0),
        (4, "team", "one", 1, "catalog.sync_failed", 0),
    ]


def test_what_was_delivered_is_not_enqueued_again(box: World) -> None:
    enqueue(box, message("a"))
    queue.ack(box.database, taken(box), box.now)
    assert enqueue(box, message("a")) == 0
    assert lease(box) is None


def test_what_many_models_bring_up_time_and_again_takes_few_questions(box: World) -> None:
    many = [message(str(number), channel) for number in range(1_000) for channel in ("team", "other")]
    assert enqueue(box, *many) == 2_000
    asked: list[str] = []
    sa.event.listen(box.database.engine, "before_cursor_execute", lambda *about: asked.append(about[2]))
    with box.database.read() as connection:
        assert queue.only_new(connection, [*many, message("new")]) == [message("new")]
    assert len([words for words in asked if "catalog_delivery" in words]) <= 5


def test_what_a_transaction_rolls_back_is_not_enqueued(box: World) -> None:
    def enqueue_and_fail() -> None:
        with box.database.write() as connection:
            queue.enqueue(connection, [message("a")], box.now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        enqueue_and_fail()
    assert rows(box) == []


def test_a_channel_gets_its_own_oldest_first_and_exactly_what_was_frozen(box: World) -> None:
    enqueue(box, message("z", "other"), message("b", payload=PAYLOAD), message("a"))
    first, second = taken(box), taken(box)
    assert (first.uid, second.uid) == ("b", "a")
    assert (first.payload, first.type, first.attempts) == (PAYLOAD, "catalog.sync_failed", 0)
    assert lease(box) is None
    with box.database.read() as connection:
        assert queue.due(connection, box.now) == ["other"]


def test_a_first_attempt_waits_for_no_clock_since_the_one_of_the_run_may_be_ahead(box: World) -> None:
    enqueue(box, message("a", due_at=START + 600 * SECOND))
    assert lease(box) is not None


def test_what_is_leased_goes_to_no_other_sender_until_the_lease_ends(box: World) -> None:
    enqueue(box, message("a"))
    first = taken(box)
    assert lease(box, 59 * SECOND) is None
    with box.database.read() as connection:
        assert queue.due(connection, box.now + 59 * SECOND) == []
    second = taken(box, 60 * SECOND)
    assert (second.uid, second.attempts) == ("a", 0)
    assert second.lease != first.lease


def test_what_a_clock_ahead_put_off_or_leased_is_due_once_it_is_right(box: World) -> None:
    # A clock that was years ahead left moments behind for which every later process would have waited as many years:
    # the next attempt of what had failed, and the lease of a process that had died.
    years = timedelta(days=3653)
    enqueue(box, message("a", due_at=START + years), message("b"))
    assert nack(box, taken(box, years), years)
    taken(box, years)
    assert {taken(box).uid, taken(box).uid} == {"a", "b"}
    assert lease(box) is None


def test_a_sender_that_lost_the_lease_changes_nothing(box: World) -> None:
    enqueue(box, message("a"))
    late, holder = taken(box), taken(box, 60 * SECOND)
    assert not queue.ack(box.database, late, box.now)
    assert not nack(box, late, gone=True)
    assert rows(box) == [("pending", 0, 0, None, None)]
    assert queue.ack(box.database, holder, box.now + 61 * SECOND)
    assert not queue.ack(box.database, late, box.now)
    assert rows(box) == [("delivered", 1, None, 61 / 60, None)]


def test_a_failure_is_tried_again_after_its_wait(box: World) -> None:
    enqueue(box, message("a"))
    assert nack(box, taken(box))
    assert rows(box) == [("pending", 1, 0.5, None, "no answer")]
    assert lease(box, 29 * SECOND) is None
    again = taken(box, 30 * SECOND)
    assert again.attempts == 1
    assert queue.ack(box.database, again, box.now + 30 * SECOND)
    assert rows(box) == [("delivered", 2, None, 0.5, None)]


def test_all_that_is_pending_is_dead_once_a_receiver_is_gone(box: World) -> None:
    enqueue(box, message("a"), message("b"), message("c"), message("d"), message("other", "other"))
    first, second, late = taken(box), taken(box), taken(box)
    assert nack(box, first)
    assert nack(box, second, gone=True)
    assert rows(box) == [
        ("dead", 1, None, None, "no answer"),
        ("dead", 1, None, None, "no answer"),
        ("pending", 0, 0, None, None),  # another sender holds its lease
        ("dead", 0, None, None, "no answer"),
        ("pending", 0, 0, None, None),
    ]
    assert queue.ack(box.database, late, box.now)


def test_what_was_not_taken_for_seven_days_is_dead(box: World) -> None:
    enqueue(box, message("a"))
    week = timedelta(days=7)
    assert nack(box, taken(box, week - SECOND), week - SECOND)
    assert rows(box)[0][0] == "pending"
    assert nack(box, taken(box, week + 29 * SECOND), week + 29 * SECOND)
    assert rows(box) == [("dead", 2, None, None, "no answer")]
    assert lease(box, timedelta(days=100)) is None


def test_a_failure_of_a_channel_that_a_restored_catalog_never_knew_is_noted_nowhere(box: World) -> None:
    """The row of the channel went while its message was on the way, and that was told as a fault of the database."""
    enqueue(box, message("a"))
    before, gone = rows(box), replace(taken(box), channel="gone", lease="of another catalog")
    assert not nack(box, gone)
    assert [row[0] for row in rows(box)] == [row[0] for row in before] == ["pending"]


def test_a_catalog_that_was_off_for_weeks_still_tries_once(box: World) -> None:
    enqueue(box, message("a"))
    assert taken(box, timedelta(days=30)).uid == "a"


def test_dead_deliveries_are_requeued_by_channel_by_number_or_all(box: World) -> None:
    enqueue(box, message("a"), message("b"), message("c", "other"))
    for channel in ("team", "other"):
        leased = lease(box, channel=channel)
        assert leased is not None
        nack(box, leased, gone=True)
    box.now += timedelta(days=30)
    assert queue.requeue(box.database, now=box.now, name="nobody") == 0
    assert queue.requeue(box.database, now=box.now, delivery_id=2) == 1
    assert queue.requeue(box.database, now=box.now, name="team") == 1
    assert queue.requeue(box.database, now=box.now) == 1
    assert queue.requeue(box.database, now=box.now) == 0
    assert [row[0] for row in rows(box)] == ["pending"] * 3
    nack(box, taken(box))
    assert rows(box)[0][:2] == ("pending", 2)  # it has seven days again


def test_the_backlog_counts_what_is_pending_and_dead(box: World) -> None:
    enqueue(box, message("a"))
    nack(box, taken(box), gone=True)
    enqueue(box, message("b"), message("c"), message("d", "other"))
    queue.ack(box.database, taken(box), box.now)
    with box.database.read() as connection:
        team, other = sorted(queue.backlog(connection), key=lambda each: each.channel, reverse=True)
        listed = [each.delivery_id for each in queue.listing(connection)]
        every = [each.delivery_id for each in queue.listing(connection, every=True)]
    assert (team.channel, team.pending, team.dead, team.oldest, team.last_error) == ("team", 1, 1, START, "no answer")
    assert (other.channel, other.pending, other.dead, other.last_error) == ("other", 1, 0, None)
    assert (listed, every) == ([1, 3, 4], [1, 2, 3, 4])


def test_the_backlog_tells_of_the_oldest_and_of_the_first_to_be_tried(box: World) -> None:
    later = timedelta(hours=1)
    enqueue(box, message("a", due_at=START + 2 * later), message("b", due_at=START + later))
    box.now += later
    enqueue(box, message("c", due_at=START + 3 * later))
    with box.database.read() as connection:
        [team] = queue.backlog(connection)
    assert (team.pending, team.oldest, team.next_attempt_at) == (3, START, START + later)


@pytest.mark.parametrize(
    "edit",
    [
        delivery.update().values(payload="{}"),
        delivery.update().values(uid="other"),
        delivery.update().values(channel="other"),
        delivery.update().where(delivery.c.status == "delivered").values(last_error="x"),
        delivery.delete(),
        delivery.insert().values(
            delivery_id=9,
            channel="team",
            source_key=1,
            type="t",
            uid="a",
            payload="{}",
            status="pending",
            attempts=0,
            next_attempt_at=START,
            give_up_at=START,
            created_at=START,
        ),
    ],
    ids=["payload", "uid", "channel", "delivered", "delete", "twice"],
)
def test_the_database_itself_keeps_messages_as_they_were_enqueued(box: World, edit: sa.sql.dml.UpdateBase) -> None:
    enqueue(box, message("a"), message("b"))
    queue.ack(box.database, taken(box), box.now)
    before = rows(box)
    with pytest.raises(DatabaseError), box.database.write() as connection:
        connection.execute(edit)
    assert rows(box) == before


@pytest.fixture
def others(box: World) -> Iterator[list[databases.Database]]:
    """Connections as other processes would have them."""
    opened = [databases.open_(box.url) for _ in range(4)]
    yield opened
    for each in opened:
        each.close()


def test_of_many_workers_exactly_one_gets_each_message(box: World, others: list[databases.Database]) -> None:
    enqueue(box, *(message(f"m{number}") for number in range(40)))
    got: list[str] = []
    gate = threading.Barrier(len(others))

    def work(database: databases.Database, name: int) -> None:
        gate.wait(10)
        numbers = itertools.count()
        while leased := queue.lease(database, "team", box.now, lambda: f"{name} {next(numbers)}"):
            got.append(leased.uid)
            assert queue.ack(database, leased, box.now)

    threads = [threading.Thread(target=work, args=(each, name)) for name, each in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got) == sorted(f"m{number}" for number in range(40))
    assert {row[0] for row in rows(box)} == {"delivered"}


# Dropped by a person


@pytest.mark.parametrize(
    ("asked", "dropped"),
    [
        ({"name": "team"}, {1, 2}),
        ({"name": "team", "dead": True}, {1}),
        ({"delivery_id": 2}, {2}),
        ({"delivery_id": 2, "dead": True}, set()),
        ({"delivery_id": 2, "name": "other"}, set()),
        ({"delivery_id": 4}, set()),  # delivered
        ({"delivery_id": 9}, set()),
        ({"dead": True}, {1, 3}),
        ({"name": "never"}, set()),
    ],
)
def test_what_is_dropped_is_never_sent_and_shown_no_more(box: World, asked: dict[str, Any], dropped: set[int]) -> None:
    enqueue(box, "dead", "pending")
    enqueue(box, "dead too", "made", channel="other")
    with box.database.write() as connection:
        queue.dead_letter(connection, delivery.c.delivery_id.in_([1, 3]), "no answer", box.now)
    send(box, {"other": Recorder()})
    assert queue.drop(box.database, now=box.now, **asked) == len(dropped)
    found = dict(box.rows("deliveries", "delivery_id", "status"))
    assert {number for number, status in found.items() if status == "dropped"} == dropped
    assert found[4] == "delivered"
    ear = Recorder()
    box.now += timedelta(days=1)
    queue.requeue(box.database, now=box.now)
    deliver.flush(box.database, team("added"), sender(box, {"team": ear, "other": ear}))
    assert len(ear.ids) == 3 - len(dropped)
    with box.database.read() as connection:
        assert list(queue.listing(connection)) == []
        assert queue.backlog(connection) == []
    assert enqueue(box, "dead", "pending") == 0  # nothing dropped is told anew


def test_what_is_being_sent_is_not_dropped(box: World) -> None:
    enqueue(box, "a", "b")
    leased = queue.lease(box.database, "team", box.now, lambda: "mine")
    assert leased is not None
    assert queue.drop(box.database, now=box.now, name="team") == 1
    assert queue.ack(box.database, leased, box.now)
    assert [status for _, status in box.rows("deliveries", "delivery_id", "status")] == ["delivered", "dropped"]


@pytest.mark.parametrize(
    "edit", ["status = 'pending', next_attempt_at = created_at", "last_error = 'x'", "attempts = 9"]
)
def test_the_database_refuses_to_edit_what_was_dropped(box: World, edit: str) -> None:
    enqueue(box, "a")
    queue.drop(box.database, now=box.now, name="team")
    with pytest.raises(DatabaseError, match="refused a statement"), box.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE catalog_delivery SET {edit}")
    assert [status for _, status in box.rows("deliveries", "delivery_id", "status")] == ["dropped"]
