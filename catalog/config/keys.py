"""API keys: looked up when one is needed, wrapped so that printing one shows nothing."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from catalog.config.settings import SourceSettings
from catalog.errors import ConfigError

_LONGEST = 16_384
_TELLING_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+){1,8}")


class Key:
    """A secret. Only `reveal` gives it away; printing, formatting and pickling do not."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not to be written down")


def read(source: SourceSettings, environ: Mapping[str, str]) -> Key:
    """Give the key of a source; raises ConfigError when there is none, or when it can be none."""
    if source.api_key_file is None:
        return _checked(_from_variable(source, environ), _variable(source), source)
    return _checked(_from_file(source.api_key_file, source), str(source.api_key_file), source)


def is_open_to_all(path: Path) -> bool:
    """Tell whether every user of the machine may read a file."""
    try:
        return path.is_file() and bool(path.stat().st_mode & 0o004)
    except OSError:
        return False


def _from_variable(source: SourceSettings, environ: Mapping[str, str]) -> str:
    text = environ.get(source.api_key_env)
    if text is None:
        raise ConfigError(f"no API key for {source.name}: {_variable(source)} is not set", hint=_hint(source))
    return text


def _from_file(path: Path, source: SourceSettings) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("ascii", "replace")
    except FileNotFoundError:
        words = "there is no such file"
    except PermissionError:
        words = "this user may not read it"
    except OSError:
        words = "it cannot be read"
    raise ConfigError(f"no API key for {source.name}: {path}: {words}", hint=f"see sources.{source.name}.api_key_file")


def _checked(text: str, place: str, source: SourceSettings) -> Key:
    key = text.strip()
    if not key:
        raise ConfigError(f"no API key for {source.name}: {place} is empty", hint=_hint(source))
    if not (key.isascii() and key.isprintable()) or " " in key:
        message = f"the API key for {source.name} cannot be one: {place} holds blanks, line breaks or other odd signs"
        raise ConfigError(message, hint="it must hold the key alone, on one line")
    return Key(key)


def _variable(source: SourceSettings) -> str:
    """Name the variable, unless the name looks as if somebody pasted a key there."""
    name = source.api_key_env
    return name if _TELLING_NAME.fullmatch(name) else f"the variable that sources.{source.name}.api_key_env names"


def _hint(source: SourceSettings) -> str:
    if source.api_key_file is not None:
        return f"write the key to {source.api_key_file}, alone on one line"
    if _variable(source) == source.api_key_env:
        return f"export {source.api_key_env}=... or set api_key_file for sources.{source.name}"
    return "api_key_env takes the name of a variable, never the key itself"
