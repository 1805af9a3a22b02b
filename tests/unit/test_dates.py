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


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("1970-01-01", datetime(1970, 1, 1, tzinfo=UTC)),
        (" 2026-11-01T12:00:00+02:00 ", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("2026-11-01t12:00:00z", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("36h", NOW - timedelta(hours=36)),
        ("15m", NOW - timedelta(minutes=15)),
        ("30s", NOW - timedelta(seconds=30)),
        ("2w ago", NOW - timedelta(days=14)),
        ("0s", NOW),
    ],
)
def test_a_time_is_a_date_or_rfc_3339_or_an_age(text: str, moment: datetime) -> None:
    read = dates.moment(text, NOW)
    assert (read, read.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "7", "-7d", "7 years", "2026-02-30", "2026-11-01T12:00:00", "999999999d", "999999999w"]
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
