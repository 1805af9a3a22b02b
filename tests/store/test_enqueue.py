"""What a run enqueues: in the run's own transaction, once, and only for channels that were there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from catalog.domain import Status
from catalog.events import News, OutboxMessage, Rule, RunFacts, Subscriptions
from catalog.store.outbox import enqueue, queue
from tests.store.delivering import take_all
from tests.store.world import MINUTE, START, World
from tests.subscribing import Composing, rule, subscriptions

pytestmark = pytest.mark.promise("P7", "P8")

DAY = timedelta(days=1)


def told(world: World, channel: str = "team") -> list[list[tuple[str, str]]]:
    """The changes of each message, as kind and id."""
    return [[(each["kind"], each["model_id"]) for each in payload["changes"]] for payload in take_all(world, channel)]


def of_time(world: World, at: Subscriptions) -> int:
    return enqueue.from_clock(world.database, at, world.now)


def test_a_baseline_enqueues_nothing_but_itself(world: World) -> None:
    world.lists(*(f"m{number}" for number in range(50)))
    world.sync(subscriptions=subscriptions(rule(), rule("baseline", channel="operator")))
    assert take_all(world) == []
    assert [payload["type"] for payload in take_all(world, "operator")] == ["catalog.baseline"]


def test_a_run_enqueues_one_message_per_channel_with_all_that_concerns_it(world: World) -> None:
    at = subscriptions(rule(), rule("removed", channel="gone"), rule(channel="some", models=("b*",)))
    world.lists("a")
    world.sync(subscriptions=at)
    world.lists("a", "b", "c", max_tokens=7)
    world.sync(subscriptions=at)
    [message] = take_all(world)
    assert [(each["kind"], each["model_id"], each["field"]) for each in message["changes"]] == [
        ("added", "b", None),
        ("added", "c", None),
        ("changed", "a", "max_tokens"),
    ]
    assert (message["source"], message["run_id"], message["type"]) == ("one", 2, "catalog.changes")
    assert told(world, "gone") == []
    assert told(world, "some") == [[("added", "b")]]


def test_a_run_without_news_enqueues_nothing(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=subscriptions())
    world.sync(subscriptions=subscriptions())
    assert take_all(world) == []


def test_a_channel_added_later_starts_at_its_creation(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=subscriptions())
    world.lists("a", "b")
    world.sync(subscriptions=subscriptions())
    world.sync(subscriptions=subscriptions(rule(), rule(channel="new")))
    world.lists("a", "b", "c")
    world.sync(subscriptions=subscriptions(rule(), rule(channel="new")))
    assert told(world) == [[("added", "b")], [("added", "c")]]
    assert told(world, "new") == [[("added", "c")]]


@dataclass
class Broken(Composing):
    """An composer that fails once it has looked at some news."""

    looked: list[str] = field(default_factory=list)

    def digest(self, _rule: Rule, news: Iterable[News], _facts: RunFacts) -> OutboxMessage | None:
        self.looked += [each.change.model_id for each in news]
        raise ZeroDivisionError


@pytest.mark.warns
def test_changes_are_recorded_with_their_alerts_or_not_at_all(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=subscriptions())
    world.lists("a", "b")
    broken = Broken()
    with pytest.raises(ZeroDivisionError):
        world.sync(subscriptions=subscriptions(composer=broken))
    assert broken.looked == ["b"]
    assert world.listed() == "a"
    assert world.rows("changes", "model_id") == [("a",)]
    world.sync(subscriptions=subscriptions())
    assert told(world) == [[("added", "b")]]


def test_a_dry_run_enqueues_nothing(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=subscriptions())
    world.lists("a", "b")
    world.sync(subscriptions=subscriptions(), dry_run=True)
    assert take_all(world) == []


@pytest.mark.warns
def test_a_failure_is_told_when_it_lasts_and_its_end_once(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=subscriptions())
    for _ in range(20):
        world.cut(subscriptions=subscriptions())
    world.lists("a", "b")
    world.sync(subscriptions=subscriptions())
    world.sync(subscriptions=subscriptions())
    failed, recovered, changes = take_all(world)
    assert (failed["type"], failed["run_id"]) == ("catalog.sync_failed", 4)
    assert (recovered["type"], recovered["run_id"]) == ("catalog.sync_recovered", 22)
    assert [each["model_id"] for each in changes["changes"]] == ["b"]


@pytest.mark.warns
def test_a_run_that_is_held_is_told_once(world: World) -> None:
    world.lists("a", "b", "c", "d", "e")
    world.sync(subscriptions=subscriptions())
    world.lists()
    assert world.sync(subscriptions=subscriptions()).run.status is Status.HELD
    world.sync(subscriptions=subscriptions())
    assert [payload["type"] for payload in take_all(world)] == ["catalog.held"]


def removal(world: World, at: Subscriptions) -> None:
    """Let a model be removed; the second walk ends 32 minutes after the story's beginning."""
    world.lists("a", "b", "c")
    world.sync(subscriptions=at)
    world.lists("a", "b")
    world.sync(subscriptions=at)
    world.sync(subscriptions=at, after=20)
    assert ("removed", "c") in world.said


