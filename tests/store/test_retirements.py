"""What is watched and retires soon is told of once, and a look at the clock costs what came up since the last one."""

import json
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.alerts import composer
from catalog.domain import ModelName
from catalog.events import OutboxMessage, PlannedRetirement, Rule, Subscriptions
from catalog.store.outbox import enqueue, retirements
from catalog.store.schema.outbox_tables import channel
from tests import server as play
from tests.store.copying import Safe, restore
from tests.store.delivering import take_all
from tests.store.world import NAMELESS, START, World
from tests.subscribing import Composing, rule, subscriptions

pytestmark = pytest.mark.promise("P7", "P8")

DAY = timedelta(days=1)
SOON, LATER, FAR, PAST = (f"{START + days * DAY:%Y-%m-%d}T00:00:00Z" for days in (22, 75, 400, -3))


def subscribed(*rules: Rule, watched: Iterable[ModelName] | None = ("a",), **settings: Any) -> Subscriptions:
    usual = rules or (rule("added", "changed", "retiring", "overdue"),)
    return subscriptions(*usual, watched=watched, **settings)


def look(world: World, at: Subscriptions) -> int:
    return enqueue.from_clock(world.database, at, world.now)


def told(world: World, channel: str = "team") -> list[tuple[str, str | None, int | None]]:
    """What was enqueued for a channel since the last call: type, model and milestone; acks it."""
    found = take_all(world, channel)
    return [(each["type"].removeprefix("catalog."), each.get("model_id"), each.get("milestone")) for each in found]


def lists(world: World, **retires_at: str | None) -> None:
    world.server.models = [play.model(id, retires_at=date) for id, date in retires_at.items()]


# After a first baseline


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        (SOON, [("retiring", "a", 30)]),
        (LATER, [("retiring", "a", 90)]),
        (PAST, [("overdue", "a", None)]),
        (FAR, []),
        (None, []),
    ],
)
def test_a_first_baseline_tells_of_what_is_watched_and_retires_within_the_earliest_milestone(
    world: World, date: str | None, expected: list[Any]
) -> None:
    lists(world, a=date, b=SOON)
    world.sync(subscriptions=subscribed())
    for _ in range(3):
        look(world, subscribed())
        world.sync(subscriptions=subscribed())
    assert told(world) == expected


class Killed(BaseException):
    """The end of a process, as the database sees it: its transaction is never committed."""


class Dying(Composing):
    """A composer that is killed when it has composed what retires."""

    def retiring(self, *args: Any, **told: Any) -> list[OutboxMessage]:
        composer.retiring(*args, **told)
        raise Killed


@pytest.mark.warns
def test_a_first_baseline_that_is_killed_while_it_tells_is_told_once_by_the_next_run(world: World) -> None:
    lists(world, a=SOON)
    with pytest.raises(Killed):
        world.sync(subscriptions=subscribed(composer=Dying()))
    assert world.rows("models", "id") == []
    assert world.rows("deliveries", "delivery_id") == []
    for _ in range(2):
        world.sync(subscriptions=subscribed())
        look(world, subscribed())
    assert told(world) == [("retiring", "a", 30)]


def test_a_model_that_becomes_watched_is_told_once_though_the_look_was_killed(world: World) -> None:
    lists(world, a=SOON)
    world.sync(subscriptions=subscribed(watched=()))
    with pytest.raises(Killed):
        look(world, subscribed(composer=Dying()))
    assert told(world) == []
    for _ in range(2):
        look(world, subscribed())
    assert told(world) == [("retiring", "a", 30)]


def test_a_message_marks_what_is_watched_and_knows_what_the_list_says_of_it(world: World) -> None:
    at = subscribed(rule("removed", "changed"), watched=["a", ("one", "c"), ("other", "b")])
    world.server.models = [play.model(id, max_tokens=64_000) for id in "abcd"]
    world.sync(subscriptions=at)
    soon = {"retires_at": LATER, "lifecycle": "deprecated", "max_tokens": 32_000}
    world.server.models = [play.model(id, **soon) for id in "abc"]
    world.sync(subscriptions=at)
    [message] = [each for each in take_all(world) if each["type"] == "catalog.changes"]
    changes = {(each["model_id"], each["field"]): each for each in message["changes"]}
    assert {id: changes[id, "max_tokens"]["watched"] for id in "abc"} == {"a": True, "b": False, "c": True}
    limit = changes["a", "max_tokens"]
    assert (limit["old_value"], limit["new_value"]) == (64_000, 32_000)
    assert (limit["lifecycle"], limit["retires_at"], limit["max_tokens"]) == ("deprecated", LATER, 32_000)
    date = changes["b", "retires_at"]
    assert ("old_value" in date, date["new_value"]) == (False, LATER)


