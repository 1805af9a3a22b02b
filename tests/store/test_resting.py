"""A channel that fails is left alone for a while, all of it; a message that fails holds up no other."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.events import DeliveryError, Message
from catalog.store.outbox import backoff, queue
from catalog.store.outbox.backoff import WELL, Standing
from catalog.store.schema.outbox_tables import channel
from tests.store.letters import Ear, owe, refuse, rows, send
from tests.store.world import START, World

pytestmark = [pytest.mark.promise("P8"), pytest.mark.warns]

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
ASKED = refuse(retry_after=600.0)


@pytest.fixture
def box(world: World) -> World:
    """A world with a source, an empty outbox, and the clock at the story's beginning."""
    world.lists("a")
    world.sync()
    world.now = START
    return world


def dislike(*uids: str) -> Callable[[Message], object]:
    def refuse_some(message: Message) -> None:
        if message.id in uids:
            raise DeliveryError("no answer")

    return refuse_some


def look(box: World, ear: Ear, lasting: timedelta, *, every: timedelta = 5 * SECOND) -> int:
    """Make a pass every so often, as a worker does; gives how many attempts that made."""
    before, end = len(ear.heard), box.now + lasting
    while box.now < end:
        send(box, {"team": ear})
        box.now += every
    return len(ear.heard) - before


def standing(box: World, name: str = "team") -> Standing:
    with box.database.write() as connection:
        return backoff.lock(connection, name)


def test_a_channel_that_is_down_is_tried_as_seldom_with_400_messages_as_with_one(box: World) -> None:
    owe(box, "only")
    alone = look(box, Ear(then=refuse()), DAY / 4, every=30 * SECOND)
    send(box, {"team": Ear()})
    queue.revive(box.database, now=box.now, name="team")
    owe(box, *(f"m{number}" for number in range(400)))
    assert 10 < alone < 16
    assert look(box, Ear(then=refuse()), DAY / 4, every=30 * SECOND) <= alone + 3


def test_what_is_owed_newly_to_a_channel_that_is_down_waits_too(box: World) -> None:
    owe(box, "a", "b")
    ear = Ear(then=refuse())
    assert look(box, ear, 10 * SECOND) == 2
    owe(box, "c")
    assert look(box, ear, 20 * SECOND) == 0
    assert rows(box)[2] == ("team", "owed", 0, 35 / 60, None)  # as its next attempt people are told the end of the rest


def test_a_channel_that_takes_a_message_again_gets_all_of_them_at_once(box: World) -> None:
    owe(box, *(f"m{number}" for number in range(20)))
    look(box, Ear(then=refuse()), 600 * SECOND)
    box.now += 600 * SECOND
    assert send(box, {"team": Ear()}).delivered == {"team": 20}
    assert standing(box) == WELL
    owe(box, "new")
    assert send(box, {"team": Ear()}).delivered == {"team": 1}


def test_a_message_that_is_refused_for_days_delays_no_later_one(box: World) -> None:
    owe(box, "poison")
    ear = Ear(then=dislike("poison"))
    look(box, ear, 2 * DAY, every=1800 * SECOND)
    owe(box, "b", "c")
    look(box, ear, 10 * SECOND)
    assert ear.ids[-2:] == ["b", "c"]


def test_a_rest_lasts_as_long_as_the_channel_has_been_failing_half_a_minute_to_an_hour() -> None:
    failing = [timedelta(0), 31 * SECOND, 300 * SECOND, DAY]
    assert [backoff.rest(each, 0.5) / SECOND for each in failing] == [30, 31, 300, 3600]
    assert [backoff.rest(DAY, spread) / SECOND for spread in (0.0, 1.0)] == [2700, 4500]
    assert backoff.rest(-DAY, 0.5) == 30 * SECOND  # the clock went back


def test_a_receiver_that_asks_for_a_pause_is_spared_what_is_owed_newly(box: World) -> None:
    owe(box, "a")
    ear = Ear(then=ASKED)
    send(box, {"team": ear})
    owe(box, "b")
    assert look(box, ear, 600 * SECOND) == 0
    assert [row[3] for row in rows(box)] == [10, 10]
    assert look(box, ear, 5 * SECOND) == 1


