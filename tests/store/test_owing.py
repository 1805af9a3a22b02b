"""What a run owes to channels: in the run's own transaction, once, and only to those who were there."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog.alerts import milestones, rules
from catalog.domain import Status
from catalog.events import News, Owed, Planned, Rule, RunFacts
from catalog.store.outbox import enqueue, queue
from catalog.store.outbox.enqueue import Desk
from tests.store.world import MINUTE, START, World

pytestmark = pytest.mark.promise("P7", "P8")

DAY = timedelta(days=1)
EVENTS = ("added", "returned", "removed", "changed", "retiring", "overdue", "held", "sync_failed")


def rule(channel: str = "team", *events: str, **settings: Any) -> Rule:
    return Rule(channel=channel, events=events or EVENTS, **settings)


def plan(channel: Rule, planned: Iterable[Planned], since: datetime, now: datetime) -> list[Owed]:
    return milestones.retiring(channel, planned, milestones=(90, 30, 7, 1), now=now, since=since)


def desk(*told: Rule, **settings: Any) -> Desk:
    return Desk(**{"rules": told or (rule(),), "editor": rules, "planner": plan, "ahead": 90 * DAY, **settings})


def owed(world: World, channel: str = "team") -> list[dict[str, Any]]:
    """The payloads of a channel, oldest first; takes them out of the outbox."""
    payloads = []
    while leased := queue.lease(world.database, channel, world.now + 1000 * DAY, lambda: "test"):
        payloads.append(json.loads(leased.payload))
        assert queue.acknowledge(world.database, leased, world.now)
    return payloads


def told(world: World, channel: str = "team") -> list[list[tuple[str, str]]]:
    """The changes of each message, as kind and id."""
    return [[(each["kind"], each["model_id"]) for each in payload["changes"]] for payload in owed(world, channel)]


def of_time(world: World, at: Desk) -> int:
    return enqueue.of_time(world.database, at, world.now)


def test_a_baseline_owes_nothing_but_itself(world: World) -> None:
    world.lists(*(f"m{number}" for number in range(50)))
    world.sync(desk=desk(rule("team"), rule("operator", "baseline")))
    assert owed(world) == []
    assert [payload["type"] for payload in owed(world, "operator")] == ["catalog.baseline"]


def test_a_run_owes_each_channel_one_message_with_all_that_concerns_it(world: World) -> None:
    at = desk(rule("team"), rule("gone", "removed"), rule("some", models=("b*",)))
    world.lists("a")
    world.sync(desk=at)
    world.lists("a", "b", "c", max_tokens=7)
    world.sync(desk=at)
    [message] = owed(world)
    assert [(each["kind"], each["model_id"], each["field"]) for each in message["changes"]] == [
        ("added", "b", None),
        ("added", "c", None),
        ("changed", "a", "max_tokens"),
    ]
    assert (message["source"], message["run_id"], message["type"]) == ("one", 2, "catalog.changes")
    assert told(world, "gone") == []
    assert told(world, "some") == [[("added", "b")]]


def test_a_run_without_news_owes_nothing(world: World) -> None:
    world.lists("a")
    world.sync(desk=desk())
    world.sync(desk=desk())
    assert owed(world) == []


def test_a_channel_added_later_starts_at_its_creation(world: World) -> None:
    world.lists("a")
    world.sync(desk=desk())
    world.lists("a", "b")
    world.sync(desk=desk())
    world.sync(desk=desk(rule("team"), rule("new")))
    world.lists("a", "b", "c")
    world.sync(desk=desk(rule("team"), rule("new")))
    assert told(world) == [[("added", "b")], [("added", "c")]]
    assert told(world, "new") == [[("added", "c")]]


@dataclass
class Broken:
    """An editor that fails once it has looked at some news."""

    looked: list[str] = field(default_factory=list)

    def concerns(self, _rule: Rule, _news: News) -> bool:
        return True

    def digest(self, _rule: Rule, news: Iterable[News], _facts: RunFacts) -> Owed | None:
        self.looked += [each.change.model_id for each in news]
        raise ZeroDivisionError

    def operator(self, _rule: Rule, _facts: RunFacts) -> list[Owed]:
        return []


@pytest.mark.warns
def test_changes_are_recorded_with_what_they_owe_or_not_at_all(world: World) -> None:
    world.lists("a")
    world.sync(desk=desk())
    world.lists("a", "b")
    editor = Broken()
    with pytest.raises(ZeroDivisionError):
        world.sync(desk=desk(editor=editor))
    assert editor.looked == ["b"]
    assert world.listed() == "a"
    assert world.rows("changes", "model_id") == [("a",)]
    world.sync(desk=desk())
    assert told(world) == [[("added", "b")]]


def test_a_dry_run_owes_nothing(world: World) -> None:
    world.lists("a")
    world.sync(desk=desk())
    world.lists("a", "b")
    world.sync(desk=desk(), dry_run=True)
    assert owed(world) == []


@pytest.mark.warns
def test_a_failure_is_told_when_it_lasts_and_its_end_once(world: World) -> None:
    world.lists("a")
    world.sync(desk=desk())
    for _ in range(20):
        world.cut(desk=desk())
    world.lists("a", "b")
    world.sync(desk=desk())
    world.sync(desk=desk())
    failed, recovered, changes = owed(world)
    assert (failed["type"], failed["run_id"]) == ("catalog.sync_failed", 4)
    assert (recovered["type"], recovered["run_id"]) == ("catalog.sync_recovered", 22)
    assert [each["model_id"] for each in changes["changes"]] == ["b"]


@pytest.mark.warns
def test_a_run_that_is_held_is_told_once(world: World) -> None:
    world.lists("a", "b", "c", "d", "e")
    world.sync(desk=desk())
    world.lists()
    assert world.sync(desk=desk()).run.status is Status.HELD
    world.sync(desk=desk())
    assert [payload["type"] for payload in owed(world)] == ["catalog.held"]


def removal(world: World, at: Desk) -> None:
    """Let a model be removed; the second walk ends 32 minutes after the story's beginning."""
    world.lists("a", "b", "c")
    world.sync(desk=at)
    world.lists("a", "b")
    world.sync(desk=at)
    world.sync(desk=at, after=20)
    assert ("removed", "c") in world.said


