"""Deliveries: owed in the transaction that records their cause, leased to one sender, made, or failed until dead."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from catalog.events import Owed
from catalog.store.engine.database import Database
from catalog.store.outbox import backoff
from catalog.store.outbox.backoff import Standing
from catalog.store.schema import tables
from catalog.store.schema.outbox_tables import channel, deliveries, delivery, waiting

LEASE = timedelta(seconds=60)
PATIENCE = timedelta(days=7)
_TOO_FAR = timedelta(days=1)  # what is put off so much longer than can be, was put off by a clock that was ahead
_AT_ONCE = 500  # ids in one question


@dataclass(frozen=True, kw_only=True, slots=True)
class Leased:
    """A delivery that is ours to make until the lease ends."""

    delivery_id: int
    channel: str
    uid: str
    type: str
    payload: str
    attempts: int  # that failed before
    lease: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A row of `deliveries`."""

    delivery_id: int
    channel: str
    source: str
    run_id: int | None
    type: str
    status: str
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_error: str | None
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """How a channel stands."""

    channel: str
    owed: int
    dead: int
    oldest: datetime | None  # when the oldest of the owed ones became so
    next_attempt_at: datetime | None  # before which none of the owed ones is tried
    last_error: str | None


def register(connection: sa.Connection, names: Iterable[str], now: datetime) -> None:
    """Note channels at first sight: what happened before that is never told to them."""
    known = set(connection.scalars(sa.select(channel.c.channel)))
    unknown = sorted(set(names) - known)
    if unknown:
        watches = _watched_so_far(connection, known)
        connection.execute(
            channel.insert(), [{"channel": name, "created_at": now, "watches": watches} for name in unknown]
        )


def _watched_so_far(connection: sa.Connection, known: Collection[str]) -> str | None:
    """Give what the other channels were told of as watched: to a channel added later, that is nothing new."""
    if not known:
        return "[]"
    noted = sa.select(channel.c.watches).where(channel.c.watches.is_not(None))
    return connection.scalar(noted.order_by(channel.c.looked_at.desc().nulls_last()).limit(1))


def owe(connection: sa.Connection, messages: Sequence[Owed], now: datetime) -> int:
    """Write down messages in the caller's transaction, leaving out those that were owed before; give how many."""
    wanted = fresh(connection, messages)
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
            "status": "owed",
            "attempts": 0,
            "next_attempt_at": message.due_at,
            "give_up_at": message.due_at + PATIENCE,
            "created_at": now,
        }
        for place, message in enumerate(wanted, start=1)
    ]
    connection.execute(delivery.insert(), rows)
    return len(rows)


def fresh(connection: sa.Connection, messages: Iterable[Owed]) -> list[Owed]:
    """Leave out the messages that were owed before, and repetitions."""
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
    some = sa.exists().where(delivery.c.channel == channel.c.channel, *_free(now))
    return list(connection.scalars(sa.select(channel.c.channel).where(some).order_by(channel.c.channel)))


