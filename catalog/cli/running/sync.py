"""`catalog sync`: one run per source, several at once, each told in a line, with a line per change."""

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from functools import partial
from queue import Empty, SimpleQueue
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

import click

from catalog import errors, tabular, wiring
from catalog.cli.context import Context, json_option, pass_context
from catalog.cli.running import run_lines
from catalog.cli.running.run_lines import Manner
from catalog.cli.terminal import output
from catalog.cli.terminal.progress import Progress
from catalog.domain import MERGED, Change, Run
from catalog.errors import CatalogError, Exit, StoppedError
from catalog.http import background
from catalog.service import turns
from catalog.service.sync import Connect, Options, RunReport, sync_source
from catalog.settings import SourceSettings
from catalog.store.engine import temp_folder
from catalog.store.engine.database import Database
from catalog.wiring import after_run

_Run = Callable[[SourceSettings, Connect, Options], RunReport]

_TO_END = 3.0  # seconds for runs to end in, once they are told to
_SOON = 0.5  # seconds; what ends so soon needs no progress
_IN_MEMORY = 1 << 20  # characters that a run says; beyond that, they wait in a file without a name


@click.command("sync")
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 64),
    default=turns.JOBS,
    show_default=True,
    help="Read up to N lists at once, and up to 4 of one host.",
)
@click.option("--dry-run", is_flag=True, help="Print what would change; leave the database as it is.")
@click.option("--accept-removals", is_flag=True, help="Walk again, and believe the removals that were held.")
@click.option(
    "--accept-scope", is_flag=True, help="Accept another organization or workspace, beside those accepted before."
)
@json_option
@pass_context
def command(
    context: Context,
    names: Sequence[str],
    *,
    jobs: int,
    dry_run: bool,
    accept_removals: bool,
    accept_scope: bool,
    as_json: bool,
) -> int:
    """Read each SOURCE's list (all of them by default) and record what changed.

    What changes alike on most models is one line; -v prints each change, and --json has each.
    """
    config = context.config()
    chosen = config.select(names)
    run_lines.name_other_keys(context, config, os.environ)
    if not dry_run:  # which makes no catalog, and tells of each source
        run_lines.demand_a_key(context, chosen)
    after_run.demand_places(config)
    options = Options(
        accept_removals=accept_removals,
        accept_scope=accept_scope,
        configured=config.names,
        subscriptions=None if dry_run else wiring.subscriptions(config),
    )
    database = wiring.database(config, must_exist=False if dry_run else None, on_busy=context.tell_busy)
    manner = Manner(quiet=context.quiet, verbose=context.verbose, accepting=accept_removals, dry_run=dry_run)
    printer = (_JsonPrinter if as_json else _Printer)(chosen, database, manner)
    runs = _Runs(context, chosen, options, printer, jobs)
    try:
        if dry_run:
            from catalog.service import dry_run as rehearsals

            with rehearsals.readable(database) as there:
                ends = runs.make(partial(rehearsals.rehearse, there))
        else:
            ends = _sync_for_good(context, database, runs)
    finally:
        database.close()
        printer.end()
    if printer.failure is not None:
        raise printer.failure
    return errors.gravest(end.code for end in ends)


def _sync_for_good(context: Context, database: Database, runs: "_Runs") -> list["_End"]:
    """Sync each source, then send alerts and write metrics; ping the watcher at the start and at the end."""
    config = context.config()
    with after_run.pinged(config, database) as problems:
        run_lines.make_ready(context, config, database)
        ends = runs.make(partial(sync_source, database))
        problems += [end.failure.message for end in ends if end.failure]
        if any(end.baseline for end in ends):
            run_lines.warn_of_unknowns(context, config, database)
        after_run.follow(config, database, is_merged=any(end.is_merged for end in ends))
    return ends


class _End(NamedTuple):
    """How a source's run ended, and what it said meanwhile."""

    source: str
    said: IO[str]
    failure: CatalogError | None = None
    code: Exit = Exit.DONE
    baseline: bool = False
    is_merged: bool = False


