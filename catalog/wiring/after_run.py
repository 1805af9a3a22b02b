"""What follows a run: sends alerts, writes metrics, pings the watcher. A failure of these fails no run."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from catalog import logs, wiring
from catalog.config import Config
from catalog.errors import CatalogError, ConfigError, DatabaseError, StoppedError
from catalog.http import hosts
from catalog.store.engine.database import Database
from catalog.store.outbox import enqueue, queue

if TYPE_CHECKING:
    from catalog.monitor.ping import Pinger
    from catalog.service.schedule import Chore

log = logging.getLogger("catalog.cli")
_HOUR = timedelta(hours=1)
_LOOK = timedelta(seconds=5)  # between two passes over the outbox
_PUBLISH = timedelta(seconds=15)  # between two looks for something to publish


def demand_places(config: Config, *, listens: bool = False) -> None:
    """Refuse, before a run begins, a metrics file that cannot be one, and an address that cannot be listened on.

    The address is only tried for a caller that `listens`. Raises ConfigError.
    """
    if config.monitor.metrics_file:
        from catalog.monitor import metrics

        metrics.demand_file(config.monitor.metrics_file)
    if listens and config.monitor.listen:
        from catalog.monitor import probes

        probes.demand_free(config.monitor.listen, "monitor.listen")


def demand_folder(config: Config) -> None:
    """Refuse a metrics file that could not be put into its folder. Raises ConfigError."""
    path = config.monitor.metrics_file
    if path is None:
        return
    from catalog import files

    words = ""
    try:
        folder = files.target(path).parent
        is_there = folder.is_dir()
    except OSError as error:  # links that lead in a circle, a folder that may not be searched
        words = f"cannot be reached ({error.strerror})"
    else:
        if not is_there:
            words = f"cannot be written: there is no folder {folder}"
        elif not os.access(folder, os.W_OK | os.X_OK):
            words = f"cannot be written: this user may not write to {folder}"
    if words:
        raise ConfigError(f"monitor.metrics_file: {path} {words}", hint="make the folder, or name another file")


def look_at_address(address: tuple[str, int], setting: str, served: str) -> str:
    """Say that an address is free, or what is served there. Raises ConfigError where it cannot be listened on."""
    from catalog.monitor import probes

    where = hosts.with_port(*address)
    if probes.ask(address, timeout=3.0) is not None:
        return f"{served} at {where}"
    probes.demand_free(address, setting)
    return f"{where} is free"


def follow(config: Config, database: Database, *, is_merged: bool, stop: threading.Event | None = None) -> None:
    """Do all that follows a run but the ping; pages are published where it was merged."""
    send_alerts(config, database, stop=stop)
    prune_records(config, database, stop=stop)
    write_metrics(config, database)
    if is_merged:
        _publish(config, database, logs.Outages(log))


def send_alerts(config: Config, database: Database, *, stop: threading.Event | None = None) -> None:
    """Send what is pending. What a channel does not take is logged, and stays pending."""
    outages = logs.Outages(log)
    if not config.alerts:
        _enqueue(config, database, outages)
        return
    from catalog.service import deliver

    with _told(outages, "alerts"):
        subscriptions = wiring.subscriptions(config)
        if subscriptions is not None:
            deliver.catch_up(database, subscriptions, wiring.sender(config, clock=database.now), stop=stop)


def _enqueue(config: Config, database: Database, outages: logs.Outages) -> None:
    """Enqueue what has become due by the passing of time; without any channel, only expire what is pending."""
    with _told(outages, "alerts"):
        subscriptions = wiring.subscriptions(config)
        if subscriptions is None:
            queue.expire_orphans(database, (), database.now())
        else:
            enqueue.from_clock(database, subscriptions, database.now())


def _send_to(
    config: Config,
    database: Database,
    channel: str,
    outages: logs.Outages,
    *,
    turn: threading.Lock,
    stop: threading.Event,
) -> None:
    """Send what is pending for one channel."""
    from catalog.service import deliver

    with _told(outages, f"alerts to {channel}"):
        sender = wiring.sender(config, clock=database.now, only=channel, turn=turn)
        deliver.deliver(database, sender, stop=stop)


@contextmanager
def _told(outages: logs.Outages, part: str) -> Iterator[None]:
    """Log what prevents alerts from being sent, when it begins and when it ends."""
    try:
        yield
    except CatalogError as error:
        outages.begin(part, f"no alert was sent: {error.message}", logs.event("alerts.unsent"))
    except Exception as error:
        if outages.begin(part, f"no alert was sent: unexpected: {type(error).__name__}", logs.event("alerts.unsent")):
            raise
    else:
        outages.end(part, "alerts are sent again", logs.event("alerts.resumed"))


def prune_records(config: Config, database: Database, *, stop: threading.Event | None = None) -> None:
    """Drop old records once a day, where that is configured, whichever worker comes first.

    A database that refuses, such as one whose role may not delete, is a line in the log, until the next day.
    """
    keep_runs = config.database.keep_runs
    if keep_runs is None:
        return
    from catalog.store.ingest import prune

    try:
        now = database.now()
        if prune.take_turn(database, now):
            done = prune.prune(database, older_than=keep_runs, now=now, sleep=partial(pause, stop))
            told = logs.event("records.pruned", runs=done.runs, deliveries=done.deliveries)
            log.debug("dropped %d old runs and %d deliveries", done.runs, done.deliveries, extra=told)
    except DatabaseError as error:
        hint = "let its role delete from catalog_run and catalog_delivery, or set database.keep_runs to forever"
        told = logs.event("records.unpruned", hint=hint)
        log.warning("old runs were not dropped: %s", error.message, extra=told)


def pause(stop: threading.Event | None, seconds: float = 0.0) -> None:
    """Wait between two steps. Raises StoppedError once the program is to end."""
    if (stop or threading.Event()).wait(seconds):
        raise StoppedError("it was stopped: the program was told to end")


def _metrics_page(config: Config, database: Database) -> bytes:
    from catalog.monitor import metrics

    channels = [alert.name for alert in config.alerts]
    return metrics.page(database, channels=channels, watched=wiring.watchlist(config))


def write_metrics(config: Config, database: Database, outages: logs.Outages | None = None) -> None:
    """Write the metrics file, where one is configured."""
    path = config.monitor.metrics_file
    if path is None:
        return
    from catalog.monitor import metrics

    outages, told = outages or logs.Outages(log), logs.event("metrics.unwritten", path=str(path))
    try:
        metrics.demand_file(path)
        metrics.write(path, _metrics_page(config, database))
    except CatalogError as error:
        outages.begin("metrics", f"no metrics were written: {error.message}", told)
    except OSError as error:
        outages.begin("metrics", f"the metrics file {path} cannot be written ({error.strerror})", told)
    else:
        outages.end("metrics", f"metrics are written again: {path}", logs.event("metrics.resumed", path=str(path)))


def _publish(config: Config, database: Database, outages: logs.Outages, *, stop: threading.Event | None = None) -> bool:
    """Publish the pages, where a folder is configured; tells whether it came to its end."""
    folder, done = config.publish.folder, None
    if folder is None:
        return True
    from catalog.wiring import sites

    told = logs.event("publish.failed", path=str(folder))
    try:
        done = sites.publish(config, database, folder, progress=lambda _: pause(stop))
    except StoppedError:  # what is there is whole, and the next run goes on
        return False
    except CatalogError as error:
        outages.begin("publish", f"the pages were not published: {error.message}", told | {"hint": error.hint})
    else:
        outages.end("publish", "pages are published again", logs.event("publish.resumed", path=str(folder)))
    return done is not None


class _Publisher:
    """Publishes the pages when a run has ended since the last time that it came to its end."""

    def __init__(self, config: Config, database: Database, stop: threading.Event) -> None:
        self._config, self._database, self._outages, self._stop = config, database, logs.Outages(log), stop
        self._seen: object = None

    def __call__(self) -> None:
        from catalog.store.queries import history

        with self._database.read() as connection:
            runs, changes = history.runs(connection, limit=1), history.changes(connection, limit=1)
            seen = history.sources(connection), list(runs), list(changes)
        if seen != self._seen and _publish(self._config, self._database, self._outages, stop=self._stop):
            self._seen = seen


def chores(config: Config, database: Database, *, stop: threading.Event) -> "list[Chore]":
    """Give the worker's chores: what follows each run of `catalog sync`, at intervals of its own.

    Each channel has a chore of its own, so one that hangs delays no other.
    """
    from catalog.service.schedule import Chore

    outages, every = logs.Outages(log), _LOOK if config.alerts else _HOUR
    found = [Chore(name="alerts", work=partial(_enqueue, config, database, outages), every=every)]
    for alert in config.alerts:
        send = partial(_send_to, config, database, alert.name, outages, turn=threading.Lock(), stop=stop)
        found.append(Chore(name=f"alerts to {alert.name}", work=send, every=_LOOK))
    if config.database.keep_runs is not None:
        found.append(Chore(name="old runs", work=partial(prune_records, config, database, stop=stop), every=_HOUR))
    if config.publish.folder:
        found.append(Chore(name="pages", work=_Publisher(config, database, stop), every=_PUBLISH))
    if config.monitor.metrics_file:
        write = partial(write_metrics, config, database, logs.Outages(log))
        found.append(Chore(name="metrics", work=write, every=timedelta(seconds=15)))
    return found


def probed(config: Config, database: Database, alive: Callable[[], bool]) -> AbstractContextManager[object]:
    """Serve /metrics and /healthz while the block lasts, where `monitor.listen` is set."""
    address = config.monitor.listen
    if address is None:
        return nullcontext()
    from catalog.monitor import probes

    def problems() -> list[str]:
        found = [] if alive() else ["the schedule stands still, or a run hangs"]
        gone = f"the database {database.describe()} is gone: no run can be recorded"
        return found if database.exists() else [*found, gone]

    return probes.serving(address, page=partial(_metrics_page, config, database), problems=problems)


def problems_of(database: Database, names: Iterable[str]) -> dict[str, tuple[str, datetime | None]]:
    """Give the problem of each of these sources ("" for none) and the end of its last run. Raises DatabaseError."""
    from catalog.store.queries import source_health

    with database.read() as connection:
        known = {one.row.source: one for one in source_health.all_(connection)}
    return {
        name: (f"{name}: {one.problem}" if one.problem else "", one.last.finished_at if one.last else None)
        for name in names
        if (one := known.get(name))
    }


def pinger(config: Config) -> "Pinger | None":
    """Give what pings the watcher, where one is configured."""
    if not config.monitor.ping_url:
        return None
    from catalog.monitor.ping import Pinger, Style

    return Pinger(url=config.monitor.ping_url, style=Style(config.monitor.ping_style))


@contextmanager
def pinged(config: Config, database: Database) -> Iterator[list[str]]:
    """Ping the watcher when a sync begins and when it ends; the block adds its problems to the list.

    Problems that the database knows of any configured source count, too: one watcher may watch several commands.
    """
    watcher = pinger(config)
    problems: list[str] = []
    if watcher:
        watcher.started()
    try:
        yield problems
    except BaseException as error:
        problems.append(error.message if isinstance(error, CatalogError) else f"it ended with {type(error).__name__}")
        raise
    finally:
        if watcher:
            recorded = _recorded(config, database)  # beside these words, a run's own name its number
            problems = [words for words in problems if not words.startswith(tuple(recorded))]
            told = "\n".join(dict.fromkeys([*problems, *recorded]))
            watcher.failed(told) if told else watcher.succeeded()


def _recorded(config: Config, database: Database) -> list[str]:
    try:
        found = problems_of(database, config.names)
        return [words for words, _ in found.values() if words]
    except CatalogError as error:
        return [error.message]
