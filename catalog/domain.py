"""The records of the catalog: models, readings, changes, runs. Knows no database, no wire and no clock."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class Kind(StrEnum):
    """What a change says of a model."""

    ADDED = "added"
    REMOVED = "removed"
    RETURNED = "returned"
    CHANGED = "changed"


class Verdict(StrEnum):
    """How far a walk that reached its end can be trusted. (A cut walk has no verdict: it is a `ListingError`.)"""

    WHOLE = "whole"
    UNCLEAN = "unclean"


class Status(StrEnum):
    """How a run ended; `running` until then."""

    RUNNING = "running"
    COMPLETE = "complete"
    PARTIAL = "partial"
    HELD = "held"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    ABANDONED = "abandoned"
    SKIPPED = "skipped"


class Origin(StrEnum):
    """What a run read."""

    LIVE = "live"  # the list
    BACKFILL = "backfill"  # an answer recorded earlier; the run has the time of that


# A model by its id, at any source; or a source and the id there.
ModelName = str | tuple[str, str]

MERGED = (Status.COMPLETE, Status.PARTIAL, Status.HELD)  # its walk reached the end, and what it showed is recorded
DIED = (Status.FAILED, Status.ABANDONED)  # it was begun, and recorded nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelInfo:
    """One model as a list shows it. None: unknown."""

    id: str
    display_name: str | None = None
    created_at: datetime | None = None
    type: str | None = None
    lifecycle: str | None = None
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    line: str | None = None
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    attributes: Mapping[str, Any]  # every other field, and the text of `created_at`


# The columns a state consists of, besides its attributes, in the order of the SQL surface.
DATE_FIELDS = ("created_at", "deprecated_at", "retires_at")
TEXT_FIELDS = ("display_name", "type", "lifecycle", "line")
NUMBER_FIELDS = ("max_input_tokens", "max_tokens")
FIELDS = (
    "display_name",
    "created_at",
    "type",
    "lifecycle",
    "deprecated_at",
    "retires_at",
    "line",
    "max_input_tokens",
    "max_tokens",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The fields of one entry of a page, spelled so that equal values have equal texts.

    `columns` holds a value for each of FIELDS, in that order: text, whole numbers, dates as fixed-width UTC text;
    None: absent or null. `attributes` holds the canonical JSON text of every other top-level field, and of the raw
    `created_at`. `silent` names the columns without a usable value (an unknown date, a value that cannot be read):
    their last good value stays. `unreadable` is the part of `silent` that is worth a warning; the received value is in
    `attributes`, under the column's name. `mapped` are the paths of the members that columns were read from,
    where these have names of their own: a change there is a change of the column.
    """

    columns: tuple[str | int | None, ...]
    attributes: Mapping[str, str]
    silent: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    mapped: frozenset[tuple[str, ...]] = frozenset()


def reader_of(digest: str) -> str:
    """The version of the reader that made a digest of an entry or a page; empty: an old one, or no digest."""
    return digest.rpartition(".")[0]


