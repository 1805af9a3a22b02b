"""What follows a run: alerts are sent, metrics written, and whoever watches us is told. None of it can fail a run."""

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from catalog import logs
from catalog.config import Config
from catalog.errors import CatalogError, ConfigError
from catalog.store.engine.database import Database

if TYPE_CHECKING:
    from catalog.monitor.ping import Pinger
    from catalog.service.schedule import Chore

log = logging.getLogger("catalog.cli")
_LOOK = timedelta(seconds=5)  # between two looks at what is owed


def demand_places(config: Config) -> None:
    """Refuse a metrics file that cannot be one, before anything is made. Raises ConfigError."""
    if config.monitor.metrics_file:
        from catalog.monitor import metrics

        metrics.demand_file(config.monitor.metrics_file)


def demand_address(config: Config) -> None:
    """Refuse an address that cannot be listened on, before anything is made. Raises ConfigError."""
    if config.monitor.listen:
        from catalog.monitor import probes

        probes.demand_free(config.monitor.listen)


def demand_folder(config: Config) -> None:
    """Refuse a metrics file that could not be put into its folder. Raises ConfigError."""
    path = config.monitor.metrics_file
    if path is None:
        return
    from catalog import files

    words = ""
    try:
        folder = files.target(path).parent
    except OSError as error:
        words = f"is a link that leads nowhere ({error.strerror})"
    else:
        if not folder.is_dir():
            words = f"cannot be written: there is no folder {folder}"
        elif not os.access(folder, os.W_OK | os.X_OK):
            words = f"cannot be written: this user may not write to {folder}"
    if words:
        raise ConfigError(f"monitor.metrics_file: {path} {words}", hint="make the folder, or name another file")


def look_at_address(config: Config) -> str:
    """Say how it stands with the address to listen on: free, or a worker answers there. Raises ConfigError."""
    if config.monitor.listen is None:
        return ""
    from catalog.monitor import probes

    host, port = config.monitor.listen
    if probes.ask(config.monitor.listen, timeout=3.0) is not None:
        return f"a worker answers at {host}:{port}"
    probes.demand_free(config.monitor.listen)
    return f"{host}:{port} is free"


def follow(config: Config, database: Database, *, stop: threading.Event | None = None) -> None:
    """Do all that follows a run but the ping."""
    send_alerts(config, database, stop=stop)
    write_metrics(config, database)


def send_alerts(config: Config, database: Database, *, stop: threading.Event | None = None) -> None:
    """Send what is owed. A channel that does not take it is told of in the log; it stays owed."""
    outages = logs.Outages(log)
    if not config.alerts:
        _forsake(database, outages)
        return
    from catalog import wiring
    from catalog.service import deliver

    with _told(outages, "alerts"):
        subscriptions = wiring.subscriptions(config)
        if subscriptions is not None:
            deliver.catch_up(database, subscriptions, wiring.sender(config, clock=database.now), stop=stop)


def _forsake(database: Database, outages: logs.Outages) -> None:
    """Give up what was owed while there were channels."""
    from catalog.store.outbox import queue

    with _told(outages, "alerts"):
        queue.expire_orphans(database, (), database.now())


def _owe(config: Config, database: Database, outages: logs.Outages) -> None:
    """Owe what the passing of time has to tell."""
    from catalog import wiring
    from catalog.store.outbox import enqueue

    with _told(outages, "alerts"):
        subscriptions = wiring.subscriptions(config)
        if subscriptions is not None:
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
    """Send what one channel is owed."""
    from catalog import wiring
    from catalog.service import deliver

    with _told(outages, f"alerts to {channel}"):
        sender = wiring.sender(config, clock=database.now, only=channel, turn=turn)
        deliver.deliver(database, sender, stop=stop)


@contextmanager
def _told(outages: logs.Outages, part: str) -> Iterator[None]:
    """Log what keeps alerts from being sent, when it begins and when it ends."""
    try:
        yield
    except CatalogError as error:
        outages.begin(part, f"no alert was sent: {error.message}", logs.event("alerts.unsent"))
    except Exception as error:
        if outages.begin(part, f"no alert was sent: unexpected: {type(error).__name__}", logs.event("alerts.unsent")):
            raise
    else:
        outages.end(part, "alerts are sent again", logs.event("alerts.resumed"))


