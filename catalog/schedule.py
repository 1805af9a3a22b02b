"""Keeps to the timetables: each source at its time, one run of it at once. The only module that knows APScheduler.

What a run is, and what else is to be done, comes in as callables; this module knows no database and prints nothing.

A run plans the next one when it ends. So two runs of a source never overlap, and what was missed while the machine
slept is made up for once. A source that fails waits for the first slot a minute later, then two, four... up to an hour.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from apscheduler.executors.base import BaseExecutor, run_job
from apscheduler.executors.debug import DebugExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from catalog import logs
from catalog.cron import Cron
from catalog.domain import Status
from catalog.errors import CatalogError, StoppedError
from catalog.sync import RunReport

log = logging.getLogger("catalog.schedule")

_MONDAY = datetime(2001, 1, 1, tzinfo=UTC)  # slots of `every` are counted from here, so that all workers have the same
_AT_ONCE = 4  # runs: each needs at most two connections of the database's pool, and all of them one for their locks
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(hours=1)
_GLANCE = 0.2  # seconds
_BEAT = timedelta(seconds=1)
_SILENT = 30.0  # seconds without a beat after which the loop counts as dead
_GRACE = timedelta(minutes=10)  # for the database, once the time for the walk is up
_CLOCK_SLACK = timedelta(seconds=5)  # well below _SILENT: for so long nothing begins


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A source to be read. `run` gets the slot, and gives None when another worker has taken it already."""

    source: str
    timetable: Timetable
    run: Callable[[datetime], RunReport | None]
    deadline: timedelta = timedelta(minutes=10)  # `run` keeps to it; one that is overdue by far is told of


