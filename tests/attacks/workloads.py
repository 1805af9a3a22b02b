"""Runs that are worth cutting off: what came before each, and what the list shows to it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from catalog.domain import Change, Kind
from catalog.events import Subscriptions
from catalog.service import sync as syncs
from tests import server as play
from tests.store.world import World
from tests.subscribing import rule, subscriptions

EVENTS = ("added", "returned", "removed", "changed", "held", "sync_failed", "baseline")
LARGE = "x" * 500  # kept apart from its model, in a table of its own


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A run that is attacked. `prepare` makes what came before it, `show` what it and the run after it are listed."""

    prepare: Callable[[World], None]
    show: Callable[[World], None]
    status: str = "complete"
    failures: int = 2  # in a row before anybody is told: one that was killed counts
    kinds: frozenset[Kind] = frozenset()  # of the changes it records
    messages: int = 0  # that it enqueues


def run(world: World, failures: int = 2) -> syncs.RunReport:
    """Make a run, long enough after the one before it to confirm what that one missed."""
    world.page_size = 2
    return world.sync(after=20, subscriptions=two_channels(failures))


def two_channels(failures: int) -> Subscriptions:
    """One channel is told at once; the other is told of removals only when they have settled."""
    at_once = rule(*EVENTS, failures=failures)
    patient = replace(at_once, channel="patient", settle=timedelta(hours=1))
    return subscriptions(at_once, patient, milestones=())


def demand(world: World, told: Sequence[Change], workload: Workload) -> None:
    """See that the last run did what the workload says of it."""
    last, status = world.rows("sync_runs", "run_id", "status")[-1]
    assert status == workload.status
    assert {change.kind for change in told} == workload.kinds
    assert world.rows("deliveries", "run_id").count((last,)) == workload.messages


def lived(world: World) -> None:
    """Have a past: `back` was removed, and `leaving` is missing."""
    for ids in (
        ("back", "changes", "fades", "leaving", "stays"),
        ("changes", "fades", "leaving", "stays"),
        ("changes", "fades", "stays"),
    ):
        world.lists(*ids, large=LARGE)
        run(world)


def after_lived(world: World) -> None:
    """Let one be new, one changed, one missing, one gone for good, and one back."""
    world.lists("back", "new", "stays", large=LARGE)
    world.server.models.append(play.model("changes", display_name="Changed", large="y" * 500))


def settled(world: World) -> None:
    """Have a past in which nothing is open."""
    three(world)
    run(world)
    run(world)


def nothing(_world: World) -> None:
    """Have no past, or change nothing."""


def three(world: World) -> None:
    """List three models."""
    world.lists("a", "b", "c", large=LARGE)


def outage(world: World) -> None:
    """Let the list fail on its second page, to this run and to the next."""
    world.server.always = play.by_cursor({None: play.honest, "b": play.answer(play.page([], has_more=True))})


def mass_loss(world: World) -> None:
    """Let only one be left of many."""
    world.lists("a", "z", large=LARGE)


def many(world: World) -> None:
    """Have a past of enough models to lose."""
    world.lists(*"abcdef", large=LARGE)
    run(world)


ALL = {
    "first": Workload(prepare=nothing, show=three, kinds=frozenset({Kind.ADDED}), messages=2),
    "eventful": Workload(prepare=lived, show=after_lived, kinds=frozenset(Kind), messages=2),
    "quiet": Workload(prepare=settled, show=nothing),
    "cut": Workload(prepare=settled, show=outage, status="failed", failures=1, messages=2),
    "held": Workload(prepare=many, show=mass_loss, status="held", kinds=frozenset({Kind.ADDED}), messages=4),
}
