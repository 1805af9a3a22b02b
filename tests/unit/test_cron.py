"""Cron expressions: what they have always meant, in every season, and what is refused in which words."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from catalog import cron

BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def firings(text: str, *, after: datetime = SUNDAY, count: int, zone: ZoneInfo = BERLIN) -> list[str]:
    """The next moments of an expression, as clocks of the zone show them."""
    expression, found, moment = cron.parse(text), [], after
    for _ in range(count):
        moment = expression.next(moment, zone)
        found.append(moment.astimezone(zone).strftime("%m-%d %H:%M %z"))
    return found


def days(text: str, count: int) -> list[str]:
    """The next days, in UTC."""
    return [line[:5] for line in firings(text, count=count, zone=ZoneInfo("UTC"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/15 * * * *", ["11-22 09:45", "11-22 10:00", "11-22 10:15"]),
        ("30 9 * * *", ["11-23 09:30", "11-24 09:30", "11-25 09:30"]),
        ("0 8-18/5 * * *", ["11-22 13:00", "11-22 18:00", "11-23 08:00"]),
        ("5,10 22 * * *", ["11-22 22:05", "11-22 22:10", "11-23 22:05"]),
        ("  0   0 1 jan *  ", ["01-01 00:00", "01-01 00:00", "01-01 00:00"]),
        ("@hourly", ["11-22 10:00", "11-22 11:00", "11-22 12:00"]),
        ("@daily", ["11-23 00:00", "11-24 00:00", "11-25 00:00"]),
        ("@midnight", ["11-23 00:00", "11-24 00:00", "11-25 00:00"]),
        ("@weekly", ["11-29 00:00", "12-06 00:00", "12-13 00:00"]),
        ("@monthly", ["12-01 00:00", "01-01 00:00", "02-01 00:00"]),
        ("@Yearly", ["01-01 00:00", "01-01 00:00", "01-01 00:00"]),
        ("@annually", ["01-01 00:00", "01-01 00:00", "01-01 00:00"]),
    ],
)
def test_an_expression_fires_when_its_fields_say(text: str, expected: list[str]) -> None:
    assert firings(text, count=3, zone=ZoneInfo("UTC")) == [f"{moment} +0000" for moment in expected]


@pytest.mark.parametrize("weekday", ["0", "7", "sun", "SUN", "7,0", "0-0", "7-7"])
def test_sunday_is_0_and_7(weekday: str) -> None:
    assert days(f"0 0 * * {weekday}", 3) == ["11-29", "12-06", "12-13"]


@pytest.mark.parametrize("weekday", ["fri-sun", "5-7", "5-0", "5,6,7", "sun,fri,sat"])
def test_a_range_of_weekdays_may_end_on_sunday(weekday: str) -> None:
    assert days(f"0 0 * * {weekday}", 4) == ["11-27", "11-28", "11-29", "12-04"]


def test_a_range_of_weekdays_may_begin_on_sunday() -> None:
    assert days("0 0 * * sun-tue", 4) == days("0 0 * * 0-2", 4) == ["11-23", "11-24", "11-29", "11-30"]


@pytest.mark.parametrize("weekday", ["0-0/2", "7-7/3", "sun-00/2", "7-sun/2"])
def test_a_step_over_a_single_value_is_that_value(weekday: str) -> None:
    assert days(f"0 0 * * {weekday}", 2) == days("0 0 * * 0", 2)
    assert firings("05-5/15 * * * *", count=2) == firings("5 * * * *", count=2)


def test_a_step_over_weekdays_counts_from_sunday_to_saturday() -> None:
    assert days("0 0 * * */3", 4) == ["11-25", "11-28", "11-29", "12-02"]


def test_a_day_of_month_and_a_weekday_each_suffice() -> None:
    assert days("0 0 13 * fri", 5) == ["11-27", "12-04", "12-11", "12-13", "12-18"]


def test_a_day_field_that_begins_with_a_star_restricts_nothing_on_its_own() -> None:
    assert days("0 0 13 * *", 2) == ["12-13", "01-13"]
    assert days("0 0 * * fri", 2) == ["11-27", "12-04"]
    assert days("0 0 */2 * fri", 2) == ["11-27", "12-11"]  # odd days that are Fridays


def test_rare_days_are_found_however_far_away() -> None:
    assert cron.parse("0 0 29 feb *").next(SUNDAY, UTC) == datetime(2028, 2, 29, tzinfo=UTC)
    assert cron.parse("0 0 29 feb */7").next(SUNDAY, UTC) == datetime(2032, 2, 29, tzinfo=UTC)
    assert cron.parse("0 0 31 * *").next(datetime(2026, 3, 31, tzinfo=UTC), UTC) == datetime(2026, 5, 31, tzinfo=UTC)


def test_the_next_moment_lies_after_the_one_given_to_the_microsecond() -> None:
    noon, instant = datetime(2026, 11, 22, 12, tzinfo=UTC), timedelta(microseconds=1)
    for text in ("0 12 * * *", "0 * * * *"):
        expression = cron.parse(text)
        assert expression.next(noon - instant, UTC) == noon
        assert expression.next(noon, UTC) > noon


def test_a_time_that_does_not_exist_fires_once_right_after_the_gap() -> None:
    evening = datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert firings("30 2 * * *", after=evening, count=2) == ["03-29 03:00 +0200", "03-30 02:30 +0200"]
    assert firings("0,20,40 2,4 * * *", after=evening, count=2) == ["03-29 03:00 +0200", "03-29 04:00 +0200"]


def test_a_time_that_exists_twice_fires_once_the_first_time() -> None:
    evening = datetime(2026, 10, 24, 20, tzinfo=UTC)
    assert firings("30 2 * * *", after=evening, count=2) == ["10-25 02:30 +0200", "10-26 02:30 +0100"]
    assert firings("0,30 2-3 * * *", after=evening, count=4) == [
        *("10-25 02:00 +0200", "10-25 02:30 +0200", "10-25 03:00 +0100", "10-25 03:30 +0100")
    ]


def test_every_hour_means_every_hour_that_passes() -> None:
    spring, autumn = datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert firings("15 * * * *", after=spring, count=2) == ["03-29 01:15 +0100", "03-29 03:15 +0200"]
    assert firings("15 * * * *", after=autumn, count=3) == [
        *("10-25 02:15 +0200", "10-25 02:15 +0100", "10-25 03:15 +0100")
    ]


@pytest.mark.parametrize("text", ["*/20 2 * * *", "0,20,40 */2 * * *"])
def test_a_star_in_minute_or_hour_goes_by_the_time_that_passes(text: str) -> None:
    """As Debian's cron does it: an hour that is skipped is not made up for, one that comes twice counts twice."""
    spring, autumn = datetime(2026, 3, 29, 0, 50, tzinfo=UTC), datetime(2026, 10, 24, 23, 59, tzinfo=UTC)
    [following] = firings(text, after=spring, count=1)
    assert following == ("03-30 02:00 +0200" if text.startswith("*") else "03-29 04:00 +0200")
    assert firings(text, after=autumn, count=6) == [
        f"10-25 02:{minute} {offset}" for offset in ("+0200", "+0100") for minute in ("00", "20", "40")
    ]


