"""Old records that say nothing may go, and nothing that the catalog answers or does changes by that."""

import json
import shutil
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from catalog.domain import Status
from catalog.events import AlertEvent, DeliveryError, Subscriptions
from catalog.monitor import metrics
from catalog.store.ingest import prune
from catalog.store.outbox import enqueue, queue
from catalog.store.queries import differences, history, run_report, source_health
from catalog.store.schema import invariants, outbox_tables, tables, views
from tests import server as play
from tests.store.copying import Safe, restore
from tests.store.world import MINUTE, START, Enter, World
from tests.subscribing import rule, subscriptions

pytestmark = pytest.mark.promise("P6", "P8")

DAY = timedelta(days=1)
STRANGERS = (play.ORGANIZATION, "99999999-2222-4333-8444-555555555555", "22222222-2222-4333-8444-555555555555")
VIEWS = ("models", "model_history", "changes", "sources")
EVENTS = tuple(event.value for event in AlertEvent)


def everything() -> Subscriptions:
    """All that can be told, to a channel that is told of removals at once, and to one that waits for their return."""
    told = rule(*EVENTS, failures=2), rule(*EVENTS, channel="later", settle=90 * MINUTE, failures=2)
    return subscriptions(*told, milestones=(30, 7, 1), watched="ab")


def drop(world: World, older_than: timedelta = timedelta(0), **options: Any) -> prune.Pruned:
    """Drop what is that old and may go."""
    return prune.prune(world.database, older_than=older_than, now=world.now, sleep=lambda _: None, **options)


def begin(world: World, *ids: str, **fields: Any) -> list[tuple[str, str]]:
    """Make the first run, and give what it told."""
    world.lists(*ids, **fields)
    world.sync(subscriptions=everything())
    return look(world)


def run_ids(world: World, name: str = "one") -> list[int]:
    return [number for number, source in world.rows("sync_runs", "run_id", "source") if source == name]


def sends(world: World) -> list[tuple[str, str]]:
    """Let the channels take what they can; gives the channel and id of each message."""
    taken = []
    for channel in ("team", "later"):
        while leased := queue.lease(world.database, channel, world.now + 1000 * DAY, lambda: "test"):
            taken.append((channel, leased.uid))
            assert queue.ack(world.database, leased, world.now)
    return taken


def look(world: World) -> list[tuple[str, str]]:
    """Let time tell what it has to, and send it."""
    enqueue.from_clock(world.database, everything(), world.now)
    return sends(world)


# What is answered


def answers(world: World, moments: Iterable[datetime]) -> dict[str, Any]:
    """All that the catalog says, but for the lists of runs and of deliveries."""
    found: dict[str, Any] = {}
    with world.database.read() as connection:
        for name in VIEWS:
            view = views.surface.tables[name]
            rows = connection.execute(sa.select(view).order_by(*list(view.c)[:3])).mappings()
            found[name] = [{column: said(value) for column, value in row.items()} for row in rows]
        found["health"] = source_health.all_(connection)
        found["begins"] = history.begins(connection)
        found["open"] = list(queue.listing(connection))
        found["missing"] = run_report.missing(connection, "one", world.policy, limit=10)
        for moment in moments:
            found[f"as of {moment}"] = list(history.as_of(connection, moment))
            found[f"slot {moment}"] = run_report.has_begun(connection, "one", moment, world.now)
            found[f"since {moment}"] = list(differences.between(connection, moment, world.now))
            found[f"log since {moment}"] = list(history.changes(connection, since=moment, limit=20))
    found["metrics"] = metrics.page(world.database)
    return found


def said(value: Any) -> Any:
    """Spell truths and JSON as one database has them."""
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


