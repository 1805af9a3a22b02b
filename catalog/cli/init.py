"""`catalog init`: a commented configuration file to start from."""

import os
from pathlib import Path

import click

from catalog import files
from catalog.cli.context import Context, pass_context
from catalog.config import manual
from catalog.errors import ConfigError


@click.command("init")
@click.argument("file", default="catalog.toml", type=click.Path(path_type=Path))
@pass_context
def command(context: Context, file: Path) -> None:
    """Write a commented configuration to FILE (catalog.toml); a file that is there is never overwritten."""
    path = file.absolute()
    _write(path, manual.example())
    option = "" if path == Path("catalog.toml").absolute() else f" --config {path}"
    context.say(
        f"wrote {path}: every setting is there, commented out, with its default\n"
        f"next: export ANTHROPIC_API_KEY=..., then: catalog check{option}",
        "init.finished",
        path=str(path),
    )


def _write(path: Path, text: str) -> None:
    """Make the file, readable for its owner alone: it may come to hold a password."""
    try:
        with files.appearing(path, mode=0o600) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise ConfigError(f"{path} is there already, and stays as it is", hint="catalog init OTHER_FILE") from None
    except FileNotFoundError:
        raise ConfigError(f"there is no folder {path.parent}", hint=f"mkdir -p {path.parent}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {os.strerror(error.errno or 0)}") from None
