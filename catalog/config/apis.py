"""The rows of `apis.toml`: what is known of the lists of well-known APIs, laid under what a user writes."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catalog.config import kinds
from catalog.dotted import dig, path, pieces
from catalog.settings import SourceSettings

NATIVE = "anthropic"  # the row whose values are the defaults of the settings

_MERGED = ("fields", "lifecycles", "headers", "query")  # tables of which a source may give some keys
_NOTES = ("title", "version", "docs", "sample", "checked", "mind", "needs", "key_optional", "like")
_MANY = "openai"  # the row for many servers: no list fills all columns that it maps
_LARGEST = 4_000_000  # bytes of an answer that is looked at for a row that fits it
# What another list than Anthropic's is asked with where its row says nothing. A parameter that it does not know could
# change what it answers: OpenRouter begins to page when it gets a `limit`.
_UNLIKE_NATIVE: Mapping[str, Any] = {
    "auth": "bearer",
    "paging": "none",
    "list": {"fields": {}, "token_param": "", "size_param": ""},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What is known of one API."""

    name: str
    title: str
    settings: Mapping[str, Any]  # of a source, as TOML has them; of Anthropic's none: they are the defaults
    needs: Mapping[str, Any]  # settings that only the user knows, as an example
    version: int
    key_optional: bool
    guesses: Mapping[str, Any]  # `fields` that it shares with many lists, each of which fills some of them
    docs: str
    mind: str
    sample: str
    checked: str

    @property
    def key_variable(self) -> str:
        """The environment variable of the key; empty: there is none."""
        return str(self.settings.get("api_key_env", SourceSettings(name="").api_key_env if self.name == NATIVE else ""))

    @property
    def base_url(self) -> str:
        """Where its API is, or an example of it where each user has a host of his own."""
        usual = SourceSettings(name="").base_url if self.name == NATIVE else ""
        return str(self.settings.get("base_url") or self.needs.get("base_url") or usual)


# Most commands know no other API, and reading the file costs several milliseconds.
_NATIVE_ROW = Row(
    name=NATIVE,
    title="Anthropic",
    settings={},
    needs={},
    version=1,
    key_optional=False,
    guesses={},
    docs="https://docs.anthropic.com/en/api/models-list",
    mind="",
    sample="",
    checked="",
)


class ApiName:
    """The name of a row."""

    words = "the name of an API that `catalog apis` lists"

    def read(self, raw: object) -> str:
        if isinstance(raw, str) and row(raw) is not None:
            return raw
        raise ValueError(f"must be {self.words}{kinds.nearest(raw, list(names()))}")


def row(name: str) -> Row | None:
    """The row of an API; None: there is none. Reads no file for Anthropic's."""
    return _NATIVE_ROW if name == NATIVE else rows().get(name)


def known(name: str) -> Row:
    """The row of an API whose name was checked."""
    return row(name) or _NATIVE_ROW


@cache
def rows() -> Mapping[str, Row]:
    """All rows by name, in the order of the file."""
    written = tomllib.loads(Path(__file__).with_name("apis.toml").read_text("utf-8"))
    return {name: _row(name, written) for name in written}


def names() -> Iterator[str]:
    """The names of all rows."""
    return iter(rows())


def fitting(body: bytes) -> str:
    """The API whose row reads most of the first entry of an answer; empty: none reads it."""
    try:
        answer = json.loads(body) if len(body) <= _LARGEST else None
    except (ValueError, RecursionError):
        return ""
    read = {name: _reads(row, answer) for name, row in rows().items() if name not in {NATIVE, "custom"}}
    best = max(read, key=lambda name: read[name])  # of several the first one, which the others are like
    return best if read[best] else ""


def _reads(row: Row, answer: object) -> int:
    """How much of an answer a row reads, by the columns of the first entry; 0: it does not find the list, or the id."""
    layout = row.settings["list"]
    found = dig(answer, path(layout.get("items", "data")))
    entry = found[0] if isinstance(found, list) and found else None
    id, prefix, next_ = (layout.get(name, "") for name in ("id", "id_prefix", "next"))
    parts = [dig(entry, piece) for piece in pieces(id or "id") if not isinstance(piece, str)]
    texts = [str(part) if isinstance(part, int) and "{" in id else part for part in parts]
    if not all(isinstance(text, str) and text.startswith(prefix) for text in texts):
        return 0
    columns = ([paths] if isinstance(paths, str) else paths for paths in layout.get("fields", {}).values())
    read = sum(any(dig(entry, path(each)) is not None for each in paths) for paths in columns)
    return 1 + 2 * read + (not next_ or dig(answer, path(next_)) is not None)


def filled(source: SourceSettings) -> list[str]:
    """The columns that a list should fill: those that its own table maps, or the row of its API for it alone."""
    guesses = known(source.api).guesses
    usual = {name: (paths,) if isinstance(paths, str) else tuple(paths) for name, paths in guesses.items()}
    return [name for name, paths in source.list.fields.items() if paths != usual.get(name)]


def laid_under(values: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """Fill in from a row what a source leaves out. Tables merge by key, "" takes a key out; lists replace lists."""
    return _merged(row.settings, values)


def _row(name: str, written: Mapping[str, Mapping[str, Any]]) -> Row:
    own = written[name]
    shared = {key: value for key, value in written[own["like"]].items() if key not in _NOTES} if "like" in own else {}
    if "base_url" in own.get("needs", {}):  # each user has a host of his own
        shared.pop("base_url", None)
    settings = _merged(shared, {key: value for key, value in own.items() if key not in _NOTES})
    return Row(
        name=name,
        title=own["title"],
        settings={} if name == NATIVE else _merged(_UNLIKE_NATIVE, settings),
        needs=own.get("needs", {}),
        version=own.get("version", 1),
        key_optional=own.get("key_optional", False),
        guesses=written[_MANY]["list"]["fields"] if _MANY in {name, own.get("like")} else {},
        docs=own.get("docs", ""),
        mind=own.get("mind", ""),
        sample=own.get("sample", ""),
        checked=str(own.get("checked", "")),
    )


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**under, **over}
    for name in [*_MERGED, "list"]:
        if isinstance(under.get(name), dict) and isinstance(over.get(name), dict):
            merged[name] = _merged(under[name], over[name])
            if name != "list":
                merged[name] = {key: value for key, value in merged[name].items() if value != ""}
    return merged
