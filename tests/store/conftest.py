"""What the tests of the store share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.store.schema import tables
from tests import postgres
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.copying import safe  # noqa: F401 - a fixture
from tests.store.world import START, Enter, World


@pytest.fixture
def enter(server: ModelsServer) -> Iterator[Enter]:
    """Make worlds around the server, one per URL."""
    with worlds.entering(server) as enter:
        yield enter


@pytest.fixture
def world(enter: Enter, migrated_url: str) -> Iterator[World]:
    """A world whose catalog has its schema and no rows; every story must end in a sound history."""
    made = enter(migrated_url)
    yield made
    made.check()


@pytest.fixture
def box(world: World) -> World:
    """A world with a source, an empty outbox, and the clock at the story's beginning."""
    world.lists("a")
    world.sync()
    world.now = START
    world.server.requests.clear()
    return world


@pytest.fixture(scope="session")
def shared_database(postgres_server: postgres.Server, migrated_database: str) -> Iterator[str]:
    """The URL of a migrated Postgres database for one test after the other."""
    with postgres_server.database(migrated_database) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a catalog that has its schema and no rows; on Postgres emptied after the test: quicker than a copy."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "catalog.db")
        yield f"sqlite:///{tmp_path / 'catalog.db'}"
        return
    url: str = request.getfixturevalue("shared_database")
    yield url
    _empty(url)


def _empty(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # without triggers and keys
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())
