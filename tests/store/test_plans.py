"""What people ask of the views by plain SQL must find its rows by an index, whatever the size of the catalog."""

import sqlalchemy as sa

from catalog.store import database, upgrade

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
