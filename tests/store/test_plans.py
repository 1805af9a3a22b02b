"""What is asked of a catalog must find its rows by an index, whatever its size: by SQL, by commands and by runs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.domain import Identity, Kind, Scope, Status
from catalog.store.backup import after_restore
from catalog.store.engine import database
from catalog.store.engine.database import Connection, Database
from catalog.store.ingest import runs
from catalog.store.outbox import queue
from catalog.store.queries import differences, history, log, pages, run_report, source_health
from catalog.store.queries.log import LogQuestion
from catalog.store.queries.pages import Cut, Wanted
from catalog.store.schema import tables, upgrade
from tests import subscribing
from tests.store.delivering import enqueue
from tests.store.world import START, World

# A question, and the index without which a million models would have to be read for it.
QUESTIONS = {
    "SELECT * FROM models WHERE id = 'claude-a'": "catalog_model",
    "SELECT * FROM model_history WHERE id = 'claude-a' AND valid_from <= '2026-02-01'": "catalog_model",
    "SELECT * FROM changes WHERE model_id = 'claude-a' ORDER BY change_id": "catalog_change_model_key_idx",
    "SELECT * FROM changes WHERE recorded_at >= '2026-02-01' LIMIT 50": "catalog_run_finished_at_idx",
}


def test_sqlite_finds_what_is_asked_of_the_views_by_an_index(sqlite_url: str) -> None:
    opened = database.open_(sqlite_url)
    upgrade.ensure(opened)
    opened.close()
    again = database.open_(sqlite_url)
    with again.read() as connection:
        for question, index in QUESTIONS.items():
            plan = connection.execute(sa.text(f"EXPLAIN QUERY PLAN {question}")).all()
            steps = [str(row.detail) for row in plan]
            assert any(index in step and "USING" in step for step in steps), (question, steps)
            large = ("SCAN model", "SCAN change", "SCAN past")
            assert not any(step.startswith(large) for step in steps), (question, steps)
    again.close()


def test_what_was_not_delivered_is_found_among_all_that_was(world: World) -> None:
    """300,000 deliveries that were made long ago cost each look at the backlog a seventh of a second."""
    world.lists("a")
    world.sync()
    columns = (
        "delivery_id, channel, source_key, type, uid, payload, status, attempts, delivered_at, give_up_at, created_at"
    )
    when = f"'{START:%Y-%m-%dT%H:%M:%S}.000000Z'"
    row = f"number, 'team', 1, 't', 'u' || number, '{{}}', 'delivered', 1, {when}, {when}, {when}"
    if world.url.startswith("sqlite"):
        numbers = "WITH RECURSIVE n (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM n WHERE number < 300000)"
        rows = f"{numbers} SELECT {row} FROM n"
    else:
        rows = f"SELECT {row} FROM generate_series(1, 300000) AS number".replace(when, f"timestamptz {when}")
    with world.database.write() as connection:
        queue.register(connection, ["team"], START)
        connection.execute(sa.text(f"INSERT INTO catalog_delivery ({columns}) {rows}"))
    with world.database.write() as connection:
        connection.execute(sa.text("ANALYZE"))
    enqueue(world, "late")
    with world.database.read() as connection:
        took = []
        found = queue.backlog(connection)
        for _ in range(5):
            began = time.perf_counter()
            found = queue.backlog(connection)
            took.append(time.perf_counter() - began)
    assert [(each.channel, each.pending, each.dead) for each in found] == [("team", 1, 0)]
    assert min(took) < 0.02


# Many runs, of which few recorded anything: two lists that are read in turn, and one that was read long ago.
RUNS, FIRST, STEP = 5_000, datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=1)
LAST = FIRST + RUNS * STEP
OLD, LIVE = 1, 2  # numbers of sources
SCOPE = Scope(base_url="http://x")


@pytest.fixture
def crowded(database_url: str) -> Iterator[Database]:
    """A catalog with many runs."""
    opened = database.open_(database_url)
    upgrade.ensure(opened)
    with opened.write() as connection, unruled(opened, connection):
        fill(connection)
    with opened.write() as connection:
        if not opened.is_sqlite:  # a server does so by itself; SQLite plans without
            connection.exec_driver_sql("ANALYZE")
    yield opened
    opened.close()


@contextmanager
def unruled(opened: Database, connection: Connection) -> Iterator[None]:
    """Write what no run could, and keep the rules for what comes."""
    if not opened.is_sqlite:
        connection.exec_driver_sql("ALTER TABLE catalog_run DISABLE TRIGGER USER")
        yield
        connection.exec_driver_sql("ALTER TABLE catalog_run ENABLE TRIGGER USER")
        return
    rules = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for name, _ in rules:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, made in rules:
        connection.exec_driver_sql(made)


def fill(connection: Connection) -> None:
    row: dict[str, Any] = dict.fromkeys(("added", "returned", "changed", "missing", "removed"), 0)
    row |= {"status": "complete", "baseline": False, "whole": True, "scope": SCOPE.text(Identity())}
    keys = {OLD: 0, LIVE: 0, 3: 0}
    rows = []
    for number in range(1, RUNS + 1):
        key = OLD if number <= 200 else LIVE + number % 2
        keys[key] += 1
        at = FIRST + number * STEP
        times = {"started_at": at, "walked_at": at + STEP / 4, "finished_at": at + STEP / 2}
        rows.append(
            {**row, **times, "run_id": number, "source_key": key, "generation": keys[key], "pages": 1, "models_seen": 1}
        )
    for key, generation in keys.items():
        connection.execute(
            tables.source.insert().values(
                source_key=key,
                source=f"source {key}",
                base_url="http://x",
                configured=True,
                generation=generation,
                models_listed=0,
                scope=row["scope"],
                last_whole_run=200 if key == OLD else RUNS - (RUNS + key) % 2,
                absence_run=200 if key == OLD else RUNS - (RUNS + key) % 2,
            )
        )
    connection.execute(tables.run.insert(), rows)


DAY = timedelta(days=1)
READERS: dict[str, Callable[[Connection], object]] = {
    "slot": lambda c: run_report.has_begun(c, "source 2", LAST + STEP, LAST + STEP),
    "slot of an old one": lambda c: run_report.has_begun(c, "source 1", LAST + STEP, LAST + STEP),
    "sources": history.sources,
    "runs": lambda c: list(history.runs(c, limit=20)),
    "runs of a source": lambda c: list(history.runs(c, source="source 2", limit=20)),
    "runs of an old one": lambda c: list(history.runs(c, source="source 1", limit=20)),
    "runs of none": lambda c: list(history.runs(c, source="nowhere", limit=20)),
    "begins": history.begins,
    "changes": lambda c: list(history.changes(c, limit=50)),
    "changes of a day": lambda c: list(history.changes(c, since=LAST - DAY / 8, until=LAST)),
    "changes of a source": lambda c: list(history.changes(c, since=FIRST, source="source 2", kind=Kind.ADDED)),
    "changes that match": lambda c: list(history.changes(c, match="a*")),
    "models": lambda c: list(history.models(c)),
    "diff": lambda c: list(differences.between(c, FIRST, LAST)),
    "as of": lambda c: list(history.as_of(c, FIRST)),
    "show": lambda c: history.stories(c, "a"),
    "status": source_health.all_,
    "page of models": lambda c: pages.models(c, Wanted(), Cut()),
    "page of a moment": lambda c: pages.states(c, LAST, Wanted(), Cut()),
    "retiring": lambda c: pages.retiring(c, subscribing.rule(), since=FIRST),
    "retirement dates": lambda c: list(log.retirement_dates(c, FIRST)),
    "stream": lambda c: list(log.changes(c, LogQuestion(rule=subscribing.rule()))),
    "stream of a source": lambda c: list(log.by_run(c, LogQuestion(rule=subscribing.rule(sources=("source 2",))))),
    "stream of watched": lambda c: list(log.by_run(c, LogQuestion(rule=subscribing.rule(watched=frozenset("a"))))),
    "backlog": queue.backlog,
    "report": lambda c: (run_report.run(c, RUNS), run_report.is_baseline(c, RUNS), list(run_report.Changes(c, RUNS))),
}
WRITERS: dict[str, Callable[[Connection], object]] = {
    "begin": lambda c: runs.begin(c, LIVE, SCOPE, LAST),
    "skip": lambda c: runs.skip(c, LIVE, SCOPE, LAST, "busy"),
    "configured": lambda c: runs.mark_configured(c, {"source 1", "source 2"}),
    "dead": lambda c: runs.abandon_dead(c, LIVE, LAST),
    "last restored": lambda c: runs.last_restored(c, LIVE, 0, RUNS),
    "change lost": lambda c: runs.last_change_lost(c, after=0),
    "replaced": after_restore.known,
    "failure": lambda c: runs.close(c, runs.begin(c, LIVE, SCOPE, LAST), Status.FAILED, LAST, error="why"),
    "merge": lambda c: merged(c, runs.begin(c, LIVE, SCOPE, LAST + DAY)),
}
ROWS, STEPS = 300, 15_000  # touched at most; all runs would be 5,000 rows, and more than 25,000 steps


def merged(connection: Connection, opened: runs.OpenRun) -> None:
    """Close a run as a merge does, which the rules of history look at."""
    end = {"walked_at": LAST + 2 * DAY, "finished_at": LAST + 2 * DAY}
    done = {"status": "complete", "generation": opened.generation + 1, "whole": True, **end}
    connection.execute(tables.run.update().where(tables.run.c.run_id == opened.run_id).values(**done))


@pytest.mark.parametrize("question", READERS)
def test_a_command_reads_few_of_many_runs(crowded: Database, question: str) -> None:
    """At a million runs, two lists read each minute for a year, every command took a second and more."""
    with crowded.read() as connection:
        assert touched(crowded, connection, READERS[question])


@pytest.mark.parametrize("deed", WRITERS)
def test_a_run_touches_few_of_many_runs(crowded: Database, deed: str) -> None:
    with crowded.write() as connection:
        assert touched(crowded, connection, WRITERS[deed])


def touched(opened: Database, connection: Connection, act: Callable[[Connection], object]) -> bool:
    """Do something, and tell whether it touched as little as it may."""
    if not opened.is_sqlite:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # as if there were a million of them
        before = rows_of(connection)
        act(connection)
        return rows_of(connection) - before <= ROWS
    driver: Any = connection.connection.driver_connection
    steps = []
    driver.set_progress_handler(lambda: steps.append(1000), 1000)
    act(connection)
    driver.set_progress_handler(None, 0)
    return sum(steps) <= STEPS


def rows_of(connection: Connection) -> int:
    """Count the rows of runs that this transaction has looked at."""
    counted = (
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = 'catalog_run'"
    )
    return int(connection.exec_driver_sql(counted).scalar() or 0)
