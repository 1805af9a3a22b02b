"""Tables for people: within their width, without a character lost."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.cli.terminal import cells, table
from catalog.cli.terminal.cells import ShownCell
from catalog.domain import Run, Status

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def row(**values: object) -> list[ShownCell]:
    return [cells.cell(name, value, NOW) for name, value in values.items()]


ROWS = [
    row(id="claude-sonnet-4-5-20250929", display_name="Claude Sonnet 4.5", retires_at=NOW + timedelta(days=79)),
    row(id="claude-opus-5", display_name="Claude Opus 5 (a name of many words)", retires_at=None),
]
HEADS = ["id", "name", "retires"]


def drawn(room: int, *, coloured: bool = False) -> list[str]:
    return list(table.fitted(HEADS, ROWS, room, coloured=coloured))


def test_with_room_enough_all_stands_on_one_line() -> None:
    assert drawn(120) == [
        "id                          name                                  retires",
        "─" * 95,
        "claude-sonnet-4-5-20250929  Claude Sonnet 4.5                     2027-02-09 09:30 (in 79 days)",
        "claude-opus-5               Claude Opus 5 (a name of many words)  -",
    ]


def test_with_less_room_ages_go_first_then_names_are_folded_between_words() -> None:
    assert drawn(82) == [
        "id                          name                                  retires",
        "─" * 82,
        "claude-sonnet-4-5-20250929  Claude Sonnet 4.5                     2027-02-09 09:30",
        "claude-opus-5               Claude Opus 5 (a name of many words)  -",
    ]
    assert drawn(62) == [
        "id                          name              retires",
        "─" * 62,
        "claude-sonnet-4-5-20250929  Claude Sonnet     2027-02-09 09:30",
        "                            4.5",
        "claude-opus-5               Claude Opus 5 (a  -",
        "                            name of many",
        "                            words)",
    ]


def test_with_too_little_room_each_row_is_a_block() -> None:
    assert drawn(40) == [
        "id       claude-sonnet-4-5-20250929",
        "name     Claude Sonnet 4.5",
        "retires  2027-02-09 09:30 (in 79 days)",
        "",
        "id       claude-opus-5",
        "name     Claude Opus 5 (a name of many",
        "         words)",
    ]


@pytest.mark.parametrize("value", ["", None])
def test_a_block_has_no_line_for_what_is_empty(value: str | None) -> None:
    rows = [row(id="claude-sonnet-4-5-20250929", text=value)]
    assert list(table.fitted(["id", "text"], rows, 20, coloured=False)) == ["id    claude-sonnet-4-5-20250929"]


def test_colours_take_no_room() -> None:
    rows = [row(id="a", lifecycle="active", kind="x"), row(id="b", lifecycle="odd", kind="y")]
    for room in (40, 4):
        plain = list(table.fitted(["id", "lifecycle", "kind"], rows, room, coloured=False))
        coloured = list(table.fitted(["id", "lifecycle", "kind"], rows, room, coloured=True))
        assert "\x1b[32mactive\x1b[0m" in "".join(coloured)
        assert [re.sub(r"\x1b\[\d+m", "", line) for line in coloured] == plain


TEXTS = st.text(st.sampled_from("ab字 é-.\u0301"), max_size=30)


@given(
    st.lists(st.tuples(TEXTS, TEXTS, st.datetimes(timezones=st.just(UTC))), min_size=1, max_size=4), st.integers(1, 90)
)
def test_no_character_is_lost_and_no_table_is_too_wide(found: list[tuple[str, str, datetime]], room: int) -> None:
    rows = [row(id=id, display_name=name, first_seen_at=at) for id, name, at in found]
    lines = list(table.fitted(["id", "name", "seen"], rows, room, coloured=False))
    shown, text = characters("".join(lines)), characters("".join(cell.brief for line in rows for cell in line))
    assert text - shown - Counter("-" * 12) == Counter()
    if lines[1:2] and set(lines[1]) == {"─"}:
        assert max(map(table.width_of, lines)) <= room


def characters(text: str) -> Counter[str]:
    return Counter(char for char in text if not char.isspace() and char != "─")


@pytest.mark.parametrize(
    ("text", "room", "lines"),
    [
        ("", 5, [""]),
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("one  two", 8, ["one  two"]),
        ("abcdefgh ij", 4, ["abcd", "efgh", "ij"]),
        ("字字字", 4, ["字字", "字"]),
        ("字", 1, ["字"]),
    ],
)
def test_text_is_broken_between_words_and_long_words_within(text: str, room: int, lines: list[str]) -> None:
    assert table.wrapped(text, room) == lines


@pytest.mark.parametrize(
    ("column", "value", "text", "brief"),
    [
        ("retires_at", datetime(2027, 2, 9, tzinfo=UTC), "2027-02-09 (in 79 days)", "2027-02-09"),
        ("retires_at", NOW, "2026-11-22 09:30 (today)", "2026-11-22 09:30"),
        ("created_at", datetime(2026, 11, 22, tzinfo=UTC), "2026-11-22", "2026-11-22"),
        ("first_seen_at", NOW - timedelta(hours=3), "3 hours ago", "3 hours ago"),
        ("first_seen_at", NOW - timedelta(days=8), "2026-11-14", "2026-11-14"),
        ("started_at", NOW - timedelta(hours=3), "3 hours ago", "3 hours ago"),
        ("started_at", NOW - timedelta(days=2), "2026-11-20 09:30", "2026-11-20 09:30"),
        ("next_attempt_at", NOW + timedelta(hours=1), "2026-11-22 10:30", "2026-11-22 10:30"),
        ("took", timedelta(seconds=0.42), "0.4 s", "0.4 s"),
        ("took", timedelta(microseconds=7), "0.1 s", "0.1 s"),
        ("took", timedelta(), "0 s", "0 s"),
        ("took", timedelta(seconds=61), "1 min 1 s", "1 min 1 s"),
        ("max_tokens", 64000, "64000", "64000"),
    ],
)
def test_a_value_is_spelled_for_its_column(column: str, value: object, text: str, brief: str) -> None:
    assert cells.cell(column, value, NOW) == ShownCell(text, brief)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "-"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (NOW.replace(microsecond=999_999), "2026-11-22T09:30:00Z"),
        (("a", "b"), '["a", "b"]'),
        ("a\u200db\u00a0c\x1b", "a\u200db\u00a0c\\x1b"),
    ],
)
def test_a_value_by_itself_reads_well(value: object, expected: str) -> None:
    assert cells.plain(value) == expected


def test_what_a_run_found_is_counted_in_words() -> None:
    counts: dict[str, Any] = {"added": 1, "returned": 2, "changed": 1, "missing": 0, "removed": 1_000}
    run = Run(
        run_id=1,
        source="one",
        status=Status.COMPLETE,
        started_at=NOW,
        finished_at=NOW,
        scope="{}",
        pages=1,
        models_seen=9,
        error=None,
        **counts,
    )
    assert cells.counts(run) == ["1 new", "2 returned", "1 model changed", "1,000 removed"]
