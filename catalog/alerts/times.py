"""Times as sentences say them, in UTC: 15 February 2027, in 79 days."""

from datetime import datetime, timedelta

from catalog.text import counted

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def day(moment: datetime) -> str:
    """Name the day of a moment: 15 February 2027."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def minute(moment: datetime) -> str:
    """Name the minute that a moment lies in: 15 February 2027, 08:30 UTC."""
    return f"{day(moment)}, {_clock(moment)} UTC"


def until(moment: datetime, now: datetime) -> str:
    """Say how far off a moment is, in days, begun ones included: in 79 days, 3 days ago."""
    return away(-((now - moment) // _DAY), is_past=moment <= now)


def away(days: int, *, is_past: bool) -> str:
    """Say how far off that many days are; below zero: since then."""
    if not is_past:
        return f"in {counted(days, 'day')}"
    return f"{counted(-days, 'day')} ago" if days else "less than a day ago"


def within(start: datetime | None, end: datetime) -> str:
    """Say in which minutes something happened, between two looks; without `start` only by when."""
    end = _whole(end)
    if start is None:
        return f"by {minute(end)}"
    if start.date() == end.date():
        return f"on {day(end)}, between {_clock(start)} and {_clock(end)} UTC"
    return f"between {day(start)}, {_clock(start)} and {minute(end)}"


def briefly_within(start: datetime | None, end: datetime) -> str:
    """Say the same in few characters: a shared day once."""
    end = _whole(end)
    if start is None:
        return f"by {_short(end)} UTC"
    is_same_day = start.date() == end.date()
    return f"{_short(start)} - {_clock(end) if is_same_day else _short(end)} UTC"


def since(start: datetime | None, end: datetime, now: datetime) -> str:
    """Say on which days something was first seen, by looks at these moments: today, on 21 November 2026."""
    if start is None:
        return f"by {day(end)}"
    if start.date() == end.date():
        return "today" if end.date() == now.date() else f"on {day(end)}"
    return f"between {day(start)} and {day(end)}"


def _whole(moment: datetime) -> datetime:
    """Give the end of the minute that a moment lies in, unless it is the beginning of one."""
    rest = timedelta(seconds=moment.second, microseconds=moment.microsecond)
    return moment - rest + (_MINUTE if rest else timedelta(0))


def _clock(moment: datetime) -> str:
    return moment.isoformat()[11:16]


def _short(moment: datetime) -> str:
    return moment.isoformat(" ")[:16]
