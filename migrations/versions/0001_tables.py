"""The tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

TIME = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "catalog_change",
        sa.Column(
            "change_id",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="Number of the change, in the order of the log.",
        ),
        sa.Column("run_id", sa.Integer(), nullable=False, comment="The run that recorded it."),
        sa.Column("model_key", sa.Integer(), nullable=False, comment="Its model."),
        sa.Column("kind", sa.Text(), nullable=False, comment="added, removed, returned or changed."),
        sa.Column("field", sa.Text(), nullable=True, comment="Dotted path of the field that changed."),
        sa.Column("old_value", sa.Text(), nullable=True, comment="Before, as JSON text; NULL: absent."),
        sa.Column("new_value", sa.Text(), nullable=True, comment="After, as JSON text; NULL: absent."),
        sa.Column(
            "proof_run",
            sa.Integer(),
            nullable=True,
            comment="The last run that proves the old state; NULL: nothing does.",
        ),
        sa.Column(
            "observed_run",
            sa.Integer(),
            nullable=True,
            comment="The run that showed the new state, where it is not the one that recorded it.",
        ),
        sa.CheckConstraint("(kind = 'changed') = (field IS NOT NULL)", name=op.f("catalog_change_field_check")),
        sa.CheckConstraint(
            "kind IN ('added', 'removed', 'returned', 'changed')", name=op.f("catalog_change_kind_check")
        ),
        sa.CheckConstraint(
            "field IS NOT NULL OR (old_value IS NULL AND new_value IS NULL)", name=op.f("catalog_change_values_check")
        ),
        sa.CheckConstraint("observed_run < run_id", name=op.f("catalog_change_observed_check")),
        sa.CheckConstraint("proof_run < coalesce(observed_run, run_id)", name=op.f("catalog_change_proof_check")),
        sa.PrimaryKeyConstraint("change_id", name=op.f("catalog_change_pkey")),
        comment="The change log; append-only.",
    )
    op.create_index("catalog_change_model_key_idx", "catalog_change", ["model_key"], unique=False)
    op.create_index("catalog_change_run_id_idx", "catalog_change", ["run_id", "change_id"], unique=False)
    op.create_table(
        "catalog_model",
        sa.Column("model_key", sa.Integer(), autoincrement=False, nullable=False, comment="Number of the model."),
        sa.Column("source_key", sa.Integer(), nullable=False, comment="Its source."),
        sa.Column("id", ID, nullable=False, comment="Id in the list."),
        sa.Column("display_name", sa.Text(), nullable=True, comment="Name for people."),
        sa.Column(
            "created_at",
            TIME,
            nullable=True,
            comment="Creation time the list tells; NULL: unknown (the epoch is unknown).",
        ),
        sa.Column("type", sa.Text(), nullable=True, comment="Kind of object; `model` at the official API."),
        sa.Column(
            "lifecycle", sa.Text(), nullable=True, comment="Such as active, deprecated, retired; NULL: not told."
        ),
        sa.Column("deprecated_at", TIME, nullable=True, comment="When it was or will be deprecated; NULL: not told."),
        sa.Column(
            "retires_at", TIME, nullable=True, comment="When it is planned to retire; this date moves; NULL: not told."
        ),
        sa.Column("line", sa.Text(), nullable=True, comment="Product line, such as opus; NULL: not told."),
        sa.Column(
            "max_input_tokens", sa.BigInteger(), nullable=True, comment="Largest input in tokens; NULL: unknown."
        ),
        sa.Column("max_tokens", sa.BigInteger(), nullable=True, comment="Largest output in tokens; NULL: unknown."),
        sa.Column("own", JSON, nullable=False, comment="Small attributes by name, and created_at as it was spelled."),
        sa.Column("shape_key", sa.Integer(), nullable=True, comment="Large attributes, shared; NULL: none."),
        sa.Column("digest", sa.Text(), nullable=False, comment="Digest of the bytes that showed this state."),
        sa.Column("valid_from_run", sa.Integer(), nullable=False, comment="The run that showed this state first."),
        sa.Column("first_seen_run", sa.Integer(), nullable=False, comment="The run that showed the model first."),
        sa.Column(
            "seen_run",
            sa.Integer(),
            nullable=False,
            comment="The run of its first sight or return, or, while it lacks, the last that listed it.",
        ),
        sa.Column(
            "silent_run",
            sa.Integer(),
            nullable=True,
            comment="The last run that said every field, if later ones were silent on some; NULL: the last listing.",
        ),
        sa.Column(
            "missing_run",
            sa.Integer(),
            nullable=True,
            comment="The first whole walk in a row that lacked it; NULL: not missing.",
        ),
        sa.Column(
            "held_run",
            sa.Integer(),
            nullable=True,
            comment="The held run whose finding waits for a person; NULL: not held.",
        ),
        sa.Column(
            "removed_run",
            sa.Integer(),
            nullable=True,
            comment="The first walk that lacked it, once removal is confirmed; NULL: listed.",
        ),
        sa.CheckConstraint(
            "first_seen_run <= valid_from_run AND first_seen_run <= seen_run", name=op.f("catalog_model_order_check")
        ),
        sa.CheckConstraint("held_run IS NULL OR missing_run IS NOT NULL", name=op.f("catalog_model_held_check")),
        sa.CheckConstraint("length(id) BETWEEN 1 AND 256", name=op.f("catalog_model_id_check")),
        sa.CheckConstraint("max_input_tokens > 0 AND max_tokens > 0", name=op.f("catalog_model_tokens_check")),
        sa.CheckConstraint("missing_run IS NULL OR missing_run > seen_run", name=op.f("catalog_model_missing_check")),
        sa.CheckConstraint(
            "removed_run IS NULL OR (removed_run > valid_from_run AND removed_run > seen_run AND missing_run IS NULL)",
            name=op.f("catalog_model_removed_check"),
        ),
        sa.PrimaryKeyConstraint("model_key", name=op.f("catalog_model_pkey")),
        sa.UniqueConstraint("source_key", "id", name="catalog_model_source_key_id_key"),
        comment="Each model ever seen, with its present or last state.",
    )
    op.create_index(
        "catalog_model_missing_idx",
        "catalog_model",
        ["source_key"],
        unique=False,
        sqlite_where=sa.text("missing_run IS NOT NULL"),
        postgresql_where=sa.text("missing_run IS NOT NULL"),
    )
    op.create_table(
        "catalog_shape",
        sa.Column("shape_key", sa.Integer(), autoincrement=False, nullable=False, comment="Number of the shape."),
        sa.Column("digest", sa.Text(), nullable=False, comment="Digest of its canonical text."),
        sa.Column("body", JSON, nullable=False, comment="Attributes by name."),
        sa.PrimaryKeyConstraint("shape_key", name=op.f("catalog_shape_pkey")),
        sa.UniqueConstraint("digest", name="catalog_shape_digest_key"),
        comment="Large attributes that many models share, stored once.",
    )
    op.create_table(
        "catalog_source",
        sa.Column("source_key", sa.Integer(), autoincrement=False, nullable=False, comment="Number of the source."),
        sa.Column("source", sa.Text(), nullable=False, comment="Name in the configuration."),
        sa.Column("base_url", sa.Text(), nullable=False, comment="Where its list was asked for last."),
        sa.Column("configured", sa.Boolean(), nullable=False, comment="The last run's configuration still named it."),
        sa.Column(
            "generation", sa.Integer(), nullable=False, comment="How many walks were merged; each merge adds one."
        ),
        sa.Column(
            "scope",
            sa.Text(),
            nullable=True,
            comment="Scope its history stands for, JSON text; NULL before the first baseline.",
        ),
        sa.Column("last_whole_run", sa.Integer(), nullable=True, comment="The last merged run whose walk was whole."),
        sa.Column(
            "absence_run",
            sa.Integer(),
            nullable=True,
            comment="The last of those in the present scope: it proves absence.",
        ),
        sa.Column("models_listed", sa.Integer(), nullable=False, comment="Models that are not removed."),
        sa.CheckConstraint("generation >= 0 AND models_listed >= 0", name=op.f("catalog_source_counts_check")),
        sa.PrimaryKeyConstraint("source_key", name=op.f("catalog_source_pkey")),
        sa.UniqueConstraint("source", name="catalog_source_source_key"),
        comment="A list that was synced at least once.",
    )
    op.create_table(
        "catalog_state",
        sa.Column("model_key", sa.Integer(), autoincrement=False, nullable=False, comment="Its model."),
        sa.Column(
            "valid_from_run", sa.Integer(), autoincrement=False, nullable=False, comment="The run that showed it first."
        ),
        sa.Column(
            "valid_to_run",
            sa.Integer(),
            nullable=False,
            comment="The run that showed the next state, or the first walk that lacked the model.",
        ),
        sa.Column("display_name", sa.Text(), nullable=True, comment="Name for people."),
        sa.Column(
            "created_at",
            TIME,
            nullable=True,
            comment="Creation time the list tells; NULL: unknown (the epoch is unknown).",
        ),
        sa.Column("type", sa.Text(), nullable=True, comment="Kind of object; `model` at the official API."),
        sa.Column(
            "lifecycle", sa.Text(), nullable=True, comment="Such as active, deprecated, retired; NULL: not told."
        ),
        sa.Column("deprecated_at", TIME, nullable=True, comment="When it was or will be deprecated; NULL: not told."),
        sa.Column(
            "retires_at", TIME, nullable=True, comment="When it is planned to retire; this date moves; NULL: not told."
        ),
        sa.Column("line", sa.Text(), nullable=True, comment="Product line, such as opus; NULL: not told."),
        sa.Column(
            "max_input_tokens", sa.BigInteger(), nullable=True, comment="Largest input in tokens; NULL: unknown."
        ),
        sa.Column("max_tokens", sa.BigInteger(), nullable=True, comment="Largest output in tokens; NULL: unknown."),
        sa.Column("own", JSON, nullable=False, comment="Small attributes by name, and created_at as it was spelled."),
        sa.Column("shape_key", sa.Integer(), nullable=True, comment="Large attributes, shared; NULL: none."),
        sa.CheckConstraint("valid_from_run < valid_to_run", name=op.f("catalog_state_order_check")),
        sa.PrimaryKeyConstraint("model_key", "valid_from_run", name=op.f("catalog_state_pkey")),
        comment="States that are over; the present one stands with its model.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "catalog_page",
        sa.Column("source_key", sa.Integer(), autoincrement=False, nullable=False, comment="Its source."),
        sa.Column("digest", sa.Text(), nullable=False, comment="Digest of the page's bytes."),
        sa.Column("model_keys", sa.LargeBinary(), nullable=False, comment="The models it lists, four bytes each."),
        sa.Column("last_id", sa.Text(), nullable=False, comment="Id of its last model: the next cursor."),
        sa.Column("has_more", sa.Boolean(), nullable=False, comment="Another page followed."),
        sa.ForeignKeyConstraint(
            ["source_key"], ["catalog_source.source_key"], name=op.f("catalog_page_source_key_fkey")
        ),
        sa.PrimaryKeyConstraint("source_key", "digest", name=op.f("catalog_page_pkey")),
        comment="The pages of the last merged walk: one that comes again byte for byte needs no decoding.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "catalog_run",
        sa.Column(
            "run_id", sa.Integer(), autoincrement=False, nullable=False, comment="Number of the run, in order of start."
        ),
        sa.Column("source_key", sa.Integer(), nullable=False, comment="Its source."),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="running, complete, partial, held, failed, superseded, abandoned or skipped.",
        ),
        sa.Column(
            "generation",
            sa.Integer(),
            nullable=True,
            comment="Which merge of its source this run was; NULL: it merged nothing.",
        ),
        sa.Column("baseline", sa.Boolean(), nullable=False, comment="Its findings are not news."),
        sa.Column("whole", sa.Boolean(), nullable=False, comment="Its walk was whole: what it lacks counts as absent."),
        sa.Column("started_at", TIME, nullable=False, comment="Before the first request."),
        sa.Column("walked_at", TIME, nullable=True, comment="End of the walk: by then everything it showed was so."),
        sa.Column("finished_at", TIME, nullable=True, comment="When its findings entered the log."),
        sa.Column("scope", sa.Text(), nullable=False, comment="Who asked, and how: JSON text."),
        sa.Column("pages", sa.Integer(), nullable=False, comment="Pages read."),
        sa.Column("models_seen", sa.Integer(), nullable=False, comment="Models listed."),
        sa.Column("added", sa.Integer(), nullable=False, comment="Models never seen before."),
        sa.Column("returned", sa.Integer(), nullable=False, comment="Models that came back."),
        sa.Column("changed", sa.Integer(), nullable=False, comment="Models of which a field changed."),
        sa.Column(
            "missing", sa.Integer(), nullable=False, comment="Models it lacked that are not believed to be gone."
        ),
        sa.Column("removed", sa.Integer(), nullable=False, comment="Models whose removal it confirmed."),
        sa.Column("error", sa.Text(), nullable=True, comment="Why it failed, or what was odd, in words."),
        sa.CheckConstraint("(finished_at IS NULL) = (status = 'running')", name=op.f("catalog_run_finished_check")),
        sa.CheckConstraint(
            "(generation IS NOT NULL) = (status IN ('complete', 'partial', 'held'))",
            name=op.f("catalog_run_merged_check"),
        ),
        sa.CheckConstraint(
            "status IN ('running', 'complete', 'partial', 'held', 'failed', 'superseded', 'abandoned', 'skipped')",
            name=op.f("catalog_run_status_check"),
        ),
        sa.CheckConstraint("generation IS NULL OR walked_at IS NOT NULL", name=op.f("catalog_run_walked_check")),
        sa.ForeignKeyConstraint(
            ["source_key"], ["catalog_source.source_key"], name=op.f("catalog_run_source_key_fkey")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("catalog_run_pkey")),
        sa.UniqueConstraint("source_key", "generation", name="catalog_run_source_key_generation_key"),
        comment="One sync of one source.",
    )
    op.create_index("catalog_run_finished_at_idx", "catalog_run", ["finished_at"], unique=False)
    op.create_index(
        "catalog_run_running_idx",
        "catalog_run",
        ["source_key"],
        unique=False,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
