"""What an API says of its error: found in any shape, and shown without keys, ids of accounts and tricks."""

import base64
import html
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from catalog.upstream.failures import api_words

pytestmark = pytest.mark.promise("P9")

KEY = 'sk-ant-Api03-q"W/e+R=t%Y\\u0041-ZXcvbnm_9'
WORDS = "limit is too large"


def shown(text: str, key: str | None = KEY, *known: str) -> str:
    return api_words.shown(text, [key] if key else [], lambda ids: {*ids} & {*known})


# Finding it

SHAPES: dict[str, Any] = {
    "the API's own": {"type": "error", "error": {"type": "invalid_request_error", "message": WORDS}, "request_id": "r"},
    "an error as text": {"error": WORDS},
    "a message": {"message": WORDS, "status": 400, "path": "/v1/models"},
    "an error and a message": {"timestamp": "t", "error": "Bad Request", "message": WORDS},
    "a code and a description": {"error": "invalid_request", "error_description": WORDS},
    "a detail": {"detail": WORDS},
    "a detail with an error": {"detail": {"error": WORDS, "code": 4}},
    "problem json": {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": WORDS},
    "problem json without detail": {"type": "about:blank", "title": WORDS, "status": 400},
    "errors": {"errors": [{"code": 1, "message": WORDS}]},
    "errors as texts": {"errors": [WORDS]},
    "errors by field": {"errors": [{"status": "422", "title": "Invalid", "detail": WORDS}]},
    "Google": {"error": {"code": 400, "message": WORDS, "status": "INVALID_ARGUMENT", "details": [{"@type": "x"}]}},
    "Google, in a list": [{"error": {"code": 400, "message": WORDS}}],
    "Amazon": {"__type": "ValidationException", "Message": WORDS},
    "Apigee": {"fault": {"faultstring": WORDS, "detail": {"errorcode": "x"}}},
    "msg": {"code": 1, "msg": WORDS, "data": None},
    "camel case": {"errorCode": 1, "errorMessage": WORDS},
    "nested errors": {"error": {"error": {"error": {"message": WORDS}}}},
    "JSON in JSON": {"error": {"message": json.dumps({"error": {"message": WORDS}})}},
    "text that begins like JSON": None,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_said_is_found_in_any_shape(shape: str) -> None:
    body = WORDS if SHAPES[shape] is None else json.dumps(SHAPES[shape])
    assert api_words.message(body.encode()) == WORDS
    assert api_words.message(b"\xef\xbb\xbf \n" + body.encode() + b"\n") == WORDS


ODD: list[tuple[Any, str]] = [
    (
        {"detail": [{"type": "int", "loc": ["query", "limit"], "msg": "too large", "input": KEY, "ctx": {}}]},
        "query.limit: too large",
    ),
    (
        {"detail": [{"loc": ["query", "a"], "msg": "x"}, {"loc": ["query", "b"], "msg": "y"}]},
        "query.a: x; query.b: y",
    ),
    ({"errors": ["one", "two", "one"]}, "one; two"),
    ({"error": {"message": "{broken"}}, "{broken"),
    (b"<html><head><title>413 Request Entity Too Large</title>", "413 Request Entity Too Large"),
    (b"<html><title>413 Request &amp; Entity</title></html>", "413 Request & Entity"),
    (b"<?xml version='1.0'?><Error><Code>x</Code><Message>no access</Message></Error>", "no access"),
    (b"no upstream", "no upstream"),
    *((body, "") for body in [b"", b"{", b"[" * 9_000, b"null", b"5", b"{}", b"[]", b"<html>"]),
    ({"data": []}, ""),
    ({"error": {"message": 5, "type": "x"}}, ""),
    ({"error": None}, ""),
    ({"error": {"error": {"error": {"error": {"error": {"error": {"error": {"message": "too deep"}}}}}}}}, ""),
]


@pytest.mark.parametrize(("body", "words"), ODD)
def test_what_is_said_in_odd_shapes(body: Any, words: str) -> None:
    assert api_words.message(body if isinstance(body, bytes) else json.dumps(body).encode()) == words


# Showing it


def base64ed(key: str) -> str:
    return base64.b64encode(key.encode()).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "in quotes": lambda key: f"'{key}'",
    "after a name": lambda key: f"x-api-key={key}.",
    "in capitals": str.upper,
    "percent-coded": lambda key: quote(key, safe=""),
    "percent-coded twice": lambda key: quote(quote(key, safe=""), safe=""),
    "percent-coded throughout": lambda key: "".join(f"%{ord(char):02x}" for char in key),
    "JSON": json.dumps,
    "JSON twice": lambda key: json.dumps(json.dumps(key)),
    "JSON throughout": lambda key: "".join(f"\\u{ord(char):04X}" for char in key),
    "Python": repr,
    "HTML": html.escape,
    "HTML throughout": lambda key: "".join(f"&#{ord(char)};" for char in key),
    "base64": base64ed,
    "base64 of a header": lambda key: base64ed(f"Bearer {key}"),
    "base64 of a login": lambda key: base64ed(f"me:{key}"),
    "base64 for URLs, unpadded": lambda key: base64.urlsafe_b64encode(key.encode()).decode().rstrip("="),
    "hexadecimal": lambda key: key.encode().hex(),
    "backwards": lambda key: key[::-1],
    "its beginning": lambda key: f"{key[:12]}...",
    "its middle": lambda key: f"...{key[9:17]}...",
    "its end": lambda key: f"...{key[-8:]}",
    "over several words": lambda key: " ".join(key[place : place + 5] for place in range(0, len(key), 5)),
    "over several lines": lambda key: "\n".join(key[place : place + 5] for place in range(0, len(key), 5)),
    "with invisible signs": "\u200b".join,
    "with NULs": "\0".join,
    "in wide letters": lambda key: "".join(chr(ord(char) + 0xFEE0) if char.isalnum() else char for char in key),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("key", [KEY, "abcdefgh", "1234-5678-abcd", "k" * 400])
def test_the_key_is_blotted_out_in_every_spelling_and_in_part(spelling: str, key: str) -> None:
    told = shown(f"the key {SPELLINGS[spelling](key)} is wrong", key)
    assert told in {"the key *** is wrong", ""} or told.replace("***", "").split() <= ["the", "key", "is", "wrong"]
    for view in (told, told[::-1]):
        assert not any(key[place : place + 8].lower() in view.lower() for place in range(len(key) - 7))


def test_a_short_key_is_blotted_out_as_a_word_alone() -> None:
    assert shown("the key 'none' is none of ours, nonetheless", "none") == "the key *** is *** of ours, nonetheless"


@pytest.mark.parametrize(
    "token",
    [
        "11111111-2222-4333-8444-555555555555",
        "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        "1234567890123456",
        "org_01ABcdefGHijklmnop",
        "0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "arn:aws:iam::123456789012:user/me",
        "AKIAIOSFODNN7EXAMPLE",
        "claude-haiku-4-5-20251001",
        "jane.doe99@example.org",
    ],
)
@pytest.mark.parametrize("form", ["{}", "({})", '"{}"', "{}.", "organization:{}", "[{}],", "id={};", "<{}>"])
def test_long_words_that_mix_letters_and_digits_are_blotted_out(token: str, form: str) -> None:
    told = shown(f"for {form.format(token)} no list")
    assert token not in told
    assert not any(token[place : place + 8] in told for place in range(len(token) - 7))
    assert "***" in told
    assert told.startswith("for ")
    assert told.endswith(" no list")


@pytest.mark.parametrize("form", ["{}", "({})", '"{}"', "`{}`", "{}.", "{}:", "model={}", "model:{}", "[{}],"])
@pytest.mark.parametrize("id", ["claude-haiku-4-5-20251001", "us.anthropic.claude-3-5-sonnet-20241022-v1:0"])
def test_known_ids_of_models_stay(id: str, form: str) -> None:
    assert shown(f"no {form.format(id)} here", KEY, id) == f"no {form.format(id)} here"
    assert shown(f"no {id}x here", KEY, id) == "no *** here"


@pytest.mark.parametrize("word", ["internationalization", "0123456789", "gpt-5.5", "anthropic-workspace-id"])
def test_other_words_stay(word: str) -> None:
    assert shown(f"see {word}") == f"see {word}"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("one\ntwo\r\n\tthree", "one two three"),
        ("red \x1b[31malert\x1b[0m", "red [31malert[0m"),
        ("a\u202eb\u200bc\x07\x00\x9b", "abc"),
        ("a\u2028b\u0085c", "a b c"),
        ("\ud800lone", "lone"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_what_is_said_stands_on_one_line_and_is_harmless(text: str, told: str) -> None:
    assert shown(text) == told


@pytest.mark.parametrize("text", ["word " * 1_000, "x" * 5_000, "a " * 149 + KEY + " b" * 200, "\u0301" * 9_000])
def test_at_most_300_characters_are_shown(text: str) -> None:
    told = shown(text)
    assert len(told) <= 300
    assert "Api03" not in told


def test_what_is_cut_off_reveals_no_beginning_of_a_token() -> None:
    for before in range(260, 320):
        told = shown("a" * before + " 11111111-2222-4333-8444-555555555555 end")
        assert "1111" not in told
