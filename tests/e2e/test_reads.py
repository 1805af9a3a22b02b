"""The reading commands, called as a user calls them: what they print, where, and how they end."""

import csv
import io
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import clock
from catalog.store.schema import views
from tests.e2e.ground import Ground
from tests.server import ModelsServer, error, model

ROOT = Path(__file__).parents[2]
VIEWS = views.surface.tables
DAY = timedelta(days=1)


@pytest.fixture
def lived(bare: Ground, server: ModelsServer) -> Ground:
    """Sync twice: claude-a stays, claude-b is renamed, claude-c is gone, Claude-d is new and of an unknown date."""
    server.models = [model("claude-a"), model("claude-b"), model("claude-c")]
    assert bare.run("sync")[0] == 0
    epoch = model("Claude-d", created_at="1970-01-01T00:00:00Z", display_name="\x1b[31mRed")
    server.models = [model("claude-a"), model("claude-b", display_name="Bee"), epoch]
    assert bare.run("sync")[0] == 0
    return bare


def objects(ground: Ground, *arguments: str) -> list[dict[str, Any]]:
    code, out, err = ground.run(*arguments, "--json")
    assert (code, err) == (0, "")
    found: list[dict[str, Any]] = json.loads(out)
    return found


def ids(ground: Ground, *arguments: str) -> list[str]:
    return [one["id"] for one in objects(ground, "models", *arguments)]


def test_models_lists_now_then_the_gone_or_all(lived: Ground) -> None:
    assert ids(lived) == ["Claude-d", "claude-a", "claude-b"]
    assert ids(lived, "--removed") == ["claude-c"]
    assert ids(lived, "--all") == ["Claude-d", "claude-a", "claude-b", "claude-c"]
    first = objects(lived, "runs")[-1]["finished_at"]
    assert ids(lived, "--as-of", first) == ["claude-a", "claude-b", "claude-c"]
    assert ids(lived, "--match", "claude-[ab]") == ["claude-a", "claude-b"]
    code, out, err = lived.run("models", "--match", "CLAUDE*", "--json")
    assert (code, json.loads(out), err) == (0, [], "no model fits\n")


@pytest.mark.parametrize(
    ("arguments", "view"),
    [
        (["models"], "models"),
        (["models", "--as-of", "0s"], "model_history"),
        (["changes"], "changes"),
        (["runs"], "sync_runs"),
    ],
)
def test_json_and_csv_have_the_columns_of_the_view(lived: Ground, arguments: list[str], view: str) -> None:
    columns = list(VIEWS[view].c.keys())
    first, *_ = found = objects(lived, *arguments)
    absent = [name for name in ("old_value", "new_value") if name in columns and first["kind"] != "changed"]
    assert list(first) == [name for name in columns if name not in absent]
    for form, delimiter in (("--csv", ","), ("--tsv", "\t")):
        code, out, _ = lived.run(*arguments, form)
        assert (code, next(csv.reader(io.StringIO(out), delimiter=delimiter))) == (0, columns)
    code, out, _ = lived.run(*arguments, "--nl")
    assert (code, [json.loads(line) for line in out.splitlines()]) == (0, found)


def test_what_holds_json_is_a_value_in_json_and_text_in_csv(lived: Ground) -> None:
    """`jq -r .new_value` printed quotes, and each reader of `scope` had to parse it once more."""
    [change] = objects(lived, "changes", "--field", "display_name")
    assert (change["old_value"], change["new_value"]) == ("Claude B", "Bee")
    assert {type(run["scope"]) for run in objects(lived, "runs")} == {dict}
    [source] = json.loads(lived.run("status", "--json")[1])
    assert source["scope"]["base_url"] == lived.server.url
    assert {type(one["attributes"]) for one in objects(lived, "models")} == {dict}
    _, row = csv.reader(io.StringIO(lived.run("changes", "--field", "d*", "--csv")[1]))
    assert row[6:8] == ['"Claude B"', '"Bee"']
    assert '\t"""Claude B"""\t"""Bee"""\t' in lived.run("changes", "--field", "d*", "--tsv")[1]
    status = lived.run("status", "--csv")[1]
    head, one = csv.reader(io.StringIO(status))
    assert (head[0], one[0], head[-1], json.loads(one[-1])) == ("source", "anthropic", "findings", [])


