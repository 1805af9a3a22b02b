"""The Models API as Python: one page, one model, or every page in either direction. Knows no database and no walk."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote, urlsplit

from catalog.clock import utc_now
from catalog.domain import Identity, ModelInfo
from catalog.errors import AnswerError, ConfigError
from catalog.http import proxy
from catalog.http.exchange import Exchange
from catalog.upstream import marks, request, wire
from catalog.upstream.failures import http_failures
from catalog.upstream.failures.api_words import Known
from catalog.upstream.failures.http_failures import Question
from catalog.upstream.fetch import Errand, Glance, Patience
from catalog.upstream.request import Auth

MAX_LIMIT = 1000
MAX_TRIES = 6  # with our own waits, about 15 seconds
LONGEST = 600.0  # seconds for one question, tries and waits included, when the caller sets no deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The bytes of a 200, who the API says was asking, and when the try began that brought it."""

    body: bytes
    identity: Identity
    asked_at: datetime
    links: str = ""  # the header `Link`


@dataclass(frozen=True, slots=True)
class Coming:
    """A page that was asked for. Tries after the first one are made while its answer is awaited."""

    _errand: Errand
    _question: Question

    def answer(self, glance: Glance | None = None) -> Answer:
        """Wait for it. `glance` is called several times a second meanwhile, and may raise to end the waiting."""
        asked = self._errand.answer(glance)
        received = asked.received
        http_failures.demand_no_echo(received.body, self._question)
        return Answer(
            body=received.body,
            identity=http_failures.identity(received.headers, self._question.key),
            asked_at=asked.at,
            links=received.headers.get("link", ""),
        )

    def cancel(self) -> None:
        """Want it no more."""
        self._errand.cancel()


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelPage:
    """One page of the list, in the order received; None for the ends of an empty page."""

    models: tuple[ModelInfo, ...]
    has_more: bool
    first_id: str | None
    last_id: str | None


