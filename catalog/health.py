"""Is the catalog fresh, and believed? Pure: rows and the time in, findings out.

Knows nothing of databases, commands or channels; whoever asks brings the rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from catalog import dates, plain
from catalog.domain import DIED, MERGED, Run, Source, Status

CLOCK_SLACK = timedelta(minutes=5)
LATE = timedelta(hours=1)  # so long a channel may fail before it is a problem: retries come at least that often
UNCLEAN_IN_A_ROW = 3  # that often, an unclean walk is no accident, and no removal is ever noticed


class Level(StrEnum):
    """How much a finding weighs: a problem makes `catalog status` exit 1, a note does not."""

    PROBLEM = "problem"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing to know about a source or about a channel, whichever is named."""

    level: Level
    code: str
    source: str | None = None
    channel: str | None = None
    text: str
    hint: str = ""

    @property
    def name(self) -> str:
        """What it is about, for people."""
        return self.source or self.channel or ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A source as status looks at it; `row` is None when it is configured and was never synced."""

    name: str
    row: Source | None
    stale_after: timedelta | None  # None: not configured any more, so that nobody expects it to be fresh
    recent: Sequence[Run]  # newest first; the ones that still run count for nothing


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """How a channel stands."""

    name: str
    owed: int
    dead: int
    oldest: datetime | None  # since when the oldest of the owed alerts is owed
    next_attempt_at: datetime | None  # before which it is sent nothing
    last_error: str | None
    configured: bool


def findings(watched: Sequence[Watched], *, now: datetime) -> tuple[Finding, ...]:
    """Say all there is to know, problems first, then by source."""
    found = [finding for one in watched for finding in _of_source(one, now)]
    return tuple(sorted(found, key=lambda finding: (finding.level is not Level.PROBLEM, finding.name)))


def backlogs(channels: Sequence[Channel], *, now: datetime) -> tuple[Finding, ...]:
    """Say which channels have given something up, or have not taken anything for long."""
    return tuple(finding for channel in channels for finding in _of_channel(channel, now))


def healthy(found: Sequence[Finding]) -> bool:
    """Tell whether nothing that was found is a problem."""
    return all(finding.level is not Level.PROBLEM for finding in found)


def _of_source(one: Watched, now: datetime) -> Iterator[Finding]:
    if one.stale_after is None:
        yield _note("unconfigured", one.name, "is not configured any more; its rows stay")
        return
    ended = [run for run in one.recent if run.status != Status.RUNNING]
    yield from _freshness(one, one.stale_after, now)
    yield from _failures(one.name, ended)
    yield from _doubts(one.name, [run for run in ended if run.status in MERGED])


def _of_channel(channel: Channel, now: datetime) -> Iterator[Finding]:
    if channel.dead:
        text = f"{plain.count(channel.dead, 'alert')} given up: {channel.last_error or 'no reason is known'}"
        hint = f"catalog alerts retry {channel.name}" if channel.configured else ""
        level = Level.PROBLEM if channel.configured else Level.NOTE  # what nobody asks for is missed by nobody
        yield Finding(level=level, code="dead", channel=channel.name, text=text, hint=hint)
    if channel.owed and not channel.configured:
        text = f"{plain.count(channel.owed, 'alert')} owed to a channel that is not configured any more"
        yield Finding(level=Level.NOTE, code="orphaned", channel=channel.name, text=text)
    elif channel.oldest:
        yield from _backlog(channel, channel.oldest, now)


def _backlog(channel: Channel, oldest: datetime, now: datetime) -> Iterator[Finding]:
    told = f"{plain.count(channel.owed, 'alert')} owed for {dates.age(now - oldest)}"
    rests = channel.next_attempt_at is not None and channel.next_attempt_at > now
    if channel.next_attempt_at is not None and rests:
        told += f", next attempt in {dates.age(channel.next_attempt_at - now)}"
    text = f"{told}: {channel.last_error or 'not tried yet'}"
    if now - oldest > LATE:
        hint = "catalog alerts send"
        yield Finding(level=Level.PROBLEM, code="late", channel=channel.name, text=text, hint=hint)
    elif rests:
        yield Finding(level=Level.NOTE, code="resting", channel=channel.name, text=text)


def _freshness(one: Watched, stale_after: timedelta, now: datetime) -> Iterator[Finding]:
    last = one.row.last_whole_at if one.row else None
    if last is None:
        yield _problem("never", one.name, "was never read whole", f"catalog sync {one.name}")
        return
    if last - now > CLOCK_SLACK:
        text = f"the last whole walk lies {dates.age(last - now)} in the future: a clock is wrong"
        yield _problem("clock", one.name, text)
    if now - last > stale_after:
        text = f"the last whole walk ended {dates.age(now - last)} ago (stale after {dates.age(stale_after)})"
        yield _problem("stale", one.name, text, f"catalog sync {one.name}")


def _failures(name: str, ended: Sequence[Run]) -> Iterator[Finding]:
    tried = [run for run in ended if run.status in (*MERGED, *DIED)]
    died = list(takewhile(lambda run: run.status in DIED, tried))
    if died:
        often = "the last run" if len(died) == 1 else f"the last {len(died)} runs"
        reason = died[0].error or ("it died half-way" if died[0].status == Status.ABANDONED else "no reason is known")
        yield _problem("failed", name, f"{often} failed; the latest: {reason}", "catalog runs")


def _doubts(name: str, merged: Sequence[Run]) -> Iterator[Finding]:
    if merged and merged[0].missing:
        yield _note("missing", name, f"{plain.count(merged[0].missing, 'model')} missing, not yet believed to be gone")
    if merged and merged[0].status == Status.HELD:
        text = f"held: {merged[0].error or 'what is absent waits for somebody to believe it'}"
        yield _problem("held", name, text, f"catalog sync {name} {_accepting(merged[0].error or '')}")
    unclean = len(list(takewhile(lambda run: run.status == Status.PARTIAL, merged)))
    if unclean:
        make = _problem if unclean >= UNCLEAN_IN_A_ROW else _note
        text = f"the last {plain.count(unclean, 'walk')} could not be trusted fully, so that no removal is noticed"
        yield make("unclean", name, text, "catalog runs")


def _accepting(reason: str) -> str:
    """Name the option that ends what a run was held for; its reason says which."""
    return "--accept-scope" if "--accept-scope" in reason else "--accept-removals"


def _problem(code: str, source: str, text: str, hint: str = "") -> Finding:
    return Finding(level=Level.PROBLEM, code=code, source=source, text=text, hint=hint)


def _note(code: str, source: str, text: str, hint: str = "") -> Finding:
    return Finding(level=Level.NOTE, code=code, source=source, text=text, hint=hint)
