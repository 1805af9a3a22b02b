"""Clocks that jump, and nights on which they are changed: history keeps its order, and nothing waits for years."""

import json
import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from catalog import cron, health
from catalog.alerts import wording as words
from catalog.domain import MERGED, Policy, Status
from catalog.events import DeliveryError, Message, Subscriptions
from catalog.service import deliver, sync
from catalog.service.deliver import Sender
from catalog.service.schedule import Timetable
from catalog.store.engine import locks
from catalog.store.ingest import runs
from catalog.store.outbox import queue
from catalog.store.queries import source_health
from tests.attacks import rounds
from tests.server import ModelsServer, error, model
from tests.store import world as worlds
from tests.store.world import MINUTE, START, World
from tests.subscribing import team
from tests.volume import Volume

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY, YEARS = 60.0, 1440.0, 3653 * 1440.0  # in minutes, as the world counts
JUMPS = (-HOUR, -400 * DAY, YEARS)
EVENTS = ("added", "returned", "removed", "changed", "retiring", "overdue", "held", "sync_failed")
IDS = "abcdefgh"


@pytest.fixture(name="world")
def one_world(server: ModelsServer, migrated_url: str) -> Iterator[World]:
    """A world whose story must end in a sound history."""
    with worlds.entering(server) as enter:
        made = enter(migrated_url)
        yield made
        made.check()


class Post:
    """A channel that takes everything once it is up, and keeps what it took."""

    def __init__(self) -> None:
        self.up = True
        self.taken: list[Message] = []

    def send(self, message: Message) -> None:
        if not self.up:
            raise DeliveryError("it is down")
        self.taken.append(message)

    @property
    def told(self) -> list[tuple[str, str]]:
        """What was told, as type and, of changes, the ids."""
        return [(message.type.removeprefix("catalog."), message.compose(words.ROOMY)[1]) for message in self.taken]


def send(world: World, post: Post, at: Subscriptions) -> None:
    """Do what a worker does every five seconds."""
    sender = Sender(
        channels={"team": post},
        render=lambda payload, room: words.render(json.loads(payload), room),
        clock=lambda: world.now,
        spread=lambda: 0.5,
        token=lambda: os.urandom(8).hex(),
    )
    deliver.catch_up(world.database, at, sender)


# Any story


class Story:
    """Runs of every kind while the clock does what it likes, and what each model's absence rests on."""

    def __init__(self, world: World, name: str, chance: random.Random) -> None:
        self.world, self.name, self.chance = world, name, chance
        self.listed = set(IDS[:5])
        self.lacking: dict[str, int] = {}  # whole walks in a row that lacked a listed model
        self.removals = self.false = self.jumps = self.late = 0

    def tell(self, turns: int) -> None:
        """Tell a story of so many turns, and one honest run at its end."""
        for _ in range(turns):
            self.turn()
        self.honest(10)
        self.check()

    def turn(self) -> None:
        """Make a run, after an ordinary while or a jump of the clock, which may also come in the middle of it."""
        after = 10.0
        if self.chance.random() < 0.3:
            after, self.jumps = self.chance.choice(JUMPS), self.jumps + 1
        if self.chance.random() < 0.3:
            self.listed ^= set(self.chance.sample(IDS, self.chance.randrange(1, 3)))
            self.listed |= {"a"}
        self.world.lists(*sorted(self.listed), max_tokens=self.chance.choice([1, 1, 1, 2]))
        self.chance.choice([self.honest] * 6 + [self.jumps_inside, self.fails, self.dies])(after)

    def honest(self, after: float) -> None:
        self.note(self.world.sync(name=self.name, after=after))

    def jumps_inside(self, after: float) -> None:
        jump = self.chance.choice(JUMPS)
        self.world.server.script(self.world.meanwhile(lambda: self.world.pass_minutes(jump)))
        self.honest(after)

    def fails(self, after: float) -> None:
        self.world.server.script(error(500))
        assert self.world.sync(name=self.name, after=after).run.status is Status.FAILED

    def dies(self, after: float) -> None:
        self.world.pass_minutes(after)
        die(self.world, self.name)

    def note(self, report: Any) -> None:
        assert report.run.status in MERGED
        [(ended,)] = [row[1:] for row in self.world.rows("sources", "source", "last_whole_at") if row[0] == self.name]
        behind = timedelta(minutes=ended) - (self.world.now - START)
        self.late += behind > timedelta(minutes=2)
        assert "clock is" in (report.run.error or "") or behind <= timedelta(minutes=2), self.name
        for id in {id for kind, id, *_ in self.world.said if kind == "removed"}:
            self.removals += 1
            self.false += self.lacking.get(str(id), 0) < 1 or str(id) in self.listed
        self.lacking = {id: self.lacking.get(id, 0) + 1 for id in self.known() - self.listed}

    def known(self, *, now: bool = False) -> set[str]:
        """The ids that were ever seen, or those that are listed now."""
        rows = self.world.rows("models", "id", "source", "removed_at")
        return {id for id, source, removed in rows if source == self.name and (removed is None or not now)}

    def check(self) -> None:
        """Hold what the views show against the order of time."""
        self.world.check()
        ended = [row[1:] for row in self.world.rows("sync_runs", "run_id", "started_at", "finished_at") if row[2]]
        assert all(began <= end for began, end in ended)
        assert ended == sorted(ended, key=lambda row: row[1])
        for _, since, until in self.world.rows("model_history", "id", "valid_from", "valid_to"):
            assert until is None or since < until
        for _, after, by, noted in self.world.rows("changes", "change_id", "not_before", "observed_at", "recorded_at"):
            assert (by if after is None else after) <= by <= noted
        assert self.known(now=True) >= self.listed


