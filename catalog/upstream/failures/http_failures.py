"""Turns an answer other than 200, or none at all, into what `retry` needs, and into an error for a person. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from catalog.domain import Identity
from catalog.errors import AnswerError, CursorError, KeyRefusedError, ListingError
from catalog.http.exchange import Received
from catalog.http.transport_errors import NoAnswer
from catalog.upstream.failures import api_words, hints
from catalog.upstream.failures.retry import FailedTry

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 400, 401, 403, 404
CURSOR_REFUSALS = frozenset({400, 404, 410, 422})  # when the page before was given for the same request
IDENTITY = ("anthropic-organization-id", "anthropic-workspace-id")  # headers that say who asks
SHORTEST_SECRET = 8  # a shorter key, such as the "none" that some gateways take, occurs in ordinary names
LONG_SECRET = 16  # a shorter key, such as "lm-studio", may be an ordinary word of a list

_CHECK_KEY = "check the key that `api_key_env` or `api_key_file` names"
_REQUEST_IDS = ("request-id", "x-request-id", "x-amzn-requestid", "apim-request-id")  # headers, as vendors name them

_ESCAPED = re.compile(rb'\\u00([2-7][0-9a-fA-F])|\\([/"\\])')  # how JSON may escape characters of a key
_TOKEN = re.compile(r"[A-Za-z0-9_.:-]{1,128}")


def nothing_known(_: Collection[str]) -> Collection[str]:
    """No id of a model is known."""
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What was asked for, in words, and all that an error must not repeat."""

    subject: str  # "the models list of example.org"
    list_url: str
    model_id: str | None = None  # None: the list was asked for
    with_cursor: bool = False
    key: str | None = field(default=None, repr=False)
    proxy_hint: str = ""  # empty: no proxy is used
    native: bool = True  # Anthropic's API is asked: some settings are for it alone
    sent: frozenset[str] = frozenset()  # settings that shape the request
    ids: frozenset[str] = frozenset()  # of models that the request names
    known: api_words.Known = nothing_known  # tells which words are other ids of models


def failure(outcome: Received | NoAnswer) -> FailedTry:
    """What `retry` needs to know of it."""
    if isinstance(outcome, NoAnswer):
        return FailedTry(lasting=outcome.lasting)
    details = _error(outcome.body).get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    return FailedTry(status=outcome.status, headers=outcome.headers, code=code if isinstance(code, str) else None)


def brief(outcome: Received | NoAnswer) -> str:
    """The failure of one try in few words, without any of the server's."""
    return outcome.words if isinstance(outcome, NoAnswer) else f"HTTP {outcome.status}"


def error(outcome: Received | NoAnswer, question: Question, because: str) -> ListingError:
    """The failure in our words, with status, type and request id. The API's own words are in `said` alone."""
    ending = f"; {because}" if because else ""
    if isinstance(outcome, NoAnswer):
        smaller = ", or lower `page_size`" if outcome.too_large and "page_size" in question.sent else ""
        hint = f"{outcome.hint}{smaller}"
        return ListingError(f"{question.subject}: {outcome.words}{ending}", hint=hint, failure=outcome.failure)
    words = f"{question.subject}: HTTP {outcome.status}{_named(outcome, question.key)}"
    text = api_words.message(outcome.body) if outcome.status >= 400 else ""  # noqa: PLR2004 - 4xx and 5xx
    kind, meaning, hint = _meaning(outcome, text, question)
    secrets = _secrets(outcome, question.key)
    said = api_words.shown(text, secrets, lambda ids: {*question.ids, *question.known(ids)})
    return kind(f"{words}{meaning}{ending}", hint="; ".join(filter(None, [hint, question.proxy_hint])), said=said)


