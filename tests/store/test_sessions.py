"""Whatever a server, a role, a database, a URL or a variable sets: what we read and write means the same."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from catalog.domain import Status
from catalog.errors import DatabaseError
from catalog.store.backup import copies
from catalog.store.engine import database as databases
from catalog.store.engine import session
from catalog.store.schema import upgrade
from tests import postgres
from tests.store.world import Enter

# What a person in charge of a server, or a shell, may have set for reasons of their own.
SETTINGS = {
    "DateStyle": "SQL, DMY",
    "TimeZone": "Pacific/Marquesas",
    "IntervalStyle": "sql_standard",
    "client_encoding": "LATIN1",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "quote_all_identifiers": "on",
    "extra_float_digits": "-15",
    "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on",
    "synchronous_commit": "off",
    "statement_timeout": "300ms",  # long enough to begin a transaction on a busy machine
    "lock_timeout": "300ms",
    "idle_in_transaction_session_timeout": "300ms",
    "transaction_timeout": "300ms",
}
WAYS = ("role", "database", "url", "environment")


@contextmanager
def setting(url: str, way: str, name: str, value: str, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """Set something in one of the four ways; give the URL to use."""
    parsed, options = sa.make_url(url), f"-c {name}={value}".replace(", ", ",\\ ")
    if way == "url":
        yield parsed.update_query_dict({"options": options}).render_as_string(hide_password=False)
        return
    if way == "environment":
        patch.setenv("PGOPTIONS", options)
        yield url
        return
    whom = f'DATABASE "{parsed.database}"' if way == "database" else "ROLE catalog"
    with plain(url) as connection:
        connection.execute(f"ALTER {whom} SET {name} = '{value}'".encode())
    try:
        yield url
    finally:
        with plain(url) as connection:
            connection.execute(f"ALTER {whom} RESET {name}".encode())


def plain(url: str) -> psycopg.Connection:
    """Connect as any program does."""
    target = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(target, autocommit=True)


@pytest.fixture
def own_server(postgres_server: postgres.Server) -> None:
    """Refuse to change the roles of a server that is somebody's."""
    if postgres_server.url.username != "catalog":
        pytest.skip("only roles of the tests' own server are changed")


