"""What becomes owed, told as stories: quiet where nothing is news, once where something is, never more."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from catalog import dates
from catalog.alerts import milestones, rules, wording
from catalog.events import Owed, Planned, Rule
from catalog.store.outbox import enqueue, queue
from catalog.store.outbox.enqueue import Desk
from tests.store.world import START, World

pytestmark = pytest.mark.promise("P7", "P8")

DAYS = (90, 60, 30, 14, 7, 1)
EVERYTHING = (
    *("added", "returned", "removed", "changed", "retiring", "overdue"),
    *("held", "sync_failed", "sync_recovered"),
)


def planner(rule: Rule, models: Iterable[Planned], since: datetime | None, now: datetime) -> list[Owed]:
    return milestones.retiring(rule, models, milestones=DAYS, now=now, since=since)


def desk(*events: str, **filters: Any) -> Desk:
    rule = Rule(channel="team", events=events or EVERYTHING, **filters)
    return Desk(rules=(rule,), editor=rules, planner=planner, ahead=timedelta(days=max(DAYS)))


def owed(world: World) -> list[dict[str, Any]]:
    """The payloads that were ever owed, oldest first."""
    with world.database.read() as connection:
        query = "SELECT payload FROM catalog_delivery ORDER BY delivery_id"
        return [json.loads(text) for text in connection.exec_driver_sql(query).scalars()]


def types(world: World) -> list[str]:
    return [payload["type"].removeprefix("catalog.") for payload in owed(world)]


def test_a_baseline_of_a_thousand_models_tells_of_none(world: World) -> None:
    world.lists(*(f"model-{number}" for number in range(1000)))
    world.sync(desk=desk())
    assert owed(world) == []


def test_twenty_failed_runs_and_a_recovery_with_one_new_model_tell_of_that_model_alone(world: World) -> None:
    world.lists("a", "b")
    world.sync(desk=desk("added"))
    for _ in range(20):
        world.cut(desk=desk("added"))
    world.lists("a", "b", "c")
    world.sync(desk=desk("added"))
    [message] = owed(world)
    assert [(change["kind"], change["model_id"]) for change in message["changes"]] == [("added", "c")]


def test_operators_hear_once_of_a_streak_of_failures_and_once_of_its_end(world: World) -> None:
    world.lists("a")
    world.sync(desk=desk())
    for _ in range(7):
        world.cut(desk=desk())
    world.sync(desk=desk())
    world.sync(desk=desk())
    assert types(world) == ["sync_failed", "sync_recovered"]
    assert "3 runs in a row failed" in owed(world)[0]["reason"]


def test_a_second_streak_is_told_of_again(world: World) -> None:
    world.lists("a")
    for _ in range(2):
        world.sync(desk=desk())
        for _ in range(4):
            world.cut(desk=desk())
    world.sync(desk=desk())
    assert types(world) == ["sync_failed", "sync_recovered"] * 2


def test_a_held_walk_is_told_of_when_it_begins_to_be_held(world: World) -> None:
    world.lists(*"abcdef")
    world.sync(desk=desk())
    world.lists("a")
    for _ in range(3):
        world.sync(desk=desk())
    assert types(world) == ["held"]


def test_a_field_that_appears_everywhere_is_one_line_of_text_and_every_change_in_the_json(world: World) -> None:
    ids = [f"model-{number}" for number in range(9)]
    world.lists(*ids)
    world.sync(desk=desk())
    world.lists(*ids, extra={f"field{number}": {"supported": True} for number in range(27)})
    world.sync(desk=desk())
    [message] = owed(world)
    _, text = wording.render(message)
    assert len([line for line in text.splitlines() if "extra" in line]) == 1
    fields = {change["field"] for change in message["changes"]}
    assert len(fields) == 27


def test_a_run_that_is_taken_back_owes_nothing(world: World) -> None:
    world.lists("a")
    world.sync(desk=desk())
    world.lists("a", "b")
    world.sync(desk=desk(), dry_run=True)
    assert owed(world) == []


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def told_on(world: World, number: float) -> list[tuple[str, int | None]]:
    """What the passing of time makes owed on a day: type and milestone."""
    before = len(owed(world))
    enqueue.of_time(world.database, desk(), day(number))
    return [(message["type"].removeprefix("catalog."), message["milestone"]) for message in owed(world)[before:]]


def test_a_hundred_days_of_milestones_with_gaps_and_a_date_that_moves(world: World) -> None:
    world.lists("a", "b", retires_at=None)
    world.sync(desk=desk())
    world.lists("a", "b", retires_at=dates.short(day(100)))
    world.sync(desk=desk("removed"))
    seen: dict[float, list[tuple[str, int | None]]] = {}
    # Looked at every day, but for a pause from day 35 to day 72, in which the milestones 60 and 30 pass.
    for number in [*range(1, 35), *range(72, 80)]:
        if found := told_on(world, number):
            seen[number] = found
    assert seen == {10: [("retiring", 90)] * 2, 72: [("retiring", 30)] * 2}
    # On day 80 the date moves from day 100 to day 120: what comes near anew is told anew, and nothing at once.
    world.now = day(80)
    world.lists("a", "b", retires_at=dates.short(day(120)))
    world.sync(desk=desk("removed"))
    later = {number: told_on(world, number) for number in range(81, 123)}
    assert {number: found for number, found in later.items() if found} == {
        90: [("retiring", 30)] * 2,
        106: [("retiring", 14)] * 2,
        113: [("retiring", 7)] * 2,
        119: [("retiring", 1)] * 2,
        120: [("overdue", None)] * 2,
    }


def test_a_channel_is_told_of_nothing_older_than_itself(world: World) -> None:
    world.lists("a", retires_at=None)
    world.sync()
    world.lists("a", "b", retires_at=dates.short(day(50)))
    world.sync()
    world.now = day(25)  # the milestone 30 passed on day 20
    world.sync(desk=desk())
    assert owed(world) == []
    assert told_on(world, 26) == []
    assert told_on(world, 37) == [("retiring", 14), ("retiring", 14)]


def test_what_is_owed_belongs_to_the_transaction_of_the_run(world: World) -> None:
    class BrokenEditor:
        concerns = staticmethod(rules.concerns)
        operator = staticmethod(rules.operator)

        @staticmethod
        def digest(*_: object) -> None:
            raise ZeroDivisionError

    world.lists("a")
    world.sync(desk=desk())
    world.lists("a", "b")
    broken = Desk(rules=desk().rules, editor=BrokenEditor(), planner=planner, ahead=timedelta(0))
    with pytest.raises(ZeroDivisionError):
        world.sync(desk=broken)
    assert (world.listed(), owed(world)) == ("a", [])
    world.sync(desk=desk())
    assert world.listed() == "ab"
    assert [change["model_id"] for change in owed(world)[0]["changes"]] == ["b"]
    with world.database.read() as connection:
        assert [each.status for each in queue.listing(connection)] == ["owed"]
