"""Values of the change log, for people and for programs."""

import io
import json
from typing import Any

import pytest

from catalog import tabular


@pytest.mark.parametrize(
    ("text", "told", "value"),
    [
        ('"deprecated"', "deprecated", "deprecated"),
        ('"2026-11-30T00:00:00Z"', "2026-11-30", "2026-11-30T00:00:00Z"),
        ('"2026-11-30T09:30:00+02:00"', "2026-11-30 07:30", "2026-11-30T09:30:00+02:00"),
        ('"1970-01-01T00:00:00Z"', "unknown", "1970-01-01T00:00:00Z"),
        ('"2026-11-30"', "2026-11-30", "2026-11-30"),
        ('""', '""', ""),
        ('"a \\"b\\" \\u00e9"', 'a "b" é', 'a "b" é'),
        ("1000000", "1000000", 1_000_000),
        ("0.25", "0.25", 0.25),
        ("true", "true", True),
        ("null", "null", None),
        ('["a",{"b":1}]', '["a",{"b":1}]', ["a", {"b": 1}]),
        ("no json", "no json", "no json"),  # never written by the catalog, and yet no reason to print nothing
    ],
)
def test_json_text_is_words_for_people_and_a_value_for_programs(text: str, told: str, value: object) -> None:
    assert tabular.told(text) == told
    assert tabular.values({"old_value": text, "scope": text}) == {"old_value": value, "scope": value}


def test_absent_is_a_word_for_people_and_left_out_for_programs() -> None:
    assert tabular.transition("line", None, '"opus"') == "line: absent → opus"
    assert tabular.transition("line", '"opus"', None) == "line: opus → absent"
    assert tabular.values({"old_value": None, "new_value": None, "scope": None, "field": None}) == {"field": None}


def test_rows_within_a_row_have_values_too_and_what_a_list_said_is_left_alone() -> None:
    row: dict[str, Any] = {
        "attributes": {"scope": '"mine"', "old_value": None},
        "changes": [{"old_value": '"a"', "new_value": None}],
        "ids": ["old_value"],
    }
    assert tabular.values(row) == {**row, "changes": [{"old_value": "a"}]}


def test_lines_are_objects_by_themselves_and_tabs_stand_between_cells_alone() -> None:
    rows: list[tabular.Row] = [{"id": "a\tb", "new_value": '"x\\ty"'}, {"id": "c", "new_value": None}]
    lines, cells = io.StringIO(), io.StringIO()
    tabular.write_lines(rows, lines)
    tabular.write_csv(rows, ("id", "new_value"), cells, delimiter="\t")
    assert [json.loads(line) for line in lines.getvalue().splitlines()] == [
        {"id": "a\tb", "new_value": "x\ty"},
        {"id": "c"},
    ]
    assert cells.getvalue() == 'id\tnew_value\na\\tb\t"""x\\ty"""\nc\t\n'
