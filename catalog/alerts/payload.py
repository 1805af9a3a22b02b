"""The JSON that a webhook is sent and a program reads, as types. docs/how-to/alerts.md explains the fields.

Times are texts in UTC such as 2026-11-22T09:30:00Z. Fields that are not required here came later, or are there only
where they say something: a message that an earlier build enqueued lacks them, and holds values as JSON text.
"""

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final, Literal, NotRequired, TypedDict, cast


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT  # what a field holds that is not there


class Values(TypedDict):
    """The values of a field, as JSON values; what is absent is left out."""

    old_value: NotRequired[Any]
    new_value: NotRequired[Any]


class Entry(Values):
    """One change of a model, and what is known of the model after the run."""

    uid: str
    kind: str  # added, returned, removed or changed
    model_id: str
    display_name: str | None
    created_at: str | None
    lifecycle: NotRequired[str | None]
    retires_at: NotRequired[str | None]
    max_input_tokens: NotRequired[int | None]
    max_tokens: NotRequired[int | None]
    watched: NotRequired[bool]
    field: str | None
    not_before: str | None  # the change happened after this
    observed_at: str  # and by this
    cut: NotRequired[list[str]]  # names of the fields that were too long and were cut


class WaveEntry(Values):
    """A change that many models share. Without both values: the field appeared, with various values."""

    field: str
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
    at: NotRequired[str]  # when the run ended: the days until a date count from here
    models_listed: int
    total: NotRequired[int]
    waves: NotRequired[list[WaveEntry]]


class RetirementPayload(_Head):
    """A planned retirement that comes near, or has passed."""

    type: Literal["catalog.retiring", "catalog.overdue"]
    model_id: str
    display_name: str | None
    retires_at: str
    known_since: NotRequired[str]
    watched: NotRequired[bool]
    days: int  # that are left, begun ones included; below zero: since then
    milestone: int | None


RunType = Literal["catalog.held", "catalog.sync_failed", "catalog.sync_recovered", "catalog.baseline"]


class RunPayload(_Head):
    """How a run ended, in words."""

    type: RunType
    reason: str
    hint: NotRequired[str]  # a command that shows more, or settles it


Payload = ChangesPayload | RetirementPayload | RunPayload


def modern(payload: ChangesPayload) -> ChangesPayload:
    """Give a message of an earlier build as this one writes them: JSON values instead of JSON text."""
    if "at" in payload:
        return payload
    entries = [{**entry, **_values(entry)} for entry in payload["changes"]]
    kept: Any = {**payload, "changes": [_without_absent(entry) for entry in entries]}
    if "waves" in payload:
        kept["waves"] = [_without_absent({**wave, **_values(wave)}) for wave in payload["waves"]]
    kept["at"] = max(entry["observed_at"] for entry in payload["changes"])
    return cast("ChangesPayload", kept)


def _values(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(told[name]) for name in ("old_value", "new_value")}


def _value(text: str | None) -> Any:
    """Read JSON text; where it was cut, the text itself."""
    try:
        return ABSENT if text is None else json.loads(text)
    except ValueError:
        return text


def _without_absent(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not ABSENT}
