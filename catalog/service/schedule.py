"""Runs each source by its timetable, and the chores in between. The only module that knows APScheduler.

When a run ends, it plans the next one. So two runs of a source never overlap, and slots that were missed while the
machine slept are made up for by one run. After failures in a row, a source takes the first slot that is at least one
minute later, then two, four... up to an hour. A run that could not begin plans nothing: then the timetable, as
APScheduler's trigger, gives the next slot.
"""

import logging
import math
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
from catalog.service.turns import Turns

log = logging.getLogger("catalog.service.schedule")

_MONDAY = datetime(2001, 1, 1, tzinfo=UTC)  # slots of `every` are counted from here, so that all workers have the same
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)  # back-off after failures in a row
_DEAD_AFTER = 30.0  # seconds for which something is late; then the loop counts as dead
_GRACE = timedelta(minutes=10)  # for the database, after the deadline of the walk
_CLOCK_SLACK = timedelta(seconds=5)  # smaller clock steps are ignored


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """When a source is read: at slots, each of which may be taken up to `jitter` later."""

    when: timedelta | Cron
    zone: tzinfo = UTC  # in which a Cron is read
    jitter: timedelta = timedelta(0)

    def slot(self, after: datetime) -> datetime:
        """Give the first slot after this moment. It depends on nothing else, so all workers agree on the slots."""
        if isinstance(self.when, Cron):
            return self.when.next(after, self.zone)
        return _MONDAY + ((after - _MONDAY) // self.when + 1) * self.when

    def moment(self, slot: datetime, share: float) -> datetime:
        """Give the moment to take a slot: later by this share (0 to 1) of the jitter, but before the next slot."""
        return slot + share * min(self.jitter, self.slot(slot) - slot)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Give APScheduler the next slot, however many were missed; a run that ends then plans a better time."""
        return self.slot(max(previous_fire_time or now, now))


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A source to read. `run` gets the slot, and gives None when another worker has taken it."""

    source: str
    host: str  # that is asked
    timetable: Timetable
    run: Callable[[datetime], RunReport | None]
    deadline: timedelta = timedelta(minutes=10)  # `run` keeps to it; a run that is far over it is logged

    @property
    def name(self) -> str:
        return f"sync {self.source}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Chore:
    """Other work that is done at intervals."""

    name: str
    work: Callable[[], object]
    every: timedelta
    deadline: timedelta = timedelta(minutes=10)  # as of a Task


@dataclass(frozen=True, kw_only=True, slots=True)
class JobState:
    """What a task is doing, and how it went last."""

    source: str
    began: datetime | None = None  # of the run that is going on
    ended: datetime | None = None  # of the last run
    next: datetime | None = None  # None: a run is going on, or waits for its turn
    report: RunReport | None = None  # of the last run that another worker did not make
    failure: CatalogError | None = None  # of the last run; it may have a report as well
    failures: int = 0  # in a row


def back_off(failures: int) -> timedelta:
    """Give the time from the beginning of a failed run to its next try, after so many failures in a row."""
    return min(_LONGEST, _SHORTEST * 2 ** min(failures - 1, 10)) if failures else timedelta(0)


class Worker:
    """Runs tasks and chores in threads, from `start` until `stop`; no exception of theirs ends it."""

    def __init__(
        self,
        tasks: Sequence[Task],
        chores: Sequence[Chore] = (),
        *,
        stopping: threading.Event,
        clock: Callable[[], datetime],
        spread: Callable[[], float],
    ) -> None:
        """Take an event that is set to stop the runs, the wall clock, and a source of random numbers from 0 to 1."""
        self._tasks, self._chores = tasks, chores
        self._jobs: tuple[Task | Chore, ...] = (*tasks, *chores)
        self._stopping, self._clock, self._spread = stopping, clock, spread
        self._states = {task.name: JobState(source=task.source) for task in tasks}
        self._slots: dict[str, datetime] = {}  # that the next run of each task takes
        self._turns = Turns()
        self._hangs_at: dict[str, float] = {}  # by the monotonic clock: when what goes on counts as hanging
        self._overdue: set[str] = set()
        self._checking = threading.Lock()
        self._well, self._seen = time.monotonic(), clock()  # when all was in time; the clock at the last check
        self._threads = _Threads()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": self._threads},
            job_defaults={"misfire_grace_time": None, "coalesce": True},
        )

    def start(self) -> None:
        """Start: each source is read at once, and then by its timetable."""
        now = self._clock()
        for task in self._tasks:
            self._slots[task.name] = now
            self._put(task.name, next=now)
            self._add(task.name, task.timetable, partial(self._take, task), now)
        for chore in self._chores:
            self._add(chore.name, Timetable(when=chore.every), partial(self._do, chore), now)
        self._scheduler.start()

    def _add(self, name: str, table: Timetable, work: Callable[[], object], now: datetime) -> None:
        self._scheduler.add_job(work, table, id=name, name=name, next_run_time=now)

    def stop(self, within: float) -> bool:
        """Stop the runs, and wait for them so many seconds at most; True when all have ended. Never raises."""
        self._stopping.set()
        if self._scheduler.running:
            with suppress(RuntimeError):  # raised when the loop's thread could not be started
                self._scheduler.shutdown(wait=False)
        return self._threads.join(within)

    def states(self) -> tuple[JobState, ...]:
        """Give the state of each source, in the order of the tasks."""
        return tuple(self._states[task.name] for task in self._tasks)

    def alive(self) -> bool:
        """Tell whether all begins in time and nothing hangs; what hangs is logged once. To be called every second.

        It also plans all anew when the clock was set back, as the next slot might be a year away, and wakes the loop:
        APScheduler's timer counts neither a machine's sleep nor a clock that was set.
        """
        with self._checking:
            now = self._clock()
            if now < self._seen - _CLOCK_SLACK:
                self._plan_anew(now)
            self._seen = now
            self._log_overdue()
            if self._scheduler.running:
                self._scheduler.wakeup()
                if not any(state.next and state.next < now - _CLOCK_SLACK for state in self.states()):
                    self._well = time.monotonic()
            return not self._overdue and time.monotonic() - self._well < _DEAD_AFTER

    def _log_overdue(self) -> None:
        now = time.monotonic()
        for job in self._jobs:
            overdue = now > self._hangs_at.get(job.name, math.inf)
            if overdue and job.name not in self._overdue:
                name = job.source if isinstance(job, Task) else job.name
                told = logs.event("run.overdue", source=name)
                log.error("%s: the run should have ended long ago, and still goes on", name, extra=told)
            (self._overdue.add if overdue else self._overdue.discard)(job.name)

    def _plan_anew(self, now: datetime) -> None:
        for task in self._tasks:
            state = self._states[task.name]
            if state.next:
                self._plan(task, now + back_off(state.failures))
        for chore in self._chores:
            self._move(chore.name, now)

    def _plan(self, task: Task, after: datetime) -> None:
        slot = self._slots[task.name] = task.timetable.slot(after)
        moment = task.timetable.moment(slot, self._spread())
        self._put(task.name, began=None, next=moment)
        self._move(task.name, moment)

    def _move(self, name: str, moment: datetime | None) -> None:
        """Set the next time of a job; None: never."""
        with suppress(JobLookupError):  # raised once the loop has ended
            self._scheduler.modify_job(name, next_run_time=moment)

    def _take(self, task: Task) -> None:
        """Make the run of a slot once a turn is free, and plan the next one."""
        self._put(task.name, next=None)
        with self._turns.take(task.host, self._stopping) as mine:
            if not mine:
                return
            began = self._clock()
            self._put(task.name, began=began)
            with self._timed(task):
                self._run(task, self._slots[task.name])
        ended = self._clock()
        state = self._put(task.name, ended=ended)
        # A clock that was set back meanwhile must not put the next run off by as much.
        self._plan(task, max(ended, min(began, ended) + back_off(state.failures)))

    @contextmanager
    def _timed(self, job: Task | Chore) -> Iterator[None]:
        """Let a job count as hanging when the block takes too long, whatever the clock is set to meanwhile."""
        self._hangs_at[job.name] = time.monotonic() + (job.deadline + _GRACE).total_seconds()
        try:
            yield
        finally:
            del self._hangs_at[job.name]

    def _run(self, task: Task, slot: datetime) -> None:
        report, failure, failures = None, None, self._states[task.name].failures
        try:
            report = task.run(slot)
            failure = report.failure if report else None
        except StoppedError:
            return
        except CatalogError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - no exception of a run may end the worker
            failure = _unforeseen(task.name, error)
        if failure is not None:
            failures += 1
        elif report is not None and report.run.status is not Status.SKIPPED:
            failures = 0  # a run of another worker says nothing about this one
        self._put(task.name, report=report, failure=failure, failures=failures)

    def _do(self, chore: Chore) -> None:
        try:
            with self._timed(chore):
                chore.work()
        except StoppedError:
            self._move(chore.name, None)
        except Exception as error:  # noqa: BLE001 - no exception of a chore may end the worker
            _unforeseen(chore.name, error)

    def _put(self, name: str, **values: Any) -> JobState:
        state = self._states[name] = replace(self._states[name], **values)
        return state


def _unforeseen(what: str, error: Exception) -> CatalogError:
    """Log an exception by its type alone, as its words may hold a secret; give the failure to show for it."""
    failure = CatalogError(f"{what}: unexpected: {type(error).__name__}")
    log.error("%s", failure.message, exc_info=error, extra=logs.event("job.failed", job=what))
    return failure


class _Threads(BaseExecutor):  # type: ignore[misc] # APScheduler has no types
    """A daemon thread per job: one that hangs delays neither the others nor the end of the program.

    A job that is due while it still runs is skipped silently.
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

    _do_submit_job = submit_job  # the abstract method that the base class would call

    def _carry_out(self, job: Any) -> None:
        try:
            job.func()
        finally:
            self._going.pop(job.id, None)
