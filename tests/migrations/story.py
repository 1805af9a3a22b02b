"""The history that a frozen catalog has: something of everything that a later revision must bring along.

It is the same on both databases and at every run, apart from what the program itself words or numbers differently by
then. Add to it when a revision brings something new to keep.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from catalog import dates
from catalog.events import DeliveryError
from catalog.service import sync as syncs
from catalog.settings import SourceSettings
from catalog.store.backup import copies
from catalog.store.ingest import runs
from catalog.store.outbox import enqueue, queue
from catalog.upstream.client import SourceClient
from tests import server as play
from tests.server import ORGANIZATION, ModelsServer
from tests.store import world as worlds
from tests.store.test_disputes import twice
from tests.store.world import MINUTE, NAMELESS, World
from tests.subscribing import rule, subscriptions

ADDRESS = "https://api.example"
OTHER = "99999999-8888-4777-8666-555555555555"  # another organization
THIRD = "00000000-1111-4222-8333-444444444444"
DAY = 24 * 60  # minutes
TEN = [f"model-{number}" for number in range(10)]
SUBSCRIPTIONS = subscriptions(
    rule(), rule("removed", "added", channel="pager", settle=timedelta(hours=1)), rule("added", channel="gone")
)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The time at which a story ends, and what each list shows by then: entries, and who answers."""

    now: datetime
    lists: dict[str, tuple[str, list[play.Json]]]

    def to_text(self) -> str:
        """Spell it as JSON in one line."""
        return json.dumps({"now": dates.to_text(self.now), "lists": self.lists})

    @classmethod
    def of(cls, text: str) -> "Ending":
        """Read what `to_text` spelled."""
        parts = json.loads(text)
        return cls(now=dates.from_text(parts["now"]), lists=parts["lists"])


@dataclass
class Teller(World):
    """A world at an address that is the same at each run, although its server is not."""

    page_size: int = 3
    last: dict[str, tuple[str, list[play.Json]]] = field(default_factory=dict)

    def source(self, name: str) -> SourceSettings:
        return replace(super().source(name), base_url=ADDRESS)

    def connect(self, source: SourceSettings) -> SourceClient:
        return super().connect(replace(source, base_url=self.server.url))

    def reads(self, name: str, *items: play.Json, by: str = ORGANIZATION, after: float = 20, **options: Any) -> None:
        """Make a run of a source whose list shows these entries from now on."""
        self.server.organization, self.server.models = by, list(items)
        self.last[name] = (by, list(items))
        self.sync(name=name, after=after, subscriptions=SUBSCRIPTIONS, **options)

    def fails(self, name: str, status: int = 500) -> None:
        """Make a run whose list cannot be read."""
        self.server.script(play.error(status))
        self.sync(name=name, after=20, subscriptions=SUBSCRIPTIONS)

    def dies(self, name: str) -> None:
        """Begin a run that nothing is heard of again."""
        scope = syncs.scope_of(self.source(name))
        with self.database.write() as connection:
            runs.begin(connection, runs.source_key(connection, name, scope), scope, self.now)


@contextmanager
def telling(server: ModelsServer, url: str) -> Iterator[Teller]:
    """Give a world whose client goes by the clock of the story."""
    world = Teller(server, worlds.open_hastily(url), url)
    world.pace = replace(world.pace, clock=lambda: world.now)
    yield world
    world.database.close()


def tell(world: Teller) -> Ending:
    """Let it all happen in a catalog that has its schema and no rows."""
    begin(world)
    send(world)
    lose_and_restore(world)
    part(world)
    pool(world)
    dispute(world)
    stamp(world)
    never(world)
    live(world)
    leave_some(world)
    quiet = ("one", "two", "pool", "three")  # lists that show nothing new when they are read again
    return Ending(now=world.now, lists={name: world.last[name] for name in quiet})


def models(*ids: str, **fields: Any) -> list[play.Json]:
    return [play.model(id, **fields) for id in ids]


def begin(world: Teller) -> None:
    """A baseline, and some changes of each kind of field."""
    first = models("a", "b", "Café/模型 😀", capabilities={"vision": {"supported": True, "large": "x" * 500}})
    world.reads("one", *first, *models("c", "d", created_at="1970-01-01T00:00:00Z"))
    world.reads("one", *first, *models("c", "d", "e", lifecycle="deprecated", retires_at="2026-02-01T00:00:00Z"))
    world.reads("one", *first, *models("c", "d", "e", max_tokens="lots", note={"deep": [1, 2.5, None, "it's"]}))
    world.reads("two", *models(*TEN))
    world.dies("two")


