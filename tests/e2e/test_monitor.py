"""Who watches the watcher: pings and the metrics file of `catalog sync`."""

import json
import os
import socket
from collections.abc import Callable
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