def test_null_is_what_a_list_said_and_absent_is_left_out(lived: Ground, server: ModelsServer) -> None:
    server.models[0] |= {"tone": None}
    lived.run("sync")
    server.models[0] |= {"tone": 1}
    lived.run("sync")
    del server.models[0]["tone"]
    lived.run("sync")
    values = [
        (one.get("old_value", ...), one.get("new_value", ...)) for one in objects(lived, "changes", "--field", "tone")
    ]
    assert values == [(1, ...), (None, 1), (..., None)]
    _, out, _ = lived.run("changes", "--field", "tone")
    assert [line.split("tone: ")[1] for line in out.splitlines()[1:]] == ["1 → absent", "null → 1", "absent → null"]


def test_json_has_times_as_text_and_attributes_as_an_object(lived: Ground) -> None:
    red = objects(lived, "models", "--match", "Claude-d")[0]
    assert red["created_at"] is None
    assert red["attributes"]["created_at"] == "1970-01-01T00:00:00Z"
    assert red["attributes"]["capabilities"]["batch"] == {"supported": True}
    assert len(red["first_seen_at"]) == len("2026-11-22T09:30:00.000000Z")


def test_a_table_shows_no_control_bytes_and_no_1970(lived: Ground) -> None:
    for arguments in (["models"], ["models", "--all"], ["changes"], ["show", "Claude-d"]):
        code, out, _ = lived.run(*arguments)
        assert code == 0
        assert "\x1b" not in out
        assert "created_at: " not in out
        assert " 1970" not in out


def test_show_tells_dates_story_and_states(lived: Ground) -> None:
    _, out, _ = lived.run("show", "claude-b")
    assert "claude-b  (anthropic)" in out
    assert "  listed; first seen just now, last seen just now" in out
    assert "display_name: Claude B → Bee" in out
    assert "added (baseline)" in out
    assert "2 states" in out
    assert "capabilities.batch.supported" in out
    _, gone, _ = lived.run("show", "claude-c")
    assert "  gone since 20" in gone
    _, red, _ = lived.run("show", "Claude-d")
    assert "created_at" not in red
    assert "unknown" not in red


def test_show_json_holds_the_history_and_the_changes(lived: Ground) -> None:
    (story,) = objects(lived, "show", "claude-b")
    assert [state["display_name"] for state in story["history"]] == ["Claude B", "Bee"]
    added, changed = story["changes"]
    assert (added["kind"], "old_value" in added, "new_value" in added) == ("added", False, False)
    assert (changed["kind"], changed["old_value"], changed["new_value"]) == ("changed", "Claude B", "Bee")


@pytest.mark.warns
def test_an_unknown_id_is_an_error_that_guesses(lived: Ground) -> None:
    code, out, err = lived.run("show", "cluade-b")
    assert (code, out) == (1, "")
    assert 'no model with the id "cluade-b" was ever seen' in err
    assert "did you mean claude-b" in err
    for hostile in ("", "%", "*", "x' OR '1'='1", "\udcff", "a\nb"):
        assert lived.run("show", "--", hostile)[0] == 1


@pytest.mark.warns
@pytest.mark.parametrize("part", ["e-b", "x y", "$(true)", "*"])
def test_where_no_id_is_close_the_hint_is_a_command_that_looks_for_a_part(lived: Ground, part: str) -> None:
    code, _, err = lived.run("show", part)
    typed = shlex.split(err.split("`")[1])
    assert (code, typed) == (1, ["catalog", "models", "--all", "--match", part])
    assert lived.run(*typed[1:])[0] == 0


