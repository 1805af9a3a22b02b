"""Answers of a models list, ordinary and otherwise."""

import json
import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog import domain
from catalog.domain import FIELDS, ModelInfo, Reading
from catalog.errors import AnswerError
from catalog.settings import ListSettings, SourceSettings
from catalog.upstream.reading import fields, repair, wire
from catalog.upstream.reading.entries import RawEntry
from catalog.upstream.reading.wire import ListPage, Reader
from tests.server import SOURCE, UNPAGED

pytestmark = pytest.mark.promise("P1", "P2")

moderate = settings(max_examples=200, deadline=None, print_blob=True)

MODEL = {
    "type": "model",
    "id": "claude-test-1",
    "display_name": "Claude Test 1",
    "created_at": "2026-10-07T18:00:00Z",
    "lifecycle": "active",
    "deprecated_at": None,
    "retires_at": "2027-11-30T00:00:00+00:00",
    "line": "opus",
    "max_input_tokens": 1000000,
    "max_tokens": 128000,
    "capabilities": {"thinking": {"supported": True}, "batch": {"supported": False}},
}


def answer(*entries: object, has_more: object = False, **more: object) -> bytes:
    return json.dumps({"data": entries, "has_more": has_more, **more}).encode()


def page_of(*entries: bytes, paging: bool = True) -> ListPage:
    return Reader(SOURCE if paging else UNPAGED).page(b'{"data": [%b], "has_more": false}' % b", ".join(entries))


def entry(**members: object) -> bytes:
    return json.dumps({"id": "m", **members}).encode()


def read(**members: object) -> dict[str, Any]:
    """Read one entry; give its columns by name, without what is absent."""
    columns = reading(entry(**members)).columns
    return {name: value for name, value in zip(FIELDS, columns, strict=True) if value is not None}


def reading(raw: bytes, reader: Reader | None = None) -> Reading:
    [item] = (reader or Reader(SOURCE)).page(b'{"data": [%b], "has_more": false}' % raw).items
    return item.read()


def refusal(body: bytes, *, paging: bool = True) -> AnswerError:
    with pytest.raises(AnswerError) as caught:
        Reader(SOURCE if paging else UNPAGED).page(body)
    assert caught.value.hint
    return caught.value


# The page.


def test_a_page_gives_its_items_in_the_order_received() -> None:
    body = answer(MODEL, {"id": "another"}, has_more=True, first_id="claude-test-1", last_id="ignored")
    page = Reader(SOURCE).page(body)
    assert [item.id for item in page.items] == ["claude-test-1", "another"]
    assert (page.has_more, page.last_id, page.clean) == (True, "another", True)
    assert (page.doubts, page.warnings) == ([], [])
    assert page.digest == wire.digest(body)


def test_an_item_keeps_its_own_bytes_and_a_digest_of_them() -> None:
    [item] = page_of(b'{ "id":"x" , "b": 1.0}').items
    assert (item.raw, item.digest) == (b'{ "id":"x" , "b": 1.0}', wire.digest(b'{ "id":"x" , "b": 1.0}'))
    assert type(item.raw) is bytes
    assert re.fullmatch("1[.][0-9a-f]{24}", item.digest)


@pytest.mark.parametrize(
    ("digest", "reader"),
    [(wire.digest(b""), str(wire.READER)), ("12.0123456789ab", "12"), ("0123456789ab", ""), ("", "")],
)
def test_a_digest_names_the_version_of_the_reader_that_made_it(digest: str, reader: str) -> None:
    assert domain.reader_of(digest) == reader


STAMPS: list[tuple[list[dict[str, Any]], str | None]] = [
    ([], None),
    ([{"id": "a"}], None),
    ([{"id": "a", "created_at": 5}], "5"),
    ([{"id": "a", "created_at": "x"}, {"id": "b", "created_at": "x"}], '"x"'),
    ([{"id": "a", "created_at": 5}, {"id": "b", "created_at": 5.0}], "5"),
    ([{"id": "a", "created_at": 5}, {"id": "b", "created_at": 5}, {"id": "c", "created_at": 6}], None),
    ([{"id": "a", "created_at": 5}, {"id": "b"}], None),
    ([{"id": "a"}, {"id": "b", "created_at": 5}], None),
    ([{"id": "a", "created_at": None}, {"id": "b", "created_at": None}], None),
    ([{"id": "a", "created_at": 5}, {"id": "a", "created_at": 6}], None),
    ([{"id": "a", "created_at": 5, "x": math.nan}, {"id": "b", "created_at": 5, "y": "\ud800"}], "5"),
]


