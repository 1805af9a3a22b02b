"""The built wheel, alone: installed beside what is locked for users, away from the checkout, and used."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests

from tests.server import KEY, ModelsServer, Visit, honest, model

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
SURROUNDINGS = dict(os.environ)  # as they were before the tests poisoned them: an installer may need its proxy


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment that holds the wheel and its locked dependencies, nothing else."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    install = _environment(folder)
    _run(*install, "--require-hashes", "-r", ROOT / "requirements/runtime.lock")
    _run(*install, "--no-deps", wheel)
    return folder / "bin"


@pytest.fixture(scope="module")
def lowest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with the lowest version of each package that the wheel asks for."""
    folder = tmp_path_factory.mktemp("lowest") / "venv"
    _run(*_environment(folder), *floors(), wheel)
    return folder / "bin"


def floors() -> list[str]:
    """Pin each direct dependency to the lowest version that is allowed; what they ask for themselves is left free."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    found = [re.fullmatch(r"([A-Za-z0-9_.-]+(?:\[[a-z,]+\])?)>=([0-9.]+)(?:,<[0-9.]+)?", each) for each in wanted]
    assert all(found), "each dependency has a lowest version"
    return [f"{each[1]}=={each[2]}" for each in found if each]


def _environment(folder: Path) -> list[str | Path]:
    """Make an empty environment; give the command that installs into it."""
    uv = shutil.which("uv", path=f"{SURROUNDINGS['PATH']}:{ROOT}/.tools/bin")
    if uv:
        _run(uv, "venv", "--no-project", "--python", sys.executable, folder)
        return [uv, "pip", "install", "--python", folder / "bin/python"]
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    for command in ([sys.executable, "-m", "pip"], [sys.base_prefix + "/bin/python3", "-m", "pip"]):
        if subprocess.run([*command, "--version"], check=False, capture_output=True).returncode == 0:
            return [*command, "--python", folder / "bin/python", "install"]
    message = "neither uv nor pip to install with"
    raise FileNotFoundError(message)


def _run(
    *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, cwd=cwd, env=SURROUNDINGS if env is None else env, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_wheel_holds_the_package_and_its_migrations_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    versions = {f"catalog/_migrations/versions/{path.name}" for path in (ROOT / "migrations/versions").glob("*.py")}
    assert versions
    assert names >= versions | {"catalog/_migrations/env.py", "catalog/py.typed"}
    assert {name.split("/")[0].split("-")[0] for name in names} == {"catalog", "model_catalog"}
    assert [name for name in names if "__pycache__" in name] == []


def test_the_wheel_holds_every_file_that_the_program_reads(wheel: Path) -> None:
    kept = _run("git", "ls-files", "catalog", cwd=ROOT).stdout.split("\n")
    needed = {name for name in kept if name and not name.endswith(".py")}
    assert {Path(name).suffix for name in needed} >= {".toml", ".css", ".html", ".sql"}
    assert needed - set(zipfile.ZipFile(wheel).namelist()) == set()


ASKED = """
import importlib.metadata as metadata, re
for line in metadata.requires("model-catalog"):
    print(metadata.version(re.match(r"[\\w.-]+", line).group()), line)
"""


def test_what_the_wheel_asks_for_is_there_and_the_tools_of_developers_are_not(installed: Path) -> None:
    asked = _run(installed / "python", "-c", ASKED).stdout
    assert "sqlalchemy" in asked
    assert not list(installed.parent.glob("lib/*/site-packages/pytest"))


def test_a_first_sync_away_from_the_checkout_creates_the_catalog(
    installed: Path, server: ModelsServer, tmp_path: Path
) -> None:
    server.models = [model("claude-a"), model("claude-b")]
    surroundings = {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
    assert "sync" in _run(installed / "catalog", "--help", cwd=tmp_path, env=surroundings).stdout
    _run(installed / "catalog", "sync", cwd=tmp_path, env=surroundings)
    listed = json.loads(_run(installed / "catalog", "models", "--json", cwd=tmp_path, env=surroundings).stdout)
    assert {row["id"] for row in listed} == {"claude-a", "claude-b"}
    assert (tmp_path / "catalog.db").exists()


def test_the_demo_plays_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = _run(installed / "catalog", "demo", cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert "claude" in done.stdout


def test_pages_are_published_and_served_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    surroundings = {"HOME": str(tmp_path), "CATALOG_DATABASE_URL": "sqlite:///catalog-demo.db"}
    _run(installed / "catalog", "-q", "demo", cwd=tmp_path, env={"HOME": str(tmp_path)})
    _run(installed / "catalog", "publish", "site", cwd=tmp_path, env=surroundings)
    site = tmp_path / "site"
    assert "claude" in (site / "models.html").read_text("utf-8")
    assert list(site.rglob("*.css"))
    assert "retiring" in _run(installed / "catalog", "sql", "--recipes", cwd=tmp_path, env=surroundings).stdout
    command = [str(installed / "catalog"), "web", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=tmp_path, env=surroundings, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = next(line.strip() for line in process.stdout if line.startswith("http://"))
        served = requests.get(f"{address}models.html", timeout=60)
        process.terminate()
        assert process.wait(30) == 143
    assert (served.status_code, "claude" in served.text) == (200, True)


EVERY_MODULE = """
import importlib, pkgutil, catalog
for module in pkgutil.walk_packages(catalog.__path__, "catalog."):
    if not module.name.startswith("catalog._migrations") and module.name != "catalog.__main__":
        importlib.import_module(module.name)
        print(module.name)
"""


def test_every_module_can_be_imported_with_the_lowest_allowed_versions(lowest: Path, tmp_path: Path) -> None:
    # urllib3 had no lowest version: with an older one each command that speaks HTTP failed as `unexpected`.
    assert {pin.split("[")[0].split("==")[0] for pin in floors()} >= {"requests", "urllib3", "sqlalchemy"}
    imported = _run(lowest / "python", "-c", EVERY_MODULE, cwd=tmp_path).stdout.split()
    assert {"catalog.http.exchange", "catalog.cli.options", "catalog.store.engine.database"} <= {*imported}


def early_hints(visit: Visit) -> None:
    """Say something in between before the answer."""
    visit.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
    honest(visit)


def test_lists_are_read_and_the_demo_plays_with_the_lowest_allowed_versions(
    lowest: Path, server: ModelsServer, tmp_path: Path
) -> None:
    # Answers in between are skipped where the connections are ours: older versions of requests do not ask us for them.
    server.models = [model("claude-a")]
    server.always = early_hints
    surroundings = {"HOME": str(tmp_path), "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": server.url}
    assert "1 model listed" in _run(lowest / "catalog", "sync", cwd=tmp_path, env=surroundings).stdout
    done = _run(lowest / "catalog", "demo", cwd=tmp_path, env={"HOME": str(tmp_path)})
    assert "claude" in done.stdout
