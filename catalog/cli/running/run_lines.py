"""What `catalog sync` and `catalog run` do before the first run, and the lines in which they tell of each."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import IO

from catalog import logs, tabular, text
from catalog.alerts import waves
from catalog.alerts.waves import Wave, WaveCounter
from catalog.cli.context import Context
from catalog.cli.terminal import cells, output
from catalog.cli.terminal.cells import Tone
from catalog.config import Config, apis
from catalog.domain import Change, Kind, Missing, Run, Status
from catalog.errors import CatalogError, DatabaseError
from catalog.health import Finding
from catalog.service.sync import RunReport
from catalog.settings import SourceSettings
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade
from catalog.wiring import unknowns

_SAME = "nothing changed"
_SCREENFUL = 50  # lines; below more than these, the line of the source is not seen any more
_FEW = 3  # fields of a wave that are named
_MARKS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.RETURNED: "*", Kind.CHANGED: "~"}
_TONES: Mapping[str, Tone] = {"  +": "green", "  *": "green", "  -": "red", "  ?": "yellow"}


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
    if config.path is not None:
        return
    rows = [row for row in apis.rows().values() if row.name != apis.NATIVE and environ.get(row.key_variable)]
    if rows:
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How much is told of a run, and how."""

    quiet: bool = False  # changes and problems alone
    verbose: bool = False  # each change of a wave
    accepting: bool = False  # removals: each is told, also those of a baseline
    dry_run: bool = False
    dated: bool = False  # with the number of the run, and when it ended
    as_json: bool = False  # each line an object

    def subject(self, source: str) -> str:
        """What a line about the run of a source begins with."""
        return f"{source}: dry run" if self.dry_run else source


def tell(report: RunReport, changes: Iterable[Change], manner: Manner, *, stream: IO[str] | None = None) -> None:
    """Print a line for the source and one per change or wave. The changes of a baseline are only counted: no news.

    Removals that a person accepts are told in any case.

    Below many lines, the line of the source stands once more. `changes` may be looped over more than once.
    """
    for line in _lines(report, changes, manner):
        if manner.as_json:
            run = logs.event("run.told", source=report.run.source, run_id=report.run.run_id)
            print(logs.json_line(line.strip(), run), file=stream)
        else:
            output.line(line, tone=_TONES.get(line[:3], ""), stream=stream)


def _lines(report: RunReport, changes: Iterable[Change], manner: Manner) -> Iterator[str]:
    if report.failure is not None:
        return  # told as an error
    problem = report.run.status is not Status.COMPLETE or report.unreadable
    news = _News(changes, report, manner)
    lines = itertools.chain(_news_lines(report, news, manner), [] if manner.quiet else missing(report))
    first = next(lines, None)
    has_head = problem or not manner.quiet or (manner.dry_run and first is not None)
    head = [f"{manner.subject(report.run.source)}: {outcome(report, manner)}"] if has_head else []
    count = 0
    for line in itertools.chain(head, [] if first is None else [first], lines):
        yield line
        count += 1
    if count > _SCREENFUL:
        yield from head


class _News:
    """The changes that are news; each loop reads them anew."""

    def __init__(self, changes: Iterable[Change], report: RunReport, manner: Manner) -> None:
        told = manner.accepting and report.run.removed > 0
        self._changes = () if report.baseline and not told else changes
        self._is_baseline, self._accepting = report.baseline, told

    def __iter__(self) -> Iterator[Change]:
        return (each for each in self._changes if self._is_told(each))

    def _is_told(self, found: Change) -> bool:
        if self._accepting and found.kind is Kind.REMOVED:
            return True  # a person said that these are gone, and must see which
        return not self._is_baseline and not found.baseline


def _news_lines(report: RunReport, news: Iterable[Change], manner: Manner) -> Iterator[str]:
    """Word each change; those of a wave in one line, as in an alert, unless all are asked for."""
    found = [] if manner.verbose else _waves(report, news)
    shared = {waves.key(wave.field, wave.old, wave.new) for wave in found}
    told = not found
    for each in news:
        if waves.key_of(each) not in shared:
            yield change(each)
        elif not told:
            told = True
            yield from _wave_lines(report, found)


def _waves(report: RunReport, news: Iterable[Change]) -> list[Wave]:
    """Find the waves of a run. The changes are counted only where so many models changed that there can be one."""
    changed = report.run.changed + report.run.returned
    if not waves.is_wave(changed, report.models_listed):
        return []
    counter = WaveCounter()
    for each in news:
        counter.add(each.field, each.old_value, each.new_value)
    return counter.waves(report.models_listed)


def _wave_lines(report: RunReport, found: Sequence[Wave]) -> Iterator[str]:
    """Word waves: all fields that appeared on as many models share a line."""
    head, of = f"  {_MARKS[Kind.CHANGED]} {report.run.source}:", text.counted(report.models_listed, "model")
    together = defaultdict(list)
    for wave in found:
        if wave.old is None:
            together[wave.models].append(wave.field)
    for models, names in together.items():
        if len(names) > 1:
            more = f" and {len(names) - _FEW:,} more" if len(names) > _FEW else ""
            yield f"{head} {len(names):,} fields appeared on {models:,} of {of}: {', '.join(names[:_FEW])}{more}"
    for wave in found:
        if wave.old is not None or len(together[wave.models]) == 1:
            is_various = wave.old is None and wave.new is None
            what = " appeared" if is_various else f": {_transition(wave.old, wave.new)}"
            yield f"{head} {wave.field}{what} on {wave.models:,} of {of}"


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
            return f"{subject} {found.field}: {_transition(found.old_value, found.new_value)}"


def _transition(old: str | None, new: str | None) -> str:
    return f"{tabular.told(old)} → {tabular.told(new)}"


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


def outcome(report: RunReport, manner: Manner = Manner()) -> str:
    """Say how a run ended, or would have, in one line without the source's name."""
    found = report.run
    if found.status in {Status.FAILED, Status.SKIPPED, Status.SUPERSEDED}:
        return f"{found.status}: {found.error}"
    counts = cells.counts(found)
    would = f"would record {', '.join(counts)}" if counts else "nothing would change"
    parts = [f"{text.counted(found.models_seen, 'model')} listed", *([would] if manner.dry_run else counts or [_SAME])]
    took = (found.finished_at - found.started_at).total_seconds() if found.finished_at else 0
    dated = f", {which(found)}" if manner.dated else ""
    told = f"{', '.join(parts)} ({text.counted(found.pages, 'page')}, {took:.1f} s{dated})"
    if report.makes_baseline or (report.baseline and not report.awaits_baseline and found.status is not Status.HELD):
        told += "; a baseline: what it found is not news"
        told += ", and what it lacks counts as missing from now on" if found.missing else ""
    told += f"; {found.status}: {found.error}" if found.error else ""
    if report.awaits_baseline:
        told += "; nothing is told as new yet: this walk is no baseline"
    waits = "; ".join(cause.words for cause in report.held)
    return f"{told}; held: {waits}" if waits and found.status is not Status.HELD else told


def which(run: Run) -> str:
    """Name a run, for lines that are read later: in a mail of cron, or in the journal of a worker."""
    ended = "" if run.finished_at is None else f" at {output.second(run.finished_at)}"
    return f"run {run.run_id}{ended}"


def dated(failure: CatalogError, run: Run | None) -> CatalogError:
    """Give a failure with the name of the run that it ended, where there is one."""
    return failure if run is None else failure.reworded(f"{failure.message} ({which(run)})")