@pytest.mark.promise("P5", "P10")
@pytest.mark.usefixtures("own_server")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SETTINGS)
def test_a_foreign_setting_changes_nothing_of_what_is_read_and_written(
    enter: Enter, postgres_url: str, name: str, way: str, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "transaction_timeout" and version(postgres_url) < 17:
        pytest.skip("this server is older than transaction_timeout, which came with Postgres 17")
    with setting(postgres_url, way, name, SETTINGS[name], monkeypatch) as url:
        world = enter(url)
        upgrade.ensure(world.database)
        world.lists("a", "é\\'b", display_name="Ünïcode \\ '中'", created_at="2026-02-03T04:05:06Z")
        assert world.sync().run.status is Status.COMPLETE
        world.lists("a", display_name="other")
        if name.endswith("timeout"):
            world.server.script(world.meanwhile(lambda: linger(world.database, postgres_url)))
        assert world.sync().run.status is Status.COMPLETE
        assert world.rows("models", "id", "first_seen_at", "missing_since") == [("a", 11, None), ("é\\'b", 11, 22)]
        (name_,) = {row[1] for row in world.rows("models", "id", "display_name") if row[0] != "a"}
        assert name_ == "Ünïcode \\ '中'"
        assert upgrade.differences(world.database) == []
        if way == "database":  # a setting is the same whoever made it, and copies take long
            assert copies.backup(world.database, tmp_path / "copy", on_progress=lambda *_: None).models == 2
        world.check()
        world.database.close()


def linger(database: databases.Database, url: str) -> None:
    """Hold a transaction for longer than any of these time-outs, first asking and then not asking."""
    with database.connect() as connection, database.transaction(connection, "read"):
        connection.exec_driver_sql("SELECT pg_sleep(0.35)")
        with plain(url) as other:
            other.execute("SELECT pg_sleep(0.2)")
            other.execute("SELECT pg_sleep(0.2)")
        connection.exec_driver_sql("SELECT 1")


def version(url: str) -> int:
    with plain(url) as connection:
        return connection.info.server_version // 10_000


# Each: the options of a URL, and where a new catalog is made then.
PATHS = {
    "-csearch_path=models": "models",
    "-c search_path=models,public": "models",
    "--search-path=models": "models",
    '-csearch_path="odd\\ one",public': "odd one",
    "-c search_path=nowhere,models": "models",
    "-c work_mem=1MB -csearch_path=models": "models",
}


@pytest.mark.parametrize("way", ["url", "environment"])
@pytest.mark.parametrize("options", PATHS)
def test_options_are_obeyed_though_no_startup_carries_them(
    postgres_url: str, options: str, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with plain(postgres_url) as connection:
        connection.execute('CREATE SCHEMA models; CREATE SCHEMA "odd one"')
    url = sa.make_url(postgres_url)
    if way == "url":
        url = url.update_query_dict({"options": options})
    else:
        monkeypatch.setenv("PGOPTIONS", options)
    with closing(databases.open_(url.render_as_string(hide_password=False))) as opened:
        upgrade.ensure(opened)
        assert upgrade.differences(opened) == []
        with opened.read() as connection:
            assert connection.scalar(sa.select(sa.func.current_schema())) == PATHS[options]
    monkeypatch.delenv("PGOPTIONS", raising=False)
    with plain(postgres_url) as again:
        places = again.execute("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'catalog%'").fetchall()
    assert places == [(PATHS[options],)]


def test_nothing_of_ours_stays_with_a_session(postgres_url: str) -> None:
    """Behind a pooler the next transaction on that session may be another program's."""
    asked = "SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY 1"
    with closing(databases.open_(postgres_url)) as opened, opened.connect() as connection:
        with opened.transaction(connection, "write"):
            upgrade.revision(opened, connection)
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.autocommit = True
        assert driver.execute(asked).fetchall() == []
        assert driver.execute("SHOW timezone").fetchone() != ("UTC",)


def test_a_startup_carries_what_every_pooler_takes_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c search_path=elsewhere")
    url = sa.make_url("postgresql+psycopg://me@host/db?options=-csearch_path%3Dmodels&client_encoding=latin1")
    arguments, settings = session.arguments(url, {"PGCONNECT_TIMEOUT": "3"})
    sent = {name: arguments[name] for name in ("options", "client_encoding", "application_name")}
    assert sent == {"options": "", "client_encoding": "utf8", "application_name": "model-catalog"}
    assert "connect_timeout" not in arguments
    assert settings == {"search_path": "E'models'"}
    assert not session.plain(url).query


@pytest.mark.parametrize("name", ["keepalives", "keepalives_idle", "keepalives_interval", "tcp_user_timeout"])
def test_a_dead_line_to_the_server_is_noticed_unless_the_url_says_otherwise(name: str) -> None:
    assert session.arguments(sa.make_url("postgresql://host/db"), {})[0][name]
    assert name not in session.arguments(sa.make_url(f"postgresql://host/db?{name}=0"), {})[0]


@pytest.mark.parametrize("option", ["no_such_setting=1", "datestyle=never", "log_statement=all", "port=1"])
def test_a_setting_that_the_server_refuses_is_named(postgres_url: str, own_server: None, option: str) -> None:
    with plain(postgres_url) as connection:
        connection.execute("DO $$BEGIN CREATE ROLE lesser LOGIN; EXCEPTION WHEN duplicate_object THEN END$$")
    url = sa.make_url(postgres_url).set(username="lesser").update_query_dict({"options": f"-c {option}"})
    with closing(databases.open_(url.render_as_string(hide_password=False))) as opened:
        if option == "datestyle=never":  # ours wins, and is all that is said
            assert upgrade.current(opened) is None
            return
        with pytest.raises(DatabaseError) as caught:
            upgrade.current(opened)
    assert option.split("=", maxsplit=1)[0] in caught.value.message
    assert "what follows the ?" in caught.value.hint
