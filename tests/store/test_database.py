"""What a database may do to us: refuse, vanish or fill up; and what is left then."""

import os
import shutil
import socket
import sqlite3
import stat
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from catalog.domain import Status
from catalog.errors import ConfigError, DatabaseError, Exit
from catalog.store.engine import database as databases
from catalog.store.engine import locks, sqlite_file
from catalog.store.schema import upgrade
from tests.store.world import Enter, World

pytestmark = pytest.mark.promise("P3", "P10")

SECRET = "hunter2-secret"


def refused(url: str) -> DatabaseError:
    """Open a database that refuses; give what it said, which never holds the password."""
    opened = databases.open_(url)
    with pytest.raises(DatabaseError) as caught:
        upgrade.ensure(opened)
    opened.close()
    assert caught.value.exit_code is Exit.DATABASE
    assert SECRET not in f"{caught.value} {caught.value.hint} {opened.describe()} {caught.value!r}"
    return caught.value


@pytest.fixture
def sqlite_world(enter: Enter, migrated_file: Path, tmp_path: Path) -> World:
    path = tmp_path / "catalog.db"
    path.write_bytes(migrated_file.read_bytes())
    path.chmod(0o600)
    return enter(f"sqlite:///{path}")


# SQLite


def test_a_file_that_loses_its_name_is_written_to_no_more(sqlite_world: World, tmp_path: Path) -> None:
    """A worker went on for ever in a file that had been deleted, and every run of it said `complete`."""
    database, place, elsewhere = sqlite_world.database, tmp_path / "catalog.db", tmp_path / "elsewhere.db"
    with database.connect() as connection:
        with database.transaction(connection):
            place.rename(elsewhere)
        with (
            pytest.raises(DatabaseError, match="was moved or removed while it was in use"),
            database.transaction(connection, "write"),
        ):
            pass
    with pytest.raises(DatabaseError, match="cannot be opened"), database.write():
        pass
    elsewhere.rename(place)
    sqlite_world.lists("a")
    assert sqlite_world.sync().run.status is Status.COMPLETE


