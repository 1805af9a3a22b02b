"""What made a run fail, as a class: `status` must not read it out of the words of an error."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

COMMENT = "Class of what made it fail: key, certificate, configuration, list, database, unexpected; NULL: nothing did."


def upgrade() -> None:
    """Add the column; of runs that failed before, the class is not known."""
    op.add_column("catalog_run", sa.Column("failure", sa.Text, comment=COMMENT))
