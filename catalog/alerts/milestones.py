"""Planned retirements as time passes: which milestone a channel must hear of now. Pure: the moment is an argument."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from catalog import dates
from catalog.alerts import rules
from catalog.alerts.envelope import Fingerprint, bounded, owed
from catalog.events import Event, Owed, Planned, Rule

_DAY = timedelta(days=1)
_CLOCK_SLACK = _DAY
_RETIRED = "retired"


def retiring(
    rule: Rule, planned: Iterable[Planned], *, milestones: Sequence[int], now: datetime, since: datetime | None
) -> list[Owed]:
    """Tell how near planned retirements are: of each model the last milestone that has passed, or that it is overdue.

    `milestones` are days before the date, `since` is when the channel was first seen. What was owed before is given
    again with the same uid: one for each source, model, date and milestone. A milestone whose moment lay before
    `since`, or before the date was known, is never told: that the date was set or moved is a change of its own. Either
    counts for nothing when it is still to come: it was noted by a clock that was ahead. Where `since` is None, the last
    milestone that has passed is told whenever that was: of what is watched, nothing else would tell in time.
    """
    messages = (_of_model(rule, model, milestones, now, since) for model in planned)
    return [message for message in messages if message is not None]


def _of_model(
    rule: Rule, model: Planned, milestones: Sequence[int], now: datetime, since: datetime | None
) -> Owed | None:
    if not _is_concerned(rule, model):
        return None
    left = model.retires_at - now
    ahead = _ahead(model, now, since)
    if left <= timedelta(0) and Event.OVERDUE in rule.events:
        return _message(rule, model, now, Event.OVERDUE, None) if ahead >= timedelta(0) else None
    passed = min((days for days in milestones if left <= days * _DAY), default=None)
    if passed is None or ahead < passed * _DAY or Event.RETIRING not in rule.events:
        return None
    return _message(rule, model, now, Event.RETIRING, passed)


def _ahead(model: Planned, now: datetime, since: datetime | None) -> timedelta:
    """Say how far off the date was when it could first be told."""
    if since is None:
        return timedelta.max
    noted = [moment for moment in (since, model.known_since) if moment <= now + _CLOCK_SLACK]
    return model.retires_at - max(noted) if noted else timedelta.max


def _is_concerned(rule: Rule, model: Planned) -> bool:
    return model.lifecycle != _RETIRED and rules.admits(
        rule, source=model.source, model_id=model.model_id, line=model.line, lifecycle=model.lifecycle
    )


def _message(rule: Rule, model: Planned, now: datetime, event: Event, milestone: int | None) -> Owed:
    kind = f"catalog.{event.value}"
    content = {
        "model_id": model.model_id,
        "display_name": model.display_name,
        "retires_at": dates.short(model.retires_at),
        "days": -((now - model.retires_at) // _DAY),  # that are left, begun ones included; below zero: since then
        "milestone": milestone,
    }
    what = (kind, model.source, model.model_id, dates.to_text(model.retires_at), str(milestone))
    return owed(
        rule,
        fingerprint=Fingerprint(*what),
        type=kind,
        source=model.source,
        run_id=None,
        due_at=now,
        content=bounded(content),
    )
