"""Entries of lists in any layout: where their ids and columns stand, and what of them is not read."""

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.domain import FIELDS
from catalog.dotted import path, takes_from
from catalog.settings import ListSettings, SourceSettings
from catalog.store.ingest import diff
from catalog.upstream.reading import shape as shapes
from catalog.upstream.reading.fields import Fields
from catalog.upstream.reading.shape import NATIVE, Shape
from catalog.upstream.reading.stripping import Stripper

pytestmark = pytest.mark.promise("P2", "P5")


def shape(**columns: str | list[str]) -> Shape:
    ways = {name: tuple(map(path, [told] if isinstance(told, str) else told)) for name, told in columns.items()}
    return Shape(columns=ways, loose_dates=True)


def read(layout: Shape, entry: Any, *unknown: str) -> Any:
    return Fields(unknown, layout).reading(json.dumps(entry).encode())


def column(layout: Shape, name: str, entry: Any, *unknown: str) -> Any:
    return read(layout, entry, *unknown).columns[FIELDS.index(name)]


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02", "2026-01-02T00:00:00.000000Z"),
        (1_700_000_000, "2023-11-14T22:13:20.000000Z"),
        (1_700_000_000.5, "2023-11-14T22:13:20.500000Z"),
        ("1700000000", "2023-11-14T22:13:20.000000Z"),
        (1_700_000_000_123, "2023-11-14T22:13:20.123000Z"),
        (1_700_000_000_123_456, "2023-11-14T22:13:20.123456Z"),
        ({"year": 2026, "month": 3, "day": 4}, "2026-03-04T00:00:00.000000Z"),
        (0, None),
        ("0", None),
        (1, None),
        ("1970-01-01T00:00:00Z", None),
        (None, None),
    ],
    ids=repr,
)
def test_dates_are_read_in_every_spelling_of_lists(value: Any, date: str | None) -> None:
    reading = read(shape(created_at="created"), {"id": "a", "created": value})
    assert reading.columns[FIELDS.index("created_at")] == date
    assert reading.unreadable == frozenset()
    assert ("created_at" in reading.silent) is (date is None)


@pytest.mark.parametrize(
    "value",
    [
        True,
        -1,
        "soon",
        [],
        {"year": 2026},
        {"year": 2026, "month": 13, "day": 1},
        1e30,
        {"year": True, "month": 1, "day": 1},
    ],
    ids=repr,
)
def test_what_is_no_date_is_kept_as_received_and_the_column_keeps_its_last_value(value: Any) -> None:
    reading = read(shape(created_at="created"), {"id": "a", "created": value})
    assert (reading.unreadable, reading.silent) == ({"created_at"}, {"created_at"})
    assert json.loads(reading.attributes["created_at"]) == json.loads(reading.attributes["created"]) == value


def test_the_list_of_anthropic_takes_no_numbers_for_dates() -> None:
    assert read(NATIVE, {"id": "a", "created_at": 1_700_000_000}).unreadable == {"created_at"}


def test_the_first_path_that_says_something_counts() -> None:
    layout = shape(retires_at=["shutdown_date", "deprecation.date"], display_name=["display_name", "name"])
    assert column(layout, "retires_at", {"shutdown_date": None, "deprecation": {"date": "2027-01-01"}})[:4] == "2027"
    assert column(layout, "retires_at", {"shutdown_date": 0, "deprecation": {"date": "2027-01-01"}})[:4] == "2027"
    assert (
        column(layout, "retires_at", {"shutdown_date": "2026-01-01", "deprecation": {"date": "2027-01-01"}})[:4]
        == "2026"
    )
    assert column(layout, "display_name", {"name": "A"}) == "A"
    assert column(layout, "display_name", {"deprecation": "text"}) is None


