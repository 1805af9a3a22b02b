"""Every query of the cookbook runs as it stands there, on both databases, and finds something."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from docs.generate import cookbook
from tests.server import Json, ModelsServer, model
from tests.store import world as worlds
from tests.store.world import World
from tests.subscribing import team

# One model as three providers spell it; that of groq was there at its baseline.
OSS = {
    "openrouter": "openai/gpt-oss-120b",
    "fireworks": "Accounts/Fireworks/GPT-OSS-120B",
    "groq": "openai/gpt-oss-120b",
}
HAIKU = "claude-3-haiku-20240307"


@dataclass(frozen=True)
class Reader:
    """A user's own program, with a connection that knows nothing of the catalog's code."""

    dialect: str
    connection: Any

    def answers(self) -> dict[str, list[tuple[Any, ...]]]:
        mine = [recipe for recipe in cookbook.recipes() if recipe.dialect in {"", self.dialect}]
        return {recipe.question: list(self.connection.execute(recipe.query)) for recipe in mine}


def old(id: str, **fields: Any) -> Json:
    """Make an item as lists had it before 2026: without abilities and limits."""
    kept = ("type", "id", "display_name", "created_at")
    return {name: value for name, value in (model(id) | fields).items() if name in kept}


def events(now: datetime) -> Iterator[tuple[datetime, list[Json]]]:
    """Tell what the list showed, and when: a little of everything that the cookbook asks for."""
    sonnet, opus, pro = model("claude-sonnet-4-5"), model("claude-opus-4-6"), model("claude-opus-4-7")
    haiku = old(HAIKU, display_name="Claude 3 Haiku")
    yield datetime(2025, 2, 1, tzinfo=UTC), [haiku, old("claude-2.1"), old("claude-2.0")]
    renamed = haiku | {"display_name": "Claude Haiku 3"}
    yield datetime(2025, 5, 22, tzinfo=UTC), [renamed, old("claude-2.1"), old("claude-sonnet-4-5")]
    yield datetime(2025, 7, 21, tzinfo=UTC), [renamed, old("claude-2.1"), old("claude-sonnet-4-5")]
    full = [model(HAIKU, display_name="Claude Haiku 3"), sonnet, model("claude-opus-4-5")]
    yield datetime(2026, 3, 18, tzinfo=UTC), full
    dated = [one | {"retires_at": "2026-04-20T00:00:00Z", "lifecycle": "deprecated"} for one in full]
    yield datetime(2026, 3, 20, tzinfo=UTC), dated
    moved = [one | {"retires_at": "2026-05-20T00:00:00Z"} for one in dated]
    yield datetime(2026, 4, 1, tzinfo=UTC), [*moved, old("claude-2.0")]
    yield now - timedelta(days=3), [*moved, opus]
    yield now - timedelta(days=2), [*moved, opus, pro]
    yield now - timedelta(days=1), [*moved, pro]


@pytest.fixture
def reader(server: ModelsServer, migrated_url: str) -> Iterator[Reader]:
    world = worlds.build(server, migrated_url)
    live(world)
    with closing(connected(world)) as connection:
        yield Reader("sqlite" if world.database.is_sqlite else "postgres", connection)
    world.database.close()


def live(world: World) -> None:
    for moment, items in events(datetime.now(UTC)):
        world.now = moment
        world.server.models = items
        world.sync(after=0, subscriptions=team("added", "removed"))
    world.sync(name="two", after=1)
    world.cut(after=1)
    several_providers(world, datetime.now(UTC))


def several_providers(world: World, now: datetime) -> None:
    """Let three providers list one model, each spelled in its way, of which one changes its price."""
    for name, id in OSS.items():
        world.server.models = [model(f"{name}-first"), *([model(id)] if name == "groq" else [])]
        world.now = now - timedelta(days=9)
        world.sync(name=name, after=0)
        for days, cost in ((3, "1"), (2, "1"), (1, "2")):
            world.now = now - timedelta(days=days)
            world.server.models = [model(f"{name}-first", seen=days), model(id, seen=days, **price(cost))]
            world.sync(name=name, after=0)


def price(cost: str) -> Json:
    """What OpenRouter tells of a model's price."""
    return {"pricing": {"prompt": f"0.000000{cost}", "completion": "0.000004"}}


def connected(world: World) -> Any:
    if world.database.is_sqlite:
        return sqlite3.connect(str(world.database.path))
    return psycopg.connect(
        sa.make_url(world.database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    )


def test_every_query_runs_as_it_stands_and_finds_what_it_should(reader: Reader) -> None:
    answers = reader.answers()
    assert [question for question, rows in answers.items() if not rows] == []
    texts = {name: {value for row in rows for value in row if isinstance(value, str)} for name, rows in answers.items()}
    assert texts["Which models are new this week?"] >= {"claude-opus-4-6", "claude-opus-4-7"}
    assert "claude-2.0" in texts["What is gone, and since when?"]
    assert "claude-2.0" in texts["Which models came back after they were gone?"]
    assert "claude-opus-4-6" in texts["What is missing, but not yet believed to be gone?"]
    assert texts["Which names has each model had?"] >= {HAIKU, "Claude 3 Haiku", "Claude Haiku 3"}
    assert texts["What came and went between two days?"] >= {"came", "went", "claude-2.0", "claude-2.1"}
    added = {
        row[0]: (row[1], *sorted(row[2].split(",")))
        for row in answers["Which models did several providers add this week?"]
    }
    assert added == {"gpt-oss-120b": (2, "fireworks", "openrouter")}
    listed = {(row[0], row[1]) for row in answers["Who lists gpt-oss-120b?"]}
    assert listed == set(OSS.items())
    prices = [row[1:] for row in answers["What was its price at OpenRouter, and since when?"]]
    assert prices == [("0.0000001", "0.000004"), ("0.0000002", "0.000004")]
    assert HAIKU in texts["Which retirement dates have passed while the model is still listed?"]


def test_each_question_has_one_query_for_both_databases_or_one_for_each() -> None:
    asked: dict[str, list[str]] = {}
    for recipe in cookbook.recipes():
        asked.setdefault(recipe.question, []).append(recipe.dialect)
    assert len(asked) >= 15
    assert all(sorted(dialects) in ([""], ["postgres", "sqlite"]) for dialects in asked.values()), asked
