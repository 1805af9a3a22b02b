"""`catalog db backup`, `restore` and `verify`, as a user meets them."""

import json

import pytest

from catalog.store.schema import upgrade
from tests.e2e.ground import Ground
from tests.server import model

pytestmark = pytest.mark.warns


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
    assert "the next walk of each source that shows the whole list is a baseline" in out
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


@pytest.mark.parametrize(
    ("where", "hint"),
    [("nowhere/copy", "make its folder"), (f"{'x' * 300}/copy", "its rights"), ("/proc/copy", "its rights")],
)
def test_a_place_that_takes_no_copy_is_named(ground: Ground, where: str, hint: str) -> None:
    code, _, err = ground.run("db", "backup", where)
    assert (code, where in err, hint in err) == (4, True, True)


def test_a_damaged_file_is_told_of_by_verify(ground: Ground) -> None:
    ground.execute("PRAGMA foreign_keys=OFF")
    ground.execute("INSERT INTO catalog_page VALUES (9, 'digest', x'', 'id', 0)")
    code, out, _ = ground.run("db", "verify")
    assert code == 4
    assert "broken: rows refer to rows that are there (foreign_key_check): 1 row\n" in out


def test_commands_read_a_copy_of_either_database(bare: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no program of Postgres is: a copy was made by pg_dump, and only pg_restore could read it."""
    monkeypatch.setenv("PATH", "")
    bare.server.models = [model("a"), model("b")]
    bare.run("sync")
    assert bare.run("db", "backup", "copy.db")[0] == 0
    asked = [("models",), ("changes",), ("runs",), ("show", "a")]
    answers = [json.loads(bare.run(*each, "--json")[1]) for each in asked]
    monkeypatch.setenv("CATALOG_DATABASE_URL", f"sqlite:///{bare.folder / 'copy.db'}")
    assert [json.loads(bare.run(*each, "--json")[1]) for each in asked] == answers
    assert bare.run("db", "verify")[0] == bare.run("db", "check")[0] == 0


def test_a_copy_made_by_pg_dump_is_no_copy_any_more(bare: Ground) -> None:
    (bare.folder / "before.copy").write_bytes(b"PGDMP\1\16\0 and more")
    bare.run("sync")
    code, out, err = bare.run("db", "restore", "--replace", "before.copy")
    assert (code, out) == (4, "")
    assert ("made by pg_dump" in err, "pg_restore --data-only" in err, "docs/how-to/postgres.md" in err) == (
        True,
        True,
        True,
    )
    assert bare.run("db", "verify")[0] == 0
