"""Annotations that GitHub Actions reads from the output of a step, and shows beside the lines of a change.

See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from catalog.text import harmless

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def annotation(
    level: Literal["error", "warning"],
    message: str,
    *,
    title: str,
    path: Path | None = None,
    line: int | None = None,
    column: int | None = None,
) -> str:
    """Spell one annotation. Nothing in the message or the name of the file can begin another command."""
    place = {"file": path and _seen_from_root(path), "line": line, "col": column, "title": title}
    told = ",".join(f"{name}={_escaped(str(each), _PROPERTY)}" for name, each in place.items() if each is not None)
    return f"::{level} {told}::{_escaped(message, _DATA)}"


def _seen_from_root(path: Path) -> str:
    """GitHub knows files by their path in the repository, wherever the step was started."""
    root = os.environ.get("GITHUB_WORKSPACE") or Path.cwd()
    full = os.path.normpath(path.absolute())  # not resolved: a link is a file of its own
    return os.path.relpath(full, root) if Path(full).is_relative_to(root) else str(path)


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(char) or harmless(char) for char in text)
