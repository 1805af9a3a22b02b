"""Honest times: every change carries the interval in which it must have happened, and history goes only forward."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.domain import Policy, Status
from tests.store.world import World

INTERVAL = ("model_id", "kind", "not_before", "observed_at", "recorded_at")


def intervals(world: World) -> list[tuple[Any, ...]]:
    return [row[1:] for row in world.rows("changes", "change_id", *INTERVAL)]


def seen(world: World, id: str = "a") -> Any:
    return dict(world.rows("models", "id", "last_seen_at"))[id]


def test_an_addition_happened_after_the_last_whole_walk_began(world: World) -> None:
    world.lists("a")
    world.sync()  # 10 to 11
    world.sync()  # 21 to 22
    world.cut()  # from 32
    world.unclean("a")  # 42 to 43: what it lacks proves nothing
    world.lists("a", "b")
    world.sync()  # 53 to 54
    assert intervals(world) == [("a", "added", None, 11, 11), ("b", "added", 21, 54, 54)]


def test_a_change_happened_after_the_last_walk_that_proves_the_old_state_began(world: World) -> None:
    world.lists("a")
    world.sync()
    world.sync()
    world.lists("a", display_name="Other")
    world.sync()
    world.lists("a")
    world.sync()
    changes = [("a", "changed", 21, 33, 33), ("a", "changed", 32, 44, 44)]
    assert intervals(world)[1:] == changes


def test_a_removal_confirmed_late_is_dated_to_its_first_walk_and_recorded_late(world: World) -> None:
    world.lists("a", "b")
    world.sync()  # 10 to 11
    world.sync()  # 21 to 22
    world.lists("a")
    world.sync()  # 32 to 33
    world.sync(after=1000)  # 1033 to 1034
    assert intervals(world)[-1] == ("b", "removed", 21, 33, 1034)


def test_what_an_unclean_walk_found_proves_later_changes(world: World) -> None:
    world.lists("a")
    world.sync()
    world.unclean("a", "b")  # 21 to 22
    world.lists("a", "b", display_name="Other")
    world.sync()
    assert [row for row in intervals(world) if row[0] == "b"] == [
        ("b", "added", 10, 22, 22),
        ("b", "changed", 21, 33, 33),
    ]
    world.lists("a")
    world.sync()
    world.sync(after=60)
    assert intervals(world)[-1] == ("b", "removed", 32, 44, 105)


def test_a_change_of_a_model_that_was_missing_happened_after_it_was_last_seen(world: World) -> None:
    world.lists("a", "b")
    world.sync()  # 10
    world.lists("a")
    world.sync()  # 21
    world.lists("a", "b", display_name="Other")
    world.sync()
    assert intervals(world)[-1] == ("b", "changed", 10, 33, 33)


def test_a_return_happened_after_the_last_walk_that_lacked_it(world: World) -> None:
    world.lists("a", "b")
    world.sync()  # 10
    world.lists("a")
    world.sync()  # 21
    world.sync(after=20)  # 42
    world.lists("a", "b")
    world.server.models[1]["display_name"] = "Bee"
    world.sync()
    assert intervals(world)[-2:] == [("b", "returned", 42, 54, 54), ("b", "changed", 10, 54, 54)]


def test_another_scope_proves_nothing_of_what_was_not_listed_before(world: World) -> None:
    world.lists("a")
    world.sync()
    world.betas = ("preview",)
    world.lists("a", "b")
    world.sync()
    world.lists("a", "b", "c")
    world.sync()
    assert intervals(world)[1:] == [("b", "added", None, 22, 22), ("c", "added", 21, 33, 33)]


def test_last_seen_is_the_last_whole_walk_that_listed_it_or_a_later_first_sight(world: World) -> None:
    world.lists("a")
    world.sync()  # ends at 11
    assert seen(world) == 11
    world.sync()  # 22
    assert seen(world) == 22
    world.unclean("a", "b")  # 33
    assert (seen(world), seen(world, "b")) == (22, 33)
    world.cut()
    assert seen(world) == 22
    world.lists("a")
    world.sync(after=9)  # 53
    assert (seen(world), seen(world, "b")) == (53, 33)
    world.sync()
    world.sync()
    assert (seen(world), seen(world, "b")) == (75, 33)
    world.unclean("a", "b")  # 86: it returned
    assert (seen(world), seen(world, "b")) == (75, 86)


def test_a_found_model_was_seen_when_it_was_found(world: World) -> None:
    world.lists("a", "b")
    world.sync()  # 11
    world.lists("a")
    world.sync()  # 22
    assert seen(world, "b") == 11
    world.unclean("a", "b")  # 33
    assert (seen(world, "a"), seen(world, "b")) == (22, 33)
    world.lists("a", "b")
    world.sync()  # 44
    assert seen(world, "b") == 44


@pytest.mark.parametrize("back", [60, 400 * 1440])
def test_a_clock_that_jumps_back_never_puts_history_out_of_order(world: World, back: float) -> None:
    world.lists("a", "b")
    world.sync()
    world.sync()
    world.lists("a", "b", "c")
    world.sync(after=-back)
    world.cut()
    world.lists("a", "b", "c", display_name="Other")
    world.sync()
    runs = [row[1:] for row in world.rows("sync_runs", "run_id", "started_at", "finished_at")]
    assert all(started <= finished for started, finished in runs)
    assert [started for started, _ in runs] == sorted(started for started, _ in runs)
    assert [finished for _, finished in runs] == sorted({finished for _, finished in runs})
    states = world.rows("model_history", "id", "valid_from", "valid_to")
    assert all(until is None or since < until for _, since, until in states)
    assert all(row[2] is None or row[2] <= row[3] <= row[4] for row in intervals(world))


def test_a_run_says_that_the_clock_is_behind_the_history(world: World) -> None:
    world.lists("a")
    world.sync()
    report = world.sync(after=-400 * 1440)
    assert report.run.status is Status.COMPLETE
    assert "clock" in str(report.run.error)
    assert world.sync(after=401 * 1440).run.error is None


def test_a_clock_that_jumps_back_in_the_middle_of_a_run_is_met_too(world: World) -> None:
    world.lists("a")
    world.sync()
    world.server.script(world.meanwhile(lambda: world.pass_minutes(-600)))
    world.lists("a", "b")
    world.sync()
    world.server.script(world.meanwhile(lambda: world.pass_minutes(-600)))
    world.cut(after=2000)
    runs = [row[1:] for row in world.rows("sync_runs", "run_id", "started_at", "finished_at")]
    assert all(started <= finished for started, finished in runs)


def test_a_clock_behind_confirms_no_removal(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    assert world.sync(after=-60).run.removed == 0
    assert world.sync(after=30).run.removed == 0
    assert world.sync(after=60).run.removed == 1


def test_with_no_time_to_wait_a_clock_behind_is_no_obstacle(world: World) -> None:
    world.policy = Policy(confirm_after=timedelta(0))
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    assert world.sync(after=-600).run.removed == 1


def test_names_of_changes_are_stable_and_tell_what_changed(world: World) -> None:
    world.lists("a:1", "b")
    world.sync()
    world.lists("a:1", display_name="Other")
    world.sync()
    world.sync(after=60)
    uids = [uid for _, uid in world.rows("changes", "change_id", "uid")]
    assert uids == [
        "one:added:2026-01-01T00:11:00.000000Z:3:a:1",
        "one:added:2026-01-01T00:11:00.000000Z:1:b",
        "one:changed:2026-01-01T00:22:00.000000Z:3:a:1:display_name",
        "one:removed:2026-01-01T00:22:00.000000Z:1:b",
    ]
