"""What `catalog sync` and `catalog run` share: the schema made ready, one run of one source, and its lines."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from catalog import logs, sync, wallclock, wiring
from catalog.cli import lines, output
from catalog.cli.context import Context
from catalog.config import Config, Key, SourceSettings
from catalog.domain import Change, Status
from catalog.errors import CatalogError, ConfigError, DatabaseError
from catalog.health import Finding
from catalog.store import upgrade
from catalog.store.database import Database
from catalog.sync import Options, RunReport, Tell
from catalog.upstream import walk


def demand_a_key(context: Context, chosen: Sequence[SourceSettings]) -> None:
    """Raise ConfigError when no source has a key: then nothing is asked, and no catalog is made for it."""
    missing = []
    for settings in chosen:
        try:
            context.key(settings)
        except CatalogError as error:
            missing.append(named(settings, error))
        else:
            return
    raise missing[0]


def make_ready(context: Context, config: Config, database: Database) -> None:
    """Bring the schema to its head, and say so if there was something to do."""
    before = upgrade.ensure(database, auto=config.database.auto_upgrade)
    if before == upgrade.HEAD:
        return
    words = f"upgraded the schema of {database.describe()} from {before} to {upgrade.HEAD}"
    if before is None:
        words = f"made a new catalog in {database.describe()}; the first run that reads a whole list is its baseline"
    context.say(words, "schema.upgraded", database=database.describe(), before=before)


def once(
    database: Database,
    settings: SourceSettings,
    key: Callable[[], Key],
    *,
    options: Options,
    tell: Tell,
    on_page: Callable[[int, int], None] = walk.unheard,
    on_wait: Callable[[], None] = walk.undisturbed,
    known: wiring.Known | None = None,
) -> RunReport:
    """Make one run of one source. One that cannot ask, as its key is not there, is recorded as failed, and raises."""
    source = wiring.source(settings)
    try:
        asking = wiring.client(settings, key(), known=known)
    except ConfigError as failure:
        if not options.dry_run:
            sync.fail_source(database, source, failure, clock=wallclock.utc_now, options=options)
        raise
    with asking as client:
        return sync.sync_source(
            database,
            client,
            source,
            clock=wallclock.utc_now,
            options=options,
            on_page=on_page,
            on_wait=on_wait,
            tell=tell,
        )


def warn_of_unknowns(context: Context, config: Config, database: Database) -> None:
    """Name what the configuration watches or asks for and nothing ever had: with a baseline, that is known."""
    from catalog.cli import unknowns

    found: list[Finding] = []
    with suppress(DatabaseError), database.read() as connection:  # it fails no run; `catalog status` says it, too
        found = unknowns.in_catalog(config, connection)
    for finding in found:
        about = f"{finding.name}: " if finding.name else ""
        told = logs.event("watch.unknown", channel=finding.channel, hint=finding.hint)
        context.start_logs().warning("%s%s", about, finding.text, extra=told)


def named(settings: SourceSettings, failure: CatalogError) -> CatalogError:
    """Say whose failure it is."""
    return failure.of(settings.name)


def tell(report: RunReport, changes: Iterable[Change], *, quiet: bool) -> None:
    """Print a line per source and one per change; a baseline's findings are counted, not listed: they are no news."""
    if report.failure is not None:
        return  # told as an error
    news = (change for change in changes if not change.baseline)
    problem = report.run.status is not Status.COMPLETE or report.unreadable
    head = [lines.run(report)] if problem or not quiet else []
    waiting = [] if quiet else lines.missing(report)
    for line in itertools.chain(head, map(lines.change, news), waiting):
        output.line(line)
