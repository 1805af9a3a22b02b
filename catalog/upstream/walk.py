"""Goes through the list from its top as often as it takes, and says how far what it saw can be trusted.

Knows when a walk begins again; what becomes of the pages is the sink's business.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from catalog.domain import Outcome
from catalog.errors import CursorError
from catalog.upstream import wire
from catalog.upstream.client import ModelsClient
from catalog.upstream.traversal import Bounds, Learned, ShiftError, Sink, Traversal

RESTARTS = 3


def unheard(pages: int, models: int) -> None:
    """Let nobody know how far the walk is."""


def undisturbed() -> None:
    """Let nothing but the list end the walk."""


def walk(
    client: ModelsClient,
    reader: wire.Reader,
    sink: Sink,
    *,
    page_size: int,
    deadline_seconds: float,
    max_pages: int,
    monotonic: Callable[[], float] = time.monotonic,
    on_page: Callable[[int, int], None] = unheard,
    on_wait: Callable[[], None] = undisturbed,
    paging: bool = True,
    totals: bool = True,
) -> Outcome:
    """Walk the whole list into `sink`, restarting at most three times when the list shifts.

    `deadline_seconds` bounds everything, counted by `monotonic`, the client's own clock; `on_page` hears of pages and
    models so far, `on_wait` is called before each page and several times a second while one is awaited, and while one
    takes long to read; both may raise to end the walk. `totals` tells whether to believe counts that stand beside the
    list. Raises ListingError when the walk is cut: then nothing that the sink took may be believed.
    """
    bounds = Bounds(
        page_size=page_size, max_pages=max_pages, deadline=monotonic() + deadline_seconds, monotonic=monotonic
    )
    reader.heed(partial(_glance, on_wait, bounds))
    begin = partial(
        Traversal,
        client=client,
        reader=reader,
        sink=sink,
        bounds=bounds,
        on_page=on_page,
        on_wait=on_wait,
        paging=paging,
        totals=totals,
        learned=Learned(),
    )
    return _Walk(begin, sink).run()


@dataclass(slots=True)
class _Walk:
    """As many passes as it takes, each from the top."""

    begin: Callable[..., Traversal]
    sink: Sink
    restarts: int = 0

    def run(self) -> Outcome:
        """Go through the list, and once more where the sink wants to see all of it again."""
        outcome = self._stand_still()
        if self.sink.settled():
            return outcome
        self.sink.restart()
        return self._stand_still()

    def _stand_still(self) -> Outcome:
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


def _glance(on_wait: Callable[[], None], bounds: Bounds) -> None:
    on_wait()
    bounds.check()
