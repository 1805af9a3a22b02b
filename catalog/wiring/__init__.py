"""Makes the working parts from the configuration. The only module that knows all of them."""

import json
import random
import threading
import uuid
from collections.abc import Callable, Collection
from contextlib import closing, suppress
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from catalog import config as configuration
from catalog import watch
from catalog.clock import utc_now
from catalog.config import Config, Key, apis
from catalog.domain import ModelName
from catalog.errors import CatalogError, ConfigError, NoCatalogError
from catalog.settings import AlertSettings, SourceSettings
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.queries import run_report

# What speaks HTTP is imported where it is wanted: most commands only ask the database.
if TYPE_CHECKING:
    from catalog.events import Message, Rule, Subscriptions
    from catalog.service.deliver import AlertChannel, Sender
    from catalog.service.sync import Connect
    from catalog.upstream.failures.api_words import Known
    from catalog.upstream.fetch import OnRetry


def database(
    config: Config, *, must_exist: bool | None = None, on_busy: Callable[[], object] | None = None
) -> Database:
    """Give the configured database, unopened. Readers pass `must_exist`; else the setting decides.

    `on_busy` is called when a transaction waits for another process.
    """
    wanted = config.database.must_exist if must_exist is None else must_exist
    try:
        return databases.open_(config.database.url, must_exist=wanted, on_busy=on_busy)
    except NoCatalogError as error:
        if config.database.must_exist:
            hint = "check database.url; for a new catalog there, set database.must_exist = false until its first sync"
            raise NoCatalogError(error.message, hint=hint) from None
        raise


def connector(
    key: Callable[[SourceSettings], Key | None] = configuration.key,
    *,
    known: "Known | None" = None,
    on_retry: "OnRetry | None" = None,
) -> "Connect":
    """Give what makes the client of a source. It raises ConfigError when the key is missing, or cannot be sent.

    `known` says which words are ids of models: only needed where a person is shown what an API says of an error.
    A host that asks one of these clients to wait is left alone by all of them. `on_retry` is told of each wait.
    """
    from catalog.upstream import fetch
    from catalog.upstream.client import SourceClient
    from catalog.upstream.failures import http_failures
    from catalog.upstream.pauses import HostPauses

    pauses, telling = HostPauses(), known or http_failures.nothing_known
    tell = on_retry or fetch.ignore_retry

    def connect(source: SourceSettings) -> SourceClient:
        found = key(source)
        secret = found.reveal() if found else None
        return SourceClient(source, secret, known=telling, fitting=apis.fitting, pauses=pauses, on_retry=tell)

    return connect


def known_ids(config: Config) -> "Known":
    """Give what says which words are ids of models: those in the catalog, while it can be read."""

    def known(words: Collection[str]) -> Collection[str]:
        from catalog.store.queries import history

        with suppress(CatalogError), closing(database(config)) as catalog:
            if words and catalog.exists():
                with catalog.read() as connection:
                    return history.known_ids(connection, words)
        return ()

    return known


def has_begun(database: Database, settings: SourceSettings, since: datetime) -> bool:
    """Tell whether a run of a source, of this worker or another one, began at that moment or later."""
    with database.read() as connection:
        return run_report.has_begun(connection, settings.name, since, utc_now())


def subscriptions(config: Config) -> "Subscriptions | None":
    """Give which channels are told what; None: no channel is configured. Raises ConfigError for a bad watchlist."""
    if not config.alerts:
        return None
    from catalog.alerts import composer
    from catalog.events import Subscriptions

    watched = watchlist(config)
    if watched is None and any(alert.only for alert in config.alerts):
        configuration.watched(config.watch, config.names)  # says why it cannot be read
    return Subscriptions(
        rules=tuple(_rule(config, alert, watched or frozenset()) for alert in config.alerts),
        composer=composer,
        milestones=tuple(config.watch.milestones),
        watched=watched,
    )


def watchlist(config: Config) -> frozenset[ModelName] | None:
    """Give what is watched; None when it cannot be read, which stops only the channels that are limited to it."""
    try:
        return frozenset(configuration.watched(config.watch, config.names))
    except ConfigError:
        return None


def sender(
    config: Config, *, clock: Callable[[], datetime], only: str | None = None, turn: "threading.Lock | None" = None
) -> "Sender":
    """Give what sends alerts, to one channel or to all.

    The clock must be that of the database: with clocks of their own, two workers would not agree on when a lease ends,
    and would send twice. A channel whose address or secret is missing fails when something is sent to it. All senders
    of one channel share a `turn`: while one message hangs, no other is started.
    """
    from catalog.alerts import wording
    from catalog.service.deliver import Sender
    from catalog.web import names

    def page(source: str, id: str | None) -> str:
        path = "changes.html" if id is None else names.model_path(source, id)
        return config.web.base_url and f"{config.web.base_url.rstrip('/')}/{path}"

    return Sender(
        channels={
            alert.name: _Channel(partial(channel, config, alert, turn=turn))
            for alert in config.alerts
            if only in {None, alert.name}
        },
        render=lambda payload, room: wording.render(json.loads(payload), room, page),
        severity=lambda payload: wording.severity(json.loads(payload)),
        clock=clock,
        spread=random.random,
        token=lambda: uuid.uuid4().hex,
    )


class _Channel:
    """Opens its channel when the first message is sent: most runs send nothing, and need no library for it."""

    def __init__(self, open_: "Callable[[], AlertChannel]") -> None:
        self._opened = cache(open_)

    def send(self, message: "Message") -> None:
        self._opened().send(message)


def channel(config: Config, alert: AlertSettings, *, turn: "threading.Lock | None" = None) -> "AlertChannel":
    """Open one channel. Raises ConfigError when its address or secret is missing or cannot be used."""
    from catalog.alerts.channels import apprise_urls, command, webhook

    url = configuration.channel_url(alert)
    if url is None:
        named = [name for each in config.alerts for name in configuration.channel_variables(each)]
        # What holds a secret is kept from the program: it needs none of them to be told of changes.
        withheld = [*(source.api_key_env for source in config.sources), *named, "CATALOG_DATABASE_URL"]
        return command.open_(alert.command or (), withheld=withheld)
    if alert.webhook is None:
        apprise_urls.check(url.reveal())
        return apprise_urls.open_(url.reveal(), turn=turn)
    secret = configuration.channel_secret(alert)
    return webhook.open_(url.reveal(), secret=secret.reveal() if secret else None)


def check_channel(config: Config, alert: AlertSettings) -> None:
    """Raise ConfigError unless a channel has all it needs to send something; sends nothing."""
    channel(config, alert)
    configuration.demand_no_chat_service(alert)
    if alert.command:
        from catalog.alerts.channels import command

        command.check(alert.command)


def _rule(config: Config, alert: AlertSettings, watched: frozenset[ModelName]) -> "Rule":
    from catalog.events import Rule, parse_events

    events, changed_fields = parse_events(alert.events)
    return Rule(
        channel=alert.name,
        events=events,
        changed_fields=changed_fields,
        models=tuple(watch.named(pattern, config.names) for pattern in alert.models),
        sources=alert.sources,
        lines=alert.lines,
        lifecycles=alert.lifecycles,
        watched=watched if alert.only else None,
        settle=alert.settle,
        failures=alert.failures,
    )
