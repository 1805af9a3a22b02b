"""`catalog backfill`, whole: folders, files, repositories, what it says, how it ends, and what a kill leaves behind."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import catalog
from catalog.errors import CatalogError, Exit
from tests import server as play
from tests.e2e.ground import Ground

pytestmark = [pytest.mark.promise("P3", "P5", "P10"), pytest.mark.warns]

START = datetime(2025, 3, 1, tzinfo=UTC)
TEN = "abcdefghij"


def answer(*ids: str) -> bytes:
    return json.dumps(play.page([play.model(id) for id in ids])).encode()


def put(folder: Path, answers: dict[str, Sequence[str] | bytes]) -> None:
    for name, said in answers.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(said if isinstance(said, bytes) else answer(*said))


def runs(bare: Ground, *columns: str) -> list[tuple[object, ...]]:
    """Columns of the runs, newest first."""
    code, out, _ = bare.run("runs", "--json", "--limit", "0")
    assert code == Exit.DONE
    return [tuple(run.get(name) for name in columns) for run in json.loads(out)]


def test_a_folder_becomes_history_in_the_order_of_the_times_in_its_names(bare: Ground) -> None:
    names: dict[str, Sequence[str] | bytes] = {
        "a/2025-03-02T12-00-00Z.json": "ab",
        "2025/03/01.json": "a",
        "1741132800.json": "abc",
        "20250303_1200.json": b"<html>",
        "README.md": b"# no answer",
        ".git/2025-01-01.json": b"hidden",
    }
    put(bare.folder / "record", names)
    code, out, err = bare.run("backfill", "anthropic", "record")
    assert code == Exit.DONE
    assert out.splitlines() == [
        "anthropic: 4 looks recorded, 2025-03-01T00:00:00Z to 2025-03-05T00:00:00Z: 3 added",
        "  ! anthropic: 2025-03-03T12:00:00Z record/20250303_1200.json: page 1: the answer is an HTML page, not JSON",
    ]
    assert "1 file left out" in err
    assert "next: catalog sync anthropic" in err
    assert runs(bare, "origin", "status", "started_at", "finished_at") == [
        ("backfill", "complete", "2025-03-05T00:00:00.000000Z", "2025-03-05T00:00:00.000000Z"),
        ("backfill", "failed", "2025-03-03T12:00:00.000000Z", "2025-03-03T12:00:00.000000Z"),
        ("backfill", "complete", "2025-03-02T12:00:00.000000Z", "2025-03-02T12:00:00.000000Z"),
        ("backfill", "complete", "2025-03-01T00:00:00.000000Z", "2025-03-01T23:59:59.000000Z"),
    ]
    code, out, _ = bare.run("backfill", "anthropic", "record")
    assert (code, out) == (Exit.DONE, "anthropic: nothing to do: each look is recorded already\n")
    with catalog.open(os.environ["CATALOG_DATABASE_URL"]) as read:
        assert [model.id for model in read.models(as_of="2025-03-02T00:00:00Z")] == ["a"]
        assert [run.origin for run in read.runs(limit=1)] == ["backfill"]
    code, out, _ = bare.run("status")
    assert code == Exit.FAILED
    assert "only its past was recorded, until 2025-03-05T00:00:00Z" in out


def test_one_file_takes_its_time_from_an_option_and_json_gives_the_runs(bare: Ground) -> None:
    put(bare.folder, {"models.json": "ab"})
    code, out, _ = bare.run("backfill", "anthropic", "models.json", "--at", "2025-03-01T12:00:00Z", "--json")
    [run] = json.loads(out)
    told = {name: run[name] for name in ("source", "origin", "status", "started_at", "added")}
    at = "2025-03-01T12:00:00.000000Z"
    assert code == Exit.DONE
    assert told == {"source": "anthropic", "origin": "backfill", "status": "complete", "started_at": at, "added": 2}
    code, out, _ = bare.run("backfill", "anthropic", "models.json", "--at", "2025-03-01T12:00:00Z", "--json")
    assert (code, json.loads(out)) == (Exit.DONE, [])


@pytest.mark.parametrize(
    ("answers", "arguments", "words"),
    [
        ({"models.json": "a"}, ["models.json"], "does not say when it was taken"),
        ({"r/2025-03-01.json": "a", "r/last.json": "a"}, ["r"], "r/last.json: its name does not say when"),
        ({"2025-03-01_2025-03-02.json": "a"}, ["2025-03-01_2025-03-02.json"], "it names several times"),
        ({"r/2025-03-01.json": "a", "r/b-2025-03-01.json": "b"}, ["r"], "differ, and are of one time"),
        ({"r/2025-03-01.json": "a", "r/20250301_1200.json": "a"}, ["r"], "differ, and are of one time"),
        ({"2099-01-01.json": "a"}, ["2099-01-01.json"], "is still to come"),
        ({"r/notes.txt": "a"}, ["r"], "there is no recorded answer"),
        ({"r/2025-03-01.json": "a"}, ["gone"], "there is no file or folder gone"),
        ({"2025-03-01.json": "a"}, ["2025-03-01.json/a"], "there is no file or folder 2025-03-01.json/a"),
        ({"r/2025-03-01.json": "a"}, ["r", "x" * 300], "cannot be reached"),
        (
            {"r/2025-03-01.json": "a", "r/2025-03-02.json": "a"},
            ["r", "--at", "2025-01-01"],
            "--at is the time of one file",
        ),
        ({"2025-03-01.json": "a"}, ["2025-03-01.json", "--at", "soon"], "is no time"),
        ({"m.json": "a"}, ["m.json", "--git", "."], "git cannot read the history of m.json"),
        ({"m.json": "a"}, ["m.json", "--git", ".", "--at", "2025-01-01"], "--git takes one file"),
        ({}, [], "needs PATH..."),
    ],
)
def test_what_cannot_be_dated_is_refused_before_anything_is_recorded(
    bare: Ground, answers: dict[str, Sequence[str] | bytes], arguments: list[str], words: str
) -> None:
    put(bare.folder, answers)
    code, out, err = bare.run("backfill", "anthropic", *arguments)
    assert (code, out) == (Exit.USAGE, "")
    assert words in err
    assert runs(bare, "run_id") == []


def test_a_folder_that_cannot_be_looked_into_is_not_passed_over(bare: Ground) -> None:
    """Its answers were left out without a word, and the history that was recorded had a hole."""
    put(bare.folder, {"r/2025-03-01.json": "a"})
    handles = [os.open(bare.folder / "r", os.O_RDONLY)]
    for _ in range(20):  # deeper than a path may be long
        os.mkdir("d" * 250, dir_fd=handles[-1])
        handles.append(os.open("d" * 250, os.O_RDONLY, dir_fd=handles[-1]))
    for handle in handles:
        os.close(handle)
    code, out, err = bare.run("backfill", "anthropic", "r")
    shutil.rmtree(bare.folder / "r")
    assert (code, out, "cannot be reached (File name too long)" in err) == (Exit.USAGE, "", True)
    assert runs(bare, "run_id") == []


def test_an_unknown_source_is_refused(bare: Ground) -> None:
    put(bare.folder, {"2025-03-01.json": "a"})
    assert bare.run("backfill", "antropic", "2025-03-01.json")[0] == Exit.USAGE


def test_equal_answers_of_one_time_count_once(bare: Ground) -> None:
    put(bare.folder / "r", {"2025-03-01.json": "a", "copy/2025-03-01.json": "a"})
    assert bare.run("backfill", "anthropic", "r", "r/2025-03-01.json")[0] == Exit.DONE
    assert len(runs(bare, "run_id")) == 1


def test_what_is_held_is_named_with_a_code_of_its_own(bare: Ground) -> None:
    put(bare.folder / "r", {"2025-03-01.json": TEN, "2025-03-02.json": "abc", "2025-03-03.json": "abc"})
    code, out, err = bare.run("backfill", "anthropic", "r")
    assert code == Exit.HELD
    assert "7 models held, too many at once to be believed gone: d, e, f, g, h, i, j" in err
    assert "they stayed away to the end of the record" in err
    assert "--accept-removals" in err
    assert "  ? anthropic: d missing since 2025-03-02T23:59:59Z; held" in out
    assert bare.run("backfill", "anthropic", "r", "-q")[0] == Exit.HELD
    code, out, _ = bare.run("backfill", "anthropic", "r", "--accept-removals")
    assert (code, "7 removed" in out) == (Exit.DONE, True)


def test_a_look_that_is_judged_again_is_not_counted_and_keeps_its_time(bare: Ground) -> None:
    put(bare.folder / "r", {"2025-03-01.json": TEN, "2025-03-02.json": "", "2025-03-03.json": ""})
    put(bare.folder / "r", {"2025-03-04.json": b"<html>"})
    assert bare.run("backfill", "anthropic", "r")[0] == Exit.HELD
    code, out, _ = bare.run("backfill", "anthropic", "r", "--accept-removals")
    assert (code, out) == (Exit.DONE, "anthropic: the look of 2025-03-03T00:00:00Z judged again: 10 removed\n")
    assert "until 2025-03-03T23:59:59Z: it was never read itself" in bare.run("status")[1]


def test_what_only_one_look_lacks_is_not_told_to_be_accepted_until_it_can_be(bare: Ground) -> None:
    put(bare.folder / "r", {"2025-03-01.json": "abc", "2025-03-02.json": ""})
    for option in ([], ["--accept-removals"], ["--accept-removals"]):
        code, _, err = bare.run("backfill", "anthropic", "r", *option)
        assert (code, "only the last whole look lacks them, and a removal takes two" in err) == (Exit.HELD, True)
        assert ("--accept-removals" in err, "catalog sync anthropic" in err) == (False, True)
    assert "for --accept-removals  (catalog sync anthropic)" in bare.run("status")[1]


def test_the_first_live_sync_is_called_a_baseline_and_what_is_accepted_afterwards_is_told(bare: Ground) -> None:
    put(bare.folder / "r", {"2025-03-01.json": "abc", "2025-03-02.json": "bc", "2025-03-03.json": ""})
    bare.run("backfill", "anthropic", "r")
    bare.server.models = [play.model("x"), play.model("y")]
    gone = "3 of 3 models that were listed before are gone at once: "
    later = "held since this walk; give --accept-removals once more to accept that they are gone"
    code, out, _ = bare.run("sync", "--accept-removals")
    baseline = "a baseline: what it found is not news, and what it lacks counts as missing from now on"
    assert (code, f"; {baseline}; held: {gone}" in out) == (Exit.HELD, True)
    assert later in str(runs(bare, "error"))
    assert f"held: {gone}they wait for --accept-removals  (catalog sync anthropic --accept-r" in bare.run("status")[1]
    code, out, _ = bare.run("sync", "-q", "--accept-removals")
    assert (code, out.count("  - anthropic: "), out.count("removed: not listed since")) == (Exit.DONE, 3, 3)


def test_a_record_of_which_nothing_can_be_read_ends_as_a_list_that_cannot(bare: Ground) -> None:
    put(bare.folder / "r", {"2025-03-01.json": b"", "2025-03-02.json": b"x"})
    assert bare.run("backfill", "anthropic", "r")[0] == Exit.LISTING
    assert runs(bare, "status") == [("failed",), ("failed",)]


def test_after_a_sync_the_past_is_closed(bare: Ground) -> None:
    put(bare.folder / "r", {"2025-03-01.json": "a"})
    bare.server.models = [play.model("a")]
    assert bare.run("sync")[0] == Exit.DONE
    code, _, err = bare.run("backfill", "anthropic", "r")
    assert (code, "the past of anthropic is closed" in err) == (Exit.USAGE, True)


def test_a_file_that_cannot_be_read_is_a_failed_look(bare: Ground) -> None:
    put(bare.folder / "r", {"2025-03-01.json": "a", "2025-03-03.json": "a"})
    (bare.folder / "r" / "2025-03-02.json").mkdir()
    (bare.folder / "r" / "2025-03-02.json" / "x").write_text("")
    (bare.folder / "r" / "2025-03-02T00-00-00Z.json").symlink_to("nowhere")
    assert bare.run("backfill", "anthropic", "r")[0] == Exit.DONE
    assert runs(bare, "status") == [("complete",), ("failed",), ("complete",)]


# A repository


class Repository:
    """A git repository, whose commits have the times that the test says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")
        self.at = START

    def git(self, *arguments: str) -> None:
        at = f"{getattr(self, 'at', START):%Y-%m-%dT%H:%M:%SZ}"
        who = {"GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "e", "GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "e"}
        times = {"GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z"}
        subprocess.run(["git", "-C", str(self.folder), *arguments], check=True, env={**os.environ, **who, **times})

    def commit(self, name: str | None = None, body: bytes = b"", *, hours: float = 24) -> None:
        self.at += timedelta(hours=hours)
        if name is not None:
            (self.folder / name).write_bytes(body)
            self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")


