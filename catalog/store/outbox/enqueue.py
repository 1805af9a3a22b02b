"""Enqueues what a run, or the passing of time, has to tell: reads what was recorded, and lets the composer word it.

What a run tells is enqueued in the transaction that records the run: both are there, or neither.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from catalog.domain import DIED, MERGED, Kind, Status
from catalog.events import News, OutboxMessage, Rule, RunFacts, Subscriptions
from catalog.store.engine.database import Database
from catalog.store.ingest import held, runs
from catalog.store.outbox import queue, retirements
from catalog.store.schema import rows, tables, views
from catalog.store.schema.outbox_tables import deferred_removal

_CHUNK = 1000
_CLOCK_SLACK = timedelta(days=1)
# What messages tell of the model of a change.
_KNOWN = ("display_name", "created_at", "line", "lifecycle", "retires_at", "max_input_tokens", "max_tokens")
_removal = tables.change.alias("removal")


def from_run(connection: sa.Connection, run_id: int, subscriptions: Subscriptions, now: datetime) -> int:
    """Enqueue what a run that just ended has to tell; gives how many messages."""
    facts = _facts(connection, run_id)
    rules = subscriptions.rules
    queue.register(connection, [rule.channel for rule in rules], now)
    messages = [message for rule in rules for message in _of_rule(connection, rule, facts, subscriptions)]
    messages += retirements.from_run(connection, run_id, subscriptions, now)
    # Due now, not when the run ended: after a clock was ahead, runs are dated later than the clock that is right.
    return queue.enqueue(connection, [replace(message, due_at=now) for message in messages], now)


def from_dead(connection: sa.Connection, run_ids: Sequence[int], subscriptions: Subscriptions, now: datetime) -> int:
    """Enqueue what runs that died could not tell themselves; gives how many messages."""
    found = (
        subscriptions.composer.about_run(rule, _facts(connection, run_id))
        for run_id in run_ids
        for rule in subscriptions.rules
    )
    messages = [replace(message, due_at=now) for some in found for message in some]
    return queue.enqueue(connection, messages, now)


def from_clock(database: Database, subscriptions: Subscriptions, now: datetime) -> int:
    """Enqueue what the passing of time has to tell: milestones, and deferred removals; gives how many messages.

    Takes the write lock only when there is something. Expires what is pending for channels without a subscription.
    """
    rules = subscriptions.rules
    queue.expire_orphans(database, [rule.channel for rule in rules], now)
    with database.read() as connection:
        messages, checkpoints = retirements.due(connection, subscriptions, now)
        messages = queue.only_new(connection, messages)
        some_due = sa.or_(sa.false(), *(_is_due(rule, now) for rule in rules))
        has_removals = connection.scalar(sa.select(sa.exists().where(some_due)))
    if not messages and not checkpoints and not has_removals:
        return 0
    with database.write() as connection:
        retirements.save_checkpoints(connection, checkpoints)
        messages += [message for rule in rules for message in _due_removals(connection, rule, subscriptions, now)]
        return queue.enqueue(connection, messages, now)


# A run


def _of_rule(
    connection: sa.Connection, rule: Rule, facts: RunFacts, subscriptions: Subscriptions
) -> list[OutboxMessage]:
    composer = subscriptions.composer
    messages = composer.about_run(rule, facts)
    if facts.status in MERGED and not facts.baseline:
        digest = composer.digest(rule, _news_of_run(connection, rule, facts, subscriptions), facts)
        messages = [*messages, digest] if digest else messages
        _drop_returned(connection, rule, facts)  # after the digest, which leaves out these returns
    return messages


def _news_of_run(
    connection: sa.Connection, rule: Rule, facts: RunFacts, subscriptions: Subscriptions
) -> Iterator[News]:
    """Stream a run's news for a channel; defers removals where the rule says so, and leaves out their returns."""
    change = tables.change.c
    of_run = change.run_id == facts.run_id
    if rule.settle:
        removed = _news(connection, of_run & (change.kind == Kind.REMOVED.value), subscriptions)
        concerning = (each for each in removed if subscriptions.composer.concerns(rule, each))
        _defer(connection, rule, concerning, facts)
        of_run &= change.kind != Kind.REMOVED.value
    untold = sa.select(_removal.c.model_key).join(
        deferred_removal, deferred_removal.c.change_id == _removal.c.change_id
    )
    untold = untold.where(deferred_removal.c.channel == rule.channel)
    is_told = (change.kind != Kind.RETURNED.value) | change.model_key.not_in(untold)
    return _news(connection, of_run & is_told, subscriptions)


def _defer(connection: sa.Connection, rule: Rule, removed: Iterator[News], facts: RunFacts) -> None:
    due_at = facts.finished_at + rule.settle
    while some := list(itertools.islice(removed, _CHUNK)):
        rows = [{"channel": rule.channel, "change_id": each.change.change_id, "due_at": due_at} for each in some]
        connection.execute(deferred_removal.insert(), rows)


