"""`catalog sync` as people call it: what it prints where, what it leaves behind, and what it imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalog import cli
from catalog.store.schema import upgrade
from tests import server as wire
from tests.e2e.ground import IDS, Ground
from tests.server import ModelsServer, model

pytestmark = pytest.mark.warns  # the command line tells of failures by its log


def test_the_first_sync_needs_only_a_key_and_says_where_the_catalog_is(
    server: ModelsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", wire.KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    server.models = [model(id) for id in IDS]
    assert cli.run(["sync"]) == 0
    out, err = capsys.readouterr()
    assert "anthropic: 3 models listed, 3 new" in out
    assert f"{tmp_path / 'catalog.db'}" in err
    assert "baseline" in err
    assert (tmp_path / "catalog.db").stat().st_mode & 0o777 == 0o600


def test_a_change_is_one_line_and_quiet_runs_say_nothing_else(ground: Ground) -> None:
    assert ground.run("-q", "sync") == (0, "", "")
    ground.server.models = [model("claude-a", display_name="Alpha"), *map(model, ["claude-b", "claude-c", "claude-d"])]
    code, out, err = ground.run("sync", "-q")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "  + anthropic: claude-d newly listed",
        "  ~ anthropic: claude-a display_name: Claude A → Alpha",
    ]


def test_a_missing_model_is_named_with_the_moment_from_which_it_may_be_confirmed(ground: Ground) -> None:
    ground.server.models = [model(id) for id in IDS[1:]]
    code, out, _ = ground.run("sync")
    assert code == 0
    assert "? anthropic: claude-a missing since 20" in out
    assert "removed if a whole walk still lacks it at 20" in out
    ground.configure(confirm_after="0s")
    _, out, _ = ground.run("sync")
    assert "- anthropic: claude-a removed: not listed since 20" in out


def test_with_no_time_to_confirm_the_second_walk_is_made_at_once(ground: Ground) -> None:
    ground.configure(confirm_after="0s")
    ground.server.models = [model(id) for id in IDS[1:]]
    code, out, _ = ground.run("sync")
    assert code == 0
    assert "- anthropic: claude-a removed" in out
    assert ground.rows("SELECT status, missing, removed FROM sync_runs WHERE run_id > 1 ORDER BY run_id") == [
        ("complete", 1, 0),
        ("complete", 0, 1),
    ]


def test_a_held_run_exits_5_until_somebody_accepts_it(ground: Ground) -> None:
    ground.server.models = [model("claude-z")]
    assert ground.run("sync")[0] == 5
    code, out, _ = ground.run("sync", "-q")
    assert code == 5
    assert "--accept-removals" in out
    code, out, _ = ground.run("sync", "--accept-removals")
    assert code == 0
    assert out.count("removed: not listed since") == 3
    assert ground.run("sync", "--accept-removals")[0] == 0


def test_removals_that_are_accepted_too_early_are_held_and_say_so(ground: Ground) -> None:
    ground.server.models = [model("claude-z")]
    again = "held since this walk; give --accept-removals once more to accept that they are gone"
    code, out, _ = ground.run("sync", "--accept-removals")
    assert (code, again in out, "they wait for" in out) == (5, True, False)
    code, out, _ = ground.run("sync", "-q", "--accept-removals")
    assert (code, out.count("removed: not listed since")) == (0, 3)


def test_what_another_organization_sees_is_held_and_called_no_baseline_until_somebody_accepts_it(
    ground: Ground,
) -> None:
    ground.server.organization = "org_another"
    code, out, _ = ground.run("sync")
    assert (code, "baseline" in out, "--accept-scope" in out) == (5, False, True)
    assert "(catalog sync anthropic --accept-scope)" in ground.run("status")[1]
    code, out, _ = ground.run("sync", "--accept-scope")
    assert (code, "a baseline: what it found is not news" in out) == (0, True)


def test_a_run_that_is_partial_says_why_once(ground: Ground) -> None:
    ground.server.models.append({"type": "model"})
    code, out, _ = ground.run("sync")
    assert code == 0
    assert out.count("usable id") == 1


def test_how_long_a_run_took_is_logged_as_a_number_of_seconds(ground: Ground) -> None:
    _, _, err = ground.run("sync", "-v", "--log-format", "json")
    told = [json.loads(line) for line in err.splitlines()]
    [finished] = [line for line in told if line["event"] == "run.finished"]
    assert 0 < finished["took"] < 60


def test_json_is_one_array_with_the_columns_of_sync_runs_and_the_changes(ground: Ground) -> None:
    ground.server.models.append(model("claude-d"))
    code, out, _ = ground.run("sync", "--json")
    [run] = json.loads(out)
    assert code == 0
    assert list(run) == [
        *("run_id", "source", "status", "origin", "started_at", "finished_at", "scope", "pages", "models_seen"),
        *("added", "returned", "changed", "missing", "removed", "error", "changes"),
    ]
    [change] = run["changes"]
    assert (change["kind"], change["model_id"], change["baseline"]) == ("added", "claude-d", False)
    assert change["not_before"] < change["observed_at"] <= change["recorded_at"]


def test_a_dry_run_tells_what_would_change_and_leaves_the_file_as_it_was(ground: Ground) -> None:
    before = (ground.folder / "catalog.db").read_bytes()
    ground.server.models.append(model("claude-d"))
    code, out, _ = ground.run("sync", "--dry-run")
    assert code == 0
    assert "+ anthropic: claude-d newly listed" in out
    assert (ground.folder / "catalog.db").read_bytes() == before
    assert "+ anthropic: claude-d newly listed" in ground.run("sync")[1]


def test_a_dry_run_without_a_catalog_makes_none(ground: Ground) -> None:
    (ground.folder / "catalog.db").unlink()
    files = sorted(ground.folder.iterdir())
    code, out, _ = ground.run("sync", "--dry-run")
    assert code == 0
    assert "3 new" in out
    assert sorted(ground.folder.iterdir()) == files


def test_a_wrong_path_is_an_error_when_the_catalog_must_exist(ground: Ground) -> None:
    (ground.folder / "catalog.db").unlink()
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write("[database]\nmust_exist = true\n")
    for command in ("sync", "run"):  # which would make one
        code, _, err = ground.run(command)
        assert code == 4
        assert str(ground.folder / "catalog.db") in err
        assert "run `catalog sync` first" not in err
        assert "set database.must_exist = false until its first sync" in err
    assert not (ground.folder / "catalog.db").exists()


def test_an_unknown_source_is_named_with_the_known_ones(ground: Ground) -> None:
    code, _, err = ground.run("sync", "anthropc")
    assert code == 2
    assert "anthropic" in err


def test_check_says_what_is_in_place_and_changes_nothing(ground: Ground) -> None:
    before = (ground.folder / "catalog.db").read_bytes()
    ground.configure(confirm_after="0s")
    code, out, err = ground.run("check")
    assert (code, err) == (0, "")
    assert out.count("ok ") == 3
    assert "outage" in out
    assert (ground.folder / "catalog.db").read_bytes() == before
    ground.server.key = "another"
    code, out, err = ground.run("check")
    assert code == 3
    assert "401" in err


def test_check_says_that_the_first_sync_could_make_no_catalog(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """It said ok of a folder that was not there, and of one that it could not write to."""
    monkeypatch.setenv("CATALOG_DATABASE_URL", f"sqlite:///{ground.folder / 'nowhere' / 'catalog.db'}")
    code, out, err = ground.run("check")
    assert (code, "database" in out) == (4, False)
    assert "cannot be opened (No such file or directory)\n  check that its folder is there" in err
    assert not (ground.folder / "nowhere").exists()
    shut = ground.folder / "shut"
    shut.mkdir(0o500)
    monkeypatch.setenv("CATALOG_DATABASE_URL", f"sqlite:///{shut / 'catalog.db'}")
    assert ground.run("check")[0] == ground.run("sync")[0]  # 4, or 0 for root, whom no rights stop


def test_a_missing_key_is_told_with_its_source_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    for command in ("check", "sync"):
        code, _, err = ground.run(command)
        assert (code, err.splitlines()[0]) == (2, "catalog: anthropic: no API key: ANTHROPIC_API_KEY is not set")


@pytest.mark.promise("P9")
def test_check_keeps_to_the_deadline_of_the_source_too(ground: Ground) -> None:
    # A source that did not answer held `check` up for a quarter of a minute, and five of them for more than one.
    ground.server.always = wire.error(500)
    with ground.in_a_hurry():
        code, _, err = ground.run("check")
    assert code == 3
    assert "no time is left" in err


def test_a_key_that_the_list_repeats_stays_out_of_the_database(ground: Ground) -> None:
    before = ground.history()
    ground.server.models.append(model("claude-d", display_name=f"hello {wire.KEY}"))
    code, out, err = ground.run("sync")
    assert (code, out) == (3, "")
    assert "the answer repeats the API key" in err
    assert ground.history() == before
    assert not [path for path in ground.folder.iterdir() if wire.KEY.encode() in path.read_bytes()]


def test_a_date_is_read_anew_once_it_does_not_mean_unknown_any_more(ground: Ground) -> None:
    """The list's bytes were the same, so that nobody looked at them: the date stayed unknown for ever."""
    stamp = "2023-02-28T18:56:42Z"
    ground.server.models = [model(id, created_at=stamp) for id in IDS]
    ground.configure(unknown_dates=[stamp])
    (ground.folder / "catalog.db").unlink()
    assert ground.run("sync")[0] == 0
    ground.configure(unknown_dates=[])
    assert ground.rows("SELECT DISTINCT created_at FROM models") == [(None,)]
    assert ground.run("sync")[0] == 0
    assert ground.rows("SELECT DISTINCT created_at FROM models") == [("2023-02-28T18:56:42.000000Z",)]
    assert "nothing changed" in ground.run("sync")[1]


