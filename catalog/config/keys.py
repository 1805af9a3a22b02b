"""API keys: looked up when one is needed, wrapped so that printing one shows nothing."""

import codecs
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from catalog.config import slips
from catalog.errors import ConfigError
from catalog.settings import SourceSettings

_LONGEST = 16_384
_WORDS = {FileNotFoundError: "there is no such file", PermissionError: "this user may not read it"}
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
    wanted = "API key"  # whose it is, the callers say: they name the source of whatever fails
    setting = f"sources.{source.name}.api_key"
    if source.api_key_file is not None:
        return from_file(source.api_key_file, wanted=wanted, setting=f"{setting}_file")
    hint = f" or set api_key_file for sources.{source.name}"
    return from_variable(source.api_key_env, environ, wanted=wanted, setting=f"{setting}_env", hint=hint)


def from_variable(name: str, environ: Mapping[str, str], *, wanted: str, setting: str, hint: str = "") -> Key:
    """Give what a variable holds. `wanted` says what for, `setting` where the variable is named."""
    telling = bool(_TELLING_NAME.fullmatch(name))  # else somebody may have pasted a key there
    place = name if telling else f"the variable that {setting} names"
    help_ = f"export {name}=...{hint}" if telling else f"{setting} takes the name of a variable, never the key itself"
    text = environ.get(name)
    if text is None:
        raise ConfigError(f"no {wanted}: {place} is not set", hint=help_)
    return _checked(text, place, wanted, help_)


def from_file(path: Path, *, wanted: str, setting: str) -> Key:
    """Give what a file holds, alone on its line."""
    try:
        with path.open("rb") as file:
            written = file.read(_LONGEST)
    except OSError as error:
        words = _WORDS.get(type(error), "it cannot be read")
        raise ConfigError(f"no {wanted}: {path}: {words}", hint=f"see {setting}") from None
    if written.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        words = f"the {wanted} cannot be one: {path} is text in UTF-16"
        raise ConfigError(words, hint="save it as UTF-8, without a byte-order mark")
    hint = f"write the key to {path}, alone on one line"
    return _checked(written.decode("utf-8", "replace"), str(path), wanted, hint)


def is_open_to_all(path: Path) -> bool:
    """Tell whether every user of the machine may read a file."""
    try:
        return path.is_file() and bool(path.stat().st_mode & 0o004)
    except OSError:
        return False


def _checked(text: str, place: str, wanted: str, hint: str) -> Key:
    key = text.strip()
    if not key:
        raise ConfigError(f"no {wanted}: {place} is empty", hint=hint)
    if slip := slips.in_secret(key):
        raise ConfigError(f"the {wanted} cannot be one: {place} {slip}", hint="it must hold the key alone, on one line")
    if not (key.isascii() and key.isprintable()) or " " in key:
        message = f"the {wanted} cannot be one: {place} holds blanks, line breaks or other odd signs"
        raise ConfigError(message, hint="it must hold the key alone, on one line")
    return Key(key)
