"""Decides which milestone of a planned retirement a channel is told of now."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from catalog import dates
from catalog.alerts import envelope
from catalog.alerts.envelope import Fingerprint
from catalog.alerts.payload import RetirementPayload
from catalog.events import AlertEvent, OutboxMessage, PlannedRetirement, Rule

_DAY = timedelta(days=1)
_CLOCK_SLACK = _DAY
_RETIRED = "retired"


def retiring(
    rule: Rule,
    planned: Iterable[PlannedRetirement],
    *,
    milestones: Sequence[int],
    now: datetime,
    since: datetime | None,
) -> list[OutboxMessage]:
    """Tell for each model the last milestone that has passed, or that its retirement is overdue.

    `milestones` are days before the date; `since` is when the channel was first seen. Asked again, it gives the same
    messages with the same uids: one per source, model, date and milestone.

    A milestone that passed before `since`, or before the date was known, is not told: the change of the date was. A
    `since`, or a date known, that lies in the future was noted by a clock that was ahead, and is ignored. `since` None:
    tell the last milestone whenever it passed, for watched models that no other message tells of in time.
    """
    messages = (_of_model(rule, model, milestones, now, since) for model in planned)
    return [message for message in messages if message is not None]


def _of_model(
    rule: Rule, model: PlannedRetirement, milestones: Sequence[int], now: datetime, since: datetime | None
) -> OutboxMessage | None:
    admitted = rule.admits(source=model.source, model_id=model.model_id, line=model.line, lifecycle=model.lifecycle)
    if model.lifecycle == _RETIRED or not admitted:
        return None
    left = model.retires_at - now
    notice = _notice(model, now, since)
    if left <= timedelta(0) and AlertEvent.OVERDUE in rule.events:
        return _message(rule, model, now, "catalog.overdue", None) if notice >= timedelta(0) else None
    passed = min((days for days in milestones if left <= days * _DAY), default=None)
    if passed is None or notice < passed * _DAY or AlertEvent.RETIRING not in rule.events:
        return None
    return _message(rule, model, now, "catalog.retiring", passed)


def _notice(model: PlannedRetirement, now: datetime, since: datetime | None) -> timedelta:
    """Say how far off the date was when it could first be told."""
    if since is None:
        return timedelta.max
    noted = [moment for moment in (since, model.known_since) if moment <= now + _CLOCK_SLACK]
    return model.retires_at - max(noted) if noted else timedelta.max


def _message(
    rule: Rule,
    model: PlannedRetirement,
    now: datetime,
    kind: Literal["catalog.retiring", "catalog.overdue"],
    milestone: int | None,
) -> OutboxMessage:
    # Without the channel: the same milestone has the same id for every receiver.
    what = (kind, model.source, model.model_id, dates.to_text(model.retires_at), str(milestone))
    payload: RetirementPayload = {
        "id": Fingerprint(*what).id(),
        "type": kind,
        "source": model.source,
        "run_id": None,
        "changes": [],
        "model_id": model.model_id,
        "display_name": model.display_name,
        "retires_at": dates.short(model.retires_at),
        "known_since": dates.short(model.known_since),
        "watched": model.watched,
        "days": -((now - model.retires_at) // _DAY),
        "milestone": milestone,
    }
    return envelope.freeze(rule, envelope.bounded(payload), due_at=now)
