"""Finds waves: one field that appears, or changes in the same way, on most models."""

from collections import Counter
from dataclasses import dataclass

from catalog.alerts.payload import Entry, WaveEntry

_LEAST = 5  # models; changes of fewer are told one by one
_MOST_KEYS = 10_000  # that are counted: a wave shows among the first changes, and memory stays bounded
_LONGEST = 2_000  # characters of values that are compared

# What the changes of one wave share: the field and its values, or only the field where it appears.
Key = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Wave:
    """A change that many models share. Both values None: the field appeared, with various values."""

    field: str
    old_value: str | None
    new_value: str | None
    models: int

    @property
    def key(self) -> Key:
        return key(self.field, self.old_value, self.new_value)

    def entry(self) -> WaveEntry:
        return WaveEntry(field=self.field, old_value=self.old_value, new_value=self.new_value, models=self.models)


class WaveCounter:
    """Counts changes as they are streamed, in bounded memory."""

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._appeared: dict[str, str | None] = {}  # with this value; None: with various values, or a long one

    def add(self, change: Entry) -> None:
        """Count a change, if it names a field."""
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
        """Give the changes that more than half of the listed models share, and at least five, sorted by field."""
        shared = [(found, count) for found, count in self._counts.items() if count >= _LEAST]
        waves = [
            Wave(field, old, self._appeared[field] if old is None else new, count)
            for (field, old, new), count in shared
            if 2 * count > models_listed
        ]
        return sorted(waves, key=lambda wave: wave.field)


def key(field: str, old: str | None, new: str | None) -> Key:
    """Give the key of the wave that a change may be part of."""
    return (field, None, None) if old is None else (field, old, new)


def _length(found: Key) -> int:
    return sum(len(text or "") for text in found)
