"""The tables, with a comment for each column. Users query the views.

Observation times are stored once, on the run that made the observation; every other row names that run. Alembic alone
creates and changes the schema (`migrations/`); a test holds what it makes against what stands here.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from catalog import dates

VERSION_TABLE = "catalog_version"
ORIGIN = "live: it read the list; backfill: it read an answer recorded earlier, and has the time of that."

Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware moment in UTC: `timestamptz` on Postgres; on SQLite text of fixed width, whose order is time order."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the column's own type."""
        return sa.DateTime(timezone=True) if dialect.name == "postgresql" else sa.Text()

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | str | None:
        """Send a moment as the database keeps it."""
        return value if value is None or dialect.name == "postgresql" else dates.to_text(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Give back an aware moment in UTC, whatever the session's time zone."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else dates.from_text(value)


class JsonObject(sa.types.TypeDecorator[Any]):
    """An object as JSON: `jsonb` on Postgres, text on SQLite."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the column's own type."""
        if dialect.name != "postgresql":
            return sa.JSON(none_as_null=True)
        from sqlalchemy.dialects.postgresql import JSONB  # a tenth of a cron run on SQLite, which needs none of it

        return JSONB(none_as_null=True)


Json = JsonObject()

CONVENTION = {"pk": "%(table_name)s_pkey", "fk": "%(table_name)s_%(column_0_name)s_fkey", "ck": "%(constraint_name)s"}
metadata = sa.MetaData(naming_convention=CONVENTION)


def _run(name: str, comment: str, *, nullable: bool = True) -> sa.Column[int]:
    # No foreign keys in the large tables: at a million rows they cost Postgres more than the rows themselves. Triggers
    # refuse to drop a model, or a run that a row names, and `catalog db verify` follows every reference.
    return sa.Column(name, sa.Integer, nullable=nullable, comment=comment)


def fields() -> list[sa.Column[Any]]:
    """Give new columns for what a list says of a model."""
    return [
        sa.Column("display_name", sa.Text, comment="Name for people."),
        sa.Column("created_at", UtcTime, comment="Creation time the list tells; NULL: unknown (the epoch is unknown)."),
        sa.Column("type", sa.Text, comment="Kind of object; `model` at the official API."),
        sa.Column("lifecycle", sa.Text, comment="Such as active, deprecated, retired; NULL: not told."),
        sa.Column("deprecated_at", UtcTime, comment="When it was or will be deprecated; NULL: not told."),
        sa.Column("retires_at", UtcTime, comment="When it is planned to retire; this date moves; NULL: not told."),
        sa.Column("line", sa.Text, comment="Product line, such as opus; NULL: not told."),
        sa.Column("max_input_tokens", sa.BigInteger, comment="Largest input in tokens; NULL: unknown."),
        sa.Column("max_tokens", sa.BigInteger, comment="Largest output in tokens; NULL: unknown."),
    ]


def _stored() -> list[sa.Column[Any]]:
    return [
        *fields(),
        sa.Column("own", Json, nullable=False, comment="Small attributes by name, and created_at as it was spelled."),
        sa.Column("shape_key", sa.Integer, comment="Large attributes, shared; NULL: none."),
    ]


source = sa.Table(
    "catalog_source",
    metadata,
    sa.Column("source_key", sa.Integer, primary_key=True, autoincrement=False, comment="Number of the source."),
    sa.Column("source", sa.Text, nullable=False, comment="Name in the configuration."),
    sa.Column("base_url", sa.Text, nullable=False, comment="Where its list was asked for last."),
    sa.Column("configured", sa.Boolean, nullable=False, comment="The last run's configuration still named it."),
    sa.Column("generation", sa.Integer, nullable=False, comment="How many walks were merged; each merge adds one."),
    sa.Column("scope", sa.Text, comment="Scope its history stands for, JSON text; NULL before the first baseline."),
    # No foreign key: runs refer to sources already, and a circle of keys could not be created in order.
    sa.Column("last_whole_run", sa.Integer, comment="The last merged run whose walk was whole."),
    sa.Column("absence_run", sa.Integer, comment="The last of those in the present scope: it proves absence."),
    sa.Column("models_listed", sa.Integer, nullable=False, comment="Models that are not removed."),
    sa.Column("baseline_run", sa.Integer, comment="The run that made the baseline of its scope; NULL: not noted."),
    sa.Column("stamps", sa.Text, comment="Creation dates of the last walk that only said when; JSON text, NULL: none."),
    sa.Column("stranger_run", sa.Integer, comment="The first run that this one answered; NULL: none does."),
    sa.Column("stranger", sa.Text, comment="Who answered the last merged walk, if it is not accepted; NULL: it is."),
    sa.Column("pruned_at", UtcTime, comment="When its old runs and deliveries were last looked through; NULL: never."),
    sa.UniqueConstraint("source", name="catalog_source_source_key"),
    sa.CheckConstraint("generation >= 0 AND models_listed >= 0", name="catalog_source_counts_check"),
    comment="A list that was synced at least once.",
)

run = sa.Table(
    "catalog_run",
    metadata,
    sa.Column(
        "run_id", sa.Integer, primary_key=True, autoincrement=False, comment="Number of the run, in order of start."
    ),
    sa.Column("source_key", sa.ForeignKey("catalog_source.source_key"), nullable=False, comment="Its source."),
    sa.Column(
        "status",
        sa.Text,
        nullable=False,
        comment="running, complete, partial, held, failed, superseded, abandoned or skipped.",
    ),
    sa.Column("generation", sa.Integer, comment="Which merge of its source this run was; NULL: it merged nothing."),
    sa.Column("baseline", sa.Boolean, nullable=False, comment="Its findings are not news."),
    sa.Column("whole", sa.Boolean, nullable=False, comment="Its walk was whole: what it lacks counts as absent."),
    sa.Column("started_at", UtcTime, nullable=False, comment="Before the first request."),
    sa.Column("walked_at", UtcTime, comment="End of the walk: by then everything it showed was so."),
    sa.Column("finished_at", UtcTime, comment="When its findings entered the log."),
    sa.Column("scope", sa.Text, nullable=False, comment="Who asked, and how: JSON text."),
    sa.Column("pages", sa.Integer, nullable=False, comment="Pages read."),
    sa.Column("models_seen", sa.Integer, nullable=False, comment="Models listed."),
    sa.Column("added", sa.Integer, nullable=False, comment="Models never seen before."),
    sa.Column("returned", sa.Integer, nullable=False, comment="Models that came back."),
    sa.Column("changed", sa.Integer, nullable=False, comment="Models of which a field changed."),
    sa.Column("missing", sa.Integer, nullable=False, comment="Models it lacked that are not believed to be gone."),
    sa.Column("removed", sa.Integer, nullable=False, comment="Models whose removal it confirmed."),
    sa.Column("error", sa.Text, comment="Why it failed, or what was odd, in words."),
    sa.Column(
        "failure",
        sa.Text,
        comment="Class of what made it fail: key, certificate, configuration, list, database, unexpected; "
        "NULL: nothing did.",
    ),
    sa.Column("origin", sa.Text, nullable=False, server_default="live", comment=ORIGIN),
    sa.UniqueConstraint("source_key", "generation", name="catalog_run_source_key_generation_key"),
    sa.CheckConstraint(
        "status IN ('running', 'complete', 'partial', 'held', 'failed', 'superseded', 'abandoned', 'skipped')",
        name="catalog_run_status_check",
    ),
    sa.CheckConstraint("origin IN ('live', 'backfill')", name="catalog_run_origin_check"),
    sa.CheckConstraint(
        "(generation IS NOT NULL) = (status IN ('complete', 'partial', 'held'))", name="catalog_run_merged_check"
    ),
    sa.CheckConstraint("generation IS NULL OR walked_at IS NOT NULL", name="catalog_run_walked_check"),
    sa.CheckConstraint("(finished_at IS NULL) = (status = 'running')", name="catalog_run_finished_check"),
    comment="One sync of one source.",
)

shape = sa.Table(
    "catalog_shape",
    metadata,
    sa.Column("shape_key", sa.Integer, primary_key=True, autoincrement=False, comment="Number of the shape."),
    sa.Column("digest", sa.Text, nullable=False, comment="Digest of its canonical text."),
    sa.Column("body", Json, nullable=False, comment="Attributes by name."),
    sa.UniqueConstraint("digest", name="catalog_shape_digest_key"),
    comment="Large attributes that many models share, stored once.",
)

model = sa.Table(
    "catalog_model",
    metadata,
    sa.Column("model_key", sa.Integer, primary_key=True, autoincrement=False, comment="Number of the model."),
    sa.Column("source_key", sa.Integer, nullable=False, comment="Its source."),
    sa.Column("id", Id, nullable=False, comment="Id in the list."),
    *_stored(),
    sa.Column("digest", sa.Text, nullable=False, comment="Digest of the bytes that showed this state."),
    _run("valid_from_run", "The run that showed this state first.", nullable=False),
    _run("first_seen_run", "The run that showed the model first.", nullable=False),
    _run(
        "seen_run", "The run of its first sight or return, or, while it lacks, the last that listed it.", nullable=False
    ),
    _run(
        "silent_run",
        "The last run that said every field, if later ones were silent on some; NULL: the last listing.",
    ),
    _run("missing_run", "The first whole walk in a row that lacked it; NULL: not missing."),
    _run("held_run", "The held run whose finding waits for a person; NULL: not held."),
    _run("removed_run", "The first walk that lacked it, once removal is confirmed; NULL: listed."),
    _run(
        "lacked_run", "The whole walk since which they lack it, while another accepted identity lists it; NULL: none."
    ),
    sa.UniqueConstraint("source_key", "id", name="catalog_model_source_key_id_key"),
    sa.CheckConstraint("length(id) BETWEEN 1 AND 256", name="catalog_model_id_check"),
    sa.CheckConstraint(
        "first_seen_run <= valid_from_run AND first_seen_run <= seen_run", name="catalog_model_order_check"
    ),
    sa.CheckConstraint(
        "removed_run IS NULL OR (removed_run > valid_from_run AND removed_run > seen_run AND missing_run IS NULL)",
        name="catalog_model_removed_check",
    ),
    sa.CheckConstraint("missing_run IS NULL OR missing_run > seen_run", name="catalog_model_missing_check"),
    sa.CheckConstraint("held_run IS NULL OR missing_run IS NOT NULL", name="catalog_model_held_check"),
    sa.CheckConstraint("max_input_tokens > 0 AND max_tokens > 0", name="catalog_model_tokens_check"),
    comment="Each model ever seen, with its present or last state.",
)

state = sa.Table(
    "catalog_state",
    metadata,
    sa.Column(
        "model_key",
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        comment="Its model.",
    ),
    sa.Column(
        "valid_from_run",
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        comment="The run that showed it first.",
    ),
    _run(
        "valid_to_run", "The run that showed the next state, or the first walk that lacked the model.", nullable=False
    ),
    *_stored(),
    sa.CheckConstraint("valid_from_run < valid_to_run", name="catalog_state_order_check"),
    comment="States that are over; the present one stands with its model.",
    sqlite_with_rowid=False,
)

change = sa.Table(
    "catalog_change",
    metadata,
    sa.Column(
        "change_id",
        sa.Integer,
        primary_key=True,
        autoincrement=False,
        comment="Number of the change, in the order of the log.",
    ),
    _run("run_id", "The run that recorded it.", nullable=False),
    sa.Column("model_key", sa.Integer, nullable=False, comment="Its model."),
    sa.Column("kind", sa.Text, nullable=False, comment="added, removed, returned or changed."),
    sa.Column("field", sa.Text, comment="Dotted path of the field that changed."),
    sa.Column("old_value", sa.Text, comment="Before, as JSON text; NULL: absent."),
    sa.Column("new_value", sa.Text, comment="After, as JSON text; NULL: absent."),
    _run("proof_run", "The last run that proves the old state; NULL: nothing does."),
    _run("observed_run", "The run that showed the new state, where it is not the one that recorded it."),
    sa.Column("baseline", sa.Boolean, comment="True: no news, whatever its run is; NULL: as its run."),
    sa.CheckConstraint("kind IN ('added', 'removed', 'returned', 'changed')", name="catalog_change_kind_check"),
    sa.CheckConstraint("(kind = 'changed') = (field IS NOT NULL)", name="catalog_change_field_check"),
    sa.CheckConstraint(
        "field IS NOT NULL OR (old_value IS NULL AND new_value IS NULL)", name="catalog_change_values_check"
    ),
    sa.CheckConstraint("proof_run < coalesce(observed_run, run_id)", name="catalog_change_proof_check"),
    sa.CheckConstraint("observed_run < run_id", name="catalog_change_observed_check"),
    comment="The change log; append-only.",
)

page = sa.Table(
    "catalog_page",
    metadata,
    sa.Column(
        "source_key",
        sa.ForeignKey("catalog_source.source_key"),
        primary_key=True,
        autoincrement=False,
        comment="Its source.",
    ),
    sa.Column("digest", sa.Text, primary_key=True, comment="Digest of the page's bytes."),
    sa.Column("model_keys", sa.LargeBinary, nullable=False, comment="The models it lists, four bytes each."),
    sa.Column("last_id", sa.Text, nullable=False, comment="Id of its last model: the next cursor."),
    sa.Column("has_more", sa.Boolean, nullable=False, comment="Another page followed."),
    comment="The pages of the last merged walk: one that comes again byte for byte needs no decoding.",
    sqlite_with_rowid=False,
)
