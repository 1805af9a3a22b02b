"""Runs of one source by number and by time: each command asks for the last ones, among a million."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# As the rule was, `max(generation)` may be looked for along any index of a source's runs. This one names the order.
RULE = "catalog_run_rule_13"
HIGHEST = """SELECT generation FROM catalog_run WHERE source_key = NEW.source_key AND generation IS NOT NULL
            ORDER BY generation DESC LIMIT 1"""

# Said as `=`, a planner walks down the runs of all sources: far, for one that was not read for long.
SOURCES = """
VIEW sources AS
SELECT source.source, source.base_url, source.scope, source.configured, whole.walked_at AS last_whole_at,
       (SELECT run.status FROM catalog_run AS run
        WHERE run.source_key BETWEEN source.source_key AND source.source_key
        ORDER BY run.source_key DESC, run.run_id DESC LIMIT 1) AS last_status,
       source.models_listed
FROM catalog_source AS source
LEFT JOIN catalog_run AS whole ON whole.run_id = source.last_whole_run
"""


def upgrade() -> None:
    """Make two indexes, and keep the rules of history as quick as they were."""
    op.create_index("catalog_run_source_key_idx", "catalog_run", ["source_key", "run_id"])
    op.create_index("catalog_run_started_at_idx", "catalog_run", ["source_key", "started_at"])
    _index("recorded", "added + returned + changed + removed > 0", "finished_at", "run_id")
    _index("restored", """status = 'skipped' AND replace(scope, '"restored_run"', '') <> scope""", "run_id")
    _look_up_the_last_status()
    if op.get_context().dialect.name == "sqlite":
        op.execute(f"DROP TRIGGER {RULE}")
        op.execute(
            f"""CREATE TRIGGER {RULE} BEFORE UPDATE ON catalog_run WHEN NEW.generation IS NOT NULL
            AND NEW.generation <> 1 + coalesce(({HIGHEST}), 0)
            BEGIN SELECT RAISE(ABORT, 'each merge adds one to the generation'); END"""
        )


def _index(name: str, condition: str, *columns: str) -> None:
    where = sa.text(condition)
    op.create_index(f"catalog_run_{name}_idx", "catalog_run", list(columns), sqlite_where=where, postgresql_where=where)


def _look_up_the_last_status() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP VIEW sources")
        op.execute(f"CREATE {SOURCES}")
    else:
        op.execute(f"CREATE OR REPLACE {SOURCES}")  # with the grants and comments that it has
