"""Writes the pages into a folder, each file whole, and only those that differ from what is there.

What the last time wrote and this time does not is deleted at the end; no other file is ever touched. `catalog.json`
names every file of ours, and is written last; until then, `.catalog-publish` names those that are new. So a run that
was killed leaves whole files, older and newer, and the next run ends it.
"""

import fcntl
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from catalog import dates, files
from catalog.domain import Change, Model
from catalog.errors import ConfigError
from catalog.events import AlertEvent, Rule
from catalog.settings import PublishSettings
from catalog.store.engine.database import Connection
from catalog.store.queries import log
from catalog.store.queries import pages as lists
from catalog.store.queries.history import Which
from catalog.store.queries.log import LogQuestion
from catalog.store.queries.pages import Wanted
from catalog.web import asked, frame, markup, names
from catalog.web.asked import Moment, Question
from catalog.web.routes import ROUTES, Route
from catalog.web.visit import Publication, Site, Visit

MANIFEST = "catalog.json"
_JOURNAL = ".catalog-publish"
_MODE = 0o644  # a web server is another user
_ROUTES = {route.name: route for route in ROUTES}
_FORMS: Mapping[str, Sequence[str]] = {
    "index": ("html",),
    "models": ("html", "json", "csv"),
    "model": ("html", "json", "svg", "atom", "ics"),
    "watch": ("html", "json", "csv"),
    "timeline": ("html", "svg"),
    "changes": ("html", "json", "csv", "atom", "feed.json"),
    "retirements": ("html", "json", "csv", "ics"),
    "diff": ("html", "json", "csv"),
    "status": ("html",),  # no badge: it would go on saying "fresh" when nothing is published any more
}
_LINKED = frozenset({"atom", "feed.json", "ics"})  # forms that need absolute links
_MANY = 10_000  # models ever listed by a source; of more, only some have pages
_RECENT = timedelta(days=90)
_SPANS = (1, 7, 30)  # days that are compared
_MOST = 1000  # rows of a stream
_SLACK = timedelta(days=1)  # by which clocks of workers may differ
_EVERYTHING = Rule(channel="", events=tuple(AlertEvent), changed_fields=("*",))


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What a run did to a folder: numbers of files."""

    folder: str
    written: int
    unchanged: int
    deleted: int
    has_feeds: bool  # without a base URL, there are none


class BusyError(Exception):
    """Another process is writing into the folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a run wrote, and from what."""

    version: str = ""  # a digest of the program's pages
    settings: str = ""  # a digest of all that shapes the pages
    as_of: str = ""
    change_id: int = 0  # of the last change
    uid: str = ""  # a digest of that change's: after a restore, another one may have its number
    missing: Sequence[str] = ()  # addresses of models
    files: Mapping[str, str] = field(default_factory=dict)  # digests, by path


class _Page(NamedTuple):
    """One resource in the folder: what it shows, and where."""

    route: Route
    question: Question
    folder: str = ""  # with a slash at its end
    path: Mapping[str, str] = {}
    stem: str = ""  # instead of its usual name

    @property
    def address(self) -> str:
        """Where it is below the root, without suffix."""
        return f"{self.folder}{self.stem or self.route.address(self.path)}"


def publish(
    site: Site, settings: PublishSettings, folder: Path, *, progress: Callable[[int], object] = lambda _: None
) -> Published:
    """Bring a folder up to date; `progress` is told how many files there are so far.

    Raises ConfigError for a folder that holds something else, OSError when it cannot be written, BusyError while
    another process writes into it.
    """
    with _held(folder) as journal, site.database.read() as connection:
        return _Writer(site, settings, _Folder(folder, journal, progress), connection).write()


class _Writer:
    """Writes one state of the catalog, read in one transaction."""

    def __init__(self, site: Site, settings: PublishSettings, folder: "_Folder", connection: Connection) -> None:
        self._site, self._folder, self._connection, self._now = site, folder, connection, site.clock()
        self._base_url = settings.base_url
        self._rule = Rule(channel="", events=(), models=settings.models, sources=settings.sources)
        self._publication = Publication(rule=self._rule, until=None, forms=self._forms)
        told = [settings.base_url, settings.sources, settings.models, site.milestones, list(map(str, site.watched()))]
        self._shape = _digest(json.dumps(told).encode())

    def write(self) -> Published:
        newest = _newest(self._connection, None)
        last = next(newest, None)
        newest.close()
        every = lists.every(self._connection, Wanted(which=Which.ALL))
        models = [each for each in every if self._publication.shows(each.source, each.id)]
        self._publication = replace(self._publication, until=last.observed_at if last else None)
        missing = [_address(each.source, each.id) for each in models if each.missing_since]
        renewed = self._renewed(models, missing)
        for address, body in markup.static().values():
            self._folder.put(address, body)
        for model in self._paged(models):
            self._keep_or_make(model, renewed)
        for page in self._lists(models, last):
            self._make(page)
        self._make(_Page(_ROUTES["index"], Question()))
        written = self._folder.seal(
            Manifest(
                version=markup.fingerprint(),
                settings=self._shape,
                as_of=dates.to_text(self._now),
                change_id=last.change_id if last else 0,
                uid=_digest(last.uid.encode()) if last else "",
                missing=missing,
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
        at_hand = _newest(self._connection, None, before=before.change_id + 1)
        same = next(at_hand, None)
        at_hand.close()
        if same is None or (same.change_id, _digest(same.uid.encode())) != (before.change_id, before.uid):
            return None
        since = dates.from_text(before.as_of)
        changes = [each for each in _newest(self._connection, since - _SLACK) if each.change_id > before.change_id]
        found = {*missing, *before.missing, *(_address(each.source, each.model_id) for each in changes)}
        days = [timedelta(days=number) for number in {0, *self._site.milestones}]
        for model in models:
            if model.retires_at and any(since < model.retires_at - ahead <= self._now for ahead in days):
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
        yield _Page(_ROUTES["status"], Question())

    def _compared(self, last: Change, days: int) -> _Page:
        """Compare the last days in which something changed: so the page stays as it is while nothing does."""
        start, end = last.observed_at - timedelta(days=days), last.observed_at
        question = asked.DiffQuestion(
            start=Moment(dates.short(start), start), end=Moment(dates.short(end), end), limit=_MOST
        )
        return _Page(_ROUTES["diff"], question, stem="diff" if days == _SPANS[1] else f"diff-{days}")

    def _forms(self, name: str) -> Sequence[str]:
        return [form for form in _FORMS[name] if self._base_url or form not in _LINKED]

    def _make(self, page: _Page) -> None:
        for form in self._forms(page.route.name):
            visit = Visit(
                site=self._site,
                connection=self._connection,
                now=self._now,
                name=page.route.name,
                form=form,
                path=page.path,
                question=page.question,
                base_url=self._base_url.rstrip("/"),
                address=page.address,
                published=self._publication,
            )
            self._folder.put(f"{page.address}.{form}", frame.answer(visit, page.route).body)


class _Folder:
    """The folder that is written into."""

    def __init__(self, path: Path, journal: "_Journal", progress: Callable[[int], object]) -> None:
        """Read what the last run left. Raises ConfigError for a folder that is not ours."""
        self.path, self.before = path, _manifest(path)
        self._journal, self._progress = journal, progress
        self._ours = {*self.before.files, *journal.begun()}
        self._files: dict[str, str] = {}
        self._written = 0

    def put(self, name: str, body: bytes) -> None:
        """Write a file, unless it is there already. Raises ConfigError when another one has its name."""
        place = self.path / name
        if not self._holds(name, body):
            if name not in self._ours:
                if place.exists():
                    raise ConfigError(
                        f"{place} is no file of a published catalog", hint="move it away, or name another folder"
                    )
                self._journal.note(name)
            place.parent.mkdir(parents=True, exist_ok=True)
            with files.replacing(place, mode=_MODE) as unfinished:
                unfinished.write_bytes(body)
            self._written += 1
        self._files[name] = _digest(body)
        self._progress(len(self._files))

    def keep(self, paths: Sequence[str]) -> bool:
        """Leave files as they are; False: one of them is not there."""
        kept = {name: self.before.files[name] for name in paths if name in self.before.files}
        if len(kept) < len(paths) or not all((self.path / name).is_file() for name in paths):
            return False
        self._files |= kept
        self._progress(len(self._files))
        return True

    def seal(self, manifest: Manifest) -> dict[str, int]:
        """Delete what is no longer written, and name the rest."""
        unchanged, gone = len(self._files) - self._written, sorted(self._ours - {*self._files, MANIFEST})
        for name in gone:
            (self.path / name).unlink(missing_ok=True)
            for above in (self.path / name).relative_to(self.path).parents[:-1]:
                with suppress(OSError):  # it holds something still
                    (self.path / above).rmdir()
        told = {**asdict(manifest), "files": dict(sorted(self._files.items()))}
        body = f"{json.dumps(told, indent=1)}\n".encode()
        if not self._holds(MANIFEST, body):
            with files.replacing(self.path / MANIFEST, mode=_MODE) as unfinished:
                unfinished.write_bytes(body)
        self._journal.end()
        return {"written": self._written, "unchanged": unchanged, "deleted": len(gone)}

    def _holds(self, name: str, body: bytes) -> bool:
        try:
            return (self.path / name).read_bytes() == body
        except OSError:
            return False


class _Journal:
    """The names of new files, until the manifest has them; the lock on its file keeps other processes out."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def begun(self) -> set[str]:
        """Give the new files of a run that did not end."""
        told = os.pread(self._handle, os.fstat(self._handle).st_size, 0).decode(errors="replace")
        return {line for line in told.split("\n")[:-1] if line}

    def note(self, name: str) -> None:
        """Name a file before it appears."""
        os.lseek(self._handle, 0, os.SEEK_END)
        os.write(self._handle, f"{name}\n".encode())

    def end(self) -> None:
        """Forget them: the manifest names them now."""
        os.ftruncate(self._handle, 0)


@contextmanager
def _held(folder: Path) -> Iterator[_Journal]:
    """Hold a folder for this process alone, and make it where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    others = [each.name for each in folder.iterdir() if each.name not in {_JOURNAL, MANIFEST}]
    if others and not any((folder / name).exists() for name in (_JOURNAL, MANIFEST)):
        words = f"{folder} is not empty, and holds no published catalog"
        raise ConfigError(words, hint="name an empty folder, or one that does not exist yet")
    handle = os.open(folder / _JOURNAL, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError from None
        yield _Journal(handle)
    finally:
        os.close(handle)


def _manifest(folder: Path) -> Manifest:
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        return Manifest(**told)
    except FileNotFoundError:
        return Manifest()
    except (ValueError, TypeError):
        words = f"{folder / MANIFEST} is no manifest of a published catalog"
        raise ConfigError(words, hint="name another folder, or empty this one") from None


def _newest(
    connection: Connection, since: datetime | None, *, before: int | None = None
) -> Generator[Change, None, None]:
    return log.changes(connection, LogQuestion(rule=_EVERYTHING, since=since, before=before, baseline=True))


def _address(source: str, id: str) -> str:
    return f"model/{names.name_of(source)}/{names.name_of(id)}"


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
