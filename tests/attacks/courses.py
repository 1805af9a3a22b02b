"""Runs that are cut off: how one goes to its end, and what the next one makes of what was left of it."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from catalog.domain import Status
from tests.attacks import moments, workloads
from tests.attacks.catalogs import Catalog, Catalogs
from tests.attacks.moments import Snapshot
from tests.attacks.workloads import Workload
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import START, World


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a run goes to its end."""

    said: list[tuple[str, int]]  # each moment, and how many commits came before it
    kept: list[Snapshot]  # what was there before the first commit, and after each

    def is_done(self, commits: int) -> bool:
        """Tell whether so many commits are all of the run."""
        return self.kept[commits] == self.kept[-1]

    def histories(self) -> list[Snapshot]:
        """Every history there was, in turn."""
        found: list[Snapshot] = []
        for each in map(moments.history, self.kept):
            if [each] != found[-1:]:
                found.append(each)
        return found


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One workload on one kind of database, of which `catalog` is in the state before the run."""

    name: str
    workload: Workload
    catalog: Catalog
    world: World
    minutes: float  # since the story began, before the run

    def begin(self) -> World:
        """Make everything as it was before the run."""
        self.leave()
        self.catalog.renew()
        self.world.now = START
        self.world.pass_minutes(self.minutes)
        return self.world

    def leave(self) -> None:
        """Let a file go, so that another one can take its place."""
        if self.world.database.is_sqlite:
            self.world.database.close()

    def uninterrupted(
        self, build: Callable[[ModelsServer, str], World] = worlds.build, committed: Callable[[], None] = lambda: None
    ) -> Course:
        """Make the run in a world that is built for it, and note all its moments and what it leaves."""
        said, kept = [], [moments.snapshot(self.begin().database)]
        with entered(build(self.world.server, self.catalog.url)) as watched:

            def note(moment: str) -> None:
                if moment == moments.AFTER_COMMIT:
                    kept.append(moments.snapshot(self.world.database))
                    committed()
                said.append((moment, len(kept) - 1))

            watched.now = self.world.now
            moments.watch(watched.database, note)
            workloads.run(watched, self.workload.failures)
        workloads.demand(self.world, watched.told, self.workload)
        course = Course(said=said, kept=kept)
        assert len(course.histories()) <= 2, "the history is not written at once"
        return course

    def expected(self, *, done: bool) -> object:
        """What the next run makes of the state before, or of the state after."""
        self.begin()
        if done:
            workloads.run(self.world, self.workload.failures)
        return self.next_run()

    def next_run(self, dead: Collection[Status] = (Status.ABANDONED,)) -> object:
        """Make another run, at the moment it would have been due, and give all it leaves, but for runs that died."""
        self.world.now = START
        self.world.pass_minutes(self.minutes + 40)
        workloads.run(self.world, self.workload.failures)
        self.world.check()
        found = moments.without_dead_runs(moments.snapshot(self.world.database), dead)
        if self.workload.status == "failed":
            del found["catalog_delivery"]  # it tells how many runs failed: one that was killed counts
        return found


@contextmanager
def entered(world: World) -> Iterator[World]:
    yield world
    world.database.close()


@contextmanager
def prepared(name: str, catalogs: Catalogs, server: ModelsServer) -> Iterator[Attack]:
    """Let the past of a workload take place, and give an attack on what it left."""
    workload = workloads.ALL[name]
    with catalogs.new() as catalog, entered(worlds.build(server, catalog.url)) as world:
        workload.prepare(world)
        workload.show(world)
        world.database.close()
        catalog.keep()
        minutes = (world.now - START) / worlds.MINUTE
        yield Attack(name=name, workload=workload, catalog=catalog, world=world, minutes=minutes)
