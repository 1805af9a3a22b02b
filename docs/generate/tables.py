"""The schema's reference page, made from the comments of its tables."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from catalog.store.schema import identity_tables as _identity_tables  # noqa: F401 - its tables join those of schema
from catalog.store.schema import outbox_tables as _outbox_tables  # noqa: F401 - its tables join those of schema
from catalog.store.schema import tables, views

_OPENING = """\
# Schema

These relations are public: RELATIONS. Their names and columns stay as they are.
They are views, the same on SQLite and Postgres; reading them is all that a program of yours needs. Queries to start
from are in the [cookbook](../how-to/cookbook.md).

- A *source* is a configured list, a *model* an entry of it, a *walk* the reading of the list page by page, a *run*
  one sync of one source, a *state* a model's fields during an interval, a *change* what a run found different, a
  *baseline* a walk whose findings are not news. [How a walk is judged](../why/walk.md) tells the rest.
- Times are UTC: `timestamptz` on Postgres; on SQLite text of one width, `2026-11-22T09:30:00.000000Z`, so that the
  order of the text is the order of time and SQLite's own date functions can read it.
- JSON is `jsonb` on Postgres and text on SQLite. Truths are `boolean` on Postgres, 0 and 1 on SQLite.
- NULL means unknown, not told, or not so (yet); the column says which.
"""

_INTERNAL = """\
## Internal tables and views

What the views are made of. Their names begin with `catalog_`; they change from version to version, so query the
views. Observation times are stored once, with the run that made the observation, and every other row names that run.
The database itself refuses to edit or delete history: triggers guard these tables, and let go only of the records that
the two views `catalog_prunable_…` name.
"""


def page() -> str:
    """Write the page."""
    public = map(_view, views.surface.tables.values())
    # By name: the order in which modules add their tables depends on what was imported first.
    hidden = {**tables.metadata.tables, **views.internal.tables}
    internal = [_table(hidden[name]) for name in sorted(hidden)]
    names = ", ".join(f"`{name}`" for name in views.surface.tables)
    return "\n".join([_OPENING.replace("RELATIONS", names), *public, _INTERNAL, *internal])


def _view(table: sa.Table) -> str:
    rows = [f"| `{column.name}` | {_kind(column)} | {column.comment} |" for column in table.columns]
    head = ["| column | type | what it holds |", "|---|---|---|"]
    return "\n".join([f"## {table.name}\n\n{table.comment}\n", *head, *rows, ""])


def _table(table: sa.Table) -> str:
    return "\n".join([f"### {table.name}\n\n{table.comment}\n", *_briefly(table), ""])


def _briefly(table: sa.Table) -> Iterator[str]:
    for column in table.columns:
        yield f"- `{column.name}`: {column.comment}"


def _kind(column: sa.Column[object]) -> str:
    """Name the type; both databases' names where they differ."""
    names = {_name(column, sqlite.dialect()), _name(column, postgresql.dialect())}
    if len(names) == 1:
        return names.pop()
    if isinstance(column.type, tables.UtcTime):
        return "time"
    return "JSON"


def _name(column: sa.Column[object], dialect: sa.Dialect) -> str:
    return column.type.compile(dialect).lower().removesuffix(' collate "c"')
