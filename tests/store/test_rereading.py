"""A newer version of the reader reads more than the one before: what only it can read did not change at the API."""

from typing import Any

import pytest
import sqlalchemy as sa

from catalog.store.schema import tables
from catalog.upstream.reading import wire
from catalog.upstream.reading.fields import Fields
from tests import server as play
from tests.store.world import World

pytestmark = pytest.mark.promise("P5", "P7")


@pytest.fixture
def upgraded(monkeypatch: pytest.MonkeyPatch, world: World) -> World:
    """What was recorded up to the call of `upgrade` was read by an older version."""
    monkeypatch.setattr(wire, "_READ_BY", "")
    return world


def upgrade(monkeypatch: pytest.MonkeyPatch, version: int = wire.READER) -> None:
    monkeypatch.setattr(wire, "_READ_BY", f"{version}.")


def test_every_model_is_read_once_by_a_newer_version_and_that_is_no_change(
    upgraded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgraded.lists("a", "b")
    upgraded.sync()
    upgrade(monkeypatch)
    assert (upgraded.sync().run.changed, upgraded.said) == (0, [])
    with upgraded.database.read() as connection:
        digests = list(connection.scalars(sa.select(tables.model.c.digest)))
    assert all(digest.startswith(f"{wire.READER}.") for digest in digests)


@pytest.mark.parametrize("received", ["lots", [1], 2**70])
def test_what_was_dropped_and_is_kept_now_is_no_news(
    upgraded: World, monkeypatch: pytest.MonkeyPatch, received: Any
) -> None:
    """An older version kept nothing of a field that it could not read."""
    monkeypatch.setattr("catalog.upstream.reading.fields.Fields._closely", _dropping(Fields._closely))
    upgraded.lists("a", "b", max_tokens=received)
    upgraded.sync()
    monkeypatch.undo()
    upgrade(monkeypatch)
    upgraded.sync()
    assert {(change.field, change.old_value, change.baseline) for change in upgraded.told} == {
        ("max_tokens", None, True)
    }
    assert {change.not_before for change in upgraded.told} == {None}
    upgraded.lists("a", "b")
    upgraded.sync()
    assert [(change.field, change.baseline) for change in upgraded.told] == [("max_tokens", False)] * 2


def _dropping(read: Any) -> Any:
    def closely(self: Any, raw: bytes) -> Any:
        reading = read(self, raw)
        kept = {name: text for name, text in reading.attributes.items() if name not in reading.unreadable}
        return type(reading)(reading.columns, kept, reading.silent, reading.unreadable)

    return closely


def test_everything_else_of_that_run_is_news_as_ever(upgraded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    upgraded.lists("a", "b", "c")
    upgraded.server.models[0]["max_tokens"] = "64_000"
    upgraded.sync()
    upgrade(monkeypatch)
    upgraded.lists("b", "c", "new")
    upgraded.server.models.insert(0, play.model("a", lifecycle="deprecated", max_tokens=64_000))
    upgraded.server.models[1]["retires_at"] = "2027-01-01T00:00:00Z"
    upgraded.sync()
    found = [(change.model_id, change.kind.value, change.field, change.baseline) for change in upgraded.told]
    assert found == [
        ("new", "added", None, False),
        ("a", "changed", "lifecycle", False),
        ("a", "changed", "max_tokens", True),
        ("b", "changed", "retires_at", True),  # absent before: who can tell
    ]
    upgraded.server.models[2]["retires_at"] = "2027-01-01T00:00:00Z"
    upgraded.sync()
    assert [(change.model_id, change.field, change.baseline) for change in upgraded.told] == [
        ("c", "retires_at", False)
    ]


def test_a_list_that_is_spelled_anew_costs_one_slow_run(world: World) -> None:
    """It was compared as a whole by every later run."""
    world.lists("a", "b", "c")
    world.sync()
    world.server.models = [dict(reversed(model.items())) for model in world.server.models]
    world.sync()
    with world.database.read() as connection:
        pages = list(connection.scalars(sa.select(tables.page.c.digest)))
    with world.connect(world.source("one")) as client:
        answer = client.begin(limit=world.page_size).answer()
        assert pages == [client.reader.digest(answer.body)]


def test_pages_of_an_earlier_walk_stand_for_nothing(world: World) -> None:
    world.page_size = 2
    world.lists("a", "b", "c", "d")
    world.sync()
    world.lists("a", "b")
    world.sync()
    world.sync(after=20)
    assert world.listed() == "ab"
    world.lists("a", "b", "c", "d")
    world.sync()
    assert world.said == [("returned", "c"), ("returned", "d")]
