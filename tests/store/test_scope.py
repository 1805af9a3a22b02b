"""Who asks, and how: a list seen with other eyes is no news."""

import json

import pytest

from catalog.domain import Status
from catalog.errors import Exit
from catalog.store.backup import after_restore
from catalog.store.queries import source_health
from tests import server as play
from tests.server import ORGANIZATION
from tests.store.world import NAMELESS, World

pytestmark = pytest.mark.promise("P1", "P7")

OTHER = "99999999-2222-4333-8444-555555555555"


def scope(world: World) -> dict[str, object]:
    ((_, text),) = world.rows("sources", "source", "scope")
    found: dict[str, object] = json.loads(text)
    return found


def test_the_first_whole_walk_is_a_baseline_and_no_news(world: World) -> None:
    world.lists("a", "b")
    assert world.sync().baseline
    assert [change.baseline for change in world.told] == [True, True]
    assert [change.not_before for change in world.told] == [None, None]
    world.lists("a", "b", "c")
    assert not world.sync().baseline
    assert [change.baseline for change in world.told] == [False]


def test_until_a_walk_showed_the_whole_list_everything_is_baseline(world: World) -> None:
    world.cut()
    assert (world.incomplete("a").baseline, world.every[0].makes_baseline) == (True, False)
    assert (world.incomplete("a", "b").baseline, world.every[0].makes_baseline) == (True, False)
    world.lists("a", "b", "c")
    assert (world.sync().baseline, world.every[0].makes_baseline) == (True, True)
    assert world.rows("changes", "model_id", "baseline") == [("a", True), ("b", True), ("c", True)]
    assert (world.sync().baseline, world.every[0].makes_baseline) == (False, False)


ENTRIES_IN_DOUBT = {
    "no usable id": [NAMELESS],
    "an id in dispute": [play.model("x", display_name="One"), play.model("x", display_name="Two")],
    "both": [NAMELESS, play.model("x", line="one"), play.model("x", line="two")],
}


@pytest.mark.parametrize("doubt", ENTRIES_IN_DOUBT)
def test_doubt_about_entries_costs_those_alone(world: World, doubt: str) -> None:
    """One bad entry kept a source in its baseline for ever, and nothing was news."""
    world.lists("a", "b")
    world.server.models += ENTRIES_IN_DOUBT[doubt]
    report = world.sync()
    assert (report.run.status, report.baseline, report.makes_baseline) == (Status.PARTIAL, True, True)
    world.lists("b", "c")
    world.server.models[0]["line"] = "opus"
    world.server.models += ENTRIES_IN_DOUBT[doubt]
    assert not world.sync().baseline
    news = [(change.kind.value, change.model_id) for change in world.told if not change.baseline]
    assert news == [("added", "c"), ("changed", "b")]


@pytest.mark.parametrize("doubt", ENTRIES_IN_DOUBT)
def test_doubt_about_entries_does_not_keep_a_new_scope_from_beginning(world: World, doubt: str) -> None:
    world.lists("a", "b")
    world.sync()
    world.betas = ("preview",)
    world.server.models += ENTRIES_IN_DOUBT[doubt]
    assert world.sync().makes_baseline
    assert scope(world)["betas"] == ["preview"]
    world.lists("a", "b", "c")
    assert not world.sync().baseline
    assert world.said[0] == ("added", "c")


@pytest.mark.parametrize("restored", [False, True])
def test_until_a_walk_can_be_the_baseline_of_a_new_scope_that_is_said(world: World, restored: bool) -> None:
    def awaits() -> bool:
        with world.database.read() as connection:
            (found,) = source_health.all_(connection)
        return found.awaits_baseline

    assert (world.incomplete("a", "b").awaits_baseline, awaits()) == (True, True)
    world.lists("a", "b")
    assert (world.sync().awaits_baseline, awaits()) == (False, False)
    if restored:
        with world.database.write() as connection:
            after_restore.repeat_nothing(connection, "the copy", after_restore.Known(), world.now)
    else:
        world.betas = ("preview",)
    assert (world.incomplete("a", "b").awaits_baseline, awaits()) == (True, True)
    world.lists("a", "b")
    assert (world.sync().awaits_baseline, awaits()) == (False, False)
    assert world.sync().awaits_baseline is False


