"""Turns rows of the views into domain objects."""

from collections.abc import Mapping
from typing import Any

from catalog.domain import Change, Kind, Origin, Run, Source, Status


def change(row: Mapping[Any, Any]) -> Change:
    """Give a row of `changes`."""
    return Change(**{**row, "kind": Kind(row["kind"])})


def run(row: Mapping[Any, Any]) -> Run:
    """Give a row of `sync_runs`."""
    return Run(**{**row, "status": Status(row["status"]), "origin": Origin(row["origin"])})


def source(row: Mapping[Any, Any]) -> Source:
    """Give a row of `sources`."""
    status = row["last_status"]
    return Source(**{**row, "last_status": None if status is None else Status(status), "live": bool(row["live"])})
