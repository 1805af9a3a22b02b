"""What the database itself refuses: illegal states cannot be written, and nothing recorded be undone."""

import pytest
from sqlalchemy.exc import IntegrityError

from catalog.service import sync
from catalog.store.engine import database as databases
from catalog.store.ingest import runs
from catalog.store.schema import upgrade
from tests.store.world import World

pytestmark = pytest.mark.promise("P6")

# A little history: run 1 baseline (a, b, c, d), run 2 renames a, 3 and 4 remove b, c is missing since 5. Run 6 is open.
MODEL = "SELECT model_key FROM catalog_model WHERE id = '{}'"
NEW_MODEL = (
    "INSERT INTO catalog_model (model_key, source_key, id, own, digest, valid_from_run, first_seen_run, seen_run{})"
    " VALUES (100, 1, {}, '{{}}', '', 5, 5, 5{})"
)
NEW_RUN = (
    "INSERT INTO catalog_run (run_id, source_key, status, generation, baseline, whole, started_at, walked_at,"
    " finished_at, scope, pages, models_seen, added, returned, changed, missing, removed)"
    " VALUES (100, {}, '{}', {}, {}, '2027-01-01T00:00:00.000000Z', '{{}}', 0, 0, 0, 0, 0, 0, 0)"
)
MERGE = (
    "UPDATE catalog_run SET status = 'complete', generation = {}, walked_at = '{}',"
    " finished_at = '2027-01-01T00:00:00.000000Z' WHERE run_id = 6"
)
NEW_CHANGE = (
    "INSERT INTO catalog_change (change_id, run_id, model_key, kind, field, old_value, new_value, proof_run,"
    " observed_run) VALUES ({})"
)
NEW_STATE = (
    "INSERT INTO catalog_state (model_key, valid_from_run, valid_to_run, own) SELECT model_key, {}, {}, '{{}}'"
    " FROM catalog_model WHERE id = '{}'"
)
ILLEGAL = {
    # The change log is append-only.
    "edit a change": "UPDATE catalog_change SET kind = 'returned'",
    "backdate a change": "UPDATE catalog_change SET proof_run = NULL",
    "delete a change": "DELETE FROM catalog_change WHERE change_id = 1",
    "a change of no kind": NEW_CHANGE.format("100, 5, 1, 'gone', NULL, NULL, NULL, NULL, NULL"),
    "a changed without a field": NEW_CHANGE.format("100, 5, 1, 'changed', NULL, NULL, NULL, NULL, NULL"),
    "an added with a field": NEW_CHANGE.format("100, 5, 1, 'added', 'line', NULL, NULL, NULL, NULL"),
    "an added with a value": NEW_CHANGE.format("100, 5, 1, 'added', NULL, NULL, '1', NULL, NULL"),
    "a proof that is no earlier": NEW_CHANGE.format("100, 5, 1, 'added', NULL, NULL, NULL, 5, NULL"),
    "an observation after its record": NEW_CHANGE.format("100, 5, 1, 'removed', NULL, NULL, NULL, NULL, 5"),
    "the same change number": NEW_CHANGE.format("1, 5, 1, 'added', NULL, NULL, NULL, NULL, NULL"),
    # States that are over are never edited, and do not overlap.
    "edit a past state": "UPDATE catalog_state SET display_name = 'Never'",
    "move a past state": "UPDATE catalog_state SET valid_to_run = valid_to_run + 1",
    "delete a past state": "DELETE FROM catalog_state",
    "a past state that never was the present one": NEW_STATE.format(3, 4, "a"),
    "a past state from nowhere": NEW_STATE.format(1, 2, "b"),
    "a state that ends before it begins": NEW_STATE.format(2, 1, "a"),
    "a state that ends as it begins": NEW_STATE.format(2, 2, "a"),
    # One present state per model, never edited in place.
    "a second row of one model": NEW_MODEL.format("", "'a'", ""),
    "a model without an id": NEW_MODEL.format("", "''", ""),
    "a model with an endless id": NEW_MODEL.format("", f"'{'x' * 257}'", ""),
    "edit a state in place": "UPDATE catalog_model SET display_name = 'Never' WHERE id = 'a'",
    "edit a state's date in place": "UPDATE catalog_model SET retires_at = '2027-01-01T00:00:00Z' WHERE id = 'a'",
    "edit a state's attributes in place": "UPDATE catalog_model SET own = '{\"x\": 1}' WHERE id = 'a'",
    "edit a state to NULL": "UPDATE catalog_model SET display_name = NULL WHERE id = 'a'",
    "begin a state without keeping the one before": "UPDATE catalog_model SET valid_from_run = 6 WHERE id = 'a'",
    "begin a state earlier": "UPDATE catalog_model SET valid_from_run = 1 WHERE id = 'a'",
    "a model that lost its first sight": "UPDATE catalog_model SET first_seen_run = 2 WHERE id = 'd'",
    "another id": "UPDATE catalog_model SET id = 'z' WHERE id = 'a'",
    "another source": "UPDATE catalog_model SET source_key = 2 WHERE id = 'a'",
    "delete a model": "DELETE FROM catalog_model WHERE id = 'b'",
    "take a removal back": "UPDATE catalog_model SET removed_run = NULL WHERE id = 'b'",
    "move a removal": "UPDATE catalog_model SET removed_run = 4 WHERE id = 'b'",
    "a removal before the last sight": "UPDATE catalog_model SET removed_run = seen_run WHERE id = 'd'",
    "missing and removed at once": "UPDATE catalog_model SET removed_run = 5 WHERE id = 'c'",
    "missing when it was last seen": "UPDATE catalog_model SET missing_run = seen_run WHERE id = 'd'",
    "held and not missing": "UPDATE catalog_model SET held_run = 5 WHERE id = 'd'",
    "seen before it was there": "UPDATE catalog_model SET seen_run = 0 WHERE id = 'd'",
    "negative tokens": NEW_MODEL.format(", max_tokens", "'x'", ", -1"),
    "no tokens": NEW_MODEL.format(", max_input_tokens", "'x'", ", 0"),
    # Runs begin, then merge, in order, once; then they stand.
    "edit a finished run": "UPDATE catalog_run SET added = 5 WHERE run_id = 1",
    "reopen a finished run": "UPDATE catalog_run SET status = 'running', finished_at = NULL WHERE run_id = 1",
    "delete a run": "DELETE FROM catalog_run WHERE run_id = 6",
    "a run that begins merged": NEW_RUN.format(1, "complete", 6, "false, true, '2027-01-01T00:00:00.000000Z', NULL"),
    "a run of no status": "UPDATE catalog_run SET status = 'fine', finished_at = started_at WHERE run_id = 6",
    "a running run that finished": "UPDATE catalog_run SET finished_at = started_at WHERE run_id = 6",
    "a failed run that did not finish": "UPDATE catalog_run SET status = 'failed' WHERE run_id = 6",
    "a failed run that merged": "UPDATE catalog_run SET status = 'failed', generation = 6, walked_at = started_at,"
    " finished_at = started_at WHERE run_id = 6",
    "a complete run that merged nothing": "UPDATE catalog_run SET status = 'complete', finished_at = started_at"
    " WHERE run_id = 6",
    "a merge of no walk": "UPDATE catalog_run SET status = 'complete', generation = 6, finished_at = started_at"
    " WHERE run_id = 6",
    "a second merge of a generation": MERGE.format(5, "2027-01-01T00:00:00.000000Z"),
    "a merge that skips a generation": MERGE.format(7, "2027-01-01T00:00:00.000000Z"),
    "a merge whose walk ended before the last": MERGE.format(6, "2025-01-01T00:00:00.000000Z"),
    "a run of no source": NEW_RUN.format(9, "running", "NULL", "false, false, '2027-01-01T00:00:00.000000Z', NULL"),
    # Sources only go forward.
    "delete a source": "DELETE FROM catalog_source",
    "turn a generation back": "UPDATE catalog_source SET generation = generation - 1",
    "rename a source": "UPDATE catalog_source SET source = 'other'",
    "a source twice": "INSERT INTO catalog_source (source_key, source, base_url, configured, generation,"
    " models_listed) VALUES (2, 'one', '', true, 0, 0)",
    "fewer models than none": "UPDATE catalog_source SET models_listed = -1",
    "pages of no source": "INSERT INTO catalog_page (source_key, digest, model_keys, last_id, has_more)"
    " VALUES (9, '', '', '', true)",
    # Shared attributes stand for every state that names them.
    "a shape twice": "INSERT INTO catalog_shape (shape_key, digest, body) SELECT 100, digest, body FROM catalog_shape",
    "edit a shape": "UPDATE catalog_shape SET body = '{}'",
    "delete a shape": "DELETE FROM catalog_shape",
}


