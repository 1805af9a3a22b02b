"""A catalog from before the first release: each command that opens it says so, and changes nothing."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from catalog.store.engine import database as databases
from tests.e2e.ground import Ground
from tests.server import model

pytestmark = pytest.mark.warns

WORDS = "was made before the first release (schema 0004)"
CURE = "CATALOG_DATABASE_URL=sqlite:///new.db catalog sync"
OPENING = (
    *("models", "show a", "changes", "diff 1d", "runs", "status", "sync", "sync --dry-run", "run", "check"),
    *("db upgrade", "db current", "db check", "db verify", "db backup copy", "db restore whole"),
    *("db restore --replace whole", "alerts list", "alerts retry", "watch check a"),
)


@pytest.fixture
def whole(bare: Ground, migrated_file: Path) -> Path:
    """A copy that could be restored."""
    shutil.copy(migrated_file, bare.folder / "whole")
    return bare.folder / "whole"


def make_old(url: str) -> None:
    database = databases.open_(url)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE catalog_version SET version_num = '0004'")
    database.close()


@pytest.mark.parametrize("command", OPENING)
@pytest.mark.usefixtures("whole")
def test_each_command_refuses_a_catalog_from_before_the_first_release(
    bare: Ground, migrated_url: str, command: str
) -> None:
    make_old(migrated_url)
    bare.server.models = [model("a")]
    code, out, err = bare.run(*command.split())
    assert (code, WORDS in err, CURE in err) == (4, True, True)
    assert "newer" not in out + err
    assert not (bare.folder / "copy").exists()
    database = databases.open_(migrated_url)
    with database.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM catalog_version").scalar() == "0004"
        assert connection.exec_driver_sql("SELECT count(*) FROM catalog_run").scalar() == 0
    database.close()


@pytest.mark.parametrize("options", [[], ["--replace"]])
def test_a_copy_from_before_the_first_release_replaces_nothing(bare: Ground, whole: Path, options: list[str]) -> None:
    bare.server.models = [model("a")]
    bare.run("sync")
    make_old(f"sqlite:///{whole}")
    code, _, err = bare.run("db", "restore", *options, "whole")
    assert (code, f"the catalog in whole {WORDS}" in err) == ((4, True) if options else (2, False))
    assert '"a"' in bare.run("models", "--json")[1]


def test_the_cure_that_is_named_can_be_typed(
    bare: Ground, whole: Path, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(migrated_url)
    make_old(f"sqlite:///{whole}")
    bare.server.models = [model("a")]
    monkeypatch.setenv("CATALOG_DATABASE_URL", "sqlite:///new.db")
    assert bare.run("sync")[0] == 0
    with closing(sqlite3.connect(bare.folder / "new.db")) as made:
        assert made.execute("SELECT id FROM models").fetchall() == [("a",)]