@pytest.mark.parametrize(("entries", "stamp"), STAMPS)
def test_a_page_names_the_created_at_that_all_of_its_entries_carry(
    entries: list[dict[str, Any]], stamp: str | None
) -> None:
    assert Reader(SOURCE).page(answer(*entries)).stamp == stamp


def test_a_digest_stands_for_the_rules_too_by_which_the_bytes_are_read() -> None:
    body = b'{"data": [{"id": "x"}], "has_more": false}'
    readers = [Reader(SOURCE), Reader(replace(SOURCE, unknown_dates=("2023-02-28T18:56:42Z",))), Reader(UNPAGED)]
    pages = [reader.page(body) for reader in readers]
    assert len({page.digest for page in pages}) == len({page.items[0].digest for page in pages}) == len(readers)
    assert [page.digest for page in pages] == [reader.digest(body) for reader in readers]


def test_a_bad_neighbour_changes_neither_bytes_nor_digests() -> None:
    model = json.dumps(MODEL).encode()
    [alone] = page_of(model).items
    beside, bad = page_of(model, b'{"id": "bad", "price": NaN}').items
    assert (beside.raw, beside.digest, beside.read()) == (alone.raw, alone.digest, alone.read())
    assert bad.read().attributes == {"price": "null"}


def test_pages_and_items_are_what_the_store_expects() -> None:
    page: domain.Page = page_of(json.dumps(MODEL).encode())
    item: domain.Item = page.items[0]
    assert isinstance(item, RawEntry)
    assert item.read() == Reading(
        columns=(
            "Claude Test 1",
            "2026-10-07T18:00:00.000000Z",
            "model",
            "active",
            None,
            "2027-11-30T00:00:00.000000Z",
            "opus",
            1000000,
            128000,
        ),
        attributes={
            "created_at": '"2026-10-07T18:00:00Z"',
            "capabilities": '{"batch":{"supported":false},"thinking":{"supported":true}}',
        },
    )


@pytest.mark.parametrize(
    "id", ["a", "x" * 256, "a b", "ü/é", "claude\u00a0x", "\U0001f600", "\u2028", "\ufffd", "\u200d"]
)
def test_an_id_may_be_any_printable_text(id: str) -> None:
    page = page_of(
        json.dumps({"id": id}).encode(), json.dumps({"id": id + id}, ensure_ascii=False).encode()[:-1] + b', "x": NaN}'
    )
    assert page.items[0].id == id


@pytest.mark.parametrize(
    "bad",
    [
        b"{}",
        b'{"id": null}',
        b'{"id": 5}',
        b'{"id": ["x"]}',
        b'{"id": ""}',
        b'{"id": "%b"}' % (b"x" * 257),
        b'{"id": "%b"}' % (b"x" * 300),
        rb'{"id": "a\u0000"}',
        rb'{"id": "a\n"}',
        b'{"id": "a\t"}',
        b'{"id": "a\x7f"}',
        '{"id": "a\x85"}'.encode(),
        rb'{"id": "a\ud800"}',
        b'{"id": "a\xff"}',
        b'{"id": NaN}',
        b'{"id": "x", "id": 5}',
        b'"claude"',
        b"5",
        b"null",
        b"[]",
        b'["id"]',
    ],
)
def test_an_entry_without_a_usable_id_is_counted_and_the_others_stay(bad: bytes) -> None:
    page = page_of(b'{"id": "good"}', bad)
    assert [item.id for item in page.items] == ["good"]
    assert (page.unusable, page.last_id, page.clean) == (1, "good", False)
    assert "1 entry without a usable id: such models cannot be recorded" in page.doubts