def _meaning(answer: Received, text: str, question: Question) -> tuple[type[ListingError], str, str]:
    status = answer.status
    if status < 400:  # noqa: PLR2004 - 1xx to 3xx
        return AnswerError, *hints.strange(status, answer.headers.get("location", ""), question.list_url)
    if question.with_cursor and status in CURSOR_REFUSALS:
        return CursorError, ": the cursor is not taken", "the list may have changed meanwhile; try again"
    first = not question.with_cursor and question.model_id is None
    about = " ".join([text, *(value for value in _error(answer.body).values() if isinstance(value, str))])
    hint = hints.refused(
        status, about, first=first, sent=question.sent, list_url=question.list_url, native=question.native
    )
    if status in {UNAUTHORIZED, FORBIDDEN}:
        meaning, usual = _refused(status, question)
        return KeyRefusedError, meaning, hint if "`workspace_id`" in hint or "billing" in hint else usual
    if status == NOT_FOUND:
        return AnswerError, *((f": there is no model {question.model_id!r}", "") if question.model_id else ("", hint))
    # Google answers a bad key with 400, too.
    may_be_key = status == BAD_REQUEST and first and question.key is not None
    return ListingError, "", f"{hint}; or {_CHECK_KEY}" if may_be_key else hint


def _refused(status: int, question: Question) -> tuple[str, str]:
    if question.key is None:
        return ": it wants a key, and none was sent", "name a key in `api_key_env` or `api_key_file` of this source"
    if status == FORBIDDEN:
        workspace = ", and `workspace_id` of this source" if question.native else ""
        return ": the key may not do this", f"check the permissions of the key{workspace}"
    return ": the key is refused", f"{_CHECK_KEY}, and `auth` of this source"


def _named(received: Received, key: str | None) -> str:
    kind = next(filter(None, (_token(name, key) for name in _kinds(received.body))), None)
    # Rows and logs hold it, so it must not look like a key or the id of an account.
    if kind and api_words.shown(kind, _secrets(received, key), nothing_known) != kind:
        kind = None
    if received.status < 400:  # noqa: PLR2004 - 4xx and 5xx are told apart by the type of the error
        kind = hints.phrase(received.status)
    request = next(filter(None, (_token(received.headers.get(name), key) for name in _REQUEST_IDS)), None)
    if request and key and api_words.tells(request, key):
        request = None
    words = ", ".join(part for part in (kind, f"request {request}" if request else None) if part)
    return f" ({words})" if words else ""


def _kinds(body: bytes) -> list[Any]:
    """The members of an error body that may name its kind; a number is none."""
    error = _error(body)
    return [error.get("type"), error.get("status"), error.get("code"), _decoded(body).get("code")]


def _secrets(received: Received, key: str | None) -> list[str]:
    return [secret for secret in [key, *map(received.headers.get, IDENTITY)] if secret]


def identity(headers: Mapping[str, str], key: str | None) -> Identity:
    """The organization and workspace that an answer names."""
    return Identity(
        organization=_token(headers.get(IDENTITY[0]), key),
        workspace=_token(headers.get(IDENTITY[1]), key),
    )


def demand_no_echo(body: bytes, question: Question) -> None:
    """Raise AnswerError for a body that holds the key, also with JSON's escapes: what it lists is stored and shown."""
    if question.key is None or len(question.key) < LONG_SECRET:
        return
    key = question.key.encode()
    unescaped = _ESCAPED.sub(lambda found: found[2] or bytes([int(found[1], 16)]), body) if b"\\" in body else body
    if key in body or key in unescaped:
        hint = "nothing of it was recorded; tell the people who run that server, and change the key"
        raise AnswerError(f"{question.subject}: the answer repeats the API key", hint=hint)


def _token(value: Any, key: str | None) -> str | None:
    """A name that is safe to show and to store; None: it is no name, or it echoes the key."""
    text = value.strip() if isinstance(value, str) else ""
    echoes = key is not None and len(key) >= SHORTEST_SECRET and key in text
    return text if _TOKEN.fullmatch(text) and not echoes else None


def _error(body: bytes) -> dict[str, Any]:
    """The `error` object of an error body; empty when there is none."""
    inner = _decoded(body).get("error")
    return inner if isinstance(inner, dict) else {}


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}
