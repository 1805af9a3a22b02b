"""The dashboard for Grafana: its statements stand here to be read; deploy/grafana/catalog.json is written from them."""

import dataclasses
import json
from datetime import timedelta
from typing import Any

from catalog.settings import SourceSettings

Json = dict[str, Any]

# When a source counts as stale, unless the configuration says otherwise.
_STALE: timedelta = {field.name: field.default for field in dataclasses.fields(SourceSettings)}["stale_after"]
_STALE_SECONDS = int(_STALE.total_seconds())

_MODELS_DRAWN = 40

_LISTED = """\
SELECT source, models_listed AS listed
FROM sources
WHERE configured AND source IN ($source)
ORDER BY source
"""
_AGE = """\
SELECT source, extract(epoch FROM now() - last_whole_at)::bigint AS age
FROM sources
WHERE configured AND source IN ($source)
ORDER BY source
"""
_RETIRING = """\
SELECT retires_at, ceil(extract(epoch FROM retires_at - now()) / 86400)::integer AS days_left, id, lifecycle, source
FROM models
WHERE removed_at IS NULL AND retires_at IS NOT NULL AND source IN ($source)
ORDER BY retires_at, id
LIMIT 50
"""
_CHANGES = """\
SELECT observed_at, source, model_id, kind, field, old_value, new_value
FROM changes
WHERE NOT baseline AND source IN ($source) AND $__timeFilter(observed_at)
ORDER BY change_id DESC
LIMIT 200
"""
# A note spans the time in which it happened: after the last look that proves the old state, by the look that showed the
# new one.
_NOTES = """\
SELECT coalesce(not_before, observed_at) AS time, observed_at AS timeend,
       CASE WHEN count(*) <= 5 THEN string_agg(model_id, ', ' ORDER BY model_id) ELSE count(*) || ' models' END
       || ' ' || kind || ' (' || source || ')' AS text,
       kind || ',' || source AS tags
FROM changes
WHERE NOT baseline AND kind <> 'changed' AND source IN ($source) AND $__timeFilter(observed_at)
GROUP BY run_id, not_before, observed_at, kind, source
ORDER BY observed_at DESC
LIMIT 500
"""
_LENGTH = """\
WITH steps AS (
    SELECT source, observed_at, sum(CASE kind WHEN 'removed' THEN -1 ELSE 1 END) AS step
    FROM changes
    WHERE kind <> 'changed' AND source IN ($source)
    GROUP BY source, observed_at
), lengths AS (
    SELECT source, observed_at, sum(step) OVER (PARTITION BY source ORDER BY observed_at) AS listed
    FROM steps
), ends AS (
    SELECT $__timeFrom()::timestamptz AS time
    UNION ALL
    SELECT least(now(), $__timeTo()::timestamptz)
)
SELECT observed_at AS time, source AS metric, listed::bigint
FROM lengths
WHERE $__timeFilter(observed_at)
UNION ALL
SELECT time, source, sum(step)::bigint
FROM ends JOIN steps ON observed_at <= time
GROUP BY time, source
ORDER BY time
"""
_MONTHS = """\
SELECT to_char(observed_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
       count(*) FILTER (WHERE kind IN ('added', 'returned')) AS came,
       count(*) FILTER (WHERE kind = 'removed') AS went
FROM changes
WHERE NOT baseline AND kind <> 'changed' AND source IN ($source) AND $__timeFilter(observed_at)
GROUP BY month
ORDER BY month
"""
# Each model is told at each moment at which any of them changes: a panel of states takes a missing value for an end.
_LIFESPANS = f"""\
WITH chosen AS (
    SELECT source, id, missing_since
    FROM models
    WHERE source IN ($source) AND first_seen_at <= $__timeTo()
      AND (removed_at IS NULL OR removed_at > $__timeFrom())
    ORDER BY retires_at IS NULL, greatest(first_seen_at, removed_at) DESC, id
    LIMIT {_MODELS_DRAWN}
), states AS (
    SELECT source, id, missing_since, valid_from, valid_to,
           lead(valid_from) OVER (PARTITION BY source, id ORDER BY valid_from) AS next,
           CASE lifecycle WHEN 'deprecated' THEN 2 WHEN 'retired' THEN 3 ELSE 1 END AS state
    FROM model_history JOIN chosen USING (source, id)
), points AS (
    SELECT source, id, valid_from AS time, state FROM states
    UNION ALL
    SELECT source, id, valid_to, 0 FROM states WHERE valid_to IS DISTINCT FROM next AND valid_to IS NOT NULL
    UNION ALL
    SELECT source, id, missing_since, 4 FROM chosen WHERE missing_since IS NOT NULL
    UNION ALL
    SELECT source, id, last_whole_at, 5
    FROM states JOIN sources USING (source)
    WHERE valid_to IS NULL AND missing_since IS NULL AND last_whole_at < now() - interval '{_STALE_SECONDS} seconds'
), turns AS (
    SELECT source, id, time, state
    FROM (SELECT *, lag(state) OVER (PARTITION BY source, id ORDER BY time, state) AS before FROM points) AS told
    WHERE state IS DISTINCT FROM before
), moments AS (
    SELECT time FROM turns WHERE $__timeFilter(time)
    UNION
    SELECT $__timeFrom()::timestamptz
    UNION
    SELECT least(now(), $__timeTo()::timestamptz)
)
SELECT moments.time, id || ' (' || source || ')' AS metric, nullif(latest.state, 0) AS state
FROM moments CROSS JOIN chosen LEFT JOIN LATERAL (
    SELECT state
    FROM turns
    WHERE turns.source = chosen.source AND turns.id = chosen.id AND turns.time <= moments.time
    ORDER BY turns.time DESC, state DESC
    LIMIT 1
) AS latest ON true
ORDER BY time, metric
"""