def test_the_history_of_a_file_becomes_that_of_the_list(bare: Ground) -> None:
    repository = Repository(bare.folder / "repo")
    repository.commit("old name.json", answer("a"))  # 2nd of March
    repository.commit("old name.json", answer("a", "b"))
    repository.commit("README", b"no look")
    repository.commit()  # empty: no look
    repository.git("mv", "old name.json", "models.json")
    repository.commit()  # 6th: the same list
    repository.commit("models.json", b"\x00\xff\xfe garbage")
    repository.git("rm", "-q", "models.json")
    repository.commit()  # 8th: deleted
    repository.commit("models.json", answer("a", "b", "c"))
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("models.json", answer("a", "b", "c", "d"))  # 10th: beside
    repository.git("checkout", "-q", "main")
    repository.commit("README", b"no look either")
    repository.at += timedelta(days=1)
    repository.git("merge", "-q", "--no-ff", "-m", "x", "side")  # 12th
    repository.commit("models.json", answer("a", "b", "c", "d", "e"), hours=-48)  # 10th, by a clock that went back
    code, out, _ = bare.run("backfill", "anthropic", "models.json", "--git", "repo")
    assert code == Exit.DONE
    assert "8 looks recorded, 2025-03-02T00:00:00Z to 2025-03-12T00:00:00Z: 5 added" in out
    found = [
        (str(at)[8:10], status, listed) for at, status, listed in runs(bare, "started_at", "status", "models_seen")
    ]
    assert found[::-1] == [
        ("02", "complete", 1),
        ("03", "complete", 2),
        ("06", "complete", 2),
        ("07", "failed", 0),
        ("08", "failed", 0),
        ("09", "complete", 3),
        ("12", "complete", 4),
        ("12", "complete", 5),
    ]
    errors = [str(error) for (error,) in runs(bare, "error") if error]
    assert ["the file was deleted" in errors[0], "models.json in commit" in errors[1]] == [True, True]
    assert bare.run("backfill", "anthropic", "models.json", "--git", "repo")[1].startswith("anthropic: nothing to do")
    repository.at = START + timedelta(days=20)
    repository.commit("models.json", answer("a"))
    assert "1 look recorded" in bare.run("backfill", "anthropic", "models.json", "--git", "repo")[1]


