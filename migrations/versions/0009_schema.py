"""The whole schema as it was before the first release.

All of it is text of its own, because a revision never changes, while the tables that the program knows move on. Only
the comments are missing here: `env.py` takes them from the program at the end of each upgrade.
"""

from alembic import op

revision = "0009"
down_revision = None

TYPES = {
    "postgresql": {
        "id": 'TEXT COLLATE "C"',
        "time": "TIMESTAMP WITH TIME ZONE",
        "json": "JSONB",
        "bytes": "BYTEA",
        "without_rowid": "",
    },
    "sqlite": {"id": "TEXT", "time": "TEXT", "json": "JSON", "bytes": "BLOB", "without_rowid": "WITHOUT ROWID"},
}

FIELDS = """display_name TEXT, created_at {time}, type TEXT, lifecycle TEXT, deprecated_at {time}, retires_at {time},
    line TEXT, max_input_tokens BIGINT, max_tokens BIGINT, own {json} NOT NULL, shape_key INTEGER"""

# Columns stand in the order in which the builds before the first release added them. The large tables have no foreign
# keys: at a million rows these cost Postgres more than the rows themselves.
TABLES = f"""
CREATE TABLE catalog_source (
    source_key INTEGER NOT NULL,
    source TEXT NOT NULL,
    base_url TEXT NOT NULL,
    configured BOOLEAN NOT NULL,
    generation INTEGER NOT NULL,
    scope TEXT,
    last_whole_run INTEGER,
    absence_run INTEGER,
    models_listed INTEGER NOT NULL,
    baseline_run INTEGER,
    stranger_run INTEGER,
    stranger TEXT,
    stamps TEXT,
    CONSTRAINT catalog_source_pkey PRIMARY KEY (source_key),
    CONSTRAINT catalog_source_source_key UNIQUE (source),
    CONSTRAINT catalog_source_counts_check CHECK (generation >= 0 AND models_listed >= 0)
);
CREATE TABLE catalog_run (
    run_id INTEGER NOT NULL,
    source_key INTEGER NOT NULL,
    status TEXT NOT NULL,
    generation INTEGER,
    baseline BOOLEAN NOT NULL,
    whole BOOLEAN NOT NULL,
    started_at {{time}} NOT NULL,
    walked_at {{time}},
    finished_at {{time}},
    scope TEXT NOT NULL,
    pages INTEGER NOT NULL,
    models_seen INTEGER NOT NULL,
    added INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    error TEXT,
    failure TEXT,
    CONSTRAINT catalog_run_pkey PRIMARY KEY (run_id),
    CONSTRAINT catalog_run_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key),
    CONSTRAINT catalog_run_source_key_generation_key UNIQUE (source_key, generation),
    CONSTRAINT catalog_run_status_check CHECK (status IN ('running', 'complete', 'partial', 'held', 'failed', 'superseded', 'abandoned', 'skipped')),
    CONSTRAINT catalog_run_merged_check CHECK ((generation IS NOT NULL) = (status IN ('complete', 'partial', 'held'))),
    CONSTRAINT catalog_run_walked_check CHECK (generation IS NULL OR walked_at IS NOT NULL),
    CONSTRAINT catalog_run_finished_check CHECK ((finished_at IS NULL) = (status = 'running'))
);
CREATE TABLE catalog_shape (
    shape_key INTEGER NOT NULL,
    digest TEXT NOT NULL,
    body {{json}} NOT NULL,
    CONSTRAINT catalog_shape_pkey PRIMARY KEY (shape_key),
    CONSTRAINT catalog_shape_digest_key UNIQUE (digest)
);
CREATE TABLE catalog_model (
    model_key INTEGER NOT NULL,
    source_key INTEGER NOT NULL,
    id {{id}} NOT NULL,
    {FIELDS},
    digest TEXT NOT NULL,
    valid_from_run INTEGER NOT NULL,
    first_seen_run INTEGER NOT NULL,
    seen_run INTEGER NOT NULL,
    silent_run INTEGER,
    missing_run INTEGER,
    held_run INTEGER,
    removed_run INTEGER,
    lacked_run INTEGER,
    CONSTRAINT catalog_model_pkey PRIMARY KEY (model_key),
    CONSTRAINT catalog_model_source_key_id_key UNIQUE (source_key, id),
    CONSTRAINT catalog_model_id_check CHECK (length(id) BETWEEN 1 AND 256),
    CONSTRAINT catalog_model_order_check CHECK (first_seen_run <= valid_from_run AND first_seen_run <= seen_run),
    CONSTRAINT catalog_model_removed_check CHECK (removed_run IS NULL OR (removed_run > valid_from_run AND removed_run > seen_run AND missing_run IS NULL)),
    CONSTRAINT catalog_model_missing_check CHECK (missing_run IS NULL OR missing_run > seen_run),
    CONSTRAINT catalog_model_held_check CHECK (held_run IS NULL OR missing_run IS NOT NULL),
    CONSTRAINT catalog_model_tokens_check CHECK (max_input_tokens > 0 AND max_tokens > 0)
);
CREATE TABLE catalog_state (
    model_key INTEGER NOT NULL,
    valid_from_run INTEGER NOT NULL,
    valid_to_run INTEGER NOT NULL,
    {FIELDS},
    CONSTRAINT catalog_state_pkey PRIMARY KEY (model_key, valid_from_run),
    CONSTRAINT catalog_state_order_check CHECK (valid_from_run < valid_to_run)
) {{without_rowid}};
CREATE TABLE catalog_change (
    change_id INTEGER NOT NULL,
    run_id INTEGER NOT NULL,
    model_key INTEGER NOT NULL,
    kind TEXT NOT NULL,
    field TEXT,
    old_value TEXT,
    new_value TEXT,
    proof_run INTEGER,
    observed_run INTEGER,
    baseline BOOLEAN,
    CONSTRAINT catalog_change_pkey PRIMARY KEY (change_id),
    CONSTRAINT catalog_change_kind_check CHECK (kind IN ('added', 'removed', 'returned', 'changed')),
    CONSTRAINT catalog_change_field_check CHECK ((kind = 'changed') = (field IS NOT NULL)),
    CONSTRAINT catalog_change_values_check CHECK (field IS NOT NULL OR (old_value IS NULL AND new_value IS NULL)),
    CONSTRAINT catalog_change_proof_check CHECK (proof_run < coalesce(observed_run, run_id)),
    CONSTRAINT catalog_change_observed_check CHECK (observed_run < run_id)
);
CREATE TABLE catalog_page (
    source_key INTEGER NOT NULL,
    digest TEXT NOT NULL,
    model_keys {{bytes}} NOT NULL,
    last_id TEXT NOT NULL,
    has_more BOOLEAN NOT NULL,
    CONSTRAINT catalog_page_pkey PRIMARY KEY (source_key, digest),
    CONSTRAINT catalog_page_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
) {{without_rowid}};
CREATE TABLE catalog_identity (
    source_key INTEGER NOT NULL,
    number INTEGER NOT NULL,
    organization TEXT,
    workspace TEXT,
    last_run INTEGER NOT NULL,
    whole_run INTEGER,
    seen {{bytes}},
    CONSTRAINT catalog_identity_pkey PRIMARY KEY (source_key, number),
    CONSTRAINT catalog_identity_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
);
CREATE TABLE catalog_dispute (
    source_key INTEGER NOT NULL,
    id {{id}} NOT NULL,
    CONSTRAINT catalog_dispute_pkey PRIMARY KEY (source_key, id),
    CONSTRAINT catalog_dispute_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key)
);
CREATE TABLE catalog_channel (
    channel TEXT NOT NULL,
    created_at {{time}} NOT NULL,
    suspect INTEGER,
    failing_since {{time}},
    rests_until {{time}},
    paused_until {{time}},
    looked_at {{time}},
    looked_change INTEGER,
    asks TEXT,
    watches TEXT,
    CONSTRAINT catalog_channel_pkey PRIMARY KEY (channel),
    CONSTRAINT catalog_channel_suspect_check CHECK (suspect IS NULL OR failing_since IS NULL),
    CONSTRAINT catalog_channel_rests_check CHECK (rests_until IS NULL OR failing_since IS NOT NULL)
);
CREATE TABLE catalog_delivery (
    delivery_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    source_key INTEGER NOT NULL,
    run_id INTEGER,
    type TEXT NOT NULL,
    uid TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at {{time}},
    give_up_at {{time}} NOT NULL,
    lease TEXT,
    leased_until {{time}},
    delivered_at {{time}},
    last_error TEXT,
    created_at {{time}} NOT NULL,
    CONSTRAINT catalog_delivery_pkey PRIMARY KEY (delivery_id),
    CONSTRAINT catalog_delivery_channel_uid_key UNIQUE (channel, uid),
    CONSTRAINT catalog_delivery_channel_fkey FOREIGN KEY (channel) REFERENCES catalog_channel (channel),
    CONSTRAINT catalog_delivery_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key),
    CONSTRAINT catalog_delivery_status_check CHECK (status IN ('owed', 'delivered', 'dead')),
    CONSTRAINT catalog_delivery_delivered_check CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_owed_check CHECK ((status = 'owed') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_lease_check CHECK ((lease IS NULL) = (leased_until IS NULL))
);
CREATE TABLE catalog_waiting (
    channel TEXT NOT NULL,
    change_id INTEGER NOT NULL,
    due_at {{time}} NOT NULL,
    CONSTRAINT catalog_waiting_pkey PRIMARY KEY (channel, change_id)
);
CREATE INDEX catalog_change_model_key_idx ON catalog_change (model_key);
CREATE INDEX catalog_change_run_id_idx ON catalog_change (run_id, change_id);
CREATE INDEX catalog_model_missing_idx ON catalog_model (source_key) WHERE missing_run IS NOT NULL;
CREATE INDEX catalog_run_finished_at_idx ON catalog_run (finished_at);
CREATE INDEX catalog_run_running_idx ON catalog_run (source_key) WHERE status = 'running';
CREATE INDEX catalog_model_retires_at_idx ON catalog_model (retires_at) WHERE retires_at IS NOT NULL AND removed_run IS NULL;
CREATE INDEX catalog_delivery_open_idx ON catalog_delivery (channel) WHERE status <> 'delivered';
CREATE INDEX catalog_delivery_owed_idx ON catalog_delivery (channel, delivery_id) WHERE status = 'owed';
CREATE INDEX catalog_run_source_key_idx ON catalog_run (source_key, run_id);
CREATE INDEX catalog_run_started_at_idx ON catalog_run (source_key, started_at);
CREATE INDEX catalog_run_recorded_idx ON catalog_run (finished_at, run_id) WHERE added + returned + changed + removed > 0;
CREATE INDEX catalog_run_restored_idx ON catalog_run (run_id) WHERE status = 'skipped' AND replace(scope, '"restored_run"', '') <> scope
"""  # noqa: E501 - a condition in one line, as databases give it back

