"""Two machines, two sources and one catalog: every run is made for real, and told to the oracle."""

import copy
import math
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from catalog.domain import Policy
from catalog.errors import StoppedError
from catalog.store.engine import locks
from catalog.store.schema import views
from tests import server as play
from tests.attacks import comparing, reading
from tests.attacks.catalogs import Catalog
from tests.attacks.edits import Shelf
from tests.attacks.facts import TICK, Patience, Row, Run, Wish
from tests.attacks.listening import ListeningServer
from tests.attacks.mortal import MORTAL, Executioner
from tests.attacks.oracle import Oracle
from tests.attacks.reading import Answer
from tests.attacks.station import Mark, Reader, Station, Turn
from tests.server import Step
from tests.store import world as worlds
from tests.store.world import MINUTE, START

SOURCES = ("one", "two")
MACHINES = ("here", "there")
PAGE_SIZES: Mapping[Reader, int] = {("here", "one"): 2, ("there", "one"): 3, ("here", "two"): 4, ("there", "two"): 5}
FAULTS: Mapping[str, Step] = {
    "error": play.error(500),
    "refused": play.error(401),
    "html": play.html(),
    "cut": play.cut(),
    "reset": play.reset,
}


@dataclass(kw_only=True)
class Ground:
    """What all stories of an attack stand on."""

    catalog: Catalog
    servers: Mapping[str, ListeningServer]
    executioner: Executioner
    counts: Counter[str] = field(default_factory=Counter)


