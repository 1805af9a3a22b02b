"""One pass through a list, from its top to its end: follows the cursor, and compares each answer with the others."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import msgspec

from catalog import domain
from catalog.domain import KnownPage, Outcome
from catalog.errors import AnswerError, CheckCancelled, DeadlineError, ListingError
from catalog.upstream import marks, wire
from catalog.upstream.client import SourceClient
from catalog.upstream.fetch import Answer, Fetch
from catalog.upstream.paging import CursorChoice, Cursors, choose
from catalog.upstream.verdict import Doubts

_USABLE_ID = "check `base_url` of this source: an `id` is a text of 1 to 256 characters"
_INCLUSIVE = "an entry that the cursor named"
_IGNORES_CURSOR = 'if the server ignores `after_id` and answers its whole list at once, set paging = "none"'


class Sink(Protocol):
    """Takes the pages of a walk as they arrive. `add` and `add_known` give how many ids were on an earlier page."""

    def recall(self, digest: str) -> KnownPage | None:
        """What is known of a page with this digest; None: it must be read."""
        ...

    def add(self, page: domain.Page, asked_at: datetime) -> int: ...
    def add_known(self, digest: str) -> int: ...

    def restart(self) -> None:
        """Forget the pages of this walk: it begins again from the top."""
        ...

    def settled(self) -> bool:
        """Called at the end of the list. False: the whole list must be read once more, which happens once in a walk."""
        ...


class ShiftError(Exception):
    """The list may have changed during the walk, which must begin again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """When a walk must end, and what is called meanwhile."""

    deadline: float  # a moment of `monotonic`
    monotonic: Callable[[], float]
    on_page: Callable[[int, int], None]
    on_wait: CheckCancelled

    def check_deadline(self) -> None:
        """Raise DeadlineError when the walk's time is up."""
        if self.monotonic() >= self.deadline:
            raise DeadlineError("the time for the whole walk is up", hint="raise `deadline` of this source")

    def check_cancelled(self) -> None:
        """Raise when the walk's time is up, or what `on_wait` raises."""
        self.on_wait()
        self.check_deadline()


@dataclass(kw_only=True, slots=True)
class Learned:
    """What the passes of one walk learn for those after them."""

    cursors: Cursors = field(default_factory=Cursors)
    inclusive: tuple[list[str], list[str]] | None = None  # ids of two pages: the second begins with its own cursor


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """What the walk needs of one page, read or recalled."""

    answer: Answer
    digest: str
    page: wire.ListPage | None  # None: it was recalled, not read
    count: int  # models
    received: int  # entries, usable or not
    empty: bool
    entry: str | None  # id of the last entry
    token: str | None  # the answer's own `last_id`
    has_more: bool
    add: Callable[[], int]  # hands the page to the sink


