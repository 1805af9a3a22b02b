"""Pages find by an index which models retired, and which runs changed a lifecycle or a date of retirement."""

from alembic import op

revision = "0011"
down_revision = "0010"

INDEXES = (
    (
        "catalog_model_retired_idx",
        "catalog_model (retires_at)",
        "retires_at IS NOT NULL AND removed_run IS NOT NULL",
    ),
    ("catalog_change_lifecycle_idx", "catalog_change (run_id, model_key)", "field IN ('lifecycle', 'retires_at')"),
)


def upgrade() -> None:
    """Make both."""
    for name, columns, condition in INDEXES:
        op.execute(f"CREATE INDEX {name} ON {columns} WHERE {condition}")
