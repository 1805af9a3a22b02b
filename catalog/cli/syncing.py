"""What `catalog sync` and `catalog run` share: the schema made ready, and the lines of a run."""

import itertools
from collections.abc import Iterable, Sequence
from contextlib import suppress

from catalog import logs, unknowns
from catalog.cli import output, run_lines
from catalog.cli.context import Context
from catalog.config import Config
from catalog.domain import Change, Status
from catalog.errors import CatalogError, DatabaseError
from catalog.health import Finding
from catalog.service.sync import RunReport
from catalog.settings import SourceSettings
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade


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


def warn_of_unknowns(context: Context, config: Config, database: Database) -> None:
    """Name what the configuration watches or asks for and nothing ever had: with a baseline, that is known."""
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
    head = [run_lines.run(report)] if problem or not quiet else []
    waiting = [] if quiet else run_lines.missing(report)
    for line in itertools.chain(head, map(run_lines.change, news), waiting):
        output.line(line)