@dataclass(kw_only=True)
class Traversal:
    """One pass through the list, from the top."""

    client: SourceClient
    sink: Sink
    bounds: Bounds
    learned: Learned
    may_restart: bool

    def __post_init__(self) -> None:
        self.reader = self.client.reader
        self.pages = self.models = self.received = 0
        self.asked: tuple[str | None, str | None] = (None, None)  # the cursors of the last two requests
        self.added = ""  # the digest of the last page that the sink took
        self.before: _Turn | None = None  # that page, while what follows is compared with it
        self.cursors: set[str] = set()
        self.fetches: list[Fetch] = []  # requests whose answers did not arrive yet
        self.ahead: dict[str, Fetch] = {}  # requests that compare two cursors, by cursor
        self.expected = self.learned.inclusive  # the first pages, where each page is to begin with its own cursor
        self.dropped = 0
        self.doubts = Doubts()

    def run(self) -> Outcome:
        """Read the list to its end. While the sink stores a page, the next one is already on its way."""
        try:
            return self._follow()
        finally:
            for fetch in self.fetches:
                fetch.cancel()

    def _follow(self) -> Outcome:
        fetch: Fetch | None = self._ask(None)
        while fetch is not None:
            fetch = self._take(self._await(fetch))
            self.bounds.check_deadline()
        return self._outcome()

    def _take(self, answer: Answer) -> Fetch | None:
        """Judge a page, ask for the next one, and hand the page to the sink; None: it was the last one."""
        turn = self._without_its_cursor(self._read(answer))
        self.received += turn.received
        cursor = self._next(turn)
        if cursor is None:
            self._demand_end(turn)
        fetch = None if cursor is None else self._ask(cursor)
        self._add(turn)
        return fetch

    def _outcome(self) -> Outcome:
        if self.dropped:
            often = f"{self.dropped:,} page{'s begin' if self.dropped > 1 else ' begins'}"
            self.doubts.warn(f"{often} with the entry that the cursor names: dropped, `after_id` is inclusive here")
        outcome = self.doubts.outcome(self.pages)
        if outcome.unusable and not self.models:
            raise AnswerError("none of its entries has a usable `id`, so it is no list of models", hint=_USABLE_ID)
        return outcome

    # Asking

    def _ask(self, cursor: str | None) -> Fetch:
        self.asked = self.asked[1], cursor
        begun, self.ahead = self.ahead.get(cursor or ""), {}
        return begun or self._begin(cursor)

    def _begin(self, cursor: str | None) -> Fetch:
        fetch = self.client.begin(limit=self.client.source.page_size, after_id=cursor, deadline=self.bounds.deadline)
        self.fetches.append(fetch)
        return fetch

    def _await(self, fetch: Fetch) -> Answer:
        self.bounds.on_wait()
        answer = fetch.answer(self.bounds.on_wait)
        self.fetches = [each for each in self.fetches if each is not fetch]
        return answer

    # Reading

    def _read(self, answer: Answer) -> _Turn:
        self.doubts.meet(answer.identity)
        digest = self.reader.digest(answer.body)
        known = None if self.expected else self.sink.recall(digest)
        if known is not None:
            return _Turn(
                answer=answer,
                digest=digest,
                page=None,
                count=known.count,
                received=known.count,
                empty=known.count == 0,
                entry=known.last_id,
                token=self.reader.token(answer.body) if known.has_more else None,
                has_more=known.has_more,
                add=lambda: self.sink.add_known(digest),
            )
        page = self._page(answer.body, digest)
        return _Turn(
            answer=answer,
            digest=digest,
            page=page,
            count=len(page.items),
            received=page.received,
            empty=not page.items and not page.unusable,
            entry=page.last_id,
            token=page.token,
            has_more=page.has_more,
            add=lambda: self.sink.add(page, answer.asked_at),
        )

    def _page(self, body: bytes, digest: str) -> wire.ListPage:
        try:
            page = self.reader.page(body, known_as=digest)
        except AnswerError as error:
            where = f"page {self.pages + 1}{self.client.route()}"
            raise AnswerError(f"{where}: {error.message}", hint=error.hint) from error
        self.doubts.note(self.pages + 1, page)
        return page

    def _without_its_cursor(self, turn: _Turn) -> _Turn:
        """Drop the first entry where the cursor is inclusive, and the entry is the one that the cursor names."""
        if self.expected is None or turn.page is None:
            return turn
        before = self.before.page if self.before else None
        as_before = self.pages > 1 or turn.page.ids == self.expected[self.pages]
        if as_before and before is None:
            return turn
        if not as_before or before is None or not self._begins_with_its_cursor(before, turn.page):
            self.expected = self.learned.inclusive = None
            if self.dropped:
                self._shifted()
                self.doubts.repeat(self.dropped)
            return turn
        self.dropped += 1
        rest = msgspec.structs.replace(turn.page, items=turn.page.items[1:], warnings=[*turn.page.warnings, _INCLUSIVE])
        return replace(
            turn, count=len(rest.items), add=lambda: self.sink.add(rest, turn.answer.asked_at) if rest.items else 0
        )

    def _begins_with_its_cursor(self, before: wire.ListPage, page: wire.ListPage) -> bool:
        """Whether `page` begins with the last entry of the page before, which its cursor names."""
        return any(
            (first.id, first.digest) == (named.id, named.digest) and named.id in self.cursors
            for named, first in zip(before.items[-1:], page.items[:1], strict=False)
        )

    # Going on

    def _next(self, turn: _Turn) -> str | None:
        """The cursor of the next page; None at the end. Raises when the walk cannot go on."""
        number = self.pages + 1
        if turn.empty and self.pages:
            if self.may_restart and not turn.has_more and self._is_the_end():
                return None
            self._shifted()
            self.doubts.doubt("a page promised more, and nothing followed", marks.ONE_PAGE)
        if not (turn.has_more and self.reader.paging):
            return None
        if number >= self.client.source.max_pages:
            hint = "raise `max_pages` of this source, if its list is really that long"
            raise ListingError(f"the list goes on after {number:,} pages", hint=hint)
        cursor = self._cursor(turn)
        if cursor is None:
            raise AnswerError(f"page {number} has no usable id, so the next one cannot be asked for")
        if cursor in self.cursors:
            self._shifted()
            raise AnswerError(f"page {number} ends where an earlier one did: the list never ends", hint=_IGNORES_CURSOR)
        self.cursors.add(cursor)
        return cursor

    def _cursor(self, turn: _Turn) -> str | None:
        cursor, is_sure = self.learned.cursors.following(turn.token, turn.entry, partial(self._compare, turn))
        if not is_sure:
            differ = "the answers name two cursors that lead to different models: `last_id`, and the last id"
            self.doubts.doubt(differ, marks.ONE_PAGE)
        return cursor

    def _compare(self, turn: _Turn) -> CursorChoice | None:
        """Ask with both cursors; the answer to the better one is kept for the next turn."""
        page = turn.page or self.reader.page(turn.answer.body)
        self.ahead = {cursor: self._begin(cursor) for cursor in (turn.entry, turn.token) if cursor}
        by_entry, by_last_id = (self.client.brought(partial(self._await, fetch)) for fetch in self.ahead.values())
        return choose(set(page.ids), by_last_id=by_last_id, by_entry=by_entry)

    def _is_the_end(self) -> bool:
        """Check that the list ends where an empty page says so, although the page before it promised more.

        Either the model that the cursor names was removed meanwhile, or the server promises more on each full page. In
        the second case the last model alone follows the last but one, and the list is complete. The full page must
        still be the same, else a change would be missed.
        """
        before, last = self.asked
        full = self._read_at(before)
        if full.digest != self.added or len(full.items) < 2 or full.items[-1].id != last:  # noqa: PLR2004 - last but one
            return False
        end = self._read_at(full.items[-2].id)
        alone = [item.digest for item in end.items] == [full.items[-1].digest]
        return alone and not (end.unusable or end.has_more)

    def _read_at(self, cursor: str | None) -> wire.ListPage:
        answer = self._await(self._begin(cursor))
        self.doubts.meet(answer.identity)
        return self.reader.page(answer.body)

    def _demand_end(self, turn: _Turn) -> None:
        """Raise AnswerError when the last answer says that more follows; doubt the walk when entries are lacking."""
        beside = self.reader.beside(turn.answer.body)
        refusal = marks.refusal(beside, turn.answer.links, paging=self.reader.paging)
        if refusal is not None:
            raise AnswerError(f"page {self.pages + 1}: {refusal.message}", hint=refusal.hint)
        total = marks.total(beside) if self.client.source.list.total is None else None
        if total is not None and total.entries > self.received:
            came = f"the list has {total.entries:,} entries (`{total.path}`), and {self.received:,} came"
            self.doubts.doubt(f'{came}; where that count means something else, set list.total = ""')

    # Adding

    def _add(self, turn: _Turn) -> None:
        repeated = turn.add()
        if repeated:
            self._note_inclusive(turn)
            self._shifted()
            self.doubts.repeat(repeated)
        self.added, self.before = turn.digest, turn if self.expected or not self.pages else None
        self.pages += 1
        self.models += turn.count
        self.bounds.on_page(self.pages, self.models)

    def _note_inclusive(self, turn: _Turn) -> None:
        """Note for the next pass when the second page begins with its own cursor: all pages may do so."""
        if self.pages != 1 or self.before is None or self.expected:
            return
        first, second = (each.page or self.reader.page(each.answer.body) for each in (self.before, turn))
        if self._begins_with_its_cursor(first, second):
            self.learned.inclusive = first.ids, second.ids

    def _shifted(self) -> None:
        """The list may have changed during the walk: begin again, unless that was done too often."""
        if self.may_restart:
            raise ShiftError
