"""Composes a sample of each message that a channel subscribed to, marked as a sample."""

import json
from dataclasses import replace
from datetime import datetime, timedelta

from catalog.alerts import milestones, rules
from catalog.domain import Change, Kind, Status
from catalog.events import News, OutboxMessage, PlannedRetirement, Rule, RunFacts

SOURCE = "sample"
MODEL = "sample-model-1"
_NAME = "Sample Model 1 (a test; nothing happened)"
_SAMPLE = "this is a sample; nothing happened"
_HOUR = timedelta(hours=1)


def of(rule: Rule, now: datetime, mark: str) -> list[OutboxMessage]:
    """Compose the samples; `mark` makes their ids new, so that no receiver drops them as repeats."""
    rule = replace(rule, models=(), sources=(), lines=(), lifecycles=(), watched=None)  # filters let a sample pass
    digest = rules.digest(rule, _news(now, mark), _facts(now, Status.COMPLETE))
    told = [digest] if digest else []
    told += rules.about_run(rule, _facts(now, Status.HELD, held=_SAMPLE))
    told += rules.about_run(rule, _facts(now, Status.FAILED, failures=rule.failures))
    told += rules.about_run(rule, _facts(now, Status.COMPLETE, baseline=True))
    for model in _planned(now):
        told += milestones.retiring(rule, [model], milestones=(30,), now=now, since=model.known_since)
    return [_marked(message, mark) for message in {message.type: message for message in told}.values()]


def _marked(message: OutboxMessage, mark: str) -> OutboxMessage:
    uid = f"{message.uid}_{mark}"
    payload = json.dumps({**json.loads(message.payload), "id": uid}, separators=(",", ":"))
    return replace(message, run_id=None, uid=uid, payload=payload)


def _planned(now: datetime) -> list[PlannedRetirement]:
    day = timedelta(days=1)
    return [
        PlannedRetirement(
            source=SOURCE,
            model_id=MODEL,
            display_name=_NAME,
            line=None,
            lifecycle="deprecated",
            retires_at=now + days * day,
            known_since=now - 90 * day,
        )
        for days in (30, -1)
    ]


def _facts(now: datetime, status: Status, *, failures: int = 0, baseline: bool = False, held: str = "") -> RunFacts:
    return RunFacts(
        source=SOURCE,
        run_id=0,
        status=status,
        baseline=baseline,
        makes_baseline=baseline,
        finished_at=now,
        models_listed=1,
        failures=failures,
        failed_before=0,
        failing_since=now - failures * _HOUR if failures else None,
        held=held,
        error=_SAMPLE,
    )


def _news(now: datetime, mark: str) -> list[News]:
    fields = (("display_name", '"Sample"', f'"{_NAME}"'), ("lifecycle", '"active"', '"deprecated"'))
    told = [(kind, None, None, None) for kind in (Kind.ADDED, Kind.RETURNED, Kind.REMOVED)]
    told += [(Kind.CHANGED, *each) for each in (*fields, ("retires_at", None, '"2030-01-01T00:00:00Z"'))]
    return [_one(now, f"sample:{mark}:{number}", *each) for number, each in enumerate(told)]


def _one(now: datetime, uid: str, kind: Kind, field: str | None, old: str | None, new: str | None) -> News:  # noqa: PLR0917 - a row
    change = Change(
        change_id=0,
        run_id=0,
        source=SOURCE,
        model_id=MODEL,
        kind=kind,
        field=field,
        old_value=old,
        new_value=new,
        not_before=now - _HOUR,
        observed_at=now,
        recorded_at=now,
        baseline=False,
        uid=uid,
    )
    return News(change=change, display_name=_NAME, created_at=now, line=None, lifecycle="deprecated")