def test_a_removal_is_told_when_it_is_confirmed(world: World) -> None:
    removal(world, subscriptions())
    assert told(world) == [[("removed", "c")]]


def test_a_removal_that_has_to_settle_is_told_late_and_once(world: World) -> None:
    at = subscriptions(rule(settle=60 * MINUTE))
    removal(world, at)
    world.pass_minutes(59)
    assert of_time(world, at) == 0
    world.pass_minutes(1)
    assert of_time(world, at) == 1
    assert of_time(world, at) == 0
    assert told(world) == [[("removed", "c")]]


def test_after_a_clock_was_ahead_alerts_are_due_and_removals_settle_by_the_clock_that_is_right(world: World) -> None:
    # Runs are dated after those of a clock that was ahead. So were their alerts, which then waited for years, and the
    # moments until which removals had to settle.
    at = subscriptions(rule(), rule("removed", settle=60 * MINUTE, channel="slow"))
    world.lists("a", "b")
    world.sync(subscriptions=at)
    world.lists("a")
    world.pass_minutes(3653 * 1440)
    world.sync(subscriptions=at)
    world.sync(subscriptions=at, after=20)
    world.pass_minutes(-3653 * 1440)
    world.lists("a", "c")
    world.sync(subscriptions=at)
    [due] = [due for _, kind, due in world.rows("deliveries", "delivery_id", "type", "next_attempt_at")][-1:]
    assert due == (world.now - START) / MINUTE
    assert of_time(world, at) == 1
    assert told(world, "slow") == [[("removed", "b")]]


def test_a_removal_that_came_back_before_it_settled_cancels_out(world: World) -> None:
    at = subscriptions(rule(settle=60 * MINUTE), rule(channel="hasty"))
    removal(world, at)
    world.lists("a", "b", "c")
    world.sync(subscriptions=at)
    assert ("returned", "c") in world.said
    world.pass_minutes(600)
    assert of_time(world, at) == 0
    assert told(world) == []
    assert told(world, "hasty") == [[("removed", "c")], [("returned", "c")]]


def test_a_removal_that_came_back_while_the_channel_was_not_configured_is_never_told(world: World) -> None:
    at = subscriptions(rule(settle=60 * MINUTE))
    removal(world, at)
    world.lists("a", "b", "c")
    world.sync(subscriptions=subscriptions(rule(channel="other")))
    assert ("returned", "c") in world.said
    world.pass_minutes(60)
    assert of_time(world, at) == 0
    assert told(world) == []


def test_a_return_after_the_removal_was_told_is_told(world: World) -> None:
    at = subscriptions(rule(settle=60 * MINUTE))
    removal(world, at)
    world.pass_minutes(60)
    of_time(world, at)
    world.lists("a", "b", "c")
    world.sync(subscriptions=at)
    assert told(world) == [[("removed", "c")], [("returned", "c")]]


def test_other_news_does_not_wait_for_removals(world: World) -> None:
    at = subscriptions(rule(settle=60 * MINUTE))
    removal(world, at)
    world.lists("a", "b", "d")
    world.sync(subscriptions=at)
    assert told(world) == [[("added", "d")]]


def test_a_removal_that_waits_for_a_channel_that_is_no_more_takes_no_lock(world: World) -> None:
    removal(world, subscriptions(rule(settle=60 * MINUTE)))
    world.pass_minutes(60)
    with world.database.write():
        assert of_time(world, subscriptions(rule(channel="other"))) == 0


def test_what_waits_for_a_channel_that_is_no_more_is_forgotten_in_its_time(world: World) -> None:
    at = subscriptions(rule(settle=60 * MINUTE))
    removal(world, at)
    world.pass_minutes(60 + 7 * 1440 - 1)
    for rows in (1, 0):
        of_time(world, subscriptions(rule(channel="other")))
        with world.database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM catalog_deferred_removal").scalar() == rows
        world.pass_minutes(1)
    assert of_time(world, at) == 0
    assert told(world) == []


