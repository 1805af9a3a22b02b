"""Every rule of the history notices what breaks it: one statement or more for each, tried on a filled catalog."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import invariants, tables
from tests import postgres
from tests.migrations import samples

NO_RUN = 9999  # a run that no catalog has
NAMED_BY_A_MODEL = (
    *("first_seen_run", "valid_from_run", "seen_run", "silent_run"),
    *("missing_run", "held_run", "removed_run", "lacked_run"),
)
NAMED_ELSEWHERE = (
    *(("catalog_state", name) for name in ("valid_from_run", "valid_to_run")),
    *(("catalog_change", name) for name in ("run_id", "proof_run", "observed_run")),
    *(("catalog_source", name) for name in ("last_whole_run", "absence_run", "baseline_run", "stranger_run")),
    *(("catalog_identity", name) for name in ("last_run", "whole_run")),
    ("catalog_delivery", "run_id"),
)
OVERLAPPING = """INSERT INTO catalog_state (model_key, valid_from_run, valid_to_run, own)
    SELECT model_key, valid_from_run + 1, valid_to_run + 1, own FROM catalog_state
    WHERE valid_to_run > valid_from_run + 1"""
AGAIN = """INSERT INTO catalog_change (change_id, run_id, model_key, kind, field, proof_run)
    SELECT change_id + 10000, run_id, model_key, '{kind}', NULL, NULL FROM catalog_change WHERE kind = '{of}'"""

FIRST_STATE = f"""UPDATE catalog_state SET valid_from_run = {NO_RUN} WHERE (model_key, valid_from_run) =
    (SELECT model_key, valid_from_run FROM catalog_state ORDER BY model_key, valid_from_run LIMIT 1)"""
UNMERGED = """UPDATE catalog_change SET run_id = (SELECT min(run_id) FROM catalog_run WHERE status = 'failed')
    WHERE change_id = 1"""

# Each breaks the rule beside it; some break others, too.
BREAKS = (
    *(
        ("a model's run references exist", f"UPDATE catalog_model SET {name} = {NO_RUN} WHERE id = 'a'")
        for name in NAMED_BY_A_MODEL
    ),
    *(
        (
            "the runs that states, changes, sources, identities and deliveries name exist",
            f"UPDATE {table} SET {name} = {NO_RUN}",
        )
        for table, name in NAMED_ELSEWHERE
        if (table, name) != ("catalog_state", "valid_from_run")  # a part of the key
    ),
    ("the runs that states, changes, sources, identities and deliveries name exist", FIRST_STATE),
    ("each state begins with a change that its run recorded", "DELETE FROM catalog_change WHERE kind = 'changed'"),
    ("a model belongs to a source", "UPDATE catalog_model SET source_key = 99 WHERE id = 'a' AND source_key = 1"),
    ("a state's shape exists", "UPDATE catalog_model SET shape_key = 999 WHERE id = 'a'"),
    ("a state's shape exists", "UPDATE catalog_state SET shape_key = 999"),
    (
        "a past state belongs to a model, and ends before the present one begins",
        "DELETE FROM catalog_model WHERE model_key IN (SELECT model_key FROM catalog_state)",
    ),
    (
        "a past state belongs to a model, and ends before the present one begins",
        "UPDATE catalog_model SET valid_from_run = first_seen_run",
    ),
    ("states of a model do not overlap", OVERLAPPING),
    (
        "a change belongs to a model and to a merged run",
        "UPDATE catalog_change SET model_key = 999 WHERE change_id = 1",
    ),
    ("a change belongs to a model and to a merged run", UNMERGED),
    ("no change is recorded twice", AGAIN.format(of="added", kind="added")),
    ("every model was added once", AGAIN.format(of="added", kind="added")),
    ("every model was added once", "DELETE FROM catalog_change WHERE change_id = 1"),
    ("removals and returns balance", AGAIN.format(of="removed", kind="returned")),
    ("removals and returns balance", "DELETE FROM catalog_change WHERE kind = 'removed'"),
    ("removals and returns balance", "UPDATE catalog_model SET removed_run = NULL"),
    (
        "a source's generation is that of its last merged run, and its first one is there",
        "UPDATE catalog_source SET generation = generation + 1 WHERE source = 'one'",
    ),
    (
        "a source's generation is that of its last merged run, and its first one is there",
        "DELETE FROM catalog_run WHERE generation = 1 AND source_key = 1",
    ),
    (
        "walks of a source end in the order of their merges",
        "UPDATE catalog_run SET walked_at = '2020-01-01T00:00:00.000000Z' WHERE source_key = 1 AND generation = 3",
    ),
    (
        "walks of a source end in the order of their merges",
        f"UPDATE catalog_run SET run_id = {NO_RUN} WHERE source_key = 1 AND generation = 3",
    ),
    (
        "a source knows how many models it lists",
        "UPDATE catalog_source SET models_listed = models_listed + 1 WHERE source = 'two'",
    ),
    *(
        (
            "a run's counts are the changes it recorded",
            f"UPDATE catalog_run SET {count} = {count} + 1 WHERE generation IS NOT NULL",
        )
        for count in ("added", "returned", "removed")
    ),
    (
        "absence is only ever inferred from whole walks",
        "UPDATE catalog_run SET whole = false WHERE run_id IN (SELECT removed_run FROM catalog_model)",
    ),
    (
        "absence is only ever inferred from whole walks",
        "UPDATE catalog_run SET whole = false WHERE run_id IN (SELECT missing_run FROM catalog_model)",
    ),
    (
        "a removal was recorded by a later walk than the one it is dated to",
        "UPDATE catalog_change SET observed_run = NULL WHERE kind = 'removed'",
    ),
    (
        "a removal was recorded by a later walk than the one it is dated to",
        "UPDATE catalog_change SET observed_run = run_id WHERE kind = 'removed'",
    ),
)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A frozen catalog that holds something of everything; each test takes back what it breaks."""
    newest = samples.revisions()[-1]
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("filled") / "catalog.db"
        with closing(samples.load(f"sqlite:///{path}", newest)) as database:
            yield database
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with server.database() as url, closing(samples.load(url, newest)) as database:
        yield database


