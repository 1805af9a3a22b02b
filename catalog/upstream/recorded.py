"""Gives one recorded answer in place of asking: the walk, its reader and its verdicts are those of any other list."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from catalog.domain import Identity
from catalog.errors import CheckCancelled
from catalog.settings import SourceSettings
from catalog.upstream.client import SourceClient
from catalog.upstream.fetch import Answer
from catalog.upstream.reading.wire import Reader
from catalog.upstream.walking import paging


class RecordedClient(SourceClient):
    """Answers with what `take` was given. An answer is one whole page, unless it says that more follows."""

    def __init__(self, source: SourceSettings) -> None:
        """Read as the source's settings say, but for what follows a page: nothing was recorded of that."""
        super().__init__(source, None)
        self.reader = Reader(source, one_page=True)
        self.paging = paging.of(replace(source, paging="none"))
        self._taken: _Taken

    def take(self, read: Callable[[], bytes], asked_at: datetime) -> None:
        """Give this answer from now on; what `read` raises ends the walk."""
        self._taken = _Taken(read, asked_at)

    def ask(self, query: str | None, *, deadline: float) -> "_Taken":  # noqa: ARG002 - as SourceClient has it
        """Give the answer, which was asked for long ago."""
        return self._taken


class _Taken:
    """A request whose answer is there."""

    def __init__(self, read: Callable[[], bytes], asked_at: datetime) -> None:
        self._read, self._asked_at = read, asked_at

    def answer(self, check_cancelled: CheckCancelled | None = None) -> Answer:  # noqa: ARG002 - nothing is waited for
        """Read the answer."""
        return Answer(body=self._read(), identity=Identity(), asked_at=self._asked_at)

    def cancel(self) -> None:
        """Nothing is on its way."""