def test_the_same_entry_twice_is_dropped_with_a_warning() -> None:
    page = page_of(b'{"id": "a", "x": [1.0]}', b'{"id": "b"}', b'{"x":[1],"id":"a"}', b'{"id": "b"}')
    assert [item.id for item in page.items] == ["a", "b"]
    assert (page.duplicates, page.disputed, page.last_id, page.clean) == (2, 0, "b", False)
    assert page.warnings == ["2 entries dropped as a repetition on the same page"]
    assert not any(item.disputed for item in page.items)


def test_two_spellings_of_one_date_are_the_same_content() -> None:
    page = page_of(entry(created_at="2026-10-07T18:00:00Z"), entry(created_at="2026-10-07T20:00:00+02:00"))
    assert (len(page.items), page.duplicates, page.disputed) == (1, 1, 0)


def test_one_id_with_different_content_is_kept_once_and_disputed() -> None:
    page = page_of(b'{"id": "a", "x": 1}', b'{"id": "b"}', b'{"id": "a", "x": 2}', b'{"id": "a", "x": 1}')
    assert [(item.id, item.disputed) for item in page.items] == [("a", True), ("b", False)]
    assert page.items[0].read().attributes == {}
    assert (page.disputed, page.duplicates) == (1, 1)
    assert "listed twice on one page with different content: a" in page.doubts


def test_a_warning_names_three_disputed_ids_at_most() -> None:
    twice = [entry(id=f"m{number}", x=x) for number in range(5) for x in (1, 2)]
    assert page_of(*twice).doubts == ["listed twice on one page with different content: m0, m1, m2, ..."]


@pytest.mark.parametrize("key", ["x", "data"])
def test_of_equal_keys_the_last_wins(key: str) -> None:
    page = Reader(SOURCE).page(
        b'{"data": [{"id": "old"}], "data": [{"id": "a", "%b": 1, "id": "b", "%b": 2}], "has_more": false}'
        % (key.encode(), key.encode())
    )
    assert [(item.id, item.read().attributes) for item in page.items] == [("b", {key: "2"})]


def test_an_empty_list_is_a_page() -> None:
    page = Reader(SOURCE).page(answer(first_id="", last_id=""))
    assert (page.items, page.has_more, page.last_id, page.clean) == ([], False, None, True)


def test_a_byte_order_mark_is_no_matter() -> None:
    page = Reader(SOURCE).page(b"\xef\xbb\xbf" + answer(MODEL))
    assert ([item.id for item in page.items], page.clean) == (["claude-test-1"], True)


# What is no page.

SAYS_SO = "so it is no page of a models list"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the answer is empty, not JSON"),
        (b" \n", "the answer is empty, not JSON"),
        (b"<!DOCTYPE html><html>sign in</html>", "the answer is an HTML page, not JSON"),
        (b"\xef\xbb\xbf\n<html>", "the answer is an HTML page, not JSON"),
        (b"upstream connect error", "the answer is plain text, not JSON"),
        (b"\x1f\x8b\x08", "the answer is plain text, not JSON"),
        (b"null", "the answer is null, not an object"),
        (b'"sk-secret"', "the answer is a string, not an object"),
        (b"true", "the answer is true, not an object"),
        (b"4.5", "the answer is a number, not an object"),
        (b'[{"id": "a"}]', "the answer is a bare list, not an object with `data`"),
        (b'{"data": [{"id": "a"}, {"i', "the answer is broken JSON (26 bytes), perhaps cut short"),
        (
            b'{"data": [{"id": "a", "x": tru}], "has_more": false}',
            "the answer is broken JSON (52 bytes), perhaps cut short",
        ),
        (b'{"data": [], "x": tru, "has_more": false}', "the answer is broken JSON (41 bytes), perhaps cut short"),
        (b'{"data": [,], "has_more": false}', "the answer is broken JSON (32 bytes), perhaps cut short"),
        (b'{"data": ' * 30_000, "the answer is broken JSON (270000 bytes), perhaps cut short"),
        (b"{}", f"the answer has no `data`, {SAYS_SO}"),
        (b'{"data": null, "object": "list"}', f"`data` is null, not a list, {SAYS_SO}"),
        (b'{"data": {"id": "a"}, "has_more": false}', f"`data` is an object, not a list, {SAYS_SO}"),
        (b'{"data": "\xff", "has_more": false}', f"`data` is a string, not a list, {SAYS_SO}"),
        (answer(MODEL, has_more="false"), "`has_more` is a string, not true or false"),
        (answer(MODEL, has_more=0), "`has_more` is a number, not true or false"),
        (answer(MODEL, has_more=[]), "`has_more` is a list, not true or false"),
        (answer(has_more=True), "the page is empty although `has_more` is true, so the list cannot be read to its end"),
        (b'{"success": false, "message": "no group"}', "the answer says `success: false`, although its status is 200"),
        (answer(MODEL, success=False), "the answer says `success: false`, although its status is 200"),
        (b'{"error": "boom"}', "the answer is an error, although its status is 200"),
        (b'{"error": "\xff"}', "the answer is an error, although its status is 200"),
        (
            b'{"error": {"type": "overloaded_error"}}',
            "the answer is an error (overloaded_error), although its status is 200",
        ),
        (answer(MODEL, error={"type": "api_error"}), "the answer is an error (api_error), although its status is 200"),
        (b'{"error": {"type": "org-0123"}}', "the answer is an error, although its status is 200"),
    ],
)
def test_what_is_no_page_is_refused_in_words(body: bytes, words: str) -> None:
    assert refusal(body).message == words


