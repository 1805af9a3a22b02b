"""Compares two readings of one model field by field, and chooses the state to keep. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from catalog import dates
from catalog.domain import DATE_FIELDS, FIELDS, Reading

_MOST_LEAVES = 500  # if more leaves of a member changed, one row says that it changed as a whole
_RAW_DATE = "created_at"  # the attributes keep it as it was received; another spelling of one date is no change
_COLUMNS = frozenset(FIELDS)  # an attribute with such a name is what was received for the column
_NEEDS_QUOTES = frozenset('." ')
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. Values are JSON text; None: absent."""

    path: str
    old: str | None
    new: str | None


def compare(old: Reading, new: Reading) -> list[FieldChange]:
    """Give every field that differs, sorted by path. A column on which `new` is silent does not differ.

    The new value of an unreadable column is what was received, although the column keeps its last good value.
    """
    before, after = old.attributes, new.attributes
    changes = list(_columns(old, new))
    for name in (before.keys() | after.keys()) - _COLUMNS:
        if before.get(name) != after.get(name):
            changes += _member(name, before.get(name), after.get(name))
    mapped = _spelled(new.mapped)  # a change there is a change of the column
    if mapped:
        changes = [change for change in changes if change.path in _COLUMNS or not f"{change.path}.".startswith(mapped)]
    return sorted(changes, key=lambda change: change.path)


def merge(old: Reading, new: Reading) -> Reading:
    """Give the state to keep: `new`, with the last good values of `old` where `new` is silent."""
    kept = zip(FIELDS, old.columns, new.columns, strict=True)
    columns = tuple(before if name in new.silent else after for name, before, after in kept)
    said_before = {name: old.attributes[name] for name in new.silent - new.unreadable if name in old.attributes}
    return Reading(columns, {**new.attributes, **said_before})


def withholds(old: Reading, new: Reading) -> bool:
    """Tell whether `new` is silent on a column that has a value in `old`: then it does not prove the whole state."""
    unsaid = new.silent - new.unreadable
    held = zip(FIELDS, old.columns, strict=True)
    return bool(unsaid) and any(value is not None and name in unsaid for name, value in held)


def without_date(reading: Reading) -> Reading:
    """Give a reading that is silent on `created_at`."""
    columns = zip(FIELDS, reading.columns, strict=True)
    return Reading(
        columns=tuple(None if name == _RAW_DATE else value for name, value in columns),
        attributes=reading.attributes,
        silent=reading.silent | {_RAW_DATE},
        unreadable=reading.unreadable - {_RAW_DATE},
        mapped=reading.mapped,
    )


def is_better_reading(change: FieldChange, old: Reading, new: Reading) -> bool:
    """Tell whether a change may come from a newer version of the reader, and not from the list.

    It may where the old value was absent, or where one of the values was received in a form that could not be read.
    """
    return change.old is None or change.path in new.unreadable or _unreadable(old, change.path) is not None


def canonical(value: object) -> str:
    """Spell a JSON value so that equal values have equal texts."""
    return _ENCODER.encode(value)


def _columns(old: Reading, new: Reading) -> Iterator[FieldChange]:
    for name, before, after in zip(FIELDS, old.columns, new.columns, strict=True):
        if name in new.silent and name not in new.unreadable:
            continue
        was = _unreadable(old, name) or _say(name, before)
        now = new.attributes[name] if name in new.unreadable else _say(name, after)
        if was != now:
            yield FieldChange(name, was, now)


def _unreadable(state: Reading, name: str) -> str | None:
    """Give what a stored state received for a column and could not read; None: it could read it."""
    received = state.attributes.get(name) if name in _COLUMNS else None
    if received is None or (name == _RAW_DATE and _is_date(received)):
        return None
    return received


def _is_date(received: str) -> bool:
    """Tell whether a raw `created_at` is a date or null. It is kept in any case."""
    value = json.loads(received)
    if not isinstance(value, str):
        return value is None
    try:
        dates.listed(value)
    except ValueError:
        return False
    return True


def _say(name: str, value: str | int | None) -> str | None:
    """Spell the value of a column as JSON text, a date in its short form."""
    if value is None:
        return None
    return canonical(dates.short(dates.from_text(str(value))) if name in DATE_FIELDS else value)


def _member(name: str, old: str | None, new: str | None) -> list[FieldChange]:
    """Compare one top-level member leaf by leaf, or as a whole where too many leaves changed."""
    path = _step(name)
    before, after = _leaves(path, old), _leaves(path, new)
    paths = [leaf for leaf in before.keys() | after.keys() if before.get(leaf) != after.get(leaf)]
    if len(paths) > _MOST_LEAVES:
        return [FieldChange(path, old, new)]
    return [FieldChange(leaf, before.get(leaf), after.get(leaf)) for leaf in paths]


def _leaves(path: str, text: str | None) -> dict[str, str]:
    return {} if text is None else dict(_flatten(path, json.loads(text)))


def _flatten(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give the leaves of a value by path. Arrays and empty objects are leaves: their parts have no names."""
    if not isinstance(value, dict) or not value:
        yield path, canonical(value)
        return
    for key, inner in value.items():
        yield from _flatten(f"{path}.{_step(key)}", inner)


@lru_cache(maxsize=1000)
def _spelled(paths: frozenset[tuple[str, ...]]) -> tuple[str, ...]:
    """Spell paths as those of changes are spelled, each with the dot that what stands below it begins with."""
    return tuple("".join(f"{_step(key)}." for key in path) for path in paths)


def _step(key: str) -> str:
    """Spell a key as one step of a dotted path, quoted as in JSON where it could be misread."""
    plain = key and key.isprintable() and not _NEEDS_QUOTES.intersection(key)
    return key if plain else canonical(key)
