"""A catalog with a history of one run, and the means to call the program as a user would."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog import cli
from tests import server as wire
from tests.server import ModelsServer, model

IDS = ("claude-a", "claude-b", "claude-c")
PATIENCE = {"deadline": "30s", "timeout": "30s"}  # what is well gets done on a crowded machine, too


@dataclass
class Ground:
    """A catalog with a history of one run, and the means to call the program."""

    server: ModelsServer
    folder: Path
    capsys: pytest.CaptureFixture[str]
    settings: dict[str, object] = field(default_factory=dict)

    def configure(self, **settings: object) -> None:
        """Write the configuration."""
        self.settings |= settings
        lines = [f"{name} = {json.dumps(value)}" for name, value in self.settings.items()]
        (self.folder / "catalog.toml").write_text("[sources.anthropic]\n" + "\n".join(lines) + "\n")

    @contextmanager
    def in_a_hurry(self) -> Iterator[None]:
        """Give each walk one second meanwhile, so that a list that fails is not asked for long."""
        path = self.folder / "catalog.toml"
        usual = path.read_text()
        path.write_text(usual.replace('"30s"', '"1s"'))
        yield
        path.write_text(usual)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Call the program; gives exit code, stdout and stderr."""
        code = cli.run(arguments)
        out, err = self.capsys.readouterr()
        return code, out, err

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Ask the database directly."""
        with closing(sqlite3.connect(self.folder / "catalog.db")) as connection, connection:
            return connection.execute(query).fetchall()

    def execute(self, statement: str) -> None:
        """Change the database directly."""
        with closing(sqlite3.connect(self.folder / "catalog.db")) as connection, connection:
            connection.execute(statement)

    def history(self) -> list[list[tuple[object, ...]]]:
        """Everything that must not change when a run fails."""
        views = ("models", "model_history", "changes")
        return [self.rows(f"SELECT * FROM {view} ORDER BY 1, 2, 3") for view in views]


@pytest.fixture
def bare(
    server: ModelsServer,
    migrated_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Ground:
    """Have a catalog without a history, on each database; a second walk confirms a removal at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", wire.KEY)
    monkeypatch.setenv("CATALOG_DATABASE_URL", migrated_url)
    bare = Ground(server, tmp_path, capsys)
    bare.configure(base_url=server.url, confirm_after="0s", **PATIENCE)
    return bare


@pytest.fixture
def ground(
    server: ModelsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Ground:
    """Sync once, well."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", wire.KEY)
    ground = Ground(server, tmp_path, capsys)
    ground.configure(base_url=server.url, page_size=2, **PATIENCE)
    server.models = [model(id) for id in IDS]
    assert ground.run("sync")[0] == 0
    return ground


def everything() -> list[Any]:
    """Read each table and the names of all, past the catalog."""
    url = os.environ["CATALOG_DATABASE_URL"]
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        look = sa.inspect(connection)
        names = sorted(look.get_table_names())
        rows = [(name, sorted(map(repr, connection.execute(sa.text(f"SELECT * FROM {name}"))))) for name in names]
        return [*rows, look.get_view_names()]
