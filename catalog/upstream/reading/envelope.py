"""Opens an answer: finds the list in it, and what stands beside the list. Reads no entry. Pure."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from catalog.dotted import Path
from catalog.errors import AnswerError
from catalog.settings import SourceSettings
from catalog.upstream.reading import repair
from catalog.upstream.reading.fields import REFUSED, Fields
from catalog.upstream.reading.shape import NATIVE, Shape
from catalog.upstream.walking import marks
from catalog.upstream.walking.marks import Member

CHECK_BASE_URL = "check `base_url` of this source: something else than a Models API answers there"
TRY_LATER = "this is a fault of the server; try again later"
BOM = b"\xef\xbb\xbf"

_MAX_TOKEN = 2048
_ERROR_TYPE = re.compile("[A-Za-z][A-Za-z_]{0,63}")  # no digits: an echoed key does not fit
_PLAIN = re.compile("[A-Za-z_]{1,32}")  # names that may be shown, for the same reason
_TAKE_ANSWER = 'set list.items = "" for this source, if that is the models list'
_SET_PAGING = 'if this server sends its whole list at once, set paging = "none" for this source'


class LayoutError(AnswerError):
    """The list is not where it should be. Another row of the table of APIs may read the answer."""


class _Envelope(msgspec.Struct):
    """An ordinary page; any other answer is read the slow way."""

    data: list[Raw]
    has_more: bool
    last_id: Any = None
    error: Any = None
    success: Any = None


class _Ending(msgspec.Struct):
    last_id: Any


class Envelope:
    """Opens the answers of one source."""

    def __init__(self, source: SourceSettings, layout: Shape, fields: Fields) -> None:
        """Take where the list stands, and what takes objects apart."""
        self._shape = layout
        self._fields = fields
        self._is_cursor = source.paging == "cursor"  # then its pages must have `has_more`
        # Elsewhere it says nothing of an empty page: another one may follow.
        self._reads_has_more = self._is_cursor or source.api == "anthropic"
        self._decode_envelope = Decoder(_Envelope).decode
        self._decode_entries = Decoder(list[Raw]).decode
        self._decode_ending = Decoder(_Ending).decode

    def token(self, body: bytes) -> str | None:
        """The `last_id` of a page that was read before: quick where it stands behind the list."""
        behind = body[body.rfind(b"]") + 1 :].lstrip()
        if behind.startswith(b","):
            # The page is valid JSON, so these are the last members of the answer; of equal names the last counts.
            with suppress(*REFUSED):
                return token_of(self._decode_ending(b"{" + behind[1:]).last_id)
        members = self._fields.members(body.removeprefix(BOM))
        return token_of(self._fields.value(members["last_id"])) if "last_id" in members else None

    def beside(self, body: bytes) -> list[Member]:
        """The members beside the list that say what follows, or how many entries there are."""
        items = self._shape.items
        members = self._around(body.removeprefix(BOM), items)
        tables = [("", members)]
        for name, raw in members.items():
            tables.append((name, self._around(raw, items[1:] if items[:1] == (name,) else ())))
        return [
            Member(outer, name, self._fields.value(raw))
            for outer, table in tables
            for name, raw in table.items()
            if marks.is_mark(name)
        ]

    def told(self, body: bytes) -> dict[str, Any]:
        """An answer without its entries, read; of a bare list nothing is left."""
        return self._read_around(body.removeprefix(BOM), self._shape.items)

    def _read_around(self, raw: bytes, path: Path) -> dict[str, Any]:
        deeper = path[0] if len(path) > 1 else None
        return {
            name: self._read_around(value, path[1:]) if name == deeper else self._fields.value(value)
            for name, value in self._around(raw, path).items()
        }

    def _around(self, raw: bytes, path: Path) -> dict[str, bytes]:
        """Split an object, without the list that stands at a path in it; what is no object has no members."""
        if not raw.lstrip().startswith(b"{"):
            return {}
        members = self._fields.members(raw)
        if len(path) == 1:
            members.pop(path[0], None)
        return members

    def open(self, body: bytes) -> tuple[list[bytes], bool, Any]:
        """Split an answer into its entries (unread), `has_more` and `last_id`."""
        if self._shape.items != NATIVE.items:
            return self._open_slowly(body)
        try:
            envelope = self._decode_envelope(body)
        except REFUSED:
            return self._open_slowly(body)
        refuse_errors({"error": envelope.error, "success": envelope.success})
        return list(map(bytes, envelope.data)), envelope.has_more and self._reads_has_more, envelope.last_id

    def _open_slowly(self, body: bytes) -> tuple[list[bytes], bool, Any]:
        """The same for any other answer. Raises AnswerError when it is no page."""
        if not self._shape.items:
            return self._entries(body.lstrip()), False, None
        members = self._fields.members(body)
        values = {name: self._fields.value(raw) for name, raw in members.items() if name != self._shape.items[0]}
        refuse_errors(values)
        entries = self._list_in(members)
        return entries, self._has_more(values), values.get("last_id")

    def _list_in(self, members: Mapping[str, bytes]) -> list[bytes]:
        """The entries, by the path that leads to them."""
        whole, (*around, last) = members, self._shape.items
        for step in around:
            raw = members.get(step, b"null")
            members = self._fields.members(raw) if raw.startswith(b"{") else {}
        if last in members:
            return self._entries(members[last])
        lists, where = self._lists(whole), ".".join(self._shape.items)
        if self._shape.empty_object and not lists:
            return []
        raise LayoutError(f"the answer has no `{where}`, so it is no page of a models list", hint=_take_one(lists))

    def _lists(self, members: Mapping[str, bytes]) -> list[str]:
        """The paths of the lists that stand in an answer, or in an object of it, and whose names may be shown."""
        inner = [(name, self._fields.members(raw)) for name, raw in members.items() if raw.startswith(b"{")]
        return [
            f"{outer}.{name}" if outer else name
            for outer, table in [("", members), *inner]
            for name, raw in table.items()
            if raw.startswith(b"[") and _PLAIN.fullmatch(outer + name)
        ]

    def _entries(self, data: bytes) -> list[bytes]:
        if not data.startswith(b"["):
            raise self._no_list(data)
        try:
            return list(map(bytes, self._decode_entries(data)))
        except REFUSED:
            return repair.elements(data, self._fields.check_cancelled)

    def _no_list(self, data: bytes) -> AnswerError:
        """The error for what stands in the place of the list."""
        value, where = self._fields.value(data), ".".join(self._shape.items)
        is_object = isinstance(value, dict)
        if is_object and not where:
            refuse_errors(value)
        lists = [f"{where}.{name}".lstrip(".") for name in self._lists(self._fields.members(data))] if is_object else []
        what = f"`{where}`" if where else "the answer"
        words = f"{what} is {kind_of(value)}, not a list, so it is no page of a models list"
        return LayoutError(words, hint=_take_one(lists))

    def _has_more(self, values: Mapping[str, Any]) -> bool:
        if not self._reads_has_more:
            return False
        has_more = values.get("has_more")
        if isinstance(has_more, bool):
            return has_more
        if has_more is not None:
            raise AnswerError(f"`has_more` is {kind_of(has_more)}, not true or false", hint=TRY_LATER)
        if self._is_cursor:
            fault = "`has_more` is null" if "has_more" in values else "the answer has no `has_more`"
            raise LayoutError(f"{fault}, so nothing says whether the list is complete", hint=_SET_PAGING)
        return False


def _take_one(lists: Sequence[str]) -> str:
    """The setting that takes one of these lists instead."""
    if not lists:
        return CHECK_BASE_URL
    if len(lists) == 1:
        return f'it has a list at `{lists[0]}`: set list.items = "{lists[0]}" if that is it'
    named = ", ".join(f"`{name}`" for name in lists[:3])
    return f"it has lists at {named}: set list.items if one is the models list"


def token_of(value: Any) -> str | None:
    """A `last_id`, if it can be sent; else None."""
    fits = isinstance(value, str) and value.isprintable() and value.strip() != "" and len(value) <= _MAX_TOKEN
    return value if fits else None


def refuse_errors(values: Mapping[str, Any]) -> None:
    """Raise AnswerError for an answer that calls itself an error. Its message is not quoted: it may hold secrets."""
    error = values.get("error")
    if error:
        kind = error.get("type") if isinstance(error, dict) else None
        named = f" ({kind})" if isinstance(kind, str) and _ERROR_TYPE.fullmatch(kind) else ""
        raise AnswerError(f"the answer is an error{named}, although its status is 200", hint=TRY_LATER)
    if values.get("success") is False:
        raise AnswerError("the answer says `success: false`, although its status is 200", hint=TRY_LATER)


def no_object(body: bytes, where: str = "data") -> AnswerError:
    """The error for an answer that is no JSON object with a list at `where`; the answer is not quoted."""
    start = body.removeprefix(BOM).lstrip()
    if not start:
        return AnswerError("the answer is empty, not JSON", hint=TRY_LATER)
    if start.startswith(b"<"):
        return AnswerError("the answer is an HTML page, not JSON", hint=CHECK_BASE_URL)
    if start.startswith(b"["):
        return LayoutError(f"the answer is a bare list, not an object with `{where}`", hint=_TAKE_ANSWER)
    if start.startswith(b"{"):
        return AnswerError(f"the answer is broken JSON ({len(body)} bytes), perhaps cut short", hint=TRY_LATER)
    try:
        return AnswerError(f"the answer is {kind_of(repair.parse(start))}, not an object", hint=CHECK_BASE_URL)
    except ValueError:
        return AnswerError("the answer is plain text, not JSON", hint=CHECK_BASE_URL)


def kind_of(value: Any) -> str:
    """Name the JSON type of a value as it reads in a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    kinds = {str: "a string", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds[type(value)]
