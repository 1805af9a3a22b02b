"""The bytes of one entry of a list to a reading: what each field says, what it leaves open, what cannot be read."""

import json
import re
from collections.abc import Callable, Collection
from functools import partial
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from catalog import dates
from catalog.domain import DATE_FIELDS, FIELDS, NUMBER_FIELDS, TEXT_FIELDS, Reading
from catalog.upstream import repair

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what a strict decoder raises
_LARGEST = 2**63 - 1  # what a bigint column holds
_MEMO_ENTRIES, _MEMO_BYTES = 1024, 4096  # each; 50 MB for all, were every value as long as is remembered
_KNOWN = frozenset((*FIELDS, "id"))

_QUOTED = re.compile(r"([0-9]{1,100})(?:\.0{1,100})?")

_NONE = frozenset[str]()
_Spelling = TypeVar("_Spelling")
_Tokens = Annotated[int, msgspec.Meta(gt=0, le=_LARGEST)]


class Cell(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What one column of one entry says."""

    value: str | int | None


# The three ways to say no value; cells are told apart by identity, which is quick.
ABSENT, UNKNOWN, UNREADABLE = Cell(None), Cell(None), Cell(None)


class _Ordinary(msgspec.Struct, gc=False):
    """The columns of an entry in which everything is as it should be, in the order of FIELDS."""

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
    """Reads entries; remembers, within bounds, what it made of values it met before, because most are shared."""

    def __init__(self, unknown_dates: Collection[str]) -> None:
        """Take the dates that mean "unknown" at this source; raises ValueError when one is no RFC 3339."""
        unknown = frozenset(filter(None, map(dates.canonical, unknown_dates)))
        rules: dict[str, Callable[[Any], Cell]] = dict.fromkeys(TEXT_FIELDS, text)
        rules |= dict.fromkeys(NUMBER_FIELDS, number)
        rules |= dict.fromkeys(DATE_FIELDS, partial(date, unknown=unknown))
        rules["created_at"] = partial(date, unknown=unknown, when_absent=UNKNOWN)
        self._decode = Decoder().decode
        self._decode_members = Decoder(dict[str, Raw]).decode
        self._decode_ordinary = Decoder(_Ordinary).decode
        self._encode = json.JSONEncoder(
            ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
        ).encode
        self._columns = [(name, _Memo(partial(self._judge, rules[name]))) for name in FIELDS]
        self._attributes = _Memo(self._spell)
        self._unknown = unknown
        self.glance: repair.Glance = repair.unhurried

    def reading(self, raw: bytes) -> Reading:
        """Read one entry, whatever its fields hold; it must be an object that was found to be JSON."""
        return self._quickly(raw) or self._closely(raw)

    def _quickly(self, raw: bytes) -> Reading | None:
        """Read an entry in which everything is as it should be; None: it needs a closer look."""
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
        """Give a date in its one spelling; ValueError when it says nothing, or is none."""
        if text is None:
            return None
        moment = dates.canonical(text)
        if moment is None or moment in self._unknown:
            raise ValueError("an unknown date")
        return moment

    def _closely(self, raw: bytes) -> Reading:
        """Read an entry field by field."""
        found = self.members(raw)
        cells = [memo[found.get(name, b"null")] for name, memo in self._columns]
        unreadable = _columns_of(cells, UNREADABLE)
        kept = unreadable | {"created_at"}  # as they were spelled
        spelled = self._attributes
        return Reading(
            columns=tuple([cell.value for cell in cells]),
            attributes={
                repair.safe_text(name): spelled[value]
                for name, value in found.items()
                if name not in _KNOWN or name in kept
            },
            silent=_columns_of(cells, UNKNOWN) | unreadable,
            unreadable=unreadable,
        )

    def members(self, raw: bytes) -> dict[str, bytes]:
        """Take an object apart, its values unread; ValueError when it is none."""
        try:
            return {name: bytes(value) for name, value in self._decode_members(raw).items()}
        except REFUSED:
            return repair.members(raw, self.glance)

    def value(self, raw: bytes) -> Any:
        """Read the value of a member of an entry; ValueError when it is no JSON."""
        try:
            return self._decode(raw)
        except REFUSED:
            return repair.parse(raw, depth=2, glance=self.glance)

    def spell(self, raw: bytes) -> str:
        """Spell a value the one canonical way, made safe; ValueError when it is no JSON."""
        return self._attributes[raw]

    def _judge(self, rule: Callable[[Any], Cell], raw: bytes) -> Cell:
        return rule(self.value(raw))

    def _spell(self, raw: bytes) -> str:
        if raw.startswith(b'"') and raw.isascii() and b"\\" not in raw and (text := raw.decode()).isprintable():
            return text  # It is canonical as it stands.
        return self._encode(repair.safe(self.value(raw), depth=2))


def _columns_of(cells: list[Cell], kind: Cell) -> frozenset[str]:
    if kind not in cells:
        return _NONE
    return frozenset(name for name, cell in zip(FIELDS, cells, strict=True) if cell is kind)


class _Memo(dict[bytes, _Spelling]):
    """Answers what a pure function of bytes answers, mostly from memory; starts afresh when it is full."""

    def __init__(self, work_out: Callable[[bytes], _Spelling]) -> None:
        super().__init__()
        self._work_out = work_out

    def __missing__(self, raw: bytes) -> _Spelling:
        answer = self._work_out(raw)
        if len(raw) <= _MEMO_BYTES:
            if len(self) >= _MEMO_ENTRIES:
                self.clear()
            self[raw] = answer
        return answer


def text(value: Any) -> Cell:
    """Judge what a text column was sent."""
    if value is None:
        return ABSENT
    return Cell(repair.safe_text(value)) if isinstance(value, str) else UNREADABLE


def number(value: Any) -> Cell:
    """Judge what a number column was sent; 0 means unknown. Digits in quotes are a number, too."""
    if value is None:
        return ABSENT
    quoted = _QUOTED.fullmatch(value) if isinstance(value, str) else None
    whole = int(quoted[1]) if quoted else value
    if isinstance(value, float) and value.is_integer():
        whole = int(value)
    if not isinstance(whole, int) or isinstance(whole, bool) or not 0 <= whole <= _LARGEST:
        return UNREADABLE
    return Cell(whole) if whole else UNKNOWN


def date(value: Any, *, unknown: frozenset[str], when_absent: Cell = ABSENT) -> Cell:
    """Judge what a date column was sent; an unknown date says nothing, so that it never wipes a known one."""
    if value is None:
        return when_absent
    if not isinstance(value, str):
        return UNREADABLE
    try:
        moment = dates.listed(value)
    except ValueError:
        return UNREADABLE
    return UNKNOWN if moment is None or moment in unknown else Cell(moment)
