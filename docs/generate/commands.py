"""The command line's reference page, made from the help of every command."""

from collections.abc import Iterator

import click

from catalog import cli
from catalog.cli.context import Context

WIDTH = 100

_OPENING = """\
# Command line

Every command takes the global options, before or after its name. Data goes to stdout, everything else to stderr.
Where a time is asked for, write RFC 3339 or less of it (`2026-03-18T09:30:00Z`, `2026-03-18 09:30`; without an offset
it is UTC), a day, a month or a year (`2026-03-18`, `2026-03`), `now`, `today`, `yesterday`, or an age (`7d`, `36h`,
`2d 3h`). A day, month or year is its last moment in UTC, or now while it lasts; in `--since` it is its first. stderr
says which moment is meant. Times are shown in UTC too, whatever `TZ` says: people of several zones read one catalog,
and an id is retired on a day in UTC.

Lists are a table on a terminal and aligned text in a pipe, with colours on a terminal unless NO_COLOR is set; they are
for people, and may change. `--json` prints one array of objects whose names are the columns of the
[schema](schema.md), `--nl` the same with an object a line, `--csv` and `--tsv` the same columns with a header line. In
JSON, `old_value`, `new_value`, `scope` and `attributes` are values: what is absent is left out, and `null` is what the
list said. CSV and TSV hold these as JSON text.

The [exit codes](exit-codes.md) are the same for all.
"""


def page() -> str:
    """Write the page."""
    return "\n".join([_OPENING, *(_section(command, context) for command, context in _all())])


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
