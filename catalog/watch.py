"""Decides how the watched models fare. Pure: ids, rows and the time in, findings out."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum

from catalog import dates, spelling
from catalog.domain import Model, ModelName
from catalog.errors import Exit

_DAY = timedelta(days=1)
_CLOSE = 3
_ALIKE = 0.7  # of difflib: below, ids share little but what all of their kind do
NEVER = "no list ever had it"


class WatchState(StrEnum):
    """How a watched id fares, the worst first."""

    UNKNOWN = "unknown"  # no list that was read ever had it
    GONE = "gone"
    RETIRED = "retired"
    OVERDUE = "overdue"  # the date of its retirement has passed, and it is still listed
    RETIRING = "retiring"
    MISSING = "missing"  # not listed, and not yet believed to be gone
    DEPRECATED = "deprecated"
    FINE = "fine"


# What a build should fail for, besides unknown ids.
LEAVING = frozenset({WatchState.GONE, WatchState.RETIRED, WatchState.OVERDUE, WatchState.RETIRING})


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchFinding:
    """How a watched id fares at one source; an unknown one has a source only where it is watched at that one alone."""

    id: str
    source: str | None
    state: WatchState
    text: str
    retires_at: datetime | None = None
    removed_at: datetime | None = None
    did_you_mean: tuple[str, ...] = ()


def named(text: str, sources: Collection[str]) -> ModelName:
    """Read `source:id`, where that source is configured; anything else is an id, which may hold colons itself."""
    source, _, id = text.partition(":")
    return (source, id) if id and source in sources else text


def spelled(name: ModelName) -> str:
    """Write a name as `named` reads it."""
    return name if isinstance(name, str) else ":".join(name)


def spelled_as(name: ModelName, ids: Iterable[str]) -> list[str]:
    """Write other ids as they would be watched instead of a name."""
    return [id if isinstance(name, str) else spelled((name[0], id)) for id in ids]


def id_of(name: ModelName) -> str:
    """The id of a name, without its source."""
    return name if isinstance(name, str) else name[1]


def check(
    names: Sequence[ModelName],
    models: Sequence[Model],
    *,
    now: datetime,
    days: int,
    guess: Callable[[ModelName], Sequence[str]] = lambda _: (),
    elsewhere: Mapping[ModelName, str] = {},
    never: str = NEVER,
) -> tuple[WatchFinding, ...]:
    """Judge each name at each source that ever listed it, in the order of the names, and each model once.

    `models` are the rows of these ids. `guess` names known ids that look much like an unknown one; `elsewhere` gives
    the words for an unknown id that is found somewhere else, `never` those for any other one. A model that retires
    within `days` is retiring.
    """
    rows: dict[str, list[Model]] = {}
    for model in models:
        rows.setdefault(model.id, []).append(model)
    found = (
        _known(name, rows.get(id_of(name), ()), now, days) or [_unknown(name, guess, elsewhere, never)]
        for name in names
    )
    return tuple(dict.fromkeys(finding for findings in found for finding in findings))


def not_asked(models: Iterable[Model], asked: Collection[str], configured: Collection[str]) -> dict[ModelName, str]:
    """Say of ids that only sources have which were not asked, where they are."""
    why = {True: "which was not asked", False: "which is not configured"}
    return {
        row.id: f"only in source {row.source}, {why[row.source in configured]}"
        for row in models
        if row.source not in asked
    }


def close_ids(id: str, ids: Iterable[str]) -> list[str]:
    """Give up to three of these ids that an unknown one may have been meant for, the closest first.

    Those that differ by a slip, else the few that go on after it, else those that look alike. Case does not count.
    """
    id, known = id.lower(), {each.lower(): each for each in ids}
    alike = get_close_matches(id, known, n=len(known) or 1, cutoff=_ALIKE)
    meant = [each for each in alike if each == id or spelling.slips(id, each)]
    longer = [each for each in sorted(known) if each.startswith(id)]
    near = meant or (longer if len(longer) <= _CLOSE else []) or alike
    return [known[each] for each in near[:_CLOSE]]


def unproven(names: Iterable[ModelName], found: Iterable[WatchFinding], stale: Collection[str]) -> set[str]:
    """Name the stale sources that the verdict on a name hangs on: no list that is fresh has the model.

    `stale` are those that were asked, and whose list is old or was never read.
    """
    at: dict[str, set[str]] = {}
    for finding in found:
        if finding.source and finding.state is not WatchState.UNKNOWN:
            at.setdefault(finding.id, set()).add(finding.source)
    hanging = set[str]()
    for name in names:
        listed = at.get(id_of(name), set()) if isinstance(name, str) else {name[0]}
        if listed <= {*stale}:
            hanging |= listed or {*stale}
    return hanging


def exit_code(found: Collection[WatchFinding], *, is_stale: bool) -> Exit:
    """Say what a build is told. When several hold, the highest code: 12, then 11, then 10.

    `is_stale`: a verdict hangs on a list that is old or was never read.
    """
    states = {finding.state for finding in found}
    if is_stale:
        return Exit.STALE
    if WatchState.UNKNOWN in states:
        return Exit.UNKNOWN
    return Exit.RETIRING if states & LEAVING else Exit.DONE


def _known(name: ModelName, models: Sequence[Model], now: datetime, days: int) -> list[WatchFinding]:
    meant = [model for model in models if name in {model.id, (model.source, model.id)}]
    found = [(model, _state(model, now, days * _DAY)) for model in meant]
    return [
        WatchFinding(
            id=model.id,
            source=model.source,
            state=state,
            text=_text(model, state, now),
            retires_at=model.retires_at,
            removed_at=model.removed_at,
        )
        for model, state in found
    ]


def _unknown(
    name: ModelName, guess: Callable[[ModelName], Sequence[str]], elsewhere: Mapping[ModelName, str], never: str
) -> WatchFinding:
    source, id = (None, name) if isinstance(name, str) else name
    close = () if name in elsewhere else tuple(guess(name))
    never = elsewhere.get(name, never if source is None else "this source never listed it")
    text = f"{never}; did you mean {', '.join(close)}?" if close else never
    return WatchFinding(id=id, source=source, state=WatchState.UNKNOWN, text=text, did_you_mean=close)


def _state(model: Model, now: datetime, ahead: timedelta) -> WatchState:
    left = None if model.retires_at is None else model.retires_at - now
    cases = (
        (model.removed_at is not None, WatchState.GONE),
        (model.lifecycle == "retired", WatchState.RETIRED),
        (left is not None and left <= timedelta(0), WatchState.OVERDUE),
        (left is not None and left <= ahead, WatchState.RETIRING),
        (model.missing_since is not None, WatchState.MISSING),
        (model.lifecycle == "deprecated" or left is not None, WatchState.DEPRECATED),
        (model.deprecated_at is not None and model.deprecated_at <= now, WatchState.DEPRECATED),
    )
    return next((state for holds, state in cases if holds), WatchState.FINE)


def _text(model: Model, state: WatchState, now: datetime) -> str:
    match state:
        case WatchState.GONE:
            return f"not listed since {_moment(model.removed_at)}"
        case WatchState.MISSING:
            return f"not listed since {_moment(model.missing_since)}, not yet believed to be gone"
        case WatchState.OVERDUE:
            return f"was to retire {_moment(model.retires_at)}, and is still listed"
        case WatchState.RETIRED | WatchState.RETIRING | WatchState.DEPRECATED if model.retires_at is not None:
            if model.retires_at <= now:
                return f"since {_moment(model.retires_at)}"
            return f"retires {_moment(model.retires_at)}, {dates.ahead(model.retires_at, now)}"
        case _:
            return ""


def _moment(moment: datetime | None) -> str:
    return "?" if moment is None else dates.day(moment)
