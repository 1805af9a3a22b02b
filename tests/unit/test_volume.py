"""The seed that is named is the one that is used, in whatever process an attack runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFTEST = "from tests.volume import *\n"
ATTACK = """
from pathlib import Path

def test_one(volume): Path("one").write_text(str(volume.seed))

def test_two(volume): Path("two").write_text(str(volume.seed))
"""


@pytest.mark.parametrize("workers", [[], ["--numprocesses", "2"]], ids=["alone", "in workers"])
@pytest.mark.parametrize(
    ("asked", "seed"), [([], "1"), (["--soak"], "any"), (["--seed", "42"], "42"), (["--soak", "--seed", "7"], "7")]
)
def test_an_attack_runs_from_the_seed_that_is_named(
    tmp_path: Path, asked: list[str], seed: str, workers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker had a seed of its own, and none was the one that was to be replayed."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(ATTACK)
    command = [sys.executable, "-m", "pytest", "test_it.py", *asked, *workers]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    [told] = re.findall(r"again: --seed ([0-9]+)$", ended.stdout, flags=re.MULTILINE)
    assert ended.returncode == 0
    assert {(tmp_path / name).read_text() for name in ("one", "two")} == {told}
    assert seed in {told, "any"}
