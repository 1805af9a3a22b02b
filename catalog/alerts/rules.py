"""Which news concern which channel, and the messages a run owes it. Pure: facts in, frozen messages out."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from fnmatch import fnmatchcase

from catalog import dates
from catalog.alerts import envelope
from catalog.alerts.envelope import Fingerprint, owed
from catalog.alerts.waves import Tally
from catalog.domain import MERGED, Kind, Status
from catalog.events import Event, News, Owed, Rule, RunFacts

_MOST = 1_000  # changes in a message
_ROOM = 1_000_000  # bytes of a message that changes may fill, and
_ROOM_OF_WAVES = 100_000  # that waves may
_CHANGES = "catalog.changes"


def concerns(rule: Rule, news: News) -> bool:
    """Say whether the channel wants to hear of it. The findings of a baseline concern nobody."""
    change = news.change
    if change.baseline or not (change.kind.value in rule.events or _names_field(rule, news)):
        return False
    return admits(rule, source=change.source, model_id=change.model_id, line=news.line, lifecycle=news.lifecycle)


def admits(rule: Rule, *, source: str, model_id: str, line: str | None, lifecycle: str | None) -> bool:
    """Say whether a model passes all filters of the channel; patterns mean what `--match` means."""
    return (
        (not rule.sources or source in rule.sources)
        and (not rule.lines or line in rule.lines)
        and (not rule.lifecycles or lifecycle in rule.lifecycles)
        and (rule.watched is None or model_id in rule.watched)
        and (not rule.models or any(fnmatchcase(model_id, pattern) for pattern in rule.models))
    )


def digest(rule: Rule, news: Iterable[News], facts: RunFacts) -> Owed | None:
    """Put all that concerns the channel into one message; None when nothing does.

    Takes the news as they stream by: a message carries the first thousand changes, or as many as fit into a megabyte,
    and, if there were more, how many there were in `total`, and the waves that run through all of them in `waves`. The
    id depends on every change.
    """
    fingerprint = Fingerprint(rule.channel, _CHANGES)
    tally, load = Tally(), _Load(_MOST, _ROOM)
    total = 0
    for each in news:
        if concerns(rule, each):
            total += 1
            entry = _entry(each)
            fingerprint.add(each.change.uid)
            tally.add(entry)
            load.take(entry)
    if not total:
        return None
    content: dict[str, object] = {"changes": load.taken, "models_listed": facts.models_listed}
    if total > len(load.taken):
        waves = _Load(_MOST, _ROOM_OF_WAVES)
        for wave in tally.waves(facts.models_listed):
            waves.take(asdict(wave))
        content |= {"total": total, "waves": waves.taken}
    return _of_run(rule, facts, _CHANGES, fingerprint, content)


class _Load:
    """Takes what comes until one thing does not fit, and nothing after that; the first one always fits."""

    def __init__(self, most: int, room: int) -> None:
        self.taken: list[dict[str, object]] = []
        self._left, self._room = most, room

    def take(self, thing: dict[str, object]) -> None:
        if self._left and self._room >= 0:
            self._room -= len(envelope.text(thing))
            if self._room >= 0 or not self.taken:
                self.taken.append(thing)
                self._left -= 1


def operator(rule: Rule, facts: RunFacts) -> list[Owed]:
    """Give the messages about the run itself, for those who look after the catalog. Each is told once per cause."""
    if rule.sources and facts.source not in rule.sources:
        return []
    found = [_held(rule, facts), _failed(rule, facts), _recovered(rule, facts), _baseline(rule, facts)]
    return [message for message in found if message is not None]


def _names_field(rule: Rule, news: News) -> bool:
    field = news.change.field
    if news.change.kind is not Kind.CHANGED or field is None:
        return False
    asked = (event.partition(":") for event in rule.events)
    return any(name == Event.CHANGED and fnmatchcase(field, pattern) for name, _, pattern in asked)


def _entry(news: News) -> dict[str, object]:
    change = news.change
    told = {
        "uid": change.uid,
        "kind": change.kind.value,
        "model_id": change.model_id,
        "display_name": news.display_name,
        "created_at": _time(news.created_at),
        "field": change.field,
        "old_value": change.old_value,
        "new_value": change.new_value,
        "not_before": _time(change.not_before),
        "observed_at": _time(change.observed_at),
    }
    return envelope.bounded(told)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else dates.short(moment)


def _held(rule: Rule, facts: RunFacts) -> Owed | None:
    if Event.HELD not in rule.events or not facts.held:
        return None
    return _told(rule, facts, Event.HELD, facts.finished_at, f"The run is held: {facts.held}")


def _failed(rule: Rule, facts: RunFacts) -> Owed | None:
    since = facts.failing_since
    if Event.SYNC_FAILED not in rule.events or since is None or facts.failures < rule.failures:
        return None
    words = f"{_runs(facts.failures)} failed since {dates.short(since)}; the last one: {facts.error}"
    return _told(rule, facts, Event.SYNC_FAILED, since, words)


def _recovered(rule: Rule, facts: RunFacts) -> Owed | None:
    """Tell those, too, who were told of the failure."""
    since = facts.failing_since
    asked = Event.SYNC_FAILED in rule.events or Event.SYNC_RECOVERED in rule.events
    if not asked or since is None or facts.status not in MERGED or facts.failed_before < rule.failures:
        return None
    words = f"The list was read again, after {_runs(facts.failed_before)} had failed since {dates.short(since)}"
    return _told(rule, facts, Event.SYNC_RECOVERED, since, words)


def _baseline(rule: Rule, facts: RunFacts) -> Owed | None:
    """Tell of a baseline once it stands: one that is held does not yet."""
    if Event.BASELINE not in rule.events or not facts.makes_baseline or facts.status is Status.HELD:
        return None
    words = f"This run is a baseline: it lists {facts.models_listed:,} models, and none of them is news"
    words += f" ({facts.error})" if facts.error else ""
    return _told(rule, facts, Event.BASELINE, facts.finished_at, words)


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number:,} runs in a row"


def _told(rule: Rule, facts: RunFacts, event: Event, moment: datetime, reason: str) -> Owed:
    """Freeze a message about a run, one for each such event of a source and a moment."""
    kind = f"catalog.{event.value}"
    fingerprint = Fingerprint(rule.channel, kind, facts.source, dates.to_text(moment))
    return _of_run(rule, facts, kind, fingerprint, envelope.bounded({"reason": reason}))


def _of_run(rule: Rule, facts: RunFacts, kind: str, fingerprint: Fingerprint, content: dict[str, object]) -> Owed:
    return owed(
        rule,
        fingerprint=fingerprint,
        type=kind,
        source=facts.source,
        run_id=facts.run_id,
        due_at=facts.finished_at,
        content=content,
    )
