"""Says what became of a model, in clauses that follow its name: "is deprecated; it retires on 15 February 2027".

Models are called newly listed, or no longer listed: the list does not tell when they were released or withdrawn.
Fields are called by their names only where no sentence fits.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from catalog.alerts import quoting, times
from catalog.alerts.payload import ABSENT
from catalog.alerts.stories import ModelNews
from catalog.domain import DATE_FIELDS, Kind
from catalog.text import counted

_PATH, _NAME, _VALUE = 200, 100, 120  # characters
_MOST = 5  # fields that are called by their names
_STATUS = ("lifecycle", "retires_at", "deprecated_at")
_LIMITS = {"max_input_tokens": "of context", "max_tokens": "of output"}
_PRICE = re.compile(r"(?:^|[._])(?:pric(?:e|es|ing)|costs?)(?:$|[._])")
_OF_PRICES = re.compile(r"^pric(?:e|es|ing)\.")
_NUMBER = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?(?:e-?\d{1,2})?", re.IGNORECASE | re.ASCII)

Values = tuple[Any, Any]  # old and new
Fields = Mapping[str, Values]


class Rank(IntEnum):
    """What a clause tells of, the most urgent first."""

    GONE = 0
    RETIRING = 1
    DEPRECATED = 2
    LOWERED = 3
    COSTLIER = 4
    WAVE = 5  # of many models
    BACK = 6
    LATER = 7
    NEW = 8
    RENAMED = 9
    CHANGED = 10


COUNTED = {
    Rank.GONE: "gone",
    Rank.RETIRING: "retiring",
    Rank.DEPRECATED: "deprecated",
    Rank.LOWERED: "with lower limits",
    Rank.COSTLIER: "costlier",
    Rank.BACK: "listed again",
    Rank.LATER: "with retirement put off or withdrawn",
    Rank.NEW: "new",
    Rank.RENAMED: "renamed",
    Rank.CHANGED: "changed",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """What follows the name of a model: briefly in a title, and in full."""

    rank: Rank
    brief: str
    full: str


def of(story: ModelNews, now: datetime) -> list[Clause]:
    """Say what became of a model, the most urgent first; days count from `now`."""
    left = dict(story.fields)
    taken = [
        _status(story, {name: left.pop(name) for name in _STATUS if name in left}, now),
        _limits({name: left.pop(name) for name in _LIMITS if _are_counts(left.get(name))}),
        _prices({name: left.pop(name) for name in list(left) if _PRICE.search(name) and _are_prices(left[name])}),
        _name(left.pop("display_name", None)),
        _others(left),
    ]
    told = [clause for clause in (_arrival(story, now), *taken) if clause is not None]
    return sorted(told or [Clause(Rank.CHANGED, "changed", "changed")], key=lambda clause: clause.rank)


# Whether it is listed


def _arrival(story: ModelNews, now: datetime) -> Clause | None:
    has_status = any(name in story.fields for name in _STATUS)
    status = "" if has_status else _standing(story, now)
    match story.kind:
        case Kind.REMOVED:
            return Clause(Rank.GONE, "is gone", f"is gone: it is no longer listed{_planned(story)}")
        case Kind.RETURNED:
            return Clause(Rank.BACK, "is listed again", f"is listed again{status}")
        case Kind.ADDED:
            limits = [f"{story.limits[name]:,} {words}" for name, words in _LIMITS.items() if story.limits.get(name)]
            size = ", with " + " and ".join(limits).replace(" of ", " tokens of ", 1) if limits else ""
            date = "" if story.created_at is None else f"; its release date is {times.day(story.created_at)}"
            return Clause(Rank.NEW, "is newly listed", f"is newly listed{size}{date}{status}")
        case Kind.CHANGED:
            return None


def _standing(story: ModelNews, now: datetime) -> str:
    """Say how long a model that is listed will stay, if that is known."""
    if story.retires_at is not None:
        return f"; it {_plan(story.retires_at, now)}"
    return f"; it is {story.lifecycle}" if story.lifecycle in {"deprecated", "retired"} else ""


def _planned(story: ModelNews) -> str:
    """Compare a removal with its plan."""
    if story.retires_at is None:
        return "; no date of its retirement was known"
    gone = story.interval[1]
    if gone >= story.retires_at:
        return f", as planned for {times.day(story.retires_at)}"
    early = -((gone - story.retires_at).days)
    return f", {counted(early, 'day')} before its planned retirement on {times.day(story.retires_at)}"


# Whether it will retire


def _status(story: ModelNews, fields: Fields, now: datetime) -> Clause | None:
    lifecycle, plan = fields.get("lifecycle"), fields.get("retires_at")
    if lifecycle is None and plan is None:
        return _others(fields)
    date = None if plan is None else _dated(plan, now)
    if lifecycle is None:
        return date
    brief = full = _stage(lifecycle)
    is_ending = lifecycle[1] in {"deprecated", "retired"}
    rank = Rank.DEPRECATED if is_ending else Rank.LATER if lifecycle[0] in {"deprecated", "retired"} else Rank.CHANGED
    if date is not None:
        return Clause(min(rank, date.rank), f"{brief} and {date.brief}", f"{full}; it {date.full}")
    if is_ending and story.retires_at is not None:
        rank, full = Rank.RETIRING, f"{full}; it {_plan(story.retires_at, now)}"
    return Clause(rank, brief, full)


def _stage(values: Values) -> str:
    old, new = values
    if new in {None, ABSENT}:
        return f"has no lifecycle any more (it was {value(old)})"
    again = " again" if new == "active" and old in {"deprecated", "retired"} else ""
    return f"is {value(new)}{again}"


def _dated(values: Values, now: datetime) -> Clause:
    """Say that a date of retirement was set, moved or withdrawn."""
    old, new = map(_moment, values)
    if new is None:
        none = "has no retirement date any more"
        return Clause(
            Rank.LATER,
            none,
            none if old is None else f"no longer retires on {times.day(old)}; no other date is known",
        )
    left = times.until(new, now)
    if new <= now:
        return Clause(Rank.RETIRING, f"should have retired {left}", _plan(new, now))
    if old is None:
        return Clause(Rank.RETIRING, f"retires {left}", _plan(new, now))
    than = "earlier" if new < old else "later"
    rank = Rank.RETIRING if new < old else Rank.LATER
    moved = f"on {times.day(new)}, {left}, not on {times.day(old)}"
    return Clause(rank, f"retires {than}, {left}", f"retires {than} than planned: {moved}")


def _plan(at: datetime, now: datetime) -> str:
    verb = "retires" if at > now else "should have retired"
    return f"{verb} on {times.day(at)}, {times.until(at, now)}"


# How it may be used


def _limits(fields: Fields) -> Clause | None:
    if not fields:
        return None
    parts = [f"{new:,} {_LIMITS[name]} instead of {old:,}" for name, (old, new) in fields.items()]
    full = " and ".join(parts).replace(" of ", " tokens of ", 1)
    lowered = [new < old for old, new in fields.values()]
    than = "lower" if all(lowered) else "other" if any(lowered) else "higher"
    rank = Rank.LOWERED if any(lowered) else Rank.CHANGED
    return Clause(rank, f"has {than} limits", f"has {than} limits: {full}")


def _prices(fields: Fields) -> Clause | None:
    if not fields:
        return None
    parts = [
        f"{path(_OF_PRICES.sub('', name))} {value(new)} instead of {value(old)}" for name, (old, new) in fields.items()
    ]
    raised = [float(new) > float(old) for old, new in fields.values()]
    verb = "costs more" if all(raised) else "has other prices" if any(raised) else "costs less"
    rank = Rank.COSTLIER if any(raised) else Rank.CHANGED
    return Clause(rank, verb, f"{verb}: {', '.join(_few(parts, 'price'))}")


def _are_counts(values: Values | None) -> bool:
    return values is not None and all(type(each) is int for each in values)  # true is an int, too


def _are_prices(values: Values) -> bool:
    """Tell whether both can be compared, and differ; lists spell prices as numbers or as text, such as "0.10"."""
    if not all(type(each) in {int, float, str} and _NUMBER.fullmatch(str(each)) for each in values):
        return False
    old, new = map(float, values)
    return old != new


# Anything else


def _name(values: Values | None) -> Clause | None:
    if values is None:
        return None
    if not isinstance(values[0], str):
        return Clause(Rank.RENAMED, "has a name now", "has a name now")
    return Clause(Rank.RENAMED, "has a new name", f"has a new name; it was {quoting.free(values[0], _NAME)}")


def _others(fields: Fields) -> Clause | None:
    if not fields:
        return None
    [first, *rest] = fields
    brief = f"changed: {path(first)}" if not rest else "changed"
    parts = [_field(name, values) for name, values in fields.items()]
    return Clause(Rank.CHANGED, brief, f"changed: {', '.join(_few(parts, 'field'))}")


def _few(parts: list[str], noun: str) -> Iterator[str]:
    yield from parts[:_MOST]
    if len(parts) > _MOST:
        yield f"and {counted(len(parts) - _MOST, f'more {noun}')}"


def _field(name: str, values: Values) -> str:
    old, new = values
    spell: Callable[[Any], str] = _date if name in DATE_FIELDS else value
    if old is ABSENT:
        return f"{path(name)} is new: {spell(new)}"
    return f"{path(name)} is {'gone' if new is ABSENT else spell(new)} (was {spell(old)})"


def path(field: str) -> str:
    """Spell a path of fields."""
    return quoting.cut(quoting.path(field[: _PATH + 1]), _PATH)


def value(told: Any) -> str:
    """Spell a value of a field for people."""
    if told is ABSENT:
        return "absent"
    if isinstance(told, bool) or told is None:
        return {True: "true", False: "false", None: "unknown"}[told]
    if isinstance(told, int):
        return quoting.cut(f"{told:,}", _VALUE)
    if isinstance(told, float):
        return quoting.cut(f"{Decimal(str(told)):f}", _VALUE)
    text = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    return quoting.free(text, _VALUE) if text else "empty"


def _date(told: Any) -> str:
    found = _moment(told)
    return value(told) if found is None else times.day(found)


def _moment(told: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:  # it was cut, or no list should say it
        return None
    return found if found and found.tzinfo else None
