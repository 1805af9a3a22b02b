"""Behind a real PgBouncer, where the next transaction may come to another session of the server, and there are few."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa

from catalog import cli
from catalog.errors import DatabaseError, Exit
from catalog.store.engine import database as databases
from catalog.store.engine import locks, time_limits
from catalog.store.engine.database import Database
from catalog.store.schema import invariants, tables, views
from tests import pooler, postgres
from tests import server as play
from tests.pooler import Mode
from tests.server import ModelsServer, Visit
from tests.store.world import Enter

pytestmark = pytest.mark.promise("P1", "P3")

PROGRAM = [sys.executable, "-c", "from catalog import cli; cli.main()"]
NAMES = ("one", "two", "three")
Lists = dict[str, ModelsServer]
Pooled = Callable[..., str]
POOLERS: list[tuple[Mode, int]] = [("transaction", 2), ("transaction", 3), ("transaction", 5), ("session", 5)]


@pytest.fixture
def direct(postgres_server: postgres.Server, migrated_database: str) -> Iterator[str]:
    """The URL of a catalog without rows, with nothing in between."""
    with postgres_server.database(migrated_database) as url:
        yield url


@pytest.fixture
def pooled(postgres_server: postgres.Server, direct: str) -> Iterator[Pooled]:
    """Give a function that puts a pooler before that catalog, and gives the URL to reach it by."""
    with ExitStack() as stack:

        def make(mode: Mode, size: int, **settings: str) -> str:
            url = stack.enter_context(pooler.before(postgres_server, mode=mode, size=size, **settings))
            return url.set(database=postgres.name_of(direct)).render_as_string(hide_password=False)

        yield make


@pytest.fixture
def lists() -> Iterator[Lists]:
    """A list per source, whose models are called after it."""
    with ExitStack() as stack:
        servers = {}
        for name in NAMES:
            servers[name] = ModelsServer(models=[play.model(f"{name}-{each}") for each in range(5)]).start()
            stack.callback(servers[name].close)
        yield servers


def move(lists: Lists, number: int) -> None:
    """Put a new model on top of each list, and rename the last one."""
    for name, server in lists.items():
        with server.editing:
            server.models.insert(0, play.model(f"{name}-new-{number}"))
            server.models[-1]["display_name"] = f"{name} {number}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lists: Lists) -> Callable[[str], Path]:
    """Give a function that configures the lists and a database."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", play.KEY)

    def configure(url: str) -> Path:
        text = f'[database]\nurl = "{url}"\n[schedule]\nevery = "1s"\n'
        for name, server in lists.items():
            text += f'[sources.{name}]\nbase_url = "{server.url}"\napi_key_env = "ANTHROPIC_API_KEY"\npage_size = 2\n'
        (tmp_path / "catalog.toml").write_text(text)
        return tmp_path

    return configure


def wrong(url: str, lists: Lists, *names: str) -> dict[str, Any]:
    """Give what the catalog says and the lists do not, or the other way round; nothing, if all is well."""
    database = databases.open_(url)
    try:
        with database.read() as connection:
            held = {tuple(row) for row in connection.execute(sa.select(views.models.c.source, views.models.c.id))}
            added = connection.scalars(sa.select(views.changes.c.model_id).where(views.changes.c.kind == "added"))
            twice = [id for id, count in Counter(added).items() if count > 1]
            statuses = set(connection.scalars(sa.select(views.sync_runs.c.status)))
        there = {(name, model["id"]) for name in names for model in lists[name].models}
        found = {
            "lost": there - held,
            "strange": held - there,
            "told twice": twice,
            "broken": invariants.broken(database),
            "not complete": statuses - {"complete"},
        }
        return {name: what for name, what in found.items() if what}
    finally:
        database.close()


