"""`catalog run` as people and service managers call it: a real process, a real list, real signals."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog import __version__
from catalog.errors import DatabaseError
from catalog.store.engine import database as databases
from catalog.store.schema import invariants, views
from tests import postgres
from tests import server as play
from tests.server import ModelsServer, free_port, model

PROGRAM = [sys.executable, "-c", "from catalog import cli; cli.main()"]
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
NOWHERE = "http://127.0.0.1:1"  # refuses every connection


class Place:
    """A folder with a configuration, a list, and the processes that were started there."""

    def __init__(self, folder: Path, server: ModelsServer, url: str) -> None:
        self.folder, self.server, self.url = folder, server, url
        self.started: list[subprocess.Popen[bytes]] = []
        self.configure()

    def configure(self, *sources: str, base_url: str | None = None, every: str = "1s", **settings: Any) -> None:
        """Write the configuration of sources that read the server's list; the named ones read `base_url`."""
        text = f"[database]\nurl = {json.dumps(self.url)}\n[schedule]\nevery = {json.dumps(every)}\n"
        for name in ("one", *sources):
            known = {"base_url": base_url if name in sources else self.server.url, "api_key_env": "KEY", **settings}
            lines = [f"{key} = {json.dumps(value)}" for key, value in known.items()]
            text += "\n".join([f"[sources.{name}]", *lines, ""])
        (self.folder / "catalog.toml").write_text(text)

    def run(self, *arguments: str, environ: Mapping[str, str] | None = None, **pipes: Any) -> subprocess.Popen[bytes]:
        """Start `catalog run`; its output goes to the files out and err of its number."""
        number = len(self.started)
        with (self.folder / f"out{number}").open("wb") as out, (self.folder / f"err{number}").open("wb") as err:
            process = subprocess.Popen(
                [*PROGRAM, "run", *arguments],
                cwd=self.folder,
                env={**os.environ, "KEY": play.KEY, **(environ or {})},
                **{"stdout": out, "stderr": err, **pipes},
            )
        self.started.append(process)
        return process

    def said(self, stream: str = "out", number: int = 0) -> str:
        return (self.folder / f"{stream}{number}").read_text()

    def runs(self, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of all runs, oldest first; none when there is no catalog yet."""
        view = views.sync_runs
        database = databases.open_(self.url)
        try:
            if not database.exists():
                return []
            with database.read() as connection:
                wanted = sa.select(*(view.c[name] for name in columns)).order_by(view.c.run_id)
                return [tuple(row) for row in connection.execute(wanted)]
        except DatabaseError:  # it is just being made
            return []
        finally:
            database.close()

    def check(self) -> None:
        """Hold the database against the rules of every history."""
        database = databases.open_(self.url)
        try:
            assert invariants.broken(database) == []
        finally:
            database.close()


def build(folder: Path, server: ModelsServer, url: str) -> Iterator[Place]:
    server.models = [model("claude-a"), model("claude-b")]
    place = Place(folder, server, url)
    yield place
    for process in place.started:
        process.kill()
        process.wait(5)


@pytest.fixture
def place(tmp_path: Path, server: ModelsServer, migrated_url: str) -> Iterator[Place]:
    """A place with a database of either kind, which holds the schema already."""
    yield from build(tmp_path, server, migrated_url)


@pytest.fixture
def shared(
    tmp_path: Path, server: ModelsServer, postgres_server: postgres.Server, migrated_database: str
) -> Iterator[Place]:
    """A place with a Postgres database, which holds the schema already."""
    with postgres_server.database(migrated_database) as url:
        yield from build(tmp_path, server, url)


@pytest.fixture
def quick(tmp_path: Path, server: ModelsServer) -> Iterator[Place]:
    """A place with a SQLite file that is not there yet."""
    yield from build(tmp_path, server, f"sqlite:///{tmp_path / 'catalog.db'}")


def wait_for(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something is so; generous, for the machine may be busy."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
    return found


def end(process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
    """Send a signal and give the exit code, which must come within five seconds."""
    process.send_signal(number)
    return process.wait(5)


def test_it_syncs_at_once_and_again_and_ends_when_told(quick: Place) -> None:
    process = quick.run()
    wait_for(lambda: quick.said().count("\n") >= 2)
    quick.server.models.append(model("claude-c"))
    wait_for(lambda: "claude-c" in quick.said())
    assert end(process) == 143
    lines = quick.said().splitlines()
    assert lines[0].startswith("one: 2 models listed, 2 new (1 page, ")
    assert lines[1].startswith("one: 2 models listed, nothing changed (1 page, ")
    assert "  + one: claude-c newly listed" in lines
    assert "made a new catalog" in quick.said("err")
    assert quick.said("err").endswith("catalog: terminated; nothing is half-written\n")
    assert {status for (status,) in quick.runs("status")} <= {"complete", "abandoned"}


def test_a_wave_is_one_line_of_the_worker_too(quick: Place) -> None:
    quick.server.models = [model(f"claude-{number}") for number in range(30)]
    quick.run()
    wait_for(quick.said)
    quick.server.models = [{**item, "tone": 1} for item in quick.server.models]
    wait_for(lambda: "30 models changed" in quick.said())
    wait_for(lambda: "  ~ one: tone: absent → 1 on 30 of 30 models\n" in quick.said())
    assert quick.said().count("tone") == 1


def test_it_says_at_the_start_what_it_reads_when_and_what_is_served_where(place: Place) -> None:
    port = free_port()
    place.configure("two", every="1h", base_url=place.server.url)
    with (place.folder / "catalog.toml").open("a") as file:
        file.write(f'[monitor]\nlisten = "127.0.0.1:{port}"\n')
    process = place.run()
    wait_for(lambda: place.said().count("listed") == 2)
    assert end(process) == 143
    words, _, rest = place.said("err").splitlines()[0].partition(" (next: ")
    assert words == f"catalog {__version__} reads one, two now and every 1 h"
    assert re.fullmatch(rf"{MOMENT}\); metrics at http://127\.0\.0\.1:{port}/metrics", rest)
    assert re.search(
        rf"^one: 2 models listed, 2 new \(1 page, \d+\.\d s, run \d at {MOMENT}\)", place.said(), re.MULTILINE
    )


def test_machines_get_json_alone(quick: Place) -> None:
    quick.server.models = [model(f"claude-{number}") for number in range(30)]
    quick.configure("bad", base_url=NOWHERE, deadline="1s")
    process = quick.run("--log-format", "json")
    wait_for(quick.said)
    quick.server.models = [{**item, "tone": 1} for item in quick.server.models]
    wait_for(lambda: "tone" in quick.said())
    wait_for(lambda: "refused" in quick.said("err"))
    assert end(process) == 143
    told = [json.loads(line) for line in (quick.said() + quick.said("err")).splitlines()]
    events = {line["event"] for line in told}
    assert {"worker.started", "run.told", "command.failed", "command.stopped"} <= events
    assert {(line["event"], line["level"]) for line in told if line["level"] == "error"} == {
        ("command.failed", "error")
    }
    [started] = [line for line in told if line["event"] == "worker.started"]
    assert (started["version"], started["sources"], started["served"]) == (__version__, ["one", "bad"], {})
    assert started["next"].keys() == {"one", "bad"}
    news = [line for line in told if "tone" in line["message"]]
    assert [(line["event"], line["source"], line["message"]) for line in news] == [
        ("run.told", "one", "~ one: tone: absent → 1 on 30 of 30 models")
    ]
    assert news[0]["run_id"] in dict(quick.runs("run_id", "changed"))


def test_control_c_ends_it_too(quick: Place) -> None:
    process = quick.run()
    wait_for(quick.said)
    assert end(process, signal.SIGINT) == 130


def test_quiet_says_only_what_changed(quick: Place) -> None:
    process = quick.run("-q")
    wait_for(lambda: len(quick.runs("run_id")) >= 2)
    quick.server.models.append(model("claude-c"))
    wait_for(quick.said)
    assert end(process) == 143
    assert quick.said() == "  + one: claude-c newly listed\n"


def test_a_run_that_waits_for_an_answer_is_left_at_once_with_nothing_half_written(place: Place) -> None:
    place.server.script(play.honest, play.silence())
    place.configure(page_size=1)
    process = place.run()
    wait_for(lambda: len(place.server.requests) == 2)
    assert end(process) == 143
    assert place.runs("status", "models_seen", "error") == [
        ("abandoned", 0, "it was stopped: the program was told to end")
    ]
    place.check()
    following = place.run()
    wait_for(lambda: ("complete", 2) in place.runs("status", "models_seen"))
    assert end(following) == 143


def test_a_hung_run_is_ended_at_its_deadline_and_the_worker_goes_on(quick: Place) -> None:
    quick.configure("two", base_url=quick.server.url, deadline="1s", timeout="1s")
    quick.server.script(play.silence())
    process = quick.run()
    wait_for(lambda: "failed" in dict(quick.runs("status", "source")))
    before = len(quick.runs("run_id"))
    wait_for(lambda: len(quick.runs("run_id")) >= before + 2)
    assert end(process) == 143


def test_a_source_that_fails_disturbs_no_other_and_is_not_asked_every_second(quick: Place) -> None:
    quick.configure("bad", base_url=NOWHERE, deadline="1s")
    process = quick.run()
    wait_for(lambda: quick.runs("source", "status").count(("one", "complete")) >= 4)
    assert end(process) == 143
    assert [source for source, status in quick.runs("source", "status") if status == "failed"] == ["bad"]
    assert quick.said("err").count("catalog: bad: the models list of 127.0.0.1:1: the connection was refused") == 1


def test_only_the_sources_that_are_named_are_read(quick: Place) -> None:
    quick.configure("bad", base_url=NOWHERE)
    process = quick.run("one")
    wait_for(lambda: len(quick.runs("run_id")) >= 2)
    assert end(process) == 143
    assert {source for (source,) in quick.runs("source")} == {"one"}


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [(["three"], {}, "no source is named three"), ([], {"KEY": ""}, "one: no API key: ")],
)
def test_what_can_never_work_is_told_at_the_start(
    quick: Place, arguments: list[str], environ: dict[str, str], words: str
) -> None:
    assert quick.run(*arguments, environ=environ).wait(20) == 2
    assert words in quick.said("err")
    assert not (quick.folder / "catalog.db").exists()


def test_a_service_manager_hears_when_it_is_ready_alive_and_about_to_end(quick: Place) -> None:
    path = str(quick.folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(20)
        process = quick.run(environ={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
        heard = [manager.recv(100) for _ in range(4)]
        assert end(process) == 143
        manager.settimeout(0.2)
        while heard[-1] != b"STOPPING=1":
            heard.append(manager.recv(100))
    assert heard[0] == b"READY=1"
    assert set(heard[1:-1]) == {b"WATCHDOG=1"}


def test_what_follows_a_sync_is_done_in_between(quick: Place) -> None:
    watcher = ModelsServer(always=play.answer({})).start()
    port = free_port()
    with (quick.folder / "catalog.toml").open("a") as file:
        file.write(
            f'[[alerts]]\nname = "team"\nwebhook = {{ url = "{watcher.url}/hook" }}\n'
            f'[monitor]\nping_url = "{watcher.url}/ping"\nmetrics_file = "catalog.prom"\nlisten = "127.0.0.1:{port}"\n'
        )
    process = quick.run()
    try:
        wait_for(quick.said)
        quick.server.models.append(model("claude-c"))
        wait_for(lambda: "/hook" in [seen.path for seen in watcher.requests])
        assert (quick.folder / "catalog.prom").exists()
        assert asked(port, "/healthz") == (200, "ok\n")
        assert 'catalog_models_listed{source="one"} 3.0' in asked(port, "/metrics")[1]
        quick.server.always = play.error(401)
        wait_for(lambda: "/ping/fail" in [seen.path for seen in watcher.requests])
        assert end(process) == 143
    finally:
        watcher.close()
    paths = [seen.path for seen in watcher.requests]
    assert paths[:2] == ["/ping/start", "/ping"]
    assert paths.count("/hook") == 1


def test_a_database_that_was_moved_away_is_told_of_and_written_to_no_more(quick: Place) -> None:
    """The worker went on in the file that had lost its name, and was healthy."""
    port = free_port()
    with (quick.folder / "catalog.toml").open("a") as file:
        file.write(f'[monitor]\nlisten = "127.0.0.1:{port}"\n')
    process = quick.run()
    wait_for(quick.said)
    assert asked(port, "/healthz") == (200, "ok\n")
    place, elsewhere = quick.folder / "catalog.db", quick.folder / "elsewhere.db"
    place.rename(elsewhere)
    wait_for(lambda: f"the database {place} " in quick.said("err"))
    assert asked(port, "/healthz") == (503, f"the database {place} is gone: no run can be recorded\n")
    assert end(process) == 143
    assert not place.exists()


def asked(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_a_terminal_shows_one_live_line_per_source(quick: Place) -> None:
    quick.configure("bad", base_url=NOWHERE, deadline="1s")
    ours, theirs = pty.openpty()
    process = quick.run(environ={"TERM": "xterm", "COLUMNS": "120"}, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""

    def both() -> bool:
        nonlocal shown
        shown += os.read(ours, 65536)
        return b"2 models listed, nothing changed" in shown and b"bad" in shown and b"failed: " in shown

    wait_for(both)
    assert end(process) == 143
    os.close(ours)
    assert b"next in" in shown


@pytest.mark.parametrize("command", ["run", "sync"])
def test_a_terminal_that_is_closed_ends_a_run_in_order(quick: Place, command: str) -> None:
    """SIGHUP killed it: the run stayed open, and the next one said that an earlier run never ended."""
    quick.server.script(play.silence())
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, command],
        cwd=quick.folder,
        env={**os.environ, "KEY": play.KEY, "TERM": "xterm"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
        preexec_fn=lambda: os.login_tty(follower),  # noqa: PLW1509 - a terminal of its own
    )
    quick.started.append(process)
    os.close(follower)
    wait_for(lambda: quick.server.requests)
    os.close(leader)
    assert process.wait(5) == 143
    assert quick.runs("status") == [("abandoned",)]
    quick.check()
    again = quick.run()
    wait_for(lambda: quick.said(number=1))
    assert end(again) == 143
    assert "never ended" not in quick.said("err", 1)


def test_two_workers_on_one_postgres_do_each_run_once(shared: Place) -> None:
    two = [shared.run(), shared.run()]
    wait_for(lambda: shared.said(number=0) and shared.said(number=1))
    [both] = shared.runs("run_id")[-1]
    wait_for(lambda: shared.runs("run_id")[-1][0] >= both + 5)
    assert [end(process) for process in two] == [143, 143]
    runs = [(began, status) for id, began, status in shared.runs("run_id", "started_at", "status") if id > both]
    slots = Counter(began.replace(microsecond=0) for began, status in runs if status == "complete")
    assert set(slots.values()) == {1}
    for number in (0, 1):
        begun, *elsewhere, ended = shared.said("err", number).splitlines()
        assert begun.startswith(f"catalog {__version__} reads one now and every 1 s (next: ")
        assert set(elsewhere) <= {"one: another worker reads it"}  # whose turn it is may change
        assert ended == "catalog: terminated; nothing is half-written"
    shared.check()


def test_when_the_busy_worker_is_killed_another_takes_over(place: Place) -> None:
    place.server.script(play.silence())
    busy = place.run()
    wait_for(lambda: place.server.requests)
    other = place.run()
    wait_for(lambda: "skipped" in {status for (status,) in place.runs("status")})
    busy.kill()
    busy.wait(30)
    wait_for(lambda: "complete" in {status for (status,) in place.runs("status")})
    assert end(other) == 143
    assert place.runs("status")[0] == ("abandoned",)
    assert "skipped" not in place.said("out", 1) + place.said("err", 1)
    assert place.said("err", 1).count("one: another worker reads it\n") == 1
    place.check()
