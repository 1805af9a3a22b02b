"""Copies under attack: made and brought back by processes that die, while others write, from files that are damaged."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from random import Random

import pytest

from catalog.errors import CatalogError
from catalog.store.backup import copies, postgres_copy, sqlite_copy
from catalog.store.backup.after_restore import Holdings
from catalog.store.schema import invariants, upgrade
from tests import postgres
from tests.attacks import moments
from tests.attacks.catalogs import Catalogs
from tests.attacks.interrupted import Copyist
from tests.attacks.moments import Snapshot
from tests.migrations import samples
from tests.server import ModelsServer
from tests.store import copying
from tests.store import world as worlds
from tests.store.copying import Safe, restore
from tests.store.world import World
from tests.subscribing import team
from tests.volume import Volume


@pytest.fixture
def copyist(safe: Safe) -> Iterator[Copyist]:
    """A program whose children make copies, and are killed."""
    with closing(Copyist()) as program:
        yield program


@pytest.fixture
def world(server: ModelsServer, migrated_url: str) -> Iterator[World]:
    """A world with a history, alerts that are pending, and some that were sent."""
    made = worlds.build(server, migrated_url)
    live_a_little(made)
    yield made
    made.check()
    made.database.close()


LAST = 12


def live_a_little(world: World) -> None:
    for ids in ("abcd", "abce", "abcef", "abce", "abce"):
        world.lists(*ids)
        world.sync(subscriptions=team())


def spread(total: int, count: int) -> list[int]:
    """Pick so many of the numbers below a total, evenly; and the last ones, where it is decided."""
    evenly = {number * total // count for number in range(min(count, total))}
    return sorted(evenly | set(range(max(0, total - LAST), total)))


@pytest.mark.promise("P3")
def test_a_process_killed_while_it_copies_leaves_a_whole_copy_or_none(
    world: World,
    safe: Safe,
    copyist: Copyist,
    volume: Volume,
) -> None:
    """SIGKILL between any two steps of `db backup`, and at random: the name holds a whole copy, or nothing."""
    before = moments.snapshot(world.database)
    total = copyist.order("backup", world.url, safe.folder / "whole", world.now).moments
    assert total > 100, "nothing is watched"
    held = restore(world, safe.folder / "whole").holdings
    chance = volume.random("backup", world.database.is_sqlite)
    planned: list[dict[str, float]] = [{"moment": moment} for moment in spread(total, volume.of(30, total))]
    planned += [{"seconds": chance.uniform(0.001, 0.3)} for _ in range(volume.of(8, 200))]
    after, kills, none = moments.snapshot(world.database), 0, 0
    for number, when in enumerate(planned):
        path = safe.folder / str(number)
        kills += copyist.order("backup", world.url, path, world.now, **when).killed  # type: ignore[arg-type]
        none += not path.exists()
        if path.exists():
            assert restored(world, path).models == held.models, f"{when}, seed {volume.seed}"
    assert kills > len(planned) // 2
    assert none
    assert moments.history(after).keys() == moments.history(before).keys()
    volume.came_to(kills=kills, whole_copies=len(planned) - none, half_copies=0)


def restored(world: World, path: Path) -> Holdings:
    """Bring a copy back, and hold it against the rules."""
    found = restore(world, path).holdings
    world.check()
    return found


@pytest.mark.promise("P3", "P8")
def test_a_process_killed_while_it_restores_leaves_the_old_catalog_or_the_new(
    catalogs: Catalogs,
    server: ModelsServer,
    safe: Safe,
    copyist: Copyist,
    volume: Volume,
) -> None:
    """SIGKILL between any two steps of `db restore`, and at random: just as before or after; the next run is fine."""
    with catalogs.new() as catalog:
        world = worlds.build(server, catalog.url)
        live_a_little(world)
        path = safe.copy(world)
        world.lists("a", "x")
        world.sync(subscriptions=team())
        old = moments.snapshot(world.database)
        world.database.close()
        catalog.keep()
        catalog.renew()
        total = copyist.order("restore", catalog.url, path, world.now).moments
        assert total > 100, "nothing is watched"
        new = moments.snapshot(world.database)
        chance = volume.random("restore", world.database.is_sqlite)
        planned: list[dict[str, float]] = [{"moment": moment} for moment in spread(total, volume.of(30, total))]
        planned += [{"seconds": chance.uniform(0.001, 0.4)} for _ in range(volume.of(8, 200))]
        ends: list[bool] = []
        for when in planned:
            world.database.close()
            catalog.renew()
            copyist.order("restore", catalog.url, path, world.now, **when)  # type: ignore[arg-type]
            catalog.wait_until_left()
            found = moments.snapshot(world.database)
            assert found in (old, new), f"{when}, seed {volume.seed}: neither before nor after"
            ends.append(found == new)
        world.sync(subscriptions=team(), after=60)
        world.check()
        world.database.close()
    assert True in ends
    assert False in ends
    volume.came_to(kills=len(planned), before=ends.count(False), after=ends.count(True), mixed=0)


@pytest.mark.promise("P3")
def test_copies_made_while_others_write_are_of_one_moment(
    world: World,
    safe: Safe,
    volume: Volume,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Runs are merged between the steps of a copy: it holds what was there at one moment, and breaks no rule."""
    monkeypatch.setattr(sqlite_copy, "_PAGES", 1)
    monkeypatch.setattr(postgres_copy, "_STEP", 1)
    other = worlds.build(world.server, world.url)
    other.now = world.now
    chance, writes = volume.random("concurrent", world.database.is_sqlite), 0
    made: dict[Path, Snapshot] = {}

    def write(_done: int, _all: int) -> None:
        nonlocal writes
        if chance.random() < 0.2:
            writes += 1
            other.lists("a", "b", f"w{writes}")
            other.sync(subscriptions=team())

    for number in range(volume.of(6, 100)):
        path = safe.folder / str(number)
        made[path] = moments.snapshot(world.database)
        copies.backup(world.database, path, on_progress=write)
    other.database.close()
    for path, then in made.items():
        restore(world, path)
        found = moments.snapshot(world.database)
        assert found["catalog_change"] == then["catalog_change"]
        assert found["catalog_state"] == then["catalog_state"]
        world.check()
    assert writes
    volume.came_to(copies=len(made), runs_in_between=writes, mixed=0)


