"""The moments of a run at which it may be cut off, and what a database holds between them."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlalchemy as sa

from catalog.domain import Status
from catalog.store.engine.database import Database
from catalog.store.schema import tables

BEFORE_COMMIT, AFTER_COMMIT = "before COMMIT", "after COMMIT"
Snapshot = dict[str, list[tuple[Any, ...]]]  # every row, by table
Row = dict[str, Any]


def watch(database: Database, come: Callable[[str], None]) -> None:
    """Call `come` before each statement, and before and after each COMMIT."""
    engine = database.engine
    commit = engine.dialect.do_commit

    def do_commit(connection: Any) -> None:
        come(BEFORE_COMMIT)
        commit(connection)
        come(AFTER_COMMIT)

    engine.dialect.do_commit = do_commit  # type: ignore[assignment,method-assign]
    sa.event.listen(engine, "before_cursor_execute", lambda _c, _u, statement, *_: come(statement))


def snapshot(database: Database) -> Snapshot:
    """Read every row of every table."""
    with database.read() as connection:
        return {table.name: rows(connection, table) for table in tables.metadata.sorted_tables}


def rows(connection: sa.Connection, table: sa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]


def history(found: Snapshot) -> Snapshot:
    """All that a run may only write whole: everything but the records of runs and the address of a source."""
    return {name: rows for name, rows in found.items() if name not in {"catalog_run", "catalog_source"}}


def without_dead_runs(found: Snapshot, dead: Collection[Status]) -> dict[str, list[Row]]:
    """Leave out the records of runs that recorded nothing else, and number the others anew."""
    named = {name: [_named(name, row) for row in rows] for name, rows in found.items()}
    alive = [run for run in named["catalog_run"] if run["status"] not in dead]
    numbers = {run["run_id"]: number for number, run in enumerate(alive, start=1)}
    return {name: [_renumbered(row, numbers) for row in rows] for name, rows in {**named, "catalog_run": alive}.items()}


def _named(table: str, row: tuple[Any, ...]) -> Row:
    return dict(zip(tables.metadata.tables[table].columns.keys(), row, strict=True))


def _renumbered(row: Row, numbers: Mapping[int, int]) -> Row:
    # A run that was killed is told by the next one: that alert names a run without a number here.
    new: Row = {
        name: numbers.get(value) if value is not None and (name == "run_id" or name.endswith("_run")) else value
        for name, value in row.items()
    }
    if "payload" in new:
        payload = json.loads(new["payload"])
        new["payload"] = payload | {"run_id": payload["run_id"] and numbers.get(payload["run_id"])}
    return new
