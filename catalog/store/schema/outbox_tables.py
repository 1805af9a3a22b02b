"""The outbox: what channels are told, and the view that shows it. Its tables join those of `tables`."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from catalog.store.schema.tables import UtcTime, metadata
from catalog.store.schema.views import internal, surface

channel = sa.Table(
    "catalog_channel",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True, comment="Name in the configuration."),
    sa.Column("created_at", UtcTime, nullable=False, comment="When it was first seen; it is told nothing older."),
    sa.Column("suspect", sa.Integer, comment="The delivery that failed; NULL: none since it took one, or several."),
    sa.Column("failing_since", UtcTime, comment="When a second delivery failed; NULL: not since it took one."),
    sa.Column("rests_until", UtcTime, comment="Not tried before this, because it fails; NULL: it does not rest."),
    sa.Column("paused_until", UtcTime, comment="Not tried before this, because its receiver asked for that."),
    sa.Column("looked_at", UtcTime, comment="When dates were last looked at for it; NULL: not since it is there."),
    sa.Column("looked_change", sa.Integer, comment="The last change in the log that was looked at then."),
    sa.Column("asks", sa.Text, comment="Digest of what it asked for then."),
    sa.Column("watches", sa.Text, comment="Ids that were watched then, as JSON text; NULL: not noted."),
    sa.CheckConstraint("suspect IS NULL OR failing_since IS NULL", name="catalog_channel_suspect_check"),
    sa.CheckConstraint("rests_until IS NULL OR failing_since IS NOT NULL", name="catalog_channel_rests_check"),
    comment="Where alerts go.",
)

delivery = sa.Table(
    "catalog_delivery",
    metadata,
    sa.Column("delivery_id", sa.Integer, primary_key=True, autoincrement=False, comment="Number of the delivery."),
    sa.Column("channel", sa.ForeignKey("catalog_channel.channel"), nullable=False, comment="Name of the channel."),
    sa.Column(
        "source_key", sa.ForeignKey("catalog_source.source_key"), nullable=False, comment="The source it tells of."
    ),
    sa.Column("run_id", sa.Integer, comment="The run whose findings it tells; NULL: a date came near."),
    sa.Column("type", sa.Text, nullable=False, comment="What kind of message."),
    sa.Column("uid", sa.Text, nullable=False, comment="Stable id of the message, derived from what it tells."),
    sa.Column("payload", sa.Text, nullable=False, comment="Its content as JSON text, frozen."),
    sa.Column("status", sa.Text, nullable=False, comment="pending, delivered, dead or dropped."),
    sa.Column("attempts", sa.Integer, nullable=False, comment="How often it was tried."),
    sa.Column("next_attempt_at", UtcTime, comment="Not tried again before this; NULL: it will not be tried."),
    sa.Column("give_up_at", UtcTime, nullable=False, comment="An attempt that fails after this makes it dead."),
    sa.Column("lease", sa.Text, comment="The sender that leased it; NULL: it is not leased."),
    sa.Column("leased_until", UtcTime, comment="When the lease ends; NULL: it is not leased."),
    sa.Column("delivered_at", UtcTime, comment="When the channel took it."),
    sa.Column("last_error", sa.Text, comment="Why the last attempt failed, in words."),
    sa.Column("created_at", UtcTime, nullable=False, comment="When it was enqueued."),
    sa.UniqueConstraint("channel", "uid", name="catalog_delivery_channel_uid_key"),
    sa.CheckConstraint("status IN ('pending', 'delivered', 'dead', 'dropped')", name="catalog_delivery_status_check"),
    sa.CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="catalog_delivery_delivered_check"),
    sa.CheckConstraint("(status = 'pending') = (next_attempt_at IS NOT NULL)", name="catalog_delivery_pending_check"),
    sa.CheckConstraint("(lease IS NULL) = (leased_until IS NULL)", name="catalog_delivery_lease_check"),
    comment="Alerts to a channel: pending until it has taken them.",
)

_IDLE = {"next_attempt_at": None, "lease": None, "leased_until": None}
DEAD: Mapping[str, Any] = {"status": "dead", **_IDLE}  # what a dead one is set to
DROPPED: Mapping[str, Any] = {"status": "dropped", **_IDLE}

deferred_removal = sa.Table(
    "catalog_deferred_removal",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True, comment="Name of the channel."),
    sa.Column("change_id", sa.Integer, primary_key=True, autoincrement=False, comment="The removal."),
    sa.Column("due_at", UtcTime, nullable=False, comment="It is told after this, unless the model came back."),
    comment="Removals that a channel is told of only once they have settled.",
)

deliveries = sa.Table(
    "deliveries",
    surface,
    sa.Column("delivery_id", sa.Integer, comment="Number of the delivery."),
    sa.Column("channel", sa.Text, comment="Name of the channel in the configuration."),
    sa.Column("source", sa.Text, comment="The list it tells of."),
    sa.Column("run_id", sa.Integer, comment="The run whose findings it tells; NULL: a date came near."),
    sa.Column("type", sa.Text, comment="catalog.changes, catalog.retiring, catalog.held and so on."),
    sa.Column("status", sa.Text, comment="pending, delivered, dead or dropped."),
    sa.Column("attempts", sa.Integer, comment="How often it was tried."),
    sa.Column(
        "next_attempt_at", UtcTime, comment="Not tried before this, nor while its channel backs off; NULL: never"
    ),
    sa.Column("delivered_at", UtcTime, comment="When the channel took it; NULL: not yet."),
    sa.Column("last_error", sa.Text, comment="Why the last attempt failed, in words."),
    sa.Column("created_at", UtcTime, comment="When it was enqueued."),
    comment="Alerts to a channel: pending, delivered, given up or dropped.",
)

prunable_delivery = sa.Table(
    "catalog_prunable_delivery",
    internal,
    sa.Column("delivery_id", sa.Integer, comment="Number of the delivery."),
    sa.Column("source_key", sa.Integer, comment="The source it tells of."),
    sa.Column("delivered_at", UtcTime, comment="When the channel took it."),
    comment="Deliveries that were made and that nothing refers to: once old enough, they may be dropped.",
)
