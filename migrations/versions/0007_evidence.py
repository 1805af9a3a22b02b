"""What history rests on: accepted identities, disputed ids, the baseline of a scope, and changes that are no news."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

FIELDS = """model.display_name, model.created_at, model.type, model.lifecycle, model.deprecated_at, model.retires_at,
       model.line, model.max_input_tokens, model.max_tokens"""
ATTRIBUTES = {
    "postgresql": "model.own || coalesce(shape.body, '{}'::jsonb)",
    "sqlite": """CASE WHEN shape.body IS NULL THEN model.own WHEN model.own = '{}' THEN shape.body
            ELSE substr(model.own, 1, length(model.own) - 1) || ',' || substr(shape.body, 2) END""",
}
MOMENT = {
    "postgresql": """to_char(seen.walked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "sqlite": "seen.walked_at",
}

SELECT_MODELS = """
SELECT source.source, model.id, {fields}, {attributes} AS attributes,
       born.walked_at AS first_seen_at, seen.walked_at AS last_seen_at,
       missing.walked_at AS missing_since, {removed_at} AS removed_at
FROM catalog_model AS model
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS born ON born.run_id = model.first_seen_run
JOIN catalog_run AS seen ON seen.run_id = CASE
    WHEN model.missing_run IS NULL AND model.removed_run IS NULL AND model.lacked_run IS NULL
    AND source.last_whole_run > model.seen_run
    THEN source.last_whole_run ELSE model.seen_run END
LEFT JOIN catalog_run AS missing ON missing.run_id = model.missing_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = model.shape_key
{gone}
"""
GONE = "JOIN catalog_run AS gone ON gone.run_id = model.removed_run"
# Postgres takes a condition behind an outer join for a rare case; SQLite reads both halves of a union: as before.
MODELS = {
    "postgresql": [("CAST(NULL AS timestamptz)", "WHERE model.removed_run IS NULL"), ("gone.walked_at", GONE)],
    "sqlite": [("gone.walked_at", f"LEFT {GONE}")],
}

CHANGES = """
CREATE VIEW changes AS
SELECT change.change_id, change.run_id, source.source, model.id AS model_id, change.kind, change.field,
       change.old_value, change.new_value, proof.started_at AS not_before, seen.walked_at AS observed_at,
       run.finished_at AS recorded_at, (seen.baseline OR change.baseline IS NOT NULL) AS baseline,
       source.source || ':' || change.kind || ':' || {moment} || ':' || CAST(length(model.id) AS text) || ':'
       || model.id || coalesce(':' || change.field, '') AS uid
FROM catalog_change AS change
JOIN catalog_model AS model ON model.model_key = change.model_key
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS run ON run.run_id = change.run_id
JOIN catalog_run AS seen ON seen.run_id = coalesce(change.observed_run, change.run_id)
LEFT JOIN catalog_run AS proof ON proof.run_id = change.proof_run
"""

COMMENTS = {
    "models": "Every model ever seen, one row per source and id, with its present or last state.",
    "models.source": "The list it belongs to.",
    "models.id": "Id in the list.",
    "models.display_name": "Name for people.",
    "models.created_at": "Creation time the list tells; NULL: unknown (the epoch is unknown).",
    "models.type": "Kind of object; `model` at the official API.",
    "models.lifecycle": "Such as active, deprecated, retired; NULL: not told.",
    "models.deprecated_at": "When it was or will be deprecated; NULL: not told.",
    "models.retires_at": "When it is planned to retire; this date moves; NULL: not told.",
    "models.line": "Product line, such as opus; NULL: not told.",
    "models.max_input_tokens": "Largest input in tokens; NULL: unknown.",
    "models.max_tokens": "Largest output in tokens; NULL: unknown.",
    "models.attributes": "Every other field by name; created_at and unreadable columns as they were received.",
    "models.first_seen_at": "End of the walk that listed it first.",
    "models.last_seen_at": "End of the last whole walk that listed it, or its first sight or return where later.",
    "models.missing_since": "End of the first whole walk in a row that lacked it; NULL: not missing.",
    "models.removed_at": "End of the first walk that lacked it, once confirmed; NULL: listed.",
    "model_history.attributes": "Every other field by name; created_at and unreadable columns as they were received.",
    "changes": "The change log, append-only: what runs found different.",
    "changes.change_id": "Number of the change, in the order of the log.",
    "changes.run_id": "The run that recorded it.",
    "changes.source": "The list it belongs to.",
    "changes.model_id": "The model's id in the list.",
    "changes.kind": "added, removed, returned or changed.",
    "changes.field": "Dotted path of the field that changed; NULL unless kind is changed.",
    "changes.old_value": "Before, as JSON text; NULL: absent.",
    "changes.new_value": "After, as JSON text; NULL: absent.",
    "changes.not_before": "It happened after this: start of the last walk that proves the old state; NULL: unproven.",
    "changes.observed_at": "It had happened by this: end of the walk that showed the new state.",
    "changes.recorded_at": "When it entered the log; later than observed_at for a removal.",
    "changes.baseline": "A difference of view, not news: found by a baseline, or by a better reading.",
    "changes.uid": "Stable name derived from what changed.",
}