def test_a_removal_is_told_when_it_is_confirmed(world: World) -> None:
    removal(world, desk())
    assert told(world) == [[("removed", "c")]]


def test_a_removal_that_has_to_settle_is_told_late_and_once(world: World) -> None:
    at = desk(rule(settle=60 * MINUTE))
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
    at = desk(rule("team"), rule("slow", "removed", settle=60 * MINUTE))
    world.lists("a", "b")
    world.sync(desk=at)
    world.lists("a")
    world.pass_minutes(3653 * 1440)
    world.sync(desk=at)
    world.sync(desk=at, after=20)
    world.pass_minutes(-3653 * 1440)
    world.lists("a", "c")
    world.sync(desk=at)
    [due] = [due for _, kind, due in world.rows("deliveries", "delivery_id", "type", "next_attempt_at")][-1:]
    assert due == (world.now - START) / MINUTE
    assert of_time(world, at) == 1
    assert told(world, "slow") == [[("removed", "b")]]


def test_a_removal_that_came_back_before_it_settled_cancels_out(world: World) -> None:
    at = desk(rule(settle=60 * MINUTE), rule("hasty"))
    removal(world, at)
    world.lists("a", "b", "c")
    world.sync(desk=at)
    assert ("returned", "c") in world.said
    world.pass_minutes(600)
    assert of_time(world, at) == 0
    assert told(world) == []
    assert told(world, "hasty") == [[("removed", "c")], [("returned", "c")]]


def test_a_removal_that_came_back_while_the_channel_was_not_configured_is_never_told(world: World) -> None:
    at = desk(rule(settle=60 * MINUTE))
    removal(world, at)
    world.lists("a", "b", "c")
    world.sync(desk=desk(rule("other")))
    assert ("returned", "c") in world.said
    world.pass_minutes(60)
    assert of_time(world, at) == 0
    assert told(world) == []


def test_a_return_after_the_removal_was_told_is_told(world: World) -> None:
    at = desk(rule(settle=60 * MINUTE))
    removal(world, at)
    world.pass_minutes(60)
    of_time(world, at)
    world.lists("a", "b", "c")
    world.sync(desk=at)
    assert told(world) == [[("removed", "c")], [("returned", "c")]]


def test_other_news_does_not_wait_for_removals(world: World) -> None:
    at = desk(rule(settle=60 * MINUTE))
    removal(world, at)
    world.lists("a", "b", "d")
    world.sync(desk=at)
    assert told(world) == [[("added", "d")]]


def test_a_removal_that_waits_for_a_channel_that_is_no_more_takes_no_lock(world: World) -> None:
    removal(world, desk(rule(settle=60 * MINUTE)))
    world.pass_minutes(60)
    with world.database.write():
        assert of_time(world, desk(rule("other"))) == 0