@pytest.fixture
def history(world: World) -> World:
    """The little history."""
    world.lists("a", "b", "c", "d", large="x" * 500)
    world.sync()
    world.server.models[0]["display_name"] = "Other"
    world.sync()
    del world.server.models[1]
    world.sync()
    world.sync(after=20)
    del world.server.models[1]
    world.sync()
    assert world.rows("models", "id", "removed_at", "missing_since") == [
        ("a", None, None),
        ("b", 33, None),
        ("c", None, 65),
        ("d", None, None),
    ]
    with world.database.write() as connection:
        runs.begin(connection, 1, sync.scope_of(world.source("one")), world.now)
    return world


def taken(history: World) -> set[str]:
    """Try each statement; give the names of those that were not refused as breaking a rule."""
    found = set()
    for name, statement in ILLEGAL.items():
        with history.database.engine.connect() as connection, connection.begin() as transaction:
            try:
                connection.exec_driver_sql(statement)
            except IntegrityError:
                pass
            else:
                found.add(name)
            transaction.rollback()
    return found


def test_every_illegal_statement_is_refused(history: World) -> None:
    assert taken(history) == set()
    assert len(history.rows("changes", "change_id")) == 6


def test_nothing_is_emptied_at_once(postgres_url: str) -> None:
    opened = databases.open_(postgres_url)
    upgrade.ensure(opened)
    for table in ("change", "model", "run", "shape", "source", "state"):
        with opened.engine.connect() as connection, pytest.raises(IntegrityError):
            connection.exec_driver_sql(f"TRUNCATE catalog_{table} CASCADE")
    opened.close()
