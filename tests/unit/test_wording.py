"""What a message says, in how few lines, and what a hostile name can do with it: nothing."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.alerts import quoting, waves, wording
from catalog.alerts.payload import Payload
from catalog.alerts.waves import Wave, WaveCounter

BEFORE, SEEN = "2026-11-22T08:30:00Z", "2026-11-22T09:30:00Z"
MENTIONS = ["@everyone", "<!channel>", "<@U123>", "@here", "`code`", "*bold*", "_it_", "~no~", "[a](http://b.example)"]


def entry(kind: str = "added", model_id: str = "claude-a", **told: Any) -> Any:
    ordinary = {
        "uid": f"{kind}:{model_id}:{told.get('field')}",
        "kind": kind,
        "model_id": model_id,
        "display_name": None,
        "created_at": None,
        "field": None,
        "old_value": None,
        "new_value": None,
        "not_before": BEFORE,
        "observed_at": SEEN,
    }
    return {**ordinary, **told}


def changed(field: str, old: str | None, new: str | None, model_id: str = "claude-a", **told: Any) -> Any:
    return entry("changed", model_id, field=field, old_value=old, new_value=new, **told)


def on_models(number: int, field: str, old: str | None, new: str | None, **told: Any) -> list[Any]:
    return [changed(field, old, new, f"claude-{place}", **told) for place in range(number)]


def message(*entries: Any, models_listed: int = 10, **more: Any) -> Any:
    about = {"id": "msg_1", "type": "catalog.changes", "source": "anthropic", "run_id": 7}
    return {**about, "changes": list(entries), "models_listed": models_listed, **more}


def about_run(reason: str, kind: str = "catalog.held") -> Any:
    about = {"id": "msg_1", "type": kind, "source": "anthropic", "run_id": 7, "changes": []}
    return {**about, "reason": reason}


def subject(payload: Payload) -> str:
    return wording.render(payload)[0]


def text(payload: Payload) -> str:
    return wording.render(payload)[1]


def lines(payload: Payload) -> list[str]:
    """Give what is said of models, without the marks before it; a line alone has none."""
    told = text(payload).splitlines()
    return [line[2:] for line in told if line.startswith("- ")] or told[:1]


# What an earlier build enqueued: values are JSON text, and nothing more is known of a model. What is written today
# is in test_situations.py.


def test_a_message_of_an_earlier_build_is_worded_like_any_other() -> None:
    payload = message(
        entry("changed", field="lifecycle", old_value='"active"', new_value='"deprecated"', display_name="Claude A"),
        entry("removed", "claude-0", display_name="Claude 0", created_at="2024-02-29T12:30:00Z"),
        entry("added", "claude-b", display_name="Claude B (New)", created_at="2026-11-20T00:00:00Z"),
        entry("returned", "claude-1"),
        entry("changed", "claude-a", field="retires_at", new_value='"2026-11-30T00:00:00Z"', display_name="Claude A"),
    )
    assert wording.render(payload) == (
        "1 gone, 1 retiring, 1 listed again, 1 new (anthropic)",
        """\
- Claude 0 (claude-0) is gone: it is no longer listed; no date of its retirement was known.
- Claude A (claude-a) is deprecated; it retires on 30 November 2026, in 8 days (announced today).
- claude-1 is listed again.
- Claude B (New) (claude-b) is newly listed; its release date is 20 November 2026.

More: catalog show ID