def test_a_file_that_was_named_from_elsewhere_has_not_moved(
    migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(migrated_file, tmp_path / "catalog.db")
    monkeypatch.chdir(tmp_path)
    with closing(databases.open_("sqlite:///catalog.db")) as opened, opened.connect() as connection:
        monkeypatch.chdir("/")
        with opened.transaction(connection, "write"):
            pass


def test_a_new_file_is_for_its_owner_alone(enter: Enter, tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        world = enter(f"sqlite:///{tmp_path / 'new.db'}")
        upgrade.ensure(world.database)
        world.lists("a")
        world.sync()
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(umask)
    assert set(files) >= {"new.db", "new.db-wal"}
    assert set(files.values()) == {0o600}


def test_readers_do_not_wait_for_the_writer(sqlite_world: World) -> None:
    sqlite_world.lists("a")
    sqlite_world.sync()
    with sqlite_world.database.write() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        connection.exec_driver_sql("UPDATE catalog_source SET base_url = 'elsewhere'")
        assert sqlite_world.listed() == "a"


@contextmanager
def ordinary_user() -> Iterator[Path]:
    """Be somebody whom file rights bind, and have a folder of one's own."""
    with tempfile.TemporaryDirectory(prefix="catalog-") as name:
        folder = Path(name)
        nobody = 65534
        is_root = os.geteuid() == 0
        if is_root:
            os.chown(folder, nobody, nobody)
            os.seteuid(nobody)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            folder.chmod(0o700)


@pytest.mark.parametrize("closed", ["file", "folder", "both"])
def test_a_file_or_folder_that_cannot_be_written_is_refused_in_words(
    enter: Enter, migrated_file: Path, closed: str
) -> None:
    content = migrated_file.read_bytes()
    with ordinary_user() as folder:
        path = folder / "catalog.db"
        path.write_bytes(content)
        path.chmod(0o600 if closed == "folder" else 0o400)
        folder.chmod(0o700 if closed == "file" else 0o500)
        world = enter(f"sqlite:///{path}")
        world.lists("a")
        with pytest.raises(DatabaseError) as caught:
            world.sync()
        world.database.close()
    assert (str(path) in caught.value.message, "rights" in caught.value.hint) == (True, True)
    assert "cannot be" in caught.value.message


def test_a_folder_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    error = refused(f"sqlite:///{tmp_path / 'nowhere' / 'catalog.db'}")
    assert "cannot be opened" in error.message
    assert not (tmp_path / "nowhere").exists()


def test_a_mistyped_path_is_no_new_catalog_when_it_must_exist(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="there is no catalog at"):
        databases.open_(f"sqlite:///{tmp_path / 'catalgo.db'}", must_exist=True)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_went_away_is_refused_in_words(sqlite_world: World) -> None:
    assert sqlite_world.database.path is not None
    sqlite_world.database.path.unlink()
    with pytest.raises(DatabaseError, match="cannot be opened"):
        sqlite_world.sync()
    assert not sqlite_world.database.path.exists()


def test_a_database_that_another_program_locks_is_refused_in_words(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    assert sqlite_world.database.path is not None
    other = sqlite3.connect(sqlite_world.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseError, match="is locked by another program"):
        sqlite_world.sync()
    other.execute("ROLLBACK")
    other.close()
    sqlite_world.lists("a")
    assert sqlite_world.sync().run.status is Status.COMPLETE


@pytest.mark.warns
@pytest.mark.parametrize("pages", [1, 2, 5])
def test_a_full_disk_keeps_nothing_of_the_run_and_the_next_goes_on(sqlite_world: World, pages: int) -> None:
    world, engine = sqlite_world, sqlite_world.database.engine
    world.lists("a")
    world.sync()
    with world.database.read() as connection:
        room = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + pages
    world.database.close()

    def fill(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA max_page_count={room}")

    sa.event.listen(engine, "connect", fill)
    world.lists(*(f"m-{number}" for number in range(2000)))
    with pytest.raises(DatabaseError, match="no room"):
        world.sync()
    assert world.listed() == "a"
    sa.event.remove(engine, "connect", fill)
    world.database.close()
    assert world.sync().run.added == 2000
    world.check()


@pytest.mark.parametrize(
    "content", [b"not a database at all, but long enough to be one" * 50, b"SQLite format 3\0" * 9]
)
def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(content)
    assert str(path) in refused(f"sqlite:///{path}").message
    assert path.read_bytes() == content


def test_odd_file_names_are_only_names(tmp_path: Path) -> None:
    path = tmp_path / "a ?mode=memory&x#%41 é.db"
    opened = databases.open_(f"sqlite:///{path}")
    upgrade.ensure(opened)
    opened.close()
    assert path.exists()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "catalog.db",
        f"mysql://me:{SECRET}@host/db",
        f"postgres+{SECRET}://",
        "sqlite://",
        "sqlite:///:memory:",
        f"postgresql://me:{SECRET}@host:port/db",
    ],
)
def test_an_address_that_names_no_database_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        databases.open_(url)
    assert SECRET not in f"{caught.value} {caught.value.hint}"


# Postgres


@pytest.fixture
def refusing_server() -> Iterator[int]:
    """A Postgres on loopback that wants a password, and never the one it gets; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                if client.recv(8)[4:] == struct.pack("!I", 80877103):
                    client.sendall(b"N")  # no TLS here
                    client.recv(8)
                client.recv(4096)
                client.sendall(b"R" + struct.pack("!II", 8, 3))  # a password in clear text, please
                client.recv(4096)
                said = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user " + SECRET.encode() + b"\0\0"
                client.sendall(b"E" + struct.pack("!I", len(said) + 4) + said)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(30)


@pytest.mark.parametrize(
    "where", ["postgresql://me:{0}@127.0.0.1:{1}/db", "postgres://me@127.0.0.1:{1}/db?password={0}"]
)
def test_a_wrong_password_is_told_and_never_printed(refusing_server: int, where: str) -> None:
    error = refused(where.format(SECRET, refusing_server))
    assert "refused the password" in error.message
    assert "PGPASSWORD" in error.hint


def test_an_unknown_host_is_told() -> None:
    assert "does not resolve" in refused(f"postgresql://me:{SECRET}@nowhere.invalid/db").message


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "connection refused" in refused(f"postgresql://me:{SECRET}@127.0.0.1:{port}/db").message
    assert "no socket" in refused(f"postgresql://me:{SECRET}@/db?host={tmp_path}").message


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("sslmode=sometimes", "a setting of the connection has a value that is none"),
        ("options=-cno_such_setting%3D1", "cannot be connected to"),
        ("target_session_attrs=standby", "is not of the kind asked for"),
        ("no_such_option=1", "unknown option"),
    ],
)
def test_an_option_that_nobody_takes_is_told_as_one(postgres_url: str, option: str, words: str) -> None:
    """A misspelt option of the URL was told as `refused a statement`, though none was ever sent."""
    error = refused(f"{postgres_url}&{option}")
    assert words in error.message
    assert "?" in error.hint


def test_a_catalog_has_one_lock_by_whatever_path_it_is_reached(tmp_path: Path, migrated_file: Path) -> None:
    """Through a symbolic link a second run began beside the first, and recorded it as one that never ended."""
    (tmp_path / "link.db").symlink_to(migrated_file)
    file, link = (databases.open_(f"sqlite:///{path}") for path in (migrated_file, tmp_path / "link.db"))
    with locks.hold(file, "one") as mine, locks.hold(link, "one") as too:
        assert (mine, too) == (True, False)


def test_a_database_or_user_that_is_not_there_is_told(postgres_url: str) -> None:
    url = sa.make_url(postgres_url)
    missing = url.set(database="nowhere", password=SECRET).render_as_string(hide_password=False)
    assert "is not there" in refused(missing).message
    stranger = url.set(username="stranger", password=SECRET).render_as_string(hide_password=False)
    assert "no such user" in refused(stranger).message


@pytest.fixture
def postgres_world(enter: Enter, postgres_url: str) -> Iterator[World]:
    made = enter(postgres_url)
    upgrade.ensure(made.database)
    yield made
    made.check()


@pytest.mark.parametrize(("chosen", "used"), [("off", "on"), ("local", "local"), ("remote_apply", "remote_apply")])
def test_no_commit_is_confirmed_that_a_crash_of_the_server_takes_back(
    postgres_url: str, chosen: str, used: str
) -> None:
    """On a server set to `synchronous_commit = off`, an alert could tell of a change that a crash then took back.

    The next run found the change once more, and told of it under another id.
    """
    opened = databases.open_(f"{postgres_url}&options=-csynchronous_commit%3D{chosen}")
    for _ in range(2):
        with opened.read() as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == used
    opened.close()


def terminate(url: str, which: str) -> None:
    """End connections to a database from outside, and wait until they are gone."""
    plain = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    others = f"FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND {which}"
    with psycopg.connect(plain, autocommit=True) as connection:
        pids = [pid for pid, _ in connection.execute(f"SELECT pid, pg_terminate_backend(pid) {others}".encode())]
        assert pids
        while connection.execute("SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s)", [pids]).fetchall():
            pass


def test_a_run_outlives_the_lock_that_only_saves_work(postgres_world: World, postgres_url: str) -> None:
    world = postgres_world
    world.lists("a")
    world.server.script(world.meanwhile(lambda: terminate(postgres_url, "state = 'idle in transaction'")))
    assert world.sync().run.status is Status.COMPLETE
    assert world.sync().run.status is Status.COMPLETE


# Both


@pytest.mark.parametrize("writers", [2, 12], ids=["two", "more than a pool holds"])
def test_threads_that_write_wait_for_each_other_however_long_one_takes(
    migrated_url: str, monkeypatch: pytest.MonkeyPatch, writers: int
) -> None:
    """With eight sources at once, a long merge failed the others: the database is locked, or no connection is left."""
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.0)
    database = databases.open_(migrated_url)
    inside, most, waiting, failed = [0], [0], threading.Semaphore(0), list[str]()

    def write() -> None:
        try:
            with database.connect() as ours, database.connect():  # as a run has another one for its temporary tables
                waiting.release()
                with database.transaction(ours, "write"):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    ours.execute(sa.select(1))
                    inside[0] -= 1
        except DatabaseError as error:
            failed.append(error.message)

    threads = [threading.Thread(target=write, daemon=True) for _ in range(writers)]
    with database.write():
        for thread in threads:
            thread.start()
        for _ in threads:
            assert waiting.acquire(timeout=10)
    for thread in threads:
        thread.join(10)
    database.close()
    assert (failed, most, inside) == ([], [1], [0])