def test_changes_are_newest_first_and_say_when_they_are_cut(lived: Ground) -> None:
    numbers = [one["change_id"] for one in objects(lived, "changes")]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 6
    code, out, err = lived.run("changes", "--limit", "2", "--json")
    assert (code, [one["change_id"] for one in json.loads(out)]) == (0, numbers[:2])
    assert "these are the newest 2" in err
    assert lived.run("-q", "changes", "--limit", "2", "--json")[2] == ""
    assert len(objects(lived, "changes", "--limit", "6")) == 6


def test_changes_are_filtered(lived: Ground) -> None:
    assert [one["model_id"] for one in objects(lived, "changes", "--kind", "removed")] == ["claude-c"]
    assert [one["kind"] for one in objects(lived, "changes", "--model", "claude-b")] == ["changed", "added"]
    assert len(objects(lived, "changes", "--since", "1h", "--model", "c*")) == 5
    code, out, err = lived.run("changes", "--until", "1h", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert "no change was recorded" in err


def test_diff_names_what_came_went_and_changed(lived: Ground) -> None:
    first = objects(lived, "runs")[-1]["finished_at"]
    found = [tuple(one.values()) for one in objects(lived, "diff", first)]
    assert found == [
        ("anthropic", "Claude-d", "added", None),
        ("anthropic", "claude-b", "changed", "display_name", "Claude B", "Bee"),
        ("anthropic", "claude-c", "removed", None),
    ]
    code, out, err = lived.run("diff", first, first, "--json")
    assert (code, json.loads(out)) == (0, [])
    assert "nothing differs" in err


@pytest.fixture
def dated(bare: Ground, server: ModelsServer) -> Ground:
    """Sync once: models of two lines, which retire at different times or never."""
    now = clock.utc_now()
    dates = {"opus-1": now - DAY, "opus-2": now + 30 * DAY, "opus-3": now + 300 * DAY, "haiku-1": None}
    server.models = [
        model(
            f"claude-{name}",
            line=name[:-2],
            lifecycle="deprecated" if at else "active",
            retires_at=at and at.strftime("%Y-%m-%dT00:00:00Z"),
        )
        for name, at in dates.items()
    ]
    assert bare.run("sync")[0] == 0
    return bare


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--lifecycle", "deprecated"], ["opus-1", "opus-2", "opus-3"]),
        (["--lifecycle", "Deprecated"], []),
        (["--line", "haiku"], ["haiku-1"]),
        (["--line", "\udcff"], []),
        (["--line", "opus", "--match", "*[13]"], ["opus-1", "opus-3"]),
        (["--retiring", "90d"], ["opus-1", "opus-2"]),
        (["--retiring", "999999999d"], ["opus-1", "opus-2", "opus-3"]),
        (["--retiring", "90d", "--as-of", "now"], ["opus-1", "opus-2"]),
        (["--retiring", "52w", "--sort", "-retires"], ["opus-3", "opus-2", "opus-1"]),
        (["--sort", "retires_at"], ["opus-1", "opus-2", "opus-3", "haiku-1"]),
        (["--sort", "-retires_at"], ["opus-3", "opus-2", "opus-1", "haiku-1"]),
        (["--sort", "-id", "--limit", "2"], ["opus-3", "opus-2"]),
        (["--sort", "first seen"], ["haiku-1", "opus-1", "opus-2", "opus-3"]),
        (["--sort", "attributes"], ["haiku-1", "opus-1", "opus-2", "opus-3"]),
        (["--limit", "0"], ["haiku-1", "opus-1", "opus-2", "opus-3"]),
    ],
)
def test_models_are_chosen_and_sorted(dated: Ground, arguments: list[str], expected: list[str]) -> None:
    code, out, _ = dated.run("models", *arguments, "--json")
    assert (code, [one["id"].removeprefix("claude-") for one in json.loads(out)]) == (0, expected)


