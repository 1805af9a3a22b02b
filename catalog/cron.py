"""Cron expressions, read and counted by cronsim as Debian's cron does it. Pure: knows no clock.

Five fields (minute, hour, day of month, month, weekday) of numbers, names, ranges, lists and steps, or @hourly, @daily,
@weekly, @monthly, @yearly. Sunday is 0 and 7. When day of month and weekday are both restricted (neither begins with
`*`), either may match. On the nights when clocks change, an expression fires once for a time that does not exist, right
after the gap, and once, the first time, for one that comes twice; but one whose minute or hour begins with `*` goes by
the time that really passes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise, takewhile

_SHORTCUTS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = {
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day of month": "1 to 31",
    "month": f"1 to 12 or {', '.join(_MONTHS)}",
    "weekday": f"0 to 7 or {', '.join(_WEEKDAYS)}",
}
_NUMBERS = {
    "month": {name: str(number) for number, name in enumerate(_MONTHS, start=1)},
    "weekday": {name: str(number) for number, name in enumerate(_WEEKDAYS)},
}
# What cronsim knows besides, and crontabs do not, is left out: L, LW, #, 5/15, a sixth field.
_ITEM = re.compile(r"[0-9]{1,2}|(\*|[0-9]{1,2}-[0-9]{1,2})(/0*[1-9][0-9]{0,2})?")
_START = datetime(2024, 1, 1, tzinfo=UTC)  # before a 29 February
_END = _START + timedelta(days=5 * 366)
_DAYS = 370  # that fire; in them each pause within a week, a month and a year is seen


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """When something happens. `text` is the expression as it was written, `fields` is what cronsim reads."""

    text: str
    fields: tuple[str, ...]

    def next(self, after: datetime, zone: tzinfo) -> datetime:
        """Give the first moment after this one, in UTC, as clocks show it in this zone."""
        return next(self.moments(after, zone))

    def moments(self, after: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Give all moments after this one, as `next` does."""
        from cronsim import CronSim  # few commands ask for a cron expression

        for local in CronSim(" ".join(self.fields), after.astimezone(zone)):
            # Where clocks went back, cronsim also names times before `after`; where they went forward, one twice.
            if (moment := local.astimezone(UTC)) > after:
                after = moment
                yield moment

    def longest_pause(self) -> timedelta:
        """Give the longest time between two moments, as if no clock was ever changed."""
        minute, hour, *days = self.fields
        times = [*takewhile(lambda moment: moment < _START + timedelta(days=1), _sample(minute, hour, "*", "*", "*"))]
        within = max((later - earlier for earlier, later in pairwise(times)), default=timedelta(0))
        firsts = _sample(str(times[0].minute), str(times[0].hour), *days)
        two = islice(firsts, 2)  # however far apart
        more = takewhile(lambda moment: moment <= _END, islice(firsts, _DAYS))
        between = max(later - earlier for earlier, later in pairwise([*two, *more]))
        return max(within, between - (times[-1] - times[0]))


def parse(text: str) -> Cron:
    """Read an expression. Raises ValueError with words for the person who wrote it, also when it would never fire."""
    written = text.strip()
    parts = _SHORTCUTS.get(written.lower(), written).lower().split()
    if written.startswith("@") and len(parts) == 1:
        raise ValueError(f"{text!r} is not known: there are {', '.join(_SHORTCUTS)}")
    if len(parts) != len(_FIELDS):
        raise ValueError(f"{text!r} has {len(parts)} fields instead of 5: {', '.join(_FIELDS)}")
    fields = tuple(
        ",".join(_item(item, name) for item in part.split(",")) for part, name in zip(parts, _FIELDS, strict=True)
    )
    if not _is_known(fields):
        raise ValueError(f"{text!r} never fires: none of its months has such a day")
    return Cron(text=written, fields=fields)


def _item(text: str, name: str) -> str:
    """Give one item of a list as cronsim reads it: in numbers, weekdays in order, a step only where it takes effect."""
    number = re.sub("[a-z]+", lambda word: _NUMBERS.get(name, {}).get(word[0], word[0]), text)
    number = re.sub(r"\b0+(?=[0-9])", "", number)
    if name == "weekday":
        number = re.sub(r"\b([1-7])-0\b", r"\1-7", number)  # fri-sun
    read = re.sub(r"\b([0-9]+)-\1/.*", r"\1", number)  # cronsim takes 5-5/15 for 5-59/15
    if not _ITEM.fullmatch(number) or not _is_known(read if other == name else "*" for other in _FIELDS):
        raise ValueError(
            f"{name} {text!r} is not {_FIELDS[name]}, nor a range of these that does not run backwards, nor a range "
            "or * with a step, such as */15"
        )
    return read


def _is_known(fields: Iterator[str] | tuple[str, ...]) -> bool:
    """Tell whether cronsim accepts this."""
    from cronsim import CronSim, CronSimError

    try:
        CronSim(" ".join(fields), datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError:
        return False
    return True


def _sample(*fields: str) -> Iterator[datetime]:
    return Cron(text="", fields=fields).moments(_START - timedelta(seconds=1), UTC)
