"""A site over the demo's catalog, on SQLite and on Postgres, served as `catalog demo --web` does."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import pytest

from catalog import cli
from catalog.cli.running import demo
from catalog.config import Config
from catalog.settings import DatabaseSettings, SourceSettings, WatchSettings, WebSettings
from catalog.store.engine import database as databases
from catalog.store.schema import upgrade
from catalog.wiring import sites
from tests import postgres
from tests import server as wire
from tests.server import ModelsServer, model
from tests.store import world as worlds
from tests.store.world import World
from tests.two_of_each import built, house, own  # noqa: F401 - the fixtures
from tests.web.hostile import IDS, TEXTS

NOW = datetime(2026, 10, 7, 10, tzinfo=UTC)  # an hour after the demo's last walk


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back for a request; names of headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Asks a served site."""

    address: tuple[str, int]
    url: str  # of the catalog

    def address_of(self, path: str) -> str:
        """Give what a browser is told to open."""
        return f"http://{self.address[0]}:{self.address[1]}/{path}"

    def get(self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        """Ask for a path, below the root; `_` in the name of a header stands for `-`."""
        with closing(HTTPConnection(*self.address, timeout=20)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, f"/{path}", body=body, headers=named)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(status=answer.status, headers=found, body=answer.read())


@contextmanager
def served(
    url: str, *, now: datetime = NOW, source: str = demo.SOURCE, also: Sequence[str] = (), **web: object
) -> Iterator[Visitor]:
    """Serve a catalog as it was at a moment, of one source and perhaps of others."""
    config = Config(
        database=DatabaseSettings(url=url),
        sources=tuple(SourceSettings(name=name) for name in (source, *also)),
        watch=WatchSettings(models=demo.WATCHED),
        web=WebSettings(**web),  # type: ignore[arg-type]
    )
    with (
        closing(databases.open_(url)) as database,
        sites.serving(config, database, ("127.0.0.1", 0), clock=lambda: now) as address,
    ):
        yield Visitor(address=address, url=url)


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file that holds the demo's catalog, for copying."""
    path = tmp_path_factory.mktemp("demo") / "demo.db"
    assert cli.run(["-q", "demo", "--database", f"sqlite:///{path}"]) == 0
    return path


@pytest.fixture(scope="session")
def demo_database(postgres_server: postgres.Server) -> Iterator[str]:
    """The URL of a Postgres database that holds the demo's catalog."""
    with postgres_server.database() as url:
        assert cli.run(["-q", "demo", "--database", url]) == 0
        yield url


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def demo_url(request: pytest.FixtureRequest) -> str:
    """The URL of the demo's catalog, on each database, for tests that only read."""
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('demo_file')}"
    return str(request.getfixturevalue("demo_database"))


@pytest.fixture(scope="session")
def site(demo_url: str) -> Iterator[Visitor]:
    """The demo's site, on each database; nobody can change it."""
    with served(demo_url) as visitor:
        yield visitor


@pytest.fixture
def demo_copy(demo_file: Path, tmp_path: Path) -> Path:
    """An SQLite file with the demo's catalog, of this test's own."""
    return Path(shutil.copy(demo_file, tmp_path / "demo.db"))


@pytest.fixture
def world(server: ModelsServer, database_url: str) -> Iterator[World]:
    """A world whose catalog has its schema and no rows, on each database."""
    with worlds.entering(server) as enter, closing(databases.open_(database_url)) as database:
        upgrade.ensure(database)
        yield enter(database_url)


@pytest.fixture
def hostile(
    server: ModelsServer, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visitor]:
    """The site of a list whose texts are hostile; some of its models are gone, and some changed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", wire.KEY)
    monkeypatch.setenv("CATALOG_DATABASE_URL", migrated_url)
    (tmp_path / "catalog.toml").write_text(
        f'[sources.anthropic]\nbase_url = "{server.url}"\nconfirm_after = "0s"\n'
        "[sources.anthropic.guard]\nmax_removed_percent = 100\n"
    )
    texts = [TEXTS[number % len(TEXTS)] for number in range(len(IDS))]
    server.models = [
        model(id, display_name=text, line=text, lifecycle=text, type=text, extra={text: {"x": text}})
        for id, text in zip(IDS, texts, strict=True)
    ]
    assert cli.run(["-q", "sync"]) == 0
    for each, text in zip(server.models, texts[1:], strict=False):
        each.update(display_name=f"{text}!", line=text, extra={text: "now"}, retires_at="2030-01-01T00:00:00Z")
    del server.models[::7]
    assert cli.run(["-q", "sync"]) == 0
    with served(migrated_url, now=datetime.now(UTC), source="anthropic") as visitor:
        yield visitor
