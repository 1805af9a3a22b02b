"""A database that refuses in the middle of a run: full, gone, cut off, crashed. The history stays, people are told."""

import functools
import gc
import itertools
import os
import re
import resource
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.domain import DIED
from catalog.errors import DatabaseError, Exit
from catalog.store.engine import database as databases
from catalog.store.schema import tables, upgrade
from tests import postgres
from tests.attacks import courses, moments, workloads
from tests.attacks.catalogs import Files, ServerCatalog, ServerCatalogs
from tests.attacks.courses import Attack
from tests.attacks.moments import Snapshot
from tests.server import ModelsServer
from tests.store.world import World
from tests.volume import Volume

PAGE = 4096
SECONDS_TO_RECOVER = 30

pytestmark = [
    pytest.mark.promise("P3", "P10"),
    pytest.mark.warns,  # some records of runs cannot even be closed
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),  # of cursors of a dead connection
]


@dataclass
class Bomb:
    """Does something at one moment of a run, counted from 0."""

    left: int = -1
    act: Callable[[], object] = print

    def __call__(self, _moment: str) -> None:
        self.left -= 1
        if self.left == -1:
            self.act()


@dataclass(kw_only=True)
class Trial:
    """Runs against a database that refuses, and what came of them."""

    attack: Attack
    words: str  # that tell of it
    bomb: Bomb = field(default_factory=Bomb)
    figures: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[object, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Learn how all goes without a fault."""
        self.figures.update(runs=0, refused=0, mixed=0, lost=0, next_runs_that_differ=0)
        self.course = self.attack.uninterrupted()
        self.wanted = [self.attack.expected(done=done) for done in (False, True)]
        moments.watch(self.attack.world.database, self.bomb)

    def run(self, where: object, fault: AbstractContextManager[object], *, due: bool = False) -> bool:
        """Make a run during a fault, then the next one without; tell whether it was refused.

        What was told as done must be there, and so must what is `due`: it was committed before the fault.
        """
        world = self.attack.begin()
        with fault:
            error = refusal(world, self.attack.workload.failures)
        left = moments.snapshot(world.database)
        done = generation(left) == generation(self.course.kept[-1])
        whole = moments.history(left) == moments.history(self.course.kept[-1 if done else 0])
        kept = done or (error is not None and not due)
        same = self.attack.next_run(DIED) == self.wanted[done]
        self.figures.update(
            runs=1, refused=error is not None, mixed=not whole, lost=not kept, next_runs_that_differ=not same
        )
        if not (self.is_told(error) and whole and kept and same):
            self.wrong.append((where, error and (error.message, error.hint), whole, kept, same))
        return error is not None

    def is_told(self, error: DatabaseError | None) -> bool:
        """Tell whether people learn what happened, and what to do."""
        if error is None:
            return True
        found = re.search(self.words, error.message)
        return bool(error.exit_code is Exit.DATABASE and found and error.hint)

    @contextmanager
    def at(self, moment: int, act: Callable[[], object]) -> Iterator[None]:
        """Let something happen at a moment of the run."""
        self.bomb.left, self.bomb.act = moment, act
        yield
        self.bomb.left = -1

    def came_to(self, volume: Volume) -> None:
        """See that nothing was wrong, and that the database did refuse."""
        volume.came_to(**self.figures)
        gc.collect()  # cursors that died with their connection warn of that, before they do so in another test
        assert self.wrong == []
        assert self.figures["refused"] > 0


def generation(found: Snapshot) -> list[object]:
    """How many walks each source has merged."""
    place = list(tables.source.columns).index(tables.source.c.generation)
    return [row[place] for row in found["catalog_source"]]


def refusal(world: World, failures: int) -> DatabaseError | None:
    try:
        workloads.run(world, failures)
    except DatabaseError as error:
        return error
    return None


# SQLite


@pytest.fixture
def files(tmp_path: Path, migrated_file: Path) -> Files:
    return Files(folder=tmp_path, blank=migrated_file)


@contextmanager
def no_file_longer_than(limit: int) -> Iterator[None]:
    """Let the system refuse to write further than this into any file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["quiet", "eventful"])