@pytest.mark.parametrize(
    "body",
    [
        b"sk-secret org-0123",
        b'{"error": {"type": "org-0123 sk-secret", "message": "org-0123 sk-secret"}}',
        b'{"sk-secret": "org-0123',
    ],
)
def test_no_answer_is_quoted(body: bytes) -> None:
    error = refusal(body)
    assert not {"sk-secret", "org-0123"} & set((error.message + error.hint).replace('"', " ").split())
    assert error.__cause__ is None


@pytest.mark.parametrize(
    ("body", "came"),
    [
        (b'{"data": [{"id": "a"}]}', "the answer has no `has_more`"),
        (answer({"id": "a"}, has_more=None), "`has_more` is null"),
    ],
)
def test_a_server_that_does_not_page_is_refused_until_paging_is_none(body: bytes, came: str) -> None:
    error = refusal(body)
    assert error.message == f"{came}, so nothing says whether the list is complete"
    assert 'paging = "none"' in error.hint
    page = Reader(UNPAGED).page(body)
    assert ([item.id for item in page.items], page.has_more, page.clean) == (["a"], False, True)


def test_without_paging_an_answer_may_still_say_that_there_is_more() -> None:
    assert Reader(UNPAGED).page(answer(MODEL, has_more=True)).has_more
    assert "is a string" in refusal(answer(MODEL, has_more="no"), paging=False).message


def test_an_error_member_that_says_nothing_is_no_error() -> None:
    assert Reader(SOURCE).page(answer(MODEL, error=None, success=True)).clean


# What the fields say.


@pytest.mark.parametrize("name", domain.TEXT_FIELDS)
def test_a_text_that_is_none_says_nothing_and_is_counted(name: str) -> None:
    for value in (5, True, ["x"], {"x": 1}, math.nan):
        said = reading(entry(**{name: value}))
        assert name in said.silent
        assert said.unreadable == {name}
    assert reading(entry(**{name: None})) == reading(entry())
    assert read(**{name: "a\0\ud800\tb"}) == {name: "a\ufffd\ufffd\tb"}
    assert read(**{name: ""}) == {name: ""}


