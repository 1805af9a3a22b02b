"""Many sources at once: what hangs delays no other, hosts are asked politely, and output stays whole."""

import json
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog import cli
from catalog.store.engine import database as databases
from catalog.store.schema import invariants, upgrade, views
from tests import server as play
from tests.server import ModelsServer, Step, Visit, model

pytestmark = pytest.mark.warns  # the command line tells of failures by its log

PROGRAM = [sys.executable, "-c", "from catalog import cli; cli.main()"]


class Crowd:
    """A folder with a configuration of many sources, their servers, and the processes that were started there."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.servers: list[ModelsServer] = []
        self.sources: dict[str, str] = {}
        self.started: list[subprocess.Popen[bytes]] = []

    def host(self, *names: str, step: Step = play.honest, models: int = 2) -> ModelsServer:
        """Add a host of its own, and sources that read its list."""
        server = ModelsServer(models=[model(f"{names[0]}-{number}") for number in range(models)], always=step).start()
        self.servers.append(server)
        self.sources |= dict.fromkeys(names, server.url)
        return server

    def configure(self, **settings: Any) -> None:
        text = f"[database]\nurl = {json.dumps(self.url)}\n"
        for name, url in self.sources.items():
            known = {"base_url": url, "api_key_env": "KEY", "deadline": "2m", "timeout": "1m", **settings}
            lines = [f"{key} = {json.dumps(value)}" for key, value in known.items()]
            text += "\n".join([f"[sources.{name}]", *lines, ""])
        (self.folder / "catalog.toml").write_text(text)

    def start(self, *arguments: str, **pipes: Any) -> subprocess.Popen[bytes]:
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [*PROGRAM, *arguments],
                cwd=self.folder,
                env={**os.environ, "KEY": play.KEY, "TERM": "xterm"},
                **{"stdout": out, "stderr": err, **pipes},
            )
        self.started.append(process)
        return process

    def said(self, stream: str = "out") -> str:
        return (self.folder / stream).read_text()

    def runs(self, status: str) -> list[str]:
        """The sources that have a run of this status, in the order of ending."""
        view = views.sync_runs.c
        database = databases.open_(self.url)
        try:
            if not database.exists() or upgrade.current(database) is None:
                return []
            with database.read() as connection:
                wanted = sa.select(view.source).where(view.status == status).order_by(view.finished_at, view.run_id)
                return list(connection.scalars(wanted))
        finally:
            database.close()

    def check(self) -> None:
        database = databases.open_(self.url)
        try:
            assert invariants.broken(database) == []
        finally:
            database.close()

    def end(self) -> None:
        for process in self.started:
            process.kill()
            process.wait(5)
        for server in self.servers:
            server.close()


@pytest.fixture
def crowd(tmp_path: Path, migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    """Have a catalog of either kind that holds the schema already."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", play.KEY)
    crowd = Crowd(tmp_path, migrated_url)
    yield crowd
    crowd.end()


@pytest.fixture
def quick(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowd]:
    """Have a catalog that is not there yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEY", play.KEY)
    crowd = Crowd(tmp_path, sqlite_url)
    yield crowd
    crowd.end()


def wait_for(condition: Callable[[], Any], seconds: float = 90) -> None:
    """Wait until something is so; generous, for the machine may be busy."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


class Busy:
    """Counts how many requests a server answers at a time; answers none before so many are there, and each slowly."""

    def __init__(self, least: int = 1) -> None:
        self.now = self.most = 0
        self.least, self.turn = least, threading.Lock()

    def __call__(self, visit: Visit) -> None:
        with self.turn:
            self.now += 1
            self.most = max(self.most, self.now)
        wait_for(lambda: self.most >= self.least)
        visit.server.closing.wait(0.03)
        with self.turn:
            self.now -= 1
        play.honest(visit)


# What hangs


def names(letter: str, number: int) -> list[str]:
    return [f"{letter}{each}" for each in range(number)]


