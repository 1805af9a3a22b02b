"""Answers as the Models API does, from the catalog: the list of one source now, or as it was at a moment.

The addresses of a source are below `/mirror/SOURCE`, as of a moment below `/mirror/SOURCE@MOMENT`. What is missing and
not believed to be gone is listed: the mirror is steadier than the list.
"""

import hmac
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from catalog import dates
from catalog.domain import Model, ModelInfo, Place, Source, State
from catalog.store.engine.database import Connection
from catalog.store.queries import history, pages
from catalog.store.queries.pages import Cut, RowPage, Sort, Wanted
from catalog.web.server.visit import WebAnswer

PREFIX = "/mirror/"

_LIST = "/v1/models"
_USUAL, _LARGEST = 20, 1000  # models of a page, as of the real API
_MOST_LIFECYCLES = 3
_SORTED = 10_000  # models; a longer list comes by id
_UNKNOWN_DATE = "1970-01-01T00:00:00Z"  # the API's own word for it
_NEWEST = Sort(column="created_at", newest_first=True)
_RETIRED = "retired"
_ORIGIN = re.compile(r"\Ahttps?://[^/?]*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request to the mirror: its target as it was sent, and its headers with names in lower case."""

    target: str
    headers: Mapping[str, str]
    request_id: str


class _RefusedError(Exception):
    """The call gets an error instead of models; `kind` is the error's type on the wire."""

    def __init__(self, status: HTTPStatus, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


def is_meant(target: str) -> bool:
    """Tell whether a target lies in the mirror."""
    return _ORIGIN.sub("", target).startswith(PREFIX)


def answer(
    connection: Connection, call: Call, *, key: str | None, configured: Collection[str], now: datetime
) -> WebAnswer:
    """Answer one call; `key` None: none is asked for. Of a `configured` source, nothing may be known yet."""
    headers: dict[str, str] = {}
    try:
        if key is not None:
            _admit(call.headers, key)
        body = _found(connection, call, configured, now, headers)
    except _RefusedError as refusal:
        return refused(refusal.status, refusal.kind, str(refusal), call.request_id, headers)
    return WebAnswer(body=_spelled(body), media="application/json", headers=headers)


def refused(
    status: HTTPStatus, kind: str, message: str, request_id: str, headers: Mapping[str, str] | None = None
) -> WebAnswer:
    """Say in the API's own form why there is no answer."""
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}
    told = {**(headers or {}), "request-id": request_id}
    if status < HTTPStatus.INTERNAL_SERVER_ERROR:
        told["x-should-retry"] = "false"
    return WebAnswer(body=_spelled(body), media="application/json", status=status, headers=told)


def item(model: ModelInfo) -> dict[str, Any]:
    """Give a model as the list shows it: its columns, then every other field as it was received."""
    spelled = model.attributes.get("created_at")
    shown = {
        "type": model.type or "model",
        "id": model.id,
        "display_name": model.display_name,
        "created_at": spelled if isinstance(spelled, str) else _UNKNOWN_DATE,
        **({} if model.lifecycle is None else {"lifecycle": model.lifecycle}),
        "deprecated_at": model.deprecated_at and dates.short(model.deprecated_at),
        "retires_at": model.retires_at and dates.short(model.retires_at),
        "line": model.line,
        "max_input_tokens": model.max_input_tokens,
        "max_tokens": model.max_tokens,
    }
    return {**shown, **{name: value for name, value in model.attributes.items() if name != "created_at"}}


def _admit(headers: Mapping[str, str], key: str) -> None:
    given = headers.get("x-api-key") or re.sub(r"\ABearer\s+", "", headers.get("authorization", ""))
    if not hmac.compare_digest(given.encode("latin-1", "replace"), key.encode()):
        words = "invalid x-api-key" if given else "x-api-key header is required"
        raise _RefusedError(HTTPStatus.UNAUTHORIZED, "authentication_error", words)


def _found(
    connection: Connection, call: Call, configured: Collection[str], now: datetime, headers: dict[str, str]
) -> dict[str, Any]:
    path, _, query = _ORIGIN.sub("", call.target).partition("?")
    place, found, rest = path.removeprefix(PREFIX).partition(_LIST)
    if not found or rest[:1] not in {"", "/"} or rest == "/" or "/" in place:
        raise _missing("Not found")
    name, _, moment = _decoded(place).partition("@")
    source = next((each for each in history.sources(connection) if each.source == name), None)
    if source is None and name not in configured:
        raise _missing(f"source: {name}")
    if source is None or source.last_whole_at is None:
        words = f"the list of {name} was never read whole: nothing is known of it"
        raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "api_error", words)
    headers["x-catalog-last-whole-walk"] = dates.short(source.last_whole_at)
    at = _moment(connection, source, moment, now) if moment else None
    if rest:
        return item(_model(connection, source, _decoded(rest[1:]), at))
    return _page(connection, source, parse_qsl(query, keep_blank_values=True), at)