def test_a_disk_that_refuses_any_write_of_a_run_keeps_nothing_of_it(
    files: Files, server: ModelsServer, volume: Volume, name: str
) -> None:
    """No file may grow beyond a size, which is another one each time: exit 4, nothing of the run is kept."""
    with courses.prepared(name, files, server) as attack:
        trial = Trial(attack=attack, words="the disk")
        sizes = itertools.count(0, volume.of(check=2 * PAGE, soak=PAGE // 8))
        while trial.run(size := next(sizes), no_file_longer_than(size)):
            assert size < 1000 * PAGE
    trial.came_to(volume)


@contextmanager
def gone(trial: Trial, moment: int) -> Iterator[None]:
    """Take the file away at a moment, and give it back after the run, if nobody has made it anew."""
    path = trial.attack.world.database.path
    assert path
    away = path.with_suffix(".away")
    away.mkdir(exist_ok=True)
    with trial.at(moment, lambda: move(path, away)):
        yield
    trial.attack.leave()
    assert not path.exists()
    move(away / path.name, path.parent)


def move(path: Path, folder: Path) -> None:
    for file in path.parent.glob(f"{path.name}*"):
        file.rename(folder / file.name)


def test_a_file_that_goes_away_in_the_middle_of_a_run_is_told_and_not_made_anew(
    files: Files, server: ModelsServer, volume: Volume
) -> None:
    """Taken away before each statement: exit 4, no empty catalog takes its place, and it is sound when it is back."""
    with courses.prepared("eventful", files, server) as attack:
        trial = Trial(attack=attack, words="cannot be opened|moved or removed")
        for moment, (statement, _) in enumerate(trial.course.said):
            trial.run((moment, statement[:60]), gone(trial, moment))
    trial.came_to(volume)


# Postgres


@pytest.fixture
def databases_(postgres_server: postgres.Server, migrated_database: str) -> ServerCatalogs:
    return ServerCatalogs(server=postgres_server, blank=migrated_database)


def test_a_connection_cut_at_any_statement_leaves_all_or_nothing(
    databases_: ServerCatalogs, server: ModelsServer, volume: Volume
) -> None:
    """Every connection is ended before each statement: exit 4 unless the run did not need it, and nothing mixed."""
    with courses.prepared("eventful", databases_, server) as attack:
        trial = Trial(attack=attack, words="was lost")
        assert isinstance(attack.catalog, ServerCatalog)
        for moment, (statement, commits) in enumerate(trial.course.said):
            due = trial.course.is_done(commits)
            trial.run((moment, statement[:60]), trial.at(moment, attack.catalog.end_connections), due=due)
    trial.came_to(volume)


FULL = """
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION USING ERRCODE = ''disk_full''; END';
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON public.{table} FOR EACH ROW EXECUTE FUNCTION public.refuse()
"""


@contextmanager
def no_room_in(line: sa.Connection, table: str) -> Iterator[None]:
    """Let the server refuse to write into a table, as it does when its disk is full."""
    line.exec_driver_sql(FULL.format(table=table))
    yield
    line.exec_driver_sql("DROP FUNCTION public.refuse() CASCADE")


def test_a_server_without_room_keeps_nothing_of_a_run(
    databases_: ServerCatalogs, server: ModelsServer, volume: Volume
) -> None:
    """No room in one table after the other: exit 4, nothing of the run is kept."""
    with courses.prepared("eventful", databases_, server) as attack:
        trial = Trial(attack=attack, words="no room")
        assert isinstance(attack.catalog, ServerCatalog)
        for table in tables.metadata.tables:
            trial.run(table, no_room_in(attack.catalog.line, table))
    trial.came_to(volume)


def test_a_server_that_cannot_be_written_keeps_nothing_of_a_run(
    databases_: ServerCatalogs, server: ModelsServer, volume: Volume
) -> None:
    """Read-only, as a standby is: exit 4, nothing of the run is kept."""
    with courses.prepared("eventful", databases_, server) as attack:
        trial = Trial(attack=attack, words="read-only")
        assert isinstance(attack.catalog, ServerCatalog)
        assert trial.run("read-only", read_only(attack))
    trial.came_to(volume)


@contextmanager
def read_only(attack: Attack) -> Iterator[None]:
    assert isinstance(attack.catalog, ServerCatalog)
    name = postgres.name_of(attack.catalog.url)
    setting = f'ALTER DATABASE "{name}" SET default_transaction_read_only'
    attack.world.database.close()
    attack.catalog.line.exec_driver_sql(f"{setting} = on")
    yield
    attack.world.database.close()
    attack.catalog.line.exec_driver_sql(f"{setting} = off")


@pytest.mark.skipif(postgres.VARIABLE in os.environ, reason="a server of somebody else's is not crashed")
def test_a_server_that_crashes_in_the_middle_of_a_run_leaves_all_or_nothing(
    server: ModelsServer, volume: Volume
) -> None:
    """The server is killed and comes back, at several moments of a run: exit 4, nothing mixed, the next run goes on."""
    with postgres.running() as own, own.database() as url:
        migrated = databases.open_(url)
        upgrade.ensure(migrated)
        migrated.close()
        catalogs = ServerCatalogs(server=own, blank=postgres.name_of(url))
        with courses.prepared("eventful", catalogs, server) as attack:
            trial = Trial(attack=attack, words="")
            due = [trial.course.is_done(commits) for _, commits in trial.course.said]
            chosen = [0, due.index(True) // 2, due.index(True) - 1, due.index(True)]
            for moment in volume.of(chosen, list(range(len(due)))):
                trial.run((moment, trial.course.said[moment]), crash(trial, moment, own), due=due[moment])
    trial.came_to(volume)


@contextmanager
def crash(trial: Trial, moment: int, own: postgres.Server) -> Iterator[None]:
    """Kill a process of the server: it ends all of them at once, and begins anew from its log."""
    catalog = trial.attack.catalog
    assert isinstance(catalog, ServerCatalog)
    victim = int(catalog.line.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
    with trial.at(moment, functools.partial(os.kill, victim, signal.SIGKILL)):
        yield
    deadline = time.monotonic() + SECONDS_TO_RECOVER
    while not own.is_ready():
        assert time.monotonic() < deadline, "the server does not come back"
    catalog.reconnect()
