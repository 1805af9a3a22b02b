"""The dashboard asks what can be answered: its statements run on a catalog with a history, its metrics are told."""

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import dict_row

from catalog.domain import Status
from catalog.monitor.metrics import METRICS
from catalog.store.schema import views
from tests.docs.test_cookbook import HAIKU, live
from tests.server import ModelsServer
from tests.store import world as worlds

Json = dict[str, Any]

DASHBOARD: Json = json.loads((Path(__file__).parents[2] / "deploy/grafana/catalog.json").read_text("utf-8"))
PANELS: list[Json] = DASHBOARD["panels"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
ANNOTATIONS: list[Json] = DASHBOARD["annotations"]["list"]
VARIABLES: list[Json] = DASHBOARD["templating"]["list"]
STATEMENTS: dict[str, str] = {
    **{title: target["rawSql"] for title, target in TARGETS if "rawSql" in target},
    **{one["name"]: one["target"]["rawSql"] for one in ANNOTATIONS},
    **{f"${one['name']}": one["query"] for one in VARIABLES},
}
EXPRESSIONS: list[str] = [target["expr"] for _, target in TARGETS if "expr" in target]
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
CLAUDE = "claude-opus-4-7 (one)"
MISSING = "claude-opus-4-6 (one)"
GONE = "claude-2.1 (one)"


def filled(statement: str, sources: list[str], *, begin: datetime = BEGIN) -> str:
    """Put in what Grafana puts in for its macros, and for the variable the sources that are chosen."""
    span = {"timeFrom": f"'{begin.isoformat()}'", "timeTo": f"'{datetime.now(UTC).isoformat()}'"}
    sql = re.sub(r"\$__timeFilter\((\w+)\)", r"\1 BETWEEN $__timeFrom() AND $__timeTo()", statement)
    sql = re.sub(r"\$__(timeFrom|timeTo)\(\)", lambda found: span[found[1]], sql)
    return sql.replace("$source", ", ".join(f"'{source}'" for source in sources))


@dataclass(frozen=True, kw_only=True)
class Reader:
    """A role that may read the views, but for what tells who asks and where, and nothing below them."""

    connection: "psycopg.Connection[dict[str, Any]]"

    def asks(self, name: str, **options: Any) -> list[Json]:
        every = [row["source"] for row in self.connection.execute(STATEMENTS["$source"])]
        return self.connection.execute(filled(STATEMENTS[name], every, **options)).fetchall()


@pytest.fixture(scope="module")
def catalog(migrated_database: str, postgres_server: Any) -> Iterator[str]:
    """The URL of a catalog that lived through the story of the cookbook's tests."""
    with postgres_server.database(migrated_database) as url:
        server = ModelsServer().start()
        world = worlds.build(server, url)
        live(world)
        world.database.close()
        server.close()
        yield url


@pytest.fixture
def reader(catalog: str) -> Iterator[Reader]:
    url = sa.make_url(catalog).set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(psycopg.connect(url, row_factory=dict_row)) as connection:
        connection.execute("CREATE ROLE catalog_looker")  # rolled back at the end
        for name, view in views.surface.tables.items():
            columns = ", ".join(set(view.columns.keys()) - {"scope", "base_url"})
            connection.execute(f"GRANT SELECT ({columns}) ON {name} TO catalog_looker")
        connection.execute("SET LOCAL ROLE catalog_looker")
        yield Reader(connection=connection)


# Statements


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_reads_the_views_alone_and_finds_something(name: str, reader: Reader) -> None:
    assert reader.asks(name) != []
    assert "$" not in filled(STATEMENTS[name], ["one"])


@pytest.mark.parametrize("closed", ["1 FROM catalog_model", "scope FROM sync_runs", "base_url FROM sources"])
def test_no_statement_could_read_a_table_or_who_asks_and_where(closed: str, reader: Reader) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.connection.execute(f"SELECT {closed}")


def test_the_length_of_the_list_ends_with_what_is_listed(reader: Reader) -> None:
    lengths = {row["metric"]: row["listed"] for row in reader.asks("Listed over time")}
    listed = reader.connection.execute("SELECT source, models_listed FROM sources").fetchall()
    assert lengths == {row["source"]: row["models_listed"] for row in listed}


def test_the_length_of_the_list_is_told_from_the_left_edge_on(reader: Reader) -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    rows = reader.asks("Listed over time", begin=begin)
    assert rows[0] == {"time": begin, "metric": "one", "listed": 3}
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)


@pytest.mark.parametrize("title", [title for title, target in TARGETS if target.get("format") == "time_series"])
def test_a_time_series_has_the_three_columns_that_name_it(title: str, reader: Reader) -> None:
    assert {tuple(row)[:2] for row in reader.asks(title)} == {("time", "metric")}
    assert {len(row) for row in reader.asks(title)} == {3}


