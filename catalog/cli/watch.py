"""`catalog watch check`: a check for builds, of the database alone."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from catalog import clock, config, health, logs, watch
from catalog.cli import options, output
from catalog.cli.context import Context, json_option, pass_context
from catalog.config import Config
from catalog.domain import Model
from catalog.errors import ConfigError, Exit, NoCatalogError
from catalog.settings import SourceSettings
from catalog.watch import WatchFinding, WatchState
from catalog.wiring import unknowns

if TYPE_CHECKING:
    from catalog.store.engine.database import Connection

_SHOWN = ("state", "id", "source", "text")


@click.group("watch")
def command() -> None:
    """Look after the models you depend on: the ids that [watch] names."""


@command.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--days", type=click.IntRange(0, 3650), default=60, show_default=True, help="How far to look ahead.")
@options.source_option
@json_option
@pass_context
def check(context: Context, *, models: tuple[str, ...], days: int, source: str | None, as_json: bool) -> int:
    """Say whether each watched model, or each MODEL, is still fine. Asks the database alone, no network.

    Exits with 0 when all are fine; a deprecated or missing one is told, and does no harm. With 10 when one is gone,
    retired, overdue, or retires within --days. With 11 when an id was never in any list. With 12 when the catalog
    itself is stale, was never filled, or is not there. When several hold, the highest code is the one given.
    """
    settings = context.config()
    ids = models or config.watched(settings.watch)
    if not ids:
        raise ConfigError("no models are watched", hint="name ids in [watch] models or files, or on the command line")
    try:
        with options.catalog(context) as connection:
            sources = _selected(connection, settings, source)
            found = _ask(connection, ids, sources, days, configured={each.name for each in settings.sources})
            stale = _stale(connection, sources)
    except NoCatalogError as failure:
        settings.select([source] if source else [])
        context.fail(failure)
        return Exit.STALE
    _print(context, found, stale, as_json=as_json)
    if stale:
        return Exit.STALE
    states = {finding.state for finding in found}
    if WatchState.UNKNOWN in states:
        return Exit.UNKNOWN
    return Exit.RETIRING if states & watch.LEAVING else Exit.DONE


def _selected(connection: "Connection", settings: Config, name: str | None) -> Sequence[SourceSettings]:
    """Give the sources to ask: all that are configured, or the one of this name."""
    from catalog.store.queries import history

    configured = {source.name for source in settings.sources}
    if name and name not in configured and name in {row.source for row in history.sources(connection)}:
        words = f"source {name} is in this catalog, but not configured: what it lists may be old"
        raise ConfigError(words, hint=f"add [sources.{name}] to the configuration, or leave --source out")
    return settings.select([name] if name else [])


def _ask(
    connection: "Connection",
    ids: Sequence[str],
    sources: Sequence[SourceSettings],
    days: int,
    *,
    configured: Collection[str],
) -> Sequence[WatchFinding]:
    from catalog.store.queries import history

    now, names = clock.utc_now(), [source.name for source in sources]
    everywhere = history.named(connection, ids)
    rows: list[Model] = [row for row in everywhere if row.source in names]

    def guess(id: str) -> list[str]:
        return list(dict.fromkeys(close for name in names for close in unknowns.close_ids(connection, id, name)))

    why = {True: "which was not asked", False: "which is not configured"}
    elsewhere = {
        row.id: f"only in source {row.source}, {why[row.source in configured]}"
        for row in everywhere
        if row.source not in names
    }
    return watch.check(tuple(dict.fromkeys(ids)), rows, now=now, days=days, guess=guess, elsewhere=elsewhere)


def _stale(connection: "Connection", sources: Sequence[SourceSettings]) -> Sequence[health.Finding]:
    """Judge only how old each source is."""
    from catalog.store.queries import history

    known = {row.source: row for row in history.sources(connection)}
    watched = [
        health.SourceCheck(name=source.name, row=known.get(source.name), stale_after=source.stale_after)
        for source in sources
    ]
    return health.findings(watched, now=clock.utc_now())


def _print(context: Context, found: Sequence[WatchFinding], stale: Sequence[health.Finding], *, as_json: bool) -> None:
    if as_json:
        output.array(asdict(finding) for finding in found)
    else:
        problems = {WatchState.UNKNOWN, *watch.LEAVING}
        told = [asdict(finding) for finding in found if finding.state in problems or not context.quiet]
        if told:
            output.listing(told, columns=_SHOWN, form="text")
    for finding in stale:
        told_of = logs.event("watch.stale", source=finding.source, code=finding.code, hint=finding.hint)
        context.start_logs().warning("%s: %s", finding.name, finding.text, extra=told_of)
