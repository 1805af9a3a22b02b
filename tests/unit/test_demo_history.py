"""The history that the demo plays says what was recorded, and marks what was not."""

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from catalog import domain
from catalog.demo import history, paging, play

# What the real list answered on this day, as somebody's test fixtures recorded it: byte for byte.
BODY_OF_2025_03_22 = (
    '{"data":['
    '{"type":"model","id":"claude-3-7-sonnet-20250219","display_name":"Claude 3.7 Sonnet",'
    '"created_at":"2025-02-24T00:00:00Z"},'
    '{"type":"model","id":"claude-3-5-sonnet-20241022","display_name":"Claude 3.5 Sonnet (New)",'
    '"created_at":"2024-10-22T00:00:00Z"},'
    '{"type":"model","id":"claude-3-5-haiku-20241022","display_name":"Claude 3.5 Haiku",'
    '"created_at":"2024-10-22T00:00:00Z"},'
    '{"type":"model","id":"claude-3-5-sonnet-20240620","display_name":"Claude 3.5 Sonnet (Old)",'
    '"created_at":"2024-06-20T00:00:00Z"},'
    '{"type":"model","id":"claude-3-haiku-20240307","display_name":"Claude 3 Haiku",'
    '"created_at":"2024-03-07T00:00:00Z"},'
    '{"type":"model","id":"claude-3-opus-20240229","display_name":"Claude 3 Opus",'
    '"created_at":"2024-02-29T00:00:00Z"},'
    '{"type":"model","id":"claude-3-sonnet-20240229","display_name":"Claude 3 Sonnet",'
    '"created_at":"2024-02-29T00:00:00Z"},'
    '{"type":"model","id":"claude-2.1","display_name":"Claude 2.1",'
    '"created_at":"2023-11-21T00:00:00Z"},'
    '{"type":"model","id":"claude-2.0","display_name":"Claude 2.0",'
    '"created_at":"2023-07-11T00:00:00Z"}'
    '],"has_more":false,"first_id":"claude-3-7-sonnet-20250219","last_id":"claude-2.0"}'
)


@pytest.fixture(scope="module")
def played() -> history.History:
    return history.load()


@pytest.fixture(scope="module")
def states(played: history.History) -> dict[date, play.DemoState]:
    return {state.date: state for state in play.states(played)}


def listed(state: play.DemoState) -> dict[str, Any]:
    return {item["id"]: item for item in state.items}


def test_the_list_of_march_2025_is_the_recorded_one_with_its_order_and_spelling(
    states: dict[date, play.DemoState],
) -> None:
    page = paging.page(states[date(2025, 2, 24)].items, {})
    assert json.dumps(page, separators=(",", ":")) == BODY_OF_2025_03_22


def test_the_list_starts_with_eight_models_and_holds_eight_to_eleven(states: dict[date, play.DemoState]) -> None:
    sizes = [len(state.items) for state in states.values()]
    assert (min(states), sizes[0], min(sizes), max(sizes)) == (date(2024, 12, 17), 8, 8, 11)


def test_each_event_makes_another_state_and_nothing_comes_back(
    played: history.History, states: dict[date, play.DemoState]
) -> None:
    lists = [state.items for state in states.values()]
    assert all(before != after for before, after in itertools.pairwise(lists))
    came = [name for event in played.events for name in event.came]
    assert sorted(came) == sorted(played.models)
    assert len(came) == len(set(came))


def test_two_models_came_and_seven_were_renamed_on_one_day(states: dict[date, play.DemoState]) -> None:
    before, after = listed(states[date(2025, 2, 24)]), listed(states[date(2025, 5, 22)])
    renamed = {name for name in before if before[name]["display_name"] != after[name]["display_name"]}
    assert after.keys() - before.keys() == {"claude-opus-4-20250514", "claude-sonnet-4-20250514"}
    assert len(renamed) == 7
    assert after["claude-3-opus-20240229"]["display_name"] == "Claude Opus 3"


def test_three_fields_appeared_on_all_nine_models_at_once(states: dict[date, play.DemoState]) -> None:
    before, after = states[date(2026, 2, 20)].items, states[date(2026, 3, 18)].items
    new_fields = [set(now) - set(then) for then, now in zip(before, after, strict=True)]
    assert new_fields == [{"max_input_tokens", "max_tokens", "capabilities"}] * 9


def test_one_capability_appeared_on_all_ten_models_at_once(states: dict[date, play.DemoState]) -> None:
    before, after = states[date(2026, 5, 28)].items, states[date(2026, 5, 31)].items
    assert [item["capabilities"]["effort"].get("xhigh") for item in before] == [None] * 10
    assert all("supported" in item["capabilities"]["effort"]["xhigh"] for item in after)


def test_what_a_model_lacks_it_lacks_with_everything_below(states: dict[date, play.DemoState]) -> None:
    haiku = listed(states[date(2026, 6, 9)])["claude-haiku-4-5-20251001"]
    levels = ("low", "medium", "high", "max", "xhigh")
    assert haiku["capabilities"]["effort"] == {"supported": False} | {level: {"supported": False} for level in levels}
    assert haiku["capabilities"]["thinking"] == {
        "supported": True,
        "types": {"enabled": {"supported": True}, "adaptive": {"supported": False}},
    }


def test_what_was_not_seen_is_marked_as_reconstructed(states: dict[date, play.DemoState]) -> None:
    assert [day for day, state in states.items() if state.reconstructed] == [date(2026, 10, 7)]
    sonnet = listed(states[date(2026, 10, 7)])["claude-sonnet-4-5-20250929"]
    assert (sonnet["lifecycle"], sonnet["retires_at"]) == ("deprecated", "2026-11-30T00:00:00Z")
    assert listed(states[date(2026, 10, 7)]).keys() == listed(states[date(2026, 8, 6)]).keys()


def test_every_loss_is_looked_at_twice_on_its_day_and_far_enough_apart(played: history.History) -> None:
    looks = list(play.looks(played))
    lost = [event.date for event in played.events if event.left]
    assert [look.at for look in looks] == sorted({look.at for look in looks})
    assert [look.at.date() for look in looks].count(lost[0]) == 2
    assert len(looks) == len(played.events) + len(lost)
    assert domain.Policy().confirm_after < play.SECOND_LOOK_AFTER < timedelta(hours=15)
    assert looks[0].at == datetime(2024, 12, 17, 9, tzinfo=UTC)


def test_no_loss_is_large_enough_for_the_guard(played: history.History, states: dict[date, play.DemoState]) -> None:
    policy = domain.Policy()
    held = []
    size = 0
    for event in played.events:
        large = len(event.left) >= policy.min_removed and len(event.left) * 100 > size * policy.max_removed_percent
        held += [event.date] if large else []
        size = len(states[event.date].items)
    assert held == []


def test_a_history_with_a_misspelt_key_is_refused() -> None:
    with pytest.raises(TypeError, match="lefft"):
        history.parse('models = []\n[[events]]\ndate = 2025-01-01\nlefft = ["a"]\n')
