"""What is enqueued, told as stories: nothing where nothing is news, once where something is, never more."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from catalog import dates
from catalog.alerts import wording
from catalog.store.outbox import enqueue, queue
from tests.store.delivering import enqueued, types
from tests.store.world import START, World
from tests.subscribing import Composing, team

pytestmark = pytest.mark.promise("P7", "P8")


def test_a_baseline_of_a_thousand_models_tells_of_none(world: World) -> None:
    world.lists(*(f"model-{number}" for number in range(1000)))
    world.sync(subscriptions=team())
    assert enqueued(world) == []


def test_twenty_failed_runs_and_a_recovery_with_one_new_model_tell_of_that_model_alone(world: World) -> None:
    world.lists("a", "b")
    world.sync(subscriptions=team("added"))
    for _ in range(20):
        world.cut(subscriptions=team("added"))
    world.lists("a", "b", "c")
    world.sync(subscriptions=team("added"))
    [message] = enqueued(world)
    assert [(change["kind"], change["model_id"]) for change in message["changes"]] == [("added", "c")]


def test_operators_hear_once_of_a_streak_of_failures_and_once_of_its_end(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=team())
    for _ in range(7):
        world.cut(subscriptions=team())
    world.sync(subscriptions=team())
    world.sync(subscriptions=team())
    assert types(world) == ["sync_failed", "sync_recovered"]
    assert "3 runs in a row failed" in enqueued(world)[0]["reason"]


def test_a_second_streak_is_told_of_again(world: World) -> None:
    world.lists("a")
    for _ in range(2):
        world.sync(subscriptions=team())
        for _ in range(4):
            world.cut(subscriptions=team())
    world.sync(subscriptions=team())
    assert types(world) == ["sync_failed", "sync_recovered"] * 2


def test_a_held_walk_is_told_of_when_it_begins_to_be_held(world: World) -> None:
    world.lists(*"abcdef")
    world.sync(subscriptions=team())
    world.lists("a")
    for _ in range(3):
        world.sync(subscriptions=team())
    assert types(world) == ["held"]


def test_a_field_that_appears_everywhere_is_one_line_of_text_and_every_change_in_the_json(world: World) -> None:
    ids = [f"model-{number}" for number in range(9)]
    world.lists(*ids)
    world.sync(subscriptions=team())
    world.lists(*ids, extra={f"field{number}": {"supported": True} for number in range(27)})
    world.sync(subscriptions=team())
    [message] = enqueued(world)
    _, text = wording.render(message)
    assert len([line for line in text.splitlines() if "extra" in line]) == 1
    fields = {change["field"] for change in message["changes"]}
    assert len(fields) == 27


def test_a_run_that_is_taken_back_enqueues_nothing(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=team())
    world.lists("a", "b")
    world.sync(subscriptions=team(), dry_run=True)
    assert enqueued(world) == []


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def told_on(world: World, number: float) -> list[tuple[str, int | None]]:
    """What the passing of time enqueues on a day: type and milestone."""
    before = len(enqueued(world))
    enqueue.from_clock(world.database, team(), day(number))
    return [(message["type"].removeprefix("catalog."), message["milestone"]) for message in enqueued(world)[before:]]


def test_a_hundred_days_of_milestones_with_gaps_and_a_date_that_moves(world: World) -> None:
    world.lists("a", "b", retires_at=None)
    world.sync(subscriptions=team())
    world.lists("a", "b", retires_at=dates.short(day(100)))
    world.sync(subscriptions=team("removed"))
    seen: dict[float, list[tuple[str, int | None]]] = {}
    # Looked at every day, but for a pause from day 35 to day 72, in which the milestones 60 and 30 pass.
    for number in [*range(1, 35), *range(72, 80)]:
        if found := told_on(world, number):
            seen[number] = found
    assert seen == {10: [("retiring", 90)] * 2, 72: [("retiring", 30)] * 2}
    # On day 80 the date moves from day 100 to day 120: what comes near anew is told anew, and nothing at once.
    world.now = day(80)
    world.lists("a", "b", retires_at=dates.short(day(120)))
    world.sync(subscriptions=team("removed"))
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
    world.sync(subscriptions=team())
    assert enqueued(world) == []
    assert told_on(world, 26) == []
    assert told_on(world, 37) == [("retiring", 14), ("retiring", 14)]


def test_alerts_are_enqueued_in_the_transaction_of_the_run(world: World) -> None:
    class Broken(Composing):
        def digest(self, *_: object) -> None:
            raise ZeroDivisionError

    world.lists("a")
    world.sync(subscriptions=team())
    world.lists("a", "b")
    with pytest.raises(ZeroDivisionError):
        world.sync(subscriptions=replace(team(), composer=Broken()))
    assert (world.listed(), enqueued(world)) == ("a", [])
    world.sync(subscriptions=team())
    assert world.listed() == "ab"
    assert [change["model_id"] for change in enqueued(world)[0]["changes"]] == ["b"]
    with world.database.read() as connection:
        assert [each.status for each in queue.listing(connection)] == ["pending"]
