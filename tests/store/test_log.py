"""The log as streams read it: filtered as a channel filters, in one order, from any place on, and run by run."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from itertools import groupby, product
from typing import Any

import pytest

from catalog.domain import Change, ModelName, State
from catalog.store.engine.database import Connection
from catalog.store.queries import history, log
from catalog.store.queries.log import LogQuestion
from catalog.web import entries
from tests import subscribing
from tests.server import model
from tests.store import delivering
from tests.store.living import IDS, LIFECYCLES, LINES, SOURCES, live
from tests.store.world import START, World

KINDS = (
    "added",
    "removed",
    "returned",
    "changed",
    "changed:lifecycle",
    "changed:*_at",
    "changed:capabilities.*",
    "retiring",
)


@pytest.fixture(params=range(2))
def lived(world: World, request: pytest.FixtureRequest) -> World:
    live(world, request.param)
    return world


def questions(rng: random.Random, moments: list[datetime]) -> list[LogQuestion]:
    """Make up filters, alone and together."""
    patterns: list[ModelName] = ["*", "b-*", "[!b]*", ("one", "?"), ("two", "*"), "nothing", "z*"]
    names: list[ModelName] = [*IDS, *(("one", id) for id in IDS), "nobody", "a\x00"]

    def some(values: Any, most: int) -> tuple[Any, ...]:
        return tuple(rng.sample(list(values), rng.randint(1, most))) if rng.random() < 0.4 else ()

    def made() -> LogQuestion:
        rule = subscribing.rule(
            *rng.sample(KINDS, rng.randint(1, 4)),
            models=some(patterns, 2),
            sources=some((*SOURCES, "nowhere"), 2),
            lines=some([line for line in LINES if line], 2),
            lifecycles=some([each for each in LIFECYCLES if each], 2),
            watched=frozenset(some(names, 5)) if rng.random() < 0.3 else None,
        )
        since, until = rng.choice([None, *moments]), rng.choice([None, *moments])
        before = rng.choice([None, 0, 1, 20, 60, 10**6])
        return LogQuestion(rule=rule, since=since, until=until, before=before, baseline=rng.random() < 0.5)

    every = subscribing.rule("added", "removed", "returned", "changed")
    return [LogQuestion(rule=every), LogQuestion(rule=every, baseline=True), *(made() for _ in range(30))]


def place(change: Change) -> tuple[datetime, int, int]:
    return change.recorded_at, change.run_id, change.change_id


def then(states: list[State], change: Change) -> State:
    """Give the state of a model when a change of it was observed; of one that left, the last it had."""
    mine = [each for each in states if (each.source, each.id) == (change.source, change.model_id)]
    return max((each for each in mine if each.valid_from <= change.observed_at), key=lambda each: each.valid_from)


def fits(change: Change, asked: LogQuestion, state: State, edge: tuple[datetime, int, int] | None) -> bool:
    """Answer what a database is asked, in plain Python."""
    rule, field = asked.rule, change.field
    return (
        (change.kind.value in rule.events or any(field and fnmatchcase(field, each) for each in rule.changed_fields))
        and rule.admits(source=change.source, model_id=change.model_id, line=state.line, lifecycle=state.lifecycle)
        and (asked.since is None or change.recorded_at >= asked.since)
        and (asked.until is None or change.recorded_at < asked.until)
        and (edge is None or place(change) < edge)
        and (asked.baseline or not change.baseline)
    )


def everything(connection: Connection) -> tuple[list[Change], list[State]]:
    """Read the whole log, and all states."""
    stories = [story for id in IDS for story in history.stories(connection, id)]
    changes = sorted((change for story in stories for change in story.changes), key=place, reverse=True)
    return changes, [state for story in stories for state in story.states]


def test_the_log_gives_what_a_channel_would_be_told(lived: World, request: pytest.FixtureRequest) -> None:
    rng = random.Random(request.node.name)
    with lived.database.read() as connection:
        changes, states = everything(connection)
        moments = sorted({change.recorded_at for change in changes})
        for asked in questions(rng, [*moments, START, moments[-1] + timedelta(days=1)]):
            numbers = [change for change in changes if asked.before is not None and change.change_id >= asked.before]
            edge = place(min(numbers, key=lambda change: change.change_id)) if numbers else None
            expected = [each for each in changes if fits(each, asked, then(states, each), edge)]
            assert list(log.changes(connection, asked)) == expected, asked
            found = [(each.run.run_id, each.changes, each.are_all) for each in log.by_run(connection, asked)]
            whole = edge and (*edge[:2], edge[2] + len(changes))
            expected = [each for each in changes if fits(each, asked, then(states, each), whole)]
            runs = groupby(expected, key=lambda change: change.run_id)
            assert found == [(run_id, tuple(some), True) for run_id, some in runs], asked


def test_the_log_goes_on_from_any_change(lived: World) -> None:
    asked = LogQuestion(rule=subscribing.rule("added", "removed", "returned", "changed"), baseline=True)
    with lived.database.read() as connection:
        every = list(log.changes(connection, asked))
        assert len(every) > 30
        for number, change in enumerate(every):
            rest = list(log.changes(connection, replace(asked, before=change.change_id)))
            assert rest == every[number + 1 :]


def test_of_a_run_that_recorded_very_much_only_the_first_are_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_MOST", 3)
    world.lists("a")
    world.sync()
    world.lists(*"abcdef")
    world.sync()
    world.lists(*"abcdefgh")
    world.sync()
    for rule in (subscribing.rule("added"), subscribing.rule("added", watched=frozenset("abcdefgh"))):
        with world.database.read() as connection:
            found = list(log.by_run(connection, LogQuestion(rule=rule)))
        assert [("".join(each.model_id for each in run.changes), run.are_all) for run in found] == [
            ("hg", True),
            ("fed", False),
        ]


def test_every_date_is_given_for_as_long_as_it_stood(world: World) -> None:
    """A date comes, stays while something else changes, moves, is withdrawn, and comes again; then the model leaves."""
    june, july = "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"
    shown: list[dict[str, Any] | None] = [
        {},
        {"retires_at": june},
        {"retires_at": june, "lifecycle": "deprecated"},
        {"retires_at": july, "lifecycle": "deprecated"},
        {},
        {"retires_at": june},
        None,
        None,
        {"retires_at": june},
    ]
    for fields in shown:
        world.server.models = [model("a"), *([] if fields is None else [model("b", **fields)])]
        world.sync(after=20)
    with world.database.read() as connection:
        found = list(log.retirement_dates(connection))
        later = list(log.retirement_dates(connection, START + timedelta(days=3650)))
    ends = [START + timedelta(minutes=world.end_of(number)) for number in range(1, len(shown) + 1)]
    told = [
        (f"{date.retires_at:%B}", date.lifecycle, date.known_since, date.stands_from, date.stands_until)
        for date in found
    ]
    assert told == [
        ("June", "active", ends[1], ends[1], ends[2]),
        ("June", "deprecated", ends[1], ends[2], ends[3]),
        ("July", "deprecated", ends[3], ends[3], ends[4]),
        ("June", "active", ends[5], ends[5], ends[7]),  # the second walk that lacked it recorded the removal
        ("June", "active", ends[8], ends[8], None),
    ]
    assert later == []


def test_dates_that_come_near_in_a_time_are_all_that_its_milestones_need(lived: World) -> None:
    """Whatever is left out tells nothing since then; nor does a few models' rule lack anything."""
    with lived.database.read() as connection:
        every = list(log.retirement_dates(connection))
        moments = sorted({*(date.known_since for date in every), *(date.retires_at for date in every)})
        assert len(moments) > 3
        for since, now, watched in product(moments, (moments[-1] + timedelta(days=3), moments[1]), (None, *IDS[:3])):
            rule = subscribing.rule("retiring", "overdue", watched=frozenset({watched}) if watched else None)
            near = entries.nearest(subscribing.DAYS, now=now, since=since)
            told = [
                entries.of_dates(planned, rule, milestones=subscribing.DAYS, now=now, since=since)
                for planned in (every, log.retirement_dates(connection, since, rule=rule, near=near))
            ]
            assert told[0] == told[1]
            only = {date.model_id for date in log.retirement_dates(connection, since, rule=rule)}
            assert only <= ({watched} if watched else {*IDS})


@pytest.mark.parametrize(
    ("field", "before", "after", "is_told"),
    [
        ("max_tokens", 64_000, 32_000, True),
        ("max_input_tokens", 1_000_000, 200_000, True),
        ("max_tokens", 10, 9, True),
        ("max_tokens", 9, 10, False),
        ("max_tokens", 32_000, 64_000, False),
        ("max_tokens", None, 5, False),
        ("max_tokens", 5, None, False),
        ("other_tokens", 5, 4, False),
    ],
)
def test_lowered_limits_are_found_as_a_channel_is_told_of_them(
    world: World, field: str, before: int | None, after: int | None, is_told: bool
) -> None:
    rule = subscribing.rule("lowered")
    for value in (before, after):
        world.lists("a", **{field: value})
        world.sync(subscriptions=subscribing.subscriptions(rule))
    with world.database.read() as connection:
        assert [change.field for change in log.changes(connection, LogQuestion(rule=rule))] == [field] * is_told
    assert len(delivering.take_all(world)) == is_told
