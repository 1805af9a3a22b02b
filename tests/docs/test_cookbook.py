"""Every query of the cookbook runs as it stands there, on both databases, and finds something."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from catalog import recipes
from catalog.store.engine.database import Database
from catalog.store.queries import sql_query
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
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "cookbook.md").read_text("utf-8")
_QUERY = re.compile(r"^```sql *(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Reader:
    """A user's own program, with a connection that knows nothing of the catalog's code."""

    dialect: str
    connection: Any

    def answers(self) -> dict[str, list[tuple[Any, ...]]]:
        return {name: list(self.connection.execute(query)) for name, query in self.queries().items()}

    def queries(self) -> dict[str, str]:
        """Read from the page what may be pasted here."""
        found = _QUERY.findall(PAGE)
        names = re.findall(r"^`catalog sql --recipe (\S+?)[` ]", PAGE, re.MULTILINE)
        mine = [query for dialect, query in found if dialect in {"", self.dialect}]
        return dict(zip(names, mine, strict=True))


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
def world(server: ModelsServer, migrated_url: str) -> Iterator[World]:
    world = worlds.build(server, migrated_url)
    live(world)
    yield world
    world.database.close()


@pytest.fixture
def reader(world: World) -> Iterator[Reader]:
    with closing(connected(world)) as connection:
        yield Reader("sqlite" if world.database.is_sqlite else "postgres", connection)


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
    assert tuple(answers) == recipes.NAMES
    assert [name for name, rows in answers.items() if not rows] == []
    texts = {name: {value for row in rows for value in row if isinstance(value, str)} for name, rows in answers.items()}
    assert texts["new"] >= {"claude-opus-4-6", "claude-opus-4-7"}
    assert "claude-2.0" in texts["gone"]
    assert "claude-2.0" in texts["returned"]
    assert "claude-opus-4-6" in texts["missing"]
    assert texts["names"] >= {HAIKU, "Claude 3 Haiku", "Claude Haiku 3"}
    assert texts["came-and-went"] >= {"came", "went", "claude-2.0", "claude-2.1"}
    added = {row[0]: (row[1], *sorted(row[2].split(","))) for row in answers["new-at-several"]}
    assert added == {"gpt-oss-120b": (2, "fireworks", "openrouter")}
    assert {(row[0], row[1]) for row in answers["who-lists"]} == set(OSS.items())
    assert [row[1:] for row in answers["openrouter-price"]] == [("0.0000001", "0.000004"), ("0.0000002", "0.000004")]
    assert HAIKU in texts["overdue"]


def test_what_a_list_held_and_what_came_and_went_add_up(reader: Reader) -> None:
    count = "SELECT source, count(*) FROM changes WHERE kind = 'added' AND baseline GROUP BY source"
    listed = dict(reader.connection.execute(count).fetchall())
    for source, _, added, removed, returned, _ in reader.answers()["by-month"]:
        listed[source] = listed.get(source, 0) + added - removed + returned
    now = "SELECT source, count(*) FROM models WHERE removed_at IS NULL GROUP BY source"
    assert listed == dict(reader.connection.execute(now).fetchall())


def test_rows_of_a_model_say_which_source_they_are_of() -> None:
    of_one = {"new-at-several", "same-id", "openrouter-price"}  # of several sources together, and of one that is named
    silent = [one.name for one in recipes.every() if not re.search(r"\bsource\b", one.queries["sqlite"])]
    assert set(silent) - of_one == set()


@pytest.mark.parametrize("recipe", recipes.every(), ids=lambda one: one.name)
def test_a_recipe_names_each_of_its_parameters_and_no_other(recipe: recipes.Recipe) -> None:
    for query in recipe.queries.values():
        assert set(re.findall(r"(?<![:\w]):([a-z_]+)", query)) == {one.name for one in recipe.parameters}
        assert query.endswith(";")
        assert not re.search(r"'(?:%?(?:claude|gpt)-[^']*|\d{4}-[\d-]+[^']*)'", query), "an example is a parameter"


def test_every_file_is_a_recipe_of_one_section() -> None:
    files = {path.stem for path in (ROOT / "catalog" / "recipes").glob("*.sql")}
    assert sorted(files) == sorted(recipes.NAMES)
    assert len({one.question for one in recipes.every()}) == len(recipes.NAMES)
    with pytest.raises(KeyError):
        recipes.recipe("../schema")


def test_a_recipe_takes_moments_as_values(world: World) -> None:
    database, now = world.database, datetime.now(UTC)
    since = asked(database, "new", since=now - timedelta(days=7))
    assert {row[2] for row in since} >= {"claude-opus-4-6", "claude-opus-4-7"}
    assert asked(database, "new", since=now) == []


def asked(database: Database, name: str, **values: object) -> list[tuple[Any, ...]]:
    dialect: recipes.Dialect = "sqlite" if database.is_sqlite else "postgres"
    with sql_query.answer(database, recipes.recipe(name).queries[dialect], values) as answer:
        return list(answer.rows)
