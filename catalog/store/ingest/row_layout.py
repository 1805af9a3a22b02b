"""Lays a reading out in a row, and reads it back. Large attributes are stored apart, once for many models."""

from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Any, NamedTuple

import sqlalchemy as sa

from catalog import dates
from catalog.domain import DATE_FIELDS, FIELDS, Reading
from catalog.store.ingest import diff
from catalog.store.schema import tables

# Longer attributes are shared. `capabilities` in the official list has about 700 characters, the same for whole
# families. Shorter ones, such as tags, are mostly one model's alone: apart, each of them takes a row and two entries of
# an index, a fifth of the time of a first load of the Hub's list, and no less room.
SHARED_FROM = 400


class Layout(NamedTuple):
    """A reading's attributes as two JSON texts; `shared` is None when nothing is large."""

    own: str
    shared: str | None


def lay_out(attributes: Mapping[str, str]) -> Layout:
    """Divide attributes, which are canonical texts, by size."""
    small = [f"{encode_basestring(name)}:{text}" for name, text in attributes.items() if len(text) <= SHARED_FROM]
    own = f"{{{','.join(small)}}}"
    if len(small) == len(attributes):
        return Layout(own, None)
    large = [f"{encode_basestring(name)}:{text}" for name, text in attributes.items() if len(text) > SHARED_FROM]
    return Layout(own, f"{{{','.join(large)}}}")


def select_states() -> sa.Select[Any]:
    """Select what `reading` needs; the caller adds which models."""
    columns = [tables.model.c[name] for name in ("id", "model_key", *FIELDS, "own")]
    joined = tables.model.outerjoin(tables.shape, tables.shape.c.shape_key == tables.model.c.shape_key)
    return sa.select(*columns, tables.shape.c.body).select_from(joined)


def reading(row: sa.RowMapping) -> Reading:
    """Give back the reading that a row of `select_states` was laid out from."""
    columns = tuple(
        dates.to_text(row[name]) if name in DATE_FIELDS and row[name] is not None else row[name] for name in FIELDS
    )
    attributes = {**row["own"], **(row["body"] or {})}
    # Only spacing and order may differ from the canonical text that was stored: jsonb has its own.
    return Reading(columns, {name: diff.canonical(value) for name, value in attributes.items()})
