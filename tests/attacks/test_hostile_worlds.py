"""Worlds in which lists move, servers are odd and networks fail: nothing false is recorded, and the truth is found.

In each world a list is edited while runs read it; then it rests, and four runs have to find the truth. Where a guard
holds what really left, somebody accepts it. What a world claims to do is counted, so that none is harmless unnoticed.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import pytest

from catalog.store.engine.database import Database
from catalog.store.schema import invariants
from tests.attacks import watched as watching
from tests.attacks import worlds
from tests.attacks.shelf import Paging
from tests.attacks.watched import CONFIRM_AFTER, Watched
from tests.attacks.worlds import Hostile, Life
from tests.server import ModelsServer
from tests.store.world import open_hastily
from tests.volume import Volume

RUNS = 8  # before it is quiet
QUIET = 4
ONE_OF_EACH_PAGING = {world.style: world for world in worlds.PAGED.values()}
GAPS = (1, 5, 10, 16, 16, 60)  # minutes between two runs


@dataclass(kw_only=True)
class Theatre:
    """Plays stories of worlds on one server and one database, and counts what happens."""

    server: ModelsServer
    database: Database
    volume: Volume
    stack: ExitStack
    counts: Counter[str] = field(default_factory=Counter)

    def play(self, name: str, world: Hostile, round_: int) -> None:
        """Play one story to its end."""
        random = self.volume.random(name, round_)
        watched = Watched(
            server=self.server,
            database=self.database,
            # It gives up sooner where much fails, so that walks are cut, too.
            pace=replace(watching.PACE, max_tries=2) if world.faults else watching.PACE,
            name=f"{name} {round_}",
            page_size=1000 if world.one_page or world.style == "none" else random.randint(2, 6),
            minutes_a_page=0.1,
            paging=Paging(
                vanished=world.vanished,
                has_more=world.has_more,
                by_offset=world.by_offset,
                inclusive=world.inclusive,
                tokens=world.tokens,
                style=world.style,
                says_end=world.says_end,
                most=world.most,
            ),
            ignore=("runs", "*.runs") if world.moving else (),
            repeats="first" if world.first_counts else "doubt",
        )
        watched.plan = life = Life(world=world, watched=watched, random=random)
        life.begin(random.randint(5, 20))
        again = f"seed {self.volume.seed}, round {round_} of {name!r}"
        for _ in range(RUNS):
            watched.run(after=random.choice(GAPS))
            assert watched.missed() == [], f"{again}\n{watched.timeline}"
        life.calm = True
        self.calm_down(watched, again)
        self.judge(watched, world, again)
        self.counts.update(life.counts)

    def calm_down(self, watched: Watched, again: str) -> None:
        """Let the truth be found, in as few quiet runs as it takes, and see that it stays."""
        found = QUIET + 1
        for number in range(1, QUIET + 1):
            held = any(missing.held for missing in watched.missing)
            watched.run(after=CONFIRM_AFTER + 1, accept=held)
            assert watched.missed() == [], f"{again}\n{watched.timeline}"
            found = min(found, number) if not watched.adrift() else QUIET + 1
            if found < number:
                break
        assert watched.adrift() == [], f"{again}, after {QUIET} quiet runs\n{watched.timeline}"
        self.counts["quiet runs"] = max(self.counts["quiet runs"], found)

    def judge(self, watched: Watched, world: Hostile, again: str) -> None:
        """Hold what was recorded against what was true, and against what the walks could know."""
        timeline, removals = watched.timeline, watched.removals()
        false = timeline.false_removals(removals)
        self.counts.update(ran.status for ran in timeline.runs)
        self.counts["overlaps"] += sum(page.overlaps for ran in timeline.runs for page in ran.pages)
        self.counts["empty pages"] += sum(not page.items for ran in timeline.runs for page in ran.pages)
        self.counts["restarts"] += sum(ran.restarts for ran in timeline.runs)
        self.counts["ends asked again"] += sum(len(ran.pages) < len(ran.last_pass) for ran in timeline.runs)
        self.counts.update(stories=1, runs=len(timeline.runs), removals=len(removals), false_removals=len(false))
        thin = timeline.thin_removals(removals, apart=CONFIRM_AFTER)
        unfounded = timeline.unfounded(removals) if world.exact else []
        expected = false if world.lies else []
        assert (false, thin, unfounded, watched.invented()) == (expected, [], [], []), f"{again}\n{timeline}"

    def close(self, world: Hostile) -> None:
        """See that the world was as it says, and the history as every history must be."""
        quiet = self.counts.pop("quiet runs")
        self.volume.came_to(**self.counts, quiet_runs_at_most=quiet)
        assert invariants.broken(self.database) == []
        assert [name for name in world.happens if not self.counts[name]] == []


@pytest.fixture
def theatre(server: ModelsServer, migrated_url: str, volume: Volume) -> Iterator[Theatre]:
    """A stage on each database."""
    with ExitStack() as stack:
        database = open_hastily(migrated_url)
        stack.callback(database.close)
        yield Theatre(server=server, database=database, volume=volume, stack=stack)


@pytest.mark.promise("P1", "P2")
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", worlds.HONEST)
def test_nothing_false_is_recorded_in_a_hostile_world(theatre: Theatre, volume: Volume, name: str) -> None:
    """Lists move under the walk, servers page oddly, networks fail: no false removal, and the truth in four runs."""
    for round_ in volume.rounds(check=10, soak=350):
        theatre.play(name, worlds.HONEST[name], round_)
    theatre.close(worlds.HONEST[name])


@pytest.mark.promise("P1", "P2")
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", worlds.PAGED)
def test_nothing_false_is_recorded_whatever_the_paging(theatre: Theatre, volume: Volume, name: str) -> None:
    """The same where pages follow by tokens, addresses, links or numbers, or where one document is the list."""
    for round_ in volume.rounds(check=3, soak=350):
        theatre.play(name, worlds.PAGED[name], round_)
    theatre.close(worlds.PAGED[name])


@pytest.mark.promise("P1")
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", worlds.LYING)
def test_what_a_lying_world_makes_us_believe_is_put_right(theatre: Theatre, volume: Volume, name: str) -> None:
    """Where two walks are told the same untruth, some removals are false (the figure); then the truth is found."""
    for round_ in volume.rounds(check=10, soak=350):
        theatre.play(name, worlds.LYING[name], round_)
    theatre.close(worlds.LYING[name])


@pytest.mark.promise("P1", "P2")
@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
def test_nothing_false_is_recorded_on_postgres(theatre: Theatre, volume: Volume) -> None:
    """A story of each hostile world on the other database."""
    for round_ in volume.rounds(check=1, soak=20):
        for name, world in [*worlds.HONEST.items(), *ONE_OF_EACH_PAGING.items()]:
            theatre.play(name, world, round_)
    theatre.close(Hostile(happens=("restarts", "held", "partial", "removals")))
