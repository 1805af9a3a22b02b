"""Reads the fields of one entry: what each says, which say nothing, which cannot be read. Pure."""

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
from catalog.errors import CheckCancelled, never_cancelled
from catalog.upstream import repair

REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)  # what a strict decoder raises
_LARGEST = 2**63 - 1  # what a bigint column holds
_MEMO_ENTRIES, _MEMO_BYTES = 1024, 4096  # per memo; at most 50 MB for all of them
_KNOWN = frozenset((*FIELDS, "id"))

_QUOTED = re.compile(r"([0-9]{1,100})(?:\.0{1,100})?")

_NONE = frozenset[str]()
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

    def __init__(self, unknown_dates: Collection[str]) -> None:
        """Take the dates that mean "unknown" at this source. Raises ValueError when one is not RFC 3339."""
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
        self._columns = [(name, _Memo(partial(self._read, rules[name]))) for name in FIELDS]
        self._attributes = _Memo(self._spell)
        self._unknown = unknown
        self.check_cancelled: CheckCancelled = never_cancelled

    def reading(self, raw: bytes) -> Reading:
        """Read one entry, whatever its fields hold. It must be a JSON object."""
        return self._quickly(raw) or self._closely(raw)

    def _quickly(self, raw: bytes) -> Reading | None:
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

    def _read(self, rule: Callable[[Any], Cell], raw: bytes) -> Cell:
        return rule(self.value(raw))

    def _spell(self, raw: bytes) -> str:
        if raw.startswith(b'"') and raw.isascii() and b"\\" not in raw and (text := raw.decode()).isprintable():
            return text  # it is canonical already
        return self._encode(repair.safe(self.value(raw), depth=2))


def _columns_of(cells: list[Cell], kind: Cell) -> frozenset[str]:
    if kind not in cells:
        return _NONE
    return frozenset(name for name, cell in zip(FIELDS, cells, strict=True) if cell is kind)


class _Memo(dict[bytes, _Spelling]):
    """Remembers the results of a pure function of bytes; forgets all of them when it is full."""

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


def date(value: Any, *, unknown: frozenset[str], when_absent: Cell = ABSENT) -> Cell:
    """Read the value of a date column. An unknown date says nothing: it must never replace a known one."""
    if value is None:
        return when_absent
    if not isinstance(value, str):
        return UNREADABLE
    try:
        moment = dates.listed(value)
    except ValueError:
        return UNREADABLE
    return UNKNOWN if moment is None or moment in unknown else Cell(moment)
