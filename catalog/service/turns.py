"""Whose turn it is to read a list: a few sources at once, and fewer of one host."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

JOBS = 8
PER_HOST = 4  # a run has at most one request under way, so a host gets no more than this at a time
_CHECK_EVERY = 0.2  # seconds between two checks for a stop


def first(waiting: Sequence[str], going: Mapping[str, int], *, total: int, per_host: int) -> int | None:
    """Give the place of the first that may go; None: all wait. Both name hosts, one for each source.

    However many sources of one host hang, they leave a turn to the other hosts, where there is more than one turn.
    """
    if sum(going.values()) >= total:
        return None
    most = min(per_host, max(1, total - 1))
    return next((place for place, host in enumerate(waiting) if going.get(host, 0) < most), None)


class Turns:
    """Gives turns in the order of asking. Who waits for its host holds up no source of another host."""

    def __init__(self, total: int = JOBS, per_host: int = PER_HOST) -> None:
        """Let so many go at once, and so many of one host."""
        self._total, self._per_host = total, per_host
        self._going: Counter[str] = Counter()
        self._waiting: list[tuple[object, str]] = []
        self._changed = threading.Condition()

    @contextmanager
    def take(self, host: str, stopping: threading.Event) -> Iterator[bool]:
        """Hold a turn for the block; False: `stopping` was set first."""
        mine = self._wait((object(), host), stopping)
        try:
            yield mine
        finally:
            if mine:
                with self._changed:
                    self._going[host] -= 1
                    self._changed.notify_all()

    def _wait(self, me: tuple[object, str], stopping: threading.Event) -> bool:
        with self._changed:
            self._waiting.append(me)
            while not stopping.is_set() and not self._is_next(me):
                self._changed.wait(_CHECK_EVERY)
            self._waiting.remove(me)
            mine = not stopping.is_set()
            self._going[me[1]] += mine
            self._changed.notify_all()  # perhaps the next one may go as well
        return mine

    def _is_next(self, me: tuple[object, str]) -> bool:
        hosts = [host for _, host in self._waiting]
        return first(hosts, self._going, total=self._total, per_host=self._per_host) == self._waiting.index(me)