def test_lifespans_tell_each_model_at_each_moment_and_end_when_it_goes(reader: Reader) -> None:
    rows = reader.asks("Lifespans")
    moments, names = {row["time"] for row in rows}, {row["metric"] for row in rows}
    assert len(rows) == len(moments) * len(names)
    assert names >= {CLAUDE, MISSING, GONE, f"{HAIKU} (one)"}
    told = {name: [row["state"] for row in rows if row["metric"] == name] for name in names}
    turns = {name: [state for state, _ in itertools.groupby(states)] for name, states in told.items()}
    assert turns[GONE] == [None, 1, None]
    assert turns[f"{HAIKU} (one)"] == [None, 1, 2, 5]  # listed, deprecated, not looked since
    assert turns[CLAUDE] == [None, 1, 5]
    assert turns[MISSING] == [None, 1, 4]
    assert turns["claude-2.0 (one)"] == [None, 1, None, 1, None]  # it came back


def test_lifespans_begin_at_the_left_edge(reader: Reader) -> None:
    begin = datetime(2026, 3, 25, tzinfo=UTC)
    rows = reader.asks("Lifespans", begin=begin)
    first = {row["metric"]: row["state"] for row in rows if row["time"] == begin}
    assert min(row["time"] for row in rows) == begin
    assert (first[f"{HAIKU} (one)"], first[CLAUDE]) == (2, None)
    assert GONE not in first


def test_a_note_spans_the_time_in_which_it_happened(reader: Reader) -> None:
    notes = reader.asks("Came and went")
    assert all(note["time"] <= note["timeend"] for note in notes)
    assert "claude-opus-4-7 added (one)" in {note["text"] for note in notes}


# Metrics


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_names_metrics_and_labels_that_are_told(expression: str) -> None:
    (name,) = re.findall(r"\bcatalog_\w+", expression)
    labels, _ = METRICS[name]
    named = re.findall(r"by \((\w+)\)|\{(\w+)=", expression)
    assert {label for pair in named for label in pair if label} <= set(labels)


# Structure


def test_the_panels_are_those_that_are_needed() -> None:
    kinds = {panel["title"]: panel["type"] for panel in PANELS}
    assert kinds == {
        "Listed": "stat",
        "Age of the last whole walk": "stat",
        "Held": "stat",
        "Retires next": "table",
        "Latest changes": "table",
        "Lifespans": "state-timeline",
        "Listed over time": "timeseries",
        "Came and went, by month": "barchart",
        "Runs": "table",
        "Alerts pending and dead": "table",
        "Age of the last whole walk, over time": "timeseries",
        "Runs that failed in a row": "timeseries",
        "Alerts pending and dead, over time": "timeseries",
    }
    assert len(STATEMENTS) == len([*TARGETS, *ANNOTATIONS, *VARIABLES]) - len(EXPRESSIONS)


def test_panels_have_ids_of_their_own_and_do_not_lie_over_each_other() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in PANELS)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))  # the width of a dashboard


def test_every_source_of_data_is_an_input() -> None:
    inputs = {f"${{{one['name']}}}": one["pluginId"] for one in DASHBOARD["__inputs"]}
    used = [*PANELS, *(target for _, target in TARGETS), *ANNOTATIONS, *VARIABLES]
    used += [one["target"] for one in ANNOTATIONS]
    assert [one for one in used if inputs.get(one["datasource"]["uid"]) != one["datasource"]["type"]] == []
    assert {one["datasource"]["uid"] for one in used} == set(inputs)
    required = {(one["type"], one["id"]) for one in DASHBOARD["__requires"]}
    assert required == {
        ("grafana", "grafana"),
        *(("datasource", plugin) for plugin in inputs.values()),
        *(("panel", panel["type"]) for panel in PANELS),
    }


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_is_one_that_grafana_reads(panel: Json) -> None:
    assert {"type", "title", "id", "gridPos", "datasource", "targets", "fieldConfig", "options"} <= panel.keys()
    assert panel["fieldConfig"].keys() == {"defaults", "overrides"}
    names = [target["refId"] for target in panel["targets"]]
    assert len(names) == len(set(names))
    for target in panel["targets"]:
        assert target.get("format", "table") in {"table", "time_series"}
        assert ("rawSql" in target) == (target["datasource"]["type"] == "grafana-postgresql-datasource")


def test_the_file_can_be_imported_anew() -> None:
    assert DASHBOARD["id"] is None
    assert isinstance(DASHBOARD["schemaVersion"], int)
    assert re.fullmatch(r"[a-z-]{1,40}", DASHBOARD["uid"])


def test_red_begins_where_the_program_calls_a_source_stale() -> None:
    ages = [panel for panel in PANELS if panel["title"].startswith("Age")]
    steps = [panel["fieldConfig"]["defaults"]["thresholds"]["steps"] for panel in ages]
    assert steps == [[{"color": "green", "value": None}, {"color": "red", "value": 3 * 60 * 60}]] * 2
    assert "interval '10800 seconds'" in STATEMENTS["Lifespans"]


def test_every_status_and_every_state_has_words() -> None:
    (runs,) = [panel for panel in PANELS if panel["title"] == "Runs"]
    properties = {one["id"]: one["value"] for one in runs["fieldConfig"]["overrides"][0]["properties"]}
    assert set(properties["mappings"][0]["options"]) == set(Status)
    (spans,) = [panel for panel in PANELS if panel["type"] == "state-timeline"]
    (words,) = spans["fieldConfig"]["defaults"]["mappings"]
    assert list(words["options"]) == ["1", "2", "3", "4", "5"]
