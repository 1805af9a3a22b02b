"""Questions to a long history: a million models in five million states, asked through the product and in plain SQL."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from statistics import median
from typing import Any

import sqlalchemy as sa

from bench import databases, past
from bench.table import Row
from catalog.store.engine import database as product
from catalog.store.queries import history
from tests import postgres

LIMIT_MS = 50
TIMES = 15
LARGE = ("catalog_model", "catalog_state", "catalog_change")
ALIASES = {"model", "past", "change"}  # what the views call them

Ask = Callable[[sa.Connection, str, datetime], Sequence[Any]]

AS_OF = """SELECT * FROM model_history WHERE id = :id
AND valid_from <= :moment AND (valid_to IS NULL OR valid_to > :moment)"""


@dataclass(frozen=True, slots=True)
class Question:
    words: str
    ask: Ask
    bounded: bool = True  # about one model or one page of changes; a whole list is streamed


def _sql(text: str) -> Ask:
    def ask(connection: sa.Connection, id: str, moment: datetime) -> Sequence[Any]:
        when = moment if connection.dialect.name == "postgresql" else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        bound = {name: value for name, value in {"id": id, "moment": when}.items() if f":{name}" in text}
        return connection.execute(sa.text(text), bound).fetchmany(100)

    return ask


QUESTIONS = (
    Question("one model as of a moment", lambda con, id, at: list(history.as_of(con, at, match=id))),
    Question("one model as of a moment (SQL)", _sql(AS_OF)),
    Question(
        "first 100 of all as of a moment", lambda con, _, at: list(islice(history.as_of(con, at), 100)), bounded=False
    ),
    Question("changes since a moment, a page", lambda con, _, at: list(history.changes(con, since=at, limit=100))),
    Question("changes of one run (SQL)", _sql("SELECT * FROM changes WHERE recorded_at = :moment")),
    Question("one model's story", lambda con, id, _: history.stories(con, id)),
    Question("one model's changes (SQL)", _sql("SELECT * FROM changes WHERE model_id = :id ORDER BY change_id")),
)


def rows(server: postgres.Server | None, kinds: tuple[str, ...], models: int) -> list[Row]:
    """Build the history in each database, then ask."""
    found = []
    for kind in kinds:
        with databases.fresh(kind, server) as contender:
            past.build(contender, models)
            database = product.open_(contender.url)
            found += [measure(database, kind, question, models) for question in QUESTIONS]
            database.close()
    return found


def measure(database: product.Database, kind: str, question: Question, models: int) -> Row:
    took = []
    for number in range(TIMES):
        id, at = past.id_of(1 + number * models // TIMES), past.walk_end(past.RUNS // 2 + 10 * number)
        with database.read() as connection:
            began = time.perf_counter()
            answer = question.ask(connection, id, at)
            took.append(time.perf_counter() - began)
            if not answer:
                raise RuntimeError(question.words)
    with database.read() as connection:
        with _overheard(connection) as said:
            question.ask(connection, id, at)
        scans = [scan for statement, bound in said for scan in _scans(connection, statement, bound)]
    ms = median(took) * 1000
    return Row(
        what=f"{question.words}, {kind}",
        measured=f"{ms:.1f} ms",
        ratio="by index" if not scans else "reads all",
        target=f"<= {LIMIT_MS} ms" if question.bounded else "",
        met=ms <= LIMIT_MS and not scans if question.bounded else None,
    )


@contextmanager
def _overheard(connection: sa.Connection) -> Iterator[list[tuple[str, Any]]]:
    """Collect the statements that a block sends."""
    said: list[tuple[str, Any]] = []

    def hear(_connection: Any, _cursor: Any, statement: str, bound: Any, *_: Any) -> None:
        said.append((statement, bound))

    sa.event.listen(connection, "before_cursor_execute", hear)
    yield said
    sa.event.remove(connection, "before_cursor_execute", hear)


def _scans(connection: sa.Connection, statement: str, bound: Any) -> list[str]:
    """Name the large tables that a statement's plan reads from end to end."""
    if connection.dialect.name == "sqlite":
        plan = [line[3] for line in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)]
        return [line for line in plan if line.startswith("SCAN") and line.split()[1] in ALIASES and "USING" not in line]
    plan = [line[0] for line in connection.exec_driver_sql(f"EXPLAIN {statement}", bound)]
    return [line.strip(" ->").split("  ")[0] for line in plan if any(f"Seq Scan on {name} " in line for name in LARGE)]
