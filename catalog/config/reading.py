"""Builds the configuration from a file and the environment."""

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from shlex import quote
from typing import Any

from catalog.config import apis, channels, databases, kinds, layouts, places, tables, toml_slips
from catalog.config.tables import Problems, Table, shown
from catalog.cron import Cron
from catalog.errors import ConfigError
from catalog.http import hosts
from catalog.settings import (
    AlertSettings,
    DatabaseSettings,
    GuardSettings,
    ListSettings,
    MonitorSettings,
    PublishSettings,
    ScheduleSettings,
    SourceSettings,
    WatchSettings,
    WebSettings,
)

_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_WELL_KNOWN = "anthropic"  # the source whose variables users of the API have set already
_TABLES: Mapping[str, Any] = {
    "database": {},
    "sources": {},
    "schedule": {},
    "alerts": [],
    "watch": {},
    "monitor": {},
    "web": {},
    "publish": {},
}
_INNER: Mapping[str, type] = {"guard": GuardSettings, "list": ListSettings}  # tables inside that of a source
_KEYS = ("api_key_env", "api_key_file")
_MIRROR_KEYS = ("mirror_key_env", "mirror_key_file")
_POSITION = re.compile(r"\(at (line \d+, column \d+|end of document)\)$")
_LEAST_STALE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What the user asked for, checked. It holds no key: `config.key` looks one up when a source is asked."""

    database: DatabaseSettings
    sources: tuple[SourceSettings, ...]
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    alerts: tuple[AlertSettings, ...] = ()
    watch: WatchSettings = field(default_factory=WatchSettings)
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
    web: WebSettings = field(default_factory=WebSettings)
    publish: PublishSettings = field(default_factory=PublishSettings)
    path: Path | None = None  # the file it was read from
    warnings: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all sources."""
        return tuple(source.name for source in self.sources)

    def select(self, names: Sequence[str]) -> tuple[SourceSettings, ...]:
        """Give the sources of these names, each once and in the file's order; all of them when none is named."""
        for name in names:
            if name not in self.names:
                hint = f"sources are: {', '.join(self.names)}"
                raise ConfigError(f"no source is named {shown(name)}{kinds.nearest(name, self.names)}", hint=hint)
        return tuple(source for source in self.sources if not names or source.name in names)

    def channel(self, name: str) -> AlertSettings:
        """Give the channel of this name."""
        known = {alert.name: alert for alert in self.alerts}
        if name not in known:
            hint = f"channels are: {', '.join(known) or 'none'}"
            raise ConfigError(f"no channel is named {shown(name)}{kinds.nearest(name, list(known))}", hint=hint)
        return known[name]


def find(path: Path | None, environ: Mapping[str, str], directory: Path) -> Path | None:
    """Say which file is meant; None: there is none, and none was asked for."""
    named = environ.get("CATALOG_CONFIG")
    if path is not None:
        return directory / path
    if named:
        slip = "" if os.path.lexists(directory / named) else kinds.slip(named)
        if slip:
            raise ConfigError(f"CATALOG_CONFIG {slip}", hint="export CATALOG_CONFIG=/path/to/catalog.toml")
        return directory / named
    usual = directory / "catalog.toml"
    return usual if os.path.lexists(usual) else None


def read(file: Path | None, environ: Mapping[str, str], directory: Path) -> Config:
    """Check everything; raises ConfigError that tells of all problems. Paths in it are absolute."""
    document = _parse(file) if file else {}
    problems = Problems(str(file or "the defaults"))
    for name in [each for each in document if each not in _TABLES]:
        problems.unknown("", name, _TABLES)
    written = {name: document.get(name, empty) for name, empty in _TABLES.items()}

    def plain(name: str, settings: type) -> dict[str, Any]:
        table = tables.with_environment(tables.checked(written[name], name, problems), settings, environ)
        return tables.read(table, settings, problems)

    schedule_table = tables.checked(written["schedule"], "schedule", problems)
    schedule = ScheduleSettings(**_with_cadence(schedule_table, ScheduleSettings, problems))
    config = Config(
        database=DatabaseSettings(**plain("database", DatabaseSettings)),
        sources=tuple(_sources(written["sources"], schedule, environ, problems)),
        schedule=schedule,
        alerts=tuple(channels.read(written["alerts"], problems)),
        watch=WatchSettings(**plain("watch", WatchSettings)),
        monitor=MonitorSettings(**plain("monitor", MonitorSettings)),
        web=WebSettings(**plain("web", WebSettings)),
        publish=PublishSettings(**plain("publish", PublishSettings)),
        path=file,
    )
    tables.keep_one(tables.checked(written["web"], "web", Problems("")), _MIRROR_KEYS, problems)
    _check_tables_together(config, problems)
    problems.raise_any()
    beside = file.parent if file else directory
    from_environment = "url" not in written["database"] and bool(environ.get("CATALOG_DATABASE_URL"))
    config = _placed(config, beside, database=directory if from_environment else beside)
    return replace(config, warnings=tuple(_warnings(config, names_database="url" in written["database"])))


