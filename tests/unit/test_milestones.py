"""Which milestone of a planned retirement is told, when, and how often."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.alerts import milestones
from catalog.events import OutboxMessage, PlannedRetirement, Rule
from tests import subscribing

DATE = datetime(2026, 11, 30, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def rule(*events: str, **filters: Any) -> Rule:
    return subscribing.rule(*(events or ("retiring", "overdue")), **filters)


def model(**known: Any) -> PlannedRetirement:
    ordinary = {
        "source": "anthropic",
        "model_id": "claude-a",
        "display_name": "Claude A",
        "line": "opus",
        "lifecycle": "deprecated",
        "retires_at": DATE,
        "known_since": LONG_AGO,
    }
    return PlannedRetirement(**{**ordinary, **known})


def told(
    days_left: float, asked: Rule | None = None, *, since: datetime = LONG_AGO, date: datetime = DATE, **known: Any
) -> list[OutboxMessage]:
    now = date - days_left * DAY
    models = [model(retires_at=date, **known)]
    return milestones.retiring(asked or rule(), models, milestones=subscribing.DAYS, now=now, since=since)


def said(composed: list[OutboxMessage]) -> list[tuple[str, int | None, int]]:
    found = [json.loads(message.payload) for message in composed]
    return [(content["type"], content["milestone"], content["days"]) for content in found]


def test_what_a_clock_ahead_noted_silences_no_milestone() -> None:
    # A channel or a date that was first seen while the clock was ten years ahead was to be told nothing before then.
    later = DATE + 3653 * DAY
    assert said(told(29.5, since=later)) == said(told(29.5, known_since=later)) == [("catalog.retiring", 30, 30)]
    assert said(told(29.5, since=later, known_since=later)) == [("catalog.retiring", 30, 30)]


def test_a_milestone_says_which_model_retires_when() -> None:
    (composed,) = told(29.5)
    assert (composed.channel, composed.source, composed.run_id, composed.due_at) == (
        "team",
        "anthropic",
        None,
        DATE - 29.5 * DAY,
    )
    assert composed.payload.isascii()
    assert json.loads(composed.payload) == {
        "id": composed.uid,
        "type": "catalog.retiring",
        "source": "anthropic",
        "run_id": None,
        "changes": [],
        "model_id": "claude-a",
        "display_name": "Claude A",
        "retires_at": "2026-11-30T00:00:00Z",
        "known_since": "2026-01-01T00:00:00Z",
        "watched": False,
        "days": 30,
        "milestone": 30,
    }


@pytest.mark.parametrize(
    ("days_left", "milestone"),
    [(90.1, None), (90, 90), (60.1, 90), (60, 60), (29, 30), (14, 14), (7, 7), (6.9, 7), (1, 1), (0.1, 1)],
)
def test_only_the_last_milestone_that_passed_is_told(days_left: float, milestone: int | None) -> None:
    assert [each for _, each, _ in said(told(days_left))] == ([] if milestone is None else [milestone])


def test_a_milestone_has_one_id_however_often_and_late_it_is_told() -> None:
    assert {message.uid for days in (30, 25, 14.1) for message in told(days)} == {told(29)[0].uid}


def test_another_source_model_date_or_milestone_has_another_id() -> None:
    every = [
        *told(30),
        *told(30, source="gateway"),
        *told(30, model_id="claude-b"),
        *told(30, date=DATE + DAY),
        *told(14),
        *told(0),
    ]
    assert len({message.uid for message in every}) == 6


def test_a_hundred_days_with_pauses_and_a_moved_date_tell_no_milestone_twice() -> None:
    start = DATE - 100 * DAY
    moved_on = start + 75 * DAY  # 25 days before, by 20 days
    composed: dict[str, tuple[str, int | None, int]] = {}
    skipped = {*range(8, 66), *range(88, 95)}
    for day in (day for day in range(131) if day not in skipped):
        now = start + day * DAY
        known = (DATE + 20 * DAY, moved_on) if now >= moved_on else (DATE, start)
        planned = [model(retires_at=known[0], known_since=known[1])]
        messages = milestones.retiring(rule(), planned, milestones=subscribing.DAYS, now=now, since=start)
        for message, words in zip(messages, said(messages), strict=True):
            composed.setdefault(message.uid, words)
    assert list(composed.values()) == [
        ("catalog.retiring", 60, 34),
        ("catalog.retiring", 30, 30),
        ("catalog.retiring", 30, 25),
        ("catalog.retiring", 14, 14),
        ("catalog.retiring", 7, 7),
        ("catalog.retiring", 1, 1),
        ("catalog.overdue", None, 0),
    ]


@pytest.mark.parametrize("reason", ["since", "known_since"])
def test_a_milestone_that_passed_before_it_could_be_told_never_is(reason: str) -> None:
    late: dict[str, Any] = {reason: DATE - 45 * DAY}
    assert said(told(45, **late)) == []
    assert said(told(30.1, **late)) == []
    assert said(told(30, **late)) == [("catalog.retiring", 30, 30)]


def test_a_milestone_at_the_very_moment_the_date_was_known_is_told() -> None:
    assert said(told(30, known_since=DATE - 30 * DAY)) == [("catalog.retiring", 30, 30)]


def test_a_model_is_overdue_once_its_date_passed_and_it_is_still_not_retired() -> None:
    assert said(told(0)) == [("catalog.overdue", None, 0)]
    assert said(told(-3.5)) == [("catalog.overdue", None, -3)]
    assert told(0)[0].uid == told(-3.5)[0].uid


def test_a_date_that_had_passed_when_it_was_known_makes_nothing_overdue() -> None:
    assert told(-2, known_since=DATE + DAY) == []
    assert told(-2, since=DATE + DAY) == []


def test_who_asks_for_milestones_alone_hears_of_a_late_one_after_the_date() -> None:
    assert said(told(-2, rule("retiring"))) == [("catalog.retiring", 1, -2)]
    assert told(-2, rule("retiring"))[0].uid == told(1)[0].uid


def test_who_asks_for_overdue_models_alone_hears_of_no_milestone() -> None:
    assert told(1, rule("overdue")) == []
    assert told(-1, rule("added", "changed:retires_at", "held")) == []


@pytest.mark.parametrize("days_left", [30, -1])
def test_a_retired_model_is_not_told_again(days_left: float) -> None:
    assert told(days_left, lifecycle="retired") == []


@pytest.mark.parametrize(
    "filters",
    [
        {"models": ("gpt-*",)},
        {"sources": ("gateway",)},
        {"lines": ("sonnet",)},
        {"lifecycles": ("active",)},
        {"watched": frozenset({"claude-b"})},
    ],
)
@pytest.mark.parametrize("days_left", [30, -1])
def test_filters_hold_for_retirements(filters: dict[str, Any], days_left: float) -> None:
    assert told(days_left, rule("retiring", "overdue", **filters)) == []
    assert told(days_left, rule("retiring", "overdue", watched=frozenset({"claude-a"})))


def test_without_milestones_only_overdue_models_are_told() -> None:
    def at(now: datetime) -> list[OutboxMessage]:
        return milestones.retiring(rule(), [model()], milestones=(), now=now, since=LONG_AGO)

    assert at(DATE - DAY) == []
    assert said(at(DATE)) == [("catalog.overdue", None, 0)]


def test_each_model_has_a_message_of_its_own() -> None:
    planned = [model(), model(model_id="claude-b"), model(model_id="claude-c", retires_at=DATE + 365 * DAY)]
    composed = milestones.retiring(rule(), planned, milestones=subscribing.DAYS, now=DATE - DAY, since=LONG_AGO)
    assert [json.loads(message.payload)["model_id"] for message in composed] == ["claude-a", "claude-b"]


@pytest.mark.parametrize("date", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_dates_at_the_ends_of_time_stop_nothing(date: datetime) -> None:
    composed = milestones.retiring(
        rule(), [model(retires_at=date)], milestones=subscribing.DAYS, now=DATE, since=LONG_AGO
    )
    assert composed == []
