"""Postgres as it is run: in a schema of its own, and with as few rights as docs/how-to/postgres.md says."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from catalog.config import load
from catalog.errors import DatabaseError
from catalog.events import DeliveryError
from catalog.monitor import metrics
from catalog.settings import DatabaseSettings
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.ingest import prune
from catalog.store.outbox import enqueue, queue
from catalog.store.schema import upgrade
from catalog.wiring import after_run
from tests import postgres
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import Enter, World
from tests.subscribing import team

HOW_TO = (Path(__file__).parents[2] / "docs" / "how-to" / "postgres.md").read_text()
ROLES, GRANTS, READER = re.findall(r"```sql\n(.*?)```", HOW_TO, re.DOTALL)
NAMES = ("catalog_owner", "catalog_app", "catalog_reader")


@pytest.fixture
def roles(postgres_server: postgres.Server, postgres_url: str) -> Iterator[dict[str, str]]:
    """The database as the how-to leaves it: for each of its roles a URL. Roles are the whole server's: names differ."""
    name = postgres.name_of(postgres_url)
    mine = {role: f"{role}_{name}" for role in NAMES}
    owner = databases.open_(postgres_url)
    urls = {role: _as(owner.url, named) for role, named in mine.items()}
    _execute(postgres_url, ROLES, mine | {"platform": name})
    upgraded = databases.open_(urls["catalog_owner"])
    upgrade.ensure(upgraded)
    upgraded.close()
    _execute(urls["catalog_owner"], GRANTS, mine)
    _execute(postgres_url, READER, mine)
    yield urls
    with owner.write() as connection:
        for named in mine.values():
            connection.exec_driver_sql(f"DROP OWNED BY {named} CASCADE")
            connection.exec_driver_sql(f"DROP ROLE {named}")
    owner.close()


def _as(url: sa.URL, role: str) -> str:
    in_schema = url.set(username=role).update_query_dict({"options": "-csearch_path=models"})
    return in_schema.render_as_string(hide_password=False)


def _execute(url: str, script: str, names: dict[str, str]) -> None:
    for name, mine in names.items():
        script = re.sub(rf"\b{name}\b", mine, script)
    database = databases.open_(url)
    with database.write() as connection:
        connection.exec_driver_sql(script)
    database.close()


@pytest.fixture
def enter(server: ModelsServer) -> Iterator[Enter]:
    """Make worlds around the server, one per URL."""
    with worlds.entering(server) as enter:
        yield enter


def story(world: World) -> None:
    """Everything a daily run may have to write."""
    world.page_size = 2
    world.lists("a", "b", "c", large="x" * 500)
    world.sync()
    world.lists("a", "b", display_name="Other 😀")
    world.sync()
    world.sync(after=60)
    world.lists("a", "b", "c")
    world.sync()
    world.cut()
    assert world.listed() == "abc"
    world.check()


def alerts(world: World) -> None:
    """Everything that is written about alerts; leaves one that is pending."""
    patient = team("added", "removed", settle=timedelta(hours=1))
    for ids in ("abc", "ab", "ab", "abc", "ac", "ac", "acd"):
        world.lists(*ids)
        world.sync(after=60, subscriptions=patient)
    for settled in (queue.ack, partial(queue.nack, error=DeliveryError("down", gone=True))):
        enqueue.from_clock(world.database, patient, world.now + timedelta(hours=1))
        leased = queue.lease(world.database, "team", world.now + timedelta(hours=1), lambda: "mine")
        assert leased is not None
        settled(world.database, leased, now=world.now)
    assert queue.requeue(world.database, now=world.now) == 1


def test_a_role_that_may_create_nothing_does_the_daily_work(roles: dict[str, str], enter: Enter) -> None:
    world = enter(roles["catalog_app"])
    assert upgrade.ensure(world.database, auto=False) == upgrade.HEAD
    story(world)


def test_the_daily_role_enqueues_and_delivers_alerts_and_a_role_that_only_reads_sees_them(
    roles: dict[str, str], enter: Enter
) -> None:
    alerts(enter(roles["catalog_app"]))
    reader = enter(roles["catalog_reader"])
    assert reader.rows("deliveries", "delivery_id", "status") == [(1, "delivered"), (2, "pending")]
    with reader.database.read() as connection:
        assert [(backlog.channel, backlog.pending) for backlog in queue.backlog(connection)] == [("team", 1)]
    assert b'catalog_alerts_pending{channel="team"} 1.0' in metrics.page(reader.database)


