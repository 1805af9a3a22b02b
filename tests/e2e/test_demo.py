"""`catalog demo`, as a newcomer meets it: the whole product at work, without a key and without a network."""

import os
import pty
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog import cli
from catalog.cli.running import demo
from catalog.demo import history, play
from catalog.errors import Exit
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.queries import history as catalogs

ROOT = Path(__file__).parents[2]
BY_YEAR = """\
year  added  removed  fields changed  listed
2024  8      0        0               8
2025  7      5        7               10
2026  7      7        212             10
"""


@dataclass(frozen=True, kw_only=True)
class Shell:
    """A folder of one's own, in which `catalog` is a command."""

    folder: Path

    def run(self, line: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        surroundings = {**os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}", **environ}
        return subprocess.run(
            ["sh", "-c", line],
            cwd=self.folder,
            env=surroundings,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def shell(folder: Path) -> Shell:
    program = folder / "bin" / "catalog"
    program.parent.mkdir()
    python = f"{shlex.quote(sys.executable)} -c 'from catalog.cli import main; main()'"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {python} "$@"\n')
    program.chmod(0o755)
    return Shell(folder=folder)


@pytest.fixture
def newcomer(tmp_path: Path) -> Shell:
    return shell(tmp_path)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, "subprocess.CompletedProcess[str]"]:
    """The demo, once, through a pipe; a dead proxy in the environment must not matter."""
    newcomer = shell(tmp_path_factory.mktemp("demo"))
    dead = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    return newcomer, newcomer.run("catalog demo", **dead)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    with closing(databases.open_(url)) as database:
        yield database


def test_the_demo_needs_nothing_and_counts_the_changes_of_each_year(
    shown: tuple[Shell, "subprocess.CompletedProcess[str]"],
) -> None:
    newcomer, result = shown
    table, _, rest = result.stdout.partition("\n\n")
    assert (result.returncode, table + "\n") == (0, BY_YEAR), result.stderr
    assert rest.startswith("Try next:\n")
    assert result.stderr.splitlines() == [
        f"31 syncs, from 2024-12-17 to 2026-10-07, into {newcomer.folder / 'catalog-demo.db'}",
        "on record until 2026-08-06; the step of 2026-10-07 is drawn from announcements, not from a look at the list",
    ]


def test_the_three_commands_it_prints_work_as_printed(
    shown: tuple[Shell, "subprocess.CompletedProcess[str]"],
) -> None:
    newcomer, result = shown
    lines = result.stdout.partition("Try next:\n")[2].splitlines()
    answers = [newcomer.run(line) for line in lines if not line.startswith("  #")]
    assert [answer.returncode for answer in answers] == [0] * 3
    assert [answer.stderr.splitlines()[-1:] for answer in answers] == [["11 models"], [], ["15 differences"]]
    assert "claude-opus-4-20250514" in answers[0].stdout
    assert "retires_at: absent → 2026-11-30" in answers[1].stdout
    assert "claude-opus-4-5-20251101" in answers[2].stdout


def test_a_second_demo_is_refused_and_changes_nothing(
    shown: tuple[Shell, "subprocess.CompletedProcess[str]"],
) -> None:
    newcomer, _ = shown
    before = (newcomer.folder / "catalog-demo.db").read_bytes()
    result = newcomer.run("catalog demo")
    assert (result.returncode, result.stdout) == (Exit.DATABASE, "")
    assert "already holds a catalog" in result.stderr
    assert "catalog demo --database sqlite:///another-demo.db" in result.stderr
    assert (newcomer.folder / "catalog-demo.db").read_bytes() == before


def test_every_state_is_in_the_catalog_as_it_was_served_and_every_loss_has_its_day(migrated_url: str) -> None:
    assert cli.run(["-q", "demo", "--database", migrated_url]) == Exit.DONE
    played = history.load()
    with opened(migrated_url) as database, database.read() as connection:
        for look in play.looks(played):
            known = {state.id: state.display_name for state in catalogs.as_of(connection, look.at)}
            assert known == {item["id"]: item["display_name"] for item in look.items}, look.at
        models = list(catalogs.models(connection, which=catalogs.Which.ALL))
    removed = {model.id: model.removed_at for model in models if model.removed_at}
    assert {name: at.date() for name, at in removed.items()} == {
        name: event.date for event in played.events for name in event.left
    }
    assert removed["claude-2.1"] == datetime(2025, 7, 21, 9, tzinfo=UTC)
    assert len(models) == len(played.models)


def test_every_run_of_the_demo_is_complete_and_at_its_moment(
    shown: tuple[Shell, "subprocess.CompletedProcess[str]"],
) -> None:
    with opened(f"sqlite:///{shown[0].folder / 'catalog-demo.db'}") as database, database.read() as connection:
        runs = list(catalogs.runs(connection))[::-1]
    looks = list(play.looks(history.load()))
    assert {run.status for run in runs} == {"complete"}
    assert {run.source for run in runs} == {demo.SOURCE} != {"anthropic"}
    assert [run.started_at for run in runs] == [look.at for look in looks]
    assert [run.models_seen for run in runs] == [len(look.items) for look in looks]


def test_quietly_the_demo_prints_the_changes_and_nothing_else(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["demo", "-q", "--database", sqlite_url]) == Exit.DONE
    assert capsys.readouterr() == (BY_YEAR, "")


def test_a_progress_bar_runs_where_somebody_watches(newcomer: Shell) -> None:
    reader, writer = pty.openpty()
    command = [str(newcomer.folder / "bin" / "catalog"), "demo"]
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(command, cwd=newcomer.folder, env=environ, stdout=subprocess.PIPE, stderr=writer) as process:
        os.close(writer)
        seen = b"".join(iter(lambda: _read(reader), b""))
        process.communicate(timeout=60)
    os.close(reader)
    assert process.returncode == Exit.DONE, seen
    assert b"31/31" in seen
    assert b"31 syncs" in seen


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that nobody holds the other end any more
        return b""


def test_a_file_that_is_no_catalog_is_refused_and_stays_as_it_is(newcomer: Shell) -> None:
    path = newcomer.folder / "mine.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE letters (text)")
    before = path.read_bytes()
    result = newcomer.run("catalog demo --database sqlite:///mine.db")
    assert (result.returncode, result.stdout) == (Exit.DATABASE, "")
    assert path.read_bytes() == before


