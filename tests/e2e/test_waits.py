"""What people see while a command waits: for another try of a request, or for another process at the database."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog import cli
from catalog.cli.context import Context
from catalog.store.engine import database as databases
from tests import server as play
from tests.e2e import terminal
from tests.server import ModelsServer, error, model

pytestmark = pytest.mark.warns  # the command line tells of failures by its log

BUSY = "another process is writing to the database; waiting"


@dataclass
class Place:
    """A folder with a catalog of either kind, and a list."""

    folder: Path
    server: ModelsServer
    url: str
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = cli.run(arguments)
        return code, *self.capsys.readouterr()


@pytest.fixture
def place(
    tmp_path: Path,
    server: ModelsServer,
    migrated_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", play.KEY)
    monkeypatch.setenv("CATALOG_DATABASE_URL", migrated_url)
    server.models = [model("m-1"), model("m-2")]
    settings = f'base_url = "{server.url}"\napi_key_env = "KEY"\ndeadline = "60s"\npage_size = 1\n'
    (tmp_path / "catalog.toml").write_text(f"[sources.one]\n{settings}")
    return Place(tmp_path, server, migrated_url, capsys)


# Another try


def slowly(server: ModelsServer) -> None:
    """Let the second page fail once, with two seconds to wait."""
    server.script(play.honest, error(529, headers={"retry-after": "2"}))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_terminal_shows_what_a_sync_waits_for_while_it_waits(
    place: Place, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slowly(place.server)
    with terminal.screen(width, monkeypatch) as shown:
        code = cli.run(["sync"])
    assert code == 0
    whole = r"one: page 1, 1 models; HTTP 529; try 2 of 6 in [12] s"
    assert re.search(whole if width >= 80 else r"one: page 1, 1 models; HTTP 529; try 2 …", shown.text)
    assert [line.partition(" (")[0] for line in shown.lines()] == ["one: 2 models listed, 2 new"]


def test_a_pipe_hears_nothing_of_it_but_with_v(place: Place) -> None:
    slowly(place.server)
    assert place.run("sync")[2] == ""
    slowly(place.server)
    code, _, err = place.run("sync", "-v")
    assert code == 0
    assert [line for line in err.splitlines() if "try" in line] == ["one: HTTP 529; try 2 of 6 in 2 s"]


@pytest.mark.parametrize("arguments", [("sync", "-v"), ("check", "-v"), ("-v", "sync", "--dry-run")])
def test_an_ordinary_outage_has_no_traceback(place: Place, arguments: tuple[str, ...]) -> None:
    place.server.always = error(500, headers={"retry-after-ms": "1"})
    code, _, err = place.run(*arguments)
    assert code == 3
    assert err.count("try 2 of 6 in 1 s") == 1
    assert "given up after 6 tries" in err
    assert "Traceback" not in err


def test_a_check_tells_each_try_on_a_terminal_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.server.always = error(529, headers={"retry-after-ms": "1"})
    code, lines = terminal.call(80, monkeypatch, "check")
    assert code == 3
    tries = [f"one: HTTP 529; try {number} of 6 in 1 s" for number in range(2, 7)]
    assert [line for line in lines if "try " in line and "given up" not in line] == tries
    assert "HTTP 529; try" not in place.run("check")[2]
    code, lines = terminal.call(80, monkeypatch, "check", "-q")
    assert not any(" try 2" in line for line in lines)


# The database


@contextmanager
def writing(url: str) -> Iterator[Callable[[], None]]:
    """Write to a database as another process would, until the given function is called."""
    go_on, is_writing = threading.Event(), threading.Event()

    def write() -> None:
        other = databases.open_(url)
        with other.write() as connection:
            connection.execute(sa.text("SELECT 1"))
            is_writing.set()
            go_on.wait(60)
        other.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert is_writing.wait(30)
    try:
        yield go_on.set
    finally:
        go_on.set()
        thread.join(30)


@pytest.mark.parametrize("arguments", [("sync",), ("sync", "--dry-run")])
def test_a_terminal_is_told_that_the_database_waits_for_another_process(
    place: Place, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    with terminal.screen(80, monkeypatch) as shown, writing(place.url) as end:
        codes: list[int] = []
        thread = threading.Thread(target=lambda: codes.append(cli.run(arguments)))
        thread.start()
        terminal.wait_for(lambda: BUSY in shown.text)
        assert not codes
        end()
        thread.join(60)
    assert codes == [0]
    assert BUSY in shown.lines()


@pytest.mark.parametrize(("option", "told"), [((), 0), (("-q",), 0), (("-v",), 1)])
def test_a_pipe_is_told_of_it_with_v_alone(
    place: Place, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...], told: int
) -> None:
    waited, tell_busy = threading.Event(), Context.tell_busy

    def tell(context: Context) -> None:
        tell_busy(context)
        waited.set()

    monkeypatch.setattr(Context, "tell_busy", tell)
    with writing(place.url) as end:
        thread = threading.Thread(target=cli.run, args=(["sync", *option],))
        thread.start()
        assert waited.wait(60)
        end()
        thread.join(60)
    assert place.capsys.readouterr().err.count(BUSY) == told


def test_a_database_that_is_free_is_not_called_busy(place: Place) -> None:
    assert BUSY not in place.run("sync", "-v")[2]
