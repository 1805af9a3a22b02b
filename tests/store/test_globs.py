"""A pattern finds the same ids on both databases, and the same as Python's own `fnmatch`."""

import random
from collections.abc import Iterator
from fnmatch import fnmatchcase, translate

import pytest
import sqlalchemy as sa

from catalog.store.engine import database
from catalog.store.queries import globs
from catalog.store.schema import tables

ALPHABET = "aAbz-]^[!?*.\\%_'\"{}()|+$ é\U0001f600"
NAMES = sa.table("names", sa.column("id", tables.Id))

PATTERNS = [
    *("*", "?", "a*", "A*", "*a", "a?", "??", "claude-*", "[ab]*", "[!ab]*", "[a-c]", "[!a-c]*", "[]]", "[!]]", "[]-]"),
    *("[-a]", "[a-]", "[--a]", "[^a]", "[^]", "[^^]", "[!^]", "[^-]", "[!-^]", "[z-a]", "[!z-a]", "[z-ab]", "[", "[a"),
    *(
        "[!",
        "[]",
        "[!]",
        "[[]",
        "[*]",
        "[?]",
        "*[",
        "a[b",
        "]",
        "^",
        "$",
        ".",
        ".*",
        "\\",
        "\\*",
        "%",
        "_",
        "%a%",
        "a_",
    ),
    *(
        "***",
        "a**b",
        "*?*?*",
        "(a|b)",
        "a+",
        "{2}",
        "a{1,2}",
        "[[:alpha:]]",
        "[[.a.]]",
        "[[=a=]]",
        "\\d",
        "[\\d]",
        "[\\]",
    ),
    *(
        "[A-]]",
        "[Z-^]",
        "[\\-^]",
        "[+--]",
        "é",
        "[à-ü]*",
        "\U0001f600?",
        "[\U0001f5ff-\U0001f602]",
        "'",
        '"',
        "a' OR '1'='1",
    ),
]
HOSTILE = [
    "*a" * 40 + "b",
    "a" * 10_000,
    "[" * 500,
    "[!a]" * 300,
    "?" * 300,
    "***(?i)a",
    "\x00",
    "a\x00*",
    "\ud800*",
    "[\udfff]",
]


@pytest.fixture
def names(database_url: str) -> Iterator[tuple[sa.Connection, list[str]]]:
    """A table of ids as awkward as they are allowed to be."""
    chance = random.Random(7)
    ids = {"".join(chance.choices(ALPHABET, k=chance.randint(1, 4))) for _ in range(700)}
    ids |= {"claude-3", "Claude-3", "a" * 256, "claude.3", "\U0010ffff", "a\U0010ffff", "\ud7ff", "\ue000"}
    opened = database.open_(database_url)
    database.create_file(opened)
    with opened.write() as connection:
        text = 'text COLLATE "C"' if connection.dialect.name == "postgresql" else "text"
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE names (id {text})")
        connection.execute(sa.insert(NAMES), [{"id": id} for id in ids])
        yield connection, sorted(ids)
    opened.close()


def _found(connection: sa.Connection, pattern: str) -> list[str]:
    condition = globs.matches(NAMES.c.id, pattern, dialect=connection.dialect.name)
    return sorted(connection.scalars(sa.select(NAMES.c.id).where(condition)))


def test_a_pattern_means_what_fnmatch_says(names: tuple[sa.Connection, list[str]]) -> None:
    connection, ids = names
    chance = random.Random(11)
    invented = ["".join(chance.choices(ALPHABET + "[]-!^*", k=chance.randint(1, 7))) for _ in range(500)]
    for pattern in [*PATTERNS, *invented]:
        assert _found(connection, pattern) == [id for id in ids if fnmatchcase(id, pattern)], pattern


def test_a_hostile_pattern_costs_nothing_and_breaks_nothing(names: tuple[sa.Connection, list[str]]) -> None:
    connection, ids = names
    for pattern in HOSTILE:
        expected = [] if "(?i)" in pattern or len(pattern) > 300 else [id for id in ids if fnmatchcase(id, pattern)]
        assert _found(connection, pattern) == expected, pattern


def test_case_counts(names: tuple[sa.Connection, list[str]]) -> None:
    connection, _ = names
    assert _found(connection, "claude-*") == ["claude-3"]


@pytest.mark.parametrize(
    ("pattern", "start", "end"),
    [("a-*", "a-", "a."), ("\ud7ff*", "\ud7ff", "\ue000"), ("a\U0010ffff*", "a\U0010ffff", "b"), ("[a]b*", None, None)],
)
def test_a_plain_beginning_becomes_a_range_for_the_index(pattern: str, start: str | None, end: str | None) -> None:
    condition = globs.matches(NAMES.c.id, pattern, dialect="sqlite").compile()
    assert [value for name, value in sorted(condition.params.items())][:2] == (
        [start, end] if start else [f"^{translate(pattern)}"]
    )
