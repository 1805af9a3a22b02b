"""What those who watch are told of sources: by pings, by `status`, by records, whatever went wrong."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest

from catalog import config, wiring
from catalog.cli.context import Context
from catalog.cli.running import worker
from catalog.monitor import probes
from catalog.settings import SourceSettings
from catalog.upstream.walking import walk
from tests import server as wire
from tests.e2e.ground import Ground
from tests.server import ModelsServer, answer, model

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]


@pytest.fixture
def watcher() -> Iterator[ModelsServer]:
    running = ModelsServer(always=answer({})).start()
    yield running
    running.close()


@pytest.fixture
def pair(ground: Ground, watcher: ModelsServer) -> Ground:
    """Two sources and a watcher; only the first one was read."""
    ground.configure()
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(f'[sources.other]\nbase_url = "{ground.server.url}"\napi_key_env = "OTHER_KEY"\n')
        file.write(f'[monitor]\nping_url = "{watcher.url}/uuid"\n')
    return ground


def pinged(watcher: ModelsServer) -> str:
    """The last thing that was pinged: `ok`, or why not."""
    seen = watcher.requests[-1]
    return seen.body.decode() if seen.path == "/uuid/fail" else "ok" if seen.path == "/uuid" else seen.path


def records(ground: Ground) -> list[tuple[object, ...]]:
    """How the runs after the first ended, by their status: two sources are read at once."""
    return ground.rows("SELECT status, failure FROM catalog_run WHERE run_id > 1 ORDER BY status, run_id")


def test_a_source_without_its_key_has_a_failed_run_and_the_next_good_source_does_not_hide_it(
    pair: Ground, watcher: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pair.run("sync")[0] == 2
    assert records(pair) == [("complete", None), ("failed", "configuration")]
    assert pinged(watcher).startswith("other: ")
    assert pair.run("sync", "anthropic")[0] == 0
    assert pinged(watcher).startswith("other: ")
    code, out, _ = pair.run("status")
    assert (code, "problem: other: the last run failed" in out) == (1, True)
    monkeypatch.setenv("OTHER_KEY", wire.KEY)
    assert pair.run("sync", "other")[0] == 0
    assert pinged(watcher) == "ok"
    assert pair.run("status")[0] == 0


def test_a_run_that_fails_in_a_way_nobody_foresaw_is_recorded_pinged_and_keeps_no_other_from_its_turn(
    pair: Ground, watcher: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHER_KEY", wire.KEY)

    def broken(*_: object, **__: object) -> None:
        monkeypatch.undo()
        monkeypatch.setenv("ANTHROPIC_API_KEY", wire.KEY)
        monkeypatch.setenv("OTHER_KEY", wire.KEY)
        monkeypatch.chdir(pair.folder)
        raise ZeroDivisionError(wire.KEY)

    monkeypatch.setattr(walk, "walk", broken)
    code, _, err = pair.run("sync", "--jobs", "1")
    assert (code, "anthropic: unexpected: ZeroDivisionError" in err, wire.KEY in err) == (1, True, False)
    assert records(pair) == [("complete", None), ("failed", "unexpected")]
    assert pinged(watcher) == "anthropic: unexpected: ZeroDivisionError"
    assert pair.run("sync", "other")[0] == 0
    assert pinged(watcher) == "anthropic: unexpected: ZeroDivisionError"
    code, out, _ = pair.run("status")
    assert (code, "note: anthropic: the last run failed; the latest: unexpected" in out) == (0, True)


def test_a_worker_tells_its_watcher_of_what_nobody_foresaw_until_that_source_is_read(
    pair: Ground, watcher: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next good source pinged success."""
    monkeypatch.setenv("OTHER_KEY", wire.KEY)
    settings = config.load()
    with closing(wiring.database(settings)) as database:
        shift = worker._Runner(Context(), settings, database)
        mine, other = settings.sources

        def run(source: SourceSettings) -> str:
            with suppress(ZeroDivisionError):
                shift._run(source, datetime.now(UTC))
            for thread in [each for each in threading.enumerate() if each.name == "catalog-pings"]:
                thread.join(10)
            return pinged(watcher)

        with monkeypatch.context() as patch:
            patch.setattr(walk, "walk", broken)
            assert run(mine) == "anthropic: unexpected: ZeroDivisionError"
        assert run(other) == "anthropic: unexpected: ZeroDivisionError"
        assert run(mine) == "ok"


def broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError(wire.KEY)


@pytest.mark.parametrize(
    ("refusals", "step", "code"),
    [(1, wire.error(500), 0), (2, wire.error(500), 0), (3, wire.error(500), 1), (1, wire.error(401), 1)],
)
def test_status_has_patience_with_what_passes_by_itself(
    ground: Ground, refusals: int, step: wire.Step, code: int
) -> None:
    ground.server.always = step
    with ground.in_a_hurry():
        for _ in range(refusals):
            assert ground.run("sync")[0] == 3
    told, out, _ = ground.run("status")
    assert (told, "the latest: the models list of" in out) == (code, True)
    ground.server.always = wire.honest
    assert ground.run("sync")[0] == 0
    assert ground.run("status")[0] == 0


def test_a_held_source_stays_held_behind_failed_and_unclean_runs(ground: Ground, watcher: ModelsServer) -> None:
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(f'[monitor]\nping_url = "{watcher.url}/uuid"\n')
    ground.server.models = [model("claude-z")]
    assert ground.run("sync")[0] == 5
    ground.server.models.append(model("nameless") | {"id": 5})
    code, out, _ = ground.run("sync")
    assert (
        code,
        "; held: 3 of 3 models that were listed before are gone at once: they wait for --accept-removals" in out,
    ) == (5, True)
    assert "held: 3 of 3" in pinged(watcher)
    ground.server.script(*[wire.error(401)] * 2)
    assert [ground.run("sync")[0] for _ in range(2)] == [3, 3]
    code, out, _ = ground.run("status")
    assert (code, "problem: anthropic: held: 3 of 3" in out) == (1, True)


def test_a_worker_is_asked_and_not_its_lists(ground: Ground) -> None:
    assert ground.run("status", "--worker")[0] == 2
    ground.server.always = wire.error(401)
    assert ground.run("sync")[0] == 3
    problems: list[str] = []
    with probes.serving(("127.0.0.1", 0), page=bytes, problems=lambda: problems) as (host, port):
        with (ground.folder / "catalog.toml").open("a") as file:
            file.write(f'[monitor]\nlisten = "{host}:{port}"\n')
        assert ground.run("status", "--worker") == (0, "ok\n", "")
        problems.append("a run hangs")
        code, out, err = ground.run("status", "--worker")
        assert (code, out, "a run hangs" in err) == (1, "", True)
    assert ground.run("status", "--worker")[0] == 1
    assert ground.run("status", "--json")[0] == 1
    assert json.loads(ground.run("status", "--json")[1])[0]["findings"][0]["code"] == "failed"
