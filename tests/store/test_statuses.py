"""Readers of runs, status by status: what each of them makes of a run that ended so, after one that was complete."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from catalog import health
from catalog.cli.reading import reads
from catalog.cli.running import run_lines
from catalog.cli.running.run_lines import Manner
from catalog.cli.terminal import cells
from catalog.domain import DIED, MERGED, Run, Status
from catalog.errors import Exit, StoppedError
from catalog.health import SourceCheck
from catalog.monitor import metrics
from catalog.service import sync
from catalog.store.engine import locks
from catalog.store.ingest import prune, runs
from catalog.store.queries import history, past, run_report, source_health
from catalog.web import pages
from catalog.wiring import after_run
from tests.store.delivering import types
from tests.store.world import MINUTE, START, World
from tests.subscribing import team

pytestmark = [pytest.mark.promise("P3", "P10"), pytest.mark.warns]

EVENTS = team("sync_failed", failures=1)


def begun(world: World) -> runs.OpenRun:
    world.pass_minutes(10)
    with world.database.write() as connection:
        return runs.begin(connection, 1, sync.scope_of(world.source("one")), world.now)


def stopped(world: World) -> None:
    def stop() -> None:
        raise StoppedError("the worker was stopped")

    with suppress(StoppedError):
        world.sync(on_wait=stop, subscriptions=EVENTS)


def superseded(world: World) -> None:
    opened = begun(world)
    with world.database.write() as connection:
        runs.supersede(connection, opened, world.now)


def skipped(world: World) -> None:
    with locks.hold(world.database, "one"):
        world.sync(subscriptions=EVENTS)


def held(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=EVENTS)


ENDS: dict[Status, Callable[[World], object]] = {
    Status.RUNNING: begun,
    Status.COMPLETE: lambda world: world.sync(subscriptions=EVENTS),
    Status.PARTIAL: lambda world: world.unclean(*"abcdef", subscriptions=EVENTS),
    Status.HELD: held,
    Status.FAILED: lambda world: world.cut(subscriptions=EVENTS),
    Status.SUPERSEDED: superseded,
    Status.ABANDONED: stopped,
    Status.SKIPPED: skipped,
}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What readers make of it; the usual is that of a run which says nothing of its source."""

    last: str = "complete"  # the last run that counts
    failed: int = 0  # in a row
    unclean: int = 0
    whole: int = 1  # the run that proves presence
    held: bool = False
    takes_slot: bool = False
    is_merged: bool = False
    problem: str = ""  # for the watcher
    codes: tuple[str, ...] = ()  # of `catalog status`
    told: tuple[str, ...] = ()  # to channels
    tone: str = "ok"  # on pages
    colour: str = ""  # on a terminal
    outcome: str | None = None  # of `catalog runs`, its beginning


EXPECTED = {
    Status.RUNNING: Expected(takes_slot=True, tone="note"),
    Status.COMPLETE: Expected(
        takes_slot=True, is_merged=True, whole=2, colour="green", outcome="6 models on 1 page: noth"
    ),
    Status.PARTIAL: Expected(
        last="partial",
        unclean=1,
        takes_slot=True,
        is_merged=True,
        codes=("unclean",),
        tone="note",
        colour="yellow",
        outcome="6 models on 1 page: nothing changed; ",
    ),
    Status.HELD: Expected(
        last="held",
        whole=2,
        held=True,
        takes_slot=True,
        is_merged=True,
        problem="one: held: 5 of 6 models",
        codes=("held", "missing"),
        tone="bad",
        colour="red",
        outcome="1 model on 1 page: 5 missing; ",
    ),
    Status.FAILED: Expected(
        last="failed",
        failed=1,
        takes_slot=True,
        problem="one: the models list of ",
        codes=("failed",),
        told=("sync_failed",),
        tone="bad",
        colour="red",
        outcome="the models list of ",
    ),
    Status.SUPERSEDED: Expected(outcome="a newer run began"),
    Status.ABANDONED: Expected(
        last="abandoned",
        failed=1,
        problem="one: the worker was stopped",
        codes=("failed",),
        told=("sync_failed",),
        tone="bad",
        colour="red",
        outcome="the worker was stopped",
    ),
    Status.SKIPPED: Expected(outcome="another run of this source is active"),
}


