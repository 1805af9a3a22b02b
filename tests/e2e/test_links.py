"""Links instead of files: what a link leads to is read and written, and the link stays one."""

from pathlib import Path

import pytest

from tests import server as wire
from tests.e2e.ground import Ground
from tests.server import ModelsServer, model

pytestmark = pytest.mark.warns


@pytest.fixture
def linked(
    server: ModelsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Ground:
    """Let the configuration, the key, the database, the metrics and the pages each be a link into another folder."""
    real, here = tmp_path / "real", tmp_path / "here"
    real.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    (real / "pages").mkdir()
    (real / "key").write_text(wire.KEY)
    (real / "key").chmod(0o600)
    for name in ("key", "catalog.db", "catalog.prom", "pages", "copy"):  # of which some lead nowhere yet
        (here / name).symlink_to(f"../real/{name}")
    (real / "settings").write_text(
        f'[sources.anthropic]\nbase_url = "{server.url}"\napi_key_file = "{here}/key"\n'
        f'[database]\nurl = "sqlite:///{here}/catalog.db"\n[monitor]\nmetrics_file = "{here}/catalog.prom"\n'
        f'[publish]\nfolder = "{here}/pages"\n'
    )
    (here / "catalog.toml").symlink_to("../real/settings")
    server.models = [model("claude-a")]
    return Ground(server, here, capsys)


def test_what_links_lead_to_is_used_and_they_stay(linked: Ground) -> None:
    here, real = linked.folder, linked.folder.parent / "real"
    for command in (["check"], ["sync"], ["sync"], ["publish"], ["db", "backup", "copy"], ["db", "verify"]):
        code, out, err = linked.run(*command)
        assert code == 0, (command, out, err)
    assert '"claude-a"' in (real / "pages" / "models.json").read_text()
    assert b"catalog_models_listed" in (real / "catalog.prom").read_bytes()
    assert (real / "copy").read_bytes()[:6] == (real / "catalog.db").read_bytes()[:6] == b"SQLite"
    links = {path.name for path in here.iterdir() if path.is_symlink()}
    assert links == {"catalog.toml", "key", "catalog.db", "catalog.prom", "pages", "copy"}
    assert linked.run("db", "restore", "copy", "--replace")[0] == 0
    assert (here / "catalog.db").is_symlink()
    assert "claude-a" in linked.run("models")[1]
    assert linked.run("db", "backup", "copy")[0] != 0  # it is there


@pytest.mark.parametrize(("name", "code"), [("key", 2), ("catalog.toml", 2)])
def test_a_link_that_leads_nowhere_is_said_to_be_missing(linked: Ground, name: str, code: int) -> None:
    (linked.folder.parent / "real" / {"catalog.toml": "settings"}.get(name, name)).unlink()
    arguments = ["--config", "catalog.toml"] if name == "catalog.toml" else []
    ended, out, err = linked.run(*arguments, "sync")
    assert (ended, out) == (code, "")
    assert name in err
    assert "unexpected" not in err
    assert not (linked.folder.parent / "real" / "catalog.db").exists()
