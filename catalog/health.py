"""Is the catalog fresh, and believed? Pure: rows and the time in, findings out."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from catalog import dates
from catalog.domain import Run, Source, Status
from catalog.errors import Failure
from catalog.text import counted

_SOURCE_COLUMNS = tuple(field.name for field in fields(Source) if field.name != "live")
CLOCK_SLACK = timedelta(minutes=5)
LATE = timedelta(hours=1)  # alerts may wait so long before it is a problem: retries come at least that often
IN_A_ROW = 3  # failed runs or unclean walks that are a problem; fewer are a note
AT_ONCE = frozenset({Failure.KEY, Failure.CERTIFICATE, Failure.CONFIGURATION})  # a problem at once: no retry mends them


class Wait(StrEnum):
    """The option of `catalog sync` that the absences of a held source wait for."""

    REMOVALS = "--accept-removals"  # too much was gone at once
    SCOPE = "--accept-scope"  # the answers name an organization or workspace that was not accepted


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """Why a source is held; there may be several."""

    wait: Wait
    since_run: int  # the run that found it first
    models: int  # whose absence waits
    listed: int  # models of the source that were listed before the last whole walk

    @property
    def words(self) -> str:
        """Say what waits, and for what."""
        match self.wait:
            case Wait.REMOVALS:
                lacked = f"{self.models:,} of {self.listed:,} models that were listed before are gone at once"
                return f"{lacked}: they wait for {self.wait}"
            case Wait.SCOPE:
                return f"the answers name another organization or workspace than before: absences wait for {self.wait}"


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceHealth:
    """A source and its latest evidence. Skipped and superseded runs, and those that still go on, do not count."""

    row: Source
    last: Run | None  # the last run that was merged or died
    failure: Failure | None  # what made that one fail; None: it did not, or its record is older than this column
    failed: int  # runs that died since the last merged one
    unclean: int  # merged walks in a row, up to the last one, that could not be trusted fully
    missing: int  # models that whole walks lack and that are not believed to be gone, held ones included
    held: tuple[Cause, ...]
    awaits_baseline: bool = False  # no walk could be the baseline of the list yet, or of the scope it is asked for in

    @property
    def problem(self) -> str:
        """Say why a watcher must hear of a failure: the last run failed, or something is held. Empty: neither."""
        parts = [self.last.error or "the last run ended half-way"] if self.failed and self.last else []
        return "; ".join([*parts, *(f"held: {cause.words}" for cause in self.held)])


class Level(StrEnum):
    """How grave a finding is: a problem makes `catalog status` exit 1, a note does not."""

    PROBLEM = "problem"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing, about a source or a channel."""

    level: Level
    code: str
    source: str | None = None
    channel: str | None = None
    text: str
    hint: str = ""

    @property
    def name(self) -> str:
        """The source or channel that it is about."""
        return self.source or self.channel or ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceCheck:
    """A source as `status` judges it; `row` is None when it is configured and was never synced."""

    name: str
    row: Source | None
    stale_after: timedelta | None  # None: not configured any more, and need not be fresh
    health: SourceHealth | None = None  # None: only judge how fresh it is


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """What waits for one channel."""

    channel: str
    pending: int
    dead: int
    oldest: datetime | None  # when the oldest of the pending ones was enqueued
    next_attempt_at: datetime | None  # before which none of the pending ones is tried
    last_error: str | None

    @classmethod
    def none(cls, channel: str) -> Self:
        """What waits for a channel that took everything."""
        return cls(channel=channel, pending=0, dead=0, oldest=None, next_attempt_at=None, last_error=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How fresh each source is, what is pending for each channel, and what is wrong: problems first."""

    sources: tuple[SourceCheck, ...]
    channels: tuple[Backlog, ...]
    watch: tuple[str, ...]  # ids that the configuration itself names
    unknown: tuple[Finding, ...]  # names in the configuration that no list ever had
    findings: tuple[Finding, ...]  # all of them

    @property
    def healthy(self) -> bool:
        """Whether no finding is a problem."""
        return healthy(self.findings)

    def of_source(self, name: str) -> tuple[Finding, ...]:
        """Give what is found of a source."""
        return tuple(finding for finding in self.findings if finding.source == name)

    def objects(self) -> list[dict[str, Any]]:
        """Give what `catalog status --json` prints: an object for each source and channel, and one for [watch]."""
        found = [
            {name: getattr(one.row, name, None) for name in _SOURCE_COLUMNS}
            | {"source": one.name}
            | _judged(self.of_source(one.name))
            for one in self.sources
        ]
        found += [
            asdict(one) | _judged([each for each in self.findings if each.channel == one.channel])
            for one in self.channels
        ]
        if self.unknown:
            found.append({"watch": self.watch, **_judged(self.unknown)})
        return found


COLUMNS = (*_SOURCE_COLUMNS, *(each.name for each in fields(Backlog)), "watch", "healthy", "findings")  # of the objects


def findings(watched: Sequence[SourceCheck], *, now: datetime) -> tuple[Finding, ...]:
    """Judge all sources: problems first, then by source."""
    found = [finding for one in watched for finding in _of_source(one, now)]
    return tuple(sorted(found, key=lambda finding: (finding.level is not Level.PROBLEM, finding.name)))


def backlogs(channels: Sequence[Backlog], *, configured: Collection[str], now: datetime) -> tuple[Finding, ...]:
    """Judge all channels: what was given up, and what has waited for long."""
    return tuple(finding for one in channels for finding in _of_channel(one, now, configured=one.channel in configured))


def _judged(found: Sequence[Finding]) -> dict[str, Any]:
    return {"healthy": healthy(found), "findings": [asdict(finding) for finding in found]}


def healthy(found: Sequence[Finding]) -> bool:
    """Tell whether none of these is a problem."""
    return all(finding.level is not Level.PROBLEM for finding in found)


def _of_source(one: SourceCheck, now: datetime) -> Iterator[Finding]:
    if one.stale_after is None:
        yield _note("unconfigured", one.name, "is not configured any more; its rows stay")
        return
    yield from _freshness(one, one.stale_after, now)
    if one.health is not None:
        yield from _baseline(one.name, one.health)
        yield from _failures(one.name, one.health)
        yield from _doubts(one.name, one.health)


def _of_channel(one: Backlog, now: datetime, *, configured: bool) -> Iterator[Finding]:
    if one.dead:
        text = f"{counted(one.dead, 'alert')} given up: {one.last_error or 'no reason is known'}"
        hint = f"catalog alerts retry {one.channel}" if configured else ""
        level = Level.PROBLEM if configured else Level.NOTE  # nothing is missed that is not configured any more
        yield Finding(level=level, code="dead", channel=one.channel, text=text, hint=hint)
    if one.pending and not configured:
        text = f"{counted(one.pending, 'alert')} pending for a channel that is not configured any more"
        yield Finding(level=Level.NOTE, code="orphaned", channel=one.channel, text=text)
    elif one.oldest:
        yield from _late(one, one.oldest, now)


def _late(one: Backlog, oldest: datetime, now: datetime) -> Iterator[Finding]:
    told = f"{counted(one.pending, 'alert')} pending for {dates.age(now - oldest)}"
    resting = one.next_attempt_at is not None and one.next_attempt_at > now
    if one.next_attempt_at is not None and resting:
        told += f", next attempt in {dates.age(one.next_attempt_at - now)}"
    text = f"{told}: {one.last_error or 'not tried yet'}"
    if now - oldest > LATE:
        hint = "catalog alerts send"
        yield Finding(level=Level.PROBLEM, code="late", channel=one.channel, text=text, hint=hint)
    elif resting:
        yield Finding(level=Level.NOTE, code="resting", channel=one.channel, text=text)


def _freshness(one: SourceCheck, stale_after: timedelta, now: datetime) -> Iterator[Finding]:
    last = one.row.last_whole_at if one.row else None
    if last is None:
        yield _problem("never", one.name, "was never read whole", f"catalog sync {one.name}")
        return
    if one.row and not one.row.live:
        text = f"only its past was recorded, until {dates.short(last.replace(microsecond=0))}: it was never read itself"
        yield _problem("never", one.name, text, f"catalog sync {one.name}")
        return
    if last - now > CLOCK_SLACK:
        text = f"the last whole walk lies {dates.age(last - now)} in the future: a clock is wrong"
        yield _problem("clock", one.name, text)
    if now - last > stale_after:
        text = f"the last whole walk ended {dates.age(now - last)} ago (stale after {dates.age(stale_after)})"
        yield _problem("stale", one.name, text, f"catalog sync {one.name}")


def _baseline(name: str, known: SourceHealth) -> Iterator[Finding]:
    """Say so, and why, while there is no baseline: nothing is told as new until then."""
    if not known.awaits_baseline:
        return
    doubt = known.last.error if known.last else None
    why = f"; the last run: {doubt}" if doubt else ""
    text = f"nothing is told as new yet: no walk could be a baseline so far{why}"
    yield _note("baseline", name, text, f"catalog sync {name}")


def _failures(name: str, known: SourceHealth) -> Iterator[Finding]:
    last, often = known.last, known.failed
    if last is None or not often:
        return
    which = "the last run" if often == 1 else f"the last {often:,} runs"
    reason = last.error or ("it died half-way" if last.status == Status.ABANDONED else "no reason is known")
    make = _problem if often >= IN_A_ROW or known.failure in AT_ONCE else _note
    yield make("failed", name, f"{which} failed; the latest: {reason}", "catalog runs")


def _doubts(name: str, known: SourceHealth) -> Iterator[Finding]:
    if known.missing:
        yield _note("missing", name, f"{counted(known.missing, 'model')} missing, not yet believed to be gone")
    for cause in known.held:
        # Where only the past is known, the first live sync may be a new baseline, which holds nothing from before it.
        accept = f" {cause.wait}" if known.row.live else ""
        yield _problem("held", name, f"held: {cause.words}", f"catalog sync {name}{accept}")
    if known.unclean:
        make = _problem if known.unclean >= IN_A_ROW else _note
        which = "the last walk" if known.unclean == 1 else f"the last {known.unclean:,} walks"
        text = f"{which} could not be trusted fully, so no removal is noticed"
        yield make("unclean", name, text, "catalog runs")


def _problem(code: str, source: str, text: str, hint: str = "") -> Finding:
    return Finding(level=Level.PROBLEM, code=code, source=source, text=text, hint=hint)


def _note(code: str, source: str, text: str, hint: str = "") -> Finding:
    return Finding(level=Level.NOTE, code=code, source=source, text=text, hint=hint)
