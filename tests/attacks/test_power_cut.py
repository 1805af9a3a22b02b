"""A power cut: whatever the write-ahead log lost, a run is there whole or not at all, and the next goes on.

A disk keeps what was waited for, and each commit is waited for: an honest power cut takes only what no commit ended.
These tests go further and cut everywhere, as with a disk that lies: what came before is there, and nothing else.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade
from tests.attacks import courses, moments, power, structure, workloads
from tests.attacks.catalogs import Files
from tests.attacks.courses import Attack, Course
from tests.attacks.power import Disk
from tests.migrations import samples
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import World
from tests.volume import Volume

FULL = 2  # PRAGMA synchronous: each commit waits until the disk has it
FRAMES = 200  # of a log that was used before

pytestmark = [pytest.mark.promise("P3", "P8"), pytest.mark.warns]  # the next run warns of the one that never ended


@dataclass(kw_only=True)
class Plug:
    """Watches a run write its log, up to the power cut."""

    path: Path
    used: bool  # the log was, by earlier runs
    ends: list[int] = field(default_factory=lambda: [0])  # of the log, before the first commit, and after each
    waits: set[int] = field(default_factory=set)  # for the disk, of all connections that committed
    before: Disk | None = None

    def build(self, server: ModelsServer, url: str) -> World:
        """Give a world that waits for disks."""
        database = databases.open_(url)
        if self.used:
            use_log(self.path)
        self.before = power.take(self.path)
        sa.event.listen(database.engine, "commit", self.look)
        return replace(worlds.build(server, url), database=database)

    def look(self, connection: sa.Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        self.waits.add(driver.execute("PRAGMA main.synchronous").fetchone()[0])

    def committed(self) -> None:
        self.ends.append(power.end_of(power.log_of(self.path).read_bytes()))

    def commits_until(self, place: int) -> int:
        """How many commits lie before a place in the log."""
        return max(number for number, end in enumerate(self.ends) if end <= place)


def use_log(path: Path) -> None:
    """Leave frames in the log that are copied into the file already, so that the next writer begins it anew."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        for _ in range(FRAMES):
            connection.execute("UPDATE catalog_version SET version_num = version_num")
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    connection.close()


@dataclass(kw_only=True)
class Tally:
    """Counts what was found after each power cut, and keeps what was wrong."""

    attack: Attack
    course: Course
    every: int  # of so many power cuts one is followed by the next run
    figures: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[object, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Learn what the next run makes of the states before and after."""
        self.figures.update(power_cuts=0, before=0, after=0, mixed=0, unsound=0, next_runs=0, next_runs_that_differ=0)
        self.wanted = [self.attack.expected(done=done) for done in (False, True)]

    def judge(self, disk: Disk, path: Path, commits: int, *where: object) -> None:
        """Open what a power cut left."""
        done = self.course.is_done(commits)
        self.attack.leave()
        disk.put(path)
        sound = integrity(self.attack.world.database) == "ok"
        whole = moments.snapshot(self.attack.world.database) == self.course.kept[commits]
        goes_on = self.figures["power_cuts"] % self.every == 0
        same = not goes_on or self.attack.next_run() == self.wanted[done]
        self.figures.update(power_cuts=1, before=whole and not done, after=whole and done, mixed=not whole)
        self.figures.update(unsound=not sound, next_runs=goes_on, next_runs_that_differ=not same)
        if (sound, whole, same) != (True, True, True):
            self.wrong.append((*where, "sound" if sound else "unsound", "whole" if whole else "mixed", same))


def integrity(database: Database) -> object:
    with database.read() as connection:
        return connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()


@contextmanager
def pulled(
    name: str, *, used: bool, folder: Path, blank: Path, server: ModelsServer, every: int
) -> Iterator[tuple[Plug, Disk, Tally]]:
    """Let a run take place; give what it wrote, and a tally for what is left of that."""
    with courses.prepared(name, Files(folder=folder, blank=blank), server) as attack:
        path = attack.world.database.path
        assert path
        plug = Plug(path=path, used=used)
        course = attack.uninterrupted(plug.build, plug.committed)
        after = power.take(path)
        assert plug.waits == {FULL}
        assert plug.ends[-1] == power.end_of(after.log)
        yield plug, after, Tally(attack=attack, course=course, every=every)


@pytest.mark.parametrize("log", ["new", "used"])
@pytest.mark.parametrize("name", workloads.ALL)
def test_a_run_whose_log_lost_its_end_is_there_whole_or_not_at_all(  # noqa: PLR0917 - fixtures come by name
    name: str, log: str, tmp_path: Path, migrated_file: Path, server: ModelsServer, volume: Volume
) -> None:
    """SQLite's log cut, zeroed, torn, never written or with a hole: sound, nothing mixed, and the next run goes on."""
    every = volume.of(check=10, soak=1)
    with pulled(name, used=log == "used", folder=tmp_path, blank=migrated_file, server=server, every=every) as pull:
        plug, after, tally = pull
        assert plug.before
        for kind, place, disk in power.damages(plug.before, after, plug.ends, volume.of(check=4096, soak=512)):
            tally.judge(disk, plug.path, plug.commits_until(place), kind, place)
    volume.came_to(**tally.figures)
    assert tally.wrong == []
    assert min(tally.figures["before"], tally.figures["after"]) > 0


def test_a_log_that_is_half_copied_into_the_file_is_copied_again(
    tmp_path: Path, migrated_file: Path, server: ModelsServer, volume: Volume
) -> None:
    """Power cut while SQLite copies its log into the file: nothing of the run is lost."""
    every = volume.of(check=10, soak=1)
    with pulled("eventful", used=False, folder=tmp_path, blank=migrated_file, server=server, every=every) as pull:
        plug, written, tally = pull
        with sqlite3.connect(plug.path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        copied = Disk(file=plug.path.read_bytes(), log=b"")
        assert copied.file != written.file
        for place, disk in power.half_copied(written, copied, volume.of(check=4096, soak=512)):
            tally.judge(disk, plug.path, len(plug.ends) - 1, place)
    volume.came_to(**tally.figures)
    assert tally.wrong == []


@pytest.mark.parametrize("revision", [None, *samples.older()])
def test_a_migration_whose_log_lost_its_end_was_made_or_was_not(
    revision: str | None, sqlite_url: str, volume: Volume
) -> None:
    """Power cut while a catalog is made or upgraded: the old schema or the new one, and every row."""
    figures = Counter(power_cuts=0, before=0, after=0, mixed=0, unsound=0, upgrades=0)
    opened = databases.open_(sqlite_url) if revision is None else samples.load(sqlite_url, revision)
    path = opened.path
    assert path
    opened.close()
    file = path.read_bytes() if revision else b""
    upgrade.ensure(opened)
    after, made = power.take(path), structure.of(opened)
    end = power.end_of(after.log)
    opened.close()
    for kind, place, disk in power.damages(Disk(file=file, log=b""), after, [end], volume.of(check=4096, soak=512)):
        disk.put(path)
        found = upgrade.current(opened)
        wanted = upgrade.HEAD if place == end else revision
        figures.update(power_cuts=1, before=found == revision, after=found == upgrade.HEAD, mixed=found != wanted)
        figures.update(unsound=integrity(opened) != "ok")
        if figures["power_cuts"] % volume.of(check=20, soak=1) == 0:
            upgrade.ensure(opened)
            figures.update(upgrades=1)
            assert structure.of(opened) == made, (kind, place)
        opened.close()
    volume.came_to(**figures)
    assert figures["mixed"] == figures["unsound"] == 0
