"""What an oracle keeps of sources, models and runs: plain data, in the words of PRODUCT."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

TICK = timedelta(microseconds=1)
Row = dict[str, Any]  # of a public view


@dataclass(frozen=True, kw_only=True)
class Patience:
    """When an absence is believed."""

    confirm_after: timedelta = timedelta(minutes=15)
    max_removed_percent: int = 30
    min_removed: int = 4


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the caller wants of a run."""

    accept_removals: bool = False
    missed_by: datetime | None = None  # of those, only what was gone by then; None: whenever that was
    accept_scope: bool = False

    def options(self) -> dict[str, Any]:
        """What a run is told of it; of moments only a backfill knows."""
        return {"accept_removals": self.accept_removals, "accept_scope": self.accept_scope}


@dataclass(frozen=True)
class Proof:
    """Start of the last walk that proves something; of an unclean one that found no news of it nothing need be kept."""

    at_least: datetime
    at_most: datetime


@dataclass(kw_only=True)
class Lack:
    """That whole walks lack a model."""

    since: datetime  # the end of the first of them
    run: int  # its number
    baseline: bool
    held: bool = False  # too much was gone at once: it waits for a person


@dataclass(kw_only=True)
class Asker:
    """An identity that was accepted."""

    name: str
    last: datetime  # the end of the last merged walk that it answered
    whole: tuple[int, datetime] | None = None  # number and start of the last whole one
    seen: set[str] | None = None  # what that one listed; None: it counts as all there is


@dataclass(kw_only=True)
class Model:
    """A model ever seen, with its last known fields."""

    id: str
    first_seen: datetime
    last_seen: datetime
    since: datetime  # the present state began
    columns: dict[str, Any]
    attributes: dict[str, Any]
    listed: Proof  # that it is there
    proven: Proof  # that its fields are what they are
    partial: bool = False  # it was never seen but in dispute: some of it is not known
    lack: Lack | None = None
    removed: datetime | None = None
    past: list[Row] = field(default_factory=list)  # its former states


@dataclass(kw_only=True)
class Run:
    """The record of a run."""

    number: int
    source: str
    started: datetime
    scope: Row
    generation: int  # of its source when it began
    status: str = "running"
    finished: datetime | None = None
    baseline: bool = False
    has_words: bool | None = True  # None: it may
    origin: str = "live"
    pruned: bool = False
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(kw_only=True)
class Source:
    """A list that was synced at least once."""

    base_url: str
    scope: Row | None = None  # which its history stands for; None: before the first baseline
    configured: bool = True
    generation: int = 0  # merged walks
    walked: datetime | None = None  # end of the last of them
    whole: datetime | None = None  # end of the last whole one
    absence: tuple[int, datetime] | None = None  # number and start of the run since which all askers lacked what is new
    baseline: int = 0  # number of the run that made the baseline of the present scope
    askers: list[Asker] = field(default_factory=list)
    disputes: frozenset[str] = frozenset()  # of the last merged walk
    models: dict[str, Model] = field(default_factory=dict)


@dataclass(kw_only=True)
class Book:
    """All runs, and the log of changes."""

    runs: list[Run] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)  # how often something worth an attack took place

    def record_time(self, now: datetime) -> datetime:
        """Give the moment of the next entry of the log: a clock that is behind does not put it out of order."""
        return max([now, *(run.finished + TICK for run in self.runs if run.finished)])


def state_of(model: Model, until: datetime | None) -> Row:
    return {**model.columns, "attributes": model.attributes, "valid_from": model.since, "valid_to": until}
