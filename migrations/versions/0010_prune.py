"""Runs that recorded nothing, and deliveries long made, may go; what a channel has not taken yet is called pending."""

from alembic import op

revision = "0010"
down_revision = "0009"

# The last merged run of a source, or if one is still going on, the last that was merged before that one began: the
# streak of failures that it ends or goes on with is counted from there.
LAST = """(SELECT merged.run_id FROM catalog_run AS merged
    WHERE merged.source_key = {0}.source_key AND merged.generation IS NOT NULL AND merged.run_id < coalesce(
        (SELECT min(going.run_id) FROM catalog_run AS going
         WHERE going.source_key = {0}.source_key AND going.status = 'running'), merged.run_id + 1)
    ORDER BY merged.generation DESC LIMIT 1)"""
# The last merged run that an accepted identity answered. Which run a stranger answered first is looked for from there.
ACCEPTED = "(SELECT max(last_run) FROM catalog_identity WHERE source_key = run.source_key)"

# A past state and a removal need no look of their own: the run of each is named by a change.
PRUNABLE_RUN = """
CREATE VIEW catalog_prunable_run AS
SELECT run.run_id, run.source_key, run.finished_at
FROM catalog_run AS run
JOIN catalog_source AS source ON source.source_key = run.source_key
WHERE run.finished_at IS NOT NULL
AND NOT (run.status = 'skipped' AND replace(run.scope, '"restored_run"', '') <> run.scope)
AND run.run_id < {last}
AND (run.generation IS NULL OR (run.generation > 1 AND EXISTS (
    SELECT 1 FROM catalog_run AS alike WHERE alike.source_key = run.source_key AND alike.generation > run.generation
    AND alike.status = run.status AND alike.baseline = run.baseline AND alike.whole = run.whole)))
AND (run.generation IS NULL OR run.run_id <= coalesce({accepted}, run.run_id) OR EXISTS (
    SELECT 1 FROM catalog_run AS earlier WHERE earlier.source_key = run.source_key AND earlier.scope = run.scope
    AND earlier.generation < run.generation AND earlier.run_id > {accepted}))
AND run.run_id NOT IN (coalesce(source.last_whole_run, 0), coalesce(source.absence_run, 0),
                       coalesce(source.baseline_run, 0), coalesce(source.stranger_run, 0))
AND NOT EXISTS (SELECT 1 FROM catalog_identity AS asker
                WHERE asker.source_key = run.source_key AND run.run_id IN (asker.last_run, asker.whole_run))
AND NOT EXISTS (SELECT 1 FROM catalog_change AS change WHERE change.run_id = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_change AS change WHERE change.proof_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_change AS change WHERE change.observed_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model
                WHERE model.seen_run = run.run_id AND model.seen_run <> model.first_seen_run)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model WHERE model.silent_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model WHERE model.missing_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model WHERE model.held_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_model AS model WHERE model.lacked_run = run.run_id)
AND NOT EXISTS (SELECT 1 FROM catalog_delivery AS delivery WHERE delivery.run_id = run.run_id)
"""
# The last delivery keeps its number from being given again. What tells of the present failures, or of a date that a
# model still has, keeps that from being told again.
PRUNABLE_DELIVERY = """
CREATE VIEW catalog_prunable_delivery AS
SELECT delivery.delivery_id, delivery.source_key, delivery.delivered_at
FROM catalog_delivery AS delivery
WHERE delivery.status = 'delivered'
AND delivery.delivery_id < (SELECT max(latest.delivery_id) FROM catalog_delivery AS latest)
AND NOT EXISTS (SELECT 1 FROM catalog_channel AS channel WHERE channel.suspect = delivery.delivery_id)
AND (delivery.run_id IS NULL OR delivery.run_id < {last})
AND CASE WHEN delivery.type IN ('catalog.retiring', 'catalog.overdue') THEN
        {told_id} IS NOT NULL AND {told_date} IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM catalog_model AS model WHERE model.source_key = delivery.source_key
            AND model.id = {told_id} AND model.retires_at = {told_date})
    ELSE 1 = 1 END
"""
# The id and the date that a message tells of. Postgres refuses escapes of letters that its database cannot hold: where
# it may meet one it does not look, and the delivery stays.
RAW_ID = r"""substring(delivery.payload FROM '"model_id":"((?:[^"\\]|\\.)*)"')"""
TOLD = {
    "postgresql": {
        "told_id": f"""(CASE WHEN strpos({RAW_ID}, '\\') = 0 THEN {RAW_ID} WHEN getdatabaseencoding() = 'UTF8'
            THEN ('"' || {RAW_ID} || '"')::json #>> '{{}}' END)""",
        "told_date": """CAST(substring(delivery.payload FROM '"retires_at":"([^"]*)"') AS timestamptz)""",
    },
    "sqlite": {
        "told_id": "json_extract(delivery.payload, '$.model_id')",
        "told_date": """(CASE length(json_extract(delivery.payload, '$.retires_at'))
            WHEN 20 THEN replace(json_extract(delivery.payload, '$.retires_at'), 'Z', '.000000Z')
            ELSE json_extract(delivery.payload, '$.retires_at') END)""",
    },
}

