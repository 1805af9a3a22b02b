"""Messages in small rooms: whole lines, how many more there are, and always when it happened and who tells it."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.alerts import wording
from catalog.alerts.payload import Payload
from catalog.events import Room
from tests.unit.test_wording import changed, cut_off, entry, message, on_models, retiring, shared

ROOMS = (60, 67, 80, 140, 160, 280, 500, 1000, 2000, 4096, 20_000)
EARLIER = {"not_before": "2026-11-21T08:00:00Z", "observed_at": "2026-11-21T09:00:00Z"}
BETWEEN = {"not_before": "2026-11-22T08:30:00.759227Z", "observed_at": "2026-11-22T09:29:59.493342Z"}
OPERATOR = {"id": "msg_1", "source": "anthropic", "run_id": 7, "changes": []}
LONG = "7 of 10 models that were listed before are gone at once: they wait for --accept-removals; " * 12

CHANGES: Mapping[str, Any] = {
    "one": message(entry()),
    "three": message(*[entry(model_id=f"claude-{place}") for place in range(3)]),
    "four hundred": message(*[entry(model_id=f"vendor/model-with-a-name-{place:04}") for place in range(400)]),
    "a thousand of all kinds": message(
        *[entry(model_id=f"new-{place}") for place in range(500)],
        *[entry("removed", f"old-{place}", display_name=f"Old {place}") for place in range(3)],
        *[entry("returned", f"back-{place}", **EARLIER) for place in range(97)],
        *[changed("line", str(place), "1", f"claude-{place}") for place in range(400)],
    ),
    "times to the microsecond": message(*[entry(model_id=f"m-{n}", **BETWEEN) for n in range(70)]),
    "long lines": message(*[changed("p" * 150, '"' + "o" * 300, "n" * 300, f"c-{place}") for place in range(30)]),
    "beyond the Latin script": message(
        *[entry(model_id=f"模型-{place}", display_name="🦜" * 20) for place in range(90)]
    ),
    "more than it carries": message(
        *[entry(model_id=f"claude-{place}") for place in range(1000)], total=4321, waves=[]
    ),
    "waves and others": message(
        *[change for name in "abc" for change in on_models(9, f"capabilities.{name}", None, "true")],
        *[entry(model_id=f"claude-new-{place}") for place in range(40)],
    ),
    "cut waves": cut_off(8100, *(shared(f"f{place:02}", None, "true", 300) for place in range(27))),
}
OTHERS: Mapping[str, Any] = {
    "retiring": retiring(),
    "retiring, long": retiring(model_id="m" * 256, display_name="N" * 200),
    "overdue": retiring(type="catalog.overdue", days=-1, milestone=None),
    "held": {**OPERATOR, "type": "catalog.held", "reason": LONG},
    "sync_failed": {**OPERATOR, "type": "catalog.sync_failed", "reason": "It did not"},
}


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def chat(size: int) -> Room:
    """A service like Discord or Telegram: the subject takes of the same room."""
    return Room(subject=size, fits=lambda subject, text: utf16(f"{subject}\r\n{text}") <= size)


def mail(size: int) -> Room:
    """A service that has a place for the subject."""
    return Room(subject=100, fits=lambda subject, text: len(subject) <= 100 and len(text.encode()) <= size)


def told_of(payload: Any) -> int:
    """How many changes a whole text would tell of, a wave being as many as it has models."""
    return payload.get("total") or len(payload["changes"])


def counted(text: str) -> int:
    """Add up what a text tells of: lines, waves, and what it says that there is more of."""
    total = 0
    for line in text.splitlines():
        wave = re.search(r"On (?:[\d,]+ to )?([\d,]+) of ", line)
        fields = re.search(r"models (\d+) fields", line)
        more = re.match(r"(?:And|No room to list) ([\d,]+)", line)
        if more:
            total += int(more[1].replace(",", ""))
        elif wave:
            total += int(wave[1].replace(",", "")) * (int(fields[1]) if fields else 1)
        else:
            total += line.startswith("- ")
    return total


@pytest.mark.parametrize("kind", [chat, mail])
@pytest.mark.parametrize("size", ROOMS)
@pytest.mark.parametrize("name", CHANGES)
def test_a_message_of_changes_fits_whole_lines_and_ends_with_when_and_who(name: str, size: int, kind: Any) -> None:
    payload, room = CHANGES[name], kind(size)
    subject, text = wording.render(payload, room)
    whole = set(wording.render(payload)[1].splitlines()) | set(_terse_lines(payload))
    lines = text.splitlines()
    assert room.fits(subject, text)
    assert {line for line in lines if line.startswith("- ")} <= _all_lines(payload)
    when, who = [line for line in lines if line][-2:]
    assert re.search(r"anthropic, run 7$", who)
    assert re.search(
        r"2026-11-2\d 0\d:\d\d - 09:[03]0 UTC$|2[12] November 2026, between 0\d:\d\d and 09:[03]0 UTC", when
    )
    assert {when, who} <= whole
    if len(lines) > 2 and name != "one":
        assert counted(text) == told_of(payload)


def _terse_lines(payload: Payload) -> list[str]:
    return ["2026-11-22 08:30 - 09:30 UTC", "2026-11-21 08:00 - 09:00 UTC", "anthropic, run 7"]


def _all_lines(payload: Payload) -> set[str]:
    draft = wording._draft(payload, wording._Style(room=wording.ROOMY, page=lambda _source, _id: ""))
    return {f"- {line.text}" for line in draft.lines}


@pytest.mark.parametrize("kind", [chat, mail])
@pytest.mark.parametrize("size", ROOMS)
@pytest.mark.parametrize("name", OTHERS)
def test_a_message_about_a_date_or_a_run_always_says_who_tells_it(name: str, size: int, kind: Any) -> None:
    room = kind(size)
    subject, text = wording.render(OTHERS[name], room)
    who = "anthropic" if name.startswith(("retiring", "overdue")) else "anthropic, run 7"
    assert room.fits(subject, text)
    assert text.rstrip().splitlines()[-1].endswith(who)
    for line in text.splitlines():
        assert line in wording.render(OTHERS[name])[1] or line.endswith("…") or "retire" in line or line == who


@pytest.mark.parametrize(("size", "lines"), [(140, 1), (160, 2), (280, 4), (500, 11), (2000, 54), (2500, 60)])
def test_the_more_room_there_is_the_more_lines_there_are(size: int, lines: int) -> None:
    text = wording.render(message(*[entry(model_id=f"claude-{place}") for place in range(400)]), chat(size))[1]
    found = [line for line in text.splitlines() if line.startswith("- ")]
    assert len(found) >= lines
    assert f"And {400 - len(found)} more changes\n" in text or not found


def test_where_all_fits_nothing_is_terse() -> None:
    payload = message(entry(), entry("removed", "claude-b"))
    assert wording.render(payload, chat(400)) == wording.render(payload)


def test_a_smaller_room_costs_the_blank_lines_first_then_lines_then_words_of_the_end() -> None:
    payload = message(*[entry(model_id=f"claude-{place}") for place in range(5)])
    lines = [f"- claude-{place} is newly listed.\n" for place in range(5)]
    end = "Happened on 22 November 2026, between 08:30 and 09:30 UTC.\nSource: anthropic, run 7\n"
    terse_end = "2026-11-22 08:30 - 09:30 UTC\nanthropic, run 7\n"
    for told in [
        ("5 new (anthropic)", "".join(lines) + "More: catalog show ID\n" + end),
        ("5 new (anthropic)", "".join(lines) + terse_end),
        ("5 new (anthropic)", "".join(lines[:3]) + "And 2 more changes\n" + terse_end),
        ("5 new (anthropic)", terse_end),
        ("5 new", terse_end),
    ]:
        size = utf16("\r\n".join(told).rstrip())
        assert wording.render(payload, chat(size + 1)) == told


@settings(max_examples=60, deadline=None)
@given(st.integers(50, 600), st.integers(1, 80), st.integers(0, 30))
def test_whatever_the_room_is_the_end_is_there_and_the_count_is_right(size: int, new: int, gone: int) -> None:
    payload = message(
        *[entry(model_id=f"claude-{place}") for place in range(new)],
        *[entry("removed", f"old-{place}") for place in range(gone)],
    )
    subject, text = wording.render(payload, chat(size))
    assert utf16(f"{subject}\r\n{text}") <= max(size, 53)
    assert text.endswith("anthropic, run 7\n")
    if "- c" in text or "- o" in text:
        assert counted(text) == new + gone
