"""The recipes of the cookbook, read from its page: for the README, for Datasette, and for the test that runs them."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[1] / "how-to" / "cookbook.md"

# Questions that need their section's title to be understood.
_ALONE = {
    "What is its story?": "What is one model's story?",
    "What was it on a day?": "What was one model on a day?",
    "What was its price at OpenRouter, and since when?": "What was one model's price at OpenRouter, and since when?",
}
_QUERY = re.compile(r"^```sql *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One query, and the question that it answers."""

    question: str
    words: str  # what the page says of it, without the queries
    dialect: str  # "sqlite", "postgres", or "" for both
    query: str


def answers() -> dict[str, str]:
    """Give what the page says under each question, queries included, in its order."""
    sections = re.split(r"^(#{2,3}) (.+)\n", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    triples = zip(sections[::3], sections[1::3], sections[2::3], strict=True)
    return {title: body.strip() for level, title, body in triples if level == "###"}


def recipes() -> list[Recipe]:
    """Give every query of the page; a question has one for both databases, or one for each."""
    return [
        Recipe(question=question, words=_words(body), dialect=dialect, query=query)
        for question, body in answers().items()
        for dialect, query in _QUERY.findall(body)
    ]


def alone(question: str) -> str:
    """Give the question as it is understood without the title above it."""
    return _ALONE.get(question, question)


def _words(body: str) -> str:
    """Join the paragraphs; "On SQLite:" and its like name the query below and say nothing more."""
    paragraphs = (" ".join(one.split()) for one in _QUERY.sub("", body).split("\n\n"))
    return " ".join(one for one in paragraphs if one and not re.fullmatch(r"On \w+:", one))
