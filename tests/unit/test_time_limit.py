"""A test that hangs is ended, and named; what came before and after it is told as ever."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HANGS = """
import threading, subprocess, sys

def test_before(): pass

def test_that_hangs(): {hang}

def test_after(): pass
"""


@pytest.mark.parametrize("more", [[], ["--numprocesses", "1"]], ids=["alone", "in workers"])
@pytest.mark.parametrize(
    "hang",
    ["threading.Event().wait()", "subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE).wait()"],
    ids=["a thread", "a process"],
)
def test_a_test_that_hangs_is_named_and_the_others_are_run(tmp_path: Path, hang: str, more: list[str]) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest]\n")
    (tmp_path / "test_it.py").write_text(HANGS.format(hang=hang))
    command = [sys.executable, "-m", "pytest", "--timeout", "2", "-rA", *more, "test_it.py"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert ended.returncode == 1
    assert "FAILED test_it.py::test_that_hangs - Failed: Timeout (>2.0s)" in ended.stdout
    assert "2 passed" in ended.stdout


def test_every_test_has_a_limit(pytestconfig: pytest.Config) -> None:
    assert 60 <= float(pytestconfig.getini("timeout")) <= 600
    assert tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["timeout"]
