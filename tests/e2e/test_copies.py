"""`catalog db backup`, `restore` and `verify`, as a user meets them."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.store import upgrade
from tests.e2e.ground import Ground
from tests.server import model
from tests.store.copying import programs  # noqa: F401 - a fixture

pytestmark = [pytest.mark.usefixtures("programs"), pytest.mark.warns]


def test_a_catalog_is_copied_lost_and_brought_back(bare: Ground) -> None:
    bare.server.models = [model("a"), model("b")]
    assert bare.run("sync")[0] == 0
    code, out, err = bare.run("db", "backup", "copy")
    assert (code, err) == (0, "")
    assert out.startswith("copy: a copy of ")
    assert "with 2 models and 1 run; the last ended 20" in out
    bare.server.models = [model("a"), model("x")]
    assert bare.run("sync")[0] == 0
    code, out, err = bare.run("db", "restore", "copy")
    assert (code, out) == (2, "")
    assert "stays as it is" in err
    code, out, err = bare.run("db", "restore", "--replace", "copy")
    assert (code, err) == (0, "")
    assert "the next whole walk of each source is a baseline" in out
    assert [row["id"] for row in json.loads(bare.run("models", "--json")[1])] == ["a", "b"]
    assert bare.run("db", "verify")[0] == 0
    assert "restored from a copy" in bare.run("runs")[1]


def test_programs_get_json(bare: Ground) -> None:
    bare.server.models = [model("a")]
    bare.run("sync")
    code, out, _ = bare.run("db", "backup", "copy", "--json")
    made = json.loads(out)
    assert (code, made["models"], made["runs"], made["revision"]) == (0, 1, 1, upgrade.HEAD)
    assert made["file"] == str(bare.folder / "copy")
    assert made["bytes"] == (bare.folder / "copy").stat().st_size
    code, out, _ = bare.run("db", "restore", "copy", "--replace", "--json")
    assert (code, json.loads(out)["models"], json.loads(out)["given_up"]) == (0, 1, 0)
    code, out, _ = bare.run("db", "verify", "--json")
    assert code == 0
    assert {row["broken"] for row in json.loads(out)} == {0}


def test_quiet_copies_say_nothing(bare: Ground) -> None:
    bare.run("sync")
    assert bare.run("db", "backup", "copy", "-q") == (0, "", "")
    assert bare.run("db", "restore", "copy", "--replace", "-q") == (0, "", "")


def test_a_copy_never_overwrites_a_file(bare: Ground) -> None:
    (bare.folder / "copy").write_text("precious")
    code, _, err = bare.run("db", "backup", "copy")
    assert (code, "is there already, and stays as it is" in err) == (2, True)
    assert (bare.folder / "copy").read_text() == "precious"


def test_a_copy_takes_no_name_of_sqlites_own(ground: Ground) -> None:
    """A copy named `catalog.db-journal` was made, said to be made, and deleted by SQLite at the next command."""
    for end in ("-journal", "-wal", "-shm"):
        code, _, err = ground.run("db", "backup", f"catalog.db{end}")
        assert (code, "SQLite uses" in err) == (2, True)
    assert ground.run("db", "backup", "catalog.db-copy")[0] == 0


def test_a_copy_of_nothing_is_an_error(ground: Ground) -> None:
    (ground.folder / "catalog.db").unlink()
    assert ground.run("db", "backup", "copy")[0] == 4
    assert not (ground.folder / "copy").exists()


@pytest.mark.parametrize(("where", "hint"), [("nowhere/copy", "make its folder"), ("/proc/copy", "its rights")])
def test_a_place_that_takes_no_copy_is_named(ground: Ground, where: str, hint: str) -> None:
    code, _, err = ground.run("db", "backup", where)
    assert (code, where in err, hint in err) == (4, True, True)


def test_a_damaged_file_is_told_of_by_verify(ground: Ground) -> None:
    ground.execute("PRAGMA foreign_keys=OFF")
    ground.execute("INSERT INTO catalog_page VALUES (9, 'digest', x'', 'id', 0)")
    code, out, _ = ground.run("db", "verify")
    assert code == 4
    assert "broken: rows refer to rows that are there (foreign_key_check): 1 rows" in out


# Programs of Postgres


only_postgres = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)


@pytest.fixture
def on_postgres(bare: Ground) -> Ground:
    bare.run("sync")
    return bare


@only_postgres
def test_pg_dump_has_to_be_there(on_postgres: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    code, _, err = on_postgres.run("db", "backup", "copy")
    assert (code, "pg_dump is not there" in err, "postgresql-client" in err) == (4, True, True)
    assert not (on_postgres.folder / "copy").exists()


# Puts a pg_dump first on the PATH that says this version, and else does this.
Script = Callable[[int, str], None]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    def write(version: int, text: str) -> None:
        answer = f'[ "$1" != --version ] || {{ echo "pg_dump (PostgreSQL) {version}.1"; exit; }}'
        program.write_text(f"#!/bin/sh\n{answer}\n{text}\n")
        program.chmod(0o755)

    return write


@only_postgres
def test_pg_dump_must_not_be_older_than_the_server(on_postgres: Ground, script: Script) -> None:
    script(9, "")
    code, _, err = on_postgres.run("db", "backup", "copy")
    assert (code, "pg_dump 9 is older than the server" in err) == (4, True)


@only_postgres
@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        ("permission denied for table catalog_run", "denied a right"),
        ("No space left on device", "the disk is full"),
        ("something nobody foresaw", "pg_dump failed"),
    ],
)
def test_what_pg_dump_complains_of_is_told_in_our_words(
    on_postgres: Ground, script: Script, complaint: str, said: str
) -> None:
    script(99, f'echo "{complaint}" >&2; exit 1')
    code, _, err = on_postgres.run("db", "backup", "copy")
    assert (code, said in err) == (4, True)
    assert list(on_postgres.folder.glob("*copy*")) == []


@only_postgres
def test_the_password_is_on_no_command_line(
    on_postgres: Ground, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sa.make_url(os.environ["CATALOG_DATABASE_URL"]).set(password="canary-password")
    monkeypatch.setenv("CATALOG_DATABASE_URL", url.render_as_string(hide_password=False))
    heard = on_postgres.folder / "heard"
    script(99, f'echo "$@" "and $PGPASSWORD" >{heard}; exit 1')
    _, out, err = on_postgres.run("db", "backup", "copy", "-v")
    arguments, _, secret = heard.read_text().partition(" and ")
    assert "canary" not in arguments + out + err
    assert "dbname=test_" in arguments
    assert secret.strip() == "canary-password"
