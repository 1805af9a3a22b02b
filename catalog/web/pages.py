"""What pages show, from rows: sentences, strips and stories. Pure: rows and the time in, records for templates out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from catalog import dates, tabular, watch
from catalog.domain import DATE_FIELDS, Change, Kind, Model, State, Status
from catalog.health import Finding, Health, Level, SourceCheck
from catalog.text import counted
from catalog.watch import WatchFinding, WatchState

_WORDS = {  # of the findings of `health`, the gravest first
    "never": "never read",
    "failed": "failing",
    "held": "held",
    "stale": "stale",
    "clock": "clock wrong",
    "unclean": "in doubt",
}
_TIMES = {1: "once", 2: "twice"}
_GRAVE = frozenset({WatchState.UNKNOWN, *watch.LEAVING})
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([0-9]{2}:[0-9]{2}):[0-9]{2}(?:\.[0-9]+)?Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """How fresh one source is, or what is wrong with a channel; the tone is ok, note or bad."""

    name: str
    word: str
    tone: str
    why: str = ""
    listed: int | None = None
    last: datetime | None = None
    age: str = ""
    stale_after: timedelta | None = None  # of a source


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownField:
    """A field that changed, with its values for people."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What one look found of a model."""

    kind: Kind
    title: str
    fields: tuple[ShownField, ...]
    not_before: datetime | None
    observed_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelVerdict:
    """How a model fares: a word, its tone, and sentences."""

    word: str
    tone: str
    text: str


def strips(health: Health, now: datetime) -> tuple[Strip, ...]:
    """Give a strip for each source that is configured, and for each channel with a problem; problems come first."""
    found = [_strip(one, health.of_source(one.name), now) for one in health.sources if one.stale_after is not None]
    found += [
        Strip(name=f"alerts to {each.channel}", word="not sent", tone="bad", why=each.text)
        for each in health.findings
        if each.channel and each.level is Level.PROBLEM
    ]
    return tuple(sorted(found, key=lambda strip: (strip.tone != "bad", strip.name)))


def _strip(one: SourceCheck, found: Sequence[Finding], now: datetime) -> Strip:
    problems = [each for each in found if each.level is Level.PROBLEM]
    told = problems or [each for each in found if each.level is Level.NOTE]
    code = next((code for code in _WORDS if any(each.code == code for each in problems)), "")
    last = one.row.last_whole_at if one.row else None
    return Strip(
        name=one.name,
        word=_WORDS.get(code, "ok"),
        tone="bad" if problems else "note" if told else "ok",
        why="; ".join(each.text for each in told),
        listed=one.row.models_listed if one.row else None,
        last=last,
        age=dates.age(now - last) if last and last <= now else "",
        stale_after=one.stale_after,
    )


def verdict(
    model: Model, changes: Sequence[Change], now: datetime, days: int, *, is_dated: bool = True
) -> ModelVerdict:
    """Say how a model fares; `is_dated`: and how many days are left, which is true today alone."""
    [found] = watch.check((model.id,), [model], now=now, days=days)
    word = {WatchState.FINE: "listed"}.get(found.state, found.state.value)
    text = " ".join(_sentences(model, changes, now, is_dated=is_dated))
    return ModelVerdict(word=word, tone=tone(found.state), text=text)


def tone(state: WatchState) -> str:
    """Say how grave a state is: ok, note or bad."""
    return "bad" if state in _GRAVE else "ok" if state is WatchState.FINE else "note"


def run_tone(status: Status) -> str:
    """Say how grave the end of a run is: ok, note or bad."""
    if status in {Status.FAILED, Status.ABANDONED, Status.HELD}:
        return "bad"
    return "note" if status in {Status.PARTIAL, Status.RUNNING} else "ok"