def die(world: World, name: str) -> None:
    """Begin a run that never ends."""
    scope = sync.scope_of(world.source(name))
    with world.database.write() as connection:
        runs.begin(connection, runs.source_key(connection, name, scope), scope, world.now)


@pytest.mark.warns  # of the runs that died
@pytest.mark.promise("P1", "P4", "P5")
def test_history_keeps_its_order_whatever_the_clock_does(volume: Volume, world: World) -> None:
    """Clocks jump an hour or 400 days back, ten years ahead, between and inside runs: order kept, and said in words."""
    world.policy = Policy(min_removed=100, confirm_after=timedelta(minutes=15))
    seen = {"runs": 0, "jumps": 0, "runs dated behind the last": 0, "removals": 0, "false removals": 0}
    for number in volume.rounds(check=12, soak=400):
        world.now = START
        story = Story(world, f"story{number}", volume.random("clocks", number))
        with rounds.named(volume, number):
            story.tell(turns=12)
        counted = (13, story.jumps, story.late, story.removals, story.false)
        seen = {name: value + more for (name, value), more in zip(seen.items(), counted, strict=True)}
        assert story.false == 0
    volume.came_to(**{name.replace(" ", "_"): value for name, value in seen.items()})


# What waits for a moment, when that moment was named by a clock that was ten years ahead


@pytest.fixture
def ahead(world: World) -> World:
    """A world with a baseline, in which the clock then goes ten years ahead."""
    world.lists("a", "b", "c")
    world.sync(subscriptions=team(*EVENTS))
    world.pass_minutes(YEARS)
    return world


def corrected(world: World) -> None:
    world.pass_minutes(-YEARS)


@pytest.mark.promise("P8")
def test_what_a_run_with_a_clock_ahead_enqueues_is_sent_once_the_clock_is_right(ahead: World) -> None:
    """What was recorded under a clock ten years ahead is sent after it, and so is what comes later; each once."""
    post, at = Post(), team(*EVENTS)
    ahead.lists("a", "b", "c", "d")
    ahead.sync(subscriptions=at)
    corrected(ahead)
    send(ahead, post, at)
    assert len(post.taken) == 1
    ahead.lists("a", "b", "c", "d", "e")
    ahead.sync(subscriptions=at)
    send(ahead, post, at)
    send(ahead, post, at)
    assert [text.partition(",")[0] for _, text in post.told] == [f"{id.upper()} ({id}) is newly listed" for id in "de"]


@pytest.mark.warns
@pytest.mark.promise("P8")
@pytest.mark.parametrize("jump", [YEARS, -400 * DAY, -HOUR])
def test_an_attempt_put_off_and_a_lease_of_the_dead_end_whatever_the_clock_did(world: World, jump: float) -> None:
    """What a clock put off, or a process that died had leased, is tried again in hours, not years."""
    post, at = Post(), team(*EVENTS)
    world.lists("a")
    world.sync(subscriptions=at)
    if jump > 0:
        world.pass_minutes(jump)
    for ids in ("ab", "abc"):
        world.lists(*ids)
        world.sync(subscriptions=at)
    post.up = False
    send(world, post, at)  # the one is put off
    assert queue.lease(world.database, "team", world.now, lambda: "dead") is not None  # and the other one leased
    world.pass_minutes(-abs(jump))
    post.up = True
    waited = 0.0
    while len(post.taken) < 2:
        send(world, post, at)
        world.pass_minutes(10)
        waited += 10
        assert waited <= 3 * HOUR
    send(world, post, at)
    assert len({message.id for message in post.taken}) == len(post.taken) == 2


