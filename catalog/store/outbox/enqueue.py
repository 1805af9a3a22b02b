"""What a run owes to channels: reads what it recorded, asks the editor, and puts the answer into the outbox.

Everything happens in the transaction that records the run. What is worth telling, and how, the editor alone knows.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa

from catalog.domain import DIED, MERGED, Kind, Status
from catalog.events import News, Owed, Planned, Rule, RunFacts
from catalog.store.engine.database import Database
from catalog.store.ingest import held, runs
from catalog.store.outbox import queue, retirements
from catalog.store.schema import rows, tables
from catalog.store.schema.outbox_tables import waiting

_CHUNK = 1000
_TOO_FAR = timedelta(days=1)
_removal = tables.change.alias("removal")


class Editor(Protocol):
    """Decides what is worth telling; the module `catalog.alerts.rules` is one."""

    def concerns(self, rule: Rule, news: News) -> bool: ...
    def digest(self, rule: Rule, news: Iterable[News], facts: RunFacts) -> Owed | None: ...
    def operator(self, rule: Rule, facts: RunFacts) -> list[Owed]: ...


# Says which milestones of planned retirements a channel must hear of, given since when it can be told of them (None: of
# the last one that has passed, whenever that was), and the time now.
Planner = Callable[[Rule, Iterable[Planned], datetime | None, datetime], list[Owed]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """Who is to be told, and who decides what. `ahead` is how far the earliest milestone looks into the future."""

    rules: tuple[Rule, ...]
    editor: Editor
    planner: Planner
    ahead: timedelta
    milestones: tuple[int, ...] | None = None  # days before a retirement; None: any up to `ahead`
    watched: frozenset[str] | None = None  # ids that somebody depends on; None: it cannot be said which


def of_run(connection: sa.Connection, run_id: int, desk: Desk, now: datetime) -> int:
    """Owe what a run that just ended has to tell; gives how many messages."""
    facts = _facts(connection, run_id)
    queue.register(connection, [rule.channel for rule in desk.rules], now)
    messages = [message for rule in desk.rules for message in _of_rule(connection, rule, facts, desk.editor)]
    messages += retirements.of_run(connection, run_id, desk, now)
    # Where a clock was ahead, the run is dated after that: alerts must not wait until it is so late.
    return queue.owe(connection, [replace(message, due_at=now) for message in messages], now)


def of_time(database: Database, desk: Desk, now: datetime) -> int:
    """Owe what the passing of time has to tell: milestones passed, and removals that have settled.

    Takes the write lock only when there is something. Gives how many messages. What channels are owed that nobody is
    told of any more dies here in its time.
    """
    queue.forsake(database, [rule.channel for rule in desk.rules], now)
    with database.read() as connection:
        found = retirements.look(connection, desk, now)
        messages = queue.fresh(connection, found.messages)
        settled = sa.or_(sa.false(), *(_has_settled(rule, now) for rule in desk.rules))
        some_settled = connection.scalar(sa.select(sa.exists().where(settled)))
    if not messages and not found.notes and not some_settled:
        return 0
    with database.write() as connection:
        retirements.note(connection, found.notes)
        removals = [message for rule in desk.rules for message in _settled(connection, rule, desk.editor, now)]
        return queue.owe(connection, [*messages, *removals], now)


# A run


def _of_rule(connection: sa.Connection, rule: Rule, facts: RunFacts, editor: Editor) -> list[Owed]:
    messages = editor.operator(rule, facts)
    if facts.status in MERGED and not facts.baseline:
        digest = editor.digest(rule, _told_now(connection, rule, facts, editor), facts)
        messages = [*messages, digest] if digest else messages
        _cancel_returned(connection, rule, facts)  # after the digest, which leaves such returns out
    return messages


def _told_now(connection: sa.Connection, rule: Rule, facts: RunFacts, editor: Editor) -> Iterator[News]:
    """Stream a run's news for a channel; puts removals that have to settle aside, and leaves out returns."""
    change = tables.change.c
    of_run = change.run_id == facts.run_id
    if rule.settle:
        removed = _news(connection, of_run & (change.kind == Kind.REMOVED.value))
        _put_aside(connection, rule, (each for each in removed if editor.concerns(rule, each)), facts)
        of_run &= change.kind != Kind.REMOVED.value
    untold = sa.select(_removal.c.model_key).join(waiting, waiting.c.change_id == _removal.c.change_id)
    untold = untold.where(waiting.c.channel == rule.channel)
    return _news(connection, of_run & ((change.kind != Kind.RETURNED.value) | change.model_key.not_in(untold)))


def _put_aside(connection: sa.Connection, rule: Rule, removed: Iterator[News], facts: RunFacts) -> None:
    due_at = facts.finished_at + rule.settle
    while some := list(itertools.islice(removed, _CHUNK)):
        rows = [{"channel": rule.channel, "change_id": each.change.change_id, "due_at": due_at} for each in some]
        connection.execute(waiting.insert(), rows)