class ModelsClient:
    """Reads a models list, patiently and within bounds; usable by itself.

        with ModelsClient(base_url="https://api.anthropic.com", key=os.environ["ANTHROPIC_API_KEY"]) as client:
            for model in client.models():                     # all pages, newest first
                print(model.id, model.display_name, model.retires_at)
            page = client.page(limit=20, after_id="claude-opus-4-5")
            client.model("claude-haiku-4-5")                  # one model, by id or alias

    `betas`, `lifecycle` (for instance `("active", "deprecated", "retired")`) and `workspace` shape what is listed.
    `timeout` bounds one try in all, however slowly bytes drip; a failure that may pass is tried again up to
    `max_tries` times, with the waits the server asks for. Redirects are refused, TLS is verified; proxies and CA
    bundles come from the usual environment variables. `paging=False` is for servers that answer the whole list at once.

    Raises ConfigError for a key, a header or an address that cannot be used; KeyRefusedError, AnswerError,
    DeadlineError or plain ListingError when the list cannot be read. The key is in none of them.
    """

    def __init__(
        self,
        *,
        base_url: str,
        key: str | None,
        auth: Auth = "x-api-key",
        api_version: str = "2023-06-01",
        betas: Sequence[str] = (),
        lifecycle: Sequence[str] = (),
        workspace: str = "",
        timeout: float = 30.0,
        max_page_bytes: int = 64_000_000,
        max_tries: int = MAX_TRIES,
        paging: bool = True,
        unknown_dates: frozenset[str] = frozenset(),
        known: Known = http_failures.nothing_known,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        spread: Callable[[], float] = random.random,
    ) -> None:
        """Check what is given; nothing is sent yet. `key` None sends none; `known` tells ids of models from secrets."""
        self.base_url = request.base_url(base_url)
        self._key = None if key is None else request.usable_key(key)
        headers = request.headers(key=self._key, auth=auth, api_version=api_version, betas=betas, workspace=workspace)
        self._lifecycle = tuple(lifecycle)
        shaping = {"lifecycle": lifecycle, "betas": betas, "workspace_id": workspace}
        self._sent = frozenset(name for name, value in shaping.items() if value)
        self._known = known
        self._monotonic = monotonic
        self._exchange = Exchange(headers)
        self._patience = Patience(
            exchange=self._exchange,
            timeout=timeout,
            max_bytes=max_page_bytes,
            max_tries=max_tries,
            sleep=sleep,
            clock=clock,
            monotonic=monotonic,
            spread=spread,
        )
        self._paging = paging
        self._reader = wire.Reader(unknown_dates=unknown_dates, paging=paging)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ModelsClient(base_url={self.base_url!r})"

    def close(self) -> None:
        """Close idle connections. The client stays usable."""
        self._exchange.close()

    def models(
        self, *, limit: int = MAX_LIMIT, backwards: bool = False, start: str | None = None
    ) -> Iterator[ModelInfo]:
        """Every model after `start` (else from the top), page by page; `backwards`: every one before it, nearest first.

        Backwards without a `start` begins at the end of the list, which is read to find it.
        Raises AnswerError instead of ending early or never: an empty page with more to come, a cursor that repeats.
        """
        if backwards and start is None:
            yield from reversed(list(self.models(limit=limit)))
            return
        cursor, seen = start, {start}
        while True:
            page = self.page(limit=limit, before_id=cursor) if backwards else self.page(limit=limit, after_id=cursor)
            yield from reversed(page.models) if backwards else page.models
            if not page.has_more:
                return
            cursor = page.first_id if backwards else page.last_id
            if cursor is None or cursor in seen:
                raise AnswerError(f"{self._subject()}: the next page cannot be asked for, its cursor came before")
            seen.add(cursor)

    def page(
        self,
        *,
        limit: int = MAX_LIMIT,
        after_id: str | None = None,
        before_id: str | None = None,
        seconds: float = LONGEST,
    ) -> ModelPage:
        """One page: the first one, or what follows `after_id`, or what stands just before `before_id`.

        All tries and waits together take no longer than `seconds`. Raises AnswerError for a last page that says in
        another way than by `has_more` that more follows.
        """
        deadline = self._monotonic() + seconds
        answer = self.fetch(limit=limit, after_id=after_id, before_id=before_id, deadline=deadline)
        try:
            page = self._reader.page(answer.body)
            if before_id is None and not (page.has_more and self._paging):
                self._demand_end(answer)
        except AnswerError as error:
            raise AnswerError(f"{self._subject()}: {error.message}", hint=self._with_way(error.hint)) from error
        ids = [item.id for item in page.items]
        return ModelPage(
            models=tuple(map(self._reader.info, page.items)),
            has_more=page.has_more,
            first_id=ids[0] if ids else None,
            last_id=page.last_id or (ids[-1] if ids else None),
        )

    def _demand_end(self, answer: Answer) -> None:
        unfollowed = marks.refusal(self._reader.beside(answer.body), answer.links, paging=self._paging)
        if unfollowed is not None:
            raise unfollowed

    def model(self, id: str) -> ModelInfo:
        """One model, by its id or an alias of it. Raises AnswerError when there is none."""
        if id in {"", ".", ".."}:
            raise AnswerError(f"{self._subject()}: {id!r} is no model id")
        question = self._question(model_id=id, ids=frozenset({id}))
        url = f"{self._list_url()}/{quote(id, safe='')}"
        received = self._patience.ask(url, (), question, self._monotonic() + LONGEST).answer().received
        http_failures.demand_no_echo(received.body, question)
        return self._reader.model(received.body)

    def fetch(
        self,
        *,
        limit: int,
        after_id: str | None = None,
        before_id: str | None = None,
        deadline: float | None = None,
    ) -> Answer:
        """The bytes of one page. `deadline` is a moment of `monotonic`."""
        return self.begin(limit=limit, after_id=after_id, before_id=before_id, deadline=deadline).answer()

    def begin(
        self,
        *,
        limit: int,
        after_id: str | None = None,
        before_id: str | None = None,
        deadline: float | None = None,
    ) -> "Coming":
        """Ask for one page, and do not wait for it."""
        if not 1 <= limit <= MAX_LIMIT or (after_id is not None and before_id is not None):
            raise ConfigError(f"a page has 1 to {MAX_LIMIT} models, and begins at one cursor", hint="check page_size")
        cursor = {"after_id": after_id, "before_id": before_id}
        params = [(name, id) for name, id in cursor.items() if id is not None]
        question = self._question(with_cursor=bool(params), ids=frozenset(id for _, id in params))
        asked = [("limit", str(limit)), *params, *(("lifecycle[]", name) for name in self._lifecycle)]
        until = self._monotonic() + LONGEST if deadline is None else deadline
        return Coming(self._patience.ask(self._list_url(), asked, question, until), question)

    def _list_url(self) -> str:
        return f"{self.base_url}/v1/models"

    def route(self) -> str:
        """Say, to follow what is asked, through which proxy of the environment it is asked; empty: there is none."""
        return proxy.words(self.base_url)

    def _question(self, **what: Any) -> Question:
        subject, way = self._subject(), self._with_way("")
        return Question(
            subject=subject,
            list_url=self._list_url(),
            key=self._key,
            way=way,
            sent=self._sent,
            known=self._known,
            **what,
        )

    def _with_way(self, hint: str) -> str:
        through = proxy.before(self.base_url)
        return "; ".join(filter(None, [hint, proxy.hint(through) if through else ""]))

    def _subject(self) -> str:
        return f"the models list of {urlsplit(self.base_url).netloc}{self.route()}"
