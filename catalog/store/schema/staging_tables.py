"""The temporary tables in which a walk waits for its merge; `spool` makes them, and they are gone afterwards."""

import sqlalchemy as sa

from catalog.domain import FIELDS
from catalog.store.engine import spool
from catalog.store.schema.tables import Id, Json, model

metadata = sa.MetaData()


def _temporary(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    return sa.Table(f"catalog_stage_{name}", metadata, *columns, prefixes=["TEMPORARY"], schema=spool.SCHEMA)


staged = _temporary(
    "model",
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", Id),
    sa.Column("model_key", sa.Integer),  # NULL: never seen before; its key will be the highest there is plus `number`
    sa.Column("number", sa.Integer),
    *(sa.Column(name, model.c[name].type) for name in (*FIELDS, "own")),
    sa.Column("shape", sa.Text),
    sa.Column("digest", sa.Text),
)
staged_change = _temporary(
    "change",
    sa.Column("model_key", sa.Integer),
    sa.Column("field", sa.Text),
    sa.Column("old_value", sa.Text),
    sa.Column("new_value", sa.Text),
    sa.Column("baseline", sa.Boolean),  # true: only a better reading, no news; NULL: as its run
)
staged_digest = _temporary(  # of models that say what they said, first read by this version of the reader
    "digest", sa.Column("model_key", sa.Integer), sa.Column("digest", sa.Text)
)
staged_dispute = _temporary("dispute", sa.Column("id", Id, primary_key=True))
staged_silence = _temporary(
    "silence",
    sa.Column("model_key", sa.Integer),
    sa.Column("silent", sa.Boolean),  # from this walk on something of its state is not said; or all of it again
)
staged_shape = _temporary(
    "shape",
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("body", Json, nullable=False),
    # SQLite leaves out what is there already; the spool for Postgres cannot know, so that the merge does it there.
    sa.UniqueConstraint("digest", sqlite_on_conflict="IGNORE").ddl_if(dialect="sqlite"),
)
staged_page = _temporary(
    "page",
    sa.Column("digest", sa.Text),
    sa.Column("known", sa.LargeBinary),
    sa.Column("first_number", sa.Integer),
    sa.Column("new", sa.Integer),
    sa.Column("last_id", sa.Text),
    sa.Column("has_more", sa.Boolean),
)
