"""One way through a list, from its top to its end: follows the cursor, and holds each answer against the others."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import msgspec

from catalog import domain
from catalog.domain import KnownPage, Outcome
from catalog.errors import AnswerError, DeadlineError, KeyRefusedError, ListingError
from catalog.upstream import marks, wire
from catalog.upstream.client import Answer, Coming, ModelsClient
from catalog.upstream.paging import CursorChoice, choose
from catalog.upstream.verdict import Doubts

_USABLE_ID = "check `base_url` of this source: an `id` is a text of 1 to 256 characters"
_INCLUSIVE = "an entry that the cursor named"
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


@dataclass(kw_only=True, slots=True)
class Learned:
    """What one pass of a walk learned for those after it."""

    choice: CursorChoice | None = None  # which cursor leads on; None: they were never seen to differ
    inclusive: tuple[list[str], list[str]] | None = None  # ids of two pages: the second begins with its own cursor


@dataclass(frozen=True, kw_only=True, slots=True)
class _Turn:
    """One page, as far as the walk cares; `land` hands it to the sink."""

    answer: Answer
    digest: str
    page: wire.ListPage | None  # None: it is known, and was not read
    count: int  # models
    received: int  # entries of any kind
    empty: bool
    entry: str | None  # id of the last entry
    token: str | None  # what the answer calls its last id
    has_more: bool
    land: Callable[[], int]


@dataclass(kw_only=True)
class Traversal:
    """One way through the list, from the top."""

    client: ModelsClient
    reader: wire.Reader
    sink: Sink
    bounds: Bounds
    on_page: Callable[[int, int], None]
    on_wait: Callable[[], None]
    paging: bool
    totals: bool
    learned: Learned
    may_restart: bool

    def __post_init__(self) -> None:
        self.pages = self.models = self.received = 0
        self.asked: tuple[str | None, str | None] = (None, None)  # the cursors of the last two questions
        self.landed = ""  # the digest of the last page that the sink took
        self.before: _Turn | None = None  # that page, while what follows is compared with it
        self.cursors: set[str] = set()
        self.coming: list[Coming] = []  # what was asked for, and did not arrive
        self.ahead: dict[str, Coming] = {}  # what was asked for to compare two cursors
        self.expected = self.learned.inclusive  # the first pages, where each page is to begin with its own cursor
        self.dropped = 0
        self.evidence = Doubts()

    def run(self) -> Outcome:
        """Go through the list. While the sink works on a page, the next one is already on its way."""
        try:
            return self._follow()
        finally:
            for coming in self.coming:
                coming.cancel()

    def _follow(self) -> Outcome:
        coming: Coming | None = self._ask(None)
        while coming is not None:
            coming = self._take(self._await(coming))
            self.bounds.check()
        return self._outcome()

    def _take(self, answer: Answer) -> Coming | None:
        """Judge a page, ask for the one that follows, and hand the page to the sink; None: it was the last one."""
        turn = self._without_its_cursor(self._read(answer))
        self.received += turn.received
        cursor = self._next(turn)
        if cursor is None:
            self._demand_end(turn)
        coming = None if cursor is None else self._ask(cursor)
        self._land(turn)
        return coming

    def _outcome(self) -> Outcome:
        if self.dropped:
            often = f"{self.dropped:,} page{'s begin' if self.dropped > 1 else ' begins'}"
            self.evidence.warn(f"{often} with the entry that the cursor names: dropped, `after_id` is inclusive here")
        outcome = self.evidence.outcome(self.pages)
        if outcome.unusable and not self.models:
            raise AnswerError("none of its entries has a usable `id`, so it is no list of models", hint=_USABLE_ID)
        return outcome

    # Asking

    def _ask(self, cursor: str | None) -> Coming:
        self.asked = self.asked[1], cursor
        known, self.ahead = self.ahead.get(cursor or ""), {}
        return known or self._begin(cursor)

    def _begin(self, cursor: str | None) -> Coming:
        coming = self.client.begin(limit=self.bounds.page_size, after_id=cursor, deadline=self.bounds.deadline)
        self.coming.append(coming)
        return coming

    def _await(self, coming: Coming) -> Answer:
        self.on_wait()
        answer = coming.answer(self.on_wait)
        self.coming = [each for each in self.coming if each is not coming]
        return answer

    # Reading

    def _read(self, answer: Answer) -> _Turn:
        self.evidence.meet(answer.identity)
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
                land=lambda: self.sink.add_known(digest),
            )
        page = self._page(answer.body, digest)
        return _Turn(
            answer=answer,
            digest=digest,
            page=page,
            count=len(page.items),
            received=page.received,
            empty=not page.items and not page.unusable,
            # Behind entries without a usable id, the last usable one brings them once more, and what follows them.
            entry=page.last_id or (page.items[-1].id if page.items else None),
            token=page.token,
            has_more=page.has_more,
            land=lambda: self.sink.add(page, answer.asked_at),
        )

    def _page(self, body: bytes, digest: str) -> wire.ListPage:
        try:
            page = self.reader.page(body, known_as=digest)
        except AnswerError as error:
            where = f"page {self.pages + 1}{self.client.route()}"
            raise AnswerError(f"{where}: {error.message}", hint=error.hint) from error
        self.evidence.note(self.pages + 1, page)
        return page

    def _without_its_cursor(self, turn: _Turn) -> _Turn:
        """Take off the entry that an inclusive cursor brings once more; anywhere else it is an id on two pages."""
        if self.expected is None or turn.page is None:
            return turn
        before = self.before.page if self.before else None
        as_before = self.pages > 1 or _ids(turn.page) == self.expected[self.pages]
        if as_before and before is None:
            return turn
        if not as_before or before is None or not self._begins_anew(before, turn.page):
            self.expected = self.learned.inclusive = None
            if self.dropped:
                self._shifted()
                self.evidence.repeat(self.dropped)
            return turn
        self.dropped += 1
        rest = msgspec.structs.replace(turn.page, items=turn.page.items[1:], warnings=[*turn.page.warnings, _INCLUSIVE])
        return replace(
            turn, count=len(rest.items), land=lambda: self.sink.add(rest, turn.answer.asked_at) if rest.items else 0
        )

    def _begins_anew(self, before: wire.ListPage, page: wire.ListPage) -> bool:
        """Whether a page begins with the entry that its cursor named, byte by byte."""
        return any(
            (first.id, first.digest) == (named.id, named.digest) and named.id in self.cursors
            for named, first in zip(before.items[-1:], page.items[:1], strict=False)
        )

    # Going on

    def _next(self, turn: _Turn) -> str | None:
        """The cursor of the page that follows; None at the end. Raises when the walk cannot go on."""
        number = self.pages + 1
        if turn.empty and self.pages:
            if self.may_restart and not turn.has_more and self._is_the_end():
                return None
            self._shifted()
            self.evidence.doubt("a page promised more, and nothing followed")
        if not (turn.has_more and self.paging):
            return None
        if number >= self.bounds.max_pages:
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
        token, entry = turn.token, turn.entry
        if token is None or entry is None or token == entry:
            return token or entry
        if self.learned.choice is None:
            self.learned.choice = self._compare(turn, token, entry)
        choice = self.learned.choice
        if choice and not choice.sure:
            self.evidence.doubt(
                "the answers name two cursors that lead to different models: `last_id`, and the last id"
            )
        return token if choice and choice.follow == "last_id" else entry

    def _compare(self, turn: _Turn, token: str, entry: str) -> CursorChoice | None:
        """Ask with both cursors; what the better one brings is kept for when it is asked for."""
        page = turn.page or self.reader.page(turn.answer.body)
        self.ahead = {cursor: self._begin(cursor) for cursor in (entry, token)}
        by_last_id, by_entry = (self._brought(self.ahead[cursor]) for cursor in (token, entry))
        return choose(set(_ids(page)), by_last_id=by_last_id, by_entry=by_entry)

    def _brought(self, coming: Coming) -> set[str] | None:
        """The ids that an answer lists; None: it is none."""
        try:
            return set(_ids(self.reader.page(self._await(coming).body)))
        except (KeyRefusedError, DeadlineError):
            raise
        except ListingError:
            return None

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

    def _look(self, cursor: str | None) -> wire.ListPage:
        answer = self._await(self._begin(cursor))
        self.evidence.meet(answer.identity)
        return self.reader.page(answer.body)

    def _demand_end(self, turn: _Turn) -> None:
        """Hold the answer that ends the walk to what it says of more. Raises AnswerError when it goes on elsewhere."""
        beside = self.reader.beside(turn.answer.body)
        refusal = marks.refusal(beside, turn.answer.links, paging=self.paging)
        if refusal is not None:
            raise AnswerError(f"page {self.pages + 1}: {refusal.message}", hint=refusal.hint)
        total = marks.total(beside) if self.totals else None
        if total is not None and total.entries > self.received:
            came = f"the list has {total.entries:,} entries (`{total.path}`), and {self.received:,} came"
            self.evidence.doubt(f'{came}; where that count means something else, set list.total = ""')

    # Taking

    def _land(self, turn: _Turn) -> None:
        repeated = turn.land()
        if repeated:
            self._suspect(turn)
            self._shifted()
            self.evidence.repeat(repeated)
        self.landed, self.before = turn.digest, turn if self.expected or not self.pages else None
        self.pages += 1
        self.models += turn.count
        self.on_page(self.pages, self.models)

    def _suspect(self, turn: _Turn) -> None:
        """Note for the next pass that the second page begins with its own cursor: all pages may do so."""
        if self.pages != 1 or self.before is None or self.expected:
            return
        first, second = (each.page or self.reader.page(each.answer.body) for each in (self.before, turn))
        if self._begins_anew(first, second):
            self.learned.inclusive = _ids(first), _ids(second)

    def _shifted(self) -> None:
        """The list may have moved under the walk: begin again, if that may still be done."""
        if self.may_restart:
            raise ShiftError


def _ids(page: wire.ListPage) -> list[str]:
    return [item.id for item in page.items]
