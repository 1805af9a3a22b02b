"""How a source stands is looked up: no number of later runs hides it, and another source's run says nothing of it."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.cli.running.worker import _Pings, _Problems
from catalog.domain import Status
from catalog.errors import ConfigError, Failure
from catalog.health import SourceHealth
from catalog.monitor import metrics
from catalog.service import sync
from catalog.settings import SourceSettings
from catalog.store.queries import source_health
from catalog.store.schema import tables
from catalog.upstream.client import SourceClient
from tests import server as play
from tests.store.delivering import types
from tests.store.world import Enter, World
from tests.subscribing import team

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]


def found_of(world: World, name: str = "one") -> SourceHealth:
    with world.database.read() as connection:
        return {found.row.source: found for found in source_health.all_(connection)}[name]


def boom() -> None:
    raise ZeroDivisionError("sk-secret")


@pytest.mark.parametrize("failures", [0, 1, 2, 25, 120])
def test_failures_are_counted_up_to_the_last_merged_run_however_many_there_are(world: World, failures: int) -> None:
    world.lists("a")
    world.cut()
    world.sync()
    for _ in range(failures):
        world.cut()
    found = found_of(world)
    assert (found.failed, found.failure) == (failures, Failure.LIST if failures else None)
    assert f'catalog_runs_failed_in_a_row{{source="one"}} {failures}.0' in metrics.page(world.database).decode()


def test_many_sources_are_read_with_as_few_statements_as_one(world: World) -> None:
    names, counts, said, found = ["one", "two", "three"], list[int](), list[str](), list[SourceHealth]()

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    sa.event.listen(world.database.engine, "before_cursor_execute", hear)
    for name in names:
        world.lists("a")
        world.sync(name=name)
        said.clear()
        with world.database.read() as connection:
            found = source_health.all_(connection)
        counts.append(len(said))
    assert [each.row.source for each in found] == sorted(names)
    assert len(set(counts)) == 1


def test_walks_that_are_unclean_are_counted_whatever_fails_in_between(world: World) -> None:
    world.lists("a")
    world.sync()
    counts = []
    for act in (world.unclean, world.cut, world.unclean, world.cut, world.cut, world.unclean, world.sync):
        act("a") if act == world.unclean else act()
        world.lists("a")
        counts.append(found_of(world).unclean)
    assert counts == [1, 1, 2, 2, 2, 3, 0]


def scripted(world: World, *steps: play.Step) -> None:
    world.server.script(*steps)
    world.sync()


def keyless(world: World) -> None:
    def refuse(_source: SourceSettings) -> SourceClient:
        raise ConfigError("there is no key", hint="set it")

    options = sync.Options(subscriptions=team("sync_failed", failures=1), clock=lambda: world.now)
    with pytest.raises(ConfigError, match="there is no key"):
        sync.sync_source(world.database, world.source("one"), refuse, options)
    assert types(world) == ["sync_failed"]


def interrupted(world: World, kind: type[BaseException]) -> None:
    def stop() -> None:
        raise kind("sk-secret")

    world.lists("a")
    with pytest.raises(kind):
        world.sync(on_wait=stop)


CLASSES: dict[str, tuple[Callable[[World], object], Failure | None, Status]] = {
    "401": (lambda world: scripted(world, play.error(401)), Failure.KEY, Status.FAILED),
    "403": (lambda world: scripted(world, play.error(403)), Failure.KEY, Status.FAILED),
    "500": (lambda world: scripted(world, play.error(500)), Failure.LIST, Status.FAILED),
    "an empty first list": (scripted, Failure.LIST, Status.FAILED),
    "no key": (keyless, Failure.CONFIGURATION, Status.FAILED),
    "a bug": (lambda world: interrupted(world, ZeroDivisionError), Failure.UNEXPECTED, Status.FAILED),
    "Ctrl-C": (lambda world: interrupted(world, KeyboardInterrupt), None, Status.ABANDONED),
}


@pytest.mark.parametrize(("fail", "failure", "status"), CLASSES.values(), ids=CLASSES.keys())
def test_a_failed_run_keeps_the_class_of_its_failure(
    world: World, fail: Callable[[World], object], failure: Failure | None, status: Status
) -> None:
    fail(world)
    found = found_of(world)
    assert found.last is not None
    assert (found.last.status, found.failure, found.failed) == (status, failure, 1)
    assert "secret" not in str(found.last.error)
    assert found.problem == found.last.error
    assert f'status="{status}"}} 1.0' in metrics.page(world.database).decode()


def test_a_run_that_went_well_has_no_class(world: World) -> None:
    world.lists("a")
    world.sync()
    with world.database.read() as connection:
        assert connection.scalars(sa.select(tables.run.c.failure)).all() == [None]


class Watcher:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def succeeded(self) -> None:
        self.said.append("ok")

    def failed(self, reason: str) -> None:
        self.said.append(reason)


def told(world: World, trouble: _Problems) -> str:
    """What is pinged now."""
    watcher: Any = Watcher()
    _Pings(watcher, trouble.words)._report(watcher)
    [said] = watcher.said
    return str(said)


def test_a_ping_says_what_the_database_knows_of_all_sources_whichever_worker_read_them(
    world: World, enter: Enter
) -> None:
    mine, others = _Problems(world.database, ("x", "y")), _Problems(enter(world.url).database, ("x", "y"))
    world.lists("a")
    world.cut(name="x")
    for _ in range(2):
        world.sync(name="y")
        assert "x: " in told(world, mine) == told(world, others)
    world.sync(name="x")
    assert told(world, mine) == told(world, others) == "ok"
    world.lists("b")
    world.sync(name="x")
    world.unclean("b", name="x")
    world.lists("a")
    world.sync(name="y")
    assert (
        told(world, mine)
        == "x: held: 1 of 1 models that were listed before are gone at once: they wait for --accept-removals"
    )


def test_what_could_not_be_recorded_is_told_until_a_run_of_that_source_is_recorded(world: World, enter: Enter) -> None:
    trouble, other = _Problems(world.database, ("x", "y")), enter(world.url)
    world.lists("a")
    trouble.note("x", "unexpected: ZeroDivisionError", world.now)
    world.sync(name="y")
    assert told(world, trouble) == "x: unexpected: ZeroDivisionError"
    other.now = world.now
    other.sync(name="x")
    assert told(world, trouble) == "ok"


def test_a_failure_that_was_recorded_is_told_in_the_words_of_its_record_alone(world: World) -> None:
    trouble = _Problems(world.database, ("x",))
    world.lists("a")
    began = world.now
    with pytest.raises(ZeroDivisionError):
        world.sync(name="x", on_wait=boom)
    trouble.note("x", "it ended with ZeroDivisionError", began)
    assert told(world, trouble) == "x: unexpected: ZeroDivisionError"
