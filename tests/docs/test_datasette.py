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

from catalog import recipes
from catalog.store.schema import views
from docs.generate import cookbook
from tests.docs.test_cookbook import live
from tests.server import ModelsServer
from tests.store import world as worlds

FILE = Path(__file__).parents[2] / "deploy" / "datasette" / "metadata.yaml"
TOLD = yaml.safe_load(FILE.read_text("utf-8"))["databases"]["catalog"]
CLOSED = {"hidden": True, "allow": False}


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
    queries = TOLD["queries"]
    assert tuple(queries) == recipes.NAMES
    for recipe in recipes.every():
        query = queries[recipe.name]
        assert query["title"] == recipe.question
        assert list(example(query)) == query.get("params", [])
        wanted = list(reader.execute(cookbook.pasted(recipe, "sqlite")))
        assert list(reader.execute(query["sql"], example(query))) == wanted, recipe.name
