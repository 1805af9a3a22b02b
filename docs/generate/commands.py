"""The command line's reference page, made from the help of every command."""

from collections.abc import Iterator

import click

from catalog import cli
from catalog.cli.context import Context
from docs.generate import exits

WIDTH = 100

_OPENING = """\
# Command line

Every command takes the global options, before or after its name. Data goes to stdout, everything else to stderr.
Where a time is asked for, a date (`2026-03-18`, its midnight in UTC), RFC 3339 (`2026-03-18T09:30:00Z`) or an age
(`7d`, `36h`, `2w`) will do.

Lists are a table on a terminal and aligned text in a pipe. `--json` prints one array of objects whose names are the
columns of the [schema](schema.md), `--csv` the same columns with a header line.

## Exit codes
"""


def page() -> str:
    """Write the page."""
    return "\n".join([_OPENING, exits.table(), *(_section(command, context) for command, context in _all())])


def _all() -> Iterator[tuple[click.Command, click.Context]]:
    names = {"help_option_names": ["-h", "--help"]}
    top = click.Context(cli.command, info_name="catalog", obj=Context(), terminal_width=WIDTH, **names)
    yield cli.command, top
    for name in cli.command.list_commands(top):
        command = cli.command.get_command(top, name)
        if command is None:
            raise LookupError(name)
        yield from _below(command, _context(command, name, top))


def _below(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    yield command, context
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield inner, _context(inner, name, context)


def _context(command: click.Command, name: str, parent: click.Context) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH)


def _section(command: click.Command, context: click.Context) -> str:
    return f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