def test_a_column_that_is_not_named_has_no_value() -> None:
    reading = read(shape(display_name="title"), {"id": "a", "type": "model", "created_at": "2026-01-01T00:00:00Z"})
    assert set(reading.columns) == {None}
    assert reading.silent == frozenset()
    assert reading.attributes == {"entry.type": '"model"', "entry.created_at": '"2026-01-01T00:00:00Z"'}


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("LEGACY", "deprecated"),
        ("ACTIVE", "active"),
        ("PREVIEW", "PREVIEW"),
        (False, "deprecated"),
        (True, "true"),
        (None, None),
    ],
)
def test_their_words_for_a_lifecycle_become_ours(value: Any, word: str | None) -> None:
    words = {"LEGACY": "deprecated", "ACTIVE": "active", "false": "deprecated"}
    layout = Shape(columns={"lifecycle": (("state",),)}, lifecycles=words)
    assert column(layout, "lifecycle", {"state": value}) == word


def test_more_dates_may_mean_unknown_whatever_their_spelling() -> None:
    assert column(shape(created_at="created"), "created_at", {"created": 1_677_610_602}, "2023-02-28T18:56:42Z") is None


def test_a_mapped_member_stays_as_received_and_its_change_is_logged_once() -> None:
    layout = shape(max_input_tokens=["context_length", "top.context"], display_name=["display_name", "name"])
    old = read(layout, {"id": "a", "context_length": 100, "top": {"context": 100, "x": 1}, "name": "A"})
    new = read(layout, {"id": "a", "context_length": 200, "top": {"context": 200, "x": 2}, "name": "B"})
    assert new.attributes == {"context_length": "200", "top": '{"context":200,"x":2}', "name": '"B"'}
    fields = [(change.path, change.old, change.new) for change in diff.compare(old, new)]
    assert fields == [
        ("display_name", '"A"', '"B"'),
        ("max_input_tokens", "100", "200"),
        ("top.context", "100", "200"),  # not where the column was read from
        ("top.x", "1", "2"),
    ]


def test_a_member_that_is_spelled_otherwise_is_no_change() -> None:
    layout = shape(created_at="created")
    old, new = (read(layout, {"created": value}) for value in (1_700_000_000, "2023-11-14T22:13:20Z"))
    assert diff.compare(old, new) == []


NAMES = ("id", "name", "created", "createdAt", "created_at", "type", "state", "top", "max_tokens", "é", "zz", "")
WORDS = st.sampled_from(
    (
        "",
        "a",
        "é",
        "\u00a0",
        "\x7f",
        "\x00",
        "\ud800",
        '"',
        "\\",
        "/",
        "2026-01-02T03:04:05.5Z",
        "2026-01-02",
        "5",
        "1e3",
    )
)
DATES = st.sampled_from(("1970-01-01T00:00:00Z", "2022-03-02T23:29:04.000Z", "2026-02-30T00:00:00Z", 0, 1_700_000_000))
VALUES = WORDS | DATES | st.none() | st.booleans() | st.integers() | st.floats() | st.lists(WORDS, max_size=3)
ENTRIES = st.dictionaries(
    st.sampled_from(NAMES), VALUES | st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3), max_size=8
)
LAYOUTS = (
    shape(created_at="createdAt"),
    shape(created_at="top.created", max_tokens="top.max_tokens", lifecycle="state"),
    shape(created_at="created_at", display_name="name", type="type", max_input_tokens="max_tokens"),
    shape(created_at=["created", "createdAt"], display_name="name"),
    Shape(columns={}, lifecycles={"a": "active"}, id="name"),
)


@settings(max_examples=500, deadline=None)
@given(ENTRIES, st.sampled_from(LAYOUTS), st.booleans(), st.sampled_from([(",", ":"), (", ", " : "), (",\n", ":\t")]))
@example({"tags": ["a b"], "created": 3}, LAYOUTS[0], False, (", ", " : "))
def test_an_entry_is_read_alike_whether_it_holds_an_escape_or_not(
    entry: dict[str, Any], layout: Shape, escape: bool, separators: tuple[str, str]
) -> None:
    fields = Fields(["2022-03-02T23:29:04Z"], layout)
    raw = json.dumps({**entry, "last": 1}, ensure_ascii=escape, separators=separators).encode("utf-8", "surrogatepass")
    before, _, behind = raw.rpartition(b'"last"')
    reading = fields.reading(raw)
    assert reading == fields.reading(before + b'"\\u006cast"' + behind)
    assert all(text == diff.canonical(json.loads(text)) for text in reading.attributes.values())