def test_each_run_records_its_scope(world: World) -> None:
    world.betas = ("b", "a")
    world.lists("a")
    world.sync()
    url = world.server.url
    assert scope(world) == {
        "base_url": url,
        "betas": ["a", "b"],
        "lifecycle": [],
        "workspace": "",
        "organization": ORGANIZATION,
        "answered_workspace": None,
    }
    assert json.loads(world.last_run("scope")[0]) == scope(world)


def test_another_configured_scope_is_a_new_baseline(world: World) -> None:
    world.lists("a", "b", "c")
    world.sync()
    world.betas = ("preview",)
    world.lists("a", "b", "x")
    report = world.sync()
    assert (report.run.status, report.baseline, report.run.missing) == (Status.COMPLETE, True, 1)
    assert [(change.model_id, change.baseline, change.not_before) for change in world.told] == [("x", True, None)]
    assert world.sync(after=20).run.removed == 1
    assert [(change.model_id, change.baseline) for change in world.told] == [("c", True)]


def test_what_was_missing_starts_anew_in_another_scope(world: World) -> None:
    world.lists("a", "b", "c")
    world.sync()
    world.lists("a", "b")
    world.sync()
    world.betas = ("preview",)
    assert world.sync(after=60).run.removed == 0
    assert world.rows("models", "id", "missing_since")[2] == ("c", 83)
    assert world.sync(after=20).run.removed == 1
    assert world.rows("models", "id", "removed_at")[2] == ("c", 83)


def test_what_was_held_is_not_held_any_more_in_another_scope(world: World) -> None:
    world.lists("a")
    world.sync()
    world.lists()
    world.sync()
    world.betas = ("preview",)
    world.lists("b")
    assert world.sync().run.status is Status.HELD  # it is everything, in this scope too
    world.betas = ()
    world.lists("a", "b")
    assert world.sync().run.status is Status.COMPLETE


def test_a_walk_that_may_be_incomplete_does_not_make_a_scope_the_present_one(world: World) -> None:
    world.lists("a")
    world.sync()
    world.betas = ("preview",)
    assert world.incomplete("a", "x").baseline
    assert scope(world)["betas"] == []
    world.lists("a", "x", "y")
    assert world.sync().baseline
    assert scope(world)["betas"] == ["preview"]


def test_the_order_of_betas_is_no_other_scope(world: World) -> None:
    world.betas = ("a", "b")
    world.lists("a")
    world.sync()
    world.betas = ("b", "a")
    assert not world.sync().baseline


@pytest.mark.parametrize("swapped", ["organization", "workspace"])
def test_another_asker_is_held_until_somebody_says_that_it_is_meant(world: World, swapped: str) -> None:
    world.server.workspace = "wrkspc_1"
    world.lists("a", "b", "c")
    world.sync()
    setattr(world.server, swapped, OTHER)
    world.lists("a", "b", "x")
    for _ in range(2):
        report = world.sync(after=60)
        assert (report.run.status, report.exit_code, report.run.removed) == (Status.HELD, Exit.HELD, 0)
        assert "--accept-scope" in str(report.run.error)
    assert scope(world)["organization"] == ORGANIZATION
    assert world.rows("changes", "model_id", "baseline")[-1] == ("x", True)
    assert world.rows("sources", "source", "last_whole_at") == [("one", 11)]
    report = world.sync(accept_scope=True)
    assert (report.run.status, report.baseline, report.run.missing) == (Status.COMPLETE, True, 0)
    assert OTHER in json.dumps(scope(world))
    assert (world.sync(after=20).run.removed, world.listed()) == (0, "abcx")  # the first asker lists c