def test_each_status_has_its_row() -> None:
    assert {*ENDS} == {*EXPECTED} == {*Status}
    assert {each for each, expected in EXPECTED.items() if expected.is_merged} == {*MERGED}
    assert {each for each, expected in EXPECTED.items() if expected.failed} == {*DIED}


@pytest.fixture(params=list(Status), ids=lambda status: status.value)
def status(request: pytest.FixtureRequest, world: World) -> Status:
    """The status of the second run of a source, which is its last one."""
    world.lists(*"abcdef")
    world.sync(subscriptions=EVENTS)
    ended: Status = request.param
    ENDS[ended](world)
    assert world.rows("sync_runs", "run_id", "status") == [(1, "complete"), (2, ended.value)]
    return ended


def last_run(world: World) -> Run:
    with world.database.read() as connection:
        return next(history.runs(connection, limit=1))


def test_health_and_what_is_made_of_it(world: World, status: Status) -> None:
    expected = EXPECTED[status]
    with world.database.read() as connection:
        [found] = source_health.all_(connection)
        [row] = history.sources(connection)
    assert found.last is not None
    seen: dict[str, Any] = {
        "last": found.last.status.value,
        "failed": found.failed,
        "unclean": found.unclean,
        "held": bool(found.held),
    }
    assert seen == {name: getattr(expected, name) for name in seen}
    assert row.last_status is status
    checked = SourceCheck(name="one", row=row, stale_after=timedelta(hours=3), health=found)
    assert tuple(each.code for each in health.findings([checked], now=world.now)) == expected.codes
    ends = world.rows("sync_runs", "run_id", "finished_at")
    [(whole,)] = world.rows("sources", "last_whole_at")
    assert whole == ends[expected.whole - 1][1]


def test_the_watcher_and_the_channels(world: World, status: Status) -> None:
    expected = EXPECTED[status]
    [(problem, ended)] = after_run.problems_of(world.database, ["one"]).values()
    assert problem.startswith(expected.problem)
    assert bool(problem) == bool(expected.problem)
    assert ended is not None
    assert types(world) == list(expected.told)


def test_metrics(world: World, status: Status) -> None:
    expected = EXPECTED[status]
    lines = metrics.page(world.database).decode().splitlines()
    told = [line for line in lines if line.startswith("catalog_last_run_status{")]
    assert told == [f'catalog_last_run_status{{source="one",status="{expected.last}"}} 1.0']
    assert f'catalog_runs_failed_in_a_row{{source="one"}} {expected.failed}.0' in lines
    assert f'catalog_held{{source="one"}} {float(expected.held)}' in lines
    ends = {row[1]: row[2] for row in world.rows("sync_runs", "run_id", "status", "finished_at")}
    [at] = [float(line.split()[-1]) for line in lines if line.startswith("catalog_last_run_timestamp_seconds{")]
    assert at == (START + ends[expected.last] * MINUTE).timestamp()


def test_the_slot_of_a_schedule(world: World, status: Status) -> None:
    began = last_run(world).started_at
    with world.database.read() as connection:
        taken = run_report.has_begun(connection, "one", began - MINUTE, world.now)
        other = run_report.has_begun(connection, "two", began - MINUTE, world.now)
    assert (taken, other) == (EXPECTED[status].takes_slot, False)


def test_a_moment_shows_what_was_proven(world: World, status: Status) -> None:
    assert world.listed() == "abcdef"
    with world.database.read() as connection:
        assert [state.id for state in history.as_of(connection, world.now)] == [*"abcdef"]
        assert history.begins(connection) == {"one": last_run_of(world, 1).started_at}
        assert history.begins_whole(connection, "one") == last_run_of(world, 1).finished_at
        assert past.of(connection, "one").closed_by == 1
    ends = [row[1] for row in world.rows("sync_runs", "run_id", "finished_at")]
    seen = dict(world.rows("models", "id", "last_seen_at"))
    assert seen["a"] == ends[EXPECTED[status].whole - 1]


