"""Decides which news concern a channel, and composes the messages about a run."""

import json
from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Generic, TypeVar, cast

from catalog import dates
from catalog.alerts import envelope, times
from catalog.alerts.envelope import Fingerprint
from catalog.alerts.payload import ChangesPayload, Entry, RunPayload, RunType, Values, WaveEntry
from catalog.alerts.waves import WaveCounter
from catalog.domain import MERGED, NUMBER_FIELDS, Kind, Status
from catalog.events import AlertEvent, News, OutboxMessage, Rule, RunFacts
from catalog.text import counted

_MOST = 1_000  # changes in a message
_ROOM = 1_000_000  # bytes of a message for changes
_ROOM_OF_WAVES = 100_000  # and for waves

Thing = TypeVar("Thing", Entry, WaveEntry)


def concerns(rule: Rule, news: News) -> bool:
    """Say whether the channel subscribed to this. What a baseline finds concerns no channel."""
    change = news.change
    if change.baseline or not (change.kind.value in rule.events or _names_field(rule, news) or _lowers(rule, news)):
        return False
    return rule.admits(source=change.source, model_id=change.model_id, line=news.line, lifecycle=news.lifecycle)


def digest(rule: Rule, news: Iterable[News], facts: RunFacts) -> OutboxMessage | None:
    """Compose one message of all news that concern the channel; None: none do.

    The news are streamed. The message carries the first 1,000 changes, or as many as fit into a megabyte. If there are
    more, `total` counts all of them, and `waves` tells the waves among all of them. The id depends on every change.
    """
    fingerprint = Fingerprint(rule.channel, "catalog.changes")
    counter, load = WaveCounter(), _Load[Entry](_MOST, _ROOM)
    total = 0
    for each in news:
        if concerns(rule, each):
            total += 1
            entry = _entry(each)
            fingerprint.add(each.change.uid)
            counter.add(each.change.field, each.change.old_value, each.change.new_value)
            load.take(entry)
    if not total:
        return None
    payload: ChangesPayload = {
        "id": fingerprint.id(),
        "type": "catalog.changes",
        "source": facts.source,
        "run_id": facts.run_id,
        "changes": load.taken,
        "at": dates.short(facts.finished_at),
        "models_listed": facts.models_listed,
    }
    if total > len(load.taken):
        waves = _Load[WaveEntry](_MOST, _ROOM_OF_WAVES)
        for wave in counter.waves(facts.models_listed):
            waves.take(WaveEntry(field=wave.field, models=wave.models, **_values(wave.old, wave.new)))
        payload |= {"total": total, "waves": waves.taken}
    return envelope.freeze(rule, payload, due_at=facts.finished_at)


class _Load(Generic[Thing]):
    """Takes things until one does not fit, and none after that; the first one always fits."""

    def __init__(self, most: int, room: int) -> None:
        self.taken: list[Thing] = []
        self._left, self._room = most, room

    def take(self, thing: Thing) -> None:
        if self._left and self._room >= 0:
            self._room -= len(envelope.text(thing))
            if self._room >= 0 or not self.taken:
                self.taken.append(thing)
                self._left -= 1


def about_run(rule: Rule, facts: RunFacts) -> list[OutboxMessage]:
    """Compose the messages about the run itself, for operators. Each is told once per cause."""
    if rule.sources and facts.source not in rule.sources:
        return []
    found = [_held(rule, facts), _failed(rule, facts), _recovered(rule, facts), _baseline(rule, facts)]
    return [message for message in found if message is not None]


def _names_field(rule: Rule, news: News) -> bool:
    field = news.change.field
    if news.change.kind is not Kind.CHANGED or field is None:
        return False
    return any(fnmatchcase(field, pattern) for pattern in rule.changed_fields)


