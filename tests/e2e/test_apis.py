"""`catalog apis` and `catalog init --api`: from the name of an API to a source that works."""

import json
import tomllib
from pathlib import Path

import pytest

from catalog import cli, config
from catalog.config import apis
from catalog.errors import Exit

pytestmark = pytest.mark.warns

NAMES = list(apis.names())
# What a user writes in place of the words in capitals.
YOURS = {"REGION": "eu-west-1", "RESOURCE": "lab", "WORKSPACE": "lab.cloud.example.org", "PROJECT": "lab-1"} | {
    "SUBSCRIPTION": "0000-1111",
    "ACCOUNT": "f00d",
    "HOST": "models.example.org",
}


def filled(text: str) -> str:
    for word, mine in YOURS.items():
        text = text.replace(word, mine)
    return text


@pytest.fixture(autouse=True)
def without_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for row in apis.rows().values():
        if row.key_variable:
            monkeypatch.delenv(row.key_variable, raising=False)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.run(arguments) == Exit.DONE
    return capsys.readouterr().out


def test_each_api_has_a_line_with_its_key_variable_and_whether_it_is_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk-secret")
    text = printed(capsys, "apis")
    told = {row["api"]: row for row in json.loads(printed(capsys, "apis", "--json"))}
    assert list(told) == NAMES
    assert all(name in text for name in NAMES)
    assert {name: told[name]["key"] for name in ("groq", "openai", "openrouter", "ollama", "vertex")} == {
        "groq": "set",
        "openai": "not set",
        "openrouter": "not needed",
        "ollama": "not needed",
        "vertex": "in a file",
    }
    assert told["openai"]["key_variable"] == "OPENAI_API_KEY"
    assert "gsk-secret" not in text + json.dumps(told)


@pytest.mark.parametrize("name", NAMES)
def test_the_block_of_each_api_loads_once_its_capitals_are_replaced(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed(capsys, "init", "--api", name, "mine.toml")
    path = tmp_path / "mine.toml"
    assert path.stat().st_mode & 0o077 == 0
    written = path.read_text("utf-8")
    path.write_text(filled(written), "utf-8")
    (source,) = config.load(path, environ={}).sources
    row = apis.rows()[name]
    assert (source.name, source.api) == (name, name)
    assert source.auth == "none" or source.api_key_file or source.api_key_env == (row.key_variable or "VARIABLE")
    assert not {word for word in YOURS if word in source.base_url + source.list.path + str(source.headers)}
    if row.key_variable and source.auth != "none":
        found = config.key(source, environ={row.key_variable: "k-12345678901234567890"})
        assert found is not None
        assert found.reveal() == "k-12345678901234567890"
    assert row.key_variable in written
    assert max(map(len, written.splitlines())) < 150


def test_a_dash_prints_the_block_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "init", "--api", "groq", "-")
    assert tomllib.loads(text) == {"sources": {"groq": {"api": "groq"}}}
    assert list(tmp_path.iterdir()) == []


def test_several_names_make_several_sources(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.run(["init", "--api", "openai", "--api", "openrouter", "--api", "ollama"])
    out, err = capsys.readouterr()
    assert code == Exit.DONE
    loaded = config.load(tmp_path / "catalog.toml", environ={})
    assert [source.name for source in loaded.sources] == ["openai", "openrouter", "ollama"]
    assert "export OPENAI_API_KEY=..." in out + err


def test_only_keys_that_are_needed_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("openrouter", "openai", "vllm", "ollama", "vertex")
    assert cli.run(["init", *(word for name in names for word in ("--api", name))]) == Exit.DONE
    err = capsys.readouterr().err
    assert "next: export OPENAI_API_KEY=..., then: catalog check" in err
    assert err.count("export ") == 1


def test_blocks_can_be_added_to_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = printed(capsys, "init", "--api", "openai", "-") + printed(capsys, "init", "--api", "cloudflare", "-")
    whole += printed(capsys, "init", "--api", "groq", "-")
    path = tmp_path / "catalog.toml"
    path.write_text(filled(whole), "utf-8")
    assert [source.name for source in config.load(path, environ={}).sources] == ["openai", "cloudflare", "groq"]


@pytest.mark.parametrize(
    ("name", "near"), [("openroter", "openrouter"), ("OpenAI", "openai"), ("qwerty", "catalog apis")]
)
def test_an_unknown_name_is_refused_with_what_is_close(
    name: str, near: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["init", "--api", "groq", "--api", name]) == Exit.USAGE
    assert near in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_same_name_twice_is_one_source(tmp_path: Path) -> None:
    assert cli.run(["init", "--api", "groq", "--api", "groq"]) == Exit.DONE
    (source,) = config.load(tmp_path / "catalog.toml", environ={}).sources
    assert source.name == "groq"


def test_a_file_that_is_there_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "catalog.toml").write_text("# mine\n")
    assert cli.run(["init", "--api", "groq"]) == Exit.USAGE
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "catalog.toml").read_text() == "# mine\n"


@pytest.mark.parametrize(("options", "said"), [([], True), (["-q"], False)])
def test_a_key_of_another_api_without_a_configuration_is_told_of_and_adds_no_source(
    options: list[str], said: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert cli.run([*options, "sync"]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert ("`catalog init --api openai` would add a source" in err) is said
    assert "sk-secret" not in out + err
    assert list(tmp_path.iterdir()) == []


def test_with_a_configuration_nothing_is_said_of_other_keys(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    (tmp_path / "catalog.toml").write_text("[sources.anthropic]\n")
    assert cli.run(["sync"]) == Exit.USAGE
    assert "init --api" not in capsys.readouterr().err
