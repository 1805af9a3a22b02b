"""The recipes of the cookbook as its page shows them: with an example for each parameter, ready to be pasted."""

import re
import shlex

from catalog import recipes
from catalog.recipes import Dialect, Recipe
from docs.generate import parts

_DATABASES: dict[Dialect, str] = {"sqlite": "SQLite", "postgres": "Postgres"}


def renewed(text: str) -> str:
    """Give the page with its recipes written anew."""
    return parts.renewed(text, {"recipes": _sections})


def pasted(recipe: Recipe, dialect: Dialect) -> str:
    """Give a query with the examples of its parameters in it."""
    examples = {one.name: one.example for one in recipe.parameters}
    return re.sub(r"(?<![:\w]):([a-z_]+)", lambda found: f"'{examples[found[1]]}'", recipe.queries[dialect])


def shown(recipe: Recipe) -> str:
    """Give what the page says below a question."""
    dialects: tuple[Dialect, ...] = ("sqlite",) if recipe.is_portable else ("sqlite", "postgres")
    blocks = [_block(recipe, dialect) for dialect in dialects]
    return "\n\n".join(filter(None, [recipe.words, *blocks, f"`{_command(recipe)}`"]))


def _block(recipe: Recipe, dialect: Dialect) -> str:
    query = pasted(recipe, dialect)
    if recipe.is_portable:
        return f"```sql\n{query}\n```"
    return f"On {_DATABASES[dialect]}:\n\n```sql {dialect}\n{query}\n```"


def _command(recipe: Recipe) -> str:
    given = [f"--param {shlex.quote(f'{one.name}={one.example}')}" for one in recipe.parameters if not one.default]
    return " ".join([f"catalog sql --recipe {recipe.name}", *given])


def _sections() -> str:
    return "".join(f"## {title}\n\n{''.join(map(_section, names))}" for title, names in recipes.SECTIONS.items())


def _section(name: str) -> str:
    recipe = recipes.recipe(name)
    return f"### {recipe.question}\n\n{shown(recipe)}\n\n"