def test_what_waits_for_a_channel_that_is_no_more_is_forgotten_in_its_time(world: World) -> None:
    at = desk(rule(settle=60 * MINUTE))
    removal(world, at)
    world.pass_minutes(60 + 7 * 1440 - 1)
    for rows in (1, 0):
        of_time(world, desk(rule("other")))
        with world.database.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM catalog_waiting").scalar() == rows
        world.pass_minutes(1)
    assert of_time(world, at) == 0
    assert told(world) == []


def test_a_retirement_is_told_milestone_by_milestone_each_once(world: World) -> None:
    world.lists("a", retires_at="2026-05-01T00:00:00Z")
    world.sync(desk=desk())
    days = []
    for day in range(0, 130, 3):  # with pauses
        world.now = START + day * DAY + 60 * MINUTE
        of_time(world, desk())
        days += [(day, each["type"].partition(".")[2], each.get("milestone")) for each in owed(world)]
    assert days == [
        (30, "retiring", 90),
        (90, "retiring", 30),
        (114, "retiring", 7),
        (120, "overdue", None),
    ]


def test_a_date_that_moves_has_milestones_of_its_own(world: World) -> None:
    world.lists("a", retires_at="2026-05-01T00:00:00Z")
    world.sync(desk=desk())
    world.now = START + 95 * DAY
    of_time(world, desk())
    world.lists("a", retires_at="2026-09-01T00:00:00Z")
    world.sync(desk=desk())
    world.now = START + 125 * DAY  # the old date has passed
    of_time(world, desk())
    world.now = START + 220 * DAY
    of_time(world, desk())
    found = [(each["type"], each.get("milestone"), each.get("retires_at")) for each in owed(world)]
    assert found == [
        ("catalog.retiring", 30, "2026-05-01T00:00:00Z"),
        ("catalog.changes", None, None),
        ("catalog.retiring", 30, "2026-09-01T00:00:00Z"),
    ]


def test_a_model_that_left_is_not_retiring(world: World) -> None:
    world.lists("a", "b", "c", retires_at="2026-05-01T00:00:00Z")
    world.sync(desk=desk())
    world.lists("a", "b", retires_at="2026-05-01T00:00:00Z")
    world.sync(desk=desk())
    world.sync(desk=desk(), after=20)
    owed(world)
    world.now = START + 95 * DAY
    of_time(world, desk())
    assert sorted(payload["model_id"] for payload in owed(world)) == ["a", "b"]


def test_a_channel_that_no_run_has_seen_is_told_of_no_milestone(world: World) -> None:
    world.lists("a", retires_at="2026-05-01T00:00:00Z")
    world.sync()
    world.now = START + 95 * DAY
    assert of_time(world, desk()) == 0


def test_a_wave_over_a_thousand_models_is_one_message(world: World) -> None:
    names = [f"m{number:04}" for number in range(1100)]
    world.page_size = 100
    world.lists(*names)
    world.sync(desk=desk())
    world.lists(*names, max_tokens=1)
    world.sync(desk=desk())
    [message] = owed(world)
    assert (len(message["changes"]), message["total"]) == (1000, 1100)


def lapse(world: World) -> None:
    """Let two channels be owed something, and seven days pass."""
    world.lists("a")
    world.sync(desk=desk(rule("team"), rule("former")))
    world.lists("a", "b")
    world.sync(desk=desk(rule("team"), rule("former")))
    world.now += 7 * DAY


def test_what_is_owed_to_a_channel_that_nobody_has_dies_in_its_time_and_stays_visible(world: World) -> None:
    lapse(world)
    world.now -= MINUTE
    of_time(world, desk())
    assert world.rows("deliveries", "channel", "status") == [("former", "owed"), ("team", "owed")]
    world.now += MINUTE
    of_time(world, desk())
    assert world.rows("deliveries", "channel", "status", "next_attempt_at", "last_error") == [
        ("former", "dead", None, "the channel is not configured any more"),
        ("team", "owed", 22, None),
    ]


def test_what_somebody_else_is_just_sending_to_a_channel_that_we_do_not_have_is_left_to_them(world: World) -> None:
    lapse(world)
    sent = queue.lease(world.database, "former", world.now, lambda: "other")
    assert sent is not None
    of_time(world, desk())
    assert queue.acknowledge(world.database, sent, world.now)
    assert world.rows("deliveries", "channel", "status") == [("former", "delivered"), ("team", "owed")]


def test_a_former_channel_that_is_owed_nothing_old_takes_no_lock(world: World) -> None:
    lapse(world)
    of_time(world, desk())
    with world.database.write():
        assert of_time(world, desk()) == 0
