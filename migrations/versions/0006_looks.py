"""What a channel was last looked at with, so that no date is looked at twice; indexes of what was not delivered."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql")
COLUMNS = (
    ("looked_at", TIME, "When dates were last looked at for it; NULL: not since it is there."),
    ("looked_change", sa.Integer(), "The last change in the log that was looked at then."),
    ("asks", sa.Text(), "Digest of what it asked for then."),
    ("watches", sa.Text(), "Ids that were watched then, as JSON text; NULL: not noted."),
)


def upgrade() -> None:
    """Add the columns and the indexes; what is watched before the first look is told of as little as before."""
    for name, kind, comment in COLUMNS:
        op.add_column("catalog_channel", sa.Column(name, kind, comment=comment))
    _index("catalog_delivery_open_idx", "status <> 'delivered'", "channel")
    op.drop_index("catalog_delivery_owed_idx", "catalog_delivery")
    _index("catalog_delivery_owed_idx", "status = 'owed'", "channel", "delivery_id")


def _index(name: str, condition: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "catalog_delivery", list(columns), sqlite_where=where, postgresql_where=where)
