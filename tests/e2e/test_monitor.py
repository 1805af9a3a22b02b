"""Who watches the watcher: pings and the metrics file of `catalog sync`."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import server as wire
from tests.e2e.ground import Ground
from tests.server import ModelsServer, answer, model

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]  # the command line tells of failures by its log


def monitor(ground: Ground, text: str) -> None:
    ground.configure()
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(f"[monitor]\n{text}\n")


def test_a_sync_pings_its_start_and_its_end(ground: Ground) -> None:
    watcher = ModelsServer(always=answer({})).start()
    try:
        monitor(ground, f'ping_url = "{watcher.url}/uuid"')
        assert ground.run("sync")[0] == 0
        ground.server.script(wire.error(401))
        assert ground.run("sync")[0] == 3
        ground.server.models = [model("claude-z")]
        assert ground.run("sync")[0] == 5
        paths = [seen.path for seen in watcher.requests]
        assert paths == ["/uuid/start", "/uuid", "/uuid/start", "/uuid/fail", "/uuid/start", "/uuid/fail"]
        reasons = [seen.body.decode() for seen in watcher.requests if seen.path.endswith("/fail")]
        assert "401" in reasons[0]
        assert "held" in reasons[1]
        assert wire.KEY not in "".join(reasons)
        assert ground.run("sync", "--dry-run")[0] in {0, 5}
        assert len(watcher.requests) == 6
    finally:
        watcher.close()


def test_a_watcher_that_is_down_fails_no_sync(ground: Ground) -> None:
    monitor(ground, 'ping_url = "http://127.0.0.1:9/uuid"')
    code, _, err = ground.run("sync")
    assert code == 0
    assert "could not be pinged" in err
    assert "uuid" not in err


def test_each_sync_writes_the_metrics_file(ground: Ground) -> None:
    monitor(ground, 'metrics_file = "catalog.prom"')
    assert ground.run("sync")[0] == 0
    text = (ground.folder / "catalog.prom").read_text()
    assert 'catalog_models_listed{source="anthropic"} 3.0' in text


def test_a_metrics_file_that_cannot_be_written_is_told_of(ground: Ground) -> None:
    monitor(ground, 'metrics_file = "nowhere/catalog.prom"')
    code, _, err = ground.run("sync")
    assert code == 0
    assert "nowhere/catalog.prom cannot be written" in err


@pytest.mark.parametrize("command", ["sync", "run", "check"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "folder"])
def test_a_metrics_file_never_replaces_what_is_no_file(
    ground: Ground, command: str, make: Callable[[Path], None]
) -> None:
    """As root, `metrics_file = "/dev/full"` replaced the device by a file."""
    (ground.folder / "catalog.db").unlink()
    make(ground.folder / "taken")
    monitor(ground, 'metrics_file = "taken"')
    code, _, err = ground.run(command)
    assert code == 2
    assert f"{ground.folder / 'taken'} is no regular file, and would be replaced by one" in err
    assert not (ground.folder / "taken").is_file()
    assert not (ground.folder / "catalog.db").exists()


@pytest.mark.parametrize("place", ["catalog.db", "catalog.toml"])
def test_a_metrics_file_never_replaces_another_file(ground: Ground, place: str) -> None:
    """`metrics_file = "catalog.db"` replaced the whole history by a page of metrics, and the sync said nothing."""
    monitor(ground, f'metrics_file = "{place}"')
    before = (ground.folder / place).read_bytes()
    code, _, err = ground.run("sync")
    assert (code, f"{ground.folder / place} is no metrics file of the catalog" in err) == (2, True)
    assert (ground.folder / place).read_bytes() == before


def test_a_metrics_file_never_replaces_the_catalog_that_the_sync_just_made(ground: Ground) -> None:
    (ground.folder / "catalog.db").unlink()
    monitor(ground, 'metrics_file = "catalog.db"')
    assert "is no metrics file of the catalog" in ground.run("sync")[2]
    assert ground.rows("SELECT count(*) FROM models") == [(3,)]


def test_a_worker_whose_address_is_taken_makes_nothing(ground: Ground) -> None:
    """It was refused after the catalog had been made."""
    (ground.folder / "catalog.db").unlink()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monitor(ground, f'listen = "127.0.0.1:{taken.getsockname()[1]}"')
        code, _, err = ground.run("run")
    assert code == 2
    assert "cannot be listened on" in err
    assert not (ground.folder / "catalog.db").exists()


def test_the_first_line_of_a_new_catalog_is_json_too_where_that_is_asked_for(ground: Ground) -> None:
    (ground.folder / "catalog.db").unlink()
    code, _, err = ground.run("sync", "--log-format", "json")
    assert code == 0
    [made] = [json.loads(line) for line in err.splitlines()]
    assert (made["event"], made["before"]) == ("schema.upgraded", None)
    assert str(ground.folder / "catalog.db") in made["message"]


@pytest.fixture
def all_of_it(ground: Ground) -> Iterator[ModelsServer]:
    """Configure all that follows a run: two channels, pings, metrics, pages, pruning; one alert is pending for each."""
    watcher = ModelsServer(always=answer({})).start()
    hooks = [f'[[alerts]]\nname = "{name}"\nwebhook = {{ url = "{watcher.url}/{name}" }}\n' for name in ("a", "b")]
    monitor(ground, f'ping_url = "{watcher.url}/ping"\nmetrics_file = "catalog.prom"\n{"".join(hooks)}')
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write('[publish]\nfolder = "pages"\n[database]\nkeep_runs = "1s"\n')
    assert ground.run("sync")[0] == 0
    ground.server.models.append(model("claude-d"))
    watcher.script(*[wire.error(500)] * 4)  # the ping of its start, and one try of each channel
    assert ground.run("sync")[0] == 0
    assert ground.rows("SELECT channel, status FROM deliveries ORDER BY 1") == [("a", "pending"), ("b", "pending")]
    watcher.requests.clear()
    yield watcher
    watcher.close()


def kept(ground: Ground) -> dict[Path, tuple[int, bytes]]:
    """Give when each file below the folder was written, and its content."""
    files = [path for path in sorted(ground.folder.rglob("*")) if path.is_file() and not path.name.endswith("-shm")]
    found = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}
    return {path: told for path, told in found.items() if told[1] or not path.name.endswith("-wal")}


def test_a_dry_run_does_nothing_of_what_follows_a_run(ground: Ground, all_of_it: ModelsServer) -> None:
    ground.server.models.append(model("claude-e"))
    before = kept(ground)
    code, out, _ = ground.run("sync", "--dry-run")
    assert (code, "claude-e newly listed" in out) == (0, True)
    assert all_of_it.requests == []
    assert kept(ground) == before


def test_what_follows_a_run_tells_how_it_is_after_all_of_it(ground: Ground, all_of_it: ModelsServer) -> None:
    """The metrics are those after the alerts were sent, and the ping comes last."""
    ground.execute("UPDATE catalog_delivery SET next_attempt_at = created_at")  # the time of the next try has come
    ground.server.models.append(model("claude-e"))
    assert ground.run("sync")[0] == 0
    paths = [seen.path for seen in all_of_it.requests]
    assert (paths[0], paths[-1], sorted(paths[1:-1])) == ("/ping/start", "/ping", ["/a", "/a", "/b", "/b"])
    found = (ground.folder / "catalog.prom").read_text().splitlines()
    assert {f'catalog_alerts_pending{{channel="{name}"}} 0.0' for name in ("a", "b")} <= set(found)
    assert 'catalog_models_listed{source="anthropic"} 5.0' in found
    assert "claude-e" in (ground.folder / "pages" / "models.html").read_text()


def test_each_sync_goes_by_the_configuration_as_it_is_then(ground: Ground, all_of_it: ModelsServer) -> None:
    settings = (ground.folder / "catalog.toml").read_text()
    edited = settings.replace("page_size = 2", "page_size = 3").replace('"catalog.prom"', '"other.prom"')
    edited = edited.replace('name = "b"', 'name = "late"').replace("/ping", "/elsewhere")
    (ground.folder / "catalog.toml").write_text(edited)
    old = (ground.folder / "catalog.prom").read_bytes()
    ground.server.models.append(model("claude-e"))
    ground.server.requests.clear()
    assert ground.run("sync")[0] == 0
    assert {seen.first("limit") for seen in ground.server.requests} == {"3"}
    assert (ground.folder / "catalog.prom").read_bytes() == old
    found = (ground.folder / "other.prom").read_text()
    assert 'catalog_alerts_pending{channel="late"} 0.0' in found
    paths = [seen.path for seen in all_of_it.requests]
    assert (paths[0], paths[-1], sorted(paths[1:-1])) == ("/elsewhere/start", "/elsewhere", ["/a", "/b"])
    owed = ground.rows("SELECT channel, status, count(*) FROM deliveries GROUP BY 1, 2 ORDER BY 1, 2")
    assert owed == [("a", "delivered", 1), ("a", "pending", 1), ("b", "pending", 1), ("late", "delivered", 1)]
