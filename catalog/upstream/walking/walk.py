"""Reads a list from its top, again when it changes meanwhile, and says how far the result can be trusted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from catalog.domain import Outcome
from catalog.errors import CheckCancelled, CursorError, never_cancelled
from catalog.upstream.client import SourceClient
from catalog.upstream.walking.cursor_traversal import CursorTraversal
from catalog.upstream.walking.traversal import Bounds, Learned, ShiftError, Sink, Traversal

RESTARTS = 3

OnPage = Callable[[int, int], None]


def ignore_progress(pages: int, models: int) -> None:
    """No-op progress callback."""


def walk(
    client: SourceClient,
    sink: Sink,
    *,
    on_page: OnPage = ignore_progress,
    on_wait: CheckCancelled = never_cancelled,
) -> Outcome:
    """Walk the whole list of the client's source into `sink`, restarting at most three times when the list shifts.

    `on_page` gets the number of pages and of models so far. `on_wait` is called before each page, and several times a
    second while a page is awaited or takes long to read; raise from either to end the walk.
    Raises ListingError when the walk is cut: then nothing that the sink took may be believed.
    """
    bounds = Bounds(
        deadline=client.monotonic() + client.source.deadline.total_seconds(),
        monotonic=client.monotonic,
        on_page=on_page,
        on_wait=on_wait,
    )
    traversal = CursorTraversal if client.paging.style == "cursor" else Traversal
    begin = partial(traversal, client=client, sink=sink, bounds=bounds, learned=Learned())
    client.reader.cancel_by(bounds.check_cancelled)
    try:
        return _Walk(begin, sink).run()
    finally:
        client.reader.cancel_by(never_cancelled)


@dataclass(slots=True)
class _Walk:
    """Passes through the list, each from the top, until one is not disturbed by a change."""

    begin: Callable[..., Traversal]
    sink: Sink
    restarts: int = 0

    def run(self) -> Outcome:
        """Read the list, and once more where the sink is not `settled`."""
        outcome = self._until_unshifted()
        if self.sink.settled():
            return outcome
        self.sink.restart()
        return self._until_unshifted()

    def _until_unshifted(self) -> Outcome:
        while True:
            may_restart = self.restarts < RESTARTS
            try:
                return self.begin(may_restart=may_restart).run()
            except ShiftError:
                pass
            except CursorError as error:
                if not may_restart:
                    message = f"the list shifted under the walk, also after {RESTARTS} restarts: {error.message}"
                    raise CursorError(message, hint=error.hint, said=error.said) from error
            self.restarts += 1
            self.sink.restart()