# The identity that the history of a source stands for was accepted with its baseline.
ACCEPTED = {
    "postgresql": ("CAST(scope AS json) ->> 'organization'", "CAST(scope AS json) ->> 'answered_workspace'"),
    "sqlite": ("json_extract(scope, '$.organization')", "json_extract(scope, '$.answered_workspace')"),
}
IDENTITIES = """
INSERT INTO catalog_identity (source_key, number, organization, workspace, last_run, whole_run)
SELECT source_key, 1, {organization}, {workspace}, last_whole_run, absence_run
FROM catalog_source
WHERE last_whole_run IS NOT NULL AND coalesce({organization}, {workspace}) IS NOT NULL
"""


def upgrade() -> None:
    """Add tables and columns, and make the two views that read them anew."""
    dialect = op.get_context().dialect.name
    _tables()
    _columns()
    organization, workspace = ACCEPTED[dialect]
    op.execute(IDENTITIES.format(organization=organization, workspace=workspace))
    op.execute("DROP VIEW changes")
    op.execute("DROP VIEW models")
    parts = {"fields": FIELDS, "attributes": ATTRIBUTES[dialect]}
    halves = [SELECT_MODELS.format(**parts, removed_at=at, gone=gone) for at, gone in MODELS[dialect]]
    op.execute(f"CREATE VIEW models AS {' UNION ALL '.join(halves)}")
    op.execute(CHANGES.format(moment=MOMENT[dialect]))
    if dialect == "postgresql":
        for name, comment in COMMENTS.items():
            text = comment.replace("'", "''")
            op.execute(f"COMMENT ON {'COLUMN' if '.' in name else 'VIEW'} {name} IS '{text}'")


def _tables() -> None:
    op.create_table(
        "catalog_identity",
        sa.Column("source_key", sa.Integer(), autoincrement=False, nullable=False, comment="Its source."),
        sa.Column(
            "number", sa.Integer(), autoincrement=False, nullable=False, comment="Its number among those of the source."
        ),
        sa.Column("organization", sa.Text(), comment="Organization that the answers name; NULL: none."),
        sa.Column("workspace", sa.Text(), comment="Workspace that the answers name; NULL: none."),
        sa.Column("last_run", sa.Integer(), nullable=False, comment="The last merged run that it answered."),
        sa.Column("whole_run", sa.Integer(), comment="The last of those whose walk was whole; NULL: none."),
        sa.Column(
            "seen",
            sa.LargeBinary(),
            comment="What that walk listed, a byte for each model key, compressed; NULL: unknown, or the only one.",
        ),
        sa.ForeignKeyConstraint(
            ["source_key"], ["catalog_source.source_key"], name=op.f("catalog_identity_source_key_fkey")
        ),
        sa.PrimaryKeyConstraint("source_key", "number", name=op.f("catalog_identity_pkey")),
        comment="Who may answer for a source: identities that were accepted in its present scope.",
    )
    op.create_table(
        "catalog_dispute",
        sa.Column("source_key", sa.Integer(), autoincrement=False, nullable=False, comment="Its source."),
        sa.Column("id", ID, nullable=False, comment="Id that is listed twice with different content."),
        sa.ForeignKeyConstraint(
            ["source_key"], ["catalog_source.source_key"], name=op.f("catalog_dispute_source_key_fkey")
        ),
        sa.PrimaryKeyConstraint("source_key", "id", name=op.f("catalog_dispute_pkey")),
        comment="Ids that the last merged walk of a source had in dispute.",
    )


def _columns() -> None:
    op.add_column(
        "catalog_source",
        sa.Column(
            "baseline_run", sa.Integer(), comment="The run that made the baseline of its scope; NULL: not noted."
        ),
    )
    op.add_column(
        "catalog_source",
        sa.Column("stranger_run", sa.Integer(), comment="The first run that this one answered; NULL: none does."),
    )
    op.add_column(
        "catalog_source",
        sa.Column(
            "stranger",
            sa.Text(),
            comment="Who answered the last merged walk, if it is not accepted; NULL: it is.",
        ),
    )
    op.add_column(
        "catalog_model",
        sa.Column(
            "lacked_run",
            sa.Integer(),
            comment="The whole walk since which they lack it, while another accepted identity lists it; NULL: none.",
        ),
    )
    op.add_column(
        "catalog_change",
        sa.Column("baseline", sa.Boolean(), comment="True: no news, whatever its run is; NULL: as its run."),
    )
