"""Reads JSON that strict decoders refuse, so that one bad entry never blocks a list. Slow.

Only the pieces that need it are changed: numbers that no database holds (NaN, 1e999, thousands of digits), halves of
surrogate pairs, NUL, invalid UTF-8, too many containers inside each other. What is no JSON at all raises ValueError.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from catalog.errors import CheckCancelled, never_cancelled

MAX_DEPTH = 64  # containers inside each other, the item itself being the first
_MAX_DIGITS = 100
_CHECK_EVERY = 65_536  # tokens between two calls of `check_cancelled`: a page may have millions
_TOO_BIG = 10**_MAX_DIGITS

# A string, or a mark of structure. A string without an end is taken to the end of the text, which keeps this linear.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\Z)|[\[\]{},]', re.DOTALL)
_BREAKS_DATABASES = re.compile("[\x00\ud800-\udfff]")
_SPACE = b" \t\r\n"


def members(text: bytes, check_cancelled: CheckCancelled = never_cancelled) -> dict[str, bytes]:
    """Split an object: each key with the bytes of its value, unread. The last of equal keys counts."""
    found = {}
    for piece in _pieces(text, b"{", b"}", check_cancelled):
        key = _TOKEN.match(piece)
        name = parse(key[0]) if key else None
        value = piece[key.end() :].lstrip(_SPACE) if key else b""
        if not isinstance(name, str) or not value.startswith(b":"):
            raise ValueError("a member without a key")
        found[name] = value[1:].lstrip(_SPACE)
    return found


def elements(text: bytes, check_cancelled: CheckCancelled = never_cancelled) -> list[bytes]:
    """Split an array: the bytes of each element, unread."""
    return list(_pieces(text, b"[", b"]", check_cancelled))


def parse(text: bytes, depth: int = 1, check_cancelled: CheckCancelled = never_cancelled) -> Any:
    """Read JSON as far as it can be read; `depth` is how deep its outermost container lies in its entry.

    Numbers that are too large come as NaN or infinity, bytes that are no UTF-8 as lone surrogates, so that callers can
    tell them from what was really sent; `safe` makes them harmless. Containers that are too deep come as null.
    """
    readable = _shallow(text, MAX_DEPTH - depth + 1, check_cancelled).decode("utf-8", "surrogateescape")
    return json.loads(readable, strict=False, parse_int=_integer)


def safe(value: Any, depth: int = 1) -> Any:
    """Normalize a value: equal meanings compare equal, and any database and terminal can hold it."""
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, float):
        return safe(int(value)) if value.is_integer() else value if math.isfinite(value) else None
    if isinstance(value, dict) and depth <= MAX_DEPTH:
        return {safe_text(key): safe(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list) and depth <= MAX_DEPTH:
        return [safe(inner, depth + 1) for inner in value]
    if isinstance(value, int) and abs(value) < _TOO_BIG:  # a bool is an int, too
        return value
    return None


def safe_text(text: str) -> str:
    """Replace each NUL and each lone surrogate by U+FFFD."""
    return text if text.isprintable() else _BREAKS_DATABASES.sub("\ufffd", text)


def _integer(digits: str) -> float | int:
    return int(digits) if len(digits) <= _MAX_DIGITS + 1 else math.nan


def _pieces(text: bytes, opening: bytes, closing: bytes, check_cancelled: CheckCancelled) -> Iterator[bytes]:
    """The bytes between the outermost brackets, split at their commas; the pieces are not checked."""
    end = len(text.rstrip(_SPACE)) - 1
    start = len(text) - len(text.lstrip(_SPACE)) + 1
    if text[start - 1 : start] != opening or text[end : end + 1] != closing or end < start:
        raise ValueError("the brackets do not match")
    if not text[start:end].strip(_SPACE):
        return
    depth = 0
    for token in _tokens(text, start, end, check_cancelled):
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


def _tokens(text: bytes, start: int, end: int, check_cancelled: CheckCancelled) -> Iterator[re.Match[bytes]]:
    for number, token in enumerate(_TOKEN.finditer(text, start, end)):
        if not number % _CHECK_EVERY:
            check_cancelled()
        yield token


def _shallow(text: bytes, deepest: int, check_cancelled: CheckCancelled) -> bytes:
    """Replace each container that is too deep, for us and for the interpreter's stack, by null."""
    kept, copied, depth = [], 0, 0
    for token in _tokens(text, 0, len(text), check_cancelled):
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
