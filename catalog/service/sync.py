"""One run: walk, stage, merge, report. Joins upstream and store; prints nothing and reads no configuration."""

import logging
import pickle
import tempfile
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from catalog import logs
from catalog.domain import Change, Missing, Outcome, Policy, Run, Scope, Status
from catalog.errors import CatalogError, DatabaseError, Exit, Failure, ListingError, StoppedError
from catalog.events import Subscriptions
from catalog.health import Cause
from catalog.store.engine import database as databases
from catalog.store.engine import locks, temp_folder
from catalog.store.engine.database import Connection, Database
from catalog.store.ingest import held, merge, runs, staging
from catalog.store.ingest.runs import OpenRun
from catalog.store.outbox import enqueue
from catalog.store.queries import run_report, source_health
from catalog.store.schema import preconditions, upgrade
from catalog.store.schema.preconditions import Need
from catalog.upstream import walk
from catalog.upstream.client import ModelsClient
from catalog.upstream.traversal import Sink
from catalog.upstream.wire import Reader

log = logging.getLogger("catalog.service.sync")
MISSING_SHOWN = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A list, and how it is walked and judged. Times are in seconds."""

    name: str
    scope: Scope
    policy: Policy = field(default_factory=Policy)
    page_size: int = 1000
    deadline: float = 600.0
    max_pages: int = 100_000
    paging: bool = True
    unknown_dates: frozenset[str] = frozenset()
    totals: bool = True  # whether a count beside the list is believed


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the caller wants of this one run."""

    dry_run: bool = False  # leave the database as it is
    accept_removals: bool = False
    accept_scope: bool = False
    configured: Collection[str] = ()  # names of all sources of the configuration; empty: only this one
    slot: datetime | None = None  # of a schedule: the run is skipped when another one began then or later
    subscriptions: Subscriptions | None = None  # who is to be told, and who decides what; None: nobody


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """How a run ended."""

    run: Run
    baseline: bool  # its findings are no news
    makes_baseline: bool = False  # but those of later runs are
    missing: tuple[Missing, ...] = ()  # the longest missing first; at most MISSING_SHOWN
    failure: CatalogError | None = None
    held: tuple[Cause, ...] = ()  # what waits for a person at this source, whichever run found it
    awaits_baseline: bool = False  # no walk of this source could be a baseline yet: nothing is told as new
    unreadable: bool = False  # some field could not be read; the run's `error` names it

    @property
    def exit_code(self) -> Exit:
        """What this run alone would make the program's exit code."""
        if self.failure is not None:
            return self.failure.exit_code
        if self.run.status in {Status.SUPERSEDED, Status.SKIPPED}:
            return Exit.BUSY
        return Exit.HELD if self.held else Exit.DONE


# Receives the report of a run and, while the database is open at it, a stream of what the run recorded.
Tell = Callable[[RunReport, Iterable[Change]], None]


def _unforeseen(error: BaseException) -> tuple[Status, str, Failure | None]:
    """Say how a run ended that raised what we did not foresee: by its type alone, for its words may hold a secret."""
    if isinstance(error, Exception):
        return Status.FAILED, f"unexpected: {type(error).__name__}", Failure.UNEXPECTED
    return Status.ABANDONED, "it was interrupted", None


def tell_nobody(_report: RunReport, _changes: Iterable[Change]) -> None:
    return


def sync_source(
    database: Database,
    client: ModelsClient,
    source: Source,
    *,
    clock: Callable[[], datetime],
    monotonic: Callable[[], float] = time.monotonic,
    options: Options = Options(),
    on_page: Callable[[int, int], None] = walk.unheard,
    on_wait: Callable[[], None] = walk.undisturbed,
    tell: Tell = tell_nobody,
) -> RunReport:
    """Walk a source's list and record what changed; give the report, which `tell` heard too.

    The schema must be at head, except for a dry run, which does with none. A list that cannot be read whole ends in a
    report with its `failure`; a database that refuses, or a mistake of the caller's, is raised, after the run's record
    was closed if that was still possible. `on_wait` is called several times a second: the StoppedError it raises ends
    the run as `abandoned`, with its words, and comes out. With `confirm_after` zero, a walk that misses models is
    followed by a second run at once.
    """
    task = _Task(
        database=database,
        client=client,
        source=source,
        clock=clock,
        monotonic=monotonic,
        options=options,
        on_page=on_page,
        on_wait=on_wait,
        tell=tell,
    )
    return task.rehearse() if options.dry_run else task.take_turn()


