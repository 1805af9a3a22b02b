"""Tables beside a source's history: the identities that may answer for it, and the ids in dispute."""

from typing import Any

import sqlalchemy as sa

from catalog.store.schema.tables import Id, metadata

_KEY: Any = {"primary_key": True, "autoincrement": False}


def _source_key() -> sa.Column[Any]:
    return sa.Column("source_key", sa.ForeignKey("catalog_source.source_key"), **_KEY, comment="Its source.")


identity = sa.Table(
    "catalog_identity",
    metadata,
    _source_key(),
    sa.Column("number", sa.Integer, **_KEY, comment="Its number among those of the source."),
    sa.Column("organization", sa.Text, comment="Organization that the answers name; NULL: none."),
    sa.Column("workspace", sa.Text, comment="Workspace that the answers name; NULL: none."),
    sa.Column("last_run", sa.Integer, nullable=False, comment="The last merged run that it answered."),
    sa.Column("whole_run", sa.Integer, comment="The last of those whose walk was whole; NULL: none."),
    sa.Column(
        "seen",
        sa.LargeBinary,
        comment="What that walk listed, a byte for each model key, compressed; NULL: unknown, or the only one.",
    ),
    comment="Who may answer for a source: identities that were accepted in its present scope.",
)

dispute = sa.Table(
    "catalog_dispute",
    metadata,
    _source_key(),
    sa.Column("id", Id, primary_key=True, comment="Id that is listed twice with different content."),
    comment="Ids that the last merged walk of a source had in dispute.",
)
