"""What each run that goes on is doing: told by its own thread, and shown by another one."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from catalog.upstream.fetch import Retry


@dataclass(frozen=True, kw_only=True, slots=True)
class _Doing:
    page: str = ""  # how far it is
    retry: Retry | None = None  # what it waits for; after the wait, the try that is going on
    until: float = 0.0  # a moment of the clock

    def words(self, now: float) -> str:
        if self.retry is None:
            return f"reading {self.page}".rstrip()
        wait = self.retry.words(self.until - now)
        return f"{self.page}; {wait}" if self.page else wait


class Progress:
    """What each run is doing, in words, by source."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """No run has begun."""
        self._clock = clock
        self._doing: dict[str, _Doing] = {}

    def begin(self, source: str) -> None:
        """A run begins to read its list."""
        self._doing[source] = _Doing()

    def page(self, source: str, pages: int, models: int) -> None:
        """So many pages were read, with so many models."""
        self._doing[source] = _Doing(page=f"page {pages:,}, {models:,} models")

    def retry(self, waiting: Retry) -> None:
        """A run waits for another try of a request."""
        before = self._doing.get(waiting.source, _Doing())
        self._doing[waiting.source] = replace(before, retry=waiting, until=self._clock() + waiting.seconds)

    def end(self, source: str) -> None:
        """A run does not go on any more."""
        self._doing.pop(source, None)

    def words(self) -> Mapping[str, str]:
        """Say what each run is doing now, in the order in which they began."""
        now = self._clock()
        return {source: doing.words(now) for source, doing in dict(self._doing).items()}
