"""What Datasette shows of a copy of the catalog: the views described, and each recipe of the cookbook as a query."""

import html
import re
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
import yaml

from catalog import recipes
from catalog.recipes import Recipe
from catalog.store.schema import identity_tables as _identity_tables  # noqa: F401 - its tables join those of schema
from catalog.store.schema import outbox_tables as _outbox_tables  # noqa: F401 - its tables join those of schema
from catalog.store.schema import tables, views

_OPENING = """\
# What Datasette shows of a copy of the catalog; ../README.md says how to serve one. Made by ./dev docs from the
# comments of the schema and the recipes of the cookbook. A database is called as its file is: make the copy catalog.db.
"""
_DATABASE = "catalog"

# What a reader wants to see first.
_ORDER = {
    "sources": {"sort": "source"},
    "models": {"sort_desc": "first_seen_at"},
    "model_history": {"sort_desc": "valid_from"},
    "changes": {"sort_desc": "change_id"},
    "sync_runs": {"sort_desc": "run_id"},
    "deliveries": {"sort_desc": "delivery_id"},
}
_FACETS = ("kind", "lifecycle", "line", "status")

# Not listed, and not to be opened: of tables that are only hidden the first is still proposed as a query.
_CLOSED = {"hidden": True, "allow": False}

_OF_SQLITE = ("sqlite_stat1", "sqlite_stat4")  # what ANALYZE leaves


def page() -> str:
    """Write the file."""
    shown: dict[str, Any] = {str(name): _view(view) for name, view in views.surface.tables.items()}
    inner = [*tables.metadata.tables, *views.internal.tables, tables.VERSION_TABLE, *_OF_SQLITE]
    closed = dict.fromkeys(sorted(map(str, inner)), _CLOSED)
    told = {
        "title": "Model catalog",
        "description": "Which models each list names, what they were, and when that changed. All times are UTC.",
        "databases": {_DATABASE: {"tables": shown | closed, "queries": _queries()}},
    }
    return _OPENING + yaml.dump(told, Dumper=_Dumper, sort_keys=False, width=120)


def _view(view: sa.Table) -> dict[str, Any]:
    columns = {str(column.name): column.comment for column in view.columns}
    facets = [name for name in _FACETS if name in columns]
    return _told(description=view.comment, **_ORDER[view.name], facets=facets, columns=columns)


def _queries() -> dict[str, Any]:
    """Give the queries by the name they have in addresses."""
    return {recipe.name: _query(recipe) for recipe in recipes.every()}


def _query(recipe: Recipe) -> dict[str, Any]:
    words = re.sub(":$", ".", " ".join(recipe.words.replace("`", "").split()))
    example = {one.name: one.example for one in recipe.parameters}
    told = {"description_html": f"{html.escape(words)} {_link(example)}".strip()} if example else {"description": words}
    return _told(title=recipe.question, **told, params=list(example), sql=recipe.queries["sqlite"])


def _told(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value}


def _link(example: dict[str, str]) -> str:
    """Offer values to begin with: a query without any finds nothing."""
    told = ", ".join(f"{name} = {value}" for name, value in example.items())
    return f'<a href="?{html.escape(urlencode(example))}">For example: {html.escape(told)}</a>'


class _Dumper(yaml.SafeDumper):
    """Writes queries as they stand in the cookbook, and nothing by reference."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the question is PyYAML's
        """Write a value as often as it is used."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
