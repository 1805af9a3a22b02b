"""Every way through a tree of choices, and every way to edit a small list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from tests.attacks.shelf import Shelf

T = TypeVar("T")
LETTERS = "abcdefghijkl"
_STAY = 0.6  # how often nothing is edited where something might be


@dataclass
class Choices:
    """One way through a tree of choices: it follows the script, then takes the first branch of each."""

    script: Sequence[int] = ()
    taken: list[int] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)

    def pick(self, branches: Sequence[T]) -> T:
        at = len(self.taken)
        self.taken.append(self.script[at] if at < len(self.script) else 0)
        self.widths.append(len(branches))
        return branches[self.taken[at]]

    def edited(self, left: "Edited") -> "Edited":
        """Choose what becomes of a list at one moment."""
        return self.pick(left.outcomes())

    def following(self) -> list[int] | None:
        """The script of the next way; None when this was the last."""
        for at in reversed(range(len(self.taken))):
            if self.taken[at] + 1 < self.widths[at]:
                return [*self.taken[:at], self.taken[at] + 1]
        return None


@dataclass
class Chance(Choices):
    """One way by chance. `weight` is how many ways it stands for: its mean over many is the number of all ways."""

    random: Random = field(default_factory=Random)
    weight: float = 1.0

    def pick(self, branches: Sequence[T]) -> T:
        others = len(branches) - 1
        first = not others or self.random.random() < _STAY
        self.weight /= 1 if not others else _STAY if first else (1 - _STAY) / others
        self.taken.append(0 if first else self.random.randint(1, others))
        return branches[self.taken[-1]]

    def edited(self, left: "Edited") -> "Edited":
        """Edit once, and perhaps once more: all that two edits can do is too much to list."""
        gone = left.shelf.gone
        while (edited := self.pick([left, *left.once(gone)])) is not left:
            left = edited
        return left


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A list after some edits, and how many more there may be; `moves` of them may change the order."""

    shelf: Shelf
    edits: int
    moves: int = 1

    @property
    def content(self) -> tuple[tuple[str, str], ...]:
        return tuple((id, self.shelf.items[id]["display_name"]) for id in self.shelf.ids)

    def outcomes(self) -> list["Edited"]:
        """Each different list that some edits at one moment make of this one, with the fewest; first of all, none."""
        found = {self.content: self}
        fresh = [self]
        while fresh:
            ways = [edited for before in fresh for edited in before.once(self.shelf.gone)]
            fresh = [found.setdefault(edited.content, edited) for edited in ways if edited.content not in found]
        return list(found.values())

    def once(self, gone: Sequence[str]) -> Iterator["Edited"]:
        """Each list that is one edit away; `gone` are those who may return."""
        if not self.edits:
            return
        for shelf in _edited(self.shelf, gone):
            yield Edited(shelf=shelf, edits=self.edits - 1, moves=self.moves)
        for shelf in _moved(self.shelf) if self.moves else ():
            yield Edited(shelf=shelf, edits=self.edits - 1, moves=self.moves - 1)


def _edited(shelf: Shelf, gone: Sequence[str]) -> Iterator[Shelf]:
    new = next(letter for letter in LETTERS if letter not in shelf.places)
    for id in [new, *(id for id in gone if id not in shelf.items)]:
        for index in range(len(shelf.items) + 1):
            (edited := shelf.copy()).add(id, index)
            yield edited
    for id, item in shelf.items.items():
        (edited := shelf.copy()).remove(id)
        yield edited
        (edited := shelf.copy()).change(id, display_name=f"{item['display_name']}'")
        yield edited


def _moved(shelf: Shelf) -> Iterator[Shelf]:
    for id in shelf.ids:
        for index in range(len(shelf.items)):
            (edited := shelf.copy()).move(id, index)
            yield edited
