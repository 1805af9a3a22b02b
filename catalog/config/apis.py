"""The rows of `apis.toml`: what is known of the lists of well-known APIs, laid under what a user writes."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from catalog.config import kinds
from catalog.settings import SourceSettings

NATIVE = "anthropic"  # the row whose values are the defaults of the settings

_MERGED = ("fields", "lifecycles", "headers", "query")  # tables of which a source may give some keys
_NOTES = ("title", "version", "docs", "sample", "checked", "mind", "needs", "key_optional", "like")
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
    docs="https://docs.anthropic.com/en/api/models-list",
    mind="",
    sample="",
    checked="",
)


@dataclass(frozen=True)
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