@pytest.mark.warns
def test_a_role_that_may_not_delete_drops_nothing_and_says_so_once_a_day(
    roles: dict[str, str], enter: Enter, caplog: pytest.LogCaptureFixture
) -> None:
    world = enter(roles["catalog_app"])
    world.lists("a")
    for _ in range(4):
        world.sync()
    settings = DatabaseSettings(url=roles["catalog_app"], keep_runs=timedelta(microseconds=1))
    for _ in range(3):
        after_run.prune_records(replace(load(directory=Path("/")), database=settings), world.database)
    (told,) = [record for record in caplog.records if record.name.startswith("catalog")]
    assert told.getMessage().startswith("old runs were not dropped: ")
    grant = prune.missing_right(world.database)
    assert re.fullmatch(r"GRANT DELETE ON catalog_run, catalog_delivery TO catalog_app_\w+", grant)
    assert len(world.rows("sync_runs", "run_id")) == 4
    owner = enter(roles["catalog_owner"])
    with owner.database.write() as connection:
        connection.exec_driver_sql(grant)
        connection.exec_driver_sql("UPDATE catalog_source SET pruned_at = NULL")
    after_run.prune_records(replace(load(directory=Path("/")), database=settings), world.database)
    assert (prune.missing_right(world.database), world.rows("sync_runs", "run_id")) == ("", [(1,), (4,)])


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE anything (x int)",
        "DELETE FROM catalog_change",
        "DELETE FROM catalog_run",
        "TRUNCATE catalog_state",
        "UPDATE catalog_version SET version_num = '0001'",
        "DROP VIEW models",
        "ALTER TABLE catalog_model DISABLE TRIGGER ALL",
    ],
)
def test_the_daily_role_may_do_no_more(roles: dict[str, str], enter: Enter, statement: str) -> None:
    engine = enter(roles["catalog_app"]).database.engine
    with engine.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        connection.exec_driver_sql(statement)


def test_whoever_only_reads_needs_the_views_alone(roles: dict[str, str], enter: Enter) -> None:
    story(enter(roles["catalog_app"]))
    reader = enter(roles["catalog_reader"])
    upgrade.require(reader.database)
    assert reader.listed() == "abc"
    assert len(reader.rows("changes", "change_id")) == len(enter(roles["catalog_app"]).rows("changes", "change_id"))
    for name in ("sources", "model_history", "sync_runs"):
        assert reader.rows(name, "source")
    with pytest.raises(DatabaseError, match="denied a right"):
        reader.sync()


def test_a_role_without_rights_is_told_where_to_find_them(roles: dict[str, str], postgres_url: str) -> None:
    _execute(postgres_url, "REVOKE CREATE ON SCHEMA public FROM PUBLIC", {})  # as Postgres 15 does from the start
    stranger = databases.open_(roles["catalog_app"].replace("search_path%3Dmodels", "search_path%3Dpublic"))
    with pytest.raises(DatabaseError) as caught:
        upgrade.ensure(stranger)
    stranger.close()
    words, hint = "may not make tables in the schema public", "GRANT CREATE ON SCHEMA public TO"
    assert (words in caught.value.message, hint in caught.value.hint) == (True, True)


def tables(url: str) -> dict[str, int]:
    opened = databases.open_(url)
    with opened.read() as connection:
        rows = connection.execute(sa.text("SELECT schemaname, count(*) FROM pg_tables GROUP BY 1"))
        found = {schema: count for schema, count in rows if not schema.startswith(("pg_", "information"))}
    opened.close()
    return found


@pytest.mark.parametrize("name", ["models", "Models of 2026", "ünï"])
def test_a_schema_of_its_own_is_named_in_the_url(postgres_url: str, enter: Enter, name: str) -> None:
    owner = databases.open_(postgres_url)
    with owner.write() as connection:
        connection.exec_driver_sql(f'CREATE SCHEMA "{name}"')
    owner.close()
    path = f'"{name}"'.replace(" ", r"\ ")
    world = enter(f"{postgres_url}&options={quote(f'-csearch_path={path}')}")
    upgrade.ensure(world.database)
    story(world)
    assert set(tables(postgres_url)) == {name}
    assert upgrade.differences(world.database) == []


def test_two_catalogs_in_two_schemas_do_not_touch_each_other(postgres_url: str, enter: Enter) -> None:
    made: list[World] = []
    for name in ("first", "second"):
        _execute(postgres_url, f"CREATE SCHEMA {name}", {})
        made.append(enter(f"{postgres_url}&options=-csearch_path%3D{name}"))
        upgrade.ensure(made[-1].database)
    made[0].lists("a")
    made[0].sync()
    assert [world.listed() for world in made] == ["a", ""]
    story(made[1])
    assert made[0].listed() == "a"


def test_a_schema_that_is_not_there_is_told(postgres_url: str) -> None:
    opened = databases.open_(f"{postgres_url}&options=-csearch_path%3Dnowhere")
    with pytest.raises(DatabaseError, match="search_path is nowhere, which names no schema that is there"):
        upgrade.ensure(opened)
    opened.close()


def test_a_database_of_another_encoding_is_told(postgres_server: postgres.Server, enter: Enter) -> None:
    name = f"test_{uuid.uuid4().hex[:16]}"
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        world = enter(postgres_server.url.set(database=name).render_as_string(hide_password=False))
        with pytest.raises(DatabaseError, match="has the encoding LATIN1, and not UTF8"):
            upgrade.ensure(world.database)
        world.database.close()
    finally:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _sets(database: Database, setting: str) -> None:
    with database.write() as connection:
        connection.exec_driver_sql(f"ALTER DATABASE {database.url.database} SET {setting}")
    database.close()


@pytest.mark.parametrize(
    "setting",
    [
        "default_transaction_isolation = 'serializable'",
        "timezone = 'Asia/Kathmandu'",
        "datestyle = 'German'",
        "client_encoding = 'latin1'",
        "bytea_output = 'escape'",
    ],
)
def test_the_defaults_of_a_server_do_not_matter(postgres_url: str, enter: Enter, setting: str) -> None:
    _sets(databases.open_(postgres_url), setting)
    world = enter(postgres_url)
    upgrade.ensure(world.database)
    story(world)
    assert world.rows("models", "id", "first_seen_at", "created_at")[0] == ("a", 12, 49 * 1440)
