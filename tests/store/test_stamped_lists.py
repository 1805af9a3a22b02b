"""A gateway that stamps every entry with the time of the request: its list is quiet, and its dates are unknown."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from catalog.domain import Status
from tests import server as play
from tests.store.world import World

pytestmark = pytest.mark.promise("P5", "P7")

Stamp = Callable[[datetime], object]


def rfc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


STAMPS: dict[str, Stamp] = {
    "RFC 3339": rfc,
    "of the minute": lambda moment: rfc(moment.replace(second=0)),
    "with a blank": lambda moment: rfc(moment).replace("T", " "),
    "microseconds": lambda moment: moment.isoformat(),
    "seconds since 1970": lambda moment: int(moment.timestamp()),
    "milliseconds": lambda moment: int(moment.timestamp() * 1000),
    "of the last restart": lambda moment: rfc(moment.replace(hour=moment.hour - 1)),
}


@pytest.fixture
def stamped(world: World) -> World:
    """The client's clock is that of the story."""
    world.pace = replace(world.pace, clock=lambda: world.now)
    world.now = datetime(2026, 1, 1, 12, 0, 7, tzinfo=UTC)
    return world


def shows(world: World, stamp: Stamp, *ids: str, **fields: object) -> None:
    world.lists(*ids, **fields)
    step = play.honest

    def dated(visit: play.Visit) -> None:
        for model in world.server.models:
            model["created_at"] = stamp(world.now)
        step(visit)

    world.server.always = dated


@pytest.mark.parametrize("name", STAMPS)
@pytest.mark.parametrize("page_size", [1000, 2, 1])
def test_a_list_that_did_not_change_is_quiet(stamped: World, name: str, page_size: int) -> None:
    """Every run found every model changed, for ever."""
    stamped.page_size = page_size
    shows(stamped, STAMPS[name], "a", "b", "c", "d")
    report = stamped.sync()
    for _ in range(3):
        report = stamped.sync(after=61)
        assert (report.run.status, stamped.said) == (Status.COMPLETE, [])
    assert "`created_at` is the same on all entries" in str(report.run.error)
    assert stamped.rows("changes", "model_id", "kind") == [(id, "added") for id in "abcd"]
    if name != "of the last restart":  # which was taken for a date until it moved
        assert {row[1] for row in stamped.rows("models", "id", "created_at")} == {None}


def test_other_changes_are_found_beside_a_date_that_moves(stamped: World) -> None:
    shows(stamped, rfc, "a", "b")
    stamped.sync()
    shows(stamped, rfc, "a", "b", "new", line="opus")
    stamped.sync(after=61)
    assert [said[:3] for said in stamped.said] == [
        ("added", "new"),
        ("changed", "a", "line"),
        ("changed", "b", "line"),
    ]


def test_a_date_that_was_known_is_not_wiped(stamped: World) -> None:
    stamped.lists("a", "b")
    stamped.sync()
    before = stamped.rows("models", "id", "created_at")
    shows(stamped, rfc, "a", "b")
    for _ in range(2):
        stamped.sync(after=61)
        assert (stamped.said, stamped.rows("models", "id", "created_at")) == ([], before)


def test_a_day_of_release_is_no_stamp(stamped: World) -> None:
    """The newest models stand on the first page, and carry one date, which is now."""
    stamped.page_size = 2
    stamped.lists("new-1", "new-2", "old-1", "old-2")
    for model in stamped.server.models[:2]:
        model["created_at"] = rfc(stamped.now + timedelta(minutes=10))
    report = stamped.sync()
    assert (report.run.status, report.run.error, report.run.models_seen) == (Status.COMPLETE, None, 4)
    assert None not in {row[1] for row in stamped.rows("models", "id", "created_at")}


def test_a_date_that_is_corrected_on_all_is_believed_once_it_stays(stamped: World) -> None:
    """It was compared with what is recorded alone, and so it moved for ever."""
    stamped.lists("a", "b")
    stamped.sync()
    stamped.lists("a", "b", created_at="2025-06-01T00:00:00Z")
    stamped.sync(after=61)
    assert stamped.said == []
    stamped.sync(after=61)
    assert [said[1:3] for said in stamped.said] == [("a", "created_at"), ("b", "created_at")]
    stamped.sync(after=61)
    assert (stamped.said, stamped.every[0].run.error) == ([], None)


def test_a_date_that_is_corrected_to_that_of_its_neighbour_is_a_change(stamped: World) -> None:
    stamped.lists("a", "b")
    stamped.server.models[0]["created_at"] = "2025-01-01T00:00:00Z"
    stamped.sync()
    stamped.lists("a", "b")
    stamped.sync(after=61)
    assert [said[1:3] for said in stamped.said] == [("a", "created_at")]


def test_a_single_model_may_be_as_new_as_it_says(stamped: World) -> None:
    stamped.lists("a", created_at=rfc(stamped.now + timedelta(minutes=10)))
    assert stamped.sync().run.error is None
    assert stamped.rows("models", "id", "created_at")[0][1] is not None


def test_a_date_that_stays_becomes_known_and_that_is_no_news_of_the_model(stamped: World) -> None:
    moment = rfc(stamped.now + timedelta(minutes=10))
    stamped.lists("a", "b", created_at=moment)
    stamped.sync()
    assert [row[1] for row in stamped.rows("models", "id", "created_at")] == [None, None]
    stamped.sync(after=61)
    assert stamped.said == [("changed", id, "created_at", None, f'"{moment}"') for id in "ab"]
    assert stamped.sync(after=61).run.error is None
