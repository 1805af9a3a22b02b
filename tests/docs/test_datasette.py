"""Datasette shows the views and nothing below them, and its queries answer as the recipes of the cookbook do."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import yaml

from catalog.store.schema import views
from docs.generate import cookbook, datasette
from tests.docs.test_cookbook import live
from tests.server import ModelsServer
from tests.store import world as worlds

FILE = Path(__file__).parents[2] / "deploy" / "datasette" / "metadata.yaml"
TOLD = yaml.safe_load(FILE.read_text("utf-8"))["databases"]["catalog"]
CLOSED = {"hidden": True, "allow": False}
MINE = [recipe for recipe in cookbook.recipes() if recipe.dialect in {"", "sqlite"}]


@pytest.fixture
def copy(migrated_file: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(migrated_file, tmp_path / "catalog.db"))


@pytest.fixture
def reader(server: ModelsServer, copy: Path) -> Iterator[sqlite3.Connection]:
    world = worlds.build(server, f"sqlite:///{copy}")
    live(world)
    world.database.close()
    with closing(sqlite3.connect(copy)) as connection:
        yield connection


def example(query: dict[str, Any]) -> dict[str, str]:
    """Read the values that the page offers to begin with."""
    found = re.findall(r'href="\?([^"]+)"', query.get("description_html", ""))
    return dict(parse_qsl(found[0].replace("&amp;", "&"))) if found else {}


def test_only_the_views_can_be_opened(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("ANALYZE")
        named = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        there = {name for (name,) in named}
    opened = {name for name in there if TOLD["tables"].get(name, {}).get("allow", True)}
    assert opened == set(views.surface.tables)
    assert [told for name, told in TOLD["tables"].items() if name not in opened and told != CLOSED] == []


@pytest.mark.parametrize("name", views.surface.tables)
def test_a_view_is_described_column_by_column(name: str) -> None:
    told, columns = TOLD["tables"][name], list(views.surface.tables[name].columns.keys())
    assert list(told["columns"]) == columns
    assert all([told["description"], *told["columns"].values()])
    assert {*told.get("facets", []), told.get("sort", told.get("sort_desc"))} <= set(columns)
    assert set(told.get("facets", [])) == {"kind", "lifecycle", "line", "status"} & set(columns)


def test_each_recipe_is_a_query_that_answers_as_the_recipe_does(reader: sqlite3.Connection) -> None:
    queries = list(TOLD["queries"].values())
    assert [one["title"] for one in queries] == [cookbook.alone(recipe.question) for recipe in MINE]
    for recipe, query in zip(MINE, queries, strict=True):
        assert list(example(query)) == query.get("params", [])
        wanted = list(reader.execute(recipe.query))
        assert list(reader.execute(query["sql"], example(query))) == wanted, recipe.question


def test_no_id_and_no_day_is_left_in_a_query() -> None:
    left = {
        name: re.findall(r"'(?:%?(?:claude|gpt)-[^']*|\d{4}-[\d-]+[^']*)'", one["sql"])
        for name, one in TOLD["queries"].items()
    }
    assert {name: found for name, found in left.items() if found} == {}


@pytest.mark.parametrize(
    ("query", "wanted", "values"),
    [
        ("WHERE id = 'a'", "WHERE id = :model_id", {"model_id": "a"}),
        ("WHERE c.model_id='a'", "WHERE c.model_id=:model_id", {"model_id": "a"}),
        ("WHERE x > '2026-01-01'", "WHERE x > :day", {"day": "2026-01-01"}),
        ("x > '2026-01-01T12:00:00.5Z'", "x > :day", {"day": "2026-01-01T12:00:00.5Z"}),
        (
            "x > '2026-01-01' AND x < '2026-02-01' AND y > '2026-01-01'",
            "x > :day AND x < :day_2 AND y > :day",
            {"day": "2026-01-01", "day_2": "2026-02-01"},
        ),
        ("id = 'a' OR id = 'b'", "id = :model_id OR id = :model_id_2", {"model_id": "a", "model_id_2": "b"}),
        ("id = '2026-01-01'", "id = :model_id", {"model_id": "2026-01-01"}),
        ("lower(id) LIKE '%a-b%'", "lower(id) LIKE '%' || :model_id || '%'", {"model_id": "a-b"}),
        ("id LIKE 'a%'", "id LIKE :model_id || '%'", {"model_id": "a"}),
        ("model_id LIKE '%/a'", "model_id LIKE '%' || :model_id", {"model_id": "/a"}),
        ("valid = 'x' AND kind = 'added'", "valid = 'x' AND kind = 'added'", {}),
        ("paid = 'x'", "paid = 'x'", {}),
        ("run_id = 7 AND f = 'retires_at'", "run_id = 7 AND f = 'retires_at'", {}),
        ("x > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", "x > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')", {}),
        ("SELECT '' AS id, '$.a.b', 'T12:00'", "SELECT '' AS id, '$.a.b', 'T12:00'", {}),
    ],
)
def test_ids_and_days_become_parameters(query: str, wanted: str, values: dict[str, str]) -> None:
    assert datasette.with_parameters(query) == (wanted, values)
