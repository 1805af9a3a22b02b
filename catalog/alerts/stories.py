"""What a message tells of one model: all of its changes together, and what was known of the model after the run."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from catalog.alerts.payload import ABSENT, Entry
from catalog.domain import NUMBER_FIELDS, Kind

Interval = tuple[datetime | None, datetime]  # after, and by


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelNews:
    """The changes of one model that were observed together. `fields`: old and new value of each that changed."""

    model_id: str
    display_name: str | None
    created_at: datetime | None
    lifecycle: str | None
    retires_at: datetime | None
    limits: Mapping[str, int]
    is_watched: bool
    kind: Kind
    fields: Mapping[str, tuple[Any, Any]]
    interval: Interval
    changes: int


def of(entries: Iterable[Entry]) -> list[ModelNews]:
    """Put the changes of each model together; those of another time, such as a removal confirmed late, apart."""
    ordered = sorted(entries, key=_together)
    return [_story(list(some)) for _, some in groupby(ordered, key=_together)]


def interval(entry: Entry) -> Interval:
    """Give the time in which a change happened."""
    return moment(entry["not_before"]), datetime.fromisoformat(entry["observed_at"])


def moment(text: str | None) -> datetime | None:
    """Read a time of a message."""
    return None if text is None else datetime.fromisoformat(text)


def _together(entry: Entry) -> tuple[str, str, str]:
    return entry["model_id"], entry["observed_at"], entry["not_before"] or ""


def _story(entries: list[Entry]) -> ModelNews:
    last = entries[-1]
    kinds = {entry["kind"] for entry in entries}
    limits = {name: last.get(name) for name in NUMBER_FIELDS}
    return ModelNews(
        model_id=last["model_id"],
        display_name=last["display_name"],
        created_at=moment(last["created_at"]),
        lifecycle=last.get("lifecycle"),
        retires_at=moment(last.get("retires_at")),
        limits={name: limit for name, limit in limits.items() if isinstance(limit, int)},
        is_watched=last.get("watched", False),
        kind=next(kind for kind in (Kind.REMOVED, Kind.RETURNED, Kind.ADDED, Kind.CHANGED) if kind in kinds),
        fields={
            entry["field"]: (entry.get("old_value", ABSENT), entry.get("new_value", ABSENT))
            for entry in entries
            if entry["field"] is not None
        },
        interval=interval(last),
        changes=len(entries),
    )
