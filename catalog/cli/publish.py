"""`catalog publish`: writes the pages of a catalog into a folder, for any web server or bucket."""

from dataclasses import asdict
from pathlib import Path

import click

from catalog import library
from catalog.cli.context import Context, json_option, pass_context
from catalog.cli.terminal import output
from catalog.errors import ConfigError
from catalog.text import counted
from catalog.wiring import sites


@click.command("publish")
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@json_option
@pass_context
def command(context: Context, folder: Path | None, *, as_json: bool) -> None:
    """Write the pages of the catalog into DIR, or into publish.folder: only files that differ, each of them whole.

    What was written earlier and is no longer part of it is deleted; no other file is touched. Feeds and calendars need
    publish.base_url, as they hold whole addresses.
    """
    config = context.config()
    chosen = folder or config.publish.folder
    if chosen is None:
        raise ConfigError("no folder is named", hint="name one: `catalog publish DIR`, or set publish.folder")
    with (
        library.opened(config.database.url) as database,
        output.progress_bar("publishing", shown=not context.quiet) as move,
    ):
        done = sites.publish(config, database, chosen, progress=lambda number: move(completed=number))
    if done is None:
        context.say(f"another process is publishing into {chosen}", "publish.busy", path=str(chosen))
    elif as_json:
        output.document(asdict(done))
    elif not context.quiet:
        told = f"{counted(done.written, 'file')} written, {done.unchanged:,} unchanged, {done.deleted:,} deleted"
        output.line(f"{done.folder}: {told}")
        if not done.has_feeds:
            output.line("no feed and no calendar was written: they need publish.base_url")
