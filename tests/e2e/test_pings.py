"""What the watcher hears of each way in which a run can end, from `catalog run` and from `catalog sync`.

There are two sources: a ping is a success only while neither has a problem.
"""

import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from catalog import cli, clock, wiring
from catalog.cli.context import Context
from catalog.cli.running.worker import _Runner
from catalog.errors import CatalogError
from catalog.service import sync
from catalog.service.sync import RunReport
from catalog.settings import SourceSettings
from catalog.store.engine import locks
from catalog.store.engine.database import Database
from catalog.upstream.client import SourceClient
from tests import server as wire
from tests.server import ModelsServer, model
from tests.store.world import NAMELESS

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]
START, GOOD, BAD = "/uuid/start", "/uuid", "/uuid/fail"


@dataclass
class Station:
    """Two sources, x and y, their catalog, and a watcher that hears of both."""

    server: ModelsServer
    watcher: ModelsServer
    database: Database
    patch: pytest.MonkeyPatch
    stack: ExitStack
    command: str = "run"
    stopping: threading.Event = field(default_factory=threading.Event)

    def work(self, name: str, *, slot: datetime | None = None) -> RunReport | None:
        """Make a run of a source as `catalog run` does, and wait until the watcher has heard of it."""
        context = Context()
        runner = _Runner(context, context.config(), self.database)
        runner._stopping = self.stopping
        try:
            return runner._run(self.source(name), slot or clock.utc_now())
        finally:
            for thread in threading.enumerate():
                if thread.name == "catalog-pings":
                    thread.join(5)

    def source(self, name: str) -> SourceSettings:
        [settings] = Context().config().select([name])
        return settings

    def heard(self) -> list[tuple[str, list[str]]]:
        """Give what the watcher heard since the last call: paths, and the problems that it was told."""
        found = [(seen.path, sorted(told(seen.body.decode()))) for seen in self.watcher.requests]
        self.watcher.requests.clear()
        return found


def told(text: str) -> list[str]:
    """Give the problems in a ping, without what differs from run to run."""
    return [re.sub(r"the models list of \S+ (HTTP \d+).*", r"\1", line) for line in text.splitlines()]


@pytest.fixture
def station(
    server: ModelsServer, migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Station]:
    """Two sources that were read well, once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THE_KEY", wire.KEY)
    shutil.copy(migrated_file, tmp_path / "catalog.db")
    watcher = ModelsServer(always=wire.answer({})).start()
    about = f'base_url = "{server.url}"\napi_key_env = "THE_KEY"\ndeadline = "1s"\ntimeout = "1s"\n'
    (tmp_path / "catalog.toml").write_text(
        f'[sources.x]\n{about}[sources.y]\n{about}[monitor]\nping_url = "{watcher.url}/uuid"\n'
    )
    server.models = [model("a"), model("b")]
    with closing(wiring.database(Context().config())) as database, ExitStack() as stack:
        station = Station(server, watcher, database, monkeypatch, stack)
        for name in ("x", "y"):
            station.work(name)
            assert station.heard() == [(START, []), (GOOD, [])]
        yield station
    watcher.close()


# How a run of x may go


def well(_station: Station) -> None:
    """Nothing goes wrong."""


def unclean(station: Station) -> None:
    station.server.models = [model("a"), model("b"), NAMELESS]


def held(station: Station) -> None:
    station.server.models = [model("z")]


def refused(station: Station) -> None:
    station.server.script(wire.error(401))


def busy(station: Station) -> None:
    station.stack.enter_context(locks.hold(station.database, "x"))


def overtaken(station: Station) -> None:
    """Another run of x begins later and ends first: the lock that would have kept them apart was lost."""
    station.patch.setattr(locks, "hold", lambda *_: nullcontext(enter_result=True))

    def step(visit: wire.Visit) -> None:
        sync.sync_source(station.database, station.source("x"), wiring.connector())
        wire.honest(visit)

    station.server.script(step)


def keyless(station: Station) -> None:
    station.patch.delenv("THE_KEY")


def broken(station: Station) -> None:
    def connect(_source: SourceSettings) -> SourceClient:
        until = time.monotonic() + 5
        while not station.watcher.requests:  # of two pings that wait, the worker sends the newer one alone
            assert time.monotonic() < until, "waited in vain"
        raise ZeroDivisionError("sk-secret")

    station.patch.setattr(wiring, "connector", lambda *_, **__: connect)


def stopped(station: Station) -> None:
    def step(visit: wire.Visit) -> None:
        if station.command == "run":
            station.stopping.set()
        else:
            os.kill(os.getpid(), signal.SIGINT)
        wire.silence()(visit)

    station.server.script(step)


HELD = "x: held: 2 of 2 models that were listed before are gone at once: they wait for --accept-removals"
REFUSED = "HTTP 401"
NO_KEY = "x: no API key: THE_KEY is not set"
CRASHED = "x: unexpected: ZeroDivisionError"
# What the watcher hears at the end of a run of x from the worker and from the sync; None: of its end it hears nothing.
WAYS: dict[str, tuple[Callable[[Station], None], list[str] | None, list[str] | None]] = {
    "complete": (well, [], []),
    "partial": (unclean, [], []),
    "held": (held, [HELD], [HELD]),
    "failed": (refused, [f"x: {REFUSED}"], [f"x: {REFUSED}"]),
    "skipped": (busy, None, []),
    "superseded": (overtaken, [], []),
    "without a key": (keyless, [NO_KEY], None),
    "crashed": (broken, [CRASHED], [CRASHED]),
    "stopped": (stopped, None, ["it ended with KeyboardInterrupt", "x: it was interrupted"]),
}


@pytest.mark.parametrize("other", ["well", "failed before"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", ["run", "sync"])
def test_the_watcher_hears_how_each_run_began_and_ended(station: Station, command: str, way: str, other: str) -> None:
    about_y = [f"y: {REFUSED}"] if other == "failed before" else []
    if about_y:
        refused(station)
        station.work("y")
        assert station.heard() == [(START, []), (BAD, about_y)]
    prepare, by_worker, by_sync = WAYS[way]
    station.command = command
    prepare(station)
    if command == "run":
        with suppress(CatalogError, ZeroDivisionError, KeyboardInterrupt):
            station.work("x")
    else:
        cli.run(["sync", "x"])
    problems = by_worker if command == "run" else by_sync
    ends = [] if problems is None else [(BAD if problems + about_y else GOOD, sorted(problems + about_y))]
    begins: list[tuple[str, list[str]]] = [] if (command, way) == ("sync", "without a key") else [(START, [])]
    assert station.heard() == begins + ends


def test_the_watcher_hears_nothing_of_a_slot_that_another_worker_took(station: Station) -> None:
    slot = clock.utc_now()
    station.work("x")
    station.heard()
    assert station.work("x", slot=slot) is None
    assert station.heard() == []
