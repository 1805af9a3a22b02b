"""What the attacks share."""

from pathlib import Path

import pytest

from tests.attacks.catalogs import Catalogs, Files, ServerCatalogs
from tests.store.copying import safe  # noqa: F401 - a fixture

HERE = Path(__file__).parent
LONGEST = 25 * 60  # seconds: what all attacks of the bounded volume may take together


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give an attack more time than a test; the full volume takes what it takes."""
    limit = pytest.mark.timeout(0 if config.option.soak else LONGEST)
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker("timeout"):
            item.add_marker(limit)


@pytest.fixture(params=["sqlite", "postgres"])
def catalogs(request: pytest.FixtureRequest, tmp_path: Path) -> Catalogs:
    """Catalogs to break, of both kinds."""
    ask = request.getfixturevalue
    if request.param == "sqlite":
        return Files(folder=tmp_path, blank=ask("migrated_file"))
    return ServerCatalogs(server=ask("postgres_server"), blank=ask("migrated_database"))
