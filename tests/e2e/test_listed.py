"""Lists as people see them, compared word for word, and safe at every width.

At 80 columns, `models --as-of` printed a time without its month, and `runs` folded an error into 11 columns of 11.
"""

import re
from pathlib import Path

import pytest

from tests.e2e import listed
from tests.e2e.listed import COMMANDS, WIDTHS, printed


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Play the demo, and let a run fail for a long reason."""
    folder = tmp_path_factory.mktemp("demo")
    listed.play(folder)
    return folder


@pytest.mark.warns
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_list_on_a_terminal_is_this_one(command: str, width: int, demo: Path) -> None:
    kept = (listed.FOLDER / f"{width}.txt").read_text(encoding="utf-8")
    [expected] = [
        part for part in re.split(r"^\$ catalog ", kept, flags=re.MULTILINE) if part.startswith(f"{command}\n")
    ]
    assert printed(command, width, folder=demo).rstrip() == expected.removeprefix(command).strip("\n")


@pytest.mark.warns
@pytest.mark.parametrize("command", [each for each in COMMANDS if not each.startswith(("show", "status"))])
def test_no_line_of_a_list_is_wider_than_its_terminal(command: str, demo: Path) -> None:
    for width in (40, 60, 72, 81, 100, 140):
        lines = [line for line in printed(command, width, folder=demo).splitlines() if not is_a_note(line)]
        assert [line for line in lines if len(line) > width] == []


def is_a_note(line: str) -> bool:
    """Tell whether a line stood on stderr, where sentences are as long as they are."""
    return " is taken " in line or line.startswith("these are")


@pytest.mark.warns
@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("models", "\x1b[32mactive\x1b[0m"),
        ("models", "\x1b[33mdeprecated\x1b[0m"),
        ("runs", "\x1b[31mfailed\x1b[0m"),
        ("changes --kind removed", "\x1b[31mremoved\x1b[0m"),
        ("status", "\x1b[31mproblem: demo: "),
        ("show claude-3-opus-20240229", "\x1b[31m  gone since"),
    ],
)
def test_on_a_terminal_what_matters_has_a_colour(command: str, shown: str, demo: Path) -> None:
    assert shown in printed(command, 120, folder=demo, NO_COLOR="")
    assert "\x1b" not in printed(command, 120, folder=demo, NO_COLOR="", TERM="dumb")
    assert "\x1b" not in printed(command, 120, folder=demo, NO_COLOR="1")
