"""Finds waves: one field that appears, or changes in the same way, on most models."""

from collections import Counter
from typing import TypedDict

from catalog.alerts.payload import WaveEntry
from catalog.domain import Change

_LEAST = 5  # models; changes of fewer are told one by one
_MOST_KEYS = 10_000  # that are counted: a wave shows among the first changes, and memory stays bounded
_LONGEST = 2_000  # characters of values that are compared

# What the changes of one wave share: the field and its values, or only the field where it appears.
Key = tuple[str, str | None, str | None]


class FieldChange(TypedDict):
    """What is looked at of a change; an Entry has all of it."""

    field: str | None
    old_value: str | None
    new_value: str | None


def counted(change: Change) -> FieldChange:
    """Give what is looked at of a change."""
    return FieldChange(field=change.field, old_value=change.old_value, new_value=change.new_value)


class WaveCounter:
    """Counts changes as they are streamed, in bounded memory."""

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._appeared: dict[str, str | None] = {}  # with this value; None: with various values, or a long one

    def add(self, change: FieldChange) -> None:
        """Count a change, if it names a field."""
        found, old, new = key(change), change["old_value"], change["new_value"]
        if found is None:
            return
        field = found[0]
        if found not in self._counts and (len(self._counts) == _MOST_KEYS or _length(found) > _LONGEST):
            return
        self._counts[found] += 1
        if old is None:
            value = None if _length((field, old, new)) > _LONGEST else new
            self._appeared[field] = value if self._appeared.setdefault(field, value) == value else None

    def waves(self, models_listed: int) -> list[WaveEntry]:
        """Give the changes that more than half of the listed models share, and at least five, sorted by field."""
        waves = [
            WaveEntry(field=field, old_value=old, new_value=self._appeared[field] if old is None else new, models=count)
            for (field, old, new), count in self._counts.items()
            if is_wave(count, models_listed)
        ]
        return sorted(waves, key=lambda wave: wave["field"])


def is_wave(models: int, models_listed: int) -> bool:
    """Tell whether so many models make a wave: more than half of those listed, and at least five."""
    return models >= _LEAST and 2 * models > models_listed


def key(change: FieldChange | WaveEntry) -> Key | None:
    """Give what a change shares with others of its wave; None: it names no field, and is part of none."""
    field, old = change["field"], change["old_value"]
    return None if field is None else (field, old, None if old is None else change["new_value"])


def _length(found: Key) -> int:
    return sum(len(text or "") for text in found)
