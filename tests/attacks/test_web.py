"""The pages under attack while a worker reads its list and copies come back: nothing of that is late, and all ends."""

import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from catalog import cli
from tests import server as play
from tests.attacks import bad_requests
from tests.attacks.siege import Siege
from tests.server import ModelsServer, Visit, free_port, model
from tests.volume import Volume

PROGRAM = [sys.executable, "-c", "from catalog import cli; cli.main()"]
EVERY = 1.0  # seconds between two syncs
LATE = 1.0  # seconds that no attack may add
MOST = 16 << 20  # bytes that a process may grow by, once it has answered each odd request
SETTINGS = """
[sources.one]
base_url = "{url}"
api_key_env = "ANTHROPIC_API_KEY"
every = "1s"
confirm_after = "0s"
[schedule]
jitter = "0s"
[web]
mirror_open = true
{listen}
"""

pytestmark = [pytest.mark.warns, pytest.mark.promise("P8", "P10")]


@dataclass
class Scene:
    """A worker, and what serves the pages: the same process, or another one."""

    folder: Path
    asked: list[float]  # when a sync asked for its list
    restores: list[tuple[float, float]] = field(default_factory=list)
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def begin(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start the program; all that it says goes into files."""
        number = len(self.processes)
        with (self.folder / f"out{number}").open("wb") as out, (self.folder / f"err{number}").open("wb") as err:
            command = [*PROGRAM, "-v", "--log-format", "json", *arguments]
            self.processes.append(subprocess.Popen(command, cwd=self.folder, stdout=out, stderr=err))
        return self.processes[-1]

    def restore(self) -> None:
        """Put the copy in the catalog's place, as soon as no run is active."""
        until = time.monotonic() + 30
        began, code = time.monotonic(), 4
        while code == 4:
            assert time.monotonic() < until, "no moment without a run"
            began = time.monotonic()
            code = cli.run(["-q", "db", "restore", "--replace", str(self.folder / "copy")])
        assert code == 0
        self.restores.append((began, time.monotonic()))

    def latest(self, since: float) -> float:
        """Give the longest time that a sync was late; while a copy is put back, it leaves its turn out."""
        pairs = itertools.pairwise(each for each in [*self.asked] if each >= since)
        return max(later - earlier - EVERY * (1 + self._left_out(earlier, later)) for earlier, later in pairs)

    def _left_out(self, earlier: float, later: float) -> int:
        """Count the turns that may have fallen into a restoration, when both were between two syncs."""
        meanwhile = [(began, ended) for began, ended in self.restores if began < later and ended > earlier]
        return sum(1 + int((ended - began) / EVERY) for began, ended in meanwhile)

    def said(self) -> str:
        return "".join(path.read_text("utf-8", "surrogateescape") for path in self.folder.glob("err*"))


def memory(process: "subprocess.Popen[bytes]") -> int:
    """Give the bytes that a process holds."""
    return 1024 * int(Path(f"/proc/{process.pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def wait_for(scene: Scene, syncs: int) -> None:
    """Wait until so many more syncs have asked."""
    wanted, until = len(scene.asked) + syncs, time.monotonic() + 60 + 3 * syncs
    while len(scene.asked) < wanted:
        assert time.monotonic() < until, "no sync comes"
        time.sleep(0.05)


@pytest.fixture
def scene(server: ModelsServer, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A catalog with a history and a copy of it, and a list that tells when it is asked for."""
    asked: list[float] = []

    def noted(visit: Visit) -> None:
        asked.append(time.monotonic())
        play.honest(visit)

    server.models, server.always = [model(f"claude-{number}") for number in range(200)], noted
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTHROPIC_API_KEY", play.KEY)
    monkeypatch.setenv("CATALOG_DATABASE_URL", migrated_url)
    made = Scene(tmp_path, asked)
    (tmp_path / "catalog.toml").write_text(SETTINGS.format(url=server.url, listen=""))
    assert cli.run(["-q", "sync"]) == 0
    server.models = [model(f"claude-{number}", display_name="Now") for number in range(5, 205)]
    assert cli.run(["-q", "sync"]) == 0
    assert cli.run(["-q", "db", "backup", str(tmp_path / "copy")]) == 0
    yield made
    for process in made.processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("server_of_pages", ["run", "web"])
def test_no_visitor_delays_a_sync_fills_the_memory_or_keeps_the_pages_up(
    scene: Scene, server: ModelsServer, volume: Volume, server_of_pages: str
) -> None:
    """Slow, silent, odd, half and broken requests, while syncs and a restore go on: proper answers, in time, flat."""
    port = free_port()
    chance, siege = volume.random("web", server_of_pages), Siege(("127.0.0.1", port))
    listen = f'listen = "127.0.0.1:{port}"'
    if server_of_pages == "web":
        scene.begin("run")
        wait_for(scene, 1)
    (scene.folder / "catalog.toml").write_text(SETTINGS.format(url=server.url, listen=listen))
    pages = scene.begin(server_of_pages)
    assert siege.is_open(60)
    quiet = time.monotonic()
    wait_for(scene, 3)
    usual = scene.latest(quiet)
    began = time.monotonic()
    slow = [*[siege.drip] * 40, *[siege.stay_silent] * 20, *[siege.never_read] * 10]
    with siege.pressed(*slow, chance=chance):
        wait_for(scene, volume.of(check=2, soak=60))
        scene.restore()
        wait_for(scene, 2)
    assert siege.is_open(30), "whoever held its threads is gone"
    siege.send([*bad_requests.each()])
    before, odd = memory(pages), [bad_requests.some(chance) for _ in range(volume.of(check=300, soak=10_000))]
    with siege.pressed(siege.pipeline, siege.hang_up, siege.drip, siege.never_read, chance=chance):
        siege.send(odd[::2])
        scene.restore()
        siege.send(odd[1::2])
    grown, late = memory(pages) - before, scene.latest(began)
    assert siege.is_open(30)
    with siege.pressed(*slow, siege.pipeline, chance=chance):
        wait_for(scene, 1)
        ended = time.monotonic()
        pages.send_signal(signal.SIGTERM)
        assert pages.wait(5) == 143
        seconds_to_end = time.monotonic() - ended
    assert not siege.improper, "\n".join([f"seed {volume.seed}", *siege.improper])
    assert late <= max(usual, 0) + LATE
    assert grown < MOST
    assert_quiet_logs(scene)
    volume.came_to(
        requests=sum(siege.statuses.values()),
        turned_away=siege.turned_away + siege.resets,
        improper_answers=0,
        seconds_late=f"{late:.2f}",
        mebibytes_grown=grown >> 20,
        seconds_to_end=f"{seconds_to_end:.1f}",
    )


def assert_quiet_logs(scene: Scene) -> None:
    """Nothing went wrong that was not foreseen, and no line is anything but ours."""
    lines = [json.loads(line) for line in scene.said().splitlines()]
    assert not [line for line in lines if "exception" in line or line["event"] == "web.failed"]
    assert "Traceback" not in scene.said()
    assert {line["level"] for line in lines if line["event"].startswith("web.")} <= {"debug", "info"}
