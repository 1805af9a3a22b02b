"""`catalog completion`: prints the script that lets a shell complete commands, options and names."""

import click
from click import shell_completion

VARIABLE = "_CATALOG_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(*, shell: str) -> None:
    """Print what lets SHELL complete commands, options, sources, channels and the ids of models."""
    from catalog import cli

    kind = shell_completion.get_completion_class(shell)
    if kind is not None:
        click.echo(kind(cli.command, {}, "catalog", VARIABLE).source())
