"""The JSON that a webhook is sent and a program reads, as types. docs/how-to/alerts.md explains the fields.

Times are texts in UTC such as 2026-11-22T09:30:00Z; values of fields are JSON texts, and None means absent.
"""

from typing import Literal, NotRequired, TypedDict


class Entry(TypedDict):
    """One change of a model."""

    uid: str
    kind: str  # added, returned, removed or changed
    model_id: str
    display_name: str | None
    created_at: str | None
    field: str | None
    old_value: str | None
    new_value: str | None
    not_before: str | None  # the change happened after this
    observed_at: str  # and by this
    cut: NotRequired[list[str]]  # names of the fields that were too long and were cut


class WaveEntry(TypedDict):
    """A change that many models share. Both values None: the field appeared, with various values."""

    field: str
    old_value: str | None
    new_value: str | None
    models: int


class _Head(TypedDict):
    id: str
    source: str
    run_id: int | None
    changes: list[Entry]
    cut: NotRequired[list[str]]


class ChangesPayload(_Head):
    """What a run found; `total` and `waves` are there when the message has no room for all changes."""

    type: Literal["catalog.changes"]
    models_listed: int
    total: NotRequired[int]
    waves: NotRequired[list[WaveEntry]]


class RetirementPayload(_Head):
    """A planned retirement that comes near, or has passed."""

    type: Literal["catalog.retiring", "catalog.overdue"]
    model_id: str
    display_name: str | None
    retires_at: str
    days: int  # that are left, begun ones included; below zero: since then
    milestone: int | None


RunType = Literal["catalog.held", "catalog.sync_failed", "catalog.sync_recovered", "catalog.baseline"]


class RunPayload(_Head):
    """How a run ended, in words."""

    type: RunType
    reason: str


Payload = ChangesPayload | RetirementPayload | RunPayload