@pytest.mark.parametrize("name", domain.NUMBER_FIELDS)
def test_a_number_is_whole_and_fits_and_zero_means_unknown(name: str) -> None:
    texts = ("", " 5", "5 ", "+5", "-5", "5,000", "5_000", "5e3", "5.5", "5.", ".0", "0x5", "٥", "5" * 20, "5" * 9000)
    for value in (True, *texts, 1.5, -1, 2**63, 2**70, 1e300, math.nan, math.inf, [5]):
        said = reading(entry(**{name: value}))
        assert name in said.silent
        assert said.unreadable == {name}
    for zero in (0, 0.0, -0.0, "0", "000", "0.0"):
        said = reading(entry(**{name: zero}))
        assert name in said.silent
        assert not said.unreadable
    assert reading(entry(**{name: None})) == reading(entry())
    assert [read(**{name: value})[name] for value in (1, 2**63 - 1, 1e5)] == [1, 2**63 - 1, 100000]
    for spelled in ("64000", "64000.0", "64000.000", "064000", 64000.0):
        assert read(**{name: spelled}) == {name: 64000}
    assert read(**{name: str(2**63 - 1)}) == {name: 2**63 - 1}
    assert reading(b'{"id": "m", "%b": %b}' % (name.encode(), b"9" * 5000)).unreadable == {name}


@pytest.mark.parametrize("name", domain.DATE_FIELDS)
def test_a_date_that_cannot_be_read_says_nothing_and_is_counted(name: str) -> None:
    unreadable: tuple[object, ...] = (
        "",
        "soon",
        "2026-10",
        "2026-02-30",
        " 2026-10-07",
        "2026-10-07\n",
        "2026/10/07",
        "2026-10-07Z",
        "2026-10-07T18:00:00",
        "2026-10-07 18:00:00",
        "2026-10-07 18:00Z",
        "2026-10-07  18:00:00Z",
        "2026-10-07 18:00:00 Z",
        "20261007",
        1790000000,
        True,
        {},
        "\ud800",
    )
    for value in unreadable:
        said = reading(entry(**{name: value}))
        assert name in said.silent
        assert said.unreadable == {name}
        assert said.columns[FIELDS.index(name)] is None
    for unknown in ("1970-01-01T00:00:00Z", "1970-01-01", "0001-01-01T00:00:00+02:00"):
        said = reading(entry(**{name: unknown}))
        assert name in said.silent
        assert not said.unreadable
    assert read(**{name: "2026-10-07T20:00:00.5+02:00"}) == {name: "2026-10-07T18:00:00.500000Z"}
    for spelled in ("2026-10-07 18:00:00Z", "2026-10-07 18:00:00.000z", "2026-10-07 20:00:00+02:00"):
        assert read(**{name: spelled}) == {name: "2026-10-07T18:00:00.000000Z"}
    assert read(**{name: "2026-10-07"}) == {name: "2026-10-07T00:00:00.000000Z"}


@pytest.mark.parametrize("date", ["1970-01-01", "0001-01-01", "1970-01-01 00:00:00Z", "2023-02-28 18:56:42Z"])
def test_a_date_that_means_unknown_is_unknown_in_these_spellings_too(date: str) -> None:
    reader = Reader(replace(SOURCE, unknown_dates=("2023-02-28T18:56:42Z",)))
    said = reading(entry(created_at=date), reader)
    assert (said.columns[1], said.silent, said.unreadable) == (None, frozenset({"created_at"}), frozenset())
    assert said.attributes == {"created_at": json.dumps(date)}


@pytest.mark.parametrize(
    ("name", "raw", "kept"),
    [
        ("display_name", b'{"b": 1.0, "a": [5]}', '{"a":[5],"b":1}'),
        ("max_tokens", b'"lots"', '"lots"'),
        ("max_tokens", b"NaN", "null"),
        ("retires_at", rb'"so\u0000on"', '"so\ufffdon"'),
        ("created_at", b"1790000000", "1790000000"),
    ],
)
def test_what_cannot_be_read_is_kept_as_it_was_received(name: str, raw: bytes, kept: str) -> None:
    said = reading(b'{"id": "m", "max_input_tokens": 5, "%b": %b}' % (name.encode(), raw))
    assert (said.attributes, said.unreadable) == ({name: kept}, frozenset({name}))


def test_only_an_absent_creation_date_is_silent_because_others_may_be_taken_back() -> None:
    assert reading(entry()).silent == {"created_at"}
    assert reading(entry(created_at=None, deprecated_at=None, retires_at=None)).silent == {"created_at"}


