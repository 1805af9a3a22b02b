"""What people are shown of a value in a list: short, harmless, on one line; times as ages where that says more."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from catalog import dates, tabular
from catalog.domain import Run
from catalog.text import counted, harmless

Tone = Literal["", "green", "yellow", "red"]

NOTHING = "-"
# Copied by hand: never broken into lines.
_WHOLE = frozenset({"id", "model_id", "source", "change_id", "run_id", "api", "key_variable"})
_PLANNED = frozenset({"retires_at", "deprecated_at"})
_DATED = frozenset({"created_at"})  # the provider's own: no age
_TO_THE_MINUTE = frozenset({"started_at", "next_attempt_at", "last_whole_at"})
_HEADS = {
    "display_name": "name",
    "model_id": "model",
    "run_id": "run",
    "created_at": "created",
    "deprecated_at": "deprecated",
    "retires_at": "retires",
    "first_seen_at": "first seen",
    "last_seen_at": "last seen",
    "missing_since": "missing since",
    "removed_at": "removed",
    "valid_from": "so since",
    "valid_to": "so until",
    "recorded_at": "recorded",
    "started_at": "started",
    "last_whole_at": "last whole walk",
    "last_status": "last run",
    "fields_changed": "fields changed",
}
_TONES: dict[str, dict[str, Tone]] = {
    "lifecycle": {"active": "green", "deprecated": "yellow", "retired": "red"},
    "status": {"complete": "green", "partial": "yellow", "held": "red", "failed": "red", "abandoned": "red"},
    "change": {"added": "green", "returned": "green", "removed": "red"},
}
_TONES["last_status"] = _TONES["status"]


class ShownCell(NamedTuple):
    """A value for people."""

    text: str
    brief: str  # the same in less room
    folds: bool = False  # it may be broken between words
    tone: Tone = ""


def head(column: str) -> str:
    """Name a column for people."""
    return _HEADS.get(column, column)


def cell(column: str, value: object, now: datetime) -> ShownCell:
    """Spell a value of a column."""
    if isinstance(value, datetime):
        return _planned(value, now) if column in _PLANNED else _seen(column, value, now)
    text = plain(value)
    tone = _TONES.get(column, {}).get(text, "")
    return ShownCell(text, text, folds=isinstance(value, str) and column not in _WHOLE, tone=tone)


def plain(value: object) -> str:
    """Spell a value by itself: harmless, on one line, `-` for nothing."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return second(value)
    if isinstance(value, timedelta):
        return took(value)
    return harmless(value if isinstance(value, str) else tabular.json_text(value))


def counts(run: Run) -> list[str]:
    """Say how many models a run found different, and how."""
    numbers = {
        "new": run.added,
        "returned": run.returned,
        "changed": run.changed,
        "missing": run.missing,
        "removed": run.removed,
    }
    told = {"changed": f"{counted(run.changed, 'model')} changed"}
    return [told.get(word, f"{count:,} {word}") for word, count in numbers.items() if count]


def second(moment: datetime) -> str:
    """Spell a moment to the second that it lies in."""
    return dates.short(moment.replace(microsecond=0))


def took(length: timedelta) -> str:
    """Say how long something took."""
    seconds = length.total_seconds()
    return f"{max(seconds, 0.1):.1f} s" if 0 < seconds < 1 else dates.age(length)


def _planned(moment: datetime, now: datetime) -> ShownCell:
    day = dates.day(moment)
    return ShownCell(f"{day} ({dates.ahead(moment, now)})", day)


def _seen(column: str, moment: datetime, now: datetime) -> ShownCell:
    """Spell a moment as an age if it was lately, else by its day; to the minute where many are of one day."""
    text = dates.lately(moment, now)
    if column in _TO_THE_MINUTE:
        text = dates.minute(moment) if text is None or "day" in text else text
    elif column in _DATED or text is None:
        text = dates.day(moment) if column in _DATED else dates.minute(moment)[:10]
    return ShownCell(text, text)
