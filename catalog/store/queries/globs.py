"""Turns shell patterns into conditions on a column: `*`, `?`, `[a-z]`, `[!a]`, case-sensitive, alike on both databases.

A pattern means what Python's `fnmatch.fnmatchcase` does. LIKE of SQLite ignores case and Postgres has no GLOB, so a
pattern becomes GLOB on SQLite (https://sqlite.org/lang_expr.html#glob) and a regular expression on Postgres.
"""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, true

_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Any:
    """Any text, also the empty one."""


@dataclass(frozen=True, slots=True)
class _Class:
    """One character inside (or, negated, outside) of these ranges of code points."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool


_Part = str | _Any | _Class
_ONE = _Class((), negated=True)


def matches(column: ColumnElement[str], pattern: str, *, dialect: str) -> ColumnElement[bool]:
    """Say in SQL that a text matches; a pattern with a plain beginning also gives a range that an index can serve."""
    parts = _parse(pattern)
    empty = [part for part in parts if isinstance(part, _Class) and not part.ranges and not part.negated]
    if empty or not storable(pattern):
        return false()
    if all(isinstance(part, str) for part in parts):
        return column == pattern
    condition = (
        column.op("GLOB", is_comparison=True)("".join(map(_sqlite_part, parts)))
        if dialect == "sqlite"
        else column.op("~", is_comparison=True)(f"^{''.join(map(_postgres_part, parts))}$")
    )
    return and_(_starts(column, _prefix(parts)), condition)


def storable(text: str) -> bool:
    """Tell whether a database can hold a text at all; one that it cannot hold matches nothing."""
    return _UNSTORABLE.search(text) is None


def _parse(pattern: str) -> list[_Part]:
    parts: list[_Part] = []
    position = 0
    while position < len(pattern):
        part, position = _next(pattern, position)
        if not (isinstance(part, _Any) and parts and isinstance(parts[-1], _Any)):
            parts.append(part)
    return parts


def _next(pattern: str, position: int) -> tuple[_Part, int]:
    character = pattern[position]
    if character == "*":
        return _Any(), position + 1
    if character == "?":
        return _ONE, position + 1
    end = _class_end(pattern, position) if character == "[" else None
    if end is None:
        return character, position + 1
    body = pattern[position + 1 : end]
    negated = body.startswith("!")
    return _Class(tuple(_ranges(body[negated:])), negated=negated), end + 1


def _class_end(pattern: str, start: int) -> int | None:
    """The place of the bracket that closes a class; None: none does, and the bracket means itself."""
    first = start + 1 + pattern.startswith("!", start + 1)
    end = pattern.find("]", first + pattern.startswith("]", first))
    return None if end < 0 else end


def _ranges(body: str) -> list[tuple[int, int]]:
    ranges = []
    position = 0
    while position < len(body):
        span = 3 if body[position + 1 : position + 2] == "-" and position + 2 < len(body) else 1
        ranges.append((ord(body[position]), ord(body[position + span - 1])))
        position += span
    return [(low, high) for low, high in ranges if low <= high]


def _prefix(parts: list[_Part]) -> str:
    plain = []
    for part in parts:
        if not isinstance(part, str):
            break
        plain.append(part)
    return "".join(plain)


def _starts(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """The range of texts with a prefix, in byte order: both databases compare ids so."""
    if not prefix:
        return true()
    after = _after(prefix)
    return column >= prefix if after is None else and_(column >= prefix, column < after)


def _after(prefix: str) -> str | None:
    """The first text after all that have a prefix; None: there is none."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)


def _sqlite_part(part: _Part) -> str:
    if isinstance(part, _Any):
        return "*"
    if isinstance(part, str):
        return f"[{part}]" if part in "*?[" else part
    return "?" if part == _ONE else _sqlite_class(part)


def _sqlite_class(part: _Class) -> str:
    """GLOB has no escape: in a class, `]` must be first, `^` not first, `-` last."""
    held = {special for special in "]^-" if any(low <= ord(special) <= high for low, high in part.ranges)}
    ranges = "".join(f"{chr(low)}-{chr(high)}" for low, high in _without(part.ranges, "-]^"))
    body = "".join(["]" if "]" in held else "", ranges, "^" if "^" in held else "", "-" if "-" in held else ""])
    if part.negated:
        return f"[^{body}]"
    return {"^": "^", "^-": "[-^]"}.get(body, f"[{body}]")


def _without(ranges: tuple[tuple[int, int], ...], characters: str) -> list[tuple[int, int]]:
    """Cut characters out of ranges."""
    left = list(ranges)
    for code in map(ord, characters):
        halves = [half for low, high in left for half in ((low, min(high, code - 1)), (max(low, code + 1), high))]
        left = [(low, high) for low, high in halves if low <= high]
    return left


def _postgres_part(part: _Part) -> str:
    if isinstance(part, _Any):
        return ".*"
    if isinstance(part, str):
        return _escaped(part)
    if part == _ONE:
        return "."
    ranges = "".join(f"{_escaped(chr(low))}-{_escaped(chr(high))}" for low, high in part.ranges)
    return f"[{'^' if part.negated else ''}{ranges}]"


def _escaped(character: str) -> str:
    return f"\\{character}" if character.isascii() and not character.isalnum() else character