def _cancel_returned(connection: sa.Connection, rule: Rule, facts: RunFacts) -> None:
    """Wait no more for the removals of models that this run saw again."""
    back = tables.change.alias("back")
    again = (back.c.run_id == facts.run_id) & (back.c.kind == Kind.RETURNED.value)
    found = sa.select(_removal.c.change_id).join(back, (back.c.model_key == _removal.c.model_key) & again)
    mine = waiting.c.channel == rule.channel
    connection.execute(waiting.delete().where(mine, waiting.c.change_id.in_(found)))


def _news(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Iterator[News]:
    view, change, model, source = tables.changes, tables.change, tables.model, tables.source
    wanted = (
        sa.select(view, model.c.display_name, model.c.created_at, model.c.line, model.c.lifecycle)
        .join(change, change.c.change_id == view.c.change_id)
        .join(source, source.c.source == view.c.source)
        .join(model, (model.c.source_key == source.c.source_key) & (model.c.id == view.c.model_id))
        .where(condition, ~view.c.baseline, ~runs.restored_since(source.c.source_key, change))
        .order_by(view.c.change_id)
    )
    with connection.execute(wanted.execution_options(yield_per=_CHUNK)) as found:
        for row in found.mappings():
            yield _one_news(dict(row))


def _one_news(row: dict[str, Any]) -> News:
    about = {name: row.pop(name) for name in ("display_name", "created_at", "line", "lifecycle")}
    return News(change=rows.change(row), **about)


def _facts(connection: sa.Connection, run_id: int) -> RunFacts:
    run, source = tables.run, tables.source
    columns = (run.c.status, run.c.baseline, run.c.finished_at, run.c.error)
    about = (source.c.source_key, source.c.source, source.c.models_listed, source.c.baseline_run)
    wanted = sa.select(*columns, *about).join(source, source.c.source_key == run.c.source_key)
    row = connection.execute(wanted.where(run.c.run_id == run_id)).one()
    last_merged = _merged_before(connection, row.source_key, run_id)
    # What failed before the catalog was restored from a copy was told of then.
    after = runs.last_restored(connection, row.source_key, last_merged, run_id) or last_merged
    before, since = _failed_between(connection, row.source_key, after, run_id)
    failed = row.status in DIED
    causes = held.causes(connection).get(row.source, ())
    return RunFacts(
        source=row.source,
        run_id=run_id,
        status=Status(row.status),
        baseline=bool(row.baseline),
        makes_baseline=row.baseline_run == run_id,
        finished_at=row.finished_at,
        models_listed=row.models_listed,
        failures=before + 1 if failed else 0,
        failed_before=before,
        failing_since=since or (row.finished_at if failed else None),
        held="; ".join(cause.words for cause in causes if cause.since_run == run_id),
        error=row.error,
    )


def _merged_before(connection: sa.Connection, source_key: int, run_id: int) -> int:
    run = tables.run.c
    mine = (run.source_key == source_key) & (run.run_id < run_id) & run.generation.is_not(None)
    return connection.scalar(sa.select(run.run_id).where(mine).order_by(run.generation.desc()).limit(1)) or 0


def _failed_between(connection: sa.Connection, source_key: int, after: int, run_id: int) -> tuple[int, datetime | None]:
    """Count the runs in between that failed, and tell when the first of them ended."""
    run = tables.run.c
    mine = (run.source_key == source_key) & (run.run_id > after) & (run.run_id < run_id) & run.status.in_(DIED)
    count, first = connection.execute(sa.select(sa.func.count(), sa.func.min(run.run_id)).where(mine)).one()
    since = sa.select(run.finished_at).where(run.run_id == first)
    return count, connection.scalar(since) if count else None


# The passing of time


def _settled(connection: sa.Connection, rule: Rule, editor: Editor, now: datetime) -> list[Owed]:
    """Word the removals that waited long enough, a message per run that recorded them, and wait for them no more.

    A model that came back while nobody had the channel in a configuration is no news either.
    """
    due = _has_settled(rule, now)
    numbers = sa.select(waiting.c.change_id).where(due)
    change = tables.change.c
    is_due = change.change_id.in_(numbers) & tables.model.c.removed_run.is_not(None)
    run_ids = connection.scalars(sa.select(change.run_id).where(change.change_id.in_(numbers)).distinct()).all()
    messages = []
    for run_id in sorted(run_ids):
        facts = replace(_facts(connection, run_id), finished_at=now)
        message = editor.digest(rule, _news(connection, is_due & (change.run_id == run_id)), facts)
        messages += [message] if message else []
    connection.execute(waiting.delete().where(due))
    return messages


def _has_settled(rule: Rule, now: datetime) -> sa.ColumnElement[bool]:
    too_far = now + rule.settle + _TOO_FAR  # noted by a clock that was ahead
    return (waiting.c.channel == rule.channel) & ((waiting.c.due_at <= now) | (waiting.c.due_at > too_far))
