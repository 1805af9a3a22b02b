"""Reads the tables of the file, and gathers all problems to report them at once."""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from catalog.config import kinds
from catalog.config.schema import SETTINGS
from catalog.errors import ConfigError

_SHOWABLE = re.compile(r"[A-Za-z0-9_.-]{1,40}")


@dataclass(frozen=True, slots=True)
class Problems:
    """Collects what is wrong while reading goes on; `origin` says where things were read, if not said otherwise."""

    origin: str
    found: list[str] = field(default_factory=list)

    def add(self, path: str, words: str, origin: str = "") -> None:
        self.found.append(f"{path}: {words} (in {origin or self.origin})")

    def unknown(self, table: str, name: str, allowed: Iterable[str], origin: str = "") -> None:
        """Note a name that means nothing here."""
        words = f"no such setting{kinds.nearest(name, [*allowed])}"
        if name in {"api_key", "key", "token"} and "api_key_env" in allowed:
            words = "a key never stands in this file: name its variable with api_key_env, or its file with api_key_file"
        self.add(f"{table}{shown(name)}", words, origin)

    def raise_any(self) -> None:
        """Raise one ConfigError that tells of all of them, if there are any."""
        if len(self.found) == 1:
            raise ConfigError(self.found[0])
        if self.found:
            lines = "".join(f"\n  {problem}" for problem in self.found)
            raise ConfigError(f"{len(self.found)} problems in the configuration:{lines}")


@dataclass(frozen=True, slots=True)
class Table:
    """One table as it was written, with what the environment adds; `origins` says where such a value comes from."""

    path: str
    values: Mapping[str, object]
    origins: Mapping[str, str] = field(default_factory=dict)

    def origin(self, name: str) -> str:
        """Say where a value comes from; empty: from the file."""
        return self.origins.get(name, "")


def checked(raw: object, path: str, problems: Problems) -> Table:
    """Give what was written if it is a table; else note that, and give an empty one."""
    if isinstance(raw, dict):
        return Table(f"{path}.", raw)
    problems.add(path, f"must be a table: [{path}{'.NAME' if path == 'sources' else ''}]")
    return Table(f"{path}.", {})


def with_environment(table: Table, settings: type, environ: Mapping[str, str]) -> Table:
    """Fill in from the environment what the file leaves out; an empty variable is no variable."""
    values, origins = dict(table.values), dict(table.origins)
    for name, setting in SETTINGS[settings].items():
        if name not in values and setting.variable and (value := environ.get(setting.variable)):
            values[name], origins[name] = value, f"the environment variable {setting.variable}"
    return replace(table, values=values, origins=origins)


def read(table: Table, settings: type, problems: Problems, *, also: Iterable[str] = ()) -> dict[str, Any]:
    """Read each value by its setting's kind; what cannot be read is noted, and left to its default."""
    good: dict[str, Any] = {}
    known = SETTINGS[settings]
    for name, raw in table.values.items():
        if name not in known:
            problems.unknown(table.path, name, [*known, *also], table.origin(name))
            continue
        try:
            good[name] = known[name].kind.read(raw)
        except ValueError as error:  # Raised by our own kinds alone: its words are ours, and quote no value.
            problems.add(f"{table.path}{name}", str(error), table.origin(name))
    return good


def keep_one(table: Table, names: Iterable[str], problems: Problems) -> None:
    """Note settings that were given together although each stands for the others."""
    first, *more = [name for name in names if name in table.values] or [""]
    for name in more:
        problems.add(f"{table.path}{name}", f"is given together with {first}: keep one")


def placed(path: Path, beside: Path) -> Path:
    """Make a path absolute; a leading ~ is the home, where there is one."""
    with suppress(RuntimeError):
        path = path.expanduser()
    return (beside / path).absolute()


def shown(name: str) -> str:
    """Give a name as it may be printed: a key may have been pasted where a name belongs."""
    if _SHOWABLE.fullmatch(name) and not name.startswith("sk-"):
        return name
    return f"<a name of {len(name)} characters>"