@pytest.mark.parametrize(("rule", "statement"), BREAKS)
def test_every_rule_notices_what_breaks_it(filled: Database, rule: str, statement: str) -> None:
    with filled.engine.connect() as connection:
        assert invariants.broken_in(connection) == []
        lift_constraints(connection)
        assert connection.exec_driver_sql(statement).rowcount > 0
        assert rule in {found.rule for found in invariants.broken_in(connection)}
        connection.rollback()
        assert invariants.broken_in(connection) == []


def test_every_rule_has_a_statement_that_breaks_it() -> None:
    assert {rule for rule, _ in BREAKS} == set(invariants.RULES)


def test_a_lost_reference_is_noticed_where_sqlite_was_told_not_to_look(tmp_path: Path) -> None:
    with (
        closing(samples.load(f"sqlite:///{tmp_path / 'catalog.db'}", samples.revisions()[-1])) as database,
        database.engine.connect() as connection,
    ):
        lift_constraints(connection)
        connection.exec_driver_sql("UPDATE catalog_run SET source_key = 99 WHERE run_id = 1")
        assert invariants.REFERENCES in {found.rule for found in invariants.unsound_in(connection)}
        connection.rollback()
        assert invariants.unsound_in(connection) == []


def test_a_damaged_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    root = "SELECT rootpage FROM sqlite_master WHERE name = 'catalog_change'"
    with (
        closing(samples.load(f"sqlite:///{path}", samples.revisions()[-1])) as database,
        database.engine.connect() as connection,
    ):
        size = connection.exec_driver_sql("PRAGMA page_size").scalar_one()
        page = connection.exec_driver_sql(root).scalar_one()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    with closing(databases.open_(f"sqlite:///{path}")) as database, pytest.raises(DatabaseError, match="is damaged"):
        invariants.unsound(database)


def lift_constraints(connection: sa.Connection) -> None:
    """Let this transaction write what no program may: without triggers, checks and foreign keys."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for table in tables.metadata.sorted_tables:
            for check in (each for each in table.constraints if isinstance(each, sa.CheckConstraint)):
                connection.exec_driver_sql(f"ALTER TABLE {table.name} DROP CONSTRAINT IF EXISTS {check.name}")
        return
    connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")
    connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    for name in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
