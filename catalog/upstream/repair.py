"""The slow path: takes JSON apart that strict decoders refuse, so that one bad item never blocks a list.

Bytes stay as they were received, and only the piece that needs it is put right: numbers no database holds (NaN,
1e999, thousands of digits), halves of surrogate pairs, NUL, invalid UTF-8, absurd depth. What is no JSON at all
raises ValueError.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

Glance = Callable[[], object]  # called now and then while something takes long; may raise to end it

MAX_DEPTH = 64  # containers inside each other, the item itself being the first
_MAX_DIGITS = 100
_OFTEN = 0x10000  # tokens between two glances: a page may have millions
_TOO_BIG = 10**_MAX_DIGITS

# A string (one that never ends runs to the end, which keeps this linear), or a mark of structure.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
_BREAKS_DATABASES = re.compile("[\x00\ud800-\udfff]")
_SPACE = b" \t\r\n"


def unhurried() -> None:
    """Let nothing end it."""


def members(text: bytes, glance: Glance = unhurried) -> dict[str, bytes]:
    """Take an object apart: each key with the bytes of its value, unread. The last of equal keys wins."""
    found = {}
    for piece in _pieces(text, b"{", b"}", glance):
        key = _TOKEN.match(piece)
        name = parse(key[0]) if key else None
        value = piece[key.end() :].lstrip(_SPACE) if key else b""
        if not isinstance(name, str) or not value.startswith(b":"):
            raise ValueError("a member without a key")
        found[name] = value[1:].lstrip(_SPACE)
    return found


def elements(text: bytes, glance: Glance = unhurried) -> list[bytes]:
    """Take an array apart: the bytes of each element, unread."""
    return list(_pieces(text, b"[", b"]", glance))


def parse(text: bytes, depth: int = 1, glance: Glance = unhurried) -> Any:
    """Read JSON as far as it can be read; `depth` is where its outermost container stands in its item.

    Numbers out of reach come as NaN or infinity, bytes that are no UTF-8 as lone surrogates, so that callers can
    tell them from what was really sent; `safe` makes them harmless. Containers too deep are null.
    """
    readable = _shallow(text, MAX_DEPTH - depth + 1, glance).decode("utf-8", "surrogateescape")
    return json.loads(readable, strict=False, parse_int=_integer)


def safe(value: Any, depth: int = 1) -> Any:
    """Spell a value so that equal meanings compare equal, and so that any database and terminal can hold it."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, float):
        return _safe_float(value)
    if isinstance(value, dict) and depth <= MAX_DEPTH:
        return {safe_text(key): safe(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list) and depth <= MAX_DEPTH:
        return [safe(inner, depth + 1) for inner in value]
    if isinstance(value, int) and abs(value) < _TOO_BIG:  # `bool` is one of them.
        return value
    return None


def safe_text(text: str) -> str:
    """Replace each NUL and each lone surrogate by U+FFFD."""
    return text if text.isprintable() else _BREAKS_DATABASES.sub("\ufffd", text)


def _safe_float(value: float) -> float | int | None:
    if not math.isfinite(value):
        return None
    return safe(int(value)) if value.is_integer() else value


def _integer(digits: str) -> float | int:
    return int(digits) if len(digits) <= _MAX_DIGITS + 1 else math.nan


def _pieces(text: bytes, opening: bytes, closing: bytes, glance: Glance) -> Iterator[bytes]:
    """Find what stands between the outermost brackets and their commas; nothing in it is checked."""
    end = len(text.rstrip(_SPACE)) - 1
    start = len(text) - len(text.lstrip(_SPACE)) + 1
    if text[start - 1 : start] != opening or text[end : end + 1] != closing or end < start:
        raise ValueError("the brackets do not match")
    if not text[start:end].strip(_SPACE):
        return
    depth = 0
    for token in _tokens(text, start, end, glance):
        if token[0] in b"[{":
            depth += 1
        elif token[0] in b"]}":
            depth -= 1
        elif token[0] == b"," and depth == 0:
            yield text[start : token.start()].strip(_SPACE)
            start = token.end()
        if depth < 0:
            raise ValueError("the brackets do not match")
    if depth:
        raise ValueError("the brackets do not match")
    yield text[start:end].strip(_SPACE)


def _tokens(text: bytes, start: int, end: int, glance: Glance) -> Iterator[re.Match[bytes]]:
    for number, token in enumerate(_TOKEN.finditer(text, start, end)):
        if not number % _OFTEN:
            glance()
        yield token


def _shallow(text: bytes, deepest: int, glance: Glance) -> bytes:
    """Replace each container too deep for us, and for the interpreter's stack, by null."""
    kept, copied, depth = [], 0, 0
    for token in _tokens(text, 0, len(text), glance):
        if token[0] in b"[{":
            depth += 1
            if depth == deepest + 1:
                kept.append(text[copied : token.start()] + b"null")
        elif token[0] in b"]}":
            if depth == deepest + 1:
                copied = token.end()
            depth -= 1
    if depth > 0:
        raise ValueError("the brackets do not match")
    return b"".join(kept) + text[copied:]
