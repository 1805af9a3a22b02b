"""Planned retirements that a channel has to hear of: found by index, whatever the number of models.

What a look at the clock has decided needs no second one. So each channel remembers its last look, and the next one asks
for the models of which something can have come up since then: their milestones lie in between, or they changed, or the
channel asks for something else.
"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from catalog.domain import MERGED
from catalog.events import Owed, Planned, Rule
from catalog.store.ingest import changelog, runs
from catalog.store.schema import tables
from catalog.store.schema.outbox_tables import channel

if TYPE_CHECKING:
    from catalog.store.outbox.enqueue import Desk

_DAY = timedelta(days=1)
_OFTEN_ENOUGH = timedelta(hours=1)  # between two notes of a look that found nothing
_OVERLAP = timedelta(hours=1)  # clocks of several workers differ; what comes up twice is owed once
_AT_ONCE = 500  # ids in one question


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What a channel was last looked at with; None: not since it is there, or since a copy was restored."""

    at: datetime | None
    change: int | None  # the last change that was looked at
    asks: str | None  # digest of what it asked for
    watches: str | None  # the watched ids, as JSON text


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What a look found, and what is to be noted of it, channel by channel."""

    messages: list[Owed]
    notes: Mapping[str, Look]


def look(connection: sa.Connection, desk: "Desk", now: datetime) -> Found:
    """Word what the passing of time, or a longer watchlist, has to tell; some of it may have been owed before."""
    latest = changelog.highest(connection, tables.change.c.change_id)
    messages, notes = [], {}
    for rule, since, before in _looks(connection, desk):
        after = Look(at=now, change=latest, asks=_asks(rule, desk), watches=_watches(desk, before.watches))
        messages += desk.planner(rule, _planned(connection, _condition(before, after, desk)), since, now)
        messages += desk.planner(rule, _newly_watched(connection, desk, before, now), None, now)
        if _is_news(before, after):
            notes[rule.channel] = after
    return Found(messages=messages, notes=notes)


def of_run(connection: sa.Connection, run_id: int, desk: "Desk", now: datetime) -> list[Owed]:
    """Word what is watched and retires soon where nothing else tells of it in time; notes what is watched.

    That is so after the first baseline of a source, or a run before it, because the catalog knew of no date when the
    milestone passed (neither a restored catalog nor a new scope begins anew in that way), and of what becomes watched.
    """
    source_key = _begun_by(connection, run_id)
    first = [] if source_key is None else _watched(connection, desk, desk.watched or (), now, source_key)
    messages = []
    for rule, _, before in _looks(connection, desk):
        messages += desk.planner(rule, [*first, *_newly_watched(connection, desk, before, now)], None, now)
        watches = _watches(desk, before.watches)
        if watches != before.watches:
            connection.execute(channel.update().where(channel.c.channel == rule.channel).values(watches=watches))
    return messages


def _looks(connection: sa.Connection, desk: "Desk") -> Iterator[tuple[Rule, datetime, Look]]:
    """Give the channels that are known: what each asks for, since when it is there, and its last look."""
    known = {row.channel: row for row in connection.execute(sa.select(channel))} if desk.rules else {}
    for rule in desk.rules:
        if row := known.get(rule.channel):
            last = Look(at=row.looked_at, change=row.looked_change, asks=row.asks, watches=row.watches)
            yield rule, row.created_at, last


def note(connection: sa.Connection, notes: Mapping[str, Look]) -> None:
    """Write down what was looked at, in the transaction that owes what was found."""
    for name, after in notes.items():
        values = {
            "looked_at": after.at,
            "looked_change": after.change,
            "asks": after.asks,
            "watches": after.watches,
        }
        connection.execute(channel.update().where(channel.c.channel == name).values(**values))


def _begun_by(connection: sa.Connection, run_id: int) -> int | None:
    """Give the key of a run's source, if nothing was news there before, and nothing was restored."""
    run = tables.run
    mine = connection.execute(sa.select(run).where(run.c.run_id == run_id)).one()
    if not mine.baseline or mine.status not in MERGED or runs.last_restored(connection, mine.source_key, 0, run_id):
        return None
    earlier = (run.c.source_key == mine.source_key) & (run.c.generation < mine.generation)
    stood = sa.select(sa.exists().where(earlier, run.c.whole | ~run.c.baseline))
    return None if connection.scalar(stood) else int(mine.source_key)


def _newly_watched(connection: sa.Connection, desk: "Desk", before: Look, now: datetime) -> list[Planned]:
    if desk.watched is None or before.watches is None:
        return []
    return _watched(connection, desk, desk.watched - set(json.loads(before.watches)), now)


def _watched(
    connection: sa.Connection, desk: "Desk", ids: Collection[str], now: datetime, source_key: int | None = None
) -> list[Planned]:
    """List those of some ids, at one source or at all, that retire within the earliest milestone."""
    model = tables.model.c
    soon = model.retires_at <= now + desk.ahead
    condition = soon if source_key is None else soon & (model.source_key == source_key)
    wanted, found = sorted(ids), list[Planned]()
    for begin in range(0, len(wanted), _AT_ONCE):
        found += _planned(connection, condition & model.id.in_(wanted[begin : begin + _AT_ONCE]))
    return found


def _asks(rule: Rule, desk: "Desk") -> str:
    watched = None if rule.watched is None else sorted(rule.watched)
    parts = {**asdict(rule), "watched": watched, "milestones": desk.milestones}
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _watches(desk: "Desk", before: str | None) -> str | None:
    return before if desk.watched is None else json.dumps(sorted(desk.watched), separators=(",", ":"))


def _condition(before: Look, after: Look, desk: "Desk") -> sa.ColumnElement[bool]:
    """Select the models of which something can have come up between two looks."""
    model, change = tables.model.c, tables.change.c
    assert after.at is not None  # noqa: S101 - it is now
    soon = model.retires_at <= after.at + desk.ahead
    if before.at is None or before.change is None or before.at > after.at + _DAY or before.asks != after.asks:
        return soon  # the first look, one by a clock that was ahead, or for something else
    # A question for each range, because one with them all would not be answered by the index.
    listed = sa.select(model.model_key).where(model.removed_run.is_(None))
    keys = [
        listed.where(model.retires_at > since, model.retires_at <= until)
        for since, until in _ranges(before.at, after.at, desk)
    ]
    if before.change != after.change:
        keys.append(sa.select(change.model_key).where(change.change_id > before.change))
    return soon & model.model_key.in_(sa.union_all(*keys))


def _ranges(before: datetime, now: datetime, desk: "Desk") -> list[tuple[datetime, datetime]]:
    """Give the dates of which a milestone, or the date itself, lies between two looks."""
    since = min(before, now) - _OVERLAP
    if desk.milestones is None:
        return [(since, now + desk.ahead)]
    return [(since + days * _DAY, now + days * _DAY) for days in sorted({0, *desk.milestones})]


def _is_news(before: Look, after: Look) -> bool:
    assert after.at is not None  # noqa: S101 - it is now
    same = (before.change, before.asks, before.watches) == (after.change, after.asks, after.watches)
    return not same or before.at is None or not after.at - _OFTEN_ENOUGH < before.at <= after.at + _DAY


def _planned(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Planned]:
    """List the models that are listed and fulfil the condition, and since when their dates are known."""
    model, source, run = tables.model, tables.source, tables.run
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
        .where(model.c.removed_run.is_(None), model.c.retires_at.is_not(None), condition)
        .order_by(source.c.source, model.c.id)
    )
    return [Planned(**row) for row in connection.execute(wanted).mappings()]
