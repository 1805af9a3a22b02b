"""The queue of the outbox: messages are enqueued, leased to one sender, and acked, or nacked until they are dead."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catalog.events import DeliveryError, DeliveryStatus, OutboxMessage
from catalog.health import Backlog
from catalog.store.engine.database import Database
from catalog.store.outbox import backoff
from catalog.store.outbox.backoff import HEALTHY
from catalog.store.schema import tables
from catalog.store.schema.outbox_tables import DEAD, DROPPED, channel, deferred_removal, deliveries, delivery

LEASE = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(days=7)
_CLOCK_SLACK = timedelta(days=1)  # a moment that is later by more was noted by a clock that was ahead
_AT_ONCE = 500  # ids in one query


@dataclass(frozen=True, kw_only=True, slots=True)
class Leased:
    """A delivery that this process alone may send until the lease ends."""

    delivery_id: int
    channel: str
    uid: str
    type: str
    payload: str
    attempts: int  # that failed before
    lease: str  # token that proves the lease


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A row of `deliveries`."""

    delivery_id: int
    channel: str
    source: str
    run_id: int | None
    type: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_error: str | None
    created_at: datetime


def register(connection: sa.Connection, names: Iterable[str], now: datetime) -> None:
    """Record new channels: they are told of nothing that happened before."""
    known = channels(connection)
    unknown = sorted(set(names) - known)
    if unknown:
        watches = _watched_so_far(connection, known)
        connection.execute(
            channel.insert(), [{"channel": name, "created_at": now, "watches": watches} for name in unknown]
        )


def _watched_so_far(connection: sa.Connection, known: Collection[str]) -> str | None:
    """Give the ids that the other channels know as watched: for a channel added later, they are not new."""
    if not known:
        return "[]"
    noted = sa.select(channel.c.watches).where(channel.c.watches.is_not(None))
    return connection.scalar(noted.order_by(channel.c.looked_at.desc().nulls_last()).limit(1))


def enqueue(connection: sa.Connection, messages: Sequence[OutboxMessage], now: datetime) -> int:
    """Enqueue messages in the caller's transaction, each uid once per channel; gives how many were new."""
    wanted = only_new(connection, messages)
    if not wanted:
        return 0
    register(connection, {message.channel for message in wanted}, now)
    number = connection.scalar(sa.select(sa.func.max(delivery.c.delivery_id))) or 0
    source = tables.source.c
    keys = {row.source: row.source_key for row in connection.execute(sa.select(source.source, source.source_key))}
    rows = [
        {
            "delivery_id": number + place,
            "channel": message.channel,
            "source_key": keys[message.source],
            "run_id": message.run_id,
            "type": message.type,
            "uid": message.uid,
            "payload": message.payload,
            "status": DeliveryStatus.PENDING,
            "attempts": 0,
            "next_attempt_at": message.due_at,
            "give_up_at": message.due_at + GIVE_UP_AFTER,
            "created_at": now,
        }
        for place, message in enumerate(wanted, start=1)
    ]
    connection.execute(delivery.insert(), rows)
    return len(rows)


def only_new(connection: sa.Connection, messages: Iterable[OutboxMessage]) -> list[OutboxMessage]:
    """Leave out messages that were enqueued before, and repetitions."""
    unique = {(message.channel, message.uid): message for message in messages}
    known: set[tuple[str, str]] = set()
    for name in {name for name, _ in unique}:
        uids = [uid for channel_, uid in unique if channel_ == name]
        for begin in range(0, len(uids), _AT_ONCE):
            same = (delivery.c.channel == name) & delivery.c.uid.in_(uids[begin : begin + _AT_ONCE])
            known.update((name, uid) for uid in connection.scalars(sa.select(delivery.c.uid).where(same)))
    return [message for key, message in unique.items() if key not in known]


def due(connection: sa.Connection, now: datetime) -> list[str]:
    """Name the channels for which something can be sent now."""
    some = sa.exists().where(delivery.c.channel == channel.c.channel, *_sendable(now))
    return list(connection.scalars(sa.select(channel.c.channel).where(some).order_by(channel.c.channel)))


