"""From a file and the environment to checked settings. Every value is laid beside its setting's kind."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.config import channels, databases, freshness, keys, places, slips, tables
from catalog.config.problems import Problems, shown
from catalog.config.schema import SETTINGS
from catalog.config.tables import Table
from catalog.errors import ConfigError
from catalog.http import hosts
from catalog.settings import (
    AlertSettings,
    DatabaseSettings,
    GuardSettings,
    ListSettings,
    MonitorSettings,
    ScheduleSettings,
    SourceSettings,
    WatchSettings,
)

_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_WELL_KNOWN = "anthropic"  # the source whose variables users of the API have set already
_TABLES: Mapping[str, Any] = {"database": {}, "sources": {}, "schedule": {}, "alerts": [], "watch": {}, "monitor": {}}
_INNER: Mapping[str, type] = {"guard": GuardSettings, "list": ListSettings}  # tables inside that of a source
_POSITION = re.compile(r"\(at (line \d+, column \d+|end of document)\)$")


def find(path: Path | None, environ: Mapping[str, str], directory: Path) -> Path | None:
    """Say which file is meant; None: there is none, and none was asked for."""
    named = environ.get("CATALOG_CONFIG")
    if path is not None:
        return directory / path
    if named:
        slip = "" if os.path.lexists(directory / named) else slips.found(named)
        if slip:
            raise ConfigError(f"CATALOG_CONFIG {slip}", hint="export CATALOG_CONFIG=/path/to/catalog.toml")
        return directory / named
    usual = directory / "catalog.toml"
    return usual if os.path.lexists(usual) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Every table of the file, checked."""

    database: DatabaseSettings
    sources: tuple[SourceSettings, ...]
    schedule: ScheduleSettings
    alerts: tuple[AlertSettings, ...]
    watch: WatchSettings
    monitor: MonitorSettings

    def placed(self, beside: Path, *, database: Path) -> "Settings":
        """Make every relative path absolute; the database's may begin elsewhere."""
        metrics = self.monitor.metrics_file
        return replace(
            self,
            database=replace(self.database, url=placed(self.database.url, database)),
            sources=tuple(_with_file_beside(source, beside) for source in self.sources),
            alerts=tuple(channels.with_file_beside(alert, beside) for alert in self.alerts),
            watch=replace(self.watch, files=tuple(tables.placed(Path(each), beside) for each in self.watch.files)),
            monitor=replace(self.monitor, metrics_file=metrics and tables.placed(metrics, beside)),
        )


def settings(file: Path | None, environ: Mapping[str, str], directory: Path) -> Settings:
    """Check everything; raises ConfigError that tells of all problems."""
    problems, document, origin = Problems(), _parse(file) if file else {}, str(file or "the defaults")
    for name in [each for each in document if each not in _TABLES]:
        problems.unknown("", name, _TABLES, origin)
    read = {name: document.get(name, empty) for name, empty in _TABLES.items()}
    schedule = _schedule(read["schedule"], origin, problems)
    found = Settings(
        database=DatabaseSettings(
            **_plain(read["database"], "database", DatabaseSettings, origin, problems, environ=environ)
        ),
        sources=tuple(_sources(read["sources"], schedule, environ, origin, problems)),
        schedule=schedule,
        alerts=tuple(channels.read(read["alerts"], origin, problems)),
        watch=WatchSettings(**_plain(read["watch"], "watch", WatchSettings, origin, problems, environ=environ)),
        monitor=MonitorSettings(
            **_plain(read["monitor"], "monitor", MonitorSettings, origin, problems, environ=environ)
        ),
    )
    _check_all(found, origin, problems)
    problems.raise_any()
    beside = file.parent if file else directory
    from_environment = "url" not in read["database"] and bool(environ.get("CATALOG_DATABASE_URL"))
    return found.placed(beside, database=directory if from_environment else beside)


def warnings(file: Path | None, settings: Settings) -> Iterator[str]:
    """Tell of secrets that lie open."""
    files = [source.api_key_file for source in settings.sources]
    files += [alert.webhook.secret_file for alert in settings.alerts if alert.webhook]
    if file and _is_telling(file, settings):
        files.append(file)
    for each in dict.fromkeys(files):
        if each and keys.is_open_to_all(each):
            yield f"{each} holds a secret, and every user of this machine may read it: chmod 600 {each}"


def _is_telling(file: Path, settings: Settings) -> bool:
    """Tell whether the file itself holds a secret: a password, or an address that whoever knows it can use."""
    written = _parse(file).get("database", {}).get("url", "")
    in_database = bool(written) and bool(databases.password(settings.database.url))
    ping = settings.monitor.ping_url
    in_ping = bool(ping) and not hosts.is_loopback(places.host(ping))
    return in_database or in_ping or any(map(channels.is_telling, settings.alerts))


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


def _plain(
    raw: object, name: str, settings: type, file: str, problems: Problems, *, environ: Mapping[str, str]
) -> dict[str, Any]:
    """Read a table that needs nothing but its settings and the environment."""
    known, written = SETTINGS[settings], tables.checked(raw, name, file, problems)
    return tables.read(tables.with_environment(Table(f"{name}.", written, {}, file), known, environ), known, problems)


