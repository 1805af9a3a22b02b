"""How old a catalog may grow before it is stale, when nobody says. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from catalog.cron import Cron

_LEAST = timedelta(minutes=1)
_START = datetime(2024, 1, 1, tzinfo=UTC)  # before a 29 February
_DAYS = 370  # that fire; in them each pause within a week, a month and a year is seen
_END = _START + timedelta(days=5 * 366)


def stale_after(every: timedelta | None, cron: Cron | None) -> timedelta:
    """Give three times the longest pause between two runs."""
    pause = longest_pause(cron) if cron else every or _LEAST
    return max(3 * pause, _LEAST)


def longest_pause(cron: Cron) -> timedelta:
    """Give the longest time between two runs, as if no clock was ever changed."""
    times = [timedelta(hours=hour, minutes=minute) for hour in cron.hours for minute in cron.minutes]
    within = max((later - earlier for earlier, later in pairwise(times)), default=timedelta(0))
    busy = times[-1] - times[0]
    between = max(later - earlier - busy for earlier, later in pairwise(_first_of_each_day(cron)))
    return max(within, between)


def _first_of_each_day(cron: Cron) -> Iterator[datetime]:
    daily = replace(cron, hours=cron.hours[:1], minutes=cron.minutes[:1])
    moment = daily.next(_START, UTC)
    for _ in range(_DAYS):
        yield moment
        if moment > _END:
            return
        moment = daily.next(moment, UTC)
