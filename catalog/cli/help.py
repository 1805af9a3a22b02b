"""`catalog help`: what `--help` of a command prints."""

from collections.abc import Sequence

import click


@click.command("help")
@click.argument("names", metavar="[COMMAND]...", nargs=-1)
@click.pass_context
def command(context: click.Context, *, names: Sequence[str]) -> None:
    """Show the help of a COMMAND, such as `sync` or `db backup`; without one, that of the program."""
    asked = context.find_root()
    for name in names:
        group = asked.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f'there is no command "{name}" below `{asked.command_path}`', asked)
        _, found, _ = group.resolve_command(asked, [name])
        if found is None:
            raise click.UsageError(f'there is no command "{name}"', asked)
        asked = click.Context(found, info_name=name, parent=asked)
    click.echo(asked.get_help())
