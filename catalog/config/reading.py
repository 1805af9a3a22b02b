"""From a file and the environment to checked settings. Every value is laid beside its setting's kind."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from catalog.config import keys, kinds
from catalog.config.problems import Problems, shown
from catalog.config.settings import DatabaseSettings, GuardSettings, Setting, SourceSettings, of
from catalog.errors import ConfigError

_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_WELL_KNOWN = "anthropic"  # the source whose variables users of the API have set already
_POSITION = re.compile(r"\(at (line \d+, column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class _Table:
    """One table as it was written, with what the environment adds; `origins` says where each value comes from."""

    path: str
    values: Mapping[str, object]
    origins: Mapping[str, str]
    file: str

    def origin(self, name: str) -> str:
        return self.origins.get(name, self.file)


def find(path: Path | None, environ: Mapping[str, str], directory: Path) -> Path | None:
    """Say which file is meant; None: there is none, and none was asked for."""
    named = environ.get("CATALOG_CONFIG")
    if path is not None:
        return directory / path
    if named:
        return directory / named
    usual = directory / "catalog.toml"
    return usual if os.path.lexists(usual) else None


def settings(
    file: Path | None, environ: Mapping[str, str], directory: Path
) -> tuple[DatabaseSettings, tuple[SourceSettings, ...]]:
    """Check everything; raises ConfigError that tells of all problems."""
    problems, document, origin = Problems(), _parse(file) if file else {}, str(file or "the defaults")
    for name in [each for each in document if each not in {"database", "sources"}]:
        problems.unknown("", name, ("database", "sources"), origin)
    database = _database(document.get("database", {}), environ, origin, problems)
    sources = _sources(document.get("sources", {}), environ, origin, problems)
    problems.raise_any()
    beside = file.parent if file else directory
    in_file = "url" in document.get("database", {})
    from_environment = not in_file and bool(environ.get("CATALOG_DATABASE_URL"))
    database = replace(database, url=placed(database.url, directory if from_environment else beside))
    return database, tuple(_with_file_beside(source, beside) for source in sources)


def warnings(
    file: Path | None, environ: Mapping[str, str], database: DatabaseSettings, sources: tuple[SourceSettings, ...]
) -> Iterator[str]:
    """Tell of secrets that lie open."""
    files = [source.api_key_file for source in sources if source.api_key_file]
    in_file = database.url != environ.get("CATALOG_DATABASE_URL")
    if file and in_file and urlsplit(database.url).password:
        files.append(file)
    for each in dict.fromkeys(files):
        if keys.is_open_to_all(each):
            yield f"{each} holds a secret, and every user of this machine may read it: chmod 600 {each}"


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"there is no configuration file {file}", hint=f"catalog init {file}") from None
    except OSError as error:
        words = "this user may not read it" if isinstance(error, PermissionError) else "it is no readable file"
        raise ConfigError(f"the configuration file {file} cannot be read: {words}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the configuration file {file} is no text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:  # Its words may quote the file, hence a secret: only the place is told.
        place = _POSITION.search(str(error))
        words = f"is no valid TOML at {place[1]}" if place else "is no valid TOML: is a name given twice?"
        raise ConfigError(f"the configuration file {file} {words}", hint='texts need quotes: name = "text"') from None
    except RecursionError:
        raise ConfigError(f"the configuration file {file} is nested too deep") from None


def _database(raw: object, environ: Mapping[str, str], file: str, problems: Problems) -> DatabaseSettings:
    known = of(DatabaseSettings)
    table = _with_environment(
        _Table("database.", _checked_table(raw, "database", file, problems), {}, file), known, environ
    )
    return DatabaseSettings(**_read(table, known, problems))


def _sources(raw: object, environ: Mapping[str, str], file: str, problems: Problems) -> list[SourceSettings]:
    tables = _checked_table(raw, "sources", file, problems) or {_WELL_KNOWN: {}}
    sources = []
    for name, table in tables.items():
        if not _SOURCE_NAME.fullmatch(name):
            words = "a source's name is 1 to 63 of a-z, 0-9, - and _, and begins with a letter or digit"
            problems.add(f"sources.{shown(name)}", words, file)
        else:
            sources.append(_source(name, table, environ, file, problems))
    return sources


def _source(name: str, raw: object, environ: Mapping[str, str], file: str, problems: Problems) -> SourceSettings:
    path, known = f"sources.{name}", of(SourceSettings)
    written = dict(_checked_table(raw, path, file, problems))
    guard = _checked_table(written.pop("guard", {}), f"{path}.guard", file, problems)
    table = _Table(f"{path}.", written, {}, file)
    if name == _WELL_KNOWN:
        table = _with_token(_with_environment(table, known, environ), environ)
    source = SourceSettings(
        name=name,
        **_read(table, known, problems, also=("guard",)),
        guard=GuardSettings(**_read(_Table(f"{path}.guard.", guard, {}, file), of(GuardSettings), problems)),
    )
    _check_together(source, table, problems)
    return source


def _with_environment(table: _Table, known: Mapping[str, Setting], environ: Mapping[str, str]) -> _Table:
    """Fill in from the environment what the file leaves out; an empty variable is no variable."""
    values, origins = dict(table.values), dict(table.origins)
    for name, setting in known.items():
        if name not in values and setting.variable and (value := environ.get(setting.variable)):
            values[name], origins[name] = value, f"the environment variable {setting.variable}"
    return replace(table, values=values, origins=origins)


def _with_token(table: _Table, environ: Mapping[str, str]) -> _Table:
    """Take ANTHROPIC_AUTH_TOKEN for the key when the file names none, and there is no other or a bearer is wanted."""
    variable, auth = "ANTHROPIC_AUTH_TOKEN", table.values.get("auth")
    if not environ.get(variable) or {"api_key_env", "api_key_file"} & table.values.keys():
        return table
    if auth == "bearer" or (auth is None and not environ.get("ANTHROPIC_API_KEY")):
        return replace(table, values={**table.values, "auth": "bearer", "api_key_env": variable})
    return table


def _read(
    table: _Table, known: Mapping[str, Setting], problems: Problems, *, also: tuple[str, ...] = ()
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


def _check_together(source: SourceSettings, table: _Table, problems: Problems) -> None:
    """Note what is wrong only in company."""
    url, host, named = source.base_url, kinds.host(source.base_url), table.values.keys()
    if url.startswith("http:") and not kinds.is_loopback(host) and not source.allow_http:
        words = "plain http:// would show the key to everybody on the way: use https://, or set allow_http = true"
        problems.add(f"{table.path}base_url", words, table.origin("base_url"))
    if {"api_key_env", "api_key_file"} <= named:
        problems.add(f"{table.path}api_key_file", "is given together with api_key_env: keep one", table.file)
    own = source.name == _WELL_KNOWN or host == "api.anthropic.com" or kinds.is_loopback(host)
    if not own and not {"api_key_env", "api_key_file"} & named:
        words = "must be given: the key in ANTHROPIC_API_KEY is not sent to another host unless you say so"
        problems.add(f"{table.path}api_key_env", words, table.file)


def _checked_table(raw: object, path: str, origin: str, problems: Problems) -> Mapping[str, object]:
    if isinstance(raw, dict):
        return raw
    problems.add(path, f"must be a table: [{path}{'.NAME' if path == 'sources' else ''}]", origin)
    return {}


def placed(url: str, beside: Path) -> str:
    """Make a SQLite path absolute."""
    if not url.startswith("sqlite:///"):
        return url
    path = Path(url.removeprefix("sqlite:///"))
    return f"sqlite:///{(beside / _at_home(path)).absolute()}"


def _with_file_beside(source: SourceSettings, beside: Path) -> SourceSettings:
    if source.api_key_file is None:
        return source
    return replace(source, api_key_file=(beside / _at_home(source.api_key_file)).absolute())


def _at_home(path: Path) -> Path:
    """Replace a leading ~, where there is a home."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
