"""`catalog db prune`, and what `catalog sync` and `catalog run` drop by themselves where keep_runs is set."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog import config
from catalog.config import Config
from catalog.errors import Exit
from catalog.settings import DatabaseSettings
from catalog.store.engine import database as databases
from catalog.store.schema import tables
from catalog.wiring import after_run
from tests.e2e.ground import Ground
from tests.server import ModelsServer, model

pytestmark = pytest.mark.promise("P6")


@pytest.fixture
def old(bare: Ground, server: ModelsServer, migrated_url: str) -> Ground:
    """A catalog with five runs, of which three recorded nothing and are not needed."""
    server.models = [model("a")]
    for _ in range(5):
        assert bare.run("sync", "-q")[0] == Exit.DONE
    assert runs(migrated_url) == 5
    return bare


def runs(url: str) -> int:
    database = databases.open_(url)
    with database.read() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(tables.run))
    database.close()
    return count or 0


def keep(ground: Ground, age: str) -> None:
    path = ground.folder / "catalog.toml"
    path.write_text(f'[database]\nkeep_runs = "{age}"\n{path.read_text()}')


def test_it_says_how_many_of_which_went(old: Ground, migrated_url: str) -> None:
    expected = "3 runs and 0 delivered alerts older than 0 s\n"
    assert old.run("db", "prune", "--older-than", "0s", "--dry-run") == (0, f"would drop {expected}", "")
    assert runs(migrated_url) == 5
    code, out, _ = old.run("db", "prune", "--older-than", "0s", "--dry-run", "--json")
    assert (code, json.loads(out)) == (0, {"runs": 3, "deliveries": 0, "dry_run": True})
    before = old.run("changes", "--json"), old.run("models", "--json"), old.run("status", "--json")[0]
    assert old.run("db", "prune", "--older-than", "0s") == (0, f"dropped {expected}", "")
    assert (old.run("changes", "--json"), old.run("models", "--json"), old.run("status", "--json")[0]) == before
    assert runs(migrated_url) == 2
    assert old.run("db", "prune", "--older-than", "0s", "-q") == (0, "", "")
    assert old.run("db", "verify")[0] == 0


def test_the_configuration_says_how_old_is_old(old: Ground, migrated_url: str) -> None:
    keep(old, "90d")
    assert old.run("db", "prune")[1] == "dropped 0 runs and 0 delivered alerts older than 90 d\n"
    assert old.run("db", "prune", "--older-than", "0s")[1].startswith("dropped 3 runs ")
    assert runs(migrated_url) == 2


@pytest.mark.warns
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "catalog db prune --older-than 90d"),
        (("--dry-run",), "database.keep_runs"),
        (("--older-than", "soon"), "write a number and a unit"),
        (("--older-than", "-1d"), "write a number and a unit"),
        (("--older-than", "forever"), "write a number and a unit"),
    ],
)
def test_without_an_age_it_says_what_to_write(
    old: Ground, migrated_url: str, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = old.run("db", "prune", *arguments)
    assert (code, out, words in err) == (Exit.USAGE, "", True)
    assert runs(migrated_url) == 5


@pytest.mark.warns
def test_there_must_be_a_catalog(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, server: ModelsServer
) -> None:
    monkeypatch.chdir(tmp_path)
    ground = Ground(server, tmp_path, capsys)
    ground.configure(base_url=server.url)
    assert ground.run("db", "prune", "--older-than", "1d")[0] == Exit.DATABASE
    assert not (tmp_path / "catalog.db").exists()


def turn(url: str, moment: object = "asked") -> object:
    """Give when old records were last looked through; or set it."""
    database = databases.open_(url)
    with database.write() as connection:
        if moment != "asked":
            connection.execute(tables.source.update().values(pruned_at=moment))
        found = connection.scalar(sa.select(tables.source.c.pruned_at))
    database.close()
    return found


def at_once(url: str) -> Config:
    """A configuration in which everything is old."""
    settings = DatabaseSettings(url=url, keep_runs=timedelta(microseconds=1))
    return replace(config.load(), database=settings)


def test_a_sync_looks_once_a_day_whoever_makes_it(old: Ground, migrated_url: str) -> None:
    assert (old.run("sync", "-q")[0], turn(migrated_url)) == (0, None)  # by default all is kept
    keep(old, "90d")
    assert (old.run("sync", "-q")[0], runs(migrated_url)) == (0, 7)
    assert turn(migrated_url) is not None
    database = databases.open_(migrated_url)
    after_run.prune_records(at_once(migrated_url), database)
    assert runs(migrated_url) == 7  # it is done for today
    turn(migrated_url, None)
    after_run.prune_records(at_once(migrated_url), database)
    assert runs(migrated_url) == 2
    database.close()


def test_a_worker_does_it_too(old: Ground, migrated_url: str) -> None:
    database, stop = databases.open_(migrated_url), threading.Event()
    assert "old runs" not in [chore.name for chore in after_run.chores(config.load(), database, stop=stop)]
    chores = {chore.name: chore for chore in after_run.chores(at_once(migrated_url), database, stop=stop)}
    assert chores["old runs"].every == timedelta(hours=1)
    chores["old runs"].work()
    assert runs(migrated_url) == 2
    database.close()
