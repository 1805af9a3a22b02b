"""One run: walk, stage, merge, report. Joins upstream and store; prints nothing."""

import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog import logs
from catalog.clock import utc_now
from catalog.domain import Change, Missing, Outcome, Policy, Run, Scope, Status
from catalog.errors import (
    CatalogError,
    CheckCancelled,
    ConfigError,
    DatabaseError,
    Exit,
    Failure,
    ListingError,
    StoppedError,
    never_cancelled,
)
from catalog.events import Subscriptions
from catalog.health import Cause
from catalog.settings import SourceSettings
from catalog.store.engine import locks
from catalog.store.engine.database import Connection, Database
from catalog.store.ingest import held, merge, runs, staging
from catalog.store.ingest.runs import OpenRun
from catalog.store.outbox import enqueue
from catalog.store.queries import run_report, source_health
from catalog.store.schema import preconditions
from catalog.store.schema.preconditions import Need
from catalog.upstream.client import SourceClient
from catalog.upstream.walking import walk
from catalog.upstream.walking.traversal import Sink

log = logging.getLogger("catalog.service.sync")
MISSING_SHOWN = 100
WHENEVER = datetime.max.replace(tzinfo=UTC)

# Settings that a scope is made of, beside those of Anthropic's own. `row_version` rises when a row reads otherwise.
_ASKED = ("api", "query", "headers", "ignore", "row_version")
_LAID_OUT = ("path", "items", "id", "id_prefix", "fields", "lifecycles")


def merge_walk(sync: "SourceSync", opened: OpenRun) -> staging.SealedWalk:
    """Walk the list, then merge what it shows in one transaction: all of it, with its alerts, or nothing.

    Only a walk that reached the end of the list can be sealed, and only a sealed walk can be merged.
    """
    with staging.open_(sync.database, opened.source_key) as stage:
        outcome = sync.walk(stage)
        sealed = stage.seal(outcome)
        walked_at = sync.now()
        with stage.merging("write") as connection:
            sync.options.on_wait()  # others may have merged for long: the program may be told to end by now
            merge.apply(connection, opened, sealed, sync.request(walked_at))
            enqueue_alerts(connection, opened, sync.options)
    return sealed


@dataclass(frozen=True, kw_only=True, slots=True)
class RunReport:
    """How a run ended."""

    run: Run
    baseline: bool  # its findings are no news: it made a baseline, or none was made before it
    makes_baseline: bool = False  # it made the baseline: the findings of later runs are news
    missing: tuple[Missing, ...] = ()  # the longest missing first; at most MISSING_SHOWN
    failure: CatalogError | None = None
    held: tuple[Cause, ...] = ()  # what waits for a person at this source, of this run or an earlier one
    awaits_baseline: bool = False  # no walk of this source could be a baseline yet: nothing is told as new
    unreadable: bool = False  # some field could not be read; the run's `error` names it
    models_listed: int = 0  # at its source after the run, missing ones included

    @property
    def exit_code(self) -> Exit:
        """The program's exit code, if this were its only run."""
        if self.failure is not None:
            return self.failure.exit_code
        if self.run.status in {Status.SUPERSEDED, Status.SKIPPED}:
            return Exit.BUSY
        return Exit.HELD if self.held else Exit.DONE


# Receives the report of a run and, while the database is open, what the run recorded; each loop over it reads it anew.
Tell = Callable[[RunReport, Iterable[Change]], None]
Connect = Callable[[SourceSettings], SourceClient]


def ignore_report(_report: RunReport, _changes: Iterable[Change]) -> None:
    """No-op: the caller uses what `sync_source` returns."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the caller wants of one run, and what the run calls meanwhile."""

    accept_removals: bool = False
    accept_scope: bool = False
    configured: Collection[str] = ()  # names of all sources of the configuration; empty: only this one
    slot: datetime | None = None  # of a schedule: the run is skipped when another one began then or later
    subscriptions: Subscriptions | None = None  # None: no channel is told
    clock: Callable[[], datetime] = utc_now
    on_page: walk.OnPage = walk.ignore_progress  # gets the number of pages and of models so far
    on_wait: CheckCancelled = never_cancelled  # called while the run waits; a StoppedError from it ends the run
    tell: Tell = ignore_report


