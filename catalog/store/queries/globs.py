"""Turns shell patterns into conditions on a column: `*`, `?`, `[a-z]`, `[!a]`, case-sensitive, alike on both databases.

A pattern means what Python's `fnmatch.fnmatchcase` does. It becomes a regular expression: for SQLite that of Python,
because SQLAlchemy lets Python match it (https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-regexp), and
for Postgres one of its own.
"""

import fnmatch
import itertools
import re

from sqlalchemy import ColumnElement, and_, collate, false, func, or_, true

_SURROGATES = range(0xD800, 0xE000)
_LAST = chr(0x10FFFF)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# A bracket that is not closed means itself; one that comes first in a class does not close it.
_PARTS = re.compile(r"(?P<any>\*+)|(?P<one>\?)|\[(?P<no>!?+)(?P<class>\]?+[^]]*+)\]|(?P<plain>.)", re.DOTALL)
_RANGES = re.compile("(.)-(.)|(.)", re.DOTALL)


def matches(column: ColumnElement[str], pattern: str, *, dialect: str) -> ColumnElement[bool]:
    """Say in SQL that a text matches; a pattern with a plain beginning also gives a range that an index can serve."""
    if not storable(pattern):
        return false()
    parts = list(_PARTS.finditer(pattern))
    prefix = "".join(part[0] for part in itertools.takewhile(lambda part: part["plain"], parts))
    if prefix == pattern:
        return column == pattern
    translated = fnmatch.translate(pattern) if dialect == "sqlite" else f"{''.join(map(_for_postgres, parts))}$"
    return and_(starts(column, prefix), column.regexp_match(f"^{translated}"))


def is_exact(pattern: str) -> bool:
    """Tell whether a pattern fits one text alone: itself."""
    return all(part["plain"] for part in _PARTS.finditer(pattern))


def contains(column: ColumnElement[str], text: str, *, dialect: str) -> ColumnElement[bool]:
    """Say in SQL that a text is part of another, in capitals or not, whatever the language of the database."""
    if not storable(text):
        return false()
    if text.isascii():  # LIKE is many times quicker than an expression; SQLite's ignores which letters are capitals
        if dialect == "sqlite":
            return column.contains(text, autoescape=True)
        return func.lower(collate(column, "C")).contains(text.lower(), autoescape=True)
    spellings = [_spellings(character) for character in text]
    fits = column.regexp_match("".join(f"(?:{'|'.join(map(_escaped, each))})" for each in spellings))
    rare = next((each for each in spellings if not any(map(str.isascii, each))), None)
    if dialect == "sqlite" or rare is None:
        return fits
    # Most texts have no such letter, and are passed over at a glance, in any encoding of the database.
    return and_(or_(*(collate(column, "C").contains(each, autoescape=True) for each in rare)), fits)


def storable(text: str) -> bool:
    """Tell whether a database can hold a text at all; one that it cannot hold matches nothing."""
    return _UNSTORABLE.search(text) is None


def starts(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """The range of texts with a prefix, in byte order: both databases compare ids so."""
    if not prefix:
        return true()
    after = _after(prefix)
    return column >= prefix if after is None else and_(column >= prefix, column < after)


def _after(prefix: str) -> str | None:
    """The first text after all that have a prefix; None: there is none."""
    kept = prefix.rstrip(_LAST)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)


def _for_postgres(part: re.Match[str]) -> str:
    if part["plain"]:
        return _escaped(part["plain"])
    if part["any"] or part["one"]:
        return ".*" if part["any"] else "."
    ends = [(found[1] or found[3], found[2] or found[3]) for found in _RANGES.finditer(part["class"])]
    ranges = "".join(f"{_escaped(low)}-{_escaped(high)}" for low, high in ends if low <= high)
    if not ranges:
        return "." if part["no"] else "(?!)"  # any character, or none
    return f"[{'^' if part['no'] else ''}{ranges}]"


def _spellings(character: str) -> list[str]:
    return sorted({each for each in (character, character.lower(), character.upper()) if len(each) == 1})


def _escaped(character: str) -> str:
    return f"\\{character}" if character.isascii() and not character.isalnum() else character