@pytest.mark.promise("P3")
def test_a_damaged_copy_is_refused_or_sound(world: World, safe: Safe, volume: Volume) -> None:
    """Copies are cut, holed and altered at random: nothing is replaced, or by a catalog that breaks no rule."""
    whole = safe.copy(world)
    data = whole.read_bytes()
    chance, refused, taken = volume.random("damaged", world.database.is_sqlite), 0, 0
    for number in volume.rounds(check=40, soak=2_000):
        path = safe.folder / "damaged"
        path.write_bytes(damaged(data, chance))
        before = moments.snapshot(world.database)
        try:
            restore(world, path)
            taken += 1
        except CatalogError:
            refused += 1
            assert moments.snapshot(world.database) == before, f"round {number}, seed {volume.seed}"
        assert invariants.broken(world.database) + invariants.unsound(world.database) == [], f"round {number}"
    assert refused
    shutil.rmtree(safe.folder)
    volume.came_to(damaged_copies=refused + taken, refused=refused, broken_catalogs=0)


@pytest.fixture
def elder(safe: Safe, tmp_path: Path, postgres_server: postgres.Server) -> Callable[[str, str], Path]:
    """Gives the copy of a frozen catalog, of a kind of database and a revision."""

    @cache
    def copy(kind: str, revision: str) -> Path:
        path = safe.folder / f"{kind} {revision}"
        with ExitStack() as stack:
            file = f"sqlite:///{tmp_path / revision}.db"
            url = file if kind == "sqlite" else stack.enter_context(postgres_server.database())
            database = stack.enter_context(closing(samples.load(url, revision)))
            copies.backup(database, path, on_progress=copying.unseen)
        return path

    return copy


@pytest.mark.promise("P3")
def test_a_damaged_copy_of_any_revision_from_either_database_is_refused_or_sound(
    world: World, safe: Safe, elder: Callable[[str, str], Path], volume: Volume
) -> None:
    """Copies of older programs, of both databases, are cut, holed and altered: none replaces anything by half."""
    chance, refused, taken = volume.random("elders", world.database.is_sqlite), 0, 0
    revisions = samples.revisions()[volume.of(-5, 0) :]
    if not world.database.is_sqlite:  # where a Postgres has a catalog, it takes none of an older program
        revisions = [upgrade.HEAD]
    for number in volume.rounds(check=16, soak=2_000):
        whole = elder(chance.choice(("sqlite", "postgres")), chance.choice(revisions))
        path = safe.folder / "damaged"
        path.write_bytes(whole.read_bytes() if number % 4 == 0 else damaged(whole.read_bytes(), chance))
        before = moments.snapshot(world.database)
        try:
            restore(world, path)
            taken += 1
        except CatalogError:
            refused += 1
            assert number % 4, f"{whole} is whole"
            assert moments.snapshot(world.database) == before, f"round {number}, {whole}, seed {volume.seed}"
        upgrade.require(world.database)
        assert invariants.broken(world.database) + invariants.unsound(world.database) == [], f"round {number}, {whole}"
    assert refused
    volume.came_to(revisions=len(revisions), copies=refused + taken, refused=refused, broken_catalogs=0)


@pytest.mark.promise("P3")
def test_a_process_killed_while_it_moves_a_catalog_between_databases_leaves_the_old_or_the_new(
    catalogs: Catalogs, server: ModelsServer, elder: Callable[[str, str], Path], copyist: Copyist, volume: Volume
) -> None:
    """SIGKILL between any two steps of a move to the other database, with an upgrade on SQLite: as before, or after."""
    with catalogs.new() as catalog:
        world = worlds.build(server, catalog.url)
        is_file = world.database.is_sqlite
        path = elder("postgres", samples.older()[-1]) if is_file else elder("sqlite", upgrade.HEAD)
        live_a_little(world)
        old = moments.snapshot(world.database)
        world.database.close()
        catalog.keep()
        catalog.renew()
        total = copyist.order("restore", catalog.url, path, world.now).moments
        new = moments.snapshot(world.database)
        ends: list[bool] = []
        for moment in spread(total, volume.of(6, 300)):
            world.database.close()
            catalog.renew()
            copyist.order("restore", catalog.url, path, world.now, moment=moment)
            catalog.wait_until_left()
            found = moments.snapshot(world.database)
            assert found in (old, new), f"{moment}: neither before nor after"
            ends.append(found == new)
        world.check()
        world.database.close()
    assert {*ends} == {True, False}
    volume.came_to(kills=len(ends), before=ends.count(False), after=ends.count(True), mixed=0)


def damaged(data: bytes, chance: Random) -> bytes:
    place, length = chance.randrange(len(data)), chance.choice((1, 16, 512, 4096))
    match chance.choice(("cut", "holed", "altered")):
        case "cut":
            return data[:place]
        case "holed":
            return data[:place] + bytes(min(length, len(data) - place)) + data[place + length :]
        case _:
            return data[:place] + chance.randbytes(min(length, len(data) - place)) + data[place + length :]