@pytest.mark.parametrize("watched", [None, (), ("b",)])
def test_what_is_not_watched_is_not_told_at_a_baseline(world: World, watched: tuple[str, ...] | None) -> None:
    lists(world, a=SOON, b=FAR)
    world.sync(subscriptions=subscribed(watched=watched))
    look(world, subscribed(watched=watched))
    assert told(world) == []


@pytest.mark.parametrize(
    ("settings", "heard"),
    [
        ({}, True),
        ({"watched": frozenset({"a"})}, True),
        ({"watched": frozenset({"b"})}, False),
        ({"models": ("b*",)}, False),
        ({"sources": ("two",)}, False),
        ({"events": ("added", "changed")}, False),
        ({"events": ("retiring",)}, True),
    ],
)
def test_each_channel_hears_of_it_whose_filters_let_it_pass(world: World, settings: Any, heard: bool) -> None:
    filters = {name: value for name, value in settings.items() if name != "events"}
    at = subscribed(rule(*settings.get("events", ("retiring",)), **filters))
    lists(world, a=SOON)
    world.sync(subscriptions=at)
    assert told(world) == ([("retiring", "a", 30)] if heard else [])


def test_the_next_milestone_is_told_in_its_time_and_the_one_that_passed_never_again(world: World) -> None:
    lists(world, a=SOON)
    world.sync(subscriptions=subscribed())
    found = []
    for day in range(24):
        world.now = START + day * DAY + timedelta(hours=1)
        look(world, subscribed())
        world.sync(subscriptions=subscribed())
        found += [(day, *each) for each in told(world)]
    assert found == [
        (0, "retiring", "a", 30),
        (8, "retiring", "a", 14),
        (15, "retiring", "a", 7),
        (21, "retiring", "a", 1),
        (22, "overdue", "a", None),
    ]


def test_what_an_unclean_walk_before_the_baseline_lists_is_told_once_too(world: World) -> None:
    lists(world, a=SOON)
    world.server.models.append(NAMELESS)
    world.sync(subscriptions=subscribed())
    lists(world, a=SOON)
    world.sync(subscriptions=subscribed())
    assert told(world) == [("retiring", "a", 30)]


def test_each_source_has_a_first_baseline_of_its_own(world: World) -> None:
    lists(world, a=FAR)
    world.sync(subscriptions=subscribed())
    lists(world, a=SOON)
    world.sync(subscriptions=subscribed(), name="two")
    assert told(world) == [("retiring", "a", 30)]


def test_a_new_scope_tells_of_no_milestone_that_had_passed(world: World) -> None:
    lists(world, a=FAR)
    world.sync(subscriptions=subscribed())
    world.betas = ("other",)
    lists(world, a=SOON)
    world.sync(subscriptions=subscribed())
    look(world, subscribed())
    assert told(world) == []


@pytest.mark.warns
def test_a_restored_catalog_tells_of_no_milestone_that_had_passed(world: World, safe: Safe) -> None:
    lists(world, a=SOON)
    world.sync(subscriptions=subscribed())
    path = safe.copy(world)
    assert told(world) == [("retiring", "a", 30)]
    restore(world, path)
    for _ in range(2):
        world.sync(subscriptions=subscribed())
        look(world, subscribed())
    assert told(world) == []
    look(world, subscribed(watched=("a", "b")))
    assert told(world) == []


def test_a_date_that_becomes_known_later_is_told_as_the_change_it_is(world: World) -> None:
    lists(world, a=None)
    world.sync(subscriptions=subscribed())
    lists(world, a=SOON)
    world.sync(subscriptions=subscribed())
    look(world, subscribed())
    assert [kind for kind, _, _ in told(world)] == ["changes"]


# When a model becomes watched


@pytest.mark.parametrize(
    ("date", "expected"),
    [(SOON, [("retiring", "b", 30)]), (PAST, [("overdue", "b", None)]), (FAR, []), (None, [])],
)
def test_a_model_that_becomes_watched_is_told_of_once(world: World, date: str | None, expected: list[Any]) -> None:
    lists(world, a=FAR, b=date, c=SOON)
    world.sync(subscriptions=subscribed())
    look(world, subscribed())
    for _ in range(3):
        look(world, subscribed(watched=("a", "b")))
        world.sync(subscriptions=subscribed(watched=("a", "b")))
    assert told(world) == expected


