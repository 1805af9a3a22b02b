"""Compares two looks at one list: which members of its entries differ, and which columns stay empty. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.domain import FIELDS, ModelInfo
from catalog.dotted import path, pieces, takes_from
from catalog.settings import SourceSettings

_SHOWN = 8
# Names that are shown. Long ones hold no digits, so that no key in the place of a name is shown.
_PLAIN = re.compile("[A-Za-z_][A-Za-z0-9_-]{0,14}|[A-Za-z_-]{1,48}")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Difference:
    """A member that differs between two looks."""

    path: str  # dotted; `*` is any element of an array
    entries: int  # on so many of them


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """Find the members that differ, by the entries that both looks have; what differs most often comes first."""
    found = Counter(
        where
        for id in one.keys() & other.keys()
        for where in {".".join(each) for each in _differing(one[id], other[id])}
    )
    return [Difference(*each) for each in sorted(found.items(), key=lambda each: (-each[1], each[0]))]


def _differing(one: Any, other: Any) -> Iterator[tuple[str, ...]]:
    """The paths of what differs, down to the last name that can be shown."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            for below in _differing(one.get(name, _MISSING), other.get(name, _MISSING)):
                yield (name, *below) if _PLAIN.fullmatch(name) else ()
    elif _are_tables(one) and _are_tables(other) and len(one) == len(other):
        for mine, theirs in zip(one, other, strict=True):
            yield from (("*", *below) for below in _differing(mine, theirs))
    elif one != other or isinstance(one, bool) != isinstance(other, bool):
        yield ()


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def words(source: SourceSettings, one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Say which members differ, and the setting that leaves them out; empty: none does."""
    found = [each for each in differences(one, other) if each.path]
    if not found:
        return ""
    both = len(one.keys() & other.keys())
    told = ", ".join(f"`{each.path}`{_as_column(source, each)} on {each.entries:,}" for each in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN:,} more members" if found[_SHOWN:] else ""
    entries = "entry" if both == 1 else "entries"
    differs = f"of {both:,} {entries} in two looks, these members differ: {told}{more}"
    moving = [each.path for each in found[:_SHOWN] if _may_be_ignored(source, each)]
    if not moving:
        return differs
    ignore = ", ".join(f'"{each}"' for each in [*source.ignore, *moving])
    return f"{differs}; if they move by themselves: ignore = [{ignore}]"


def _as_column(source: SourceSettings, found: Difference) -> str:
    """Name the columns that are read from a member that must not be ignored."""
    columns = "" if _may_be_ignored(source, found) else ", ".join(_columns_at(source, found.path))
    return f" (read as {columns})" if columns else ""


def _columns_at(source: SourceSettings, where: str) -> list[str]:
    fields = source.list.fields
    return [name for name in fields if any(takes_from(path(where), path(each)) for each in fields[name])]


def _may_be_ignored(source: SourceSettings, found: Difference) -> bool:
    ids = [piece for piece in pieces(source.list.id) if not isinstance(piece, str)]
    is_id = any(takes_from(path(found.path), each) for each in ids)
    return not is_id and set(_columns_at(source, found.path)) <= {"created_at"}


def empty_columns(columns: Collection[str], models: Sequence[ModelInfo]) -> list[str]:
    """Name those of some columns that have no value on any model; without models nothing is known."""
    return [
        name for name in FIELDS if models and name in columns and all(getattr(each, name) is None for each in models)
    ]
