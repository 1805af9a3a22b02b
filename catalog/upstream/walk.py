"""Follows the cursor from the top of the list to its end, and says how far what it saw can be trusted.

Knows the rules of a walk; what becomes of the pages is the sink's business.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from catalog import domain
from catalog.domain import KnownPage, Outcome
from catalog.errors import AnswerError, CursorError, DeadlineError, ListingError
from catalog.http import background
from catalog.upstream import wire
from catalog.upstream.client import Answer, ModelsClient
from catalog.upstream.evidence import Evidence

RESTARTS = 3
_GLANCE = 0.2  # seconds between two looks at whether to go on, while an answer is awaited

_IGNORES_CURSOR = 'if the server ignores `after_id` and answers its whole list at once, set paging = "none"'


class Sink(Protocol):
    """Takes the pages of a walk as they arrive; `add` and `add_known` say how many ids an earlier page had already."""

    def recall(self, digest: str) -> KnownPage | None:
        """What is known of a page whose bytes have this digest; None: it must be read."""
        ...

    def add(self, page: domain.Page, asked_at: datetime) -> int: ...
    def add_known(self, digest: str) -> int: ...

    def restart(self) -> None:
        """Forget what this walk brought so far: it begins again from the top."""
        ...

    def settled(self) -> bool:
        """Asked at the end of the list; False: all of it must be read once more, which happens once in a walk."""
        ...


class ShiftError(Exception):
    """The list moved under the walk, which must begin again."""


def unheard(pages: int, models: int) -> None:
    """Let nobody know how far the walk is."""


def undisturbed() -> None:
    """Let nothing but the list end the walk."""


def walk(
    client: ModelsClient,
    reader: wire.Reader,
    sink: Sink,
    *,
    page_size: int,
    deadline_seconds: float,
    max_pages: int,
    monotonic: Callable[[], float] = time.monotonic,
    on_page: Callable[[int, int], None] = unheard,
    on_wait: Callable[[], None] = undisturbed,
    paging: bool = True,
) -> Outcome:
    """Walk the whole list into `sink`, restarting at most three times when the list shifts.

    `deadline_seconds` bounds everything, counted by `monotonic`, the client's own clock; `on_page` hears of pages and
    models so far, `on_wait` is called before each page and several times a second while one is awaited, and while one
    takes long to read; both may raise to end the walk. Raises ListingError when the walk is cut: then nothing that the
    sink took may be believed.
    """
    bounds = Bounds(
        page_size=page_size, max_pages=max_pages, deadline=monotonic() + deadline_seconds, monotonic=monotonic
    )
    reader.heed(partial(_glance, on_wait, bounds))
    begin = partial(
        _Pass, client=client, reader=reader, sink=sink, bounds=bounds, on_page=on_page, on_wait=on_wait, paging=paging
    )
    return _Walk(begin, sink).run()


@dataclass(slots=True)
class _Walk:
    """As many passes as it takes, each from the top."""

    begin: Callable[..., "_Pass"]
    sink: Sink
    restarts: int = 0

    def run(self) -> Outcome:
        """Go through the list, and once more where the sink wants to see all of it again."""
        outcome = self._stand_still()
        if self.sink.settled():
            return outcome
        self.sink.restart()
        return self._stand_still()

    def _stand_still(self) -> Outcome:
        while True:
            may_restart = self.restarts < RESTARTS
            try:
                return self.begin(may_restart=may_restart).run()
            except ShiftError:
                pass
            except CursorError as error:
                if not may_restart:
                    message = f"the list shifted under the walk, also after {RESTARTS} restarts: {error.message}"
                    raise CursorError(message, hint=error.hint, said=error.said) from error
            self.restarts += 1
            self.sink.restart()


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What a walk may cost. `deadline` is a moment of `monotonic`."""

    page_size: int
    max_pages: int
    deadline: float
    monotonic: Callable[[], float]

    def check(self) -> None:
        """Raise DeadlineError when the walk's time is up."""
        if self.monotonic() >= self.deadline:
            raise DeadlineError("the time for the whole walk is up", hint="raise `deadline` of this source")


def _glance(on_wait: Callable[[], None], bounds: Bounds) -> None:
    on_wait()
    bounds.check()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """One page, as far as the walk cares; `land` hands it to the sink."""

    digest: str
    count: int
    empty: bool
    cursor: str | None
    has_more: bool
    land: Callable[[], int]


