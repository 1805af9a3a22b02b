"""Readers of every kind, while walks are merged, runs are pruned and copies restored: each answer is of one moment.

In the n-th state of the list each model is called `world n`, and `new-1` to `new-n` are listed beside those that always
are. So an answer that mixes two states tells on itself, whichever they are.
"""

import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

import catalog
from catalog.config import Config
from catalog.domain import Kind
from catalog.settings import DatabaseSettings, PublishSettings, SourceSettings, WebSettings
from catalog.store.backup import copies
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.ingest import prune
from catalog.wiring import sites
from tests import server as play
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import World
from tests.volume import Volume
from tests.web.conftest import Visitor

ALWAYS = [f"m{number}" for number in range(30)]
STATE = re.compile("world ([0-9]+)")
PAGES = ("models.html", "models.json", "models.csv", "mirror/one/v1/models?limit=1000")
SLOW = 0.5  # seconds that a reader waits for something to be merged while it reads

pytestmark = [pytest.mark.promise("P3", "P6"), pytest.mark.warns]


def listed(state: int) -> list[str]:
    return sorted([*ALWAYS, *(f"new-{number}" for number in range(1, state + 1))])


def state_of(names: Iterable[str | None]) -> int:
    """Give the one state that all names are of."""
    states = {int(STATE.findall(str(name))[0]) for name in names}
    assert len(states) == 1, f"an answer of several states: {sorted(states)}"
    return states.pop()


@dataclass
class Scene:
    """A catalog that moves, and what reads it."""

    world: World
    folder: Path
    state: int = 0
    ends: list[datetime] = field(default_factory=list)  # of the walk that showed the n-th state
    stopping: threading.Event = field(default_factory=threading.Event)
    moved: threading.Condition = field(default_factory=threading.Condition)
    faults: list[BaseException] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    restored: set[int] = field(default_factory=set)

    # What moves it

    def merge(self) -> None:
        """Let the list come to its next state, and be read."""
        self.state += 1
        names = {"display_name": f"world {self.state}"}
        self.world.server.models = [play.model(id, **names) for id in listed(self.state)]
        self.world.sync(after=30)
        self.ends.append(self.world.now)
        self.counts["merges"] += 1
        with self.moved:
            self.moved.notify_all()

    def back_up(self) -> Path:
        path = self.folder / f"copy {self.counts['copies']}"
        copies.backup(self.world.database, path, on_progress=lambda *_: None)
        self.counts["copies"] += 1
        return path

    def restore(self, path: Path, state: int) -> None:
        """Go back to an earlier state, which the next walk leaves at once."""
        options: dict[str, Any] = {"replace": True, "sources": ("one",), "on_progress": lambda *_: None}
        self.restored.add(state)
        copies.restore(self.world.database, path, now=self.world.now, **options)
        self.counts["restorations"] += 1

    def prune(self) -> None:
        done = prune.prune(self.world.database, older_than=timedelta(0), now=self.world.now, sleep=lambda _: None)
        self.counts["pruned runs"] += done.runs

    # What reads it

    def reading(self, name: str, read: Callable[[], object]) -> threading.Thread:
        """Give a thread that reads again and again."""

        def go_on() -> None:
            try:
                while not self.stopping.is_set():
                    read()
                    self.counts[name] += 1
            except BaseException as error:  # noqa: BLE001 - raised again where the test can see it
                error.add_note(f"while {name} were read")
                self.faults.append(error)
                self.stopping.set()

        return threading.Thread(target=go_on)

    def pause(self) -> None:
        """Wait for something to be merged, but not for ever: a restoration may wait for this reader."""
        with self.moved:
            self.moved.wait(SLOW)


@dataclass
class Reader:
    """Reads one catalog in every way there is, and knows what an answer must be like."""

    scene: Scene
    catalog: "catalog.Catalog"
    chance: random.Random

    def now(self) -> None:
        """Read the list as it is, slowly."""
        rows = self.catalog.models()
        first = next(rows)
        self.scene.pause()
        found = [first, *rows]
        state = state_of(model.display_name for model in found)
        assert [model.id for model in found] == listed(state)

    def then(self) -> None:
        """Read the list as it was at the end of some walk, slowly."""
        number = self.chance.randrange(len(self.scene.ends))
        rows = self.catalog.models(as_of=self.scene.ends[number])
        first = next(rows)
        self.scene.pause()
        found = [first, *rows]
        state = state_of(one.display_name for one in found)
        assert [one.id for one in found] == listed(state)
        assert state in {number + 1, *self.scene.restored}, f"at the end of walk {number + 1} it was world {state}"

    def differences(self) -> None:
        """Compare the ends of two walks."""
        ends = self.scene.ends
        earlier, later = sorted(self.chance.sample(range(len(ends)), 2))
        found = list(self.catalog.diff(ends[earlier], ends[later]))
        renamed = [row for row in found if row.kind is Kind.CHANGED]
        if not found:
            return
        old, new = state_of(row.old_value for row in renamed), state_of(row.new_value for row in renamed)
        assert [row.model_id for row in renamed] == listed(old)
        added = [row.model_id for row in found if row.kind is Kind.ADDED]
        assert added == sorted(set(listed(new)) - set(listed(old)))
        assert len(found) == len(renamed) + len(added)

    def log(self) -> None:
        """Read the log, slowly: of each run all that it recorded, or nothing."""
        rows = self.catalog.changes()
        first = next(rows)
        self.scene.pause()
        for _, group in groupby([first, *rows], key=lambda change: change.run_id):
            found = list(group)
            renamed = [row for row in found if row.kind is Kind.CHANGED]
            if renamed:
                added = len(found) - len(renamed)
                assert len(renamed) == len(listed(state_of(row.new_value for row in renamed))) - added

    def story(self) -> None:
        """Read all that is known of one model: each of its states follows from the one before."""
        found = self.catalog.story(self.chance.choice(ALWAYS))
        names = [row.new_value for row in found.changes if row.kind is Kind.CHANGED]
        assert state_of([found.model.display_name]) == state_of(names[-1:] or [found.model.display_name])
        assert len(found.states) == len(names) + 1


