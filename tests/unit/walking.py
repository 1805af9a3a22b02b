"""What tests of walks share: a sink in memory, a clock that stands still, and a walk of a server's list."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog import domain
from catalog.domain import KnownPage, Outcome
from catalog.errors import never_cancelled
from catalog.settings import ListSettings, Paging, SourceSettings
from catalog.upstream.client import SourceClient
from catalog.upstream.fetch import Pace
from catalog.upstream.walking.walk import OnPage, ignore_progress, walk
from tests import server as play
from tests.server import KEY, ModelsServer, Step, model

NOON = datetime(2026, 10, 7, 12, tzinfo=UTC)


@dataclass
class Shelf:
    """A sink in memory; `known` are pages that it remembers from an earlier walk, as a store would."""

    pages: list[list[str]] = field(default_factory=list)
    restarts: int = 0
    known: dict[str, list[str]] = field(default_factory=dict)
    more: dict[str, bool] = field(default_factory=dict)
    read: int = 0
    seen: dict[str, list[str]] = field(default_factory=dict)
    asked: list[datetime] = field(default_factory=list)
    doubts: int = 0  # how often it wants to see the list again

    def recall(self, digest: str) -> KnownPage | None:
        ids = self.known.get(digest)
        return KnownPage(count=len(ids), last_id=ids[-1], has_more=self.more[digest]) if ids else None

    def add(self, page: domain.Page, asked_at: datetime) -> int:
        self.read += 1
        self.asked.append(asked_at)
        ids = [item.id for item in page.items]
        if page.clean and ids:
            self.seen[page.digest], self.more[page.digest] = ids, page.has_more
        return self._put(ids)

    def add_known(self, digest: str) -> int:
        return self._put(self.known[digest])

    def _put(self, ids: list[str]) -> int:
        repeated = len(set(ids) & set(self.ids()))
        self.pages.append(ids)
        return repeated

    def restart(self) -> None:
        self.restarts += 1
        self.pages = []

    def settled(self) -> bool:
        self.doubts -= 1
        return self.doubts < 0

    def remember(self) -> None:
        """Begin another walk, knowing the pages of this one."""
        self.known, self.pages, self.read, self.restarts = dict(self.seen), [], 0, 0

    def ids(self) -> list[str]:
        return [id for page in self.pages for id in page]


class Clock:
    """Stands still until a test moves it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return NOON + timedelta(seconds=self.now)

    def sleep(self, seconds: float) -> None:
        """Wait for nothing."""


Go = Callable[..., Outcome]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def go(server: ModelsServer, shelf: Shelf, clock: Clock) -> Iterator[Go]:
    """Walk the server's list into the shelf, two models a page."""
    clients = []

    def start(
        *,
        on_page: OnPage = ignore_progress,
        on_wait: Callable[[], object] = never_cancelled,
        totals: bool = True,
        paging: bool | Paging = True,
        **settings: Any,
    ) -> Outcome:
        usual: dict[str, Any] = {
            "timeout": timedelta(seconds=5),
            "deadline": timedelta(minutes=1),
            "page_size": 2,
            "paging": paging if isinstance(paging, str) else "cursor" if paging else "none",
            "list": ListSettings(total=None if totals else ""),
        }
        source = SourceSettings(name="one", base_url=server.url, **{**usual, **settings})
        pace = Pace(max_tries=2, sleep=clock.sleep, monotonic=clock, clock=clock.moment)
        clients.append(SourceClient(source, KEY, pace=pace))
        return walk(clients[-1], shelf, on_page=on_page, on_wait=on_wait)

    yield start
    for client in clients:
        client.close()


def models(letters: str) -> list[Any]:
    return [model(letter) for letter in letters]


def pages(letters: str) -> list[list[str]]:
    return [list(letters[at : at + 2]) for at in range(0, len(letters), 2)]


def listing(letters: str, *, has_more: bool = False) -> Step:
    return play.answer(play.page(models(letters), has_more=has_more))
