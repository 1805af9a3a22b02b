"""Judges by the configuration how fresh the catalog is, and whether its alerts arrive."""

from datetime import datetime

from catalog import health
from catalog.config import Config
from catalog.health import Health, SourceCheck
from catalog.store.engine.database import Connection
from catalog.store.outbox import queue
from catalog.store.queries import source_health
from catalog.wiring import unknowns


def of(config: Config, connection: Connection, now: datetime, *, names: bool = True) -> Health:
    """Judge every source that is configured or was ever synced, and every channel.

    `names`: look for names in the configuration that no list ever had, too; they are notes, no problems.
    """
    stale_after = {source.name: source.stale_after for source in config.sources}
    known = {one.row.source: one for one in source_health.all_(connection)}
    sources = tuple(
        SourceCheck(name=name, row=one.row if one else None, stale_after=stale_after.get(name), health=one)
        for name, one in ((name, known.get(name)) for name in sorted({*known, *stale_after}))
    )
    channels, configured = tuple(queue.backlog(connection)), {alert.name for alert in config.alerts}
    unknown = tuple(unknowns.in_catalog(config, connection)) if names else ()
    late = health.backlogs(channels, configured=configured, now=now)
    findings = (*health.findings(sources, now=now), *late, *unknown)
    watch = config.watch.models
    return Health(sources=sources, channels=channels, watch=watch, unknown=unknown, findings=findings)