def test_a_date_that_means_unknown_at_this_source_is_unknown_in_any_spelling() -> None:
    reader = Reader(replace(SOURCE, unknown_dates=("2023-02-28T18:56:42Z", "1970-01-01T00:00:00Z")))
    said = reading(entry(created_at="2023-02-28T19:56:42+01:00"), reader)
    assert said.columns[1] is None
    assert said.silent == {"created_at"}
    assert not said.unreadable
    assert said.attributes == {"created_at": '"2023-02-28T19:56:42+01:00"'}
    assert reading(entry(created_at="2023-02-28T18:56:43Z"), reader).silent == frozenset()


@pytest.mark.parametrize("raw", [b'"1970-01-01T00:00:00Z"', b"1790000000", b"null", b'{"b":1,"a":2}'])
def test_the_creation_date_is_also_kept_as_it_was_sent(raw: bytes) -> None:
    said = reading(b'{"id": "m", "created_at": %b}' % raw)
    assert json.loads(said.attributes["created_at"]) == json.loads(raw)


@pytest.mark.parametrize(
    ("one", "other", "canonical"),
    [
        (b"1.0", b"1", "1"),
        (b"-0.0", b"0", "0"),
        (b"1.10", b"1.1", "1.1"),
        (b"1e2", b"100", "100"),
        (b"1E20", b"100000000000000000000", "100000000000000000000"),
        (b'{"b": 1, "a": [true, null]}', b'{"a":[true,null],"b":1.0}', '{"a":[true,null],"b":1}'),
        (b'["a", "b/c"]', rb'["a","b\/c"]', '["a","b/c"]'),
        (b'["a", 1.0]', b'["a",1]', '["a",1]'),
        (b'["a", null]', b'[ "a",null]', '["a",null]'),
        (rb'["\u00e9", "\u007f"]', '["é","\x7f"]'.encode(), '["é","\x7f"]'),
        (rb'"\u00e9\/"', '"é/"'.encode(), '"é/"'),
        (rb'"\ud83d\ude00"', '"\U0001f600"'.encode(), '"\U0001f600"'),
        (b"NaN", b"null", "null"),
        (b"1e999", b"-Infinity", "null"),
        (b"9" * 101, b"1" * 5000, "null"),
        (rb'"a\u0000"', b'"a\xff"', '"a\ufffd"'),
        (rb'{"\ud800": 1}', rb'{"\u0000": 1}', '{"\ufffd":1}'),
        (b"[" * 63 + b"[1]" + b"]" * 63, b"[" * 5000 + b"]" * 5000, "[" * 63 + "null" + "]" * 63),
    ],
)
def test_attributes_that_mean_the_same_are_spelled_the_same(one: bytes, other: bytes, canonical: str) -> None:
    for raw in (one, other):
        assert reading(b'{"id": "m", "x": %b}' % raw).attributes == {"x": canonical}
        assert reading(b'{"id": "m", "x": %b, "y": NaN}' % raw).attributes == {"x": canonical, "y": "null"}


def test_a_control_byte_that_is_not_even_escaped_is_put_right_too() -> None:
    # The decoder lets raw control bytes pass, and a short text of an unknown field was stored as it came:
    # Postgres then refused every run, and SQLite held rows that no command could read any more.
    attributes = reading(b'{"id": "m", "x": "a\x00b", "y": "c\x1fd"}').attributes
    assert attributes == {"x": '"a\ufffdb"', "y": '"c\\u001fd"'}


@pytest.mark.parametrize(
    "body", [b'{"data": [%b], "has_more": false}' % (b"[" * 100_000), b'{"a": %b}' % (b"[" * 100_000)]
)
def test_whoever_waits_can_end_the_reading_of_a_page_that_takes_long(body: bytes) -> None:
    # A page of twelve million brackets took ten times the deadline to be refused: nothing checked the clock.
    def check() -> None:
        raise TimeoutError

    reader = Reader(SOURCE)
    reader.cancel_by(check)
    with pytest.raises(TimeoutError):
        reader.page(body)


