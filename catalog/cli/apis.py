"""`catalog apis`: the models lists that are known by name, and whether their keys are set."""

import os
from collections.abc import Mapping

import click

from catalog.cli.context import Context, Form, list_options, pass_context
from catalog.cli.terminal import output
from catalog.config import apis
from catalog.config.apis import Row

COLUMNS = ("api", "title", "key_variable", "key", "base_url", "paging", "docs", "mind")
_SHOWN = ("api", "title", "key_variable", "key")


@click.command("apis")
@list_options
@pass_context
def command(context: Context, *, form: Form) -> None:  # noqa: ARG001 - what each command is called with
    """List the APIs whose models lists are known by name: `api = "NAME"` in the table of a source."""
    rows = (_shown(row, os.environ) for row in apis.rows().values())
    output.listing(rows, columns=COLUMNS, shown=_SHOWN, form=form)


def _shown(row: Row, environ: Mapping[str, str]) -> dict[str, object]:
    return {
        "api": row.name,
        "title": row.title,
        "key_variable": row.key_variable or None,
        "key": _key(row, environ),
        "base_url": row.base_url,
        "paging": row.settings.get("paging", "cursor"),
        "docs": row.docs or None,
        "mind": row.mind or None,
    }


def _key(row: Row, environ: Mapping[str, str]) -> str:
    """Whether the key is set, as far as its variable tells."""
    if row.key_variable and environ.get(row.key_variable):
        return "set"
    if row.key_optional or row.settings.get("auth") == "none":
        return "not needed"
    if row.key_variable:
        return "not set"
    return "in a file" if "api_key_file" in row.needs else "you name it"
