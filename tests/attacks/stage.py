"""Two machines, two sources and one catalog: every run is made for real, and told to the oracle."""

import copy
import json
import math
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.domain import Policy
from catalog.errors import ConfigError, StoppedError
from catalog.service import backfill
from catalog.service.looks import Look
from catalog.store.backup import copies
from catalog.store.engine import locks
from catalog.store.ingest import prune as pruning
from catalog.store.schema import views
from tests import server as play
from tests.attacks import comparing, reading
from tests.attacks.catalogs import Catalog
from tests.attacks.edits import Edit, Shelf
from tests.attacks.facts import TICK, Patience, Row, Run, Wish
from tests.attacks.listening import ListeningServer, honest
from tests.attacks.mortal import MORTAL, Executioner
from tests.attacks.onward import Onward
from tests.attacks.oracle import Oracle
from tests.attacks.reading import Answer
from tests.attacks.station import Mark, Reader, Station, Turn
from tests.attacks.ways import WAYS
from tests.server import ORGANIZATION, Step
from tests.store import world as worlds
from tests.store.world import MINUTE, START

SOURCES = ("one", "two")
MACHINES = ("here", "there")
QUIET = 4  # runs
DAY = timedelta(days=1)
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
    elsewhere: Catalog  # of the other kind
    folder: Path  # for copies
    servers: Mapping[str, ListeningServer]
    executioner: Executioner
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[BaseException] = field(default_factory=list)  # told again, a story may go another way


