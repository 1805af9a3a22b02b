"""Bytes of a models list to items: strict on what the walk relies on, keeps what it does not know.

Knows the shape of the answers; knows no HTTP, no database and no clock. What a strict decoder refuses goes the slow
way through `repair`, piece by piece.
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
from catalog.errors import AnswerError
from catalog.upstream import marks, repair
from catalog.upstream.fields import REFUSED, Fields
from catalog.upstream.marks import Member

READER = 1  # raise it whenever the same bytes are read otherwise than before: what is known is then read again

_MAX_ID = 256
_MAX_TOKEN = 2048
_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # control characters, halves of surrogate pairs
_ERROR_TYPE = re.compile("[A-Za-z][A-Za-z_]{0,63}")  # no digits: a key that is echoed there stays secret
_READ_BY = f"{READER}."
_NULL = "null"
_BOM = b"\xef\xbb\xbf"

_SAYS_ERROR = ("error", "success")
_CHECK_BASE_URL = "check `base_url` of this source: something else than a Models API answers there"
_SET_PAGING = 'if this server sends its whole list at once, set paging = "none" for this source'
_TRY_LATER = "this is a fault of the server; try again later"


class RawEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry of a page: its id, its own bytes, and a digest of them."""

    id: str
    digest: str
    raw: bytes
    fields: Fields
    against: tuple[bytes, ...] = ()  # entries of the same id that say something else

    @property
    def disputed(self) -> bool:
        """Whether the page lists the id twice with different content."""
        return bool(self.against)

    def read(self) -> domain.Reading:
        """Say what the entry tells of its model; of an id in dispute, that on which its entries agree.

        It never fails, whatever the fields hold.
        """
        reading = self.fields.reading(self.raw)
        for other in self.against:
            reading = _common(reading, self.fields.reading(other))
        return reading


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list: usable items in the order received, and what was wrong with the others."""

    digest: str
    items: list[RawEntry]
    has_more: bool
    last_id: str | None  # id of the last entry received; None: there is none, or it is unusable
    token: str | None  # what the answer itself calls its last id; None: nothing that can be sent
    received: int  # entries of any kind
    unusable: int  # entries without a usable id
    duplicates: int  # entries dropped because they say what an earlier one of the same id said
    disputed: int  # ids listed twice with different content
    repaired: int  # entries that a strict decoder refuses
    stamp: str | None  # the JSON text of the `created_at` that all entries carry
    doubts: list[str]  # in words, why not all of the page can be trusted
    warnings: list[str]  # what was put right, in words

    @property
    def clean(self) -> bool:
        """Whether nothing on the page needs a warning."""
        return not (self.doubts or self.warnings)


class Reader:
    """Reads the answers of one source."""

    def __init__(self, *, unknown_dates: frozenset[str] = frozenset(), paging: bool = True) -> None:
        """Take the dates that mean "unknown" at this source, and whether its pages must say `has_more`."""
        self._paging = paging
        self._fields = Fields(unknown_dates)
        # Read by other rules, the same bytes say something else: then they must not pass for what is known already.
        rules = json.dumps([sorted(unknown_dates), paging]).encode() if unknown_dates or not paging else b""
        self.digest = partial(digest, rules=rules)
        self._decode_envelope = Decoder(_Envelope).decode
        self._decode_entries = Decoder(list[Raw]).decode
        self._decode_named = Decoder(_Named).decode
        self._decode_stamped = Decoder(_Stamped).decode
        self._decode_ending = Decoder(_Ending).decode

    def heed(self, glance: repair.Glance) -> None:
        """Call this now and then while a page, or an item of one, takes long to read; it may raise to end that."""
        self._fields.glance = glance

    def page(self, body: bytes, *, known_as: str | None = None) -> ListPage:
        """Read one page; `known_as` spares working out its `digest` once more.

        Raises AnswerError, in words, for what cannot be a page of a models list.
        """
        try:
            entries, has_more, last_id = self._open(body.removeprefix(_BOM))
            ids, repaired = self._ids(entries)
        except ValueError:
            raise _no_object(body) from None
        if has_more and not entries:
            message = "the page is empty although `has_more` is true, so the list cannot be read to its end"
            raise AnswerError(message, hint=_TRY_LATER)
        found = [RawEntry(id, self.digest(raw), raw, self._fields) for id, raw in zip(ids, entries, strict=True) if id]
        items, duplicates, disputed = _settle(found)
        unusable = len(ids) - len(found)
        return ListPage(
            digest=known_as or self.digest(body),
            items=items,
            has_more=has_more,
            last_id=ids[-1] if ids else None,
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
        """Read an item as a model, for those who use the client by itself."""
        reading = item.read()
        columns: dict[str, Any] = dict(zip(domain.FIELDS, reading.columns, strict=True))
        for name in domain.DATE_FIELDS:
            columns[name] = columns[name] and dates.from_text(columns[name])
        attributes = {name: json.loads(text) for name, text in reading.attributes.items()}
        return domain.ModelInfo(id=item.id, attributes=attributes, **columns)

    def token(self, body: bytes) -> str | None:
        """What a page that was read before calls its last id; quick where that stands behind the list."""
        behind = body[body.rfind(b"]") + 1 :].lstrip()
        if behind.startswith(b","):
            # Valid JSON as a whole, so these are the last members of the answer itself: of equal names the last wins.
            with suppress(*REFUSED):
                return _token(self._decode_ending(b"{" + behind[1:]).last_id)
        members = self._fields.members(body.removeprefix(_BOM))
        return _token(self._fields.value(members["last_id"])) if "last_id" in members else None

    def beside(self, body: bytes) -> list[Member]:
        """What an answer says, beside its list, of what follows and of how many there are."""
        members = self._fields.members(body.removeprefix(_BOM))
        members.pop("data", None)
        told = self._told("", members)
        for name, raw in members.items():
            if raw.startswith(b"{"):
                told += self._told(name, self._fields.members(raw))
        return told

    def _told(self, outer: str, members: Mapping[str, bytes]) -> list[Member]:
        return [Member(outer, name, self._fields.value(raw)) for name, raw in members.items() if marks.tells(name)]

    def _open(self, body: bytes) -> tuple[list[bytes], bool, Any]:
        """Find the entries, unread, `has_more` and `last_id`."""
        try:
            envelope = self._decode_envelope(body)
        except REFUSED:
            return self._open_slowly(body)
        _refuse_errors({"error": envelope.error, "success": envelope.success})
        return list(map(bytes, envelope.data)), envelope.has_more, envelope.last_id

    def _open_slowly(self, body: bytes) -> tuple[list[bytes], bool, Any]:
        """Say what is wrong with an answer that is no ordinary page, or find what can be used of it."""
        members = self._fields.members(body)
        values = {name: self._fields.value(raw) for name, raw in members.items() if name != "data"}
        _refuse_errors(values)
        if "data" not in members:
            raise AnswerError("the answer has no `data`, so it is no page of a models list", hint=_CHECK_BASE_URL)
        return self._entries(members["data"]), self._has_more(values), values.get("last_id")

    def _entries(self, data: bytes) -> list[bytes]:
        if not data.startswith(b"["):
            came = _kind(self._fields.value(data))
            raise AnswerError(f"`data` is {came}, not a list, so it is no page of a models list", hint=_CHECK_BASE_URL)
        try:
            return list(map(bytes, self._decode_entries(data)))
        except REFUSED:
            return repair.elements(data, self._fields.glance)

    def _has_more(self, values: Mapping[str, Any]) -> bool:
        told = values.get("has_more")
        if isinstance(told, bool):
            return told
        if told is not None:
            raise AnswerError(f"`has_more` is {_kind(told)}, not true or false", hint=_TRY_LATER)
        if self._paging:
            came = "`has_more` is null" if "has_more" in values else "the answer has no `has_more`"
            raise AnswerError(f"{came}, so nothing says whether the list is complete", hint=_SET_PAGING)
        return False

    def _stamp(self, items: Iterable[RawEntry]) -> str | None:
        """Find the `created_at` that all items carry; ends at the first that differs."""
        stamp = None
        for item in items:
            mine = self._created_at(item.raw)
            if mine in {None, _NULL} or stamp not in {None, mine}:
                return None
            stamp = mine
        return stamp

    def _created_at(self, raw: bytes) -> str | None:
        try:
            told = bytes(self._decode_stamped(raw).created_at)
        except REFUSED:
            told = self._fields.members(raw).get("created_at", b"")
        return self._fields.spell(told) if told else None

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
            value = repair.parse(raw, glance=self._fields.glance)
        id = value.get("id") if isinstance(value, dict) else None
        return (_usable(id), True) if isinstance(id, str) else (None, False)


class _Envelope(msgspec.Struct):
    """An ordinary page; answers of any other shape are looked at slowly."""

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
    """Stand for some bytes, and for how they are read: READER, a dot, 96 bits of their SHA-256 in hexadecimal."""
    return _READ_BY + hashlib.sha256(rules + data).hexdigest()[:24]


def _usable(id: str) -> str | None:
    """Give back an id that can be stored, shown and sent as a cursor; else None."""
    fits = 0 < len(id) <= _MAX_ID and (id.isprintable() or _UNUSABLE.search(id) is None)
    return id if fits else None


def _token(value: Any) -> str | None:
    """Give back a `last_id` that can be sent; else None."""
    fits = isinstance(value, str) and value.isprintable() and value.strip() != "" and len(value) <= _MAX_TOKEN
    return value if fits else None


def _settle(items: list[RawEntry]) -> tuple[list[RawEntry], int, list[str]]:
    """Keep the first item of each id. Say how many were dropped as saying the same, and which ids are disputed."""
    first: dict[str, RawEntry] = {}
    duplicates, disputed = 0, dict[str, list[bytes]]()
    if len({item.id for item in items}) == len(items):
        return items, 0, []
    for item in items:
        known = first.setdefault(item.id, item)
        if known is not item and _agree(known, item):
            duplicates += 1
        elif known is not item:
            disputed.setdefault(item.id, []).append(item.raw)
    for id, others in disputed.items():
        first[id] = msgspec.structs.replace(first[id], against=tuple(others))
    return list(first.values()), duplicates, list(disputed)


def _common(one: domain.Reading, other: domain.Reading) -> domain.Reading:
    """Keep of two readings what both say."""
    columns = zip(one.columns, other.columns, strict=True)
    attributes = {name: text for name, text in one.attributes.items() if other.attributes.get(name) == text}
    return domain.Reading(
        columns=tuple(mine if mine == theirs else None for mine, theirs in columns),
        attributes=attributes,
        silent=one.silent | other.silent,
        unreadable=one.unreadable & other.unreadable & attributes.keys(),
    )


def _agree(one: RawEntry, other: RawEntry) -> bool:
    """Whether two items mean the same; the spelling of `created_at`, which is kept beside its meaning, is no matter."""
    if one.digest == other.digest:
        return True
    a, b = one.read(), other.read()
    same_columns = a.columns == b.columns and a.silent == b.silent
    return same_columns and {**a.attributes, "created_at": ""} == {**b.attributes, "created_at": ""}


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
    """Raise AnswerError when an answer says that it is an error. Its message is not quoted: it may name secrets."""
    error = values.get("error")
    if error:
        told = error.get("type") if isinstance(error, dict) else None
        named = f" ({told})" if isinstance(told, str) and _ERROR_TYPE.fullmatch(told) else ""
        raise AnswerError(f"the answer is an error{named}, although its status is 200", hint=_TRY_LATER)
    if values.get("success") is False:
        raise AnswerError("the answer says `success: false`, although its status is 200", hint=_TRY_LATER)


def _no_object(body: bytes) -> AnswerError:
    """Say what an answer is that is no JSON object, without quoting it."""
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
