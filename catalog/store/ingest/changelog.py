"""Writes the change log. Numbers go on from the last one, which the caller's write transaction makes safe."""

from typing import Any

import sqlalchemy as sa

from catalog.domain import Kind
from catalog.store.ingest import runs
from catalog.store.schema.tables import change


def append(
    connection: sa.Connection,
    run_id: int,
    kind: Kind,
    keys: sa.Subquery,
    *,
    proof: sa.ColumnElement[Any],
    observed: sa.ColumnElement[Any] | None = None,
    number: sa.ColumnElement[Any] | None = None,
) -> None:
    """Log a change of this kind for each model key of `keys`, in their order; or in that of `number`, from 1 on."""
    rows = sa.select(
        _next(connection, keys.c.model_key) if number is None else number + last_number(connection),
        sa.literal(run_id),
        keys.c.model_key,
        sa.literal(kind.value),
        proof,
        sa.null() if observed is None else observed,
    )
    names = ["change_id", "run_id", "model_key", "kind", "proof_run", "observed_run"]
    connection.execute(change.insert().from_select(names, rows))


def append_fields(connection: sa.Connection, run_id: int, fields: sa.Subquery, *, proof: sa.ColumnElement[Any]) -> None:
    """Log fields that changed. `fields` has the columns model_key, field, old_value, new_value and baseline."""
    said = [fields.c[name] for name in ("model_key", "field", "old_value", "new_value", "baseline")]
    rows = sa.select(
        _next(connection, fields.c.model_key, fields.c.field),
        sa.literal(run_id),
        sa.literal(Kind.CHANGED.value),
        *said,
        proof,
    )
    names = ["change_id", "run_id", "kind", "model_key", "field", "old_value", "new_value", "baseline", "proof_run"]
    connection.execute(change.insert().from_select(names, rows))


def last_number(connection: sa.Connection) -> int:
    """Give the highest number that a change ever had, also one that a restoration took away: programs had read it."""
    last = sa.select(change.c.change_id, change.c.run_id).order_by(change.c.change_id.desc()).limit(1)
    number, run_id = connection.execute(last).one_or_none() or (0, 0)
    return max(number, runs.last_change_lost(connection, after=run_id))


def highest(connection: sa.Connection, column: sa.Column[int]) -> int:
    """Give the highest number in a column; 0 when there is none."""
    return connection.scalar(sa.select(sa.func.max(column))) or 0


def _next(connection: sa.Connection, *order: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.func.row_number().over(order_by=order) + last_number(connection)
