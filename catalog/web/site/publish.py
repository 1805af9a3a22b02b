"""Writes the pages into a folder, each file whole, and only those that differ from what is there.

What the last time wrote and this time does not is deleted at the end; no other file is ever touched.
"""

import json
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from catalog import dates
from catalog.domain import Change, Model
from catalog.events import AlertEvent, Rule
from catalog.settings import PublishSettings
from catalog.store.engine.database import Connection
from catalog.store.queries import history, log
from catalog.store.queries import pages as lists
from catalog.store.queries.history import Which
from catalog.store.queries.log import LogQuestion
from catalog.store.queries.pages import Wanted
from catalog.web import asked, markup, names
from catalog.web.asked import Moment, PageQuestion
from catalog.web.routes import ROUTES, Route
from catalog.web.server import frame
from catalog.web.server.visit import Publication, Site, Visit
from catalog.web.site.folder import Folder, Manifest, digest, held, writable

_ROUTES = {route.name: route for route in ROUTES}
_LINKED = frozenset({"atom", "feed.json", "ics"})  # forms that need absolute links
EVERY = "models-all"  # with the models that are gone; `published` reads it
_MANY = 10_000  # models ever listed by a source; of more, only some have pages
_RECENT = timedelta(days=90)
_SPANS = (1, 7, 30)  # days that are compared
_MOST = 1000  # rows of a stream
_EVERYTHING = Rule(channel="", events=tuple(AlertEvent), changed_fields=("*",))


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What a run did to a folder: numbers of files."""

    folder: str
    written: int
    unchanged: int
    deleted: int
    has_feeds: bool  # without a base URL, there are none


class _Page(NamedTuple):
    """One resource in the folder: what it shows, and where."""

    route: Route
    question: PageQuestion
    folder: str = ""  # with a slash at its end
    path: Mapping[str, str] = {}
    stem: str = ""  # instead of its usual name
    forms: Sequence[str] = ()  # instead of the usual ones

    @property
    def address(self) -> str:
        """Where it is below the root, without suffix."""
        return f"{self.folder}{self.stem or self.route.address(self.path)}"


def publish(
    site: Site, settings: PublishSettings, folder: Path, *, progress: Callable[[int], object] = lambda _: None
) -> Published:
    """Bring a folder up to date; `progress` is told how many files there are so far.

    Raises ConfigError for a folder that holds something else or cannot be written, FolderBusyError while another
    process writes into it.
    """
    # Twice: the database would take for its own what goes wrong while it is read.
    with writable(folder), held(folder) as journal, site.database.read() as connection, writable(folder):
        return _Writer(site, settings, Folder(folder, journal, progress), connection).write()


class _Writer:
    """Writes one state of the catalog, read in one transaction."""

    def __init__(self, site: Site, settings: PublishSettings, folder: "Folder", connection: Connection) -> None:
        self._site, self._folder, self._connection, self._now = site, folder, connection, site.clock()
        self._base_url = settings.base_url
        self._rule = Rule(channel="", events=(), models=settings.models, sources=settings.sources)
        known = {*site.sources, *(each.source for each in history.sources(connection))}
        self._sources = sorted(known & {*settings.sources} if settings.sources else known)
        self._publication = Publication(rule=self._rule, until=None, models=(), forms=self._forms)
        told = [settings.base_url, settings.sources, settings.models, site.milestones, list(map(str, site.watched()))]
        self._shape = digest(json.dumps(told).encode())

    def write(self) -> Published:
        newest = _newest(self._connection, None)
        last = next(newest, None)
        newest.close()
        every = lists.every(self._connection, Wanted(which=Which.ALL))
        models = tuple(each for each in every if self._publication.shows(each.source, each.id))
        until = last.observed_at if last else None
        self._publication = replace(self._publication, until=until, models=models)
        missing = [_address(each.source, each.id) for each in models if each.missing_since]
        renewed = self._renewed(models, missing)
        for address, body in markup.static().values():
            self._folder.put(address, body)
        for model in self._paged(models):
            self._keep_or_make(model, renewed)
        for page in self._lists(models, last):
            self._make(page)
        self._make(_Page(_ROUTES["index"], PageQuestion()))
        latest = log.change(self._connection)  # of a past that was filled in, it is not the newest
        written = self._folder.seal(
            Manifest(
                version=markup.fingerprint(),
                settings=self._shape,
                as_of=dates.to_text(self._now),
                change_id=latest.change_id if latest else 0,
                uid=digest(latest.uid.encode()) if latest else "",
                missing=missing,
                sources=self._freshness(),
            )
        )
        return Published(**written, folder=str(self._folder.path), has_feeds=bool(self._base_url))

    def _paged(self, models: Sequence[Model]) -> Iterator[Model]:
        """Give the models that have a page: of a very long list, those that are watched, retire, or changed lately."""
        counts = Counter(model.source for model in models)
        watched, recent = set(self._site.watched()), set[tuple[str, str]]()
        if max(counts.values(), default=0) > _MANY:
            recent = {(each.source, each.model_id) for each in _newest(self._connection, self._now - _RECENT)}
        for model in models:
            place = (model.source, model.id)
            if counts[model.source] <= _MANY or model.retires_at or {place, model.id} & watched or place in recent:
                yield model

    def _renewed(self, models: Sequence[Model], missing: Sequence[str]) -> set[str] | None:
        """Give the addresses of the models whose pages are made anew; None: all."""
        before = self._folder.before
        if not before.as_of or (before.version, before.settings) != (markup.fingerprint(), self._shape):
            return None
        same = log.change(self._connection, before.change_id)
        if same is None or digest(same.uid.encode()) != before.uid:
            return None
        since = dates.from_text(before.as_of)
        changed = log.places_after(self._connection, before.change_id)
        found = {*missing, *before.missing, *(_address(*place) for place in changed)}
        days = {0, asked.ModelQuestion().days, *self._site.milestones}
        spans = [(since + timedelta(days=ahead), self._now + timedelta(days=ahead)) for ahead in days]
        for model in models:
            if model.retires_at and any(start < model.retires_at <= end for start, end in spans):
                found.add(_address(model.source, model.id))
        return found

    def _keep_or_make(self, model: Model, renewed: set[str] | None) -> None:
        path = {"source": names.name_of(model.source), "name": names.name_of(model.id)}
        page = _Page(_ROUTES["model"], asked.ModelQuestion(), path=path)
        paths = [f"{page.address}.{form}" for form in self._forms(page.route.name)]
        if renewed is None or _address(model.source, model.id) in renewed or not self._folder.keep(paths):
            self._make(page)

    def _lists(self, models: Sequence[Model], last: Change | None) -> Iterator[_Page]:
        """Give every page but those of models and the first one."""
        sources = sorted({model.source for model in models})
        lines = sorted({model.line for model in models if model.line})
        yield _Page(_ROUTES["models"], asked.ModelsQuestion())
        yield _Page(_ROUTES["models"], asked.ModelsQuestion(state="all"), stem=EVERY, forms=("json",))
        yield _Page(_ROUTES["watch"], asked.WatchQuestion())
        yield _Page(_ROUTES["timeline"], asked.TimelineQuestion(limit=200))
        slices: list[tuple[str, Mapping[str, Any]]] = [("", {})]
        slices += [(f"source/{names.name_of(name)}/", {"sources": (name,)}) for name in sources]
        slices += [(f"line/{names.name_of(name)}/", {"lines": (name,)}) for name in lines]
        slices += [("watched/", {"watched": True})] if self._site.watched() else []
        for folder, chosen in slices:
            words: Mapping[str, Any] = {"models": self._rule.models, "sources": self._rule.sources, **chosen}
            yield _Page(_ROUTES["changes"], asked.ChangesQuestion(**words, limit=_MOST), folder)
            yield _Page(_ROUTES["retirements"], asked.RetirementsQuestion(**words), folder)
        for name in sources:
            yield _Page(_ROUTES["models"], asked.ModelsQuestion(source=name), f"source/{names.name_of(name)}/")
        for name in lines:
            yield _Page(_ROUTES["models"], asked.ModelsQuestion(line=(name,)), f"line/{names.name_of(name)}/")
        if last is not None:
            yield from (self._compared(last, days) for days in _SPANS)
        yield _Page(_ROUTES["status"], PageQuestion())

    def _compared(self, last: Change, days: int) -> _Page:
        """Compare the last days in which something changed: so the page stays as it is while nothing does."""
        start, end = last.observed_at - timedelta(days=days), last.observed_at
        question = asked.DiffQuestion(
            start=Moment(dates.short(start), start), end=Moment(dates.short(end), end), limit=_MOST
        )
        return _Page(_ROUTES["diff"], question, stem="diff" if days == _SPANS[1] else f"diff-{days}")

    def _freshness(self) -> dict[str, dict[str, object]]:
        """Say when each list was read whole, and after how many seconds that is old: `published` judges by it."""
        return {
            one.name: {
                "last_whole_at": one.row.last_whole_at and dates.to_text(one.row.last_whole_at) if one.row else None,
                "stale_after": one.stale_after.total_seconds(),
            }
            for one in self._site.judge(self._connection, self._now, names=False).sources
            if one.stale_after is not None and (not self._rule.sources or one.name in self._rule.sources)
        }

    def _forms(self, name: str) -> Sequence[str]:
        if name == "status":  # no badge: it would go on saying "fresh" when nothing is published any more
            return ["html"]
        return [form for form in _ROUTES[name].forms if self._base_url or form not in _LINKED]

    def _make(self, page: _Page) -> None:
        known = dict[str, Any]()
        for form in page.forms or self._forms(page.route.name):
            visit = Visit(
                site=self._site,
                connection=self._connection,
                now=self._now,
                name=page.route.name,
                form=form,
                path=page.path,
                question=page.question,
                base_url=self._base_url.rstrip("/"),
                sources=self._sources,
                address=page.address,
                published=self._publication,
                known=known,
            )
            self._folder.put(f"{page.address}.{form}", frame.answer(visit, page.route).body)


def _newest(connection: Connection, since: datetime | None) -> Generator[Change, None, None]:
    return log.changes(connection, LogQuestion(rule=_EVERYTHING, since=since, baseline=True))


def _address(source: str, id: str) -> str:
    return f"model/{names.name_of(source)}/{names.name_of(id)}"