def test_check_and_sync_agree_on_what_is_gravest(ground: Ground) -> None:
    """The list of one source refuses its key (3), the other has none (2): check said 3, sync said 2."""
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(f'[sources.other]\nbase_url = "{ground.server.url}"\napi_key_env = "NOWHERE"\n')
    ground.server.key = "another"
    assert (ground.run("check")[0], ground.run("sync")[0]) == (2, 2)


def test_a_run_that_finds_its_schema_imports_no_more_than_it_needs(ground: Ground) -> None:
    needless = {"alembic", "apscheduler", "rich", "psycopg", "catalog.demo", "sqlalchemy.dialects.postgresql"}
    program = (
        "import sys; from catalog import cli; code = cli.run(['sync']); "
        f"print(code, sorted({needless} & set(sys.modules)))"
    )
    environment = {**os.environ, "ANTHROPIC_API_KEY": wire.KEY}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ground.folder, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0 []"


def test_help_imports_click_alone() -> None:
    program = (
        "import sys; from catalog import cli; cli.run(['--help']); "
        "print(sorted({'sqlalchemy', 'requests', 'msgspec', 'rich', 'catalog.config'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_schema_is_looked_after_from_the_command_line(ground: Ground) -> None:
    assert ground.run("db", "current")[1] == f"{upgrade.HEAD}\n"
    assert ground.run("db", "check")[0] == 0
    assert "invariants hold" in ground.run("db", "verify")[1]
    assert "is at head" in ground.run("db", "upgrade")[1]
    code, out, _ = ground.run("db", "upgrade", "--sql")
    assert code == 0
    assert "CREATE VIEW models" in out


@pytest.mark.parametrize("name", ["50%25", "a%20b", "what?", "sharp#", "two words", "it's"])
def test_a_catalog_lies_where_its_path_says_whatever_the_folder_is_called(
    server: ModelsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Two folders could share one catalog without a word, because the path was read as a URL.

    In a folder `a%20b` the catalog was made in the folder `a b`, and in `what?` it was a file `what` beside it.
    """
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ANTHROPIC_API_KEY", wire.KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    server.models = [model("claude-a")]
    assert cli.run(["sync", "-q"]) == 0
    assert (folder / "catalog.db").exists()
    assert [each.name for each in tmp_path.iterdir()] == [name]
