"""Dotted paths into JSON objects, and templates that put texts together from them. Pure."""

import re
from collections.abc import Mapping
from typing import Any

Path = tuple[str, ...]  # the names of members, from the outside in; in patterns `*` is any one step

_PART = re.compile(r"\{([^{}]*)\}")


def path(text: str) -> Path:
    """Take a dotted path apart; an empty text is the value itself."""
    return tuple(text.split(".")) if text else ()


def pieces(text: str) -> tuple[str | Path, ...]:
    """Take a template such as {owner}/{name} apart into texts and paths; a text without braces is one path."""
    if "{" not in text:
        return (path(text),)
    found = _PART.split(text)  # texts and names take turns
    return tuple(path(piece) if index % 2 else piece for index, piece in enumerate(found) if piece)


def dig(value: Any, path: Path) -> Any:
    """Give what stands at the end of a path; None: nothing does."""
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def takes_from(pattern: Path, path: Path) -> bool:
    """Whether a pattern names what stands at a path, or what that stands in, or by its full name a part of it.

    `*.runs` names parts of whatever has them, and takes nothing from a text such as an id.
    """
    return pattern[: len(path)] == path or (
        len(pattern) <= len(path) and all(step in {"*", own} for step, own in zip(pattern, path, strict=False))
    )