class Story:
    """A sequence of runs over a fresh catalog, and what the oracle makes of it."""

    def __init__(self, ground: Ground) -> None:
        """Begin with two lists of six models, and two machines whose clocks agree."""
        ground.catalog.renew()
        self.ground = ground
        self.oracle = Oracle()
        self.now = START
        self.skew = dict.fromkeys(MACHINES, 0.0)  # of the clocks, in minutes
        self.patience = dict.fromkeys(SOURCES, Patience())
        self.betas: dict[str, tuple[str, ...]] = dict.fromkeys(SOURCES, ())
        self.active: set[str] = set()  # sources whose lock is held
        self.uids: list[str] = []
        self.trouble: list[BaseException] = []
        self.shelves = {name: Shelf(server) for name, server in ground.servers.items()}
        for shelf in self.shelves.values():
            shelf.server.forget()
            shelf.show()
        self.stack = ExitStack()
        self.stations = {reader: self.station(reader) for reader in PAGE_SIZES}
        self.database = self.stations["here", "one"].database
        self.ground.counts["examples"] += 1

    def station(self, reader: Reader) -> Station:
        made = Station(**vars(worlds.build(self.ground.servers[reader[1]], self.ground.catalog.url)))
        made.page_size = PAGE_SIZES[reader]
        self.stack.callback(made.database.close)
        return made

    def close(self) -> None:
        """End the story."""
        with self.stack:
            self.ground.counts.update(f"{run.status} runs" for run in self.oracle.runs)
            self.ground.counts.update(change["kind"] for change in self.oracle.changes)
            self.ground.counts.update(self.oracle.notes)

    def compare(self) -> None:
        """Compare all that the catalog shows with what it should."""
        if self.trouble:
            raise self.trouble[0]
        lines = comparing.differences(self.database, self.oracle)
        self.ground.counts.update(steps=1, differences=len(lines))
        assert not lines, "\n".join(lines)
        uids = self.read_uids()
        assert uids[: len(self.uids)] == self.uids, "a change has another uid than it had"
        self.uids = uids

    def read_uids(self) -> list[str]:
        with self.database.read() as connection:
            return list(connection.scalars(sa.select(views.changes.c.uid).order_by(views.changes.c.change_id)))

    def wait_to_confirm(self, reader: Reader, ticks: int) -> None:
        """Let it be so late that a walk of the list as it is ends when an absence may be confirmed, to the tick."""
        machine, name = reader
        lacks = [model.lack for source, model in self.oracle.models() if source == name and model.lack]
        takes = math.ceil(len(self.shelves[name].ids) / PAGE_SIZES[reader]) + self.skew[machine]
        ends = [lack.since + self.patience[name].confirm_after - takes * MINUTE + ticks * TICK for lack in lacks]
        self.now = min((end for end in ends if end > self.now), default=self.now)

    # Runs

    def prepare(self, reader: Reader) -> Station:
        """Set a machine's clock and configuration."""
        machine, name = reader
        station = self.stations[reader]
        station.now = self.now + self.skew[machine] * MINUTE
        station.betas = self.betas[name]
        station.policy = Policy(**vars(self.patience[name]))
        return station

    def scope(self, name: str) -> Row:
        return {
            "base_url": self.ground.servers[name].url,
            "betas": sorted(self.betas[name]),
            "lifecycle": [],
            "workspace": "",
            "organization": None,
            "answered_workspace": None,
        }

    def run(self, turn: Turn) -> None:
        """Make a run, and tell the oracle of it."""
        name = turn.reader[1]
        station = self.prepare(turn.reader)
        if name in self.active and turn.sees_lock:
            self.oracle.skip(name, self.scope(name), station.now)
            station.make(turn)
            return
        oracle = copy.deepcopy(self.oracle) if turn.dry else self.oracle
        runs = [oracle.begin(name, self.scope(name), station.now)]
        with self.scripted(turn, station), nullcontext() if turn.sees_lock else unlocked():
            try:
                station.make(turn, lambda mark: self.tell(oracle, runs, turn, mark))
            except StoppedError:
                oracle.give_up(runs.pop(), station.now)
        assert not runs, "the second walk was not made"
        self.pass_time(turn, station)

    @contextmanager
    def scripted(self, turn: Turn, station: Station) -> Iterator[None]:
        """Let the server do at each request what befalls the run there."""
        name = turn.reader[1]
        numbers = [*turn.during, *(event[0] for event in (turn.rival, turn.fault) if event)]
        script = self.ground.servers[name].scripts[station.page_size]
        script.extend(self.step(turn, number) for number in range(max(numbers, default=-1) + 1))
        before, self.active = self.active, self.active | {name}
        yield
        self.active = before
        script.clear()

    def step(self, turn: Turn, number: int) -> Step:
        def befall(visit: play.Visit) -> None:
            try:
                if turn.rival and turn.rival[0] == number:
                    self.run(turn.rival[1])
                self.shelves[turn.reader[1]].edit(turn.during.get(number, ()))
            except BaseException as error:  # noqa: BLE001 - raised again where the test can see it
                self.trouble.append(error)
            answer = FAULTS[turn.fault[1]] if turn.fault and turn.fault[0] == number else play.honest
            answer(visit)

        return befall

    def tell(self, oracle: Oracle, runs: list[Run], turn: Turn, mark: Mark) -> None:
        """Tell the oracle how a run went, and compare what was said of it; a second one may begin at once."""
        name = turn.reader[1]
        run, patience = runs.pop(), self.patience[name]
        oracle.end(run, mark.walk, mark.now, patience, turn.wish)
        demand_told(oracle, run, mark, patience)
        is_first = len(self.stations[turn.reader].marks) == 1
        if is_first and not turn.dry and not patience.confirm_after and oracle.asks_again(run):
            runs.append(oracle.begin(name, self.scope(name), mark.now))

    def pass_time(self, turn: Turn, station: Station) -> None:
        machine = turn.reader[0]
        if turn.jump and turn.jump[0] < station.pages:
            self.skew[machine] += turn.jump[1]
        self.now = max(self.now, station.now - self.skew[machine] * MINUTE)

    # Runs that die, and runs at once

    def kill(self, turn: Turn, moment: int) -> None:
        """Make a run that dies by SIGKILL; only whether it had ended by then is asked of the database."""
        name = turn.reader[1]
        station = self.prepare(turn.reader)
        first, runs = len(station.answers), len(self.oracle.runs)
        dead = self.ground.executioner.kill(station, name, turn.wish, moment)
        self.wait_until_buried()
        walks = by_walk(station.answers[first:])
        statuses = self.statuses(after=runs)
        for status in statuses:
            walk = reading.walk(walks.pop(0) if walks else [])
            run = self.oracle.begin(name, self.scope(name), station.now)
            if status != "running":
                station.now += walk.pages * MINUTE
                self.oracle.end(run, walk, station.now, self.patience[name], turn.wish)
        if dead:
            self.ground.counts["killed before the end" if "running" in statuses else "killed outside of a run"] += 1
        self.pass_time(turn, station)

    def wait_until_buried(self) -> None:
        """Wait until Postgres has noticed that its client is dead: a matter of a millisecond."""
        dead = sa.text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
        while not self.database.is_sqlite:
            with self.database.read() as connection:
                if not connection.scalar(dead, {"name": MORTAL}):
                    return

    def statuses(self, *, after: int) -> list[str]:
        """Ask how the runs after this one ended."""
        view = views.sync_runs
        wanted = sa.select(view.c.status).where(view.c.run_id > after).order_by(view.c.run_id)
        with self.database.read() as connection:
            return [str(status) for status in connection.scalars(wanted)]

    def race(self, name: str, *, sees_lock: bool) -> None:
        """Let both machines run at once; in which order they came is asked of the database."""
        turns = [Turn(reader=(machine, name)) for machine in MACHINES]
        racing = [(turn, self.prepare(turn.reader)) for turn in turns]
        threads = [threading.Thread(target=station.make, args=[turn]) for turn, station in racing]
        with nullcontext() if sees_lock else unlocked():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        marks = [mark for _, station in racing for mark in station.marks]
        self.replay(name, sorted(marks, key=lambda mark: mark.report.run.run_id))
        for turn, station in racing:
            self.pass_time(turn, station)

    def replay(self, name: str, marks: list[Mark]) -> None:
        """Tell the oracle of runs that were made at once, by the order in which they began and ended."""
        still: list[tuple[Mark, Run]] = []

        def end(those: list[tuple[Mark, Run]]) -> None:
            for mark, run in sorted(those, key=lambda pair: pair[0].finished):
                still.remove((mark, run))
                self.oracle.end(run, mark.walk, mark.now, self.patience[name], Wish())

        for mark in marks:
            if mark.status == "skipped":
                end([pair for pair in still if pair[0].finished < mark.finished])
                self.oracle.skip(name, self.scope(name), mark.began)
            else:
                over = [other.finished for other, _ in still if other.status != "superseded"]
                end([pair for pair in still if over and pair[0].finished <= max(over)])
                still.append((mark, self.oracle.begin(name, self.scope(name), mark.began)))
        end(still.copy())


def demand_told(oracle: Oracle, run: Run, mark: Mark, patience: Patience) -> None:
    """Demand that the caller hears what is recorded."""
    assert mark.status == run.status, f"the run is {mark.status}, expected {run.status}"
    told = sorted((change.kind.value, change.model_id, change.field or "") for change in mark.told)
    mine = [row for row in oracle.changes if row["run_id"] == run.number]
    expected = sorted((row["kind"], row["model_id"], row["field"] or "") for row in mine)
    assert told == expected, f"told {told}, expected {expected}"
    lacks = sorted((one.model_id, one.missing_since, one.held, one.confirmed_from) for one in mark.report.missing)
    known = oracle.missing(run.source, patience)
    assert lacks == known, f"told as missing {lacks}, expected {known}"


def by_walk(answers: list[Answer]) -> list[list[Answer]]:
    """Part answers where a walk begins."""
    walks: list[list[Answer]] = []
    for answer in answers:
        if answer.cursor is None:
            walks.append([])
        walks[-1].append(answer)
    return walks


@contextmanager
def unlocked() -> Iterator[None]:
    """Let no run see another one's lock, as between machines that share a file but not its locks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locks, "hold", lambda *_: nullcontext(enter_result=True))
        yield
