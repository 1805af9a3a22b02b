"""The recipes for builds can be typed: each command in them is run where the files lie that it names."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from catalog import cli, dates
from tests.server import KEY, ModelsServer, model

PAGE = (Path(__file__).parents[2] / "docs/how-to/builds.md").read_text("utf-8")
RECIPES = [yaml.safe_load(text) for text in re.findall(r"^```yaml\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)]
PUBLISHED = "https://models.example.org/catalog"


def commands(recipe: object) -> list[str]:
    """Give every command of a recipe that is ours."""
    if isinstance(recipe, str):
        return [recipe] if recipe.startswith("catalog ") else []
    inner = recipe.values() if isinstance(recipe, dict) else recipe if isinstance(recipe, list) else ()
    return [command for part in inner for command in commands(part)]


@pytest.fixture
def project(
    server: ModelsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Have a code base and a published folder, and no catalog."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    soon = dates.short(datetime.now(UTC) + timedelta(days=30))
    server.models = [model("claude-fine"), model("claude-soon", retires_at=soon)]
    assert cli.run(["-q", "sync"]) == 0
    assert cli.run(["-q", "publish", "site"]) == 0
    (tmp_path / "catalog.db").unlink()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "bot.py").write_text('MODEL = "claude-soon"\n')
    (tmp_path / "project" / "models.txt").write_text("claude-soon  # the bot\n")
    monkeypatch.chdir(tmp_path / "project")
    capsys.readouterr()
    return tmp_path


def test_every_system_has_a_recipe() -> None:
    assert [len(commands(recipe)) for recipe in RECIPES] == [1, 1, 2, 1]
    assert RECIPES[0]["jobs"]["models"]["steps"][-1]["run"] == commands(RECIPES[0])[0]
    assert RECIPES[3]["repos"][0]["hooks"][0]["entry"] == commands(RECIPES[3])[0]


@pytest.mark.parametrize("command", list(dict.fromkeys(each for recipe in RECIPES for each in commands(recipe))))
def test_its_commands_find_what_is_wrong(project: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(project / "site") if word == PUBLISHED else word for word in shlex.split(command)[1:]]
    words += [] if "check" in words or "." in words else ["bot.py"]  # as pre-commit adds the files
    assert cli.run(words) == 10
    out = capsys.readouterr().out
    assert ("claude-soon" in out, "retiring" in out) == (True, True)
    if "github" in words:
        assert out.startswith("::error file=bot.py,line=1,col=10,title=model retiring::")
    assert not list(project.rglob("*.db"))


def test_the_codes_are_those_of_the_program() -> None:
    codes = re.findall(r"^\| (\d+)(?:, \d)? \|", PAGE, flags=re.MULTILINE)
    assert codes == ["0", "10", "11", "12", "3"]
