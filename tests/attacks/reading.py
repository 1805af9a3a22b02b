"""What the answers of a models list mean, as plainly as PRODUCT says it: written without a look at the walk's own code.

Knows pages as the server sent them, and no database. Deliberately naive: it reads a whole walk after it is over.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.attacks import ways
from tests.attacks.ways import WAYS, Way

DATES = ("created_at", "deprecated_at", "retires_at")
TEXTS = ("display_name", "type", "lifecycle", "line")
NUMBERS = ("max_input_tokens", "max_tokens")
COLUMNS = (*DATES, *TEXTS, *NUMBERS)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RESTARTS = 3


@dataclass(kw_only=True)
class Answer:
    """What one request asked and got; `status` 0: nothing that could be read."""

    cursor: str | None
    organization: str | None = None
    status: int = 0
    body: bytes = b""
    links: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a walk says of one model. `disputed`: it said several things, so only that it is there is a fact."""

    columns: Mapping[str, Any]
    attributes: Mapping[str, Any]
    silent: frozenset[str] = frozenset()  # columns it says nothing of: an unknown date, a value that cannot be read
    unread: frozenset[str] = frozenset()  # those of them that could not be read; the attributes hold what was sent
    disputed: bool = False


@dataclass(frozen=True, kw_only=True)
class Walk:
    """A walk and what there is to say against it."""

    cut: bool = False
    complete: bool = False  # nothing speaks against its having shown the whole list
    unusable: bool = False  # it met an entry without a usable id
    disputes: frozenset[str] = frozenset()  # ids that it lists twice with different content
    entries: Mapping[str, Entry] = field(default_factory=dict)
    pages: int = 0
    organization: str | None = None
    remarks: bool = False  # there is something to be said in the run's record
    restarts: int = 0


class ShiftedError(Exception):
    """The list moved under the walk."""


class CutError(Exception):
    """The walk did not reach the end."""


@dataclass
class Learned:
    """What the passes of one walk learn for those after them."""

    inclusive: list[list[str]] | None = None  # ids of two pages: the second begins with its own cursor


def walk(answers: Sequence[Answer], begin: "Callable[..., Pass] | None" = None, **how: Any) -> Walk:
    """Judge the answers that one walk got, in the order it asked; `how` the list was asked and answered."""
    left, learned = list(answers), Learned()
    for restarts in range(RESTARTS + 1):
        try:
            one = (begin or Pass)(left, may_restart=restarts < RESTARTS, restarts=restarts, learned=learned, **how)
            return one.walk()
        except ShiftedError:
            continue
        except CutError:
            break
    return Walk(cut=True)


