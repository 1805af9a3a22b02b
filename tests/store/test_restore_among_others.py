"""A restoration and what others are doing: it waits for no one, breaks nothing, and is refused while a list is read."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta

import pytest

from catalog.domain import Status
from catalog.errors import DatabaseError
from catalog.store.backup import copies
from catalog.store.engine import locks
from catalog.store.ingest import prune
from catalog.store.outbox import queue
from tests.store import copying
from tests.store.copying import Safe, restore
from tests.store.delivering import Recorder, enqueue, send
from tests.store.world import World

pytestmark = pytest.mark.promise("P3", "P8")
HOLDER = """
import sys
from catalog.store.engine import database, locks
with locks.hold(database.open_(sys.argv[1]), sys.argv[2]) as mine:
    print(mine, flush=True)
    sys.stdin.read()
"""


@contextmanager
def process(world: World, source: str, *, killed: bool = False) -> Iterator[None]:
    """Let another process hold the lock of a source, or have held it when it was killed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, world.url, source], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        if killed:
            holder.kill()
            demand_free(world, source)
        yield
        holder.kill()
    demand_free(world, source)


def demand_free(world: World, source: str) -> None:
    """Wait until the server has noticed that the holder of a lock is dead."""
    until, mine = time.monotonic() + 10, False
    while not mine:
        assert time.monotonic() < until, "waited in vain"
        with locks.hold(world.database, source) as mine:
            pass


@pytest.fixture
def copied(world: World, safe: Safe) -> Callable[..., object]:
    """Two sources, a copy of when each listed one model, and two more models since; gives what restores the copy."""
    for name in ("one", "two"):
        world.lists("a")
        world.sync(name=name)
    path = safe.copy(world)
    for name in ("one", "two"):
        world.lists("a", "b")
        world.sync(name=name)
    return lambda **options: restore(world, path, **options)


def models(world: World) -> list[tuple[str, str]]:
    return sorted(world.rows("models", "source", "id"))


THEN, SINCE = [("one", "a"), ("two", "a")], [("one", "a"), ("one", "b"), ("two", "a"), ("two", "b")]
# Who holds what, the sources that the configuration names, and whose run the restoration is refused for.
HOLDERS = {
    "the first source": ("one", False, ("one", "two"), "one"),
    "the last source": ("two", False, ("one", "two"), "two"),
    "one that is not configured any more": ("two", False, ("one",), "two"),
    "one that was never read": ("new", False, ("one", "new"), "new"),
    "one of another configuration": ("new", False, ("one",), None),
    "a process that was killed": ("one", True, ("one", "two"), None),
    "nobody": ("", False, ("one", "two"), None),
}


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_restoration_is_refused_while_any_of_its_sources_is_read(
    world: World, copied: Callable[..., object], holder: str
) -> None:
    source, killed, sources, refused = HOLDERS[holder]
    with process(world, source, killed=killed) if source else nullcontext():
        if refused:
            with pytest.raises(DatabaseError, match=f"a run of {refused} is active: nothing was restored") as caught:
                copied(sources=sources)
            assert "wait" in caught.value.hint
        else:
            copied(sources=sources)
    assert models(world) == (SINCE if refused else THEN)
    for name in ("one", "two"):  # no lock is left behind
        demand_free(world, name)


def test_a_message_that_is_being_sent_while_its_catalog_is_replaced_goes_out_once(
    world: World, copied: Callable[..., object]
) -> None:
    enqueue(world, "a")

    def replace(_message: object) -> None:
        copied()

    assert send(world, {"team": (ear := Recorder(then=replace))}).failed == {}
    assert ear.ids == ["a"]
    assert models(world) == THEN
    world.pass_minutes(60)
    assert send(world, {"team": (again := Recorder())}).delivered == {}
    assert again.ids == []


def test_pruning_goes_on_in_the_catalog_that_came_back(world: World, copied: Callable[..., object]) -> None:
    steps: list[float] = []

    def pause(seconds: float) -> None:
        if not steps:
            copied()
        steps.append(seconds)

    done = prune.prune(world.database, older_than=timedelta(0), now=world.now, sleep=pause)
    assert (done.deliveries, len(steps) > 1) == (0, True)
    assert models(world) == THEN


def test_a_sync_that_meets_a_restoration_is_skipped_and_the_next_one_goes_on(world: World, safe: Safe) -> None:
    world.lists("a")
    world.sync()
    path = safe.copy(world)
    taken: list[bool] = []

    def look(_done: int, _all: int) -> None:
        with locks.hold(world.database, "one") as mine:
            taken.append(mine)

    copies.restore(world.database, path, now=world.now, replace=True, sources=("one",), on_progress=look)
    assert set(taken) == {False}
    assert world.sync().run.status is Status.COMPLETE


def test_a_copy_of_a_copy_is_made_while_a_run_is_active(world: World, safe: Safe) -> None:
    """A backup takes no lock: it may go on for long, and no run waits for it."""
    world.lists("a")
    world.sync()
    with locks.hold(world.database, "one"):
        safe.copy(world)
    during: list[Status] = []

    def sync(_done: int, _all: int) -> None:
        if not during:
            during.append(world.sync().run.status)

    copies.backup(world.database, safe.folder / "during", on_progress=sync)
    assert during == [Status.COMPLETE]
    assert copying.rows(safe.folder / "during")["catalog_run"] != []


def test_what_was_leased_in_the_copy_is_given_up_and_no_lease_is_left(world: World, safe: Safe) -> None:
    world.lists("a")
    world.sync()
    enqueue(world, "a")
    assert queue.lease(world.database, "team", world.now, lambda: "dead")
    path = safe.copy(world)
    assert restore(world, path).given_up == 1
    assert queue.requeue(world.database, now=world.now) == 1
    assert send(world, {"team": (ear := Recorder())}).delivered == {"team": 1}
    assert ear.ids == ["a"]
