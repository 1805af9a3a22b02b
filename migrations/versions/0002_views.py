"""The views: the surface that users query."""

from alembic import op

revision = "0002"
down_revision = "0001"

FIELDS = """{0}.display_name, {0}.created_at, {0}.type, {0}.lifecycle, {0}.deprecated_at, {0}.retires_at, {0}.line,
       {0}.max_input_tokens, {0}.max_tokens"""

# Both parts are objects without a common key. SQLite's json_patch would drop nulls, so their texts are joined.
ATTRIBUTES = {
    "postgresql": "{0}.own || coalesce(shape.body, '{{}}'::jsonb)",
    "sqlite": """CASE WHEN shape.body IS NULL THEN {0}.own WHEN {0}.own = '{{}}' THEN shape.body
            ELSE substr({0}.own, 1, length({0}.own) - 1) || ',' || substr(shape.body, 2) END""",
}
MOMENT = {
    "postgresql": """to_char(seen.walked_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "sqlite": "seen.walked_at",
}

SOURCES = """
CREATE VIEW sources AS
SELECT source.source, source.base_url, source.scope, source.configured, whole.walked_at AS last_whole_at,
       (SELECT run.status FROM catalog_run AS run WHERE run.source_key = source.source_key
        ORDER BY run.run_id DESC LIMIT 1) AS last_status,
       source.models_listed
FROM catalog_source AS source
LEFT JOIN catalog_run AS whole ON whole.run_id = source.last_whole_run
"""

SELECT_MODELS = """
SELECT source.source, model.id, {fields}, {attributes} AS attributes,
       born.walked_at AS first_seen_at, seen.walked_at AS last_seen_at,
       missing.walked_at AS missing_since, {removed_at} AS removed_at
FROM catalog_model AS model
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS born ON born.run_id = model.first_seen_run
JOIN catalog_run AS seen ON seen.run_id = CASE
    WHEN model.missing_run IS NULL AND model.removed_run IS NULL AND source.last_whole_run > model.seen_run
    THEN source.last_whole_run ELSE model.seen_run END
LEFT JOIN catalog_run AS missing ON missing.run_id = model.missing_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = model.shape_key
{gone}
"""
GONE = "JOIN catalog_run AS gone ON gone.run_id = model.removed_run"

# Postgres would take `removed_at IS NULL` behind an outer join for a rare case, and plan for one row. SQLite reads
# both halves of a union whatever is asked of it.
MODELS = {
    "postgresql": [("CAST(NULL AS timestamptz)", "WHERE model.removed_run IS NULL"), ("gone.walked_at", GONE)],
    "sqlite": [("gone.walked_at", f"LEFT {GONE}")],
}

MODEL_HISTORY = """
CREATE VIEW model_history AS
SELECT source.source, model.id, since.walked_at AS valid_from, until.walked_at AS valid_to,
       {fields}, {attributes} AS attributes
FROM catalog_model AS model
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS since ON since.run_id = model.valid_from_run
LEFT JOIN catalog_run AS until ON until.run_id = model.removed_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = model.shape_key
UNION ALL
SELECT source.source, model.id, since.walked_at, until.walked_at,
       {past_fields}, {past_attributes}
FROM catalog_state AS past
JOIN catalog_model AS model ON model.model_key = past.model_key
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS since ON since.run_id = past.valid_from_run
JOIN catalog_run AS until ON until.run_id = past.valid_to_run
LEFT JOIN catalog_shape AS shape ON shape.shape_key = past.shape_key
"""

CHANGES = """
CREATE VIEW changes AS
SELECT change.change_id, change.run_id, source.source, model.id AS model_id, change.kind, change.field,
       change.old_value, change.new_value, proof.started_at AS not_before, seen.walked_at AS observed_at,
       run.finished_at AS recorded_at, seen.baseline,
       source.source || ':' || change.kind || ':' || {moment} || ':' || CAST(length(model.id) AS text) || ':'
       || model.id || coalesce(':' || change.field, '') AS uid
FROM catalog_change AS change
JOIN catalog_model AS model ON model.model_key = change.model_key
JOIN catalog_source AS source ON source.source_key = model.source_key
JOIN catalog_run AS run ON run.run_id = change.run_id
JOIN catalog_run AS seen ON seen.run_id = coalesce(change.observed_run, change.run_id)
LEFT JOIN catalog_run AS proof ON proof.run_id = change.proof_run
"""

SYNC_RUNS = """
CREATE VIEW sync_runs AS
SELECT run.run_id, source.source, run.status, run.started_at, run.finished_at, run.scope, run.pages, run.models_seen,
       run.added, run.returned, run.changed, run.missing, run.removed, run.error
FROM catalog_run AS run
JOIN catalog_source AS source ON source.source_key = run.source_key
"""

# SQLite plans by these until somebody runs ANALYZE: without them it takes every table for equally large, and reads a
# million rows of a view to find one. Rows of the table, then rows per value of each column of the index.
STATISTICS = (
    ("catalog_source", None, "2"),
    ("catalog_source", "sqlite_autoindex_catalog_source_1", "2 1"),
    ("catalog_run", "catalog_run_finished_at_idx", "20000 1"),
    ("catalog_run", "catalog_run_running_idx", "2 1"),
    ("catalog_run", "sqlite_autoindex_catalog_run_1", "20000 10000 1"),
    ("catalog_shape", "sqlite_autoindex_catalog_shape_1", "1000 1"),
    ("catalog_model", "sqlite_autoindex_catalog_model_1", "1000000 500000 1"),
    ("catalog_model", "catalog_model_missing_idx", "100 50"),
    ("catalog_state", "catalog_state", "4000000 4 1"),
    ("catalog_change", "catalog_change_model_key_idx", "5000000 5"),
    ("catalog_change", "catalog_change_run_id_idx", "5000000 250 1"),
)

COMMENTS = {
    "sources": "Lists that were synced at least once.",
    "sources.source": "Name in the configuration.",
    "sources.base_url": "Where its list was asked for last.",
    "sources.scope": "Who asks, and how, as JSON text; NULL before the first baseline.",
    "sources.configured": "The configuration of the last run still named it.",
    "sources.last_whole_at": "End of the last whole walk; NULL: none yet.",
    "sources.last_status": "Status of the latest run.",
    "sources.models_listed": "Models that are not removed.",
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
    "models.attributes": "Every other field by name, and created_at as it was spelled.",
    "models.first_seen_at": "End of the walk that listed it first.",
    "models.last_seen_at": "End of the last whole walk that listed it, or its first sight or return where later.",
    "models.missing_since": "End of the first whole walk in a row that lacked it; NULL: not missing.",
    "models.removed_at": "End of the first walk that lacked it, once confirmed; NULL: listed.",
    "model_history": "Every state of every model while it was listed, with its interval.",
    "model_history.source": "The list it belongs to.",
    "model_history.id": "Id in the list.",
    "model_history.valid_from": "End of the walk that showed this state first.",
    "model_history.valid_to": "End of the walk that showed the next state or the absence; NULL: still so.",
    "model_history.display_name": "Name for people.",
    "model_history.created_at": "Creation time the list tells; NULL: unknown (the epoch is unknown).",
    "model_history.type": "Kind of object; `model` at the official API.",
    "model_history.lifecycle": "Such as active, deprecated, retired; NULL: not told.",
    "model_history.deprecated_at": "When it was or will be deprecated; NULL: not told.",
    "model_history.retires_at": "When it is planned to retire; this date moves; NULL: not told.",
    "model_history.line": "Product line, such as opus; NULL: not told.",
    "model_history.max_input_tokens": "Largest input in tokens; NULL: unknown.",
    "model_history.max_tokens": "Largest output in tokens; NULL: unknown.",
    "model_history.attributes": "Every other field by name, and created_at as it was spelled.",
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
    "changes.baseline": "Found by a baseline: a difference of view, not news.",
    "changes.uid": "Stable name derived from what changed.",
    "sync_runs": "Every run: one sync of one source.",
    "sync_runs.run_id": "Number of the run, in order of start.",
    "sync_runs.source": "The list it read.",
    "sync_runs.status": "running, complete, partial, held, failed, superseded, abandoned or skipped.",
    "sync_runs.started_at": "Before the first request.",
    "sync_runs.finished_at": "When its findings entered the log; NULL while it runs.",
    "sync_runs.scope": "Who asked, and how, as JSON text.",
    "sync_runs.pages": "Pages read.",
    "sync_runs.models_seen": "Models listed.",
    "sync_runs.added": "Models never seen before.",
    "sync_runs.returned": "Models that came back.",
    "sync_runs.changed": "Models of which a field changed.",
    "sync_runs.missing": "Models it lacked that are not believed to be gone.",
    "sync_runs.removed": "Models whose removal it confirmed.",
    "sync_runs.error": "Why it failed, or what was odd, in words.",
}


def upgrade() -> None:
    """Make the views; on Postgres their comments too."""
    dialect = op.get_context().dialect.name
    parts = {
        "fields": FIELDS.format("model"),
        "past_fields": FIELDS.format("past"),
        "attributes": ATTRIBUTES[dialect].format("model"),
        "past_attributes": ATTRIBUTES[dialect].format("past"),
        "moment": MOMENT[dialect],
    }
    halves = [SELECT_MODELS.format(**parts, removed_at=at, gone=gone) for at, gone in MODELS[dialect]]
    op.execute(f"CREATE VIEW models AS {' UNION ALL '.join(halves)}")
    for view in (SOURCES, MODEL_HISTORY, CHANGES, SYNC_RUNS):
        op.execute(view.format(**parts))
    if dialect == "sqlite":
        _tell_planner()
    else:
        for name, comment in COMMENTS.items():
            kind = "COLUMN" if "." in name else "VIEW"
            text = comment.replace("'", "''")
            op.execute(f"COMMENT ON {kind} {name} IS '{text}'")


def _tell_planner() -> None:
    op.execute("ANALYZE sqlite_schema")  # makes sqlite_stat1
    for table, index, numbers in STATISTICS:
        named = "NULL" if index is None else f"'{index}'"
        op.execute(f"INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('{table}', {named}, '{numbers}')")  # noqa: S608 - our own numbers
