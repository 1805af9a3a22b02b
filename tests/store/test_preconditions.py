"""What we rely on is looked at before it is relied on, and each fault says what to change."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from catalog.domain import Status
from catalog.errors import DatabaseError, Exit
from catalog.store.engine import database as databases
from catalog.store.engine import temp_folder
from catalog.store.engine.database import Database
from catalog.store.schema import preconditions, upgrade
from catalog.store.schema.preconditions import Need, Server
from tests import postgres
from tests.store.world import Enter, World

pytestmark = pytest.mark.promise("P10")

GOOD: dict[str, Any] = {
    "version": 16,
    "encoding": "UTF8",
    "database": "platform",
    "role": "catalog_app",
    "standby": False,
    "read_only": False,
    "read_only_by": "default",
    "path": '"$user", public',
    "schema": "public",
    "homes": ("public",),
    "home": "public",
    "may_stage": True,
    "may_make": True,
}
# What a server says, what it is about to be used for, what is said of it, and what the hint tells to type.
JUDGED: dict[str, tuple[dict[str, Any], Need, str | None, str]] = {
    "good": ({}, Need.MAKE, None, ""),
    "old": ({"version": 13}, Need.WRITE, "Postgres 13", "Postgres 14 or newer"),
    "new in latin": ({"encoding": "LATIN1", "home": None, "homes": ()}, Need.MAKE, "LATIN1", "createdb"),
    "old in latin": ({"encoding": "LATIN1"}, Need.WRITE, None, ""),
    "in ascii": ({"encoding": "SQL_ASCII", "home": None, "homes": ()}, Need.MAKE, None, ""),
    "standby": ({"standby": True, "read_only": True}, Need.WRITE, "standby", "target_session_attrs=read-write"),
    "role": ({"read_only": True, "read_only_by": "user"}, Need.WRITE, "read-only", "ALTER ROLE catalog_app RESET"),
    "database": ({"read_only": True, "read_only_by": "database"}, Need.WRITE, "read-only", "ALTER DATABASE platform"),
    "both": ({"read_only": True, "read_only_by": "database user"}, Need.WRITE, "read-only", "IN DATABASE platform"),
    "server": ({"read_only": True, "read_only_by": "configuration file"}, Need.WRITE, "read-only", "maintenance"),
    "odd role": ({"read_only": True, "read_only_by": "user", "role": "A-b"}, Need.WRITE, "read-only", '"A-b"'),
    "keyword": ({"may_stage": False, "role": "user"}, Need.WRITE, "temporary tables", 'TO "user"'),
    "quote": ({"may_stage": False, "database": 'a"b'}, Need.WRITE, "temporary tables", 'DATABASE "a""b" TO'),
    "no schema": ({"schema": None, "home": None, "homes": ()}, Need.MAKE, "names no schema", "search_path%3D"),
    "temporary": ({"schema": "pg_temp_3", "home": None}, Need.MAKE, "begins with pg_temp_3", "search_path%3D"),
    "system": ({"schema": "pg_catalog", "home": None}, Need.MAKE, "begins with pg_catalog", "search_path%3D"),
    "hidden": ({"homes": ("mine", "public")}, Need.WRITE, "mine hides", "search_path%3Dpublic"),
    "elsewhere": ({"schema": "mine"}, Need.MAKE, "would be made in mine", "search_path%3Dpublic"),
    "elsewhere, read": ({"schema": "mine"}, Need.WRITE, None, ""),
    "no staging": ({"may_stage": False}, Need.WRITE, "temporary tables", "GRANT TEMPORARY ON DATABASE platform"),
    "no making": ({"may_make": False}, Need.MAKE, "may not make tables", "GRANT CREATE ON SCHEMA public"),
    "no making, but a run": ({"may_make": False}, Need.WRITE, None, ""),
}


@pytest.mark.parametrize("case", JUDGED)
def test_each_fault_is_named_with_what_to_change(case: str) -> None:
    said, need, words, hint = JUDGED[case]
    found = preconditions._faults(Server(**{**GOOD, **said}), need)
    assert [words in fault.message for fault in found[:1] if words] == ([True] if words else [])
    assert len(found) == bool(words)
    assert all(hint in fault.hint and fault.exit_code is Exit.DATABASE for fault in found)


# Real servers


@contextmanager
def asked(url: str, statement: str, undo: str) -> Iterator[None]:
    """Change a server or a role for a while."""
    target = sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(target, autocommit=True, options="-c default_transaction_read_only=off") as connection:
        connection.execute(statement.encode())
        try:
            yield
        finally:
            connection.execute(undo.encode())


def made(url: str) -> Database:
    with closing(databases.open_(url)) as opened:
        upgrade.ensure(opened)
    return databases.open_(url)


# What somebody did to a database or a role, how it is taken back, and what is said.
DONE = {
    "read-only database": (
        'ALTER DATABASE "{0}" SET default_transaction_read_only = on',
        'ALTER DATABASE "{0}" RESET default_transaction_read_only',
        "read-only",
    ),
    "read-only role": (
        "ALTER ROLE catalog SET default_transaction_read_only = on",
        "ALTER ROLE catalog RESET default_transaction_read_only",
        "read-only",
    ),
    "lost schema": (
        "ALTER ROLE catalog SET search_path = nowhere",
        "ALTER ROLE catalog RESET search_path",
        "names no schema that is there",
    ),
    "temporary schema": (
        "ALTER ROLE catalog SET search_path = pg_temp, public",
        "ALTER ROLE catalog RESET search_path",
        "begins with pg_temp",
    ),
    "hidden tables": (
        "CREATE SCHEMA mine; CREATE TABLE mine.models (id int); ALTER ROLE catalog SET search_path = mine, public",
        "DROP SCHEMA mine CASCADE; ALTER ROLE catalog RESET search_path",
        "mine hides a part of it",
    ),
}


@pytest.mark.parametrize("case", ["read-only database", "read-only role", "lost schema", "hidden tables"])
def test_a_run_is_refused_before_it_writes(
    enter: Enter, postgres_url: str, postgres_server: postgres.Server, case: str
) -> None:
    if postgres_server.url.username != "catalog":
        pytest.skip("only roles of the tests' own server are changed")
    made(postgres_url).close()
    do, undo, words = (text.format(sa.make_url(postgres_url).database) for text in DONE[case])
    world = enter(postgres_url)
    world.lists("a")
    with asked(postgres_url, do, undo):
        faults, _ = preconditions.examine(world.database, Need.WRITE)
        if case != "lost schema":  # no catalog is found there at all
            with pytest.raises(DatabaseError, match=words):
                world.sync()
        world.database.close()
    assert words in faults[0].message
    assert world.rows("sync_runs", "run_id") == []
    assert world.sync().run.status is Status.COMPLETE


@pytest.mark.parametrize("case", ["read-only database", "lost schema", "temporary schema"])
def test_no_schema_is_made_where_it_would_be_lost(
    postgres_url: str, postgres_server: postgres.Server, case: str
) -> None:
    """With pg_temp first in its search path a catalog was made in temporary tables, and gone with the connection."""
    if postgres_server.url.username != "catalog":
        pytest.skip("only roles of the tests' own server are changed")
    do, undo, words = (text.format(sa.make_url(postgres_url).database) for text in DONE[case])
    with asked(postgres_url, do, undo), closing(databases.open_(postgres_url)) as opened:
        with pytest.raises(DatabaseError, match=words) as caught:
            upgrade.ensure(opened)
        assert caught.value.hint
    with closing(databases.open_(postgres_url)) as opened:
        assert upgrade.current(opened) is None


def test_a_catalog_that_is_read_needs_none_of_this(enter: Enter, postgres_url: str) -> None:
    made(postgres_url).close()
    world = enter(f"{postgres_url}&options=-cdefault_transaction_read_only%3Don")
    assert world.listed() == ""
    with pytest.raises(DatabaseError, match="read-only"):
        world.sync()


# Folders


def test_what_is_temporary_goes_beside_the_catalog_where_the_usual_folder_is_full_or_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temp_folder, "_ROOM", 10**18)
    assert "TMPDIR" in (temp_folder.fault(tmp_path) or DatabaseError("")).hint
    assert temp_folder.folder(tmp_path) is None
    monkeypatch.setattr(temp_folder, "_ROOM", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    assert temp_folder.folder(tmp_path) == tmp_path
    assert temp_folder.fault(None) is None  # /tmp or the like will do


@pytest.fixture
def tiny() -> Iterator[Path]:
    """A file system with hardly any room."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("only root on Linux can make a small file system")
    place = Path("/tmp") / f"catalog-tiny-{os.getpid()}"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=False).returncode:
        place.rmdir()
        pytest.skip("this machine lets nobody mount a file system")
    yield place
    subprocess.run(["umount", place], check=True)
    place.rmdir()


@pytest.mark.parametrize("state", ["full", "gone"])
def test_a_full_or_missing_temporary_folder_stops_no_run(
    enter: Enter, database_url: str, tiny: Path, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tiny if state == "full" else tiny / "gone")
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, place)
    monkeypatch.setattr(tempfile, "tempdir", place)
    world = enter(database_url)
    upgrade.ensure(world.database)
    big(world)
    assert world.sync(dry_run=True).run.added == 3000
    assert world.sync().run.added == 3000
    assert len(world.rows("models", "id", "display_name")) == 3000
    world.check()


def big(world: World) -> None:
    """List more than fits into the memory that staging may use."""
    world.lists(*(f"m-{number}" for number in range(3000)), description="long " * 200)
