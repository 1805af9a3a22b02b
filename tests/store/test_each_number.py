"""Each number and time that views and metrics show is the one that a hand would write down: no two of them are alike.

The tables name every column of every view and every metric; one that is new and not in them fails.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from catalog import __version__
from catalog.domain import Policy
from catalog.events import DeliveryError
from catalog.monitor import metrics
from catalog.store.outbox import queue
from catalog.store.schema import versions, views
from tests import server as play
from tests.store.delivering import enqueue, message
from tests.store.world import World

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]

EPOCH = 1_767_225_600  # 2026-01-01T00:00:00Z, when the story begins, in seconds since 1970
KEPT = ("k1", "k2")
RETIRE = {  # all others: 2099; g2 is gone by the end
    "g2": "2096-01-01T00:00:00Z",
    "k2": "2098-01-01T00:00:00Z",
    "w": "2096-01-01T00:00:00Z",
    "y": "2097-01-01T00:00:00Z",
}


def lists(world: World, *ids: str, **renamed: str) -> None:
    """Let the list show models; `c1="New"` gives one another name than its own. No two fields are alike."""
    fields = {
        "type": "kind of model",
        "created_at": "2026-02-19T07:30:00.25Z",
        "lifecycle": "deprecated",
        "deprecated_at": "2026-03-01T00:00:00Z",
        "line": "opus",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "capabilities": {"batch": True},
    }
    world.server.models = [
        {"id": id, "display_name": renamed.get(id, id), "retires_at": RETIRE.get(id, "2099-01-01T00:00:00Z"), **fields}
        for id in ids
    ]


@pytest.fixture
def told(world: World) -> World:
    """A story of two sources and two channels, in which no two counts of a run are the same.

    Pages hold two models and take a minute each. No moment of it is told by two columns of a row, unless they must be.
    """
    world.page_size, world.policy = 2, Policy(max_removed_percent=99)
    back, changed = ("r1", "r2"), ("c1", "c2", "c3")
    missing, gone = ("m1", "m2", "m3", "m4", "m5", "m6"), ("g1", "g2", "g3", "g4", "g5")
    lists(world, *back, *changed, *missing, *gone, *KEPT)
    world.sync()  # run 1: 10 to 19
    lists(world, *changed, *missing, *gone, *KEPT)
    world.sync()  # run 2: 29 to 37
    lists(world, *changed, *missing, *KEPT)
    world.sync()  # run 3: 47 to 53; r1 and r2 are removed
    lists(world, *back, *changed, *KEPT, "n1", c1="New 1", c2="New 2", c3="New 3")
    world.sync(after=17)  # run 4: 70 to 74; all that can happen to a model happens
    lists(world, "x", "y", "z")
    world.sync(name="two", after=1)  # run 5: 75 to 77
    lists(world, "u", "v", "w", "x")
    world.sync(name="two", after=3)  # run 6: 80 to 82
    lists(world, "u")
    world.sync(name="two", after=1)  # run 7: 83 to 84
    lists(world, "t")
    world.sync(name="two", after=2)  # run 8: 86 to 87; held: all but the new one are missing
    world.cut(after=1)  # run 9: at 88
    lists(world, *changed)
    world.server.script(play.honest, play.error(500))
    world.sync(after=2)  # run 10: 90 to 91, cut on its second page
    enqueue(world, message("a"), message("b", type="catalog.held", run_id=None), message("d", "mail", source="two"))
    world.pass_minutes(2)
    enqueue(world, message("e"), message("f"), message("h", "mail", source="two"))
    world.pass_minutes(3)  # 96
    send(world, "team")
    send(world, "team", DeliveryError("not now", retry_after=120))
    send(world, "mail", DeliveryError("no such box", gone=True))
    world.pass_minutes(1)
    enqueue(world, message("i", "mail", source="two", due_at=world.now))
    return world


def send(world: World, channel: str, error: DeliveryError | None = None) -> None:
    """Send the oldest message of a channel, half a minute after it was leased."""
    leased = queue.lease(world.database, channel, world.now, lambda: "test")
    assert leased
    world.pass_minutes(0.5)
    if error is None:
        assert queue.ack(world.database, leased, world.now)
    else:
        assert queue.nack(world.database, leased, error, now=world.now)


FIELDS = {  # as `lists` has them
    "created_at": round(
        71_010 + 0.25 / 60, 6
    ),  # minutes since the story began: 49 days and 7.5 hours, and a quarter of a second
    "type": "kind of model",
    "lifecycle": "deprecated",
    "deprecated_at": 59 * 24 * 60,
    "retires_at": 26_663 * 24 * 60,
    "line": "opus",
    "max_input_tokens": 200_000,
    "max_tokens": 64_000,
    "attributes": {"capabilities": {"batch": True}, "created_at": "2026-02-19T07:30:00.25Z"},
}
COUNTS = ("pages", "models_seen", "added", "returned", "changed", "missing", "removed")
SCOPE = (
    '{"answered_workspace":null,"base_url":"URL","betas":[],"lifecycle":[],"organization":ORGANIZATION,"workspace":""}'
)
ANSWERED = SCOPE.replace("ORGANIZATION", '"11111111-2222-4333-8444-555555555555"')
CUT = "the models list of HOST: HTTP 500 (api_error, request REQUEST); given up after 1 try"
HELD = "6 of 6 models that were listed before are gone at once: they wait for --accept-removals"


def model(source: str, id: str, *seen: float | None, name: str | None = None) -> dict[str, Any]:
    times = dict(zip(("first_seen_at", "last_seen_at", "missing_since", "removed_at"), seen, strict=True))
    return {"source": source, "id": id, "display_name": name or id, **FIELDS, **times}


def state(source: str, id: str, valid_from: float, valid_to: float | None, name: str | None = None) -> dict[str, Any]:
    return {
        "source": source,
        "id": id,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "display_name": name or id,
        **FIELDS,
    }


def change(number: int, run_id: int, kind: str, model_id: str, *times: float | None, **more: Any) -> dict[str, Any]:
    not_before, observed_at, recorded_at = times
    source, baseline = ("one", run_id == 1) if run_id in {1, 3, 4} else ("two", run_id == 5)
    clock = f"{int(observed_at or 0) // 60:02}:{int(observed_at or 0) % 60:02}"
    field = f":{more['field']}" if more else ""
    return {
        "change_id": number,
        "run_id": run_id,
        "source": source,
        "model_id": model_id,
        "kind": kind,
        "field": None,
        "old_value": None,
        "new_value": None,
        "not_before": not_before,
        "observed_at": observed_at,
        "recorded_at": recorded_at,
        "baseline": baseline,
        "uid": f"{source}:{kind}:2026-01-01T{clock}:00.000000Z:{len(model_id)}:{model_id}{field}",
        **more,
    }


def run(run_id: int, source: str, began: float, ended: float, *counts: int, **more: Any) -> dict[str, Any]:
    fixed = {"status": "complete", "origin": "live", "started_at": began, "finished_at": ended, "scope": ANSWERED}
    numbers = dict(zip(COUNTS, counts or (0,) * len(COUNTS), strict=True))
    return {"run_id": run_id, "source": source, **fixed, **numbers, "error": None, **more}


def delivery(
    number: int, channel: str, status: str, attempts: int, *times: float | None, **more: Any
) -> dict[str, Any]:
    next_attempt_at, delivered_at, created_at = times
    return {
        "delivery_id": number,
        "channel": channel,
        "source": "one" if channel == "team" else "two",
        "run_id": 1,
        "type": "catalog.sync_failed",
        "status": status,
        "attempts": attempts,
        "next_attempt_at": next_attempt_at,
        "delivered_at": delivered_at,
        "last_error": None,
        "created_at": created_at,
        **more,
    }


# Each column of each view. Times are minutes since the story began. Of many models that fare alike one stands here.
ROWS: dict[str, list[dict[str, Any]]] = {
    "sources": [
        {
            "source": "one",
            "base_url": "URL",
            "scope": ANSWERED,
            "configured": True,
            "last_whole_at": 74,
            "last_status": "failed",
            "models_listed": 14,
        },
        {
            "source": "two",
            "base_url": "URL",
            "scope": ANSWERED,
            "configured": False,
            "last_whole_at": 87,
            "last_status": "held",
            "models_listed": 7,
        },
    ],
    "models": [
        model("one", "c1", 19, 74, None, None, name="New 1"),
        model("one", "g1", 19, 37, None, 53),
        model("one", "m1", 19, 53, 74, None),
        model("one", "n1", 74, 74, None, None),
        model("one", "r1", 19, 74, None, None),
        model("two", "t", 87, 87, None, None),
        model("two", "u", 82, 84, 87, None),
        model("two", "x", 77, 82, 84, None),
    ],
    "model_history": [
        state("one", "c1", 19, 74),
        state("one", "c1", 74, None, "New 1"),
        state("one", "g1", 19, 53),
        state("one", "m1", 19, None),
        state("one", "n1", 74, None),
        state("one", "r1", 19, 37),
        state("one", "r1", 74, None),
        state("two", "t", 87, None),
        state("two", "u", 82, None),
        state("two", "x", 77, None),
    ],
    "changes": [
        change(1, 1, "added", "r1", None, 19, 19),
        change(3, 1, "added", "c1", None, 19, 19),
        change(6, 1, "added", "m1", None, 19, 19),
        change(12, 1, "added", "g1", None, 19, 19),
        change(19, 3, "removed", "r1", 10, 37, 53),
        change(21, 4, "added", "n1", 47, 74, 74),
        change(22, 4, "returned", "r1", 47, 74, 74),
        change(24, 4, "changed", "c1", 47, 74, 74, field="display_name", old_value='"c1"', new_value='"New 1"'),
        change(27, 4, "removed", "g1", 29, 53, 74),
        change(32, 5, "added", "x", None, 77, 77),
        change(35, 6, "added", "u", 75, 82, 82),
        change(38, 8, "added", "t", 83, 87, 87),
    ],
    "sync_runs": [
        run(1, "one", 10, 19, 9, 18, 18, 0, 0, 0, 0),
        run(2, "one", 29, 37, 8, 16, 0, 0, 0, 2, 0),
        run(3, "one", 47, 53, 6, 11, 0, 0, 0, 5, 2),
        run(4, "one", 70, 74, 4, 8, 1, 2, 3, 6, 5),
        run(5, "two", 75, 77, 2, 3, 3, 0, 0, 0, 0),
        run(6, "two", 80, 82, 2, 4, 3, 0, 0, 2, 0),
        run(7, "two", 83, 84, 1, 1, 0, 0, 0, 5, 0),
        run(8, "two", 86, 87, 1, 1, 1, 0, 0, 6, 0, status="held", error=HELD),
        run(9, "one", 88, 88, status="failed", scope=SCOPE.replace("ORGANIZATION", "null"), error=CUT),
        run(10, "one", 90, 91, status="failed", scope=SCOPE.replace("ORGANIZATION", "null"), error=CUT),
    ],
    "deliveries": [
        delivery(1, "team", "delivered", 1, None, 96.5, 91),
        delivery(2, "team", "pending", 1, 99, None, 91, run_id=None, type="catalog.held", last_error="not now"),
        delivery(3, "mail", "dead", 1, None, None, 91, last_error="no such box"),
        delivery(4, "team", "pending", 0, 99, None, 93),
        delivery(5, "team", "pending", 0, 99, None, 93),
        delivery(6, "mail", "dead", 0, None, None, 93, last_error="no such box"),
        delivery(7, "mail", "pending", 0, 98.5, None, 98.5),
    ],
}
ORDERED = {"sources": 1, "models": 2, "model_history": 3, "changes": 1, "sync_runs": 1, "deliveries": 1}  # columns


def test_every_column_of_every_view_is_in_the_table() -> None:
    assert {name: tuple(view.c.keys()) for name, view in views.surface.tables.items()} == {
        name: tuple(row.keys()) for name, found in ROWS.items() for row in found
    }


def test_each_column_of_each_view_tells_what_happened(told: World) -> None:
    assert {view: rows(told, view) for view in ROWS} == ROWS


def rows(world: World, view: str) -> list[dict[str, Any]]:
    """Read the rows of a view, but for those of models that fare as another one does."""
    others = {"r2", "c2", "c3", "k1", "k2", "y", "z", "v", "w", *(f"{x}{n}" for x in "mg" for n in range(2, 7))}
    columns, read = views.surface.tables[view].c.keys(), plain(world)
    found = [dict(zip(columns, map(read, row), strict=True)) for row in world.rows(view, *columns)]
    found.sort(key=lambda row: [row[name] for name in columns[: ORDERED[view]]])
    return [row for row in found if row.get("id", row.get("model_id")) not in others]


def plain(world: World) -> Callable[[Any], Any]:
    """Take the address of the server and the numbers of requests out of a text; round a time to a microsecond."""

    def read(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 6)
        if not isinstance(value, str):
            return value
        url = world.server.url
        return re.sub(r"req_\d+", "REQUEST", value.replace(url, "URL").replace(url.removeprefix("http://"), "HOST"))

    return read


# Each metric, by its labels. Times are seconds since 1970, spans seconds.
BY_SOURCE: dict[str, tuple[float, float]] = {
    "catalog_models_listed": (14, 7),
    "catalog_models_missing": (6, 6),
    "catalog_models_added_total": (1, 4),
    "catalog_models_removed_total": (7, 0),
    "catalog_last_whole_walk_timestamp_seconds": (EPOCH + 74 * 60, EPOCH + 87 * 60),
    "catalog_last_run_timestamp_seconds": (EPOCH + 91 * 60, EPOCH + 87 * 60),
    "catalog_last_run_duration_seconds": (60, 60),
    "catalog_runs_failed_in_a_row": (2, 0),
    "catalog_held": (0, 1),
}
BY_CHANNEL: dict[str, tuple[float | None, float | None, float | None]] = {  # mail, quiet, team
    "catalog_alerts_pending": (1, 0, 3),
    "catalog_alerts_dead": (2, 0, 0),
    "catalog_alerts_oldest_pending_timestamp_seconds": (EPOCH + 98.5 * 60, None, EPOCH + 91 * 60),
    "catalog_alerts_next_attempt_timestamp_seconds": (EPOCH + 98.5 * 60, None, EPOCH + 99 * 60),
}
METRICS: dict[str, dict[tuple[str, ...], float]] = {
    "catalog_build_info": {(__version__, versions.HEAD): 1},
    "catalog_last_run_status": {("one", "failed"): 1, ("two", "held"): 1},
    "catalog_next_retirement_timestamp_seconds": {
        ("one", "all"): 4_039_372_800,  # 2098-01-01
        ("two", "all"): 3_976_214_400,  # 2096-01-01, of w
        ("two", "watched"): 4_007_836_800,  # 2097-01-01, of y
    },
    **{name: {("one",): one, ("two",): two} for name, (one, two) in BY_SOURCE.items()},
    **{
        name: {
            (channel,): value
            for channel, value in zip(("mail", "quiet", "team"), values, strict=True)
            if value is not None
        }
        for name, values in BY_CHANNEL.items()
    },
}


def test_each_metric_tells_what_happened(told: World) -> None:
    page = metrics.page(told.database, channels=["quiet", "team"], watched=["u", "v", "x", "y", "z"]).decode()
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in metrics.METRICS[sample.name][0])
            found.setdefault(sample.name, {})[labels] = sample.value
    assert found == METRICS
    assert found.keys() == metrics.METRICS.keys()
