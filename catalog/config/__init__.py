"""The configuration: TOML, environment and secret files become one frozen Config, or every problem at once.

Only cli, library and wiring load it. All others take the records of `catalog.settings`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from catalog.config import addresses, databases, keys, kinds, places, reading, watchlist
from catalog.config.keys import Key
from catalog.config.problems import shown
from catalog.errors import ConfigError
from catalog.settings import (
    AlertSettings,
    DatabaseSettings,
    MonitorSettings,
    ScheduleSettings,
    SourceSettings,
    WatchSettings,
)

__all__ = [
    "Config",
    "Key",
    "channel_secret",
    "channel_url",
    "channel_variables",
    "database",
    "demand_no_chat_service",
    "key",
    "load",
    "ping_hint",
    "secrets",
    "watched",
]

_LONG_TARGET = 8  # characters; shorter ones are words


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """What the user asked for, checked. It holds no key: `key` looks one up when a source is really asked."""

    database: DatabaseSettings
    sources: tuple[SourceSettings, ...]
    schedule: ScheduleSettings = field(default_factory=ScheduleSettings)
    alerts: tuple[AlertSettings, ...] = ()
    watch: WatchSettings = field(default_factory=WatchSettings)
    monitor: MonitorSettings = field(default_factory=MonitorSettings)
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

    def channel(self, name: str) -> AlertSettings:
        """Give the channel of this name."""
        known = {alert.name: alert for alert in self.alerts}
        if name not in known:
            hint = f"channels are: {', '.join(known) or 'none'}"
            raise ConfigError(f"no channel is named {shown(name)}{kinds.nearest(name, list(known))}", hint=hint)
        return known[name]


def load(
    path: Path | None = None, *, environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> Config:
    """Read the file given, else the one `CATALOG_CONFIG` names, else ./catalog.toml, else defaults and environment.

    Raises ConfigError that tells of every problem at once.
    """
    environ = os.environ if environ is None else environ
    directory = directory or _here()
    file = reading.find(path, environ, directory)
    found = reading.settings(file, environ, directory)
    return Config(
        database=found.database,
        sources=found.sources,
        schedule=found.schedule,
        alerts=found.alerts,
        watch=found.watch,
        monitor=found.monitor,
        path=file,
        warnings=tuple(reading.warnings(file, found)),
    )


def database(url: str, *, setting: str, directory: Path | None = None) -> DatabaseSettings:
    """Check a database URL that was typed elsewhere (`setting`: where); a relative SQLite path starts from here."""
    try:
        read = databases.DatabaseUrl().read(url)
    except ValueError as error:
        raise ConfigError(f"{setting} {error}") from None
    return DatabaseSettings(url=reading.placed(read, directory or _here()))


def key(source: SourceSettings, *, environ: Mapping[str, str] | None = None) -> Key:
    """Look up the key of a source, now. Raises ConfigError with a hint that names the variable or the file."""
    return keys.read(source, os.environ if environ is None else environ)


def channel_url(alert: AlertSettings, *, environ: Mapping[str, str] | None = None) -> Key | None:
    """Fill in the Apprise URL of a channel, or the URL of its webhook, now; None: it is a command.

    Raises ConfigError that names the variable that is missing, and never quotes the URL.
    """
    return addresses.url(alert, os.environ if environ is None else environ)


def channel_secret(alert: AlertSettings, *, environ: Mapping[str, str] | None = None) -> Key | None:
    """Look up what signs for a webhook, now; None: nothing is signed. Raises ConfigError when it is not there."""
    return addresses.secret(alert, os.environ if environ is None else environ)


def channel_variables(alert: AlertSettings) -> tuple[str, ...]:
    """Name the variables of the environment that hold secrets of a channel."""
    return addresses.variables(alert)


def demand_no_chat_service(alert: AlertSettings, *, environ: Mapping[str, str] | None = None) -> None:
    """Refuse a webhook to a chat service: it would refuse each message. Raises ConfigError that quotes no address."""
    address = channel_url(alert, environ=environ) if alert.webhook else None
    spelling = places.apprise_spelling(address.reveal()) if address else ""
    if spelling:
        words = f"alerts.{alert.name}.webhook: {places.host(address.reveal() if address else '')} takes no JSON of ours"
        raise ConfigError(words, hint=f'instead of webhook write url = "{spelling}": see https://appriseit.com')


def ping_hint(monitor: MonitorSettings) -> str:
    """Say that the watcher's address looks like one of another style; empty: it does not."""
    kuma = "/api/push/" in urlsplit(monitor.ping_url).path
    if kuma and monitor.ping_style != "uptime-kuma":
        return 'it looks like a push monitor of Uptime Kuma: set ping_style = "uptime-kuma"'
    if not kuma and monitor.ping_style == "uptime-kuma":
        return "it does not look like a push monitor of Uptime Kuma, whose address holds /api/push/"
    return ""


def watched(watch: WatchSettings) -> tuple[str, ...]:
    """Read the watched ids, those in files too, each once. Raises ConfigError for a file that cannot be used."""
    return watchlist.ids(watch)


def secrets(config: Config, *, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Give every text that no line may show, as far as it is known without opening a file."""
    environ = os.environ if environ is None else environ
    for source in config.sources:
        yield environ.get(source.api_key_env, "")
    told = [text for alert in config.alerts for text in addresses.known(alert, environ)]
    told.append(config.monitor.ping_url)
    yield from told
    yield from filter(None, map(_target, told))


def _target(address: str) -> str:
    """Give what of an address others quote without its host: the part that makes it a secret. Empty: there is none."""
    _, _, behind = address.partition("://")
    target = behind.partition("/")[2]
    return target if len(target) >= _LONG_TARGET else ""


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise ConfigError("the folder this was started in is gone", hint="cd to a folder that is there") from None
