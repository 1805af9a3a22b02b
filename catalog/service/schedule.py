"""Keeps to the timetables: each source at its time, one run of it at once. The only module that knows APScheduler.

What a run is, and what else is to be done, comes in as callables; this module knows no database and prints nothing.

A run names the time of the next one when it ends. So two runs of a source never overlap, and what was missed while the
machine slept is made up for once. A source that fails waits for the first slot a minute later, then two, four... up to
an hour. A run that cannot even begin names nothing: then the timetable, as APScheduler's trigger, gives the next slot.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

from apscheduler.executors.base import BaseExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from catalog import logs
from catalog.cron import Cron
from catalog.domain import Status
from catalog.errors import CatalogError, StoppedError
from catalog.service.sync import RunReport

log = logging.getLogger("catalog.service.schedule")

_MONDAY = datetime(2001, 1, 1, tzinfo=UTC)  # slots of `every` are counted from here, so that all workers have the same
_AT_ONCE = 4  # runs: each needs at most two connections of the database's pool, and all of them one for their locks
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)
_GLANCE = 0.2  # seconds
_SILENT = 30.0  # seconds; when something has been late for so long, the loop counts as dead
_GRACE = timedelta(minutes=10)  # for the database, once the time for the walk is up
_CLOCK_SLACK = timedelta(seconds=5)  # well below _SILENT: for so long nothing begins


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """When a source is read: at slots, each of which may be taken up to `jitter` later."""

    when: timedelta | Cron
    zone: tzinfo = UTC  # in which a Cron is read
    jitter: timedelta = timedelta(0)

    def slot(self, after: datetime) -> datetime:
        """Give the first slot after this moment. Slots depend on nothing else: workers agree on them, jitter or not."""
        if isinstance(self.when, Cron):
            return self.when.next(after, self.zone)
        return _MONDAY + ((after - _MONDAY) // self.when + 1) * self.when

    def moment(self, slot: datetime, share: float) -> datetime:
        """Give the moment at which to take a slot: later by this share (0 to 1) of the jitter, but before the next."""
        return slot + share * min(self.jitter, self.slot(slot) - slot)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Give APScheduler the next slot, however many were missed; a run that begins and ends names a better time."""
        return self.slot(max(previous_fire_time or now, now))


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A source to be read. `run` gets the slot, and gives None when another worker has taken it already."""

    source: str
    timetable: Timetable
    run: Callable[[datetime], RunReport | None]
    deadline: timedelta = timedelta(minutes=10)  # `run` keeps to it; one that is overdue by far is told of

    @property
    def name(self) -> str:
        return f"sync {self.source}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chore:
    """Something else to be done every so often."""

    name: str
    work: Callable[[], object]
    every: timedelta
    deadline: timedelta = timedelta(minutes=10)  # as of a Task


@dataclass(frozen=True, kw_only=True, slots=True)
class JobState:
    """How a source stands."""

    source: str
    began: datetime | None = None  # of the run that is going on
    ended: datetime | None = None  # of the last run
    next: datetime | None = None  # None: a run is going on, or waits for its turn
    report: RunReport | None = None  # of the last run that another worker did not make
    failure: CatalogError | None = None  # of the last run; it may have a report as well
    failures: int = 0  # in a row


def patience(failures: int) -> timedelta:
    """Say how long after its beginning the last of so many failed runs in a row is not repeated."""
    return min(_LONGEST, _SHORTEST * 2 ** min(failures - 1, 10)) if failures else timedelta(0)


class Worker:
    """Runs tasks and chores, in threads, from `start` until `stop`; nothing that they raise ends it."""

    def __init__(
        self,
        tasks: Sequence[Task],
        chores: Sequence[Chore] = (),
        *,
        stopping: threading.Event,
        clock: Callable[[], datetime],
        spread: Callable[[], float],
    ) -> None:
        """Take the event that tells the runs to stop, the wall clock, and a source of random shares from 0 to 1."""
        self._tasks, self._chores = tasks, chores
        self._jobs: tuple[Task | Chore, ...] = (*tasks, *chores)
        self._stopping, self._clock, self._spread = stopping, clock, spread
        self._lines = {task.name: JobState(source=task.source) for task in tasks}
        self._lines |= {chore.name: JobState(source=chore.name) for chore in chores}
        self._slots: dict[str, datetime] = {}  # that the next run of each task takes
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._overdue: set[str] = set()
        self._looking = threading.Lock()
        self._well, self._seen = time.monotonic(), clock()
        self._threads = _Threads()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": self._threads},
            job_defaults={"misfire_grace_time": None, "coalesce": True},
        )

    def start(self) -> None:
        """Begin: each source is read at once, and then by its timetable."""
        now = self._clock()
        for task in self._tasks:
            self._slots[task.name] = now
            self._put(task.name, next=now)
            self._add(task.name, task.timetable, partial(self._begin, task), now)
        for chore in self._chores:
            self._add(chore.name, Timetable(when=chore.every), partial(self._do, chore), now)
        self._scheduler.start()

    def _add(self, name: str, table: Timetable, work: Callable[[], object], now: datetime) -> None:
        self._scheduler.add_job(work, table, id=name, name=name, next_run_time=now)

    def stop(self, within: float) -> bool:
        """Tell the runs to stop and wait for them, so many seconds at most; True when all have ended. Never raises."""
        self._stopping.set()
        if self._scheduler.running:
            with suppress(RuntimeError):  # of a loop whose thread could not be started
                self._scheduler.shutdown(wait=False)
        return self._threads.join(within)

    def lines(self) -> tuple[JobState, ...]:
        """Say how each source stands, in their order."""
        return tuple(self._lines[task.name] for task in self._tasks)

    def alive(self) -> bool:
        """Tell whether all begins in time and nothing hangs; what hangs is told of, once. To be asked every second.

        It also plans anew when the clock went back, lest the next slot be a year away, and makes the loop look at the
        clock again: its timer counts neither a machine's sleep nor a clock that was set.
        """
        with self._looking:
            return self._is_alive(self._clock())

    def _is_alive(self, now: datetime) -> bool:
        if now < self._seen - _CLOCK_SLACK:
            self._plan_anew(now)
        self._seen = now
        self._tell_of_overdue(now)
        if self._scheduler.running:
            self._scheduler.wakeup()
            if not any(line.next and line.next < now - _CLOCK_SLACK for line in self.lines()):
                self._well = time.monotonic()
        return not self._overdue and time.monotonic() - self._well < _SILENT

    def _tell_of_overdue(self, now: datetime) -> None:
        for job in self._jobs:
            line = self._lines[job.name]
            overdue = line.began is not None and now > line.began + job.deadline + _GRACE
            if overdue and job.name not in self._overdue:
                told = logs.event("run.overdue", source=line.source)
                log.error("%s: the run should have ended long ago, and still goes on", line.source, extra=told)
            (self._overdue.add if overdue else self._overdue.discard)(job.name)

    def _plan_anew(self, now: datetime) -> None:
        for task in self._tasks:
            if self._lines[task.name].next:
                self._plan(task, now)
        for chore in self._chores:
            self._move(chore.name, now)

    def _plan(self, task: Task, after: datetime) -> None:
        slot = self._slots[task.name] = task.timetable.slot(after)
        moment = task.timetable.moment(slot, self._spread())
        self._put(task.name, began=None, next=moment)
        self._move(task.name, moment)

    def _move(self, name: str, moment: datetime | None) -> None:
        """Set when this is done next; None: never."""
        with suppress(JobLookupError):  # the loop has ended
            self._scheduler.modify_job(name, next_run_time=moment)

    def _begin(self, task: Task) -> None:
        self._put(task.name, next=None)
        self._take(task, self._slots[task.name])

    def _take(self, task: Task, slot: datetime) -> None:
        """Take a slot, when it is this source's turn, and plan the next one."""
        with self._turn() as mine:
            if not mine:
                return
            began = self._clock()
            self._put(task.name, began=began, next=None)
            self._run(task, slot)
        ended = self._clock()
        line = self._put(task.name, ended=ended)
        self._plan(task, max(ended, began + patience(line.failures)))

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Wait for one of the few turns; False: the worker stops."""
        while not self._turns.acquire(timeout=_GLANCE):
            if self._stopping.is_set():
                yield False
                return
        try:
            yield not self._stopping.is_set()
        finally:
            self._turns.release()

    def _run(self, task: Task, slot: datetime) -> None:
        try:
            report = task.run(slot)
        except StoppedError:
            return
        except CatalogError as failure:
            self._note(task, None, failure)
        except Exception as error:  # noqa: BLE001 - the worker outlives whatever a run does
            self._note(task, None, _unforeseen(task.name, error))
        else:
            self._note(task, report, report.failure if report else None)

    def _note(self, task: Task, report: RunReport | None, failure: CatalogError | None) -> None:
        failures = self._lines[task.name].failures
        if failure is not None:
            failures += 1
        elif report is not None and report.run.status is not Status.SKIPPED:
            failures = 0  # what another worker managed to do says nothing about this one
        self._put(task.name, report=report, failure=failure, failures=failures)

    def _do(self, chore: Chore) -> None:
        self._put(chore.name, began=self._clock())
        try:
            chore.work()
        except StoppedError:
            self._move(chore.name, None)
        except Exception as error:  # noqa: BLE001 - the worker outlives whatever a chore does
            _unforeseen(chore.name, error)
        self._put(chore.name, began=None)

    def _put(self, name: str, **values: Any) -> JobState:
        line = self._lines[name] = replace(self._lines[name], **values)
        return line


def _unforeseen(what: str, error: Exception) -> CatalogError:
    """Tell of an exception by its type alone: its words may hold a secret."""
    failure = CatalogError(f"{what}: unexpected: {type(error).__name__}")
    log.error("%s", failure.message, exc_info=error, extra=logs.event("job.failed", job=what))
    return failure


class _Threads(BaseExecutor):  # type: ignore[misc] # APScheduler has no types
    """A thread per job, for which nobody must wait: one that hangs delays neither the others nor the program's end.

    What is due while it goes on already is left out, without a word.
    """

    def __init__(self) -> None:
        super().__init__()
        self._going: dict[str, threading.Thread] = {}

    def join(self, within: float) -> bool:
        """Wait for all jobs, so many seconds at most; True when they have ended."""
        until = time.monotonic() + within
        threads = [thread for thread in list(self._going.values()) if thread.is_alive()]
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def submit_job(self, job: Any, _run_times: list[datetime]) -> None:
        going = self._going.get(job.id)
        if going is not None and going.is_alive():
            return
        thread = threading.Thread(target=self._carry_out, args=(job,), name=f"catalog {job.name}", daemon=True)
        self._going[job.id] = thread
        try:
            thread.start()
        except RuntimeError:
            told = logs.event("job.failed", job=job.name)
            log.exception("%s: no thread can be started for it now; it waits for its next time", job.name, extra=told)

    _do_submit_job = submit_job  # what APScheduler calls for executors that do not count for themselves

    def _carry_out(self, job: Any) -> None:
        try:
            job.func()
        finally:
            self._going.pop(job.id, None)