def test_columns_are_those_that_are_asked_for_in_each_form(dated: Ground) -> None:
    wanted = ["models", "--match", "*haiku*", "--columns", "id,Retires, max_tokens"]
    code, out, err = dated.run(*wanted)
    assert (code, out, err) == (0, "id              retires  max_tokens\nclaude-haiku-1  -        64000\n", "1 model\n")
    assert dated.run(*wanted, "--csv")[1] == "id,retires_at,max_tokens\nclaude-haiku-1,,64000\n"
    assert objects(dated, *wanted) == [{"id": "claude-haiku-1", "retires_at": None, "max_tokens": 64000}]


def test_a_count_stands_on_stderr_and_says_when_there_are_more(dated: Ground) -> None:
    assert dated.run("models")[2] == "4 models\n"
    assert dated.run("models", "--limit", "1")[2] == "these are the first 1; `--limit 0` shows all\n"
    assert dated.run("models", "--limit", "4")[2] == "4 models\n"
    assert dated.run("-q", "models")[2] == ""
    assert dated.run("models", "--json")[2] == ""


@pytest.mark.parametrize(
    ("command", "typed", "expected", "words"),
    [
        (["models"], "opus", 3, 'no model has the id "opus": it is taken as the pattern *opus*'),
        (["models"], "claude-opus-1", 1, ""),
        (["models"], "claude-[o]pus", 0, "no model fits"),
        (["models"], "none", 0, 'no model has the id "none": it is taken as the pattern *none*\nno model fits'),
        (["models", "--source", "anthropic"], "haiku", 1, 'no model has the id "haiku": it is taken as'),
        (["models", "--as-of", "now"], "haiku", 1, 'no model has the id "haiku": it is taken as'),
        (["models"], "\udcff", 0, "no model fits"),
        (["changes"], "opus", 3, "it is taken as the pattern *opus*"),
        (["diff", "2020"], "opus", 3, "it is taken as the pattern *opus*"),
        (["models", "--removed"], "claude-opus-1", 0, "no model fits"),  # an id that is known is never widened
    ],
)
def test_a_pattern_without_signs_that_is_no_id_is_taken_as_a_part_of_one(
    dated: Ground, command: list[str], typed: str, expected: int, words: str
) -> None:
    option = "--model" if command == ["changes"] else "--match"
    code, out, err = dated.run(*command, option, typed, "--json")
    assert (code, len(json.loads(out))) == (0, expected)
    assert words in err
    assert ("taken as" in err) == ("taken as" in words or typed == "\udcff")


def test_changes_are_filtered_by_field_and_without_the_baseline(lived: Ground) -> None:
    fields = [one["field"] for one in objects(lived, "changes", "--field", "d*_name")]
    assert fields == ["display_name"]
    assert objects(lived, "changes", "--field", "display_name", "--model", "claude-b", "--limit", "1") != []
    kinds = [one["kind"] for one in objects(lived, "changes", "--no-baseline")]
    assert sorted(kinds) == ["added", "changed", "removed"]
    assert [one["kind"] for one in objects(lived, "changes", "--no-baseline", "--model", "claude-b")] == ["changed"]
    assert lived.run("changes", "--field", "\udcff", "--json")[1] == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["models", "--as-of", "today"], "today is not over: it is taken as now, 20"),
        (["models", "--as-of", "2020-02"], "what was listed at 2020-02-29T23:59:59.999999Z is not known"),
        (["diff", "2020-03"], "it knows nothing: what its first list had counts as added"),
        (["models", "--as-of", "2020-02"], "2020-02 is taken as its last moment: 2020-02-29T23:59:59.999999Z"),
        (["changes", "--since", "2020"], "2020 is taken from its first moment: 2020-01-01T00:00:00Z"),
        (["changes", "--until", "2020-01-01"], "2020-01-01 is taken as its last moment: 2020-01-01T23:59:59.999999Z"),
        (["diff", "2020-01-01 10:00"], "2020-01-01 10:00 is taken as UTC: 2020-01-01T10:00:00Z"),
        (["diff", "yesterday", "today"], "today is not over"),
    ],
)
def test_which_moment_is_meant_is_said(lived: Ground, arguments: list[str], words: str) -> None:
    code, _, err = lived.run(*arguments, "--json")
    assert (code, words in err) == (0, True)
    assert lived.run("-q", *arguments, "--json")[2] == ""


