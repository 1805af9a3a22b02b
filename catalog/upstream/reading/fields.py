"""Reads the fields of one entry: what each says, which say nothing, which cannot be read. Pure."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from catalog import dates
from catalog.domain import DATE_FIELDS, FIELDS, NUMBER_FIELDS, TEXT_FIELDS, Reading
from catalog.dotted import Path, dig
from catalog.errors import CheckCancelled, never_cancelled
from catalog.upstream.reading import repair
from catalog.upstream.reading.shape import NATIVE, Shape

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what a strict decoder raises
_LARGEST = 2**63 - 1  # what a bigint column holds
_MEMO_ENTRIES, _MEMO_BYTES = 1024, 4096  # per memo; at most 50 MB for all of them
_KNOWN = frozenset((*FIELDS, "id"))
_CREATED_AT = FIELDS.index("created_at")

_QUOTED = re.compile(r"([0-9]{1,100})(?:\.0{1,100})?")

_NONE = frozenset[str]()
_NO_PATHS = frozenset[Path]()
_Spelled = TypeVar("_Spelled", bound=bytes | str)
_Spelling = TypeVar("_Spelling")
_Tokens = Annotated[int, msgspec.Meta(gt=0, le=_LARGEST)]


class Cell(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What one column of one entry says."""

    value: str | int | None


# The three ways to have no value. They are compared by identity, which is quick.
ABSENT, UNKNOWN, UNREADABLE = Cell(None), Cell(None), Cell(None)


class _Ordinary(msgspec.Struct, gc=False):
    """The columns of an ordinary entry; any other is read the slow way."""

    created_at: str
    display_name: str | None = None
    type: str | None = None
    lifecycle: str | None = None
    deprecated_at: str | None = None
    retires_at: str | None = None
    line: str | None = None
    max_input_tokens: _Tokens | None = None
    max_tokens: _Tokens | None = None


