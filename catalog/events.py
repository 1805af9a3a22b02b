"""What is worth telling, in the words that store and alerts share. Knows no channel and no table."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from catalog.domain import Change, Status
from catalog.errors import CatalogError


class Event(StrEnum):
    """What a channel can ask to hear of."""

    ADDED = "added"
    RETURNED = "returned"
    REMOVED = "removed"
    CHANGED = "changed"
    RETIRING = "retiring"
    OVERDUE = "overdue"
    HELD = "held"
    SYNC_FAILED = "sync_failed"
    SYNC_RECOVERED = "sync_recovered"
    BASELINE = "baseline"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What one channel wants to hear. Empty filters let everything pass."""

    channel: str
    events: tuple[str, ...]  # names of Event, and changed:FIELD, where FIELD is a pattern of dotted paths
    models: tuple[str, ...] = ()  # patterns of ids
    sources: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    lifecycles: tuple[str, ...] = ()
    watched: frozenset[str] | None = None  # None: not limited to the watchlist
    settle: timedelta = timedelta(0)  # how long a removal waits for the model to come back
    failures: int = 3  # runs that fail in a row before anybody is told


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """A change, and what a message and a filter want to know of its model."""

    change: Change
    display_name: str | None
    created_at: datetime | None
    line: str | None
    lifecycle: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFacts:
    """How a run ended, and what came before it; counts of runs are of those in a row, of the same source."""

    source: str
    run_id: int
    status: Status
    baseline: bool
    finished_at: datetime
    models_listed: int
    failures: int  # that failed, this one included
    failed_before: int  # that failed just before this one
    failing_since: datetime | None  # end of the first of the runs that failed
    held: str  # what began to wait for a person with this run; empty: nothing did
    error: str | None
    makes_baseline: bool = False  # from the next run on, what is found is news


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """A listed model with a date of retirement."""

    source: str
    model_id: str
    display_name: str | None
    line: str | None
    lifecycle: str | None
    retires_at: datetime
    known_since: datetime  # when this date was first recorded


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """A message that a channel must get; `payload` is the JSON text it will carry, frozen now."""

    channel: str
    source: str
    run_id: int | None
    type: str
    uid: str
    payload: str
    due_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How much a channel takes in one message."""

    subject: int  # characters
    fits: Callable[[str, str], bool]  # whether it takes this subject with this text


# Words a message for the room of a channel: gives subject and text, the same ones each time.
Compose = Callable[[Room], tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a channel sends. `id` is the same at each attempt, so that a receiver can drop a repeat."""

    id: str
    type: str
    payload: str
    compose: Compose
    sent_at: datetime


class DeliveryError(CatalogError):
    """The channel did not take a message."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None, gone: bool = False) -> None:
        """Say in words why; `retry_after` in seconds if the receiver named it, `gone` if it never wants any again."""
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.gone = gone
