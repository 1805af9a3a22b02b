"""The reference page of metrics, made from the table of them in the program."""

from catalog.monitor.metrics import METRICS

_OPENING = """\
# Metrics, pings and probes

What shows from outside that the catalog works. Each is a setting in `[monitor]`; all of them are off until set.

```toml
[monitor]
ping_url = "https://hc.example.org/ping/0b5e6f0c"                    # healthchecks and its like
metrics_file = "/var/lib/node_exporter/textfile/catalog.prom"        # for Prometheus, under cron
listen = "127.0.0.1:9464"                                            # for Prometheus and a supervisor, in `catalog run`
```

## Pings

`catalog sync` tells `ping_url` how it ended, and `catalog run` does so after each run. Success is pinged only while
nothing is wrong with any configured source, whichever worker or command read it: its last run failed, or it is held.
`ping_style` says how it is told:

- `"healthchecks"`, the default, for healthchecks.io and its like: POST with `/start` added at the beginning, then POST
  to the address itself, or with `/fail` added and a body that says why.
- `"uptime-kuma"`, for its push monitors: GET with `?status=up&msg=OK`, or with `?status=down&msg=` and why. A start is
  not told.
- `"plain"`, for a heartbeat that knows success alone: GET on success; silence tells the rest.

A `--dry-run` pings nothing. A watcher that cannot be reached is a line in the log, when that begins and when it ends,
and fails no run.

## Probes

`catalog run` with `listen` answers `/metrics` as below, and `/healthz` with 200 and `ok`, or with 503 and the reason
when runs do not begin at their time, one hangs, or the database file is gone: then a restart may help. A list that
cannot be read is no reason to restart, and no failure there; `catalog status` and the metrics tell of it. `catalog
status --worker` asks `/healthz` and exits with 0 or 1; the image's HEALTHCHECK does so. HEAD and query strings are
answered, too. There is no password, so listen where only those can ask who may know names and numbers.

## Metrics

Every number is read from the database, so it is true under cron, after a restart, and on any machine that shares the
database. `metrics_file` is replaced as a whole after each `catalog sync`, and every 15 seconds by `catalog run`; when
nothing runs it stays as it is, which is why times are told and not ages. A file that holds something else is never
replaced. A metric without a value has no line. A channel that is configured has its numbers, also when they are 0.

| metric | labels | what it tells |
|---|---|---|
"""

_CLOSING = """
[catalog.json](../../deploy/grafana/catalog.json) is a dashboard for Grafana of them and of the views.
What to be woken by is in [catalog.rules.yaml](../../deploy/prometheus/catalog.rules.yaml), rules for Prometheus: name
the file under `rule_files`. The number of days until a watched model retires is

```promql
(catalog_next_retirement_timestamp_seconds{models="watched"} - time()) / 86400
```
"""


def page() -> str:
    """Write the page."""
    rows = (f"| `{name}` | {_code(labels)} | {words} |" for name, (labels, words) in METRICS.items())
    return _OPENING + "\n".join(rows) + "\n" + _CLOSING


def _code(labels: tuple[str, ...]) -> str:
    return ", ".join(f"`{label}`" for label in labels)
