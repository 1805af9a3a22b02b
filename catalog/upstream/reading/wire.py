"""Reads the bytes of an answer: strict on what a walk relies on, and keeps what it does not know.

What a strict decoder refuses goes through `repair`, piece by piece, which is slow. Pure.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from catalog import dates, domain
from catalog.dotted import dig
from catalog.errors import AnswerError, CheckCancelled
from catalog.settings import SourceSettings
from catalog.upstream.reading import repair, shape
from catalog.upstream.reading.entries import RawEntry, settle
from catalog.upstream.reading.envelope import (
    BOM,
    CHECK_BASE_URL,
    TRY_LATER,
    Envelope,
    no_object,
    refuse_errors,
    token_of,
)
from catalog.upstream.reading.fields import REFUSED, Fields
from catalog.upstream.reading.shape import NATIVE
from catalog.upstream.reading.stripping import Stripper

READER = 1  # raise it when the same bytes are read differently than before: then all is read anew, not recalled

_MAX_ID = 256
_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, halves of surrogate pairs
_READ_BY = f"{READER}."
_NULL = "null"

_SAYS_ERROR = ("error", "success")


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list: usable items in the order received, and what was wrong with the others."""

    digest: str
    items: list[RawEntry]
    has_more: bool
    last_id: str | None  # id of the last entry that has a usable one; asked with, it brings those behind it once more
    token: str | None  # the answer's own `last_id`; None: absent, or it cannot be sent
    received: int  # entries, usable or not
    unusable: int  # entries without a usable id
    duplicates: int  # entries dropped because an earlier one of the same id says the same
    disputed: int  # ids listed twice with different content
    repaired: int  # entries that a strict decoder refuses
    stamp: str | None  # the JSON text of the `created_at`, where all entries have the same
    doubts: list[str]  # why some entries cannot be trusted, in words
    warnings: list[str]  # what was repaired or dropped, in words

    @property
    def clean(self) -> bool:
        """True when nothing on the page needs a warning."""
        return not (self.doubts or self.warnings)

    @property
    def ids(self) -> list[str]:
        """The ids of its items, in the order received."""
        return [item.id for item in self.items]


