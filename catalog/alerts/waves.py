"""Finds waves: one field that appears, or changes in the same way, on most models."""

from collections import Counter
from dataclasses import dataclass

from catalog.domain import Change

_LEAST = 5  # models; changes of fewer are told one by one
_MOST_KEYS = 10_000  # that are counted: a wave shows among the first changes, and memory stays bounded
_LONGEST = 2_000  # characters of values that are compared

# What the changes of one wave share: the field and its values, or only the field where it appears.
Key = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Wave:
    """A change that many models share; values are JSON text. Both None: the field appeared, with various values."""

    field: str
    old: str | None
    new: str | None
    models: int


class WaveCounter:
    """Counts changes as they are streamed, in bounded memory."""

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._appeared: dict[str, str | None] = {}  # with this value; None: with various values, or a long one

    def add(self, field: str | None, old: str | None, new: str | None) -> None:
        """Count a change, if it names a field; values are JSON text, None: absent."""
        found = key(field, old, new)
        if found is None or field is None:
            return
        if found not in self._counts and (len(self._counts) == _MOST_KEYS or _length(found) > _LONGEST):
            return
        self._counts[found] += 1
        if old is None:
            value = None if _length((field, old, new)) > _LONGEST else new
            self._appeared[field] = value if self._appeared.setdefault(field, value) == value else None

    def waves(self, models_listed: int) -> list[Wave]:
        """Give the changes that more than half of the listed models share, and at least five, sorted by field."""
        waves = [
            Wave(field, old, self._appeared[field] if old is None else new, count)
            for (field, old, new), count in self._counts.items()
            if is_wave(count, models_listed)
        ]
        return sorted(waves, key=lambda wave: wave.field)


def is_wave(models: int, models_listed: int) -> bool:
    """Tell whether so many models make a wave: more than half of those listed, and at least five."""
    return models >= _LEAST and 2 * models > models_listed


def key(field: str | None, old: str | None, new: str | None) -> Key | None:
    """Give what a change shares with others of its wave; None: it names no field, and is part of none."""
    return None if field is None else (field, old, None if old is None else new)


def key_of(change: Change) -> Key | None:
    """Give the same of a row of the log."""
    return key(change.field, change.old_value, change.new_value)


def _length(found: Key) -> int:
    return sum(len(text or "") for text in found)