def fail_source(
    database: Database, source: Source, failure: CatalogError, *, clock: Callable[[], datetime], options: Options
) -> None:
    """Record a run that could not even ask for its list, such as for want of a key, so that all who look see it.

    A database that refuses this, too, is a line in the log: the caller tells of the failure.
    """
    try:
        with database.write() as connection:
            key = runs.source_key(connection, source.name, source.scope)
            runs.mark_configured(connection, {source.name, *options.configured})
            opened = runs.begin(connection, key, source.scope, clock())
            words, kind = failure.message, failure.failure
            runs.close(connection, opened, Status.FAILED, clock(), error=words, failure=kind)
            if options.subscriptions is not None:
                enqueue.from_run(connection, opened.run_id, options.subscriptions, clock())
    except DatabaseError as error:
        told = logs.event("run.unrecorded", source=source.name)
        log.warning("the failure of %s is not recorded: %s", source.name, error.message, extra=told)


@contextmanager
def rehearsal_database(database: Database) -> Iterator[Database]:
    """Give the database if there is a catalog in it, else an empty one that is gone after the block."""
    if database.exists() and upgrade.current(database) is not None:
        upgrade.require(database)
        yield database
        return
    with tempfile.TemporaryDirectory(prefix="catalog-", dir=temp_folder.demanded(database.folder)) as folder:
        empty = databases.open_(f"sqlite:///{Path(folder) / 'temp_folder.db'}")
        upgrade.ensure(empty)
        try:
            yield empty
        finally:
            empty.close()


