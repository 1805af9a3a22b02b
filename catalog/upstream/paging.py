"""Which cursor leads on where an answer names two: its `last_id`, or the id of its last entry. Pure."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

Cursor = Literal["last_id", "entry"]
_Ids = AbstractSet[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CursorChoice:
    """The cursor to follow; `sure` is False where each of the two brings other models."""

    follow: Cursor
    sure: bool = True


def choose(before: _Ids, *, by_last_id: _Ids | None, by_entry: _Ids | None) -> CursorChoice | None:
    """Compare what the two bring after a page with the ids `before`; None stands for a refusal.

    The official SDK follows `last_id`, so that one counts unless it is refused, brings nothing, or brings again what
    the other does not. Where neither brings anything more, the one that is taken at all counts: the list ends there.
    None: neither leads on, and nothing is known.
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
