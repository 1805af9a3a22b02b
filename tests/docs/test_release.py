"""A release is one: every place that names the version names the same, and the checklist can be typed."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from catalog import __version__

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TEXTS = {"", ".md", ".yaml", ".yml"}
TYPED = re.findall(r"(?:^ {4}|`)(\./dev [^`#\n]*)", CONTRIBUTING, flags=re.MULTILINE)


def test_the_newest_heading_of_the_change_log_is_this_version() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)
    assert headings[0] == __version__
    assert len(set(headings)) == len(headings)


@pytest.mark.parametrize("room", ["deploy", "docs"])
def test_what_is_shown_of_images_and_tags_is_of_this_version(room: str) -> None:
    named = re.compile(r"(?:\bcatalog:|\bVERSION=|newTag: |ref: v)([0-9]+\.[0-9.]*[0-9])")
    texts = {
        path: path.read_text("utf-8") for path in (ROOT / room).rglob("*") if path.is_file() and path.suffix in TEXTS
    }
    found = {(str(path), version) for path, text in texts.items() for version in named.findall(text)}
    assert found
    assert [each for each in found if each[1] != __version__] == []


def test_each_command_for_developers_is_known_and_what_it_names_is_there() -> None:
    usage = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    known = re.findall(r"^ {2}([a-z]+) ", usage, flags=re.MULTILINE)
    assert len(TYPED) > 20
    assert {line.split()[1] for line in TYPED if line != "./dev help"} <= {*known}
    assert [name for line in TYPED for name in re.findall(r"\btests/[\w/.]+", line) if not (ROOT / name).exists()] == []
    modules = re.findall(r"python -m ([\w.]+)", "\n".join(TYPED))
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []
