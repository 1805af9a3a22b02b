"""Pages of a models list as servers really send them, and ways to spoil them.

Small samples of our own in the shapes that were recorded: Anthropic's, OpenAI's, and those of gateways between them.
A document is kept in pairs, not in dicts, so that a key can come twice; `Verbatim` is spelled as it stands.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from hypothesis import strategies as st

from tests.server import model, page


@dataclass(frozen=True)
class Verbatim:
    """Bytes where a JSON value should stand."""

    text: bytes


@dataclass
class Members:
    """An object: its keys may come twice, and need not be text."""

    pairs: list[list[Any]]


def _openai(id: str) -> dict[str, Any]:
    return {"id": id, "object": "model", "created": 1_677_610_602, "owned_by": "somebody"}


def _gateway(id: str, **fields: Any) -> dict[str, Any]:
    usual = {"type": "model", "id": id, "display_name": id, "created_at": "2023-02-28T18:56:42Z"}
    return usual | {"max_input_tokens": None, "max_tokens": 0, "capabilities": None} | fields


_WIDE = {name: {"supported": bool(place % 2)} for place, name in enumerate(("batch", "citations", "pdf", "effort"))}

SAMPLES: tuple[Any, ...] = (
    page([model("claude-a"), model("claude-b", retires_at="2027-01-01T00:00:00Z", line="opus")]),
    page([model("claude-c", created_at="1970-01-01T00:00:00Z", capabilities=_WIDE)], has_more=True),
    page([]),
    {"object": "list", "data": [_openai("gpt-a"), _openai("gpt-b")]},
    {"object": "list", "has_more": False, "data": [_openai("both") | model("both"), model("none", created=0)]},
    {"data": [_gateway("g/a:1", vendor="A", tier="free"), _gateway("g/b", context_window=1e6)], "has_more": False},
    {"success": True, "error": None, "data": [_gateway("x", created_at=0)], "first_id": "", "has_more": False},
    {"data": None, "has_more": False, "first_id": "", "last_id": ""},
    {"success": False, "data": []},
    {"error": {"type": "overloaded_error", "message": "later"}},
    [_gateway("bare")],
)

# What no careful server sends: each was met somewhere, or breaks a decoder, a database or a terminal we know.
BROKEN = tuple(
    map(
        Verbatim,
        (
            *(b"NaN", b"-Infinity", b"1e999", b"-1e400", b"1e-400", b"-0", b"-0.0", b"1E+2", b"9223372036854775808"),
            *(b"1" * 5000, b"-" + b"9" * 101, b"0." + b"3" * 5000, b"1e15", b"9007199254740993.0", b"5e-324"),
            *(rb'"\ud800"', rb'"\udc00\ud800"', rb'"\u0000"', rb'"a\u0000b"', b'"\x00"', b'"\x1f\x7f"', rb'"\u202e"'),
            *(b'"\xff\xfe"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf5\x80\x80\x80"', b'"\xef\xbb\xbf"', rb'"\x41"'),
            *(b"[" * 70 + b"]" * 70, b'{"a":' * 63 + b"1" + b"}" * 63, b'{"a":' * 64 + b"[]" + b"}" * 64),
            *(b"[" * 20_000 + b"]" * 20_000, b'{"":' * 5_000 + b"{}" + b"}" * 5_000, b"[" * 100, b"}", b"'a'", b"01"),
            *(b'"' + b"x" * 70_000 + b'"', b'"' + "\U0001f600".encode() * 300 + b'"', b'"\\', b"nul", b"", b"/**/1"),
            *(b"\xef\xbb\xbf1", b"\xc2\xa01", b'{"a":1,"a":2}', rb'{"\u0000":1,"\ud800":2,"\ud801":3,"\ufffd":4}'),
            *(b'"0001-01-01T00:00:00+14:00"', b'"9999-12-31T23:59:59-14:00"', b'"2026-02-30T00:00:00Z"', b"20260101"),
        ),
    )
)
KEYS = (
    *("id", "created_at", "display_name", "capabilities", "max_tokens", "retires_at", "data", "has_more", "", " "),
    *(
        "a.b",
        'a"b',
        "a\x00b",
        "\u202ekey",
        "é",
        "e\u0301",
        "K" * 5000,
        "__proto__",
        "source",
        "model_key",
        "\U0001f600",
    ),
)

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(BROKEN),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(st.tuples(st.text(max_size=5) | st.sampled_from(KEYS), inner).map(list), max_size=4).map(Members)
    ),
    max_leaves=6,
)


def paired(value: Any) -> Any:
    """Turn objects into pairs, all the way down."""
    if isinstance(value, dict):
        return Members([[name, paired(inner)] for name, inner in value.items()])
    return [paired(inner) for inner in value] if isinstance(value, list) else value


def spelled(value: Any) -> bytes:
    """Spell a document, its lone surrogates and its bytes that are no UTF-8 included."""
    if isinstance(value, Verbatim):
        return value.text
    if isinstance(value, Members):
        return b"{" + b",".join(spelled(name) + b":" + spelled(inner) for name, inner in value.pairs) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(spelled, value)) + b"]"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


Holder = list[Any]  # something with places that can be spoiled: elements of a list, or a pair's value


def _places(value: Any) -> Iterator[tuple[Holder, int]]:
    holders: Sequence[tuple[Holder, int]] = ()
    if isinstance(value, Members):
        holders = [(pair, 1) for pair in value.pairs]
    elif isinstance(value, list):
        holders = [(value, place) for place in range(len(value))]
    for holder, place in holders:
        yield holder, place
        yield from _places(holder[place])


@st.composite
def documents(draw: st.DrawFn, samples: Sequence[Any] = SAMPLES, most: int = 4) -> Any:
    """A sample with some of its parts spoiled, in pairs."""
    document = paired(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(0, most))):
        places = list(_places(document))
        if not places:
            return draw(_VALUES)
        holder, place = draw(st.sampled_from(places))
        _spoil(draw, holder, place)
    return document


def _spoil(draw: st.DrawFn, holder: Holder, place: int) -> None:
    value = holder[place]
    if isinstance(value, Members) and draw(st.booleans()):
        pairs = value.pairs
        added = [draw(st.sampled_from(KEYS) | st.text(max_size=8)), draw(_VALUES)]
        pairs.insert(draw(st.integers(0, len(pairs))), added)
        if draw(st.booleans()):
            del pairs[draw(st.integers(0, len(pairs) - 1))]
    elif isinstance(value, list) and value and draw(st.booleans()):
        value.append(draw(st.sampled_from(value)))
    else:
        holder[place] = draw(_VALUES)


def _insert(draw: st.DrawFn, body: bytes, at: int) -> bytes:
    some = st.binary(max_size=6) | st.sampled_from([broken.text for broken in BROKEN])
    return body[:at] + draw(some) + body[at:]


def _overwrite(draw: st.DrawFn, body: bytes, at: int) -> bytes:
    return body[:at] + bytes([draw(st.integers(0, 255))]) + body[at + 1 :]


def _lose(draw: st.DrawFn, body: bytes, at: int) -> bytes:
    return body[:at] + body[at + draw(st.integers(1, 20)) :]


def _repeat(draw: st.DrawFn, body: bytes, at: int) -> bytes:
    return body[:at] + body[max(0, at - draw(st.integers(1, 60))) : at] + body[at:]


def _whole(spoil: Callable[[bytes], bytes], _draw: st.DrawFn, body: bytes, _at: int) -> bytes:
    return spoil(body)


_ON_BYTES: tuple[Callable[[st.DrawFn, bytes, int], bytes], ...] = (
    *(_insert, _overwrite, _lose, _repeat),
    lambda _draw, body, at: body[:at],
    partial(_whole, lambda body: b"\xef\xbb\xbf" + body),
    partial(_whole, lambda body: b"\xef\xbb\xbf\xef\xbb\xbf" + body),
    partial(_whole, lambda body: b" \r\n\t" + body + b"\n\n"),
    partial(_whole, lambda body: body.decode("utf-8", "replace").encode("utf-16")),
    partial(_whole, lambda body: body + body),
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A page, perhaps spoiled, whose bytes were damaged."""
    body = spelled(draw(documents(most=1)))
    for _ in range(draw(st.integers(1, 4))):
        body = draw(st.sampled_from(_ON_BYTES))(draw, body, draw(st.integers(0, len(body))))
    return body


