"""What the README and the pages beside it show can be typed: every command and every setting in them is tried."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from catalog import cli, config, wiring
from catalog.cli.running import run_lines
from catalog.errors import Exit
from tests.server import Json, ModelsServer, answer, model

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = {path.relative_to(ROOT): path.read_text("utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]}

uses_apprise = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # a service of it imports that


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def lines(*pages: str) -> list[str]:
    return [line for page in pages for block in blocks("sh", PAGES[Path(page)]) for line in block.splitlines()]


def how_to(name: str) -> str:
    return PAGES[Path(f"docs/how-to/{name}.md")]


FIRST_DAY = PAGES[Path("docs/start/first-day.md")]
FIRST = "ANTHROPIC_API_KEY=sk-ant-... catalog sync"
ON_POSTGRES = "CATALOG_DATABASE_URL=postgresql://catalog@db.example.org/catalog catalog sync"
SET_UP = ["pip install .", "catalog demo", "./dev catalog demo", "./dev test"]
SECRETS = {
    "SLACK_TOKENS": "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "MAIL_USER": "me",
    "MAIL_PASSWORD": "word",
    "HOOK_SECRET": "whsec_c2VjcmV0",
}
ON_ALERTS = [line for line in lines(*map(str, PAGES)) if line.startswith("catalog alerts")]
EVERY_DAY = (
    "README.md",
    "docs/start/first-day.md",
    *(f"docs/how-to/{name}.md" for name in ("watch", "copies", "pages")),
)
DAILY = [line for line in lines(*EVERY_DAY) if line not in {FIRST, ON_POSTGRES, *SET_UP, *ON_ALERTS}]


@dataclass(frozen=True, kw_only=True)
class Newcomer:
    """Somebody in an empty folder, with the command `catalog`, a key, and an API on this machine."""

    folder: Path
    server: ModelsServer

    def types(self, line: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        surroundings = {**os.environ, "PATH": path, "ANTHROPIC_BASE_URL": self.server.url, **environ}
        command = ["sh", "-c", line]
        return subprocess.run(
            command, cwd=self.folder, env=surroundings, capture_output=True, text=True, timeout=60, check=False
        )

    def sync(self, arguments: str = "") -> str:
        done = self.types(f"{FIRST} {arguments}")
        assert done.returncode == Exit.DONE, done.stderr
        return done.stdout


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    program = tmp_path / "bin" / "catalog"
    program.parent.mkdir()
    python = f"{shlex.quote(sys.executable)} -c 'from catalog.cli import main; main()'"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {python} "$@"\n')
    program.chmod(0o755)
    server = ModelsServer(models=before(), key="sk-ant-...").start()
    yield Newcomer(folder=tmp_path, server=server)
    server.close()


def before() -> list[Json]:
    return [model(f"claude-{name}") for name in ("opus-4-7", "sonnet-4-5", "haiku-4-5", "opus-4")]


def after() -> list[Json]:
    retiring = model("claude-sonnet-4-5", lifecycle="deprecated", retires_at="2026-11-30T00:00:00Z")
    return [model("claude-opus-4-8"), model("claude-opus-4-7"), retiring, model("claude-haiku-4-5")]


def timeless(text: str) -> str:
    """Leave out when it was, and how long it took."""
    return re.sub(r"\d+\.\d s\b", "S", re.sub(r"(since|lacks it at) \S+", r"\1 T", text))


# Shell


def test_the_readme_is_short_and_opens_with_the_two_commands() -> None:
    assert len(README.encode()) <= 9_000
    assert blocks("sh")[0].splitlines() == ["pip install .", "catalog demo"]
    assert set(SET_UP) | {FIRST} <= set(lines("README.md"))
    assert ON_POSTGRES in lines("docs/how-to/postgres.md")


def test_the_demo_plays_in_an_empty_folder(newcomer: Newcomer) -> None:
    assert newcomer.types("catalog demo").returncode == Exit.DONE
    assert (newcomer.folder / "catalog-demo.db").exists()


def test_the_machine_of_the_check_runs_a_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert [line for line in ("./dev catalog demo", "./dev check") if line not in script] == []


def test_a_first_sync_needs_one_variable(newcomer: Newcomer) -> None:
    done = newcomer.types(FIRST)
    assert (done.returncode, timeless(done.stdout)) == (
        Exit.DONE,
        "anthropic: 4 models listed, 4 new (1 page, S); a baseline: what it found is not news\n",
    )
    assert done.stderr.startswith(f"made a new catalog in {newcomer.folder / 'catalog.db'}")


def test_the_commands_of_every_day_work_after_the_first_sync(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    newcomer.sync()
    monkeypatch.chdir(newcomer.folder)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", newcomer.server.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-...")
    for line in DAILY:
        program, *arguments = shlex.split(line)
        assert (program, cli.run(arguments)) == ("catalog", Exit.DONE), f"{line}: {capsys.readouterr().err}"


def test_the_same_on_postgres(newcomer: Newcomer, postgres_url: str) -> None:
    line = ON_POSTGRES.replace("postgresql://catalog@db.example.org/catalog", shlex.quote(postgres_url))
    done = newcomer.types(line, ANTHROPIC_API_KEY="sk-ant-...")
    assert done.returncode == Exit.DONE, done.stderr
    assert not (newcomer.folder / "catalog.db").exists()


def dev(folder: Path, arguments: str, environment: str) -> None:
    if not (ROOT / environment / ".ready").exists():
        pytest.skip(f"dev has not set up {environment} here")
    command = f"{shlex.quote(str(ROOT / 'dev'))} {arguments}"
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == Exit.DONE, done.stderr


def test_dev_runs_the_demo_with_what_users_need_alone(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()  # not ours, though it has our name
    dev(tmp_path, "catalog demo", ".venv-user")
    assert (tmp_path / "catalog-demo.db").exists()
    packages = {path.name for path in (ROOT / ".venv-user").glob("lib/*/site-packages/*")}
    assert "sqlalchemy" in packages
    assert not packages & {"pytest", "_pytest", "mypy", "ruff", "hatchling", "hypothesis", "coverage"}


def test_dev_runs_the_tests(tmp_path: Path) -> None:
    dev(tmp_path, "test --version", ".venv")


@pytest.mark.wheel
def test_pip_installs_the_checkout(tmp_path: Path) -> None:
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--target", str(tmp_path)]
    subprocess.run([*_pip(), "install", *options, "."], cwd=ROOT, check=True)
    assert (tmp_path / "bin" / "catalog").exists()
    assert list(tmp_path.glob("catalog/_migrations/versions/*.py"))


def _pip() -> list[str]:
    uv = shutil.which("uv", path=f"{os.environ['PATH']}:{ROOT}/.tools/bin")
    return [uv, "pip"] if uv else [sys.executable, "-m", "pip"]


# Output


def test_the_shown_output_is_what_a_sync_prints(newcomer: Newcomer) -> None:
    newcomer.sync()
    newcomer.server.models = after()
    assert timeless(newcomer.sync()) == timeless(blocks("text", FIRST_DAY)[0])


def test_every_mark_of_the_output_is_explained() -> None:
    marks = {*run_lines._MARKS.values(), "?"}
    assert {mark for mark in marks if f"\n| `{mark}` |" not in FIRST_DAY} == set()


def test_cron_mails_changes_and_problems_only(newcomer: Newcomer) -> None:
    (newcomer.folder / "env").write_text("export ANTHROPIC_API_KEY=sk-ant-...\n")
    fields = blocks("cron")[0].split(maxsplit=5)
    line = fields[5].replace("/srv/catalog", shlex.quote(str(newcomer.folder)))
    said = []
    for models in (before(), after(), after(), []):
        newcomer.server.models = models
        done = newcomer.types(line)
        said.append(bool(done.stdout + done.stderr))
    assert fields[0].isdigit()
    assert said == [False, True, False, True]


def test_the_shown_sources_can_be_synced(newcomer: Newcomer) -> None:
    gateway = ModelsServer(models=before(), key="gw-0123456789", reshape=lambda page: {"data": page["data"]}).start()
    text = blocks("toml", how_to("sources"))[0].replace("https://models.example.org", gateway.url)
    (newcomer.folder / "catalog.toml").write_text(text)
    keys = {"ANTHROPIC_API_KEY": "sk-ant-...", "GATEWAY_KEY": "gw-0123456789"}
    both = newcomer.types("catalog sync", **keys)
    one = newcomer.types("catalog sync gateway", **keys)
    gateway.close()
    assert (both.returncode, one.returncode) == (Exit.DONE, Exit.DONE), both.stderr + one.stderr
    assert sorted(line.split(":")[0] for line in both.stdout.splitlines()) == ["anthropic", "gateway"]
    assert gateway.requests[0].headers["authorization"] == "Bearer gw-0123456789"


@uses_apprise
def test_the_shown_channels_are_told_and_every_command_about_them_works(
    newcomer: Newcomer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver = ModelsServer(always=answer({})).start()
    text = blocks("toml", how_to("alerts"))[0]
    team = f"json://{urlsplit(receiver.url).netloc}"
    text = text.replace("https://example.org", receiver.url).replace("slack://${SLACK_TOKENS}", team)
    (newcomer.folder / "catalog.toml").write_text(text)
    monkeypatch.chdir(newcomer.folder)
    for variable, value in {"ANTHROPIC_API_KEY": "sk-ant-...", **SECRETS}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("ANTHROPIC_BASE_URL", newcomer.server.url)
    assert cli.run(["sync"]) == Exit.DONE
    newcomer.server.models = after()
    assert cli.run(["sync"]) == Exit.DONE
    told = [seen for seen in receiver.requests if seen.path == "/hook"]
    codes = {line: cli.run(shlex.split(line)[1:]) for line in ON_ALERTS}
    receiver.close()
    page: dict[str, Any] = {}
    exec(blocks("python", PAGES[Path("docs/how-to/alerts.md")])[0], page)
    assert [page["is_genuine"](seen.headers, seen.body, SECRETS["HOOK_SECRET"]) for seen in told] == [True]
    assert set(codes.values()) == {Exit.DONE}, capsys.readouterr().err
    assert {"team took catalog.changes", "team took catalog.retiring"} <= set(capsys.readouterr().out.splitlines())


@uses_apprise
def test_every_shown_channel_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in SECRETS.items():
        monkeypatch.setenv(variable, value)
    for text in (text for page in PAGES.values() for text in blocks("toml", page)):
        path = tmp_path / "catalog.toml"
        path.write_text(text)
        settings = config.load(path)
        for alert in settings.alerts:
            wiring.channel(settings, alert)


def test_every_shown_setting_exists(tmp_path: Path) -> None:
    for name, page in PAGES.items():
        for text in blocks("toml", page):
            path = tmp_path / "catalog.toml"
            path.write_text(text)
            path.chmod(0o600)  # as `catalog init` makes it
            assert config.load(path, environ={}).warnings == (), name


# Everywhere


def spans() -> list[tuple[str, str]]:
    """Find each `catalog ...` that a page mentions, with the page's name."""
    found = [(str(name), span) for name, page in PAGES.items() for span in re.findall(r"`(catalog [^`]+)`", page)]
    return sorted({(name, span) for name, span in found if re.match(r"catalog [a-z-]", span)})


