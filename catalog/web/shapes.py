"""Answers other programs: with feeds, calendars and badges. How these are written, the pure modules decide."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

from catalog import dates
from catalog.domain import Place
from catalog.store.queries import history, log
from catalog.store.queries import pages as lists
from catalog.store.queries.log import LogQuestion
from catalog.web import asked, names, pages, screens, stream, timeline
from catalog.web.asked import ChangesQuestion, RetirementsQuestion
from catalog.web.entries import FeedEntry
from catalog.web.formats import atom, badge, ics, jsonfeed
from catalog.web.formats.atom import Feed
from catalog.web.formats.ics import Planned
from catalog.web.server.visit import Visit, WebAnswer

_ATOM, _JSON = "application/atom+xml; charset=utf-8", "application/feed+json"
_CALENDAR = "text/calendar; charset=utf-8"
_STATUS = {"ok": "fresh", "never read": "stale", "clock wrong": "stale", "in doubt": "failing", "not sent": "failing"}
_NO_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # of a catalog that read no list yet
_ALL = ("added", "changed", "removed", "retiring", "returned")


def changes_atom(visit: Visit) -> WebAnswer:
    """Answer with the stream as Atom."""
    return _atom(_changes(visit), _entries(visit, visit.question))


def changes_json(visit: Visit) -> WebAnswer:
    """Answer with the stream as a JSON Feed."""
    feed, told = _changes(visit), _entries(visit, visit.question)
    return WebAnswer(body=jsonfeed.write(feed, told), media=_JSON, modified=feed.updated(told))


def model_atom(visit: Visit) -> WebAnswer:
    """Answer with all that happens to one model."""
    model = screens.story(visit).model
    question = ChangesQuestion(events=_ALL, id=((model.source, model.id),))
    feed = Feed(
        title=f"{model.id} ({model.source})",
        query=asked.write(question),
        base_url=visit.root,
        path=names.model_path(model.source, model.id, visit.form),
        page=names.model_path(model.source, model.id),
        begins=visit.begins or _NO_BEGINNING,
    )
    return _atom(feed, _entries(visit, question))


def retirements_ics(visit: Visit) -> WebAnswer:
    """Answer with the dates ahead, those of the last months, and those that were withdrawn lately."""
    question: RetirementsQuestion = visit.question
    rule = question.rule(visit.site.watched() if question.watched else ())
    until = None if question.days is None else visit.now + timedelta(days=question.days)
    dated = lists.retiring(visit.connection, rule, since=visit.now - ics.REMEMBERED, until=until)
    moved = LogQuestion(
        rule=replace(rule, events=(), changed_fields=("retires_at",)), since=visit.now - ics.CANCELLED, baseline=True
    )
    withdrawn = {
        Place(each.source, each.model_id) for each in log.changes(visit.connection, moved) if not each.new_value
    }
    lost = history.named(visit.connection, {place.id for place in withdrawn})
    models = [*dated, *(each for each in lost if Place(each.source, each.id) in withdrawn and not each.retires_at)]
    log_of = lists.spans(visit.connection, models, fields=("retires_at", "lifecycle"))
    planned = [Planned(model=each, changes=log_of.get(Place(each.source, each.id), ())) for each in models]
    told = _told("Model retirements", question)
    return _calendar(visit, planned, told, [each.time for each in question.alarm])


def model_ics(visit: Visit) -> WebAnswer:
    """Answer with the retirement of one model."""
    found = screens.story(visit)
    one = Planned(model=found.model, changes=found.changes)
    title = f"Retirement of {found.model.id} ({found.model.source})"
    return _calendar(visit, [one], title, [each.time for each in visit.question.alarm])


def model_svg(visit: Visit) -> WebAnswer:
    """Answer with the badge of one model."""
    found = screens.story(visit)
    fares = pages.verdict(found.model, found.changes, visit.now, visit.question.days)
    retires = found.model.retires_at
    words = f"retires {dates.day(retires)}" if fares.word == "retiring" and retires else fares.word
    return timeline.svg(badge.draw(found.model.id, words, fares.tone))


def status_svg(visit: Visit) -> WebAnswer:
    """Answer with the badge of the catalog: fresh, stale, held or failing."""
    strips = pages.strips(visit.health, visit.now)
    word, tone = (strips[0].word, strips[0].tone) if strips else ("never read", "bad")
    return timeline.svg(badge.draw("model catalog", _STATUS.get(word, word), tone))


def _changes(visit: Visit) -> Feed:
    """Describe the feed of a filter; how much of it is asked for names no other feed."""
    query = asked.write(visit.question)
    return Feed(
        title=_told("Model changes", visit.question),
        query=asked.write(visit.question, limit=ChangesQuestion().limit, before=None),
        base_url=visit.root,
        path=f"{visit.name}.{visit.form}{query}",
        page=f"{visit.name}.html{query}",
        begins=visit.begins or _NO_BEGINNING,
    )


def _entries(visit: Visit, question: ChangesQuestion) -> Sequence[FeedEntry]:
    return stream.collect(visit, question).entries


def _atom(feed: Feed, told: Sequence[FeedEntry]) -> WebAnswer:
    return WebAnswer(body=atom.write(feed, told), media=_ATOM, modified=feed.updated(told))


def _calendar(visit: Visit, planned: Sequence[Planned], title: str, alarms: Sequence[timedelta]) -> WebAnswer:
    body = ics.write(planned, title=title, base_url=visit.root, now=visit.now, alarms=alarms)
    if visit.published:
        return WebAnswer(body=body, media=_CALENDAR)
    newest = history.changes(visit.connection, limit=1)  # of any model: names and other fields stand in events, too
    modified = max((change.recorded_at for change in newest), default=visit.begins or _NO_BEGINNING)
    return WebAnswer(body=body, media=_CALENDAR, modified=modified)


def _told(what: str, question: asked.Subscribed) -> str:
    """Name a feed or calendar by its filter."""
    told = ", ".join(unquote(part) for part in asked.write(question)[1:].split("&"))
    return f"{what}: {told}" if told else what
