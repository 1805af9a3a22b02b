"""Composes a sample of each message that a channel subscribed to, marked as a sample."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from catalog import dates
from catalog.alerts import milestones, rules
from catalog.domain import Change, Kind, Status
from catalog.events import AlertEvent, News, OutboxMessage, PlannedRetirement, Rule, RunFacts

SOURCE = "sample"
_SAMPLE = "this is a sample; nothing happened"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def of(rule: Rule, now: datetime, mark: str) -> list[OutboxMessage]:
    """Compose the samples; `mark` makes their ids new, so that no receiver drops them as repeats."""
    rule = replace(rule, models=(), sources=(), lines=(), lifecycles=(), watched=None)  # filters let a sample pass
    patterns = [rule.changed_fields, ("*",)] if rule.changed_fields else [()]  # no field of a sample may fit
    wider = (replace(rule, changed_fields=each) for each in patterns)
    digests = (rules.digest(each, _news(now, mark), _facts(now, Status.COMPLETE)) for each in wider)
    told = list(islice(filter(None, digests), 1))
    told += rules.about_run(rule, _facts(now, Status.HELD, held=_SAMPLE, accept="--accept-removals"))
    told += rules.about_run(rule, _facts(now, Status.FAILED, failures=rule.failures))
    if AlertEvent.SYNC_RECOVERED in rule.events:
        told += rules.about_run(rule, _facts(now, Status.COMPLETE, failed_before=rule.failures))
    told += rules.about_run(rule, _facts(now, Status.COMPLETE, baseline=True, makes_baseline=True))
    planned = [_planned("retiring", now, days=30)]
    planned += [_planned("overdue", now, days=-1)] if AlertEvent.OVERDUE in rule.events else []
    told += milestones.retiring(rule, planned, milestones=(30,), now=now, since=now - 90 * _DAY)
    return [_marked(message, mark) for message in told]


def _marked(message: OutboxMessage, mark: str) -> OutboxMessage:
    uid = f"{message.uid}_{mark}"
    payload = json.dumps({**json.loads(message.payload), "id": uid}, separators=(",", ":"))
    return replace(message, run_id=None, uid=uid, payload=payload)


def _planned(what: str, now: datetime, *, days: int) -> PlannedRetirement:
    id, name = _named(what)
    return PlannedRetirement(
        source=SOURCE,
        model_id=id,
        display_name=name,
        line=None,
        lifecycle="deprecated",
        retires_at=now + days * _DAY,
        known_since=now - 90 * _DAY,
        watched=True,
    )


def _named(what: str) -> tuple[str, str]:
    """Give the id and the name of the model that stands for something."""
    return f"sample-{what}", f"Sample {what.title()}"


def _facts(now: datetime, status: Status, **told: Any) -> RunFacts:
    failed = max(told.get("failures", 0), told.get("failed_before", 0))
    usual: dict[str, Any] = {"baseline": False, "failures": 0, "failed_before": 0, "held": "", "error": _SAMPLE}
    known = {"source": SOURCE, "run_id": 0, "finished_at": now, "models_listed": 4, "status": status}
    return RunFacts(**{**usual, **known, "failing_since": now - failed * _HOUR if failed else None, **told})


def _news(now: datetime, mark: str) -> list[News]:
    """Tell one story: of four models one is new, one is back, one is gone, and one will retire in 90 days."""
    told: list[tuple[Kind, str, str | None, Any, Any]] = [
        (Kind.ADDED, "new", None, None, None),
        (Kind.RETURNED, "back", None, None, None),
        (Kind.REMOVED, "gone", None, None, None),
        (Kind.CHANGED, "deprecated", "lifecycle", "active", "deprecated"),
        (Kind.CHANGED, "deprecated", "max_tokens", 64_000, 32_000),
        (Kind.CHANGED, "deprecated", "retires_at", None, dates.short(_planned_end(now))),
    ]
    return [_one(now, f"sample:{mark}:{number}", *each) for number, each in enumerate(told)]


def _one(now: datetime, uid: str, kind: Kind, what: str, field: str | None, old: Any, new: Any) -> News:  # noqa: PLR0917 - a row
    id, name = _named(what)
    change = Change(
        change_id=0,
        run_id=0,
        source=SOURCE,
        model_id=id,
        kind=kind,
        field=field,
        old_value=None if old is None else json.dumps(old),
        new_value=None if new is None else json.dumps(new),
        not_before=now - _HOUR,
        observed_at=now,
        recorded_at=now,
        baseline=False,
        uid=uid,
    )
    is_ending = kind is Kind.CHANGED
    return News(
        change=change,
        display_name=name,
        created_at=None,
        line=None,
        lifecycle="deprecated" if is_ending else "active",
        retires_at=_planned_end(now) if is_ending else None,
        max_tokens=32_000,
    )


def _planned_end(now: datetime) -> datetime:
    """Give the day on which the deprecated model will retire."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + 90 * _DAY