def send(world: Teller) -> None:
    """One channel takes a message; another wants none ever again."""
    enqueue.from_clock(world.database, SUBSCRIPTIONS, world.now)
    for _ in range(2):
        leased = queue.lease(world.database, "team", world.now, lambda: "first")
        assert leased
        assert queue.ack(world.database, leased, world.now)
    leased = queue.lease(world.database, "gone", world.now, lambda: "first")
    assert leased
    assert queue.nack(world.database, leased, DeliveryError("HTTP 410", gone=True), now=world.now)


def lose_and_restore(world: Teller) -> None:
    """A copy comes back after a run that it does not know; then each list has its baseline."""
    with tempfile.TemporaryDirectory() as folder:
        path, unseen = Path(folder) / "copy", lambda _done, _all: None
        copies.backup(world.database, path, on_progress=unseen)
        world.reads("one", *models("a", "lost"))
        copies.restore(world.database, path, now=world.now, replace=True, sources=(), on_progress=unseen)
    world.reads("one", *models("a", "b", "c", "d", "e"))
    world.reads("two", *models(*TEN))


def part(world: Teller) -> None:
    """A wave: so much is gone at once that a person is asked."""
    world.reads("two", *models(*TEN, "late"))
    world.reads("two", *models(*TEN[:3]))
    world.reads("two", *models(*TEN[:3]))


def pool(world: Teller) -> None:
    """Two accounts behind one address, of which the second was accepted, and a third that was not."""
    world.reads("pool", *models("a", "b", "c"))
    world.reads("pool", *models("a", "b", "d"), by=OTHER)
    world.reads("pool", *models("a", "b", "d"), by=OTHER, accept_scope=True)
    world.reads("pool", *models("a", "c"))
    world.reads("pool", *models("a", "b", "d"), by=OTHER)
    world.reads("pool", *models("a", "c"), by=THIRD)


def dispute(world: Teller) -> None:
    """An id that is listed twice with different content."""
    for _ in range(2):
        world.reads("three", *twice("x"), *models("a", "b"))


def stamp(world: Teller) -> None:
    """A list whose dates only say when it was asked for."""
    for _ in range(2):
        world.reads("stamps", *models("a", "b", created_at=dates.to_text(world.now + 20 * MINUTE)))


def never(world: Teller) -> None:
    """A source that was never read, in two ways, and one whose run died."""
    world.fails("never")
    world.dies("never")
    world.fails("never", status=401)


def live(world: Teller) -> None:
    """Removals, a return, a run that fails, walks that are unclean or are silent on fields; one model is missing.

    The dates of two models come near and pass; one removal has not settled yet.
    """
    enqueue.from_clock(world.database, SUBSCRIPTIONS, world.now)
    rest = models("a", "b", "c", display_name="Renamed 'twice' \\ and \"quoted\"")
    for listed in (models("d", "e"), models("e"), models("e"), models("d", "e"), models("d"), models("d")):
        world.reads("one", *rest, *listed)
    world.fails("one")
    world.reads("one", *rest, *models("d", "f"), NAMELESS)
    rest += [*models("soon", retires_at="2026-01-20T00:00:00Z"), *models("late", retires_at="2025-12-01T00:00:00Z")]
    world.reads("one", *rest, *models("d", "g"))
    world.pass_minutes(5 * DAY)
    enqueue.from_clock(world.database, SUBSCRIPTIONS, world.now)
    world.reads("one", *rest, {"id": "d", "type": "model"})


def leave_some(world: Teller) -> None:
    """Two messages failed and wait, one is being sent, and a run is going on."""
    for channel in ("team", "pager"):
        leased = queue.lease(world.database, channel, world.now, lambda: "second")
        assert leased
        error = DeliveryError("HTTP 503", retry_after=1800 if channel == "pager" else None)
        assert queue.nack(world.database, leased, error, now=world.now)
    assert queue.lease(world.database, "team", world.now, lambda: "third")
    world.dies("never")
