"""A models list that is edited while it is read, and the ways in which servers page through it.

Knows nothing of the catalog: what it says of the list is the truth that a catalog is held against.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from urllib.parse import quote

from tests import server as play
from tests.server import Json

TOKEN = "token of "  # what a gateway's cursor begins with
LATER = "later: "  # what a cursor begins with that came with an empty page

# How an address of the list's next page may begin: only what follows it may count.
ADDRESSES = ("https://models.example.org/v1/models", "/v1/models", "", "models", "//gate.example/llm/v1/models")
ELSEWHERE = "https://models.example.org/v2/files"

# What a cursor gets whose model is no longer listed.
VANISHED = ("400", "empty", "restart", "place")


@dataclass(kw_only=True)
class Shelf:
    """Models in their order. Whoever was ever here keeps a place, so that the list can go on behind it."""

    items: dict[str, Json] = field(default_factory=dict)
    places: dict[str, float] = field(default_factory=dict)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(sorted(self.items, key=self.places.__getitem__))

    @property
    def gone(self) -> tuple[str, ...]:
        """Who was here once."""
        return tuple(id for id in self.places if id not in self.items)

    def copy(self) -> "Shelf":
        return Shelf(items=dict(self.items), places=dict(self.places))

    def add(self, id: str, index: int, **fields: Any) -> None:
        """Let a model stand at this place, as a new one or once more."""
        self._put(id, [other for other in self.ids if other != id], index)
        self.items[id] = play.model(id, **fields)

    def move(self, id: str, index: int) -> None:
        """Let a model stand at another place among the others."""
        self._put(id, [other for other in self.ids if other != id], index)

    def remove(self, id: str) -> None:
        del self.items[id]

    def change(self, id: str, **fields: Any) -> None:
        self.items[id] = self.items[id] | fields

    def _put(self, id: str, others: Sequence[str], index: int) -> None:
        before = self.places[others[index - 1]] if index else min(self.places.values(), default=0.0) - 2
        after = self.places[others[index]] if index < len(others) else max(self.places.values(), default=0.0) + 2
        self.places[id] = (before + after) / 2


HasMore = Callable[[int, int, int], bool]  # of the models on the page, the limit, and the models that follow


def truly(_count: int, _limit: int, left: int) -> bool:
    """Promise more where more follows."""
    return left > 0


def when_full(count: int, limit: int, _left: int) -> bool:
    """Promise more on each full page, as servers do that never look further."""
    return count == limit


@dataclass(kw_only=True)
class Paging:
    """How a server cuts its list into pages."""

    vanished: str = "400"
    has_more: HasMore = truly
    by_offset: bool = False  # the cursor only stands for how far the page before it reached
    inclusive: bool = False  # a page begins with the model that its cursor names
    style: str = "cursor"  # what the answer says of the next page, and how that is asked for
    says_end: bool = True  # else the last answer just names no next page
    tokens: bool = False  # a cursor of the gateway's own leads on, and no id does
    most: int = 1000
    offsets: dict[str, int] = field(default_factory=dict)
    addresses: Iterator[str] = field(default_factory=lambda: cycle(ADDRESSES))

    def answer(self, shelf: Shelf, after: str | None, limit: int) -> tuple[int, Json]:
        """Give status and body of the page behind `after`; None: of the first one."""
        begin = self._begin(shelf, after, min(limit, self.most))
        if begin is None:
            return 400, play.problem("invalid_request_error", "after_id: no such model")
        ids, limit = shelf.ids, min(limit, self.most)
        shown = ids[begin : begin + limit]
        self.offsets.update({id: begin + number for number, id in enumerate(shown, 1)})
        more = self.has_more(len(shown), limit, len(ids) - begin - len(shown))
        body = play.page([shelf.items[id] for id in shown], has_more=more)
        if self.tokens and shown:
            body["last_id"] = f"{TOKEN}{shown[-1]}"
        return 200, body

    def spell(self, body: Json, shelf: Shelf) -> tuple[Json, list[tuple[str, str]]]:
        """Say what a page says as servers of this style do: in the body, or in headers."""
        if self.style == "cursor":
            return body, []
        said = {"has_more", "first_id", "last_id", "at", "withheld"}
        rest = {name: value for name, value in body.items() if name not in said}
        if self.style == "page":
            return {"count": len(shelf.items)} | rest, []
        after = body["last_id"] if body["has_more"] and not body.get("withheld") else None
        at = None if after is None else f"{body.get('at') or next(self.addresses)}?after_id={quote(after)}"
        says = at is not None or (self.says_end and not body["has_more"])
        match self.style:
            case "token":
                return rest | ({"after": after or ""} if says else {}), []
            case "url":
                return rest | {"links": {"next": at} if says else {}}, []
            case "link":
                return rest, [("link", f'</v1/models>; rel="first", <{at}>; rel="next"')] if at else []
            case _:
                return rest, []

    def _begin(self, shelf: Shelf, after: str | None, limit: int) -> int | None:
        after = None if after is None else after.removeprefix(LATER)
        if not after:
            return 0
        if self.style == "page":
            return (int(after) - 1) * limit
        if self.by_offset and after in self.offsets:
            return self.offsets[after]
        if self.tokens:
            return self._behind(shelf, after.removeprefix(TOKEN)) if after.startswith(TOKEN) else None
        behind = self._behind(shelf, after)
        if after in shelf.items:
            return behind - self.inclusive
        return {"400": None, "empty": len(shelf.items), "restart": 0, "place": behind}[self.on_vanished()]

    def _behind(self, shelf: Shelf, after: str) -> int:
        if after not in shelf.places:
            return 0
        return sum(shelf.places[id] <= shelf.places[after] for id in shelf.items)

    def on_vanished(self) -> str:
        """Say what a cursor gets whose model is no longer listed."""
        return self.vanished