_RUNS = """\
SELECT started_at, source, status, models_seen, added + returned AS came, removed AS went, changed,
       extract(epoch FROM finished_at - started_at) AS took, error
FROM sync_runs
WHERE source IN ($source) AND $__timeFilter(started_at)
ORDER BY run_id DESC
LIMIT 100
"""
_ALERTS = """\
SELECT channel, count(*) FILTER (WHERE status = 'pending') AS pending, count(*) FILTER (WHERE status = 'dead') AS dead,
       min(created_at) FILTER (WHERE status = 'pending') AS oldest, max(last_error) AS an_error
FROM deliveries
WHERE status <> 'delivered'
GROUP BY channel
ORDER BY channel
"""
_SOURCES = "SELECT source FROM sources ORDER BY source"

_POSTGRES = {"type": "grafana-postgresql-datasource", "uid": "${DS_POSTGRES}"}
_PROMETHEUS = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}

_INPUTS = [
    {
        "name": "DS_POSTGRES",
        "label": "Postgres",
        "description": "The database of the catalog, by a role that reads its views.",
        "type": "datasource",
        "pluginId": _POSTGRES["type"],
        "pluginName": "PostgreSQL",
    },
    {
        "name": "DS_PROMETHEUS",
        "label": "Prometheus",
        "description": "What reads the metrics of the catalog.",
        "type": "datasource",
        "pluginId": _PROMETHEUS["type"],
        "pluginName": "Prometheus",
    },
]

# Colours say no more than the words beside them.
_STATES = {1: ("listed", "green"), 2: ("deprecated", "orange"), 3: ("retired, still listed", "red")}
_STATES |= {4: ("missing", "purple"), 5: ("not looked since", "#808080")}
_STATUSES = {"complete": "green", "running": "blue", "partial": "yellow", "held": "orange", "failed": "red"}
_STATUSES |= {"superseded": "#808080", "skipped": "#808080", "abandoned": "red"}


def page() -> str:
    """Write the file."""
    return json.dumps(_dashboard(), indent=2) + "\n"


