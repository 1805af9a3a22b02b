"""Ways in which a list is asked and answered, page by page: what a source is told of them, and what its server says.

Pages are named by the parameter `after_id` in all of them: whose id it is, which token, or which number.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from catalog.settings import ListSettings
from tests import server as play
from tests.server import Json

MOVES = "runs"  # a member that is new in each answer, and ignored
ADDRESS = "https://models.example.org/v1/models"  # another host than the one that is asked: only the query may count
COUNTED = "count"
STIRRED: Iterator[int] = itertools.count()


@dataclass(frozen=True, kw_only=True)
class Way:
    """How one list goes on from page to page, and what of it is not read."""

    style: str = "cursor"
    inclusive: bool = False  # a page begins with the model that its cursor names
    says_end: bool = True  # else the last answer just names no next page
    moves: bool = False  # some members are new in each answer, and the source ignores them
    first_counts: bool = False  # of several entries of one model

    @property
    def is_own(self) -> bool:
        """Whether the entries are read as Anthropic's own are, and nothing is ignored."""
        return self.style == "cursor" and not self.moves

    def settings(self) -> dict[str, Any]:
        """What a source is told of it."""
        layout = ListSettings(
            next={"token": "after", "url": "links.next"}.get(self.style, ""),
            total=COUNTED if self.style == "page" else None,
            repeats="first" if self.first_counts else "doubt",
        )
        told: dict[str, Any] = {"paging": self.style, "list": layout, "api": "custom"}
        return (told if self.style != "cursor" else {"list": layout}) | (
            {"ignore": (MOVES, f"*.{MOVES}")} if self.moves else {}
        )


WAYS: Mapping[str, Way] = {
    "cursor": Way(),
    "cursor, moving": Way(moves=True),
    "inclusive": Way(inclusive=True),
    "token": Way(style="token"),
    "token, first counts": Way(style="token", moves=True, first_counts=True),
    "token, no end": Way(style="token", says_end=False),
    "url": Way(style="url", moves=True),
    "url, no end": Way(style="url", says_end=False),
    "link": Way(style="link"),
    "page": Way(style="page"),
    "none": Way(style="none", moves=True),
}


def answer(way: Way, items: Sequence[Json], after: str | None, limit: int) -> tuple[int, Json, list[tuple[str, str]]]:
    """Give status, body and headers of the page behind `after`; None: of the first one."""
    begin = place(way, items, after, limit)
    if begin is None:
        return 400, play.problem("invalid_request_error", "after_id: no such model"), []
    end = len(items) if way.style == "none" else begin + limit
    shown = [stirred(item) if way.moves else item for item in items[begin:end]]
    if way.style == "cursor":
        return 200, play.page(shown, has_more=end < len(items)), []
    token = name_of(items, end) if end < len(items) else None
    return 200, {"data": shown, **beside(way, items, token)}, header(way, token)


def place(way: Way, items: Sequence[Json], after: str | None, limit: int) -> int | None:
    """Tell where a page begins; None: what names it is no longer there."""
    if way.style == "page":
        return (int(after or 1) - 1) * limit
    if after is None or way.style == "none":
        return 0
    if after.startswith("#"):
        return int(after.removeprefix("#"))
    at = [number for number, item in enumerate(items) if item["id"] == after]
    return at[-1] + (not way.inclusive) if at else None


def name_of(items: Sequence[Json], end: int) -> str:
    """Name what follows: by the id before it, or by its place where that one is no id."""
    id = items[end - 1]["id"]
    return id if isinstance(id, str) else f"#{end}"


def beside(way: Way, items: Sequence[Json], token: str | None) -> Json:
    """What stands beside the entries."""
    match way.style:
        case "token":
            return {"after": token} if token or way.says_end else {}
        case "url":
            return {"links": {"next": token and address(token)} if token or way.says_end else {}}
        case "page":
            return {COUNTED: len(items)}
        case _:
            return {}


def header(way: Way, token: str | None) -> list[tuple[str, str]]:
    return [("link", f'<{address(token)}>; rel="next"')] if way.style == "link" and token else []


def address(token: str) -> str:
    return f"{ADDRESS}?after_id={quote(token)}"


def stirred(item: Json) -> Json:
    """Let members move that are ignored, in an entry and in what it holds."""
    now = next(STIRRED)
    return {name: value | {MOVES: now} if isinstance(value, dict) else value for name, value in item.items()} | {
        MOVES: now
    }


def unstirred(item: Json) -> Json:
    """Give what is left of an entry without members that are ignored."""
    return {
        name: {inner: of for inner, of in value.items() if inner != MOVES} if isinstance(value, dict) else value
        for name, value in item.items()
        if name != MOVES
    }
