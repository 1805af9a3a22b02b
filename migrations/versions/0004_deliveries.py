"""Alerts that are owed: channels, deliveries, and removals that wait for the model to come back."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIME = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")

DELIVERIES = """
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

COMMENTS = {
    "deliveries": "Alerts that are or were owed to a channel.",
    "deliveries.delivery_id": "Number of the delivery.",
    "deliveries.channel": "Name of the channel in the configuration.",
    "deliveries.source": "The list it tells of.",
    "deliveries.run_id": "The run whose findings it tells; NULL: a date came near.",
    "deliveries.type": "catalog.changes, catalog.retiring, catalog.held and so on.",
    "deliveries.status": "owed, delivered or dead.",
    "deliveries.attempts": "How often it was tried.",
    "deliveries.next_attempt_at": "Not tried before this, nor while its channel rests; NULL: never.",
    "deliveries.delivered_at": "When the channel took it; NULL: not yet.",
    "deliveries.last_error": "Why the last attempt failed, in words.",
    "deliveries.created_at": "When it became owed.",
}

FROZEN = (
    "delivery_id",
    "channel",
    "source_key",
    "type",
    "uid",
    "payload",
    "created_at",
)


def upgrade() -> None:
    """Make the tables, the view and the rule that what was delivered stays as it was."""
    _tables()
    is_sqlite = op.get_context().dialect.name == "sqlite"
    op.execute(DELIVERIES.format(greatest="max" if is_sqlite else "greatest"))
    if is_sqlite:
        _sqlite_rules()
        return
    _postgres_rules()
    for name, comment in COMMENTS.items():
        op.execute(f"COMMENT ON {'COLUMN' if '.' in name else 'VIEW'} {name} IS '{comment}'")


