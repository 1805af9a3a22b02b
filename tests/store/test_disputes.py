"""An id that is listed twice with different content: it is present, and known is only what both entries say."""

from typing import Any

import pytest

from catalog.domain import Policy, Status
from tests import server as play
from tests.store.world import NAMELESS, World

pytestmark = pytest.mark.promise("P1", "P2", "P7")


def twice(id: str, one: dict[str, Any] | None = None, other: dict[str, Any] | None = None) -> list[play.Json]:
    return [play.model(id, **(one or {"line": "one"})), play.model(id, **(other or {"line": "two"}))]


def shows(world: World, *ids: str, disputed: str = "", **options: Any) -> Status:
    world.lists(*ids)
    for id in disputed:
        world.server.models += twice(id)
    return world.sync(**options).run.status


def test_a_walk_with_a_new_dispute_is_unclean_and_with_the_same_ones_it_can_be_whole(world: World) -> None:
    assert shows(world, "a", "b", disputed="x") is Status.PARTIAL
    assert shows(world, "a", "b", disputed="x") is Status.COMPLETE
    assert shows(world, "a", "b", disputed="xy") is Status.PARTIAL
    assert shows(world, "a", "b", disputed="xy") is Status.COMPLETE
    assert shows(world, "a", "b", "y", disputed="x") is Status.COMPLETE
    assert shows(world, "a", "b", disputed="xy") is Status.PARTIAL  # y was settled in between
    world.check()


def test_only_the_last_merged_walk_counts(world: World) -> None:
    shows(world, "a", disputed="x")
    world.cut()
    assert shows(world, "a", disputed="x") is Status.COMPLETE
    assert world.unclean("a", "x").run.status is Status.PARTIAL
    assert shows(world, "a", disputed="x") is Status.PARTIAL


def test_what_a_whole_walk_with_known_disputes_lacks_is_gone(world: World) -> None:
    world.policy = Policy(min_removed=9)
    shows(world, "a", "b", "c", disputed="x")
    shows(world, "a", "b", disputed="x")
    assert [missing.model_id for missing in world.every[0].missing] == ["c"]
    shows(world, "a", "b", disputed="x", after=20)
    assert world.said == [("removed", "c")]


def test_a_dispute_may_be_another_model_under_a_wrong_id(world: World) -> None:
    """Where c stands under the id of b, the walk that shows it first says nothing of what it lacks."""
    shows(world, "a", "b", "c")
    assert shows(world, "a", disputed="b", after=20) is Status.PARTIAL
    assert (world.every[0].missing, world.listed()) == ((), "abc")


def test_an_id_in_dispute_is_present_and_keeps_its_state(world: World) -> None:
    shows(world, "a", "x")
    before = world.rows("model_history", "id", "valid_from", "valid_to", "line")
    for _ in range(3):
        shows(world, "a", disputed="x", after=20)
    assert (world.said, world.listed()) == ([], "ax")
    assert world.rows("model_history", "id", "valid_from", "valid_to", "line") == before
    world.lists("a", "x", line="one")
    world.sync()
    assert ("changed", "x", "line", None, '"one"') in world.said
    assert not any(change.baseline for change in world.told)


AGREED = [
    ({"line": "one"}, {"line": "two"}, {"line": None}),
    ({"max_tokens": 1}, {"max_tokens": 2}, {"max_tokens": None}),
    ({"max_tokens": 1, "line": "opus"}, {"max_tokens": 2, "line": "opus"}, {"max_tokens": None, "line": "opus"}),
    ({"display_name": "A"}, {"display_name": 5}, {"display_name": None}),
    ({"retires_at": "2027-01-01T00:00:00Z"}, {}, {"retires_at": None}),
]


@pytest.mark.parametrize(("one", "other", "columns"), AGREED)
def test_a_new_id_in_dispute_has_what_its_entries_agree_on(
    world: World, one: dict[str, Any], other: dict[str, Any], columns: dict[str, Any]
) -> None:
    world.lists("a")
    world.sync()
    world.server.models += twice("x", one | {"extra": 1, "same": [1]}, other | {"extra": 2, "same": [1]})
    world.sync()
    assert world.said == [("added", "x")]
    assert not world.told[0].baseline
    (row,) = [row for row in world.rows("models", "id", "attributes", *columns) if row[0] == "x"]
    assert dict(zip(columns, row[2:], strict=True)) == columns
    assert (row[1].get("extra"), row[1]["same"]) == (None, [1])


def test_what_is_learned_when_a_dispute_ends_is_no_news(world: World) -> None:
    shows(world, "a")
    world.server.models += twice("x", {"line": "one", "max_tokens": 5}, {"line": "two", "max_tokens": 5})
    world.sync()
    for _ in range(2):
        world.sync(after=20)
        assert world.said == []
    world.server.models[1:] = [play.model("x", line="one", max_tokens=6)]
    world.sync()
    learned = [(change.field, change.new_value, change.baseline, change.not_before is None) for change in world.told]
    assert learned == [("line", '"one"', True, True), ("max_tokens", "6", False, False)]
    world.server.models[1]["line"] = "two"
    world.sync()
    assert [(change.field, change.baseline) for change in world.told] == [("line", False)]


def test_a_dispute_ends_with_either_of_its_entries(world: World) -> None:
    """Its first entry, alone again, is the bytes that were seen in the dispute."""
    shows(world, "a")
    entries = twice("x")
    world.server.models += entries
    world.sync()
    world.server.models[1:] = entries[:1]
    world.sync()
    assert [(change.field, change.baseline) for change in world.told] == [("line", True)]
    world.sync()
    assert world.said == []


def test_what_is_new_after_a_dispute_that_taught_nothing_is_news(world: World) -> None:
    """The entry that stayed says no more than both had said; a field that came later passed for learned."""
    shows(world, "a")
    world.server.models += [play.model("x"), play.model("x") | {"extra": 1}]
    world.sync()
    world.lists("a", "x")
    world.sync()
    assert world.said == []
    world.server.models[1]["new"] = 5
    world.sync()
    assert [(change.field, change.baseline) for change in world.told] == [("new", False)]


def test_three_entries_of_one_id_are_one_dispute(world: World) -> None:
    world.lists("a")
    world.server.models += [play.model("x", line=line, max_tokens=5) for line in ("one", "two", "three")]
    assert world.sync().run.models_seen == 2
    assert world.sync(after=20).run.status is Status.COMPLETE


def test_disputes_of_one_source_are_none_of_anothers(world: World) -> None:
    shows(world, "a", disputed="x", name="one")
    assert shows(world, "a", disputed="x", name="two") is Status.PARTIAL
    assert shows(world, "a", disputed="x", name="one") is Status.COMPLETE


def test_an_entry_without_an_id_is_not_excused_by_known_disputes(world: World) -> None:
    shows(world, "a", disputed="x")
    world.server.models.append(NAMELESS)
    assert world.sync().run.status is Status.PARTIAL