class Fields:
    """Reads entries. Remembers how it read values, within bounds: most values occur in many entries."""

    def __init__(self, unknown_dates: Collection[str], shape: Shape = NATIVE) -> None:
        """Take the dates that mean "unknown" at this source; raises ValueError when one is no RFC 3339."""
        unknown = frozenset(filter(None, map(dates.canonical, unknown_dates)))
        rules: dict[str, Callable[[Any], Cell]] = dict.fromkeys(TEXT_FIELDS, text)
        rules["lifecycle"] = partial(lifecycle, words=shape.lifecycles) if shape.lifecycles else text
        rules |= dict.fromkeys(NUMBER_FIELDS, number)
        rules |= dict.fromkeys(
            DATE_FIELDS, partial(date, unknown=unknown, read=dates.loosely if shape.loose_dates else None)
        )
        self._decode = Decoder().decode
        self._decode_members = Decoder(dict[str, Raw]).decode
        self._decode_ordinary = Decoder(_Ordinary).decode
        self._encode = json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        ).encode
        self._shape = shape
        self._is_native = shape == NATIVE
        self._ways = {name: self._ways_to(rules[name], paths) for name in FIELDS if (paths := shape.columns.get(name))}
        self._read_quickly = self._natively if self._is_native else self._plainly
        self._places = [_Place(FIELDS.index(name), ways[0], rules[name]) for name, ways in self._ways.items()]
        self._has_single_places = all(len(ways) == 1 for ways in self._ways.values())
        self._mapped = _NO_PATHS.union(*[place.way.passed for place in self._places])
        self._names = _Memo(self._name)
        self._attributes = _Memo(self._spell)
        self._decode_texts = Decoder(list[str]).decode
        self._encode_texts = msgspec.json.Encoder().encode
        self._unknown = unknown
        self.check_cancelled: CheckCancelled = never_cancelled

    def reading(self, raw: bytes) -> Reading:
        """Read one entry, whatever its fields hold; it must be an object that was found to be JSON."""
        return self._read_quickly(raw) or self._closely(raw)

    def _natively(self, raw: bytes) -> Reading | None:
        """Read an ordinary entry; None: it is not ordinary."""
        try:
            told = self._decode_ordinary(raw)
            found = self._decode_members(raw)
            created, deprecated, retires = map(self._moment, (told.created_at, told.deprecated_at, told.retires_at))
        except (*REFUSED, ValueError):
            return None
        if created is None or not f"{told.display_name}{told.type}{told.lifecycle}{told.line}".isprintable():
            return None
        texts = (told.display_name, created, told.type, told.lifecycle, deprecated, retires, told.line)
        spelled = self._attributes
        attributes = {repair.safe_text(name): spelled[bytes(found[name])] for name in found if name not in _KNOWN}
        attributes["created_at"] = f'"{told.created_at}"'
        return Reading((*texts, told.max_input_tokens, told.max_tokens), attributes)

    def _moment(self, text: str | None) -> str | None:
        """A date in its canonical spelling. Raises ValueError when it is unknown, or no date."""
        if text is None:
            return None
        moment = dates.canonical(text)
        if moment is None or moment in self._unknown:
            raise ValueError("an unknown date")
        return moment

    def _plainly(self, raw: bytes) -> Reading | None:
        """Read an entry of another layout in which nothing is escaped or unreadable; None: look closer."""
        if b"\\" in raw or not self._has_single_places:
            return None
        try:
            found, is_printable = self._decode_members(raw), raw.decode().isprintable()
        except REFUSED:
            return None
        cells = [ABSENT] * len(FIELDS)
        for place in self._places:
            cells[place.number] = place.look(found)
        if not is_printable or UNREADABLE in cells:
            return None
        names, spelled = self._names, self._attributes
        attributes = {
            kept: told if (told := str(value, "utf-8"))[0] == '"' else spelled[bytes(value)]
            for name, value in found.items()
            if (kept := names[name]) is not None
        }
        created = cells[_CREATED_AT].value
        if created is not None:
            attributes["created_at"] = f'"{created}"'
        columns = tuple([cell.value for cell in cells])
        return Reading(columns, attributes, _columns_of(cells, UNKNOWN), mapped=self._mapped)

    def _closely(self, raw: bytes) -> Reading:
        """Read an entry field by field."""
        found = self.members(raw)
        looks = {name: _look(name, ways, found) for name, ways in self._ways.items()}
        cells = [looks[name].cell if name in looks else ABSENT for name in FIELDS]
        unreadable = _columns_of(cells, UNREADABLE)
        names, spelled = self._names, self._attributes
        attributes = {kept: spelled[text] for name, text in found.items() if (kept := names[name]) is not None}
        return Reading(
            columns=tuple([cell.value for cell in cells]),
            attributes=attributes | self._kept(found, looks),
            silent=_columns_of(cells, UNKNOWN) | unreadable,
            unreadable=unreadable,
            mapped=_NO_PATHS if self._is_native else _NO_PATHS.union(*[look.passed for look in looks.values()]),
        )

    def _ways_to(self, rule: Callable[[Any], Cell], paths: Sequence[Path]) -> list["_Way"]:
        return [
            _Way(path, _Memo(partial(self._judge, rule, path[1:])), frozenset(paths[:number]))
            for number, path in enumerate(paths, start=1)
        ]

    def _name(self, name: str) -> str | None:
        """The name to keep a member under; None: it is the id, or stands in the column of its own name.

        Under the name of a column stands what could not be read for it.
        """
        own = ((name,),)
        if name == self._shape.id_member or self._shape.columns.get(name, ())[:1] == own:
            return None
        return f"entry.{name}" if name in FIELDS else repair.safe_text(name)

    def _kept(self, found: Mapping[str, bytes], looks: Mapping[str, "_Look"]) -> dict[str, str]:
        """What was received for columns that could not be read, and for `created_at`; that as text, whatever it was."""
        kept = {
            name: self._received(look.way, found)
            for name, look in looks.items()
            if look.cell is UNREADABLE and look.way
        }
        created = looks.get("created_at")
        if created and created.way and self._is_native:
            kept["created_at"] = self._received(created.way, found)
        elif created and created.cell.value is not None:
            kept["created_at"] = f'"{created.cell.value}"'
        return kept

    def _received(self, way: "_Way", found: Mapping[str, bytes]) -> str:
        member, below = found[way.path[0]], way.path[1:]
        return self._encode(repair.safe(dig(self.value(member), below))) if below else self.spell(member)

    def members(self, raw: bytes) -> dict[str, bytes]:
        """Split an object, its values unread. Raises ValueError when it is none."""
        try:
            return {name: bytes(value) for name, value in self._decode_members(raw).items()}
        except REFUSED:
            return repair.members(raw, self.check_cancelled)

    def value(self, raw: bytes) -> Any:
        """Read the value of a member of an entry. Raises ValueError when it is no JSON."""
        try:
            return self._decode(raw)
        except REFUSED:
            return repair.parse(raw, depth=2, check_cancelled=self.check_cancelled)

    def spell(self, raw: bytes) -> str:
        """The canonical and safe JSON text of a value. Raises ValueError when it is no JSON."""
        return self._attributes[raw]

    def _judge(self, rule: Callable[[Any], Cell], below: Path, raw: bytes) -> Cell:
        return rule(dig(self.value(raw), below))

    def _spell(self, raw: bytes) -> str:
        if raw.startswith(b'"') and raw.isascii() and b"\\" not in raw and (text := raw.decode()).isprintable():
            return text  # it is canonical already
        if raw.startswith(b'["') and raw.isascii() and b"\\" not in raw and raw.decode().isprintable():
            with suppress(*REFUSED):
                return self._encode_texts(self._decode_texts(raw)).decode()  # spelled alike where nothing is escaped
        return self._encode(repair.safe(self.value(raw), depth=2))