class Twins:
    """Two worlds in which the same happens; in the first one, old records are dropped now and then."""

    def __init__(self, one: World, other: World, random: Random) -> None:
        self.worlds = (one, other)
        self.random = random
        self.listed = list("abcdefg")
        self.dates: dict[str, str | None] = {}
        self.dropped = 0

    def both(self, act: Callable[[World], object]) -> None:
        first, second = (act(world) for world in self.worlds)
        assert first == second

    def step(self) -> None:
        self.edit()
        kind, after = self.random.choices(STEPS, WEIGHTS)[0], self.random.choice((1, 10, 30, 600, 6000))
        asker = self.random.choice((*STRANGERS[:1] * 6, *STRANGERS[1:], None))
        ids = sorted(self.random.sample(self.listed, self.random.randint(1, len(self.listed))))
        whole = self.random.random() < 0.7
        for world in self.worlds:
            world.server.organization = asker
        self.both(lambda world: self.one(world, kind, after, self.listed if whole else ids))
        self.both(look)

    def edit(self) -> None:
        """Let a model retire on another day, or be gone, or back."""
        id = self.random.choice("abcdefg")
        if self.random.random() < 0.3:
            days = self.random.choice((None, 3, 8, 31, 40))
            self.dates[id] = None if days is None else f"{self.worlds[0].now + days * DAY:%Y-%m-%d}T00:00:00Z"
        if self.random.random() < 0.3:
            self.listed = sorted({*self.listed} ^ {id}) or ["a"]

    def one(self, world: World, kind: str, after: float, ids: list[str]) -> tuple[Status, str | None]:
        """Make a run of this kind."""
        options: dict[str, Any] = {"after": after, "subscriptions": everything()}
        world.server.models = [play.model(id, retires_at=self.dates.get(id)) for id in ids]
        world.server.requests.clear()  # their number is told with a failure
        world.betas = ("other",) if kind == "scope" else world.betas
        if kind == "cut":
            report = world.cut(**options)
        elif kind == "unclean":
            world.server.models.append(play.model("nameless") | {"id": 5})
            report = world.sync(**options)
        else:
            accepted = {kind: True} if kind.startswith("accept") else {}
            report = world.sync(**(options | accepted))
        return report.run.status, report.run.error

    def prune(self) -> None:
        """Drop in the first world; nothing that it answers is different afterwards."""
        world = self.worlds[0]
        moments = [START + self.random.random() * (world.now - START) for _ in range(3)]
        before = answers(world, moments)
        done = drop(world, self.random.choice((0, 0, 100, 10_000)) * MINUTE)
        self.dropped += done.runs + done.deliveries
        assert answers(world, moments) == before
        world.check()

    def compare(self) -> None:
        moments = [START + self.random.random() * (self.worlds[0].now - START) for _ in range(3)]
        first, second = (answers(world, moments) for world in self.worlds)
        assert first == second


STEPS = ("sync", "cut", "unclean", "scope", "accept_removals", "accept_scope")
WEIGHTS = (10, 3, 2, 0.3, 1, 1)


@pytest.mark.parametrize("seed", range(6))
def test_nothing_but_the_lists_of_records_changes_whenever_records_are_dropped(
    world: World, enter: Enter, tmp_path: Path, migrated_file: Path, seed: int
) -> None:
    """What is answered, and what later runs do and tell, is as if nothing had been dropped."""
    shutil.copy(migrated_file, tmp_path / "twin.db")
    twins = Twins(world, enter(f"sqlite:///{tmp_path / 'twin.db'}"), Random(seed))
    for _ in range(25):
        twins.step()
        if twins.random.random() < 0.4:
            twins.prune()
            twins.compare()
    assert twins.dropped > 5
    twins.worlds[1].check()


# What may go, and what the database refuses to drop


def refused(world: World, table: sa.Table, number: int) -> bool:
    """Tell whether the database keeps a record."""
    (key,) = table.primary_key
    with world.database.engine.connect() as connection, connection.begin() as transaction:
        try:
            return connection.execute(table.delete().where(key == number)).rowcount != 1
        except IntegrityError:
            return True
        finally:
            transaction.rollback()


