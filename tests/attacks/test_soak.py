"""Days in the life of a catalog, lived in a minute: nothing false, lost, or told twice, and nothing that only grows."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.attacks import providers, soaking
from tests.attacks.soaking import EVERY, Receiver, Soak
from tests.attacks.victim import Victims
from tests.attacks.visitors import Visitors
from tests.server import ModelsServer
from tests.store.copying import Safe
from tests.volume import Volume

ROUNDS_A_DAY = 24 * 60 // EVERY
ROUNDS_AN_HOUR = 60 // EVERY
WARM = 15  # rounds after which all was used once
MEGABYTES = 25  # that a process may grow by: it holds a few caches
SLOWER = 3  # times: what a reader of pages may notice, on a machine that does other things besides


@pytest.fixture
def soak(migrated_url: str, tmp_path: Path, safe: Safe, volume: Volume) -> Iterator[Soak]:
    name = migrated_url.partition(":")[0]
    receiver = Receiver(volume.random("receiver", name))
    lists = providers.start(lambda which: volume.random(which, name))
    providers.configure(tmp_path / "catalog.toml", migrated_url, lists)
    with ExitStack() as stack:
        for each in lists:
            stack.enter_context(closing(each.server))
        hook = stack.enter_context(closing(ModelsServer(always=receiver.take).start()))
        victims = stack.enter_context(closing(Victims()))
        visitors = stack.enter_context(closing(Visitors(tmp_path)))
        world = providers.build(tmp_path / "catalog.toml")
        soak = Soak(tmp_path, world, lists, hook, victims, safe, volume.random("soak", name), receiver, visitors)
        yield soak
        soak.world.database.close()


@pytest.mark.promise("P1", "P3", "P4", "P6", "P7", "P8")
@pytest.mark.warns
def test_days_of_faults_kills_and_restored_copies_leave_a_true_history_told_once(soak: Soak, volume: Volume) -> None:
    """Days of three lists, each read four times an hour: what was told is what was recorded, and nothing only grows."""
    early = [0.0, 0.0]
    for number in volume.rounds(check=ROUNDS_A_DAY // 2, soak=30 * ROUNDS_A_DAY):
        soak.live()
        if number % ROUNDS_AN_HOUR == 0:
            soak.check()
        if number == WARM:
            early = sizes(soak)
    soak.calm_down()
    grown = [late - before for before, late in zip(early, sizes(soak), strict=True)]
    soak.check_end()
    assert max(grown) < MEGABYTES
    assert soak.visitors.failed == []
    assert soak.visitors.slowed() < SLOWER
    assert soak.counts["restorations"]
    assert soak.counts["pruned runs"]
    assert soak.counts["sync killed"] + soak.counts["deliver killed"]
    volume.came_to(
        sources=len(soak.providers),
        runs=sum(soak.counts[status] for status in ("complete", "failed", "held", "partial", "skipped")),
        failed_runs=soak.counts["failed"],
        kills=soak.counts["sync killed"] + soak.counts["deliver killed"],
        restarts=soak.counts["restarts"],
        restored_copies=soak.counts["restorations"],
        publications=soak.counts["publications"],
        pruned_records=soak.counts["pruned runs"] + soak.counts["pruned messages"],
        pages_read=len(soak.visitors.took),
        times_slower=f"{soak.visitors.slowed():.1f}",
        changes=len(soak.committed),
        messages=len(soak.receiver.content),
        told_twice=0,
        untold=0,
        broken_invariants=0,
        megabytes_grown=f"{grown[0]:.1f}",
        megabytes_grown_by_the_pages=f"{grown[1]:.1f}",
    )


def sizes(soak: Soak) -> list[float]:
    """Give the megabytes of this process and of the one that serves the pages."""
    return [soaking.resident_megabytes(), soaking.resident_megabytes(soak.visitors.process.pid)]
