"""What differs between two readings, and which state is kept."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import domain
from catalog.domain import FIELDS, Reading
from catalog.store.ingest import diff
from catalog.store.ingest.diff import FieldChange

moderate = settings(max_examples=200, deadline=None, print_blob=True)

KEYS = st.sampled_from(["a", "b", "a.b", 'a"', "", "x y"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


def spell(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def state(
    attributes: dict[str, Any] | None = None, *, silent: Iterable[str] = (), **columns: str | int | None
) -> Reading:
    return Reading(
        columns=tuple(columns.get(name) for name in FIELDS),
        attributes={name: spell(value) for name, value in (attributes or {}).items()},
        silent=frozenset(silent),
    )


COLUMNS = {
    "display_name": st.none() | st.sampled_from(["A", "B"]),
    "retires_at": st.none() | st.sampled_from(["2026-11-30T00:00:00.000000Z", "2026-12-01T00:00:00.500000Z"]),
    "max_tokens": st.none() | st.integers(1, 3),
}
STATES = st.builds(
    lambda attributes, columns, silent: state(
        attributes, silent=silent, **{name: value for name, value in columns.items() if name not in silent}
    ),
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.fixed_dictionaries(COLUMNS),
    st.frozensets(st.sampled_from([*COLUMNS, "created_at"])),
)


def changes(old: Reading, new: Reading) -> list[tuple[str, str | None, str | None]]:
    return [(change.path, change.old, change.new) for change in diff.compare(old, new)]


def test_equal_readings_do_not_differ() -> None:
    reading = state({"capabilities": {"batch": {"supported": True}}}, display_name="A", max_tokens=5)
    assert diff.compare(reading, reading) == []


def test_each_column_that_differs_is_a_change_sorted_by_path() -> None:
    old = state(display_name="Old", line=None, max_tokens=5, lifecycle="active")
    new = state(display_name='New "é"', line="opus", max_tokens=None, lifecycle="active")
    assert diff.compare(old, new) == [
        FieldChange("display_name", '"Old"', r'"New \"é\""'),
        FieldChange("line", None, '"opus"'),
        FieldChange("max_tokens", "5", None),
    ]


def test_dates_are_said_the_short_way() -> None:
    old = state(retires_at="2026-11-30T00:00:00.000000Z", created_at=None)
    new = state(retires_at="2026-12-01T00:00:00.500000Z", created_at="2025-02-19T00:00:00.000000Z")
    assert changes(old, new) == [
        ("created_at", None, '"2025-02-19T00:00:00Z"'),
        ("retires_at", '"2026-11-30T00:00:00Z"', '"2026-12-01T00:00:00.500000Z"'),
    ]


@pytest.mark.parametrize("name", FIELDS)
def test_a_silent_column_never_differs_and_keeps_its_last_good_value(name: str) -> None:
    good: dict[str, Any] = {name: 5 if name in domain.NUMBER_FIELDS else "2026-11-30T00:00:00.000000Z"}
    old, new = state(**good), state(silent=[name])
    assert diff.compare(old, new) == []
    assert diff.merge(old, new) == old


def test_attributes_are_compared_leaf_by_leaf() -> None:
    old = state({"capabilities": {"thinking": {"supported": False, "types": {"enabled": True}}, "batch": True}})
    new = state({"capabilities": {"thinking": {"supported": True, "types": {}}, "batch": True}, "owner": None})
    assert changes(old, new) == [
        ("capabilities.thinking.supported", "false", "true"),
        ("capabilities.thinking.types", None, "{}"),
        ("capabilities.thinking.types.enabled", "true", None),
        ("owner", None, "null"),
    ]


def test_null_is_a_value_and_absence_is_none() -> None:
    assert changes(state({"x": None}), state()) == [("x", "null", None)]
    assert changes(state({"x": None}), state({"x": {"a": 1}})) == [("x", "null", None), ("x.a", None, "1")]


def test_lists_and_empty_objects_are_leaves() -> None:
    assert changes(state({"x": [1, {"b": 2, "a": 1}]}), state({"x": [1]})) == [("x", '[1,{"a":1,"b":2}]', "[1]")]
    assert changes(state({"x": {}}), state({"x": {"y": {}}})) == [("x", "{}", None), ("x.y", None, "{}")]


@pytest.mark.parametrize(
    ("key", "step"),
    [
        ("clear_tool_uses_20250919", "clear_tool_uses_20250919"),
        ("größe", "größe"),
        ("a/b-c", "a/b-c"),
        ("", '""'),
        ("a.b", '"a.b"'),
        ('a"b', r'"a\"b"'),
        ("a b", '"a b"'),
        ("a\tb", r'"a\tb"'),
        ("a\u2028b", '"a\u2028b"'),
    ],
)
def test_a_key_that_a_path_could_hide_is_quoted(key: str, step: str) -> None:
    assert changes(state({key: {key: 1}}), state()) == [(f"{step}.{step}", "1", None)]


def test_the_spelling_of_a_creation_date_is_no_change() -> None:
    assert changes(state({"created_at": "1970-01-01T00:00:00Z"}), state({"created_at": 0})) == []
    assert changes(state({"created_at": "2026-10-07T18:00:00Z"}), state()) == []


def test_a_member_that_changes_everywhere_is_one_change() -> None:
    def prices(start: int, number: int) -> dict[str, Any]:
        return {f"m{index}": start for index in range(number)}

    old, new = state({"x": prices(1, 501), "y": 1}), state({"x": prices(2, 501), "y": 2})
    assert changes(old, new) == [("x", spell(prices(1, 501)), spell(prices(2, 501))), ("y", "1", "2")]
    assert len(changes(state({"x": prices(1, 500)}), state({"x": prices(2, 500)}))) == 500


def test_the_raw_creation_date_goes_with_the_date_that_is_kept() -> None:
    known = state({"created_at": "2026-10-07T18:00:00Z"}, created_at="2026-10-07T18:00:00.000000Z")
    unknown = state({"created_at": "1970-01-01T00:00:00Z", "x": 1}, silent=["created_at"])
    later = state({"created_at": "2026-10-08T00:00:00Z"}, created_at="2026-10-08T00:00:00.000000Z")
    assert diff.merge(known, unknown) == Reading(known.columns, {**known.attributes, "x": "1"})
    assert diff.merge(known, state(silent=["created_at"])) == known
    assert diff.merge(known, later) == later
    assert diff.merge(unknown, later) == later
    assert diff.merge(state(), unknown) == state({"created_at": "1970-01-01T00:00:00Z", "x": 1})


def test_what_is_unknown_is_no_part_of_the_state_that_is_kept() -> None:
    unreadable = Reading(state().columns, {}, silent=frozenset({"line"}), unreadable=frozenset({"line"}))
    assert diff.merge(state(line="opus"), unreadable) == state(line="opus")


@moderate
@given(STATES, STATES)
def test_the_kept_state_differs_from_the_old_one_exactly_as_was_said(old: Reading, new: Reading) -> None:
    kept = diff.merge(old, new)
    assert diff.compare(old, kept) == diff.compare(old, new)
    assert diff.compare(kept, new) == []
    assert diff.merge(kept, new) == kept


@moderate
@given(STATES, STATES)
def test_the_way_back_is_the_way_there_reversed(one: Reading, other: Reading) -> None:
    old, new = diff.merge(one, one), diff.merge(other, other)
    there, back = changes(old, new), changes(new, old)
    assert there == [(path, before, after) for path, after, before in back]
    assert [path for path, _, _ in there] == sorted({path for path, _, _ in there})
    assert all(before != after for _, before, after in there)
    assert all(text is None or spell(json.loads(text)) == text for _, *texts in there for text in texts)