def named_runs(world: World) -> set[int]:
    """Every run that any column of any table names."""
    found: set[int] = set()
    with world.database.read() as connection:
        for table in tables.metadata.tables.values():
            columns = [c for c in table.c if c.name.endswith(("_run", "run_id")) and table is not tables.run]
            for column in columns:
                found.update(number for number in connection.scalars(sa.select(column)) if number is not None)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_the_database_lets_go_of_what_may_go_and_of_nothing_else(
    world: World, enter: Enter, tmp_path: Path, migrated_file: Path, seed: int
) -> None:
    shutil.copy(migrated_file, tmp_path / "twin.db")
    twins = Twins(world, enter(f"sqlite:///{tmp_path / 'twin.db'}"), Random(100 + seed))
    for _ in range(30):
        twins.step()
    kinds = ((tables.run, views.prunable_run), (outbox_tables.delivery, outbox_tables.prunable_delivery))
    for table, prunable in kinds:
        with world.database.read() as connection:
            every = set(connection.scalars(sa.select(*table.primary_key)))
            may_go = set(connection.scalars(sa.select(next(iter(prunable.c)))))
        assert {number for number in every if refused(world, table, number)} == every - may_go
        assert may_go
        assert max(every) not in may_go
        if table is tables.run:
            assert not may_go & named_runs(world)


def fails(world: World) -> None:
    world.cut(subscriptions=everything())


def syncs(world: World) -> None:
    world.sync(subscriptions=everything())


def lists(*ids: str, **fields: Any) -> Callable[[World], None]:
    def tell(world: World) -> None:
        world.lists(*ids, **fields)
        syncs(world)

    return tell


def asks_as(organization: str | None) -> Callable[[World], None]:
    def tell(world: World) -> None:
        world.server.organization = organization
        syncs(world)

    return tell


def accepts(world: World) -> None:
    world.sync(subscriptions=everything(), accept_scope=True)


def other_scope(world: World) -> None:
    world.betas = ("other",)
    syncs(world)


def cuts_one(world: World) -> None:
    world.server.models.append(play.model("nameless") | {"id": 5})
    syncs(world)
    world.server.models.pop()


def skips(world: World) -> None:
    world.sync(subscriptions=everything(), slot=START)


# A story, a step per run from the second one on, and the runs that are left of it. The first run lists a, b and c.
KEPT: dict[str, tuple[list[Callable[[World], None]], list[int]]] = {
    "the first and the last merged run": ([syncs, syncs, syncs], [1, 4]),
    "failures before the last merged run go": ([fails, fails, syncs], [1, 4]),
    "all since the last merged run": ([syncs, syncs, fails, fails, fails], [1, 3, 4, 5, 6]),
    "what was skipped since": ([syncs, syncs, skips], [1, 3, 4]),
    "what recorded a change, and the run that proves what was before": ([syncs, lists("a", "b"), syncs], [1, 2, 3, 4]),
    "what a model is missing since": ([syncs, syncs, lists("a", "b"), fails, fails], [1, 3, 4, 5, 6]),
    "what found a missing model again": ([syncs, lists("a", "b"), lists("a", "b", "c"), syncs, syncs], [1, 4, 6]),
    "the last that could be trusted": ([syncs, syncs, cuts_one, cuts_one, cuts_one], [1, 3, 6]),
    "the baseline of a scope": ([syncs, other_scope, syncs, syncs], [1, 3, 5]),
    "the first that a stranger answered": (
        [asks_as(STRANGERS[1]), asks_as(STRANGERS[2]), asks_as(STRANGERS[1]), asks_as(STRANGERS[1])],
        [1, 2, 3, 5],
    ),
    "the first that each of several identities answered": (
        [*(asks_as(STRANGERS[each]) for each in (1, 2, 1, 2)), asks_as("third-org"), asks_as("third-org")],
        [1, 2, 3, 6, 7],
    ),
    "what another identity listed last": (
        [asks_as(STRANGERS[1]), accepts, asks_as(STRANGERS[0]), asks_as(STRANGERS[0])],
        [1, 2, 3, 5],
    ),
}


