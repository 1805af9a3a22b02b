"""The records that store and alerts share: what happened, which channel asked for it, and the message about it."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol

from catalog.domain import Change, ModelName, Status
from catalog.errors import CatalogError

_CHANGED = "changed:"


class AlertEvent(StrEnum):
    """What a channel can subscribe to."""

    ADDED = "added"
    RETURNED = "returned"
    REMOVED = "removed"
    CHANGED = "changed"
    LOWERED = "lowered"
    RETIRING = "retiring"
    OVERDUE = "overdue"
    HELD = "held"
    SYNC_FAILED = "sync_failed"
    SYNC_RECOVERED = "sync_recovered"
    BASELINE = "baseline"


class Severity(StrEnum):
    """How grave a message is."""

    FAILURE = "failure"
    WARNING = "warning"
    SUCCESS = "success"
    INFO = "info"


class DeliveryStatus(StrEnum):
    """What became of a message in the outbox."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    DROPPED = "dropped"  # by a person


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """What one channel subscribes to. Empty filters let everything pass."""

    channel: str
    events: tuple[AlertEvent, ...]
    changed_fields: tuple[str, ...] = ()  # patterns of dotted paths: changes of these fields are told, too
    models: tuple[ModelName, ...] = ()  # patterns of ids, some for one source alone
    sources: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    lifecycles: tuple[str, ...] = ()
    watched: frozenset[ModelName] | None = None  # None: not limited to the watchlist
    settle: timedelta = timedelta(0)  # how long a removal is deferred, in case the model comes back
    failures: int = 3  # runs that must fail in a row before this is told

    def admits(self, *, source: str, model_id: str, line: str | None, lifecycle: str | None) -> bool:
        """Say whether a model passes all filters; patterns mean what `--match` means."""
        return (
            (not self.sources or source in self.sources)
            and (not self.lines or line in self.lines)
            and (not self.lifecycles or lifecycle in self.lifecycles)
            and (self.watched is None or is_among(self.watched, source, model_id))
            and (not self.models or any(_fits(pattern, source, model_id) for pattern in self.models))
        )


def is_among(names: Collection[ModelName], source: str, model_id: str) -> bool:
    """Say whether a model is one of these, by its id alone or at its source."""
    return model_id in names or (source, model_id) in names


def _fits(pattern: ModelName, source: str, model_id: str) -> bool:
    wanted, ids = (source, pattern) if isinstance(pattern, str) else pattern
    return source == wanted and fnmatchcase(model_id, ids)


def parse_events(names: Sequence[str]) -> tuple[tuple[AlertEvent, ...], tuple[str, ...]]:
    """Split what a configuration spells in one list: events, and the patterns of `changed:PATTERN`."""
    events = tuple(AlertEvent(name) for name in names if not name.startswith(_CHANGED))
    return events, tuple(name.removeprefix(_CHANGED) for name in names if name.startswith(_CHANGED))


@dataclass(frozen=True, kw_only=True, slots=True)
class News:
    """A change, with what messages and filters need to know of its model."""

    change: Change
    display_name: str | None
    created_at: datetime | None
    line: str | None
    lifecycle: str | None
    retires_at: datetime | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    watched: bool = False


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
    held: str  # why this run began to be held; empty: it did not
    error: str | None
    makes_baseline: bool = False  # this run is the baseline: what later runs find is news
    accept: str = ""  # the options of `catalog sync` that accept what is held


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedRetirement:
    """A listed model with a date of retirement."""

    source: str
    model_id: str
    display_name: str | None
    line: str | None
    lifecycle: str | None
    retires_at: datetime
    known_since: datetime  # when this date was first recorded
    watched: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    """A message to enqueue for a channel. `payload` is the JSON text that will be sent, whenever that is."""

    channel: str
    source: str
    run_id: int | None
    type: str
    uid: str
    payload: str
    due_at: datetime


class Composer(Protocol):
    """Decides what is worth telling and composes the messages; the module `catalog.alerts.composer` is one."""

    def concerns(self, rule: Rule, news: News) -> bool: ...
    def digest(self, rule: Rule, news: Iterable[News], facts: RunFacts) -> OutboxMessage | None: ...
    def about_run(self, rule: Rule, facts: RunFacts) -> list[OutboxMessage]: ...
    def retiring(
        self,
        rule: Rule,
        planned: Iterable[PlannedRetirement],
        *,
        milestones: tuple[int, ...],
        now: datetime,
        since: datetime | None,
    ) -> list[OutboxMessage]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscriptions:
    """Which channels are told what, and the composer of their messages."""

    rules: tuple[Rule, ...]
    composer: Composer
    milestones: tuple[int, ...] = ()  # days before a retirement
    watched: frozenset[ModelName] | None = None  # the watchlist; None: it cannot be read

    @property
    def horizon(self) -> timedelta:
        """How far the earliest milestone looks into the future."""
        return timedelta(days=max(self.milestones, default=0))

    def watches(self, source: str, model_id: str) -> bool:
        """Say whether a model is on the watchlist."""
        return is_among(self.watched or (), source, model_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """How much text fits into one message of a channel, and in which form."""

    subject: int  # characters
    fits: Callable[[str, str], bool]  # whether this subject and this text fit
    has_markdown: bool = False  # in the text: `code` and <addresses>


# Words a message so that it fits: gives subject and text, the same ones each time.
Compose = Callable[[Room], tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a channel sends. `id` is the same at each attempt, so that a receiver can recognize a repeat."""

    id: str
    type: str
    payload: str
    compose: Compose
    sent_at: datetime
    severity: Callable[[], Severity] = lambda: Severity.INFO


class DeliveryError(CatalogError):
    """The channel did not take a message."""

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None, gone: bool = False) -> None:
        """Say why, in words. `retry_after`: seconds, if the receiver named them. `gone`: it wants no more messages."""
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.gone = gone