def test_the_history_of_a_copied_file_begins_with_the_copy(bare: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(bare.folder / "repo")
    repository.commit("openai.json", answer(*TEN))
    repository.commit("anthropic.json", answer(*TEN))
    monkeypatch.setenv("GIT_DIR", str(bare.folder / "elsewhere"))  # as inside of a hook of another repository
    assert bare.run("backfill", "anthropic", "anthropic.json", "--git", "repo")[0] == Exit.DONE
    assert [str(at)[:10] for (at,) in runs(bare, "started_at")] == ["2025-03-03"]


DAMAGE: dict[str, Callable[[Path], object]] = {
    "gone": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"garbage"),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:20_000]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_an_object_that_is_damaged_costs_its_own_look_alone(bare: Ground, damage: str) -> None:
    """Git ends at one that is cut short; the command ended with it, half-way, without a word."""
    repository = Repository(bare.folder / "repo")
    for count in (1, 2, 3, 4):
        data = [play.model(id, text=random.Random(id).randbytes(30_000).hex()) for id in TEN[:count]]
        repository.commit("models.json", json.dumps(play.page(data)).encode())
    wanted = ["git", "-C", str(repository.folder), "rev-parse", "HEAD~2:models.json"]
    name = subprocess.run(wanted, check=True, capture_output=True, text=True).stdout.strip()
    path = repository.folder / ".git/objects" / name[:2] / name[2:]
    path.chmod(0o600)
    DAMAGE[damage](path)
    code, out, _ = bare.run("backfill", "anthropic", "models.json", "--git", "repo")
    assert (code, "4 looks recorded" in out) == (Exit.DONE, True)
    found = runs(bare, "status", "models_seen", "error")[::-1]
    assert [row[:2] for row in found] == [("complete", 1), ("failed", 0), ("complete", 3), ("complete", 4)]
    assert "git does not have what the file held" in str(found[1][2])


