"""`catalog run`: stays up and does what `catalog sync` does, on a schedule, until it is told to end."""

import logging
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from catalog import __version__, clock, logs, wiring
from catalog.cli.context import Context, pass_context
from catalog.cli.running import banner, run_lines
from catalog.cli.running.run_lines import Manner
from catalog.cli.terminal import output
from catalog.cli.terminal.progress import Progress
from catalog.config import Config
from catalog.domain import Change, Status
from catalog.errors import CatalogError, StoppedError
from catalog.monitor import systemd
from catalog.service.schedule import Task, Timetable, Worker
from catalog.service.sync import Options, RunReport, sync_source
from catalog.settings import SourceSettings
from catalog.store.engine.database import Database
from catalog.wiring import after_run, sites

if TYPE_CHECKING:
    from catalog.monitor.ping import Pinger

log = logging.getLogger("catalog.cli")

_CHECK_EVERY = 1.0  # seconds between two checks that the worker is alive
_TO_END = 3.0  # seconds for runs and sending to end in; README promises five for the whole process


@click.command("run")
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@pass_context
def command(context: Context, names: Sequence[str]) -> None:
    """Stay up, and read each SOURCE's list (all of them by default) at once and then on its schedule.

    On a terminal there is one live line per source; in a pipe the lines are those of `catalog sync`. SIGTERM or Ctrl-C
    ends it within five seconds, with nothing half-written.
    """
    config = context.config()
    chosen = config.select(names)
    run_lines.demand_a_key(context, chosen)
    wiring.subscriptions(config)  # raises ConfigError for a watchlist that cannot be read
    after_run.demand_places(config, listens=True)
    database = wiring.database(config, on_busy=context.tell_busy)
    try:
        run_lines.make_ready(context, config, database)
        _Runner(context, config, database).work(chosen)
    finally:
        database.close()


class _Runner:
    """Makes the runs of one call of the command, in threads of the worker, and prints how they went."""

    def __init__(self, context: Context, config: Config, database: Database) -> None:
        self._context, self._config, self._database = context, config, database
        as_json = context.log_format == "json"
        self._live = sys.stdout.isatty() and not context.quiet and not as_json
        quiet = self._live or context.quiet
        self._manner = Manner(quiet=quiet, verbose=context.verbose, dated=True, as_json=as_json)
        self._elsewhere: set[str] = set()  # sources whose last run another worker made
        self._stopping = threading.Event()
        self._speaking = threading.Lock()
        self._progress = Progress()
        self._configured = config.names
        self._problems = _Problems(database, self._configured)
        # One for all, so that a pause of a host counts for each source.
        self._connect = wiring.connector(context.key, on_retry=self._progress.retry)
        self._pings = _Pings(after_run.pinger(config), self._problems.words)

    def work(self, chosen: Sequence[SourceSettings]) -> None:
        """Stay up until an exception says that it is enough."""
        tasks = [self._task(settings) for settings in chosen]
        chores = after_run.chores(self._config, self._database, stop=self._stopping)
        worker = Worker(tasks, chores, stopping=self._stopping, clock=clock.utc_now, spread=random.random)
        try:
            with (
                after_run.probed(self._config, self._database, worker.alive),
                sites.served(self._config),
                self._board(worker),
            ):
                self._context.start_logs()  # from here on, lines go above the live ones
                self._announce(tasks)
                worker.start()
                systemd.notify("READY=1", os.environ)
                _watch_over(worker)
        finally:
            self._context.start_logs()
            systemd.notify("STOPPING=1", os.environ)
            if not worker.stop(within=_TO_END):
                self._warn_of_unfinished(worker)

    def _announce(self, tasks: Sequence[Task]) -> None:
        """Say what begins; before the first run, and only once all addresses are served."""
        config, now = self._config, clock.utc_now()
        served = {}
        if config.monitor.listen:
            served["metrics"] = sites.address(config.monitor.listen, "metrics")
        if config.web.listen:
            served["pages"] = sites.address(config.web.listen)
        self._context.say(
            banner.words(tasks, served, now),
            "worker.started",
            version=__version__,
            sources=[task.source for task in tasks],
            next=banner.following(tasks, now),
            served=served,
        )

    def _task(self, settings: SourceSettings) -> Task:
        when, plan = settings.cron or settings.every or timedelta(hours=1), self._config.schedule
        table = Timetable(when=when, zone=plan.timezone, jitter=plan.jitter)
        return Task(
            source=settings.name,
            host=settings.host,
            timetable=table,
            run=partial(self._run, settings),
            deadline=settings.deadline,
        )

    def _warn_of_unfinished(self, worker: Worker) -> None:
        words = "something did not end in time: what was being sent goes out again, with the same id"
        if any(state.began and not state.next for state in worker.states()):
            words = "a run did not end in time; the next one will record it as abandoned"
        log.warning(words, extra=logs.event("worker.left"))

    def _board(self, worker: Worker) -> AbstractContextManager[object]:
        if not self._live:
            return nullcontext()
        from catalog.cli.terminal import live

        return live.shown(worker.states, self._progress)

    def _run(self, settings: SourceSettings, slot: datetime) -> RunReport | None:
        """Make a run unless another worker took the slot, and print how it went; whatever it raises goes on up."""
        began = clock.utc_now()
        try:
            if wiring.has_begun(self._database, settings, slot):
                self._leave(settings.name)
                return None
            self._pings.begin()
            report = self._once(settings, slot)
        except StoppedError:
            raise
        except BaseException as error:
            words = error.message if isinstance(error, CatalogError) else f"unexpected: {type(error).__name__}"
            self._problems.note(settings.name, words, began)
            self._pings.end()
            if isinstance(error, CatalogError):
                self._fail(settings, error)
            raise
        finally:
            self._progress.end(settings.name)
        if report.failure is not None:
            self._fail(settings, run_lines.dated(report.failure, report.run))
        elif report.baseline and not report.awaits_baseline:
            run_lines.warn_of_unknowns(self._context, self._config, self._database)
        if report.run.status is not Status.SKIPPED:
            self._pings.end()
        return report

    def _once(self, settings: SourceSettings, slot: datetime) -> RunReport:
        options = Options(
            configured=self._configured,
            slot=slot,
            subscriptions=wiring.subscriptions(self._config),
            tell=self._tell,
            on_page=partial(self._progress.page, settings.name),
            on_wait=partial(after_run.pause, self._stopping),
        )
        return sync_source(self._database, settings, self._connect, options)

    def _leave(self, source: str) -> None:
        """Tell that another worker makes the runs of a source; once, until this one makes a run of it again."""
        level = logging.DEBUG if source in self._elsewhere else logging.INFO
        self._elsewhere.add(source)
        log.log(level, "%s: another worker reads it", source, extra=logs.event("run.skipped", source=source))

    def _tell(self, report: RunReport, changes: Iterable[Change]) -> None:
        with self._speaking:
            if report.run.status is Status.SKIPPED:
                self._leave(report.run.source)
                return
            self._elsewhere.discard(report.run.source)
            with output.ignoring_closed_stdout():
                run_lines.tell(report, changes, self._manner)

    def _fail(self, settings: SourceSettings, failure: CatalogError) -> None:
        with self._speaking:
            self._context.fail(failure.of(settings.name))


