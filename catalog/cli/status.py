"""`catalog status`: how fresh each source is, what is wrong, and what to type about it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from catalog import health
from catalog.cli import asking, output
from catalog.cli.context import Context, json_option, pass_context
from catalog.errors import Exit
from catalog.health import Finding, Watched

if TYPE_CHECKING:
    from datetime import timedelta

    from catalog.store.history import Connection

_RECENT = 20  # runs that are looked at to tell how long a failure has lasted


@click.command()
@json_option
@pass_context
def command(context: Context, *, as_json: bool) -> int:
    """Say whether each source is fresh and believed: exit 0 healthy, 1 not."""
    stale_after = {source.name: source.stale_after for source in context.config().sources}
    now = datetime.now(UTC)
    with asking.catalog(context) as connection:
        watched = _watched(connection, stale_after)
    found = health.findings(watched, now=now)
    if as_json:
        output.array(_object(one, found) for one in watched)
    else:
        _print(watched, found, now)
    return Exit.DONE if health.healthy(found) else Exit.FAILED


def _watched(connection: "Connection", stale_after: "Mapping[str, timedelta]") -> list[Watched]:
    """Look at every source that is configured or was ever synced."""
    from catalog.store import history

    rows = {row.source: row for row in history.sources(connection)}
    return [
        Watched(
            name=name,
            row=rows.get(name),
            stale_after=stale_after.get(name),
            recent=tuple(history.runs(connection, source=name, limit=_RECENT)),
        )
        for name in sorted({*rows, *stale_after})
    ]


def _object(one: Watched, found: Sequence[Finding]) -> dict[str, Any]:
    from catalog.store import history

    mine = [finding for finding in found if finding.source == one.name]
    row = {name: getattr(one.row, name, None) for name in history.SOURCE_COLUMNS} | {"source": one.name}
    return row | {"healthy": health.healthy(mine), "findings": [asdict(finding) for finding in mine]}


def _print(watched: Sequence[Watched], found: Sequence[Finding], now: datetime) -> None:
    columns = ("source", "models_listed", "last_whole_at", "age", "last_status")
    output.listing([_row(one, now) for one in watched], columns=columns, form="text")
    output.line()
    for finding in found:
        hint = f"  ({finding.hint})" if finding.hint else ""
        output.line(f"{finding.level}: {finding.source}: {finding.text}{hint}")
    if health.healthy(found):
        output.line("healthy")


def _row(one: Watched, now: datetime) -> dict[str, Any]:
    row = one.row
    return {
        "source": one.name,
        "models_listed": row and row.models_listed,
        "last_whole_at": row and row.last_whole_at,
        "age": now - row.last_whole_at if row and row.last_whole_at else None,
        "last_status": row and row.last_status,
    }