def _drop_returned(connection: sa.Connection, rule: Rule, facts: RunFacts) -> None:
    """Drop the deferred removals of models that this run saw again."""
    back = tables.change.alias("back")
    again = (back.c.run_id == facts.run_id) & (back.c.kind == Kind.RETURNED.value)
    found = sa.select(_removal.c.change_id).join(back, (back.c.model_key == _removal.c.model_key) & again)
    mine = deferred_removal.c.channel == rule.channel
    connection.execute(deferred_removal.delete().where(mine, deferred_removal.c.change_id.in_(found)))


def _news(connection: sa.Connection, condition: sa.ColumnElement[bool], subscriptions: Subscriptions) -> Iterator[News]:
    view, change, model, source = views.changes, tables.change, tables.model, tables.source
    wanted = (
        sa.select(view, *(model.c[name] for name in _KNOWN))
        .join(change, change.c.change_id == view.c.change_id)
        .join(source, source.c.source == view.c.source)
        .join(model, (model.c.source_key == source.c.source_key) & (model.c.id == view.c.model_id))
        .where(condition, ~view.c.baseline, ~runs.restored_since(source.c.source_key, change))
        .order_by(view.c.change_id)
    )
    with connection.execute(wanted.execution_options(yield_per=_CHUNK)) as found:
        for row in map(dict, found.mappings()):
            about = {name: row.pop(name) for name in _KNOWN}
            told = rows.change(row)
            yield News(change=told, **about, watched=subscriptions.watches(told.source, told.model_id))


def _facts(connection: sa.Connection, run_id: int) -> RunFacts:
    run, source = tables.run, tables.source
    columns = (run.c.status, run.c.baseline, run.c.finished_at, run.c.error)
    about = (source.c.source_key, source.c.source, source.c.models_listed, source.c.baseline_run)
    wanted = sa.select(*columns, *about).join(source, source.c.source_key == run.c.source_key)
    row = connection.execute(wanted.where(run.c.run_id == run_id)).one()
    before, since = _streak_before(connection, row.source_key, run_id)
    failed = row.status in DIED
    begun = [cause for cause in held.causes(connection).get(row.source, ()) if cause.since_run == run_id]
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
        held="; ".join(cause.words for cause in begun),
        accept=" ".join(cause.wait for cause in begun),
        error=row.error,
    )


def _streak_before(connection: sa.Connection, source_key: int, run_id: int) -> tuple[int, datetime | None]:
    """Count the runs in a row that failed just before this one, and say when the first of them ended."""
    run = tables.run.c
    earlier = (run.source_key == source_key) & (run.run_id < run_id)
    merged = sa.select(run.run_id).where(earlier, run.generation.is_not(None)).order_by(run.generation.desc())
    last_merged = connection.scalar(merged.limit(1)) or 0
    # What failed before the catalog was restored from a copy was told then.
    after = runs.last_restored(connection, source_key, last_merged, run_id) or last_merged
    failed = earlier & (run.run_id > after) & run.status.in_(DIED)
    count, first = connection.execute(sa.select(sa.func.count(), sa.func.min(run.run_id)).where(failed)).one()
    since = sa.select(run.finished_at).where(run.run_id == first)
    return count, connection.scalar(since) if count else None


# The passing of time


def _due_removals(
    connection: sa.Connection, rule: Rule, subscriptions: Subscriptions, now: datetime
) -> list[OutboxMessage]:
    """Compose the removals that were deferred long enough, a message per run that recorded them, and drop them.

    Models that are listed again are left out: they may have come back while the channel was not configured.
    """
    due = _is_due(rule, now)
    numbers = sa.select(deferred_removal.c.change_id).where(due)
    change = tables.change.c
    still_gone = change.change_id.in_(numbers) & tables.model.c.removed_run.is_not(None)
    run_ids = connection.scalars(sa.select(change.run_id).where(change.change_id.in_(numbers)).distinct()).all()
    messages = []
    for run_id in sorted(run_ids):
        facts = replace(_facts(connection, run_id), finished_at=now)
        news = _news(connection, still_gone & (change.run_id == run_id), subscriptions)
        message = subscriptions.composer.digest(rule, news, facts)
        messages += [message] if message else []
    connection.execute(deferred_removal.delete().where(due))
    return messages


def _is_due(rule: Rule, now: datetime) -> sa.ColumnElement[bool]:
    too_far = now + rule.settle + _CLOCK_SLACK  # noted by a clock that was ahead
    return (deferred_removal.c.channel == rule.channel) & (
        (deferred_removal.c.due_at <= now) | (deferred_removal.c.due_at > too_far)
    )