Happened on 22 November 2026, between 08:30 and 09:30 UTC.
Source: anthropic, run 7
""",
    )


def test_a_value_that_an_earlier_build_cut_is_told_as_it_stands() -> None:
    assert lines(message(changed("a", '"x', None))) == ['claude-a changed: a is gone (was "x).']


def test_a_model_is_never_said_to_be_released() -> None:
    told = wording.render(message(entry(created_at="2026-11-20T00:00:00Z")))
    assert "released" not in " ".join(told)
    assert "newly listed" in told[1]


@pytest.mark.parametrize("name", [None, "", "claude-a"])
def test_a_name_that_says_nothing_is_left_out(name: str | None) -> None:
    assert lines(message(entry(display_name=name))) == ["claude-a is newly listed."]


def test_a_change_from_another_time_says_so_itself() -> None:
    earlier = entry("returned", "claude-c", not_before="2026-11-21T08:00:00Z", observed_at="2026-11-21T09:00:00Z")
    payload = message(entry(model_id="claude-a"), entry(model_id="claude-b"), earlier)
    assert lines(payload) == [
        "claude-c is listed again [on 21 November 2026, between 08:00 and 09:00 UTC].",
        "claude-a is newly listed.",
        "claude-b is newly listed.",
    ]
    assert "Happened on 22 November 2026, between 08:30 and 09:30 UTC, unless said otherwise.\n" in text(payload)


def test_a_change_with_no_proof_of_the_state_before_is_said_to_be_seen_by_then() -> None:
    assert "Happened by 22 November 2026, 09:30 UTC.\n" in text(message(entry(not_before=None)))
    deprecated = changed("lifecycle", None, '"deprecated"', not_before=None)
    assert lines(message(deprecated)) == ["claude-a is deprecated (announced by 22 November 2026)."]


def test_a_model_that_changed_in_several_fields_is_counted_once_and_a_returned_one_as_returned() -> None:
    payload = message(
        changed("a", "1", "2"),
        changed("b", "1", "2"),
        entry("returned", "claude-b"),
        changed("a", "1", "2", "claude-b"),
    )
    assert subject(payload) == "1 listed again, 1 changed (anthropic)"


# Waves


def test_a_field_that_appears_on_most_models_is_one_line() -> None:
    payload = message(*on_models(9, "capabilities.x.supported", None, "true"))
    assert subject(payload) == "On 9 of 10 models capabilities.x.supported appeared: true (anthropic)"
    assert lines(payload) == ["On 9 of 10 models capabilities.x.supported appeared: true."]


def test_a_field_that_appears_with_several_values_is_still_one_line() -> None:
    payload = message(*[changed("max_tokens", None, str(place), f"claude-{place}") for place in range(9)])
    assert lines(payload) == ["On 9 of 10 models max_tokens appeared."]


def test_a_field_that_changes_alike_on_most_models_is_one_line_and_exceptions_are_lines_of_their_own() -> None:
    payload = message(*on_models(8, "line", '"a"', '"b"'), changed("line", '"a"', '"c"', "claude-9"))
    assert lines(payload) == [
        "On 8 of 10 models line is now b (it was a).",
        "claude-9 changed: line is c (was a).",
    ]


def test_a_field_that_goes_away_alike_is_one_line() -> None:
    assert lines(message(*on_models(6, "type", '"model"', None))) == [
        "On 6 of 10 models type went away (it was model)."
    ]


@pytest.mark.parametrize(("models", "listed"), [(4, 4), (4, 7), (5, 10), (50, 100)])
def test_fewer_than_five_or_half_of_the_models_are_told_one_by_one(models: int, listed: int) -> None:
    assert len(lines(message(*on_models(models, "line", None, '"b"'), models_listed=listed))) == models


def test_values_that_differ_make_no_wave() -> None:
    payload = message(*[changed("display_name", f'"{place}"', '"same"', f"claude-{place}") for place in range(9)])
    assert len(lines(payload)) == 9


def test_twenty_seven_fields_on_all_models_are_one_line() -> None:
    fields = [f"capabilities.c{number:02}" for number in range(27)]
    payload = message(*[change for field in fields for change in on_models(10, field, None, "true")])
    assert lines(payload) == [
        "On 10 of 10 models 27 fields appeared: capabilities.c00, capabilities.c01, capabilities.c02 and 24 more."
    ]


def test_fields_that_appeared_together_are_one_line_even_if_not_on_the_same_models() -> None:
    payload = message(*on_models(9, "max_tokens", None, "1"), *on_models(7, "line", None, '"a"'))
    assert lines(payload) == ["On 7 to 9 of 10 models 2 fields appeared: line, max_tokens."]


def test_a_wave_hides_no_other_news() -> None:
    payload = message(*on_models(9, "line", None, '"a"'), entry(model_id="claude-new"), changed("type", None, '"m"'))
    assert lines(payload) == [
        "On 9 of 10 models line appeared: a.",
        "claude-new is newly listed.",
        "claude-a changed: type is new: m.",
    ]


def test_a_wave_from_another_time_says_so() -> None:
    earlier = {"not_before": "2026-11-20T00:00:00Z", "observed_at": "2026-11-20T01:00:00.5Z"}
    usual = [entry(model_id=f"new-{place}") for place in range(9)]
    wave = on_models(6, "line", None, '"a"', **earlier)
    wave[0] |= {"not_before": "2026-11-19T23:00:00.25Z", "observed_at": "2026-11-20T01:00:00Z"}
    told = lines(message(*usual, *wave))[0]
    assert told.endswith(" [between 19 November 2026, 23:00 and 20 November 2026, 01:01 UTC].")
    wave[1]["not_before"] = None
    assert lines(message(*usual, *wave))[0].endswith(" [by 20 November 2026, 01:01 UTC].")


# What is too much


def shared(field: str, old: str | None, new: str | None, models: int) -> Any:
    return {"field": field, "old_value": old, "new_value": new, "models": models}


def cut_off(total: int, *found: Any) -> Any:
    """Give a message that carries the first thousand of more changes."""
    carried = [changed(f"f{place % 27:02}", None, "true", f"claude-{place // 27}") for place in range(1000)]
    return message(*carried, models_listed=300, total=total, waves=list(found))


def test_a_wave_over_more_changes_than_a_message_carries_is_one_line_too() -> None:
    payload = cut_off(8100, *(shared(f"f{place:02}", None, "true", 300) for place in range(27)))
    assert subject(payload) == "8,100 changes (anthropic)"
    assert lines(payload) == ["On 300 of 300 models 27 fields appeared: f00, f01, f02 and 24 more."]
    assert "more change" not in text(payload)


def test_a_wave_of_which_a_message_carries_nothing_is_told() -> None:
    payload = cut_off(1200, shared("line", None, '"a"', 200))
    assert lines(payload)[0] == "On 200 of 300 models line appeared: a."


def test_what_a_message_does_not_carry_is_counted() -> None:
    payload = cut_off(1300, *(shared(f"f{place:02}", None, "true", 48) for place in range(27)))
    assert "\nAnd 4 more changes\n" in text(payload)


def test_a_long_list_is_cut_and_says_by_how_much() -> None:
    payload = message(*[entry(model_id=f"claude-{place}") for place in range(1000)])
    assert len(lines(payload)) == 60
    assert "\nAnd 940 more changes\n" in text(payload)


def test_a_long_list_hides_nothing_that_is_more_urgent() -> None:
    payload = message(
        *[entry(model_id=f"new-{place}") for place in range(500)],
        *[entry("removed", f"old-{place}") for place in range(3)],
        *[changed("line", str(place), "1") for place in range(400)],
    )
    told = lines(payload)
    assert [sum(line.startswith(start) for line in told) for start in ("old-", "new-", "claude-")] == [3, 57, 0]
    assert told[0].startswith("old-")


def test_long_names_values_and_paths_are_cut_and_ids_are_not() -> None:
    model_id = "claude-" + "x" * 249
    (told,) = lines(message(changed("p" * 5000, '"' + "o" * 5000, "n" * 5000, model_id, display_name="N" * 5000)))
    assert told.startswith("NNN")
    assert f"… ({model_id}) changed: ppp" in told
    assert len(told) < 1000
    assert told.count("…") == 4


def test_the_subject_is_short_whatever_it_names() -> None:
    assert len(subject(retiring(model_id="\u202e" * 256))) <= 150


# Retirements and runs


def retiring(**told: Any) -> Any:
    ordinary: dict[str, Any] = {
        "id": "msg_1",
        "type": "catalog.retiring",
        "source": "anthropic",
        "run_id": None,
        "changes": [],
        "model_id": "claude-a",
        "display_name": "Claude A",
        "retires_at": "2026-11-30T00:00:00Z",
        "days": 30,
        "milestone": 30,
    }
    return {**ordinary, **told}


def test_a_planned_retirement_is_told_with_its_date_and_the_days_left() -> None:
    assert wording.render(retiring()) == (
        "Claude A retires in 30 days (anthropic)",
        (
            "Claude A (claude-a) retires on 30 November 2026, in 30 days.\n\nMore: catalog show claude-a\n\n"
            "Source: anthropic\n"
        ),
    )


@pytest.mark.parametrize(("days", "ago"), [(0, "less than a day ago"), (-1, "1 day ago"), (-2, "2 days ago")])
@pytest.mark.parametrize("kind", ["catalog.retiring", "catalog.overdue"])
def test_what_is_told_after_the_date_does_not_count_backwards(kind: str, days: int, ago: str) -> None:
    still = ", and is still listed" if kind == "catalog.overdue" else ""
    told = wording.render(retiring(type=kind, days=days))
    assert told[0] == f"Claude A should have retired {ago} (anthropic)"
    assert told[1].startswith(f"Claude A (claude-a) should have retired on 30 November 2026, {ago}{still}.\n")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("catalog.held", "anthropic: a run is held"),
        ("catalog.sync_failed", "anthropic: the list cannot be read"),
        ("catalog.sync_recovered", "anthropic: the list is read again"),
        ("catalog.baseline", "anthropic: a new baseline"),
        ("catalog.else", "anthropic: catalog.else"),
    ],
)
def test_a_message_about_a_run_gives_the_reason(kind: str, expected: str) -> None:
    assert wording.render(about_run("It did not", kind)) == (expected, "It did not.\n\nSource: anthropic, run 7\n")


def test_a_long_reason_is_cut_and_a_sentence_ends_once() -> None:
    assert text(about_run("No.")).startswith("No.\n")
    assert text(about_run("x" * 5000)).startswith("x" * 999 + "…\n")


# Hostile text


def dangers(told: str) -> list[str]:
    """Find what some channel acts upon: mentions, links, markup, and signs that show as nothing or break a line."""
    signs = re.findall(r"@(?![0-9])|[<>`*~|#]|\]\(|://|(?<![^\W_])_|_(?![^\W_])", told)
    return [*signs, *(char for char in told if not char.isprintable())]


@pytest.mark.parametrize(
    "hostile", [*MENTIONS, "a\r\nBcc: all@b.example", "\x1b[31m\u202e\x00", "# big", "||x||", "a\u2028b"]
)
def test_no_hostile_text_mentions_formats_or_breaks_a_line(hostile: str) -> None:
    payload = message(
        entry(model_id=hostile, display_name=hostile),
        changed(hostile, json.dumps(hostile, ensure_ascii=False), hostile, hostile),
        source=hostile,
    )
    told_subject, told = wording.render(payload)
    assert dangers(told_subject) == []
    assert dangers(told.replace("\n", "")) == []
    assert [line[:2] for line in told.splitlines() if not line.startswith("More: ")][1:] == ["", "Ha", "So"]


DOMAINS = ["evil.com", "www.evil.org", "a b.evil.shop/x", "EVIL.COM.", "evil.com:80", "evil.рф", "evil.xn--p1ai"]


@pytest.mark.parametrize("hostile", [*DOMAINS, "x.ai", "evil.online", "www.evil-"])
def test_no_hostile_text_becomes_a_link_by_looking_like_the_name_of_a_website(hostile: str) -> None:
    payload = message(
        entry(model_id=hostile, display_name=hostile),
        changed(hostile, json.dumps(hostile, ensure_ascii=False), hostile, hostile),
        changed(hostile, None, "true", hostile),
    )
    held: Any = {**payload, "type": "catalog.held", "reason": f"The answer said: {hostile}"}
    told = "\n".join([*wording.render(payload), *wording.render(held), *wording.render(retiring(model_id=hostile))])
    assert re.findall(r"(?i)\w\.(?:com|org|shop|рф|ai|online|xn--p1ai)(?![\w-])|www\.", told) == []


@pytest.mark.parametrize(
    "usual", ["capabilities.thinking.supported", "pricing.prompt", "a.b_c", "effort.max.x", "x.1.y"]
)
def test_usual_paths_can_be_copied(usual: str) -> None:
    assert quoting.path(usual) == usual


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="a1@<>`*_~[]()|#:/\\.-\n\r\x1b\u202e\u2028é", min_size=1, max_size=12))
def test_whatever_a_name_or_an_id_consists_of_nothing_of_it_acts(hostile: str) -> None:
    assert dangers(quoting.exact(hostile)) == []
    assert dangers(quoting.path(hostile)) == []
    assert dangers(quoting.free(hostile, 100)) == []


@pytest.mark.parametrize(
    "usual",
    [
        "claude-3-5-sonnet-20241022",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "us.anthropic.claude-opus-4-v1:0",
        "claude-3-5-sonnet@20240620",
        "models/gemini_pro_1.5",
        "ft:gpt-3.5-turbo:org:x:1",
        "command-r+",
        "通义-1",
    ],
)
def test_usual_ids_can_be_copied(usual: str) -> None:
    assert quoting.exact(usual) == usual


@pytest.mark.parametrize(
    ("unusual", "shown"),
    [
        ("@everyone", r"\x40everyone"),
        ("-@1", r"-\x401"),
        ("__a__", r"\x5f\x5fa\x5f\x5f"),
        ("a b", r"a\x20b"),
        (r"a\x20b", r"a\x5cx20b"),
        ("http://a.example", r"http\x3a//a\x2eexample"),
        ("evil.com", r"evil\x2ecom"),
        ("evil.com/x", r"evil\x2ecom/x"),
        ("www.evil-", r"www\x2eevil-"),
        ("a\u202eb\U000e0001", r"a\u202eb\U000e0001"),
    ],
)
def test_unusual_ids_are_shown_so_that_no_two_look_alike(unusual: str, shown: str) -> None:
    assert quoting.exact(unusual) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Claude 3.5 Sonnet (New)", "Claude 3.5 Sonnet (New)"),
        ("Qwen [beta] my_model", "Qwen [beta] my_model"),
        ("_x_", "＿x＿"),
        ("[a](b)", "[a] (b)"),
        ("@all <b> `c` *d* ~e~ |f| #g", "＠all ‹b› 'c' ∗d∗ ∼e∼ ¦f¦ ＃g"),
        ("see http://b.example", "see http:∕∕b․example"),
        ("a\r\nb", r"a\r\nb"),
    ],
)
def test_names_stay_readable(name: str, shown: str) -> None:
    assert quoting.free(name, 100) == shown


# Counting


def test_what_names_no_field_is_part_of_no_wave() -> None:
    counter = WaveCounter()
    for _ in range(9):
        counter.add(None, None, None)
    assert counter.waves(9) == []


def counting(*told: tuple[str, str | None, str | None]) -> list[Wave]:
    """Count each of these changes on six models, all that a list has."""
    counter = WaveCounter()
    for change in told:
        for _ in range(6):
            counter.add(*change)
    return counter.waves(6)


def test_counting_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waves, "_MOST_KEYS", 2)
    found = counting(*((field, None, "1") for field in ("a", "b", "c")))
    assert found == [Wave("a", None, "1", 6), Wave("b", None, "1", 6)]


def test_long_values_are_not_compared_but_a_field_that_appears_with_them_is_a_wave() -> None:
    long = json.dumps("x" * 3000)
    assert counting(("new", None, long), ("old", long, "1")) == [Wave("new", None, None, 6)]
