"""`catalog run`: stays up and does what `catalog sync` does, on a schedule, until it is told to end."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from catalog import after_run, clock, logs, one_run, wiring
from catalog.cli import output, syncing
from catalog.cli.context import Context, pass_context
from catalog.config import Config, Key
from catalog.domain import Change, Status
from catalog.errors import CatalogError, StoppedError
from catalog.monitor import systemd
from catalog.service.sync import Options, RunReport
from catalog.settings import SourceSettings
from catalog.store.engine.database import Database

if TYPE_CHECKING:
    from catalog.monitor.ping import Pinger
    from catalog.service.schedule import Worker

log = logging.getLogger("catalog.cli")

_LOOK = 1.0  # seconds between two looks at the worker
_LAST_WORDS = 3.0  # seconds for all to end in, once the program is to end; the process needs a moment after them


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
    syncing.demand_a_key(context, chosen)
    wiring.subscriptions(config)  # a watchlist that cannot be read is told of now
    after_run.demand_places(config)
    after_run.demand_address(config)
    database = wiring.database(config)
    try:
        syncing.make_ready(context, config, database)
        _Shift(context, config, database).work(chosen)
    finally:
        database.close()


class _Shift:
    """What one call of the command knows; its runs are made in threads of the worker."""

    def __init__(self, context: Context, config: Config, database: Database) -> None:
        self._context, self._config, self._database = context, config, database
        self._live = sys.stdout.isatty() and not context.quiet
        self._stopping = threading.Event()
        self._speaking = threading.Lock()
        self._pages: dict[str, str] = {}
        self._configured = tuple(source.name for source in config.sources)
        self._trouble = _Trouble(database, self._configured)
        self._pings = _Pings(after_run.pinger(config), self._trouble.words)

    def work(self, chosen: Sequence[SourceSettings]) -> None:
        """Stay up until an exception says that it is enough."""
        tasks = [wiring.task(self._config, settings, partial(self._run, settings)) for settings in chosen]
        chores = after_run.chores(self._config, self._database, stop=self._stopping)
        worker = wiring.worker(tasks, chores, stopping=self._stopping)
        try:
            with after_run.probed(self._config, self._database, worker.alive), self._board(worker):
                self._context.start_logs()  # from here on, lines go above the live ones
                worker.start()
                systemd.notify("READY=1", os.environ)
                _stay(worker)
        finally:
            self._context.start_logs()
            systemd.notify("STOPPING=1", os.environ)
            if not worker.stop(within=_LAST_WORDS):
                self._warn_of_what_goes_on(worker)

    def _warn_of_what_goes_on(self, worker: "Worker") -> None:
        words = "something did not end in time: what was being sent goes out again, with the same id"
        if any(line.began and not line.next for line in worker.lines()):
            words = "a run did not end in time; the next one will record it as abandoned"
        log.warning(words, extra=logs.event("worker.left"))

    def _board(self, worker: "Worker") -> AbstractContextManager[object]:
        if not self._live:
            return nullcontext()
        from catalog.cli import live

        return live.shown(worker.lines, self._pages)

    def _run(self, settings: SourceSettings, slot: datetime) -> RunReport | None:
        """Make a run unless another worker took the slot, and tell how it went, also where nobody foresaw that."""
        began = clock.utc_now()
        try:
            if wiring.has_begun(self._database, settings, slot):
                return None
            self._pings.begin()
            report = self._once(settings, slot)
        except StoppedError:
            raise
        except BaseException as error:
            words = error.message if isinstance(error, CatalogError) else f"unexpected: {type(error).__name__}"
            self._trouble.note(settings.name, words, began)
            self._pings.end(settings.name)
            if isinstance(error, CatalogError):
                self._fail(settings, error)
            raise
        finally:
            self._pages.pop(settings.name, None)
        if report.failure is not None:
            self._fail(settings, report.failure)
        elif report.baseline and not report.awaits_baseline:
            syncing.warn_of_unknowns(self._context, self._config, self._database)
        if report.run.status is not Status.SKIPPED:
            self._pings.end(settings.name)
        return report

    def _once(self, settings: SourceSettings, slot: datetime) -> RunReport:
        return one_run.make(
            self._database,
            settings,
            partial(self._key, settings),
            options=Options(configured=self._configured, slot=slot, subscriptions=wiring.subscriptions(self._config)),
            tell=self._tell,
            on_page=partial(self._page, settings.name),
            on_wait=self._check,
        )

    def _key(self, settings: SourceSettings) -> Key:
        with self._speaking:  # threads must not lose each other's secrets
            return self._context.key(settings)

    def _tell(self, report: RunReport, changes: Iterable[Change]) -> None:
        with self._speaking:
            if report.run.status is Status.SKIPPED:
                told = logs.event("run.skipped", source=report.run.source)
                log.debug("%s: another run is active", report.run.source, extra=told)
                return
            with output.heard():
                syncing.tell(report, changes, quiet=self._live or self._context.quiet)

    def _fail(self, settings: SourceSettings, failure: CatalogError) -> None:
        named = syncing.named(settings, failure)
        with self._speaking:
            self._context.fail(named)

    def _page(self, source: str, pages: int, models: int) -> None:
        self._pages[source] = f"page {pages:,}, {models:,} models"

    def _check(self) -> None:
        if self._stopping.is_set():
            raise StoppedError("it was stopped: the program was told to end")


class _Trouble:
    """What is wrong with any source, as the database says; beside it, failures that it could not record."""

    def __init__(self, database: Database, sources: Sequence[str]) -> None:
        self._database, self._sources = database, sources
        self._unrecorded: dict[str, tuple[str, datetime]] = {}

    def note(self, source: str, words: str, began: datetime) -> None:
        """Remember how a run that began then failed, until a run of its source is recorded, whichever worker's."""
        self._unrecorded[source] = (f"{source}: {words}", began)

    def words(self) -> list[str]:
        """Say what is wrong."""
        try:
            known = after_run.troubles(self._database, self._sources)
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
    """Tells the watcher how the runs go: well only while nothing is wrong with any source.

    What is wrong is asked when it is told: it may be another worker's run that failed, or that went well since. Runs
    wait for no answer: what is new while the watcher takes its time replaces what was to be told before.
    """

    def __init__(self, pinger: "Pinger | None", trouble: Callable[[], Sequence[str]] = tuple) -> None:
        self._pinger, self._trouble = pinger, trouble
        self._next: Callable[[], None] | None = None
        self._telling = False
        self._turn = threading.Lock()

    def begin(self) -> None:
        if self._pinger:
            with self._turn:
                self._tell(self._pinger.started)

    def end(self, _source: str, problem: str = "") -> None:
        """Tell how things stand after a run of a source; `problem` is what went wrong with it besides."""
        if self._pinger:
            with self._turn:
                self._tell(partial(self._report, self._pinger, problem))

    def _report(self, pinger: "Pinger", problem: str) -> None:
        told = [words for words in dict.fromkeys([problem, *self._trouble()]) if words]
        if told:
            pinger.failed("\n".join(told))
        else:
            pinger.succeeded()

    def _tell(self, ping: Callable[[], None]) -> None:
        self._next = ping
        if not self._telling:
            self._telling = True
            threading.Thread(target=self._go_on, name="catalog-pings", daemon=True).start()

    def _go_on(self) -> None:
        """Tell until there is nothing new."""
        while True:
            with self._turn:
                ping, self._next = self._next, None
                self._telling = ping is not None
            if ping is None:
                return
            try:
                ping()
            except Exception as error:  # noqa: BLE001 - one ping that fails keeps no later one from its turn
                log.error("a ping was not sent: unexpected: %s", type(error).__name__, extra=logs.event("ping.failed"))  # noqa: TRY400 - the traceback may hold the address


def _stay(worker: "Worker", *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Look after the worker for ever; tell the service manager as long as all is well."""
    allowed = systemd.watchdog(os.environ)
    while True:
        if worker.alive() and allowed is not None:
            systemd.notify("WATCHDOG=1", os.environ)
        sleep(_LOOK if allowed is None else min(_LOOK, allowed))
