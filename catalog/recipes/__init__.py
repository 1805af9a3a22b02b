"""The recipes of the cookbook: a named query a file, shared by `catalog sql`, the documentation, Datasette and tests.

A file begins with comments: a question, what to know about it, and a line per parameter; then one query for both
databases, or one under `-- On SQLite:` and one under `-- On Postgres:`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast

# The order in which they are shown, below the titles of the cookbook.
SECTIONS = {
    "What is listed": ("listed-now", "listed-on", "gone", "missing", "same-id", "who-lists"),
    "What is new": ("new", "new-at-several", "since", "between", "by-month", "listing-delay"),
    "One model": ("story", "model-on", "names", "openrouter-price", "returned", "lifetimes"),
    "Retirements": ("retiring", "overdue", "moved-dates", "unannounced"),
    "Abilities": ("longest-input", "thinking", "abilities", "fields", "waves"),
    "Two moments": ("came-and-went", "list-length"),
    "The catalog itself": ("fresh", "failed-runs", "pending-alerts", "run-results"),
}
NAMES = tuple(name for names in SECTIONS.values() for name in names)

Dialect = Literal["sqlite", "postgres"]
Kind = Literal["text", "moment"]
_DIALECTS: Mapping[str, Dialect] = {"-- On SQLite:": "sqlite", "-- On Postgres:": "postgres"}
_PARAMETER = re.compile(r":(\w+): (text|moment)(?:, default (\S+))?, such as (\S+)")


@dataclass(frozen=True, kw_only=True)
class Placeholder:
    """What stands for `:name` in a query."""

    name: str
    kind: Kind
    default: str | None  # as a user would type it
    example: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A question, and the query that answers it."""

    name: str
    question: str
    words: str  # what else is to be known, in Markdown
    parameters: tuple[Placeholder, ...]
    queries: Mapping[Dialect, str]  # each ends with a semicolon

    @property
    def is_portable(self) -> bool:
        """Whether one query serves both databases."""
        return len(set(self.queries.values())) == 1


@cache
def recipe(name: str) -> Recipe:
    """Read one recipe. Raises KeyError when there is none of that name."""
    if name not in NAMES:
        raise KeyError(name)
    return parse(name, Path(__file__).with_name(f"{name}.sql").read_text("utf-8"))


def every() -> list[Recipe]:
    """Read all recipes, in the order of the cookbook."""
    return [recipe(name) for name in NAMES]


def parse(name: str, text: str) -> Recipe:
    """Take a recipe's file apart."""
    head, bodies = _divided(text)
    found = [_PARAMETER.fullmatch(line) for line in head]
    words = [line for line, parameter in zip(head, found, strict=True) if parameter is None]
    return Recipe(
        name=name,
        question=words[0],
        words="\n".join(words[1:]).strip(),
        parameters=tuple(
            Placeholder(name=one[1], kind=cast("Kind", one[2]), default=one[3], example=one[4])
            for one in found
            if one is not None
        ),
        queries=bodies,
    )


def _divided(text: str) -> tuple[list[str], dict[Dialect, str]]:
    """Part the comments at the head from the queries."""
    head: list[str] = []
    bodies: dict[Dialect, list[str]] = {"sqlite": [], "postgres": []}
    meant: tuple[Dialect, ...] = ("sqlite", "postgres")
    for line in text.splitlines():
        if line in _DIALECTS:
            meant = (_DIALECTS[line],)
        elif line.startswith("--"):
            head.append(line.removeprefix("--").strip())
        else:
            for dialect in meant:
                bodies[dialect].append(line)
    return head, {dialect: "\n".join(lines) for dialect, lines in bodies.items()}
