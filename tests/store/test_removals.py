"""Nothing on thin evidence: what it takes to believe that a model is gone."""

from datetime import timedelta

import pytest

from catalog.domain import Policy, Status
from catalog.errors import AnswerError, Exit
from tests import server as play
from tests.store.world import World

pytestmark = pytest.mark.promise("P1", "P6")

GONE = ("id", "missing_since", "removed_at")


def test_a_removal_needs_two_whole_walks_and_is_dated_to_the_first(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    first = world.sync()
    assert (first.run.status, first.run.missing, first.run.removed) == (Status.COMPLETE, 1, 0)
    assert (world.said, world.listed()) == ([], "ab")
    assert world.rows("models", *GONE) == [("a", None, None), ("b", 22, None)]
    second = world.sync(after=20)
    assert (second.run.missing, second.run.removed) == (0, 1)
    assert world.said == [("removed", "b")]
    assert world.rows("models", *GONE) == [("a", None, None), ("b", None, 22)]


def test_a_walk_that_comes_too_early_confirms_nothing(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    for _ in range(2):
        assert world.sync(after=6).run.missing == 1
    assert (world.said, world.listed()) == ([], "ab")
    assert world.sync(after=0).run.removed == 1  # fifteen minutes after the first, to the minute
    assert world.rows("models", *GONE)[1] == ("b", None, 22)


def test_the_report_says_until_when_a_missing_model_waits(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    (missing,) = world.sync().missing
    assert missing.confirmed_from is not None
    assert (missing.model_id, missing.held) == ("b", False)
    assert missing.confirmed_from - missing.missing_since == timedelta(minutes=15)


@pytest.mark.parametrize("whole", [True, False])
def test_a_walk_that_lists_it_in_between_begins_the_wait_anew(world: World, whole: bool) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    world.lists("a", "b")
    if whole:
        world.sync()
    else:
        world.unclean("a", "b")
    assert (world.said, world.rows("models", *GONE)[1]) == ([], ("b", None, None))
    world.lists("a")
    assert world.sync().run.removed == 0
    assert world.rows("models", *GONE)[1] == ("b", 44, None)
    assert world.sync(after=20).run.removed == 1
    assert world.rows("models", *GONE)[1] == ("b", None, 44)


def test_what_an_unclean_walk_lacks_is_held_against_nobody(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    report = world.unclean("a", "c")
    assert (report.run.status, report.run.missing, report.exit_code) == (Status.PARTIAL, 0, Exit.DONE)
    assert world.said == [("added", "c")]
    assert world.rows("models", *GONE) == [("a", None, None), ("b", None, None), ("c", None, None)]
    assert "usable id" in str(report.run.error)


def test_a_page_with_a_doubt_is_doubted_each_time_it_comes(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    for _ in range(2):
        report = world.unclean("a", "c", after=60)
        assert (report.run.status, report.run.missing) == (Status.PARTIAL, 0)


def test_an_unclean_walk_that_lacks_it_neither_confirms_nor_delays_a_removal(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    assert world.unclean("a", after=60).run.removed == 0
    assert world.rows("models", *GONE)[1] == ("b", 22, None)
    world.lists("a")
    assert world.sync().run.removed == 1
    assert world.rows("models", *GONE)[1] == ("b", None, 22)


def test_a_cut_walk_changes_nothing_but_its_own_record(world: World) -> None:
    world.page_size = 1
    world.lists("a", "b", "c")
    world.sync()
    before = [world.rows(view, "source") for view in ("models", "model_history", "changes")]
    world.lists("a", "x", "c", display_name="Other")
    world.server.script(play.honest, play.html())
    report = world.sync()
    assert (report.run.status, report.exit_code) == (Status.FAILED, Exit.LISTING)
    assert isinstance(report.failure, AnswerError)
    assert report.run.error == report.failure.message
    assert before == [world.rows(view, "source") for view in ("models", "model_history", "changes")]
    assert world.rows("models", "id", "display_name") == [("a", "A"), ("b", "B"), ("c", "C")]
    assert world.last_run("status", "added", "changed", "models_seen") == ("failed", 0, 0, 0)


def test_a_cut_walk_does_not_count_between_two_whole_ones(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    world.cut()
    assert world.sync().run.removed == 1
    assert world.rows("models", *GONE)[1] == ("b", None, 22)


@pytest.mark.parametrize("incomplete", [False, True])
def test_an_empty_first_list_is_an_error_and_no_baseline(world: World, incomplete: bool) -> None:
    if incomplete:
        world.incomplete("a")
    world.lists()
    report = world.sync()
    assert (report.run.status, report.exit_code) == (Status.FAILED, Exit.LISTING)
    assert "empty" in str(report.run.error)
    assert world.rows("sources", "source", "last_whole_at", "last_status") == [("one", None, "failed")]
    world.lists("a", "b")
    assert world.sync().baseline


def test_with_no_time_to_wait_the_second_walk_is_made_at_once(world: World) -> None:
    world.policy = Policy(confirm_after=timedelta(0))
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    assert [report.run.removed for report in world.every] == [0, 1]
    assert world.said == [("removed", "b")]
    assert world.rows("models", *GONE)[1] == ("b", None, 22)


def test_with_no_time_to_wait_a_second_walk_that_finds_it_believes_it(world: World) -> None:
    world.policy = Policy(confirm_after=timedelta(0))
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.server.script(play.then(lambda: world.lists("a", "b")))
    assert world.sync().run.missing == 0
    assert (world.said, world.listed()) == ([], "ab")


def test_a_model_that_comes_back_keeps_its_first_sight(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    world.sync(after=20)
    world.lists("a", "b")
    report = world.sync()
    assert (report.run.returned, report.run.added, report.run.changed) == (1, 0, 0)
    assert world.said == [("returned", "b")]
    seen = world.rows("models", "id", "first_seen_at", "last_seen_at", "removed_at")
    assert seen == [("a", 11, 54, None), ("b", 11, 54, None)]
    assert world.rows("model_history", "id", "valid_from", "valid_to", order="valid_from") in (
        [("a", 11, None), ("b", 11, 22), ("b", 54, None)],
        [("b", 11, 22), ("a", 11, None), ("b", 54, None)],
    )


def test_a_model_that_comes_back_changed_says_both(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    world.sync(after=20)
    world.lists("a", "b")
    world.server.models[1]["display_name"] = "Bee"
    report = world.sync()
    assert (report.run.returned, report.run.changed) == (1, 1)
    assert world.said == [("returned", "b"), ("changed", "b", "display_name", '"B"', '"Bee"')]


def test_a_model_can_leave_and_return_again_and_again(world: World) -> None:
    for _ in range(3):
        world.lists("a", "b")
        world.sync()
        world.lists("a")
        world.sync()
        world.sync(after=20)
    kinds = [kind for _, kind, id in world.rows("changes", "change_id", "kind", "model_id") if id == "b"]
    assert kinds == ["added", "removed", "returned", "removed", "returned", "removed"]
    uids = [uid for (uid,) in world.rows("changes", "uid")]
    assert len(uids) == len(set(uids)) == 7


def test_two_sources_with_the_same_ids_do_not_touch_each_other(world: World) -> None:
    world.lists("a", "b")
    world.sync(name="one")
    world.lists("b", "c", display_name="Other")
    world.sync(name="two")
    assert world.rows("sources", "source", "models_listed", "configured") == [("one", 2, False), ("two", 2, True)]
    expected = [("one", "a", "A"), ("one", "b", "B"), ("two", "b", "Other"), ("two", "c", "Other")]
    assert sorted(world.rows("models", "source", "id", "display_name")) == expected
    world.sync(name="two", after=60)
    assert world.said == []
    uids = [uid for (uid,) in world.rows("changes", "uid")]
    assert len(uids) == len(set(uids)) == 4
    world.lists("c")
    assert [world.sync(name="two", after=60).run.removed for _ in range(2)] == [0, 1]
    gone = [("one", "a", None), ("one", "b", None), ("two", "b", 144), ("two", "c", None)]
    assert sorted(world.rows("models", "source", "id", "removed_at")) == gone
