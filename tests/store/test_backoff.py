"""A channel that fails is not tried for a while; a message that fails delays no other message."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.events import DeliveryError, Message
from catalog.service import deliver
from catalog.store.outbox import backoff, queue
from catalog.store.outbox.backoff import HEALTHY, ChannelHealth
from catalog.store.schema.outbox_tables import channel
from tests.store.delivering import Recorder, enqueue, refuse, rows, send, sender
from tests.store.world import MINUTE, START, World
from tests.subscribing import team

pytestmark = [pytest.mark.promise("P8"), pytest.mark.warns]

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
ASKED = refuse(retry_after=600.0)


def dislike(*uids: str) -> Callable[[Message], object]:
    def refuse_some(message: Message) -> None:
        if message.id in uids:
            raise DeliveryError("no answer")

    return refuse_some


def look(box: World, ear: Recorder, lasting: timedelta, *, every: timedelta = 5 * SECOND) -> int:
    """Make a pass every so often, as a worker does; gives how many attempts that made."""
    before, end = len(ear.heard), box.now + lasting
    while box.now < end:
        send(box, {"team": ear})
        box.now += every
    return len(ear.heard) - before


def health(box: World, name: str = "team") -> ChannelHealth:
    with box.database.write() as connection:
        return backoff.lock(connection, name)


def test_a_channel_that_is_down_is_tried_as_seldom_with_400_messages_as_with_one(box: World) -> None:
    enqueue(box, "only")
    alone = look(box, Recorder(then=refuse()), DAY / 4, every=30 * SECOND)
    send(box, {"team": Recorder()})
    queue.requeue(box.database, now=box.now, name="team")
    enqueue(box, *(f"m{number}" for number in range(400)))
    assert 10 < alone < 16
    assert look(box, Recorder(then=refuse()), DAY / 4, every=30 * SECOND) <= alone + 3


def test_new_messages_to_a_channel_that_is_down_wait_too(box: World) -> None:
    enqueue(box, "a", "b")
    ear = Recorder(then=refuse())
    assert look(box, ear, 10 * SECOND) == 2
    enqueue(box, "c")
    assert look(box, ear, 20 * SECOND) == 0
    assert rows(box)[2] == (
        "team",
        "pending",
        0,
        35 / 60,
        None,
    )  # as its next attempt people are told the end of the rest


def test_a_channel_that_takes_a_message_again_gets_all_of_them_at_once(box: World) -> None:
    enqueue(box, *(f"m{number}" for number in range(20)))
    look(box, Recorder(then=refuse()), 600 * SECOND)
    box.now += 600 * SECOND
    assert send(box, {"team": Recorder()}).delivered == {"team": 20}
    assert health(box) == HEALTHY
    enqueue(box, "new")
    assert send(box, {"team": Recorder()}).delivered == {"team": 1}


def test_a_message_that_is_refused_for_days_delays_no_later_one(box: World) -> None:
    enqueue(box, "poison")
    ear = Recorder(then=dislike("poison"))
    look(box, ear, 2 * DAY, every=1800 * SECOND)
    enqueue(box, "b", "c")
    look(box, ear, 10 * SECOND)
    assert ear.ids[-2:] == ["b", "c"]


def test_back_off_lasts_as_long_as_the_channel_has_been_failing_30_s_to_1_h() -> None:
    failing = [timedelta(0), 31 * SECOND, 300 * SECOND, DAY]
    assert [backoff.duration(each, 0.5) / SECOND for each in failing] == [30, 31, 300, 3600]
    assert [backoff.duration(DAY, spread) / SECOND for spread in (0.0, 1.0)] == [2700, 4500]
    assert backoff.duration(-DAY, 0.5) == 30 * SECOND  # the clock went back


def test_a_receiver_that_asks_for_a_pause_gets_no_new_message_either(box: World) -> None:
    enqueue(box, "a")
    ear = Recorder(then=ASKED)
    send(box, {"team": ear})
    enqueue(box, "b")
    assert look(box, ear, 600 * SECOND) == 0
    assert [row[3] for row in rows(box)] == [10, 10]
    assert look(box, ear, 5 * SECOND) == 1


def test_a_success_of_another_worker_ends_no_pause_that_a_receiver_asked_for(box: World) -> None:
    enqueue(box, "a", "b", "c")
    under_way = queue.lease(box.database, "team", box.now, lambda: "other")
    assert under_way is not None
    send(box, {"team": Recorder(then=ASKED)})
    queue.ack(box.database, under_way, box.now)
    assert health(box) == ChannelHealth(
        failed_delivery=None, failing_since=None, backoff_until=None, retry_after=START + 600 * SECOND
    )
    assert look(box, Recorder(), 600 * SECOND) == 0


def test_what_one_channel_takes_or_refuses_changes_the_back_off_of_no_other(box: World) -> None:
    enqueue(box, "a", "b")
    enqueue(box, "c", "d", channel="other")
    down, ear = Recorder(then=refuse()), Recorder()
    assert look(box, down, 10 * SECOND) == 2
    before = health(box)
    assert before.backoff_until is not None
    send(box, {"team": down, "other": ear})
    assert (health(box), len(down.heard), ear.ids) == (before, 2, ["c", "d"])
    assert health(box, "other") == HEALTHY


def test_a_clock_that_was_years_ahead_causes_no_back_off_of_years(box: World) -> None:
    box.now += 3650 * DAY
    enqueue(box, "a", "b", "c")
    look(box, Recorder(then=ASKED), 5 * SECOND)
    box.now = START
    assert send(box, {"team": (ear := Recorder())}).failed == {}
    assert {"b", "c"} <= set(ear.ids)


@pytest.mark.parametrize("ahead", [DAY / 24, DAY / 2, 3 * DAY, 6 * DAY])
@pytest.mark.parametrize("waiting", [("a",), ("a", "b")], ids=["one message", "its channel"])
def test_what_failed_while_a_clock_was_ahead_is_tried_again_soon_after_it_is_right(
    box: World, ahead: timedelta, waiting: tuple[str, ...]
) -> None:
    """A clock that was six days ahead, for a minute, put the alerts of a channel off by these six days."""
    enqueue(box, *waiting)
    box.now += ahead
    assert look(box, Recorder(then=refuse()), 10 * SECOND) == len(waiting)
    box.now = START + DAY / 12
    assert send(box, {"team": (ear := Recorder())}).failed == {}
    assert ear.ids == list(waiting)


@pytest.mark.parametrize("back", [SECOND, 90 * SECOND, DAY / 2, 400 * DAY])
@pytest.mark.parametrize("takes", [True, False])
def test_a_clock_that_goes_back_while_a_message_is_sent_neither_loses_nor_repeats_it(
    box: World, back: timedelta, takes: bool
) -> None:
    """What is noted then is noted by the clock as it is, and the next attempt is as far away as ever."""
    enqueue(box, "a")

    def go_back(message: Message) -> None:
        box.now -= back
        if not takes:
            raise DeliveryError("no answer")

    send(box, {"team": (ear := Recorder(then=go_back))})
    now = -back / MINUTE
    [row] = box.rows("deliveries", "delivery_id", "status", "attempts", "next_attempt_at", "delivered_at")
    assert row[1:] == (("delivered", 1, None, now) if takes else ("pending", 1, now + 0.5, None))
    assert look(box, ear, 25 * SECOND) == 0
    box.now += 10 * SECOND
    assert look(box, Recorder(), 5 * SECOND) == (0 if takes else 1)


@pytest.mark.parametrize("lasting", [59 * SECOND, 61 * SECOND, DAY])
def test_a_message_that_takes_longer_than_its_lease_is_noted_all_the_same(box: World, lasting: timedelta) -> None:
    """No other sender took over meanwhile: it was delivered, once."""
    enqueue(box, "a", "b")
    later = box.now + lasting

    def take_long(message: Message) -> None:
        box.now = later

    assert send(box, {"team": (ear := Recorder(then=take_long))}).delivered == {"team": 2}
    assert ear.ids == ["a", "b"]
    assert [row[1:3] for row in rows(box)] == [("delivered", 1)] * 2


def test_a_sender_that_lost_the_lease_does_not_change_the_channel(box: World) -> None:
    enqueue(box, "a", "b")
    late = queue.lease(box.database, "team", box.now, lambda: "late")
    assert late is not None
    box.now += 60 * SECOND
    assert send(box, {"team": Recorder(then=refuse())}).failed
    before = health(box)
    assert not queue.nack(box.database, late, DeliveryError("no answer", retry_after=1.0), now=box.now)
    assert health(box) == before


def test_a_channel_that_took_nothing_for_seven_days_loses_all_that_is_as_old_in_one_go(box: World) -> None:
    enqueue(box, *(f"m{number}" for number in range(400)))
    ear = Recorder(then=refuse())
    assert look(box, ear, 8 * DAY, every=1800 * SECOND) < 250
    assert {row[1:] for row in rows(box) if row[2] == 0} == {("dead", 0, None, "no answer")}
    enqueue(box, "new")
    look(box, ear, 7200 * SECOND, every=600 * SECOND)
    assert ear.ids[-1] == "new"
    assert rows(box)[-1][1] == "pending"


def test_410_ends_all_that_is_pending_by_one_attempt_and_later_messages_by_one_more(box: World) -> None:
    enqueue(box, "a", "b", "c")
    ear = Recorder(then=refuse(gone=True))
    assert look(box, ear, DAY, every=600 * SECOND) == 1
    assert rows(box) == [("team", "dead", 1, None, "no answer")] + [("team", "dead", 0, None, "no answer")] * 2
    enqueue(box, "d", "e")
    assert look(box, ear, DAY, every=600 * SECOND) == 1


def flush(box: World, ear: Recorder) -> deliver.Report:
    return deliver.flush(box.database, team("added"), sender(box, {"team": ear}))


@pytest.mark.parametrize("refusal", [refuse(), ASKED], ids=["back-off", "pause"])
def test_a_flush_sends_all_that_is_pending_the_oldest_first_whatever_it_waits_for(
    box: World, refusal: Callable[[Message], object]
) -> None:
    """What was tried before waited for its time, so that what came later went first."""
    enqueue(box, "a", "b", "c")
    look(box, Recorder(then=refusal), 10 * SECOND)
    enqueue(box, "d")
    ear = Recorder()
    assert flush(box, ear).delivered == {"team": 4}
    assert ear.ids == ["a", "b", "c", "d"]
    assert {row[1] for row in rows(box)} == {"delivered"}


def test_a_message_that_nobody_takes_holds_up_no_other_in_a_flush(box: World) -> None:
    enqueue(box, "bad", "b", "c")

    def first_is_bad(message: Message) -> None:
        if message.id == "bad":
            raise DeliveryError("no answer")

    ear = Recorder(then=first_is_bad)
    report = flush(box, ear)
    assert (ear.ids, report.delivered, report.failed) == (["bad", "b", "c"], {"team": 2}, {"team": "no answer"})


def test_a_flush_leaves_a_channel_alone_that_fails_twice(box: World) -> None:
    enqueue(box, *"abcdefgh")
    ear = Recorder(then=refuse())
    assert flush(box, ear).failed == {"team": "no answer"}
    assert ear.ids == ["a", "b"]


def test_a_flush_leaves_what_another_sender_has_leased(box: World) -> None:
    enqueue(box, "a", "b")
    assert queue.lease(box.database, "team", box.now, lambda: "other")
    ear = Recorder()
    flush(box, ear)
    assert ear.ids == ["b"]


@pytest.mark.parametrize("whose", [{}, {"name": "team"}, {"delivery_id": 1}], ids=["all", "channel", "delivery"])
def test_requeueing_ends_back_off_and_pauses_of_the_channels(box: World, whose: dict[str, object]) -> None:
    enqueue(box, "a")
    enqueue(box, "x", "y", channel="other")
    ears = {"team": Recorder(then=ASKED), "other": Recorder(then=refuse())}
    send(box, ears)
    send(box, ears)
    failing = health(box, "other")
    assert failing.backoff_until
    queue.requeue(box.database, now=box.now, **whose)  # type: ignore[arg-type] # as the command line does
    assert health(box) == HEALTHY
    assert health(box, "other") == (failing if whose else HEALTHY)


@pytest.mark.parametrize("half", [{"suspect": 1, "failing_since": START}, {"rests_until": START}])
def test_the_database_itself_keeps_the_health_of_a_channel_consistent(box: World, half: dict[str, object]) -> None:
    enqueue(box, "a")
    with pytest.raises(DatabaseError), box.database.write() as connection:
        connection.execute(sa.update(channel).values(**half))