def test_the_first_asker_coming_back_resolves_it(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.server.organization = OTHER
    world.lists("a")
    world.sync()
    world.server.organization = ORGANIZATION
    world.lists("a", "b", "c")
    report = world.sync()
    assert (report.run.status, report.baseline, report.missing) == (Status.COMPLETE, False, ())
    assert world.said == [("added", "c")]
    assert world.told[0].not_before is not None


def test_what_only_another_asker_lacked_was_never_missing(world: World) -> None:
    world.lists("a", "b", "c")
    world.sync()
    world.lists("a", "b")
    world.sync()  # c is missing since 22
    world.server.organization = OTHER
    world.lists("a")
    assert world.sync().run.missing == 0
    world.server.organization = ORGANIZATION
    report = world.sync()
    assert (report.run.status, report.run.removed) == (Status.COMPLETE, 1)
    assert world.rows("models", "id", "missing_since", "removed_at")[1:] == [("b", 44, None), ("c", None, 22)]
    assert world.sync(after=20).run.removed == 1
    assert [(change.model_id, change.baseline) for change in world.told] == [("b", False)]
    assert world.rows("changes", "change_id", "not_before", "observed_at")[-1][1:] == (21, 44)


def test_what_was_held_before_another_asker_came_is_still_held_after(world: World) -> None:
    world.lists(*"abcdefghij")
    world.sync()
    world.lists(*"abcde")
    world.sync()
    world.server.organization = OTHER
    world.sync()
    world.server.organization = ORGANIZATION
    world.lists(*"abcdefgh")
    report = world.sync(after=60)
    assert (report.run.status, report.run.removed, report.run.missing) == (Status.HELD, 0, 2)
    assert world.sync(accept_removals=True).run.removed == 2


def test_another_asker_confirms_no_removal(world: World) -> None:
    world.lists("a", "b", "c", "d")
    world.sync()
    world.lists("a", "b", "c")
    world.sync()
    world.server.organization = OTHER
    report = world.sync(after=60)
    assert (report.run.status, report.run.removed, world.listed()) == (Status.HELD, 0, "abcd")


def test_another_asker_removes_nothing_whatever_else_is_accepted(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.server.organization = OTHER
    world.lists("a")
    world.sync()
    assert world.sync(after=60, accept_removals=True).run.removed == 0


def test_a_walk_that_may_be_incomplete_accepts_no_scope_and_says_so(world: World) -> None:
    """It was `partial` with exit code 0, as if the scope had been accepted, and the next run was held again."""
    world.lists("a", "b")
    world.sync()
    world.server.organization = OTHER
    report = world.incomplete("a", "x", accept_scope=True)
    assert (report.run.status, report.baseline, report.exit_code) == (Status.HELD, True, Exit.HELD)
    assert "--accept-scope" in str(report.run.error)
    assert scope(world)["organization"] == ORGANIZATION
    world.lists("a", "x")
    assert world.sync(accept_scope=True).run.status is Status.COMPLETE


@pytest.mark.parametrize("doubt", ENTRIES_IN_DOUBT)
def test_a_walk_in_doubt_about_entries_can_be_accepted(world: World, doubt: str) -> None:
    world.lists("a", "b")
    world.sync()
    world.server.organization = OTHER
    world.server.models += ENTRIES_IN_DOUBT[doubt]
    assert world.sync(accept_scope=True).run.status is Status.PARTIAL
    assert world.sync().run.status is not Status.HELD


@pytest.mark.parametrize("known_first", [True, False])
def test_an_absent_header_is_no_change(world: World, known_first: bool) -> None:
    world.lists("a")
    world.server.organization = ORGANIZATION if known_first else None
    world.sync()
    world.server.organization = None if known_first else ORGANIZATION
    report = world.sync()
    assert (report.run.status, report.baseline) == (Status.COMPLETE, False)
    assert scope(world)["organization"] == ORGANIZATION
    world.server.organization = OTHER
    assert world.sync().run.status is Status.HELD


def test_accepting_a_scope_that_did_not_change_is_a_plain_sync(world: World) -> None:
    world.lists("a")
    world.sync()
    world.lists("a", "b")
    assert not world.sync(accept_scope=True).baseline
    assert [change.baseline for change in world.told] == [False]
