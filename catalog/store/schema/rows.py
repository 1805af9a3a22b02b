"""Rows of the views as domain objects."""

from collections.abc import Mapping
from typing import Any

from catalog.domain import Change, Kind, Run, Status


def change(row: Mapping[Any, Any]) -> Change:
    """Give a row of `changes`."""
    return Change(**{**row, "kind": Kind(row["kind"])})


def run(row: Mapping[Any, Any]) -> Run:
    """Give a row of `sync_runs`."""
    return Run(**{**row, "status": Status(row["status"])})
