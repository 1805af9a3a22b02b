"""A long past, written straight into the tables: each model has lived through five states.

The rules against editing history are off while it is built; no product code could write it, and none would.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bench import databases
from bench.databases import Contender
from catalog.store.engine import database as product
from catalog.store.schema import tables, upgrade

RUNS = 2000
PAST = 4  # superseded states of each model
WEEKS = 26  # ahead, in which models retire
SPREAD = RUNS // (PAST + 1)
BEGIN = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=RUNS)

NUMBERS = {
    "sqlite": """WITH RECURSIVE number(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM number WHERE k < {models})""",
    "postgres": "WITH number(k) AS (SELECT generate_series(1, {models}))",
}
# The run in which state n of model k began.
BEGAN = f"1 + {{n}} * {SPREAD} + CASE WHEN {{n}} = 0 THEN 0 ELSE k - k / {SPREAD - 1} * {SPREAD - 1} END"
FIELDS = "display_name, created_at, type, lifecycle, line, max_input_tokens, max_tokens, own"
VALUES = """'Claude ' || k || ' v{n}', '2026-01-01T00:00:00.000000Z', 'model', 'active', 'opus', 200000, 64000,
'{{"created_at":"2026-01-01T00:00:00Z"}}'"""


def id_of(key: int) -> str:
    """Give the id of a model by its number."""
    return f"claude-opus-{key:07}"


def walk_end(run: int) -> datetime:
    """Give the end of a run's walk: there is one each hour."""
    return BEGIN + timedelta(hours=run)


def build(contender: Contender, models: int) -> None:
    """Make the catalog, then its past."""
    database = product.open_(contender.url)
    upgrade.ensure(database)
    database.close()
    with contender.connect() as connection:
        _lift_rules(connection, contender.kind)
        connection.exec_driver_sql("BEGIN")
        _runs(connection, models)
        for statement in _statements(contender.kind, models):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("COMMIT")
        if contender.kind == "postgres":
            connection.exec_driver_sql("VACUUM ANALYZE")  # as autovacuum does a minute later


def spread(contender: Contender, sources: int, *, dated: int) -> list[str]:
    """Deal models and runs out to so many sources, and let one model of `dated` retire in the weeks ahead."""
    source, model, run = tables.source, tables.model, tables.run
    names = ["bench", *(f"bench-{number:02}" for number in range(2, sources + 1))]
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with contender.connect() as connection:
        [first] = connection.execute(sa.select(source)).mappings().all()
        for key, name in enumerate(names[1:], 2):
            connection.execute(source.insert().values({**first, "source_key": key, "source": name}))
        for table, number in ((model, model.c.model_key), (run, run.c.run_id)):
            connection.execute(table.update().values(source_key=1 + number % sources))
        for week in range(WEEKS):
            some = model.c.model_key % (dated * WEEKS) == dated * week
            connection.execute(model.update().where(some).values(retires_at=today + timedelta(weeks=week + 1)))
        last = sa.select(sa.func.max(run.c.run_id)).where(run.c.source_key == source.c.source_key).scalar_subquery()
        marks = dict.fromkeys(("generation", "last_whole_run", "absence_run"), last)
        count = sa.select(sa.func.count()).where(model.c.source_key == source.c.source_key).scalar_subquery()
        connection.execute(source.update().values(**marks, models_listed=count))
        if contender.kind == "postgres":
            connection.exec_driver_sql("VACUUM ANALYZE")
    return names


def _lift_rules(connection: sa.Connection, kind: str) -> None:
    if kind == "postgres":
        for table in databases.TABLES:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
    for name in names:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def _runs(connection: sa.Connection, models: int) -> None:
    source = {"source_key": 1, "source": "bench", "base_url": "http://127.0.0.1", "configured": True}
    counts = {"generation": RUNS, "scope": "{}", "last_whole_run": RUNS, "absence_run": RUNS, "models_listed": models}
    connection.execute(tables.source.insert().values(**source, **counts))
    connection.execute(tables.run.insert(), [_run(number, models) for number in range(1, RUNS + 1)])


def _run(number: int, models: int) -> dict[str, object]:
    at = walk_end(number)
    first = number == 1
    counts = {"returned": 0, "missing": 0, "removed": 0, "added": models * first, "changed": models // SPREAD}
    return {
        "run_id": number,
        "source_key": 1,
        "status": "complete",
        "generation": number,
        "baseline": first,
        "whole": True,
        "started_at": at - timedelta(minutes=1),
        "walked_at": at,
        "finished_at": at,
        "scope": "{}",
        "pages": models // 1000,
        "models_seen": models,
        **counts,
    }


def _statements(kind: str, models: int) -> list[str]:
    numbers = NUMBERS[kind].format(models=models)
    last, digest = BEGAN.format(n=PAST), "'000000000000000000000000'"
    padded = "substr('0000000' || k, -7)" if kind == "sqlite" else "lpad(CAST(k AS text), 7, '0')"
    present = (
        f"INSERT INTO catalog_model (model_key, source_key, id, {FIELDS}, digest, valid_from_run, first_seen_run,"
        f" seen_run) {numbers} SELECT k, 1, 'claude-opus-' || {padded}, {VALUES.format(n=PAST)}, {digest}, {last}, 1, 1"
        " FROM number"
    )
    added = "INSERT INTO catalog_change (change_id, run_id, model_key, kind)"
    said = [present, f"{added} {numbers} SELECT k, 1, k, 'added' FROM number"]
    for n in range(PAST):
        began, ended = BEGAN.format(n=n), BEGAN.format(n=n + 1)
        said.append(
            f"INSERT INTO catalog_state (model_key, valid_from_run, valid_to_run, {FIELDS}) {numbers}"
            f" SELECT k, {began}, {ended}, {VALUES.format(n=n)} FROM number"
        )
        said.append(
            "INSERT INTO catalog_change (change_id, run_id, model_key, kind, field, old_value, new_value, proof_run)"
            f" {numbers} SELECT {(n + 1) * models} + k, {ended}, k, 'changed', 'display_name',"
            f" '\"v{n}\"', '\"v{n + 1}\"', {ended} - 1 FROM number"
        )
    return said
