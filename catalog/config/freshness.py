"""How old a catalog may grow before it is stale, when nobody says. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile

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
    minute, hour, *days = cron.fields
    daily = _moments(cron, minute, hour, "*", "*", "*")
    times = list(takewhile(lambda moment: moment < _START + timedelta(days=1), daily))
    within = max((later - earlier for earlier, later in pairwise(times)), default=timedelta(0))
    firsts = _until_end(_moments(cron, str(times[0].minute), str(times[0].hour), *days))
    between = max(later - earlier for earlier, later in pairwise(firsts))
    return max(within, between - (times[-1] - times[0]))


def _moments(cron: Cron, *fields: str) -> Iterator[datetime]:
    return replace(cron, fields=fields).moments(_START - timedelta(seconds=1), UTC)


def _until_end(moments: Iterator[datetime]) -> Iterator[datetime]:
    """Give two of the moments, however far apart, and all others that count."""
    yield next(moments)
    for moment in islice(moments, _DAYS):
        yield moment
        if moment > _END:
            return