class Reader:
    """Reads the answers of one source."""

    def __init__(self, source: SourceSettings, *, one_page: bool = False) -> None:
        """Take the settings that say how the source spells its list; `one_page`: no answer needs to have `has_more`."""
        self.paging = source.paging == "cursor"  # then its pages must have `has_more`
        self._shape = shape.of(source)
        self._fields = Fields(source.unknown_dates, self._shape)
        paged = replace(source, paging="none") if one_page else source
        self.envelope = Envelope(paged, self._shape, self._fields)
        self._stripper = Stripper(self._shape.ignore, self._shape.items, self._fields) if self._shape.ignore else None
        # The digest covers the rules of reading: under other rules the same bytes say something else.
        is_usual = self.paging and not source.unknown_dates and not self._shape.text
        rules = [sorted({*source.unknown_dates}), self.paging, *filter(None, [self._shape.text])]
        self.digest = partial(digest, rules=b"" if is_usual else json.dumps(rules).encode())
        self._decode_named = Decoder(_named(member)).decode if (member := self._shape.id_member) else None
        self._decode_stamped = Decoder(_Stamped).decode
        self._decode_any = Decoder().decode

    def cancel_by(self, check_cancelled: CheckCancelled) -> None:
        """Call `check_cancelled` every 65,536 tokens while parsing the slow way; raise from it to cancel."""
        self._fields.check_cancelled = check_cancelled

    def strip(self, body: bytes) -> bytes:
        """Leave out of an answer what the source ignores: then its digest moves only with what is read."""
        return self._stripper.strip(body.removeprefix(BOM)) if self._stripper else body

    def page(self, body: bytes, *, known_as: str | None = None) -> ListPage:
        """Read one page; `known_as` is its digest, where it was stripped already. Raises AnswerError for no page."""
        body = body if known_as else self.strip(body)
        try:
            entries, has_more, last_id = self.envelope.open(body.removeprefix(BOM))
            ids, repaired = self._ids(entries)
        except ValueError:
            raise no_object(body, ".".join(self._shape.items)) from None
        if has_more and not entries:
            message = "the page is empty although `has_more` is true, so the list cannot be read to its end"
            raise AnswerError(message, hint=TRY_LATER)
        found = [RawEntry(id, self.digest(raw), raw, self._fields) for id, raw in zip(ids, entries, strict=True) if id]
        items, duplicates, disputed = settle(found)
        repeats = disputed if self._shape.first_counts else []
        if repeats:
            items, disputed = [msgspec.structs.replace(item, against=()) for item in items], []
        unusable = len(ids) - len(found)
        return ListPage(
            digest=known_as or self.digest(body),
            items=items,
            has_more=has_more,
            last_id=next(filter(None, reversed(ids)), None),
            token=token_of(last_id),
            received=len(entries),
            unusable=unusable,
            duplicates=duplicates,
            disputed=len(disputed),
            repaired=repaired,
            stamp=self._stamp(found),
            doubts=_doubts(unusable, disputed),
            warnings=_warnings(duplicates, repaired, repeats),
        )

    def model(self, raw: bytes) -> domain.ModelInfo:
        """Read the answer to `GET /v1/models/{id}`. Raises AnswerError when it is no model."""
        body = raw.removeprefix(BOM)
        try:
            members = self._fields.members(body)
            [id], _ = self._ids([body])
            values = {name: self._fields.value(members[name]) for name in _SAYS_ERROR if name in members}
        except ValueError:
            raise no_object(raw) from None
        if id is None:
            refuse_errors(values)
            raise AnswerError("the answer has no usable `id`, so it is no model", hint=CHECK_BASE_URL)
        return self.info(RawEntry(id, digest(body), body, self._fields))

    def info(self, item: domain.Item) -> domain.ModelInfo:
        """Read an item as a model, for programs."""
        reading = item.read()
        columns: dict[str, Any] = dict(zip(domain.FIELDS, reading.columns, strict=True))
        for name in domain.DATE_FIELDS:
            columns[name] = columns[name] and dates.from_text(columns[name])
        attributes = {name: json.loads(text) for name, text in reading.attributes.items()}
        return domain.ModelInfo(id=item.id, attributes=attributes, **columns)

    def _stamp(self, items: Iterable[RawEntry]) -> str | None:
        """Find the one `created_at` that all items have; ends at the first that differs."""
        stamp = None
        for item in items:
            mine = self._created_at(item.raw)
            if mine in {None, _NULL} or stamp not in {None, mine}:
                return None
            stamp = mine
        return stamp

    def _created_at(self, raw: bytes) -> str | None:
        if self._shape.columns != NATIVE.columns:
            return self._date_of(self._fields.value(raw))
        try:
            spelled = bytes(self._decode_stamped(raw).created_at)
        except REFUSED:
            spelled = self._fields.members(raw).get("created_at", b"")
        return self._fields.spell(spelled) if spelled else None

    def _date_of(self, entry: Any) -> str | None:
        """The first `created_at` of an entry that is there, as JSON text."""
        told = (dig(entry, path) for path in self._shape.columns.get("created_at", ()))
        return next((json.dumps(value) for value in told if isinstance(value, str | int | float)), None)

    def _ids(self, entries: list[bytes]) -> tuple[list[str | None], int]:
        """Find the id of each entry, None where it is unusable; and how many entries a strict decoder refuses."""
        if self._decode_named:
            try:
                ids = [named.id for named in map(self._decode_named, entries)]
            except REFUSED:
                pass
            else:
                if self._shape.id_prefix:
                    ids = [id.removeprefix(self._shape.id_prefix) for id in ids]
                all_usable = all(ids) and max(map(len, ids), default=0) <= _MAX_ID and "".join(ids).isprintable()
                return (list(ids) if all_usable else list(map(_usable, ids))), 0
        found = [self._id_slowly(raw) for raw in entries]
        return [id for id, _ in found], sum(repaired for _, repaired in found)

    def _id_slowly(self, raw: bytes) -> tuple[str | None, bool]:
        try:
            value, repaired = self._decode_any(raw), False
        except REFUSED:
            value, repaired = repair.parse(raw, check_cancelled=self._fields.check_cancelled), True
        id = self._shape.id_of(value) if isinstance(value, dict) else None
        return None if id is None else _usable(id), repaired


def _named(member: str) -> type[Any]:
    """An entry of which only the member is read that is its id."""
    return msgspec.defstruct("Named", [("id", str, msgspec.field(name=member))])


class _Stamped(msgspec.Struct):
    created_at: Raw = Raw(b"")


def digest(data: bytes, rules: bytes = b"") -> str:
    """The digest of some bytes and of how they are read: READER, a dot, 96 bits of their SHA-256 in hexadecimal."""
    return _READ_BY + hashlib.sha256(rules + data).hexdigest()[:24]


def _usable(id: str) -> str | None:
    """The id, if it can be stored, shown and sent as a cursor; else None."""
    fits = 0 < len(id) <= _MAX_ID and (id.isprintable() or _UNUSABLE.search(id) is None)
    return id if fits else None


def _doubts(unusable: int, disputed: Sequence[str]) -> list[str]:
    doubts = []
    if unusable:
        doubts.append(f"{_count(unusable)} without a usable id: such models cannot be recorded")
    if disputed:
        doubts.append(f"listed twice on one page with different content: {_few(disputed)}")
    return doubts


def _few(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (", ..." if ids[3:] else "")


def _warnings(duplicates: int, repaired: int, repeats: Sequence[str]) -> list[str]:
    warnings = []
    if repeats:
        warnings.append(f"listed twice on one page with different content, of which the first counts: {_few(repeats)}")
    if duplicates:
        warnings.append(f"{_count(duplicates)} dropped as a repetition on the same page")
    if repaired:
        warnings.append(f"{_count(repaired)} with text or numbers that no JSON decoder should take; made safe")
    return warnings


def _count(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"
