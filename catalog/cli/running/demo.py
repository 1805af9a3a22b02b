"""`catalog demo`: plays the recorded history of a real models list, and really syncs it, in a few seconds."""

import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import click

from catalog import clock, config, logs
from catalog.cli.context import Context, pass_context
from catalog.cli.terminal import output
from catalog.cli.web import USUAL, listen_option, serve
from catalog.config import Config
from catalog.config import databases as urls
from catalog.demo import history, play
from catalog.demo.play import DemoLook
from catalog.demo.server import ModelsApi
from catalog.domain import Change, Kind, Run, Status
from catalog.errors import CatalogError, DatabaseError
from catalog.service import sync
from catalog.settings import DatabaseSettings, SourceSettings, WatchSettings
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.queries import history as catalogs
from catalog.store.schema import upgrade
from catalog.upstream.client import SourceClient

# Not the name of a real source: a real sync into the same database must not continue the demo's history.
SOURCE = "demo"
COLUMNS = ("year", "added", "removed", "fields_changed", "listed")
TRY = (
    ("models --as-of 2025-06-01", "what was listed that day"),
    ("show claude-sonnet-4-5-20250929", "one model's whole story, which is about to end"),
    ("diff 2025-01-01 2026-01-01", "what a year changed"),
)
# For the pages: one that is fine, one that retires soon, one that is gone.
WATCHED = ("claude-opus-5", "claude-sonnet-4-5-20250929", "claude-opus-4-1-20250805")


@click.command("demo")
@click.option(
    "--database",
    "url",
    metavar="URL",
    default="sqlite:///catalog-demo.db",
    show_default=True,
    help="Sync into this database; it must not hold a catalog yet.",
)
@click.option("--web", is_flag=True, help="Serve it as pages then, also one that was played before, until Ctrl-C.")
@listen_option("127.0.0.1:8460, with --web")
@pass_context
def command(context: Context, url: str, *, web: bool, listen: tuple[str, int] | None) -> None:
    """Play the recorded history of a real catalog: no key, no network.

    A Models API of our own, on this machine, shows every state of a real models list that is on record since
    December 2024, and the real sync reads each of them with the clock set to its day. With --web the clock of the
    pages stands an hour after the last of these.
    """
    if listen and not web:
        raise click.UsageError("--listen is of use with --web alone")
    settings = config.database(url, setting="--database")
    played = history.load()
    with closing(databases.open_(settings.url)) as database:
        if web and _is_played(database):
            _serve(settings, database, listen or USUAL)
        _refuse_used(database)
        upgrade.ensure(database)
        looks = list(play.looks(played))
        _play(database, looks, shown=not context.quiet)
        _tell(context, database, played, len(looks))
        with database.read() as connection:
            output.listing(by_year(catalogs.changes(connection)), columns=COLUMNS, form="text")
        if web:
            _serve(settings, database, listen or USUAL)
    if not context.quiet:
        _suggest(url)


def _is_played(database: Database) -> bool:
    if not database.exists() or upgrade.current(database) != upgrade.HEAD:
        return False
    with database.read() as connection:
        return [each.source for each in catalogs.sources(connection)] == [SOURCE]


def _serve(settings: DatabaseSettings, database: Database, address: tuple[str, int]) -> NoReturn:
    """Serve the demo, as if its last walk had ended an hour ago."""
    with database.read() as connection:
        [source] = catalogs.sources(connection)
    now = (source.last_whole_at or clock.utc_now()) + timedelta(hours=1)
    shown = Config(database=settings, sources=(SourceSettings(name=SOURCE),), watch=WatchSettings(models=WATCHED))
    serve(shown, database, address, clock=lambda: now)


