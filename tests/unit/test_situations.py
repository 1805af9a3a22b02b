"""Whole messages, as people read them at seven in the morning: one for each situation that happens."""

from collections.abc import Mapping
from typing import Any

import pytest

from catalog.alerts import wording
from catalog.events import Room

AT, BEFORE = "2026-11-28T08:19:25.017092Z", "2026-11-28T07:19:24.186570Z"
FEBRUARY, MAY = "2027-02-15T00:00:00Z", "2027-05-30T00:00:00Z"
HAIKU: dict[str, Any] = {"id": "claude-haiku-4-5", "name": "Claude Haiku 4.5"}
OPUS: dict[str, Any] = {"id": "claude-opus-5", "name": "Claude Opus 5"}
MILLION: dict[str, Any] = {"created_at": "2026-11-26T00:00:00Z", "max_input_tokens": 1_000_000, "max_tokens": 128_000}
SHOW = "\nMore: catalog show claude-haiku-4-5\nhttps://x.example/claude-haiku-4-5\n"
SHOW_ANY = "\nMore: catalog show ID\nhttps://x.example/None\n"
END = "\nHappened on 28 November 2026, between 07:19 and 08:20 UTC.\nSource: anthropic, run 7\n"


def change(
    kind: str, field: str | None = None, *, id: str = HAIKU["id"], name: str | None = HAIKU["name"], **told: Any
) -> Any:
    """A change as `rules.digest` writes it; `old` and `new` are JSON values, and absent where they are not given."""
    values = {f"{which}_value": told.pop(which) for which in ("old", "new") if which in told}
    known: dict[str, Any] = dict.fromkeys(("created_at", "lifecycle", "retires_at", "max_input_tokens", "max_tokens"))
    about: dict[str, Any] = {
        "uid": f"{kind}:{id}:{field}",
        "kind": kind,
        "model_id": id,
        "display_name": name,
        "watched": False,
    }
    return {**about, **known, "field": field, **values, "not_before": BEFORE, "observed_at": AT, **told}


def changes(*entries: Any, **more: Any) -> Any:
    about = {"id": "msg_1", "type": "catalog.changes", "source": "anthropic", "run_id": 7}
    return {**about, "changes": list(entries), "at": AT, "models_listed": 10, **more}


def retiring(days: int, **more: Any) -> Any:
    about: dict[str, Any] = {"id": "msg_1", "type": "catalog.retiring", "source": "anthropic", "run_id": None}
    model = {"model_id": HAIKU["id"], "display_name": HAIKU["name"], "retires_at": FEBRUARY, "known_since": BEFORE}
    return {**about, **model, "watched": False, "days": days, "milestone": days, "changes": [], **more}


def run(kind: str, reason: str, **more: Any) -> Any:
    about = {"id": "msg_1", "type": f"catalog.{kind}", "source": "anthropic", "run_id": 7, "changes": []}
    return {**about, "reason": reason, **more}


def deprecated(**told: Any) -> list[Any]:
    known: dict[str, Any] = {"lifecycle": "deprecated", "retires_at": FEBRUARY, **told}
    return [
        change("changed", "lifecycle", old="active", new="deprecated", **known),
        change("changed", "deprecated_at", new="2026-11-27T00:00:00Z", **known),
        change("changed", "retires_at", new=FEBRUARY, **known),
    ]


def moved(old: str | None, new: str | None, **told: Any) -> Any:
    given: dict[str, Any] = {name: value for name, value in (("old", old), ("new", new)) if value is not None}
    return change("changed", "retires_at", **given, lifecycle="deprecated", retires_at=new, **told)


NAMED = "Claude Haiku 4.5 (claude-haiku-4-5)"
LOWER = "has lower limits: 200,000 tokens of context instead of 1,000,000 and 32,000 of output instead of 64,000"
EARLIER = "on 15 February 2027, in 79 days, not on 30 May 2027"
LATER = "on 30 May 2027, in 183 days, not on 15 February 2027"
DEARER = "prompt 0.000005 instead of 0.000003, completion 0.000025 instead of 0.000015"
KNOWN = "known since 28 November 2026; you watch it"
RETIRES = "retires on 15 February 2027"

