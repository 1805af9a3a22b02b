"""The catalog's metrics for Prometheus, each read from the database: they are right under cron and after restarts."""

import stat
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest

from catalog import files
from catalog.domain import ModelName
from catalog.errors import ConfigError
from catalog.health import Backlog, SourceHealth
from catalog.store.engine.database import Database
from catalog.store.outbox import queue
from catalog.store.queries import source_health, totals
from catalog.store.schema import versions

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BEGINNING = b"# HELP catalog_"  # of each page

# Name, labels and meaning of each; docs/reference/metrics.md is generated from here.
METRICS = {
    "catalog_build_info": (("version", "schema"), "1 for the program that reads the database, and its schema."),
    "catalog_models_listed": (("source",), "Models that are listed."),
    "catalog_models_missing": (("source",), "Models that whole walks lack, not believed to be gone."),
    "catalog_models_added_total": (("source",), "Models that were added since the baseline."),
    "catalog_models_removed_total": (("source",), "Models that were removed since the baseline."),
    "catalog_next_retirement_timestamp_seconds": (
        ("source", "models"),
        "When the next listed model retires: of `all`, and of those that are `watched`; none is ahead: no line.",
    ),
    "catalog_last_whole_walk_timestamp_seconds": (
        ("source",),
        "End of the last whole walk; 0 while only its past was recorded.",
    ),
    "catalog_last_run_timestamp_seconds": (("source",), "End of the last run, however it went."),
    "catalog_last_run_duration_seconds": (("source",), "How long the last run took."),
    "catalog_last_run_status": (("source", "status"), "1 for the status of the last run."),
    "catalog_runs_failed_in_a_row": (("source",), "Runs that failed since the last good one."),
    "catalog_held": (("source",), "1 while something waits for a person: see `catalog status`."),
    "catalog_alerts_pending": (("channel",), "Alerts that the channel has not taken yet."),
    "catalog_alerts_dead": (("channel",), "Alerts that were given up."),
    "catalog_alerts_oldest_pending_timestamp_seconds": (
        ("channel",),
        "Since when the oldest of the pending ones is pending.",
    ),
    "catalog_alerts_next_attempt_timestamp_seconds": (
        ("channel",),
        "Before this nothing is sent to the channel; in the future while it backs off.",
    ),
}


class MetricsPage:
    """Collects the values of the metrics."""

    def __init__(self) -> None:
        """Start without values; a metric that gets none is left out."""
        disable_created_metrics()  # type: ignore[no-untyped-call] # prometheus_client's; counters are read anew each time
        self.registry = CollectorRegistry()
        self._metrics = {
            name: (Counter if name.endswith("_total") else Gauge)(name, words, labels, registry=self.registry)
            for name, (labels, words) in METRICS.items()
        }

    def set(self, name: str, value: float | datetime | None, **labels: str) -> None:
        """Set a value; None sets nothing."""
        if value is None:
            return
        number, one = value.timestamp() if isinstance(value, datetime) else value, self._metrics[name].labels(**labels)
        if isinstance(one, Counter):
            one.inc(number)
        else:
            one.set(number)


def page(database: Database, *, channels: Collection[str] = (), watched: Collection[ModelName] | None = None) -> bytes:
    """Read all metrics from the database. Raises DatabaseError.

    Each of the `channels` has its numbers, also where nothing is pending. `watched` None: the watchlist is not known.
    """
    page, now = MetricsPage(), database.now()
    page.set("catalog_build_info", 1, version=versions.program(), schema=versions.HEAD)
    with database.read() as connection:
        for found in source_health.all_(connection):
            _tell_source(page, found)
        for source, (added, removed) in totals.recorded(connection).items():
            page.set("catalog_models_added_total", added, source=source)
            page.set("catalog_models_removed_total", removed, source=source)
        dates = {"all": totals.next_retirements(connection, now)}
        if watched is not None:
            dates["watched"] = totals.next_retirements(connection, now, watched)
        for models, found_dates in dates.items():
            for source, at in found_dates.items():
                page.set("catalog_next_retirement_timestamp_seconds", at, source=source, models=models)
        backlogs = {backlog.channel: backlog for backlog in queue.backlog(connection)}
    for channel in sorted({*channels, *backlogs}):
        _tell_channel(page, backlogs.get(channel) or Backlog.none(channel))
    return generate_latest(page.registry)


def demand_file(path: Path) -> None:
    """Refuse a path at which something else stands: it would be replaced. Raises ConfigError."""
    try:
        other = _other(path)
    except OSError:  # there is nothing, or it cannot be reached: writing says why
        return
    if other:
        words = f"monitor.metrics_file: {path} {other}, and would be replaced by one"
        raise ConfigError(words, hint="name a file in the folder that the textfile collector reads")


def _other(path: Path) -> str:
    """Say what stands there instead of a metrics file; empty: such a file, or an empty one."""
    if not stat.S_ISREG(path.stat().st_mode):
        return "is no regular file"
    with path.open("rb") as file:
        beginning = file.read(len(_BEGINNING))
    return "" if beginning in {b"", _BEGINNING} else "is no metrics file of the catalog"


def write(path: Path, text: bytes) -> None:
    """Replace the file at once: a collector that reads at any moment sees the old page or the new one."""
    with files.replacing(path, mode=0o644) as unfinished:
        unfinished.write_bytes(text)


def _tell_source(page: MetricsPage, found: SourceHealth) -> None:
    row, name = found.row, found.row.source
    page.set("catalog_models_listed", row.models_listed, source=name)
    page.set("catalog_models_missing", found.missing, source=name)
    page.set("catalog_held", bool(found.held), source=name)
    page.set("catalog_runs_failed_in_a_row", found.failed, source=name)
    page.set("catalog_last_whole_walk_timestamp_seconds", row.last_whole_at if row.live else 0, source=name)
    if (run := found.last) and row.live:
        page.set("catalog_last_run_status", 1, source=name, status=run.status.value)
        page.set("catalog_last_run_timestamp_seconds", run.finished_at, source=name)
        if run.finished_at:
            took = (run.finished_at - run.started_at).total_seconds()
            page.set("catalog_last_run_duration_seconds", took, source=name)


def _tell_channel(page: MetricsPage, backlog: Backlog) -> None:
    page.set("catalog_alerts_pending", backlog.pending, channel=backlog.channel)
    page.set("catalog_alerts_dead", backlog.dead, channel=backlog.channel)
    page.set("catalog_alerts_oldest_pending_timestamp_seconds", backlog.oldest, channel=backlog.channel)
    page.set("catalog_alerts_next_attempt_timestamp_seconds", backlog.next_attempt_at, channel=backlog.channel)
