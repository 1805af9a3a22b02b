"""Shell patterns as conditions on a column: `*`, `?`, `[a-z]`, `[!a]`, case-sensitive, the same on both databases.

A pattern means what Python's `fnmatch.fnmatchcase` says. SQLite's LIKE ignores case and Postgres has no GLOB, so a
pattern is parsed once and spelled anew in the form each database knows: GLOB there, a regular expression here.
"""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, true

_SURROGATES = range(0xD800, 0xE000)
_LAST = 0x10FFFF
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Any:
    """Any text, also none."""


@dataclass(frozen=True, slots=True)
class _Class:
    """One character inside (or, negated, outside) of these ranges of code points."""

    ranges: tuple[tuple[int, int], ...]
    negated: bool


_Part = str | _Any | _Class
_ONE = _Class((), negated=True)


def matches(column: ColumnElement[str], pattern: str, *, dialect: str) -> ColumnElement[bool]:
    """Hold for the rows whose text matches, with a range an index can serve where the pattern begins plainly."""
    parts = _parse(pattern)
    if not storable(pattern) or any(isinstance(part, _Class) and _is_empty(part) for part in parts):
        return false()
    if all(isinstance(part, str) for part in parts):
        return column == pattern
    condition = (
        column.op("GLOB", is_comparison=True)(_sqlite(parts))
        if dialect == "sqlite"
        else column.op("~", is_comparison=True)(_postgres(parts))
    )
    return and_(_starts(column, _prefix(parts)), condition)


def storable(text: str) -> bool:
    """Say whether a database could hold this text at all; what it cannot hold, it need not be asked for."""
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
    """Where the class ends; a bracket that is never closed is only a bracket."""
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


def _is_empty(part: _Class) -> bool:
    return not part.ranges and not part.negated


def _prefix(parts: list[_Part]) -> str:
    plain = []
    for part in parts:
        if not isinstance(part, str):
            break
        plain.append(part)
    return "".join(plain)


def _starts(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """A range in byte order, which is the order of both databases' id columns."""
    if not prefix:
        return true()
    after = _after(prefix)
    return column >= prefix if after is None else and_(column >= prefix, column < after)


def _after(prefix: str) -> str | None:
    """The first text behind everything that starts so; None when there is none."""
    kept = prefix.rstrip(chr(_LAST))
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)


def _sqlite(parts: list[_Part]) -> str:
    return "".join(map(_sqlite_part, parts))


def _sqlite_part(part: _Part) -> str:
    if isinstance(part, _Any):
        return "*"
    if isinstance(part, str):
        return f"[{part}]" if part in "*?[" else part
    return "?" if part == _ONE else _sqlite_class(part)


def _sqlite_class(part: _Class) -> str:
    """GLOB knows no escape: `]` must come first, `^` never first, `-` last."""
    held = {special for special in "]^-" if any(low <= ord(special) <= high for low, high in part.ranges)}
    ranges = "".join(f"{chr(low)}-{chr(high)}" for low, high in _without(part.ranges, "-]^"))
    body = "".join(["]" if "]" in held else "", ranges, "^" if "^" in held else "", "-" if "-" in held else ""])
    if part.negated:
        return f"[^{body}]"
    return {"^": "^", "^-": "[-^]"}.get(body, f"[{body}]")


def _without(ranges: tuple[tuple[int, int], ...], characters: str) -> list[tuple[int, int]]:
    """Return the ranges with these characters cut out."""
    rest = list(ranges)
    for code in map(ord, characters):
        halves = [half for low, high in rest for half in _split(low, high, code)]
        rest = [(low, high) for low, high in halves if low <= high]
    return rest


def _split(low: int, high: int, code: int) -> list[tuple[int, int]]:
    return [(low, code - 1), (code + 1, high)] if low <= code <= high else [(low, high)]


def _postgres(parts: list[_Part]) -> str:
    return f"^{''.join(map(_postgres_part, parts))}$"


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