def _columns_of(cells: list[Cell], kind: Cell) -> frozenset[str]:
    if kind not in cells:
        return _NONE
    return frozenset(name for name, cell in zip(FIELDS, cells, strict=True) if cell is kind)


class _Way(NamedTuple):
    """A place in an entry where a column may stand, and what was made of the bytes of its outermost member before."""

    path: Path
    judge: "_Memo[bytes, Cell]"
    passed: frozenset[Path]  # the places that were looked at when it is found


class _Place(NamedTuple):
    """The only place where a column may stand."""

    number: int  # of the column
    way: _Way
    rule: Callable[[Any], Cell]

    def look(self, found: Mapping[str, Raw]) -> Cell:
        """What the column says of an entry in which nothing is escaped. Of few texts there is anything to remember."""
        raw = found.get(self.way.path[0])
        if raw is None:
            cell = ABSENT
        elif len(self.way.path) == 1 and (told := str(raw, "utf-8"))[0] == '"':
            cell = self.rule(told[1:-1])
        else:
            cell = self.way.judge[bytes(raw)]
        return UNKNOWN if cell is ABSENT and self.number == _CREATED_AT else cell


class _Look(NamedTuple):
    """What a column says, and where it was looked for."""

    cell: Cell
    way: _Way | None  # where that was found; None: nowhere
    passed: frozenset[Path]  # the places that were looked at


def _look(name: str, ways: Sequence[_Way], found: Mapping[str, bytes]) -> _Look:
    """Take the first way that says something: an unknown date does not, and neither does a `created_at` left out."""
    said, at = (UNKNOWN if name == "created_at" else ABSENT), None
    for way in ways:
        raw = found.get(way.path[0])
        cell = ABSENT if raw is None else way.judge[raw]
        if cell is UNKNOWN:
            said, at = cell, at or way
        elif cell is not ABSENT:
            return _Look(cell, way, way.passed)
        elif raw is not None and name == "created_at":
            at = at or way
    return _Look(said, at, ways[-1].passed)


class _Memo(dict[_Spelled, _Spelling]):
    """Remembers the results of a pure function of bytes or text; forgets all of them when it is full."""

    def __init__(self, work_out: Callable[[_Spelled], _Spelling]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, raw: _Spelled) -> _Spelling:
        answer = self._work_out(raw)
        if len(raw) <= _MEMO_BYTES:
            if len(self) >= _MEMO_ENTRIES:
                self.clear()
            self[raw] = answer
        return answer


def text(value: Any) -> Cell:
    """Read the value of a text column."""
    if value is None:
        return ABSENT
    return Cell(repair.safe_text(value)) if isinstance(value, str) else UNREADABLE


def number(value: Any) -> Cell:
    """Read the value of a number column. 0 means unknown; digits in quotes are a number, too."""
    if value is None:
        return ABSENT
    quoted = _QUOTED.fullmatch(value) if isinstance(value, str) else None
    whole = int(quoted[1]) if quoted else value
    if isinstance(value, float) and value.is_integer():
        whole = int(value)
    if not isinstance(whole, int) or isinstance(whole, bool) or not 0 <= whole <= _LARGEST:
        return UNREADABLE
    return Cell(whole) if whole else UNKNOWN


def lifecycle(value: Any, *, words: Mapping[str, str]) -> Cell:
    """Judge what the lifecycle column was sent, in our word where there is one; true and false are words."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    cell = text(value)
    return cell if cell.value is None else Cell(words.get(str(cell.value), cell.value))


def date(value: Any, *, unknown: frozenset[str], read: Callable[[Any], str | None] | None = None) -> Cell:
    """Judge what a date column was sent; an unknown date says nothing, so that it never wipes a known one.

    `read` reads more than text, and raises ValueError for what is no date.
    """
    if value is None:
        return ABSENT
    if read is None and not isinstance(value, str):
        return UNREADABLE
    try:
        moment = (read or dates.listed)(value)
    except ValueError:
        return UNREADABLE
    return UNKNOWN if moment is None or moment in unknown else Cell(moment)
