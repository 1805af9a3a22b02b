"""Days in the life of a catalog, lived in a minute: nothing false, lost, or told twice, and nothing that only grows."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.attacks import soaking
from tests.attacks.soaking import EVERY, FIRST, Receiver, Soak, Truth
from tests.attacks.victim import Victims
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.copying import Safe
from tests.volume import Volume

RUNS_A_DAY = 24 * 60 // EVERY
RUNS_AN_HOUR = 60 // EVERY
MEGABYTES = 25  # that a process may grow by: it holds a few caches


@pytest.fixture
def soak(server: ModelsServer, migrated_url: str, safe: Safe, volume: Volume) -> Iterator[Soak]:
    name = migrated_url.partition(":")[0]
    chance = volume.random("soak", name)
    receiver, truth = Receiver(volume.random("receiver", name)), Truth(chance)
    hook = ModelsServer(always=receiver.take).start()
    world = worlds.build(server, migrated_url)
    with closing(hook), closing(Victims()) as victims:
        soak = Soak(world, hook, victims, safe, chance, truth, receiver)
        for _ in range(FIRST):
            truth.appear(0)
        yield soak
        soak.world.database.close()


@pytest.mark.promise("P1", "P3", "P4", "P6", "P7", "P8")
@pytest.mark.warns
def test_days_of_faults_kills_and_restored_copies_leave_a_true_history_told_once(soak: Soak, volume: Volume) -> None:
    """Simulated days, a run every five minutes: the receiver's log is the change log, and memory stays flat."""
    runs = RUNS_A_DAY * volume.of(check=1, soak=30)
    early = 0.0
    for number in volume.rounds(check=runs, soak=runs):
        soak.live()
        if number % RUNS_AN_HOUR == 0:
            soak.check()
        if number == runs // 10:
            early = soaking.resident_megabytes()
    soak.calm_down()
    grown = soaking.resident_megabytes() - early if early else 0.0
    soak.check_end()
    assert grown < MEGABYTES
    assert soak.counts["restorations"]
    assert soak.counts["sync killed"] + soak.counts["deliver killed"]
    volume.came_to(
        runs=sum(soak.counts[status] for status in ("complete", "failed", "held", "partial", "skipped")),
        failed_runs=soak.counts["failed"],
        kills=soak.counts["sync killed"] + soak.counts["deliver killed"],
        restarts=soak.counts["restarts"],
        restored_copies=soak.counts["restorations"],
        changes=len(soak.committed),
        messages=len(soak.receiver.content),
        told_twice=0,
        untold=0,
        broken_invariants=0,
        megabytes_grown=f"{grown:.1f}",
    )
