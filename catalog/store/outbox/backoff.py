"""Back-off after failed deliveries: how long a message waits, and how long its channel does.

One message that fails may be the cause itself, so only this message waits. When a second one fails in a row, the cause
is the channel: all its messages wait, for as long as the channel has been failing. One success ends that.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from catalog.store.schema.outbox_tables import channel

FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0  # seconds before a message is tried again; they double
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(hours=1)  # back-off of a channel
LONGEST_RETRY_AFTER = timedelta(days=7)
LONGEST_OWN = 2 * LONGEST  # no wait of our own is longer, jitter included: a later moment is of a clock that was ahead


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelHealth:
    """The failures of a channel since its last success."""

    failed_delivery: int | None  # the only delivery that failed; None: none did, or several
    failing_since: datetime | None  # when a second delivery failed
    backoff_until: datetime | None
    retry_after: datetime | None  # as its receiver asked


HEALTHY = ChannelHealth(failed_delivery=None, failing_since=None, backoff_until=None, retry_after=None)
_COLUMNS = {
    "failed_delivery": channel.c.suspect,
    "failing_since": channel.c.failing_since,
    "backoff_until": channel.c.rests_until,
    "retry_after": channel.c.paused_until,
}


def wait(attempts: int, spread: float, retry_after: float | None = None) -> timedelta:
    """How long a message waits after so many attempts: as the receiver asked, else 30 s, doubling to 1 h, +-25 %.

    A receiver asks by Retry-After (RFC 9110, section 10.2.3); absurd values are cut to what a clock can count.
    """
    if retry_after is not None:
        return timedelta(seconds=min(max(retry_after, 1.0), LONGEST_RETRY_AFTER.total_seconds()))
    return timedelta(seconds=min(FIRST_WAIT * 2 ** min(attempts, 10), LONGEST_WAIT) * (0.75 + spread / 2))


def duration(failing: timedelta, spread: float) -> timedelta:
    """How long a channel waits that has been failing for this long: as long again, 30 s to 1 h, +-25 %."""
    return min(max(failing, SHORTEST), LONGEST) * (0.75 + spread / 2)


def after_failure(
    health: ChannelHealth, delivery_id: int, *, now: datetime, asked: timedelta | None, spread: float
) -> ChannelHealth:
    """Give the health after one more failed attempt; `asked`: the receiver wants no message for this long."""
    if asked is None and health.failing_since is None and health.failed_delivery in {None, delivery_id}:
        return replace(health, failed_delivery=delivery_id)
    since = health.failing_since or now
    if asked is not None:
        return ChannelHealth(failed_delivery=None, failing_since=since, backoff_until=None, retry_after=now + asked)
    return replace(health, failed_delivery=None, failing_since=since, backoff_until=now + duration(now - since, spread))


def unavailable(now: datetime) -> sa.Select[tuple[str]]:
    """Select the names of the channels that are not tried now.

    A moment that is farther away than any wait may be was noted by a clock that was ahead.
    """
    longest = ((channel.c.rests_until, LONGEST_OWN), (channel.c.paused_until, LONGEST_RETRY_AFTER))
    is_ahead = (((time > now) & (time <= now + most)) for time, most in longest)
    return sa.select(channel.c.channel).where(sa.or_(*is_ahead))


def lock(connection: sa.Connection, name: str) -> ChannelHealth:
    """Read the health of a channel, and lock its row until the transaction ends.

    An unknown channel is healthy: a catalog that was restored meanwhile may be older than the channel.
    """
    columns = [column.label(name) for name, column in _COLUMNS.items()]
    wanted = sa.select(*columns).where(channel.c.channel == name)
    # KEY SHARE of others stays possible: new deliveries refer to this row by a foreign key.
    row = connection.execute(wanted.with_for_update(key_share=True)).mappings().first()
    return ChannelHealth(**row) if row else HEALTHY


def save(connection: sa.Connection, condition: sa.ColumnElement[bool], health: ChannelHealth) -> None:
    """Write the health of the channels that fulfil the condition."""
    values = {_COLUMNS[name]: value for name, value in asdict(health).items()}
    connection.execute(channel.update().where(condition).values(values))


def note_success(connection: sa.Connection, name: str) -> None:
    """End the back-off of a channel that took a message; what its receiver asked for stays."""
    is_healthy = channel.c.suspect.is_(None) & channel.c.failing_since.is_(None)
    ended = channel.update().where(channel.c.channel == name, ~is_healthy)
    connection.execute(ended.values(suspect=None, failing_since=None, rests_until=None))
