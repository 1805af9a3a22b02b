"""Folders whose names are no UTF-8, or hold signs that mean something in a URL: everything works there."""

import os
from pathlib import Path

import pytest

from tests import server as wire
from tests.e2e.ground import Ground
from tests.server import ModelsServer, model

pytestmark = pytest.mark.warns


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / os.fsdecode(request.param)
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ANTHROPIC_API_KEY", wire.KEY)
    return folder


NAMES = [b"\xff\xfe", b"\xe9", b"50%25", b"a ?#%zz&", b"\xf0\x9f\x98\x80 '\"$x"]


@pytest.mark.parametrize("folder", NAMES, indirect=True)
def test_a_catalog_its_copies_and_its_metrics_can_be_kept_in_any_folder(
    server: ModelsServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ground = Ground(server, folder, capsys)
    ground.configure(base_url=server.url)
    with (folder / "catalog.toml").open("a") as file:
        file.write('[monitor]\nmetrics_file = "catalog.prom"\n')
    server.models = [model("claude-a")]
    for command in (
        ("check",),
        ("sync",),
        ("--log-format", "json", "sync"),
        ("db", "backup", "copy"),
        ("db", "restore", "copy", "--replace"),
        ("--config", str(folder / "catalog.toml"), "db", "verify"),
        ("init", "x%y.toml"),
    ):
        code, out, err = ground.run(*command)
        assert (code, "unexpected" in out + err) == (0, False), command
    assert "claude-a" in ground.run("models")[1]
    assert {"catalog.db", "catalog.prom", "copy", "x%y.toml"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("folder", NAMES[:3], indirect=True)
def test_a_database_may_be_named_by_such_a_path_in_the_environment(
    server: ModelsServer, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("CATALOG_DATABASE_URL", f"sqlite:///{folder}/x.db")
    server.models = [model("claude-a")]
    assert Ground(server, folder, capsys).run("sync")[0] == 0
    assert (folder / "x.db").exists()
