"""Two looks at one list: what differs, and what to do about it."""

from typing import Any

import pytest

from catalog.domain import ModelInfo
from catalog.settings import ListSettings, SourceSettings
from catalog.upstream import comparison

LAYOUT = ListSettings(fields={"created_at": ("created",), "display_name": ("name",), "retires_at": ("end.date",)})


def source(*ignore: str, id: str = "id") -> SourceSettings:
    layout = ListSettings(fields=LAYOUT.fields, id=id)
    return SourceSettings(name="lab", api="custom", list=layout, ignore=ignore)


@pytest.mark.parametrize(
    ("one", "other", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["a"]),
        ({"a": 1}, {}, ["a"]),
        ({}, {"a": None}, ["a"]),
        ({"a": 1}, {"a": True}, ["a"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 2, "c": 2}}, ["a.b"]),
        ({"a": {"b": 1}}, {"a": None}, ["a"]),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}, ["a"]),
        ({"a": [{"b": 1, "c": 1}]}, {"a": [{"b": 2, "c": 1}]}, ["a.*.b"]),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 3}, {"b": 4}]}, ["a.*.b"]),
        ({"a": [{"b": 1}]}, {"a": []}, ["a"]),
        ({"a": {"b c": 1}}, {"a": {"b c": 2}}, ["a"]),
        ({"a": {"sk-ant-api03-w0uld-be-a-pity": 1}}, {"a": {}}, ["a"]),
        ({"a\x1b[2J": 1}, {"a\x1b[2J": 2}, [""]),
        ({"a": 1, "b": 1}, {"b": 2, "a": 2}, ["a", "b"]),
    ],
    ids=str,
)
def test_members_that_differ_are_found(one: Any, other: Any, paths: list[str]) -> None:
    found = comparison.differences({"m": one}, {"m": other})
    assert [each.path for each in found] == paths


def test_only_entries_of_both_looks_count_and_the_most_frequent_comes_first() -> None:
    one = {"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 1}, "gone": {"z": 1}}
    other = {"b": {"x": 2, "y": 2}, "a": {"x": 1, "y": 2}, "new": {"z": 2}}
    assert comparison.differences(one, other) == [comparison.Difference("y", 2), comparison.Difference("x", 1)]


@pytest.mark.parametrize(
    ("settings", "one", "other", "words"),
    [
        (source(), {"id": "m"}, {"id": "m"}, ""),
        (
            source(),
            {"created": 1},
            {"created": 2},
            'differ: `created` on 1; if they move by themselves: ignore = ["created"]',
        ),
        (source("stats"), {"hot": 1}, {"hot": 2}, 'ignore = ["stats", "hot"]'),
        (source(), {"name": "a"}, {"name": "b"}, "`name` (read as display_name) on 1"),
        (source(), {"end": {"date": 1}}, {"end": None}, "`end` (read as retires_at) on 1"),
        (source(id="{owner}/{slug}"), {"owner": {"x": 1}}, {"owner": 1}, "`owner` on 1"),
    ],
)
def test_the_words_name_the_setting_that_leaves_them_out(
    settings: SourceSettings, one: Any, other: Any, words: str
) -> None:
    said = comparison.words(settings, {"m": one}, {"m": other})
    assert (words in said) if words else said == ""
    assert ("ignore = [" in said) is ("ignore" in words)


def test_many_members_are_not_all_named() -> None:
    names = [chr(ord("a") + number) for number in range(12)]
    said = comparison.words(source(), {"m": dict.fromkeys(names, 1)}, {"m": dict.fromkeys(names, 2)})
    assert "and 4 more members" in said


def test_columns_without_a_value_on_any_model_are_named() -> None:
    models = [ModelInfo(id="a", display_name="A", attributes={}), ModelInfo(id="b", max_tokens=1, attributes={})]
    columns = {"display_name": (), "max_tokens": (), "line": (), "retires_at": ()}
    assert comparison.empty_columns(columns, models) == ["retires_at", "line"]
    assert comparison.empty_columns(columns, []) == []