def lease(database: Database, name: str, now: datetime, token: Callable[[], str]) -> Leased | None:
    """Take the oldest delivery of a channel that is due, for LEASE; None when there is none that nobody else has."""
    with database.connect() as connection, database.transaction(connection, "brief"):
        oldest = (
            sa.select(delivery)
            .where(delivery.c.channel == name, *_free(now))
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


def acknowledge(database: Database, made: Leased, now: datetime) -> bool:
    """Note that the channel took it; False when the lease had passed to somebody else."""
    values = {"status": "delivered", "delivered_at": now, "next_attempt_at": None, "last_error": None}
    with database.connect() as connection, database.transaction(connection, "brief"):
        backoff.took_one(connection, made.channel)
        return _settle(connection, made, {**values, "attempts": made.attempts + 1})


def fail(
    database: Database,
    failed: Leased,
    words: str,
    *,
    now: datetime,
    wait: timedelta,
    asked: bool = False,
    gone: bool = False,
    spread: float = 0.5,
) -> bool:
    """Note that it was not taken: tried again after `wait`, or dead when past its time or `gone`.

    `asked`: the receiver wants no message at all for that time. `gone`: it wants none ever, so all that the channel is
    owed dies with this one. A channel that took nothing for PATIENCE loses all that was owed for as long. Gives False
    when the lease had passed to somebody else.
    """
    dead = sa.true() if gone else delivery.c.give_up_at <= now
    later = sa.literal(now + wait, delivery.c.next_attempt_at.type)
    values = {
        "status": sa.case((dead, "dead"), else_="owed"),
        "next_attempt_at": sa.case((dead, sa.null()), else_=later),
        "last_error": words,
        "attempts": failed.attempts + 1,
    }
    with database.connect() as connection, database.transaction(connection, "brief"):
        standing = backoff.lock(connection, failed.channel)  # before the delivery, as everybody does
        if not _settle(connection, failed, values):
            return False
        if not gone:
            pause = wait if asked else None
            standing = backoff.failed(standing, failed.delivery_id, now=now, asked=pause, spread=spread)
            backoff.save(connection, failed.channel, standing)
        if gone or _is_hopeless(standing, now):
            mine = delivery.c.channel == failed.channel
            give_up(connection, mine if gone else mine & (delivery.c.give_up_at <= now), words, now)
        return True


def give_up(connection: sa.Connection, condition: sa.ColumnElement[bool], words: str, now: datetime) -> int:
    """Let owed deliveries die that nobody is sending; gives how many."""
    number = delivery.c.delivery_id
    hopeless = sa.select(number).where(delivery.c.status == "owed", _unleased(now), condition)
    # Another worker may be about to send or to put off some of them: it sees to those.
    mine = hopeless.order_by(number).with_for_update(skip_locked=True).cte("mine")
    dead = {"status": "dead", "next_attempt_at": None, "last_error": words, "lease": None, "leased_until": None}
    return connection.execute(
        delivery.update().where(number.in_(sa.select(mine.c.delivery_id))).values(**dead)
    ).rowcount


def forsake(database: Database, configured: Collection[str], now: datetime) -> int:
    """Give up what is owed to channels that are not configured any more, once its time is over; gives how many.

    Removals that have to settle wait for them no longer, either.
    """
    past = (delivery.c.give_up_at <= now) & delivery.c.channel.not_in(configured)
    settled = (waiting.c.due_at <= now - PATIENCE) & waiting.c.channel.not_in(configured)
    some_owed, some_waiting = sa.exists().where(delivery.c.status == "owed", past), sa.exists().where(settled)
    with database.read() as connection:
        if not connection.scalar(sa.select(some_owed | some_waiting)):
            return 0
    with database.connect() as connection, database.transaction(connection, "brief"):
        connection.execute(waiting.delete().where(settled))
        return give_up(connection, past, "the channel is not configured any more", now)


def revive(database: Database, *, now: datetime, name: str | None = None, delivery_id: int | None = None) -> int:
    """Owe dead deliveries once more, all of them or those of one channel or number; give how many.

    Their channels rest no more, whoever wanted that.
    """
    conditions = [delivery.c.channel == name] if name is not None else []
    conditions += [delivery.c.delivery_id == delivery_id] if delivery_id is not None else []
    values = {"status": "owed", "next_attempt_at": now, "give_up_at": now + PATIENCE}
    with database.connect() as connection, database.transaction(connection, "brief"):
        mine = channel.c.channel.in_(sa.select(delivery.c.channel).where(*conditions)) if conditions else sa.true()
        backoff.forgive(connection, mine)
        dead = delivery.update().where(delivery.c.status == "dead", *conditions)
        return connection.execute(dead.values(**values)).rowcount


def wake(database: Database) -> None:
    """Try again at once what channels are owed that rest because they failed; not if a receiver asked for a pause."""
    with database.connect() as connection, database.transaction(connection, "brief"):
        backoff.wake(connection)


def listing(connection: sa.Connection, *, every: bool = False) -> Iterator[Delivery]:
    """Stream what is owed or dead, oldest first; `every`: what was delivered too."""
    wanted = sa.select(deliveries).order_by(deliveries.c.delivery_id)
    if not every:
        wanted = wanted.where(deliveries.c.status != "delivered")
    return (Delivery(**row) for row in connection.execute(wanted).mappings())


def backlog(connection: sa.Connection) -> list[Backlog]:
    """Say how each channel stands that owes something or gave something up."""
    row = deliveries.c  # the view, because whoever only reads may see no more
    is_owed, is_dead = row.status == "owed", row.status == "dead"
    wanted = (
        sa.select(
            row.channel,
            sa.func.count(sa.case((is_owed, 1))).label("owed"),
            sa.func.count(sa.case((is_dead, 1))).label("dead"),
            sa.func.min(sa.case((is_owed, row.created_at))).label("oldest"),
            sa.func.min(row.next_attempt_at).label("next_attempt_at"),
            sa.func.max(row.last_error).label("last_error"),
        )
        .where(row.status != "delivered")
        .group_by(row.channel)
        .order_by(row.channel)
    )
    return [Backlog(**row) for row in connection.execute(wanted).mappings()]


def _free(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Tell what can be sent now.

    A first attempt waits for nothing: when it became owed was noted by the clock of the run, which may be ahead of this
    one.
    """
    next_attempt_at = delivery.c.next_attempt_at
    due = (delivery.c.attempts == 0) | (next_attempt_at <= now) | (next_attempt_at > now + PATIENCE + _TOO_FAR)
    return delivery.c.status == "owed", due, _unleased(now), delivery.c.channel.not_in(backoff.at_rest(now))


def _unleased(now: datetime) -> sa.ColumnElement[bool]:
    leased_until = delivery.c.leased_until
    return leased_until.is_(None) | (leased_until <= now) | (leased_until > now + LEASE + _TOO_FAR)


def _is_hopeless(standing: Standing, now: datetime) -> bool:
    return standing.failing_since is not None and now - standing.failing_since >= PATIENCE


def _settle(connection: sa.Connection, made: Leased, values: Mapping[str, object]) -> bool:
    mine = delivery.update().where(delivery.c.delivery_id == made.delivery_id, delivery.c.lease == made.lease)
    return connection.execute(mine.values(**values, lease=None, leased_until=None)).rowcount == 1
