"""Catalogs of any age: the revisions there are, and a database as an older program left it, with rows in it."""

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade

# In an order that every revision takes: a run begins before it merges, and a state is there before it ends.
ROWS = """
INSERT INTO catalog_source (source_key, source, base_url, configured, generation, models_listed)
VALUES (1, 'one', 'https://api.example', true, 0, 0);

INSERT INTO catalog_run (run_id, source_key, status, baseline, whole, started_at, scope, pages, models_seen, added,
                         returned, changed, missing, removed)
VALUES (1, 1, 'running', true, true, '2026-01-01T00:00:01.000000Z', '{}', 1, 1, 1, 0, 0, 0, 0),
       (2, 1, 'running', false, true, '2026-01-01T00:00:03.000000Z', '{}', 1, 1, 0, 0, 1, 0, 0);

UPDATE catalog_run SET status = 'complete', generation = 1, walked_at = '2026-01-01T00:00:02.000000Z',
                       finished_at = '2026-01-01T00:00:02.000000Z' WHERE run_id = 1;

UPDATE catalog_run SET status = 'complete', generation = 2, walked_at = '2026-01-01T00:00:04.000000Z',
                       finished_at = '2026-01-01T00:00:04.000000Z' WHERE run_id = 2;

INSERT INTO catalog_shape (shape_key, digest, body) VALUES (1, 'd', '{"large": [1, 2]}');

INSERT INTO catalog_model (model_key, source_key, id, display_name, own, shape_key, digest, valid_from_run,
                           first_seen_run, seen_run)
VALUES (1, 1, 'a', 'Old', '{"own": null}', 1, '', 1, 1, 1);

INSERT INTO catalog_state (model_key, valid_from_run, valid_to_run, display_name, own, shape_key)
VALUES (1, 1, 2, 'Old', '{"own": null}', 1);

UPDATE catalog_model SET display_name = 'New', valid_from_run = 2 WHERE model_key = 1;

INSERT INTO catalog_change (change_id, run_id, model_key, kind) VALUES (1, 1, 1, 'added');

INSERT INTO catalog_change (change_id, run_id, model_key, kind, field, old_value, new_value, proof_run)
VALUES (2, 2, 1, 'changed', 'display_name', '"Old"', '"New"', 1);

UPDATE catalog_source SET generation = 2, models_listed = 1, last_whole_run = 2, absence_run = 2
"""
FIRST_TABLES = ("source", "run", "shape", "model", "state", "change", "page")


def older() -> list[str]:
    """Every revision before the head, oldest first."""
    scripts = ScriptDirectory.from_config(upgrade._config())
    return sorted(script.revision for script in scripts.walk_revisions() if script.revision != upgrade.HEAD)


def open_at(url: str, revision: str) -> Database:
    """Make a catalog at a revision, and fill it."""
    opened = databases.open_(url)
    databases.create_file(opened)
    upgrade._prepare(opened)
    with opened.write() as connection:
        config = upgrade._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for statement in ROWS.split(";"):
            connection.exec_driver_sql(statement)
    return opened


def rows(database: Database) -> dict[str, list[dict[str, object]]]:
    """Everything in the tables that every revision has, by the names of the columns: later ones add some."""
    found = {}
    with database.read() as connection:
        for table in FIRST_TABLES:
            columns = [column["name"] for column in sa.inspect(connection).get_columns(f"catalog_{table}")]
            wanted = f"SELECT {', '.join(sorted(columns))} FROM catalog_{table} ORDER BY 1, 2"
            found[table] = [dict(row) for row in connection.execute(sa.text(wanted)).mappings()]
    return found