SHOWN = """{0}.display_name, {0}.created_at, {0}.type, {0}.lifecycle, {0}.deprecated_at, {0}.retires_at, {0}.line,
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
GREATEST = {"postgresql": "greatest", "sqlite": "max"}

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
# Postgres would take `removed_at IS NULL` behind an outer join for a rare case, and plan for one row. SQLite reads
# both halves of a union whatever is asked of it.
MODELS = {
    "postgresql": [("CAST(NULL AS timestamptz)", "WHERE model.removed_run IS NULL"), ("gone.walked_at", GONE)],
    "sqlite": [("gone.walked_at", f"LEFT {GONE}")],
}

# The last status is looked for BETWEEN: said as `=`, a planner walks down the runs of all sources, which is far for one
# that was not read for long.
VIEWS = """
CREATE VIEW sources AS
SELECT source.source, source.base_url, source.scope, source.configured, whole.walked_at AS last_whole_at,
       (SELECT run.status FROM catalog_run AS run
        WHERE run.source_key BETWEEN source.source_key AND source.source_key
        ORDER BY run.source_key DESC, run.run_id DESC LIMIT 1) AS last_status,
       source.models_listed
FROM catalog_source AS source
LEFT JOIN catalog_run AS whole ON whole.run_id = source.last_whole_run;
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
LEFT JOIN catalog_shape AS shape ON shape.shape_key = past.shape_key;
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
LEFT JOIN catalog_run AS proof ON proof.run_id = change.proof_run;
CREATE VIEW sync_runs AS
SELECT run.run_id, source.source, run.status, run.started_at, run.finished_at, run.scope, run.pages, run.models_seen,
       run.added, run.returned, run.changed, run.missing, run.removed, run.error