@dataclass(kw_only=True)
class _Pass:
    """One way through the list, from the top."""

    client: ModelsClient
    reader: wire.Reader
    sink: Sink
    bounds: Bounds
    on_page: Callable[[int, int], None]
    on_wait: Callable[[], None]
    paging: bool
    may_restart: bool

    def __post_init__(self) -> None:
        self.pages = self.models = 0
        self.asked: tuple[str | None, str | None] = (None, None)  # the cursors of the last two questions
        self.landed = ""  # the digest of the last page that the sink took
        self.cursors: set[str] = set()
        self.evidence = Evidence()
        self.stop = threading.Event()

    def run(self) -> Outcome:
        """Go through the list. While the sink works on a page, the next one is already on its way."""
        try:
            return self._follow()
        finally:
            self.stop.set()

    def _follow(self) -> Outcome:
        coming = self._ask(None)
        while True:
            turn = self._read(self._await(coming))
            following = self._next(turn)
            if following is not None:
                coming = self._ask(following)
            self._land(turn)
            self.bounds.check()
            if following is None:
                return self.evidence.outcome(self.pages)

    def _ask(self, cursor: str | None) -> Future[Answer]:
        self.asked = self.asked[1], cursor

        def fetch() -> Answer:
            return self.client.fetch(
                limit=self.bounds.page_size, after_id=cursor, deadline=self.bounds.deadline, stop=self.stop
            )

        return background.start(fetch, name="catalog-page")

    def _await(self, coming: Future[Answer]) -> Answer:
        self.on_wait()
        while not wait([coming], timeout=_GLANCE).done:
            self.on_wait()
        return coming.result()

    def _read(self, answer: Answer) -> _Turn:
        self.evidence.meet(answer.identity)
        digest = self.reader.digest(answer.body)
        known = self.sink.recall(digest)
        if known is not None:
            return _Turn(
                digest=digest,
                count=known.count,
                empty=known.count == 0,
                cursor=known.last_id,
                has_more=known.has_more,
                land=lambda: self.sink.add_known(digest),
            )
        page = self._page(answer.body, digest)
        return _Turn(
            digest=digest,
            count=len(page.items),
            empty=not page.items and not page.unusable,
            # Behind entries without a usable id, the last usable one brings them once more, and what follows them.
            cursor=page.last_id or (page.items[-1].id if page.items else None),
            has_more=page.has_more,
            land=lambda: self.sink.add(page, answer.asked_at),
        )

    def _page(self, body: bytes, digest: str) -> wire.Page:
        try:
            page = self.reader.page(body, known_as=digest)
        except AnswerError as error:
            raise AnswerError(
                f"page {self.pages + 1}{self.client.route()}: {error.message}", hint=error.hint
            ) from error
        self.evidence.note(self.pages + 1, page)
        return page

    def _next(self, turn: _Turn) -> str | None:
        """The cursor of the page that follows; None at the end. Raises when the walk cannot go on."""
        number = self.pages + 1
        if turn.empty and self.pages:
            if self.may_restart and not turn.has_more and self._is_the_end():
                return None
            self._shifted()
            self.evidence.doubt("a page promised more, and nothing followed")
        if not turn.has_more:
            return None
        if not self.paging:
            hint = 'set paging = "cursor" for this source'
            raise AnswerError('the answer says `has_more: true`, although paging = "none" is set', hint=hint)
        if turn.cursor is None:
            raise AnswerError(f"page {number} has no usable id, so the next one cannot be asked for")
        if turn.cursor in self.cursors:
            self._shifted()
            raise AnswerError(f"page {number} ends where an earlier one did: the list never ends", hint=_IGNORES_CURSOR)
        if number >= self.bounds.max_pages:
            hint = "raise `max_pages` of this source, if its list is really that long"
            raise ListingError(f"the list goes on after {number:,} pages", hint=hint)
        self.cursors.add(turn.cursor)
        return turn.cursor

    def _is_the_end(self) -> bool:
        """Tell whether the list ends where an empty page says so, although the page before it promised more.

        Either its cursor has vanished, or the server promises more on each full page. Then what follows the last model
        but one is the last one alone: an end like any other, as if the full page had been one shorter. Whatever has
        changed meanwhile would be lost: it makes the walk begin again.
        """
        before, last = self.asked
        full = self._look(before)
        if full.digest != self.landed or len(full.items) < 2 or full.items[-1].id != last:  # noqa: PLR2004 - last but one
            return False
        end = self._look(full.items[-2].id)
        alone = [item.digest for item in end.items] == [full.items[-1].digest]
        return alone and not (end.unusable or end.has_more)

    def _look(self, cursor: str | None) -> wire.Page:
        answer = self._await(self._ask(cursor))
        self.evidence.meet(answer.identity)
        return self.reader.page(answer.body)

    def _land(self, turn: _Turn) -> None:
        repeated = turn.land()
        if repeated:
            self._shifted()
            self.evidence.repeat(repeated)
        self.landed = turn.digest
        self.pages += 1
        self.models += turn.count
        self.on_page(self.pages, self.models)

    def _shifted(self) -> None:
        """The list may have moved under the walk: begin again, if that may still be done."""
        if self.may_restart:
            raise ShiftError