# Title, severity and text of each.
SITUATIONS: Mapping[str, tuple[Any, str, str, str]] = {
    "a new model": (
        changes(change("added", **OPUS, **MILLION)),
        "Claude Opus 5 is newly listed (anthropic)",
        "info",
        (
            "Claude Opus 5 (claude-opus-5) is newly listed, with 1,000,000 tokens of context and 128,000 of output;"
            " its release date is 26 November 2026.\n\n"
            f"More: catalog show claude-opus-5\nhttps://x.example/claude-opus-5\n{END}"
        ),
    ),
    "a new model of which little is known, and which will retire": (
        changes(change("added", **{**OPUS, "name": None}, max_tokens=8000, retires_at=FEBRUARY)),
        "claude-opus-5 is newly listed (anthropic)",
        "info",
        (
            f"claude-opus-5 is newly listed, with 8,000 tokens of output; it {RETIRES}, in 79 days.\n\n"
            f"More: catalog show claude-opus-5\nhttps://x.example/claude-opus-5\n{END}"
        ),
    ),
    "three new and one renamed": (
        changes(
            change("changed", "display_name", old="Claude Haiku 4.5", new="Haiku", name="Haiku"),
            *[
                change("added", id=f"claude-{id}-5", name=f"Claude {id.title()} 5")
                for id in ("opus", "mythos", "fable")
            ],
        ),
        "3 new, 1 renamed (anthropic)",
        "info",
        (
            "- Claude Fable 5 (claude-fable-5) is newly listed.\n"
            "- Claude Mythos 5 (claude-mythos-5) is newly listed.\n"
            "- Claude Opus 5 (claude-opus-5) is newly listed.\n"
            "- Haiku (claude-haiku-4-5) has a new name; it was Claude Haiku 4.5.\n"
            f"{SHOW_ANY}{END}"
        ),
    ),
    "deprecated with a date": (
        changes(*deprecated(watched=True)),
        "Claude Haiku 4.5 is deprecated and retires in 79 days (anthropic)",
        "warning",
        f"{NAMED} is deprecated; it {RETIRES}, in 79 days (announced today; you watch it).\n{SHOW}{END}",
    ),
    "deprecated, and the date was known": (
        changes(change("changed", "lifecycle", old="active", new="deprecated", retires_at=FEBRUARY)),
        "Claude Haiku 4.5 is deprecated (anthropic)",
        "warning",
        f"{NAMED} is deprecated; it {RETIRES}, in 79 days (announced today).\n{SHOW}{END}",
    ),
    "deprecated without a date": (
        changes(change("changed", "lifecycle", old="active", new="deprecated", lifecycle="deprecated")),
        "Claude Haiku 4.5 is deprecated (anthropic)",
        "warning",
        f"{NAMED} is deprecated (announced today).\n{SHOW}{END}",
    ),
    "a date, seen after a week without a look": (
        changes({**moved(None, FEBRUARY), "not_before": "2026-11-21T09:00:00Z"}),
        "Claude Haiku 4.5 retires in 79 days (anthropic)",
        "warning",
        (
            f"{NAMED} {RETIRES}, in 79 days (announced between 21 November 2026 and 28 November 2026).\n{SHOW}\n"
            "Happened between 21 November 2026, 09:00 and 28 November 2026, 08:20 UTC.\nSource: anthropic, run 7\n"
        ),
    ),
    "moved earlier": (
        changes(moved(MAY, FEBRUARY)),
        "Claude Haiku 4.5 retires earlier, in 79 days (anthropic)",
        "warning",
        (f"{NAMED} retires earlier than planned: {EARLIER} (announced today).\n{SHOW}{END}"),
    ),
    "moved later": (
        changes(moved(FEBRUARY, MAY)),
        "Claude Haiku 4.5 retires later, in 183 days (anthropic)",
        "info",
        (f"{NAMED} retires later than planned: {LATER} (announced today).\n{SHOW}{END}"),
    ),
    "withdrawn": (
        changes(moved(FEBRUARY, None)),
        "Claude Haiku 4.5 has no retirement date any more (anthropic)",
        "info",
        f"{NAMED} no longer {RETIRES}; no other date is known (announced today).\n{SHOW}{END}",
    ),
    "active again": (
        changes(moved(FEBRUARY, None), change("changed", "lifecycle", old="deprecated", new="active")),
        "Claude Haiku 4.5 is active again and has no retirement date any more (anthropic)",
        "info",
        f"{NAMED} is active again; it no longer {RETIRES}; no other date is known (announced today).\n{SHOW}{END}",
    ),
    "a date that has passed": (
        changes(moved(None, "2026-11-25T00:00:00Z")),
        "Claude Haiku 4.5 should have retired 3 days ago (anthropic)",
        "warning",
        f"{NAMED} should have retired on 25 November 2026, 3 days ago (announced today).\n{SHOW}{END}",
    ),
    "gone": (
        changes(change("removed", retires_at=FEBRUARY)),
        "Claude Haiku 4.5 is gone (anthropic)",
        "warning",
        (
            f"{NAMED} is gone: it is no longer listed, 79 days before its planned retirement on 15 February 2027.\n"
            f"{SHOW}{END}"
        ),
    ),
    "gone as planned": (
        changes(change("removed", retires_at="2026-11-28T00:00:00Z", lifecycle="retired")),
        "Claude Haiku 4.5 is gone (anthropic)",
        "warning",
        f"{NAMED} is gone: it is no longer listed, as planned for 28 November 2026.\n{SHOW}{END}",
    ),
    "gone and watched": (
        changes(change("removed", watched=True)),
        "Claude Haiku 4.5 is gone (anthropic)",
        "failure",
        f"{NAMED} is gone: it is no longer listed; no date of its retirement was known (you watch it).\n{SHOW}{END}",
    ),
    "back": (
        changes(change("returned", lifecycle="deprecated")),
        "Claude Haiku 4.5 is listed again (anthropic)",
        "info",
        f"{NAMED} is listed again; it is deprecated.\n{SHOW}{END}",
    ),
    "a wave": (
        changes(*[change("changed", "capabilities.batch", id=f"m-{place}", new=True) for place in range(9)]),
        "On 9 of 10 models capabilities.batch appeared: true (anthropic)",
        "info",
        f"On 9 of 10 models capabilities.batch appeared: true.\n{END}",
    ),
    "lower limits": (
        changes(
            change("changed", "max_input_tokens", old=1_000_000, new=200_000, watched=True),
            change("changed", "max_tokens", old=64_000, new=32_000, watched=True),
        ),
        "Claude Haiku 4.5 has lower limits (anthropic)",
        "warning",
        f"{NAMED} {LOWER} (you watch it).\n{SHOW}{END}",
    ),
    "higher prices": (
        changes(
            change("changed", "pricing.prompt", old="0.000003", new="0.000005"),
            change("changed", "pricing.completion", old=1.5e-05, new=2.5e-05),
        ),
        "Claude Haiku 4.5 costs more (anthropic)",
        "warning",
        f"{NAMED} costs more: {DEARER}.\n{SHOW}{END}",
    ),
    **{
        f"retiring in {days} days": (
            retiring(days, watched=True),
            f"Claude Haiku 4.5 retires in {days} days (anthropic)",
            "warning",
            f"{NAMED} {RETIRES}, in {days} days ({KNOWN}).\n{SHOW}\nSource: anthropic\n",
        )
        for days in (90, 60, 30, 14, 7)
    },
    "retiring in a day": (
        retiring(1),
        "Claude Haiku 4.5 retires in 1 day (anthropic)",
        "warning",
        f"{NAMED} {RETIRES}, in 1 day (known since 28 November 2026).\n{SHOW}\nSource: anthropic\n",
    ),
    "overdue": (
        retiring(-3, type="catalog.overdue", milestone=None, watched=True),
        "Claude Haiku 4.5 should have retired 3 days ago (anthropic)",
        "warning",
        (
            f"{NAMED} should have retired on 15 February 2027, 3 days ago, and is still listed"
            f" ({KNOWN}).\n{SHOW}\nSource: anthropic\n"
        ),
    ),
    "held": (
        run(
            "held",
            "The run is held: 5 of 10 models that were listed before are gone at once: they wait for --accept-removals",
            hint="catalog sync anthropic --accept-removals",
        ),
        "anthropic: a run is held",
        "warning",
        (
            "The run is held: 5 of 10 models that were listed before are gone at once: "
            "they wait for --accept-removals.\n\n"
            "To accept it: catalog sync anthropic --accept-removals\n\nSource: anthropic, run 7\n"
        ),
    ),
    "failed": (
        run(
            "sync_failed", "3 runs in a row failed since 28 November 2026, 05:19 UTC; the last one: HTTP 529", hint="x"
        ),
        "anthropic: the list cannot be read",
        "failure",
        (
            "3 runs in a row failed since 28 November 2026, 05:19 UTC; the last one: HTTP 529.\n\n"
            "To find out why: x\n\nSource: anthropic, run 7\n"
        ),
    ),
    "recovered": (
        run("sync_recovered", "The list was read again, after 3 runs in a row had failed"),
        "anthropic: the list is read again",
        "success",
        "The list was read again, after 3 runs in a row had failed.\n\nSource: anthropic, run 7\n",
    ),
    "a baseline": (
        run("baseline", "This run is a baseline: it lists 12 models, and none of them is news", hint="catalog models"),
        "anthropic: a new baseline",
        "info",
        (
            "This run is a baseline: it lists 12 models, and none of them is news.\n\n"
            "To see it: catalog models\n\nSource: anthropic, run 7\n"
        ),
    ),
    "the most urgent first, and what is watched before it": (
        changes(
            change("added", **OPUS),
            change("changed", "caps.batch", old=False, new=True, id="b-1", name=None, watched=True),
            change("removed", id="gone-1", name=None),
            *deprecated(id="mine-1", name=None, watched=True),
            moved(None, FEBRUARY, id="soon-1", name=None),
            moved(None, MAY, id="later-1", name=None),
            *[change("changed", "x", id=f"m-{place}", new={"a": 1}) for place in range(6)],
        ),
        "1 gone, 3 retiring, 1 new, 1 changed, and a change of most models; you watch 2 of them (anthropic)",
        "warning",
        (
            f"- mine-1 is deprecated; it {RETIRES}, in 79 days (announced today; you watch it).\n"
            "- gone-1 is gone: it is no longer listed; no date of its retirement was known.\n"
            f"- soon-1 {RETIRES}, in 79 days (announced today).\n"
            "- later-1 retires on 30 May 2027, in 183 days (announced today).\n"
            '- On 6 of 10 models x appeared: {"a": 1}.\n'
            "- Claude Opus 5 (claude-opus-5) is newly listed.\n"
            "- b-1 changed: caps.batch is true (was false) (you watch it).\n"
            f"{SHOW_ANY}{END}"
        ),
    ),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_message_says_what_whose_when_in_how_many_days_and_what_to_do(situation: str) -> None:
    payload, subject, severity, text = SITUATIONS[situation]
    told = wording.render(payload, page=lambda _source, id: f"https://x.example/{id}")
    assert told == (subject, text)
    assert wording.severity(payload) == severity


@pytest.mark.parametrize("situation", SITUATIONS)
def test_no_message_tells_microseconds_or_shows_json_quotes(situation: str) -> None:
    payload, *_ = SITUATIONS[situation]
    told = "".join(wording.render(payload)).replace('{"a": 1}', "")
    assert ":25.0" not in told
    assert '"' not in told
    assert "x.example" not in told  # without a site there is no address


def test_ids_commands_and_addresses_are_code_where_the_service_has_markdown() -> None:
    room = Room(subject=150, fits=lambda _subject, _text: True, has_markdown=True)
    payload = changes(*deprecated())
    _, text = wording.render(payload, room, lambda source, id: f"https://x.example/{source}/{id}")
    assert text.splitlines()[:4] == [
        f"Claude Haiku 4.5 (`claude-haiku-4-5`) is deprecated; it {RETIRES}, in 79 days (announced today).",
        "",
        "More: `catalog show claude-haiku-4-5`",
        "<https://x.example/anthropic/claude-haiku-4-5>",
    ]


@pytest.mark.parametrize("id", ["a b", "-rf", "$(reboot)", "a;b", "evil.com", "\u202e", "ä"])
def test_no_command_is_told_that_a_shell_would_read_otherwise(id: str) -> None:
    assert "catalog show" not in wording.render(changes(change("removed", id=id)))[1]


# Fields that no sentence fits, and values of all kinds.


@pytest.mark.parametrize(
    ("field", "old", "new", "said"),
    [
        ("a.b", False, True, "a.b is true (was false)"),
        ("a", None, 3, "a is 3 (was unknown)"),
        ("a", 12345, "", "a is empty (was 12,345)"),
        ("a", "x", ["y", 1], "a is ['y', 1] (was x)".replace("'", '"')),
        (
            "created_at",
            "2026-01-31T00:00:00Z",
            "2026-02-01T10:00:00Z",
            "created_at is 1 February 2026 (was 31 January 2026)",
        ),
        ("created_at", "soon", "2026-02-01", "created_at is 2026-02-01 (was soon)"),
        ("line", "opus", "x" * 500, f"line is {'x' * 119}… (was opus)"),
        ("max_tokens", None, 64, "max_tokens is 64 (was unknown)"),
        ("max_tokens", True, 64, "max_tokens is 64 (was true)"),
        ("pricing.prompt", "free", "1", "pricing.prompt is 1 (was free)"),
        ("deprecated_at", None, "2026-02-01T00:00:00Z", "deprecated_at is 1 February 2026 (was unknown)"),
    ],
)
def test_a_field_without_a_sentence_is_called_by_its_name(field: str, old: Any, new: Any, said: str) -> None:
    _, text = wording.render(changes(change("changed", field, old=old, new=new)))
    assert text.startswith(f"{NAMED} changed: {said}.\n")


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([change("changed", "a", new=1)], "changed: a is new: 1"),
        ([change("changed", "a", old=1)], "changed: a is gone (was 1)"),
        ([change("changed", "lifecycle", old="active")], "has no lifecycle any more (it was active)"),
        ([change("changed", "lifecycle", new="beta")], "is beta"),
        ([change("changed", "lifecycle", old="deprecated", new="retired")], "is retired (announced today)"),
        ([moved(None, None)], "has no retirement date any more (announced today)"),
        ([change("changed", "display_name", new="X")], "has a name now"),
        ([change("changed", "max_tokens", old=1, new=2)], "has higher limits: 2 tokens of output instead of 1"),
        (
            [change("changed", "max_input_tokens", old=1, new=2), change("changed", "max_tokens", old=2, new=1)],
            "has other limits: 2 tokens of context instead of 1 and 1 of output instead of 2",
        ),
        ([change("changed", "price", old=2, new=1)], "costs less: price 1 instead of 2"),
        ([change("changed", "price", old="0.10", new="0.1")], "changed: price is 0.1 (was 0.10)"),
        (
            [change("changed", "input_cost", old="1.0", new="1"), change("changed", "output_cost", old=1, new=2)],
            "costs more: output_cost 2 instead of 1; it changed: input_cost is 1 (was 1.0)",
        ),
        (
            [change("changed", "input_cost", old=2, new=1), change("changed", "output_cost", old=1, new=2)],
            "has other prices: input_cost 1 instead of 2, output_cost 2 instead of 1",
        ),
        (
            [change("changed", f"f{place}", new=place) for place in range(8)],
            "changed: f0 is new: 0, f1 is new: 1, f2 is new: 2, f3 is new: 3, f4 is new: 4, and 3 more fields",
        ),
        ([change("changed")], "changed"),
        (
            [change("returned"), change("changed", "line", old="a", new="b")],
            "is listed again; it changed: line is b (was a)",
        ),
    ],
)
def test_changes_of_one_model_are_one_sentence(told: list[Any], said: str) -> None:
    _, text = wording.render(changes(*told))
    assert text.startswith(f"{NAMED} {said}.\n")
