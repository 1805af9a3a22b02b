"""What all tests share: databases of both kinds, and surroundings in which a value from the wrong place shows."""

import logging
import shutil
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from coverage import Coverage

from catalog.store.engine import database
from catalog.store.schema import upgrade
from tests import postgres
from tests.server import models_server  # noqa: F401 - the fixture `server`
from tests.volume import (  # noqa: F401 - how much of each attack is made
    pytest_addoption,
    pytest_configure,
    pytest_configure_node,
    pytest_report_header,
    pytest_terminal_summary,
    volume,
)

# What a person's own environment may hold, and no test may see.
VARIABLES = (
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CATALOG_CONFIG", "CATALOG_DATABASE_URL"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"),
    *("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSERVICE", "PGOPTIONS", "PGTZ"),
)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Write what coverage measured: xdist kills a process that takes more than ten seconds to end."""
    measuring = Coverage.current()
    if measuring is not None:
        measuring.save()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let workers report what was captured, even text that cannot be encoded: some tests are about such text."""
    report = yield
    report.sections = [(name, text.encode("utf-8", "backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(scope="session", autouse=True)
def poisoned_surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Live far from UTC, with a netrc file that has a password for every host, and with nobody's settings."""
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("default login poison password poison\n")
    netrc.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        patch.setenv("NETRC", str(netrc))
        patch.setenv("TZ", "Pacific/Marquesas")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session", autouse=True)
def heard_interrupts() -> None:
    """Let programs that tests start hear SIGINT: who is started in the background ignores it, and hands that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _Warnings(logging.Handler):
    """Keeps what the catalog logs as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def no_unexpected_log_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which the catalog logs a warning, unless it is marked `warns`."""
    handler, logger = _Warnings(), logging.getLogger("catalog")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    if not request.node.get_closest_marker("warns"):
        assert handler.lines == []


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A running Postgres; tests seldom need more of it than `postgres_url`."""
    with postgres.running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """The URL of an empty Postgres database of this test's own."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file of this test's own, which does not exist yet."""
    return f"sqlite:///{tmp_path / 'catalog.db'}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database of this test's own: the same test on both kinds, always."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the schema and nothing else, for copying."""
    path = tmp_path_factory.mktemp("migrated") / "catalog.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres_server: postgres.Server) -> Iterator[str]:
    """The name of a Postgres database that holds the schema and nothing else, for copying."""
    with postgres_server.database() as url:
        _migrate(url)
        yield postgres.name_of(url)


def _migrate(url: str) -> None:
    opened = database.open_(url, must_exist=False)
    upgrade.ensure(opened, auto=True)
    opened.close()


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a catalog of this test's own that has its schema and no rows: quicker than migrating each time."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "catalog.db")
        yield f"sqlite:///{tmp_path / 'catalog.db'}"
        return
    template = request.getfixturevalue("migrated_database")
    with request.getfixturevalue("postgres_server").database(template) as url:
        yield url
