"""Held is what the tables say: told once for each cause, and shown alike by all who look until it is released."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from catalog import health
from catalog.errors import Exit
from catalog.health import SourceCheck, Wait
from catalog.monitor import metrics
from catalog.service.sync import RunReport
from catalog.store.ingest import held
from catalog.store.queries import source_health
from tests.server import ORGANIZATION
from tests.store.delivering import types
from tests.store.world import World
from tests.subscribing import team

pytestmark = pytest.mark.promise("P8", "P10")

TEN = tuple("abcdefghij")
FEW = TEN[:3]
OTHER = "99999999-2222-4333-8444-555555555555"
THIRD = "77777777-2222-4333-8444-555555555555"

Act = Callable[[World], RunReport | None]


def whole(*ids: str, by: str = ORGANIZATION, **options: Any) -> Act:
    """A whole walk that lists these, by an asker."""

    def act(world: World) -> RunReport:
        world.server.organization = by
        world.lists(*ids)
        return world.sync(subscriptions=team(), **options)

    return act


def unclean(*ids: str, by: str = ORGANIZATION) -> Act:
    def act(world: World) -> RunReport:
        world.server.organization = by
        return world.unclean(*ids, subscriptions=team())

    return act


def cut(times: int = 1) -> Act:
    def act(world: World) -> RunReport:
        for _ in range(times - 1):
            world.cut(subscriptions=team("held"))
        return world.cut(subscriptions=team("held"))

    return act


class Then(NamedTuple):
    """What an act leaves: the causes, and how many alerts of held were told by then."""

    act: Act
    causes: str
    told: int


SCOPE, REMOVALS = "scope", "removals"
STORIES = {
    "one unclean walk after the other": [
        Then(whole(*TEN), "", 0),
        Then(whole(*FEW), REMOVALS, 1),
        Then(unclean(*FEW), REMOVALS, 1),
        Then(whole(*FEW), REMOVALS, 1),
        Then(unclean(*FEW), REMOVALS, 1),
        Then(unclean(*FEW), REMOVALS, 1),
        Then(whole(*FEW), REMOVALS, 1),
    ],
    "more failures than anybody looks back": [
        Then(whole(*TEN), "", 0),
        Then(whole(*FEW), REMOVALS, 1),
        Then(cut(25), REMOVALS, 1),
        Then(whole(*FEW), REMOVALS, 1),
    ],
    "released, and held anew": [
        Then(whole(*TEN), "", 0),
        Then(whole(*FEW), REMOVALS, 1),
        Then(whole(*TEN), "", 1),
        Then(whole(*FEW), REMOVALS, 2),
    ],
    "accepted, and held anew": [
        Then(whole(*TEN), "", 0),
        Then(whole(*FEW), REMOVALS, 1),
        Then(whole(*FEW, accept_removals=True), "", 1),
        Then(whole("z"), REMOVALS, 2),
    ],
    "found by an unclean walk": [
        Then(whole(*TEN), "", 0),
        Then(whole(*FEW), REMOVALS, 1),
        Then(unclean(*TEN), "", 1),
    ],
    "more goes while it is held, and part comes back": [
        Then(whole(*TEN), "", 0),
        Then(whole(*TEN[:4]), REMOVALS, 1),
        Then(whole(*FEW), REMOVALS, 1),
        Then(whole(*FEW, *TEN[4:]), REMOVALS, 1),
        Then(whole(*TEN), "", 1),
    ],
    "another key, and then a loss": [
        Then(whole(*TEN), "", 0),
        Then(whole(*TEN, by=OTHER), SCOPE, 1),
        Then(whole(*FEW), REMOVALS, 2),
    ],
    "another key, unclean walks and failures in between": [
        Then(whole(*TEN), "", 0),
        Then(whole(*TEN, by=OTHER), SCOPE, 1),
        Then(unclean(*TEN, by=OTHER), SCOPE, 1),
        Then(cut(), SCOPE, 1),
        Then(unclean(*TEN), "", 1),
        Then(whole(*TEN, by=OTHER), SCOPE, 2),
        Then(whole(*TEN), "", 2),
        Then(whole(*TEN, by=OTHER), SCOPE, 3),
    ],
    "another key seen first by an unclean walk": [
        Then(whole(*TEN), "", 0),
        Then(unclean(*TEN, by=OTHER), SCOPE, 1),
        Then(whole(*TEN, by=OTHER), SCOPE, 1),
        Then(whole(*TEN, by=OTHER, accept_scope=True), "", 1),
    ],
    "a third key": [
        Then(whole(*TEN), "", 0),
        Then(whole(*TEN, by=OTHER), SCOPE, 1),
        Then(whole(*TEN, by=THIRD), SCOPE, 2),
        Then(whole(*TEN, by=OTHER), SCOPE, 2),
    ],
    "a loss, and then another key": [
        Then(whole(*TEN), "", 0),
        Then(whole(*FEW), REMOVALS, 1),
        Then(whole(*FEW, by=OTHER), f"{REMOVALS} {SCOPE}", 2),
        Then(whole(*FEW), REMOVALS, 2),
    ],
    "what another key lacked is not held once the first one is back": [
        Then(whole(*TEN), "", 0),
        Then(whole(*TEN[:9], by=OTHER), SCOPE, 1),
        Then(unclean(*TEN[:9]), "", 1),
        Then(whole(*TEN[:9]), "", 1),
    ],
}


@pytest.mark.warns  # runs that died
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_a_cause_is_told_once_and_all_agree_until_it_is_released(world: World, story: list[Then]) -> None:
    for number, then in enumerate(story):
        report = then.act(world)
        assert (number, causes(world)) == (number, then.causes)
        assert (number, types(world).count("held")) == (number, then.told)
        assert report is not None
        assert (number, agreeing(world, report)) == (number, {bool(then.causes)})


@pytest.mark.parametrize("more", [(), ("x",), ("x", "y", "z")])
def test_all_count_what_was_listed_before_the_last_whole_walk(world: World, more: tuple[str, ...]) -> None:
    for shown, words in (
        (TEN, ""),
        ((*FEW, *more), "7 of 10"),
        ((*FEW, *more, "later"), f"7 of {10 + len(more)}"),
        ((*FEW, "d", *more, "later"), f"6 of {11 + len(more)}"),
        ((), f"{11 + len(more)} of {11 + len(more)}"),
    ):
        world.lists(*shown)
        report = world.sync(subscriptions=team())
        assert [cause.words.partition(" models")[0] for cause in report.held] == [words] * bool(words)
        still = f"{words.partition(' ')[0]} held models are still not listed"
        said = {f"{words} models that were listed before are gone at once", still}
        assert not words or (report.run.error or "").partition(":")[0] in said


def causes(world: World) -> str:
    with world.database.read() as connection:
        found = held.causes(connection).get("one", ())
    names = {Wait.REMOVALS: REMOVALS, Wait.SCOPE: SCOPE}
    return " ".join(names[cause.wait] for cause in found)


def agreeing(world: World, report: RunReport) -> set[bool]:
    """What status, metrics, pings and the report of the run itself say: held or not."""
    with world.database.read() as connection:
        [found] = source_health.all_(connection)
    watched = SourceCheck(name="one", row=found.row, stale_after=timedelta(days=1), health=found)
    codes = {finding.code for finding in health.findings([watched], now=world.now)}
    told = 'catalog_held{source="one"} 1.0' in metrics.page(world.database).decode()
    listed = report.failure is not None or report.exit_code is Exit.HELD
    return {"held" in codes, told, "held: " in found.problem, bool(report.held), listed and bool(report.held)}


def test_a_source_in_another_scope_or_without_a_baseline_is_not_held(world: World) -> None:
    world.server.organization = OTHER
    world.incomplete("a", subscriptions=team())
    world.server.organization = ORGANIZATION
    world.incomplete("a", subscriptions=team())
    assert causes(world) == ""
    world.lists("a")
    world.sync(subscriptions=team())
    world.betas, world.server.organization = ("new",), OTHER
    world.incomplete("a", subscriptions=team())
    assert causes(world) == ""
    assert types(world).count("held") == 0
