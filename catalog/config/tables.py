"""A table of the file, laid beside the settings it may hold; and where its relative paths begin."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.config.problems import Problems
from catalog.config.schema import Setting


@dataclass(frozen=True, slots=True)
class Table:
    """One table as it was written, with what the environment adds; `origins` says where each value comes from."""

    path: str
    values: Mapping[str, object]
    origins: Mapping[str, str]
    file: str

    def origin(self, name: str) -> str:
        return self.origins.get(name, self.file)


def checked(raw: object, path: str, origin: str, problems: Problems) -> Mapping[str, object]:
    """Give what was written if it is a table; else note that, and give an empty one."""
    if isinstance(raw, dict):
        return raw
    problems.add(path, f"must be a table: [{path}{'.NAME' if path == 'sources' else ''}]", origin)
    return {}


def with_environment(table: Table, known: Mapping[str, Setting], environ: Mapping[str, str]) -> Table:
    """Fill in from the environment what the file leaves out; an empty variable is no variable."""
    values, origins = dict(table.values), dict(table.origins)
    for name, setting in known.items():
        if name not in values and setting.variable and (value := environ.get(setting.variable)):
            values[name], origins[name] = value, f"the environment variable {setting.variable}"
    return replace(table, values=values, origins=origins)


def read(
    table: Table, known: Mapping[str, Setting], problems: Problems, *, also: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Read each value by its setting's kind; what cannot be read is noted and left to its default."""
    good: dict[str, Any] = {}
    for name, raw in table.values.items():
        if name not in known:
            problems.unknown(table.path, name, [*known, *also], table.origin(name))
            continue
        try:
            good[name] = known[name].kind.read(raw)
        except ValueError as error:
            problems.add(f"{table.path}{name}", str(error), table.origin(name))
    return good


def keep_one(table: Table, names: Iterable[str], problems: Problems) -> None:
    """Note settings that were given together although each stands for the others."""
    first, *more = [name for name in names if name in table.values] or [""]
    for name in more:
        problems.add(f"{table.path}{name}", f"is given together with {first}: keep one", table.file)


def placed(path: Path, beside: Path) -> Path:
    """Make a path absolute; a leading ~ is the home, where there is one."""
    with suppress(RuntimeError):
        path = path.expanduser()
    return (beside / path).absolute()
