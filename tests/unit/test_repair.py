"""JSON that strict decoders refuse."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.upstream.reading import repair

pytestmark = pytest.mark.promise("P2")

moderate = settings(max_examples=200, deadline=None, print_blob=True)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)


def nested(depth: int, core: str = "1") -> bytes:
    return ("[" * depth + core + "]" * depth).encode()


def depth_of(value: Any) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("number", ["NaN", "1e999", "-1e999", "Infinity", "-Infinity", "1" * 102, "1" * 5000])
def test_a_number_that_no_database_holds_becomes_null(number: str) -> None:
    value = repair.parse(f'{{"a": {number}}}'.encode())
    assert not math.isfinite(value["a"])
    assert repair.safe(value) == {"a": None}


@pytest.mark.parametrize("number", [2**70, -(2**70), 10**100 - 1, -(10**100 - 1)])
def test_a_long_number_is_kept_up_to_a_hundred_digits(number: int) -> None:
    assert repair.safe(repair.parse(str(number).encode())) == number
    assert repair.safe(number * 10**100) is None


@pytest.mark.parametrize(
    ("number", "same"),
    [(1.0, 1), (-0.0, 0), (1e20, 10**20), (1.10, 1.1), (1e300, None), (-1e100, None), (1e-300, 1e-300), (True, True)],
)
def test_a_number_has_one_spelling(number: float, same: float | None) -> None:
    safe = repair.safe(number)
    assert (safe, type(safe)) == (same, type(same))


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (rb'"a\ud800b"', "a\ufffdb"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"a\u0000"', "a\ufffd"),
        (b'"a\xff"', "a\ufffd"),
        (b'"\xed\xa0\x80"', "\ufffd\ufffd\ufffd"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (b'"tab\tand\nline"', "tab\tand\nline"),
        ('"\u2028\u00a0"'.encode(), "\u2028\u00a0"),
    ],
)
def test_text_that_chokes_a_database_is_made_safe_and_no_other(text: bytes, made: str) -> None:
    assert repair.safe(repair.parse(text)) == made
    assert repair.safe(repair.parse(b"{%b: 1}" % text)) == {made: 1}


def test_what_is_nested_too_deep_is_null_and_its_neighbours_stay() -> None:
    text = b'{"deep": %b, "more": {"deep": %b}, "near": [1]}' % (nested(5000), nested(5000, '"]["'))
    value = repair.safe(repair.parse(text))
    assert depth_of(value) == repair.MAX_DEPTH
    assert value["near"] == [1]


def test_the_deepest_value_allowed_is_kept_whole() -> None:
    assert repair.parse(nested(64)) == json.loads(nested(64))
    assert repair.safe(json.loads(nested(64))) == json.loads(nested(64))
    assert repair.safe(json.loads(nested(65))) == json.loads(nested(64, "null"))
    assert repair.parse(nested(65)) == json.loads(nested(64, "null"))
    assert repair.parse(nested(64), depth=2) == json.loads(nested(63, "null"))


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b'{"a":' * 100_000, b'"' + b'\\"' * 100_000, b"[1", b"]", b"", b'{"a":tru}', b"1 2"]
)
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        repair.parse(text)


def test_an_object_comes_apart_into_the_bytes_it_was_sent_as() -> None:
    text = b' { "a" : 1.0 ,"b\\"": [1, {"c": "},"}] , "a": NaN, "" :""}\n'
    assert repair.members(text) == {"a": b"NaN", 'b"': b'[1, {"c": "},"}]', "": b'""'}
    assert repair.members(b"{ }") == {}


def test_a_list_comes_apart_into_the_bytes_it_was_sent_as() -> None:
    assert repair.elements(b' [ {"a": "[,"} , 5,[1,[2]],"\\"," ] ') == [b'{"a": "[,"}', b"5", b"[1,[2]]", b'"\\","']
    assert repair.elements(b"[]") == []


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"}",
        b"[]",
        b'{"a":1',
        b"{]",
        b'{"a":[}',
        b'{"a":1]}',
        b'{"a"}',
        b'{"a" 1}',
        b"{1:1}",
        b"{,}",
        b"{{}:1}",
        b'"{}"',
    ],
)
def test_what_is_no_object_does_not_come_apart(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        repair.members(text)


@moderate
@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
def test_taking_apart_and_reading_each_part_is_reading_the_whole(value: dict[str, Any]) -> None:
    text = json.dumps(value).encode()
    parts = {name: repair.safe(repair.parse(part, depth=2), depth=2) for name, part in repair.members(text).items()}
    assert {repair.safe_text(name): part for name, part in parts.items()} == repair.safe(repair.parse(text))


@moderate
@given(VALUES)
def test_what_was_made_safe_can_be_stored_anywhere_and_is_safe_already(value: Any) -> None:
    safe = repair.safe(value)
    text = json.dumps(safe, ensure_ascii=False, allow_nan=False)
    assert b"\x00" not in text.encode()
    assert "\\u0000" not in text.replace("\\\\", "")
    assert repair.safe(safe) == safe