def _moment(connection: Connection, source: Source, text: str, now: datetime) -> datetime:
    try:
        moment = dates.moment(text, now).at
    except ValueError as error:
        raise _bad(f"as of: {error}") from None
    begins = history.begins_whole(connection, source.source)
    if moment > now:
        raise _bad(f"as of: {text} lies in the future")
    if begins is None or moment < begins:
        since = "has not begun" if begins is None else f"begins at {dates.short(begins)}"
        raise _missing(f"as of: the catalog of {source.source} {since}")
    return moment


def _model(connection: Connection, source: Source, id: str, at: datetime | None) -> ModelInfo:
    for story in history.stories(connection, id, source=source.source):
        if at is None and story.model.removed_at is None:
            return story.model
        for state in story.states:
            if at is not None and state.valid_from <= at and (state.valid_to is None or state.valid_to > at):
                return state
    raise _missing(f"model: {id}")


def _page(
    connection: Connection, source: Source, params: Sequence[tuple[str, str]], at: datetime | None
) -> dict[str, Any]:
    asked = dict(params)
    after, before = asked.get("after_id"), asked.get("before_id")
    if after is not None and before is not None:
        raise _bad("after_id, before_id: only one of them can be given")
    for parameter, cursor in (("after_id", after), ("before_id", before)):
        if cursor is not None and not history.stories(connection, cursor, source=source.source):
            raise _bad(f"{parameter}: no model {cursor}")
    is_sorted = pages.is_sortable(connection, source.source, most=_SORTED)
    cut = Cut(
        after=None if after is None else Place(source.source, after),
        before=None if before is None else Place(source.source, before),
        limit=_limit(asked.get("limit")),
        sort=_NEWEST if is_sorted else None,
    )
    wanted = _wanted(source, params)
    found: RowPage[Model] | RowPage[State] = (
        pages.models(connection, wanted, cut) if at is None else pages.states(connection, at, wanted, cut)
    )
    further = found.after if before is None else found.before
    data = [item(model) for model in found.rows]
    return {
        "data": data,
        "has_more": further is not None,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }


def _wanted(source: Source, params: Sequence[tuple[str, str]]) -> Wanted:
    """Read the filter of lifecycles; without it, all but retired models are listed."""
    texts = [value for name, value in params if name in {"lifecycle", "lifecycle[]"}]
    told = {word for text in texts for word in text.split(",") if word}
    if len(told) > _MOST_LIFECYCLES:
        raise _bad(f"lifecycle: at most {_MOST_LIFECYCLES} values can be given")
    if not told:
        return Wanted(source=source.source, hidden=(_RETIRED,))
    return Wanted(source=source.source, lifecycles=(*sorted(told), *((None,) if "active" in told else ())))


def _limit(text: str | None) -> int:
    if text is None:
        return _USUAL
    if re.fullmatch("[0-9]{1,9}", text) and 1 <= int(text) <= _LARGEST:
        return int(text)
    raise _bad(f"limit: must be a whole number between 1 and {_LARGEST}")


def _decoded(text: str) -> str:
    """Decode once; bytes that are no UTF-8 name nothing."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise _missing("Not found") from None


def _bad(words: str) -> _RefusedError:
    return _RefusedError(HTTPStatus.BAD_REQUEST, "invalid_request_error", words)


def _missing(words: str) -> _RefusedError:
    return _RefusedError(HTTPStatus.NOT_FOUND, "not_found_error", words)


def _spelled(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
