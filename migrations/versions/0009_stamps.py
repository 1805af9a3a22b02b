"""The creation dates of the last walk that only said when the list was asked for, to see one that stays."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

COMMENT = "Creation dates of the last walk that only said when; JSON text, NULL: none."


def upgrade() -> None:
    """Add the column; the next walk fills it."""
    op.add_column("catalog_source", sa.Column("stamps", sa.Text(), comment=COMMENT))
