"""What an API says of its error: shown to the person who calls `check` or `sync`, and kept from all that stays."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.store.engine import database as databases
from tests import server as wire
from tests.e2e.ground import Ground
from tests.e2e.test_run import Place, build, end, wait_for
from tests.server import ModelsServer, answer

pytestmark = [pytest.mark.promise("P9"), pytest.mark.promise("P10"), pytest.mark.warns]

SAID = "the canary is not amused"
ERRORS = {
    "refused": wire.error(400, message=SAID),
    "key": wire.error(401, message=SAID),
    "credit": wire.error(402, message=SAID),
    "failed": answer({"detail": [{"loc": [], "msg": SAID}]}, 500),
}


@pytest.fixture
def other() -> Iterator[ModelsServer]:
    """Takes alerts and pings."""
    server = ModelsServer(always=answer({})).start()
    yield server
    server.close()


@pytest.mark.parametrize("how", ERRORS)
@pytest.mark.parametrize("command", [("check",), ("sync",), ("sync", "-q"), ("sync", "-v"), ("sync", "--dry-run")])
def test_check_and_sync_show_what_the_api_says_on_stderr(ground: Ground, how: str, command: tuple[str, ...]) -> None:
    ground.server.always = ERRORS[how]
    with ground.in_a_hurry():
        code, out, err = ground.run(*command)
    assert code == 3
    assert err.count(f"\n  the API says: {SAID}\n") == 1
    assert SAID not in out


@pytest.mark.parametrize("how", ERRORS)
def test_no_row_alert_ping_or_json_holds_what_the_api_says(ground: Ground, other: ModelsServer, how: str) -> None:
    ground.configure()
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(
            f'[monitor]\nping_url = "{other.url}/ping"\nmetrics_file = "catalog.prom"\n[[alerts]]\nname = "hook"\n'
        )
        file.write(f'webhook = {{ url = "{other.url}/hook" }}\nevents = ["sync_failed"]\nfailures = 1\n')
    ground.server.always = ERRORS[how]
    told = ""
    with ground.in_a_hurry():
        for command in (("check",), ("sync",), ("sync", "--json"), ("status",), ("runs", "--json"), ("alerts", "list")):
            _, out, err = ground.run("--log-format", "json", *command)
            told += out + err
    kept = b"".join(path.read_bytes() for path in ground.folder.iterdir() if path.is_file())
    sent = b"".join(seen.body for seen in other.requests)
    assert {"/hook", "/ping/fail"} <= {seen.path for seen in other.requests}
    assert b"HTTP " in sent
    for text in (told.encode(), kept, sent):
        assert b"canary" not in text


def test_a_row_of_each_database_says_the_status_and_not_the_words(bare: Ground) -> None:
    bare.server.always = ERRORS["refused"]
    assert bare.run("sync")[0] == 3
    database = databases.open_(os.environ["CATALOG_DATABASE_URL"])
    with database.read() as connection:
        (reason,) = connection.execute(sa.text("SELECT error FROM sync_runs")).scalars()
    database.close()
    assert "HTTP 400 (invalid_request_error" in reason
    assert SAID not in reason


@pytest.fixture
def place(server: ModelsServer, tmp_path: Path) -> Iterator[Place]:
    yield from build(tmp_path, server, f"sqlite:///{tmp_path}/catalog.db")


def test_the_log_of_a_worker_does_not_hold_it(place: Place) -> None:
    place.server.always = ERRORS["refused"]
    process = place.run()
    wait_for(lambda: "HTTP 400" in place.said("err"))
    end(process)
    assert SAID not in place.said("err") + place.said("out")


def test_ids_of_models_that_the_catalog_knows_are_shown(ground: Ground) -> None:
    known, unknown = "claude-haiku-4-5-20251001", "claude-haiku-4-5-20991231"
    ground.server.models = [wire.model(known)]
    assert ground.run("sync")[0] in {0, 5}
    ground.server.always = wire.error(400, message=f"{known}, {unknown} and {wire.ORGANIZATION}: {wire.KEY}")
    for command in ("check", "sync"):
        err = ground.run(command)[2]
        assert (
            f"  the API says: {known}, *** and ***: ***\n" in err
            or f"  the API says: {known}, *** and *** ***\n" in err
        )


def test_what_is_said_cannot_pass_for_a_line_of_ours(ground: Ground) -> None:
    ground.server.always = wire.error(400, message="no\ncatalog: forged\r\x1b[2K" + " x" * 1_000)
    err = ground.run("sync")[2]
    assert "  the API says: no catalog: forged [2K x x" in err
    assert "\x1b" not in err
    assert max(map(len, err.splitlines())) < 330
    assert json.dumps(err).count("forged") == 1


def test_check_notes_what_cannot_be_read_in_no_proxy(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "example.org,fd00::/8,10.0.0.0/99")
    code, out, _ = ground.run("check")
    assert code == 0
    assert out.count("note  NO_PROXY holds what cannot be read: 10.0.0.0/99\n") == 1
    assert out.count("NO_PROXY") == 1