def write_metrics(config: Config, database: Database, outages: logs.Outages | None = None) -> None:
    """Write the metrics file, where one is configured."""
    path = config.monitor.metrics_file
    if path is None:
        return
    from catalog.monitor import metrics

    outages, told = outages or logs.Outages(log), logs.event("metrics.unwritten", path=str(path))
    try:
        metrics.demand_file(path)
        metrics.write(path, metrics.page(database))
    except CatalogError as error:
        outages.begin("metrics", f"no metrics were written: {error.message}", told)
    except OSError as error:
        outages.begin("metrics", f"the metrics file {path} cannot be written ({error.strerror})", told)
    else:
        outages.end("metrics", f"metrics are written again: {path}", logs.event("metrics.resumed", path=str(path)))


def chores(config: Config, database: Database, *, stop: threading.Event) -> "list[Chore]":
    """Give what a worker does in between: what follows each run of `catalog sync`, but at its own pace.

    Each channel has a chore of its own: one that hangs keeps no other waiting for the next look.
    """
    from catalog.service.schedule import Chore

    found, outages = [], logs.Outages(log)
    if config.alerts:
        found.append(Chore(name="alerts", work=partial(_owe, config, database, outages), every=_LOOK))
    else:
        found.append(Chore(name="alerts", work=partial(_forsake, database, outages), every=timedelta(hours=1)))
    for alert in config.alerts:
        send = partial(_send_to, config, database, alert.name, outages, turn=threading.Lock(), stop=stop)
        found.append(Chore(name=f"alerts to {alert.name}", work=send, every=_LOOK))
    if config.monitor.metrics_file:
        write = partial(write_metrics, config, database, logs.Outages(log))
        found.append(Chore(name="metrics", work=write, every=timedelta(seconds=15)))
    return found


def probed(config: Config, database: Database, alive: Callable[[], bool]) -> AbstractContextManager[object]:
    """Answer whoever looks at a worker for as long as the block lasts, where that is configured."""
    address = config.monitor.listen
    if address is None:
        return nullcontext()
    from catalog.monitor import metrics, probes

    return probes.serving(
        address,
        page=lambda: metrics.page(database),
        problems=lambda: list(_ailments(database, alive)),
    )


def _ailments(database: Database, alive: Callable[[], bool]) -> Iterator[str]:
    if not alive():
        yield "the schedule stands still, or a run hangs"
    if not database.exists():
        yield f"the database {database.describe()} is gone: no run can be recorded"


def troubles(database: Database, names: Iterable[str]) -> dict[str, tuple[str, datetime | None]]:
    """Say of each of these sources what the database knows against it, and when that run ended; empty: nothing.

    Raises DatabaseError.
    """
    from catalog.store.queries import source_health

    with database.read() as connection:
        known = {one.row.source: one for one in source_health.all_(connection)}
    found = {name: known[name] for name in names if name in known}
    return {
        name: (f"{name}: {one.problem}" if one.problem else "", one.last.finished_at if one.last else None)
        for name, one in found.items()
    }


def pinger(config: Config) -> "Pinger | None":
    """Give what tells the watcher, where one is configured."""
    if not config.monitor.ping_url:
        return None
    from catalog.monitor.ping import Pinger, Style

    return Pinger(url=config.monitor.ping_url, style=Style(config.monitor.ping_style))


@contextmanager
def pinged(config: Config, database: Database) -> Iterator[list[str]]:
    """Tell the watcher that a sync begins and how it ended; the block collects what went wrong.

    What the database knows against any configured source counts, too: a watcher may watch several commands.
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
            problems += _recorded(config, database)
            told = "\n".join(dict.fromkeys(problems))
            watcher.failed(told) if told else watcher.succeeded()


def _recorded(config: Config, database: Database) -> list[str]:
    try:
        return [words for words, _ in troubles(database, [source.name for source in config.sources]).values() if words]
    except CatalogError as error:
        return [error.message]
