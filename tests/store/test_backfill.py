"""Answers of the past as runs: dated by themselves, judged as any other, closed by the first live one; none is told."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from catalog import health
from catalog.domain import Origin
from catalog.errors import AnswerError, ConfigError, Exit
from catalog.health import SourceCheck
from catalog.monitor import metrics
from catalog.service import backfill
from catalog.service.backfill import BusyError, Filled, Waits, Wish
from catalog.service.looks import Look
from catalog.service.sync import Options, SourceSync
from catalog.store.engine import locks
from catalog.store.outbox import enqueue
from catalog.store.queries import history, run_report
from catalog.store.schema import invariants, tables, views
from tests import server as play
from tests.store.delivering import take_all
from tests.store.world import START, World
from tests.subscribing import rule, subscriptions

pytestmark = pytest.mark.promise("P1", "P3", "P4", "P5")

DAY = timedelta(days=1)
TEN = "abcdefghij"


def answer(*ids: str, **members: Any) -> bytes:
    fields = members.pop("fields", {})
    return json.dumps(play.page([play.model(id, **fields) for id in ids], **members)).encode()


def look(day: float, body: bytes | Exception, name: str = "") -> Look:
    """A look that many days before the story begins."""
    at = START + (day - 1000) * DAY

    def read() -> bytes:
        if isinstance(body, Exception):
            raise body
        return body

    return Look(begin=at, end=at, name=name or f"day {day:g}", read=read)


def fill(world: World, *looks: Look, name: str = "one", **wish: Any) -> Filled:
    return backfill.fill(world.database, world.source(name), looks, Wish(**wish))


def days(world: World, view: str, *columns: str, **where: Any) -> list[tuple[Any, ...]]:
    """Rows of a view; times in days of the past."""
    table = views.surface.tables[view]
    wanted = sa.select(*(table.c[name] for name in columns)).order_by(table.c[columns[0]])
    wanted = wanted.where(*(table.c[name] == value for name, value in where.items()))
    with world.database.read() as connection:
        return [tuple(map(in_days, row)) for row in connection.execute(wanted)]


def in_days(value: Any) -> Any:
    return (value - START) / DAY + 1000 if isinstance(value, datetime) else value


def test_each_look_is_a_run_of_its_own_time(world: World) -> None:
    world.lists("z")
    world.sync(name="two")  # what other sources do now moves nothing of the past
    done = fill(world, look(1, answer("a")), look(2, answer("a", "b")), look(3, b"<html>"), look(4, answer("a", "b")))
    assert (done.looks, done.known, done.held) == (4, 0, ())
    assert days(world, "sync_runs", "run_id", "origin", "status", "started_at", "finished_at", source="one") == [
        (2, "backfill", "complete", 1, 1),
        (3, "backfill", "complete", 2, 2),
        (4, "backfill", "failed", 3, 3),
        (5, "backfill", "complete", 4, 4),
    ]
    assert days(
        world, "changes", "change_id", "model_id", "not_before", "observed_at", "recorded_at", "baseline", source="one"
    ) == [(2, "a", None, 1, 1, True), (3, "b", 1, 2, 2, False)]
    assert days(world, "models", "id", "first_seen_at", "last_seen_at", source="one") == [("a", 1, 4), ("b", 2, 4)]
    assert days(world, "sync_runs", "run_id", "error", status="failed")[0][1].startswith("day 3: ")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the answer is empty"),
        (b"\x00\xff\x93garbage", "plain text"),
        (b"<html>", "HTML page"),
        (answer("a", has_more=True), "more follows (`has_more`)"),
        (answer("a", next_page_token="x"), "more follows (`next_page_token`)"),
        (json.dumps(play.problem("overloaded_error")).encode(), "the answer is an error"),
        (b'{"data": [{"id": 5}]}', "usable `id`"),
        (AnswerError("the file was deleted"), "the file was deleted"),
    ],
)
def test_an_answer_that_is_not_the_whole_list_is_a_failed_run_and_proves_nothing(
    world: World, body: bytes | Exception, words: str
) -> None:
    fill(world, look(1, answer("a", "b")), look(2, body), look(3, answer("a", "b")))
    assert days(world, "sync_runs", "run_id", "status") == [(1, "complete"), (2, "failed"), (3, "complete")]
    assert words in days(world, "sync_runs", "run_id", "error")[1][1]
    assert days(world, "models", "id", "missing_since", "removed_at") == [("a", None, None), ("b", None, None)]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"data": [play.model("a")]}).encode(),
        answer("a", last_id="another"),
        b"\xef\xbb\xbf" + answer("a"),
    ],
)
def test_an_answer_is_one_whole_page_unless_it_says_otherwise(world: World, body: bytes) -> None:
    fill(world, look(1, body))
    assert days(world, "sync_runs", "run_id", "status", "models_seen") == [(1, "complete", 1)]


def test_an_empty_list_is_no_beginning_and_later_is_held(world: World) -> None:
    done = fill(world, look(1, answer()), look(2, answer(*TEN)), look(3, answer()), look(4, answer(*TEN[:9])))
    assert days(world, "sync_runs", "run_id", "status") == [(1, "failed"), (2, "complete"), (3, "held"), (4, "held")]
    assert [model.model_id for model in done.held] == ["j"]


def test_a_removal_takes_two_looks_that_lie_apart_and_is_dated_to_the_first(world: World) -> None:
    minutes = 1 / 24 / 60
    fill(world, look(1, answer("a", "b")), look(2, answer("a")), look(2 + 10 * minutes, answer("a")))
    assert days(world, "models", "id", "missing_since") == [("a", None), ("b", 2)]
    fill(world, look(2 + 20 * minutes, answer("a")))
    assert days(world, "models", "id", "removed_at") == [("a", None), ("b", 2)]
    assert days(world, "changes", "recorded_at", "observed_at", "not_before", kind="removed") == [
        (pytest.approx(2 + 20 * minutes), 2, 1)
    ]


# The same command again


def test_the_same_command_twice_has_nothing_to_do_and_a_record_that_grew_goes_on(world: World) -> None:
    looks = [look(day, answer("a", *"b" * (day > 2))) for day in range(1, 6)]
    fill(world, *looks[:3])
    before = days(world, "sync_runs", *views.sync_runs.c.keys())
    assert fill(world, *looks[:3]) == Filled(looks=0, known=3, last_run_before=3, held=())
    assert days(world, "sync_runs", *views.sync_runs.c.keys()) == before
    assert (fill(world, *looks).looks, fill(world, *looks).looks) == (2, 0)
    assert fill(world, look(7, answer("a", "b"))).looks == 1


@pytest.mark.parametrize("day", [0.5, 1.5, 2.5])
def test_a_look_that_is_older_than_what_is_recorded_is_refused_and_nothing_is_added(world: World, day: float) -> None:
    looks = [look(1, answer("a")), look(2, answer("a")), look(3, answer("a"))]
    fill(world, *looks)
    with pytest.raises(ConfigError, match=rf"day {day}.* goes on to") as caught:
        fill(world, look(day, answer("a", "b")), *looks, look(4, answer("a", "c")))
    assert caught.value.exit_code == Exit.USAGE
    assert len(days(world, "sync_runs", "run_id")) == 3


def test_runs_that_were_dropped_since_are_no_reason_to_refuse_a_record(world: World) -> None:
    looks = [look(day, answer("a")) for day in range(1, 6)]
    fill(world, *looks)
    with world.database.write() as connection:
        connection.execute(tables.run.delete().where(tables.run.c.run_id == 2))
        connection.execute(tables.source.update().values(pruned_at=START))
    assert fill(world, *looks, look(6, answer("a"))).looks == 1


def test_what_was_recorded_before_a_kill_stays_and_the_rest_follows(world: World) -> None:
    class KilledError(BaseException):
        pass

    def die() -> bytes:
        raise KilledError

    looks = [look(day, answer(*TEN[:day])) for day in range(1, 6)]
    with suppress(KilledError):
        fill(world, *looks[:2], replace(looks[2], read=die), *looks[3:])
    assert days(world, "sync_runs", "run_id", "status") == [(1, "complete"), (2, "complete")]
    assert fill(world, *looks).looks == 3
    assert [row[1] for row in days(world, "models", "id", "first_seen_at")] == [1, 2, 3, 4, 5]


def test_killed_before_its_first_look_a_backfill_leaves_no_source(world: World) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        fill(world, look(1, answer("a")), on_look=die)
    assert days(world, "sources", "source") == []


# Only before the first live run


def test_the_first_live_run_closes_the_past(world: World) -> None:
    fill(world, look(1, answer("a")))
    world.lists("a")
    world.sync()
    with pytest.raises(ConfigError, match=r"the past of one is closed.*run 2") as caught:
        fill(world, look(1, answer("a")), look(2, answer("b")))
    assert caught.value.exit_code == Exit.USAGE
    assert len(days(world, "sync_runs", "run_id")) == 2
    fill(world, look(2, answer("b")), name="two")


@pytest.mark.warns
def test_a_live_run_that_recorded_nothing_does_not_close_it(world: World) -> None:
    world.cut()
    assert fill(world, look(1, answer("a")), look(2, answer("a"))).looks == 2
    assert days(world, "sync_runs", "run_id", "finished_at", origin="backfill") == [(2, 1), (3, 2)]


def test_while_another_run_is_active_nothing_is_recorded(world: World) -> None:
    with locks.hold(world.database, "one"), pytest.raises(BusyError) as caught:
        fill(world, look(1, answer("a")))
    assert caught.value.exit_code == Exit.BUSY
    assert days(world, "sync_runs", "run_id") == []


def test_a_live_run_that_was_merged_meanwhile_ends_it(world: World) -> None:
    world.lists("a", "z")

    def overtaken() -> bytes:
        source = world.source("one")
        with world.connect(source) as client:  # as on a host that does not see the lock
            SourceSync(database=world.database, source=source, client=client, options=Options()).run()
        return answer("b")

    with pytest.raises(BusyError, match="merged meanwhile"):
        fill(world, look(1, answer("a")), replace(look(2, b""), read=overtaken), look(3, answer("c")))
    statuses = [("complete", "backfill"), ("complete", "live"), ("superseded", "backfill")]
    assert [row[1:] for row in days(world, "sync_runs", "run_id", "status", "origin")] == statuses
    assert [row[0] for row in days(world, "models", "id")] == ["a", "z"]


# What is held


UNCLEAN = json.dumps(play.page([*map(play.model, "abc"), play.model("x") | {"id": 5}])).encode()
LOSS = [look(1, answer(*TEN)), look(2, answer(*"abc")), look(3, answer(*"abc"))]


def test_what_is_held_at_the_end_is_named_until_removals_are_accepted(world: World) -> None:
    done = fill(world, *LOSS)
    assert [model.model_id for model in done.held] == list("defghij")
    assert fill(world, *LOSS).held == done.held
    assert fill(world, *LOSS, accept_removals=True).held == ()
    assert days(world, "models", "id", "removed_at") == [(id, None if id in "abc" else 2) for id in TEN]
    [run] = days(world, "sync_runs", "run_id", "status", "removed", "error")[3:]
    assert run[:3] == (4, "complete", 7)
    assert "judged again" in run[3]
    assert days(world, "sync_runs", "run_id", "started_at")[3] == (4, 3)
    assert days(world, "sources", "source", "last_whole_at") == [("one", pytest.approx(3))]
    assert days(world, "changes", "recorded_at", kind="removed", model_id="d") == [(pytest.approx(3),)]
    assert fill(world, *LOSS, accept_removals=True).looks == 0
    assert fill(world, *LOSS, look(4, answer(*"abc"))).looks == 1


def test_what_only_the_last_look_lacks_waits_for_a_second_one(world: World) -> None:
    done = fill(world, *LOSS, look(4, answer("a")), accept_removals=True)
    assert [(model.model_id, in_days(model.missing_since)) for model in done.held] == [("b", 4), ("c", 4)]
    assert [row for row in days(world, "models", "id", "missing_since") if row[1]] == [("b", 4), ("c", 4)]
    once = fill(world, *LOSS[:2], name="two", accept_removals=True)
    assert len(once.held) == 7


@pytest.mark.parametrize(
    ("back", "removed"),
    [(8.5, None), (9.5, 2)],
)
def test_held_models_that_stayed_away_for_seven_days_are_removed_then(
    world: World, back: float, removed: float | None
) -> None:
    looks = [*LOSS, look(back - 0.1, answer(*"abc")), look(back, answer(*TEN)), look(20, answer(*TEN))]
    fill(world, *looks, accept_removals=True)
    gone = days(world, "changes", "recorded_at", "observed_at", kind="removed", model_id="d")
    assert gone == ([(pytest.approx(back - 0.1), removed)] if removed else [])
    assert len(days(world, "changes", "change_id", kind="returned")) == (7 if removed else 0)


def test_a_look_that_could_not_be_trusted_after_the_last_whole_one_accepts_nothing(world: World) -> None:
    unclean = json.dumps(play.page([*(play.model(id) for id in TEN), play.model("x") | {"id": 5}])).encode()
    assert fill(world, *LOSS, look(4, unclean), accept_removals=True).held == ()
    assert days(world, "models", "id", "removed_at") == [(id, None) for id in TEN]


def test_a_look_is_not_judged_again_once_an_unclean_one_showed_more(world: World) -> None:
    unclean = json.dumps(play.page([*(play.model(id) for id in "abcd"), play.model("x") | {"id": 5}])).encode()
    done = fill(world, *LOSS, look(4, unclean), accept_removals=True)
    assert [model.model_id for model in done.held] == list("efghij")
    assert len(days(world, "sync_runs", "run_id")) == 4


@pytest.mark.parametrize(
    ("looks", "accept", "waits"),
    [
        (LOSS, False, Waits.ACCEPTANCE),
        (LOSS, True, None),
        ([*LOSS, look(4, b"<html>")], False, Waits.ACCEPTANCE),
        ([*LOSS, look(4, b"<html>")], True, None),
        (LOSS[:2], False, Waits.SECOND_LOOK),
        (LOSS[:2], True, Waits.SECOND_LOOK),
        ([LOSS[0], look(2, answer()), look(3, b"<html>")], True, Waits.SECOND_LOOK),
        ([*LOSS, look(4, answer("a"))], False, Waits.ACCEPTANCE),
        ([*LOSS, look(4, answer("a"))], True, Waits.SECOND_LOOK),
        ([*LOSS, look(4, UNCLEAN)], False, Waits.WHOLE_LOOK),
        ([*LOSS, look(4, UNCLEAN)], True, Waits.WHOLE_LOOK),
    ],
)
def test_what_is_held_says_what_would_help_and_never_the_wish_that_was_just_granted(
    world: World, looks: Sequence[Look], accept: bool, waits: Waits | None
) -> None:
    for _ in range(3):
        done = fill(world, *looks, accept_removals=accept)
        assert (done.waits, bool(done.held)) == (waits, waits is not None)
        assert done.judged_again is None or waits is not Waits.ACCEPTANCE


def test_the_last_look_must_be_among_those_that_are_given_to_be_judged_again(world: World) -> None:
    fill(world, *LOSS)
    broken = look(9, b"<html>")
    assert fill(world, broken, accept_removals=True).waits is Waits.SAME_LOOKS
    assert fill(world, *LOSS, broken, accept_removals=True).waits is None


def test_a_look_that_is_judged_again_is_no_look_of_the_time_of_those_that_failed_since(world: World) -> None:
    looks = [*LOSS, look(4, b"<html>"), look(5, b"")]
    done = fill(world, *looks, accept_removals=True)
    assert (done.looks, done.judged_again) == (5, looks[2])
    assert days(world, "sync_runs", "run_id", "status", "started_at", "finished_at")[3:] == [
        (4, "failed", 4, 4),
        (5, "failed", 5, 5),
        (6, "complete", 3, pytest.approx(3)),
    ]
    assert days(world, "sources", "source", "last_whole_at") == [("one", pytest.approx(3))]
    before = days(world, "sync_runs", *views.sync_runs.c.keys())
    assert fill(world, *looks, accept_removals=True) == Filled(looks=0, known=5, last_run_before=6, held=())
    assert days(world, "sync_runs", *views.sync_runs.c.keys()) == before
    assert invariants.broken(world.database) == []
    assert fill(world, *looks, look(6, answer(*"abc"))).looks == 1


# The first live sync


@pytest.mark.parametrize("same_scope", [False, True])
def test_the_first_live_sync_is_a_baseline_unless_the_record_was_asked_as_now(world: World, same_scope: bool) -> None:
    at = subscriptions(rule())
    fill(world, look(1, answer(*"abc")), look(2, answer(*"abc")), same_scope=same_scope)
    world.lists("a", "b", "d")
    report = world.sync(subscriptions=at)
    assert (report.baseline, world.said) == (not same_scope, [("added", "d")])
    assert [each["type"] for each in take_all(world)] == ["catalog.changes"] * same_scope
    assert [model.model_id for model in report.missing] == ["c"]
    later = world.sync(after=60, subscriptions=at)
    assert (later.baseline, later.run.removed) == (False, 1)
    assert len(take_all(world)) == same_scope


@pytest.mark.parametrize("same_scope", [False, True])
def test_nothing_of_the_past_is_told_and_what_is_watched_and_retires_soon_is_with_the_first_live_sync(
    world: World, same_scope: bool
) -> None:
    at = subscriptions(rule("retiring", "added"), watched={"a"})
    soon = {"retires_at": f"{world.now + 22 * DAY:%Y-%m-%d}T00:00:00Z"}
    world.lists("x")
    world.sync(name="three", subscriptions=at)  # the channel is there
    take_all(world)
    fill(
        world,
        look(1, answer("a", fields=soon)),
        look(2, answer("a", "b", fields=soon)),
        same_scope=same_scope,
    )
    for _ in range(9):  # a milestone passes meanwhile
        assert enqueue.from_clock(world.database, at, world.now) == 0
        world.now += DAY
    world.lists("a", "b", **soon)
    world.sync(subscriptions=at)
    world.sync(subscriptions=at)
    assert [(each["type"], each["model_id"]) for each in take_all(world)] == [("catalog.retiring", "a")]


# What others make of it


def test_a_source_of_which_only_the_past_is_known_is_not_fresh(world: World) -> None:
    recent = Look(begin=START, end=START, name="now", read=lambda: answer("a"))
    fill(world, recent)

    def judged() -> tuple[list[str], str]:
        with world.database.read() as connection:
            [row] = history.sources(connection)
        check = SourceCheck(name="one", row=row, stale_after=timedelta(hours=3))
        codes = [each.code for each in health.findings([check], now=START + timedelta(minutes=20))]
        page = metrics.page(world.database).decode()
        [line] = [each for each in page.splitlines() if each.startswith("catalog_last_whole_walk")]
        return codes, line.rpartition(" ")[2]

    assert judged() == (["never"], "0.0")
    assert "catalog_last_run_timestamp_seconds{" not in metrics.page(world.database).decode()
    with world.database.read() as connection:
        assert not run_report.has_begun(connection, "one", START - timedelta(minutes=5), START)
    world.lists("a")
    world.sync()
    codes, at = judged()
    assert (codes, float(at) > 0) == ([], True)


def test_lists_go_by_time_and_not_by_the_number_of_the_run(world: World) -> None:
    world.lists("a")
    world.sync(name="two")
    fill(world, *(look(day, answer("b")) for day in (1, 2, 3)))
    with world.database.read() as connection:
        assert [run.run_id for run in history.runs(connection)] == [1, 4, 3, 2]
        assert [run.run_id for run in history.runs(connection, source="one", limit=2)] == [4, 3]
        assert [run.run_id for run in history.runs(connection, before=4)] == [3, 2]
        assert [run.run_id for run in history.runs(connection, before=4, source="one", limit=1)] == [3]
        assert [run.run_id for run in history.runs(connection, before=9)] == [1, 4, 3, 2]
        assert [run.origin for run in history.runs(connection, status="complete", limit=2)] == [
            Origin.LIVE,
            Origin.BACKFILL,
        ]
        assert in_days(history.begins(connection)["one"]) == 1
        assert [change.model_id for change in history.changes(connection)] == ["a", "b"]
        assert [state.id for state in history.as_of(connection, START - 999 * DAY)] == ["b"]


def test_the_pages_of_the_last_look_are_not_read_again(world: World) -> None:
    """The digests of a recorded answer are those of a live one: else each walk would decode all of it, for ever."""
    world.lists("a", "b")
    with world.connect(world.source("one")) as client:
        recorded = client.begin(limit=1000).answer().body
    fill(world, look(1, recorded), same_scope=True)
    world.sync(name="two")
    with world.database.read() as connection:
        models = connection.execute(sa.select(tables.model.c.digest).order_by(tables.model.c.model_key)).scalars().all()
        pages = connection.execute(sa.select(tables.page.c.digest)).scalars().all()
    assert models[:2] == models[2:]
    assert pages[0] == pages[1]
