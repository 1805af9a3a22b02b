"""`catalog status`: how fresh each source is, what is wrong, and what to type about it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from catalog import health, wallclock
from catalog.cli import asking, output, unknowns
from catalog.cli.context import Context, json_option, pass_context
from catalog.errors import CatalogError, ConfigError, Exit
from catalog.health import Channel, Finding, Watched

if TYPE_CHECKING:
    from datetime import timedelta

    from catalog.config import Config
    from catalog.store.database import Connection


@click.command()
@click.option("--worker", is_flag=True, help="Ask the running worker's /healthz instead, at `monitor.listen`.")
@json_option
@pass_context
def command(context: Context, *, worker: bool, as_json: bool) -> int:
    """Say whether each source is fresh and believed, and whether alerts arrive: exit 0 healthy, 1 not.

    With --json it is an object for each source, with the columns of the view `sources`, and one for each channel that
    is owed something or gave something up, with `channel`, `owed`, `dead`, `oldest`, `next_attempt_at` and
    `last_error`. Each has `healthy` and `findings`: `level` (problem or note), `code`, `source` or `channel` (the other
    is null), `text` and `hint`. Where [watch] or an event names what no list ever had, one more object has `watch` and
    those findings.

    One or two failed runs are a note while the list is fresh. A refused key, a certificate and the configuration are a
    problem at once.
    """
    config = context.config()
    if worker:
        return _ask_worker(context, config.monitor.listen)
    stale_after = {source.name: source.stale_after for source in config.sources}
    now = wallclock.utc_now()
    with asking.catalog(context) as connection:
        watched = _watched(connection, stale_after)
        channels = _channels(connection, {alert.name for alert in config.alerts})
        unknown = unknowns.in_catalog(config, connection)
    found = (*health.findings(watched, now=now), *health.backlogs(channels, now=now), *unknown)
    if as_json:
        objects = [*(_object(one, found) for one in watched), *(_channel_object(one, found) for one in channels)]
        output.array([*objects, *_watch_object(config, unknown)])
    elif not context.quiet:
        _print(watched, found, now)
    else:
        _print_findings([finding for finding in found if finding.level is health.Level.PROBLEM])
    return Exit.DONE if health.healthy(found) else Exit.FAILED


def _ask_worker(context: Context, address: tuple[str, int] | None) -> int:
    """Say whether `catalog run` works: for service managers, which restart it when it does not."""
    from catalog import probes

    if address is None:
        hint = "set it in [monitor], or CATALOG_LISTEN"
        raise ConfigError("monitor.listen is not set: no worker can be asked", hint=hint)
    wrong = probes.ask(address)
    if wrong or wrong is None:
        host, port = address
        return context.fail(CatalogError(wrong or f"no worker answers at {host}:{port}", hint="catalog run"))
    if not context.quiet:
        output.line("ok")
    return Exit.DONE


def _watched(connection: "Connection", stale_after: "Mapping[str, timedelta]") -> list[Watched]:
    """Look at every source that is configured or was ever synced."""
    from catalog.store import standings

    known = {standing.row.source: standing for standing in standings.all_(connection)}
    return [
        Watched(
            name=name,
            row=known[name].row if name in known else None,
            stale_after=stale_after.get(name),
            standing=known.get(name),
        )
        for name in sorted({*known, *stale_after})
    ]


def _channels(connection: "Connection", configured: Collection[str]) -> list[Channel]:
    """Look at every channel that has something to take, or gave something up."""
    from catalog.store import outbox

    return [
        Channel(
            name=backlog.channel,
            owed=backlog.owed,
            dead=backlog.dead,
            oldest=backlog.oldest,
            next_attempt_at=backlog.next_attempt_at,
            last_error=backlog.last_error,
            configured=backlog.channel in configured,
        )
        for backlog in outbox.backlog(connection)
    ]


def _channel_object(one: Channel, found: Sequence[Finding]) -> dict[str, Any]:
    mine = [finding for finding in found if finding.channel == one.name]
    columns = ("owed", "dead", "oldest", "next_attempt_at", "last_error")
    row = {"channel": one.name} | {name: getattr(one, name) for name in columns}
    return row | {"healthy": health.healthy(mine), "findings": [asdict(finding) for finding in mine]}


def _watch_object(config: "Config", unknown: Sequence[Finding]) -> list[dict[str, Any]]:
    found = [asdict(finding) for finding in unknown]
    return [{"watch": config.watch.models, "healthy": True, "findings": found}] if found else []


def _object(one: Watched, found: Sequence[Finding]) -> dict[str, Any]:
    from catalog.store import history

    mine = [finding for finding in found if finding.source == one.name]
    row = {name: getattr(one.row, name, None) for name in history.SOURCE_COLUMNS} | {"source": one.name}
    return row | {"healthy": health.healthy(mine), "findings": [asdict(finding) for finding in mine]}


def _print(watched: Sequence[Watched], found: Sequence[Finding], now: datetime) -> None:
    columns = ("source", "models_listed", "last_whole_at", "age", "last_status")
    output.listing([_row(one, now) for one in watched], columns=columns, form="text")
    output.line()
    _print_findings(found)
    if health.healthy(found):
        output.line("healthy")


def _print_findings(found: Sequence[Finding]) -> None:
    for finding in found:
        hint = f"  ({finding.hint})" if finding.hint else ""
        about = f"{finding.name}: " if finding.name else ""
        output.line(f"{finding.level}: {about}{finding.text}{hint}")


def _row(one: Watched, now: datetime) -> dict[str, Any]:
    row = one.row
    return {
        "source": one.name,
        "models_listed": row and row.models_listed,
        "last_whole_at": row and row.last_whole_at,
        "age": now - row.last_whole_at if row and row.last_whole_at else None,
        "last_status": row and row.last_status,
    }