def test_what_was_put_right_is_counted() -> None:
    page = page_of(b'{"id": "a", "x": NaN}', rb'{"id": "b", "x": "\ud800"}', b'{"id": "c"}')
    assert ([item.id for item in page.items], page.repaired, page.clean) == (["a", "b", "c"], 2, False)
    assert page.warnings == ["2 entries with text or numbers that no JSON decoder should take; made safe"]


def test_what_is_remembered_is_bounded_and_never_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "_MEMO_ENTRIES", 4)
    monkeypatch.setattr(fields, "_MEMO_BYTES", 50)
    reader = Reader(SOURCE)
    for number in range(20):
        said = reading(entry(x=number, y=["long"] * 20, display_name=str(number)), reader)
        assert (said.attributes["x"], said.columns[0], len(json.loads(said.attributes["y"]))) == (
            str(number),
            str(number),
            20,
        )
    assert all(len(memo) <= 4 for memo in (reader._fields._attributes, reader._fields._ways["display_name"][0].judge))


@pytest.mark.parametrize("before", [b"", b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf \r\n"])
@pytest.mark.parametrize("ignore", [(), ("likes",), ("p.*.x",)])
def test_a_bare_list_may_begin_with_blanks(before: bytes, ignore: tuple[str, ...]) -> None:
    layout = ListSettings(items="", fields={})
    reader = Reader(SourceSettings(name="one", paging="none", ignore=ignore, list=layout))
    page = reader.page(before + b'[{"id": "a", "likes": 1}, {"id": "b"}]\n')
    assert (page.ids, page.items[0].read().attributes) == (["a", "b"], {} if ignore == ("likes",) else {"likes": "1"})


# One model.


def test_a_model_answer_is_read_as_a_model() -> None:
    assert Reader(SOURCE).model(b"\xef\xbb\xbf" + json.dumps(MODEL).encode()) == ModelInfo(
        id="claude-test-1",
        display_name="Claude Test 1",
        created_at=datetime(2026, 10, 7, 18, tzinfo=UTC),
        type="model",
        lifecycle="active",
        deprecated_at=None,
        retires_at=datetime(2027, 11, 30, tzinfo=UTC),
        line="opus",
        max_input_tokens=1000000,
        max_tokens=128000,
        attributes={
            "created_at": "2026-10-07T18:00:00Z",
            "capabilities": {"thinking": {"supported": True}, "batch": {"supported": False}},
        },
    )


def test_an_item_is_read_as_a_model_with_unknown_fields_empty() -> None:
    reader = Reader(SOURCE)
    [item] = reader.page(answer({"id": "m", "created_at": "1970-01-01T00:00:00Z", "max_tokens": 0})).items
    assert reader.info(item) == ModelInfo(id="m", attributes={"created_at": "1970-01-01T00:00:00Z"})


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the answer is empty, not JSON"),
        (b"[]", "the answer is a bare list, not an object with `data`"),
        (b'{"id": "a", "x": tru}', "the answer is broken JSON (21 bytes), perhaps cut short"),
        (b'{"id": 5}', "the answer has no usable `id`, so it is no model"),
        (answer(MODEL), "the answer has no usable `id`, so it is no model"),
        (
            b'{"error": {"type": "not_found_error"}}',
            "the answer is an error (not_found_error), although its status is 200",
        ),
    ],
)
def test_what_is_no_model_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(AnswerError) as caught:
        Reader(SOURCE).model(body)
    assert caught.value.message == words


# Whatever may come.

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from([*FIELDS, "id", "capabilities"]) | st.text(st.characters(), max_size=4)
TEXTS = st.sampled_from(["a", "b", "1970-01-01T00:00:00Z", "2026-10-07T18:00:00Z", "2026-02-30T00:00:00Z"])
ENTRIES = (
    VALUES
    | st.dictionaries(NAMES, VALUES | TEXTS, max_size=5)
    | st.builds(lambda id, rest: {**rest, "id": id}, TEXTS, st.dictionaries(NAMES, VALUES | TEXTS, max_size=5))
)
ENVELOPES = st.fixed_dictionaries(
    {"data": st.lists(ENTRIES, max_size=4), "has_more": st.booleans()},
    optional={"error": VALUES, "success": VALUES, "x": VALUES},
)
BODIES = st.builds(
    lambda value, escape: json.dumps(value, ensure_ascii=escape).encode("utf-8", "surrogatepass"),
    ENVELOPES | VALUES,
    st.booleans(),
)


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} in what should be JSON")


