"""What people ask of the views by plain SQL must find its rows by an index, whatever the size of the catalog."""

import time

import sqlalchemy as sa

from catalog.store import database, outbox, upgrade
from tests.store.letters import owe
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
        outbox.register(connection, ["team"], START)
        connection.execute(sa.text(f"INSERT INTO catalog_delivery ({columns}) {rows}"))
    with world.database.write() as connection:
        connection.execute(sa.text("ANALYZE"))
    owe(world, "late")
    with world.database.read() as connection:
        took = []
        found = outbox.backlog(connection)
        for _ in range(5):
            began = time.perf_counter()
            found = outbox.backlog(connection)
            took.append(time.perf_counter() - began)
    assert [(each.channel, each.owed, each.dead) for each in found] == [("team", 1, 0)]
    assert min(took) < 0.02
