"""Honest times: every change carries the interval in which it must have happened, and history goes only forward."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.domain import Policy, Status
from tests import server as play
from tests.store.world import World

pytestmark = pytest.mark.promise("P4", "P5")

EPOCH = "1970-01-01T00:00:00Z"
INTERVAL = ("model_id", "kind", "not_before", "observed_at", "recorded_at")


def intervals(world: World) -> list[tuple[Any, ...]]:
    return [row[1:] for row in world.rows("changes", "change_id", *INTERVAL)]


def seen(world: World, id: str = "a") -> Any:
    return dict(world.rows("models", "id", "last_seen_at"))[id]


def test_an_addition_happened_after_the_last_whole_walk_began(world: World) -> None:
    world.lists("a")
    world.sync()
    world.sync()
    world.cut()
    world.unclean("a")  # what it lacks proves nothing
    world.lists("a", "b")
    world.sync()
    first, last = world.end_of(1), world.end_of(5)
    assert intervals(world) == [("a", "added", None, first, first), ("b", "added", world.start_of(2), last, last)]


def test_a_change_happened_after_the_last_walk_that_proves_the_old_state_began(world: World) -> None:
    world.lists("a")
    world.sync()
    world.sync()
    world.lists("a", display_name="Other")
    world.sync()
    world.lists("a")
    world.sync()
    third, fourth = world.end_of(3), world.end_of(4)
    changes = [("a", "changed", world.start_of(2), third, third), ("a", "changed", world.start_of(3), fourth, fourth)]
    assert intervals(world)[1:] == changes


def test_a_removal_confirmed_late_is_dated_to_its_first_walk_and_recorded_late(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.sync()
    world.lists("a")
    world.sync()
    world.sync(after=1000)
    assert intervals(world)[-1] == ("b", "removed", world.start_of(2), world.end_of(3), world.end_of(4))


def test_what_an_unclean_walk_found_proves_later_changes(world: World) -> None:
    world.lists("a")
    world.sync()
    world.unclean("a", "b")
    world.lists("a", "b", display_name="Other")
    world.sync()
    assert [row for row in intervals(world) if row[0] == "b"] == [
        ("b", "added", world.start_of(1), world.end_of(2), world.end_of(2)),
        ("b", "changed", world.start_of(2), world.end_of(3), world.end_of(3)),
    ]
    world.lists("a")
    world.sync()
    world.sync(after=60)
    assert intervals(world)[-1] == ("b", "removed", world.start_of(3), world.end_of(4), world.end_of(5))


def test_a_change_of_a_model_that_was_missing_happened_after_it_was_last_seen(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    world.lists("a", "b", display_name="Other")
    world.sync()
    assert intervals(world)[-1] == ("b", "changed", world.start_of(1), world.end_of(3), world.end_of(3))


def says(world: World, **fields: Any) -> tuple[Any, ...]:
    """Sync with these fields of the one model; give the interval of the last change."""
    world.lists("a", **fields)
    world.sync()
    return tuple(intervals(world)[-1][2:4])


@pytest.mark.parametrize(
    ("field", "old", "silence", "new"),
    [
        ("max_tokens", 100, 0, 200),
        ("created_at", "2026-02-01T00:00:00Z", EPOCH, "2026-02-02T00:00:00Z"),
        ("created_at", "2026-02-01T00:00:00Z", None, "2026-02-02T00:00:00Z"),
        ("retires_at", "2027-02-01T00:00:00Z", EPOCH, None),
    ],
)
def test_a_list_that_says_nothing_of_a_field_proves_nothing_of_it(
    world: World, field: str, old: object, silence: object, new: object
) -> None:
    """The limit was 100, then unknown, then 200: the change claimed to be later than the run that knew nothing."""
    says(world, **{field: old})
    says(world, **{field: old})  # from 21
    says(world, **{field: silence})
    says(world, **{field: silence})
    assert says(world, **{field: new}) == (21, 55)
    assert says(world, **{field: old}) == (54, 66)
    assert world.rows("model_history", "valid_from", "valid_to") == [(11, 55), (55, 66), (66, None)]


@pytest.mark.parametrize("display_name", ["A", "Other"])
def test_a_list_that_says_a_field_again_proves_it_again(world: World, display_name: str) -> None:
    """An old value was said again, and its change still claimed nothing but to be later than the silence."""
    says(world, max_tokens=100)
    says(world, max_tokens=0)
    says(world, max_tokens="many")
    says(world, max_tokens=100, display_name=display_name)  # from 43
    assert says(world, max_tokens=200, display_name=display_name) == (43, 55)


def test_the_same_page_that_says_a_field_again_proves_it_again(world: World) -> None:
    """Pages are known by their bytes: one from before the silence was taken for one that needs no reading."""
    for tokens in (100, 0, 0, 100, 100):
        says(world, max_tokens=tokens)  # the last from 54
    assert says(world, max_tokens=200) == (54, 66)


def test_a_change_amid_silence_proves_nothing_of_the_silent_field(world: World) -> None:
    says(world, max_tokens=100)  # from 10
    says(world, max_tokens=100)  # from 21
    assert says(world, max_tokens=0, display_name="B") == (21, 33)
    says(world, max_tokens=0, display_name="B")
    assert says(world, max_tokens=0, display_name="C") == (21, 55)
    assert says(world, max_tokens=200, display_name="C") == (21, 66)
    assert says(world, max_tokens=200, display_name="D") == (65, 77)


def test_bytes_that_were_silent_before_are_silent_again(world: World) -> None:
    """The bytes that changed a name and left out a limit came back, and were taken to say the limit too."""
    says(world, max_tokens=100)
    says(world, max_tokens=0, display_name="B")
    says(world, max_tokens=100, display_name="B")  # from 32
    says(world, max_tokens=0, display_name="B")
    assert says(world, max_tokens=200, display_name="B") == (32, 55)


def test_what_was_never_known_needs_no_proof(world: World) -> None:
    says(world, max_tokens=0)
    says(world, max_tokens=0)  # from 21: still unknown
    assert says(world, max_tokens=200) == (21, 33)


@pytest.mark.parametrize("waits", [10, 60])
def test_a_model_that_comes_back_silent_proves_nothing(world: World, waits: float) -> None:
    world.lists("a", "b", max_tokens=100)
    world.sync()  # from 10
    world.lists("a", max_tokens=100)
    world.sync()
    world.sync(after=waits)  # it is missing, or removed
    world.lists("a", "b", max_tokens=0)
    world.sync()
    world.sync()
    world.lists("a", "b", max_tokens=200)
    world.sync()
    proofs = {row[0]: row[2] for row in intervals(world) if row[1] == "changed"}
    assert proofs == {"a": 22 + waits, "b": 10}


def test_a_model_that_left_while_silent_comes_back_unproven(world: World) -> None:
    world.lists("a", "b", max_tokens=100)
    world.sync()  # from 10
    world.lists("a", "b", max_tokens=0)
    world.sync()
    world.lists("a", max_tokens=100)
    world.sync()
    world.sync(after=60)
    world.lists("a", "b", max_tokens=200)
    world.sync()
    assert ("b", "changed", 10) in [row[:3] for row in intervals(world)]


def test_a_disputed_listing_proves_no_field(world: World) -> None:
    clear, other = (play.model("b", max_tokens=tokens) for tokens in (100, 200))
    world.server.models = [play.model("a"), clear]
    world.sync()  # from 10
    world.lists("a")
    world.sync()
    world.server.models = [play.model("a"), clear, other]
    world.sync()  # it is back, with one of two limits
    world.server.models = [play.model("a"), other]
    world.sync()
    assert intervals(world)[-1][:4] == ("b", "changed", 10, 44)


def test_a_run_that_is_no_whole_walk_ends_a_silence_too(world: World) -> None:
    says(world)
    says(world, max_tokens=0)  # from 21
    world.unclean("a")
    assert says(world, max_tokens=200) == (21, 44)


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
