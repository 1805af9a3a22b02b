"""Cron expressions with the meaning they have had for decades. Pure: knows no clock.

Five fields (minute, hour, day of month, month, weekday) of numbers, names, ranges, lists and steps, or @hourly, @daily,
@weekly, @monthly, @yearly. Sunday is 0 and 7. When day of month and weekday are both restricted (neither begins with
`*`), either may match. On the nights when clocks change, an expression with hours of its own fires once for a time that
does not exist, right after the gap, and once, the first time, for one that comes twice; one whose hour is `*` goes by
the hours that really pass.
"""

import calendar
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)
_SHORTCUTS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_LONGEST = {month: calendar.monthrange(2024, month)[1] for month in range(1, 13)}  # a leap year


@dataclass(frozen=True, kw_only=True, slots=True)
class _Field:
    """What may stand at one of the five places."""

    name: str
    lowest: int
    highest: int
    last: int  # what `*` ends with
    names: Mapping[str, int] = field(default_factory=dict)


_IN_ORDER = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_IN_ORDER, start=1)}
_WEEKDAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
_FIELDS = (
    _Field(name="minute", lowest=0, highest=59, last=59),
    _Field(name="hour", lowest=0, highest=23, last=23),
    _Field(name="day of month", lowest=1, highest=31, last=31),
    _Field(name="month", lowest=1, highest=12, last=12, names=_MONTHS),
    _Field(name="weekday", lowest=0, highest=7, last=6, names=_WEEKDAYS),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """When something is to happen. `text` is the expression as it was written."""

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either: bool  # day of month or weekday; else both must match

    def next(self, after: datetime, zone: tzinfo) -> datetime:
        """Give the first moment after this one, in UTC, as clocks show it in this zone."""
        days = self._days(after.astimezone(zone).date())
        return next(moment for day in days for moment in self._moments(day, after, zone) if moment > after)

    def _moments(self, day: date, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        by_the_hour = len(self.hours) == 24  # noqa: PLR2004 - hours of a day
        return self._passing(day, after, zone) if by_the_hour else self._shown(day, zone)

    def _days(self, day: date) -> Iterator[date]:
        while True:
            if day.month not in self.months:
                day = (day.replace(day=1) + 31 * _DAY).replace(day=1)
                continue
            if self._matches(day):
                yield day
            day += _DAY

    def _matches(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.either else in_month and in_week

    def _shown(self, day: date, zone: tzinfo) -> Iterator[datetime]:
        for hour in self.hours:
            for minute in self.minutes:
                yield _instant(datetime.combine(day, time(hour, minute)), zone)

    def _passing(self, day: date, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Go through the day by the minute, from `after` on if that is later than its begin."""
        begin = _instant(datetime.combine(day, time()), zone)
        moment = max(begin, after.astimezone(UTC).replace(second=0, microsecond=0))
        while (local := moment.astimezone(zone)).date() == day:
            if local.minute in self.minutes:
                yield moment
            moment += _MINUTE


def parse(text: str) -> Cron:
    """Read an expression. Raises ValueError with words for the person who wrote it, also when it would never fire."""
    written = text.strip()
    parts = _SHORTCUTS.get(written.lower(), written).split()
    if written.startswith("@") and len(parts) == 1:
        raise ValueError(f"{text!r} is not known: there are {', '.join(_SHORTCUTS)}")
    if len(parts) != len(_FIELDS):
        wanted = ", ".join(one.name for one in _FIELDS)
        raise ValueError(f"{text!r} has {len(parts)} fields instead of 5: {wanted}")
    minutes, hours, days, months, weekdays = (_values(part, one) for part, one in zip(parts, _FIELDS, strict=True))
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    if not either and not any(min(days) <= _LONGEST[month] for month in months):
        raise ValueError(f"{text!r} never fires: no such month has a day {min(days)}")
    return Cron(
        text=written,
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=days,
        months=months,
        weekdays=frozenset(weekday % 7 for weekday in weekdays),
        either=either,
    )


def _values(text: str, one: _Field) -> frozenset[int]:
    """Read one field: a list of ranges."""
    return frozenset(value for part in text.split(",") for value in _range(part, one))


def _range(text: str, one: _Field) -> range:
    """Read one part of a list: `*`, a value or a range, with or without a step."""
    span, slash, step = text.partition("/")
    first, dash, last = span.partition("-")
    if slash and not dash and span != "*":
        raise ValueError(f"{one.name} {text!r}: a step needs a range: {first}-{one.highest}/{step}, or */{step}")
    lowest, highest = (one.lowest, one.last) if span == "*" else _ends(first, last if dash else first, one)
    if lowest > highest:
        raise ValueError(f"{one.name} {text!r} runs backwards: write {first}-{one.highest},{one.lowest}-{last}")
    return range(lowest, highest + 1, _step(step, one) if slash else 1)


def _ends(first: str, last: str, one: _Field) -> tuple[int, int]:
    lowest, highest = _value(first, one), _value(last, one)
    if one.names is _WEEKDAYS and highest == 0 < lowest:
        return lowest, 7  # fri-sun
    return lowest, highest


def _value(text: str, one: _Field) -> int:
    value = one.names.get(text.lower())
    if value is None and text.isascii() and text.isdigit() and len(text) <= 2:  # noqa: PLR2004 - digits
        value = int(text)
    if value is None or not one.lowest <= value <= one.highest:
        names = f" or {', '.join(one.names)}" if one.names else ""
        raise ValueError(f"{one.name} {text!r} is not {one.lowest} to {one.highest}{names}")
    return value


def _step(text: str, one: _Field) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text)):  # noqa: PLR2004 - digits
        raise ValueError(f"{one.name}: the step {text!r} is no whole number above 0")
    return int(text)


def _instant(local: datetime, zone: tzinfo) -> datetime:
    """When clocks of the zone first show this time, in UTC; when they skip it, the moment they skip it."""
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local:
        return moment
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    gap = [before + minute * _MINUTE for minute in range((moment - before) // _MINUTE + 1)]
    offset = before.astimezone(zone).utcoffset()
    return gap[bisect_left(gap, 1, key=lambda moment: moment.astimezone(zone).utcoffset() != offset)]