class _Kept:
    """Keeps what is to be told until the database is let go; on disk, because a run may find a million changes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._reports: list[RunReport] = []

    def hear(self, report: RunReport, changes: Iterable[Change]) -> None:
        self._reports.append(report)
        for change in changes:
            pickle.dump(change, self._file)

    def tell(self, tell: Tell) -> None:
        self._file.seek(0)
        for report in self._reports:
            tell(report, self._changes())

    def _changes(self) -> Iterator[Change]:
        with suppress(EOFError):
            while True:
                yield pickle.load(self._file)  # noqa: S301 - our own file, which has no name


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    """One call of sync_source."""

    database: Database
    client: ModelsClient
    source: Source
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    options: Options
    on_page: Callable[[int, int], None]
    on_wait: Callable[[], None]
    tell: Tell

    def take_turn(self) -> RunReport:
        """Run unless another one is at it; twice where nobody wants to wait for a confirmation."""
        preconditions.demand_file(self.database)
        with locks.hold(self.database, self.source.name) as mine:
            if not mine:
                return self.skip("another run of this source is active")
            if self.is_taken():
                return self.skip("another run took this slot of the schedule")
            report = self.run()
            if report.run.status is Status.COMPLETE and report.run.missing and not self.source.policy.confirm_after:
                report = self.run()
            return report

    def run(self) -> RunReport:
        """Walk and merge for real."""
        opened = self.begin()
        log.debug("run %d begins", opened.run_id, extra=logs.event("run.started", run_id=opened.run_id))
        try:
            sealed = self.merge_walk(opened)
        except ListingError as failure:
            self.close(opened, Status.FAILED, failure.message, failure.failure)
            return self.report(opened.run_id, failure)
        except StoppedError as stopped:
            self.close_if_possible(opened, Status.ABANDONED, stopped.message)
            raise
        except CatalogError as failure:
            self.close_if_possible(opened, Status.FAILED, failure.message, failure.failure)
            raise
        except BaseException as error:
            self.close_if_possible(opened, *_unforeseen(error))
            raise
        return self.report(opened.run_id, unreadable=bool(sealed.counts.unreadable))

    def rehearse(self) -> RunReport:
        """Walk for real, merge, take everything back, and tell: whoever reads slowly must not keep others waiting."""
        with tempfile.TemporaryFile(prefix="catalog-", dir=temp_folder.demanded(self.database.folder)) as file:
            kept = _Kept(file)
            report = replace(self, tell=kept.hear).rehearse_untold()
            kept.tell(self.tell)
        return report

    def rehearse_untold(self) -> RunReport:
        """Do so while nobody else can write."""
        with rehearsal_database(self.database) as database:
            task = replace(self, database=database)
            with database.rehearse() as connection:
                before = runs.begin(connection, self.key(connection), self.source.scope, self.clock())
            with staging.open_(database, before.source_key) as stage:
                try:
                    sealed = stage.seal(task.walk(stage))
                except ListingError as failure:
                    return task.rehearsed_failure(failure)
                with stage.merging("rehearsal") as connection:
                    return task.merge_and_tell(connection, sealed, before)

    def rehearsed_failure(self, failure: ListingError) -> RunReport:
        """Report a cut walk as a run that leaves no record."""
        with self.database.rehearse() as connection:
            opened = runs.begin(connection, self.key(connection), self.source.scope, self.clock())
            runs.close(connection, opened, Status.FAILED, self.clock(), error=failure.message)
            return self.tell_of(connection, opened.run_id, failure)

    def merge_and_tell(self, connection: Connection, sealed: staging.SealedWalk, before: OpenRun) -> RunReport:
        """Merge inside a transaction that will be taken back."""
        now = runs.begin(connection, self.key(connection), self.source.scope, before.started_at)
        opened = replace(now, generation=before.generation)
        try:
            merge.apply(connection, opened, sealed, self.request(self.clock()))
        except ListingError as failure:
            runs.close(connection, opened, Status.FAILED, self.clock(), error=failure.message)
            return self.tell_of(connection, opened.run_id, failure)
        return self.tell_of(connection, opened.run_id, unreadable=bool(sealed.counts.unreadable))

    def is_taken(self) -> bool:
        """Tell whether another worker was here first."""
        if self.options.slot is None:
            return False
        with self.database.read() as connection:
            return run_report.has_begun(connection, self.source.name, self.options.slot, self.clock())

    def skip(self, words: str) -> RunReport:
        """Record that the run does not take place, and why."""
        with self.database.write() as connection:
            run_id = runs.skip(connection, self.key(connection), self.source.scope, self.clock(), words)
        return self.report(run_id)

    def begin(self) -> OpenRun:
        with self.database.write() as connection:
            preconditions.demand(self.database, connection, Need.WRITE)
            key = self.key(connection)
            runs.mark_configured(connection, {self.source.name, *self.options.configured})
            abandoned = runs.abandon_dead(connection, key, self.clock())
            opened = runs.begin(connection, key, self.source.scope, self.clock())
        if abandoned:
            told = logs.event("run.abandoned", source=self.source.name, runs=abandoned)
            runs_ = "an earlier run" if abandoned == 1 else f"{abandoned:,} earlier runs"
            log.warning("%s: %s never ended", self.source.name, runs_, extra=told)
        return opened

    def merge_walk(self, opened: OpenRun) -> staging.SealedWalk:
        with staging.open_(self.database, opened.source_key) as stage:
            sealed = stage.seal(self.walk(stage))
            walked_at = self.clock()
            with stage.merging("write") as connection:
                merge.apply(connection, opened, sealed, self.request(walked_at))
                self.enqueue_alerts(connection, opened)
        return sealed

    def walk(self, sink: Sink) -> Outcome:
        source = self.source
        return walk.walk(
            self.client,
            Reader(unknown_dates=source.unknown_dates, paging=source.paging),
            sink,
            page_size=source.page_size,
            deadline_seconds=source.deadline,
            max_pages=source.max_pages,
            monotonic=self.monotonic,
            on_page=self.on_page,
            on_wait=self.on_wait,
            paging=source.paging,
            totals=source.totals,
        )

    def request(self, walked_at: datetime) -> merge.Request:
        return merge.Request(
            scope=self.source.scope,
            policy=self.source.policy,
            walked_at=walked_at,
            now=self.clock(),
            accept_removals=self.options.accept_removals,
            accept_scope=self.options.accept_scope,
        )

    def key(self, connection: Connection) -> int:
        return runs.source_key(connection, self.source.name, self.source.scope)

    def close(self, opened: OpenRun, status: Status, words: str, failure: Failure | None = None) -> None:
        with self.database.write() as connection:
            if runs.is_known(connection, opened):
                runs.close(connection, opened, status, self.clock(), error=words, failure=failure)
                self.enqueue_alerts(connection, opened)

    def enqueue_alerts(self, connection: Connection, opened: OpenRun) -> None:
        """Owe what the run has to tell, in the transaction that ends it."""
        if self.options.subscriptions is not None:
            enqueue.from_run(connection, opened.run_id, self.options.subscriptions, self.clock())

    def close_if_possible(self, opened: OpenRun, status: Status, words: str, failure: Failure | None = None) -> None:
        try:
            self.close(opened, status, words, failure)
        except DatabaseError as error:
            told = logs.event("run.unclosed", run_id=opened.run_id)
            log.warning("the record of run %d stays open: %s", opened.run_id, error.message, extra=told)

    def report(self, run_id: int, failure: CatalogError | None = None, *, unreadable: bool = False) -> RunReport:
        with self.database.read() as connection:
            return self.tell_of(connection, run_id, failure, unreadable=unreadable)

    def tell_of(
        self, connection: Connection, run_id: int, failure: CatalogError | None = None, *, unreadable: bool = False
    ) -> RunReport:
        run = run_report.run(connection, run_id)
        missing = run_report.missing(connection, run.source, self.source.policy, limit=MISSING_SHOWN)
        report = RunReport(
            run=run,
            baseline=run_report.is_baseline(connection, run_id),
            makes_baseline=run_report.makes_baseline(connection, run_id),
            missing=tuple(missing),
            failure=failure,
            held=held.causes(connection).get(run.source, ()),
            awaits_baseline=source_health.awaits_baseline(connection, run.source),
            unreadable=unreadable,
        )
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
        told = logs.event("run.finished", source=run.source, run_id=run_id, status=run.status.value, took=seconds)
        log.debug("run %d of %s: %s", run_id, run.source, run.status, extra=told)
        with closing(run_report.changes(connection, run_id)) as changes:  # before the connection, if nobody reads on
            self.tell(report, changes)
        return report
