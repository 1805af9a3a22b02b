"""What the reads answer: now, then, one model's story, the log, and what differs between two moments."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from catalog.domain import Kind, Status
from catalog.store.queries import differences, history
from catalog.store.queries.history import Which
from tests.server import model
from tests.store.world import MINUTE, START, World, minutes

pytestmark = pytest.mark.promise("P6")


def at(minute: float) -> datetime:
    return START + minute * MINUTE


def ids(found: Iterable[Any]) -> str:
    return "".join(one.id for one in found)


def told(found: Iterable[Any]) -> list[tuple[str, ...]]:
    return [(one.kind.value, one.model_id, *([one.field] if one.field else [])) for one in found]


@pytest.fixture
def lived(world: World) -> World:
    """Here a stays; c comes in walk 2; b is renamed in walk 2, gone in walk 3, and back, renamed again, in walk 5."""
    world.lists("a", "b")
    world.sync()
    world.server.models = [model("a"), model("b", display_name="Bee"), model("c")]
    world.sync()
    world.lists("a", "c")
    world.sync()
    world.sync(after=20)  # the absence is believed
    world.server.models = [model("a"), model("b", display_name="Bea", capabilities={"x": 1}), model("c")]
    world.sync(after=11)
    return world


def test_a_list_shows_what_is_listed_what_is_gone_or_all(lived: World) -> None:
    lived.lists("a", "b")
    lived.sync()
    lived.sync(after=20)
    lived.lists("b")
    lived.sync()
    with lived.database.read() as connection:
        shown = {which: ids(history.models(connection, which=which)) for which in Which}
    assert shown == {Which.LISTED: "ab", Which.MISSING: "a", Which.REMOVED: "c", Which.ALL: "abc"}


def test_as_of_shows_what_was_listed_at_that_moment(lived: World) -> None:
    first, second, third, fifth = map(lived.end_of, (1, 2, 3, 5))
    before = 0.1
    expected = {
        first - before: "",
        first: "ab",
        second - before: "ab",
        second: "abc",
        third - before: "abc",
        third: "ac",
        fifth - before: "ac",
        fifth: "abc",
        1e6: "abc",
    }
    with lived.database.read() as connection:
        assert {minute: ids(history.as_of(connection, at(minute))) for minute in expected} == expected


def test_as_of_shows_the_fields_of_that_moment(lived: World) -> None:
    names = []
    with lived.database.read() as connection:
        for minute in map(lived.end_of, (1, 2, 5)):
            (state,) = history.as_of(connection, at(minute), match="b")
            names.append((state.display_name, minutes(state.valid_from), minutes(state.valid_to)))
            assert state.attributes["created_at"] == "2026-02-19T00:00:00Z"
    first, second, third, fifth = map(lived.end_of, (1, 2, 3, 5))
    assert names == [("B", first, second), ("Bee", second, third), ("Bea", fifth, None)]


def test_a_story_is_whole_and_oldest_first(lived: World) -> None:
    with lived.database.read() as connection:
        (story,) = history.stories(connection, "b")
    first = [(one.kind.value, minutes(one.not_before), minutes(one.observed_at)) for one in story.changes[:3]]
    start, end = lived.start_of, lived.end_of
    assert first == [("added", None, end(1)), ("changed", start(1), end(2)), ("removed", start(2), end(3))]
    assert {change.kind for change in story.changes[3:]} == {Kind.RETURNED, Kind.CHANGED}
    assert [state.display_name for state in story.states] == ["B", "Bee", "Bea"]
    assert (story.model.display_name, story.model.first_seen_at) == ("Bea", at(11))


def test_an_id_has_a_story_at_each_source_that_listed_it(lived: World) -> None:
    lived.lists("a")
    lived.sync(name="two")
    with lived.database.read() as connection:
        assert [story.model.source for story in history.stories(connection, "a")] == ["one", "two"]
        assert [story.model.source for story in history.stories(connection, "a", source="two")] == ["two"]
        assert history.stories(connection, "b", source="two") == []


def test_an_unknown_id_has_no_story(lived: World) -> None:
    with lived.database.read() as connection:
        for id in ["", "A", "aa", "a\x00", "\ud800", "x' OR '1'='1", "%", "*"]:
            assert history.stories(connection, id) == [], id


def test_the_neighbours_of_an_id_come_from_every_source(lived: World) -> None:
    lived.lists("a", "z")
    lived.sync(name="two")
    with lived.database.read() as connection:
        assert history.neighbours(connection, "bb") == ["a", "b", "c", "z"]
        assert history.neighbours(connection, "bb", source="two") == ["a", "z"]
        assert history.neighbours(connection, "\ud800") == []


def test_the_log_is_newest_first(lived: World) -> None:
    with lived.database.read() as connection:
        log = list(history.changes(connection))
        assert [change.change_id for change in log] == sorted((change.change_id for change in log), reverse=True)
        assert set(told(log)[-2:]) == {("added", "a"), ("added", "b")}
        assert set(told(log)[-4:-2]) == {("added", "c"), ("changed", "b", "display_name")}
        assert list(history.changes(connection, limit=2)) == log[:2]


LOG: list[tuple[dict[str, Any], set[str]]] = [
    ({"since": at(23)}, {"removed", "returned", "changed"}),
    ({"since": at(54), "until": at(60)}, {"removed"}),
    ({"until": at(12)}, {"added"}),
    ({"since": at(1000)}, set()),
    ({"kind": Kind.REMOVED}, {"removed"}),
    ({"kind": Kind.RETURNED, "match": "b"}, {"returned"}),
    ({"kind": Kind.ADDED, "match": "[bc]"}, {"added"}),
    ({"match": "b", "until": at(54)}, {"added", "changed"}),
    ({"match": "nobody"}, set()),
    ({"match": "[z-a]*"}, set()),
    ({"source": "two"}, set()),
]


def test_the_log_is_filtered_by_when_it_was_recorded_kind_id_and_source(lived: World) -> None:
    with lived.database.read() as connection:
        for asked, expected in LOG:
            assert {change.kind.value for change in history.changes(connection, **asked)} == expected, asked


def test_a_removal_confirmed_late_is_recorded_late(lived: World) -> None:
    with lived.database.read() as connection:
        (removal,) = history.changes(connection, kind=Kind.REMOVED)
    assert (minutes(removal.observed_at), minutes(removal.recorded_at)) == (33, 54)


def test_many_matching_ids_and_few_give_the_same_log(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with lived.database.read() as connection:
        few = list(history.changes(connection, match="[ab]", limit=4))
        monkeypatch.setattr(history, "_FEW", 0)
        assert list(history.changes(connection, match="[ab]", limit=4)) == few


DIFFERENCES: list[tuple[float, float, list[tuple[str, ...]]]] = [
    (0, 5, []),
    (5, 11, [("added", "a"), ("added", "b")]),
    (11, 21, []),
    (11, 22, [("changed", "b", "display_name"), ("added", "c")]),
    (22, 40, [("removed", "b")]),
    (40, 66, [("added", "b")]),
    (11, 40, [("removed", "b"), ("added", "c")]),
    (33, 54, []),
]


@pytest.mark.parametrize("few", [0, 2, 1000])
def test_a_diff_compares_two_moments_and_not_the_way_between(
    lived: World, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(differences, "_FEW", few)
    with lived.database.read() as connection:
        for earlier, later, expected in DIFFERENCES:
            assert told(differences.between(connection, at(earlier), at(later))) == expected, (earlier, later)


def test_a_diff_names_each_field_with_both_values_even_after_an_absence(lived: World) -> None:
    with lived.database.read() as connection:
        found = {one.field: (one.old_value, one.new_value) for one in differences.between(connection, at(22), at(66))}
    assert found["display_name"] == ('"Bee"', '"Bea"')
    assert found["capabilities.x"] == (None, "1")
    assert found["capabilities.batch.supported"] == ("true", None)


def test_what_came_back_as_it_was_differs_in_nothing(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a")
    world.sync()
    world.sync(after=20)
    world.lists("a", "b")
    world.sync()
    with world.database.read() as connection:
        assert list(differences.between(connection, at(11), world.now)) == []


def test_runs_come_newest_first_with_what_came_of_them(lived: World) -> None:
    lived.cut()
    with lived.database.read() as connection:
        runs = list(history.runs(connection, limit=3))
    assert [(run.status, run.returned, run.removed) for run in runs] == [
        (Status.FAILED, 0, 0),
        (Status.COMPLETE, 1, 0),
        (Status.COMPLETE, 0, 1),
    ]
    assert runs[0].error


def test_sources_tell_when_they_were_last_read_whole(lived: World) -> None:
    lived.cut()
    with lived.database.read() as connection:
        (source,) = history.sources(connection)
        assert history.begins(connection) == {"one": at(10)}
    assert (minutes(source.last_whole_at), source.last_status, source.models_listed) == (66, Status.FAILED, 3)


def test_an_empty_catalog_answers_with_nothing(world: World) -> None:
    with world.database.read() as connection:
        assert history.sources(connection) == []
        assert history.begins(connection) == {}
        for found in (history.models(connection), history.changes(connection), history.runs(connection)):
            assert list(found) == []
        assert list(differences.between(connection, at(0), at(1))) == []
        assert history.neighbours(connection, "a") == []


def test_the_fields_of_a_model_are_said_for_people(lived: World) -> None:
    with lived.database.read() as connection:
        (story,) = history.stories(connection, "b")
    said = dict(history.fields(story.model))
    assert said["created_at"] == "2026-02-19T00:00:00Z"
    assert said["retires_at"] is None
    assert said["capabilities.x"] == "1"
