"""The worker: when slots are, and that nothing a run does disturbs the others, the loop or the program's end."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from catalog import cron
from catalog.domain import Origin, Run, Status
from catalog.errors import CatalogError, ListingError, StoppedError
from catalog.service import schedule
from catalog.service.schedule import Chore, JobState, Task, Timetable, Worker
from catalog.service.sync import RunReport

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))
OFTEN = Timetable(when=timedelta(milliseconds=20))
SELDOM = Timetable(when=DAY * 300)


def ended(status: Status = Status.COMPLETE, failure: CatalogError | None = None) -> RunReport:
    counts = dict.fromkeys(("pages", "models_seen", "added", "returned", "changed", "missing", "removed"), 0)
    run = Run(
        run_id=1,
        source="one",
        status=status,
        origin=Origin.LIVE,
        started_at=NOW,
        finished_at=NOW,
        scope="{}",
        error=failure.message if failure else None,
        **counts,
    )
    return RunReport(run=run, baseline=False, failure=failure)


class Clock:
    """The wall clock, as wrong as a test wants it."""

    off = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.off


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sleeper(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of a machine that may sleep: APScheduler sees it, too."""

    class Shown(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock().astimezone(tz)

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", Shown)
    return clock


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass that no clock on the wall shows."""
    real, offset = time.monotonic, 0.0
    monkeypatch.setattr("catalog.service.schedule.time.monotonic", lambda: real() + offset)

    def wait(span: timedelta) -> None:
        nonlocal offset
        offset = span.total_seconds()

    return wait


@pytest.fixture
def few_threads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No thread can be started whose name begins with one of these."""
    refused: list[str] = []
    begin = threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if thread.name.startswith(tuple(refused)):
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr("threading.Thread.start", start)
    return refused


Start = Callable[..., Worker]


@pytest.fixture
def start(clock: Clock) -> Iterator[Start]:
    """Start a worker that is stopped after the test."""
    workers = []

    def begin(tasks: Sequence[Task], chores: Sequence[Chore] = (), stopping: threading.Event | None = None) -> Worker:
        stopping = stopping or threading.Event()
        worker = Worker(tasks, chores, stopping=stopping, clock=clock, spread=lambda: 0.0)
        worker.start()
        workers.append(worker)
        return worker

    yield begin
    for worker in workers:
        worker.stop(within=2)


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so; generous, for the machine may be busy."""
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.005)


def is_asleep(worker: Worker) -> bool:
    """Tell whether the loop has planned what it was told, and waits for the next time."""
    running = any(thread.name == "catalog sync one" for thread in threading.enumerate())
    told = worker._scheduler._event
    return not running and bool(told._cond._waiters) and not told.is_set()


def line(worker: Worker, source: str = "one") -> JobState:
    return next(line for line in worker.states() if line.source == source)


# Timetables


def test_slots_of_an_interval_are_the_same_for_every_worker() -> None:
    quarters = Timetable(when=15 * MINUTE)
    assert quarters.slot(NOW) == quarters.slot(NOW + 7 * MINUTE) == NOW + 15 * MINUTE
    assert Timetable(when=DAY).slot(NOW) == datetime(2026, 11, 23, tzinfo=UTC)
    assert Timetable(when=7 * DAY).slot(NOW).isoweekday() == 1


def test_jitter_moves_each_run_and_adds_up_to_nothing() -> None:
    table, slot = Timetable(when=HOUR, jitter=10 * MINUTE), NOW
    shares = itertools.cycle([0.0, 0.9, 0.5])
    for number in range(1, 101):
        moment = table.moment(slot, next(shares))
        assert slot <= moment <= slot + 9 * MINUTE
        slot = table.slot(moment)
        assert slot == datetime(2026, 11, 22, 9, tzinfo=UTC) + number * HOUR


def test_jitter_never_reaches_the_next_slot() -> None:
    table = Timetable(when=cron.parse("0,5 9 * * *"), jitter=HOUR)
    slot = table.slot(NOW)
    assert slot == NOW.replace(day=23, hour=9, minute=0)
    assert table.slot(table.moment(slot, 0.99)) == slot + 5 * MINUTE


def test_a_hundred_nights_in_berlin_have_a_hundred_runs() -> None:
    table = Timetable(when=cron.parse("30 2 * * *"), zone=BERLIN, jitter=20 * MINUTE)
    moment, nights = datetime(2026, 2, 1, 12, tzinfo=BERLIN).astimezone(UTC), []
    for _ in range(100):
        slot = table.slot(moment)
        moment = table.moment(slot, 0.5)
        nights.append(slot.astimezone(BERLIN))
    assert [night.date() for night in nights] == [nights[0].date() + number * DAY for number in range(100)]
    assert {(night.hour, night.minute) for night in nights} == {(2, 30), (3, 0)}
    assert [night.day for night in nights if night.hour == 3] == [29]


def test_a_source_that_fails_is_left_alone_longer_and_longer_but_no_longer_than_an_hour() -> None:
    waits = [schedule.back_off(failures) for failures in (0, 1, 2, 3, 6, 7, 8, 5_000)]
    assert waits == [0 * HOUR, MINUTE, 2 * MINUTE, 4 * MINUTE, 32 * MINUTE, HOUR, HOUR, HOUR]


# The worker


def test_each_source_is_read_at_once_and_then_again(start: Start) -> None:
    slots: list[datetime] = []

    def run(slot: datetime) -> RunReport:
        slots.append(slot)
        return ended()

    worker = start([Task(source="one", host="one", timetable=OFTEN, run=run)])
    wait_for(lambda: len(slots) >= 4)
    assert slots == sorted(set(slots))
    wait_for(lambda: line(worker).ended)
    assert line(worker).failures == 0


def test_a_run_that_takes_longer_than_its_interval_is_alone_and_is_followed_by_one(start: Start) -> None:
    going, most, runs = 0, 0, 0

    def run(_slot: datetime) -> RunReport:
        nonlocal going, most, runs
        going, runs = going + 1, runs + 1
        most = max(most, going)
        time.sleep(0.1)  # five slots
        going -= 1
        return ended()

    start([Task(source="one", host="one", timetable=OFTEN, run=run)])
    wait_for(lambda: runs >= 4)
    assert most == 1


@pytest.mark.warns
@pytest.mark.parametrize("failure", [ListingError("cut"), KeyError("sk-secret"), RecursionError()])
def test_a_source_that_fails_waits_and_disturbs_no_other(
    start: Start, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[datetime] = []

    def fail(_slot: datetime) -> RunReport:
        raise failure

    def run(slot: datetime) -> RunReport:
        runs.append(slot)
        return ended()

    worker = start(
        [
            Task(source="bad", host="bad", timetable=OFTEN, run=fail),
            Task(source="one", host="one", timetable=OFTEN, run=run),
        ]
    )
    wait_for(lambda: len(runs) >= 3 and line(worker, "bad").next and line(worker, "bad").ended)
    bad = line(worker, "bad")
    assert bad.failures == 1
    assert bad.next is not None
    assert bad.ended is not None
    assert 59 * SECOND < bad.next - bad.ended < 61 * SECOND
    assert "sk-secret" not in str(bad.failure) + "".join(record.getMessage() for record in caplog.records)


def test_failures_in_a_row_are_counted_until_a_run_succeeds(clock: Clock) -> None:
    reports = iter(
        [ended(failure=ListingError("cut")), ended(failure=ListingError("cut")), None, ended(Status.SKIPPED)]
    )
    task = Task(source="one", host="one", timetable=SELDOM, run=lambda _slot: next(reports, ended()))
    worker = Worker([task], stopping=threading.Event(), clock=clock, spread=lambda: 0.0)
    worker._slots[task.name] = NOW
    counts = []
    for _ in range(5):
        worker._take(task)
        counts.append(line(worker).failures)
    assert counts == [1, 2, 2, 2, 0]


def test_what_another_worker_did_is_no_failure_and_the_next_slot_is_tried(start: Start) -> None:
    answers = iter([None, ended(Status.SKIPPED)])
    worker = start([Task(source="one", host="one", timetable=OFTEN, run=lambda _slot: next(answers, ended()))])
    wait_for(lambda: (report := line(worker).report) and report.run.status is Status.COMPLETE)
    assert line(worker).failures == 0


@pytest.mark.warns
def test_a_hung_run_disturbs_no_other_and_is_told_of_once(
    start: Start, waited: Callable[[timedelta], None], caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()
    runs: list[datetime] = []

    def hang(_slot: datetime) -> RunReport:
        release.wait(30)
        return ended()

    def run(slot: datetime) -> RunReport:
        runs.append(slot)
        return ended()

    worker = start(
        [
            Task(source="hung", host="hung", timetable=OFTEN, run=hang),
            Task(source="one", host="one", timetable=OFTEN, run=run),
        ]
    )
    wait_for(lambda: len(runs) >= 3)
    assert worker.alive()
    waited(19 * MINUTE)
    assert worker.alive()
    waited(21 * MINUTE)
    assert [worker.alive(), worker.alive()] == [False, False]
    assert [record.getMessage() for record in caplog.records if "hung" in record.getMessage()] == [
        "hung: the run should have ended long ago, and still goes on"
    ]
    release.set()
    wait_for(lambda: line(worker, "hung").ended)
    assert worker.alive()


def test_only_a_few_runs_are_made_at_once_and_all_get_their_turn(start: Start) -> None:
    release = threading.Event()
    begun: list[datetime] = []

    def run(slot: datetime) -> RunReport:
        begun.append(slot)
        release.wait(30)
        return ended()

    worker = start([Task(source=f"s{number}", host=f"s{number}", timetable=SELDOM, run=run) for number in range(12)])
    wait_for(lambda: len(begun) == 8)
    release.set()
    wait_for(lambda: all(line.ended for line in worker.states()))


def test_a_host_whose_runs_all_hang_disturbs_no_other_host(start: Start) -> None:
    release = threading.Event()
    done: list[datetime] = []

    def hang(_slot: datetime) -> RunReport:
        release.wait(30)
        return ended()

    def run(slot: datetime) -> RunReport:
        done.append(slot)
        return ended()

    hung = [Task(source=f"h{number}", host="one", timetable=SELDOM, run=hang) for number in range(9)]
    worker = start([*hung, Task(source="other", host="another", timetable=OFTEN, run=run)])
    wait_for(lambda: len(done) >= 3)
    assert sum(state.began is not None for state in worker.states() if state.source != "other") == 4
    release.set()
    wait_for(lambda: all(state.ended for state in worker.states()))


@pytest.mark.warns
def test_a_chore_that_hangs_is_told_of_once(
    start: Start, waited: Callable[[timedelta], None], caplog: pytest.LogCaptureFixture
) -> None:
    release = threading.Event()
    begun: list[int] = []

    def hang() -> None:
        begun.append(1)
        release.wait(30)

    worker = start([], [Chore(name="alerts", work=hang, every=timedelta(milliseconds=10))])
    wait_for(lambda: begun)
    assert worker.alive()
    waited(19 * MINUTE)
    assert worker.alive()
    waited(21 * MINUTE)
    assert [worker.alive(), worker.alive()] == [False, False]
    assert [record.getMessage() for record in caplog.records] == [
        "alerts: the run should have ended long ago, and still goes on"
    ]
    assert len(begun) == 1
    waited(timedelta(0))
    release.set()
    wait_for(lambda: len(begun) > 1)


# When no thread can be started: RuntimeError, from a machine with too little memory or a container with a limit


@pytest.mark.warns
def test_a_run_or_chore_for_which_there_is_no_thread_costs_its_slot_alone(
    start: Start, few_threads: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It was never planned again, and the watchdog heard that all was well."""
    done: list[str] = []

    def run(source: str, _slot: datetime) -> RunReport:
        done.append(source)
        return ended()

    few_threads += ["catalog sync one", "catalog chore"]
    worker = start(
        [Task(source=source, host=source, timetable=OFTEN, run=partial(run, source)) for source in ("one", "two")],
        [Chore(name="chore", work=lambda: done.append("chore"), every=timedelta(milliseconds=20))],
    )
    wait_for(lambda: done.count("two") >= 3)
    assert set(done) == {"two"}
    assert worker.alive()
    few_threads.clear()
    wait_for(lambda: done.count("one") >= 2 and done.count("chore") >= 2)
    assert worker.alive()
    assert {record.getMessage() for record in caplog.records} == {
        f"{name}: no thread can be started for it now; it waits for its next time" for name in ("sync one", "chore")
    }


@pytest.mark.warns
def test_a_worker_that_begins_nothing_any_more_is_not_alive(
    start: Start, few_threads: list[str], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_threads.append("catalog sync")
    worker = start([Task(source="one", host="one", timetable=SELDOM, run=lambda _slot: ended())])
    assert worker.alive()
    clock.off = 31 * SECOND
    later = time.monotonic() + 31
    monkeypatch.setattr("catalog.service.schedule.time.monotonic", lambda: later)
    assert not worker.alive()


def test_a_wake_from_sleep_is_no_standstill(start: Start, clock: Clock) -> None:
    worker = start([Task(source="one", host="one", timetable=Timetable(when=HOUR), run=lambda _slot: ended())])
    wait_for(lambda: line(worker).next and line(worker).ended)
    clock.off = 7 * DAY
    assert worker.alive()


@pytest.mark.parametrize("refused", ["APScheduler", "catalog sync", "catalog chore"])
@pytest.mark.warns
def test_stopping_never_raises(clock: Clock, few_threads: list[str], refused: str) -> None:
    """It raised when a thread had never begun: the end of the program was a traceback."""
    few_threads.append(refused)
    task = Task(source="one", host="one", timetable=SELDOM, run=lambda _slot: ended())
    chore = Chore(name="chore", work=lambda: None, every=HOUR)
    worker = Worker([task], [chore], stopping=threading.Event(), clock=clock, spread=lambda: 0.0)
    with suppress(RuntimeError):
        worker.start()
    assert [worker.stop(within=2), worker.stop(within=0)] == [True, True]


def test_stopping_tells_the_runs_and_waits_for_them(start: Start) -> None:
    stopping = threading.Event()
    told: list[int] = []

    def run(_slot: datetime) -> RunReport:
        assert stopping.wait(30)
        told.append(1)
        raise StoppedError("enough")

    worker = start(
        [Task(source=f"s{number}", host=f"s{number}", timetable=OFTEN, run=run) for number in range(12)],
        stopping=stopping,
    )
    wait_for(lambda: sum(line.began is not None for line in worker.states()) == 8)
    assert worker.stop(within=2)
    assert len(told) == 8
    assert [line.failures for line in worker.states()] == [0] * 12


def test_stopping_does_not_wait_for_a_run_that_hangs(start: Start) -> None:
    release = threading.Event()

    def hang(_slot: datetime) -> RunReport:
        release.wait(30)
        return ended()

    worker = start([Task(source="one", host="one", timetable=OFTEN, run=hang)])
    wait_for(lambda: line(worker).began)
    assert not worker.stop(within=0.05)
    release.set()


def test_a_worker_that_never_began_can_be_stopped(clock: Clock) -> None:
    assert Worker([], stopping=threading.Event(), clock=clock, spread=lambda: 0.0).stop(within=0)


@pytest.mark.warns
def test_chores_are_done_in_between_whatever_they_raise(start: Start) -> None:
    done: list[str] = []

    def fail() -> None:
        done.append("bad")
        raise OSError("sk-secret")

    def stopped() -> None:
        done.append("stopped")
        raise StoppedError("enough")

    every = timedelta(milliseconds=10)
    start([], [Chore(name="bad", work=fail, every=every), Chore(name="stopped", work=stopped, every=every)])
    wait_for(lambda: done.count("bad") >= 3)
    assert done.count("stopped") == 1


def test_a_loop_that_goes_round_is_alive_and_one_that_stands_still_is_not(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = start([])
    assert worker.alive()
    worker.stop(within=1)
    later = time.monotonic() + 31
    monkeypatch.setattr("catalog.service.schedule.time.monotonic", lambda: later)
    assert not worker.alive()


def test_a_clock_that_goes_back_postpones_nothing(start: Start, clock: Clock) -> None:
    clock.off = 400 * DAY
    done: list[int] = []
    task = Task(source="one", host="one", timetable=Timetable(when=HOUR), run=lambda _slot: ended())
    worker = start([task], [Chore(name="chore", work=lambda: done.append(1), every=HOUR)])
    planned = line(worker).next
    assert planned is not None
    assert planned > datetime.now(UTC) + 399 * DAY
    clock.off = timedelta(0)
    assert worker.alive()
    planned = line(worker).next
    assert planned is not None
    assert planned <= datetime.now(UTC) + HOUR
    wait_for(lambda: done)


def test_a_clock_that_goes_back_a_little_postpones_nothing(start: Start, clock: Clock) -> None:
    clock.off = 20 * SECOND
    done: list[int] = []
    worker = start([], [Chore(name="chore", work=lambda: done.append(1), every=HOUR)])
    clock.off = timedelta(0)
    assert worker.alive()
    wait_for(lambda: done)


STEPS = {
    "nothing": timedelta(0),
    "an hour back": -HOUR,
    "a year back": -365 * DAY,
    "an hour ahead": HOUR,
    "a year ahead": 365 * DAY,
}
# Minutes between two slots, failures so far, whether this run fails too; minutes from 9:30, which the clock shows when
# the run ends, to the next one: where the clock went on or was set back, and where it was set ahead by more than any
# back-off.
NEXT = {
    "went well": (60, 0, False, 30, 30),
    "went well after failures": (60, 9, False, 30, 30),
    "failed": (60, 0, True, 30, 30),
    "failed for the eighth time": (60, 7, True, 90, 30),
    "failed where each minute is a slot": (1, 0, True, 2, 1),
    "failed where each minute is a slot, for the fourth time": (1, 3, True, 9, 1),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize("case", NEXT.values(), ids=NEXT)
def test_a_clock_that_is_set_during_a_run_puts_the_next_one_neither_into_the_past_nor_far_away(
    step: timedelta, case: tuple[int, int, bool, int, int]
) -> None:
    """It was set back by a year during a run: the source was left alone for that year."""
    every, failures, fails, expected, expected_ahead = case
    now = NOW

    def run(_slot: datetime) -> RunReport:
        nonlocal now
        now += step
        return ended(failure=ListingError("cut") if fails else None)

    task = Task(source="one", host="one", timetable=Timetable(when=every * MINUTE), run=run)
    worker = Worker([task], stopping=threading.Event(), clock=lambda: now, spread=lambda: 0.0)
    worker._slots[task.name] = NOW
    worker._put(task.name, failures=failures)
    worker._take(task)
    planned, wanted = line(worker).next, expected_ahead if step > timedelta(0) else expected
    assert planned == NOW + step + wanted * MINUTE
    assert line(worker).failures == (failures + 1 if fails else 0)
    assert worker.alive()
    assert line(worker).next == planned  # what the clock did before is no reason to plan anew


@pytest.mark.parametrize("step", [10 * SECOND, HOUR, 365 * DAY])
def test_a_clock_that_goes_back_ends_no_back_off(step: timedelta) -> None:
    """A source that failed for days was asked again at its next slot, a second later, whenever the clock was set."""
    now = NOW
    task = Task(source="one", host="one", timetable=Timetable(when=SECOND), run=lambda _slot: ended())
    worker = Worker([task], stopping=threading.Event(), clock=lambda: now, spread=lambda: 0.0)
    worker._put(task.name, failures=4, next=NOW + 8 * MINUTE)
    assert worker.alive()
    now = NOW - step
    assert worker.alive()
    assert line(worker).next == now + 8 * MINUTE + SECOND


@pytest.mark.warns
@pytest.mark.parametrize("kind", ["run", "chore"])
@pytest.mark.parametrize(
    "case",  # how far off the clock is, what passed, and whether the worker is alive
    [
        (timedelta(0), 19 * MINUTE, True),
        (timedelta(0), 21 * MINUTE, False),
        (400 * DAY, 19 * MINUTE, True),  # the clock was set, or the machine slept: nothing hangs
        (-400 * DAY, 21 * MINUTE, False),
        (-400 * DAY, 19 * MINUTE, True),
    ],
)
def test_what_hangs_is_told_by_the_time_that_passes_and_not_by_the_clock(
    start: Start,
    clock: Clock,
    waited: Callable[[timedelta], None],
    kind: str,
    case: tuple[timedelta, timedelta, bool],
) -> None:
    """A laptop that slept during a run was told of as a worker that hangs; one whose clock went back never was."""
    shown, passed, is_alive = case
    begun, release = threading.Event(), threading.Event()

    def hang(_slot: datetime | None = None) -> RunReport:
        begun.set()
        release.wait(5)
        return ended()

    if kind == "run":
        worker = start([Task(source="one", host="one", timetable=SELDOM, run=hang)])
    else:
        worker = start([], [Chore(name="one", work=hang, every=300 * DAY)])
    assert begun.wait(5)
    assert worker.alive()
    clock.off = shown
    waited(passed)
    assert worker.alive() is is_alive
    release.set()


def test_what_was_missed_in_a_sleep_is_made_up_for_once(start: Start, sleeper: Clock) -> None:
    slots: list[datetime] = []

    def run(slot: datetime) -> RunReport:
        slots.append(slot)
        return ended()

    worker = start([Task(source="one", host="one", timetable=Timetable(when=HOUR), run=run)])
    wait_for(lambda: line(worker).next and line(worker).ended and is_asleep(worker))
    missed = line(worker).next
    sleeper.off = 7 * DAY + 90 * SECOND  # its timer, too, stood still
    assert worker.alive()
    wait_for(lambda: len(slots) == 2 and line(worker).next)
    following = line(worker).next
    assert slots[1] == missed
    assert following is not None
    assert timedelta(0) < following - sleeper() <= HOUR
    assert worker.alive()
    assert len(slots) == 2


def test_a_machine_that_slept_for_years_goes_on_at_once(start: Start) -> None:
    done: list[int] = []
    worker = start([], [Chore(name="chore", work=lambda: done.append(1), every=HOUR)])
    wait_for(lambda: done)
    for job in worker._scheduler.get_jobs():
        job.modify(next_run_time=job.next_run_time - 4000 * DAY)
    wait_for(lambda: len(done) > 1)