def test_on_the_day_of_the_first_sync_today_shows_what_is_listed(lived: Ground) -> None:
    """A date was its midnight: `--as-of` the day of the first sync showed nothing."""
    today = clock.utc_now().strftime("%Y-%m-%d")
    for moment in (today, today[:7], "today", "now"):
        assert [one["id"] for one in json.loads(lived.run("models", "--as-of", moment, "--json")[1])] == ids(lived)
    assert len(json.loads(lived.run("changes", "--since", "today", "--until", "today", "--json")[1])) == 6


@pytest.mark.parametrize("command", ["models", "changes", "runs", "status", "models --json", "show claude-a"])
def test_a_reader_that_leaves_is_no_failure_of_ours(ground: Ground, command: str) -> None:
    """`changes | head -1` ended with 1, which is the code for what nobody foresaw."""
    place = hung_up()
    run = [sys.executable, "-m", "catalog", *command.split()]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, cwd=ground.folder, env=environ, stdout=place, stderr=subprocess.PIPE, check=False)
    os.close(place)
    assert (done.returncode, done.stderr) == (141, b"")


def test_moments_the_catalog_does_not_know_are_named(lived: Ground) -> None:
    code, out, err = lived.run("models", "--as-of", "2020-01-01", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert "this catalog begins at 20" in err
    code, _, err = lived.run("models", "--as-of", "9000-01-01")
    assert code == 0
    assert "lies in the future" in err


@pytest.mark.warns
def test_runs_say_why_one_failed(lived: Ground, server: ModelsServer) -> None:
    server.script(error(403))
    assert lived.run("sync")[0] == 3
    _, out, _ = lived.run("runs", "--limit", "1")
    assert "failed" in out
    assert "403" in out


@pytest.mark.warns
def test_status_is_an_exit_code_and_says_what_to_type(lived: Ground, server: ModelsServer) -> None:
    code, out, _ = lived.run("status")
    assert (code, out.splitlines()[-1]) == (0, "healthy")
    server.script(error(403))
    lived.run("sync")
    code, out, _ = lived.run("status")
    assert code == 1
    assert "problem: anthropic: the last run failed; the latest: " in out
    code, out, _ = lived.run("status", "--json")
    (source,) = json.loads(out)
    assert (code, source["healthy"], [one["code"] for one in source["findings"]]) == (1, False, ["failed"])
    assert list(source)[: len(VIEWS["sources"].c)] == list(VIEWS["sources"].c.keys())


@pytest.mark.warns
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["models", "--as-of", "tomorrow"], "is no time"),
        (["models", "--as-of", "1h", "--all"], "contradict"),
        (["models", "--removed", "--all"], "contradict"),
        (["models", "--json", "--csv"], "--json and --csv contradict"),
        (["status", "--nl", "--tsv"], "--nl and --tsv contradict"),
        (["models", "--retiring", "90d", "--all"], "--retiring and --all contradict"),
        (["models", "--retiring", "soon"], "is no duration"),
        (["models", "--sort", "nam"], 'there is no column "nam"'),
        (["models", "--columns", "id,"], 'there is no column ""'),
        (["models", "--as-of", "1h", "--sort", "removed"], 'there is no column "removed"'),
        (["changes", "--field", "line", "--kind", "added"], "--field and --kind added contradict"),
        (["models", "--source", "nobody"], "was never synced"),
        (["changes", "--kind", "vanished"], "vanished"),
        (["changes", "--limit", "-1"], "-1"),
        (["changes", "--since", "1h", "--until", "2h"], "earlier"),
        (["diff"], "T1"),
        (["diff", "1h", "2h"], "earlier"),
        (["show"], "ID"),
    ],
)
def test_what_makes_no_sense_is_a_usage_error(ground: Ground, arguments: list[str], words: str) -> None:
    code, out, err = ground.run(*arguments)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.warns