@pytest.mark.parametrize("story", KEPT)
def test_what_a_row_still_needs_is_kept(world: World, story: str) -> None:
    steps, kept = KEPT[story]
    world.lists("a", "b", "c")
    world.sync()
    for step in steps:
        step(world)
        sends(world)
    world.pass_minutes(10)
    everything = run_ids(world)
    done = drop(world)
    assert run_ids(world) == kept
    assert done.runs == len(everything) - len(kept)
    assert drop(world).runs == 0


def test_what_is_not_old_enough_stays(world: World) -> None:
    world.lists("a")
    for _ in range(5):
        world.sync()
    assert drop(world, 25 * MINUTE).runs == 1
    assert run_ids(world) == [1, 3, 4, 5]


def test_a_dry_run_says_what_would_go_and_drops_nothing(world: World) -> None:
    world.lists("a")
    world.sync(subscriptions=everything())
    for _ in range(4):
        fails(world)
        syncs(world)
        sends(world)
        world.pass_minutes(1)
    before = run_ids(world), world.rows("deliveries", "delivery_id")
    would = drop(world, dry_run=True)
    assert (run_ids(world), world.rows("deliveries", "delivery_id")) == before
    assert would == drop(world)
    assert would.runs > 0


def test_many_records_go_in_small_steps_between_which_others_write(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prune, "_AT_ONCE", 3)
    world.lists("a")
    for _ in range(12):
        world.sync()
    steps = []

    def sleep(_seconds: float) -> None:
        steps.append(world.sync().run.status)

    done = prune.prune(world.database, older_than=timedelta(0), now=world.now, sleep=sleep)
    assert done.runs == 10
    assert len(steps) >= 4
    assert set(steps) == {Status.COMPLETE}


# No number twice, and nobody told twice


def test_no_number_is_used_twice(world: World, safe: Safe) -> None:
    world.lists("a", "b")
    world.sync(subscriptions=everything())
    world.lists("a", "b", "c")
    syncs(world)
    sends(world)
    fails(world)
    last_run, last_delivery = run_ids(world)[-1], world.rows("deliveries", "delivery_id")[-1][0]
    world.pass_minutes(1000)
    drop(world)
    restore(world, safe.copy(world))
    world.lists("a", "b", "c", "d")
    syncs(world)
    world.lists("a", "b", "c", "d", "e")
    syncs(world)
    assert run_ids(world)[-1] > last_run
    assert world.rows("deliveries", "delivery_id")[-1][0] > last_delivery


def test_a_copy_of_a_pruned_catalog_goes_into_either_database(
    world: World, enter: Enter, safe: Safe, tmp_path: Path, migrated_file: Path
) -> None:
    shutil.copy(migrated_file, tmp_path / "other.db")
    other = enter(f"sqlite:///{tmp_path / 'other.db'}")
    world.lists("a", "b")
    for _ in range(5):
        syncs(world)
    drop(world)
    before = run_ids(world)
    restore(other, safe.copy(world))
    assert run_ids(other)[:-1] == before
    other.now = world.now
    syncs(other)
    restore(world, safe.copy(other))
    other.check()
    syncs(world)
    assert run_ids(world) == sorted(set(run_ids(world)))


@pytest.mark.parametrize("gone", [False, True])
def test_nobody_is_told_twice_of_a_date_that_a_model_still_has(world: World, gone: bool) -> None:
    """A delivery is what keeps a milestone from being told again, however old it is."""
    soon = f"{START + 25 * DAY:%Y-%m-%d}T00:00:00Z"
    begin(world, "a", "b", 'q"\\é', retires_at=soon)
    for days in (19, 5, 8):  # a week before, a day before, and overdue
        world.pass_minutes(days * 24 * 60)
        syncs(world)
        assert look(world)
    if gone:
        world.server.models.pop(0)
        world.sync(after=60, subscriptions=everything())
        world.sync(after=60, subscriptions=everything())
    world.pass_minutes(200 * 24 * 60)
    look(world)
    syncs(world)
    told = world.rows("deliveries", "delivery_id", "type")
    drop(world)
    of_dates = {"catalog.retiring", "catalog.overdue"}
    kept = [row for row in world.rows("deliveries", "delivery_id", "type") if row[1] in of_dates]
    assert kept == [row for row in told if row[1] in of_dates]
    with world.database.write() as connection:
        connection.execute(outbox_tables.channel.update().values(looked_at=None, looked_change=None))
    assert look(world) == []


