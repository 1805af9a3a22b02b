"""What one source lists, and how somebody edits it: models come, go and move, and their fields say this or that."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.attacks.listening import ListeningServer
from tests.attacks.ways import WAYS
from tests.store.world import NAMELESS

IDS = "abcdefgh"
EPOCH = "1970-01-01T00:00:00Z"
LARGE = 100  # so many times as long: kept apart from its model
# What may be said of a field. `...`: it is left out.
VALUES: Mapping[str, tuple[Any, ...]] = {
    "display_name": ("Old", "New", 5, None),
    "created_at": ("2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", EPOCH, "soon", None),
    "retires_at": ("2027-02-01T00:00:00Z", EPOCH, "soon", None, ...),
    "max_tokens": (100, 200, 0, "many", None),
    "line": ("opus", None, ...),
    "capabilities": ({"a": True}, {"a": True, "b": {"c": 1}}, {"a": False, "b": {}}, {}, None, ...),
    "pricing": (1.25, {"in": 1.25}, [1, {"a": 2}], "large", "LARGE", ...),
}
ODDITIES = ("nameless", "disputed", "on two pages", "twins")

Edit = tuple[Any, ...]  # the name of a function of Shelf, and what it is called with


@dataclass
class Shelf:
    """What one source lists."""

    server: ListeningServer
    ids: list[str] = field(default_factory=lambda: list("abcdef"))
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    odd: str | None = None
    way: str = "cursor"  # in which it is asked and answered
    hidden: dict[str | None, set[str]] = field(default_factory=dict)  # what an asker is not shown

    def edit(self, edits: Iterable[Edit]) -> None:
        """Make some edits, and show what came of them."""
        for name, *values in edits:
            getattr(self, name)(*values)
        self.show()

    def flip(self, id: str) -> None:
        """Let a model come or go."""
        self.ids = [other for other in self.ids if other != id] if id in self.ids else [*self.ids, id]

    def only(self, ids: Collection[str]) -> None:
        """Let just these be listed."""
        self.ids = sorted(ids)

    def move(self, id: str) -> None:
        """Move a model to the top."""
        self.ids.sort(key=lambda other: other != id)

    def sort(self) -> None:
        """Put the models in their usual order."""
        self.ids.sort()

    def say(self, id: str, name: str, value: Any) -> None:
        """Say something else of a field."""
        self.fields.setdefault(id, {})[name] = value

    def sign(self, organization: str | None) -> None:
        """Name another asker in the answers from now on; None: nobody."""
        self.server.organization = organization

    def turn(self, way: str) -> None:
        """Ask and answer in another way from now on."""
        self.way, self.server.way = way, WAYS[way]

    def hide(self, asker: str | None, id: str) -> None:
        """Show a model to an asker no longer, or again."""
        self.hidden.setdefault(asker, set()).symmetric_difference_update({id})

    def calm(self, page_size: int) -> None:
        """Let nothing be odd any more; it lists something, the same to all, and ends with a page that is not full."""
        self.odd, self.ids = None, self.ids or ["a"]
        if len(self.ids) % page_size == 0:
            self.ids.pop()
        self.hidden.clear()

    def show(self) -> None:
        """List it, with what is odd about it."""
        hidden = self.hidden.get(self.server.organization, set())
        items = [item(id, **self.fields.get(id, {})) for id in self.ids if id not in hidden]
        first = items[:1]
        if self.odd == "nameless":
            items[1:1] = [NAMELESS] if first else []
        elif self.odd == "twins":
            items = first + items
        elif self.odd == "disputed":
            items = [entry | {"display_name": "Other"} for entry in first] + items
        elif self.odd == "on two pages":
            items = items[1:] + first + items[:1]
            items = first + items if len(items) > 2 else items
        self.server.models = items


def item(id: str, **fields: Any) -> dict[str, Any]:
    """Make an entry of a list."""
    known = {
        "type": "model",
        "id": id,
        "display_name": "Old",
        "created_at": "2026-02-01T00:00:00Z",
        "max_tokens": 100,
        "retires_at": None,
        "capabilities": {"a": True},
    }
    said = {name: value for name, value in (known | fields).items() if value is not ...}
    said["created_at"] = of_its_own(id, said["created_at"])
    return {name: value * LARGE if value in ("large", "LARGE") else value for name, value in said.items()}


def of_its_own(id: str, created_at: Any) -> Any:
    """Let no two models share a date: one that all of them share may only say when somebody asked."""
    if created_at in {EPOCH, None}:
        return created_at
    return created_at.replace("T00:00:", f"T00:{IDS.index(id):02}:") if "T" in created_at else f"{created_at}, {id}"