@pytest.mark.parametrize("command", [["models"], ["show", "x"], ["changes"], ["diff", "1d"], ["runs"], ["status"]])
def test_reading_makes_no_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = Ground(None, tmp_path, capsys).run(*command)  # type: ignore[arg-type] # nobody is asked
    assert (code, out) == (4, "")
    assert f"there is no catalog at {tmp_path / 'catalog.db'}" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("command", ["models", "changes", "status", "sync"])
def test_output_that_cannot_be_written_is_not_blamed_on_the_database(ground: Ground, command: str) -> None:
    """With its output on a full disk, `models` said that the database could not be opened, and exited 4."""
    with Path("/dev/full").open("wb") as full:
        run = [sys.executable, "-c", "from catalog.cli import main; main()", command]
        done = subprocess.run(run, cwd=ground.folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr == "catalog: the output could not be written: No space left on device\n"
    assert done.returncode == 1


def hung_up() -> int:
    """A pipe whose reader has left."""
    ours, theirs = os.pipe()
    os.close(ours)
    return theirs


@pytest.mark.parametrize(
    ("stdout", "code"), [(hung_up, 0), (lambda: os.open("/dev/full", os.O_WRONLY), 1)], ids=["hung up", "full"]
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_who_does_not_listen_keeps_no_source_from_being_synced(
    ground: Ground, stdout: Callable[[], int], code: int, form: list[str]
) -> None:
    """`sync | head -1` ended after the first source, and so did a sync whose output met a full disk."""
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(f'[sources.other]\nbase_url = "{ground.server.url}"\napi_key_env = "ANTHROPIC_API_KEY"\n')
    ground.server.models.append(model("claude-new"))
    run = [sys.executable, "-m", "catalog", "sync", *form]
    place = stdout()
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(run, cwd=ground.folder, env=environ, stdout=place, stderr=subprocess.PIPE, check=False)
    os.close(place)
    assert (done.returncode, done.stderr != b"") == (code, code == 1)
    assert ground.rows("SELECT source, status FROM sync_runs WHERE run_id > 1 ORDER BY source") == [
        ("anthropic", "complete"),
        ("other", "complete"),
    ]


@pytest.mark.warns
def test_a_folder_that_is_gone_is_told_as_that(ground: Ground, tmp_path: Path) -> None:
    """In a folder that somebody had removed, every command failed as `unexpected`."""
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    code, out, err = ground.run("models")
    assert (code, out) == (2, "")
    assert err == "catalog: the folder this was started in is gone\n  cd to a folder that is there\n"


COMMANDS = ("sync", "sync --dry-run", "run", "check", "models", "status", "watch check a", "db verify", "db restore c")


@pytest.mark.warns
@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_at_which_one_may_not_even_look_is_told_as_that(
    ground: Ground, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below a folder that was closed to the user of a cron job, every command failed as `unexpected`."""
    (ground.folder / "c").touch()
    monkeypatch.setenv("CATALOG_DATABASE_URL", f"sqlite:///{'x' * 300}.db")  # to root, no folder is closed
    code, _, err = ground.run(*command.split())
    assert (code, "cannot be opened (File name too long)" in err) == (4, True)


@pytest.mark.warns
def test_a_copy_at_which_one_may_not_even_look_is_told_as_that(ground: Ground) -> None:
    code, _, err = ground.run("db", "restore", "--replace", "x" * 300)
    assert (code, "cannot be opened (File name too long)" in err) == (4, True)
