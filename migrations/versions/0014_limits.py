"""Streams and feeds find by an index which runs changed a limit: they tell when one is lower, unless asked for less."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the index."""
    fields = "'max_input_tokens', 'max_tokens'"
    op.execute(f"CREATE INDEX catalog_change_limits_idx ON catalog_change (run_id) WHERE field IN ({fields})")