def _dashboard() -> Json:
    panels = _panels()
    return {
        "__inputs": _INPUTS,
        "__elements": {},
        "__requires": _requires(panels),
        "id": None,
        "uid": "model-catalog",
        "title": "Model catalog",
        "description": "Which models are listed, which retire, what changed, and whether the catalog works.",
        "tags": ["models"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "fiscalYearStartMonth": 0,
        "weekStart": "",
        "timezone": "utc",
        "time": {"from": "now-1y", "to": "now"},
        "timepicker": {},
        "refresh": "5m",
        "links": [],
        "annotations": {"list": [_notes()]},
        "templating": {"list": [_source_variable()]},
        "panels": panels,
    }


def _requires(panels: list[Json]) -> list[Json]:
    kinds = sorted({panel["type"] for panel in panels})
    sources = [{"type": "datasource", "id": one["pluginId"], "name": one["pluginName"]} for one in _INPUTS]
    used = [*sources, *({"type": "panel", "id": kind, "name": kind} for kind in kinds)]
    return [
        {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "11.0.0"},
        *(one | {"version": ""} for one in used),
    ]


def _notes() -> Json:
    return {
        "name": "Came and went",
        "datasource": _POSTGRES,
        "enable": True,
        "hide": False,
        "iconColor": "blue",
        "target": _sql(_NOTES),
    }


def _source_variable() -> Json:
    return {
        "name": "source",
        "label": "Source",
        "type": "query",
        "datasource": _POSTGRES,
        "query": _SOURCES,
        "refresh": 1,
        "regex": "",
        "sort": 0,
        "multi": True,
        "includeAll": True,
        "options": [],
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "skipUrlSync": False,
    }


def _panels() -> list[Json]:
    """Give the panels, row by row."""
    rows = [_state_of_things(), _what_matters(), [_lifespans()], _over_time(), _operation(), _as_prometheus_sees_it()]
    panels, y = [], 0
    for row in rows:
        x = 0
        for width, height, panel in row:
            grid = {"x": x, "y": y, "w": width, "h": height}
            panels.append({"id": len(panels) + 1, "gridPos": grid, **panel})
            x += width
        y += row[0][1]
    return panels


_Placed = tuple[int, int, Json]  # width, height, panel


def _state_of_things() -> list[_Placed]:
    age = _stat("Age of the last whole walk", _sql(_AGE), unit="s", steps=_stale_steps(), nothing="never")
    age["description"] = (
        f"Red past {_STALE_SECONDS // 3600} hours, the default of stale_after. Where your configuration says "
        "otherwise, change the threshold, and that of the ages over time."
    )
    held = _stat(
        "Held",
        _prometheus('max by (source) (catalog_held{source=~"$source"})', "{{source}}"),
        steps=_steps(("green", None), ("red", 1)),
        mappings=_mappings({0: ("no", "green"), 1: ("waits for a person", "red")}),
        nothing="unknown",
    )
    return [(8, 5, _stat("Listed", _sql(_LISTED), steps=_steps(("text", None)))), (8, 5, age), (8, 5, held)]


def _what_matters() -> list[_Placed]:
    days = _steps(("red", None), ("orange", 30), ("green", 90))
    retiring = _table("Retires next", _RETIRING, _override("days_left", **_background(thresholds=days)))
    retiring["description"] = "Listed models with a date, the nearest first. Below 0 the date has passed: overdue."
    changes = _table("Latest changes", _CHANGES)
    changes["description"] = "Of the chosen time, baselines left out. A change had happened by observed_at."
    return [(10, 10, retiring), (14, 10, changes)]


def _lifespans() -> _Placed:
    panel = _panel("state-timeline", "Lifespans", _sql(_LIFESPANS, as_="time_series"))
    panel["description"] = (
        f"The {_MODELS_DRAWN} models that retire, or came or went last. A bar begins with the look that showed the "
        "model, so it may have come at any time since the look before. No bar: not listed."
    )
    panel["fieldConfig"] = _fields(
        mappings=_mappings(_STATES),
        custom={"lineWidth": 0, "fillOpacity": 80},
    )
    panel["options"] = {
        "alignValue": "left",
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "mergeValues": True,
        "rowHeight": 0.8,
        "showValue": "auto",
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return 24, 18, panel


def _over_time() -> list[_Placed]:
    length = _lines("Listed over time", _sql(_LENGTH, as_="time_series"), lineInterpolation="stepAfter")
    months = _panel("barchart", "Came and went, by month", _sql(_MONTHS))
    months["fieldConfig"] = _fields(
        _override("came", color={"mode": "fixed", "fixedColor": "green"}),
        _override("went", color={"mode": "fixed", "fixedColor": "red"}),
        custom={"fillOpacity": 80, "lineWidth": 1},
    )
    months["options"] = {
        "xField": "month",
        "orientation": "auto",
        "showValue": "auto",
        "stacking": "none",
        "groupWidth": 0.7,
        "barWidth": 0.9,
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "single", "sort": "none"},
    }
    return [(12, 9, length), (12, 9, months)]


def _operation() -> list[_Placed]:
    words = {status: (status, colour) for status, colour in _STATUSES.items()}
    runs = _table(
        "Runs",
        _RUNS,
        _override("status", **_background(mappings=_mappings(words))),
        _override("took", unit="s", decimals=1),
    )
    alerts = _table("Alerts pending and dead", _ALERTS)
    alerts["description"] = "Channels that have not taken all of their alerts: see `catalog alerts`."
    return [(15, 10, runs), (9, 10, alerts)]


def _as_prometheus_sees_it() -> list[_Placed]:
    whole = "catalog_last_whole_walk_timestamp_seconds"
    ages = _lines(
        "Age of the last whole walk, over time",
        _prometheus(f'time() - max by (source) ({whole}{{source=~"$source"}})', "{{source}}"),
        thresholdsStyle={"mode": "line"},
    )
    ages["fieldConfig"]["defaults"] |= {"unit": "s", "thresholds": _stale_steps()}
    failed = _lines(
        "Runs that failed in a row",
        _prometheus('max by (source) (catalog_runs_failed_in_a_row{source=~"$source"})', "{{source}}"),
    )
    alerts = _lines(
        "Alerts pending and dead, over time",
        _prometheus("max by (channel) (catalog_alerts_pending)", "{{channel}}, pending"),
        _prometheus("max by (channel) (catalog_alerts_dead)", "{{channel}}, dead", name="B"),
    )
    return [(8, 8, ages), (8, 8, failed), (8, 8, alerts)]


def _stat(title: str, target: Json, *, nothing: str = "none", **defaults: Any) -> Json:
    panel = _panel("stat", title, target)
    steps = defaults.pop("steps")
    panel["fieldConfig"] = _fields(color={"mode": "thresholds"}, thresholds=steps, noValue=nothing, **defaults)
    panel["options"] = {
        "colorMode": "background_solid" if len(steps["steps"]) > 1 else "none",
        "graphMode": "none",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
        # Of SQL each row is a value of its own; of Prometheus the newest one of each series counts.
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": target["datasource"] == _POSTGRES},
    }
    return panel


def _table(title: str, sql: str, *overrides: Json) -> Json:
    panel = _panel("table", title, _sql(sql))
    panel["fieldConfig"] = _fields(*overrides, custom={"align": "auto", "filterable": True})
    panel["options"] = {"showHeader": True, "cellHeight": "sm"}
    return panel


def _lines(title: str, *targets: Json, **custom: Any) -> Json:
    panel = _panel("timeseries", title, *targets)
    panel["fieldConfig"] = _fields(
        min=0, custom={"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "never"} | custom
    )
    panel["options"] = {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return panel


def _panel(kind: str, title: str, *targets: Json) -> Json:
    return {"type": kind, "title": title, "datasource": targets[0]["datasource"], "targets": list(targets)}


def _sql(statement: str, *, as_: str = "table") -> Json:
    """Ask Postgres; of a time series Grafana takes the column `metric` as the name of each series."""
    written = {"rawQuery": True, "editorMode": "code", "format": as_, "rawSql": statement}
    return {"refId": "A", "datasource": _POSTGRES, **written}


def _prometheus(expression: str, legend: str, *, name: str = "A") -> Json:
    asked = {"editorMode": "code", "expr": expression, "legendFormat": legend, "range": True, "instant": False}
    return {"refId": name, "datasource": _PROMETHEUS, **asked}


def _fields(*overrides: Json, **defaults: Any) -> Json:
    return {"defaults": defaults, "overrides": list(overrides)}


def _override(field: str, **properties: Any) -> Json:
    told = [{"id": name.replace("_", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": "byName", "options": field}, "properties": told}


def _background(**properties: Any) -> Json:
    return {"custom_cellOptions": {"type": "color-background", "mode": "basic"}, **properties}


def _steps(*steps: tuple[str, int | None]) -> Json:
    return {"mode": "absolute", "steps": [{"color": colour, "value": value} for colour, value in steps]}


def _stale_steps() -> Json:
    return _steps(("green", None), ("red", _STALE_SECONDS))


def _mappings(words: dict[Any, tuple[str, str]]) -> list[Json]:
    options = {
        str(value): {"text": text, "color": colour, "index": index}
        for index, (value, (text, colour)) in enumerate(words.items())
    }
    return [{"type": "value", "options": options}]