@pytest.mark.parametrize("few", POOLERS)
def test_runs_side_by_side_keep_to_their_sources(
    enter: Enter, pooled: Pooled, lists: Lists, monkeypatch: pytest.MonkeyPatch, few: tuple[Mode, int]
) -> None:
    """Two runs met in one another's temporary tables: models landed under the wrong source, and nothing was said."""
    monkeypatch.setattr(time_limits, "GIVE_WAY", 0.1)
    url = pooled(*few)
    worlds = {name: enter(url) for name in ("one", "two")}
    for name, world in worlds.items():
        world.server, world.page_size = lists[name], 2
    for number in range(12):
        move(lists, number)
        threads = [Thread(target=world.sync, kwargs={"name": name}) for name, world in worlds.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    assert wrong(url, lists, "one", "two") == {}


def test_commands_side_by_side_do_with_a_single_session(
    pooled: Pooled, lists: Lists, place: Callable[[str], Path]
) -> None:
    """Each waited for a second session, while its lock held the only one."""
    url = pooled("transaction", 1)
    folder = place(url)
    together = [subprocess.Popen([*PROGRAM, "sync", "-q", name], cwd=folder) for name in NAMES]
    assert [process.wait(60) for process in together] == [Exit.DONE] * 3
    assert wrong(url, lists, *NAMES) == {}


@pytest.mark.parametrize(("mode", "size"), [("transaction", 2), ("session", 8)])
def test_a_worker_with_several_sources_keeps_to_them(
    pooled: Pooled, lists: Lists, place: Callable[[str], Path], mode: Mode, size: int
) -> None:
    url = pooled(mode, size)
    with subprocess.Popen([*PROGRAM, "run"], cwd=place(url), stdout=subprocess.DEVNULL) as worker:
        for number in range(3):
            asked = {name: len(server.requests) for name, server in lists.items()}
            move(lists, number)
            wait_for(partial(walked, lists, asked))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == Exit.TERMINATED
    assert cli.run(["sync", "-q"]) == Exit.DONE

    assert {name: what for name, what in wrong(url, lists, *NAMES).items() if name != "not complete"} == {}


def walked(lists: Lists, before: dict[str, int]) -> bool:
    """Tell whether all of each list was asked for since then."""
    return all(len(lists[name].requests) > count + 8 for name, count in before.items())


@pytest.mark.warns
@pytest.mark.parametrize("mode", ["transaction", "session"])
def test_a_lock_dies_with_its_run(pooled: Pooled, lists: Lists, place: Callable[[str], Path], mode: Mode) -> None:
    url = pooled(mode, 4)
    folder = place(url)
    lists["one"].script(never)
    with subprocess.Popen([*PROGRAM, "sync", "-q", "one"], cwd=folder) as killed:
        wait_for(lambda: lists["one"].requests)
        killed.kill()
    database = databases.open_(url)
    wait_for(lambda: takes(database, "one"))
    database.close()

    assert cli.run(["sync", "-q", "one"]) == Exit.DONE
    assert wrong(url, lists, "one") == {"not complete": {"abandoned"}}


def never(visit: Visit) -> None:
    visit.server.closing.wait(60)


def takes(database: Database, source: str) -> bool:
    with locks.hold(database, source) as mine:
        return mine


@pytest.mark.warns
@pytest.mark.parametrize("command", ["check", "sync", "status"])
def test_a_pooler_without_transactions_is_named(
    pooled: Pooled, place: Callable[[str], Path], capsys: pytest.CaptureFixture[str], direct: str, command: str
) -> None:
    place(pooled("statement", 4))
    assert cli.run([command]) == Exit.DATABASE
    assert "behind a pooler in statement mode" in capsys.readouterr().err
    database = databases.open_(direct)
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.run)) == 0
    database.close()


@pytest.mark.parametrize("refused", ["options=-d%205", "options=-csearch_path%3Dpublic%20-s"])
def test_a_pooler_that_refuses_a_startup_parameter_is_named(pooled: Pooled, refused: str) -> None:
    database = databases.open_(f"{pooled('transaction', 2)}&{refused}")
    with pytest.raises(DatabaseError, match="refuses a startup parameter"):
        database.now()


@pytest.mark.parametrize("ignored", ["", "options"])
def test_a_search_path_and_a_role_of_the_url_come_through_a_pooler(pooled: Pooled, direct: str, ignored: str) -> None:
    """Where the pooler was told to ignore `options`, the catalog of another schema was used."""
    owner = databases.open_(direct)
    with owner.write() as connection:
        connection.exec_driver_sql("CREATE SCHEMA elsewhere")
        connection.exec_driver_sql("GRANT USAGE ON SCHEMA elsewhere TO pg_monitor")
    owner.close()
    settings = {"ignore_startup_parameters": ignored} if ignored else {}
    url = f"{pooled('transaction', 2, **settings)}&options=-csearch_path%3Delsewhere%20-crole%3Dpg_monitor"
    database = databases.open_(url)
    with database.read() as connection:
        said = connection.execute(sa.text("SELECT current_schemas(false)::text, current_user::text")).one()
    database.close()

    assert tuple(said) == ("{elsewhere}", "pg_monitor")


