"""Dates of the API, times that people type, and how both are spelled."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog import dates

pytestmark = pytest.mark.promise("P5")

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS)  # noqa: DTZ001 - hypothesis adds one
moderate = settings(max_examples=200, deadline=None, print_blob=True)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2026-11-22T09:30:00Z", "2026-11-22T09:30:00.000000Z"),
        ("2026-11-22t09:30:00z", "2026-11-22T09:30:00.000000Z"),
        ("2026-11-22T09:30:00+00:00", "2026-11-22T09:30:00.000000Z"),
        ("2026-11-22T09:30:00-00:00", "2026-11-22T09:30:00.000000Z"),
        ("2026-11-22T01:30:00-08:00", "2026-11-22T09:30:00.000000Z"),
        ("2026-11-22T09:30:00.5Z", "2026-11-22T09:30:00.500000Z"),
        ("2026-11-22T09:30:00.123456Z", "2026-11-22T09:30:00.123456Z"),
        ("2026-11-22T09:30:00.1234567899Z", "2026-11-22T09:30:00.123456Z"),
        ("2024-02-29T23:59:59+23:59", "2024-02-29T00:00:59.000000Z"),
        ("1970-01-01T00:00:01Z", "1970-01-01T00:00:01.000000Z"),
        ("0001-01-02T00:00:00Z", "0001-01-02T00:00:00.000000Z"),
    ],
)
def test_equal_instants_are_spelled_equally(text: str, canonical: str) -> None:
    assert dates.canonical(text) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "1970-01-01T00:00:00Z",
        "1970-01-01T00:00:00+00:00",
        "1970-01-01T00:00:00.000Z",
        "1970-01-01T00:00:00.0000000001Z",
        "1969-12-31T16:00:00-08:00",
        "1970-01-01T05:30:00+05:30",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+02:00",
        "0001-01-01T00:00:00-02:00",
        "0001-01-01T23:59:59.999Z",
        "0001-01-02T01:00:00+02:00",
    ],
)
def test_the_epoch_and_year_one_mean_unknown_in_any_spelling(text: str) -> None:
    assert dates.parse(text) is None
    assert dates.canonical(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "1740000000",
        "20250219",
        "2025-02-19",
        "2025-02-19T00:00",
        "2025-02-19T00:00:00",
        "2025-02-19 00:00:00Z",
        "2025-02-19T00:00:00 Z",
        "2025-02-19T00:00:00Z\n",
        " 2025-02-19T00:00:00Z",
        "2025-02-19T00:00:00,5Z",
        "2025-02-19T00:00:00.Z",
        "2025-02-19T00:00:00+0200",
        "2025-02-19T00:00:00+02",
        "2025-02-19T00:00:00+24:00",
        "2025-02-19T00:00:00+02:60",
        "2025-02-19T24:00:00Z",
        "2016-12-31T23:59:60Z",
        "2025-02-30T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-W08-3T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T24:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٥-٠٢-١٩T٠٠:٠٠:٠٠Z",
    ],
)
def test_what_is_not_strict_rfc_3339_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        dates.parse(text)
    with pytest.raises(ValueError, match=r"\w"):
        dates.canonical(text)


@moderate
@given(MOMENTS)
def test_every_moment_survives_its_spelling(moment: datetime) -> None:
    text = dates.to_text(moment)
    assert len(text) == 27
    assert dates.from_text(text) == moment
    assert dates.parse(text) in (moment, None)


@moderate
@given(MOMENTS, MOMENTS)
def test_the_order_of_texts_is_the_order_of_time(one: datetime, other: datetime) -> None:
    assert (dates.to_text(one) < dates.to_text(other)) == (one < other)


@moderate
@given(st.one_of(st.text(max_size=40), st.from_regex(re.compile(r"[0-9]{4}-[0-9T:Zz.+-]{10,25}"), fullmatch=True)))
@example("9999-12-31T23:59:59.999999-23:59")
def test_any_text_is_a_date_or_a_value_error(text: str) -> None:
    try:
        canonical = dates.canonical(text)
    except ValueError:
        return
    assert canonical is None or dates.to_text(dates.from_text(canonical)) == canonical


def test_a_moment_without_an_offset_is_not_spelled() -> None:
    with pytest.raises(ValueError, match="offset"):
        dates.to_text(datetime(2026, 11, 22))  # noqa: DTZ001 - the point


@pytest.mark.parametrize(
    "text", ["", "2026-11-22T09:30:00Z", "2026-11-22T09:30:00.000000", "2026-13-22T09:30:00.000000Z"]
)
def test_only_our_own_spelling_is_read_back(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        dates.from_text(text)


def test_people_see_a_fraction_only_when_there_is_one() -> None:
    assert dates.short(NOW) == "2026-11-22T09:30:00Z"
    assert dates.short(NOW.replace(microsecond=1500)) == "2026-11-22T09:30:00.001500Z"


END = "23:59:59.999999Z"
LAST = "is taken as its last moment:"
FIRST = "is taken from its first moment:"
NOON = "2026-11-01T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "first", "last", "words"),
    [
        # a day, a month, a year: the first or last microsecond, and words that say which
        ("2026-11-01", "2026-11-01T00:00:00Z", f"2026-11-01T{END}", LAST),
        (" 2026-11-01 ", "2026-11-01T00:00:00Z", f"2026-11-01T{END}", LAST),
        ("1970-01-01", "1970-01-01T00:00:00Z", f"1970-01-01T{END}", LAST),
        ("2026-10", "2026-10-01T00:00:00Z", f"2026-10-31T{END}", LAST),
        ("2025-02", "2025-02-01T00:00:00Z", f"2025-02-28T{END}", LAST),
        ("2024-02", "2024-02-01T00:00:00Z", f"2024-02-29T{END}", LAST),
        ("2025", "2025-01-01T00:00:00Z", f"2025-12-31T{END}", LAST),
        ("9999", "9999-01-01T00:00:00Z", f"9999-12-31T{END}", LAST),
        ("yesterday", "2026-11-21T00:00:00Z", f"2026-11-21T{END}", LAST),
        ("Yesterday", "2026-11-21T00:00:00Z", f"2026-11-21T{END}", LAST),
        # one that lasts is over now; one to come is not
        ("today", "2026-11-22T00:00:00Z", "2026-11-22T09:30:00Z", "is not over: it is taken as now,"),
        ("2026-11-22", "2026-11-22T00:00:00Z", "2026-11-22T09:30:00Z", "is not over: it is taken as now,"),
        ("2026-11", "2026-11-01T00:00:00Z", "2026-11-22T09:30:00Z", "is not over: it is taken as now,"),
        ("2026", "2026-01-01T00:00:00Z", "2026-11-22T09:30:00Z", "is not over: it is taken as now,"),
        ("2026-12", "2026-12-01T00:00:00Z", f"2026-12-31T{END}", LAST),
        # moments: alike at both edges
        ("now", "2026-11-22T09:30:00Z", "2026-11-22T09:30:00Z", ""),
        ("NOW", "2026-11-22T09:30:00Z", "2026-11-22T09:30:00Z", ""),
        (" 2026-11-01T14:00:00+02:00 ", NOON, NOON, ""),
        ("2026-11-01t12:00:00z", NOON, NOON, ""),
        ("2026-11-01 12:00:00Z", NOON, NOON, ""),
        ("2026-11-01T12:00Z", NOON, NOON, ""),
        ("2026-11-01 12:00 UTC", NOON, NOON, ""),
        ("2026-11-01T14:00+02:00", NOON, NOON, ""),
        ("2026-11-01T14:00+0200", NOON, NOON, ""),
        ("2026-11-01T14:00:00+02", NOON, NOON, ""),
        ("2026-11-01 06:30 -05:30", NOON, NOON, ""),
        ("2026-11-01T12:00:00.25Z", "2026-11-01T12:00:00.250000Z", "2026-11-01T12:00:00.250000Z", ""),
        # without an offset it is UTC, and that is said
        ("2026-11-01T12:00:00", NOON, NOON, "is taken as UTC: 2026-11-01T12:00:00Z"),
        ("2026-11-01 12:00", NOON, NOON, "is taken as UTC: 2026-11-01T12:00:00Z"),
        # ages
        ("7d", "2026-11-15T09:30:00Z", "2026-11-15T09:30:00Z", ""),
        ("36h", "2026-11-20T21:30:00Z", "2026-11-20T21:30:00Z", ""),
        ("15m", "2026-11-22T09:15:00Z", "2026-11-22T09:15:00Z", ""),
        ("30s", "2026-11-22T09:29:30Z", "2026-11-22T09:29:30Z", ""),
        ("2w ago", "2026-11-08T09:30:00Z", "2026-11-08T09:30:00Z", ""),
        ("7 days", "2026-11-15T09:30:00Z", "2026-11-15T09:30:00Z", ""),
        ("7Days ago", "2026-11-15T09:30:00Z", "2026-11-15T09:30:00Z", ""),
        ("1 hour", "2026-11-22T08:30:00Z", "2026-11-22T08:30:00Z", ""),
        ("2d3h", "2026-11-20T06:30:00Z", "2026-11-20T06:30:00Z", ""),
        ("3 h 20 min", "2026-11-22T06:10:00Z", "2026-11-22T06:10:00Z", ""),
        ("0s", "2026-11-22T09:30:00Z", "2026-11-22T09:30:00Z", ""),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, first: str, last: str, words: str) -> None:
    begin, end = dates.moment(text, NOW, edge="first"), dates.moment(text, NOW)
    assert (dates.short(begin.at), dates.short(end.at)) == (first, last)
    assert (begin.at.tzinfo, end.at.tzinfo) == (UTC, UTC)
    if words == LAST or words.startswith("is not over"):
        assert begin.words == f"{text.strip()} {FIRST} {first}"
        assert end.words == f"{text.strip()} {words} {last}"
    else:
        assert begin.words == end.words == (f"{text.strip()} {words}" if words else "")


def test_a_time_is_read_in_utc_wherever_the_clock_is_told() -> None:
    eastern = NOW.astimezone(timezone(timedelta(hours=14)))  # there it is the 23rd
    assert dates.moment("today", eastern, edge="first").at == datetime(2026, 11, 22, tzinfo=UTC)
    assert dates.moment("0s", eastern).at.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *("", "7", "-7d", "+7d", "7 years", "1mo", "7dd", "2d3", "d", "tomorrow", "nowish", "last week"),
        *("2026-02-30", "2026-13", "2026-1", "2026-00", "0000", "20261101", "2026/11/01", "10000", "２０２６"),
        *("2026-11-01T24:00", "2026-11-01T12:60", "2026-11-01T12:00:60Z", "2026-11-01T12", "2026-11-01T"),
        *("2026-11-01T12:00 02:00", "2026-11-01T12:00+25:00", "2026-11-01T12:00+2", "2026-11-01T12:00 CET"),
        *("0001-01-01T00:00+01:00", "999999999d", "999999999w", "1" * 40 + "d", "\x00", "7d\n\x00"),
    ],
)
def test_what_is_no_time_is_told_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="is no time: write 2026-11-22"):
        dates.moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta()),
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        (" 1 h ", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert dates.duration(text) == length


@pytest.mark.parametrize("text", ["", "15", "m", "-5s", "1.5h", "1h30m", "5 years", "1" * 30 + "s", "999999999w", "٥s"])
def test_what_is_no_duration_is_told_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration: write a number and a unit, such as 30s"):
        dates.duration(text)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(milliseconds=900), "0 s"),
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=45), "45 s"),
        (timedelta(seconds=65), "1 min 5 s"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=3, minutes=20, seconds=59), "3 h 20 min"),
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
        (timedelta(days=400, minutes=5), "400 d"),
    ],
)
def test_an_age_is_said_in_its_two_greatest_units(length: timedelta, said: str) -> None:
    assert dates.age(length) == said


@pytest.mark.parametrize(
    ("text", "day", "minute"),
    [
        ("2026-11-22T00:00:00Z", "2026-11-22", "2026-11-22 00:00"),
        ("2026-11-22T09:30:59.999999Z", "2026-11-22 09:30", "2026-11-22 09:30"),
        ("2026-11-22T00:00:01Z", "2026-11-22 00:00", "2026-11-22 00:00"),
        ("2026-11-22T01:00:00+02:00", "2026-11-21 23:00", "2026-11-21 23:00"),
    ],
)
def test_a_date_has_a_time_only_where_it_has_one(text: str, day: str, minute: str) -> None:
    moment = datetime.fromisoformat(text)
    assert (dates.day(moment), dates.minute(moment)) == (day, minute)


@pytest.mark.parametrize(
    ("away", "said"),
    [
        (timedelta(0), "today"),
        (timedelta(hours=14), "today"),
        (timedelta(hours=15), "in 1 day"),
        (timedelta(days=79), "in 79 days"),
        (timedelta(days=1500), "in 1,500 days"),
        (timedelta(hours=-9), "today"),
        (timedelta(hours=-10), "1 day ago"),
        (timedelta(days=-30), "30 days ago"),
    ],
)
def test_how_far_a_date_is_goes_by_days_of_utc(away: timedelta, said: str) -> None:
    assert dates.ahead(NOW + away, NOW) == said


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(0), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=3, minutes=50), "3 hours ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=6, hours=23), "6 days ago"),
        (timedelta(days=7), None),
        (timedelta(seconds=-1), None),
    ],
)
def test_what_we_saw_lately_is_said_as_an_age(passed: timedelta, said: str | None) -> None:
    assert dates.lately(NOW - passed, NOW) == said