def copied(scene: Scene, database: Database) -> None:
    """Copy the catalog, and read the copy."""
    path = scene.folder / "export"
    copies.backup(database, path, on_progress=lambda *_: None)
    with catalog.open(f"sqlite:///{path}") as copy:
        found = list(copy.models())
    path.unlink()
    assert [model.id for model in found] == listed(state_of(model.display_name for model in found))


def published(scene: Scene, config: Config, database: Database) -> None:
    """Write the pages into a folder, and read those that show the list."""
    folder = scene.folder / "published"
    sites.publish(config, database, folder)
    text = (folder / "models.json").read_text()
    state = state_of(STATE.findall(text) and [f"world {number}" for number in STATE.findall(text)])
    pages = [folder / "model" / "one" / f"{id}.html" for id in listed(state)]
    assert all(f"world {state}" in page.read_text() for page in pages)


def visited(visitor: Visitor, page: str) -> None:
    """Ask the pages: each shows the list as it was at one moment."""
    reply = visitor.get(page)
    assert reply.status == 200, f"{page}: {reply.status} {reply.text[:200]}"
    assert state_of(f"world {number}" for number in STATE.findall(reply.text)) > 0


@pytest.fixture
def scene(server: ModelsServer, migrated_url: str, tmp_path: Path) -> Iterator[Scene]:
    with worlds.entering(server) as enter:
        made = Scene(enter(migrated_url), tmp_path)
        made.merge()
        made.merge()
        yield made


def test_each_answer_is_of_one_moment_while_walks_are_merged_runs_pruned_and_copies_restored(
    scene: Scene, volume: Volume
) -> None:
    url, chance = scene.world.url, volume.random("readers")
    config = Config(
        database=DatabaseSettings(url=url),
        sources=(SourceSettings(name="one"),),
        web=WebSettings(mirror_open=True),
        publish=PublishSettings(),
    )
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(databases.open_(url))) for _ in range(3)]
        readers = [
            Reader(scene, stack.enter_context(catalog.open(url)), random.Random(chance.random())) for _ in "12345"
        ]
        address = stack.enter_context(sites.serving(config, opened[0], ("127.0.0.1", 0)))
        visitor, pages = Visitor(address=address, url=url), iter(lambda: chance.choice(PAGES), "")
        threads = [
            scene.reading("lists", readers[0].now),
            scene.reading("lists of the past", readers[1].then),
            scene.reading("comparisons", readers[2].differences),
            scene.reading("logs", readers[3].log),
            scene.reading("stories", readers[4].story),
            scene.reading("copies of readers", lambda: copied(scene, opened[1])),
            scene.reading("publications", lambda: published(scene, config, opened[2])),
            scene.reading("pages", lambda: visited(visitor, next(pages))),
        ]
        for thread in threads:
            thread.start()
        try:
            move(scene, volume, threads)
        finally:
            scene.stopping.set()
            for thread in threads:
                thread.join(60)
    for error in scene.faults[:1]:
        raise error
    scene.world.check()
    volume.came_to(**scene.counts, mixed_answers=0)
    expected = ("merges", "restorations", "pruned runs", *WAYS_TO_READ)
    assert [name for name in expected if not scene.counts[name]] == [], "something never took place"


WAYS_TO_READ = (
    *("lists", "lists of the past", "comparisons", "logs", "stories", "copies of readers", "publications", "pages"),
)


def move(scene: Scene, volume: Volume, threads: list[threading.Thread]) -> None:
    """Merge, prune and restore until there were enough of each, and until each reader has read."""
    copy = None
    for number in volume.rounds(check=18, soak=1500):
        scene.merge()
        for _ in range(2):  # nothing is new: of two such runs, the first one proves nothing that the second does not
            scene.world.sync(after=30)
        scene.prune()
        if number % 6 == 2:
            copy = scene.back_up(), scene.state
        if number % 6 == 5 and copy:
            scene.restore(*copy)
            copy[0].unlink()
        if scene.stopping.is_set() or not all(thread.is_alive() for thread in threads):
            return
