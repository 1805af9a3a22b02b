"""Waves: one field that appears, or changes alike, on so many models that it is one piece of news."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LEAST = 5  # models; fewer are told one by one
_MOST_KEYS = 10_000  # what is counted at once: a wave shows early, and whatever comes may not fill the memory
_LONGEST = 2_000  # characters of values that are compared

# What the changes of one wave share: the field and its values; for a field that appears the values do not matter.
Key = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Wave:
    """A change that `models` models share. Values as in the change log; none at all: it appeared with several."""

    field: str
    old_value: str | None
    new_value: str | None
    models: int

    @property
    def key(self) -> Key:
        return key(self.field, self.old_value, self.new_value)


class Tally:
    """Counts changes of fields as they stream by, in bounded memory."""

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._appeared: dict[str, str | None] = {}  # with which value; None: with several, or with a long one

    def add(self, change: Mapping[str, Any]) -> None:
        """Count an entry of a payload; what names no field is no part of a wave."""
        field, old, new = change["field"], change["old_value"], change["new_value"]
        if field is None:
            return
        found = key(field, old, new)
        if found not in self._counts and (len(self._counts) == _MOST_KEYS or _length(found) > _LONGEST):
            return
        self._counts[found] += 1
        if old is None:
            value = None if _length((field, old, new)) > _LONGEST else new
            self._appeared[field] = value if self._appeared.setdefault(field, value) == value else None

    def waves(self, models_listed: int) -> list[Wave]:
        """Give what more than half of the listed models share, and at least five, in the order of the fields."""
        shared = [(found, count) for found, count in self._counts.items() if count >= _LEAST]
        waves = [self._wave(found, count) for found, count in shared if 2 * count > models_listed]
        return sorted(waves, key=lambda wave: wave.field)

    def _wave(self, found: Key, models: int) -> Wave:
        field, old, new = found
        return Wave(field, old, self._appeared[field] if old is None else new, models)


def key(field: str, old: str | None, new: str | None) -> Key:
    """Name the wave that a change would be part of."""
    return (field, None, None) if old is None else (field, old, new)


def _length(found: Key) -> int:
    return sum(len(text or "") for text in found)
