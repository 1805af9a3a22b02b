"""The configuration: TOML, environment and secret files become one frozen Config, or every problem at once.

Only cli, library and wiring load it. All others take the records of `catalog.settings`.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from catalog import watch
from catalog.config import databases, reading, schema
from catalog.config.keys import (
    Key,
    channel_secret,
    channel_url,
    channel_variables,
    demand_no_chat_service,
    key,
    mirror_key,
    secrets,
)
from catalog.config.places import Listen, ping_hint
from catalog.config.reading import Config, open_mirror
from catalog.domain import ModelName
from catalog.errors import ConfigError
from catalog.settings import DatabaseSettings, WatchSettings

__all__ = [
    "Config",
    "Key",
    "WatchEntry",
    "address",
    "channel_secret",
    "channel_url",
    "channel_variables",
    "database",
    "demand_no_chat_service",
    "entries",
    "here",
    "key",
    "listed",
    "load",
    "mirror_key",
    "open_mirror",
    "ping_hint",
    "secrets",
    "watched",
]

_LARGEST = 1_000_000
_COMMENT = re.compile(r"(^|\s)#.*")


def load(path: Path | None = None, *, environ: Mapping[str, str] = os.environ, directory: Path | None = None) -> Config:
    """Read the file given, else the one `CATALOG_CONFIG` names, else ./catalog.toml, else defaults and environment.

    Raises ConfigError that tells of every problem at once.
    """
    directory = directory or here()
    return reading.read(reading.find(path, environ, directory), environ, directory)


def database(url: str, *, setting: str, directory: Path | None = None) -> DatabaseSettings:
    """Check a database URL that was typed elsewhere (`setting`: where); a relative SQLite path starts from here."""
    try:
        read = databases.DatabaseUrl().read(url)
    except ValueError as error:
        raise ConfigError(f"{setting} {error}") from None
    return DatabaseSettings(url=reading.placed(read, directory or here()))


def address(text: str) -> tuple[str, int] | None:
    """Read a host and a port. Raises ValueError with words for the person who typed them."""
    return Listen().read(text)


def watched(settings: WatchSettings, sources: Collection[str] = ()) -> tuple[ModelName, ...]:
    """Read what is watched, in files too, each once. Raises ConfigError for a file that cannot be used.

    `sources` are the names of those that are configured.
    """
    return tuple(watch.named(text, sources) for text in dict.fromkeys(each.text for each in entries(settings)))


class WatchEntry(NamedTuple):
    """A model that is watched, as it is written, and where."""

    text: str
    path: Path | None = None
    line: int | None = None


def entries(settings: WatchSettings) -> Iterator[WatchEntry]:
    """Read what is watched, in files too, as it is written. Raises ConfigError for a file that cannot be used."""
    yield from map(WatchEntry, settings.models)
    for path in settings.files:
        yield from listed(path)


def listed(path: Path) -> Iterator[WatchEntry]:
    """Read a file of ids, one a line, with comments. Raises ConfigError for one that cannot be used."""
    for number, line in enumerate(_text(path).splitlines(), start=1):
        id = _COMMENT.sub("", line).strip()
        try:
            if id:
                yield WatchEntry(schema.MODEL_ID.read(id), path, number)
        except ValueError as error:
            raise ConfigError(f"the list of watched models {path}, line {number}: {error}") from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) <= _LARGEST:
            return data.decode("utf-8-sig")
        words = f"is larger than {_LARGEST // 1_000_000} MB"
    except FileNotFoundError:
        words = "is not there"
    except OSError as error:
        words = "may not be read by this user" if isinstance(error, PermissionError) else "is no readable file"
    except UnicodeDecodeError:
        words = "is no text in UTF-8"
    raise ConfigError(f"the list of watched models {path} {words}", hint="one id per line; see [watch] files")


def here() -> Path:
    """Give the current folder. Raises ConfigError when it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigError("the folder this was started in is gone", hint="cd to a folder that is there") from None
