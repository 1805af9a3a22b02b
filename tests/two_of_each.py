"""A catalog with two of each thing that there may be several of, on either database, for whatever reads or sends.

Sources: amber and birch are healthy; cedar was read whole, and its key is refused since; dune is configured and was
never read; ebony was read, and is not configured any more. All list the same ids, of which two differ by case alone,
and every text of an entry names its source. Of the channels, lark takes what it is sent, mole is down and hears of
birch alone, and newt is not configured any more.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from catalog import cli
from tests import postgres
from tests import server as play
from tests.server import ModelsServer, model

HEALTHY, FAILING, UNREAD, FORMER = ("amber", "birch"), "cedar", "dune", "ebony"
CONFIGURED = (*HEALTHY, FAILING, UNREAD)
SYNCED = (*HEALTHY, FAILING, FORMER)
DAYS = {"amber": "2099-02-03", "birch": "2099-03-04", "cedar": "2099-04-05", "ebony": "2099-05-06"}
IDS = ("Shared", "a/b", "new", "shared")  # listed now by each that was read; `gone` was before


@dataclass(frozen=True, kw_only=True)
class House:
    """The catalog, the servers around it, and the means to call the program."""

    url: str  # of the database
    folder: Path
    lists: Mapping[str, ModelsServer]  # by source
    takes: ModelsServer  # what is sent to lark, and to the watcher
    refuses: ModelsServer  # to mole and newt
    between: datetime  # after the first run of each source, before the second

    def run(self, *words: str) -> tuple[int, str, str]:
        """Call the program; gives exit code, stdout and stderr."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.run(words)
        return code, out.getvalue(), err.getvalue()

    def rows(self, *words: str) -> Any:
        """Call the program for JSON."""
        return json.loads(self.run(*words, "--json")[1])

    def column(self, query: str) -> list[Any]:
        """Ask for one column by `catalog sql`."""
        return [value for row in self.rows("sql", query) for value in row.values()]

    def configure(self, sources: Sequence[str] = CONFIGURED, channels: Sequence[str] = ("lark", "mole")) -> None:
        """Write the configuration."""
        told = [
            f'[sources.{name}]\nbase_url = "{self.lists[name].url}"\napi_key_env = "ANTHROPIC_API_KEY"\n'
            'confirm_after = "0s"\ndeadline = "60s"\ntimeout = "30s"\n'
            for name in sources
        ]
        wants = {"lark": "", "mole": 'sources = ["birch"]\n', "newt": ""}
        told += [
            f'[[alerts]]\nname = "{name}"\n{wants[name]}'
            f'webhook = {{ url = "{(self.takes if name == "lark" else self.refuses).url}/{name}" }}\n'
            for name in channels
        ]
        told += ['[watch]\nmodels = ["birch:shared", "a/b"]\n']
        (self.folder / "catalog.toml").write_text("\n".join(told))


def entry(id: str, source: str, **fields: Any) -> play.Json:
    """An entry whose texts name its source."""
    word = f"x{source}x"  # pages name sources beside their entries, too
    return model(id, display_name=f"{id} {word}", line=f"line-{word}", owner=word, **fields)


@contextmanager
def inside(house: House) -> Iterator[None]:
    """Let the program find the catalog and its configuration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(house.folder)
        patch.setenv("ANTHROPIC_API_KEY", play.KEY)
        patch.setenv("CATALOG_DATABASE_URL", house.url)
        yield


@contextmanager
def building(url: str, folder: Path) -> Iterator[House]:
    """Build the catalog in an empty database whose schema is at head."""
    with ExitStack() as stack:

        def served(**how: Any) -> ModelsServer:
            running = ModelsServer(**how).start()
            stack.callback(running.close)
            return running

        house = House(
            url=url,
            folder=folder,
            lists={name: served() for name in (*SYNCED, UNREAD)},
            takes=served(always=play.answer({})),
            refuses=served(always=play.error(503, headers={"retry-after": "86400"})),
            between=datetime.now(UTC),
        )
        with inside(house):
            yield _furnished(house)


def _furnished(house: House) -> House:
    house.configure(SYNCED, ("lark", "mole", "newt"))
    for name in (*SYNCED, UNREAD):
        house.lists[name].models = [entry(id, name) for id in ("Shared", "a/b", "gone", "shared", f"{name}-only")]
    assert house.run("sync")[0] == 0
    between = datetime.now(UTC)
    for name in SYNCED:
        dated = entry("shared", name, retires_at=f"{DAYS[name]}T00:00:00Z")
        old = [each for each in house.lists[name].models if each["id"] not in {"gone", "shared"}]
        house.lists[name].models = [*old, dated, entry("new", name)]
    assert house.run("sync")[0] == 0
    house.lists[FAILING].always = play.error(401)
    house.configure()
    assert house.run("sync", *HEALTHY, FAILING)[0] == 3
    return replace(house, between=between)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The catalog on each database, for tests that only read; they need `house`."""
    folder = tmp_path_factory.mktemp("house")
    with _placed(request, folder, None) as url, building(url, folder) as house:
        yield house


@contextmanager
def _placed(request: pytest.FixtureRequest, folder: Path, like: House | None) -> Iterator[str]:
    """Give a database: a copy of that of a house, or one without rows."""
    file = folder / "catalog.db"
    is_sqlite = like.url.startswith("sqlite") if like else request.param == "sqlite"
    if is_sqlite:
        shutil.copy(like.folder / "catalog.db" if like else request.getfixturevalue("migrated_file"), file)
        yield f"sqlite:///{file}"
        return
    template = postgres.name_of(like.url) if like else request.getfixturevalue("migrated_database")
    with request.getfixturevalue("postgres_server").database(template) as url:
        yield url


@pytest.fixture
def house(built: House) -> Iterator[House]:
    """The catalog, which nothing may change."""
    with inside(built):
        yield built


@pytest.fixture
def own(request: pytest.FixtureRequest, built: House, tmp_path: Path) -> Iterator[House]:
    """A copy of the catalog that a test may change, beside the same servers."""
    servers = [*built.lists.values(), built.takes, built.refuses]
    before = [(list(each.models), each.always) for each in servers]
    with _placed(request, tmp_path, built) as url:
        own = replace(built, url=url, folder=tmp_path)
        own.configure()
        for each in servers:
            each.requests.clear()
        with inside(own):
            yield own
    for each, (models, always) in zip(servers, before, strict=True):
        each.models, each.always = models, always