def placed(url: str, beside: Path) -> str:
    """Make a SQLite path absolute."""
    if not url.startswith("sqlite:///"):
        return url
    return f"sqlite:///{tables.placed(Path(url.removeprefix('sqlite:///')), beside)}"


def stale_after(every: timedelta | None, cron: Cron | None) -> timedelta:
    """Give three times the longest pause between two runs: the age at which a catalog is stale."""
    pause = cron.longest_pause() if cron else every or _LEAST_STALE
    return max(3 * pause, _LEAST_STALE)


def _parse(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(f"there is no configuration file {file}", hint=f"catalog init {quote(str(file))}") from None
    except OSError as error:
        words = "this user may not read it" if isinstance(error, PermissionError) else "it is no readable file"
        raise ConfigError(f"the configuration file {file} cannot be read: {words}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the configuration file {file} is no text in UTF-8") from None
    except tomllib.TOMLDecodeError as error:  # Its words may quote the file, hence a secret: only the place is told.
        place = _POSITION.search(str(error))
        where = place[1] if place else "its end"
        words = f"the configuration file {file} is no valid TOML at {where}"
        raise ConfigError(words, hint=toml_slips.hint(str(error))) from None
    except RecursionError:
        raise ConfigError(f"the configuration file {file} is nested too deep") from None


def _with_cadence(table: Table, settings: type, problems: Problems, *, also: Iterable[str] = ()) -> dict[str, Any]:
    """Read a table in which `cron` may stand instead of `every`."""
    tables.keep_one(table, ("every", "cron"), problems)
    good = tables.read(table, settings, problems, also=also)
    return {**good, "every": None} if "cron" in good else good


def _sources(
    raw: object, schedule: ScheduleSettings, environ: Mapping[str, str], problems: Problems
) -> Iterator[SourceSettings]:
    written = tables.checked(raw, "sources", problems).values or {_WELL_KNOWN: {}}
    for name, table in written.items():
        if _SOURCE_NAME.fullmatch(name):
            yield _scheduled(_source(name, table, environ, problems), table, schedule)
        else:
            words = "a source's name is 1 to 63 of a-z, 0-9, - and _, and begins with a letter or digit"
            problems.add(f"sources.{shown(name)}", words)


def _source(name: str, raw: object, environ: Mapping[str, str], problems: Problems) -> SourceSettings:
    written = tables.checked(raw, f"sources.{name}", problems)
    api = written.values.get("api", apis.NATIVE)
    row = apis.row(api) if isinstance(api, str) else None
    whole = replace(written, values=apis.laid_under(written.values, row)) if row else written
    inner = {each: tables.checked(whole.values.get(each, {}), f"sources.{name}.{each}", problems) for each in _INNER}
    table = replace(whole, values={each: value for each, value in whole.values.items() if each not in _INNER})
    if name == _WELL_KNOWN and api == apis.NATIVE:
        table = _with_token(tables.with_environment(table, SourceSettings, environ), environ)
    source = SourceSettings(
        name=name,
        **_with_cadence(table, SourceSettings, problems, also=_INNER),
        **{each: settings(**tables.read(inner[each], settings, problems)) for each, settings in _INNER.items()},
        key_optional=row is not None and row.key_optional,
        largest_page=row.settings.get("page_size", 1000) if row else 1000,
        row_version=row.version if row else 1,
    )
    source = replace(source, list=_with_own_names(source), base_url=_with_version(source, table.values.get("base_url")))
    _check_together(source, written, table, problems)
    layouts.check(source, written, problems)
    return source


def _with_own_names(source: SourceSettings) -> ListSettings:
    """Add the columns that are not named: for Anthropic's list, from the members of their names."""
    usual = ListSettings().fields if source.api == apis.NATIVE else {}
    named = {**usual, **source.list.fields}
    return replace(source.list, fields={column: paths for column, paths in named.items() if any(paths)})


def _with_version(source: SourceSettings, written: object) -> str:
    """Give back a /v1 at the end of the base address where the path of the list does not begin with it."""
    cut = isinstance(written, str) and written.rstrip("/").endswith("/v1")
    return f"{source.base_url}/v1" if cut and not source.list.path.startswith("/v1/") else source.base_url


def _scheduled(source: SourceSettings, written: object, schedule: ScheduleSettings) -> SourceSettings:
    """Fill in from [schedule], and from how often the list is read, what the source leaves out."""
    named = written.keys() if isinstance(written, dict) else set()
    if not {"every", "cron"} & named:
        source = replace(source, every=schedule.every, cron=schedule.cron)
    if "stale_after" in named:
        return source
    return replace(source, stale_after=stale_after(source.every, source.cron))


def _with_token(table: Table, environ: Mapping[str, str]) -> Table:
    """Take ANTHROPIC_AUTH_TOKEN for the key when the file names none, and there is no other or a bearer is wanted."""
    variable, auth = "ANTHROPIC_AUTH_TOKEN", table.values.get("auth")
    if not environ.get(variable) or {"api_key_env", "api_key_file"} & table.values.keys():
        return table
    if auth == "bearer" or (auth is None and not environ.get("ANTHROPIC_API_KEY")):
        return replace(table, values={**table.values, "auth": "bearer", "api_key_env": variable})
    return table


def _check_together(source: SourceSettings, written: Table, table: Table, problems: Problems) -> None:
    """Note settings of a source that do not go together; `table` has what `written` has, and what is laid under it."""
    host = places.host(source.base_url)
    if places.is_plain(source.base_url) and not hosts.is_loopback(host) and not source.allow_http:
        problems.add(f"{table.path}base_url", channels.PLAIN_HTTP, table.origin("base_url"))
    tables.keep_one(table if source.api == apis.NATIVE else written, _KEYS, problems)
    row = apis.known(source.api)
    named = written.values.keys() | (table.values.keys() - row.settings.keys())  # in the file, or in the environment
    if source.api != apis.NATIVE and "base_url" not in table.values:
        problems.add(f"{table.path}base_url", f"must be given, such as {row.needs.get('base_url', 'https://HOST')}")
    elif not _may_have_usual_key(source, row, host) and not named & set(_KEYS):
        variable = row.key_variable or "ANTHROPIC_API_KEY"
        words = f"must be given: the key in {variable} is not sent to another host unless you say so"
        problems.add(f"{table.path}api_key_env", words)


def _may_have_usual_key(source: SourceSettings, row: apis.Row, host: str) -> bool:
    """Whether the host may see the key that is sent where no other is named; one that gets none may."""
    if source.auth == "none" or hosts.is_loopback(host):
        return True
    if source.api == apis.NATIVE:
        return source.name == _WELL_KNOWN or host == "api.anthropic.com"
    usual = row.settings.get("base_url")
    return not row.key_variable or usual is None or host == places.host(str(usual))


def _check_tables_together(config: Config, problems: Problems) -> None:
    """Note settings of several tables that do not go together."""
    jitter, names = config.schedule.jitter, [source.name for source in config.sources]
    if any(source.every and source.every < jitter for source in config.sources):
        problems.add("schedule.jitter", "must not be longer than the `every` it is added to")
    watches = bool(config.watch.models or config.watch.files)
    for alert in config.alerts:
        channels.check_together(alert, names, problems, watches=watches)
    for name in [each for each in config.publish.sources if each not in names]:
        problems.add("publish.sources", f"no source is named {shown(name)}{kinds.nearest(name, names)}")
    if words := open_mirror(config.web, config.web.listen):
        problems.add("web.mirror_open", words)


def open_mirror(web: WebSettings, listen: tuple[str, int] | None) -> str:
    """Say why the mirror may not be open at an address; empty: it may, or it is not open."""
    if not web.mirror_open:
        return ""
    if web.mirror_key_env or web.mirror_key_file:
        return "is given together with a key: keep one"
    if listen and not hosts.is_loopback(listen[0]):
        return f"is for this machine alone, and {listen[0]} is not: name a key with mirror_key_env or mirror_key_file"
    return ""


def _placed(config: Config, beside: Path, *, database: Path) -> Config:
    """Make every relative path absolute; the database's may begin elsewhere."""

    def place(path: Path | None) -> Path | None:
        return path and tables.placed(path, beside)

    return replace(
        config,
        database=replace(config.database, url=placed(config.database.url, database)),
        sources=tuple(replace(source, api_key_file=place(source.api_key_file)) for source in config.sources),
        alerts=tuple(channels.with_file_beside(alert, beside) for alert in config.alerts),
        watch=replace(config.watch, files=tuple(tables.placed(each, beside) for each in config.watch.files)),
        monitor=replace(config.monitor, metrics_file=place(config.monitor.metrics_file)),
        web=replace(config.web, mirror_key_file=place(config.web.mirror_key_file)),
        publish=replace(config.publish, folder=place(config.publish.folder)),
    )


def _warnings(config: Config, *, names_database: bool) -> Iterator[str]:
    """Tell of files with secrets that every user may read; `names_database`: the configuration file holds its URL."""
    files = [source.api_key_file for source in config.sources]
    files += [alert.webhook.secret_file for alert in config.alerts if alert.webhook]
    files.append(config.web.mirror_key_file)
    in_database = names_database and bool(databases.password(config.database.url))
    ping = config.monitor.ping_url
    in_ping = bool(ping) and not hosts.is_loopback(places.host(ping))
    if in_database or in_ping or any(map(channels.holds_secret, config.alerts)):
        files.append(config.path)
    for each in dict.fromkeys(files):
        if each and _is_open_to_all(each):
            yield f"{each} holds a secret, and every user of this machine may read it: chmod 600 {quote(str(each))}"


def _is_open_to_all(path: Path) -> bool:
    try:
        return path.is_file() and bool(path.stat().st_mode & 0o004)
    except OSError:
        return False
