"""Collects the entries that an address asks for: what runs found, and the milestones of retirements that have come."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from catalog import dates
from catalog.domain import Run
from catalog.events import AlertEvent, Rule
from catalog.store.queries import log
from catalog.store.queries.log import LogQuestion
from catalog.web import entries
from catalog.web.asked import ChangesQuestion
from catalog.web.entries import FeedEntry
from catalog.web.visit import Visit

_DATED = {AlertEvent.RETIRING, AlertEvent.OVERDUE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """What one run found, or dates whose milestones came between two runs (then `run` is None)."""

    at: datetime
    run: Run | None
    entries: tuple[FeedEntry, ...]

    @property
    def of(self) -> tuple[int, str]:
        """What its entries share beside the time: a run, or a source."""
        return (self.run.run_id, "") if self.run else (0, self.entries[0].source)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """A part of the stream, the newest first; `on`: the change before which it goes on, None: that was all."""

    blocks: tuple[Block, ...]
    on: int | None

    @property
    def entries(self) -> tuple[FeedEntry, ...]:
        """All entries, in order."""
        return tuple(entry for block in self.blocks for entry in block.entries)


def collect(visit: Visit, question: ChangesQuestion, *, most: int | None = None) -> Stream:
    """Collect whole runs until there are as many entries as asked for; `most`: of milestones, the last are enough."""
    wanted = asked_of_log(visit, question)
    blocks, count, on = list[Block](), 0, None
    for each in log.by_run(visit.connection, wanted):
        if count >= question.limit:
            on = min(entry.changes[0].change_id for entry in blocks[-1].entries)
            break
        found = tuple(entries.of_run(each.run, each.changes, are_all=each.are_all))
        blocks.append(Block(at=found[0].updated, run=each.run, entries=found))
        count += len(found)
    oldest = blocks[-1].at if on is not None else question.since and question.since.at
    return Stream(blocks=_in_order([*blocks, *_dated(visit, wanted, oldest, most)]), on=on)


def _in_order(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Put the newest first; the dates of one source that came in the same minute share a block."""
    newest = sorted(blocks, key=lambda block: (block.at, *block.of), reverse=True)
    groups = groupby(newest, key=lambda block: (block.of, None if block.run else dates.to_text(block.at)[:16]))
    found = [list(group) for _, group in groups]
    return tuple(replace(some[0], entries=tuple(entry for one in some for entry in one.entries)) for some in found)


def asked_of_log(visit: Visit, question: ChangesQuestion) -> LogQuestion:
    """Put a question of a page as one to the log. Raises ConfigError for a watchlist that cannot be read."""
    watched = visit.site.watched() if question.watched else ()
    return LogQuestion(
        rule=question.rule(watched),
        since=question.since and question.since.at,
        until=question.until and question.until.at,
        before=question.before,
        baseline=question.baseline,
    )


def _dated(visit: Visit, wanted: LogQuestion, since: datetime | None, most: int | None) -> list[Block]:
    """Give the milestones that came since a moment, before what the page before this one shows."""
    if not _DATED & {*wanted.rule.events}:
        return []
    milestones, now, rule = visit.site.milestones, visit.now, wanted.rule
    near = entries.nearest(milestones, now=now, since=since) if since else ()
    planned = log.retirement_dates(visit.connection, since, rule=rule, near=near)
    until = _recorded(visit, wanted.before) if wanted.before else wanted.until
    most = most if until is None else None  # the last may be too late
    found = entries.of_dates(planned, rule, milestones=milestones, now=now, since=since, most=most)
    return [
        Block(at=each.updated, run=None, entries=(each,)) for each in found if until is None or each.updated < until
    ]


def _recorded(visit: Visit, number: int) -> datetime | None:
    """Tell when the change of a number was recorded, or the last one before it."""
    everything = Rule(channel="", events=tuple(AlertEvent), changed_fields=())
    found = log.changes(visit.connection, LogQuestion(rule=everything, before=number + 1, baseline=True))
    one = next(found, None)
    found.close()
    return None if one is None else one.recorded_at
