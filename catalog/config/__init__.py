"""The configuration: TOML, environment and secret files become one frozen Config, or every problem at once.

Only the edge (cli and wiring) sees it; everybody else gets plain values.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.config import keys, kinds, reading
from catalog.config.keys import Key
from catalog.config.problems import shown
from catalog.config.settings import DatabaseSettings, GuardSettings, SourceSettings
from catalog.errors import ConfigError

__all__ = ["Config", "DatabaseSettings", "GuardSettings", "Key", "SourceSettings", "database", "key", "load"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What the user asked for, checked. It holds no key: `key` looks one up when a source is really asked."""

    database: DatabaseSettings
    sources: tuple[SourceSettings, ...]
    path: Path | None = None  # the file it was read from
    warnings: tuple[str, ...] = ()

    def select(self, names: Sequence[str]) -> tuple[SourceSettings, ...]:
        """Give the sources of these names, each once and in the file's order; all of them when none is named."""
        known = [source.name for source in self.sources]
        for name in names:
            if name not in known:
                hint = f"sources are: {', '.join(known)}"
                raise ConfigError(f"no source is named {shown(name)}{kinds.nearest(name, known)}", hint=hint)
        return tuple(source for source in self.sources if not names or source.name in names)


def load(
    path: Path | None = None, *, environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> Config:
    """Read the file given, else the one `CATALOG_CONFIG` names, else ./catalog.toml, else defaults and environment.

    Raises ConfigError that tells of every problem at once.
    """
    environ = os.environ if environ is None else environ
    directory = directory or Path.cwd()
    file = reading.find(path, environ, directory)
    database, sources = reading.settings(file, environ, directory)
    warnings = tuple(reading.warnings(file, environ, database, sources))
    return Config(database=database, sources=sources, path=file, warnings=warnings)


def database(url: str, *, setting: str, directory: Path | None = None) -> DatabaseSettings:
    """Check a database URL that was typed elsewhere (`setting`: where); a relative SQLite path starts from here."""
    try:
        kinds.DatabaseUrl().read(url)
    except ValueError as error:
        raise ConfigError(f"{setting} {error}") from None
    return DatabaseSettings(url=reading.placed(url, directory or Path.cwd()))


def key(source: SourceSettings, *, environ: Mapping[str, str] | None = None) -> Key:
    """Look up the key of a source, now. Raises ConfigError with a hint that names the variable or the file."""
    return keys.read(source, os.environ if environ is None else environ)
