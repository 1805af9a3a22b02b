"""Chooses the cursor of the next page where an answer names two: its `last_id`, and the id of its last entry. Pure."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

Cursor = Literal["last_id", "entry"]
_Ids = AbstractSet[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CursorChoice:
    """The cursor to follow; `sure` is False where each of the two leads to models that the other does not."""

    follow: Cursor
    sure: bool = True


@dataclass(kw_only=True, slots=True)
class Cursors:
    """Remembers which of two cursors leads on at one list."""

    choice: CursorChoice | None = None  # None: the two were never seen to differ, or neither led on

    def following(
        self, token: str | None, entry: str | None, compare: Callable[[], CursorChoice | None]
    ) -> tuple[str | None, bool]:
        """The cursor of the next page, and whether it is surely the right one.

        `token` is what the answer calls its last id, `entry` the id of its last entry. `compare` asks with both.
        """
        if token is None or entry is None or token == entry:
            return token or entry, True
        if self.choice is None:
            self.choice = compare()
        choice = self.choice or CursorChoice(follow="entry")
        return token if choice.follow == "last_id" else entry, choice.sure


def choose(before: _Ids, *, by_last_id: _Ids | None, by_entry: _Ids | None) -> CursorChoice | None:
    """Compare what the two bring after a page with the ids `before`; None: the request was refused.

    The official SDK follows `last_id` (https://github.com/anthropics/anthropic-sdk-python), so `last_id` counts unless
    it is refused, brings nothing, or brings ids of the page again while the other does not. Where neither brings
    anything, the one that is not refused counts: the list ends there. None: neither leads on, and nothing is known.
    """
    if by_entry is None or (not by_last_id and by_entry >= before):  # refused, or the top of the list once more
        return None if by_last_id is None else CursorChoice(follow="last_id")
    if not by_last_id:
        return CursorChoice(follow="entry")
    if not by_entry or by_entry == by_last_id:
        return CursorChoice(follow="last_id")
    again = bool(by_last_id & before), bool(by_entry & before)
    if again == (True, False):
        return CursorChoice(follow="entry")
    return CursorChoice(follow="last_id", sure=again == (False, True))
