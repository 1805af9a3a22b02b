"""Collects the entries that an address asks for: what runs found, and the milestones of retirements that have come."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby

from catalog import dates
from catalog.domain import Run
from catalog.events import AlertEvent
from catalog.store.queries import log
from catalog.store.queries.log import LogQuestion, Position
from catalog.web import asked, entries
from catalog.web.asked import ChangesQuestion
from catalog.web.entries import FeedEntry
from catalog.web.names import Dated
from catalog.web.server.visit import Visit

_DATED = {AlertEvent.RETIRING, AlertEvent.OVERDUE}
_REACHES = tuple(timedelta(days=days) for days in (1, 16, 256))  # that many dates are sought in, one after another
_EVER = datetime.min.replace(tzinfo=UTC)
_LAST = "~"  # behind all names of sources


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """What one run found, or the dates of a source whose milestones came in one minute (then `run` is None)."""

    at: datetime
    run: Run | None
    entries: tuple[FeedEntry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """A part of the stream, the newest first; `on`: the place after which it goes on, None: that was all."""

    blocks: tuple[Block, ...]
    on: int | Dated | None

    @property
    def entries(self) -> tuple[FeedEntry, ...]:
        """All entries, in order."""
        return tuple(entry for block in self.blocks for entry in block.entries)


def collect(visit: Visit, question: ChangesQuestion) -> Stream:
    """Collect as many entries as asked for, of what runs found and of dates together."""
    return visit.once(f"stream{asked.write(question)}", lambda: _collected(visit, question))


def _collected(visit: Visit, question: ChangesQuestion) -> Stream:
    wanted, most = asked_of_log(visit, question), question.limit + 1  # one more tells whether it goes on
    runs, news, edge = dict[int, Run](), list[FeedEntry](), _edge(visit, question.before)
    for each in log.by_run(visit.connection, wanted):
        found = entries.of_run(each.run, each.changes, are_all=each.are_all)
        news += [one for one in found if edge is None or entries.standing(one)[:3] < edge]
        runs[each.run.run_id] = each.run
        if len(news) >= most:
            break
    oldest = news[most - 1].updated if len(news) >= most else question.since and question.since.at
    found = sorted([*news, *_dated(visit, question, edge, oldest, most)], key=entries.standing, reverse=True)
    shown = found[: question.limit]
    blocks = (tuple(some) for _, some in groupby(shown, key=_shared))
    return Stream(
        blocks=tuple(Block(at=some[0].updated, run=runs.get(_run_of(some[0])), entries=some) for some in blocks),
        on=entries.place(shown[-1]) if len(found) > len(shown) else None,
    )


def _run_of(entry: FeedEntry) -> int:
    """Give the number of the run that found it; 0: none did."""
    return entry.changes[0].run_id if entry.changes else 0


def _shared(entry: FeedEntry) -> tuple[object, ...]:
    """Give what the entries of a block have in common."""
    return (_run_of(entry),) if entry.changes else (entry.source, dates.to_text(entry.updated)[:16])


def asked_of_log(visit: Visit, question: ChangesQuestion) -> LogQuestion:
    """Put a question of a page as one to the log. Raises ConfigError for a watchlist that cannot be read."""
    watched = visit.site.watched() if question.watched else ()
    ends = [question.until and question.until.at, question.before.at if isinstance(question.before, Dated) else None]
    return LogQuestion(
        rule=question.rule(watched),
        since=question.since and question.since.at,
        until=min((end for end in ends if end), default=None),
        before=question.before if isinstance(question.before, int) else None,
        baseline=question.baseline,
    )


def _edge(visit: Visit, before: int | Dated | None) -> Position | None:
    """Give where a page begins, in the order of the log; None: with the newest, or with a date."""
    return log.place_of(visit.connection, before) if isinstance(before, int) else None


def _dated(
    visit: Visit, question: ChangesQuestion, edge: Position | None, since: datetime | None, most: int
) -> list[FeedEntry]:
    """Give the newest milestones that came since a moment, of those that follow what the page before this one shows."""
    rule, milestones, now = asked_of_log(visit, question).rule, visit.site.milestones, visit.now
    if not _DATED & {*rule.events}:
        return []
    before = question.before if isinstance(question.before, Dated) else edge and Dated("", edge[0], _LAST, "")
    if question.until and (before is None or question.until.at <= before.at):
        before = Dated("", question.until.at, "", "")
    end = min(now, before.at) if before else now
    found, are_many = list[FeedEntry](), log.are_many_dated(visit.connection)
    for reach in (*(_REACHES if are_many else ()), None):
        start = since if reach is None else max(since or _EVER, end - reach)
        near = entries.nearest(milestones, now=end, since=start) if start else ()
        planned = log.retirement_dates(visit.connection, start, rule=rule, near=near)
        found = entries.of_dates(planned, rule, milestones=milestones, now=now, since=start, before=before, most=most)
        if len(found) >= most or start == since:
            break
    return found
