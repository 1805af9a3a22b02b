"""`catalog init`: a commented configuration file to start from."""

import os
from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import click

from catalog import config, files
from catalog.cli.context import Context, pass_context
from catalog.cli.terminal import output
from catalog.config import apis, kinds, manual
from catalog.config.apis import Row
from catalog.config.tables import shown
from catalog.errors import ConfigError


@click.command("init")
@click.argument("file", default="catalog.toml", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--api", "names", multiple=True, metavar="NAME", help="Write a source of this API instead; `catalog apis` has them."
)
@pass_context
def command(context: Context, file: Path, names: Sequence[str]) -> None:
    """Write a commented configuration to FILE (catalog.toml); a file that is there is never overwritten.

    FILE may be `-`: then the text goes to stdout, such as to add a source to a file: catalog init --api groq - >> FILE
    """
    rows = [_row(name) for name in dict.fromkeys(names)]
    text = "\n".join(map(manual.source, rows)) if rows else manual.example()
    if str(file) == "-":
        for each in text.splitlines():
            output.line(each)
        return
    here = config.here()
    path = here / file
    _write(path, text)
    option = "" if path == here / "catalog.toml" else f" --config {quote(str(path))}"
    if rows:
        keyed = [row for row in rows if row.key_variable and not row.key_optional]
        variables = dict.fromkeys(row.key_variable for row in keyed if row.settings.get("auth") != "none")
        steps = [*(f"export {variable}=..." for variable in variables), f"catalog check{option}"]
        context.say(f"wrote {path}\nnext: {', then: '.join(steps)}", "init.finished", path=str(path))
        return
    context.say(
        f"wrote {path}: every setting is there, commented out, with its default\n"
        "after the first sync, set database.must_exist = true: then no wrong folder begins a new catalog\n"
        f"next: export ANTHROPIC_API_KEY=..., then: catalog check{option}",
        "init.finished",
        path=str(path),
    )


def _row(name: str) -> Row:
    """The row of an API. Raises ConfigError with what is close to a name that has none."""
    row = apis.rows().get(name)
    if row is None:
        raise ConfigError(
            f"no API is known as {shown(name)}{kinds.nearest(name, list(apis.names()))}", hint="catalog apis"
        )
    return row


def _write(path: Path, text: str) -> None:
    """Make the file, readable for its owner alone: it may come to hold a password."""
    try:
        with files.appearing(path, mode=0o600) as unfinished:
            unfinished.write_text(text, encoding="utf-8")
    except FileExistsError:
        raise ConfigError(f"{path} is there already, and stays as it is", hint="catalog init OTHER_FILE") from None
    except FileNotFoundError:
        raise ConfigError(f"there is no folder {path.parent}", hint=f"mkdir -p {quote(str(path.parent))}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {os.strerror(error.errno or 0)}") from None
