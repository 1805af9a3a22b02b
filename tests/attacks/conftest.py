"""What the attacks share."""

from pathlib import Path

import pytest

from tests.attacks.catalogs import Catalogs, Files, ServerCatalogs
from tests.store.copying import safe  # noqa: F401 - a fixture


@pytest.fixture(params=["sqlite", "postgres"])
def catalogs(request: pytest.FixtureRequest, tmp_path: Path) -> Catalogs:
    """Catalogs to break, of both kinds."""
    ask = request.getfixturevalue
    if request.param == "sqlite":
        return Files(folder=tmp_path, blank=ask("migrated_file"))
    return ServerCatalogs(server=ask("postgres_server"), blank=ask("migrated_database"))