def last_run_of(world: World, number: int) -> Run:
    with world.database.read() as connection:
        return run_report.run(connection, number)


def test_lists_and_pages(world: World, status: Status) -> None:
    run, expected = last_run(world), EXPECTED[status]
    with world.database.read() as connection:
        assert [one.run_id for one in history.runs(connection, status=status.value, limit=1)] == [2]
    assert pages.run_tone(run.status) == expected.tone
    assert cells.cell("status", run.status, world.now).tone == expected.colour
    assert cells.cell("last_status", run.status, world.now).tone == expected.colour
    outcome = reads._outcome(run)
    assert (outcome or "").startswith(expected.outcome or "")
    assert (outcome is None) == (expected.outcome is None)


def test_the_next_run_goes_on(world: World, status: Status) -> None:
    world.lists(*"abcdef")
    report = world.sync(subscriptions=EVENTS)
    assert (report.run.status, report.exit_code, world.said) == (Status.COMPLETE, Exit.DONE, [])
    # One that was killed told nothing of itself: the next run tells it, before it tells of the recovery.
    failed = status is Status.RUNNING or EXPECTED[status].failed
    assert types(world) == (["sync_failed", "sync_recovered"] if failed else [])
    statuses = [row[1] for row in world.rows("sync_runs", "run_id", "status")]
    assert statuses[1] == ("abandoned" if status is Status.RUNNING else status.value)
    with world.database.read() as connection:
        [found] = source_health.all_(connection)
    assert (found.failed, found.unclean, found.held) == (0, 0, ())


def test_old_records_of_it_go_once_later_ones_say_the_same(world: World, status: Status) -> None:
    assert prune.prune(world.database, older_than=timedelta(0), now=world.now + MINUTE).runs == 0  # it is the newest
    world.lists(*"abcdef")
    for _ in range(2):
        world.sync()
    world.now += timedelta(days=1)
    prune.prune(world.database, older_than=timedelta(0), now=world.now)
    left = [row[0] for row in world.rows("sync_runs", "run_id")]
    assert (1 in left, 4 in left) == (True, True)
    # One that was merged stays until a later one is like it; an alert keeps its run.
    stays = status in {Status.PARTIAL, Status.HELD} or bool(EXPECTED[status].told)
    assert (2 in left) == stays


def test_runs_that_are_killed_time_and_again_are_told_as_failing(world: World) -> None:
    """A run tells that it failed when it ends: of a worker that was killed each time, no channel ever heard."""
    world.lists(*"abcdef")
    world.sync()
    source = world.source("one")
    options = sync.Options(clock=lambda: world.now, subscriptions=team("sync_failed"))
    with world.connect(source) as client:
        killed = sync.SourceSync(database=world.database, source=source, client=client, options=options)
        for told in ([], [], [], ["sync_failed"], ["sync_failed"]):
            world.pass_minutes(10)
            killed.begin()
            assert types(world) == told
    world.sync(subscriptions=team("sync_failed"))
    assert types(world) == ["sync_failed", "sync_recovered"]


# What a run's report is made into.

REPORTS = {  # exit code, and how its line begins
    Status.COMPLETE: (Exit.DONE, "6 models listed, nothing changed"),
    Status.PARTIAL: (Exit.DONE, "6 models listed, nothing changed"),
    Status.HELD: (Exit.HELD, "1 model listed, 5 missing"),
    Status.FAILED: (Exit.LISTING, "failed: the models list of "),
    Status.SKIPPED: (Exit.BUSY, "skipped: another run of this source is active"),
}


@pytest.mark.parametrize("status", REPORTS)
def test_a_report_has_its_exit_code_and_its_line(world: World, status: Status) -> None:
    world.lists(*"abcdef")
    world.sync()
    ENDS[status](world)
    [report] = world.every
    assert report.run.status is status
    code, line = REPORTS[status]
    assert report.exit_code is code
    assert run_lines.outcome(report, Manner()).startswith(line)
