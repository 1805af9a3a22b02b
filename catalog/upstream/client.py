"""The Models API as Python: one page, one model, or every page in either direction. Knows no database and no walk."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

import msgspec

from catalog.clock import utc_now
from catalog.domain import ModelInfo
from catalog.errors import AnswerError, ConfigError, DeadlineError, KeyRefusedError, ListingError
from catalog.http import proxy
from catalog.http.exchange import Exchange
from catalog.settings import Auth, SourceSettings
from catalog.upstream import request
from catalog.upstream.failures import http_failures
from catalog.upstream.failures.api_words import Known
from catalog.upstream.failures.http_failures import Question
from catalog.upstream.fetch import MAX_TRIES, USUAL_PACE, Answer, Asked, Fetch, OnRetry, Pace, ignore_retry
from catalog.upstream.pauses import HostPauses
from catalog.upstream.reading import wire
from catalog.upstream.reading.envelope import CHECK_BASE_URL, LayoutError
from catalog.upstream.walking import marks, paging
from catalog.upstream.walking.cursors import CursorChoice, Cursors, choose

MAX_LIMIT = 1000
LONGEST = 600.0  # seconds for one request, tries and waits included, when the caller sets no deadline

_GOES_ON = ("token", "url", "link", "page")  # by what the answer says, not by `has_more`
_SHAPING = ("lifecycle", "betas", "workspace_id", "query", "headers")  # what shapes a request, where it is set


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelPage:
    """One page of the list, in the order received; None for the ends of an empty page."""

    models: tuple[ModelInfo, ...]
    has_more: bool
    first_id: str | None
    last_id: str | None


class SourceClient:
    """Reads the models list that the settings of a source describe.

    Raises ConfigError for a key or a header that cannot be sent; KeyRefusedError, AnswerError, DeadlineError or plain
    ListingError when the list cannot be read. The key is in none of them.
    """

    def __init__(
        self,
        source: SourceSettings,
        key: str | None,
        *,
        known: Known = http_failures.nothing_known,
        pace: Pace = USUAL_PACE,
        pauses: HostPauses | None = None,
        fitting: Callable[[bytes], str] = lambda _: "",
        on_retry: OnRetry = ignore_retry,
    ) -> None:
        """Check what is given; nothing is sent yet. `key` None sends none; `known` tells ids of models from secrets.

        Clients that share their `pauses` leave a host alone together, when it asks one of them to wait. `fitting` names
        the API whose row would read an answer that these settings do not fit; empty: none is known. `on_retry` is
        called before each wait for another try.
        """
        self.source = source
        self.reader = wire.Reader(source)
        self.paging = paging.of(source)
        self._key = None if key is None else request.usable_key(key)
        self._exchange = Exchange(request.headers(source, self._key))
        self._known = known
        self._pace, self._fitting, self._on_retry = pace, fitting, on_retry
        self._pauses = pauses or HostPauses(pace.monotonic)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self.source.base_url

    def close(self) -> None:
        """Close idle connections. The client stays usable."""
        self._exchange.close()

    def monotonic(self) -> float:
        """The clock of deadlines, in seconds."""
        return self._pace.monotonic()

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
        cursor, seen, cursors = start, {start}, Cursors()
        while True:
            page = self.list_page(LONGEST, limit, **{"before_id" if backwards else "after_id": cursor})
            models = list(map(self.reader.info, page.items))
            yield from reversed(models) if backwards else models
            if not page.has_more:
                return
            if backwards:
                cursor = models[0].id if models else None
            else:
                cursor, _ = cursors.following(page.token, page.last_id, partial(self._compare, page, limit))
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
        page = self.list_page(seconds, limit, after_id=after_id, before_id=before_id)
        return ModelPage(
            models=tuple(map(self.reader.info, page.items)),
            has_more=page.has_more,
            first_id=page.items[0].id if page.items else None,
            last_id=page.last_id,
        )

    def list_page(
        self, seconds: float, limit: int, *, after_id: str | None = None, before_id: str | None = None
    ) -> wire.ListPage:
        """The same, with its entries as they were received; `has_more` in every style of paging."""
        deadline = self.monotonic() + seconds
        answer = self.begin(limit=limit, after_id=after_id, before_id=before_id, deadline=deadline).answer()
        try:
            page = self.reader.page(answer.body)
            told = self.reader.envelope.told(answer.body) if self.paging.style in _GOES_ON else {}
            got = paging.PageFacts(told=told, links=answer.links, entries=page.received, sum=page.received)
            if paging.follow(self.paging, got).query is not None:
                return msgspec.structs.replace(page, has_more=True)
            refusal = None
            if before_id is None and not (page.has_more and self.reader.paging):
                beside = self.reader.envelope.beside(answer.body)
                refusal = marks.refusal(beside, answer.links, style=self.paging.style, one_page=self.paging.one_page)
            if refusal is not None:
                raise refusal
        except AnswerError as error:
            hint = self._with_proxy_hint(self.cure(error, answer.body))
            raise AnswerError(f"{self._subject()}: {error.message}", hint=hint) from error
        return page

    def cure(self, error: AnswerError, body: bytes) -> str:
        """The hint for an answer that cannot be read, with the API whose row would read it."""
        api = self._fitting(body) if isinstance(error, LayoutError) else ""
        if not api or api == self.source.api:
            return error.hint
        set_api = f'set api = "{api}" for this source, whose row reads such an answer'
        return set_api if error.hint == CHECK_BASE_URL else f"{error.hint}; or {set_api}"

    def _compare(self, page: wire.ListPage, limit: int) -> CursorChoice | None:
        """Ask with both cursors that a page names."""
        by_entry, by_last_id = (
            self.brought(self.begin(limit=limit, after_id=cursor).answer) for cursor in (page.last_id, page.token)
        )
        return choose(set(page.ids), by_last_id=by_last_id, by_entry=by_entry)

    def brought(self, answer: Callable[[], Answer]) -> set[str] | None:
        """The ids that an answer lists; None: the request is refused, or the answer is no page."""
        try:
            return set(self.reader.page(answer().body).ids)
        except (KeyRefusedError, DeadlineError):
            raise
        except ListingError:
            return None

    def model(self, id: str) -> ModelInfo:
        """One model, by its id or an alias of it. Raises AnswerError when there is none."""
        if id in {"", ".", ".."}:
            raise AnswerError(f"{self._subject()}: {id!r} is no model id")
        url = f"{self.paging.url}/{quote(id, safe='')}"
        fetch = self._fetch(url, "", self.monotonic() + LONGEST, model_id=id, ids=frozenset({id}))
        return self.reader.model(fetch.answer().body)

    def begin(
        self,
        *,
        limit: int,
        after_id: str | None = None,
        before_id: str | None = None,
        deadline: float | None = None,
    ) -> Asked:
        """Ask for one page, and do not wait for it. `deadline` is a moment of `monotonic`."""
        if not 1 <= limit <= MAX_LIMIT or (after_id is not None and before_id is not None):
            raise ConfigError(f"a page has 1 to {MAX_LIMIT} models, and begins at one cursor", hint="check page_size")
        cursor = {self.paging.token_param or "after_id": after_id, "before_id": before_id}
        params = [(name, id) for name, id in cursor.items() if id is not None]
        size = [(self.paging.size_param, str(limit))] if self.paging.size_param else []
        asked = paging.spell([*size, *params, *self.paging.query])
        until = self.monotonic() + LONGEST if deadline is None else deadline
        ids = frozenset(id for _, id in params)
        return self._fetch(self.paging.url, asked, until, with_cursor=bool(params), ids=ids)

    def ask(self, query: str | None, *, deadline: float) -> Asked:
        """Ask for the page that a query names, and do not wait for it; None: for the first one."""
        asked = self.paging.first() if query is None else query
        return self._fetch(self.paging.url, asked, deadline, with_cursor=query is not None)

    def route(self) -> str:
        """Words to follow what is asked: through which proxy of the environment; empty: through none."""
        return proxy.words(self.base_url)

    def _fetch(self, url: str, query: str, deadline: float, **what: Any) -> Fetch:
        shaping = [name for name in _SHAPING if getattr(self.source, name)]
        question = Question(
            subject=self._subject(),
            list_url=self.paging.url,
            key=self._key,
            proxy_hint=self._with_proxy_hint(""),
            native=self.source.api == "anthropic",
            sent=frozenset([*shaping, "page_size"] if self.paging.size_param else shaping),
            known=self._known,
            **what,
        )
        if question.with_cursor:  # which an answer named: a key is never sent in a query
            http_failures.demand_no_echo(f"{query}\n{unquote(query)}".encode(), question)
        return Fetch(
            exchange=self._exchange,
            source=self.source,
            pace=self._pace,
            url=url,
            query=query,
            question=question,
            deadline=deadline,
            pauses=self._pauses,
            on_retry=self._on_retry,
        )

    def _with_proxy_hint(self, hint: str) -> str:
        through = proxy.before(self.base_url)
        return "; ".join(filter(None, [hint, proxy.hint(through) if through else ""]))

    def _subject(self) -> str:
        return f"the models list of {urlsplit(self.base_url).netloc}{self.route()}"


class ModelsClient(SourceClient):
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

    Raises what SourceClient raises, and ConfigError for an address that cannot be used.
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
        """Say in plain values what a configuration says in settings."""
        source = SourceSettings(
            name="",
            base_url=request.base_url(base_url),
            auth=auth,
            api_version=api_version,
            betas=tuple(betas),
            lifecycle=tuple(lifecycle),
            workspace_id=workspace,
            timeout=timedelta(seconds=timeout),
            max_page_bytes=max_page_bytes,
            paging="cursor" if paging else "none",
            unknown_dates=tuple(unknown_dates),
        )
        pace = Pace(max_tries=max_tries, sleep=sleep, clock=clock, monotonic=monotonic, spread=spread)
        super().__init__(source, key, known=known, pace=pace)
