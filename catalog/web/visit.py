"""What an answer is made from, and what it consists of."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import StringIO
from itertools import islice
from typing import Any, Protocol, TypeVar

from catalog import tabular
from catalog.domain import ModelName
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
    address: str = ""  # where it is below the root, without suffix, if not where its route says
    published: Publication | None = None  # None: it is served

    @property
    def root(self) -> str:
        """The address of the root of the site, with a slash at its end."""
        return f"{self.base_url.rstrip('/')}/"

    @cached_property
    def sources(self) -> list[str]:
        """Names of the sources that are configured, or were synced at some time."""
        found = {each.source for each in history.sources(self.connection)} | {*self.site.sources}
        chosen = self.published.rule.sources if self.published else ()
        return sorted(found & {*chosen} if chosen else found)

    @property
    def several(self) -> bool:
        """Whether pages must say of which source a model is."""
        return len(self.sources) > 1

    @cached_property
    def begins(self) -> datetime | None:
        """When the catalog begins; None: no list was read yet."""
        return history.begins(self.connection)

    def shows(self, source: str, id: str) -> bool:
        """Tell whether a model may be shown."""
        return self.published is None or self.published.shows(source, id)

    def health(self, *, names: bool = False) -> Health:
        """Judge the catalog as `catalog status` does."""
        return self.site.judge(self.connection, self.now, names=names)


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
