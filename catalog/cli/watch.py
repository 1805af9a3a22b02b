"""`catalog watch check`: a check for builds, of the database alone."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from catalog import clock, config, health, logs, watch
from catalog.cli import options, output
from catalog.cli.context import Context, json_option, pass_context
from catalog.config import Config
from catalog.domain import ModelName
from catalog.errors import ConfigError, Exit, NoCatalogError
from catalog.settings import SourceSettings
from catalog.watch import WatchFinding, WatchState

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
    from catalog.store.queries import watched

    settings = context.config()
    typed = [watch.named(each, settings.names) for each in models]
    asked = typed or config.watched(settings.watch, settings.names)
    names = [name for name in dict.fromkeys(asked) if not source or isinstance(name, str) or name[0] == source]
    if not names:
        where = f" at {source}" if source and asked else ""
        hint = "name ids in [watch] models or files, or on the command line"
        raise ConfigError(f"no models are watched{where}", hint=hint)
    try:
        with options.catalog(context) as connection:
            sources = _selected(connection, settings, source, names)
            asked_at = [each.name for each in sources]
            now = clock.utc_now()
            found = watched.check(connection, names, asked_at, configured=settings.names, now=now, days=days)
            stale = _stale(connection, sources)
    except NoCatalogError as failure:
        settings.select([source] if source else [])
        context.fail(failure)
        return Exit.STALE
    _print(context, found, stale, as_json=as_json)
    return watch.exit_code(found, is_stale=bool(stale))


def _selected(
    connection: "Connection", settings: Config, name: str | None, names: Sequence[ModelName]
) -> Sequence[SourceSettings]:
    """Give the sources to ask: the one of this name, or all that are configured and that a watched model may be at."""
    from catalog.store.queries import history

    if name and name not in settings.names and name in {row.source for row in history.sources(connection)}:
        words = f"source {name} is in this catalog, but not configured: what it lists may be old"
        raise ConfigError(words, hint=f"add [sources.{name}] to the configuration, or leave --source out")
    named = [name] if name else [each[0] for each in names if not isinstance(each, str)]
    return settings.select(named if name or len(named) == len(names) else [])


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
