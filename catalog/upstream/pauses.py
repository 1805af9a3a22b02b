"""How long hosts asked to be left alone: what one source is told counts for all sources of that host."""

import threading
import time
from collections.abc import Callable

LONGEST = 3600.0  # seconds; a worker that runs for months must not leave a host alone for ever after one odd answer


class HostPauses:
    """Remembers until when each host is left alone. One is shared by all sources of a process, and by their threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """No host is left alone yet."""
        self._monotonic = monotonic
        self._until: dict[str, float] = {}
        self._turn = threading.Lock()

    def begin(self, host: str, seconds: float) -> None:
        """Leave a host alone for so long; a longer pause that is going on stays."""
        with self._turn:
            until = self._monotonic() + min(seconds, LONGEST)
            self._until[host] = max(until, self._until.get(host, until))

    def left(self, host: str) -> float:
        """Give the seconds for which a host is still left alone; 0 or less: it may be asked."""
        with self._turn:
            return self._until.get(host, 0.0) - self._monotonic()
