"""What the tests of the store share."""

from collections.abc import Iterator

import pytest

from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import World


@pytest.fixture
def world(server: ModelsServer, migrated_url: str) -> Iterator[World]:
    """A world whose catalog has its schema and no rows; every story must end in a sound history."""
    made = worlds.build(server, migrated_url)
    yield made
    made.check()
    made.client.close()
    made.database.close()