def _lowers(rule: Rule, news: News) -> bool:
    """Say whether a model takes or gives fewer tokens than before, and the channel asked for that."""
    change = news.change
    if AlertEvent.LOWERED not in rule.events or change.field not in NUMBER_FIELDS:
        return False
    old, new = (json.loads(text or "null") for text in (change.old_value, change.new_value))
    return isinstance(old, int) and isinstance(new, int) and new < old


def _entry(news: News) -> Entry:
    change = news.change
    entry = {
        "uid": change.uid,
        "kind": change.kind.value,
        "model_id": change.model_id,
        "display_name": news.display_name,
        "created_at": _short(news.created_at),
        "lifecycle": news.lifecycle,
        "retires_at": _short(news.retires_at),
        "max_input_tokens": news.max_input_tokens,
        "max_tokens": news.max_tokens,
        "watched": news.watched,
        "field": change.field,
        **_values(change.old_value, change.new_value),
        "not_before": _short(change.not_before),
        "observed_at": dates.short(change.observed_at),
    }
    return envelope.bounded(cast("Entry", entry))


def _short(moment: datetime | None) -> str | None:
    return None if moment is None else dates.short(moment)


def _values(old: str | None, new: str | None) -> Values:
    """Give values of a field, as JSON text, as JSON values; what is absent is left out."""
    found: Values = {}
    if old is not None:
        found["old_value"] = json.loads(old)
    if new is not None:
        found["new_value"] = json.loads(new)
    return found


def _held(rule: Rule, facts: RunFacts) -> OutboxMessage | None:
    if AlertEvent.HELD not in rule.events or not facts.held:
        return None
    accept = f"catalog sync {facts.source} {facts.accept}" if facts.accept else ""
    return _compose(rule, facts, "catalog.held", facts.finished_at, f"The run is held: {facts.held}", hint=accept)


def _failed(rule: Rule, facts: RunFacts) -> OutboxMessage | None:
    since = facts.failing_since
    if AlertEvent.SYNC_FAILED not in rule.events or since is None or facts.failures < rule.failures:
        return None
    words = f"{_runs(facts.failures)} failed since {times.minute(since)}; the last one: {facts.error}"
    return _compose(rule, facts, "catalog.sync_failed", since, words, hint="catalog check")


def _recovered(rule: Rule, facts: RunFacts) -> OutboxMessage | None:
    """Tell this also to channels that subscribed to failures alone: they were told of the failure."""
    since = facts.failing_since
    asked = AlertEvent.SYNC_FAILED in rule.events or AlertEvent.SYNC_RECOVERED in rule.events
    if not asked or since is None or facts.status not in MERGED or facts.failed_before < rule.failures:
        return None
    words = f"The list was read again, after {_runs(facts.failed_before)} had failed since {times.minute(since)}"
    return _compose(rule, facts, "catalog.sync_recovered", since, words)


def _baseline(rule: Rule, facts: RunFacts) -> OutboxMessage | None:
    """Tell of a new baseline, unless the run is held: then it is no baseline yet."""
    if AlertEvent.BASELINE not in rule.events or not facts.makes_baseline or facts.status is Status.HELD:
        return None
    words = f"This run is a baseline: it lists {counted(facts.models_listed, 'model')}, and none of them is news"
    words += f" ({facts.error})" if facts.error else ""
    hint = f"catalog models --source {facts.source}"
    return _compose(rule, facts, "catalog.baseline", facts.finished_at, words, hint=hint)


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number:,} runs in a row"


def _compose(
    rule: Rule, facts: RunFacts, kind: RunType, moment: datetime, reason: str, *, hint: str = ""
) -> OutboxMessage:
    """Compose a message about a run; one per channel, type, source and moment."""
    payload: RunPayload = {
        "id": Fingerprint(rule.channel, kind, facts.source, dates.to_text(moment)).id(),
        "type": kind,
        "source": facts.source,
        "run_id": facts.run_id,
        "changes": [],
        "reason": reason,
    }
    if hint:
        payload["hint"] = hint
    return envelope.freeze(rule, envelope.bounded(payload), due_at=facts.finished_at)