@dataclass(frozen=True, kw_only=True, slots=True)
class Chore:
    """Something else to be done now and then, so long after it was done last."""

    name: str
    work: Callable[[], object]
    every: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """How a source stands."""

    source: str
    began: datetime | None = None  # of the run that is going on
    ended: datetime | None = None  # of the last run
    next: datetime | None = None  # None: a run is going on
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
        self._tasks = {task.source: task for task in tasks}
        self._chores = chores
        self._stopping, self._clock, self._spread = stopping, clock, spread
        self._lines = {task.source: Line(source=task.source) for task in tasks}
        self._planned: dict[str, Any] = {}
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._overdue: set[str] = set()
        self._looking = threading.Lock()
        self._beaten, self._seen = time.monotonic(), clock()
        self._threads = _Threads()
        self._scheduler = _Loop(
            timezone=UTC,
            executors={"default": self._threads, "loop": DebugExecutor()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin: each source is read at once, and then by its timetable."""
        now = self._clock()
        for task in self._tasks.values():
            self._plan(task, slot=now, moment=now)
        for chore in self._chores:
            self._plan_chore(chore, now)
        self._beat()
        self._scheduler.start()

    def stop(self, within: float) -> bool:
        """Tell the runs to stop and wait for them, so many seconds at most; True when all have ended."""
        self._stopping.set()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        return self._threads.join(within)

    def lines(self) -> tuple[Line, ...]:
        """Say how each source stands, in their order."""
        return tuple(self._lines.values())

    def alive(self) -> bool:
        """Tell whether the loop goes round and no run hangs; one that does is told of, once. To be asked every second.

        It also plans anew when the clock went back, lest the next slot be a year away.
        """
        with self._looking:
            return self._is_alive(self._clock())

    def _is_alive(self, now: datetime) -> bool:
        if now < self._seen - _CLOCK_SLACK:
            self._plan_anew(now)
        self._seen = now
        for line in self.lines():
            overdue = line.began is not None and now > line.began + self._tasks[line.source].deadline + _GRACE
            if overdue and line.source not in self._overdue:
                told = logs.event("run.overdue", source=line.source)
                log.error("%s: the run should have ended long ago, and still goes on", line.source, extra=told)
            (self._overdue.add if overdue else self._overdue.discard)(line.source)
        return not self._overdue and time.monotonic() - self._beaten < _SILENT

    def _beat(self) -> None:
        """Show that the loop goes round, and plan to do so again.

        APScheduler counts what a repeated job missed one by one: after a week's sleep it would count for many seconds,
        and after a clock that began in 1970 was set, for ever.
        """
        self._beaten = time.monotonic()
        self._scheduler.add_job(self._beat, "date", run_date=self._clock() + _BEAT, executor="loop")

    def _plan_anew(self, now: datetime) -> None:
        waiting = {job.id: source for source, job in self._planned.items()}
        for job in self._scheduler.get_jobs():
            with suppress(JobLookupError):  # it began just now
                if job.id not in waiting:
                    job.modify(next_run_time=now)
                    continue
                job.remove()
                self._plan_next(self._lines[waiting[job.id]], now)

    def _plan(self, task: Task, *, slot: datetime, moment: datetime) -> None:
        self._put(task.source, began=None, next=moment)
        self._planned[task.source] = self._scheduler.add_job(
            self._take, "date", run_date=moment, args=(task, slot), name=f"sync {task.source}"
        )

    def _plan_next(self, line: Line, after: datetime) -> None:
        task = self._tasks[line.source]
        slot = task.timetable.slot(after)
        self._plan(task, slot=slot, moment=task.timetable.moment(slot, self._spread()))

    def _plan_chore(self, chore: Chore, moment: datetime) -> None:
        self._scheduler.add_job(self._do, "date", run_date=moment, args=(chore,), name=chore.name)

    def _take(self, task: Task, slot: datetime) -> None:
        """Take a slot, when it is this source's turn, and plan the next one."""
        with self._turn() as mine:
            if not mine:
                return
            began = self._clock()
            self._put(task.source, began=began, next=None)
            self._run(task, slot)
        ended = self._clock()
        line = self._put(task.source, ended=ended)
        self._plan_next(line, max(ended, began + patience(line.failures)))

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
            self._note(task, None, _unforeseen(f"sync {task.source}", error))
        else:
            self._note(task, report, report.failure if report else None)

    def _note(self, task: Task, report: RunReport | None, failure: CatalogError | None) -> None:
        failures = self._lines[task.source].failures
        if failure is not None:
            failures += 1
        elif report is not None and report.run.status is not Status.SKIPPED:
            failures = 0  # what another worker managed to do says nothing about this one
        self._put(task.source, report=report, failure=failure, failures=failures)

    def _do(self, chore: Chore) -> None:
        try:
            chore.work()
        except StoppedError:
            return
        except Exception as error:  # noqa: BLE001 - the worker outlives whatever a chore does
            _unforeseen(chore.name, error)
        self._plan_chore(chore, self._clock() + chore.every)

    def _put(self, source: str, **values: Any) -> Line:
        line = self._lines[source] = replace(self._lines[source], **values)
        return line


def _unforeseen(what: str, error: Exception) -> CatalogError:
    """Tell of an exception by its type alone: its words may hold a secret."""
    failure = CatalogError(f"{what}: unexpected: {type(error).__name__}")
    log.error("%s", failure.message, exc_info=error, extra=logs.event("job.failed", job=what))
    return failure


class _Loop(BackgroundScheduler):  # type: ignore[misc] # APScheduler has no types
    """The loop; ending it forgets the jobs, also the one whose removal it is just about to ask for."""

    def remove_job(self, job_id: str, jobstore: str | None = None) -> None:
        try:
            super().remove_job(job_id, jobstore)
        except JobLookupError:
            if self.running:
                raise


class _Threads(BaseExecutor):  # type: ignore[misc] # APScheduler has no types
    """A thread per job, for which nobody must wait: one that hangs delays neither the others nor the program's end."""

    def __init__(self) -> None:
        super().__init__()
        self._going: set[threading.Thread] = set()

    def join(self, within: float) -> bool:
        """Wait for all jobs, so many seconds at most; True when they have ended."""
        until = time.monotonic() + within
        threads = list(self._going)
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        thread = threading.Thread(
            target=self._carry_out, args=(job, run_times), name=f"catalog {job.name}", daemon=True
        )
        self._going.add(thread)
        thread.start()

    def _carry_out(self, job: Any, run_times: list[datetime]) -> None:
        self._run_job_success(job.id, run_job(job, "default", run_times, self._logger.name))
        self._going.discard(threading.current_thread())
