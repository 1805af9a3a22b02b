"""Reads from the name of a file when the answer in it was recorded. Pure."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from catalog import dates

# 2025-03-01, 2025_03_01, 2025/03/01 or 20250301; then perhaps a time: T12:30:00.5, _12-30, 123000, T12; then an offset.
_DATE = r"20[0-9]{2}[-_./]?[0-9]{2}[-_./]?[0-9]{2}"
_MOMENT = re.compile(
    r"(?<![0-9])(?P<year>20[0-9]{2})[-_./]?(?P<month>[0-9]{2})[-_./]?(?P<day>[0-9]{2})"
    rf"(?:[Tt _./-]{{0,2}}(?!{_DATE}(?![0-9]))(?P<hour>[0-9]{{2}})[-:_.h]?(?P<minute>[0-9]{{2}})"
    r"(?:[-:_.m]?(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?"
    r"(?: ?(?P<offset>[+-][0-9]{2}:?[0-9]{2})(?![0-9]))?"
    r"|[Tt]?(?P<hour_alone>[0-9]{2}))?(?![0-9])"
)
_NUMBER = re.compile(r"(?<![0-9])[0-9]{10}(?:[0-9]{3}){0,2}(?![0-9])")  # seconds, milli- or microseconds since 1970
_DAY_ALONE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECONDS = 10  # digits
_DAY_LESS = timedelta(hours=23, minutes=59, seconds=59)  # what is noted at the end of a day is not of the next one


class Span(NamedTuple):
    """The time in which an answer was recorded: one moment, or a day of which no more is known."""

    begin: datetime
    end: datetime


def of(*names: str) -> Span | None:
    """Give the time in the first of these names that has one; None: none has. Without an offset it is UTC.

    Raises ValueError for a name with several times.
    """
    for name in names:
        found = {span for match in _MOMENT.finditer(name) if (span := _span(match))}
        found = found or {_numbered(match[0]) for match in _NUMBER.finditer(name)}
        if len(found) > 1:
            raise ValueError("it names several times")
        if found:
            return found.pop()
    return None


def typed(text: str, now: datetime) -> Span:
    """Read a time as people type it; a date alone is a time on that day. Raises ValueError with words."""
    moment = dates.moment(text, now).at
    whole = of(text) if _DAY_ALONE.fullmatch(text.strip()) else None
    return whole or Span(moment, moment)


def _span(match: re.Match[str]) -> Span | None:
    """Give the time of a match; None: there is no such time, such as on the 31st of February."""
    hour = match["hour"] or match["hour_alone"]
    date = f"{match['year']}-{match['month']}-{match['day']}"
    time = f"{hour or '00'}:{match['minute'] or '00'}:{match['second'] or '00'}.{match['fraction'] or ''}000000"[:15]
    try:
        local = datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=_zone(match["offset"] or ""))
    except ValueError:
        return None
    begin = local.astimezone(UTC)
    return Span(begin, begin if hour else begin + _DAY_LESS)


def _zone(offset: str) -> timezone:
    if not offset:
        return UTC
    away = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
    return timezone(-away if offset.startswith("-") else away)


def _numbered(digits: str) -> Span:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(f"{digits}000000"[: _SECONDS + 6]))
    return Span(moment, moment)
