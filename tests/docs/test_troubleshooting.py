"""What the page for times of trouble quotes is said by the program, and no exit code is left out."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.errors import Exit

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "troubleshooting.md").read_text("utf-8")
MESSAGES = re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE)


def texts() -> Iterator[str]:
    """Give each text of the program, with a blank where it holds a value."""
    for path in (ROOT / "catalog").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


SAID = "\n".join(texts())


@pytest.mark.parametrize("message", MESSAGES)
def test_a_quoted_message_is_said_by_the_program(message: str) -> None:
    assert message in SAID


def test_every_exit_code_has_a_line() -> None:
    table = PAGE[PAGE.index("## By exit code") : PAGE.index("## The list cannot")]
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    assert told | {Exit.DONE} == set(Exit)
    assert len(MESSAGES) > 20