def test_a_file_that_no_commit_touched_is_named(bare: Ground) -> None:
    repository = Repository(bare.folder / "repo")
    repository.commit("models.json", answer("a"))
    code, _, err = bare.run("backfill", "anthropic", "model.json", "--git", "repo")
    assert (code, "no commit in repo touched model.json" in err) == (Exit.USAGE, True)


# Killed


def shown(url: str) -> list[list[object]]:
    with catalog.open(url) as read:
        return [list(read.models(every=True)), list(read.changes()), list(read.runs())]


def recorded(url: str) -> int:
    try:
        with catalog.open(url) as read:
            return len(list(read.runs()))
    except CatalogError:  # there is no catalog yet
        return 0


def test_killed_again_and_again_the_same_command_comes_to_the_same_history(bare: Ground) -> None:
    looks = 120
    for number in range(looks):
        at = START + timedelta(hours=number)
        ids = [f"m{each}" for each in range(20 + number // 5) if (each + number) % 11]
        put(bare.folder / "r", {f"{at:%Y-%m-%dT%H-%M-%SZ}.json": ids if number % 9 else b"<html>"})

    def begin(url: str) -> "subprocess.Popen[bytes]":
        environment = {**os.environ, "CATALOG_DATABASE_URL": url}
        command = [sys.executable, "-m", "catalog", "backfill", "anthropic", "r", "-q"]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    killed, whole = os.environ["CATALOG_DATABASE_URL"], f"sqlite:///{bare.folder / 'whole.db'}"
    for target in (1, 30, 31, 80):
        with begin(killed) as program:
            while program.poll() is None and recorded(killed) < target:
                time.sleep(0.002)
            program.send_signal(signal.SIGKILL)
        assert recorded(killed) >= target
    with begin(killed) as program, begin(whole) as another:
        assert program.wait() == another.wait()
    assert recorded(killed) == looks
    assert shown(killed) == shown(whole)
