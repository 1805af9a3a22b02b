"""The calendar of retirements: one event per model, the same wherever its date goes, the same bytes without news."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import vobject  # type: ignore[import-untyped]

from catalog.domain import Change, Kind
from catalog.text import harmless
from catalog.web import names
from catalog.web.formats import ics
from catalog.web.formats.ics import Planned
from tests.web import hostile
from tests.web.rows import SEEN, change, model

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
BASE = "https://models.example.org/catalog/"


def on(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def moved(*days: datetime | None, by: Sequence[datetime] = ()) -> list[Change]:
    """Tell that a date went through these; known at first sight, a month before each next."""
    times = by or [on(2 + number, 1) for number in range(len(days))]
    steps = zip(days, days[1:], times, strict=False)
    return [change(Kind.ADDED, SEEN), *(change(Kind.CHANGED, at, "retires_at", old, new) for old, new, at in steps)]


def planned(*days: datetime | None, **fields: Any) -> Planned:
    return Planned(model=model(days[-1], **fields), changes=moved(*days))


def written(*rows: Planned, now: datetime = NOW, alarms: Sequence[timedelta] = (), title: str = "Retirements") -> bytes:
    return ics.write(rows, title=title, base_url=BASE, now=now, alarms=alarms)


def read(*rows: Planned, **how: Any) -> Any:
    return vobject.readOne(written(*rows, **how).decode())


def event(*rows: Planned, **how: Any) -> Any:
    [found] = read(*rows, **how).vevent_list
    return found


def lines(body: bytes) -> Iterator[str]:
    return iter(body.decode().replace("\r\n ", "").split("\r\n"))


def test_an_event_tells_all_that_is_known_of_a_date() -> None:
    found = event(planned(on(11, 30), display_name="Claude A"))
    assert found.dtstart.value == date(2026, 11, 30)
    assert found.dtend.value == date(2026, 12, 1)
    assert found.summary.value == "claude-a retires (anthropic)"
    assert found.description.value == "Claude A\nKnown since 2026-01-01.\nPlanned; may change."
    assert found.url.value == f"{BASE}model/anthropic/claude-a.html"
    assert found.status.value == "CONFIRMED"
    assert found.transp.value == "TRANSPARENT"
    assert found.sequence.value == "0"
    assert found.dtstamp.value == SEEN.replace(microsecond=0)
    assert found.last_modified.value == SEEN.replace(microsecond=0)
    assert set(found.contents) == {
        *("uid", "sequence", "dtstamp", "last-modified", "dtstart", "dtend", "status", "transp"),
        *("summary", "description", "url", "categories"),
    }


def test_the_calendar_says_what_it_is_and_how_often_to_ask() -> None:
    told = list(lines(written(planned(on(11, 30)), title="Retirements: opus, haiku; \\ all")))
    assert told[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert "METHOD:PUBLISH" in told
    assert "PRODID:-//model catalog//retirements//EN" in told
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT12H" in told
    assert "X-WR-CALNAME:Retirements: opus\\, haiku\\; \\\\ all" in told
    assert "DTSTART;VALUE=DATE:20261130" in told
    assert "DTEND;VALUE=DATE:20261201" in told
    assert "CATEGORIES:retirement,anthropic" in told


def test_a_moving_date_keeps_its_uid_and_counts_its_moves() -> None:
    days = [on(11, 30), on(12, 31), on(1, 31, 2027), on(12, 1), on(3, 1, 2027)]
    versions = [planned(*days[: number + 1]) for number in range(len(days))]
    events = [event(one) for one in versions]
    assert len({found.uid.value for found in events}) == 1
    assert [found.sequence.value for found in events] == ["0", "1", "2", "3", "4"]
    assert [found.dtstart.value for found in events] == [day.date() for day in days]
    stamps = [found.dtstamp.value for found in events]
    assert stamps == sorted(set(stamps))
    assert "This date moved once: 2026-11-30, 2026-12-31." in events[1].description.value
    assert (
        "This date moved 4 times: 2026-11-30, 2026-12-31, 2027-01-31, 2026-12-01, 2027-03-01."
        in events[4].description.value
    )
    assert "Known since 2026-04-30." in events[4].description.value


def test_a_date_told_later_than_its_model_is_no_move() -> None:
    found = event(planned(None, on(11, 30)))
    assert found.sequence.value == "0"
    assert "Known since 2026-01-31." in found.description.value
    assert event(planned(None, on(11, 30), on(12, 30))).sequence.value == "1"


def test_a_withdrawn_date_is_cancelled_for_ninety_days_and_then_gone() -> None:
    one = Planned(model=model(None), changes=moved(on(11, 30), on(12, 30), None, by=[on(2, 1), on(11, 1)]))
    found = event(one)
    assert found.status.value == "CANCELLED"
    assert found.dtstart.value == date(2026, 12, 30)
    assert found.sequence.value == "2"
    assert found.dtstamp.value == on(11, 1)
    assert found.summary.value == "claude-a does not retire on this day (anthropic)"
    told = found.description.value.split("\n")
    assert told == [
        "claude-a",
        "This date moved 2 times: 2026-11-30, 2026-12-30, none.",
        "The date was withdrawn.",
    ]
    assert event(one, now=on(11, 1) + 89 * DAY).status.value == "CANCELLED"
    assert "vevent" not in read(one, now=on(11, 1) + 90 * DAY).contents
    again = planned(on(11, 30), on(12, 30), None, on(12, 24))
    assert (event(again).sequence.value, event(again).status.value) == ("3", "CONFIRMED")
    assert event(again).uid.value == found.uid.value


def test_a_model_that_never_had_a_date_has_no_event() -> None:
    assert "vevent" not in read(planned(None)).contents
    assert "vevent" not in read(Planned(model=model(None), changes=[])).contents


def test_a_date_is_remembered_for_four_hundred_days() -> None:
    one = planned(on(11, 30))
    assert event(one, now=on(11, 30) + 399 * DAY)
    assert "vevent" not in read(one, now=on(11, 30) + 400 * DAY).contents


SUMMARIES: dict[str, dict[str, Any]] = {
    "retires": {},
    "gone before its retirement": {"removed_at": on(11, 1)},
    "retired": {"lifecycle": "retired"},
}
PAST: dict[str, dict[str, Any]] = {
    "overdue, still listed": {},
    "overdue, missing": {"missing_since": on(12, 3)},
    "retired": {"removed_at": on(12, 3)},
}


@pytest.mark.parametrize("words", SUMMARIES)
def test_a_summary_says_how_a_model_fares_ahead_of_its_date(words: str) -> None:
    assert event(planned(on(11, 30), **SUMMARIES[words])).summary.value == f"claude-a {words} (anthropic)"


@pytest.mark.parametrize("words", PAST)
def test_a_summary_says_how_a_model_fares_after_its_date(words: str) -> None:
    found = event(planned(on(11, 30), **PAST[words]), now=on(12, 5))
    assert found.summary.value == f"claude-a {words} (anthropic)"
    assert ("Not listed since 2026-12-03." in found.description.value) == ("removed_at" in PAST[words])


def test_only_news_of_date_lifecycle_or_presence_stamps_an_event() -> None:
    usual = moved(on(11, 30), on(12, 30))
    later = on(9, 9)
    news = {
        "max_tokens": SEEN.replace(microsecond=0, month=2, day=1),
        "lifecycle": later,
        "retires_at": later,
        None: later,
    }
    for field, stamp in news.items():
        kind = Kind.RETURNED if field is None else Kind.CHANGED
        one = Planned(model=model(on(12, 30)), changes=[*usual, change(kind, later, field, '"x"', None)])
        expected = on(2, 1) if field == "max_tokens" else stamp
        assert Planned(model=one.model, changes=one.changes).stamp == expected
    assert Planned(model=model(on(12, 30)), changes=[]).stamp == SEEN


def test_a_calendar_without_news_is_the_same_byte_for_byte() -> None:
    rows = [planned(on(11, 30), id=id, source=source) for id in ("b", "a") for source in ("y", "x")]
    rows.append(planned(on(12, 30), id="c"))
    assert written(*rows) == written(*reversed(rows), now=NOW + timedelta(hours=5))


def test_events_come_by_date_source_and_id() -> None:
    rows = [planned(day, id=id, source=source) for day in (on(12, 1), on(11, 30)) for id in "ba" for source in "yx"]
    found = [(each.dtstart.value.day, each.summary.value) for each in read(*rows).vevent_list]
    order = [f"{id} retires ({source})" for source in "xy" for id in "ab"]
    assert found == [*((30, words) for words in order), *((1, words) for words in order)]


def test_alarms_only_when_asked_each_whole() -> None:
    assert "valarm" not in event(planned(on(11, 30))).contents
    found = event(planned(on(11, 30)), alarms=[30 * DAY, timedelta(hours=12)])
    told = [
        (alarm.action.value, alarm.trigger.value, alarm.description.value, set(alarm.contents))
        for alarm in found.valarm_list
    ]
    parts = {"action", "trigger", "description"}
    assert told == [
        ("DISPLAY", -30 * DAY, "claude-a retires (anthropic)", parts),
        ("DISPLAY", -timedelta(hours=12), "claude-a retires (anthropic)", parts),
    ]


@pytest.mark.parametrize("day", [datetime(9999, 12, 31, 23, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)])
def test_the_last_day_of_all_has_no_day_after_it(day: datetime) -> None:
    found = event(planned(day))
    assert found.dtstart.value == day.date()
    assert ("dtend" in found.contents) == (day.day < 31)


@pytest.mark.parametrize("text", hostile.TEXTS)
def test_no_text_of_a_list_harms_a_calendar(text: str) -> None:
    body = written(planned(on(11, 30), id=text, source=text, display_name=text), title=text, alarms=[DAY])
    assert max(len(line) for line in body.split(b"\r\n")) <= 75
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert [line for line in lines(body) if line.startswith(("BEGIN", "END"))] == [
        *("BEGIN:VCALENDAR", "BEGIN:VEVENT", "BEGIN:VALARM", "END:VALARM", "END:VEVENT", "END:VCALENDAR")
    ]
    calendar = vobject.readOne(body.decode())
    found = calendar.vevent
    assert found.summary.value == f"{harmless(text)} retires ({harmless(text)})"
    assert found.description.value.split("\n")[0] == harmless(text)
    assert found.url.value == BASE + names.model_path(text, text)
    assert found.valarm.description.value == found.summary.value
    assert not set(map(ord, body.decode())) & {*range(10), 11, 12, *range(14, 32), 127, 0x85, 0x2028, 0x202E}


@pytest.mark.parametrize(
    "told", ["soon", "", "2026", "20260101", "\x1b[31m", "2026-13-45T00:00:00Z", 5, None, [], {}, 1e9]
)
def test_what_a_list_told_in_place_of_a_date_is_none(told: object) -> None:
    begun = change(Kind.CHANGED, on(2, 1), "retires_at", None, None)
    first = replace(begun, new_value=json.dumps(told))
    then = replace(begun, old_value=json.dumps(told), new_value='"2026-11-30T00:00:00Z"', observed_at=on(3, 1))
    found = event(Planned(model=model(on(11, 30)), changes=[change(Kind.ADDED, SEEN), first, then]))
    assert found.dtstart.value == date(2026, 11, 30)
    assert "This date moved once: none, 2026-11-30." in found.description.value
    gone = replace(then, old_value='"2026-11-30T00:00:00Z"', new_value=json.dumps(told), observed_at=on(4, 1))
    assert b"VEVENT" not in written(Planned(model=model(None), changes=[change(Kind.ADDED, SEEN), first, then, gone]))