class _Problems:
    """What is wrong with the sources: what the database says, and the failures that could not be recorded there."""

    def __init__(self, database: Database, sources: Sequence[str]) -> None:
        self._database, self._sources = database, sources
        self._unrecorded: dict[str, tuple[str, datetime]] = {}

    def note(self, source: str, words: str, began: datetime) -> None:
        """Remember that the run which began then failed, until any worker records a later run of the source."""
        self._unrecorded[source] = (f"{source}: {words}", began)

    def words(self) -> list[str]:
        """Give a sentence for each problem."""
        try:
            known = after_run.problems_of(self._database, self._sources)
        except CatalogError as error:
            return [*dict.fromkeys([error.message, *self._left()])]
        for source, (_, began) in dict(self._unrecorded).items():
            ended = known.get(source, ("", None))[1]
            if ended is not None and ended >= began:
                self._unrecorded.pop(source, None)
        told = [*(words for words, _ in known.values()), *self._left()]
        return [words for words in dict.fromkeys(told) if words]

    def _left(self) -> list[str]:
        return [words for words, _ in dict(self._unrecorded).values()]


class _Pings:
    """Pings the watcher from a thread of its own: success only while there is no problem with any source.

    The problems are asked for just before the ping, as another worker's run may have failed or succeeded since. No run
    waits for a ping: while one is under way, only the newest of the next ones is kept.
    """

    def __init__(self, pinger: "Pinger | None", problems: Callable[[], Sequence[str]] = tuple) -> None:
        self._pinger, self._problems = pinger, problems
        self._next: Callable[[], None] | None = None
        self._sending = False
        self._turn = threading.Lock()

    def begin(self) -> None:
        if self._pinger:
            with self._turn:
                self._send(self._pinger.started)

    def end(self) -> None:
        if self._pinger:
            with self._turn:
                self._send(partial(self._report, self._pinger))

    def _report(self, pinger: "Pinger") -> None:
        told = self._problems()
        if told:
            pinger.failed("\n".join(told))
        else:
            pinger.succeeded()

    def _send(self, ping: Callable[[], None]) -> None:
        self._next = ping
        if not self._sending:
            self._sending = True
            threading.Thread(target=self._send_all, name="catalog-pings", daemon=True).start()

    def _send_all(self) -> None:
        """Send pings until there is no next one."""
        while True:
            with self._turn:
                ping, self._next = self._next, None
                self._sending = ping is not None
            if ping is None:
                return
            try:
                ping()
            except Exception as error:  # noqa: BLE001 - after one ping that fails, the later ones are still sent
                log.error("a ping was not sent: unexpected: %s", type(error).__name__, extra=logs.event("ping.failed"))  # noqa: TRY400 - the traceback may hold the address


def _watch_over(worker: Worker, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Check for ever that the worker is alive; while it is, send the service manager its heartbeat."""
    allowed = systemd.watchdog(os.environ)
    while True:
        if worker.alive() and allowed is not None:
            systemd.notify("WATCHDOG=1", os.environ)
        sleep(_CHECK_EVERY if allowed is None else min(_CHECK_EVERY, allowed))