# Name, table, columns and condition of each index; the later ones find the rows that name a run.
INDEXES = (
    ("catalog_delivery_open_idx", "catalog_delivery", "channel", "status <> 'delivered'"),
    ("catalog_delivery_pending_idx", "catalog_delivery", "channel, delivery_id", "status = 'pending'"),
    ("catalog_change_proof_idx", "catalog_change", "proof_run", "proof_run IS NOT NULL"),
    ("catalog_change_observed_idx", "catalog_change", "observed_run", "observed_run IS NOT NULL"),
    ("catalog_model_seen_idx", "catalog_model", "seen_run", "seen_run <> first_seen_run"),
    ("catalog_model_silent_idx", "catalog_model", "silent_run", "silent_run IS NOT NULL"),
    ("catalog_model_missing_run_idx", "catalog_model", "missing_run", "missing_run IS NOT NULL"),
    ("catalog_model_held_idx", "catalog_model", "held_run", "held_run IS NOT NULL"),
    ("catalog_model_lacked_idx", "catalog_model", "lacked_run", "lacked_run IS NOT NULL"),
    ("catalog_delivery_run_idx", "catalog_delivery", "run_id", "run_id IS NOT NULL"),
)
# SQLite cannot change a condition of a table: it gets another table.
RENAMING = {
    "sqlite": """
CREATE TABLE catalog_delivery_new (
    delivery_id INTEGER NOT NULL,
    channel TEXT NOT NULL,
    source_key INTEGER NOT NULL,
    run_id INTEGER,
    type TEXT NOT NULL,
    uid TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at TEXT,
    give_up_at TEXT NOT NULL,
    lease TEXT,
    leased_until TEXT,
    delivered_at TEXT,
    last_error TEXT,
    created_at TEXT NOT NULL,
    CONSTRAINT catalog_delivery_pkey PRIMARY KEY (delivery_id),
    CONSTRAINT catalog_delivery_channel_uid_key UNIQUE (channel, uid),
    CONSTRAINT catalog_delivery_channel_fkey FOREIGN KEY (channel) REFERENCES catalog_channel (channel),
    CONSTRAINT catalog_delivery_source_key_fkey FOREIGN KEY (source_key) REFERENCES catalog_source (source_key),
    CONSTRAINT catalog_delivery_status_check CHECK (status IN ('pending', 'delivered', 'dead')),
    CONSTRAINT catalog_delivery_delivered_check CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_pending_check CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_lease_check CHECK ((lease IS NULL) = (leased_until IS NULL))
);
INSERT INTO catalog_delivery_new
SELECT delivery_id, channel, source_key, run_id, type, uid, payload,
       CASE status WHEN 'owed' THEN 'pending' ELSE status END,
       attempts, next_attempt_at, give_up_at, lease, leased_until, delivered_at, last_error, created_at
FROM catalog_delivery;
DROP TABLE catalog_delivery;
ALTER TABLE catalog_delivery_new RENAME TO catalog_delivery;
CREATE TABLE catalog_deferred_removal (
    channel TEXT NOT NULL,
    change_id INTEGER NOT NULL,
    due_at TEXT NOT NULL,
    CONSTRAINT catalog_deferred_removal_pkey PRIMARY KEY (channel, change_id)
);
INSERT INTO catalog_deferred_removal SELECT channel, change_id, due_at FROM catalog_waiting;
DROP TABLE catalog_waiting
""",
    "postgresql": """
DROP INDEX catalog_delivery_open_idx;
DROP INDEX catalog_delivery_owed_idx;
ALTER TABLE catalog_delivery DROP CONSTRAINT catalog_delivery_status_check,
    DROP CONSTRAINT catalog_delivery_owed_check;
UPDATE catalog_delivery SET status = 'pending' WHERE status = 'owed';
ALTER TABLE catalog_delivery
    ADD CONSTRAINT catalog_delivery_status_check CHECK (status IN ('pending', 'delivered', 'dead')),
    ADD CONSTRAINT catalog_delivery_pending_check CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL));
ALTER TABLE catalog_waiting RENAME TO catalog_deferred_removal;
ALTER TABLE catalog_deferred_removal RENAME CONSTRAINT catalog_waiting_pkey TO catalog_deferred_removal_pkey
""",
}

DELIVERIES = """
CREATE VIEW deliveries AS
SELECT delivery.delivery_id, delivery.channel, source.source, delivery.run_id, delivery.type, delivery.status,
       delivery.attempts,
       CASE WHEN delivery.status = 'pending' THEN
           {greatest}(delivery.next_attempt_at,
                      coalesce(channel.rests_until, delivery.next_attempt_at),
                      coalesce(channel.paused_until, delivery.next_attempt_at))
       END AS next_attempt_at,
       delivery.delivered_at, delivery.last_error, delivery.created_at
FROM catalog_delivery AS delivery
JOIN catalog_source AS source ON source.source_key = delivery.source_key
JOIN catalog_channel AS channel ON channel.channel = delivery.channel
"""