def test_what_was_told_before_it_became_watched_is_not_told_again(world: World) -> None:
    lists(world, b=LATER)
    world.sync(subscriptions=subscribed())
    world.now = START + 46 * DAY
    look(world, subscribed())
    assert told(world) == [("retiring", "b", 30)]
    look(world, subscribed(watched=("a", "b")))
    assert told(world) == []


def test_a_model_is_watched_anew_after_it_was_not(world: World) -> None:
    lists(world, a=FAR, b=SOON)
    world.sync(subscriptions=subscribed())
    for watched in (("a", "b"), ("a",), ("a", "b")):
        look(world, subscribed(watched=watched))
    assert told(world) == [("retiring", "b", 30)]  # the same date and milestone: the same message


def test_a_watchlist_that_cannot_be_read_for_a_while_makes_nothing_newly_watched(world: World) -> None:
    lists(world, a=None, b=FAR)
    world.sync(subscriptions=subscribed())
    lists(world, a=SOON, b=FAR)
    world.sync(subscriptions=subscribed(rule("retiring")))
    for watched in (("a",), None, ("a",)):
        look(world, subscribed(rule("retiring"), watched=watched))
    assert told(world) == []


def test_a_channel_added_later_hears_of_nothing_that_was_watched_before(world: World) -> None:
    lists(world, a=SOON, b=SOON)
    world.sync(subscriptions=subscribed())
    look(world, subscribed())
    both = subscribed(rule(), rule(channel="late"))
    world.sync(subscriptions=both)
    look(world, both)
    assert told(world, "late") == []
    both = subscribed(rule(), rule(channel="late"), watched=("a", "b"))
    look(world, both)
    assert told(world, "late") == [("retiring", "b", 30)]


@pytest.mark.parametrize(
    ("watched", "told_of"),
    [
        ({"a", "c:1"}, ["a", "c:1"]),
        ({("one", "a"), ("one", "c:1")}, ["a", "c:1"]),
        ({("other", "a"), ("one", "b")}, ["b"]),
        ({"other:a"}, []),
        ({("one", "a"), "a"}, ["a"]),
    ],
)
def test_what_is_watched_at_one_source_is_told_of_that_source_alone(
    world: World, watched: set[ModelName], told_of: list[str]
) -> None:
    world.server.models = [play.model(id, retires_at=SOON) for id in ("a", "b", "c:1")]
    narrow = subscribed(rule("retiring", watched=frozenset(watched)), watched=watched)
    world.sync(subscriptions=narrow)
    look(world, narrow)
    assert told(world) == [("retiring", id, 30) for id in told_of]


def test_what_is_newly_watched_with_its_source_is_told_once(world: World) -> None:
    lists(world, a=SOON, b=SOON)
    for watched in ((), (("one", "a"),), (("one", "a"), "b"), (("one", "a"), "b")):
        at = subscribed(watched=watched)
        world.sync(subscriptions=at)
        look(world, at)
        look(world, at)
    assert sorted(told(world)) == [("retiring", "a", 30), ("retiring", "b", 30)]


@pytest.mark.parametrize(
    ("asked", "asks", "watches"),
    [
        (rule("added", "retiring"), "a981cefeb43d6ce191149060776839d9", '["B","a","llama3:8b"]'),
        (
            rule(
                "retiring",
                "changed:pricing.*",
                models=("claude-*", "llama3:8b", "x:[ab]*"),
                sources=("one",),
                lines=("opus",),
                lifecycles=("active",),
                watched=frozenset({"llama3:8b", "a", "B", "anthropic.claude-v1:0"}),
                settle=timedelta(hours=1),
                failures=2,
            ),
            "fc697bc7e6a90d60493dbce0284d3b37",
            '["B","a","llama3:8b"]',
        ),
    ],
)
def test_a_configuration_that_names_no_source_asks_for_what_it_asked_before(
    world: World, asked: Rule, asks: str, watches: str
) -> None:
    """The digests are those of the versions that knew no `source:id`: so no upgrade looks at everything anew."""
    at = subscribed(asked, watched=("llama3:8b", "a", "B"), milestones=(90, 30))
    lists(world, a=FAR)
    world.sync(subscriptions=at)
    look(world, at)
    with world.database.read() as connection:
        kept = connection.execute(sa.select(channel.c.asks, channel.c.watches)).one()
    assert tuple(kept) == (asks, watches)