class Item(Protocol):
    """An entry of a page, not yet read: its id, and a digest of its own bytes."""

    @property
    def id(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def disputed(self) -> bool:
        """Whether the page lists this id twice with different content: then only its presence is certain."""
        ...

    def read(self) -> Reading: ...


class Page(Protocol):
    """One page of a list: usable items in the order received, and facts that the rules of a walk need."""

    @property
    def digest(self) -> str: ...
    @property
    def items(self) -> Sequence[Item]: ...
    @property
    def has_more(self) -> bool: ...
    @property
    def clean(self) -> bool:
        """Whether nothing on the page needs a warning: then an equal digest means an equal page next time."""
        ...

    @property
    def stamp(self) -> str | None:
        """The JSON text of the one `created_at` that all entries carry; None: they differ, or there is none."""
        ...


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page with the same bytes as one of the last merged walk: its models are listed and unchanged."""

    count: int
    last_id: str
    has_more: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The organization and workspace that the answers name; None: the header was absent, which proves nothing."""

    organization: str | None = None
    workspace: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """A walk that reached the end of the list.

    A doubt about entries (`unusable`, `disputed`) costs those entries. A doubt about completeness means that no model
    is missing because the walk lacks it.
    """

    pages: int
    identity: Identity
    complete: bool = True  # there is no sign that it showed only a part of the list
    unusable: int = 0  # entries without a usable id
    disputed: bool = False  # it lists an id twice with different content
    warnings: tuple[str, ...] = ()  # doubts and repairs, in words

    @property
    def verdict(self) -> Verdict:
        """Whole when there is no doubt of either kind."""
        doubted = not self.complete or self.unusable or self.disputed
        return Verdict.UNCLEAN if doubted else Verdict.WHOLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """The settings that decide which models an API lists; a change of one of them begins a new baseline."""

    base_url: str
    betas: tuple[str, ...] = ()
    lifecycle: tuple[str, ...] = ()
    workspace: str = ""
    layout: Mapping[str, Any] = field(default_factory=dict)  # JSON values that say how it is asked and read otherwise

    def text(self, identity: Identity) -> str:
        """One JSON text for this scope and the identity that the answers named; equal scopes have equal texts."""
        parts = {
            "base_url": self.base_url,
            "betas": sorted(self.betas),
            "lifecycle": sorted(self.lifecycle),
            "workspace": self.workspace,
            "organization": identity.organization,
            "answered_workspace": identity.workspace,
            **self.layout,
        }
        return json.dumps(parts, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """When an absence is believed."""

    confirm_after: timedelta = timedelta(minutes=15)
    max_removed_percent: int = 30
    min_removed: int = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One row of the change log. Values are JSON text; None: absent."""

    change_id: int
    run_id: int
    source: str
    model_id: str
    kind: Kind
    field: str | None
    old_value: str | None
    new_value: str | None
    not_before: datetime | None
    observed_at: datetime
    recorded_at: datetime
    baseline: bool
    uid: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RetirementDate:
    """A date on which a model was planned to retire, while neither the date nor anything else of the model changed."""

    source: str
    model_id: str
    line: str | None
    lifecycle: str | None
    retires_at: datetime
    known_since: datetime  # when this date was recorded, and has stood since
    stands_from: datetime  # when this state of the model was recorded
    stands_until: datetime | None  # and when its end was; None: still so


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One row of `sync_runs`; counts are of models."""

    run_id: int
    source: str
    status: Status
    origin: Origin = Origin.LIVE
    started_at: datetime
    finished_at: datetime | None
    scope: str
    pages: int
    models_seen: int
    added: int
    returned: int
    changed: int
    missing: int
    removed: int
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A model that whole walks lack, and that is not yet removed."""

    model_id: str
    missing_since: datetime
    held: bool
    confirmed_from: datetime | None  # a whole walk that ends after this confirms the removal; None while held


@dataclass(frozen=True, kw_only=True, slots=True)
class Model(ModelInfo):
    """One row of `models`: a model that was listed at some time, with its last known fields."""

    source: str
    first_seen_at: datetime
    last_seen_at: datetime
    missing_since: datetime | None
    removed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class State(ModelInfo):
    """One row of `model_history`: the fields of a model from `valid_from` until just before `valid_to`."""

    source: str
    valid_from: datetime
    valid_to: datetime | None  # None: still so


class Place(NamedTuple):
    """Where a page of a list begins or ends: beside this model, which need not be listed."""

    source: str
    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One row of `sources`: a list that was synced at least once.

    `live`: or never yet; else all that is recorded of it are answers of the past.
    """

    source: str
    base_url: str
    scope: str | None  # None: before its first baseline
    configured: bool  # the configuration of its last run still named it
    last_whole_at: datetime | None
    last_status: Status | None
    models_listed: int
    live: bool = True
