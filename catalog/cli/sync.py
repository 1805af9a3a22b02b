"""`catalog sync`: one run per source, each told in a line, with a line per change."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from typing import NamedTuple

import click

from catalog import errors, tabular, wiring
from catalog.cli import output, run_lines
from catalog.cli.context import Context, json_option, pass_context
from catalog.domain import Change
from catalog.errors import CatalogError, Exit
from catalog.service.dry_run import rehearse
from catalog.service.sync import Connect, Options, RunReport, sync_source
from catalog.settings import SourceSettings
from catalog.store.engine.database import Database
from catalog.wiring import after_run

_Run = Callable[[SourceSettings, Connect, Options], RunReport]

_PROGRESS_FROM = 2  # pages; a list of one page is there at once


@click.command("sync")
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Print what would change; leave the database as it is.")
@click.option("--accept-removals", is_flag=True, help="Walk again, and believe the removals that were held.")
@click.option(
    "--accept-scope", is_flag=True, help="Accept another organization or workspace, beside those accepted before."
)
@json_option
@pass_context
def command(
    context: Context, names: Sequence[str], *, dry_run: bool, accept_removals: bool, accept_scope: bool, as_json: bool
) -> int:
    """Read each SOURCE's list (all of them by default) and record what changed."""
    config = context.config()
    chosen = config.select(names)
    run_lines.name_other_keys(context, config, os.environ)
    run_lines.demand_a_key(context, chosen)
    after_run.demand_places(config)
    options = Options(
        accept_removals=accept_removals,
        accept_scope=accept_scope,
        configured=config.names,
        subscriptions=None if dry_run else wiring.subscriptions(config),
    )
    printer = (_JsonPrinter if as_json else _Printer)(context)
    database = wiring.database(config, must_exist=False if dry_run else None)
    try:
        if dry_run:
            run = partial(rehearse, database)
            ends = [_sync(context, run, source, options, printer) for source in chosen]
        else:
            ends = _sync_for_good(context, database, chosen, options, printer)
    finally:
        database.close()
        printer.end()
    if printer.failure is not None:
        raise printer.failure
    return errors.gravest(end.code for end in ends)


def _sync_for_good(
    context: Context, database: Database, chosen: Sequence[SourceSettings], options: Options, printer: "_Printer"
) -> list["_End"]:
    """Sync each source, then send alerts and write metrics; ping the watcher at the start and at the end."""
    config = context.config()
    with after_run.pinged(config, database) as problems:
        run_lines.make_ready(context, config, database)
        run = partial(sync_source, database)
        ends = [_sync(context, run, source, options, printer) for source in chosen]
        problems += [end.words for end in ends if end.words]
        if any(end.baseline for end in ends):
            run_lines.warn_of_unknowns(context, config, database)
        after_run.follow(config, database)
    return ends


class _End(NamedTuple):
    """How a source's run ended; `words` where that is a problem."""

    code: Exit
    words: str = ""
    baseline: bool = False


def _sync(context: Context, run: _Run, settings: SourceSettings, options: Options, printer: "_Printer") -> _End:
    """Sync one source. A failure is printed, and the other sources still have their turn."""
    progress = _ProgressLine(settings.name, shown=sys.stderr.isatty() and not context.quiet)

    def tell(report: RunReport, changes: Iterable[Change]) -> None:
        progress.clear()
        printer.tell(report, changes)

    try:
        connect = wiring.connector(context.key, known=wiring.known_ids(context.config()))
        report = run(settings, connect, replace(options, on_page=progress.page, tell=tell))
    except CatalogError as failure:
        progress.clear()
        return _failed(context, failure.of(settings.name))
    except Exception as error:  # noqa: BLE001 - whatever one run raises, the other sources still have their turn
        progress.clear()
        # by its type alone: its words may hold a secret
        words = f"{settings.name}: unexpected: {type(error).__name__}"
        unforeseen = CatalogError(words, hint="run with -v for the traceback")
        return _failed(context, unforeseen.with_traceback(error.__traceback__))
    if report.failure is not None:
        return _failed(context, report.failure.of(settings.name))
    return _End(report.exit_code, baseline=report.baseline and not report.awaits_baseline)


def _failed(context: Context, failure: CatalogError) -> _End:
    return _End(Exit(context.fail(failure, with_said=True)), failure.message)


class _ProgressLine:
    """One line on a terminal that says how far a walk is."""

    def __init__(self, source: str, *, shown: bool) -> None:
        self._source = source
        self._shown = shown
        self._width = 0

    def page(self, pages: int, models: int) -> None:
        if self._shown and pages >= _PROGRESS_FROM:
            text = f"{self._source}: page {pages:,}, {models:,} models"
            self._width = max(self._width, len(text))
            sys.stderr.write(f"\r{text}")
            sys.stderr.flush()

    def clear(self) -> None:
        if self._width:
            sys.stderr.write(f"\r{' ' * self._width}\r")
            self._width = 0


class _Printer:
    """Prints each run as it ends: a line per source and one per change.

    An OSError is kept for the end: a full disk must not stop the other lists from being read.
    """

    def __init__(self, context: Context) -> None:
        self._quiet = context.quiet
        self.failure: OSError | None = None

    def tell(self, report: RunReport, changes: Iterable[Change]) -> None:
        with self._resilient():
            self.write(report, changes)

    def end(self) -> None:
        with self._resilient():
            self.close()

    @contextmanager
    def _resilient(self) -> Iterator[None]:
        try:
            with output.ignoring_closed_stdout():
                yield
        except OSError as error:
            self.failure = error
            output.mute()

    def write(self, report: RunReport, changes: Iterable[Change]) -> None:
        run_lines.tell(report, changes, quiet=self._quiet)

    def close(self) -> None:
        return


class _JsonPrinter(_Printer):
    """Prints one array, an object per run: the columns of `sync_runs`, and its `changes`."""

    _opening = "["

    def write(self, report: RunReport, changes: Iterable[Change]) -> None:
        run = tabular.json_text(asdict(report.run))
        sys.stdout.write(f'{self._opening}\n{run[:-1]}, "changes": [')
        for number, change in enumerate(changes):
            sys.stdout.write(f"{',' if number else ''}\n  {tabular.json_text(asdict(change))}")
        sys.stdout.write("]}")
        self._opening = ","

    def close(self) -> None:
        sys.stdout.write("[]\n" if self._opening == "[" else "\n]\n")
