"""One pass through a list whose pages follow a cursor: `after_id`, until `has_more` is false."""

from dataclasses import dataclass, replace
from functools import partial

import msgspec

from catalog.domain import Outcome
from catalog.errors import AnswerError
from catalog.upstream.fetch import Answer, Asked
from catalog.upstream.reading import wire
from catalog.upstream.walking.cursors import CursorChoice, choose
from catalog.upstream.walking.traversal import Traversal, Turn

_INCLUSIVE = "an entry that the cursor named"
_IGNORES_CURSOR = 'if the server ignores `after_id` and answers its whole list at once, set paging = "none"'


@dataclass(kw_only=True)
class CursorTraversal(Traversal):
    """One pass through the list, from the top. Answers are compared: gateways differ in what a cursor is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.last_two: tuple[str | None, str | None] = (None, None)  # the cursors of the last two requests
        self.added = ""  # the digest of the last page that the sink took
        self.before: Turn | None = None  # that page, while what follows is compared with it
        self.cursors: set[str] = set()
        self.ahead: dict[str, Asked] = {}  # requests that compared two cursors, by cursor
        self.expected = self.learned.inclusive  # the first pages, where each page is to begin with its own cursor
        self.dropped = 0

    def outcome(self) -> Outcome:
        """Give the verdict on a list that was read to its end."""
        if self.dropped:
            often = f"{self.dropped:,} page{'s begin' if self.dropped > 1 else ' begins'}"
            self.doubts.warn(f"{often} with the entry that the cursor names: dropped, `after_id` is inclusive here")
        return super().outcome()

    # Asking

    def ask(self, following: str | None) -> Asked:
        """Ask for the page behind a cursor, unless that was done to compare two of them."""
        self.last_two = self.last_two[1], following
        begun, self.ahead = self.ahead.get(following or ""), {}
        return begun or self._begin_at(following)

    def _begin_at(self, cursor: str | None) -> Asked:
        limit, deadline = self.client.source.page_size, self.bounds.deadline
        return self.sent(self.client.begin(limit=limit, after_id=cursor, deadline=deadline))

    # Reading

    def read(self, answer: Answer, *, recall: bool = True) -> Turn:
        """Read a page, or recall it; where the cursor is inclusive, its first entry must be seen."""
        return self._without_its_cursor(super().read(answer, recall=recall and not self.expected))

    def _without_its_cursor(self, turn: Turn) -> Turn:
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
                self.shifted()
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

    def next(self, turn: Turn) -> str | None:
        """The cursor of the next page; None at the end. Raises when the walk cannot go on."""
        number = self.pages + 1
        if turn.empty and self.pages:
            if self.may_restart and not turn.has_more and self._is_the_end():
                return None
            self.shifted()
            self.doubts.doubt("a page promised more, and nothing followed", self.client.paging.one_page)
        if not turn.has_more:
            return None
        self.demand_room(number)
        cursor = self._cursor(turn)
        if cursor is None:
            raise AnswerError(f"page {number} has no usable id, so the next one cannot be asked for")
        if cursor in self.cursors:
            self.shifted()
            raise AnswerError(f"page {number} ends where an earlier one did: the list never ends", hint=_IGNORES_CURSOR)
        self.cursors.add(cursor)
        return cursor

    def _cursor(self, turn: Turn) -> str | None:
        cursor, is_sure = self.learned.cursors.following(turn.token, turn.entry, partial(self._compare, turn))
        if not is_sure:
            differ = "the answers name two cursors that lead to different models: `last_id`, and the last id"
            self.doubts.doubt(differ, self.client.paging.one_page)
        return cursor

    def _compare(self, turn: Turn) -> CursorChoice | None:
        """Ask with both cursors, one after the other; the answer to the better one is kept for the next turn."""
        page = turn.page or self.reader.page(turn.answer.body)
        by_entry, by_last_id = (self._brought(cursor) for cursor in (turn.entry, turn.token) if cursor)
        return choose(set(page.ids), by_last_id=by_last_id, by_entry=by_entry)

    def _brought(self, cursor: str) -> set[str] | None:
        fetch = self.ahead[cursor] = self._begin_at(cursor)
        return self.client.brought(partial(self.await_, fetch))

    def _is_the_end(self) -> bool:
        """Check that the list ends where an empty page says so, although the page before it promised more.

        Either the model that the cursor names was removed meanwhile, or the server promises more on each full page. In
        the second case the last model alone follows the last but one, and the list is complete. The full page must
        still be the same, else a change would be missed.
        """
        before, last = self.last_two
        full = self._read_at(before)
        if full.digest != self.added or len(full.items) < 2 or full.items[-1].id != last:  # noqa: PLR2004 - last but one
            return False
        end = self._read_at(full.items[-2].id)
        alone = [item.digest for item in end.items] == [full.items[-1].digest]
        return alone and not (end.unusable or end.has_more)

    def _read_at(self, cursor: str | None) -> wire.ListPage:
        answer = self.await_(self._begin_at(cursor))
        self.doubts.meet(answer.identity)
        return self.reader.page(answer.body)

    # Adding

    def add(self, turn: Turn) -> int:
        """Hand a page to the sink, and keep it while the next one is compared with it."""
        first = not self.pages
        repeated = super().add(turn)
        self.added, self.before = turn.digest, turn if self.expected or first else None
        return repeated

    def repeated(self, turn: Turn) -> None:
        """Note for the next pass when the second page begins with its own cursor: all pages may do so."""
        if self.pages != 1 or self.before is None or self.expected:
            return
        first, second = (each.page or self.reader.page(each.answer.body) for each in (self.before, turn))
        if self._begins_with_its_cursor(first, second):
            self.learned.inclusive = first.ids, second.ids
