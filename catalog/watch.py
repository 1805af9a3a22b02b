"""Are the models somebody depends on still fine? Pure: ids, rows and the time in, findings out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from catalog import dates
from catalog.domain import Model

_DAY = timedelta(days=1)


class State(StrEnum):
    """What is to be said of a watched id, the worst first."""

    UNKNOWN = "unknown"  # no list that was asked ever had it
    GONE = "gone"
    RETIRED = "retired"
    OVERDUE = "overdue"  # the date of its retirement has passed, and it is still listed
    RETIRING = "retiring"
    MISSING = "missing"  # not listed, and not yet believed to be gone
    DEPRECATED = "deprecated"
    FINE = "fine"


# What a build should fail for, besides what nobody knows.
LEAVING = frozenset({State.GONE, State.RETIRED, State.OVERDUE, State.RETIRING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What there is to say of a watched id at one source; of an unknown one there is no source."""

    id: str
    source: str | None
    state: State
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
) -> tuple[Finding, ...]:
    """Say how each id fares at each source that ever listed it, in the order of the ids.

    `models` are the rows of these ids, `guess` names known ids that look much like an unknown one, `elsewhere` says of
    ids where else they are. A model that retires within `days` is retiring.
    """
    return tuple(
        finding for id in ids for finding in (_known(id, models, now, days) or [_unknown(id, guess, elsewhere)])
    )


def _known(id: str, models: Sequence[Model], now: datetime, days: int) -> list[Finding]:
    found = [(model, _state(model, now, days * _DAY)) for model in models if model.id == id]
    return [
        Finding(
            id=id,
            source=model.source,
            state=state,
            text=_text(model, state, now),
            retires_at=model.retires_at,
            removed_at=model.removed_at,
        )
        for model, state in found
    ]


def _unknown(id: str, guess: Callable[[str], Sequence[str]], elsewhere: Mapping[str, str]) -> Finding:
    if id in elsewhere:
        return Finding(id=id, source=None, state=State.UNKNOWN, text=elsewhere[id])
    close = tuple(guess(id))
    text = f"no list ever had it; did you mean {', '.join(close)}?" if close else "no list ever had it"
    return Finding(id=id, source=None, state=State.UNKNOWN, text=text, did_you_mean=close)


def _state(model: Model, now: datetime, ahead: timedelta) -> State:
    left = None if model.retires_at is None else model.retires_at - now
    cases = (
        (model.removed_at is not None, State.GONE),
        (model.lifecycle == "retired", State.RETIRED),
        (left is not None and left <= timedelta(0), State.OVERDUE),
        (left is not None and left <= ahead, State.RETIRING),
        (model.missing_since is not None, State.MISSING),
        (model.lifecycle == "deprecated" or left is not None, State.DEPRECATED),
        (model.deprecated_at is not None and model.deprecated_at <= now, State.DEPRECATED),
    )
    return next((state for holds, state in cases if holds), State.FINE)


def _text(model: Model, state: State, now: datetime) -> str:
    match state:
        case State.GONE:
            return f"not listed since {_moment(model.removed_at)}"
        case State.MISSING:
            return f"not listed since {_moment(model.missing_since)}, not yet believed to be gone"
        case State.OVERDUE:
            return f"was to retire {_moment(model.retires_at)}, and is still listed"
        case State.RETIRED | State.RETIRING | State.DEPRECATED if model.retires_at is not None:
            return _date(model.retires_at, now)
        case _:
            return ""


def _date(retires_at: datetime, now: datetime) -> str:
    if retires_at <= now:
        return f"since {_moment(retires_at)}"
    return f"retires {_moment(retires_at)}, in {dates.age(retires_at - now)}"


def _moment(moment: datetime | None) -> str:
    return "?" if moment is None else dates.short(moment)
