"""A small world to tell stories in: a models list, a catalog of it, and a clock that only the story moves.

    world.lists("a", "b")                  # what the list shows from now on
    report = world.sync()                  # ten minutes after the one before; its walk takes a minute
    assert world.said == [("added", "a"), ("added", "b")]
    end = world.end_of(1)
    assert world.rows("models", "id", "first_seen_at") == [("a", end), ("b", end)]

All times are told in minutes since the story began; `start_of` and `end_of` give those of a walk.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from catalog.domain import Change, Policy
from catalog.errors import never_cancelled
from catalog.service import dry_run as dry_runs
from catalog.service import sync as syncs
from catalog.settings import GuardSettings, SourceSettings
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import invariants, views
from catalog.upstream.client import SourceClient
from catalog.upstream.fetch import Pace
from tests import server as play
from tests.server import KEY, ModelsServer, Step

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PACE = Pace(max_tries=1, sleep=lambda _: None)
NAMELESS = play.model("nameless") | {"id": 5}  # an entry without a usable id: the walk that meets it is unclean


@dataclass
class World:
    """One server, one database, one clock."""

    server: ModelsServer
    database: Database
    url: str  # of the database
    now: datetime = START
    pace: Pace = PACE  # of its clients
    policy: Policy = field(default_factory=Policy)
    page_size: int = 1000
    betas: tuple[str, ...] = ()
    layout: Mapping[str, Any] = field(default_factory=dict)  # more settings of its sources
    told: list[Change] = field(default_factory=list)  # by the last run
    every: list[syncs.RunReport] = field(default_factory=list)  # reports of the last call: two when it ran twice
    walks: list[tuple[float, float]] = field(default_factory=list)  # when each call of `sync` began and ended

    def lists(self, *ids: str, **fields: Any) -> None:
        """Let the list show these models from now on."""
        self.server.models = [play.model(id, **fields) for id in ids]

    def sync(
        self,
        *,
        name: str = "one",
        after: float = 10,
        dry_run: bool = False,
        on_wait: Callable[[], None] = never_cancelled,
        **options: Any,
    ) -> syncs.RunReport:
        """Let some minutes pass, then make a run whose walk takes one minute a page."""
        self.pass_minutes(after)
        self.every = []
        wanted = syncs.Options(
            clock=lambda: self.now,
            on_page=lambda _pages, _models: self.pass_minutes(1),
            on_wait=on_wait,
            tell=self.hear,
            **options,
        )
        make = dry_runs.rehearse if dry_run else syncs.sync_source
        began = minutes(self.now)
        try:
            return make(self.database, self.source(name), self.connect, wanted)
        finally:
            self.walks.append((began, minutes(self.now)))

    def start_of(self, walk: int) -> float:
        """When the n-th walk began, counted from 1."""
        return self.walks[walk - 1][0]

    def end_of(self, walk: int) -> float:
        """When the n-th walk ended, counted from 1."""
        return self.walks[walk - 1][1]

    def source(self, name: str) -> SourceSettings:
        return SourceSettings(
            name=name,
            base_url=self.server.url,
            betas=self.betas,
            page_size=self.page_size,
            confirm_after=self.policy.confirm_after,
            guard=GuardSettings(
                max_removed_percent=self.policy.max_removed_percent, min_removed=self.policy.min_removed
            ),
            **self.layout,
        )

    def connect(self, source: SourceSettings) -> SourceClient:
        return SourceClient(source, KEY, pace=self.pace)

    def hear(self, report: syncs.RunReport, changes: Iterable[Change]) -> None:
        self.every.append(report)
        self.told = list(changes)

    def cut(self, **options: Any) -> syncs.RunReport:
        """Make a run whose walk is cut."""
        self.server.script(play.error(500))
        return self.sync(**options)

    def unclean(self, *ids: str, **options: Any) -> syncs.RunReport:
        """Make a run whose walk lists these, and one more thing that cannot be trusted."""
        self.lists(*ids)
        self.server.models.append(NAMELESS)
        return self.sync(**options)

    def incomplete(self, *ids: str, **options: Any) -> syncs.RunReport:
        """Make a run whose walk may not have shown the whole list: its two pages name different organizations."""
        items = [play.model(id) for id in ids]
        self.server.script(
            play.answer(play.page(items[:1], has_more=True)),
            play.as_organization("somebody-else", play.answer(play.page(items[1:] or [NAMELESS]))),
        )
        return self.sync(**options)

    def meanwhile(self, edit: Callable[[], object]) -> Step:
        """Answer a page, but only after something else took place."""

        def step(visit: play.Visit) -> None:
            edit()
            play.honest(visit)

        return step

    def pass_minutes(self, minutes: float) -> None:
        self.now += minutes * MINUTE

    @property
    def said(self) -> list[tuple[str | None, ...]]:
        """What the last run recorded: kind and id, and for a field its path and both values."""
        short = [(change.kind.value, change.model_id) for change in self.told]
        return [
            (*said, change.field, change.old_value, change.new_value) if change.field else said
            for said, change in zip(short, self.told, strict=True)
        ]

    def rows(self, view: str, *columns: str, order: str | None = None) -> list[tuple[Any, ...]]:
        """Read columns of a view, ordered by the first of them; times in minutes."""
        table = views.surface.tables[view]
        wanted = sa.select(*(table.c[name] for name in columns)).order_by(table.c[order or columns[0]])
        with self.database.read() as connection:
            return [tuple(map(minutes, row)) for row in connection.execute(wanted)]

    def listed(self, moment: float | None = None) -> str:
        """The ids listed now, or at a moment, in one text."""
        view = views.models if moment is None else views.model_history
        wanted = sa.select(view.c.id).order_by(view.c.id)
        if moment is None:
            wanted = wanted.where(view.c.removed_at.is_(None))
        else:
            then = START + moment * MINUTE
            wanted = wanted.where(view.c.valid_from <= then, view.c.valid_to.is_(None) | (view.c.valid_to > then))
        with self.database.read() as connection:
            return "".join(connection.scalars(wanted))

    def last_run(self, *columns: str) -> tuple[Any, ...]:
        """Columns of the latest run's record."""
        return self.rows("sync_runs", "run_id", *columns)[-1][1:]

    def check(self) -> None:
        """Hold the database against the rules of every history."""
        assert invariants.broken(self.database) == []


def minutes(value: Any) -> Any:
    """Tell a moment in minutes since the story began; give anything else back."""
    return (value - START) / MINUTE if isinstance(value, datetime) else value


def build(server: ModelsServer, url: str) -> World:
    """Give a world around a server and a database."""
    return World(server, open_hastily(url), url)


def open_hastily(url: str) -> Database:
    """Open a database without waiting for disks."""
    database = databases.open_(url)
    if database.is_sqlite:
        sa.event.listen(database.engine, "connect", _make_haste)
    return database


def _make_haste(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # no test pulls the plug of the whole machine


Enter = Callable[[str], World]


@contextmanager
def entering(server: ModelsServer) -> Iterator[Enter]:
    """Give a function that makes worlds around a server, one per URL of a database; they all end with the block."""
    with ExitStack() as stack:

        def enter(url: str) -> World:
            world = build(server, url)
            stack.callback(world.database.close)
            return world

        yield enter
