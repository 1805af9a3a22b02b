"""Reads the bytes of an answer: strict on what a walk relies on, and keeps what it does not know.

What a strict decoder refuses goes through `repair`, piece by piece, which is slow. Pure.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from catalog import dates, domain
from catalog.errors import AnswerError, CheckCancelled
from catalog.settings import SourceSettings
from catalog.upstream import marks, repair
from catalog.upstream.entries import RawEntry, settle
from catalog.upstream.fields import REFUSED, Fields
from catalog.upstream.marks import Member

READER = 1  # raise it when the same bytes are read differently than before: then all is read anew, not recalled

_MAX_ID = 256
_MAX_TOKEN = 2048
_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, halves of surrogate pairs
_ERROR_TYPE = re.compile("[A-Za-z][A-Za-z_]{0,63}")  # no digits: an echoed key does not fit
_READ_BY = f"{READER}."
_NULL = "null"
_BOM = b"\xef\xbb\xbf"

_SAYS_ERROR = ("error", "success")
_CHECK_BASE_URL = "check `base_url` of this source: something else than a Models API answers there"
_SET_PAGING = 'if this server sends its whole list at once, set paging = "none" for this source'
_TRY_LATER = "this is a fault of the server; try again later"


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

    def __init__(self, source: SourceSettings) -> None:
        """Take the settings that say how the source spells its list."""
        self.paging = source.paging == "cursor"  # then its pages must have `has_more`
        self._fields = Fields(source.unknown_dates)
        # The digest covers the rules of reading: under other rules the same bytes say something else.
        is_usual = self.paging and not source.unknown_dates
        rules = b"" if is_usual else json.dumps([sorted({*source.unknown_dates}), self.paging]).encode()
        self.digest = partial(digest, rules=rules)
        self._decode_envelope = Decoder(_Envelope).decode
        self._decode_entries = Decoder(list[Raw]).decode
        self._decode_named = Decoder(_Named).decode
        self._decode_stamped = Decoder(_Stamped).decode
        self._decode_ending = Decoder(_Ending).decode

    def cancel_by(self, check_cancelled: CheckCancelled) -> None:
        """Call `check_cancelled` every 65,536 tokens while parsing the slow way; raise from it to cancel."""
        self._fields.check_cancelled = check_cancelled

    def page(self, body: bytes, *, known_as: str | None = None) -> ListPage:
        """Read one page; `known_as` is its digest, where that is known. Raises AnswerError for what is no page."""
        try:
            entries, has_more, last_id = self._open(body.removeprefix(_BOM))
            ids, repaired = self._ids(entries)
        except ValueError:
            raise _no_object(body) from None
        if has_more and not entries:
            message = "the page is empty although `has_more` is true, so the list cannot be read to its end"
            raise AnswerError(message, hint=_TRY_LATER)
        found = [RawEntry(id, self.digest(raw), raw, self._fields) for id, raw in zip(ids, entries, strict=True) if id]
        items, duplicates, disputed = settle(found)
        unusable = len(ids) - len(found)
        return ListPage(
            digest=known_as or self.digest(body),
            items=items,
            has_more=has_more,
            last_id=next(filter(None, reversed(ids)), None),
            token=_token(last_id),
            received=len(entries),
            unusable=unusable,
            duplicates=duplicates,
            disputed=len(disputed),
            repaired=repaired,
            stamp=self._stamp(found),
            doubts=_doubts(unusable, disputed),
            warnings=_warnings(duplicates, repaired),
        )

    def model(self, raw: bytes) -> domain.ModelInfo:
        """Read the answer to `GET /v1/models/{id}`. Raises AnswerError when it is no model."""
        body = raw.removeprefix(_BOM)
        try:
            members = self._fields.members(body)
            [id], _ = self._ids([body])
            values = {name: self._fields.value(members[name]) for name in _SAYS_ERROR if name in members}
        except ValueError:
            raise _no_object(raw) from None
        if id is None:
            _refuse_errors(values)
            raise AnswerError("the answer has no usable `id`, so it is no model", hint=_CHECK_BASE_URL)
        return self.info(RawEntry(id, digest(body), body, self._fields))

    def info(self, item: domain.Item) -> domain.ModelInfo:
        """Read an item as a model, for programs."""
        reading = item.read()
        columns: dict[str, Any] = dict(zip(domain.FIELDS, reading.columns, strict=True))
        for name in domain.DATE_FIELDS:
            columns[name] = columns[name] and dates.from_text(columns[name])
        attributes = {name: json.loads(text) for name, text in reading.attributes.items()}
        return domain.ModelInfo(id=item.id, attributes=attributes, **columns)

    def token(self, body: bytes) -> str | None:
        """The `last_id` of a page that was read before: quick where it stands behind the list."""
        behind = body[body.rfind(b"]") + 1 :].lstrip()
        if behind.startswith(b","):
            # The page is valid JSON, so these are the last members of the answer; of equal names the last counts.
            with suppress(*REFUSED):
                return _token(self._decode_ending(b"{" + behind[1:]).last_id)
        members = self._fields.members(body.removeprefix(_BOM))
        return _token(self._fields.value(members["last_id"])) if "last_id" in members else None

    def beside(self, body: bytes) -> list[Member]:
        """The members beside the list that say what follows, or how many entries there are."""
        members = self._fields.members(body.removeprefix(_BOM))
        members.pop("data", None)
        tables = [("", members)]
        for name, raw in members.items():
            if raw.startswith(b"{"):
                tables.append((name, self._fields.members(raw)))
        return [
            Member(outer, name, self._fields.value(raw))
            for outer, table in tables
            for name, raw in table.items()
            if marks.is_mark(name)
        ]

    def _open(self, body: bytes) -> tuple[list[bytes], bool, Any]:
        """Split an answer into its entries (unread), `has_more` and `last_id`."""
        try:
            envelope = self._decode_envelope(body)
        except REFUSED:
            return self._open_slowly(body)
        _refuse_errors({"error": envelope.error, "success": envelope.success})
        return list(map(bytes, envelope.data)), envelope.has_more, envelope.last_id

    def _open_slowly(self, body: bytes) -> tuple[list[bytes], bool, Any]:
        """The same for an answer that strict decoders refuse. Raises AnswerError when it is no page."""
        members = self._fields.members(body)
        values = {name: self._fields.value(raw) for name, raw in members.items() if name != "data"}
        _refuse_errors(values)
        if "data" not in members:
            raise AnswerError("the answer has no `data`, so it is no page of a models list", hint=_CHECK_BASE_URL)
        return self._entries(members["data"]), self._has_more(values), values.get("last_id")

    def _entries(self, data: bytes) -> list[bytes]:
        if not data.startswith(b"["):
            kind = _kind(self._fields.value(data))
            raise AnswerError(f"`data` is {kind}, not a list, so it is no page of a models list", hint=_CHECK_BASE_URL)
        try:
            return list(map(bytes, self._decode_entries(data)))
        except REFUSED:
            return repair.elements(data, self._fields.check_cancelled)

    def _has_more(self, values: Mapping[str, Any]) -> bool:
        has_more = values.get("has_more")
        if isinstance(has_more, bool):
            return has_more
        if has_more is not None:
            raise AnswerError(f"`has_more` is {_kind(has_more)}, not true or false", hint=_TRY_LATER)
        if self.paging:
            fault = "`has_more` is null" if "has_more" in values else "the answer has no `has_more`"
            raise AnswerError(f"{fault}, so nothing says whether the list is complete", hint=_SET_PAGING)
        return False

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
        try:
            spelled = bytes(self._decode_stamped(raw).created_at)
        except REFUSED:
            spelled = self._fields.members(raw).get("created_at", b"")
        return self._fields.spell(spelled) if spelled else None

    def _ids(self, entries: list[bytes]) -> tuple[list[str | None], int]:
        """Find the id of each entry, None where it is unusable; and how many entries a strict decoder refuses."""
        try:
            ids = [named.id for named in map(self._decode_named, entries)]
        except REFUSED:
            found = [self._id_slowly(raw) for raw in entries]
        else:
            all_usable = all(ids) and max(map(len, ids), default=0) <= _MAX_ID and "".join(ids).isprintable()
            return (list(ids) if all_usable else list(map(_usable, ids))), 0
        return [id for id, _ in found], sum(repaired for _, repaired in found)

    def _id_slowly(self, raw: bytes) -> tuple[str | None, bool]:
        try:
            return _usable(self._decode_named(raw).id), False
        except REFUSED:
            value = repair.parse(raw, check_cancelled=self._fields.check_cancelled)
        id = value.get("id") if isinstance(value, dict) else None
        return (_usable(id), True) if isinstance(id, str) else (None, False)


class _Envelope(msgspec.Struct):
    """An ordinary page; any other answer is read the slow way."""

    data: list[Raw]
    has_more: bool
    last_id: Any = None
    error: Any = None
    success: Any = None


class _Ending(msgspec.Struct):
    last_id: Any


class _Named(msgspec.Struct):
    id: str


class _Stamped(msgspec.Struct):
    created_at: Raw = Raw(b"")


def digest(data: bytes, rules: bytes = b"") -> str:
    """The digest of some bytes and of how they are read: READER, a dot, 96 bits of their SHA-256 in hexadecimal."""
    return _READ_BY + hashlib.sha256(rules + data).hexdigest()[:24]


def _usable(id: str) -> str | None:
    """The id, if it can be stored, shown and sent as a cursor; else None."""
    fits = 0 < len(id) <= _MAX_ID and (id.isprintable() or _UNUSABLE.search(id) is None)
    return id if fits else None


def _token(value: Any) -> str | None:
    """A `last_id`, if it can be sent; else None."""
    fits = isinstance(value, str) and value.isprintable() and value.strip() != "" and len(value) <= _MAX_TOKEN
    return value if fits else None


def _doubts(unusable: int, disputed: Sequence[str]) -> list[str]:
    doubts = []
    if unusable:
        doubts.append(f"{_count(unusable)} without a usable id: such models cannot be recorded")
    if disputed:
        named = ", ".join(disputed[:3]) + (", ..." if disputed[3:] else "")
        doubts.append(f"listed twice on one page with different content: {named}")
    return doubts


def _warnings(duplicates: int, repaired: int) -> list[str]:
    warnings = []
    if duplicates:
        warnings.append(f"{_count(duplicates)} dropped as a repetition on the same page")
    if repaired:
        warnings.append(f"{_count(repaired)} with text or numbers that no JSON decoder should take; made safe")
    return warnings


def _count(entries: int) -> str:
    return "1 entry" if entries == 1 else f"{entries} entries"


def _refuse_errors(values: Mapping[str, Any]) -> None:
    """Raise AnswerError for an answer that calls itself an error. Its message is not quoted: it may hold secrets."""
    error = values.get("error")
    if error:
        kind = error.get("type") if isinstance(error, dict) else None
        named = f" ({kind})" if isinstance(kind, str) and _ERROR_TYPE.fullmatch(kind) else ""
        raise AnswerError(f"the answer is an error{named}, although its status is 200", hint=_TRY_LATER)
    if values.get("success") is False:
        raise AnswerError("the answer says `success: false`, although its status is 200", hint=_TRY_LATER)


def _no_object(body: bytes) -> AnswerError:
    """The error for an answer that is no JSON object; the answer is not quoted."""
    start = body.removeprefix(_BOM).lstrip()
    if not start:
        return AnswerError("the answer is empty, not JSON", hint=_TRY_LATER)
    if start.startswith(b"<"):
        return AnswerError("the answer is an HTML page, not JSON", hint=_CHECK_BASE_URL)
    if start.startswith(b"["):
        return AnswerError("the answer is a bare list, not an object with `data`", hint=_CHECK_BASE_URL)
    if start.startswith(b"{"):
        return AnswerError(f"the answer is broken JSON ({len(body)} bytes), perhaps cut short", hint=_TRY_LATER)
    try:
        return AnswerError(f"the answer is {_kind(repair.parse(start))}, not an object", hint=_CHECK_BASE_URL)
    except ValueError:
        return AnswerError("the answer is plain text, not JSON", hint=_CHECK_BASE_URL)


def _kind(value: Any) -> str:
    """Name the JSON type of a value as it reads in a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds[type(value)]