@pytest.mark.warns
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("catalog-demo.db", "--database must be"),
        ("mysql://me@host/db", "--database must be"),
        ("sqlite:///:memory:", "would forget everything"),
    ],
)
def test_a_bad_database_url_is_refused_by_the_name_of_its_option(
    url: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["demo", "--database", url]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert (out, words in err) == ("", True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.promise("P9")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:s3cret-w0rd@db/catalog",
        "postgresql://me@db/catalog?password=s3cret-w0rd",
        "postgresql+asyncpg://me@db/catalog?sslpassword=s3cret-w0rd",
        "host=db dbname=catalog user=me password=s3cret-w0rd",
        "host=db dbname=catalog password='s3cret w0rd'",
    ],
)
def test_a_password_in_the_url_is_not_repeated(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    demo._suggest(url)
    assert capsys.readouterr().out.splitlines()[1:4] == [
        "Try next, with CATALOG_DATABASE_URL set to the URL you gave:",
        "  # what was listed that day",
        "  catalog models --as-of 2025-06-01",
    ]


def test_a_url_is_printed_so_that_a_shell_takes_it_as_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    demo._suggest("sqlite:///my demo.db")
    assert "  CATALOG_DATABASE_URL='sqlite:///my demo.db' catalog models --as-of" in capsys.readouterr().out


def test_where_a_configuration_lies_the_printed_commands_leave_it_aside(
    shown: tuple[Shell, "subprocess.CompletedProcess[str]"],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("catalog.toml").write_text('[database]\nurl = "sqlite:///other.db"\n')
    demo._suggest(f"sqlite:///{shown[0].folder / 'catalog-demo.db'}")
    command = next(line for line in capsys.readouterr().out.splitlines() if "--as-of" in line)
    assert command.startswith("  CATALOG_CONFIG=/dev/null CATALOG_DATABASE_URL=sqlite:///")
    answer = Shell(folder=shown[0].folder).run(f"cd {tmp_path} && {command}")
    assert (answer.returncode, "claude-2.1" in answer.stdout) == (Exit.DONE, True)
