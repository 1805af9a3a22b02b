"""Whether a channel is tried at all, or rests.

A message that was not taken may be to blame itself, so it alone is put off. Once two messages in a row were not taken,
the channel is: it rests for as long as it has been failing, and takes none of what it is owed until then. One message
that it takes ends that.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from catalog.store.schema.outbox_tables import channel

SHORTEST_REST, LONGEST_REST = timedelta(seconds=30), timedelta(hours=1)
LONGEST_PAUSE = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is known of a channel from the attempts since it last took something."""

    suspect: int | None  # the delivery that failed, as long as no other did
    failing_since: datetime | None  # when a second one failed
    rests_until: datetime | None
    paused_until: datetime | None  # as its receiver asked


WELL = Standing(suspect=None, failing_since=None, rests_until=None, paused_until=None)


def at_rest(now: datetime) -> sa.Select[tuple[str]]:
    """Select the names of channels that are to be left alone now.

    None is for longer than LONGEST_PAUSE: what is further off was noted by a clock that was ahead.
    """
    times = (channel.c.rests_until, channel.c.paused_until)
    return sa.select(channel.c.channel).where(sa.or_(*((time > now) & (time <= now + LONGEST_PAUSE) for time in times)))


def lock(connection: sa.Connection, name: str) -> Standing:
    """Read how a channel stands, and let nobody else change it until the transaction ends.

    One that is not known stands well: a catalog that was restored meanwhile may be older than it.
    """
    columns = (channel.c.suspect, channel.c.failing_since, channel.c.rests_until, channel.c.paused_until)
    wanted = sa.select(*columns).where(channel.c.channel == name)
    row = connection.execute(wanted.with_for_update(key_share=True)).mappings().first()
    return Standing(**row) if row else WELL


def save(connection: sa.Connection, name: str, standing: Standing) -> None:
    """Write down how a channel stands."""
    connection.execute(channel.update().where(channel.c.channel == name).values(**asdict(standing)))


def failed(standing: Standing, delivery_id: int, *, now: datetime, asked: timedelta | None, spread: float) -> Standing:
    """Give how a channel stands after one more attempt that failed; `asked` is the pause its receiver wants."""
    if asked is not None:
        since = standing.failing_since or now
        return Standing(suspect=None, failing_since=since, rests_until=None, paused_until=now + asked)
    if standing.failing_since is None and standing.suspect in {None, delivery_id}:
        return replace(standing, suspect=delivery_id)
    since = standing.failing_since or now
    return replace(standing, suspect=None, failing_since=since, rests_until=now + rest(now - since, spread))


def rest(failing: timedelta, spread: float) -> timedelta:
    """How long a channel rests that has been failing for so long: as long again, within bounds, with jitter."""
    return min(max(failing, SHORTEST_REST), LONGEST_REST) * (0.75 + spread / 2)


def took_one(connection: sa.Connection, name: str) -> None:
    """Note that a channel took a message; a pause that its receiver asked for stays."""
    stands_well = channel.c.suspect.is_(None) & channel.c.failing_since.is_(None)
    cleared = channel.update().where(channel.c.channel == name, ~stands_well)
    connection.execute(cleared.values(suspect=None, failing_since=None, rests_until=None))


def wake(connection: sa.Connection) -> None:
    """Let channels rest no more because they failed; a pause that a receiver asked for stays."""
    connection.execute(channel.update().where(channel.c.rests_until.is_not(None)).values(rests_until=None))


def forgive(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> None:
    """Forget all that kept channels from being tried."""
    connection.execute(channel.update().where(condition).values(**asdict(WELL)))
