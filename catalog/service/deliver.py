"""Sends what is pending in the outbox: one pass over all channels.

A message is acked after its channel took it, never before. If the process dies in between, the message is sent again
with the same id: at least once, and recognizable.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Protocol

from catalog import logs
from catalog.errors import CatalogError, DatabaseError
from catalog.events import DeliveryError, Message, Room, Severity, Subscriptions
from catalog.store.engine.database import Database
from catalog.store.outbox import enqueue, queue
from catalog.store.outbox.queue import Leased

log = logging.getLogger("catalog.service.deliver")


class AlertChannel(Protocol):
    """Takes a message, or raises DeliveryError. Must end well before queue.LEASE."""

    def send(self, message: Message) -> None: ...


# Words a payload so that it fits: gives subject and text.
Render = Callable[[str, Room], tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """What a pass needs besides the database. `spread` gives 0..1 for jitter, `token` a new unique text for a lease."""

    channels: Mapping[str, AlertChannel]
    render: Render
    clock: Callable[[], datetime]
    spread: Callable[[], float]
    token: Callable[[], str]
    monotonic: Callable[[], float] = time.monotonic
    severity: Callable[[str], Severity] = lambda _payload: Severity.INFO

    def message(self, leased: Leased, now: datetime) -> Message:
        return Message(
            id=leased.uid,
            type=leased.type,
            payload=leased.payload,
            compose=partial(self.render, leased.payload),
            sent_at=now,
            severity=partial(self.severity, leased.payload),
        )


@dataclass(kw_only=True, slots=True)
class Report:
    """What a pass did, by channel."""

    delivered: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)  # why, in words


def catch_up(
    database: Database,
    subscriptions: Subscriptions,
    sender: Sender,
    *,
    stop: threading.Event | None = None,
) -> Report:
    """Enqueue what the passing of time has to tell, then send what is due. Raises DatabaseError."""
    enqueue.from_clock(database, subscriptions, sender.clock())
    return deliver(database, sender, stop=stop)


def flush(database: Database, subscriptions: Subscriptions, sender: Sender) -> Report:
    """Send all that is pending, oldest first, whatever the back-off. Raises DatabaseError.

    A message that fails holds up no other; a channel that fails twice in a row is left alone.
    """
    enqueue.from_clock(database, subscriptions, sender.clock())
    queue.flush(database, sender.clock())
    report, goes_on = Report(), True
    while goes_on:
        found = deliver(database, sender)
        goes_on = bool(found.delivered or found.failed.keys() - report.failed.keys())
        report.failed |= found.failed
        for channel, count in found.delivered.items():
            report.delivered[channel] = report.delivered.get(channel, 0) + count
    return report


def deliver(
    database: Database, sender: Sender, *, seconds: float = 30.0, stop: threading.Event | None = None
) -> Report:
    """Send what is due; begins no message after `seconds`, or once `stop` is set. Raises DatabaseError.

    1. Read which channels have something due.
    2. Start one thread per channel: a channel that is down, slow or broken delays no other.
    3. Wait for the threads; one that hangs longer than a lease is left behind.
    """
    with database.read() as connection:
        due = [name for name in queue.due(connection, sender.clock()) if name in sender.channels]
    report = Report()
    until = sender.monotonic() + seconds

    def may_begin() -> bool:
        return sender.monotonic() < until and (stop is None or not stop.is_set())

    args = (database, sender, report, may_begin)
    threads = [threading.Thread(target=_send_all, args=(name, *args), daemon=True) for name in due]
    for thread in threads:
        thread.start()
    latest = time.monotonic() + seconds + queue.LEASE.total_seconds()
    for thread in threads:
        thread.join(max(0.0, latest - time.monotonic()))
    return report


def _send_all(name: str, database: Database, sender: Sender, report: Report, may_begin: Callable[[], bool]) -> None:
    """Send one channel's messages, oldest first, until one fails or none is due.

    1. Lease the oldest message that is due: until the lease ends, no other worker sends it.
    2. Hand it to the channel.
    3. If the channel took it, ack it.
    4. If not, nack it: it is tried again after a back-off, or dead. This pass sends nothing more to the channel.
    """
    try:
        while may_begin():
            now = sender.clock()
            leased = queue.lease(database, name, now, sender.token)
            if leased is None:
                return
            error = _attempt(sender.channels[name], sender.message(leased, now))
            if error is not None:
                queue.nack(database, leased, error, now=sender.clock(), spread=sender.spread())
                report.failed[name] = error.message
                event = logs.event("delivery.failed", channel=name, type=leased.type, id=leased.uid)
                log.warning("%s did not take number %d: %s", name, leased.delivery_id, error.message, extra=event)
                return
            queue.ack(database, leased, sender.clock())
            report.delivered[name] = report.delivered.get(name, 0) + 1
            attempts = leased.attempts + 1
            event = logs.event("delivery.made", channel=name, type=leased.type, id=leased.uid, attempts=attempts)
            log.debug("%s took %s", name, leased.uid, extra=event)
    except DatabaseError as error:
        report.failed[name] = error.message
        log.warning("%s: %s", name, error.message, extra=logs.event("delivery.unnoted", channel=name))


def _attempt(channel: AlertChannel, message: Message) -> DeliveryError | None:
    """Hand a message to its channel; gives why the channel did not take it, or None."""
    try:
        channel.send(message)
    except DeliveryError as error:
        return error
    except CatalogError as error:
        return DeliveryError(error.message)
    except Exception as error:  # noqa: BLE001 - a fault in one channel must not stop the others
        return DeliveryError(f"it failed with {type(error).__name__}")
    return None
