"""The schema that migrations make is the one the program knows, down to the comments."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import indexes, tables, upgrade, views
from tests import postgres


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = databases.open_(url)
    databases.create_file(database)
    yield database
    database.close()


def reflected(database: Database) -> dict[str, Any]:
    """What a database says of its tables, apart from the order of things that have none."""
    with database.read() as connection:
        inspector = sa.inspect(connection)
        found = [name for name in inspector.get_table_names() if name != tables.VERSION_TABLE]
        return {name: table(inspector, name) for name in found}


def table(inspector: sa.Inspector, name: str) -> dict[str, Any]:
    postgres = inspector.dialect.name == "postgresql"
    return {
        "columns": {
            column["name"]: (repr(column["type"]), column["nullable"], column["default"], column.get("comment"))
            for column in inspector.get_columns(name)
        },
        "primary key": (*inspector.get_pk_constraint(name)["constrained_columns"],),
        "unique": named(inspector.get_unique_constraints(name)),
        "checks": named(inspector.get_check_constraints(name)),
        "keys": named(inspector.get_foreign_keys(name)),
        "indexes": named(inspector.get_indexes(name)),
        "comment": inspector.get_table_comment(name) if postgres else None,
    }


def named(found: Any) -> dict[str, dict[str, str]]:
    return {one["name"]: {key: str(value) for key, value in plain(one).items()} for one in found}


def plain(one: Any) -> dict[str, Any]:
    """Spell the conditions of indexes out: they come as objects that never compare equal."""
    options = one.get("dialect_options", {})
    return {**one, "dialect_options": {name: str(value) for name, value in options.items()}}


def fresh(database: Database) -> Any:
    with database.write() as connection:
        indexes.metadata.create_all(connection)
    return reflected(database)


@pytest.mark.promise("P3")
def test_migrated_equals_fresh(migrated_url: str, request: pytest.FixtureRequest, sqlite_url: str) -> None:
    with opened(migrated_url) as database:
        migrated = reflected(database)
    if migrated_url.startswith("sqlite"):
        with opened(f"{sqlite_url}.fresh") as database:
            made = fresh(database)
    else:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        with server.database() as url, opened(url) as database:
            made = fresh(database)
    assert migrated.keys() == made.keys() == tables.metadata.tables.keys()
    for name, details in made.items():
        assert migrated[name] == details


def test_a_migrated_database_needs_no_further_migration(migrated_url: str) -> None:
    with opened(migrated_url) as database:
        assert upgrade.current(database) == upgrade.HEAD
        assert upgrade.differences(database) == []


def test_the_head_is_the_last_revision_there_is() -> None:
    from alembic.script import ScriptDirectory

    assert ScriptDirectory.from_config(upgrade._config()).get_heads() == [upgrade.HEAD]


def test_the_views_have_the_columns_of_the_surface(migrated_url: str) -> None:
    with opened(migrated_url) as database, database.read() as connection:
        inspector = sa.inspect(connection)
        found = {
            name: [column["name"] for column in inspector.get_columns(name)] for name in inspector.get_view_names()
        }
    known = {**views.surface.tables, **views.internal.tables}
    assert found == {name: list(view.columns.keys()) for name, view in known.items()}


def test_every_view_can_be_read_as_the_program_knows_it(migrated_url: str) -> None:
    with opened(migrated_url) as database, database.read() as connection:
        assert [connection.execute(sa.select(view)).all() for view in views.surface.tables.values()] == [
            [] for _ in views.surface.tables
        ]


@pytest.mark.parametrize(
    "metadata", [tables.metadata, views.surface, views.internal], ids=["tables", "views", "internal views"]
)
def test_everything_has_a_comment_of_one_line(metadata: sa.MetaData) -> None:
    commented = [(part.name, part.comment) for table in metadata.tables.values() for part in (table, *table.columns)]
    assert [name for name, comment in commented if not comment or "\n" in comment or len(comment) > 120] == []


def test_the_comments_are_in_a_postgres_database_itself(postgres_url: str) -> None:
    with opened(postgres_url) as database:
        upgrade.ensure(database)
        with database.read() as connection:
            rows = connection.execute(
                sa.text(
                    "SELECT c.relname, a.attname, coalesce(col_description(c.oid, a.attnum), '') FROM pg_class c"
                    " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
                    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v')"
                    " UNION ALL SELECT c.relname, '', coalesce(obj_description(c.oid), '') FROM pg_class c"
                    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v')"
                )
            ).all()
    said = {(relation, column): comment for relation, column, comment in rows if relation != tables.VERSION_TABLE}
    known = {
        (table.name, part.name if part is not table else ""): part.comment
        for table in (
            *tables.metadata.tables.values(),
            *views.surface.tables.values(),
            *views.internal.tables.values(),
        )
        for part in (table, *table.columns)
    }
    assert said == known


def test_the_rules_of_both_databases_are_the_same(sqlite_url: str, postgres_url: str) -> None:
    guarded = []
    for url in (sqlite_url, postgres_url):
        with opened(url) as database:
            upgrade.ensure(database)
            with database.read() as connection:
                query = "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger'"
                if not database.is_sqlite:
                    query = "SELECT DISTINCT event_object_table FROM information_schema.triggers"
                guarded.append(set(connection.scalars(sa.text(query))))
    assert guarded[0] == guarded[1] != set()