def lease(database: Database, name: str, now: datetime, token: Callable[[], str]) -> Leased | None:
    """Lease the oldest delivery of a channel that is due; None: nothing is due, or other senders have it.

    SKIP LOCKED passes over rows that another sender is leasing at this moment.
    """
    with database.connect() as connection, database.transaction(connection, "brief"):
        oldest = (
            sa.select(delivery)
            .where(delivery.c.channel == name, *_sendable(now))
            .order_by(delivery.c.delivery_id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = connection.execute(oldest).first()
        if row is None:
            return None
        mine = token()
        taken = delivery.update().where(delivery.c.delivery_id == row.delivery_id)
        connection.execute(taken.values(lease=mine, leased_until=now + LEASE))
        return Leased(
            delivery_id=row.delivery_id,
            channel=name,
            uid=row.uid,
            type=row.type,
            payload=row.payload,
            attempts=row.attempts,
            lease=mine,
        )


def ack(database: Database, leased: Leased, now: datetime) -> bool:
    """Record that the channel took the message; False: the lease had ended, and another sender took over."""
    values = {"status": DeliveryStatus.DELIVERED, "delivered_at": now, "next_attempt_at": None, "last_error": None}
    with database.connect() as connection, database.transaction(connection, "brief"):
        backoff.note_success(connection, leased.channel)
        return _finish(connection, leased, values)


def nack(database: Database, leased: Leased, error: DeliveryError, *, now: datetime, spread: float = 0.5) -> bool:
    """Record that the channel did not take the message: it is tried again later, or is dead after GIVE_UP_AFTER.

    If the receiver is gone, all that is pending for the channel is dead at once. If the channel has been failing for
    GIVE_UP_AFTER, all that is as old is. Gives False when the lease had ended, and another sender took over.
    """
    wait = backoff.wait(leased.attempts, spread, error.retry_after)
    is_dead = sa.true() if error.gone else delivery.c.give_up_at <= now
    later = sa.literal(now + wait, delivery.c.next_attempt_at.type)
    values = {
        "status": sa.case((is_dead, DeliveryStatus.DEAD), else_=DeliveryStatus.PENDING),
        "next_attempt_at": sa.case((is_dead, sa.null()), else_=later),
        "last_error": error.message,
    }
    mine = channel.c.channel == leased.channel
    with database.connect() as connection, database.transaction(connection, "brief"):
        # The row of the channel is locked before the delivery, everywhere: two senders cannot wait for each other.
        health = backoff.lock(connection, leased.channel)
        if not _finish(connection, leased, values):
            return False
        if not error.gone:
            asked = wait if error.retry_after is not None else None
            health = backoff.after_failure(health, leased.delivery_id, now=now, asked=asked, spread=spread)
            backoff.save(connection, mine, health)
        since = health.failing_since
        if error.gone or (since is not None and now - since >= GIVE_UP_AFTER):
            old = sa.true() if error.gone else delivery.c.give_up_at <= now
            dead_letter(connection, (delivery.c.channel == leased.channel) & old, error.message, now)
        return True


def dead_letter(connection: sa.Connection, condition: sa.ColumnElement[bool], words: str, now: datetime) -> int:
    """Make pending deliveries dead, except those that are being sent; gives how many."""
    number = delivery.c.delivery_id
    pending = sa.select(number).where(delivery.c.status == DeliveryStatus.PENDING, _unleased(now), condition)
    # Rows that another sender has locked are left to it.
    free = pending.order_by(number).with_for_update(skip_locked=True).cte("mine")
    dead = delivery.update().where(number.in_(sa.select(free.c.delivery_id)))
    return connection.execute(dead.values(**DEAD, last_error=words)).rowcount


def expire_orphans(database: Database, configured: Collection[str], now: datetime) -> int:
    """Make dead what is old and pending for channels that are not configured any more; gives how many.

    Their deferred removals are dropped as well.
    """
    past = (delivery.c.give_up_at <= now) & delivery.c.channel.not_in(configured)
    settled = (deferred_removal.c.due_at <= now - GIVE_UP_AFTER) & deferred_removal.c.channel.not_in(configured)
    some_pending = sa.exists().where(delivery.c.status == DeliveryStatus.PENDING, past)
    with database.read() as connection:
        if not connection.scalar(sa.select(some_pending | sa.exists().where(settled))):
            return 0
    with database.connect() as connection, database.transaction(connection, "brief"):
        connection.execute(deferred_removal.delete().where(settled))
        return dead_letter(connection, past, "the channel is not configured any more", now)


def requeue(database: Database, *, now: datetime, name: str | None = None, delivery_id: int | None = None) -> int:
    """Make dead deliveries pending again: all, or those of one channel or number; gives how many.

    Their channels are tried again at once, even if a receiver asked for a pause.
    """
    conditions = _of(name, delivery_id)
    values = {"status": DeliveryStatus.PENDING, "next_attempt_at": now, "give_up_at": now + GIVE_UP_AFTER}
    with database.connect() as connection, database.transaction(connection, "brief"):
        theirs = channel.c.channel.in_(sa.select(delivery.c.channel).where(*conditions)) if conditions else sa.true()
        backoff.save(connection, theirs, HEALTHY)
        dead = delivery.update().where(delivery.c.status == DeliveryStatus.DEAD, *conditions)
        return connection.execute(dead.values(**values)).rowcount


def flush(database: Database, now: datetime) -> None:
    """Make all that is pending due at once, whatever it or its channel waits for."""
    waiting = channel.c.rests_until.is_not(None) | channel.c.paused_until.is_not(None)
    later = (
        (delivery.c.status == DeliveryStatus.PENDING) & (delivery.c.attempts > 0) & (delivery.c.next_attempt_at > now)
    )
    with database.connect() as connection, database.transaction(connection, "brief"):
        connection.execute(channel.update().where(waiting).values(rests_until=None, paused_until=None))
        connection.execute(delivery.update().where(later, _unleased(now)).values(next_attempt_at=now))


def drop(
    database: Database, *, now: datetime, name: str | None = None, delivery_id: int | None = None, dead: bool = False
) -> int:
    """Drop what is dead or pending, of one channel or number, or only what is dead; gives how many.

    What is being sent at this moment stays. A dropped message is never sent, nor enqueued again.
    """
    open_ = [DeliveryStatus.DEAD] if dead else [DeliveryStatus.DEAD, DeliveryStatus.PENDING]
    conditions = [delivery.c.status.in_(open_), _unleased(now), *_of(name, delivery_id)]
    with database.connect() as connection, database.transaction(connection, "brief"):
        return connection.execute(delivery.update().where(*conditions).values(**DROPPED)).rowcount


def listing(connection: sa.Connection, *, every: bool = False, delivery_id: int | None = None) -> Iterator[Delivery]:
    """Stream what is pending or dead, oldest first, or one; `every`: what was delivered or dropped, too."""
    wanted = sa.select(deliveries).order_by(deliveries.c.delivery_id)
    if delivery_id is not None:
        wanted = wanted.where(deliveries.c.delivery_id == delivery_id)
    elif not every:
        wanted = wanted.where(*_open(deliveries.c.status))
    for row in connection.execute(wanted).mappings():
        yield Delivery(**{**row, "status": DeliveryStatus(row["status"])})


def channels(connection: sa.Connection) -> set[str]:
    """Name all channels that were ever configured."""
    return set(connection.scalars(sa.select(channel.c.channel)))


def payloads(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, str]:
    """Give the content of some deliveries. Raises DatabaseError for a role that may read the views alone."""
    wanted = sa.select(delivery.c.delivery_id, delivery.c.payload).where(delivery.c.delivery_id.in_(numbers))
    return {row.delivery_id: row.payload for row in connection.execute(wanted)}


def backlog(connection: sa.Connection) -> list[Backlog]:
    """List the channels for which something is pending or dead."""
    row = deliveries.c  # the view: a role that only reads may read no table
    is_pending, is_dead = row.status == DeliveryStatus.PENDING, row.status == DeliveryStatus.DEAD
    wanted = (
        sa.select(
            row.channel,
            sa.func.count(sa.case((is_pending, 1))).label("pending"),
            sa.func.count(sa.case((is_dead, 1))).label("dead"),
            sa.func.min(sa.case((is_pending, row.created_at))).label("oldest"),
            sa.func.min(row.next_attempt_at).label("next_attempt_at"),
            sa.func.max(row.last_error).label("last_error"),
        )
        .where(*_open(row.status))
        .group_by(row.channel)
        .order_by(row.channel)
    )
    return [Backlog(**row) for row in connection.execute(wanted).mappings()]


def _open(status: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[bool], ...]:
    """Select what is pending or dead; the first of these is the condition of catalog_delivery_open_idx."""
    return status != DeliveryStatus.DELIVERED, status != DeliveryStatus.DROPPED


def _of(name: str | None, delivery_id: int | None) -> list[sa.ColumnElement[bool]]:
    of_channel = [delivery.c.channel == name] if name is not None else []
    return of_channel + ([delivery.c.delivery_id == delivery_id] if delivery_id is not None else [])


def _sendable(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Select what can be sent now.

    A first attempt ignores `next_attempt_at`: the clock of the run that noted it may be ahead of ours. So does one that
    is farther away than any wait of our own: for as long as a receiver asks, its channel waits.
    """
    next_attempt_at = delivery.c.next_attempt_at
    due = (delivery.c.attempts == 0) | (next_attempt_at <= now) | (next_attempt_at > now + backoff.LONGEST_OWN)
    is_available = delivery.c.channel.not_in(backoff.unavailable(now))
    return delivery.c.status == DeliveryStatus.PENDING, due, _unleased(now), is_available


def _unleased(now: datetime) -> sa.ColumnElement[bool]:
    leased_until = delivery.c.leased_until
    return leased_until.is_(None) | (leased_until <= now) | (leased_until > now + LEASE + _CLOCK_SLACK)


def _finish(connection: sa.Connection, leased: Leased, values: Mapping[str, object]) -> bool:
    """Count the attempt and end the lease; False: the lease is not ours any more."""
    mine = delivery.update().where(delivery.c.delivery_id == leased.delivery_id, delivery.c.lease == leased.lease)
    ended = mine.values(**values, attempts=leased.attempts + 1, lease=None, leased_until=None)
    return connection.execute(ended).rowcount == 1
