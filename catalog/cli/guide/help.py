"""`catalog help`: what `--help` of a command prints."""

from collections.abc import Sequence

import click
from click.shell_completion import CompletionItem


class CommandName(click.ParamType[str]):
    """The name of a command below those that are typed before it, which a shell can complete."""

    name = "COMMAND"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Give what the shell would be offered behind the names that are typed."""
        asked = ctx.find_root()
        for typed in ctx.params.get(param.name or "") or ():
            found = asked.command.get_command(asked, typed) if isinstance(asked.command, click.Group) else None
            if found is None:
                return []
            asked = click.Context(found, info_name=typed, parent=asked)
        return asked.command.shell_complete(asked, incomplete) if isinstance(asked.command, click.Group) else []


@click.command("help")
@click.argument("names", metavar="[COMMAND]...", nargs=-1, type=CommandName())
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