def sync_source(
    database: Database, source: SourceSettings, connect: Connect, options: Options = Options()
) -> RunReport:
    """Read a source's list once and record what changed; gives the report, which `options.tell` gets too.

    The schema must be at head. A list that cannot be read whole ends in a report with its `failure`. A database that
    refuses, or a mistake of the caller's, is raised, after the run's record was closed if that was still possible. The
    StoppedError that `options.on_wait` raises ends the run as `abandoned`, with its words, and comes out. For a
    source that cannot be asked, such as one without a key, a failed run is recorded and told, and ConfigError is
    raised. With `confirm_after` zero, a walk that misses models is followed by a second run at once.
    """
    try:
        client = connect(source)
    except ConfigError as failure:
        record_failure(database.write, source, failure, options)
        raise
    with client:
        return SourceSync(database=database, source=source, client=client, options=options).run_in_turn()


def record_failure(
    transaction: Callable[[], AbstractContextManager[Connection]],
    source: SourceSettings,
    failure: ConfigError,
    options: Options,
) -> None:
    """Record a run that could not begin, and tell it. A database that refuses is a line in the log."""
    scope = scope_of(source)
    try:
        with transaction() as connection:
            key = runs.source_key(connection, source.name, scope)
            runs.mark_configured(connection, {source.name, *options.configured})
            opened = runs.begin(connection, key, scope, options.clock())
            words, kind = failure.message, failure.failure
            runs.close(connection, opened, Status.FAILED, options.clock(), error=words, failure=kind)
            enqueue_alerts(connection, opened, options)
            run = run_report.run(connection, opened.run_id)
    except DatabaseError as error:
        event = logs.event("run.unrecorded", source=source.name)
        log.warning("the failure of %s is not recorded: %s", source.name, error.message, extra=event)
    else:
        options.tell(RunReport(run=run, baseline=False, failure=failure), ())


def scope_of(source: SourceSettings) -> Scope:
    """The part of the settings that decides which models are listed."""
    return Scope(
        base_url=source.base_url,
        betas=source.betas,
        lifecycle=source.lifecycle,
        workspace=source.workspace_id,
        layout=_layout(source),
    )


def _layout(source: SourceSettings) -> dict[str, Any]:
    """How the list is asked and read, where that differs from Anthropic's: recorded scopes of that one stay equal."""
    usual = SourceSettings(name=source.name)
    told = {name: (getattr(source, name), getattr(usual, name)) for name in _ASKED}
    told |= {name: (getattr(source.list, name), getattr(usual.list, name)) for name in _LAID_OUT}
    return {name: value for name, (value, default) in told.items() if value != default}


def policy_of(source: SourceSettings) -> Policy:
    """The part of the settings that decides when an absence is believed."""
    return Policy(
        confirm_after=source.confirm_after,
        max_removed_percent=source.guard.max_removed_percent,
        min_removed=source.guard.min_removed,
    )