def test_what_told_of_a_date_goes_once_the_model_has_another(world: World) -> None:
    assert len(begin(world, "a", retires_at=f"{START + 25 * DAY:%Y-%m-%d}T12:30:00.5Z")) == 4
    world.lists("a", retires_at=f"{START + 300 * DAY:%Y-%m-%d}T00:00:00Z")
    syncs(world)
    assert len(look(world)) == 2
    world.pass_minutes(10)
    syncs(world)
    assert drop(world).deliveries == 5  # all but the last one
    assert [row[1] for row in world.rows("deliveries", "delivery_id", "type")] == ["catalog.changes"]


def test_nobody_is_told_twice_of_failures_that_last(world: World) -> None:
    begin(world, "a")
    fails(world)
    fails(world)
    assert len(sends(world)) == 2
    world.pass_minutes(300 * 24 * 60)
    drop(world)
    fails(world)
    assert sends(world) == []


def test_pending_and_dead_alerts_stay(world: World) -> None:
    begin(world, "a")
    world.lists("a", "b")
    syncs(world)
    leased = queue.lease(world.database, "team", world.now, lambda: "test")
    assert leased is not None
    queue.nack(world.database, leased, DeliveryError("gone", gone=True), now=world.now)
    world.lists("a", "b", "c")
    syncs(world)
    before = world.rows("deliveries", "delivery_id", "status")
    world.pass_minutes(10_000_000)
    assert drop(world).deliveries == len([row for row in before if row[1] == "delivered"]) == 2
    assert {row[1] for row in world.rows("deliveries", "delivery_id", "status")} == {"pending", "dead"}


# When


def test_one_of_several_workers_is_told_that_it_is_time_once_a_day(world: World) -> None:
    world.lists("a")
    world.sync()
    world.sync(name="two")
    turns = []
    for hours in (0, 0, 12, 23, 24, 25, 48):
        now = world.now + timedelta(hours=hours)
        turns.append(prune.take_turn(world.database, now))
    assert turns == [True, False, False, False, True, False, True]
    assert prune.take_turn(world.database, world.now - timedelta(days=3))  # the clock was ahead
    assert not prune.take_turn(world.database, world.now - timedelta(days=3))


def test_an_empty_catalog_has_nothing_to_drop(world: World) -> None:
    assert not prune.take_turn(world.database, world.now)
    assert drop(world) == prune.Pruned(runs=0, deliveries=0)
    assert prune.prune(world.database, older_than=timedelta(days=999_999_999), now=world.now).runs == 0


def test_a_run_that_was_dropped_in_spite_of_all_shows(world: World) -> None:
    world.lists("a")
    world.sync()
    world.lists("a", "b")
    world.sync()
    with world.database.rehearse() as connection:
        if world.database.is_sqlite:
            connection.exec_driver_sql("DROP TRIGGER catalog_run_kept")
        else:
            connection.exec_driver_sql("ALTER TABLE catalog_run DISABLE TRIGGER USER")
        connection.exec_driver_sql("DELETE FROM catalog_run WHERE run_id = 1")
        found = {broken.rule for broken in invariants.broken_in(connection)}
    assert {
        "a model's run references exist",
        "a source's generation is that of its last merged run, and its first one is there",
        "the runs that states, changes, sources, identities and deliveries name exist",
    } <= found