class Story:
    """A sequence of runs over a fresh catalog, and what the oracle makes of it."""

    def __init__(self, ground: Ground) -> None:
        """Begin with two lists of six models, and two machines whose clocks agree."""
        ground.catalog.renew()
        self.ground, self.catalog, self.copies = ground, ground.catalog, 0
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
        self.past = dict.fromkeys(SOURCES, START - 90 * DAY)  # of what was read long ago
        self.is_sound = True
        self.stack = ExitStack()
        self.enter(ground.catalog)
        self.ground.counts["examples"] += 1

    def enter(self, catalog: Catalog) -> None:
        """Let both machines work on a catalog from now on."""
        self.stack.close()
        self.catalog = catalog
        self.stations = {reader: self.station(reader) for reader in PAGE_SIZES}
        self.database = self.stations["here", "one"].database

    def station(self, reader: Reader) -> Station:
        made = Station(**vars(worlds.build(self.ground.servers[reader[1]], self.catalog.url)))
        made.page_size = PAGE_SIZES[reader]
        self.stack.callback(made.database.close)
        return made

    def close(self) -> None:
        """End the story."""
        with self.stack:
            self.ground.counts.update(f"in the way {shelf.way!r}" for shelf in self.shelves.values())
            self.ground.counts.update(f"{run.status} runs" for run in self.oracle.runs)
            self.ground.counts.update(change["kind"] for change in self.oracle.changes)
            self.ground.counts.update(self.oracle.notes)

    def compare(self) -> None:
        """Compare all that the catalog shows with what it should."""
        self.is_sound = False
        if self.trouble:
            raise self.trouble[0]
        lines = comparing.differences(self.database, self.oracle)
        self.ground.counts.update(steps=1, differences=len(lines))
        assert not lines, "\n".join(lines)
        uids = self.read_uids()
        assert uids[: len(self.uids)] == self.uids, "a change has another uid than it had"
        self.uids, self.is_sound = uids, True

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
        station.way = self.shelves[name].way
        station.layout = WAYS[station.way].settings()
        station.policy = Policy(**vars(self.patience[name]))
        return station

    def scope(self, name: str, **recorded: bool) -> Row:
        way = WAYS[self.shelves[name].way]
        return {
            "base_url": self.ground.servers[name].url,
            "betas": sorted(self.betas[name]),
            "lifecycle": [],
            "workspace": "",
            "organization": None,
            "answered_workspace": None,
            **({} if way.style == "cursor" else {"api": "custom"}),
            **({"ignore": list(way.settings()["ignore"])} if way.moves else {}),
            **recorded,
        }

    def run(self, turn: Turn) -> None:
        """Make a run, and tell the oracle of it."""
        self.is_sound = False
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
            answer = FAULTS[turn.fault[1]] if turn.fault and turn.fault[0] == number else honest
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
        first, runs = len(station.answers), self.oracle.last_number()
        dead = self.ground.executioner.kill(station, station.way, name, turn.wish, moment)
        self.wait_until_buried()
        walks = by_walk(station.answers[first:])
        statuses = self.statuses(after=runs)
        for status in statuses:
            walk = station.judge(walks.pop(0) if walks else [])
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

    # What befalls the catalog itself

    def move(self) -> None:
        """Copy the catalog into the one of the other kind, and go on there."""
        self.copies += 1
        there = self.ground.elsewhere if self.catalog is self.ground.catalog else self.ground.catalog
        copy_ = self.ground.folder / f"copy {self.ground.counts['examples']}-{self.copies}"
        copies.backup(self.database, copy_, on_progress=lambda *_: None)
        if self.copies == 1:
            there.renew()
        self.enter(there)
        options: dict[str, Any] = {"replace": True, "sources": SOURCES, "on_progress": lambda *_: None}
        copies.restore(self.database, copy_, now=self.now, **options)
        copy_.unlink()
        self.oracle.restore(self.now)
        self.ground.counts["copies moved"] += 1

    def prune(self, age: timedelta) -> None:
        """Drop old runs that recorded nothing; which of those is asked of the database, all else must stay as it is."""
        before = set(self.numbers())
        pruning.prune(self.database, older_than=age, now=self.now, sleep=lambda _: None)
        self.oracle.prune(before - set(self.numbers()), self.now - age)

    def numbers(self) -> list[int]:
        with self.database.read() as connection:
            return list(connection.scalars(sa.select(views.sync_runs.c.run_id)))

    def backfill(self, name: str, edits: Sequence[Collection[Edit]], *, same_scope: bool) -> None:
        """Record looks of long ago, if the list was never read live; else that is refused."""
        looks: list[tuple[datetime, bytes]] = []
        for each in edits:
            self.shelves[name].edit(each)
            self.past[name] += DAY
            looks.append((self.past[name], json.dumps(play.page(self.shelves[name].server.models)).encode()))
        source = self.prepare(("here", name)).source(name)
        wish = backfill.Wish(same_scope=same_scope)
        if any(run.source == name and run.origin == "live" and run.counts for run in self.oracle.runs):
            with pytest.raises(ConfigError, match="is closed"):
                backfill.fill(self.database, source, [look(*each) for each in looks], wish)
            self.ground.counts["backfills refused"] += 1
            return
        backfill.fill(self.database, source, [look(*each) for each in looks], wish)
        for at, body in looks:
            run = self.oracle.enter(name, self.scope(name, **({} if same_scope else {"recorded": True})), at)
            run.origin = "backfill"
            way = replace(WAYS[self.shelves[name].way], style="none")
            walk = reading.walk([Answer(cursor=None, status=200, body=body)], Onward, way=way)
            self.oracle.end(run, walk, at, self.patience[name], Wish())
        self.ground.counts["looks backfilled"] += len(looks)

    def calm_down(self) -> None:
        """Let each list rest: four runs have to find the truth, in which everything that asks for it is accepted."""
        self.skew = dict.fromkeys(MACHINES, 0.0)
        for name, shelf in self.shelves.items():
            shelf.calm(PAGE_SIZES["here", name])
            shelf.edit([("sign", ORGANIZATION)])
            found = 0
            for number in range(1, QUIET + 1):
                self.now += (
                    16 * DAY
                )  # longer than thirty days in two, after which askers that fell silent are forgotten
                accepts = number > 1
                self.run(Turn(reader=("here", name), wish=Wish(accept_removals=accepts, accept_scope=accepts)))
                self.compare()
                found = found if self.is_adrift(name) else found or number
            assert not self.is_adrift(name), f"{name} is not as it is after {QUIET} quiet runs"
            self.ground.counts["quiet runs at most"] = max(self.ground.counts["quiet runs at most"], found)

    def is_adrift(self, name: str) -> bool:
        """Tell whether the catalog lists something else than there is, or waits for something."""
        view = views.models.c
        wanted = sa.select(view.id, view.missing_since).where(view.source == name, view.removed_at.is_(None))
        with self.database.read() as connection:
            return {tuple(row) for row in connection.execute(wanted)} != {(id, None) for id in self.shelves[name].ids}

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


def look(at: datetime, body: bytes) -> Look:
    return Look(begin=at, end=at, name=at.isoformat(), read=lambda: body)


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