def enqueue_alerts(connection: Connection, opened: OpenRun, options: Options) -> None:
    """Put the alerts of a run into the outbox, in the transaction that ends the run."""
    if options.subscriptions is not None:
        enqueue.from_run(connection, opened.run_id, options.subscriptions, options.clock())


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceSync:
    """What all steps of one call of `sync_source` share."""

    database: Database
    source: SourceSettings
    client: SourceClient
    options: Options

    def run_in_turn(self) -> RunReport:
        """Run unless another run of the source is active; twice where removals are confirmed at once."""
        preconditions.demand_file(self.database)
        with locks.hold(self.database, self.source.name) as mine:
            if not mine:
                return self.skip("another run of this source is active")
            if self.is_taken():
                return self.skip("another run took this slot of the schedule")
            report = self.run()
            if report.run.status is Status.COMPLETE and report.run.missing and not self.source.confirm_after:
                report = self.run()
            return report

    def run(self) -> RunReport:
        """Walk and merge. Whatever happens, the record of the run is closed, if that is possible."""
        opened = self.begin()
        log.debug("run %d begins", opened.run_id, extra=logs.event("run.started", run_id=opened.run_id))
        try:
            sealed = merge_walk(self, opened)
        except ListingError as failure:
            self.close(opened, Status.FAILED, failure.message, failure.failure)
            return self.report(opened.run_id, failure)
        except StoppedError as stopped:
            self.close_if_possible(opened, Status.ABANDONED, stopped.message)
            raise
        except CatalogError as failure:
            self.close_if_possible(opened, Status.FAILED, failure.message, failure.failure)
            raise
        except Exception as error:
            # By its type alone: the text of an unforeseen exception may hold a secret.
            words = f"unexpected: {type(error).__name__}"
            self.close_if_possible(opened, Status.FAILED, words, Failure.UNEXPECTED)
            raise
        except BaseException:
            self.close_if_possible(opened, Status.ABANDONED, "it was interrupted")
            raise
        return self.report(opened.run_id, unreadable=bool(sealed.counts.unreadable))

    @property
    def scope(self) -> Scope:
        """The part of the settings that decides which models are listed."""
        return scope_of(self.source)

    @property
    def policy(self) -> Policy:
        """The part of the settings that decides when an absence is believed."""
        return policy_of(self.source)

    def now(self) -> datetime:
        """This moment, by the clock of the run."""
        return self.options.clock()

    def is_taken(self) -> bool:
        """Tell whether another worker made the run of this slot."""
        if self.options.slot is None:
            return False
        with self.database.read() as connection:
            return run_report.has_begun(connection, self.source.name, self.options.slot, self.now())

    def skip(self, words: str) -> RunReport:
        """Record that the run does not take place, and why."""
        with self.database.write() as connection:
            run_id = runs.skip(connection, self.key(connection), self.scope, self.now(), words)
        return self.report(run_id)

    def begin(self) -> OpenRun:
        """Open the record of the run; close those of earlier runs that died."""
        with self.database.write() as connection:
            preconditions.demand(self.database, connection, Need.WRITE)
            key = self.key(connection)
            runs.mark_configured(connection, {self.source.name, *self.options.configured})
            abandoned = runs.abandon_dead(connection, key, self.now())
            if self.options.subscriptions is not None:
                enqueue.from_dead(connection, abandoned, self.options.subscriptions, self.now())
            opened = runs.begin(connection, key, self.scope, self.now())
        if abandoned:
            event = logs.event("run.abandoned", source=self.source.name, runs=len(abandoned))
            runs_ = "an earlier run" if len(abandoned) == 1 else f"{len(abandoned):,} earlier runs"
            log.warning("%s: %s never ended", self.source.name, runs_, extra=event)
        return opened

    def walk(self, sink: Sink) -> Outcome:
        """Walk the list into `sink`. Raises ListingError when the walk is cut."""
        return walk.walk(self.client, sink, on_page=self.options.on_page, on_wait=self.options.on_wait)

    def request(self, walked_at: datetime) -> merge.Request:
        """What `merge` needs to know besides the walk."""
        return merge.Request(
            scope=self.scope,
            policy=self.policy,
            walked_at=walked_at,
            now=self.now(),
            accept_missed_by=WHENEVER if self.options.accept_removals else None,
            accept_scope=self.options.accept_scope,
        )

    def key(self, connection: Connection) -> int:
        """The key of the source's row, which is made if it is new."""
        return runs.source_key(connection, self.source.name, self.scope)

    def close(self, opened: OpenRun, status: Status, words: str, failure: Failure | None = None) -> None:
        """Close the record of a run that merged nothing, with its alerts."""
        with self.database.write() as connection:
            if runs.is_known(connection, opened):
                runs.close(connection, opened, status, self.now(), error=words, failure=failure)
                enqueue_alerts(connection, opened, self.options)

    def close_if_possible(self, opened: OpenRun, status: Status, words: str, failure: Failure | None = None) -> None:
        """As `close`; a database that refuses is a line in the log, because another error is about to be raised."""
        try:
            self.close(opened, status, words, failure)
        except DatabaseError as error:
            event = logs.event("run.unclosed", run_id=opened.run_id)
            log.warning("the record of run %d stays open: %s", opened.run_id, error.message, extra=event)

    def report(self, run_id: int, failure: CatalogError | None = None, *, unreadable: bool = False) -> RunReport:
        """Report a recorded run, and tell it."""
        with self.database.read() as connection:
            return self.report_in(connection, run_id, failure, unreadable=unreadable)

    def report_in(
        self, connection: Connection, run_id: int, failure: CatalogError | None = None, *, unreadable: bool = False
    ) -> RunReport:
        """As `report`, in a transaction that is open already."""
        run = run_report.run(connection, run_id)
        missing = run_report.missing(connection, run.source, self.policy, limit=MISSING_SHOWN)
        report = RunReport(
            run=run,
            baseline=run_report.is_baseline(connection, run_id),
            makes_baseline=run_report.makes_baseline(connection, run_id),
            missing=tuple(missing),
            failure=failure,
            held=held.causes(connection).get(run.source, ()),
            awaits_baseline=source_health.awaits_baseline(connection, run.source),
            unreadable=unreadable,
            models_listed=run_report.models_listed(connection, run.source),
        )
        seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
        event = logs.event("run.finished", source=run.source, run_id=run_id, status=run.status.value, took=seconds)
        log.debug("run %d of %s: %s", run_id, run.source, run.status, extra=event)
        # Closed before the connection is, also when `tell` does not read all of them.
        with closing(run_report.Changes(connection, run_id)) as changes:
            self.options.tell(report, changes)
        return report
