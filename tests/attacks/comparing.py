"""What a catalog shows, row by row, against what it should."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from catalog.store.engine.database import Database
from catalog.store.queries import history
from catalog.store.schema import invariants, views
from tests.attacks.facts import TICK, Proof, Row
from tests.attacks.oracle import Oracle

KEYS = {
    "sources": ("source",),
    "models": ("source", "id"),
    "model_history": ("source", "id", "valid_from"),
    "changes": ("run_id", "source", "model_id", "kind", "field"),
    "sync_runs": ("run_id",),
}
MAY = ("error", None)  # what the oracle says of a run that may have words, and need not


def differences(database: Database, oracle: Oracle) -> list[str]:
    """Say in lines where a public view does not show what it should, or a rule of histories is broken."""
    with database.read() as connection:
        shown = {view: rows(connection, view) for view in KEYS}
    expected = oracle.views()
    lines = [f"broken: {each}" for each in invariants.broken(database)]
    past = {run.number for run in oracle.runs if run.origin == "backfill"}  # they have times of their own
    lines += log_differences(shown["changes"], past)
    lines += [line for view in KEYS for line in compare(view, shown[view], expected[view])]
    return lines + past_differences(database, expected["model_history"])


def log_differences(changes: Sequence[Row], past: Collection[int]) -> list[str]:
    """Say what is wrong with the log itself: its order, its names."""
    log = sorted(changes, key=lambda row: row.pop("change_id"))
    times = [row["recorded_at"] for row in log if row["run_id"] not in past]
    uids = {row.pop("uid") for row in log}
    out_of_order = [] if times == sorted(times) else ["the log is out of order"]
    return out_of_order + ([] if len(uids) == len(log) else ["two changes have one uid"])


def past_differences(database: Database, states: Sequence[Row]) -> list[str]:
    """Say in lines what the catalog does not say was listed, just before and at the end of some walk."""
    ends = sorted({row["valid_from"] for row in states} | {row["valid_to"] for row in states} - {None})
    end = ends[len(states) * 7 % len(ends)] if ends else None  # any: another one after each step
    lines = []
    for moment in (end - TICK, end) if end else ():
        with database.read() as connection:
            shown = [(state.source, state.id, state.display_name) for state in history.as_of(connection, moment)]
        listed = [row for row in states if row["valid_from"] <= moment and (row["valid_to"] or moment + TICK) > moment]
        expected = [(row["source"], row["id"], row["display_name"]) for row in listed]
        lines += [] if shown == expected else [f"at {moment} {shown} were listed, expected {expected}"]
    return lines


def rows(connection: sa.Connection, view: str) -> list[Row]:
    return [readable(row) for row in connection.execute(sa.select(views.surface.tables[view])).mappings()]


def readable(row: Mapping[Any, Any]) -> Row:
    """Read the scope, and of an error only that there is one: its words are for people."""
    read = dict(row)
    if "scope" in read:
        read["scope"] = read["scope"] and json.loads(read["scope"])
    if "error" in read:
        read["error"] = read["error"] is not None
    return read


def compare(view: str, shown: Sequence[Row], expected: Sequence[Row]) -> list[str]:
    """Say in lines what differs."""
    found, wanted = by_key(view, shown), by_key(view, expected)
    lines = []
    for key in sorted(found.keys() | wanted.keys()):
        has, wants = found.get(key), wanted.get(key)
        if has is None or wants is None:
            lines.append(f"{view} {key}: shown {has}, expected {wants}")
        else:
            names = [name for name in has | wants if not agrees(name, has.get(name), wants.get(name))]
            lines += [f"{view} {key} {name}: shown {has.get(name)}, expected {wants.get(name)}" for name in names]
    return lines


def by_key(view: str, rows: Sequence[Row]) -> dict[tuple[str, ...], Row]:
    keyed = {tuple(str(row[name]) for name in KEYS[view]): row for row in rows}
    assert len(keyed) == len(rows), f"{view} has two rows of one key"
    return keyed


def agrees(name: str, shown: Any, expected: Any) -> bool:
    """Tell whether what is shown is what it should be."""
    if isinstance(expected, Proof):
        return shown is not None and expected.at_least <= shown <= expected.at_most
    return (name, expected) == MAY or (shown == expected and repr_of(shown) == repr_of(expected))


def repr_of(value: Any) -> str:
    """Spell a value so that true and 1 are told apart, which JSON does and Python does not."""
    return json.dumps(value, default=str, sort_keys=True) if isinstance(value, dict) else ""
