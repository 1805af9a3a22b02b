"""The guard: when too much is gone at once, only a person can accept it."""

from datetime import timedelta

import pytest

from catalog.domain import Policy, Status
from catalog.errors import Exit
from tests.store.world import World

pytestmark = pytest.mark.promise("P1")

TEN = tuple("abcdefghij")


def test_four_of_ten_gone_at_once_are_held_and_the_rest_applies(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:6], "k", display_name="New")
    report = world.sync()
    assert (report.run.status, report.exit_code) == (Status.HELD, Exit.HELD)
    assert (report.run.added, report.run.changed, report.run.missing, report.run.removed) == (1, 6, 4, 0)
    assert all(missing.held and missing.confirmed_from is None for missing in report.missing)
    assert "4 of 10 models that were listed before" in str(report.run.error)


@pytest.mark.parametrize(("left", "status"), [(7, Status.COMPLETE), (6, Status.HELD), (0, Status.HELD)])
def test_the_guard_looks_at_the_share_and_the_number(world: World, left: int, status: Status) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:left])
    assert world.sync().run.status is status


def test_the_only_model_of_a_list_is_held_too(world: World) -> None:
    world.lists("a")
    world.sync()
    world.lists()
    assert world.sync().run.status is Status.HELD
    assert world.sync(after=60).run.status is Status.HELD
    assert world.listed() == "a"


def test_missing_models_count_among_those_listed_before(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:7])
    assert world.sync().run.status is Status.COMPLETE
    world.lists(*TEN[:6])
    report = world.sync(after=1)
    assert (report.run.status, report.run.missing) == (Status.HELD, 4)
    assert all(missing.held for missing in report.missing)


def test_what_waited_long_enough_is_held_too_when_more_is_gone(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:7])
    world.sync()
    world.lists(*TEN[:6])
    report = world.sync(after=60)
    assert (report.run.status, report.run.removed, report.run.missing) == (Status.HELD, 0, 4)
    assert world.sync(after=60).run.removed == 0


def test_what_is_held_is_never_accepted_by_waiting(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:5])
    for _ in range(4):
        report = world.sync(after=600)
        assert (report.run.status, report.run.missing, report.run.removed) == (Status.HELD, 5, 0)
    assert world.listed() == "abcdefghij"


def test_a_walk_that_lists_them_again_resolves_it(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists()
    world.sync()
    world.lists(*TEN)
    report = world.sync()
    assert (report.run.status, report.run.missing, report.missing, world.said) == (Status.COMPLETE, 0, (), [])


def test_what_stays_held_after_some_came_back_still_waits(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:5])
    world.sync()
    world.lists(*TEN[:9])
    report = world.sync(after=60)
    assert (report.run.status, report.exit_code, report.run.missing) == (Status.HELD, Exit.HELD, 1)
    assert "1 held" in str(report.run.error)
    assert world.sync(after=60).run.removed == 0


def test_an_unclean_walk_resolves_what_it_lists(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:5])
    world.sync()
    assert world.unclean(*TEN).run.status is Status.PARTIAL
    world.lists(*TEN)
    assert world.sync().run.status is Status.COMPLETE


def test_accepting_removes_at_once_what_was_held_and_is_still_missing(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:5])
    world.sync()
    world.lists(*TEN[:6])
    report = world.sync(after=0, accept_removals=True)
    assert (report.run.status, report.run.removed, report.run.missing) == (Status.COMPLETE, 4, 0)
    assert world.said == [("removed", id) for id in "ghij"]
    assert world.rows("models", "id", "removed_at")[5:] == [("f", None), *((id, 22) for id in "ghij")]


def test_accepting_lets_anything_else_that_is_missing_wait(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:5])
    world.sync()
    world.lists(*TEN[:4])
    report = world.sync(accept_removals=True)
    assert (report.run.removed, report.run.missing) == (5, 1)
    assert [(missing.model_id, missing.held) for missing in report.missing] == [("e", False)]
    assert world.sync(after=20).run.removed == 1


def test_accepting_covers_only_what_a_person_could_know_of(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:6])
    world.sync()
    world.lists()
    report = world.sync(accept_removals=True)
    assert (report.run.status, report.run.removed, report.run.missing) == (Status.HELD, 4, 6)
    assert all(missing.held for missing in report.missing)


@pytest.mark.parametrize("left", [9, 2])
def test_accepting_with_nothing_held_is_a_plain_sync(world: World, left: int) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:left])
    report = world.sync(accept_removals=True)
    assert (report.run.removed, report.run.missing) == (0, 10 - left)
    assert report.run.status is (Status.COMPLETE if left == 9 else Status.HELD)


def test_accepting_a_cut_or_an_unclean_walk_removes_nothing(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists(*TEN[:2])
    world.sync()
    assert world.cut(accept_removals=True).run.removed == 0
    assert world.unclean(*TEN[:2], accept_removals=True).run.removed == 0
    assert world.listed() == "abcdefghij"


def test_what_was_accepted_can_return(world: World) -> None:
    world.lists(*TEN)
    world.sync()
    world.lists("a")
    world.sync()
    world.sync(accept_removals=True)
    world.lists(*TEN)
    assert world.sync().run.returned == 9


def test_the_thresholds_are_the_sources_own(world: World) -> None:
    world.policy = Policy(max_removed_percent=100, min_removed=1)
    world.lists(*TEN)
    world.sync()
    world.lists("a")
    assert world.sync().run.status is Status.COMPLETE
    assert world.sync(after=20).run.removed == 9


def test_with_no_time_to_wait_what_is_held_still_waits(world: World) -> None:
    world.policy = Policy(confirm_after=timedelta(0))
    world.lists(*TEN)
    world.sync()
    world.lists("a")
    assert world.sync().run.status is Status.HELD
    assert (len(world.every), world.listed()) == (1, "abcdefghij")
