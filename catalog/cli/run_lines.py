"""What `catalog sync` and `catalog run` do before the first run, and the lines in which they tell of each."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import IO

from catalog import logs, text
from catalog.cli import output
from catalog.cli.context import Context
from catalog.config import Config, apis
from catalog.domain import Change, Kind, Missing, Run, Status
from catalog.errors import CatalogError, DatabaseError
from catalog.health import Finding
from catalog.service.sync import RunReport
from catalog.settings import SourceSettings
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade
from catalog.wiring import unknowns

_MARKS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.RETURNED: "*", Kind.CHANGED: "~"}


def demand_a_key(context: Context, chosen: Sequence[SourceSettings]) -> None:
    """Raise ConfigError when no source has a key: then no list is read, and no catalog is made."""
    missing = []
    for settings in chosen:
        try:
            context.key(settings)
        except CatalogError as error:
            missing.append(error.of(settings.name))
        else:
            return
    raise missing[0]


def name_other_keys(context: Context, config: Config, environ: Mapping[str, str]) -> None:
    """Say, where there is no configuration file, that the key of another API which is set could read a list, too."""
    rows = [row for row in apis.rows().values() if row.name != apis.NATIVE and environ.get(row.key_variable)]
    if config.path is None and rows:
        words = f"{rows[0].key_variable} is set: `catalog init --api {rows[0].name}` would add a source for it"
        context.say(words, "key.unused", api=rows[0].name)


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
    """Warn of names in the configuration that no list ever had; to be called once there is a baseline to compare."""
    found: list[Finding] = []
    with suppress(DatabaseError), database.read() as connection:  # it fails no run; `catalog status` says it, too
        found = unknowns.in_catalog(config, connection)
    for finding in found:
        about = f"{finding.name}: " if finding.name else ""
        told = logs.event("watch.unknown", channel=finding.channel, hint=finding.hint)
        context.start_logs().warning("%s%s", about, finding.text, extra=told)


def tell(
    report: RunReport, changes: Iterable[Change], *, quiet: bool, stream: IO[str] | None = None, dry_run: bool = False
) -> None:
    """Print a line for the source and one per change. The changes of a baseline are only counted: they are not news."""
    if report.failure is not None:
        return  # told as an error
    news = () if report.baseline else (each for each in changes if not each.baseline)
    problem = report.run.status is not Status.COMPLETE or report.unreadable
    mark = ": dry run" if dry_run else ""
    head = [f"{report.run.source}{mark}: {outcome(report)}"] if problem or not quiet else []
    for line in itertools.chain(head, map(change, news), [] if quiet else missing(report)):
        output.line(line, stream=stream)


def change(found: Change) -> str:
    """Say what became of one model."""
    subject = f"  {_MARKS[found.kind]} {found.source}: {found.model_id}"
    match found.kind:
        case Kind.ADDED:
            return f"{subject} newly listed"
        case Kind.RETURNED:
            return f"{subject} listed again"
        case Kind.REMOVED:
            return f"{subject} removed: not listed since {output.second(found.observed_at)}"
        case Kind.CHANGED:
            return f"{subject} {found.field}: {found.old_value or 'absent'} -> {found.new_value or 'absent'}"


def missing(report: RunReport) -> list[str]:
    """Say which models are missing, and what each waits for."""
    more = report.run.missing - len(report.missing)
    told = [_missing(report.run.source, model) for model in report.missing]
    return [*told, f"  ? ... and {more:,} more"] if more > 0 else told


def _missing(source: str, model: Missing) -> str:
    since = f"  ? {source}: {model.model_id} missing since {output.second(model.missing_since)}"
    if model.confirmed_from is None:
        return f"{since}; held until a walk lists it or `catalog sync --accept-removals` accepts that it is gone"
    after = output.second(model.confirmed_from + timedelta(seconds=1))
    return f"{since}; removed if a whole walk still lacks it at {after} or later"


def outcome(report: RunReport) -> str:
    """Say how a run ended, in one line without the source's name."""
    found = report.run
    if found.status in {Status.FAILED, Status.SKIPPED, Status.SUPERSEDED}:
        return f"{found.status}: {found.error}"
    parts = [f"{text.counted(found.models_seen, 'model')} listed", *_counts(found)]
    took = (found.finished_at - found.started_at).total_seconds() if found.finished_at else 0
    told = f"{', '.join(parts)} ({text.counted(found.pages, 'page')}, {took:.1f} s)"
    if report.baseline and not report.awaits_baseline and found.status in {Status.COMPLETE, Status.PARTIAL}:
        told += "; a baseline: what it found is not news"
    told += f"; {found.status}: {found.error}" if found.error else ""
    if report.awaits_baseline:
        told += "; nothing is told as new yet: this walk is no baseline"
    waits = "; ".join(cause.words for cause in report.held)
    return f"{told}; held: {waits}" if waits and found.status is not Status.HELD else told


def _counts(found: Run) -> list[str]:
    counts = {
        "new": found.added,
        "returned": found.returned,
        "changed": found.changed,
        "missing": found.missing,
        "removed": found.removed,
    }
    return [f"{count:,} {word}" for word, count in counts.items() if count] or ["nothing changed"]
