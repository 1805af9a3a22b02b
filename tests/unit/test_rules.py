"""Which news concern which channel, and the messages that a run makes of them."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.alerts import rules, wording
from catalog.domain import Change, Kind, Status
from catalog.events import AlertEvent, News, OutboxMessage, Rule, RunFacts, parse_events
from tests import subscribing

pytestmark = pytest.mark.promise("P7")

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
EVERYTHING = tuple(event.value for event in AlertEvent)


def rule(*events: str, **filters: Any) -> Rule:
    return subscribing.rule(*(events or EVERYTHING), **filters)


def news(
    kind: Kind = Kind.ADDED,
    model_id: str = "claude-a",
    *,
    field: str | None = None,
    values: tuple[str | None, str | None] = (None, None),
    source: str = "anthropic",
    baseline: bool = False,
    **about: Any,
) -> News:
    change = Change(
        change_id=4,
        run_id=7,
        source=source,
        model_id=model_id,
        kind=kind,
        field=field,
        old_value=values[0],
        new_value=values[1],
        not_before=NOW - timedelta(hours=1),
        observed_at=NOW - timedelta(microseconds=500_000),
        recorded_at=NOW,
        baseline=baseline,
        uid=f"{source}:{kind}:{model_id}:{field}",
    )
    return News(
        **{"change": change, "display_name": None, "created_at": None, "line": None, "lifecycle": None, **about}
    )


def changed(field: str, model_id: str = "claude-a", old: str | None = None, new: str | None = "true") -> News:
    return news(Kind.CHANGED, model_id, field=field, values=(old, new))


def facts(status: Status = Status.COMPLETE, **known: Any) -> RunFacts:
    ordinary = {
        "source": "anthropic",
        "run_id": 7,
        "baseline": False,
        "finished_at": NOW,
        "models_listed": 10,
        "failures": 0,
        "failed_before": 0,
        "failing_since": None,
        "held": "",
        "error": None,
    }
    return RunFacts(**{"status": status, **ordinary, **known})


def failed(times: int, **known: Any) -> RunFacts:
    since = NOW - timedelta(hours=20)
    streak = {"failures": times, "failed_before": times - 1, "failing_since": since, "error": "503 after 5 tries"}
    return facts(Status.FAILED, **{**streak, **known})


def recovered(times: int, status: Status = Status.COMPLETE) -> RunFacts:
    return facts(status, failed_before=times, failing_since=NOW - timedelta(hours=20))


def payload(message: OutboxMessage | None) -> Any:
    assert message is not None
    return json.loads(message.payload)


def types(composed: list[OutboxMessage]) -> list[str]:
    return [message.type for message in composed]


# What concerns whom


@pytest.mark.parametrize("kind", list(Kind))
def test_a_channel_hears_of_the_kinds_it_asked_for_and_of_no_other(kind: Kind) -> None:
    others = (event for event in EVERYTHING if event != kind)
    assert rules.concerns(rule(kind.value), news(kind, field="line"))
    assert not rules.concerns(rule(*others), news(kind, field="line"))


@pytest.mark.parametrize(
    ("pattern", "field", "concerned"),
    [
        ("retires_at", "retires_at", True),
        ("retires_at", "lifecycle", False),
        ("capabilities.*", "capabilities.thinking.supported", True),
        ("capabilities.*.supported", "capabilities.thinking.budget", False),
        ("*_at", "deprecated_at", True),
        ("Line", "line", False),
    ],
)
def test_a_channel_can_ask_for_changes_of_some_fields_alone(pattern: str, field: str, concerned: bool) -> None:
    assert rules.concerns(rule("added", f"changed:{pattern}"), changed(field)) is concerned


def test_a_pattern_of_fields_asks_for_changes_alone() -> None:
    asked = rule("changed:*")
    assert not any(rules.concerns(asked, news(kind)) for kind in Kind if kind is not Kind.CHANGED)


@pytest.mark.parametrize(
    ("names", "events", "changed_fields"),
    [
        ((), (), ()),
        (("added",), (AlertEvent.ADDED,), ()),
        (("changed",), (AlertEvent.CHANGED,), ()),
        (("changed:retires_at",), (), ("retires_at",)),
        (("held", "changed:*", "changed:a:b"), (AlertEvent.HELD,), ("*", "a:b")),
        (tuple(AlertEvent), tuple(AlertEvent), ()),
    ],
)
def test_events_and_patterns_of_fields_are_told_apart_once(
    names: tuple[str, ...], events: tuple[AlertEvent, ...], changed_fields: tuple[str, ...]
) -> None:
    assert parse_events(names) == (events, changed_fields)


@pytest.mark.parametrize("unknown", ["", "Added", "new", "removed:*", ":", "changed :line"])
def test_an_event_that_does_not_exist_is_no_event(unknown: str) -> None:
    with pytest.raises(ValueError, match="AlertEvent"):
        parse_events([unknown])


def test_a_baseline_concerns_no_channel() -> None:
    assert not any(rules.concerns(rule(), news(kind, baseline=True)) for kind in Kind)


@pytest.mark.parametrize(
    ("filters", "concerned"),
    [
        ({"models": ("claude-*",)}, True),
        ({"models": ("gpt-*", "claude-?")}, True),
        ({"models": ("claude-[!b-z]",)}, True),
        ({"models": ("claude-[b-z]",)}, False),
        ({"models": ("Claude-*",)}, False),
        ({"models": ("claude",)}, False),
        ({"sources": ("anthropic", "gateway")}, True),
        ({"sources": ("gateway",)}, False),
        ({"lines": ("opus",)}, True),
        ({"lines": ("sonnet",)}, False),
        ({"lifecycles": ("active", "deprecated")}, True),
        ({"lifecycles": ("retired",)}, False),
        ({"watched": frozenset({"claude-a"})}, True),
        ({"watched": frozenset()}, False),
        ({"watched": frozenset({("anthropic", "claude-a")})}, True),
        ({"watched": frozenset({("gateway", "claude-a")})}, False),
        ({"watched": frozenset({"anthropic:claude-a"})}, False),
        ({"models": (("anthropic", "claude-*"),)}, True),
        ({"models": (("gateway", "claude-*"),)}, False),
        ({"models": (("gateway", "*"), "claude-*")}, True),
        ({"models": ("anthropic:claude-*",)}, False),
        ({"models": ("claude-*",), "lines": ("sonnet",)}, False),
    ],
)
def test_every_filter_must_let_a_model_pass(filters: dict[str, Any], concerned: bool) -> None:
    assert rules.concerns(rule(**filters), news(line="opus", lifecycle="active")) is concerned


def test_a_model_without_line_or_lifecycle_passes_no_filter_that_asks_for_one() -> None:
    assert not rules.concerns(rule(lines=("opus",)), news())
    assert not rules.concerns(rule(lifecycles=("active",)), news())


# The digest


def test_a_run_makes_one_message_for_a_channel_with_all_that_concerns_it() -> None:
    told: dict[str, Any] = {"created_at": datetime(2026, 11, 1, tzinfo=UTC), "max_tokens": 64_000, "watched": True}
    added = news(model_id="claude-é", display_name="Claude É", **told)
    moved = changed("retires_at", old='"2026-11-30T00:00:00Z"', new=None)
    composed = rules.digest(rule("added", "changed"), iter([added, news(Kind.REMOVED), moved]), facts())
    assert composed is not None
    assert composed.payload.isascii()
    assert replace(composed, payload="") == OutboxMessage(
        channel="team",
        source="anthropic",
        run_id=7,
        type="catalog.changes",
        uid=composed.uid,
        payload="",
        due_at=NOW,
    )
    between = {"not_before": "2026-11-22T08:30:00Z", "observed_at": "2026-11-22T09:29:59.500000Z"}
    unknown = dict.fromkeys(("lifecycle", "retires_at", "max_input_tokens", "max_tokens"))
    unknown = {**unknown, "watched": False}
    assert payload(composed) == {
        "id": composed.uid,
        "type": "catalog.changes",
        "source": "anthropic",
        "run_id": 7,
        "changes": [
            {
                "uid": "anthropic:added:claude-é:None",
                "kind": "added",
                "model_id": "claude-é",
                "display_name": "Claude É",
                "created_at": "2026-11-01T00:00:00Z",
                **unknown,
                "max_tokens": 64_000,
                "watched": True,
                "field": None,
                **between,
            },
            {
                "uid": "anthropic:changed:claude-a:retires_at",
                "kind": "changed",
                "model_id": "claude-a",
                "display_name": None,
                "created_at": None,
                **unknown,
                "field": "retires_at",
                "old_value": "2026-11-30T00:00:00Z",
                **between,
            },
        ],
        "at": "2026-11-22T09:30:00Z",
        "models_listed": 10,
    }


def test_a_change_whose_old_state_no_walk_proves_has_no_start() -> None:
    found = news()
    found = replace(found, change=replace(found.change, not_before=None))
    assert payload(rules.digest(rule(), [found], facts()))["changes"][0]["not_before"] is None


@pytest.mark.parametrize("found", [[], [news(Kind.REMOVED)], [news(baseline=True)]])
def test_what_concerns_no_channel_makes_no_message(found: list[News]) -> None:
    assert rules.digest(rule("added"), found, facts()) is None


def test_the_id_says_which_channel_hears_of_which_changes_and_nothing_else() -> None:
    def uid(found: list[News], **other: Any) -> str:
        composed = rules.digest(rule("added", channel=other.pop("channel", "team")), found, facts(**other))
        assert composed is not None
        return composed.uid

    two = [news(model_id="a"), news(model_id="b")]
    assert uid(two) == uid([*two, news(Kind.REMOVED)], run_id=8, finished_at=NOW + timedelta(days=1), models_listed=3)
    ids = {uid(two), uid(two[:1]), uid(two[1:]), uid([news(model_id="ab")]), uid(two, channel="ops")}
    assert len(ids) == 5


def test_the_id_is_the_same_in_every_process() -> None:
    program = "from catalog.alerts.envelope import Fingerprint; print(Fingerprint('team', 'catalog.changes', 'é').id())"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert told == "msg_c632aaa4419b01197cd9877367b52983\n"


def test_a_thousand_changes_are_carried_whole() -> None:
    content = payload(rules.digest(rule(), (news(model_id=str(number)) for number in range(1000)), facts()))
    assert len(content["changes"]) == 1000
    assert content.keys().isdisjoint({"total", "waves"})


def test_of_more_changes_the_first_thousand_are_carried_and_all_are_counted() -> None:
    found = [news(model_id=str(number)) for number in range(1002)]
    composed = rules.digest(rule(), iter(found), facts())
    content = payload(composed)
    assert [change["model_id"] for change in content["changes"]] == [str(number) for number in range(1000)]
    assert (content["total"], content["waves"]) == (1002, [])
    shorter = rules.digest(rule(), found[:-1], facts())
    assert composed is not None
    assert shorter is not None
    assert composed.uid != shorter.uid


def test_waves_are_counted_beyond_the_changes_a_message_carries() -> None:
    models = range(400)
    found = [changed(field, str(number)) for number in models for field in ("a", "b", "c")]
    content = payload(rules.digest(rule(), found, facts(models_listed=401)))
    assert content["total"] == 1200
    assert content["waves"] == [{"field": field, "new_value": True, "models": 400} for field in ("a", "b", "c")]


@pytest.mark.parametrize("sign", ["x", "é", "😀"])
def test_a_message_carries_at_most_a_megabyte_of_changes_and_says_how_many_there_were(sign: str) -> None:
    long = json.dumps(sign * 10_000, ensure_ascii=False)
    told = [changed(f"f{number}", old=long, new="1") for number in range(500)]
    message = rules.digest(rule(), told, facts())
    content = payload(message)
    assert message is not None
    assert 600_000 < len(message.payload) < 1_100_000
    assert content["total"] == 500
    assert [change["field"] for change in content["changes"]] == [
        f"f{number}" for number in range(len(content["changes"]))
    ]
    assert all(change["old_value"] == sign * 10_000 and "cut" not in change for change in content["changes"])
    assert content["id"] != payload(rules.digest(rule(), told[:-1], facts()))["id"]


def test_a_huge_text_is_cut_and_named_and_the_rest_is_exact() -> None:
    huge = json.dumps("😀" * 5_000_000)
    lists = json.dumps(["x"] * 1_000_000)
    message = rules.digest(rule(), [changed("field", old=huge, new="1"), changed("other", old=lists)], facts())
    content = payload(message)
    assert message is not None
    assert len(message.payload) < 1_100_000
    first, second = content["changes"]
    assert (first["old_value"], first["new_value"], first["cut"]) == ("😀" * 20_000, 1, ["old_value"])
    assert (second["old_value"][:9], second["new_value"], second["cut"]) == ('["x","x",', True, ["old_value"])
    assert len(second["old_value"]) == 20_000


def test_what_comes_after_a_change_that_did_not_fit_is_not_carried_either() -> None:
    long = json.dumps("😀" * 20_000)
    told = [changed(f"f{number}", old=long, new=long) for number in range(4)]
    content = payload(rules.digest(rule(), [*told, changed("short")], facts()))
    assert [change["field"] for change in content["changes"]] == ["f0", "f1"]
    assert content["total"] == 5


def test_waves_of_what_is_not_carried_fill_no_more_than_their_room() -> None:
    fields = [f"field{number:03}" for number in range(300)]
    told = [changed(field, f"m{model}", "1", '"' + "x" * 1_900 + '"') for model in range(6) for field in fields]
    message = rules.digest(rule(), told, facts())
    assert message is not None
    assert len(message.payload) < 1_200_000
    assert 40 < len(payload(message)["waves"]) < 60


@pytest.mark.parametrize("name", ["x" * 10_000_000, "😀" * 3_000_000])
def test_a_huge_name_makes_no_huge_message(name: str) -> None:
    message = rules.digest(rule(), [news(display_name=name)], facts())
    assert message is not None
    assert len(message.payload) < 300_000
    subject, text = wording.render(payload(message))
    assert len(subject) + len(text) < 1_000


# The messages about a run


def test_an_ordinary_run_tells_operators_nothing() -> None:
    assert rules.about_run(rule(), facts()) == []


def test_a_held_run_is_told_once_until_it_is_resolved() -> None:
    words = "9 of 10 models that were listed before are gone at once: they wait for --accept-removals"
    (composed,) = rules.about_run(rule(), facts(Status.HELD, held=words))
    assert (composed.type, composed.due_at, composed.run_id) == ("catalog.held", NOW, 7)
    assert payload(composed) == {
        "id": composed.uid,
        "type": "catalog.held",
        "source": "anthropic",
        "run_id": 7,
        "changes": [],
        "reason": f"The run is held: {words}",
    }
    assert rules.about_run(rule(), facts(Status.HELD, error=words)) == []
    assert rules.about_run(rule("sync_failed"), facts(Status.HELD, held=words)) == []


def test_failing_is_told_after_as_many_runs_as_wanted_and_once_per_streak() -> None:
    asked = rule("sync_failed", failures=3)
    assert rules.about_run(asked, failed(2)) == []
    (third,) = rules.about_run(asked, failed(3))
    (fourth,) = rules.about_run(asked, failed(4, run_id=8, finished_at=NOW + timedelta(hours=1)))
    assert third.uid == fourth.uid
    assert payload(third)["reason"] == (
        "3 runs in a row failed since 21 November 2026, 13:30 UTC; the last one: 503 after 5 tries"
    )
    assert payload(third)["hint"] == "catalog check"
    (next_streak,) = rules.about_run(asked, failed(3, failing_since=NOW))
    assert next_streak.uid != third.uid


def test_one_failed_run_can_be_enough() -> None:
    (composed,) = rules.about_run(rule("sync_failed", failures=1), failed(1))
    assert payload(composed)["reason"].startswith("1 run failed since")


def test_who_does_not_ask_for_failures_hears_of_none() -> None:
    assert rules.about_run(rule("sync_recovered"), failed(9)) == []


@pytest.mark.parametrize("event", ["sync_failed", "sync_recovered"])
@pytest.mark.parametrize("status", [Status.COMPLETE, Status.PARTIAL, Status.HELD])
def test_recovery_is_told_once_to_those_who_heard_of_the_failure(event: str, status: Status) -> None:
    (composed,) = rules.about_run(rule(event), recovered(20, status))
    assert composed.type == "catalog.sync_recovered"
    assert payload(composed)["reason"] == (
        "The list was read again, after 20 runs in a row had failed since 21 November 2026, 13:30 UTC"
    )


def test_recovery_is_not_told_when_the_failure_was_not() -> None:
    assert rules.about_run(rule("sync_failed", failures=3), recovered(2)) == []
    assert rules.about_run(rule("held"), recovered(20)) == []


def test_a_run_that_failed_is_no_recovery() -> None:
    assert types(rules.about_run(rule(), failed(4))) == ["catalog.sync_failed"]
    assert types(rules.about_run(rule(), facts(Status.SUPERSEDED, failed_before=9, failing_since=NOW))) == []


def test_a_baseline_is_told_to_those_who_ask() -> None:
    (composed,) = rules.about_run(rule(), facts(baseline=True, makes_baseline=True, models_listed=1000))
    assert composed.type == "catalog.baseline"
    assert payload(composed)["reason"] == "This run is a baseline: it lists 1,000 models, and none of them is news"
    assert rules.about_run(rule("held", "sync_failed", "sync_recovered"), facts(baseline=True)) == []


@pytest.mark.parametrize("status", [Status.COMPLETE, Status.PARTIAL, Status.HELD])
@pytest.mark.parametrize("makes_baseline", [True, False])
def test_a_baseline_is_told_only_when_it_stands(status: Status, makes_baseline: bool) -> None:
    told = rules.about_run(rule("baseline"), facts(status, baseline=True, makes_baseline=makes_baseline))
    assert bool(told) == (makes_baseline and status is not Status.HELD)


def test_operators_can_ask_for_some_sources_alone() -> None:
    assert rules.about_run(rule(sources=("gateway",)), failed(9)) == []
    assert types(rules.about_run(rule(sources=("gateway", "anthropic")), failed(9))) == ["catalog.sync_failed"]


def test_filters_of_models_hide_no_trouble_of_a_source() -> None:
    asked = rule(models=("gpt-*",), lines=("opus",), lifecycles=("active",), watched=frozenset())
    assert types(rules.about_run(asked, failed(9))) == ["catalog.sync_failed"]


def test_each_channel_has_its_own_message_about_a_run() -> None:
    first, second = rules.about_run(rule(), failed(3)), rules.about_run(rule(channel="ops"), failed(3))
    assert first[0].uid != second[0].uid
    assert second[0].channel == "ops"


# Values


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (None, None, {}),
        (None, '"a"', {"new_value": "a"}),
        ("null", "0", {"old_value": None, "new_value": 0}),
        ("1.5e-06", "true", {"old_value": 1.5e-06, "new_value": True}),
        ('{"a":[1,"\\u00e9"]}', None, {"old_value": {"a": [1, "é"]}}),
    ],
)
def test_values_are_json_values_and_what_is_absent_is_left_out(
    old: str | None, new: str | None, told: dict[str, Any]
) -> None:
    [change] = payload(rules.digest(rule(), [changed("field", old=old, new=new)], facts()))["changes"]
    assert {name: change[name] for name in ("old_value", "new_value") if name in change} == told


@pytest.mark.parametrize(
    ("field", "old", "new", "is_told"),
    [
        ("max_tokens", "64000", "32000", True),
        ("max_input_tokens", "1000000", "200000", True),
        ("max_tokens", "9", "10", False),  # higher, though its first digit is lower
        ("max_tokens", "32000", "32000", False),
        ("max_tokens", None, "32000", False),
        ("max_tokens", "32000", None, False),
        ("max_tokens", "null", "1", False),
        ("max_tokens", '"x"', "1", False),
        ("limits.max_tokens", "2", "1", False),
    ],
)
def test_lowered_limits_can_be_asked_for(field: str, old: str | None, new: str | None, is_told: bool) -> None:
    found = changed(field, old=old, new=new)
    assert rules.concerns(rule("lowered"), found) == is_told
    assert not rules.concerns(rule("added", "changed:lifecycle"), found)
