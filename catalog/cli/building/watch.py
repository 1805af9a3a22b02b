"""`catalog watch check`: a check for builds, of the catalog, of the lists themselves, or of a published folder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from catalog import config, watch
from catalog.cli.building import builds, scan
from catalog.cli.building.annotations import annotation
from catalog.cli.building.builds import PROBLEMS, AskedPlace
from catalog.cli.context import Context, pass_context
from catalog.cli.terminal import output
from catalog.config import WatchEntry
from catalog.domain import ModelName
from catalog.errors import ConfigError, NoCatalogError
from catalog.watch import WatchFinding, WatchState

_SHOWN = ("state", "id", "source", "text")


@click.group("watch")
def command() -> None:
    """Look after the models you depend on: those that [watch] names, and those that a code base names."""


command.add_command(scan.command)


@command.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take ids from FILE as well: one a line, # begins a comment. May be repeated.",
)
@builds.build_options
@pass_context
def check(
    context: Context,
    *,
    models: tuple[str, ...],
    files: tuple[Path, ...],
    days: int,
    origin: AskedPlace,
    form: str,
) -> int:
    """Say whether each watched model, or each MODEL, is still fine. Without --live and --catalog, no network is asked.

    Exits with 0 when all are fine; a deprecated or missing one is told, and does no harm. With 10 when one is gone,
    retired, overdue, or retires within --days. With 11 when an id was never in any list. With 12 when a verdict hangs
    on a list that is stale or was never read, or there is no catalog. When several hold, the highest code is the one
    given.

    With --live, an id that is not listed now is unknown, as nothing tells whether it ever was; when a list cannot be
    read that a verdict hangs on, the code is 3, or 2 when its key is missing.
    """
    entries = [WatchEntry(each) for each in models] + [each for path in files for each in config.listed(path)]
    settings = context.config()
    entries = entries or list(config.entries(settings.watch))
    hint = "name ids in [watch] models or files, or on the command line"
    if not entries:
        raise ConfigError("no models are watched", hint=hint)
    try:
        with builds.opened(context, origin, entries=entries) as known:
            places: dict[ModelName, WatchEntry] = {}
            for entry in entries:
                places.setdefault(watch.named(entry.text, known.names), entry)
            only = origin.source
            names = [name for name in places if not only or isinstance(name, str) or name[0] == only]
            if not names:
                raise ConfigError(f"no models are watched at {origin.source}", hint=hint)
            found = known.judge(names, days)
    except NoCatalogError as failure:
        return builds.no_catalog(context, failure, origin)
    hanging = watch.unproven(names, found, {each.name for each in known.stale})
    _print(context, found, form, places)
    return builds.told_stale(context, known, hanging, form) or watch.exit_code(found, is_stale=False)


def _print(context: Context, found: Sequence[WatchFinding], form: str, places: Mapping[ModelName, WatchEntry]) -> None:
    told = [finding for finding in found if finding.state in PROBLEMS or not context.quiet]
    if form == "json":
        output.array(asdict(finding) for finding in found)
    elif form == "github":
        for finding in (each for each in told if each.state is not WatchState.FINE):
            entry = places.get((finding.source or "", finding.id)) or places.get(finding.id)
            where = f" at {finding.source}" if finding.source else ""
            line = annotation(
                "error" if finding.state in PROBLEMS else "warning",
                f"{finding.id}{where}: {': '.join(filter(None, [finding.state, finding.text]))}",
                title=f"model {finding.state}",
                path=entry and entry.path,
                line=entry and entry.line,
            )
            output.line(line)
    elif told:
        output.listing(map(asdict, told), columns=_SHOWN, form="text")
