"""Bringing a catalog to head: databases of other programs are refused, and two at once do it once."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from catalog.errors import DatabaseError, Exit, SchemaError
from catalog.store.engine import database as databases
from catalog.store.schema import tables, upgrade, versions
from tests.migrations.test_schema import opened, reflected

pytestmark = pytest.mark.promise("P3")

ROOT = Path(__file__).parents[2]


BEFORE = [f"{number:04}" for number in range(int(versions.FIRST))]
BEYOND = [f"{int(upgrade.HEAD) + 1:04}", "9999", "abc123", "", "-001", "00090", "٠٠٠٤", " 0004", "0004\n", "4"]


@pytest.mark.parametrize(
    ("revision", "words", "hint"),
    [(revision, f"was made before the first release (schema {revision})", "catalog sync") for revision in BEFORE]
    + [(revision, f"newer than this program's {upgrade.HEAD}", "upgrade the program") for revision in BEYOND],
)
def test_a_schema_that_this_program_does_not_know_is_refused_and_untouched(
    migrated_url: str, revision: str, words: str, hint: str
) -> None:
    with opened(migrated_url) as database:
        number = sa.text(f"UPDATE {tables.VERSION_TABLE} SET version_num = :number")
        with database.write() as connection:
            connection.execute(number, {"number": revision})
        before = reflected(database)
        for refuse in (upgrade.current, upgrade.ensure, upgrade.upgrade, upgrade.require):
            with pytest.raises(SchemaError) as caught:
                refuse(database)
            told = (caught.value.exit_code, words in caught.value.message, hint in caught.value.hint)
            assert told == (Exit.DATABASE, True, True)
            assert ("newer" in caught.value.message) is (revision in BEYOND)
        assert reflected(database) == before


@pytest.mark.parametrize("name", ["invoice", "models", "catalog_model"])
def test_a_file_that_holds_something_else_is_refused_and_untouched(tmp_path: Path, name: str) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE {name} (x)")
    connection.close()
    before = path.read_bytes()
    with opened(f"sqlite:///{path}") as database:
        for refuse in (upgrade.current, upgrade.ensure, upgrade.upgrade):
            with pytest.raises(SchemaError, match=f"not a catalog: it holds {name}"):
                refuse(database)
    assert path.read_bytes() == before


def test_a_postgres_schema_may_hold_other_things_but_none_of_our_names(postgres_url: str) -> None:
    with opened(postgres_url) as database:
        with database.write() as connection:
            connection.execute(sa.text("CREATE TABLE invoice (x int)"))
        assert upgrade.ensure(database) is None
    with opened(postgres_url) as database:
        assert upgrade.current(database) == upgrade.HEAD
        assert upgrade.differences(database) == []


@pytest.mark.parametrize("kind", ["TABLE models (x int)", "VIEW changes AS SELECT 1 AS x", "TABLE catalog_run (x int)"])
def test_a_postgres_schema_with_one_of_our_names_is_refused(postgres_url: str, kind: str) -> None:
    with opened(postgres_url) as database:
        with database.write() as connection:
            connection.execute(sa.text(f"CREATE {kind}"))
        with pytest.raises(SchemaError, match="not a catalog: it holds"):
            upgrade.ensure(database)
        with database.read() as connection:
            assert not sa.inspect(connection).has_table(tables.VERSION_TABLE)


def test_a_trigger_of_others_that_refuses_is_named_and_nothing_is_made(postgres_url: str) -> None:
    with opened(postgres_url) as database:
        with database.write() as connection:
            body = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not here'; END $$"
            connection.exec_driver_sql(f"CREATE FUNCTION refuse() RETURNS event_trigger {body}")
            connection.exec_driver_sql(
                "CREATE EVENT TRIGGER theirs ON ddl_command_start WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION refuse()"
            )
        with pytest.raises(DatabaseError, match="has a trigger, not one of the catalog's") as raised:
            upgrade.ensure(database)
        assert "event triggers" in raised.value.hint
        with database.read() as connection:
            assert sa.inspect(connection).get_table_names() == []


@pytest.mark.parametrize("answer", ["false", "NULL"])
def test_an_operator_of_others_that_finds_no_text_equal_is_told_and_nothing_is_made(
    postgres_url: str, answer: str
) -> None:
    with opened(postgres_url) as database:
        with database.write() as connection:
            made = f"RETURNS boolean LANGUAGE sql AS 'SELECT {answer}::boolean'"
            connection.exec_driver_sql(f"CREATE FUNCTION never(varchar, varchar) {made}")
            connection.exec_driver_sql("CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = never)")
        with pytest.raises(SchemaError, match="did not keep the number") as raised:
            upgrade.ensure(database)
        assert "operators of others" in raised.value.hint
        with database.read() as connection:
            assert sa.inspect(connection).get_table_names() == []


def test_several_processes_upgrade_at_once_and_all_find_it_done(database_url: str) -> None:
    code = (
        "import sys, alembic.command\n"
        "from catalog.store.engine import database; from catalog.store.schema import upgrade\n"
        "opened = database.open_(sys.argv[1]); print('ready', flush=True); sys.stdin.readline()\n"
        "upgrade.ensure(opened); print(upgrade.current(opened))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, database_url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    ended = [process.communicate("go\n", timeout=60) for process in started]
    assert ended == [(f"{upgrade.HEAD}\n", "")] * 3


def test_threads_of_one_process_migrate_databases_of_their_own(tmp_path: Path) -> None:
    """Alembic keeps the migration that goes on in its modules: threads wrote into one another's databases."""
    together = threading.Barrier(8)

    def make(number: int) -> list[str]:
        with closing(databases.open_(f"sqlite:///{tmp_path / str(number)}.db", must_exist=False)) as database:
            together.wait(30)
            upgrade.ensure(database)
            return upgrade.differences(database)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(make, range(8))) == [[]] * 8


def test_the_printed_sql_makes_the_same_schema(sqlite_url: str, migrated_file: Path) -> None:
    with opened(sqlite_url) as database:
        printed = upgrade.sql(database)
        assert database.path is not None
        with sqlite3.connect(database.path) as connection:
            connection.executescript(printed)
        connection.close()
        assert upgrade.current(database) == upgrade.HEAD
        with opened(f"sqlite:///{migrated_file}") as migrated:
            assert objects(database) == objects(migrated)


def objects(database: databases.Database) -> set[tuple[object, ...]]:
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT type, name, sql FROM sqlite_master")).all()
    return {(row.type, row.name, " ".join((row.sql or "").split())) for row in rows}


def test_the_printed_sql_makes_the_same_schema_on_postgres(postgres_url: str, migrated_database: str) -> None:
    with opened(postgres_url) as database:
        plain = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(upgrade.sql(database).encode())
        assert upgrade.current(database) == upgrade.HEAD
        assert upgrade.differences(database) == []
        other = database.url.set(database=migrated_database).render_as_string(hide_password=False)
        with opened(other) as migrated:
            assert (reflected(database), definitions(database)) == (reflected(migrated), definitions(migrated))


def definitions(database: databases.Database) -> set[tuple[object, ...]]:
    with database.read() as connection:
        views = connection.execute(sa.text("SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'"))
        functions = connection.execute(
            sa.text("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        )
        triggers = connection.execute(
            sa.text("SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal")
        )
        return {tuple(row) for rows in (views, functions, triggers) for row in rows}
