"""Finds creation dates that only say when a list was asked for. Pure, apart from its memory of one walk."""

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from catalog import dates

_CLOSE = timedelta(minutes=5)
_MOST = 100  # dates of pages that are remembered until the next walk


class Stamped(Protocol):
    """What `Stamps` needs of a page."""

    @property
    def stamp(self) -> str | None: ...
    @property
    def has_more(self) -> bool: ...


class Stamps:
    """Judges the dates of each page, and at the end of a pass whether it must be read again.

    A page is stamped when all its entries carry one `created_at` that lies within five minutes of the request, or that
    moved on all of them since they were recorded and since the last walk. A list of two entries or more is stamped when
    all of its pages are.
    """

    def __init__(self, last: Collection[str] = (), *, believing: bool = False) -> None:
        """Begin a pass; `believing` takes every date for true. `last` has the stamps of the last walk."""
        self._last = last
        self._met: dict[str, None] = {}
        self._all_stamped = not believing
        self._any_doubted = False
        self._entries = 0

    def doubts(self, page: Stamped, entries: int, asked_at: datetime, recorded: Iterable[str | None]) -> bool:
        """Tell whether the dates of the next page are stamps; `recorded` has the known raw dates of its models."""
        alone = not self._entries and entries < 2 and not page.has_more  # noqa: PLR2004 - one entry proves nothing
        self._entries += entries
        stamped = page.stamp is not None and not alone and self._says_when(page.stamp, asked_at, list(recorded))
        if page.stamp is not None and len(self._met) < _MOST:
            self._met[page.stamp] = None
        self._all_stamped = self._all_stamped and stamped
        self._any_doubted = self._any_doubted or self._all_stamped
        return self._all_stamped

    def believe(self) -> None:
        """Count a page that is known byte for byte: its dates did not move."""
        self._all_stamped = False

    def _says_when(self, stamp: str, asked_at: datetime, recorded: list[str | None]) -> bool:
        if _is_unknown(stamp):
            return False
        moment = _moment(stamp)
        if moment is not None and abs(moment - asked_at) <= _CLOSE:
            return True
        moved = bool(recorded) and all(before is not None and _differ(before, stamp) for before in recorded)
        return moved and stamp not in self._last

    @property
    def stamps(self) -> tuple[str, ...]:
        """The stamps of the pages, if all pages are stamped; else none."""
        return tuple(self._met) if self._all_stamped and self._entries else ()

    @property
    def consistent(self) -> bool:
        """Whether no date was doubted that a later page shows to be true."""
        return self._all_stamped or not self._any_doubted


def _is_unknown(stamp: str) -> bool:
    """Tell whether a date means "unknown" in any list, such as the epoch."""
    value = json.loads(stamp)
    try:
        return isinstance(value, str) and dates.listed(value) is None
    except ValueError:
        return False


def _differ(before: str, now: str) -> bool:
    """Tell whether two spellings of a date mean different moments."""
    moments = _moment(before), _moment(now)
    return before != now and (None in moments or moments[0] != moments[1])


def _moment(text: str) -> datetime | None:
    """Read a date, also one that is a number; None: it is no date."""
    try:
        moment = dates.loosely(json.loads(text))
    except ValueError:
        return None
    return None if moment is None else dates.from_text(moment)
