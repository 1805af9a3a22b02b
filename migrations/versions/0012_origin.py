"""Runs say whether they read the list itself or a recorded answer, and are found in the order of time."""

from alembic import op

revision = "0012"
down_revision = "0011"

SYNC_RUNS = """
CREATE VIEW sync_runs AS
SELECT run.run_id, source.source, run.status, run.origin, run.started_at, run.finished_at, run.scope, run.pages,
       run.models_seen, run.added, run.returned, run.changed, run.missing, run.removed, run.error
FROM catalog_run AS run
JOIN catalog_source AS source ON source.source_key = run.source_key
"""


def upgrade() -> None:
    """Every run there is was live."""
    op.execute(
        "ALTER TABLE catalog_run ADD COLUMN origin TEXT DEFAULT 'live' NOT NULL "
        "CONSTRAINT catalog_run_origin_check CHECK (origin IN ('live', 'backfill'))"
    )
    op.execute("DROP VIEW sync_runs")
    op.execute(SYNC_RUNS)
    op.execute("CREATE INDEX catalog_run_began_idx ON catalog_run (started_at, run_id)")
