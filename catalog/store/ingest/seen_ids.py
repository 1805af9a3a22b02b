"""Remembers which ids a walk brought, in sixteen bytes each: a million strings would take a hundred megabytes."""

from array import array
from collections.abc import Iterable

_FIRST_SIZE = 1024  # a power of two, as every later size


class Ids:
    """A set of ids, by 64 bits of Python's hash, which has another key in each process.

    Of a million ids, two share a hash in one of 40 million walks: that walk is unclean, and the next one is not.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._slots = array("q", bytes(8 * _FIRST_SIZE))  # 0: free
        self._count = 0

    def add(self, ids: Iterable[str]) -> set[str]:
        """Add ids, each at most once per call; give those that were added before."""
        return {id for id in ids if not self._take(hash(id) or 1)}

    def _place(self, mark: int) -> int:
        slots, last = self._slots, len(self._slots) - 1
        place = mark & last
        while slots[place] and slots[place] != mark:
            place = (place + 1) & last
        return place

    def _take(self, mark: int) -> bool:
        place = self._place(mark)
        if self._slots[place]:
            return False
        self._slots[place] = mark
        self._count += 1
        if self._count * 2 > len(self._slots):
            self._grow()
        return True

    def _grow(self) -> None:
        marks = self._slots
        self._slots = array("q", bytes(16 * len(marks)))
        for mark in filter(None, marks):
            self._slots[self._place(mark)] = mark
