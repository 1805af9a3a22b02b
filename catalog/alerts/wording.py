"""Words a payload for people: a subject and a plain text. The same payload in the same room gives the same words.

One entry per model, the most urgent first; those that the reader depends on are marked. A wave is one line, however
many models it touched. Days count from the moment that the message carries, not from when it is read.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from catalog.alerts import clauses, layout, quoting, stories, times, waves
from catalog.alerts.clauses import COUNTED, Clause, Rank
from catalog.alerts.layout import Draft, Line
from catalog.alerts.payload import (
    ABSENT,
    ChangesPayload,
    Entry,
    Payload,
    RetirementPayload,
    RunPayload,
    Values,
    modern,
)
from catalog.alerts.stories import Interval, ModelNews
from catalog.alerts.waves import Wave, WaveCounter
from catalog.domain import Kind
from catalog.events import Room, Severity
from catalog.text import counted

ROOMY = Room(subject=150, fits=lambda _subject, _text: True)
_REASON, _NAME = 1_000, 100  # characters
_FEW = 3  # fields of a wave that are named
_TYPED = re.compile(r"[\w./:@+-]+", re.ASCII)  # ids that a shell takes as they are

# The title of a message about a run, and what its command does.
_RUNS = {
    "catalog.held": ("a run is held", "To accept it"),
    "catalog.sync_failed": ("the list cannot be read", "To find out why"),
    "catalog.sync_recovered": ("the list is read again", ""),
    "catalog.baseline": ("a new baseline", "To see it"),
}

# The address of a model's page, by source and id, or of all changes; empty: there are no pages.
Page = Callable[[str, str | None], str]


def render(payload: Payload, room: Room = ROOMY, page: Page = lambda _source, _id: "") -> tuple[str, str]:
    """Give subject and text, as much as fits: the text is bounded, and no chat program can act on either."""
    return layout.lay_out(_draft(payload, _Style(room=room, page=page)), room)


def severity(payload: Payload) -> Severity:
    """Say how grave a message is, for services that show it."""
    match payload["type"]:
        case "catalog.sync_failed":
            return Severity.FAILURE
        case "catalog.sync_recovered":
            return Severity.SUCCESS
        case "catalog.baseline":
            return Severity.INFO
        case "catalog.changes":
            told = _Contents(modern(payload))
            gone = any(story.is_watched and found[0].rank is Rank.GONE for story, found in told.entries)
            if gone:
                return Severity.FAILURE
            first = min((found[0].rank for _, found in told.entries), default=Rank.CHANGED)
            return Severity.WARNING if first < Rank.WAVE else Severity.INFO
        case _:
            return Severity.WARNING


@dataclass(frozen=True, kw_only=True, slots=True)
class _Style:
    """How a channel has ids, commands and addresses written."""

    room: Room
    page: Page

    def code(self, text: str) -> str:
        return f"`{text}`" if self.room.has_markdown else text

    def model(self, id: str, name: str | None) -> str:
        shown = self.code(quoting.exact(id))
        return shown if name in {None, "", id} else f"{quoting.free(name or '', _NAME)} ({shown})"

    def more(self, source: str, ids: Sequence[str]) -> list[str]:
        """Say how to see more: the command, and the page of a single model."""
        only = ids[0] if len(set(ids)) == 1 else None
        is_typed = only is None or (_TYPED.fullmatch(only) and only[0] != "-" and quoting.exact(only) == only)
        command = [f"More: {self.code('catalog show ' + (only or 'ID'))}"] if is_typed else []
        address = self.page(source, only)
        return [*command, *([f"<{address}>" if self.room.has_markdown else address] if address else [])]


class _Contents:
    """What a message about changes tells, in the order of its text."""

    def __init__(self, payload: ChangesPayload) -> None:
        self.payload = payload
        self.now = datetime.fromisoformat(payload["at"])

    @cached_property
    def wide(self) -> list[Wave]:
        """Take the waves of the payload, if it does not carry all changes; else count them."""
        if "waves" in self.payload:
            return [Wave(wave["field"], *_texts(wave), wave["models"]) for wave in self.payload["waves"]]
        counter = WaveCounter()
        for entry in self.payload["changes"]:
            counter.add(entry["field"], *_texts(entry))
        return counter.waves(self.payload["models_listed"])

    @cached_property
    def keys(self) -> set[waves.Key | None]:
        return {waves.key(wave.field, wave.old, wave.new) for wave in self.wide}

    def is_in_wave(self, entry: Entry) -> bool:
        return waves.key(entry["field"], *_texts(entry)) in self.keys

    @cached_property
    def entries(self) -> list[tuple[ModelNews, list[Clause]]]:
        """Give what became of each model, besides its share in waves."""
        outside = stories.of(entry for entry in self.payload["changes"] if not self.is_in_wave(entry))
        return sorted(((story, clauses.of(story, self.now)) for story in outside), key=_urgency)


def _urgency(told: tuple[ModelNews, Sequence[Clause]]) -> tuple[object, ...]:
    story, [first, *_] = told
    is_mine = story.is_watched and first.rank < Rank.WAVE
    return not is_mine, first.rank, story.retires_at is None, story.retires_at, story.model_id


def _draft(payload: Payload, style: _Style) -> Draft:
    if payload["type"] == "catalog.changes":
        return _changes(_Contents(modern(payload)), style)
    if payload["type"] == "catalog.retiring" or payload["type"] == "catalog.overdue":
        return _retirement(payload, style)
    return _run(payload, style)


def _who(payload: Payload) -> tuple[str, str]:
    """Say which source and run it was: in full, and tersely."""
    told = quoting.exact(payload["source"]) + ("" if payload["run_id"] is None else f", run {payload['run_id']}")
    return f"Source: {told}", told


# Dates and runs


def _retirement(payload: RetirementPayload, style: _Style) -> Draft:
    days, day = payload["days"], times.day(datetime.fromisoformat(payload["retires_at"]))
    is_past = payload["type"] == "catalog.overdue" or days <= 0
    away = times.away(min(days, 0) if is_past else days, is_past=is_past)
    still = ", and is still listed" if payload["type"] == "catalog.overdue" else ""
    verb = "should have retired" if is_past else "retires"
    known = (
        [f"known since {times.day(datetime.fromisoformat(payload['known_since']))}"] if "known_since" in payload else []
    )
    notes = _notes([*known, *(["you watch it"] if payload.get("watched") else [])])
    id, called = payload["model_id"], payload["display_name"]
    told = f"{verb} on {day}, {away}{still}"
    who, terse = _who(payload)
    return Draft(
        subject=f"{_called(id, called)} {verb} {away} ({quoting.exact(payload['source'])})",
        brief=f"{_called(id, called)} {verb} {away}",
        sentences=[f"{style.model(id, called)} {told}{notes}.", f"{quoting.exact(id)} {told}."],
        more=style.more(payload["source"], [id]),
        end=[who],
        terse_end=[terse],
    )


def _run(payload: RunPayload, style: _Style) -> Draft:
    reason = quoting.free(payload["reason"], _REASON)
    title, does = _RUNS.get(payload["type"], (payload["type"], "More"))
    who, terse = _who(payload)
    return Draft(
        subject=f"{quoting.exact(payload['source'])}: {title}",
        brief=title,
        sentences=[reason if reason.endswith((".", "…")) else f"{reason}."],
        more=[f"{does}: {style.code(payload['hint'])}"] if "hint" in payload else [],
        end=[who],
        terse_end=[terse],
    )


# Changes


def _changes(told: _Contents, style: _Style) -> Draft:
    payload = told.payload
    usual = Counter(map(stories.interval, payload["changes"])).most_common(1)[0][0]
    lines = list(_lines(told, style, usual))
    others = any(stories.interval(entry) != usual for entry in payload["changes"])
    total = payload.get("total", len(payload["changes"]))
    who, terse = _who(payload)
    title = _title(told)
    return Draft(
        subject=f"{title} ({quoting.exact(payload['source'])})",
        brief=title,
        lines=lines,
        sentences=_sentences(told, lines[0]) if len(lines) == 1 and total == lines[0].changes else [],
        left_out=max(0, total - sum(line.changes for line in lines)),
        more=style.more(payload["source"], [story.model_id for story, _ in told.entries]) if told.entries else [],
        end=[f"Happened {times.within(*usual)}{', unless said otherwise' if others else ''}.", who],
        terse_end=[times.briefly_within(*usual), terse],
    )


def _sentences(told: _Contents, only: Line) -> list[str]:
    """Give what is told of the one model, in full and briefly; of a wave nothing, which tells nothing in part."""
    brief = [f"{quoting.exact(story.model_id)} {found[0].brief}." for story, found in told.entries]
    return [only.text, *brief] if brief else []


def _title(told: _Contents) -> str:
    """Name the model when it is one; else count, the most urgent first."""
    payload, entries = told.payload, told.entries
    if payload.get("total", 0) > len(payload["changes"]):
        return counted(payload["total"], "change")
    if not entries:
        return next(_of_waves(told.wide, payload["models_listed"]))[0]
    wide = ", and a change of most models" if told.wide else ""
    if len(entries) == 1:
        [(story, [first, *_])] = entries
        return f"{_called(story.model_id, story.display_name)} {first.brief}{wide}"
    ranks = Counter(found[0].rank for _, found in entries)
    watched = sum(story.is_watched for story, _ in entries)
    mine = f"; you watch {watched:,} of them" if watched else ""
    return ", ".join(f"{ranks[rank]:,} {COUNTED[rank]}" for rank in sorted(ranks)) + wide + mine


def _called(id: str, name: str | None) -> str:
    return quoting.free(name, _NAME) if name else quoting.exact(id)


def _lines(told: _Contents, style: _Style, usual: Interval) -> Iterator[Line]:
    """Give the lines of urgent news, then of waves, then of the rest."""
    urgent = [each for each in told.entries if each[1][0].rank < Rank.WAVE]
    for story, found in urgent:
        yield Line(_sentence(story, found, told.now, style, usual), story.changes)
    for line, parts in _of_waves(told.wide, told.payload["models_listed"]):
        span = _span([entry for entry in told.payload["changes"] if told.is_in_wave(entry)], parts, usual)
        yield Line(f"{line}{_otherwise(span, usual)}.", sum(wave.models for wave in parts))
    for story, found in told.entries[len(urgent) :]:
        yield Line(_sentence(story, found, told.now, style, usual), story.changes)


def _sentence(story: ModelNews, found: Sequence[Clause], now: datetime, style: _Style, usual: Interval) -> str:
    is_announced = story.kind is Kind.CHANGED and found[0].rank in {Rank.RETIRING, Rank.DEPRECATED, Rank.LATER}
    notes = [f"announced {times.since(*story.interval, now)}"] if is_announced else []
    notes += ["you watch it"] if story.is_watched else []
    told = "; it ".join(clause.full for clause in found)
    return (
        f"{style.model(story.model_id, story.display_name)} {told}{_notes(notes)}{_otherwise(story.interval, usual)}."
    )


def _notes(notes: Sequence[str]) -> str:
    return f" ({'; '.join(notes)})" if notes else ""


def _otherwise(interval: Interval, usual: Interval) -> str:
    return "" if interval == usual else f" [{times.within(*interval)}]"


# Waves


def _of_waves(found: Sequence[Wave], models_listed: int) -> Iterator[tuple[str, Sequence[Wave]]]:
    """Word each wave; all fields that appeared share one line."""
    appeared = [wave for wave in found if wave.old is None]
    grouped = appeared if len(appeared) > 1 else []
    if grouped:
        yield _group(grouped, models_listed), grouped
    for wave in found:
        if wave not in grouped:
            yield _one_wave(wave, models_listed), [wave]


def _one_wave(wave: Wave, models_listed: int) -> str:
    on = f"On {wave.models:,} of {counted(models_listed, 'model')}"
    old, new = (ABSENT if text is None else json.loads(text) for text in (wave.old, wave.new))
    field = clauses.path(wave.field)
    if old is ABSENT:
        return f"{on} {field} appeared" + ("" if new is ABSENT else f": {clauses.value(new)}")
    verb = "went away" if new is ABSENT else f"is now {clauses.value(new)}"
    return f"{on} {field} {verb} (it was {clauses.value(old)})"


def _group(appeared: Sequence[Wave], models_listed: int) -> str:
    least, most = min(wave.models for wave in appeared), max(wave.models for wave in appeared)
    models = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    few = ", ".join(clauses.path(wave.field) for wave in appeared[:_FEW])
    rest = f" and {len(appeared) - _FEW:,} more" if len(appeared) > _FEW else ""
    return f"On {models} of {counted(models_listed, 'model')} {len(appeared):,} fields appeared: {few}{rest}"


def _span(inside: Sequence[Entry], parts: Sequence[Wave], usual: Interval) -> Interval:
    """Give the time in which all carried changes of these waves happened."""
    keys = {waves.key(wave.field, wave.old, wave.new) for wave in parts}
    found = {stories.interval(entry) for entry in inside if waves.key(entry["field"], *_texts(entry)) in keys}
    if not found:
        return usual
    starts = [start for start, _ in found if start is not None]
    return (min(starts) if len(starts) == len(found) else None), max(end for _, end in found)


def _texts(told: Values) -> tuple[str | None, str | None]:
    """Give both values as JSON text, None for absent: as waves compare them."""
    old, new = told.get("old_value", ABSENT), told.get("new_value", ABSENT)
    return _text(old), _text(new)


def _text(value: Any) -> str | None:
    return None if value is ABSENT else json.dumps(value)