@pytest.mark.parametrize("text", ["10,50 2 * * *", "0,30 1-3 * * *"])
def test_within_the_hour_that_comes_again_nothing_fires_twice_and_nothing_lies_behind(text: str) -> None:
    for minutes in range(0, 180, 7):
        after = datetime(2026, 10, 24, 23, 30, tzinfo=UTC) + timedelta(minutes=minutes)
        assert cron.parse(text).next(after, BERLIN) > after
    moments = firings(text, after=datetime(2026, 10, 24, 22, tzinfo=UTC), count=12)
    assert len({moment[:11] for moment in moments}) == 12


def test_a_gap_at_midnight_moves_the_day_s_beginning() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    evening = datetime(2026, 4, 23, 20, tzinfo=UTC)
    assert firings("@daily", after=evening, count=2, zone=cairo) == ["04-24 01:00 +0300", "04-25 00:00 +0300"]
    assert firings("@hourly", after=evening, count=3, zone=cairo) == [
        *("04-23 23:00 +0200", "04-24 01:00 +0300", "04-24 02:00 +0300")
    ]


@pytest.mark.parametrize("text", ["30 2 * * *", "*/15 * * * *", "0 4 * * 1-5", "59 23 * * *"])
def test_each_moment_of_a_year_in_berlin_follows_the_one_before(text: str) -> None:
    expression, moment, end = cron.parse(text), datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    longest = timedelta(days=3, hours=1) if "1-5" in text else timedelta(days=1, hours=1)
    while moment < end:
        following = expression.next(moment, BERLIN)
        assert timedelta(0) < following - moment <= longest
        moment = following


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "'' has 0 fields instead of 5: minute, hour, day of month, month, weekday"),
        ("* * * *", "has 4 fields instead of 5"),
        ("0 0 0 * * *", "has 6 fields instead of 5"),
        ("@reboot", "'@reboot' is not known: there are @yearly, "),
        ("60 * * * *", "minute '60' is not 0 to 59"),
        ("* 24 * * *", "hour '24' is not 0 to 23"),
        ("* * 0 * *", "day of month '0' is not 1 to 31"),
        ("* * * 13 *", "month '13' is not 1 to 12 or jan, feb, "),
        ("* * * * 8", "weekday '8' is not 0 to 7 or sun, mon, "),
        ("* * * * mo", "weekday 'mo' is not"),
        ("-5 * * * *", "minute '-5' is not 0 to 59"),
        ("5-5-5 * * * *", "minute '5-5-5' is not 0 to 59"),
        ("100 * * * *", "minute '100' is not 0 to 59"),
        ("1,,2 * * * *", "minute '' is not 0 to 59"),
        ("٣ * * * *", "minute '٣' is not 0 to 59"),
        ("*/0 * * * *", "minute '*/0' is not 0 to 59, nor "),
        ("*/x * * * *", "minute '*/x' is not 0 to 59, nor "),
        (
            "5/15 * * * *",
            "minute '5/15' is not 0 to 59, nor a range of these that does not run backwards, nor a range or ",
        ),
        ("* 22-2 * * *", "hour '22-2' is not 0 to 23, nor a range of these that does not run backwards"),
        ("0 0 * * 6-0/0", "weekday '6-0/0' is not"),
        ("0 0 * * jan", "weekday 'jan' is not"),
        ("0 0 * mon *", "month 'mon' is not"),
        ("0 0 L * *", "day of month 'l' is not 1 to 31"),
        ("0 0 LW * *", "day of month 'lw' is not"),
        ("0 0 * * 5L", "weekday '5l' is not"),
        ("0 0 * * mon#2", "weekday 'mon#2' is not"),
        ("0 0 30 feb *", "'0 0 30 feb *' never fires: none of its months has such a day"),
        ("0 0 31 2,4,6,9,11 *", "never fires: none of its months has such a day"),
        ("0 0 31 2 */2", "never fires"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        cron.parse(text)


def test_a_weekday_saves_an_expression_whose_day_never_comes() -> None:
    assert days("0 0 31 2 mon", 1) == ["02-01"]