# Items whose fields say anything, in pages that are sound: most of them are accepted, and have to be stored.
IDS = ("a", "A", "a ", "é", "e\u0301", "\u202eb", "%", "_", "a/b?c#d", "=1+1", "\U0001f600" * 64, "x" * 256, "..")
_FIELD = st.sampled_from([name for name in model("x") if name != "id"]) | st.sampled_from(KEYS[2:]) | st.text()
_ITEM = st.lists(st.tuples(_FIELD, _VALUES).map(list), max_size=6)


def _listing(chosen: Sequence[tuple[str, list[list[Any]]]]) -> bytes:
    items = [Members([*paired(model(id)).pairs, *fields, ["id", id]]) for id, fields in chosen]
    return spelled(Members([["data", items], ["has_more", False]]))


BODIES: dict[str, st.SearchStrategy[bytes]] = {
    "spoiled pages": documents().map(spelled),
    "damaged pages": damaged(),
    "any fields": st.lists(
        st.tuples(st.sampled_from(IDS), _ITEM), min_size=1, max_size=8, unique_by=lambda pair: pair[0]
    ).map(_listing),
    "anything": st.one_of(
        _VALUES.map(paired).map(spelled),
        st.lists(_VALUES, max_size=5).map(lambda items: spelled(paired({"data": items, "has_more": False}))),
        st.binary(max_size=200),
    ),
}
