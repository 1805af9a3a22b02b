"""A person may drop an alert that is not needed any more."""

from alembic import op

revision = "0013"
down_revision = "0012"

STATUS = "status IN ('pending', 'delivered', 'dead', 'dropped')"
FINAL = "OLD.status IN ('delivered', 'dropped')"
FINAL_WORDS = "what was delivered or dropped is never edited"
STAYS = "a message is frozen"
FROZEN = ("delivery_id", "channel", "source_key", "type", "uid", "payload", "created_at")
NOT_PRUNABLE = "NOT EXISTS (SELECT 1 FROM catalog_prunable_delivery WHERE delivery_id = OLD.delivery_id)"
KEPT = "only deliveries that were made, and that nothing refers to, are dropped"

# SQLite cannot change a condition of a table: its rows go aside, and into another table of this name. Nothing is
# renamed, so that the views and triggers that name it stay as they are.
SQLITE = f"""
CREATE TABLE catalog_delivery_aside AS SELECT * FROM catalog_delivery;
DROP TABLE catalog_delivery;
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
    CONSTRAINT catalog_delivery_status_check CHECK ({STATUS}),
    CONSTRAINT catalog_delivery_delivered_check CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_pending_check CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CONSTRAINT catalog_delivery_lease_check CHECK ((lease IS NULL) = (leased_until IS NULL))
);
INSERT INTO catalog_delivery
SELECT delivery_id, channel, source_key, run_id, type, uid, payload, status, attempts, next_attempt_at, give_up_at,
       lease, leased_until, delivered_at, last_error, created_at
FROM catalog_delivery_aside;
DROP TABLE catalog_delivery_aside;
CREATE INDEX catalog_delivery_open_idx ON catalog_delivery (channel) WHERE status <> 'delivered';
CREATE INDEX catalog_delivery_pending_idx ON catalog_delivery (channel, delivery_id) WHERE status = 'pending';
CREATE INDEX catalog_delivery_run_idx ON catalog_delivery (run_id) WHERE run_id IS NOT NULL
"""  # noqa: S608 - our own words
SQLITE_RULES = (
    ("catalog_delivery_delivered", "UPDATE", FINAL, FINAL_WORDS),
    ("catalog_delivery_frozen", "UPDATE", " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in FROZEN), STAYS),
    ("catalog_delivery_kept", "DELETE", NOT_PRUNABLE, KEPT),
)
REFUSED = "RAISE EXCEPTION '{}' USING ERRCODE = 'check_violation'; END IF;"
POSTGRES_RULES = f"""CREATE OR REPLACE FUNCTION catalog_delivery_rules() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $rules$
BEGIN
IF TG_OP = 'TRUNCATE' THEN {REFUSED.format("deliveries are not dropped at once")}
IF TG_OP = 'UPDATE' THEN
IF {FINAL} THEN {REFUSED.format(FINAL_WORDS)}
IF {" OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in FROZEN)} THEN {REFUSED.format(STAYS)}
END IF;
IF TG_OP = 'DELETE' THEN
IF {NOT_PRUNABLE} THEN {REFUSED.format(KEPT)}
RETURN OLD;
END IF;
RETURN NEW;
END $rules$"""


def upgrade() -> None:
    """Allow the status, and edit what has it no more than what was delivered."""
    if op.get_context().dialect.name == "sqlite":
        for statement in SQLITE.split(";"):
            op.execute(statement)
        for name, event, broken, says in SQLITE_RULES:
            on = f"{event} ON catalog_delivery WHEN {broken}"
            op.execute(f"CREATE TRIGGER {name} BEFORE {on} BEGIN SELECT RAISE(ABORT, '{says}'); END")
        return
    op.execute("ALTER TABLE catalog_delivery DROP CONSTRAINT catalog_delivery_status_check")
    op.execute(f"ALTER TABLE catalog_delivery ADD CONSTRAINT catalog_delivery_status_check CHECK ({STATUS})")
    op.execute(POSTGRES_RULES)
