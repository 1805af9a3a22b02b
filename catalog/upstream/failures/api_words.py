"""The API's own words for an error, without keys and ids of accounts. Pure.

They are for `catalog check` and the stderr of `catalog sync` alone: no row, log, alert or ping ever holds them.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

LONGEST = 300  # characters that are shown
BLOT = "***"

Known = Callable[[Collection[str]], Collection[str]]  # which of these are ids of models

_READ = 4_000  # characters of a message that are read
_PART = 8  # so many characters in a row, if the key has them too, count as a part of the key
_TOKEN = 16  # a word so long that has a digit may be a key, a token or the id of an account
_DEPTH = 6
_FEW = 5  # so many errors of a list are shown
_INNER = ("error", "errors", "fault", "exception", "response")  # names of tables and lists that hold a message
_MESSAGE = (
    *("message", "msg", "error_description", "error_message", "errormessage", "error_msg", "faultstring"),
    *("detail", "details", "description", "reason", "text", "title", "error", "errors", "fault", "exception"),
)
_INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
_PIECE = re.compile(r"[^\s\"'`<>()\[\]{},;|]+")
_NAMED = re.compile(r"[A-Za-z_]{1,15}[=:](.+)")
_ENDS = ".:!?*_~=/"
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\(.)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11,}")
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]{16,}")
_MARKUP = re.compile(r"<(message|title|faultstring|h1)\b[^>]*>(.*?)</\1", re.IGNORECASE | re.DOTALL)


def message(body: bytes) -> str:
    """Find the message in an error body of any shape; empty: there is none. Only `shown` makes it safe to show."""
    text = body.decode("utf-8", "replace").removeprefix("\ufeff").strip()
    try:
        return _found(msgspec.json.decode(text), 0)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    if text.startswith("<"):
        told = _MARKUP.search(text)
        return html.unescape(told[2]).strip() if told else ""
    return "" if text.startswith(("{", "[")) else text


def shown(text: str, secrets: Iterable[str], known: Known) -> str:
    """Make a message safe to show: one short line, without the secrets and without anything that looks like one."""
    words = _words(text)
    for secret in secrets:
        words = [BLOT if tells(word, secret) else word for word in words]
        if tells("".join(words), secret):  # the secret is spread over several words
            return ""
    pieces = (piece for word in words for piece in _PIECE.findall(word) if _is_suspect(piece))
    keep = known({reading for piece in pieces for reading in _readings(piece)})

    def blotted(found: re.Match[str]) -> str:
        may_stay = not _is_suspect(found[0]) or any(reading in keep for reading in _readings(found[0]))
        return found[0] if may_stay else BLOT

    text = " ".join(_PIECE.sub(blotted, word) for word in words)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _words(text: str) -> list[str]:
    normal = unicodedata.normalize("NFKC", text)
    kept = (char for char in normal if char.isspace() or unicodedata.category(char) not in _INVISIBLE)
    visible = "".join(" " if char.isspace() else char for char in kept)
    words = visible[:_READ].split(" ")
    return [word for word in (words[:-1] if len(visible) > _READ else words) if word]


def _is_suspect(piece: str) -> bool:
    """True when a piece may be a secret, unless it is the id of a model."""
    return bool(_UUID.search(piece)) or (len(piece) >= _TOKEN and any(map(str.isdigit, piece)))


def _readings(piece: str) -> list[str]:
    """What a piece may mean: itself; without punctuation at its end; without a name and `=` before it."""
    bare = piece.rstrip(_ENDS)
    named = _NAMED.fullmatch(bare)
    return [piece, bare, *([named[1]] if named else [])]


def tells(word: str, key: str) -> bool:
    """Tell whether a word holds the key or a part of it, in any encoding."""
    key = key.lower()
    if len(key) < _PART:
        return key in {view.lower().strip(_ENDS + "\"'`<>()[]{},;|") for view in _views(word)}
    parts = _parts(key)
    lowered = (view.lower() for view in _views(word))
    return any(not parts.isdisjoint(_parts(text)) for view in lowered for text in (view, view[::-1]))


def _parts(text: str) -> set[str]:
    return {text[place : place + _PART] for place in range(len(text) - _PART + 1)}


def _views(word: str) -> Iterator[str]:
    """A word as it is, and decoded: from percent-encoding, escapes, base64 and hexadecimal."""
    plain = [word]
    for _ in range(3):
        plain.append(_ESCAPE.sub(_unescaped, html.unescape(unquote(plain[-1], errors="replace"))))
    for view in dict.fromkeys(plain):
        yield view
        for run in _BASE64.findall(view):
            yield from (_decoded(run[start:]) for start in range(4))
        for run in _HEX.findall(view):
            yield from (bytes.fromhex(run[start:][: (len(run) - start) // 2 * 2]).decode("latin-1") for start in (0, 1))


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else str(found[3])


def _decoded(run: str) -> str:
    usable = run[: len(run) - (len(run) % 4 == 1)].replace("-", "+").replace("_", "/")  # one character is no byte
    return base64.b64decode(usable + "=" * (-len(usable) % 4)).decode("latin-1")


def _found(value: Any, depth: int) -> str:
    if depth > _DEPTH:
        return ""
    if isinstance(value, str):
        return _inside(value.strip(), depth)
    if isinstance(value, list):
        told = filter(None, (_found(item, depth + 1) for item in value[:_FEW]))
        return "; ".join(dict.fromkeys(told))
    return _in_table(value, depth) if isinstance(value, dict) else ""


def _inside(text: str, depth: int) -> str:
    """A text, or its message where it is JSON itself: gateways quote the answer of the server behind them."""
    if not text.startswith(("{", "[")):
        return text
    try:
        return _found(msgspec.json.decode(text), depth + 1) or text
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text


def _in_table(table: Mapping[str, Any], depth: int) -> str:
    members = {name.lower(): member for name, member in table.items()}
    inner = (members.get(name) for name in _INNER)
    told = next(filter(None, (_found(each, depth + 1) for each in inner if isinstance(each, (dict, list)))), "")
    told = told or next(filter(None, (_found(members.get(name), depth + 1) for name in _MESSAGE)), "")
    place = members.get("loc")  # the parameter that FastAPI complains of
    return f"{'.'.join(map(str, place))}: {told}" if told and isinstance(place, list) and place else told