FROM catalog_run AS run
JOIN catalog_source AS source ON source.source_key = run.source_key;
CREATE VIEW deliveries AS
SELECT delivery.delivery_id, delivery.channel, source.source, delivery.run_id, delivery.type, delivery.status,
       delivery.attempts,
       CASE WHEN delivery.status = 'owed' THEN
           {greatest}(delivery.next_attempt_at,
                      coalesce(channel.rests_until, delivery.next_attempt_at),
                      coalesce(channel.paused_until, delivery.next_attempt_at))
       END AS next_attempt_at,
       delivery.delivered_at, delivery.last_error, delivery.created_at
FROM catalog_delivery AS delivery
JOIN catalog_source AS source ON source.source_key = delivery.source_key
JOIN catalog_channel AS channel ON channel.channel = delivery.channel
"""

# The rules of history: table, event, when it is broken, and what is said then. {differs} compares two values, NULL
# included.
STATE = ("display_name", "created_at", "type", "lifecycle", "deprecated_at", "retires_at", "line", "max_input_tokens")
EDITED = " OR ".join(f"OLD.{name} {{differs}} NEW.{name}" for name in (*STATE, "max_tokens", "own", "shape_key"))
RULES = (
    ("catalog_change", "UPDATE", "", "the change log is append-only"),
    ("catalog_change", "DELETE", "", "the change log is append-only"),
    ("catalog_state", "UPDATE", "", "a state that is over is never edited"),
    ("catalog_state", "DELETE", "", "history is never deleted"),
    (
        "catalog_state",
        "INSERT",
        """NOT EXISTS (SELECT 1 FROM catalog_model WHERE model_key = NEW.model_key
            AND valid_from_run = NEW.valid_from_run AND (removed_run IS NULL OR removed_run = NEW.valid_to_run))""",
        "only the present state of a model can end",
    ),
    ("catalog_model", "DELETE", "", "models are never forgotten"),
    (
        "catalog_model",
        "UPDATE",
        """OLD.model_key {differs} NEW.model_key OR OLD.source_key {differs} NEW.source_key
            OR OLD.id {differs} NEW.id OR OLD.first_seen_run {differs} NEW.first_seen_run""",
        "who a model is, and when it was first seen, never changes",
    ),
    (
        "catalog_model",
        "UPDATE",
        f"OLD.valid_from_run = NEW.valid_from_run AND ({EDITED})",
        "a state is never edited in place",
    ),
    (
        "catalog_model",
        "UPDATE",
        """OLD.valid_from_run {differs} NEW.valid_from_run AND NOT EXISTS (SELECT 1 FROM catalog_state
            WHERE model_key = OLD.model_key AND valid_from_run = OLD.valid_from_run
            AND valid_to_run <= NEW.valid_from_run)""",
        "a state that ends is kept, and the next begins after it",
    ),
    (
        "catalog_model",
        "UPDATE",
        """OLD.removed_run IS NOT NULL AND OLD.valid_from_run = NEW.valid_from_run
            AND OLD.removed_run {differs} NEW.removed_run""",
        "a removal is not taken back; a return begins a new state",
    ),
    ("catalog_run", "DELETE", "", "runs are never deleted"),
    (
        "catalog_run",
        "UPDATE",
        "OLD.status <> 'running' AND NOT (OLD.status = 'abandoned' AND NEW.status = 'superseded')",
        "a finished run is never edited",
    ),
    ("catalog_run", "INSERT", "NEW.generation IS NOT NULL", "a run begins before it merges"),
    (
        "catalog_run",
        "UPDATE",
        "NEW.generation IS NOT NULL AND NEW.generation <> 1 + coalesce(({highest}), 0)",
        "each merge adds one to the generation",
    ),
    (
        "catalog_run",
        "UPDATE",
        """EXISTS (SELECT 1 FROM catalog_run WHERE source_key = NEW.source_key AND generation = NEW.generation - 1
            AND (run_id >= NEW.run_id OR walked_at >= NEW.walked_at))""",
        "history goes only forward",
    ),
    ("catalog_shape", "UPDATE", "", "attributes that states share are never edited"),
    ("catalog_shape", "DELETE", "", "history is never deleted"),
    ("catalog_source", "DELETE", "", "sources are never forgotten"),
    (
        "catalog_source",
        "UPDATE",
        "NEW.generation < OLD.generation OR OLD.source {differs} NEW.source",
        "history goes only forward",
    ),
)
EVENTS = ("INSERT", "UPDATE", "DELETE")
WORDS = {
    "postgresql": {
        "differs": "IS DISTINCT FROM",
        "highest": "SELECT max(generation) FROM catalog_run WHERE source_key = NEW.source_key",
    },
    # SQLite may look for `max(generation)` along any index of a source's runs; this names the order.
    "sqlite": {
        "differs": "IS NOT",
        "highest": """SELECT generation FROM catalog_run WHERE source_key = NEW.source_key AND generation IS NOT NULL
            ORDER BY generation DESC LIMIT 1""",
    },
}

FROZEN = ("delivery_id", "channel", "source_key", "type", "uid", "payload", "created_at")
DELIVERY_EDITED = " OR ".join(f"OLD.{name} {{differs}} NEW.{name}" for name in FROZEN)
DELIVERY_RULES = (
    ("delivered", "UPDATE", "OLD.status = 'delivered'", "what was delivered is never edited"),
    ("frozen", "UPDATE", DELIVERY_EDITED, "what is owed is frozen"),
    ("kept", "DELETE", "1", "deliveries are never deleted"),
)

# SQLite plans by these until somebody runs ANALYZE: without them it takes every table for equally large, and reads a
# million rows of a view to find one. Rows of the table, then rows per value of each column of the index.
STATISTICS = (
    "('catalog_source', NULL, '2')",
    "('catalog_source', 'sqlite_autoindex_catalog_source_1', '2 1')",
    "('catalog_run', 'catalog_run_finished_at_idx', '20000 1')",
    "('catalog_run', 'catalog_run_running_idx', '2 1')",
    "('catalog_run', 'sqlite_autoindex_catalog_run_1', '20000 10000 1')",
    "('catalog_shape', 'sqlite_autoindex_catalog_shape_1', '1000 1')",
    "('catalog_model', 'sqlite_autoindex_catalog_model_1', '1000000 500000 1')",
    "('catalog_model', 'catalog_model_missing_idx', '100 50')",
    "('catalog_state', 'catalog_state', '4000000 4 1')",
    "('catalog_change', 'catalog_change_model_key_idx', '5000000 5')",
    "('catalog_change', 'catalog_change_run_id_idx', '5000000 250 1')",
)


def upgrade() -> None:
    """Make everything."""
    dialect = op.get_context().dialect.name
    for statement in TABLES.format(**TYPES[dialect]).split(";"):
        op.execute(statement)
    _views(dialect)
    if dialect == "postgresql":
        _postgres_rules()
    else:
        _sqlite_rules()
        op.execute("ANALYZE sqlite_schema")  # makes sqlite_stat1
        op.execute(f"INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES {', '.join(STATISTICS)}")  # noqa: S608 - our own numbers


def _views(dialect: str) -> None:
    parts = {
        "fields": SHOWN.format("model"),
        "past_fields": SHOWN.format("past"),
        "attributes": ATTRIBUTES[dialect].format("model"),
        "past_attributes": ATTRIBUTES[dialect].format("past"),
        "moment": MOMENT[dialect],
        "greatest": GREATEST[dialect],
    }
    halves = [SELECT_MODELS.format(**parts, removed_at=at, gone=gone) for at, gone in MODELS[dialect]]
    for view in (f"CREATE VIEW models AS {' UNION ALL '.join(halves)}", *VIEWS.format(**parts).split(";")):
        op.execute(view)


def _sqlite_rules() -> None:
    """Make a trigger per rule."""
    named = [(f"{rule[0]}_rule_{number:02}", *rule) for number, rule in enumerate(RULES)]
    named += [(f"catalog_delivery_{rule[0]}", "catalog_delivery", *rule[1:]) for rule in DELIVERY_RULES]
    for name, table, event, broken, says in named:
        when = f"WHEN {broken.format(**WORDS['sqlite'])}" if broken else ""
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {when} BEGIN SELECT RAISE(ABORT, '{says}'); END")


def _postgres_rules() -> None:
    """Make a function and two triggers per table."""
    for table in dict.fromkeys(rule[0] for rule in RULES):
        broken = {event: [rule[2:] for rule in RULES if rule[:2] == (table, event)] for event in EVENTS}
        lines = [_refused("TG_OP = 'TRUNCATE'", "history is never deleted")]
        lines += [_postgres_event(event, rules) for event, rules in broken.items()]
        lines += ["IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;"]
        events = " OR ".join(event for event, rules in broken.items() if rules)
        _postgres_triggers(table, events, lines, " SET search_path FROM CURRENT")
    lines = [_refused("TG_OP <> 'UPDATE'", "deliveries are never deleted")]
    lines += [_refused(broken, says) for _, event, broken, says in DELIVERY_RULES if event == "UPDATE"]
    _postgres_triggers("catalog_delivery", "UPDATE OR DELETE", lines)


def _postgres_event(event: str, rules: list[tuple[str, str]]) -> str:
    checks = "\n".join(_refused(broken or "true", says) for broken, says in rules)
    return f"IF TG_OP = '{event}' THEN\n{checks}\nEND IF;" if rules else ""


def _refused(broken: str, says: str) -> str:
    condition = broken.format(**WORDS["postgresql"])
    return f"IF {condition} THEN RAISE EXCEPTION '{says}' USING ERRCODE = 'check_violation'; END IF;"


def _postgres_triggers(table: str, events: str, lines: list[str], options: str = "") -> None:
    name, body = f"{table}_rules", "\n".join(lines)
    op.execute(f"""CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql{options} AS $rules$
BEGIN
{body}
RETURN NEW;
END $rules$""")
    op.execute(f"CREATE TRIGGER {name} BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
    op.execute(f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()")