def _sentences(model: Model, changes: Sequence[Change], now: datetime, *, is_dated: bool) -> Iterator[str]:
    if model.removed_at is not None:
        yield f"Gone: not listed since {dates.day(model.removed_at)}."
    elif model.missing_since is not None:
        yield f"Missing: not listed since {dates.day(model.missing_since)}, and not yet believed to be gone."
    else:
        yield "Listed."
    if model.lifecycle and model.lifecycle != "active":
        yield f"The list calls it {model.lifecycle}."
    if model.retires_at is not None:
        yield _retirement(model, model.retires_at, changes, now, is_dated=is_dated)


def _retirement(model: Model, at: datetime, changes: Sequence[Change], now: datetime, *, is_dated: bool) -> str:
    on = dates.day(at) + (f", {dates.ahead(at, now)}" if is_dated and model.removed_at is None else "")
    moved = sum(
        each.kind is Kind.CHANGED and each.field == "retires_at" and None not in (each.old_value, each.new_value)
        for each in changes
    )
    often = f"; this date moved {_TIMES.get(moved, f'{moved} times')}" if moved else ""
    if model.removed_at is not None:
        return f"It was to retire {on}{often}."
    if at > now:
        return f"Retires {on}{often}."
    return f"Was to retire {on}{'' if model.missing_since else ', and is still listed'}{often}."


def days_left(moment: datetime | None, now: datetime) -> int | None:
    """Count the days from today to a date, both in UTC."""
    return None if moment is None else dates.days_left(moment, now)


def exactly(id: str) -> str:
    """Give the pattern that fits this id alone."""
    return re.sub(r"[*?[]", r"[\g<0>]", id)


def story(changes: Sequence[Change]) -> tuple[Event, ...]:
    """Tell a model's changes, newest first; the fields that one look found different are one event."""
    newest = sorted(changes, key=lambda each: -each.change_id)
    return tuple(_event(list(group)) for _, group in groupby(newest, key=lambda each: (each.run_id, each.kind)))


def _event(changes: Sequence[Change]) -> Event:
    one = changes[-1]
    return Event(
        kind=one.kind,
        title=_title(one, len(changes)),
        fields=tuple(
            ShownField(path=each.field or "", old=tabular.told(each.old_value), new=tabular.told(each.new_value))
            for each in sorted(changes, key=lambda each: each.change_id)
            if each.kind is Kind.CHANGED
        ),
        not_before=one.not_before,
        observed_at=one.observed_at,
        recorded_at=one.recorded_at,
    )


def _title(one: Change, number: int) -> str:
    match one.kind:
        case Kind.ADDED:
            return "Listed already when this catalog began" if one.baseline else "Newly listed"
        case Kind.REMOVED:
            return "Not listed any more"
        case Kind.RETURNED:
            return "Listed again"
        case Kind.CHANGED:
            return f"{counted(number, 'field')} changed" + (", seen otherwise than before" if one.baseline else "")


def spoken(text: str) -> str:
    """Spell the times in a sentence as pages do."""
    return _TIME.sub(lambda found: found[1] if found[2] == "00:00" else f"{found[1]} {found[2]}", text)


def why(found: WatchFinding) -> str:
    """Say more of a verdict, where its word and the dates beside it leave a question."""
    match found.state:
        case WatchState.GONE if found.removed_at is not None:
            return f"not listed since {dates.minute(found.removed_at)[:10]}"
        case WatchState.MISSING:
            return "not listed, and not yet believed to be gone"
        case WatchState.OVERDUE:
            return "its date has passed, and it is still listed"
        case WatchState.UNKNOWN:
            return found.text
        case _:
            return ""


def field_values(model: Model, told: Sequence[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """Spell dates for people."""
    dated = {name: getattr(model, name) for name in DATE_FIELDS}
    return [(name, dates.day(dated[name]) if dated.get(name) else value) for name, value in told]


def with_previous(states: Sequence[State]) -> list[tuple[State, State | None]]:
    """Give each state, newest first, with the one before it."""
    return list(zip(reversed(states), [*reversed(states[:-1]), None], strict=True))
