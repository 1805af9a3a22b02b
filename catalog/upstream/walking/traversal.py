"""One pass through a list, from its top to its end: asks for page after page, and hands each to the sink."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from catalog import domain
from catalog.domain import KnownPage, Outcome
from catalog.dotted import dig, path
from catalog.errors import AnswerError, CheckCancelled, DeadlineError, ListingError
from catalog.upstream.client import SourceClient
from catalog.upstream.fetch import Answer, Asked
from catalog.upstream.reading import wire
from catalog.upstream.walking import marks, paging
from catalog.upstream.walking.cursors import Cursors
from catalog.upstream.walking.paging import PageFacts
from catalog.upstream.walking.verdict import Doubts

_USABLE_ID = "check `base_url` of this source: an `id` is a text of 1 to 256 characters"
_FULL = "the last page is as long as a page that others follow, and nothing says that the list ends there"


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
class Turn:
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
    """One pass through the list, from the top, in any style of paging but `cursor`."""

    client: SourceClient
    sink: Sink
    bounds: Bounds
    learned: Learned
    may_restart: bool

    def __post_init__(self) -> None:
        self.reader = self.client.reader
        self.pages = self.models = self.received = self.longest = 0
        self.total: int | None = None  # entries of the list, as the last answer counted them
        self.asked = {self.client.paging.first()}  # the queries so far
        self.fetches: list[Asked] = []  # requests whose answers did not arrive yet
        self.doubts = Doubts(self.client.paging.one_page)

    def run(self) -> Outcome:
        """Read the list to its end. While the sink stores a page, the next one is already on its way."""
        try:
            fetch: Asked | None = self.ask(None)
            while fetch is not None:
                fetch = self._take(self.await_(fetch))
                self.bounds.check_deadline()
            return self.outcome()
        finally:
            for fetch in self.fetches:
                fetch.cancel()

    def _take(self, answer: Answer) -> Asked | None:
        """Judge a page, ask for the next one, and hand the page to the sink; None: it was the last one."""
        turn = self.read(answer)
        self.received += turn.received
        following = self.next(turn)
        if following is None:
            self.demand_end(turn)
        fetch = None if following is None else self.ask(following)
        self.add(turn)
        return fetch

    def outcome(self) -> Outcome:
        """Give the verdict on a list that was read to its end."""
        outcome = self.doubts.outcome(self.pages)
        if outcome.unusable and not self.models:
            raise AnswerError("none of its entries has a usable `id`, so it is no list of models", hint=_USABLE_ID)
        return outcome

    # Asking

    def ask(self, following: str | None) -> Asked:
        """Ask for the page that `next` named, or for the first one, and do not wait for it."""
        return self.sent(self.client.ask(following, deadline=self.bounds.deadline))

    def sent(self, fetch: Asked) -> Asked:
        """Keep a request, so that it is cancelled when the walk ends before its answer."""
        self.fetches.append(fetch)
        return fetch

    def await_(self, fetch: Asked) -> Answer:
        """Wait for a page that was asked for."""
        self.bounds.on_wait()
        answer = fetch.answer(self.bounds.on_wait)
        self.fetches = [each for each in self.fetches if each is not fetch]
        return answer

    # Reading

    def read(self, answer: Answer, *, recall: bool = True) -> Turn:
        """Read a page, or recall it when its bytes are known."""
        self.doubts.meet(answer.identity)
        body = self.reader.strip(answer.body)
        digest = self.reader.digest(body)
        known = self.sink.recall(digest) if recall else None
        if known is not None:
            return Turn(
                answer=answer,
                digest=digest,
                page=None,
                count=known.count,
                received=known.count,
                empty=known.count == 0,
                entry=known.last_id,
                token=self.reader.envelope.token(answer.body) if known.has_more else None,
                has_more=known.has_more,
                add=lambda: self.sink.add_known(digest),
            )
        page = self._page(body, digest)
        return Turn(
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
            raise AnswerError(f"{where}: {error.message}", hint=self.client.cure(error, body)) from error
        self.doubts.note(self.pages + 1, page)
        return page

    # Going on

    def next(self, turn: Turn) -> str | None:
        """What to ask for the next page with; None at the end. Raises when the walk cannot go on."""
        following = self._following(turn)
        self.longest, self.total = max(self.longest, turn.received), following.total
        if following.shifted:
            self.shifted()
            self.doubts.doubt(following.shifted)
        if following.query is None:
            if not following.proven:
                self.doubts.doubt(_FULL, self.client.paging.one_page)
            return None
        number = self.pages + 1
        self.demand_room(number)
        if turn.empty:
            self.doubts.warn(f"page {number} is empty, and another one follows")
        if following.query in self.asked:
            self.shifted()
            raise AnswerError(f"page {number} leads to an earlier one: the list never ends")
        self.asked.add(following.query)
        return following.query

    def _following(self, turn: Turn) -> paging.Following:
        got = PageFacts(
            told=self.reader.envelope.told(turn.answer.body),
            links=turn.answer.links,
            entries=turn.received,
            sum=self.received,
            longest=self.longest,
            pages=self.pages + 1,
            total=self.total,
        )
        try:
            return paging.follow(self.client.paging, got)
        except AnswerError as error:
            raise AnswerError(f"page {got.pages}: {error.message}", hint=error.hint) from error

    def demand_room(self, number: int) -> None:
        """Raise ListingError when the list goes on after the last page that may be read."""
        if number >= self.client.source.max_pages:
            hint = "raise `max_pages` of this source, if its list is really that long"
            raise ListingError(f"the list goes on after {number:,} pages", hint=hint)

    def demand_end(self, turn: Turn) -> None:
        """Raise AnswerError when the last answer says that more follows; doubt the walk when entries are lacking."""
        beside, asking = self.reader.envelope.beside(turn.answer.body), self.client.paging
        refusal = marks.refusal(beside, turn.answer.links, style=asking.style, one_page=asking.one_page)
        if refusal is not None:
            raise AnswerError(f"page {self.pages + 1}: {refusal.message}", hint=refusal.hint)
        total = self._total(turn, beside)
        if total is not None and total.entries > self.received:
            came = f"the list has {total.entries:,} entries (`{total.path}`), and {self.received:,} came"
            self.doubts.doubt(f'{came}; where that count means something else, set list.total = ""')

    def _total(self, turn: Turn, beside: list[marks.Member]) -> marks.Total | None:
        named = self.client.source.list.total
        if named == "":
            return None
        entries = marks.count(dig(self.reader.envelope.told(turn.answer.body), path(named))) if named else None
        return marks.Total(named, entries) if named and entries is not None else marks.total(beside)

    # Adding

    def add(self, turn: Turn) -> int:
        """Hand a page to the sink; gives how many of its ids were on an earlier page."""
        repeated = turn.add()
        if repeated:
            self.repeated(turn)
            self.shifted()
            self.doubts.repeat(repeated)
        self.pages += 1
        self.models += turn.count
        self.bounds.on_page(self.pages, self.models)
        return repeated

    def repeated(self, turn: Turn) -> None:
        """Called when a page lists ids of an earlier one, before the walk begins again."""

    def shifted(self) -> None:
        """The list may have changed during the walk: begin again, unless that was done too often."""
        if self.may_restart:
            raise ShiftError
