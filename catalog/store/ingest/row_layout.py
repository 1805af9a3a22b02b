"""How a reading is laid out in a row, and read back. Large attributes are split off, to be stored once and shared."""

from collections.abc import Mapping
from datetime import datetime
from json.encoder import encode_basestring
from typing import Any, NamedTuple

import sqlalchemy as sa

from catalog import dates
from catalog.domain import DATE_FIELDS, FIELDS, Reading
from catalog.store.ingest import diff
from catalog.store.schema import tables

# Longer attributes are shared. The official list's `capabilities` is about 700 characters, the same for whole families;
# shorter values cost less in their row than a reference and a join.
SHARED_FROM = 100


class Layout(NamedTuple):
    """A reading's attributes as two JSON texts; `shared` is None when nothing is large."""

    own: str
    shared: str | None


def lay_out(attributes: Mapping[str, str]) -> Layout:
    """Split canonical texts by size."""
    small: list[str] = []
    large: list[str] = []
    for name, text in attributes.items():
        (large if len(text) > SHARED_FROM else small).append(f"{encode_basestring(name)}:{text}")
    return Layout(f"{{{','.join(small)}}}", f"{{{','.join(large)}}}" if large else None)


def select_states() -> sa.Select[Any]:
    """Select what `reading` needs of models; the caller adds which."""
    columns = [tables.model.c[name] for name in ("id", "model_key", *FIELDS, "own")]
    joined = tables.model.outerjoin(tables.shape, tables.shape.c.shape_key == tables.model.c.shape_key)
    return sa.select(*columns, tables.shape.c.body).select_from(joined)


def reading(row: sa.RowMapping) -> Reading:
    """Give back the reading that a row of `select_states` was laid out from."""
    columns = tuple(_plain(row[name]) if name in DATE_FIELDS else row[name] for name in FIELDS)
    attributes = {**row["own"], **(row["body"] or {})}
    # What is stored was made canonical when it was read off the wire; only spacing and order are the database's own.
    return Reading(columns, {name: diff.canonical(value) for name, value in attributes.items()})


def _plain(value: datetime | None) -> str | None:
    return None if value is None else dates.to_text(value)