def check_safe(said: Reading) -> None:
    """Hold a reading to what any database and any JSON decoder takes."""
    texts = [value for value in said.columns if isinstance(value, str)]
    for name, text in said.attributes.items():
        value = json.loads(text, parse_constant=no_constant)
        assert json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True) == text
        assert repair.safe(value) == value
        texts += [name, text]
    assert "\0" not in "".join(texts)
    assert "".join(texts).encode().decode() == "".join(texts)
    assert all(0 < value < 2**63 for value in said.columns if isinstance(value, int))
    assert said.unreadable <= said.silent <= set(FIELDS)
    assert not any(value for name, value in zip(FIELDS, said.columns, strict=True) if name in said.silent)


def check_any_answer(body: bytes) -> None:
    for reader in (Reader(SOURCE), Reader(UNPAGED)):
        try:
            page = reader.page(body)
        except AnswerError:
            continue
        assert len({item.id for item in page.items}) == len(page.items)
        assert page.clean == (page.unusable + page.duplicates + page.disputed + page.repaired == 0)
        for item in page.items:
            assert item.id.encode()
            check_safe(item.read())
            assert reader.info(item).id == item.id
            assert reader.model(item.raw).id == item.id


@moderate
@given(BODIES)
@example(b'{"data": [{"id": "a", "\xff": "\xff"}], "has_more": false, "\xff": 1}')
@example(b'{"data": [{"id": "a", "x": %b}], "has_more": false}' % (b"[" * 500 + b"]" * 500))
@example(b'{"data": [{"id": "a", "x": %b}], "has_more": false}' % (b'{"":' * 5000 + b"1e999" + b"}" * 5000))
@example(b'{"data": [{"id": "a", "x": %b[tru]%b}], "has_more": false}' % (b"[" * 63, b"]" * 63))
def test_whatever_is_accepted_can_be_stored_and_shown(body: bytes) -> None:
    check_any_answer(body)


@moderate
@given(BODIES, st.data())
def test_a_broken_answer_is_accepted_safely_or_refused_in_words(body: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(len(body), start + 3)))
    junk = data.draw(
        st.sampled_from([b"", b"\xff", b"\\ud800", b"NaN", b"\x00", b'"', b"}", b"[", b",", b"1e999", b"\\"])
    )
    check_any_answer(body[:start] + junk + body[end:])


@moderate
@given(st.dictionaries(NAMES.filter(lambda name: name not in ("id", "zz")), VALUES | TEXTS, max_size=5))
def test_the_slow_way_reads_what_the_fast_way_reads(members: dict[str, Any]) -> None:
    fast = json.dumps({"id": "m", **members, "zz": None}).encode()
    slow = fast[: -len("null}")] + b"NaN}"
    assert reading(fast) == reading(slow)


def test_a_name_with_invisible_characters_is_kept_as_it_is_but_for_what_databases_refuse() -> None:
    member = {"created_at": "2026-01-01T00:00:00Z", "type": "model"}
    assert read(**member, display_name="a\u202eb")["display_name"] == "a\u202eb"
    assert read(**member, display_name="a\x00b")["display_name"] == "a\ufffdb"
    assert read(**member, display_name="a\nb")["display_name"] == "a\nb"


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"data": [{"id": "a"}], "has_more": true, "last_id": "next"}', "next"),
        (b'{"last_id": "next", "has_more": true, "data": [{"id": "a"}]}', "next"),
        (b'{"last_id": "next", "data": [{"id": "a"}], "tags": ["x"]}', "next"),
        (b'{"has_more": true, "data": [{"id": "a"}]}', None),
        (b'{"data": [{"id": "a"}], "has_more": true}', None),
        (b'{"data": [{"id": "a"}], "last_id": null}', None),
    ],
)
def test_the_token_of_a_known_page_is_found_wherever_it_stands(body: bytes, token: str | None) -> None:
    assert Reader(SOURCE).envelope.token(body) == token
