"""Which ids a walk brought so far, in sixteen bytes each: a million strings would be a hundred megabytes."""

from array import array
from collections.abc import Iterable

_FIRST_SIZE = 1024  # a power of two, as every later size


class Ids:
    """Remembers ids by 64 bits of a hash that each process keys anew.

    Two of a million share one in one walk of 40 million: then the walk is unclean, and the next one tells them apart.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._slots = array("q", bytes(8 * _FIRST_SIZE))  # 0: free; else the first free place from where its bits point
        self._count = 0

    def add(self, ids: Iterable[str]) -> set[str]:
        """Take ids, each once; give those that came before."""
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