FROZEN = ("delivery_id", "channel", "source_key", "type", "uid", "payload", "created_at")
NOT_PRUNABLE = {
    "catalog_run": "NOT EXISTS (SELECT 1 FROM catalog_prunable_run WHERE run_id = OLD.run_id)",
    "catalog_delivery": "NOT EXISTS (SELECT 1 FROM catalog_prunable_delivery WHERE delivery_id = OLD.delivery_id)",
}
KEPT = {
    "catalog_run": "only runs that recorded nothing, and that nothing refers to, are dropped",
    "catalog_delivery": "only deliveries that were made, and that nothing refers to, are dropped",
}
DELIVERED, STAYS = "what was delivered is never edited", "a message is frozen"
REFUSED = "RAISE EXCEPTION '{}' USING ERRCODE = 'check_violation'; END IF;"
RUN_RULES = f"""CREATE OR REPLACE FUNCTION catalog_run_rules() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN {REFUSED.format("history is never deleted")}
IF TG_OP = 'INSERT' THEN
IF NEW.generation IS NOT NULL THEN {REFUSED.format("a run begins before it merges")}
END IF;
IF TG_OP = 'UPDATE' THEN
IF OLD.status <> 'running' AND NOT (OLD.status = 'abandoned' AND NEW.status = 'superseded')
THEN {REFUSED.format("a finished run is never edited")}
IF NEW.generation IS NOT NULL AND NEW.generation <> 1 + coalesce(
    (SELECT max(generation) FROM catalog_run WHERE source_key = NEW.source_key), 0)
THEN {REFUSED.format("each merge adds one to the generation")}
IF EXISTS (SELECT 1 FROM catalog_run WHERE source_key = NEW.source_key AND generation = NEW.generation - 1
           AND (run_id >= NEW.run_id OR walked_at >= NEW.walked_at))
THEN {REFUSED.format("history goes only forward")}
END IF;
IF TG_OP = 'DELETE' THEN
IF {NOT_PRUNABLE["catalog_run"]} THEN {REFUSED.format(KEPT["catalog_run"])}
RETURN OLD;
END IF;
RETURN NEW;
END $rules$"""  # noqa: S608 - our own words
DELIVERY_RULES = f"""CREATE OR REPLACE FUNCTION catalog_delivery_rules() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN {REFUSED.format("deliveries are not dropped at once")}
IF TG_OP = 'UPDATE' THEN
IF OLD.status = 'delivered' THEN {REFUSED.format(DELIVERED)}
IF {" OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in FROZEN)} THEN {REFUSED.format(STAYS)}
END IF;
IF TG_OP = 'DELETE' THEN
IF {NOT_PRUNABLE["catalog_delivery"]} THEN {REFUSED.format(KEPT["catalog_delivery"])}
RETURN OLD;
END IF;
RETURN NEW;
END $rules$"""


def upgrade() -> None:
    """Rename, then make the views that say what may go, and let the rules ask them."""
    dialect = op.get_context().dialect.name
    is_sqlite = dialect == "sqlite"
    op.execute(f"ALTER TABLE catalog_source ADD COLUMN pruned_at {'TEXT' if is_sqlite else 'TIMESTAMPTZ'}")
    op.execute("DROP VIEW deliveries")
    for statement in RENAMING[dialect].split(";"):
        op.execute(statement)
    op.execute(DELIVERIES.format(greatest="max" if is_sqlite else "greatest"))
    for name, table, columns, condition in INDEXES:
        op.execute(f"CREATE INDEX {name} ON {table} ({columns}) WHERE {condition}")
    op.execute(PRUNABLE_RUN.format(last=LAST.format("run"), accepted=ACCEPTED))
    op.execute(PRUNABLE_DELIVERY.format(last=LAST.format("delivery"), **TOLD[dialect]))
    if is_sqlite:
        _sqlite_rules()
    else:
        op.execute(RUN_RULES)
        op.execute(DELIVERY_RULES)


def _sqlite_rules() -> None:
    op.execute("DROP TRIGGER catalog_run_rule_10")
    edited = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in FROZEN)
    rules = (
        ("catalog_run_kept", "DELETE ON catalog_run", NOT_PRUNABLE["catalog_run"], KEPT["catalog_run"]),
        ("catalog_delivery_delivered", "UPDATE ON catalog_delivery", "OLD.status = 'delivered'", DELIVERED),
        ("catalog_delivery_frozen", "UPDATE ON catalog_delivery", edited, STAYS),
        (
            "catalog_delivery_kept",
            "DELETE ON catalog_delivery",
            NOT_PRUNABLE["catalog_delivery"],
            KEPT["catalog_delivery"],
        ),
    )
    for name, event, broken, says in rules:
        op.execute(f"CREATE TRIGGER {name} BEFORE {event} WHEN {broken} BEGIN SELECT RAISE(ABORT, '{says}'); END")