@pytest.mark.parametrize(
    ("layout", "entry", "id"),
    [
        (Shape(id="name"), {"name": "a"}, "a"),
        (Shape(id="name", id_prefix="models/"), {"name": "models/a"}, "a"),
        (Shape(id="name", id_prefix="models/"), {"name": "other/a"}, "other/a"),
        (Shape(id="info.id"), {"info": {"id": "a"}}, "a"),
        (Shape(id="{owner}/{name}"), {"owner": "o", "name": "n"}, "o/n"),
        (Shape(id="{m.format}/{m.name}@{m.version}"), {"m": {"format": "f", "name": "n", "version": 3}}, "f/n@3"),
        (Shape(id="{id}"), {"id": 5}, "5"),
        (Shape(id="id"), {"id": 5}, None),
        (Shape(id="{id}"), {"id": True}, None),
        (Shape(id="{owner}/{name}"), {"owner": "o"}, None),
        (Shape(id="info.id"), {"info": "x"}, None),
    ],
)
def test_an_id_is_a_text_or_is_put_together(layout: Shape, entry: dict[str, Any], id: str | None) -> None:
    assert layout.id_of(entry) == id


@pytest.mark.parametrize(
    ("ignore", "entry", "left"),
    [
        (["likes"], {"id": "a", "likes": 5}, {"id": "a"}),
        (["likes"], {"id": "a"}, {"id": "a"}),
        (["stats.likes"], {"stats": {"likes": 5, "x": 1}}, {"stats": {"x": 1}}),
        (["stats.likes"], {"stats": "none"}, {"stats": "none"}),
        (["p.*.latency"], {"p": {"a": {"latency": 1, "x": 2}, "b": {"latency": 3}}}, {"p": {"a": {"x": 2}, "b": {}}}),
        (["p.*.latency"], {"p": [{"latency": 1, "x": 2}, 5]}, {"p": [{"x": 2}, 5]}),
        (["p.*"], {"p": [1, 2]}, {"p": []}),
        (["p.*"], {"p": {"a": 1}, "q": 2}, {"p": {}, "q": 2}),
        (["*.x"], {"a": {"x": 1, "y": 2}, "b": 1}, {"a": {"y": 2}, "b": 1}),
        (["a.b", "a"], {"a": {"b": 1, "c": 2}}, {}),
        (["a.x", "*.y"], {"a": {"x": 1, "y": 2, "z": 3}}, {"a": {"z": 3}}),
    ],
)
@pytest.mark.parametrize("items", ["", "data", "result.models"])
def test_what_is_ignored_is_not_there(ignore: list[str], entry: Any, left: Any, items: str) -> None:
    answer, expected = _around([entry, entry], items), _around([left, left], items)
    assert json.loads(_strip(ignore, json.dumps(answer).encode(), items)) == expected


def _around(entries: list[Any], items: str) -> Any:
    """An answer that has them at a dotted path, with a member of the name that entries lose on every level."""
    answer: Any = entries
    for step in reversed(path(items)):
        answer = {"likes": 7, step: answer, "next": {"likes": 8}}
    return answer


def _strip(ignore: list[str], body: bytes, items: str = "") -> bytes:
    return Stripper(list(map(path, ignore)), path(items), Fields(())).strip(body)