@pytest.mark.parametrize("settings", [{}, {"query_wait_timeout": "1"}])
def test_a_run_that_gets_no_session_ends_in_words(
    enter: Enter, pooled: Pooled, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    """It waited without a word, as long as the pooler let it."""
    monkeypatch.setattr(time_limits, "SECONDS", 2.5)
    monkeypatch.setattr(time_limits, "GIVE_WAY", 0.2)
    url = pooled("transaction", 1, **settings)
    other, world = databases.open_(url), enter(url)
    world.lists("a")
    with other.read(), pytest.raises(DatabaseError, match="gave no session in time") as caught:
        world.sync()
    other.close()

    assert "default_pool_size" in caught.value.hint
    assert world.rows("sync_runs", "run_id") == []
    world.sync()
    assert world.listed() == "a"


@pytest.fixture
def limited(postgres_server: postgres.Server, direct: str) -> Iterator[Callable[[int], str]]:
    """Give a function that gives the URL of the catalog for a role that may connect so many times."""
    name = f"few_{postgres.name_of(direct)}"
    postgres_server.execute(f"CREATE ROLE {name} LOGIN IN ROLE pg_read_all_data, pg_write_all_data")

    def limit(count: int) -> str:
        postgres_server.execute(f"ALTER ROLE {name} CONNECTION LIMIT {count}")
        return sa.make_url(direct).set(username=name).render_as_string(hide_password=False)

    yield limit
    postgres_server.execute(f"DROP ROLE {name}")


def test_a_run_does_with_a_single_connection(enter: Enter, limited: Callable[[int], str]) -> None:
    world = enter(limited(1))
    world.lists("a", "b")
    world.sync()
    world.lists("a", "b", "c")
    world.sync()
    world.database.close()
    assert wrong(limited(2), {"one": world.server}, "one") == {}


def test_a_server_that_has_no_connection_left_is_told(enter: Enter, limited: Callable[[int], str]) -> None:
    url = limited(1)
    world, other = enter(url), databases.open_(url)
    with other.read(), pytest.raises(DatabaseError, match="no connection left"):
        world.sync()
    other.close()


HOLDERS = """
    SELECT DISTINCT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()
"""


def test_one_connection_holds_the_locks_of_all_sources(direct: str) -> None:
    mine, other = databases.open_(direct), databases.open_(direct)
    with ExitStack() as stack:
        assert [stack.enter_context(locks.hold(mine, name)) for name in NAMES] == [True] * 3
        with locks.hold(mine, "four") as fourth, locks.hold(mine, "one") as again:
            assert (fourth, again, takes(other, "four")) == (True, False, False)
        assert [takes(other, name) for name in (*NAMES, "four")] == [False] * 3 + [True]
        with other.read() as connection:
            pids = connection.exec_driver_sql(HOLDERS).scalars().all()
            assert len(pids) == 1
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({pids[0]}, 5000)")
        with locks.hold(mine, "five") as fifth:
            assert (fifth, takes(other, "one")) == (True, False)  # all of them were taken again
    assert [takes(other, name) for name in NAMES] == [True] * 3
    mine.close()
    other.close()


def test_a_connection_that_died_can_be_given_up_for_others(direct: str) -> None:
    """Giving up a dead one raised, and what needed a connection failed with words about none of it."""
    mine, other = databases.open_(direct), databases.open_(direct)
    assert [mine.locks.take(mine.engine, name) for name in ("one", "two")] == [True, True]
    with other.read() as connection:
        [pid] = connection.exec_driver_sql(HOLDERS).scalars().all()
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")
    mine.locks.let_go("one")
    assert (mine.locks.give_way(), mine.locks.give_way()) == (True, False)
    assert takes(other, "two")
    mine.close()
    other.close()


def wait_for(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Wait until something is so; generous, for the machine may be busy."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "that never came"
        time.sleep(0.02)
