"""What is said of a watched model: rows and the time in, findings out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog import watch
from catalog.domain import Model, ModelName
from catalog.watch import WatchFinding, WatchState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def model(id: str = "claude-a", **fields: Any) -> Model:
    usual: dict[str, Any] = {
        "source": "anthropic",
        "lifecycle": "active",
        "attributes": {},
        "first_seen_at": NOW - 300 * DAY,
        "last_seen_at": NOW,
        "missing_since": None,
        "removed_at": None,
    }
    return Model(**(usual | {"id": id} | fields))


def found(*models: Model, days: int = 60) -> list[tuple[WatchState, str]]:
    ids = list(dict.fromkeys(one.id for one in models))
    return [(each.state, each.text) for each in watch.check(ids, models, now=NOW, days=days)]


SOURCES = ("openrouter", "llama3", "my-lab")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("claude-a", "claude-a"),
        ("openrouter:openai/gpt-4o", ("openrouter", "openai/gpt-4o")),
        ("my-lab:a", ("my-lab", "a")),
        ("qwen3:8b", "qwen3:8b"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "anthropic.claude-3-haiku-20240307-v1:0"),
        ("openrouter:meta/llama-3:free", ("openrouter", "meta/llama-3:free")),  # the first colon alone counts
        ("old:openrouter:a", "old:openrouter:a"),
        ("old:gpt-4", "old:gpt-4"),  # a source that is not configured, or not any more
        ("llama3:8b", ("llama3", "8b")),  # a source that is called like the beginning of an id
        ("llama3:llama3:8b", ("llama3", "llama3:8b")),
        ("openrouter", "openrouter"),
        ("openrouter:", "openrouter:"),
        (":openrouter", ":openrouter"),
        (":", ":"),
        ("", ""),
        ("openrouter::", ("openrouter", ":")),
        ("OpenRouter:a", "OpenRouter:a"),
        (" openrouter:a", " openrouter:a"),
        ("open*:a", "open*:a"),
        ("openrouter/a:b", "openrouter/a:b"),
        ("openrouter:openai/*", ("openrouter", "openai/*")),
        ("openrouter:[ab]:*", ("openrouter", "[ab]:*")),
    ],
)
def test_a_source_is_named_only_before_the_first_colon_and_only_one_that_is_configured(
    text: str, name: ModelName
) -> None:
    assert watch.named(text, SOURCES) == name
    assert watch.spelled(name) == text
    assert watch.named(text, ()) == text


@pytest.mark.parametrize(
    ("fields", "state", "text"),
    [
        ({}, WatchState.FINE, ""),
        ({"lifecycle": None}, WatchState.FINE, ""),
        ({"lifecycle": "deprecated"}, WatchState.DEPRECATED, ""),
        ({"lifecycle": None, "deprecated_at": NOW}, WatchState.DEPRECATED, ""),
        ({"deprecated_at": NOW + DAY}, WatchState.FINE, ""),
        (
            {"retires_at": NOW + 61 * DAY},
            WatchState.DEPRECATED,
            "retires 2027-01-22 12:00, in 61 days",
        ),
        ({"retires_at": NOW + 60 * DAY}, WatchState.RETIRING, "retires 2027-01-21 12:00, in 60 days"),
        (
            {"retires_at": NOW + DAY, "missing_since": NOW, "lifecycle": "deprecated"},
            WatchState.RETIRING,
            "retires 2026-11-23 12:00, in 1 day",
        ),
        ({"retires_at": NOW}, WatchState.OVERDUE, "was to retire 2026-11-22 12:00, and is still listed"),
        ({"retires_at": NOW - DAY, "lifecycle": "retired"}, WatchState.RETIRED, "since 2026-11-21 12:00"),
        ({"lifecycle": "retired"}, WatchState.RETIRED, ""),
        ({"removed_at": NOW - DAY, "retires_at": NOW}, WatchState.GONE, "not listed since 2026-11-21 12:00"),
        (
            {"missing_since": NOW},
            WatchState.MISSING,
            "not listed since 2026-11-22 12:00, not yet believed to be gone",
        ),
    ],
)
def test_the_gravest_that_is_so_is_said_of_a_model(fields: dict[str, Any], state: WatchState, text: str) -> None:
    assert found(model(**fields)) == [(state, text)]


def test_how_far_to_look_ahead_is_the_askers_choice() -> None:
    soon = model(retires_at=NOW + 10 * DAY)
    assert [state for state, _ in found(soon, days=10)] == [WatchState.RETIRING]
    assert [state for state, _ in found(soon, days=9)] == [WatchState.DEPRECATED]
    assert [state for state, _ in found(soon, days=0)] == [WatchState.DEPRECATED]


def test_an_id_nobody_knows_is_unknown_and_guessed_at() -> None:
    (nowhere,) = watch.check(["cluade-a"], [], now=NOW, days=60)
    assert nowhere == WatchFinding(id="cluade-a", source=None, state=WatchState.UNKNOWN, text="no list ever had it")
    (close,) = watch.check(
        ["cluade-a"], [], now=NOW, days=60, guess=lambda name: [watch.id_of(name).replace("ua", "au")]
    )
    assert close.text == "no list ever had it; did you mean claude-a?"
    assert close.did_you_mean == ("claude-a",)


LISTED = ("claude-sonnet-4-5", "claude-opus-4-5", "claude-opus-4-1", "claude-3-5-sonnet-20241022", "claude-haiku-4-5")
MEANT: dict[str, list[str]] = {
    "claude-sonet-4-5": ["claude-sonnet-4-5"],
    "Claude-Sonnet-4-5": ["claude-sonnet-4-5"],
    "claude-opus-4-7": ["claude-opus-4-5", "claude-opus-4-1"],
    "claude-3-5-sonnet": ["claude-3-5-sonnet-20241022"],
    "claude-haiku": ["claude-haiku-4-5"],
    "claude-h": ["claude-haiku-4-5"],
    "claude-banana": [],
    "gpt-4o": [],
    "claude": [],
    "c": [],
    "": [],
}


@pytest.mark.parametrize(("typed", "meant"), MEANT.items(), ids=MEANT.keys())
def test_an_unknown_id_is_guessed_at_by_what_is_near_alone(typed: str, meant: list[str]) -> None:
    assert sorted(watch.close_ids(typed, LISTED)) == sorted(meant)


def test_each_source_that_ever_had_an_id_is_told_in_the_order_of_the_ids() -> None:
    rows = [model("b"), model("a"), model("a", source="gateway", removed_at=NOW), model("c")]
    findings = watch.check(["a", "x", "b"], rows, now=NOW, days=60)
    assert [(each.id, each.source, each.state) for each in findings] == [
        ("a", "anthropic", WatchState.FINE),
        ("a", "gateway", WatchState.GONE),
        ("x", None, WatchState.UNKNOWN),
        ("b", "anthropic", WatchState.FINE),
    ]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["a"], [("a", "one"), ("a", "two")]),
        ([("two", "a")], [("a", "two")]),
        ([("two", "a"), "a"], [("a", "two"), ("a", "one")]),
        (["a", ("one", "a")], [("a", "one"), ("a", "two")]),
        ([("one", "b:c"), ("two", "b:c")], [("b:c", "one"), ("b:c", "two")]),
        (["one:a"], [("one:a", None)]),
    ],
)
def test_a_name_with_its_source_means_the_model_of_that_source_and_each_model_is_told_once(
    names: list[ModelName], told: list[tuple[str, str | None]]
) -> None:
    rows = [model("a", source="one"), model("a", source="two"), model("b:c", source="one")]
    assert [(each.id, each.source) for each in watch.check(names, rows, now=NOW, days=60)] == told


def test_what_is_watched_at_one_source_is_unknown_when_only_another_one_lists_it() -> None:
    (found,) = watch.check([("one", "a")], [model("a", source="two")], now=NOW, days=60)
    assert (found.state, found.id, found.source) == (WatchState.UNKNOWN, "a", "one")
    assert found.text == "this source never listed it"


@pytest.mark.parametrize(
    ("name", "listed_at", "stale", "hanging"),
    [
        ("a", ["one"], [], []),
        ("a", ["one"], ["two"], []),
        ("a", ["one"], ["one"], ["one"]),
        ("a", ["one", "two"], ["one"], []),
        ("a", ["one", "two"], ["one", "two", "three"], ["one", "two"]),
        ("a", [], ["one", "two"], ["one", "two"]),
        ("a", [], [], []),
        (("one", "a"), ["one"], ["two"], []),
        (("one", "a"), ["one"], ["one"], ["one"]),
        (("one", "a"), [], ["two"], []),
        (("one", "a"), ["two"], ["one"], ["one"]),
    ],
)
def test_a_verdict_hangs_on_a_stale_list_only_when_no_fresh_one_has_the_model(
    name: ModelName, listed_at: list[str], stale: list[str], hanging: list[str]
) -> None:
    found = watch.check([name], [model("a", source=source) for source in listed_at], now=NOW, days=60)
    assert watch.unproven([name], found, stale) == {*hanging}


@pytest.mark.parametrize(
    ("state", "is_stale", "code"),
    [
        (WatchState.FINE, False, 0),
        (WatchState.DEPRECATED, False, 0),
        (WatchState.MISSING, False, 0),
        (WatchState.RETIRING, False, 10),
        (WatchState.OVERDUE, False, 10),
        (WatchState.RETIRED, False, 10),
        (WatchState.GONE, False, 10),
        (WatchState.UNKNOWN, False, 11),
        (WatchState.FINE, True, 12),
        (WatchState.UNKNOWN, True, 12),
    ],
)
def test_the_highest_code_that_holds_is_given(state: WatchState, is_stale: bool, code: int) -> None:
    found = [WatchFinding(id="a", source="one", state=each, text="") for each in (WatchState.FINE, state)]
    assert watch.exit_code(found, is_stale=is_stale) == code
