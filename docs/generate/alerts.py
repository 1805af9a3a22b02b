"""The generated parts of the page on alerts: the events, the pauses, and messages as they are worded."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog import dates
from catalog.alerts import milestones, rules, wording
from catalog.domain import Change, Kind, Status
from catalog.events import AlertEvent, News, OutboxMessage, PlannedRetirement, Rule, RunFacts
from catalog.store.outbox import backoff
from docs.generate import parts

# What each event tells, and the type of the message that tells it.
EVENTS = {
    AlertEvent.ADDED: ("catalog.changes", "an id that was never listed before"),
    AlertEvent.RETURNED: ("catalog.changes", "a model that was removed is listed again"),
    AlertEvent.REMOVED: ("catalog.changes", "a model is believed to be gone: two whole walks lacked it"),
    AlertEvent.CHANGED: (
        "catalog.changes",
        "a field changed; `changed:FIELD` asks for one field, or for a pattern of them",
    ),
    AlertEvent.LOWERED: (
        "catalog.changes",
        "`max_input_tokens` or `max_tokens` became lower: requests that worked may be refused",
    ),
    AlertEvent.RETIRING: ("catalog.retiring", "`retires_at` is so many days away as `watch.milestones` says"),
    AlertEvent.OVERDUE: ("catalog.overdue", "`retires_at` has passed, and the model is still listed and not `retired`"),
    AlertEvent.HELD: (
        "catalog.held",
        "a run is held, and waits for a decision; told once for each cause, however long it lasts",
    ),
    AlertEvent.SYNC_FAILED: (
        "catalog.sync_failed",
        "so many runs in a row have failed as `failures` says (3); told once, and followed by `sync_recovered`",
    ),
    AlertEvent.SYNC_RECOVERED: (
        "catalog.sync_recovered",
        "the list is read again after that many failures; to be asked for where only this matters",
    ),
    AlertEvent.BASELINE: ("catalog.baseline", "a first whole walk, or one in a new scope: what it found is not news"),
}

_NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_RULE = Rule(channel="team", events=tuple(AlertEvent))
_FACTS = RunFacts(
    source="anthropic",
    run_id=7,
    status=Status.COMPLETE,
    baseline=False,
    finished_at=_NOW,
    models_listed=12,
    failures=0,
    failed_before=0,
    failing_since=None,
    held="",
    error=None,
)


def renewed(text: str) -> str:
    """Give the page with its generated parts written anew."""
    changes, retiring = _changes(), _retiring()
    return parts.renewed(
        text,
        {
            "events": _events,
            "changes": lambda: _block("json", json.dumps(json.loads(changes.payload), indent=2)),
            "words": lambda: _worded(changes),
            "retiring": lambda: _block("json", json.dumps(json.loads(retiring.payload), indent=2)),
            "waits": _waits,
        },
    )


def _events() -> str:
    rows = (f"| `{event}` | {EVENTS[event][1]} | `{EVENTS[event][0]}` |" for event in AlertEvent)
    return "\n".join(["| event | tells that | `type` of its message |", "|---|---|---|", *rows, ""])


def _waits() -> str:
    """Say how long the pauses are, without their jitter."""
    waits = [backoff.wait(attempts, spread=0.5) for attempts in range(8)]
    said = [_said(wait) for wait in waits]
    return f"""\
A message that was not taken is tried again: {", ".join(said[:-1])} and then {said[-1]} after each failure, give or
take a quarter, so that not all comes back at once. Where a webhook names a `Retry-After`, that is obeyed instead.
"""


def _said(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    return f"{seconds} s" if seconds < 60 else f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"  # noqa: PLR2004


def _changes() -> OutboxMessage:
    changes = (("lifecycle", '"active"', '"deprecated"'), ("retires_at", None, '"2027-05-30T00:00:00Z"'))
    news = [_news(Kind.ADDED, "claude-opus-4-8", max_input_tokens=1_000_000, max_tokens=128_000)]
    known = {"lifecycle": "deprecated", "retires_at": datetime(2027, 5, 30, tzinfo=UTC), "watched": True}
    news += [_news(Kind.CHANGED, "claude-sonnet-4-5", *change, **known) for change in changes]
    message = rules.digest(_RULE, news, _FACTS)
    if message is None:
        raise LookupError("the example tells nothing")
    return message


def _news(
    kind: Kind, model_id: str, field: str | None = None, old: str | None = None, new: str | None = None, **known: Any
) -> News:
    uid = f"anthropic:{kind}:{dates.to_text(_NOW)}:{len(model_id)}:{model_id}{f':{field}' if field else ''}"
    change = Change(
        change_id=0,
        run_id=7,
        source="anthropic",
        model_id=model_id,
        kind=kind,
        field=field,
        old_value=old,
        new_value=new,
        not_before=_NOW - _HOUR,
        observed_at=_NOW,
        recorded_at=_NOW,
        baseline=False,
        uid=uid,
    )
    words = model_id.title().split("-")
    name = f"{' '.join(words[:-2])} {'.'.join(words[-2:])}"
    created_at = datetime(2026, 11, 20, tzinfo=UTC) if kind is Kind.ADDED else datetime(2025, 9, 29, tzinfo=UTC)
    about = {"display_name": name, "created_at": created_at, "line": None, "lifecycle": "active", **known}
    return News(change=change, **about)


def _retiring() -> OutboxMessage:
    planned = PlannedRetirement(
        source="anthropic",
        model_id="claude-sonnet-4-5",
        display_name="Claude Sonnet 4.5",
        line="sonnet",
        lifecycle="deprecated",
        retires_at=datetime(2027, 5, 30, tzinfo=UTC),
        known_since=_NOW,
        watched=True,
    )
    now = planned.retires_at - timedelta(days=30)
    [message] = milestones.retiring(_RULE, [planned], milestones=(90, 60, 30, 14, 7, 1), now=now, since=_NOW)
    return message


def _worded(message: OutboxMessage) -> str:
    subject, text = wording.render(json.loads(message.payload))
    return _block("text", f"{subject}\n\n{text}")


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"
