"""Everything that is wrong with a configuration, gathered to be told at once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.config import kinds
from catalog.errors import ConfigError

_SHOWABLE = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing to mend: which setting, what about it, and where it was read."""

    path: str
    words: str
    origin: str

    def __str__(self) -> str:
        return f"{self.path}: {self.words} (in {self.origin})"


@dataclass(frozen=True, slots=True)
class Problems:
    """Collects while reading goes on."""

    found: list[Problem] = field(default_factory=list)

    def add(self, path: str, words: str, origin: str) -> None:
        self.found.append(Problem(path=path, words=words, origin=origin))

    def unknown(self, table: str, name: str, allowed: Iterable[str], origin: str) -> None:
        """Note a key that means nothing here."""
        self.add(f"{table}{shown(name)}", _unknown(name, list(allowed)), origin)

    def raise_any(self) -> None:
        """Raise one ConfigError that tells of all of them, if there are any."""
        if len(self.found) == 1:
            raise ConfigError(str(self.found[0]))
        if self.found:
            lines = "".join(f"\n  {problem}" for problem in self.found)
            raise ConfigError(f"{len(self.found)} problems in the configuration:{lines}")


def shown(name: str) -> str:
    """Give a name as it may be printed: somebody may have pasted a key where a name belongs."""
    if _SHOWABLE.fullmatch(name) and not name.startswith("sk-"):
        return name
    return f"<a name of {len(name)} characters>"


def _unknown(name: str, allowed: list[str]) -> str:
    if name in {"api_key", "key", "token"} and "api_key_env" in allowed:
        return "a key never stands in this file: name its variable with api_key_env, or its file with api_key_file"
    return f"no such setting{kinds.nearest(name, allowed)}"