def _tables() -> None:
    op.create_table(
        "catalog_channel",
        sa.Column("channel", sa.Text(), nullable=False, comment="Name in the configuration."),
        sa.Column("created_at", TIME, nullable=False, comment="When it was first seen; it is told nothing older."),
        sa.Column(
            "suspect", sa.Integer(), comment="The delivery that failed; NULL: none since it took one, or several."
        ),
        sa.Column("failing_since", TIME, comment="When a second delivery failed; NULL: not since it took one."),
        sa.Column("rests_until", TIME, comment="Not tried before this, because it fails; NULL: it does not rest."),
        sa.Column("paused_until", TIME, comment="Not tried before this, because its receiver asked for that."),
        sa.PrimaryKeyConstraint("channel", name="catalog_channel_pkey"),
        sa.CheckConstraint("suspect IS NULL OR failing_since IS NULL", name="catalog_channel_suspect_check"),
        sa.CheckConstraint("rests_until IS NULL OR failing_since IS NOT NULL", name="catalog_channel_rests_check"),
        comment="Where alerts go.",
    )
    op.create_table(
        "catalog_delivery",
        sa.Column("delivery_id", sa.Integer(), autoincrement=False, nullable=False, comment="Number of the delivery."),
        sa.Column("channel", sa.Text(), nullable=False, comment="Name of the channel."),
        sa.Column("source_key", sa.Integer(), nullable=False, comment="The source it tells of."),
        sa.Column("run_id", sa.Integer(), comment="The run whose findings it tells; NULL: a date came near."),
        sa.Column("type", sa.Text(), nullable=False, comment="What kind of message."),
        sa.Column("uid", sa.Text(), nullable=False, comment="Stable id of the message, derived from what it tells."),
        sa.Column("payload", sa.Text(), nullable=False, comment="Its content as JSON text, frozen."),
        sa.Column("status", sa.Text(), nullable=False, comment="owed, delivered or dead."),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="How often it was tried."),
        sa.Column("next_attempt_at", TIME, comment="Not tried again before this; NULL: it will not be tried."),
        sa.Column("give_up_at", TIME, nullable=False, comment="An attempt that fails after this makes it dead."),
        sa.Column("lease", sa.Text(), comment="Who is sending it; NULL: nobody."),
        sa.Column("leased_until", TIME, comment="Until when nobody else may; NULL: nobody is."),
        sa.Column("delivered_at", TIME, comment="When the channel took it."),
        sa.Column("last_error", sa.Text(), comment="Why the last attempt failed, in words."),
        sa.Column("created_at", TIME, nullable=False, comment="When it became owed."),
        sa.PrimaryKeyConstraint("delivery_id", name="catalog_delivery_pkey"),
        sa.UniqueConstraint("channel", "uid", name="catalog_delivery_channel_uid_key"),
        sa.ForeignKeyConstraint(["channel"], ["catalog_channel.channel"], name="catalog_delivery_channel_fkey"),
        sa.ForeignKeyConstraint(["source_key"], ["catalog_source.source_key"], name="catalog_delivery_source_key_fkey"),
        sa.CheckConstraint("status IN ('owed', 'delivered', 'dead')", name="catalog_delivery_status_check"),
        sa.CheckConstraint(
            "(status = 'delivered') = (delivered_at IS NOT NULL)", name="catalog_delivery_delivered_check"
        ),
        sa.CheckConstraint("(status = 'owed') = (next_attempt_at IS NOT NULL)", name="catalog_delivery_owed_check"),
        sa.CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name="catalog_delivery_lease_check"),
        comment="Alerts owed to a channel, until it has taken them.",
    )
    op.create_index(
        "catalog_delivery_owed_idx",
        "catalog_delivery",
        ["channel", "next_attempt_at"],
        sqlite_where=sa.text("status = 'owed'"),
        postgresql_where=sa.text("status = 'owed'"),
    )
    op.create_table(
        "catalog_waiting",
        sa.Column("channel", sa.Text(), nullable=False, comment="Name of the channel."),
        sa.Column("change_id", sa.Integer(), autoincrement=False, nullable=False, comment="The removal."),
        sa.Column("due_at", TIME, nullable=False, comment="It is told after this, unless the model came back."),
        sa.PrimaryKeyConstraint("channel", "change_id", name="catalog_waiting_pkey"),
        comment="Removals that a channel is told of only once they have settled.",
    )
    op.create_index(
        "catalog_model_retires_at_idx",
        "catalog_model",
        ["retires_at"],
        sqlite_where=sa.text("retires_at IS NOT NULL AND removed_run IS NULL"),
        postgresql_where=sa.text("retires_at IS NOT NULL AND removed_run IS NULL"),
    )


def _sqlite_rules() -> None:
    edited = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in FROZEN)
    rules = (
        ("delivered", "UPDATE", "OLD.status = 'delivered'", "what was delivered is never edited"),
        ("frozen", "UPDATE", edited, "what is owed is frozen"),
        ("kept", "DELETE", "1", "deliveries are never deleted"),
    )
    for name, event, broken, says in rules:
        op.execute(
            f"CREATE TRIGGER catalog_delivery_{name} BEFORE {event} ON catalog_delivery WHEN {broken} "
            f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
        )


def _postgres_rules() -> None:
    edited = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in FROZEN)
    refuse = "RAISE EXCEPTION '{0}' USING ERRCODE = 'check_violation'"
    op.execute(f"""CREATE FUNCTION catalog_delivery_rules() RETURNS trigger LANGUAGE plpgsql AS $rules$
BEGIN
IF TG_OP <> 'UPDATE' THEN {refuse.format("deliveries are never deleted")}; END IF;
IF OLD.status = 'delivered' THEN {refuse.format("what was delivered is never edited")}; END IF;
IF {edited} THEN {refuse.format("what is owed is frozen")}; END IF;
RETURN NEW;
END $rules$""")
    op.execute(
        "CREATE TRIGGER catalog_delivery_rules BEFORE UPDATE OR DELETE ON catalog_delivery "
        "FOR EACH ROW EXECUTE FUNCTION catalog_delivery_rules()"
    )
    op.execute(
        "CREATE TRIGGER catalog_delivery_kept BEFORE TRUNCATE ON catalog_delivery "
        "FOR EACH STATEMENT EXECUTE FUNCTION catalog_delivery_rules()"
    )
