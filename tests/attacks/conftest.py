"""What the attacks share."""

from pathlib import Path

import pytest

from tests.attacks.catalogs import Catalogs, Files, ServerCatalogs
from tests.attacks.spoilt import stage  # noqa: F401 - a fixture
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
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of the catalogs to break."""
    return str(request.param)


@pytest.fixture
def catalogs(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Catalogs:
    """Catalogs to break, of both kinds."""
    return _of(request, kind, tmp_path)


@pytest.fixture
def other_catalogs(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Catalogs:
    """Catalogs of the other kind, to which a copy may go."""
    (other,) = {"sqlite", "postgres"} - {kind}
    folder = tmp_path / "other"
    folder.mkdir()
    return _of(request, other, folder)


def _of(request: pytest.FixtureRequest, kind: str, folder: Path) -> Catalogs:
    ask = request.getfixturevalue
    if kind == "sqlite":
        return Files(folder=folder, blank=ask("migrated_file"))
    return ServerCatalogs(server=ask("postgres_server"), blank=ask("migrated_database"))
