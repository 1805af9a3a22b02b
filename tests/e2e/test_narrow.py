"""Lists on a terminal lose no character, however narrow it is.

At 80 columns, `models --as-of` printed a time without its month, and at 102 `runs` left out why a run had failed.
"""

import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import pytest

from catalog import cli
from catalog.cli import output
from tests import server as wire
from tests.server import ModelsServer

COMMANDS = [
    "models",
    "models --as-of 2026-01-01",
    "models --all",
    "models --removed",
    "changes --limit 40",
    "diff 2025-01-01 2026-06-01",
    "runs",
    "status",
    "alerts list",
    "watch check claude-opus-5 claude-opus-4-8 claude-sonet-4-6 claude-3-opus-20240229",
]
WIDE = 600


class Terminal(io.StringIO):
    """A terminal that is as wide as COLUMNS says."""

    def isatty(self) -> bool:
        return True


class Seen:
    """Lists as commands print them, kept so that they can be printed anew."""

    def __init__(self) -> None:
        self.columns: Sequence[str] = ()
        self.lines: list[list[str]] = []

    def hear(self, columns: Sequence[str], lines: list[list[str]], _stream: TextIO) -> bool:
        self.columns, self.lines = columns, lines
        return True

    def at(self, width: int, monkeypatch: pytest.MonkeyPatch) -> tuple[str, bool]:
        """What is printed at a width, and whether it is a table."""
        monkeypatch.setenv("COLUMNS", str(width))
        terminal = Terminal()
        if output._table(self.columns, self.lines, terminal):
            return re.sub(r"\x1b\[[01]m", "", terminal.getvalue()), True
        output._aligned(self.columns, self.lines, iter(()), terminal)
        return terminal.getvalue(), False


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play the demo, and let a run fail for a long reason."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert cli.run(["-q", "demo"]) == 0
        patch.setenv("ANTHROPIC_API_KEY", wire.KEY)
        server = ModelsServer(always=wire.error(401)).start()
        configure(folder, server.url)
        assert cli.run(["-q", "sync"]) == 3
        server.close()
    return folder


def configure(folder: Path, url: str) -> None:
    text = f'[database]\nurl = "sqlite:///catalog-demo.db"\n[sources.demo]\nbase_url = "{url}"\n'
    (folder / "catalog.toml").write_text(text)


@pytest.mark.warns
@pytest.mark.parametrize("command", COMMANDS)
def test_a_narrow_list_has_every_character_of_a_wide_one(
    command: str, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(demo)
    monkeypatch.setenv("TERM", "xterm")
    seen = Seen()
    with monkeypatch.context() as patch:
        patch.setattr(output, "_table", seen.hear)
        patch.setattr("sys.stdout", Terminal())
        cli.run(command.split())
    wide, is_table = seen.at(WIDE, monkeypatch)
    assert (is_table, len(wide.splitlines())) == (True, len(seen.lines) + 2)
    for width in range(40, 161):
        narrow, is_table = seen.at(width, monkeypatch)
        assert (width, characters(wide) - characters(narrow)) == (width, Counter())
        assert not is_table or max(map(len, narrow.splitlines())) <= width


def characters(text: str) -> Counter[str]:
    return Counter(char for char in text if not char.isspace() and char != "─")
