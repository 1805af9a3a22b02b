"""Reads and writes RFC 3339 dates, always in UTC, and times as people write them. Knows that 1970 means unknown."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple

from catalog.text import counted

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR_ONE = date(1, 1, 1)

# The grammar of RFC 3339, section 5.6, which allows `t`, `z` and any length of fraction; without its leap seconds.
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]"
    r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_USUAL_LENGTH = len("2026-11-22T09:30:00Z")  # no shorter text is a date, no other of this length

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DURATION = re.compile(r"([0-9]{1,9})\s*([smhdw])")
# What people write of RFC 3339: without seconds, with a blank for T, with a shorter offset or none.
_TYPED = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:t|\s+)([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]+)?)?"
    r"\s?(?:(z|utc|gmt)|([+-][0-9]{2})(?::?([0-9]{2}))?)?"
)
_CALENDAR = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")  # a year, a month or a day
_AGE = re.compile(r"(?:[0-9]{1,9}\s*[a-z]+[\s,]*)+")
_AMOUNT = re.compile(r"([0-9]{1,9})\s*([a-z]+)")
_FIXED_WIDTH = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_DIGITS = re.compile(r"[0-9]{1,20}")
_PER_SECOND = ((1e14, 1_000_000), (1e11, 1_000), (0, 1))  # from how large on a number counts micro- and milliseconds
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPELLED_OUT = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hour": "h", "day": "d", "week": "w"}
_DAY = timedelta(days=1)
_LATELY = 7  # days in which an age says more than a date

Edge = Literal["first", "last"]  # which microsecond of a day, a month or a year is meant


class TypedMoment(NamedTuple):
    """A moment as a person typed it, and a sentence that says which one is meant where the text leaves that open."""

    at: datetime
    words: str = ""


def parse(text: str) -> datetime | None:
    """Read a date of the API: strict RFC 3339 with an offset. None: it says "unknown" (1970 or year one).

    Raises ValueError for anything else: no offset, 20250219, 24:00, a leap second, a moment outside years 1 to 9999.
    """
    if text.startswith("0001-01-01"):  # Its instant may lie before year one, where no datetime reaches.
        _instant("0002" + text[4:])
        return None
    moment = _instant(text)
    return None if moment == _EPOCH or moment.date() == _YEAR_ONE else moment


def canonical(text: str) -> str | None:
    """Spell a date of the API in the one fixed-width way, so that equal instants are equal texts; None: unknown.

    Raises ValueError as `parse` does.
    """
    moment = parse(text)
    if moment is None:
        return None
    if len(text) == _USUAL_LENGTH:  # The API's own spelling: worth a shortcut in a list of a million.
        return text[:19].upper() + ".000000Z"
    if text[-1] in "Zz":  # no offset to apply: the Hugging Face Hub's spelling, in a list of millions
        return f"{text[:19].upper()}{f'{text[19:-1]}000000'[:7]}Z"
    return to_text(moment)


def listed(text: str) -> str | None:
    """Spell a date as lists show it, like `canonical`; one without a time is its midnight in UTC, and T may be a blank.

    Raises ValueError as `parse` does.
    """
    if _DATE.fullmatch(text):
        return canonical(f"{text}T00:00:00Z")
    return canonical(f"{text[:10]}T{text[11:]}" if text[10:11] == " " else text)


def loosely(value: Any) -> str | None:
    """Spell a date in any form that lists use, like `canonical`; None: unknown, as all of 1970 is in numbers.

    Text as for `listed`; a number, or its digits: seconds since 1970, from 1e11 on milliseconds, from 1e14 on
    microseconds; an object of `year`, `month` and `day`. Raises ValueError for anything else.
    """
    if isinstance(value, str):
        if value[10:11] == "T":  # no digits, and no date alone: worth a shortcut in a list of millions
            return canonical(value)
        return of_number(int(value)) if _DIGITS.fullmatch(value) else listed(value)
    if isinstance(value, Mapping):
        parts = [_whole(value.get(name)) for name in ("year", "month", "day")]
        return listed(f"{parts[0]:04}-{parts[1]:02}-{parts[2]:02}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return of_number(value)
    raise ValueError("neither text nor a number")


def of_number(value: float) -> str | None:
    """Spell the moment that a number stands for, as `loosely` reads it; None: it lies in 1970, so it is unknown."""
    if not 0 <= value < float("inf"):
        raise ValueError("no number of seconds since 1970")
    unit = next(per_second for least, per_second in _PER_SECOND if value >= least)
    try:
        moment = _EPOCH + timedelta(microseconds=int(value * (1_000_000 // unit)))
    except OverflowError:
        raise ValueError("outside of the years 1 to 9999") from None
    return None if moment.year == _EPOCH.year else to_text(moment)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("no whole number")  # noqa: TRY004 - what a date cannot be is a ValueError, whatever it is
    return value


def to_text(moment: datetime) -> str:
    """Spell an aware moment as 2026-11-22T09:30:00.000000Z: 27 characters, whose order is the order of time."""
    if moment.tzinfo is None:
        raise ValueError("a moment without an offset is no moment")
    return moment.astimezone(UTC).isoformat("T", "microseconds")[:26] + "Z"


def from_text(text: str) -> datetime:
    """Read back what `to_text` wrote; raises ValueError for any other spelling."""
    if _FIXED_WIDTH.fullmatch(text) is None:
        raise ValueError("not a date and time of fixed width")
    return datetime.fromisoformat(text)


def short(moment: datetime) -> str:
    """Spell an aware moment for people: 2026-11-30T00:00:00Z, with a fraction only if it has one."""
    return to_text(moment).replace(".000000Z", "Z")


def moment(text: str, now: datetime, *, edge: Edge = "last") -> TypedMoment:
    """Read a time as people type it.

    That is RFC 3339 and what people write of it (without an offset it is UTC), a day, a month or a year, `now`,
    `today`, `yesterday`, or an age such as 7d, 36h or 2d 3h. Of days, months and years it is the first or last
    microsecond, in UTC; the last of one that lasts is now. Raises ValueError with words for the person who typed it.
    """
    wanted, now = text.strip().lower(), now.astimezone(UTC)
    try:
        days = _days(wanted, now.date())
        if days is not None:
            return _edge(text.strip(), *days, now, edge)
        typed = _TYPED.fullmatch(wanted)
        if typed is not None:
            return _typed(text.strip(), typed)
        return TypedMoment(now if wanted == "now" else now - _age(wanted.removesuffix("ago").rstrip()))
    except (ValueError, OverflowError):
        forms = "2026-11-22, 2026-11, 2026-11-22T09:30:00Z, 2026-11-22 09:30, today, yesterday, or an age such as 7d"
        raise ValueError(f"{text!r} is no time: write {forms} or 36h") from None


def _days(wanted: str, today: date) -> tuple[date, date] | None:
    """Give the first and last day that a text names; None: it names no days."""
    if wanted == "today":
        return today, today
    if wanted == "yesterday":
        return today - _DAY, today - _DAY
    found = _CALENDAR.fullmatch(wanted)
    if found is None:
        return None
    from calendar import monthrange  # late: few commands are asked for a month

    year, month, day = found.groups()
    first, last_month = date(int(year), int(month or 1), int(day or 1)), int(month or 12)
    return first, date(first.year, last_month, int(day or monthrange(first.year, last_month)[1]))


def _edge(text: str, first: date, last: date, now: datetime, edge: Edge) -> TypedMoment:
    start, end = datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC)
    if edge == "first":
        return TypedMoment(start, f"{text} is taken from its first moment: {short(start)}")
    if start <= now <= end:
        return TypedMoment(now, f"{text} is not over: it is taken as now, {short(now.replace(microsecond=0))}")
    return TypedMoment(end, f"{text} is taken as its last moment: {short(end)}")


def _typed(text: str, found: "re.Match[str]") -> TypedMoment:
    day, minute, seconds, utc, hours, minutes = found.groups()
    offset = f"{hours}:{minutes or '00'}" if hours else "Z"
    at = _instant(f"{day}T{minute}{seconds or ':00'}{offset}")
    return TypedMoment(at, "" if utc or hours else f"{text} is taken as UTC: {short(at)}")


def _age(text: str) -> timedelta:
    """Read one amount or several: 7d, 2d3h, 3 h 20 min, 7 days."""
    if _AGE.fullmatch(text) is None:
        raise ValueError("no age")
    amounts = ((number, _SPELLED_OUT.get(unit.removesuffix("s"), unit)) for number, unit in _AMOUNT.findall(text))
    return sum((duration(f"{number}{unit}") for number, unit in amounts), timedelta())


def duration(text: str) -> timedelta:
    """Read a length of time: a whole number and one of s, m, h, d, w. Raises ValueError with words."""
    found = _DURATION.fullmatch(text.strip())
    try:
        if found is not None:
            return timedelta(**{_UNITS[found[2]]: int(found[1])})
    except OverflowError:
        pass
    raise ValueError(f"{text!r} is no duration: write a number and a unit, such as 30s, 15m, 36h, 7d or 2w")


def minute(moment: datetime) -> str:
    """Spell an aware moment for people, to the minute, in UTC: 2026-11-22 09:30."""
    return to_text(moment)[:16].replace("T", " ")


def day(moment: datetime) -> str:
    """Spell a moment of a provider for people: most are days, whose midnight is not said."""
    return minute(moment).removesuffix(" 00:00") if moment.second == moment.microsecond == 0 else minute(moment)


def days_left(moment: datetime, now: datetime) -> int:
    """Count the days from today to a date, both in UTC."""
    return (moment.astimezone(UTC).date() - now.astimezone(UTC).date()).days


def ahead(moment: datetime, now: datetime) -> str:
    """Say how far a date is from today: in 79 days, today, 3 days ago."""
    left = days_left(moment, now)
    if left == 0:
        return "today"
    return f"in {counted(left, 'day')}" if left > 0 else f"{counted(-left, 'day')} ago"


def lately(moment: datetime, now: datetime) -> str | None:
    """Say how long ago something was that we saw: 3 hours ago, 2 days ago. None: a date says it better."""
    passed = now - moment
    if not timedelta() <= passed < _LATELY * _DAY:
        return None
    units = ((_DAY, "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))
    count, noun = next(((passed // unit, noun) for unit, noun in units if passed >= unit), (0, ""))
    return f"{counted(count, noun)} ago" if count else "just now"


def age(delta: timedelta) -> str:
    """Say a length of time to a person in its two greatest units: 3 h 20 min. Less than a second is 0 s."""
    seconds = max(0, int(delta.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    amounts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds % 60, "s")]
    first = next((index for index, (amount, _) in enumerate(amounts) if amount), 3)
    said = [f"{amount} {unit}" for amount, unit in amounts[first : first + 2] if amount]
    return " ".join(said) or "0 s"


def _instant(text: str) -> datetime:
    """Read RFC 3339 as it stands, 1970 included; what is below a microsecond is dropped. ValueError: no such moment."""
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError("not an RFC 3339 date and time with an offset")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("outside of the years 1 to 9999") from None
