"""Finds the planned retirements that a channel must be told of now, by index, whatever the number of models.

Each channel has a checkpoint: the time and the change up to which milestones were decided. The next look reads only
models of which a milestone lies after it, or that changed since, or all if the channel asks for something else.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from catalog import watch
from catalog.domain import MERGED, ModelName, Origin
from catalog.events import OutboxMessage, PlannedRetirement, Rule, Subscriptions, is_among
from catalog.store.ingest import changelog, runs
from catalog.store.schema import tables
from catalog.store.schema.outbox_tables import channel

_DAY = timedelta(days=1)
_SAVE_EVERY = timedelta(hours=1)  # a checkpoint of a look that found nothing
_OVERLAP = timedelta(hours=1)  # clocks of workers differ; what is found twice is enqueued once
_AT_ONCE = 500  # ids in one query


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """What was decided for a channel. None: nothing since the channel is there, or since a copy was restored."""

    at: datetime | None
    change: int | None  # id of the last change that was read
    asks: str | None  # digest of what the channel asked for
    watches: str | None  # the watched ids, as JSON text


def due(
    connection: sa.Connection, subscriptions: Subscriptions, now: datetime
) -> tuple[list[OutboxMessage], dict[str, Checkpoint]]:
    """Compose what passed since the last checkpoints, and give the new ones; messages may repeat earlier ones."""
    latest = changelog.highest(connection, tables.change.c.change_id)
    messages, checkpoints = list[OutboxMessage](), {}
    for rule, since, before in _checkpoints(connection, subscriptions):
        watches = _watches(subscriptions, before.watches)
        after = Checkpoint(at=now, change=latest, asks=_asks(rule, subscriptions), watches=watches)
        planned = _planned(connection, _condition(before, after, now, subscriptions))
        messages += _retiring(subscriptions, rule, planned, now, since)
        messages += _retiring(subscriptions, rule, _newly_watched(connection, subscriptions, before, now), now, None)
        if _must_save(before, after, now):
            checkpoints[rule.channel] = after
    return messages, checkpoints


def from_run(
    connection: sa.Connection, run_id: int, subscriptions: Subscriptions, now: datetime
) -> list[OutboxMessage]:
    """Compose the near retirements of watched models that no later milestone tells in time; saves what is watched.

    These are the models of a source's first baseline, or of a run before it: their milestones passed before the catalog
    knew their dates. And the models that are watched since this run. After a restore, or in a new scope, nothing is
    told anew.
    """
    source_key = _begun_by(connection, run_id)
    watched = subscriptions.watched or ()
    first = [] if source_key is None else _watched(connection, subscriptions, watched, now, source_key)
    messages = []
    for rule, _, before in _checkpoints(connection, subscriptions):
        planned = [*first, *_newly_watched(connection, subscriptions, before, now)]
        messages += _retiring(subscriptions, rule, planned, now, None)
        watches = _watches(subscriptions, before.watches)
        if watches != before.watches:
            connection.execute(channel.update().where(channel.c.channel == rule.channel).values(watches=watches))
    return messages


def _retiring(
    subscriptions: Subscriptions,
    rule: Rule,
    planned: Iterable[PlannedRetirement],
    now: datetime,
    since: datetime | None,
) -> list[OutboxMessage]:
    milestones = subscriptions.milestones
    marked = [replace(each, watched=subscriptions.watches(each.source, each.model_id)) for each in planned]
    return subscriptions.composer.retiring(rule, marked, milestones=milestones, now=now, since=since)


def _checkpoints(
    connection: sa.Connection, subscriptions: Subscriptions
) -> Iterator[tuple[Rule, datetime, Checkpoint]]:
    """Give the rule of each known channel, since when the channel is there, and its checkpoint."""
    known = {row.channel: row for row in connection.execute(sa.select(channel))} if subscriptions.rules else {}
    for rule in subscriptions.rules:
        if row := known.get(rule.channel):
            last = Checkpoint(at=row.looked_at, change=row.looked_change, asks=row.asks, watches=row.watches)
            yield rule, row.created_at, last


def save_checkpoints(connection: sa.Connection, checkpoints: Mapping[str, Checkpoint]) -> None:
    """Save checkpoints, in the transaction that enqueues what was found."""
    for name, after in checkpoints.items():
        values = {"looked_at": after.at, "looked_change": after.change, "asks": after.asks, "watches": after.watches}
        connection.execute(channel.update().where(channel.c.channel == name).values(**values))


def _begun_by(connection: sa.Connection, run_id: int) -> int | None:
    """Give the key of a run's source, if the list was not read before, or not to a baseline, and nothing was restored.

    What was only backfilled was told to no channel.
    """
    run = tables.run
    mine = connection.execute(sa.select(run).where(run.c.run_id == run_id)).one()
    if mine.status not in MERGED or runs.last_restored(connection, mine.source_key, 0, run_id):
        return None
    earlier = (run.c.source_key == mine.source_key) & (run.c.generation < mine.generation)
    filled = run.c.origin == Origin.BACKFILL.value
    stood = sa.select(sa.exists().where(earlier, ~filled, run.c.whole | ~run.c.baseline))
    is_first = mine.baseline or connection.scalar(sa.select(sa.exists().where(earlier, filled)))
    return int(mine.source_key) if is_first and not connection.scalar(stood) else None


def _newly_watched(
    connection: sa.Connection, subscriptions: Subscriptions, before: Checkpoint, now: datetime
) -> list[PlannedRetirement]:
    if subscriptions.watched is None or before.watches is None:
        return []
    known = {each if isinstance(each, str) else tuple(each) for each in json.loads(before.watches)}
    return _watched(connection, subscriptions, subscriptions.watched - known, now)


def _watched(
    connection: sa.Connection,
    subscriptions: Subscriptions,
    names: Collection[ModelName],
    now: datetime,
    source_key: int | None = None,
) -> list[PlannedRetirement]:
    """Give the models with these names, of one source or of all, that retire within the horizon."""
    model = tables.model.c
    soon = model.retires_at <= now + subscriptions.horizon
    condition = soon if source_key is None else soon & (model.source_key == source_key)
    wanted = sorted(set(map(watch.id_of, names)))
    found = list[PlannedRetirement]()
    for begin in range(0, len(wanted), _AT_ONCE):
        found += _planned(connection, condition & model.id.in_(wanted[begin : begin + _AT_ONCE]))
    return [each for each in found if is_among(names, each.source, each.model_id)]


def _asks(rule: Rule, subscriptions: Subscriptions) -> str:
    watched = None if rule.watched is None else _sorted(rule.watched)
    parts = {**asdict(rule), "watched": watched, "milestones": subscriptions.milestones}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _watches(subscriptions: Subscriptions, before: str | None) -> str | None:
    return (
        before if subscriptions.watched is None else json.dumps(_sorted(subscriptions.watched), separators=(",", ":"))
    )


def _sorted(names: Collection[ModelName]) -> list[ModelName]:
    """Sort the ids, then what is watched at one source alone; what knew no sources was written down so, too."""
    return sorted(names, key=lambda name: ("", name) if isinstance(name, str) else name)


def _condition(
    before: Checkpoint, after: Checkpoint, now: datetime, subscriptions: Subscriptions
) -> sa.ColumnElement[bool]:
    """Select the models that may have something to tell since the last checkpoint."""
    model, change = tables.model.c, tables.change.c
    soon = model.retires_at <= now + subscriptions.horizon
    if before.at is None or before.change is None or before.at > now + _DAY or before.asks != after.asks:
        return soon  # no checkpoint, one by a clock that was ahead, or one for other rules
    # One query per range, joined by UNION ALL: with the ranges joined by OR, the index would not be used.
    listed = sa.select(model.model_key).where(model.removed_run.is_(None))
    since = min(before.at, now) - _OVERLAP
    moments = [days * _DAY for days in sorted({0, *subscriptions.milestones})]
    keys = [listed.where(model.retires_at > since + days, model.retires_at <= now + days) for days in moments]
    if before.change != after.change:
        keys.append(sa.select(change.model_key).where(change.change_id > before.change))
    return soon & model.model_key.in_(sa.union_all(*keys))


def _must_save(before: Checkpoint, after: Checkpoint, now: datetime) -> bool:
    same = (before.change, before.asks, before.watches) == (after.change, after.asks, after.watches)
    return not same or before.at is None or not now - _SAVE_EVERY < before.at <= now + _DAY


def _planned(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[PlannedRetirement]:
    """Give the listed models that fulfil the condition, with the end of the run that recorded their date.

    Of a list that was only backfilled nothing is told: its last answer may be years old.
    """
    model, source, run = tables.model, tables.source, tables.run
    last = tables.run.alias("last")
    moved = sa.select(sa.func.max(tables.change.c.run_id)).where(
        tables.change.c.model_key == model.c.model_key, tables.change.c.field == "retires_at"
    )
    wanted = (
        sa.select(
            source.c.source,
            model.c.id.label("model_id"),
            *(model.c[name] for name in ("display_name", "line", "lifecycle", "retires_at")),
            run.c.finished_at.label("known_since"),
        )
        .join(source, source.c.source_key == model.c.source_key)
        .join(run, run.c.run_id == sa.func.coalesce(moved.scalar_subquery(), model.c.first_seen_run))
        .join(last, (last.c.source_key == source.c.source_key) & (last.c.generation == source.c.generation))
        .where(model.c.removed_run.is_(None), model.c.retires_at.is_not(None), condition)
        .where(last.c.origin == Origin.LIVE.value)
        .order_by(source.c.source, model.c.id)
    )
    return [PlannedRetirement(**row) for row in connection.execute(wanted).mappings()]