def test_every_command_that_a_page_mentions_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    refused = []
    for name, span in spans():
        if cli.run([*shlex.split(span)[1:], "--help"]) != Exit.DONE:
            refused.append((name, span, capsys.readouterr().err))
    assert refused == []


def test_the_index_leads_to_every_page() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", PAGES[Path("docs/index.md")])
    pages = {str(name.relative_to("docs")) for name in PAGES if name.parts[0] == "docs"}
    assert pages - {"index.md", *linked} == set()


def test_every_link_leads_somewhere() -> None:
    dead = [
        (str(name), link)
        for name, page in PAGES.items()
        for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page)
        if not link.startswith("https://") and not (ROOT / name).parent.joinpath(link).exists()
    ]
    assert dead == []


def test_the_python_page_works_as_it_stands_on_each_database(
    newcomer: Newcomer, migrated_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(newcomer.folder)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-...")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", newcomer.server.url)
    *programs, client = blocks("python", PAGES[Path("docs/how-to/python.md")])
    names: dict[str, Any] = {}
    said = []
    for program in programs:
        assert "sqlite:///catalog.db" in program
        exec(program.replace("sqlite:///catalog.db", migrated_url), names)
        said.append(capsys.readouterr().out.splitlines())
    ids = sorted(listed["id"] for listed in before())
    assert [line.split()[0] for line in said[0]] == ["complete", *ids]
    assert names["opus"] == ["claude-opus-4", "claude-opus-4-7"]
    assert (len(names["then"]), names["gone"], names["story"].model) == (len(ids), [], names["one"])
    assert said[1][-1].startswith("complete ")
    assert said[2] == ["True", *(f"{id} None" for id in ids)]
    assert ["claude-no-such-model" in said[3][0], "was refused" in said[3][1]] == [True, True]
    exec(client.replace("https://api.anthropic.com", newcomer.server.url), {})
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed[:5]] == [
        *("claude-opus-4-7", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4"),
        "claude-opus-4-7",
    ]
    assert "claude-no-such-model" in printed[-1]


def test_the_api_of_the_demo_can_be_used_as_its_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    exec(blocks("python", PAGES[Path("docs/start/demo.md")])[0], {})
    assert capsys.readouterr().out == "['mine']\n"


def test_every_program_that_a_page_shows_is_run_above() -> None:
    assert {str(name) for name, page in PAGES.items() if blocks("python", page)} == {
        *("docs/how-to/alerts.md", "docs/start/demo.md", "docs/how-to/python.md"),
    }
