"""The entries of the stream and of feeds, from the change log and from dates. Pure; page and feeds say the same.

An entry that was given once never changes, and keeps its id: it is made of what the log said when it was recorded, of
nothing that a later run may move. Its id names what it tells, never a row, a host or a day.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from catalog import dates
from catalog.alerts import waves
from catalog.alerts.waves import Wave, WaveCounter
from catalog.domain import Change, Kind, RetirementDate, Run
from catalog.events import AlertEvent, Rule
from catalog.text import counted, harmless
from catalog.web import asked, names
from catalog.web.asked import ChangesQuestion, Moment
from catalog.web.names import Dated

_DAY = timedelta(days=1)
_MOST = 50  # entries of one run; more are told by their number
_FEW = 3  # fields that a title names
_LONGEST = 200  # characters of a value
_RETIRED = "retired"
_TITLES = {Kind.ADDED: "newly listed", Kind.REMOVED: "no longer listed", Kind.RETURNED: "listed again"}
_NO_NEWS = "A baseline found this: it is no news."

EntryKind = Literal["added", "removed", "returned", "changed", "wave", "many", "retiring", "overdue"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedEntry:
    """One thing that happened; texts are for people, on one line each."""

    uid: str  # urn:uuid:…
    kind: EntryKind
    source: str
    model_id: str | None  # None: it tells of several models
    title: str
    text: str  # lines
    updated: datetime  # when it was recorded
    published: datetime  # when it was observed
    path: str  # from the root of the site
    changes: tuple[Change, ...] = ()  # in the order of the log


def of_run(run: Run, changes: Iterable[Change], *, are_all: bool = True) -> list[FeedEntry]:
    """Tell what a run found, the newest first: its changes that passed a filter, or only the first of very many."""
    told = sorted(changes, key=lambda change: change.change_id)
    if not are_all:
        return [_many(run, told, at_least=True)]
    counter = WaveCounter()
    for change in told:
        counter.add(change.field, change.old_value, change.new_value)
    found = counter.waves(run.models_seen)
    keys = {waves.key(wave.field, wave.old, wave.new) for wave in found}
    inside = [change for change in told if waves.key_of(change) in keys]
    alone = [change for change in told if waves.key_of(change) not in keys]
    entries = [_wave(run, found, inside)] if inside else []
    entries += [_of_model(list(some)) for _, some in groupby(sorted(alone, key=_subject), key=_subject)]
    if len(entries) > _MOST:
        return [_many(run, told)]
    return sorted(entries, key=lambda entry: entry.changes[-1].change_id, reverse=True)


def of_dates(
    planned: Iterable[RetirementDate],
    rule: Rule,
    *,
    milestones: Sequence[int],
    now: datetime,
    since: datetime | None,
    before: Dated | None = None,
    most: int | None = None,
) -> list[FeedEntry]:
    """Tell which milestones have come, `since` a moment, for each date that stood then; the newest first.

    `before`: only what follows this place. With `most`, only so many, and all that came at the moment of the last.

    `planned` has all dates of a model, oldest first. Of the milestones that had passed when a date became known, the
    last is told, at that time; of a date that had passed itself, none.
    """
    told: dict[tuple[object, ...], tuple[RetirementDate, int | None, datetime]] = {}
    for date in planned:
        if not rule.admits(source=date.source, model_id=date.model_id, line=date.line, lifecycle=date.lifecycle):
            continue
        for days, at in _moments(date, rule, milestones):
            stood = date.stands_from <= at <= now and (date.stands_until is None or at < date.stands_until)
            if stood and date.lifecycle != _RETIRED:
                told.setdefault((date.source, date.model_id, date.retires_at, days), (date, days, at))
    recent = [each for each in told.values() if (since is None or each[2] >= since) and _follows(*each, before)]
    if most is not None and len(recent) > most:  # a page shows few of them, and each costs
        last = heapq.nlargest(most, (at for _, _, at in recent))[-1]
        recent = [each for each in recent if each[2] >= last]
    return sorted((_retirement(*each) for each in recent), key=standing, reverse=True)


def _follows(date: RetirementDate, days: int | None, at: datetime, before: Dated | None) -> bool:
    """Tell whether an entry comes after a place, which only those of the same moment and source must be made for."""
    if before is None or (at, date.source) != (before.at, before.source):
        return before is None or (at, date.source) < (before.at, before.source)
    return _retirement(date, days, at).uid < before.uid


def nearest(milestones: Sequence[int], *, now: datetime, since: datetime) -> list[tuple[datetime, datetime]]:
    """Give the times in which a date lies that came near `since` a moment, or that passed."""
    return [(since + days * _DAY, now + days * _DAY) for days in (0, *milestones)]


def standing(entry: FeedEntry) -> tuple[datetime, int, int, str, str]:
    """Give where an entry stands in the stream: what runs found of a time is newer than its dates, source by source."""
    last = entry.changes[-1] if entry.changes else None
    return entry.updated, last.run_id if last else 0, last.change_id if last else 0, entry.source, entry.uid


def place(entry: FeedEntry) -> int | Dated:
    """Spell where an entry stands, for the address of what follows it."""
    if entry.changes:
        return entry.changes[-1].change_id
    text = f"{dates.to_text(entry.updated)}:{entry.source}:{entry.uid.rpartition(':')[2]}"
    return Dated(text, entry.updated, entry.source, entry.uid)


def _subject(change: Change) -> tuple[str, str]:
    """What one entry tells of: a field of a model together with its other fields."""
    return change.model_id, change.kind.value


def _of_model(changes: Sequence[Change]) -> FeedEntry:
    first = changes[0]
    told = f"{_some([harmless(change.field or '') for change in changes])} changed"
    verb = _TITLES.get(first.kind, told)
    lines = [_transition(change.field or "", change.old_value, change.new_value) for change in changes if change.field]
    path = names.model_path(first.source, first.model_id)
    return _entry(
        first.kind.value, changes, f"{harmless(first.model_id)}: {verb}", lines, path, model_id=first.model_id
    )


def _wave(run: Run, found: Sequence[Wave], inside: Sequence[Change]) -> FeedEntry:
    fields = list(dict.fromkeys(harmless(wave.field) for wave in found))
    most = max(wave.models for wave in found)
    on = f"on {most:,} of {counted(run.models_seen, 'model')}"
    verb = "appeared" if all(wave.old is None for wave in found) else "changed"
    lines = [f"{_transition(wave.field, wave.old, wave.new)}, on {wave.models:,}" for wave in found]
    return _entry("wave", inside, f"{_some(fields)} {verb} {on}", lines, _changes_of(run))


def _many(run: Run, changes: Sequence[Change], *, at_least: bool = False) -> FeedEntry:
    models = {kind: len({change.model_id for change in changes if change.kind is kind}) for kind in Kind}
    parts = [f"{number:,} {kind.value}" for kind, number in models.items() if number]
    title = f"{'more than ' if at_least else ''}{counted(len(changes), 'change')}: {', '.join(parts)}"
    return _entry("many", changes, title, ["Too many to be told one by one."], _changes_of(run))


def _entry(
    kind: EntryKind,
    changes: Sequence[Change],
    title: str,
    lines: Sequence[str],
    path: str,
    *,
    model_id: str | None = None,
) -> FeedEntry:
    first = changes[0]
    no_news = [_NO_NEWS] if any(change.baseline for change in changes) else []
    return FeedEntry(
        uid=names.uuid_of("\n".join(sorted(change.uid for change in changes))).urn,
        kind=kind,
        source=first.source,
        model_id=model_id,
        title=f"{title} ({harmless(first.source)})",
        text="\n".join([*lines, _between(changes), *no_news]),
        updated=max(change.recorded_at for change in changes),
        published=max(change.observed_at for change in changes),
        path=path,
        changes=tuple(changes),
    )


def _some(fields: Sequence[str]) -> str:
    more = f" and {counted(len(fields) - _FEW, 'more field')}" if len(fields) > _FEW else ""
    return f"{', '.join(fields[:_FEW])}{more}"


def _between(changes: Sequence[Change]) -> str:
    """Say between which looks all of it happened."""
    after, by = [change.not_before for change in changes], max(change.observed_at for change in changes)
    proven = [moment for moment in after if moment is not None]
    if len(proven) < len(after):
        return f"It was so by {dates.short(by)}; nothing proves since when."
    return f"It happened after {dates.short(min(proven))}, and by {dates.short(by)}."


def _transition(field: str, old: str | None, new: str | None) -> str:
    if old is None and new is None:  # of a wave: with various values
        return f"{harmless(field)}: appeared"
    return f"{harmless(field)}: {_value(old)} → {_value(new)}"


def _value(value: str | None) -> str:
    shown = "absent" if value is None else harmless(value[: _LONGEST + 1])
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _changes_of(run: Run) -> str:
    """Give where all that a run recorded is told."""
    at = run.finished_at or run.started_at
    since, until = (Moment(dates.short(moment), moment) for moment in (at, at + timedelta(microseconds=1)))
    question = ChangesQuestion(events=tuple(sorted(kind.value for kind in Kind)), sources=(run.source,))
    return f"changes.html{asked.write(question, since=since, until=until)}"


def _moments(date: RetirementDate, rule: Rule, milestones: Sequence[int]) -> Iterator[tuple[int | None, datetime]]:
    """Give the milestones of a date with their times; None: the date itself has passed."""
    if AlertEvent.OVERDUE in rule.events:
        yield None, max(date.retires_at, date.known_since)
    if AlertEvent.RETIRING in rule.events and date.known_since < date.retires_at:
        passed = [days for days in milestones if date.retires_at - days * _DAY <= date.known_since]
        later = [days for days in milestones if date.retires_at - days * _DAY > date.known_since]
        yield from ((days, date.known_since) for days in ([min(passed)] if passed else []))
        yield from ((days, date.retires_at - days * _DAY) for days in later)


def _retirement(date: RetirementDate, days: int | None, at: datetime) -> FeedEntry:
    kind: EntryKind = "overdue" if days is None else "retiring"
    told = dates.to_text(date.retires_at)
    uid = [date.source, kind, told, *([] if days is None else [str(days)]), str(len(date.model_id)), date.model_id]
    left = -((at - date.retires_at) // _DAY)
    verb = "overdue, still listed" if days is None else f"retires in {counted(left, 'day')}"
    planned = "was" if days is None else "is"
    return FeedEntry(
        uid=names.uuid_of(":".join(uid)).urn,
        kind=kind,
        source=date.source,
        model_id=date.model_id,
        title=f"{harmless(date.model_id)}: {verb} ({harmless(date.source)})",
        text=f"Its retirement {planned} planned for {dates.short(date.retires_at)}. Such a date may move.",
        updated=at,
        published=at,
        path=names.model_path(date.source, date.model_id),
    )