@pytest.mark.parametrize(
    "arguments", [("sync",), ("sync", "--jobs", "3"), ("run",)], ids=["sync", "three at once", "run"]
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_two_that_hang_and_a_slow_one_delay_none_of_24_and_a_signal_ends_all(
    crowd: Crowd, arguments: Sequence[str], number: signal.Signals
) -> None:
    hung, well = names("hung", 2), names("well", 21)
    for name in hung:
        crowd.host(name, step=play.silence(90))
    crowd.host("slow", step=play.slow_body(every=0.2))
    for name in well:
        crowd.host(name)
    if arguments[-1] == "3":
        crowd.sources.pop("slow")
    crowd.configure()
    process = crowd.start(*arguments)
    wait_for(lambda: set(crowd.runs("complete")) == set(well))
    wait_for(lambda: crowd.said().count("\n") == len(well))
    assert set(crowd.runs("running")) == set(crowd.sources) - set(well)
    assert process.poll() is None
    process.send_signal(number)
    assert process.wait(5) == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    assert set(crowd.runs("abandoned")) == set(crowd.sources) - set(well)
    assert crowd.runs("running") == []
    lines = crowd.said().splitlines()
    assert sorted(line.partition(":")[0] for line in lines) == sorted(well)
    assert all("2 models listed, 2 new" in line for line in lines)
    assert "nothing is half-written" in crowd.said("err")
    crowd.check()


@pytest.mark.parametrize(
    "arguments",
    [("sync",), ("sync", "--jobs", "4"), ("sync", "--jobs", "2"), ("run",)],
    ids=["sync", "four at once", "two at once", "run"],
)
def test_a_host_that_hangs_takes_no_turn_of_other_hosts(crowd: Crowd, arguments: Sequence[str]) -> None:
    hung, well = names("hung", 9), names("well", 6)
    crowd.host(*hung, step=play.silence(90))
    for name in well:
        crowd.host(name)
    crowd.configure()
    process = crowd.start(*arguments)
    wait_for(lambda: set(crowd.runs("complete")) == set(well))
    most = {"2": 1, "4": 3}.get(arguments[-1], 4)
    assert set(crowd.runs("running")) == set(hung[:most])
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130
    assert set(crowd.runs("abandoned")) == set(hung[:most])
    assert set(crowd.runs("complete")) == set(well)
    crowd.check()


# What is asked of a host


@pytest.mark.parametrize("arguments", [("sync",), ("sync", "--jobs", "64"), ("run",)], ids=["sync", "many", "run"])
def test_a_host_gets_four_requests_at_a_time(crowd: Crowd, arguments: Sequence[str]) -> None:
    busy, elsewhere = Busy(4), Busy(3)
    crowd.host(*names("one", 10), step=busy, models=6)
    crowd.host(*names("two", 3), step=elsewhere, models=6)
    crowd.configure(page_size=2)
    process = crowd.start(*arguments)
    wait_for(lambda: len(crowd.runs("complete")) == 13)
    assert (busy.most, elsewhere.most) == (4, 3)
    if arguments[0] == "sync":
        assert process.wait(20) == 0


def test_what_one_source_is_asked_to_wait_all_of_its_host_wait_and_no_other(crowd: Crowd) -> None:
    """The others went on asking, each until it was refused by itself."""
    arrived: list[float] = []
    refused = threading.Event()

    def step(visit: Visit) -> None:
        arrived.append(time.monotonic())
        if len(arrived) == 1:
            wait_for(lambda: len(arrived) == 2)
            play.error(429, headers={"retry-after": "2"})(visit)
            refused.set()
            return
        refused.wait(20)
        if len(arrived) == 2:
            visit.server.closing.wait(0.3)  # for the refusal to be read
        play.honest(visit)

    crowd.host("one", "two", step=step, models=4)
    other = crowd.host("away", step=Busy(), models=12)
    crowd.configure(page_size=2)
    assert crowd.start("sync").wait(40) == 0
    first, second, *later = arrived
    assert second - first < 2
    assert len(later) == 3
    assert min(later) - first >= 1.9
    assert len(other.requests) == 6
    assert crowd.runs("complete")[0] == "away"
    crowd.check()


def test_a_pause_that_outlasts_a_deadline_is_told_by_each_source(quick: Crowd) -> None:
    server = quick.host("one", "two", step=play.error(429, headers={"retry-after": "600"}))
    quick.host("away")
    quick.configure(deadline="60s")
    process = quick.start("sync", "--jobs", "2")  # so one source of a host after the other
    assert process.wait(40) == 3
    assert len(server.requests) == 1
    said = quick.said("err")
    assert "it asks to wait 600 s, and" in said
    assert "the host asks to wait" in said
    assert said.count("catalog: one: ") == said.count("catalog: two: ") == 1
    assert quick.runs("complete") == ["away"]


# What is printed


def gated(crowd: Crowd, order: Sequence[str]) -> None:
    """Let sources end in this order: each answers once the one before has its run recorded."""
    before = ["", *order[:-1]]
    servers = dict(zip(crowd.sources, crowd.servers, strict=True))
    for name, former in zip(order, before, strict=True):
        done = len(crowd.runs("complete")) if not former else 0

        def step(visit: Visit, former: str = former, done: int = done) -> None:
            wait_for(lambda: not former or crowd.runs("complete").count(former) > done)
            play.honest(visit)

        servers[name].always = step


ORDERS = {"of ending": ("text", ["c", "a", "b"]), "of the configuration": ("json", ["a", "b", "c"])}


@pytest.mark.parametrize(("form", "expected"), ORDERS.values(), ids=ORDERS.keys())
def test_output_is_whole_and_in_the_order(
    crowd: Crowd, capsys: pytest.CaptureFixture[str], form: str, expected: list[str]
) -> None:
    for name in "abc":
        crowd.host(name, models=40)
    crowd.configure(page_size=10)
    before = crowd.runs("complete")
    assert before == []
    gated(crowd, "cab")
    assert cli.run(["sync", *(["--json"] if form == "json" else [])]) == 0
    assert crowd.runs("complete") == ["c", "a", "b"]
    out, _ = capsys.readouterr()
    told = [run["source"] for run in json.loads(out)] if form == "json" else [line[0] for line in out.splitlines()]
    assert told == expected
    for server in crowd.servers:
        server.always = play.honest
        for item in server.models:
            item["display_name"] = "renamed"
    assert cli.run(["sync", *(["--json"] if form == "json" else [])]) == 0
    out, _ = capsys.readouterr()
    if form == "json":
        assert [(run["source"], len(run["changes"])) for run in json.loads(out)] == [(name, 40) for name in "abc"]
        return
    lines = out.splitlines()
    heads = [place for place, line in enumerate(lines) if not line.startswith(" ")]
    assert heads == [0, 41, 82]
    for place in heads:
        name = lines[place][0]
        assert all(line.startswith(f"  ~ {name}: {name}-") for line in lines[place + 1 : place + 41])


def test_each_source_has_its_object_also_where_it_has_no_key(quick: Crowd, capsys: pytest.CaptureFixture[str]) -> None:
    """Sources without a key had a failed run in the catalog, and nothing in the array."""
    quick.host("bad", step=play.error(404))
    quick.host("well")
    quick.configure()
    with (quick.folder / "catalog.toml").open("a") as file:
        file.writelines(
            f'[sources.{name}]\nbase_url = "http://127.0.0.1:1"\napi_key_{how}\n'
            for name, how in [("unset", 'env = "ABSENT"'), ("nofile", 'file = "absent"'), ("unnamed", 'env = ""')]
        )
    assert cli.run(["sync", "--json"]) == 2
    out, err = capsys.readouterr()
    told = [(run["source"], run["status"], len(run["changes"])) for run in json.loads(out)]
    missing = [(name, "failed", 0) for name in ("unset", "nofile", "unnamed")]
    assert told == [("bad", "failed", 0), ("well", "complete", 2), *missing]
    assert all(run["error"] for run in json.loads(out) if run["status"] == "failed")
    assert not any("dry_run" in run for run in json.loads(out))
    assert cli.run(["sync", "--json", "--dry-run"]) == 2
    dry = json.loads(capsys.readouterr().out)
    assert [(run["source"], run["status"], run["dry_run"]) for run in dry] == [(*each[:2], True) for each in told]
    assert [run["error"] for run in dry[1:]] == [run["error"] for run in json.loads(out)[1:]]
    assert len(quick.runs("failed")) == 4  # those of the first call
    assert cli.run(["sync"]) == 2
    out, err = capsys.readouterr()
    assert [line.partition(":")[0] for line in out.splitlines()] == ["well"]
    assert {line.split(": ")[1] for line in err.splitlines() if line.startswith("catalog: ")} == {
        "bad",
        "unset",
        "nofile",
        "unnamed",
    }


def test_a_failure_is_told_whole_and_the_gravest_is_the_exit_code(
    quick: Crowd, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.host(*names("bad", 6), step=play.error(404))
    quick.host("refused", step=play.error(401))
    for name in names("well", 3):
        quick.host(name)
    quick.configure()
    assert cli.run(["sync"]) == 3
    out, err = capsys.readouterr()
    assert sorted(line.partition(":")[0] for line in out.splitlines()) == names("well", 3)
    told = [line for line in err.splitlines() if line.startswith("catalog: ")]
    assert sorted(line.split(": ")[1] for line in told) == [*names("bad", 6), "refused"]
    assert sorted(quick.runs("failed")) == [*names("bad", 6), "refused"]
    assert cli.run(["sync", "--json"]) == 3
    assert [run["source"] for run in json.loads(capsys.readouterr().out)] == list(quick.sources)


@pytest.mark.parametrize("jobs", ["0", "-1", "65", "many", "1.5", ""])
def test_a_number_of_jobs_that_cannot_be_is_a_mistake_of_usage(
    quick: Crowd, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    server = quick.host("one")
    quick.configure()
    assert cli.run(["sync", "--jobs", jobs]) == 2
    assert "--jobs" in capsys.readouterr().err
    assert server.requests == []
    assert not (quick.folder / "catalog.db").exists()


@pytest.mark.parametrize("jobs", ["1", "8", "64"])
def test_a_rehearsal_of_many_makes_no_catalog_and_tells_of_each(
    quick: Crowd, capsys: pytest.CaptureFixture[str], jobs: str
) -> None:
    for name in names("s", 9):
        quick.host(name, models=30)
    quick.configure(page_size=10)
    assert cli.run(["sync", "--dry-run", "--json", "--jobs", jobs]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(run["source"], len(run["changes"])) for run in told] == [(name, 30) for name in names("s", 9)]
    assert all(run["dry_run"] is True for run in told)
    assert not (quick.folder / "catalog.db").exists()


def test_a_rehearsal_of_many_leaves_a_catalog_as_it_was(crowd: Crowd, capsys: pytest.CaptureFixture[str]) -> None:
    for name in names("s", 9):
        crowd.host(name, models=30)
    crowd.configure(page_size=10)
    assert cli.run(["sync"]) == 0
    for server in crowd.servers:
        server.models.pop()
    capsys.readouterr()
    assert cli.run(["sync", "--dry-run"]) == 0
    out = capsys.readouterr().out
    heads = sorted(line.partition(": 29 models")[0] for line in out.splitlines() if not line.startswith(" "))
    assert heads == [f"{name}: dry run" for name in names("s", 9)]
    assert out.count("missing since") == 9
    assert len(crowd.runs("complete")) == 9


# What a terminal shows


class Terminal:
    """What a process writes to a terminal, as it comes."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.shown = b""

    def has(self, *words: bytes) -> bool:
        self.shown += os.read(self.ours, 65536)
        return all(word in self.shown for word in words)


@pytest.mark.parametrize("quiet", [False, True], ids=["usual", "quiet"])
def test_a_terminal_shows_each_source_that_is_still_at_it(quick: Crowd, quiet: bool) -> None:
    go_on = threading.Event()

    def step(visit: Visit) -> None:
        if visit.seen.first("after_id"):
            go_on.wait(30)
        play.honest(visit)

    for name in ("one", "two"):
        quick.host(name, step=step, models=4)
    quick.host("well")
    quick.configure(page_size=2)
    terminal = Terminal()
    with (quick.folder / "out").open("wb") as out:
        process = quick.start("sync", *(["-q"] if quiet else []), stdout=out, stderr=terminal.theirs)
    if quiet:
        wait_for(lambda: quick.runs("complete") == ["well"])
    else:
        wait_for(lambda: terminal.has(b"one: reading page 1, 2 models", b"two: reading page 1, 2 models"))
        assert b"well: reading" not in terminal.shown.rpartition(b"two: reading")[2]
    go_on.set()
    assert process.wait(30) == 0
    os.close(terminal.theirs)
    heads = [line.partition(":")[0] for line in quick.said().splitlines()]
    assert sorted(heads) == ([] if quiet else ["one", "two", "well"])  # stdout holds nothing of the board
    if quiet:
        with pytest.raises(OSError, match="Input/output"):
            terminal.has(b"nothing was shown")
    os.close(terminal.ours)


# Large lists


def test_eight_large_lists_are_merged_one_after_the_other(crowd: Crowd) -> None:
    for name in names("s", 8):
        crowd.host(name, models=5_000)
    crowd.configure()
    process = crowd.start("sync")
    assert process.wait(120) == 0
    assert sorted(crowd.runs("complete")) == names("s", 8)
    assert crowd.said("err") == ""
    crowd.check()
