"""`catalog sql`: one query of the user, or a recipe of the cookbook, which can write nothing."""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from math import isfinite
from typing import Any

import click
from click.shell_completion import CompletionItem

from catalog import clock, dates, recipes
from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.cli.terminal import output
from catalog.errors import ConfigError
from catalog.recipes import Placeholder, Recipe

_LISTED = ("name", "question", "parameters")


class RecipeName(click.ParamType[str]):
    """The name of a recipe, which a shell can complete."""

    name = "NAME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in recipes.NAMES:
            from catalog.config import kinds

            self.fail(f'there is no recipe "{value}"{kinds.nearest(value, recipes.NAMES)}', param, ctx)
        return value

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        return [
            CompletionItem(one.name, help=one.question) for one in recipes.every() if one.name.startswith(incomplete)
        ]


@click.command()
@click.argument("query", required=False)
@click.option("--recipe", type=RecipeName(), help="Answer this query of the cookbook.")
@click.option("--recipes", "lists", is_flag=True, help="List the recipes, and what each needs.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="The value of :NAME in the query.")
@list_options
@pass_context
def command(
    context: Context, *, query: str | None, recipe: str | None, lists: bool, params: tuple[str, ...], form: Form
) -> None:
    """Answer one SQL query, which can write nothing; `-` reads it from stdin. Or a recipe of the cookbook.

    A value of a parameter is a number, a text, or a moment: 2026-03-18T09:30:00Z, or an age such as 7d.
    """
    if sum([query is not None, recipe is not None, lists]) != 1:
        raise click.UsageError("give a query, --recipe NAME, or --recipes")
    if lists and params:
        raise click.UsageError("--recipes and --param contradict each other")
    values = dict(map(_pair, params))
    if lists:
        rows = ({"name": one.name, "question": one.question, "parameters": _needs(one)} for one in recipes.every())
        output.listing(rows, columns=_LISTED, form=form)
    elif recipe:
        _answer(context, recipes.recipe(recipe), values, form)
    else:
        _answer(context, _read_stdin() if query == "-" else str(query), values, form)


def _read_stdin() -> str:
    """Give what stands on standard input, which may be closed; bytes that are no UTF-8 are refused with the query."""
    return sys.stdin.buffer.read().decode("utf-8-sig", "surrogateescape") if sys.stdin else ""


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise click.UsageError(f'--param: "{text}" is no NAME=VALUE, such as model_id=claude-opus-4-5')
    return name, value


def _needs(recipe: Recipe) -> str | None:
    """Give the values that a recipe takes, as they are typed."""
    return " ".join(f"{one.name}={one.default or one.example}" for one in recipe.parameters) or None


def _answer(context: Context, asked: Recipe | str, given: Mapping[str, str], form: Form) -> None:
    from catalog import library
    from catalog.store.queries import sql_query

    now = clock.utc_now()
    with library.opened(context.config().database.url) as database:
        if isinstance(asked, Recipe):
            query = asked.queries["sqlite" if database.is_sqlite else "postgres"]
            values = _of_recipe(asked, given, now)
        else:
            query = asked
            values = {name: sql_query.typed(text, now, is_sqlite=database.is_sqlite) for name, text in given.items()}
        with sql_query.answer(database, query, values) as answer:
            spell = _for_people if form == "text" else _spelled
            rows = (dict(zip(answer.columns, map(spell, answer.columns, row), strict=True)) for row in answer.rows)
            first = next(rows, None)
            found = [] if first is None else chain([first], rows)
            output.listing(found, columns=answer.columns, form=form, kept=True)
            if first is None:
                context.say("the query found nothing", "read.note")


def _of_recipe(recipe: Recipe, given: Mapping[str, str], now: datetime) -> dict[str, object]:
    """Give a recipe's parameters, each of its own kind. Raises ConfigError for one that is missing or unknown."""
    wanted = {one.name: one for one in recipe.parameters}
    unknown = [name for name in given if name not in wanted]
    missing = [one for one in recipe.parameters if one.name not in given and one.default is None]
    if unknown:
        hint = f"it has {', '.join(wanted)}" if wanted else "it has none"
        raise ConfigError(f"the recipe {recipe.name} has no parameter {unknown[0]}", hint=hint)
    if missing:
        hint = " ".join(f"--param {one.name}={one.example}" for one in missing)
        raise ConfigError(f"the recipe {recipe.name} needs {' and '.join(one.name for one in missing)}", hint=hint)
    return {name: _read(one, given.get(name, one.default or ""), now) for name, one in wanted.items()}


def _read(placeholder: Placeholder, text: str, now: datetime) -> object:
    try:
        return dates.moment(text, now, edge="first").at if placeholder.kind == "moment" else text
    except ValueError as error:
        raise ConfigError(f"--param {placeholder.name}: {error}") from None


def _for_people(name: str, value: Any) -> object:
    """Give moments as such, which SQLite keeps as text: they are shown as in any list."""
    if isinstance(value, str):
        with suppress(ValueError):
            return dates.from_text(value)
    return value if isinstance(value, datetime) and value.tzinfo else _spelled(name, value)


def _spelled(name: str, value: Any) -> object:
    """Give a value that has a form in JSON and CSV for whatever a database answers with."""
    spelled: object = value
    match value:
        case str() if name == "attributes":
            spelled = _json(value)
        case datetime() if value.tzinfo:
            spelled = dates.to_text(value)
        case float() | Decimal() if isfinite(value):
            spelled = int(value) if value == int(value) else float(value)
        case list():
            spelled = [_spelled(name, one) for one in value]
        case bytes() | bytearray() | memoryview():
            spelled = f"\\x{bytes(value).hex()}"
        case date():
            spelled = value.isoformat()
        case None | bool() | int() | str() | timedelta() | dict():
            pass
        case _:
            spelled = str(value)
    return spelled


def _json(text: str) -> object:
    """Read JSON, which SQLite keeps as text; any other text stays one."""
    try:
        return json.loads(text)
    except ValueError:
        return text