class _Runs:
    """Makes the runs of one call, each in a thread of its own, and lets each be printed when it has ended."""

    def __init__(
        self, context: Context, chosen: Sequence[SourceSettings], options: Options, printer: "_Printer", jobs: int
    ) -> None:
        self._context, self._chosen, self._options, self._printer = context, chosen, options, printer
        self._progress = Progress()
        known = wiring.known_ids(context.config())
        self._connect = wiring.connector(context.key, known=known, on_retry=self._progress.retry)
        self._turns, self._stopping = turns.Turns(jobs), threading.Event()
        self._ended: SimpleQueue[Future[_End]] = SimpleQueue()
        self._patience = _SOON

    def make(self, run: _Run) -> list[_End]:
        """Make a run of each source. A failure is printed, and the others go on; a signal ends them all."""
        threads: list[Future[_End]] = []
        try:
            for settings in self._chosen:
                threads.append(background.start(partial(self._take, run, settings), name=f"catalog {settings.name}"))
                threads[-1].add_done_callback(self._ended.put)
            return [self._told(self._next()) for _ in threads]
        finally:
            self._stopping.set()
            wait(threads, timeout=_TO_END)

    def _take(self, run: _Run, settings: SourceSettings) -> _End:
        with self._turns.take(settings.host, self._stopping):
            self._go_on()
            self._progress.begin(settings.name)
            try:
                return self._made(run, settings, self._printer.spool())
            finally:
                self._progress.end(settings.name)

    def _made(self, run: _Run, settings: SourceSettings, said: IO[str]) -> _End:
        failure: CatalogError | None
        subject, recorded = self._printer.manner.subject(settings.name), list[Run]()

        def tell(report: RunReport, changes: Iterable[Change]) -> None:
            if not self._printer.manner.dry_run:
                recorded.append(report.run)
            self._printer.note(said, report, changes)

        try:
            page = partial(self._progress.page, settings.name)
            options = replace(self._options, on_page=page, on_wait=self._go_on, tell=tell)
            report = run(settings, self._connect, options)
        except StoppedError:
            said.close()
            raise
        except CatalogError as error:
            failure = run_lines.dated(error.of(subject), recorded[-1] if recorded else None)
        except Exception as error:  # noqa: BLE001 - whatever one run raises, the other sources still have their turn
            # by its type alone: its words may hold a secret
            words = f"{subject}: unexpected: {type(error).__name__}"
            unforeseen = CatalogError(words, hint="run with -v for the traceback")
            failure = unforeseen.with_traceback(error.__traceback__)
        else:
            failure = report.failure and run_lines.dated(report.failure.of(subject), recorded[-1] if recorded else None)
            if failure is None:
                baseline = report.baseline and not report.awaits_baseline
                is_merged = report.run.status in MERGED
                return _End(settings.name, said, code=report.exit_code, baseline=baseline, is_merged=is_merged)
        return _End(settings.name, said, failure, Exit(failure.exit_code))

    def _go_on(self) -> None:
        if self._stopping.is_set():
            raise StoppedError("it was interrupted")

    def _next(self) -> _End:
        """Wait for the next run that ends; on a terminal, show meanwhile which are still at it."""
        with suppress(Empty):
            return self._ended.get(timeout=self._patience).result()
        self._patience = 0.0
        with self._board():
            return self._ended.get().result()

    @contextmanager
    def _board(self) -> Iterator[None]:
        if self._context.quiet or not sys.stderr.isatty():
            yield
            return
        from catalog.cli.terminal import live

        try:
            with live.reading(self._progress):
                self._context.start_logs()  # from here on, lines go above the live ones
                yield
        finally:
            self._context.start_logs()

    def _told(self, end: _End) -> _End:
        self._printer.show(end.source, end.said)
        if end.failure is not None:
            self._context.fail(end.failure, with_said=True)
        return end


class _Printer:
    """Prints what each run says when it has ended, whole: a line per source and one per change.

    An OSError is kept for the end: a full disk must not stop the other lists from being read.
    """

    def __init__(self, chosen: Sequence[SourceSettings], database: Database, manner: Manner) -> None:
        self._order = [settings.name for settings in chosen]  # of those that are not printed yet
        self._ended: dict[str, IO[str]] = {}
        self._folder, self.manner = temp_folder.folder(database.folder), manner
        self.failure: OSError | None = None

    def spool(self) -> IO[str]:
        """Give what keeps the words of a run until they are printed; a million changes would not fit into memory."""
        place = str(self._folder) if self._folder else None
        return SpooledTemporaryFile(
            _IN_MEMORY, "w+", encoding="utf-8", errors="surrogatepass", newline="", prefix="catalog-", dir=place
        )

    def note(self, said: IO[str], report: RunReport, changes: Iterable[Change]) -> None:
        """Write down what a run says; called in its thread, while the database is open."""
        try:
            self.write(said, report, changes)
        except OSError as error:
            self.failure = error

    def show(self, source: str, said: IO[str]) -> None:
        """Print what is due now that a source's run has ended."""
        self._ended[source] = said
        with self._resilient():
            while (due := self.due()) is not None:
                self._copy(due)

    def end(self) -> None:
        """Print what is left, and what ends it all."""
        with self._resilient():
            for source in [name for name in self._order if name in self._ended]:
                self._copy(source)
            self.close()

    def _copy(self, source: str) -> None:
        self._order.remove(source)
        with self._ended.pop(source) as said:
            said.seek(0)
            self.copy(said)

    @contextmanager
    def _resilient(self) -> Iterator[None]:
        if self.failure is not None:
            output.mute()
        try:
            with output.ignoring_closed_stdout():
                yield
        except OSError as error:
            self.failure = error
            output.mute()

    def due(self) -> str | None:
        """Give the source to print next; None: that one has not ended yet."""
        return next(iter(self._ended), None)

    def write(self, said: IO[str], report: RunReport, changes: Iterable[Change]) -> None:
        run_lines.tell(report, changes, self.manner, stream=said)

    def copy(self, said: IO[str]) -> None:
        shutil.copyfileobj(said, sys.stdout)

    def close(self) -> None:
        return


class _JsonPrinter(_Printer):
    """Prints an array in the order of the sources, an object per run: the columns of `sync_runs`, and its `changes`."""

    _opening = "["

    def due(self) -> str | None:
        return next((name for name in self._order[:1] if name in self._ended), None)

    def write(self, said: IO[str], report: RunReport, changes: Iterable[Change]) -> None:
        mark = {"dry_run": True} if self.manner.dry_run else {}
        run = tabular.json_text(tabular.values({**asdict(report.run), **mark}))
        said.write(f',\n{run[:-1]}, "changes": [')
        for number, change in enumerate(changes):
            said.write(f"{',' if number else ''}\n  {tabular.json_text(tabular.values(asdict(change)))}")
        said.write("]}")

    def copy(self, said: IO[str]) -> None:
        if said.read(1):  # the comma before the first run, if it said anything
            sys.stdout.write(self._opening)
            self._opening = ","
        super().copy(said)

    def close(self) -> None:
        sys.stdout.write("[]\n" if self._opening == "[" else "\n]\n")
