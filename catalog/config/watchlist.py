"""The ids somebody depends on, from the configuration and from files."""

import re
from collections.abc import Iterator
from pathlib import Path

from catalog.config.schema import MODEL_ID
from catalog.errors import ConfigError
from catalog.settings import WatchSettings

_LARGEST = 1_000_000
_COMMENT = re.compile(r"(^|\s)#.*")


def ids(watch: WatchSettings) -> tuple[str, ...]:
    """Give each watched id once, in the order written. Raises ConfigError for a file that cannot be used."""
    found = [*watch.models]
    for path in watch.files:
        found += _ids(path)
    return tuple(dict.fromkeys(found))


def _ids(path: Path) -> Iterator[str]:
    for number, line in enumerate(_text(path).splitlines(), start=1):
        id = _COMMENT.sub("", line).strip()
        try:
            if id:
                yield MODEL_ID.read(id)
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
