"""A source that is synced for real, while everything that its server was asked and held is written down.

The catalog talks to a real loopback server and writes to a real database; a `Plan` decides what each request meets.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from catalog.domain import Kind, Missing
from catalog.service import sync as syncs
from catalog.settings import ListSettings, SourceSettings
from catalog.store.engine.database import Database
from catalog.store.schema import views
from catalog.upstream.client import SourceClient
from catalog.upstream.fetch import Answer, Asked, Pace
from tests.attacks.shelf import Paging, Shelf
from tests.attacks.timeline import Ran, Removal, Request, Timeline, missed
from tests.server import KEY, Json, ModelsServer, Step, Visit
from tests.store import world

CONFIRM_AFTER = 15  # minutes, as the product has it where nobody says otherwise


# How a source is told of the server's style of paging; the parameters are those of `cursor`.
STYLES: dict[str, dict[str, Any]] = {
    "cursor": {},
    "token": {"api": "custom", "paging": "token", "list": ListSettings(next="after")},
    "url": {"api": "custom", "paging": "url", "list": ListSettings(next="links.next")},
    "link": {"api": "custom", "paging": "link", "list": ListSettings()},
    "page": {"api": "custom", "paging": "page", "list": ListSettings(total="count")},
    "none": {"api": "custom", "paging": "none", "list": ListSettings(size_param="")},
}
FOLLOWS = frozenset({"token", "url", "link"})  # styles in which an empty page may lead on

PACE = Pace(sleep=lambda _: None, spread=lambda: 0.5)  # of a client that never waits
MANY = 10_000  # as a count beside the list: more than any list here has


class Plan(Protocol):
    """Decides what each request meets."""

    def come(self, _after: str | None) -> None:
        """A request is here, with this cursor: edit the list first, perhaps."""
        ...

    def fault(self) -> Step | None:
        """What is answered instead of a page; None: a page."""
        ...

    def show(self, truth: Shelf) -> Shelf:
        """The list that this one request is shown."""
        ...

    def spoil(self, body: Json) -> Json:
        """What is answered instead of this page."""
        ...


class Quiet:
    """An honest list that nobody edits."""

    def come(self, _after: str | None) -> None: ...

    def fault(self) -> Step | None:
        return None

    def show(self, truth: Shelf) -> Shelf:
        return truth

    def spoil(self, body: Json) -> Json:
        return body


class SteadyClient(SourceClient):
    """Asks for a page only when the walk waits for it, so that a story told again is the same story."""

    def begin(self, **options: Any) -> Asked:
        return _Later(partial(super().begin, **options))

    def ask(self, *asked: Any, **options: Any) -> Asked:
        return _Later(partial(super().ask, *asked, **options))


@dataclass
class _Later:
    begin: Callable[[], Asked]
    fetch: Asked | None = None

    def answer(self, check_cancelled: Callable[[], object] | None = None) -> Answer:
        self.fetch = self.fetch or self.begin()
        return self.fetch.answer(check_cancelled)

    def cancel(self) -> None:
        """Nothing is on its way."""


@dataclass(kw_only=True)
class Watched:
    """One source of a catalog, its server, and what they said to each other."""

    server: ModelsServer
    database: Database
    pace: Pace = PACE
    name: str = "one"
    page_size: int = 2
    minutes_a_page: float = 1.0
    truth: Shelf = field(default_factory=Shelf)
    paging: Paging = field(default_factory=Paging)
    ignore: tuple[str, ...] = ()
    repeats: Literal["doubt", "first"] = "doubt"
    plan: Plan = field(default_factory=Quiet)
    timeline: Timeline = field(default_factory=Timeline)
    now: float = 0.0  # minutes
    missing: tuple[Missing, ...] = ()  # after the last run
    requests: list[Request] = field(default_factory=list)  # of the run that is under way
    _trouble: list[BaseException] = field(default_factory=list)

    def run(self, *, after: float, accept: bool = False) -> Ran:
        """Let some minutes pass, then make a run, whose pages take a minute each."""
        self.now += after
        self.requests = []
        self.server.always = self._answer
        report = syncs.sync_source(
            self.database,
            self._source(),
            lambda source: SteadyClient(source, KEY, pace=self.pace),
            syncs.Options(
                accept_removals=accept,
                clock=lambda: world.START + self.now * world.MINUTE,
                on_page=self._hear,
            ),
        )
        if self._trouble:
            raise self._trouble[0]
        ran = Ran(
            number=report.run.run_id,
            ended=round(self.now, 3),
            status=report.run.status.value,
            requests=tuple(self.requests),
            error=report.run.error,
            accepted=accept,
        )
        self.missing = report.missing
        self.timeline.runs.append(ran)
        return ran

    def _source(self) -> SourceSettings:
        style = {"list": ListSettings()} | STYLES[self.paging.style]
        return SourceSettings(
            name=self.name,
            base_url=self.server.url,
            page_size=self.page_size,
            ignore=self.ignore,
            **style | {"list": replace(style["list"], repeats=self.repeats)},
        )

    def _hear(self, _pages: int, _models: int) -> None:
        self.now += self.minutes_a_page

    def _answer(self, visit: Visit) -> None:
        try:
            self._answer_as_planned(visit)
        except OSError:  # the client has left: it waits no longer, or was cut off
            raise
        except BaseException as error:
            self._trouble.append(error)
            raise

    def _answer_as_planned(self, visit: Visit) -> None:
        usual = 1000 if self.paging.style == "none" else 20
        after, limit = visit.seen.first("after_id"), int(visit.seen.first("limit") or usual)
        self.plan.come(after)
        met: dict[str, Any] = {"after": after, "limit": limit}
        fault, truth = self.plan.fault(), self.truth.ids
        if fault is not None:
            self.requests.append(Request(**met, truth=truth, status=0))
            fault(visit)
            return
        shown = self.plan.show(self.truth)
        status, body = self.paging.answer(shown, after, limit)
        told: dict[str, Any] = {}
        headers: list[tuple[str, str]] = []
        if status == 200:
            body = self.plan.spoil(body)
            told = read(body, after if self.paging.inclusive else None, first_counts=self.repeats == "first")
            told["may_be_empty"] = self.paging.style in FOLLOWS
            body, headers = self.paging.spell(body, shown)
        self.requests.append(Request(**met, truth=truth, status=status, **told))
        visit.send_json(status, body, headers)

    def catalog(self) -> dict[str, str | None]:
        """What the catalog says is listed, and the names."""
        view = views.models
        mine = (view.c.source == self.name) & view.c.removed_at.is_(None)
        with self.database.read() as connection:
            rows = connection.execute(sa.select(view.c.id, view.c.display_name).where(mine)).all()
        return {row.id: row.display_name for row in rows}

    def removals(self) -> list[Removal]:
        """What the change log says of removals."""
        view = views.changes
        wanted = sa.select(view.c.model_id, view.c.run_id, view.c.observed_at).order_by(view.c.change_id)
        mine = wanted.where(view.c.source == self.name, view.c.kind == Kind.REMOVED)
        with self.database.read() as connection:
            return [
                Removal(id=id, run=run, observed=round(world.minutes(at), 3))
                for id, run, at in connection.execute(mine)
            ]

    def invented(self) -> list[str]:
        """Changes of the log that no answer of their run bears out."""
        view = views.changes
        wanted = sa.select(view.c.run_id, view.c.kind, view.c.model_id, view.c.field, view.c.new_value)
        listed = {ran.number: ran.listed for ran in self.timeline.runs}
        with self.database.read() as connection:
            rows = connection.execute(wanted.where(view.c.source == self.name, view.c.kind != Kind.REMOVED)).all()
        return [
            f"run {row.run_id} recorded {row.kind} {row.model_id} {row.field}: {row.new_value}"
            for row in rows
            if row.model_id not in listed[row.run_id]
            or (row.kind == Kind.CHANGED and row.field != "display_name")
            or (row.kind == Kind.CHANGED and json.loads(row.new_value) not in listed[row.run_id][row.model_id])
        ]

    def missed(self) -> list[str]:
        """What the last run listed and the catalog does not have."""
        return missed(self.timeline.runs[-1], self.catalog())

    def adrift(self) -> list[str]:
        """How the catalog differs from the truth."""
        said, true = self.catalog(), {id: item["display_name"] for id, item in self.truth.items.items()}
        wrong = sorted(id for id in {*said, *true} if (id in said, said.get(id)) != (id in true, true.get(id)))
        drifted = [f"the catalog has {said.get(id)!r} of {id}, the list {true.get(id)!r}" for id in wrong]
        return drifted + [f"{missing.model_id} is still called missing" for missing in self.missing]


def read(body: Json, cursor: str | None, *, first_counts: bool = False) -> dict[str, Any]:
    """What a page says to somebody who knows how its server is: an inclusive cursor's model is no part of its page."""
    items = [item for item in body["data"] if "id" in item]
    if first_counts:
        items = list({item["id"]: item for item in reversed(items)}.values())[::-1]
    overlaps = bool(items) and items[0]["id"] == cursor
    says_more = not body["has_more"] and (body.get("next") is not None or body.get("total_count", 0) > MANY)
    return {
        "items": tuple(items[overlaps:]),
        "has_more": body["has_more"],
        "overlaps": overlaps,
        "doubtful": says_more or any("id" not in item for item in body["data"]) or body.get("withheld", False),
    }
