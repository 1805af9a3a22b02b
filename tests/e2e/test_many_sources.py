"""What people are shown of many sources: problems first, the same thing once, and shared ids told apart."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog import cli
from tests import server as play
from tests.server import ModelsServer, model

pytestmark = pytest.mark.warns

GOOD = [f"good-{number:02}" for number in range(18)]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Twenty sources: of the last two, the list was never read."""
    monkeypatch.chdir(tmp_path)
    good, bad = ModelsServer(models=[model("a"), model("b:1")]).start(), ModelsServer(always=play.error(401)).start()
    names = [*((name, good) for name in GOOD), ("worse", bad), ("alas", bad)]
    tables = [f'[sources.{name}]\nbase_url = "{of.url}"\napi_key_env = "OUR_KEY"\n' for name, of in names]
    Path("catalog.toml").write_text("".join(tables))
    monkeypatch.setenv("OUR_KEY", play.KEY)

    def called(*words: str) -> tuple[int, str, str]:
        code = cli.run(list(words))
        out, err = capsys.readouterr()
        return code, out, err

    assert called("sync")[0] == 3
    yield called
    good.close()
    bad.close()


def test_status_says_problems_first_and_the_same_thing_once(run: Run) -> None:
    code, out, _ = run("status")
    lines = out.splitlines()
    table = lines[lines.index("") + 1 :]
    assert code == 1
    assert lines[0] == "problem: alas, worse: was never read whole  (catalog sync alas worse)"
    levels = [line.split(":")[0] for line in lines[: lines.index("")]]
    assert levels == ["problem"] * 3 + ["note"] * 2  # the ids of requests tell the two failures apart
    assert table[0].split() == ["source", "models", "last", "whole", "walk", "last", "run"]
    assert [line.split()[0] for line in table[1:]] == ["alas", "worse", *GOOD]
    assert max(map(len, table)) <= 80
    assert [each["source"] for each in json.loads(run("status", "--json")[1])] == sorted([*GOOD, "worse", "alas"])
    assert run("-q", "status")[1].splitlines() == lines[:3]


@pytest.mark.parametrize("command", [["models"], ["changes"], ["runs"], ["diff", "2020-01-01"]])
def test_a_source_column_stands_where_there_are_several_and_only_there(run: Run, command: list[str]) -> None:
    assert "source" in run(*command)[1].split("\n")[0].split()
    assert "source" not in run(*command, "--source", "good-03")[1].split("\n")[0].split()
    one = json.loads(run(*command, "--source", "good-03", "--json")[1])
    assert {row["source"] for row in one} == {"good-03"}


@pytest.mark.parametrize("command", [["models"], ["changes"], ["runs"], ["diff", "2020-01-01"], ["show", "a"]])
def test_an_unknown_source_is_refused_with_what_is_close(run: Run, command: list[str]) -> None:
    code, out, err = run(*command, "--source", "god-03")
    assert (code, out) == (2, "")
    assert 'source "god-03" was never synced into this catalog; did you mean "good-03"?' in err


def test_a_source_that_is_called_like_its_host_is_named_where_it_fails(run: Run) -> None:
    Path("catalog.toml").write_text(
        '[sources.localhost]\napi = "vllm"\nbase_url = "http://localhost:9"\ndeadline = "1s"\ntimeout = "1s"\n'
    )
    code, _, err = run("check")
    assert code == 3
    assert "catalog: localhost: the models list of localhost:9: " in err


def test_ids_that_sources_share_are_told_apart(run: Run) -> None:
    assert run("watch", "check", "b:1")[0] == 0  # a list that is fresh has it
    assert run("watch", "check", "nothing")[0] == 12  # two lists were never read, and it could be there
    code, out, _ = run("watch", "check", "good-07:b:1", "good-01:a")
    assert code == 0
    assert [line.split() for line in out.splitlines()[1:]] == [["fine", "b:1", "good-07"], ["fine", "a", "good-01"]]
    assert [line for line in run("show", "a")[1].splitlines() if line.startswith("a  (")] == [
        f"a  ({name})" for name in GOOD
    ]