@pytest.mark.parametrize("odd", [b'{"a": NaN, "likes": 1}', b'{"a": "\xff", "likes": 1}', b'{"a": 1e999, "likes": 2}'])
@pytest.mark.parametrize("ignore", [["likes"], ["likes", "p.*.x"]])
def test_an_odd_entry_loses_what_is_ignored_as_well_and_so_do_the_others(odd: bytes, ignore: list[str]) -> None:
    stripped = _strip(ignore, b'\n[{"id": "a", "likes": 5}, %s]' % odd)
    assert b"likes" not in stripped
    assert stripped.startswith(b'[{"id":"a"},{"a":')


@pytest.mark.parametrize(
    "body",
    [
        b"no JSON",
        b"",
        b"5",
        b"null",
        b'[{"likes": 1}',
        b'{"data": [{"likes": 1}',
        b'{"data": 5}',
        b'{"models": [1, "a"]}',
    ],
)
@pytest.mark.parametrize("items", ["", "data"])
def test_what_is_no_list_stays_what_it_is(body: bytes, items: str) -> None:
    stripped = _strip(["likes"], body, items)
    assert stripped.replace(b" ", b"") == body.replace(b" ", b"")


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        (b'{"p": [{"x": 1, "y": 2}, NaN], "z": 3}', b'{"p":[{"y":2},NaN],"z":3}'),
        (b'{"p": [{"x": 1}', b'{"p":[{"x":1}'),
    ],
    ids=["odd", "cut short"],
)
def test_an_array_loses_what_is_ignored_where_it_can_be_read(raw: bytes, left: bytes) -> None:
    assert _strip(["p.*.x"], b"[%s]" % raw).replace(b" ", b"") == b"[%s]" % left


@pytest.mark.parametrize("ignore", [["likes"], ["likes", "p.*.x"]])
def test_entries_that_differ_in_ignored_members_alone_are_equal_bytes(ignore: list[str]) -> None:
    one, other = b'[{"id":"a", "likes": 5, "z": "\xc3\xa9"}, {}]', b' [ {"id":"a","z":"\xc3\xa9"}, {"likes": 7}]\n'
    assert _strip(ignore, one) == _strip(ignore, other)


@pytest.mark.parametrize(
    "below", [b'{"id":"a","stats":{"likes":%d}}', b'{"id":"a","stats":[{"likes":%d}]}', b'{"id":"likes","n":%d}']
)
def test_a_member_of_that_name_further_inside_still_counts(below: bytes) -> None:
    assert _strip(["likes"], b"[%s]" % (below % 1)) != _strip(["likes"], b"[%s]" % (below % 2))


def test_shapes_have_a_text_exactly_when_they_are_not_those_of_anthropic() -> None:
    assert NATIVE.text == Shape().text == ""
    assert Shape(items=("models",)).text == Shape(items=("models",)).text != Shape(items=("m",)).text


@pytest.mark.parametrize(
    ("pattern", "other", "takes"),
    [
        ("a", "a", True),
        ("a", "a.b", True),
        ("a.*", "a.c", True),
        ("a.b", "a.c", False),
        ("a.b", "a", True),
        ("a.*.c", "a", True),
        ("a.*.c", "a.b", False),
        ("*", "a", True),
        ("*", "a.b", True),
        ("*.b", "a.b", True),
        ("*.c", "a.b", False),
        ("*.*", "a.b", True),
        ("*.runs", "id", False),
        ("*.*", "id", False),
        ("*.*.runs", "a.id", False),
    ],
)
def test_a_pattern_takes_from_a_member_that_it_covers_or_names(pattern: str, other: str, *, takes: bool) -> None:
    assert takes_from(path(pattern), path(other)) is takes


@pytest.mark.parametrize("ignore", ["*.runs", "*.*", "*.*.runs"])
def test_what_is_ignored_below_any_member_leaves_the_columns_that_are_texts_or_numbers(ignore: str) -> None:
    told = ListSettings(fields={"created_at": ("created",), "display_name": ("about.name",)})
    layout = shapes.of(SourceSettings(name="lab", api="custom", list=told, ignore=(ignore,)))
    assert layout.columns["created_at"] == (("created",),)
