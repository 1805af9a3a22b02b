"""Decides how the watched models fare. Pure: ids, rows and the time in, findings out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from catalog import dates
from catalog.domain import Model

_DAY = timedelta(days=1)


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
    """How a watched id fares at one source; an unknown one has no source."""

    id: str
    source: str | None
    state: WatchState
    text: str
    retires_at: datetime | None = None
    removed_at: datetime | None = None
    did_you_mean: tuple[str, ...] = ()


def check(
    ids: Sequence[str],
    models: Sequence[Model],
    *,
    now: datetime,
    days: int,
    guess: Callable[[str], Sequence[str]] = lambda _: (),
    elsewhere: Mapping[str, str] = {},
) -> tuple[WatchFinding, ...]:
    """Judge each id at each source that ever listed it, in the order of the ids.

    `models` are the rows of these ids. `guess` names known ids that look much like an unknown one; `elsewhere` gives
    the words for an unknown id that is found somewhere else. A model that retires within `days` is retiring.
    """
    return tuple(
        finding for id in ids for finding in (_known(id, models, now, days) or [_unknown(id, guess, elsewhere)])
    )


def _known(id: str, models: Sequence[Model], now: datetime, days: int) -> list[WatchFinding]:
    found = [(model, _state(model, now, days * _DAY)) for model in models if model.id == id]
    return [
        WatchFinding(
            id=id,
            source=model.source,
            state=state,
            text=_text(model, state, now),
            retires_at=model.retires_at,
            removed_at=model.removed_at,
        )
        for model, state in found
    ]


def _unknown(id: str, guess: Callable[[str], Sequence[str]], elsewhere: Mapping[str, str]) -> WatchFinding:
    if id in elsewhere:
        return WatchFinding(id=id, source=None, state=WatchState.UNKNOWN, text=elsewhere[id])
    close = tuple(guess(id))
    text = f"no list ever had it; did you mean {', '.join(close)}?" if close else "no list ever had it"
    return WatchFinding(id=id, source=None, state=WatchState.UNKNOWN, text=text, did_you_mean=close)


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
            return f"retires {_moment(model.retires_at)}, in {dates.age(model.retires_at - now)}"
        case _:
            return ""


def _moment(moment: datetime | None) -> str:
    return "?" if moment is None else dates.short(moment)