def _schedule(raw: object, file: str, problems: Problems) -> ScheduleSettings:
    table = Table("schedule.", tables.checked(raw, "schedule", file, problems), {}, file)
    tables.keep_one(table, ("every", "cron"), problems)
    return ScheduleSettings(**_one_cadence(tables.read(table, SETTINGS[ScheduleSettings], problems)))


def _one_cadence(good: dict[str, Any]) -> dict[str, Any]:
    return {**good, "every": None} if "cron" in good else good


def _sources(
    raw: object, schedule: ScheduleSettings, environ: Mapping[str, str], file: str, problems: Problems
) -> list[SourceSettings]:
    written = tables.checked(raw, "sources", file, problems) or {_WELL_KNOWN: {}}
    sources = []
    for name, table in written.items():
        if not _SOURCE_NAME.fullmatch(name):
            words = "a source's name is 1 to 63 of a-z, 0-9, - and _, and begins with a letter or digit"
            problems.add(f"sources.{shown(name)}", words, file)
        else:
            sources.append(_scheduled(_source(name, table, environ, file, problems), table, schedule))
    return sources


def _source(name: str, raw: object, environ: Mapping[str, str], file: str, problems: Problems) -> SourceSettings:
    path, known = f"sources.{name}", SETTINGS[SourceSettings]
    written = dict(tables.checked(raw, path, file, problems))
    inner = {name: tables.checked(written.pop(name, {}), f"{path}.{name}", file, problems) for name in _INNER}
    table = Table(f"{path}.", written, {}, file)
    if name == _WELL_KNOWN:
        table = _with_token(tables.with_environment(table, known, environ), environ)
    source = SourceSettings(
        name=name,
        **_one_cadence(tables.read(table, known, problems, also=tuple(_INNER))),
        **{
            name: kind(**tables.read(Table(f"{path}.{name}.", inner[name], {}, file), SETTINGS[kind], problems))
            for name, kind in _INNER.items()
        },
    )
    _check_together(source, table, problems)
    return source


def _scheduled(source: SourceSettings, written: object, schedule: ScheduleSettings) -> SourceSettings:
    """Fill in from [schedule], and from how often the list is read, what the source leaves out."""
    named = written.keys() if isinstance(written, dict) else set()
    if not {"every", "cron"} & named:
        source = replace(source, every=schedule.every, cron=schedule.cron)
    if "stale_after" in named:
        return source
    return replace(source, stale_after=freshness.stale_after(source.every, source.cron))


def _with_token(table: Table, environ: Mapping[str, str]) -> Table:
    """Take ANTHROPIC_AUTH_TOKEN for the key when the file names none, and there is no other or a bearer is wanted."""
    variable, auth = "ANTHROPIC_AUTH_TOKEN", table.values.get("auth")
    if not environ.get(variable) or {"api_key_env", "api_key_file"} & table.values.keys():
        return table
    if auth == "bearer" or (auth is None and not environ.get("ANTHROPIC_API_KEY")):
        return replace(table, values={**table.values, "auth": "bearer", "api_key_env": variable})
    return table


def _check_together(source: SourceSettings, table: Table, problems: Problems) -> None:
    """Note what is wrong only in company."""
    url, host, named = source.base_url, places.host(source.base_url), table.values.keys()
    if places.is_plain(url) and not hosts.is_loopback(host) and not source.allow_http:
        words = "plain http:// would show the key to everybody on the way: use https://, or set allow_http = true"
        problems.add(f"{table.path}base_url", words, table.origin("base_url"))
    tables.keep_one(table, ("api_key_env", "api_key_file"), problems)
    tables.keep_one(table, ("every", "cron"), problems)
    own = source.name == _WELL_KNOWN or host == "api.anthropic.com" or hosts.is_loopback(host)
    if not own and not {"api_key_env", "api_key_file"} & named:
        words = "must be given: the key in ANTHROPIC_API_KEY is not sent to another host unless you say so"
        problems.add(f"{table.path}api_key_env", words, table.file)


def _check_all(found: Settings, file: str, problems: Problems) -> None:
    """Note what is wrong only when tables are seen together."""
    jitter, names = found.schedule.jitter, [source.name for source in found.sources]
    if any(source.every and source.every < jitter for source in found.sources):
        problems.add("schedule.jitter", "must not be longer than the `every` it is added to", file)
    watches = bool(found.watch.models or found.watch.files)
    for alert in found.alerts:
        channels.check_together(alert, names, file, problems, watches=watches)


def placed(url: str, beside: Path) -> str:
    """Make a SQLite path absolute."""
    if not url.startswith("sqlite:///"):
        return url
    return f"sqlite:///{tables.placed(Path(url.removeprefix('sqlite:///')), beside)}"


def _with_file_beside(source: SourceSettings, beside: Path) -> SourceSettings:
    if source.api_key_file is None:
        return source
    return replace(source, api_key_file=tables.placed(source.api_key_file, beside))