@pytest.mark.promise("P7", "P8")
def test_a_removal_that_settles_is_told_although_the_clock_was_ahead(world: World) -> None:
    """A removal that was to settle until ten years from now is told once the clock is right."""
    post, at = Post(), team(*EVENTS, settle=timedelta(hours=1))
    world.lists("a", "b")
    world.sync(subscriptions=at)
    world.lists("a")
    world.pass_minutes(YEARS)
    world.sync(subscriptions=at)
    world.sync(subscriptions=at, after=20)
    corrected(world)
    world.pass_minutes(2 * HOUR)
    send(world, post, at)
    assert [text.partition(" is ")[2].partition(":")[0] for _, text in post.told] == ["gone"]


@pytest.mark.promise("P8")
@pytest.mark.parametrize("channel_is_new", [True, False])
def test_milestones_come_although_the_clock_was_ahead_when_the_date_was_set(ahead: World, channel_is_new: bool) -> None:
    """A retirement that was announced while the clock was ahead, or after it, is told when it draws near."""
    if channel_is_new:
        with ahead.database.write() as connection:
            connection.exec_driver_sql("DELETE FROM catalog_channel")
    post, at = Post(), team(*EVENTS)
    ahead.sync(subscriptions=at)
    corrected(ahead)
    retires_at = (ahead.now + timedelta(days=40)).isoformat()
    ahead.server.models = [model("a", retires_at=retires_at), model("b"), model("c")]
    ahead.sync(subscriptions=at)
    for _ in range(42):
        send(ahead, post, at)
        ahead.pass_minutes(DAY)
    kinds = [kind for kind, _ in post.told]
    assert kinds[0] == "changes"
    assert kinds[-4:] == ["retiring", "retiring", "retiring", "overdue"]


@pytest.mark.warns  # of the run that died
@pytest.mark.promise("P4", "P10")
def test_a_worker_reads_on_after_its_clock_was_ahead_and_no_dead_run_or_lock_stops_it(ahead: World) -> None:
    """Slots of a schedule are not taken by runs that a clock dated ten years later, and `status` tells of the clock."""
    ahead.sync(slot=ahead.now)
    die(ahead, "one")
    with locks.hold(ahead.database, "one") as mine:
        assert mine
    corrected(ahead)
    every = Timetable(when=timedelta(minutes=15))
    outcomes = []
    for _ in range(4):
        ahead.now = every.slot(ahead.now)
        outcomes.append(ahead.sync(after=0, slot=ahead.now).run.status)
    assert outcomes == [Status.COMPLETE] * 4
    assert "clock" in findings(ahead)


def findings(world: World) -> set[str]:
    with world.database.read() as connection:
        [found] = source_health.all_(connection)
    watched = health.SourceCheck(name="one", row=found.row, stale_after=timedelta(hours=3), health=found)
    return {finding.code for finding in health.findings([watched], now=world.now)}


# Nights on which clocks are changed


def between(timetable: Timetable, since: datetime, until: datetime) -> Iterator[datetime]:
    slot = timetable.slot(since)
    while slot < until:
        yield slot
        slot = timetable.slot(slot)


@pytest.mark.promise("P4", "P5")
@pytest.mark.parametrize(
    ("night", "hours"), [(datetime(2026, 3, 29, tzinfo=BERLIN), 5), (datetime(2026, 10, 25, tzinfo=BERLIN), 7)]
)
@pytest.mark.parametrize(("expression", "slots"), [("*/20 * * * *", 3), ("30 2 * * *", 0), ("0 3 * * *", 0)])
def test_a_schedule_in_berlin_keeps_the_order_through_both_nights(
    world: World, night: datetime, hours: int, expression: str, slots: int
) -> None:
    """Each slot of a night on which clocks are changed is read once, by one of two workers, in the order of time."""
    timetable = Timetable(when=cron.parse(expression), zone=BERLIN)
    midnight = night.astimezone(UTC)
    taken = list(between(timetable, midnight - MINUTE, midnight + timedelta(hours=hours)))  # until six in the morning
    assert len(taken) == (slots * hours or 1)
    outcomes = []
    for number, slot in enumerate(taken):
        world.lists("a", *(["b"] if number % 2 else []), max_tokens=number + 1)
        world.now = slot
        outcomes += [world.sync(after=0, slot=slot).run.status, world.sync(after=0, slot=slot).run.status]
    assert outcomes == [Status.COMPLETE, Status.SKIPPED] * len(taken)
    ended = [until for _, until in world.rows("sync_runs", "run_id", "finished_at")]
    assert ended == sorted(set(ended))