def by_year(changes: Iterable[Change]) -> list[Mapping[str, object]]:
    """Count changes by the year they were observed in; `listed` counts models at the year's end."""
    counts = Counter((change.observed_at.year, change.kind) for change in changes)
    rows: list[Mapping[str, object]] = []
    listed = 0
    for year in sorted({year for year, _ in counts}):
        added, removed = counts[year, Kind.ADDED], counts[year, Kind.REMOVED]
        listed += added + counts[year, Kind.RETURNED] - removed
        row = {"year": year, "added": added, "removed": removed, "fields_changed": counts[year, Kind.CHANGED]}
        rows.append(row | {"listed": listed})
    return rows


def _refuse_used(database: Database) -> None:
    """Demand a database without a catalog; one that was made ready and never synced into will do."""
    revision = upgrade.current(database) if database.exists() else None
    if revision is None:
        return
    if revision == upgrade.HEAD:
        with database.read() as connection:
            if not catalogs.sources(connection):
                return
    hint = "catalog demo --database sqlite:///another-demo.db"
    if database.path:
        hint += f"   (or delete {database.path})"
    raise DatabaseError(
        f"{database.describe()} already holds a catalog; the demo needs a database of its own", hint=hint
    )


def _tell(context: Context, database: Database, played: history.History, runs: int) -> None:
    recorded = [event.date for event in played.events if not event.reconstructed]
    drawn = [event.date for event in played.events if event.reconstructed]
    told = logs.event("demo.finished", runs=runs, states=len(played.events))
    log = context.start_logs()
    words = "%d syncs, from %s to %s, into %s"
    log.info(words, runs, played.events[0].date, played.events[-1].date, database.describe(), extra=told)
    if drawn:
        days = ", ".join(map(str, drawn))
        words = "on record until %s; the step of %s is drawn from announcements, not from a look at the list"
        log.info(words, recorded[-1], days, extra=logs.event("demo.reconstructed", dates=days))


def _suggest(url: str) -> None:
    """Print commands to copy; a password is not repeated."""
    output.line()
    secret = bool(urls.password(urls.DatabaseUrl().read(url)))
    output.line("Try next, with CATALOG_DATABASE_URL set to the URL you gave:" if secret else "Try next:")
    settings = "" if secret else f"CATALOG_DATABASE_URL={shlex.quote(url)} "
    if os.environ.get("CATALOG_CONFIG") or Path("catalog.toml").exists():
        settings = f"CATALOG_CONFIG=/dev/null {settings}"  # a file's own database.url would go before
    for words, what in TRY:
        output.line(f"  # {what}")
        output.line(f"  {settings}{_program()} {words}")


def _program() -> str:
    """Give the command for this program: its path, where the shell would not find `catalog`."""
    started, here = Path(sys.argv[0]).absolute(), Path.cwd()
    if started.name != "catalog" or not started.is_file() or shutil.which("catalog"):
        return "catalog"
    return shlex.quote(str(started.relative_to(here) if started.is_relative_to(here) else started))


def _play(database: Database, looks: Sequence[DemoLook], *, shown: bool) -> None:
    """Sync each look into the database, as if it were that moment, and draw a progress bar if it is `shown`.

    The schema must be at head. Raises CatalogError as soon as a run ends in anything but `complete`.
    """
    api = ModelsApi()
    with api.serve() as base_url, output.progress_bar("2024", shown=shown) as move:
        source = SourceSettings(name=SOURCE, base_url=base_url)
        for number, look in enumerate(looks, 1):
            api.items = look.items
            run = _sync(database, source, api.key, look)
            words = f"{number}/{len(looks)}  {look.at:%Y-%m-%d}  {run.models_seen} models"
            move(completed=number, total=len(looks), description=words)


def _sync(database: Database, source: SourceSettings, key: str, look: DemoLook) -> Run:
    options = sync.Options(clock=lambda: look.at)
    report = sync.sync_source(database, source, lambda settings: SourceClient(settings, key), options)
    if report.failure is not None:
        raise report.failure
    if report.run.status is not Status.COMPLETE:
        why = f": {report.run.error}" if report.run.error else ""
        raise CatalogError(f"the demo stopped at {look.at:%Y-%m-%d}: its run was {report.run.status}{why}")
    return report.run