@dataclass
class Pass:
    """One way through the list from the top; takes its answers out of those that are left."""

    left: list[Answer]
    may_restart: bool
    restarts: int
    learned: Learned = field(default_factory=Learned)
    way: Way = WAYS["cursor"]
    size: int = 1000  # that was asked for
    entries: dict[str, Entry] = field(default_factory=dict)
    cursors: list[str | None] = field(default_factory=list)  # of its pages, in turn
    doubted: bool = False  # it may not have shown the whole list
    disputes: set[str] = field(default_factory=set)
    unusable: bool = False  # it met an entry without a usable id
    remarked: bool = False
    pages: int = 0
    last: tuple[list[Any], bool] | None = None  # page that was taken
    organization: str | None = None
    before: list[list[Any]] = field(default_factory=list)  # what the page before said of each model, in turn
    dropped: int = 0  # entries that their cursors named

    def __post_init__(self) -> None:
        self.expected = self.learned.inclusive

    def walk(self) -> Walk:
        """Follow the cursor to the last page."""
        cursor, more = None, True
        while more:
            if cursor in self.cursors:
                self.shift()
                raise CutError
            self.cursors.append(cursor)
            cursor, more = self.page(*self.look(cursor))
        return self.verdict()

    def verdict(self) -> Walk:
        """Say what speaks against a list that was read to its end."""
        if self.unusable and not self.entries:
            raise CutError
        return Walk(
            complete=not self.doubted,
            unusable=self.unusable,
            disputes=frozenset(self.disputes),
            entries=self.entries,
            pages=self.pages,
            organization=self.organization,
            remarks=self.doubted or self.unusable or bool(self.disputes) or self.remarked,
            restarts=self.restarts,
        )

    def answer(self, cursor: str | None) -> Answer:
        """Give the answer to this cursor; those before it were asked for in vain, by a pass that was given up."""
        while self.left:
            answer = self.left.pop(0)
            if answer.cursor == cursor:
                return answer
        raise CutError

    def look(self, cursor: str | None) -> tuple[list[Any], bool]:
        """Give what a page lists, and whether there is more."""
        answer = self.answer(cursor)
        if answer.status == 400 and cursor is not None:
            self.shift()
        if answer.status != 200:
            raise CutError
        self.identify(answer.organization)
        try:
            found = json.loads(answer.body)
        except ValueError:
            raise CutError from None
        return self.items(found), found["has_more"]

    def items(self, found: Mapping[str, Any]) -> list[Any]:
        """Give the entries of a page, without what is ignored."""
        return [ways.unstirred(item) for item in found["data"]] if self.way.moves else found["data"]

    def page(self, items: list[Any], more: bool) -> tuple[str | None, bool]:
        """Take in a page; give the next cursor, and whether there is more."""
        if not items and self.pages and (more or not self.is_the_end()):
            self.shift()
            self.doubted = True
        self.take(self.without_its_cursor(items))
        self.pages += 1
        self.last, self.before = (items, more), together_by_id(items)
        usable = [item["id"] for item in items if is_usable(item["id"])]
        if more and not usable:
            raise CutError
        return (usable[-1] if usable else None), more

    def without_its_cursor(self, items: list[Any]) -> list[Any]:
        """Leave out the entry that the cursor named, where each page begins with that one."""
        found = together_by_id(items)
        if not self.expected or (not self.pages and ids_of(items) == self.expected[0]):
            return items
        if (self.pages < 2 and ids_of(items) != self.expected[self.pages]) or not self.begins_with_its_cursor(found):
            self.expected = self.learned.inclusive = None
            if self.dropped:
                self.shift()
                self.doubted = True
            return items
        self.dropped += 1
        self.remarked = True
        return [item for item in items if not is_usable(item["id"]) or item["id"] != found[0][0]["id"]]

    def begins_with_its_cursor(self, found: list[list[Any]]) -> bool:
        return self.before[-1:] == found[:1] != [] and self.before[-1][0]["id"] in self.cursors

    def is_the_end(self) -> bool:
        """Tell whether an empty page is the end: then only the last model follows the last but one, as it was."""
        if not self.may_restart:
            return False
        before, last = self.cursors[-2:]
        full = self.look(before)
        ids = ids_of(full[0])
        if full != self.last or len(ids) < 2 or ids[-1] != last:
            return False
        return self.look(ids[-2]) == ([item for item in full[0] if item["id"] == last], False)

    def identify(self, organization: str | None) -> None:
        if organization and self.organization and organization != self.organization:
            self.doubted = True
        self.organization = self.organization or organization

    def take(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Take in the entries of a page."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        for item in items:
            id = item["id"]
            if not is_usable(id):
                self.unusable = True
            elif item in found.setdefault(id, []) or (found[id] and self.way.first_counts):
                self.remarked = True
            else:
                found[id].append(item)
        again = found.keys() & self.entries.keys()
        if again:
            if self.pages == 1 and not self.expected and self.begins_with_its_cursor(together_by_id(items)):
                self.learned.inclusive = [[each[0]["id"] for each in self.before], ids_of(items)]
            self.shift()
            self.doubted = True
        for id in found.keys() - again:
            entry = together([read(item, is_own=self.way.is_own) for item in found[id]])
            self.disputes |= {id} if entry.disputed else set()
            self.remarked = self.remarked or bool(entry.unread)
            self.entries[id] = entry

    def shift(self) -> None:
        if self.may_restart:
            raise ShiftedError


def ids_of(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the usable ids of a page, each once."""
    return list(dict.fromkeys(item["id"] for item in items if is_usable(item["id"])))


def together_by_id(items: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """Give all that a page says of each model, in turn."""
    found: dict[str, list[Any]] = {id: [] for id in ids_of(items)}
    for item in items:
        if is_usable(item["id"]) and item not in found[item["id"]]:
            found[item["id"]].append(item)
    return list(found.values())


def is_usable(id: object) -> bool:
    return isinstance(id, str) and 1 <= len(id) <= 256 and not re.search(r"[\x00-\x1f\x7f]", id)


def together(entries: Sequence[Entry]) -> Entry:
    """Say of one model what all of its entries say."""
    first = entries[0]
    if len(entries) == 1:
        return first
    both = {
        name
        for name in first.attributes
        if all(first.attributes[name] == other.attributes.get(name) for other in entries)
    }
    return Entry(
        columns={
            name: value if all(value == other.columns[name] for other in entries) else None
            for name, value in first.columns.items()
        },
        attributes={name: first.attributes[name] for name in both},
        unread=frozenset(name for name in first.unread if name in both),
        disputed=True,
    )


def read(item: Mapping[str, Any], *, is_own: bool = True) -> Entry:
    """Read one entry: what stands in columns, what among the attributes, and of what it says nothing.

    In a list of Anthropic's own layout the attributes hold `created_at` as it was received; else as it was read.
    """
    columns, silent, unread = {}, set(), set()
    for name in COLUMNS:
        try:
            columns[name], says = READERS[name](item.get(name))
        except ValueError:
            columns[name], says = None, False
            unread.add(name)
        if not says:
            silent.add(name)
    if columns["created_at"] is None:
        silent.add("created_at")
    taken = {"id", *COLUMNS} - unread - {"created_at"}
    attributes = {name: value for name, value in item.items() if name not in taken}
    if not is_own and "created_at" not in unread:
        attributes.pop("created_at", None)
        if columns["created_at"]:
            attributes["created_at"] = f"{columns['created_at'].astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return Entry(columns=columns, attributes=attributes, silent=frozenset(silent), unread=frozenset(unread))


Said = tuple[Any, bool]  # a value, and whether it says anything; ValueError: it cannot be read


def date(value: object) -> Said:
    """Read a date; the epoch is how some say that they do not know."""
    if value is None:
        return None, True
    moment = datetime.fromisoformat(str(value))
    return (None, False) if moment == EPOCH else (moment, True)


def text(value: object) -> Said:
    if value is None or isinstance(value, str):
        return value, True
    raise ValueError(value)


def number(value: object) -> Said:
    """Read a number; a limit of 0 is how some say that they do not know."""
    if value is None or type(value) is int:
        return value or None, value != 0
    raise ValueError(value)


READERS: Mapping[str, Callable[[object], Said]] = {
    **dict.fromkeys(DATES, date),
    **dict.fromkeys(TEXTS, text),
    **dict.fromkeys(NUMBERS, number),
}


def leaves(columns: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, str]:
    """Spell every field as a dotted path and its value as JSON text; what is absent is not there."""
    found = {name: spell(value) for name, value in columns.items() if value is not None}
    found |= {
        name: spell(value) for name, value in attributes.items() if name in COLUMNS and not is_readable(name, value)
    }
    for name, value in attributes.items():
        if name not in COLUMNS:
            found |= branch(name, value)
    return found


def is_readable(name: str, value: object) -> bool:
    try:
        READERS[name](value)
    except ValueError:
        return False
    return True


def branch(path: str, value: object) -> dict[str, str]:
    if isinstance(value, dict) and value:
        return {deeper: text for key, inner in value.items() for deeper, text in branch(f"{path}.{key}", inner).items()}
    return {path: spell(value)}


def spell(value: object) -> str:
    if isinstance(value, datetime):
        return f'"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"'
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
