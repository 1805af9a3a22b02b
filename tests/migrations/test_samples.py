"""Each frozen catalog, as people have it, comes to this program's schema without a row lost or a change invented."""

from contextlib import closing, nullcontext
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.domain import Kind, Status
from catalog.errors import SchemaError
from catalog.store.engine.database import Database
from catalog.store.outbox import enqueue
from catalog.store.schema import invariants, tables, upgrade, versions
from tests.migrations import samples, story
from tests.server import ModelsServer

pytestmark = pytest.mark.promise("P3")

VIEWS = ("sources", "models", "model_history", "changes", "sync_runs", "deliveries")
NUMBERS = [f"{number:04}" for number in range(int(versions.FIRST), int(upgrade.HEAD) + 1)]

# What a revision spells differently on purpose: view and column, then each value before and after.
Renamed = dict[tuple[str, str], dict[object, object]]
RENAMED: dict[str, Renamed] = {"0010": {("deliveries", "status"): {"owed": "pending"}}}

Rows = dict[str, list[dict[str, Any]]]


def rows(database: Database) -> Rows:
    """Everything that the views show, as the database has it."""
    with database.read() as connection:
        found = {view: connection.exec_driver_sql(f"SELECT * FROM {view}").mappings().all() for view in VIEWS}
    return {view: sorted(map(dict, each), key=repr) for view, each in found.items()}


def renamed(before: Rows, revision: str) -> Rows:
    """Spell what was there as the revisions after this one do."""
    for changes in [RENAMED[later] for later in sorted(RENAMED) if later > revision]:
        for (view, column), values in changes.items():
            for row in before[view]:
                row[column] = values.get(row[column], row[column])
    return before


def test_each_revision_was_frozen_on_both_databases() -> None:
    made = sorted(path.name for path in samples.FOLDER.iterdir())
    wanted = sorted(f"{number}.{kind}.sql" for number in NUMBERS for kind in ("sqlite", "postgres"))
    assert made == wanted, "python -m tests.migrations.freeze makes those of the newest revision"


@pytest.mark.parametrize("revision", samples.revisions())
def test_a_frozen_catalog_holds_something_of_everything(database_url: str, revision: str) -> None:
    with closing(samples.load(database_url, revision)) as database, database.read() as connection:
        for table in sa.inspect(connection).get_table_names():
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar(), table
        found = {
            column: set(connection.exec_driver_sql(f"SELECT {column} FROM {view}").scalars())
            for view, column in (("sync_runs", "status"), ("changes", "kind"), ("deliveries", "type"))
        }
        assert found["status"] == set(Status)
        assert found["kind"] == set(Kind)
        types = ("changes", "retiring", "held", "sync_failed")
        assert found["type"] >= {f"catalog.{name}" for name in types}
        assert len(set(connection.exec_driver_sql("SELECT status FROM deliveries").scalars())) == 3


@pytest.mark.parametrize("revision", samples.revisions())
def test_an_old_catalog_upgrades_without_a_row_lost_or_a_change_invented(
    database_url: str, revision: str, server: ModelsServer
) -> None:
    with closing(samples.load(database_url, revision)) as database:
        before = renamed(rows(database), revision)
        assert upgrade.current(database) == revision
        assert upgrade.ensure(database) == revision
        after = rows(database)
        for view, kept in before.items():
            assert [{name: row[name] for name in kept[0]} for row in after[view]] == kept
        demand_sound(database)
    reads_again(server, database_url, samples.ending(database, revision), after)


@pytest.mark.parametrize("revision", samples.revisions())
def test_a_program_that_may_not_upgrade_leaves_an_older_catalog_alone(database_url: str, revision: str) -> None:
    with closing(samples.load(database_url, revision)) as database:
        before = rows(database)
        for look in (partial(upgrade.ensure, auto=False), upgrade.require):
            with pytest.raises(SchemaError, match=revision) if revision in samples.older() else nullcontext() as caught:
                look(database)
            assert caught is None or "catalog db upgrade" in caught.value.hint
        assert (upgrade.current(database), rows(database)) == (revision, before)


def demand_sound(database: Database) -> None:
    assert upgrade.current(database) == upgrade.HEAD
    assert upgrade.differences(database) == []
    assert invariants.unsound(database) == []
    assert invariants.broken(database) == []


def reads_again(server: ModelsServer, url: str, ending: story.Ending, before: Rows) -> None:
    """Read each list once more, as it was: nothing is new, no baseline is made, and nobody is told anything."""
    with story.telling(server, url) as world:
        world.now, made = ending.now, baselines(world.database)
        for name, (organization, items) in ending.lists.items():
            world.reads(name, *items, by=organization, after=0)
            assert (name, world.told) == (name, [])
        enqueue.from_clock(world.database, story.SUBSCRIPTIONS, world.now)
        demand_sound(world.database)
        assert baselines(world.database) == made
        after = rows(world.database)
    for view in ("model_history", "changes", "deliveries"):
        assert after[view] == before[view]


def baselines(database: Database) -> list[tuple[Any, ...]]:
    wanted = sa.select(tables.source.c.source_key, tables.source.c.baseline_run).order_by(tables.source.c.source_key)
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(wanted)]
