"""One pass over the outbox: lease, word, send, acknowledge. Joins store and alerts.

Every channel has a thread of its own, so that one that is down, slow or broken delays no other. A message is noted as
delivered after its channel took it, never before; one that was taken in the very moment of a crash goes out again with
the same id.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from catalog import logs
from catalog.errors import CatalogError, DatabaseError
from catalog.events import DeliveryError, Message, Room
from catalog.store.engine.database import Database
from catalog.store.outbox import backoff, enqueue, queue
from catalog.store.outbox.enqueue import Desk
from catalog.store.outbox.queue import Leased

log = logging.getLogger("catalog.service.deliver")
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0  # seconds between attempts; they double


class Channel(Protocol):
    """Takes a message, or raises DeliveryError. Ends well before queue.LEASE whatever the other side does."""

    def send(self, message: Message) -> None: ...


# Words a frozen payload for the room of a channel: gives subject and text.
Render = Callable[[str, Room], tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """What a pass needs besides the database. `spread` gives 0..1, `token` a name nobody else has."""

    channels: Mapping[str, Channel]
    render: Render
    clock: Callable[[], datetime]
    spread: Callable[[], float]
    token: Callable[[], str]
    monotonic: Callable[[], float] = time.monotonic


@dataclass(kw_only=True, slots=True)
class Report:
    """What a pass did, channel by channel."""

    delivered: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # why, in words


def catch_up(
    database: Database, desk: Desk, sender: Sender, *, seconds: float = 30.0, stop: threading.Event | None = None
) -> Report:
    """Owe what the passing of time has to tell, then send what is due. Raises DatabaseError."""
    enqueue.of_time(database, desk, sender.clock())
    return deliver(database, sender, seconds=seconds, stop=stop)


def deliver(
    database: Database, sender: Sender, *, seconds: float = 30.0, stop: threading.Event | None = None
) -> Report:
    """Send what is due; begins no message after `seconds` or once `stop` is set. Raises DatabaseError."""
    with database.read() as connection:
        due = [name for name in queue.due(connection, sender.clock()) if name in sender.channels]
    report = Report()
    until = sender.monotonic() + seconds

    def go_on() -> bool:
        return sender.monotonic() < until and (stop is None or not stop.is_set())

    args = (database, sender, report, go_on)
    threads = [threading.Thread(target=_serve, args=(name, *args), daemon=True) for name in due]
    for thread in threads:
        thread.start()
    latest = time.monotonic() + seconds + queue.LEASE.total_seconds()
    for thread in threads:
        thread.join(max(0.0, latest - time.monotonic()))
    return report


def wait(attempts: int, spread: float, retry_after: float | None = None) -> timedelta:
    """How long to wait after so many attempts: as told, else half a minute, doubling to an hour, with jitter."""
    if retry_after is not None:
        return timedelta(seconds=min(max(retry_after, 1.0), backoff.LONGEST_PAUSE.total_seconds()))
    return timedelta(seconds=min(FIRST_WAIT * 2 ** min(attempts, 10), LONGEST_WAIT) * (0.75 + spread / 2))


def _serve(name: str, database: Database, sender: Sender, report: Report, go_on: Callable[[], bool]) -> None:
    """Send one channel's messages, oldest first, until one fails or none is due."""
    try:
        while go_on():
            now = sender.clock()
            leased = queue.lease(database, name, now, sender.token)
            if leased is None:
                return
            words = _send(database, sender, leased, now)
            if words is not None:
                report.failed[name] = words
                return
            report.delivered[name] = report.delivered.get(name, 0) + 1
    except DatabaseError as error:
        report.failed[name] = error.message
        log.warning("%s: %s", name, error.message, extra=logs.event("delivery.unnoted", channel=name))


def _send(database: Database, sender: Sender, leased: Leased, now: datetime) -> str | None:
    """Send one message; gives why the channel did not take it, None when it did."""
    try:
        sender.channels[leased.channel].send(_message(sender, leased, now))
    except DeliveryError as error:
        return _failed(database, sender, leased, error)
    except CatalogError as error:
        return _failed(database, sender, leased, DeliveryError(error.message))
    except Exception as error:  # noqa: BLE001 - whatever a channel does, the other channels and messages go on
        return _failed(database, sender, leased, DeliveryError(f"it failed with {type(error).__name__}"))
    queue.acknowledge(database, leased, sender.clock())
    told = logs.event(
        "delivery.made", channel=leased.channel, type=leased.type, id=leased.uid, attempts=leased.attempts + 1
    )
    log.debug("%s took %s", leased.channel, leased.uid, extra=told)
    return None


def _failed(database: Database, sender: Sender, leased: Leased, error: DeliveryError) -> str:
    pause = wait(leased.attempts, sender.spread(), error.retry_after)
    queue.fail(
        database,
        leased,
        error.message,
        now=sender.clock(),
        wait=pause,
        asked=error.retry_after is not None,  # it spoke of itself then, not of this message
        gone=error.gone,
        spread=sender.spread(),
    )
    told = logs.event("delivery.failed", channel=leased.channel, type=leased.type, id=leased.uid)
    log.warning("%s did not take %s: %s", leased.channel, leased.uid, error.message, extra=told)
    return error.message


def _message(sender: Sender, leased: Leased, now: datetime) -> Message:
    return Message(
        id=leased.uid,
        type=leased.type,
        payload=leased.payload,
        compose=partial(sender.render, leased.payload),
        sent_at=now,
    )
