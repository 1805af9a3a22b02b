"""Rows of a catalog, made for tests of what is written from them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog import dates
from catalog.domain import Change, Kind, Model

SEEN = datetime(2026, 1, 1, 8, 0, 30, 250_000, tzinfo=UTC)


def model(retires_at: datetime | None = None, **fields: Any) -> Model:
    told: dict[str, Any] = {
        "source": "anthropic",
        "id": "claude-a",
        "first_seen_at": SEEN,
        "last_seen_at": SEEN,
        "missing_since": None,
        "removed_at": None,
        "attributes": {},
    }
    return Model(retires_at=retires_at, **{**told, **fields})


def change(
    kind: Kind, recorded_at: datetime, field: str | None = None, old: Any = None, new: Any = None, **fields: Any
) -> Change:
    """Make a change that was seen five minutes before it was recorded; a moment as value is spelled as in the log."""
    old, new = (json.dumps(dates.to_text(value)) if isinstance(value, datetime) else value for value in (old, new))
    told: dict[str, Any] = {
        "change_id": 1,
        "run_id": 1,
        "source": "anthropic",
        "model_id": "claude-a",
        "not_before": None,
        "observed_at": recorded_at - timedelta(minutes=5),
        "baseline": False,
        "uid": "u",
    }
    values = {"kind": kind, "recorded_at": recorded_at, "field": field, "old_value": old, "new_value": new}
    return Change(**{**told, **values, **fields})