# What a look costs


class Counting(Composing):
    """A composer that notes which models it is asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def retiring(self, rule: Rule, planned: Iterable[PlannedRetirement], **moments: Any) -> list[OutboxMessage]:
        models = list(planned)
        self.asked += [model.model_id for model in models]
        return composer.retiring(rule, models, **moments)


def test_a_look_asks_for_nothing_that_an_earlier_one_decided(world: World) -> None:
    counting = Counting()
    worded = counting.asked

    def at(**settings: Any) -> Subscriptions:
        return subscribed(rule("added", "changed", "retiring", "overdue", **settings), watched=(), composer=counting)

    lists(world, near=SOON, past=PAST, far=FAR)
    world.sync(subscriptions=at())
    look(world, at())
    assert {"near", "past"} <= set(worded)
    for _ in range(3):
        worded.clear()
        world.pass_minutes(1)
        look(world, at())
        assert "past" not in worded
    lists(world, near=SOON, past=PAST, far=FAR, new=LATER)
    world.sync(subscriptions=at())
    look(world, at())
    assert "new" in worded
    worded.clear()
    look(world, at(models=("*",)))  # it asks for something else: all is looked at again
    assert {"near", "past", "new"} <= set(worded)


@pytest.mark.parametrize("moved", ["lifecycle", "return"])
def test_what_was_silent_when_its_milestone_passed_is_told_once_it_is_not(world: World, moved: str) -> None:
    at = subscribed(rule("retiring", lifecycles=("deprecated",)), watched=())
    first = "active" if moved == "lifecycle" else "deprecated"
    world.server.models = [play.model("a", retires_at=LATER, lifecycle=first), play.model("b")]
    world.sync(subscriptions=at)
    if moved == "return":
        world.lists("b")
        world.sync(subscriptions=at)
        world.sync(subscriptions=at, after=20)
    world.now = START + 46 * DAY
    look(world, at)
    assert told(world) == []
    world.server.models = [play.model("a", retires_at=LATER, lifecycle="deprecated"), play.model("b")]
    world.sync(subscriptions=at)
    look(world, at)
    assert told(world) == [("retiring", "a", 30)]


def test_a_look_by_a_clock_that_was_ahead_silences_nothing(world: World) -> None:
    lists(world, a=LATER)
    at = subscribed(rule("retiring"), watched=())
    world.sync(subscriptions=at)
    with world.database.write() as connection:
        retirements.save_checkpoints(
            connection, {"team": retirements.Checkpoint(at=START + 3650 * DAY, change=1, asks=None, watches="[]")}
        )
    world.now = START + 46 * DAY
    look(world, at)
    assert told(world) == [("retiring", "a", 30)]


def test_ten_thousand_overdue_models_cost_milliseconds(world: World) -> None:
    world.page_size = 1000
    lists(world, **{f"m{number:05}": SOON for number in range(10_000)})
    at = subscribed(rule(), rule(channel="other"), watched=())
    world.sync(subscriptions=at)
    world.now = START + 50 * DAY
    assert look(world, at) == 20_000
    look(world, at)
    began = time.process_time()
    for _ in range(5):
        assert look(world, at) == 0
    assert (time.process_time() - began) / 5 < 0.05  # it was half a second


# What removals cost that have to settle


def test_removals_that_settle_or_come_back_are_never_all_in_memory(world: World) -> None:
    at = subscribed(rule("removed", "returned", settle=timedelta(hours=1)), watched=())
    names = [f"m{number:04}" for number in range(2500)]
    world.page_size = 1000
    world.lists(*names, *(f"n{number:04}" for number in range(8000)))
    world.sync(subscriptions=at)
    world.lists(*names[1250:], *(f"n{number:04}" for number in range(8000)))
    world.sync(subscriptions=at)
    world.sync(subscriptions=at, after=20)
    world.lists(*names[600:], *(f"n{number:04}" for number in range(8000)))
    world.sync(subscriptions=at)
    world.pass_minutes(60)
    assert look(world, at) == 1
    with world.database.read() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM catalog_deferred_removal")) == 0
        payloads = [json.loads(text) for text in connection.scalars(sa.text("SELECT payload FROM catalog_delivery"))]
    [message] = payloads
    assert {(each["kind"], each["model_id"]) for each in message["changes"]} == {
        ("removed", name) for name in names[:600]
    }
