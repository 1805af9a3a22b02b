"""The tree itself: what is kept in it, and what must never be."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Words that belong to one machine, one person or one registry. The patterns are spelled so as not to match themselves.
FOREIGN = {
    "a package registry's address": r"(pypi|pythonhosted)[.]org|--(extra-)?index-ur[l]|--find-link[s]",
    "a path of one machine": r"(?<![\w.{}])/(home|Users|root|work)/\w",
    "an unfinished thought": r"\b(TO[D]O|FIX[M]E|XX[X])\b",
    "a merge that was not finished": r"^(<{7}|>{7}) ",
}


def _texts() -> Iterator[tuple[str, str]]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        try:
            yield name, (ROOT / name).read_text("utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            continue  # deleted but not committed; a picture


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    return dict(_texts())


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_foreign_is_kept(what: str, texts: dict[str, str]) -> None:
    pattern = re.compile(FOREIGN[what], re.MULTILINE)
    assert [f"{name}: {found.group()}" for name, text in texts.items() for found in pattern.finditer(text)] == []


def test_text_ends_with_a_line_break_and_has_no_blanks_at_line_ends(texts: dict[str, str]) -> None:
    untidy = re.compile(r"[ \t]+$|\r|\A\n|\n\n\Z|[^\n]\Z", re.MULTILINE)
    assert [name for name, text in texts.items() if not name.endswith(".svg") and untidy.search(text)] == []


@pytest.mark.parametrize("script", ["dev", ".ci/run"])
def test_scripts_are_plain_sh_and_can_be_run(script: str) -> None:
    path = ROOT / script
    subprocess.run(["sh", "-n", path], check=True)
    assert path.stat().st_mode & 0o111
    assert path.read_text().startswith("#!/bin/sh\n")


def test_a_command_that_dev_does_not_know_is_named() -> None:
    done = subprocess.run([ROOT / "dev", "tset"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('dev: there is no command "tset"\nusage: ./dev COMMAND')


@pytest.mark.parametrize("name", ["runtime", "dev", "tools", "build"])
def test_every_locked_package_has_hashes(name: str) -> None:
    lock = (ROOT / f"requirements/{name}.lock").read_text().replace("\\\n", " ")
    assert [line for line in lock.splitlines() if "--hash=sha256:" not in line] == []


def test_no_module_is_long() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in (ROOT / "catalog").rglob("*.py")}
    assert {path: length for path, length in lengths.items() if length > 400} == {}
