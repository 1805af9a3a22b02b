"""`catalog web`, `catalog demo --web` and `catalog run` with pages: real processes, real signals."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from catalog import cli
from tests import server as play
from tests.server import ModelsServer, free_port, model
from tests.web.conftest import Reply, Visitor

PROGRAM = [sys.executable, "-c", "from catalog import cli; cli.main()"]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the program in a folder of its own; what still runs is killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, **environ: str) -> "subprocess.Popen[str]":
        surroundings = {**os.environ, "HOME": str(tmp_path), **environ}
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen([*PROGRAM, *arguments], cwd=tmp_path, env=surroundings, **pipes))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def address(process: "subprocess.Popen[str]") -> Visitor:
    """Wait for the address that is printed."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.fullmatch(r"http://([0-9.]+):([0-9]+)/\n", line):
            return Visitor(address=(found[1], int(found[2])), url="")
    pytest.fail(f"no address: {process.communicate()}")


def stalled(site: Visitor) -> socket.socket:
    """Ask for a page and never read it, or never end the question."""
    connection = socket.create_connection(site.address, timeout=20)
    connection.sendall(b"GET /changes.html HTTP/1.1\r\nHost: localhost\r\n")
    return connection


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 143)])
def test_it_ends_within_five_seconds_with_requests_under_way(
    start: Start, demo_file: Path, tmp_path: Path, number: int, code: int
) -> None:
    shutil.copy(demo_file, tmp_path / "catalog.db")
    process = start("web", "--listen", "127.0.0.1:0")
    site = address(process)
    assert site.get("index.html").status == 200
    waiting = [stalled(site) for _ in range(10)]
    process.send_signal(number)
    assert process.wait(5) == code
    for each in waiting:
        each.close()


def test_the_demo_is_a_page_in_one_command_and_at_once_the_second_time(start: Start) -> None:
    process = start("demo", "--web", "--listen", "127.0.0.1:0")
    first = address(process).get("index.html")
    assert first.status == 200
    assert "(1 h ago)" in first.text
    assert first.text.count('<span class="word') == 4, "the strip, and three models that are watched"
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 143
    again = start("demo", "--web", "--listen", "127.0.0.1:0")
    assert address(again).get("index.html").body == first.body


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["web"], "there is no catalog at"),
        (["web", "--listen", "8460"], "must be an address such as"),
        (["web", "--listen", "127.0.0.1:{busy}"], "cannot be listened on (Address already in use)"),
        (["web", "--listen", "203.0.113.1:80"], "cannot be listened on (Cannot assign requested address)"),
        (["web", "--listen", "nowhere.invalid:80"], "cannot be listened on"),
        (["web", "--listen", "127..0.1:80"], "must be an address such as"),
        (["web", "--listen", "[2001:db8::1]:80"], "catalog: [2001:db8::1]:80 cannot be listened on ("),
        (["demo", "--web", "--listen", "127.0.0.1:{busy}"], "cannot be listened on"),
    ],
)
def test_what_cannot_be_served_is_refused_in_words(
    start: Start, demo_file: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    if len(arguments) > 1:
        shutil.copy(demo_file, tmp_path / "catalog.db")
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = str(busy.getsockname()[1])
        process = start(*(each.replace("{busy}", port) for each in arguments))
        _, err = process.communicate(timeout=60)
    assert process.returncode == (2 if "--listen" in arguments else 4)
    assert words in err


def test_it_says_so_where_other_machines_reach_it(start: Start, demo_file: Path, tmp_path: Path) -> None:
    shutil.copy(demo_file, tmp_path / "catalog.db")
    process = start("web", "--listen", "0.0.0.0:0")
    site = address(process)
    here = Visitor(address=("127.0.0.1", site.address[1]), url="")
    assert here.get("status.html", Host=f"192.0.2.7:{site.address[1]}").status == 200
    assert here.get("status.html", Host="evil.example").status == 400
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)  # how soon it ends, others measure
    assert "the pages are served on 0.0.0.0, to every machine that reaches it" in err


def test_a_worker_serves_pages_and_a_reader_that_stalls_delays_no_sync(
    start: Start, server: ModelsServer, tmp_path: Path
) -> None:
    server.models = [model(f"claude-{number}") for number in range(1000)]
    port = free_port()
    (tmp_path / "catalog.toml").write_text(
        f'[sources.one]\nbase_url = "{server.url}"\napi_key_env = "KEY"\nevery = "1s"\n'
        f'[web]\nlisten = "127.0.0.1:{port}"\n'
    )
    process = start("run", KEY=play.KEY)
    site = Visitor(address=("127.0.0.1", port), url="")
    first = wait_for(lambda: get(site, "models.json?limit=1"))
    assert first.status == 200
    waiting = [stalled(site) for _ in range(20)]
    with closing(HTTPConnection(*site.address, timeout=20)) as slow:
        slow.request("GET", "/models.json?limit=1000")
        asked, began = len(server.requests), time.monotonic()
        wait_for(lambda: len(server.requests) >= asked + 3)
        assert time.monotonic() - began < 15
    for each in waiting:
        each.close()
    server.models.append(model("claude-new"))
    wait_for(lambda: (found := get(site, "models.json?q=claude-new")) and b"claude-new" in found.body)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 143


def get(site: Visitor, path: str) -> Reply | None:
    """Ask; None while nothing answers, or there is nothing yet."""
    with suppress(OSError):
        reply = site.get(path)
        return reply if reply.status == 200 and reply.body != b"[]\n" else None
    return None


def wait_for(condition: Callable[[], Any], seconds: float = 40) -> Any:
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
    return found


def test_the_help_and_a_sync_import_nothing_of_it(tmp_path: Path, server: ModelsServer) -> None:
    listing = "import sys; from catalog import cli; code = cli.run(sys.argv[1:]); print(code, *sys.modules)"
    server.models = [model("claude-a")]
    surroundings = {**os.environ, "ANTHROPIC_API_KEY": play.KEY, "ANTHROPIC_BASE_URL": server.url}
    for arguments in (["--help"], ["sync"], ["models"], ["status"], ["watch", "check", "claude-a"]):
        done = subprocess.run(
            [sys.executable, "-c", listing, *arguments],
            cwd=tmp_path,
            env=surroundings,
            capture_output=True,
            text=True,
            check=True,
        )
        code, *modules = done.stdout.splitlines()[-1].split()
        assert code == "0", done.stderr
        for library in ("werkzeug", "jinja2", "cheroot", "feedgenerator", "icalendar", "catalog.web"):
            assert library not in modules, arguments


@pytest.mark.warns
def test_the_mirror_is_not_open_to_other_machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog.toml").write_text('[web]\nmirror_open = true\n[database]\nurl = "sqlite:///demo.db"\n')
    monkeypatch.setenv("CATALOG_CONFIG", str(tmp_path / "catalog.toml"))
    assert cli.run(["-q", "demo", "--database", f"sqlite:///{tmp_path / 'demo.db'}"]) == 0
    assert cli.run(["web", "--listen", "0.0.0.0:0"]) == 2
