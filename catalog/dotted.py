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


def overlap(one: Path, other: Path) -> bool:
    """Whether one of two paths covers the other; `*` matches any step."""
    return all(a == b or "*" in {a, b} for a, b in zip(one, other, strict=False))
