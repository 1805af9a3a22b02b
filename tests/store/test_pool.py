"""Several accounts behind one address: who was accepted stays so, and what they list they list together."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.domain import Policy, Status
from tests.store.copying import Safe, restore
from tests.store.world import World

pytestmark = pytest.mark.promise("P1", "P5", "P7")

DAY = 24 * 60


def asks(world: World, who: str | None, *ids: str, after: float = 20, **options: Any) -> Status:
    """Make a run that this account answers; the list shows these models."""
    world.server.organization = who
    world.lists(*ids)
    return world.sync(after=after, **options).run.status


@pytest.fixture
def pool(world: World) -> World:
    """Two accepted accounts; `one` lists a, b and c, `two` a, b and d."""
    asks(world, "one", "a", "b", "c")
    assert asks(world, "two", "a", "b", "d") is Status.HELD
    assert asks(world, "two", "a", "b", "d", accept_scope=True) is Status.COMPLETE
    return world


def test_each_accepted_account_stays_accepted(world: World) -> None:
    """Every second run was held, whichever of the two had been accepted last."""
    asks(world, "one", "a", "b")
    assert asks(world, "two", "a", "b") is Status.HELD
    assert asks(world, "two", "a", "b", accept_scope=True) is Status.COMPLETE
    for who in ("one", "two") * 3:
        assert asks(world, who, "a", "b") is Status.COMPLETE
        assert (world.told, world.every[0].baseline) == ([], False)
    assert asks(world, "three", "a", "b") is Status.HELD
    assert asks(world, "three", "a", "b", accept_scope=True) is Status.COMPLETE
    assert {asks(world, who, "a", "b") for who in ("one", "two", "three")} == {Status.COMPLETE}


def test_the_list_of_a_pool_is_what_its_accounts_list_together(pool: World) -> None:
    for who, ids in (("one", "abc"), ("two", "abd")) * 3:
        assert asks(pool, who, *ids, after=60) is Status.COMPLETE
        assert (pool.told, pool.every[0].missing) == ([], ())
    assert pool.listed() == "abcd"
    pool.check()


def test_a_model_is_absent_once_every_account_lacks_it(pool: World) -> None:
    asks(pool, "one", "a", "c")
    assert pool.every[0].run.missing == 0  # two lists b
    asks(pool, "two", "a", "d")
    assert pool.every[0].run.missing == 1
    since = pool.rows("models", "id", "missing_since")[1][1]
    asks(pool, "one", "a", "c")
    assert pool.said == [("removed", "b")]
    assert pool.rows("models", "id", "removed_at")[1] == ("b", since)
    pool.check()


def test_one_account_that_lists_it_again_ends_the_absence(pool: World) -> None:
    asks(pool, "one", "a", "c")
    asks(pool, "two", "a", "d")
    asks(pool, "one", "a", "b", "c")
    assert (pool.said, pool.every[0].missing) == ([], ())
    asks(pool, "two", "a", "d", after=60)
    assert pool.every[0].run.missing == 0
    assert pool.listed() == "abcd"


def test_what_an_account_never_had_it_does_not_wait_for(pool: World) -> None:
    """Models of one account alone go when that account lacks them twice as far as the other is concerned, too."""
    asks(pool, "one", "a", "b", "c")
    asks(pool, "two", "a", "b")  # d was two's alone
    assert pool.every[0].run.missing == 1
    asks(pool, "two", "a", "b")
    assert pool.said == [("removed", "d")]


def test_the_guard_counts_what_all_of_them_lack(pool: World) -> None:
    pool.policy = Policy(max_removed_percent=30, min_removed=2)
    assert asks(pool, "one", "a") is Status.COMPLETE  # b is listed by two, c alone is gone
    assert pool.every[0].run.missing == 1
    assert asks(pool, "two", "a") is Status.HELD  # now b, c and d are
    assert asks(pool, "two", "a", accept_removals=True) is Status.COMPLETE
    assert pool.listed() == "a"
    pool.check()


def test_a_walk_that_lacks_a_model_proves_no_state_of_it(pool: World) -> None:
    asks(pool, "one", "a", "b", "c")
    seen = pool.now
    asks(pool, "two", "a", "b", "d")
    asks(pool, "two", "a", "b", "d")
    ((_, last_seen),) = [row for row in pool.rows("models", "id", "last_seen_at") if row[0] == "c"]
    assert pool.rows("sync_runs", "finished_at")[-3] == (last_seen,)
    pool.server.organization = "one"
    pool.lists("a", "b", "c")
    pool.server.models[2]["line"] = "new"
    pool.sync(after=20)
    (change,) = pool.told
    assert change.not_before is not None
    assert change.not_before < seen <= change.observed_at
    pool.check()


def test_a_new_model_was_absent_since_every_account_lacked_it(pool: World) -> None:
    asks(pool, "one", "a", "b", "c")
    began = pool.now - timedelta(minutes=1)
    asks(pool, "two", "a", "b", "d")
    asks(pool, "two", "a", "b", "d", "new")
    assert [(change.model_id, change.not_before) for change in pool.told] == [("new", began)]


@pytest.mark.parametrize("lacking", [(), ("a",), ("a", "b", "c", "d")])
def test_an_answer_that_names_nobody_proves_no_absence(pool: World, lacking: tuple[str, ...]) -> None:
    left = [id for id in "abcd" if id not in lacking] or ["new"]
    for _ in range(3):
        assert asks(pool, None, *left) is Status.PARTIAL
        assert "name none of them" in str(pool.every[0].run.error)
    assert set(pool.listed()) >= set("abcd")
    assert pool.every[0].missing == ()


def test_with_one_account_an_answer_that_names_nobody_is_as_good_as_ever(world: World) -> None:
    asks(world, "one", "a", "b")
    assert asks(world, None, "a") is Status.COMPLETE
    assert asks(world, None, "a") is Status.COMPLETE
    assert world.said == [("removed", "b")]


def test_an_account_that_is_silent_for_thirty_days_is_forgotten_and_said(pool: World) -> None:
    for _ in range(29):
        assert asks(pool, "one", "a", "b", "c", after=DAY) is Status.COMPLETE
    assert pool.every[0].run.error is None
    asks(pool, "one", "a", "b", "c", after=DAY)
    assert "organization two: silent for 30 days" in str(pool.every[0].run.error)
    assert pool.every[0].run.missing == 1  # d was two's
    asks(pool, "one", "a", "b", "c")
    assert (pool.said, pool.every[0].run.error) == ([("removed", "d")], None)
    assert asks(pool, "two", "a", "b", "d") is Status.HELD


def test_no_account_is_forgotten_while_nothing_was_asked(pool: World) -> None:
    assert asks(pool, "one", "a", "b", "c", after=40 * DAY) is Status.COMPLETE
    assert asks(pool, "two", "a", "b", "d") is Status.COMPLETE
    assert pool.every[0].run.error is None


def test_another_configured_scope_begins_with_whoever_answers(pool: World) -> None:
    pool.betas = ("preview",)
    assert asks(pool, "three", "a", "b") is Status.COMPLETE
    assert asks(pool, "one", "a", "b") is Status.HELD


def test_an_identity_that_was_not_accepted_removes_nothing(pool: World) -> None:
    assert asks(pool, "three", "a", after=60) is Status.HELD
    assert asks(pool, "three", "a", after=60) is Status.HELD
    assert (pool.listed(), pool.every[0].missing) == ("abcd", ())
    assert asks(pool, "one", "a", "b", "c") is Status.COMPLETE
    pool.check()


def test_a_walk_that_may_not_have_shown_the_whole_list_forgets_no_account(pool: World) -> None:
    """The run said that an account was forgotten, which then answered and was accepted as ever."""
    for _ in range(29):
        asks(pool, "one", "a", "b", "c", after=DAY)
    pool.server.organization = "one"
    pool.incomplete("a", "b", "c", after=DAY)
    assert pool.every[0].run.status is Status.PARTIAL
    assert "silent" not in str(pool.every[0].run.error)
    assert asks(pool, "two", "a", "b", "d") is Status.COMPLETE


def test_a_pool_that_came_back_from_a_copy_has_one_baseline_also_where_answers_name_nobody(
    pool: World, safe: Safe
) -> None:
    """Each run was a baseline, so that nothing was news, until an answer named an account."""
    restore(pool, safe.copy(pool))
    asks(pool, None, "a", "b", "c")
    assert pool.every[0].baseline
    asks(pool, None, "a", "b", "c", "new")
    assert (pool.said, pool.every[0].baseline) == ([("added", "new")], False)
    assert asks(pool, "two", "a", "b", "d", "new") is Status.COMPLETE
    pool.check()


def test_what_an_account_of_another_scope_lacked_is_seen_as_any_other_model(pool: World) -> None:
    """The time it was seen last stood still for ever, and each of its changes told a longer interval."""
    asks(pool, "two", "a", "b", "d")  # lacks c
    pool.betas = ("preview",)
    for _ in range(3):
        asks(pool, "one", "a", "b", "c")
    seen = dict(pool.rows("models", "id", "last_seen_at"))
    assert seen["c"] == seen["a"]
    pool.check()