def test_a_retirement_is_told_milestone_by_milestone_each_once(world: World) -> None:
    world.lists("a", retires_at="2026-05-01T00:00:00Z")
    world.sync(subscriptions=subscriptions())
    days = []
    for day in range(0, 130, 3):  # with pauses
        world.now = START + day * DAY + 60 * MINUTE
        of_time(world, subscriptions())
        days += [(day, each["type"].partition(".")[2], each.get("milestone")) for each in take_all(world)]
    assert days == [
        (30, "retiring", 90),
        (60, "retiring", 60),
        (90, "retiring", 30),
        (108, "retiring", 14),
        (114, "retiring", 7),
        (120, "overdue", None),
    ]


def test_a_date_that_moves_has_milestones_of_its_own(world: World) -> None:
    world.lists("a", retires_at="2026-05-01T00:00:00Z")
    world.sync(subscriptions=subscriptions())
    world.now = START + 95 * DAY
    of_time(world, subscriptions())
    world.lists("a", retires_at="2026-09-01T00:00:00Z")
    world.sync(subscriptions=subscriptions())
    world.now = START + 125 * DAY  # the old date has passed
    of_time(world, subscriptions())
    world.now = START + 220 * DAY
    of_time(world, subscriptions())
    found = [(each["type"], each.get("milestone"), each.get("retires_at")) for each in take_all(world)]
    assert found == [
        ("catalog.retiring", 30, "2026-05-01T00:00:00Z"),
        ("catalog.changes", None, None),
        ("catalog.retiring", 30, "2026-09-01T00:00:00Z"),
    ]


def test_a_model_that_left_is_not_retiring(world: World) -> None:
    world.lists("a", "b", "c", retires_at="2026-05-01T00:00:00Z")
    world.sync(subscriptions=subscriptions())
    world.lists("a", "b", retires_at="2026-05-01T00:00:00Z")
    world.sync(subscriptions=subscriptions())
    world.sync(subscriptions=subscriptions(), after=20)
    take_all(world)
    world.now = START + 95 * DAY
    of_time(world, subscriptions())
    assert sorted(payload["model_id"] for payload in take_all(world)) == ["a", "b"]


def test_a_channel_that_no_run_has_seen_is_told_of_no_milestone(world: World) -> None:
    world.lists("a", retires_at="2026-05-01T00:00:00Z")
    world.sync()
    world.now = START + 95 * DAY
    assert of_time(world, subscriptions()) == 0


def test_a_wave_over_a_thousand_models_is_one_message(world: World) -> None:
    names = [f"m{number:04}" for number in range(1100)]
    world.page_size = 100
    world.lists(*names)
    world.sync(subscriptions=subscriptions())
    world.lists(*names, max_tokens=1)
    world.sync(subscriptions=subscriptions())
    [message] = take_all(world)
    assert (len(message["changes"]), message["total"]) == (1000, 1100)


def lapse(world: World) -> None:
    """Enqueue something for two channels, and let seven days pass."""
    world.lists("a")
    world.sync(subscriptions=subscriptions(rule(), rule(channel="former")))
    world.lists("a", "b")
    world.sync(subscriptions=subscriptions(rule(), rule(channel="former")))
    world.now += 7 * DAY


def test_what_is_pending_for_an_unknown_channel_is_dead_in_its_time_and_stays_visible(world: World) -> None:
    lapse(world)
    world.now -= MINUTE
    of_time(world, subscriptions())
    assert world.rows("deliveries", "channel", "status") == [("former", "pending"), ("team", "pending")]
    world.now += MINUTE
    of_time(world, subscriptions())
    assert world.rows("deliveries", "channel", "status", "next_attempt_at", "last_error") == [
        ("former", "dead", None, "the channel is not configured any more"),
        ("team", "pending", 22, None),
    ]


def test_what_another_worker_is_sending_to_a_channel_unknown_here_is_left_to_it(world: World) -> None:
    lapse(world)
    sent = queue.lease(world.database, "former", world.now, lambda: "other")
    assert sent is not None
    of_time(world, subscriptions())
    assert queue.ack(world.database, sent, world.now)
    assert world.rows("deliveries", "channel", "status") == [("former", "delivered"), ("team", "pending")]


def test_a_former_channel_with_nothing_old_pending_takes_no_lock(world: World) -> None:
    lapse(world)
    of_time(world, subscriptions())
    with world.database.write():
        assert of_time(world, subscriptions()) == 0
