"""Folders under attack: written by processes that are killed, several at once, or on a disk that is full."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.errors import ConfigError
from catalog.web.site.folder import MANIFEST
from tests.attacks.interrupted import Copyist
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import World
from tests.volume import Volume
from tests.web import test_publish
from tests.web.test_publish import ABSOLUTE, contents

LAST = 4
ENOUGH = "size=64m,nr_inodes=10000"
NARROW = ("b*",)  # another run may show fewer models
Contents = dict[str, bytes]

pytestmark = pytest.mark.promise("P3")


@dataclass(frozen=True, kw_only=True)
class Sites:
    """A catalog, and how its folder looked before its last runs, looks now, and would look with fewer models."""

    world: World
    folder: Path
    old: Contents
    new: Contents
    narrow: Contents

    def write(self, folder: Path, *models: str) -> None:
        test_publish.write(self.world.url, folder, now=self.world.now, source="one", base_url=ABSOLUTE, models=models)

    def assert_whole(self, folder: Path, when: object) -> None:
        """Hold each file under its name against what it was, and what it will be."""
        left = {name: body for name, body in contents(folder).items() if ".partial/" not in name}
        mixed = [name for name, body in left.items() if body not in (self.old.get(name), self.new.get(name))]
        assert mixed == [], when
        assert left.get(MANIFEST) != self.new[MANIFEST] or left == self.new, when


@pytest.fixture
def sites(server: ModelsServer, migrated_url: str, tmp_path: Path) -> Iterator[Sites]:
    world = worlds.build(server, migrated_url)
    yield publish_twice(world, tmp_path)
    world.database.close()


def publish_twice(world: World, folder: Path) -> Sites:
    def written(name: str, *models: str) -> Contents:
        made = folder / name
        test_publish.write(world.url, made, now=world.now, source="one", base_url=ABSOLUTE, models=models)
        return contents(made)

    world.lists("a", "b")
    world.sync()
    old = written("old")
    world.lists("b", "c", display_name="Now")
    for _ in range(3):
        world.sync()
    return Sites(world=world, folder=folder, old=old, new=written("new"), narrow=written("narrow", *NARROW))


def test_a_process_killed_while_it_publishes_leaves_whole_files_and_the_next_run_ends_it(
    sites: Sites, volume: Volume
) -> None:
    """SIGKILL before each operation on a file: all are whole, and the next run leaves no trace of it."""
    folder, kills, halves = sites.folder / "site", 0, 0
    with closing(Copyist()) as copyist:
        total = copyist.order("publish", sites.world.url, sites.folder / "counted", sites.world.now).moments
        assert contents(sites.folder / "counted") == sites.new
        assert total > 500, "nothing is watched"
        for number, moment in enumerate(spread(total, volume.of(12, total))):
            shutil.rmtree(folder, ignore_errors=True)
            if number % 4 < 2:
                shutil.copytree(sites.folder / "old", folder)
            kills += copyist.order("publish", sites.world.url, folder, sites.world.now, moment=moment).killed
            halves += any(folder.rglob("*.partial"))
            sites.assert_whole(folder, moment)
            sites.write(folder, *(NARROW if number % 2 else ()))
            assert contents(folder) == (sites.narrow if number % 2 else sites.new), moment
    assert kills > 4
    assert halves
    volume.came_to(kills=kills, files=len(sites.new), unfinished_files_left_and_cleared=halves, half_files=0)


def spread(total: int, count: int) -> list[int]:
    """Pick so many of the numbers below a total, evenly; and the last ones, where it is decided."""
    evenly = {number * total // count for number in range(min(count, total))}
    return sorted(evenly | set(range(max(0, total - LAST), total)))


def test_of_several_that_publish_at_once_and_are_killed_none_harms_what_another_wrote(
    sites: Sites, volume: Volume
) -> None:
    """Three processes, some of them killed, and a reader who looks all the time: whole files, and the right end."""
    folder, rounds, chance = sites.folder / "site", volume.of(3, 300), volume.random("at once")
    shutil.copytree(sites.folder / "old", folder)
    over, looks, kills = threading.Event(), 0, 0

    def publish(copyist: Copyist) -> bool:
        seconds = chance.uniform(0.01, 0.5) if chance.random() < 0.7 else 0.0  # 0: it may end
        return copyist.order("publish", sites.world.url, folder, sites.world.now, seconds=seconds).killed

    def look() -> int:
        looks = 0
        while not over.is_set():
            with suppress(FileNotFoundError):  # what goes while it is looked at
                sites.assert_whole(folder, looks)
                looks += 1
        return looks

    with ExitStack() as stack:
        copyists = [stack.enter_context(closing(Copyist())) for _ in range(3)]
        pool = stack.enter_context(ThreadPoolExecutor(4))
        looking = pool.submit(look)
        stack.callback(over.set)
        for _ in range(rounds):
            kills += sum(pool.map(publish, copyists))
        over.set()
        looks = looking.result()
    sites.write(folder)
    assert contents(folder) == sites.new
    assert kills
    volume.came_to(processes=3 * rounds, kills=kills, looks=looks, half_files=0)


@contextmanager
def small_disk(place: Path) -> Iterator[Callable[[str], None]]:
    """Give what sets the room of a disk of its own; skip the test where nobody may make one."""
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "none", str(place)], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("this user may not mount a disk that can be full; RLIMIT_FSIZE is tried in tests/web")
    try:
        yield lambda room: run("mount", "-o", f"remount,{room}", str(place))
    finally:
        run("umount", "--lazy", str(place))


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def test_a_disk_that_is_full_leaves_whole_files_and_the_next_run_ends_it(sites: Sites, volume: Volume) -> None:
    """A real disk that fills up, by bytes or by files, sooner and later: told in words, whole files, the right end."""
    full, parts, disk = 0, spread(100, volume.of(4, 100)), sites.folder / "disk"
    folder = disk / "site"
    with small_disk(disk) as give:
        for number, part in enumerate(parts):
            shutil.rmtree(folder, ignore_errors=True)
            if number % 2:
                shutil.copytree(sites.folder / "old", folder)
            give(too_little(disk, sites.new, part, of_files=number % 3 == 2))
            refused = write_if_possible(sites, folder)
            full += refused is not None
            assert refused is None or "No space left on device" in refused
            assert not any(folder.rglob("*.partial"))
            sites.assert_whole(folder, part)
            give(ENOUGH)
            sites.write(folder, *(NARROW if number % 2 else ()))
            assert contents(folder) == (sites.narrow if number % 2 else sites.new), part
    assert full
    volume.came_to(disks=len(parts), full=full, half_files=0)


def too_little(disk: Path, new: Contents, part: int, *, of_files: bool) -> str:
    """Say how much room a disk has when a part of the files, in percent, still fits."""
    used = os.statvfs(disk)
    if of_files:
        return f"nr_inodes={used.f_files - used.f_ffree + 1 + len(new) * part // 100}"
    blocks = sum(1 + len(body) // used.f_frsize for body in new.values())
    return f"nr_inodes=10000,size={(used.f_blocks - used.f_bfree + 1 + blocks * part // 100) * used.f_frsize}"


def write_if_possible(sites: Sites, folder: Path) -> str | None:
    """Publish; give the words when that is refused."""
    try:
        sites.write(folder)
    except ConfigError as error:
        return error.message
    return None
