"""What an answer is made from, and what it consists of."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from itertools import islice
from typing import Any, Protocol, TypeVar

from catalog import tabular
from catalog.domain import Model, ModelName
from catalog.events import Rule
from catalog.health import Health
from catalog.settings import WebSettings
from catalog.store.engine.database import Connection, Database
from catalog.store.queries import history
from catalog.tabular import Row
from catalog.web import asked

Found = TypeVar("Found")
_MEDIA = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


class Judge(Protocol):
    """Says how fresh the catalog is; `names`: also which names in the configuration no list ever had."""

    def __call__(self, connection: Connection, now: datetime, *, names: bool) -> Health: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Mirror:
    """The mirror is switched on; `key` None: it asks for none."""

    key: str | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """What all answers are made from."""

    database: Database
    settings: WebSettings
    listen: tuple[str, int]
    clock: Callable[[], datetime]
    judge: Judge
    watched: Callable[[], Sequence[ModelName]]
    sources: Sequence[str]  # names of those that are configured
    milestones: Sequence[int]  # days before a retirement
    demand_schema: Callable[[], object]  # raises DatabaseError unless it is at head
    mirror: Mirror | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """A folder that pages are written into. They are the same tomorrow, unless something has changed."""

    rule: Rule  # which models they may show
    until: datetime | None  # when the last change was observed
    models: Sequence[Model]  # all that it may show, gone ones too, by source and id
    forms: Callable[[str], Sequence[str]]  # the representations of a resource

    def shows(self, source: str, id: str) -> bool:
        """Tell whether a model may be shown."""
        return self.rule.admits(source=source, model_id=id, line=None, lifecycle=None)


@dataclass(frozen=True, kw_only=True)  # without slots: what was read once is kept
class Visit:
    """One question to the site, in one read transaction."""

    site: Site
    connection: Connection
    now: datetime
    name: str  # of the resource
    form: str  # the suffix of the address
    path: Mapping[str, str]  # the parts of the address: `source` and `name`
    question: Any  # the parameters, as a record of `asked`
    base_url: str  # of the site as this visitor reaches it
    sources: Sequence[str]  # names of those that are configured, or were synced at some time
    address: str = ""  # where it is below the root, without suffix, if not where its route says
    published: Publication | None = None  # None: it is served
    known: dict[str, Any] = field(default_factory=dict)  # what was read for another representation of the same page

    def once(self, what: str, read: Callable[[], Found]) -> Found:
        """Read something, unless it is known already."""
        if what not in self.known:
            self.known[what] = read()
        found: Found = self.known[what]
        return found

    @property
    def root(self) -> str:
        """The address of the root of the site, with a slash at its end."""
        return f"{self.base_url.rstrip('/')}/"

    @property
    def several(self) -> bool:
        """Whether pages must say of which source a model is."""
        return len(self.sources) > 1

    def shows(self, source: str, id: str) -> bool:
        """Tell whether a model may be shown."""
        return self.published is None or self.published.shows(source, id)

    @property
    def health(self) -> Health:
        """Tell how fresh the catalog is; whether the names in its configuration are known is another question."""
        return self.once("health", lambda: self.site.judge(self.connection, self.now, names=False))

    @property
    def begins(self) -> datetime | None:
        """Tell when the catalog begins, or the source that is asked for; None: that read no list yet."""
        return min(self._begins.values(), default=None)

    def unread(self, moment: datetime) -> list[str]:
        """Name the sources that were first read after a moment at which others were read."""
        late = [name for name, at in self._begins.items() if moment < at]
        return late if len(late) < len(self._begins) else []

    @property
    def _begins(self) -> Mapping[str, datetime]:
        begins = self.once("begins", lambda: history.begins(self.connection))
        asked_for = getattr(self.question, "source", None)
        return {name: at for name, at in begins.items() if name in self.sources and asked_for in {None, name}}

    def all_health(self) -> Health:
        """Judge the catalog as `catalog status` does."""
        return self.site.judge(self.connection, self.now, names=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebAnswer:
    """The bytes of one representation; two are equal while nothing that they show has changed."""

    body: bytes
    media: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    modified: datetime | None = None  # for feeds and calendars


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """Rows for other programs."""

    columns: Sequence[str]
    rows: Sequence[Row]
    headers: Mapping[str, str] = field(default_factory=dict)


def listed(visit: Visit, columns: Sequence[str], found: Iterable[object], **more: Mapping[str, Any] | None) -> Listing:
    """Give objects as rows; with `more`, what an address changes to lead to further ones, by relation."""
    links = [
        f'<{visit.name}.{visit.form}{asked.write(visit.question, **changed)}>; rel="{relation}"'
        for relation, changed in more.items()
        if changed
    ]
    rows = [tabular.record(each, columns) for each in found]
    return Listing(columns=columns, rows=rows, headers={"Link": ", ".join(links)} if links else {})


def first_of(stream: Generator[Found, None, None], limit: int) -> tuple[list[Found], Found | None]:
    """Take the first of a stream; the last of them, too, where more would follow."""
    found = list(islice(stream, limit + 1))
    stream.close()
    return found[:limit], found[limit - 1] if len(found) > limit else None


def spelled(listing: Listing, form: str) -> WebAnswer:
    """Spell rows as the command line does with --json or --csv."""
    text = StringIO()
    if form == "csv":
        tabular.write_csv(listing.rows, listing.columns, text)
    else:
        tabular.write_json(listing.rows, text)
    return WebAnswer(body=text.getvalue().encode(), media=_MEDIA[form], headers=listing.headers)
