"""The picture of lifespans: on its page, as a file, and as part of other pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from catalog import watch
from catalog.domain import Change, Model, Place
from catalog.store.queries import history
from catalog.store.queries import pages as lists
from catalog.store.queries.history import Story, Which
from catalog.store.queries.pages import Cut, Sort, Wanted
from catalog.web import markup
from catalog.web.entries import FeedEntry
from catalog.web.formats import picture
from catalog.web.formats.picture import Lifespan
from catalog.web.server.visit import Visit, WebAnswer

_MOST = 25  # rows on the first page
_UNKNOWN = frozenset({"stale", "never", "unconfigured"})  # findings: nothing is known of the source lately


def page(visit: Visit) -> Mapping[str, Any]:
    """Show lifespans as a picture, and the same as a table."""
    models, more = _drawn(visit)
    rows = lifespans(visit, models)
    return {"picture": _draw(visit, rows), "rows": rows, "more": more}


def file(visit: Visit) -> WebAnswer:
    """Answer with the picture as a file that carries its style; where that is forbidden, it takes it from the site."""
    address, style = markup.static()["picture.css"]
    drawn = _draw(visit, lifespans(visit, _drawn(visit)[0]), style=style.decode())
    return svg(f'<?xml-stylesheet type="text/css" href="{address}"?>{drawn}')


def svg(drawn: str) -> WebAnswer:
    """Answer with a drawing."""
    return WebAnswer(body=drawn.encode(), media="image/svg+xml")


def of_one(visit: Visit, story: Story) -> str:
    """Draw one model, on its page."""
    found = {Place(story.model.source, story.model.id): story.changes}
    return picture.draw(_lifespans(visit, [story.model], found), today=_today(visit), root="../../")


def today(visit: Visit, mine: Sequence[Model], retiring: Sequence[Model], latest: Sequence[FeedEntry]) -> str:
    """Draw for the first page what is watched, what retires, and what the latest entries tell of."""
    told = {(each.source, each.model_id) for each in latest}
    news = history.named(visit.connection, [id for _, id in told if id is not None])
    found = [*mine, *retiring, *(each for each in news if (each.source, each.id) in told)]
    drawn = list({(each.source, each.id): each for each in found}.values())[:_MOST]
    return picture.draw(lifespans(visit, drawn), today=_today(visit)) if drawn else ""


def lifespans(visit: Visit, models: Sequence[Model]) -> list[Lifespan]:
    """Make the rows of a picture, the first to come first."""
    return _lifespans(visit, models, lists.spans(visit.connection, models))


def _lifespans(visit: Visit, models: Sequence[Model], found: Mapping[Place, Sequence[Change]]) -> list[Lifespan]:
    if visit.published is None:
        seen = {each.name: each.row.last_whole_at if each.row else None for each in visit.health.sources}
        stale = {each.source for each in visit.health.findings if each.code in _UNKNOWN}
    else:
        seen, stale = dict.fromkeys(visit.sources, visit.published.until), set()
    rows = [
        picture.lifespan(
            model,
            found.get(Place(model.source, model.id), ()),
            known_until=seen[model.source],
            is_stale=model.source in stale,
        )
        for model in models
    ]
    return sorted(rows, key=lambda row: (row.stretches[0].came_by, row.created_at or row.stretches[0].came_by, row.id))


def _draw(visit: Visit, rows: Sequence[Lifespan], *, style: str = "") -> str:
    start, end = (at and at.at for at in (visit.question.start, visit.question.end))
    return picture.draw(rows, today=_today(visit), start=start, end=end, style=style)


def _today(visit: Visit) -> datetime | None:
    return visit.now if visit.published is None else None


def _drawn(visit: Visit) -> tuple[list[Model], bool]:
    """Give the models that a picture is asked for, and whether there are more."""
    question = visit.question
    named = [*question.id, *(visit.site.watched() if question.watched else ())]
    if question.id or question.watched:
        found = [
            each
            for each in history.named(visit.connection, map(watch.id_of, named))
            if (each.id in named or (each.source, each.id) in named) and question.source in {None, each.source}
        ]
        return found[: question.limit], len(found) > question.limit
    if visit.published:
        shown = sorted(visit.published.models, key=lambda each: (-each.first_seen_at.timestamp(), each.source, each.id))
        return shown[: question.limit], len(shown) > question.limit
    wanted = Wanted(source=question.source, match=question.match, contains=question.q, which=Which.ALL)
    newest = Sort(column="first_seen_at", newest_first=True)
    is_short = lists.is_sortable(visit.connection, question.source)
    page = lists.models(visit.connection, wanted, Cut(limit=question.limit, sort=newest if is_short else None))
    return list(page.rows), page.after is not None