def test_a_message_that_another_worker_got_through_ends_no_pause_that_was_asked_for(box: World) -> None:
    owe(box, "a", "b", "c")
    under_way = queue.lease(box.database, "team", box.now, lambda: "other")
    assert under_way is not None
    send(box, {"team": Ear(then=ASKED)})
    queue.acknowledge(box.database, under_way, box.now)
    assert standing(box) == Standing(
        suspect=None, failing_since=None, rests_until=None, paused_until=START + 600 * SECOND
    )
    assert look(box, Ear(), 600 * SECOND) == 0


def test_a_clock_that_was_years_ahead_lets_no_channel_rest_for_years(box: World) -> None:
    box.now += 3650 * DAY
    owe(box, "a", "b", "c")
    look(box, Ear(then=ASKED), 5 * SECOND)
    box.now = START
    assert send(box, {"team": (ear := Ear())}).failed == {}
    assert {"b", "c"} <= set(ear.ids)


def test_whoever_lost_the_lease_says_nothing_of_the_channel(box: World) -> None:
    owe(box, "a", "b")
    late = queue.lease(box.database, "team", box.now, lambda: "late")
    assert late is not None
    box.now += 60 * SECOND
    assert send(box, {"team": Ear(then=refuse())}).failed
    before = standing(box)
    assert not queue.fail(box.database, late, "no answer", now=box.now, wait=SECOND, asked=True)
    assert standing(box) == before


def test_a_channel_that_took_nothing_for_seven_days_loses_all_that_is_as_old_in_one_go(box: World) -> None:
    owe(box, *(f"m{number}" for number in range(400)))
    ear = Ear(then=refuse())
    assert look(box, ear, 8 * DAY, every=1800 * SECOND) < 250
    assert {row[1:] for row in rows(box) if row[2] == 0} == {("dead", 0, None, "no answer")}
    owe(box, "new")
    look(box, ear, 7200 * SECOND, every=600 * SECOND)
    assert ear.ids[-1] == "new"
    assert rows(box)[-1][1] == "owed"


def test_410_ends_what_is_owed_with_one_knock_and_later_messages_knock_once_more(box: World) -> None:
    owe(box, "a", "b", "c")
    ear = Ear(then=refuse(gone=True))
    assert look(box, ear, DAY, every=600 * SECOND) == 1
    assert rows(box) == [("team", "dead", 1, None, "no answer")] + [("team", "dead", 0, None, "no answer")] * 2
    owe(box, "d", "e")
    assert look(box, ear, DAY, every=600 * SECOND) == 1


def test_whoever_wants_them_sent_now_ends_a_rest_but_no_pause_that_was_asked_for(box: World) -> None:
    owe(box, "a", "b", "c")
    look(box, Ear(then=refuse()), 10 * SECOND)
    queue.wake(box.database)
    assert send(box, {"team": Ear()}).delivered == {"team": 1}  # the others have waits of their own
    owe(box, "d")
    send(box, {"team": Ear(then=ASKED)})
    queue.wake(box.database)
    assert look(box, Ear(), 60 * SECOND) == 0


def test_who_wants_them_sent_now_respects_a_pause_also_where_another_worker_has_failed_since(box: World) -> None:
    owe(box, "a", "b", "c")
    under_way = queue.lease(box.database, "team", box.now, lambda: "other")
    assert under_way is not None
    send(box, {"team": Ear(then=ASKED)})
    queue.fail(box.database, under_way, "no answer", now=box.now, wait=SECOND)
    assert standing(box).rests_until
    queue.wake(box.database)
    assert look(box, Ear(), 60 * SECOND) == 0


@pytest.mark.parametrize("whose", [{}, {"name": "team"}, {"delivery_id": 1}], ids=["all", "channel", "delivery"])
def test_whoever_tries_dead_alerts_again_ends_rests_and_pauses_of_their_channels(
    box: World, whose: dict[str, object]
) -> None:
    owe(box, "a")
    owe(box, "x", "y", channel="other")
    ears = {"team": Ear(then=ASKED), "other": Ear(then=refuse())}
    send(box, ears)
    send(box, ears)
    failing = standing(box, "other")
    assert failing.rests_until
    queue.revive(box.database, now=box.now, **whose)  # type: ignore[arg-type] # as the command line does
    assert standing(box) == WELL
    assert standing(box, "other") == (failing if whose else WELL)


@pytest.mark.parametrize("half", [{"suspect": 1, "failing_since": START}, {"rests_until": START}])
def test_the_database_itself_keeps_the_standing_of_a_channel_in_order(box: World, half: dict[str, object]) -> None:
    owe(box, "a")
    with pytest.raises(DatabaseError), box.database.write() as connection:
        connection.execute(sa.update(channel).values(**half))
