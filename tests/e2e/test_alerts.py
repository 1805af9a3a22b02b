"""Alerts as people meet them: configured in the file, sent by `catalog sync`, looked after by `catalog alerts`."""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import clock, config, wiring
from catalog.service import sync
from catalog.wiring import after_run
from tests import server as wire
from tests.e2e.ground import IDS, Ground
from tests.server import ModelsServer, answer, model

pytestmark = pytest.mark.warns  # the command line tells of failures by its log

SECRET = "whsec_" + base64.b64encode(b"a secret of the receiver").decode()


@pytest.fixture
def receiver() -> Iterator[ModelsServer]:
    """An HTTP server that takes everything."""
    server = ModelsServer(always=answer({})).start()
    yield server
    server.close()


def tell(ground: Ground, receiver: ModelsServer, **settings: object) -> None:
    """Configure a signed webhook beside the source."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    ground.configure()
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(f'[[alerts]]\nname = "team"\nwebhook = {{ url = "{receiver.url}/hook", secret_env = "HOOK" }}\n')
        file.write("\n".join(lines) + "\n")


def payloads(receiver: ModelsServer) -> list[dict[str, Any]]:
    return [json.loads(seen.body) for seen in receiver.requests]


def test_a_new_model_is_told_once_signed_and_in_one_message(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    assert ground.run("sync")[0] == 0
    assert receiver.requests == []
    ground.server.models += [model("claude-d"), model("claude-e")]
    assert ground.run("sync")[0] == 0
    assert ground.run("sync")[0] == 0
    [seen] = receiver.requests
    body = json.loads(seen.body)
    assert [change["model_id"] for change in body["changes"]] == ["claude-d", "claude-e"]
    headers = seen.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + seen.body
    expected = base64.b64encode(hmac.digest(b"a secret of the receiver", signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == body["id"]


def test_a_channel_that_is_down_fails_no_sync_and_its_alerts_stay_pending_with_the_same_id(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    receiver.script(wire.error(503))
    ground.server.models.append(model("claude-d"))
    code, _, err = ground.run("sync")
    assert code == 0
    code, out, _ = ground.run("alerts", "list", "--json")
    [delivery] = json.loads(out)
    assert f"team did not take number {delivery['delivery_id']}: " in err
    assert (code, delivery["status"], delivery["attempts"]) == (0, "pending", 1)
    assert delivery["says"] == "Claude D is newly listed (anthropic)"
    assert re.search("note: team: 1 alert pending for . s, next attempt in", ground.run("status")[1])
    assert ground.run("alerts", "send") == (0, "team took 1 message\n", "")
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert json.loads(ground.run("alerts", "list", "--json")[1]) == []
    assert json.loads(ground.run("alerts", "list", "--all", "--json")[1])[0]["status"] == "delivered"


def test_a_channel_that_wants_no_more_is_dead_and_shows_until_it_is_tried_again(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    receiver.script(wire.error(410))
    ground.server.models.append(model("claude-d"))
    assert ground.run("sync")[0] == 0
    code, out, _ = ground.run("status")
    assert code == 1
    assert "team: 1 alert given up" in out
    [source, channel] = json.loads(ground.run("status", "--json")[1])
    assert (source["source"], source["findings"], channel["channel"]) == ("anthropic", [], "team")
    [finding] = channel["findings"]
    assert (finding["code"], finding["source"], finding["channel"]) == ("dead", None, "team")
    code, out, _ = ground.run("alerts", "retry", "team")
    assert (code, out) == (0, "1 dead alert requeued\nteam took 1 message\n")
    assert ground.run("status")[0] == 0


def test_alerts_send_sends_all_whatever_the_receiver_asked_for(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    receiver.script(*[wire.error(503)] * 2)
    for number in range(3):
        ground.server.models.append(model(f"claude-new-{number}"))
        assert ground.run("sync")[0] == 0
    assert len(receiver.requests) == 2
    assert ground.run("alerts", "send") == (0, "team took 3 messages\n", "")
    receiver.script(wire.error(429, headers={"retry-after": "600"}))
    ground.server.models.append(model("claude-newer"))
    assert ground.run("sync")[0] == 0
    assert ground.run("alerts", "send") == (0, "team took 1 message\n", "")
    assert len(receiver.requests) == 7
    told = [change["model_id"] for payload in payloads(receiver) for change in payload["changes"]]
    assert told[2:] == ["claude-new-0", "claude-new-1", "claude-new-2", "claude-newer", "claude-newer"]


def test_alerts_are_listed_with_what_they_say_retried_and_dropped_by_number(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`retry --delivery 3` said "0 dead alerts revived" and exit 0; what nobody needs any more could not be dropped."""
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    receiver.script(*[wire.error(410)] * 2)
    for id in ("claude-d", "claude-e"):
        ground.server.models.append(model(id))
        assert ground.run("sync")[0] == 0
    _, listed, said = ground.run("alerts", "list")
    assert said == "2 alerts\n"
    assert "Claude D is newly listed (anthropic)" in listed
    assert "HTTP 410" in listed
    assert ground.run("alerts", "retry", "--delivery", "1")[:2] == (
        0,
        "requeued delivery 1 to team: Claude D is newly listed (anthropic)\nteam took 1 message\n",
    )
    for command in ("retry", "drop"):
        code, out, err = ground.run("alerts", command, "--delivery", "1")
        assert (code, out) == (2, "")
        assert "delivery 1 to team is delivered" in err
        assert "there is no delivery 7" in ground.run("alerts", command, "--delivery", "7")[2]
        for name in ("taem", "\udcff"):  # mistyped, or no UTF-8
            assert "no channel is named" in ground.run("alerts", command, name)[2]
    assert ground.run("alerts", "drop")[0] == 2
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write('[[alerts]]\nname = "ops"\ncommand = ["true"]\n')
    for command in ("retry", "drop"):  # it said "is dead; one is only dropped while it is pending or dead"
        code, out, err = ground.run("alerts", command, "ops", "--delivery", "2")
        assert (code, out, "delivery 2 is to team, not to ops\n" in err) == (2, "", True)
    assert ground.run("alerts", "drop", "--dead")[:2] == (0, "1 alert dropped\n")
    assert "there is no delivery" not in ground.run("alerts", "drop", "--delivery", "2")[2]
    assert json.loads(ground.run("alerts", "list", "--json")[1]) == []
    assert ground.run("alerts", "list")[2] == "no alert is pending or dead\n"
    assert ground.run("alerts", "list", "--all")[2] == "2 alerts\n"
    statuses = [row["status"] for row in json.loads(ground.run("alerts", "list", "--all", "--json")[1])]
    assert statuses == ["delivered", "dropped"]
    assert ground.run("status")[0] == 0


def test_what_is_pending_for_a_channel_that_was_taken_out_can_be_dropped(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    receiver.script(wire.error(503))
    ground.server.models.append(model("claude-d"))
    assert ground.run("sync")[0] == 0
    ground.configure()
    assert "not configured any more" in ground.run("status")[1]
    assert ground.run("alerts", "drop", "team") == (0, "1 alert dropped\n", "")
    assert ground.run("alerts", "drop", "team") == (0, "0 alerts dropped\n", "")
    assert "team" not in ground.run("status")[1]
    assert ground.run("alerts", "drop", "taem")[0] == 2


def test_a_sample_can_be_looked_at_unsent_and_tells_one_story(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver, events=["added", "removed", "retiring", "held"])
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(
            '[[alerts]]\nname = "mail"\nurl = "mailto://me:word@example.org"\nevents = ["retiring", "overdue"]\n'
        )
    code, out, _ = ground.run("alerts", "test", "team", "--type", "changes", "--print")
    told = json.loads(out)
    assert (code, told["type"], len(told["changes"])) == (0, "catalog.changes", 2)
    assert len({change["model_id"] for change in told["changes"]}) == 2
    code, out, _ = ground.run("alerts", "test", "mail", "--print")
    assert code == 0
    assert out.count("\nseverity: warning\n") == out.count("[sample]")
    first, *_, last = [line for line in out.splitlines() if line.startswith("[sample]")]
    assert first == "[sample] Sample Retiring retires in 30 days (sample)"
    assert last == "[sample] Sample Overdue should have retired 1 day ago (sample)"
    code, _, err = ground.run("alerts", "test", "team", "--type", "overdue")
    assert code == 2
    assert "it asks for changes, held, retiring" in err
    assert receiver.requests == []


def test_what_is_pending_for_the_last_channel_is_dead_in_its_time_when_none_is_left(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    receiver.script(wire.error(503))
    ground.server.models.append(model("claude-d"))
    assert ground.run("sync")[0] == 0
    ground.configure()
    assert ground.run("sync")[0] == 0
    assert "note: team: 1 alert pending for a channel that is not configured any more" in ground.run("status")[1]
    ground.execute("UPDATE catalog_delivery SET give_up_at = created_at")
    assert ground.run("sync")[0] == 0
    code, out, _ = ground.run("status")
    assert code == 0
    assert "note: team: 1 alert given up: the channel is not configured any more" in out


def test_a_sample_of_each_kind_goes_to_the_channel_and_into_no_table(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    events = ["added", "removed", "retiring", "overdue", "held", "sync_failed", "baseline"]
    tell(ground, receiver, events=events)
    code, out, _ = ground.run("alerts", "test", "team")
    assert code == 0
    kinds = ["changes", "held", "sync_failed", "baseline", "retiring", "overdue"]
    assert [payload["type"] for payload in payloads(receiver)] == [f"catalog.{kind}" for kind in kinds]
    assert all("sample" in seen.body.decode() for seen in receiver.requests)
    assert out.count("team took") == len(kinds)
    assert ground.rows("SELECT count(*) FROM deliveries") == [(0,)]
    assert len({seen.headers["webhook-id"] for seen in receiver.requests}) == len(kinds)


def test_a_missing_secret_is_named_and_the_alert_stays_pending(ground: Ground, receiver: ModelsServer) -> None:
    tell(ground, receiver)
    ground.server.models.append(model("claude-d"))
    code, _, err = ground.run("sync")
    assert code == 0
    assert "alerts.team.webhook.secret_env" in err
    assert receiver.requests == []
    assert ground.rows("SELECT status, attempts FROM deliveries") == [("pending", 1)]


def test_a_command_gets_the_same_json_on_its_standard_input(ground: Ground, tmp_path: Path) -> None:
    target = tmp_path / "told.json"
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(f'[[alerts]]\nname = "hook"\ncommand = ["tee", "-a", "{target}"]\nevents = ["added"]\n')
    ground.server.models = [model("claude-new"), *(model(id) for id in IDS)]
    assert ground.run("sync")[0] == 0
    assert [change["kind"] for change in json.loads(target.read_text())["changes"]] == ["added"]


def test_a_command_does_not_see_what_opens_the_other_channels(
    ground: Ground, receiver: ModelsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    monkeypatch.setenv("ROOM", "room-canary")
    monkeypatch.setenv("MAIL", "mail-canary")
    target = tmp_path / "environment"
    tell(ground, receiver)
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write('[[alerts]]\nname = "mail"\nurl = "mailto://${MAIL}@127.0.0.1"\nevents = ["held"]\n')
        file.write(f'[[alerts]]\nname = "room"\nwebhook = {{ url = "{receiver.url}/${{ROOM}}" }}\nevents = ["held"]\n')
        file.write(f'[[alerts]]\nname = "cmd"\ncommand = ["sh", "-c", "env > {target}"]\nevents = ["added"]\n')
    ground.server.models += [model("claude-d")]
    assert ground.run("sync")[0] == 0
    assert "PATH=" in target.read_text()
    assert not [name for name in ("HOOK", "ROOM", "MAIL") if f"\n{name}=" in f"\n{target.read_text()}"]


def test_an_unknown_channel_is_named_with_the_known_ones(ground: Ground, receiver: ModelsServer) -> None:
    tell(ground, receiver)
    for subcommand in ("test", "retry", "drop"):
        code, _, err = ground.run("alerts", subcommand, "taem")
        assert code == 2
        assert 'did you mean "team"?' in err


def test_nothing_to_send_is_said(ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    assert ground.run("alerts", "send") == (0, "nothing is due\n", "")
    with (ground.folder / "catalog.toml").open("w") as file:
        file.write("")
    assert ground.run("alerts", "send")[0] == 2


def test_check_looks_at_each_channel_and_sends_nothing(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(ground, receiver)
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write('[[alerts]]\nname = "odd"\nurl = "nosuch://secret-token"\n')
        file.write('[[alerts]]\nname = "none"\ncommand = ["/nowhere/on-change"]\n')
    code, out, err = ground.run("check")
    assert code == 2
    assert "channel team" in err
    assert "channel odd" in err
    assert "channel none: there is no program on-change that can be run" in err
    assert "secret-token" not in out + err
    monkeypatch.setenv("HOOK", SECRET)
    assert "ok    channel team" in ground.run("check")[1]
    assert receiver.requests == []


def test_a_receiver_that_hangs_keeps_no_other_channel_of_a_worker_waiting(
    ground: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(ground, receiver)
    hanging = ModelsServer(always=wire.silence()).start()
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(f'[[alerts]]\nname = "hanging"\nwebhook = {{ url = "{hanging.url}/hook" }}\n')
    settings, stop = config.load(), threading.Event()
    with closing(wiring.database(settings)) as database:
        work = {chore.name: chore.work for chore in after_run.chores(settings, database, stop=stop)}
        ground.server.models += [model("claude-d")]
        enqueued_by_a_run(ground)
        hung = threading.Thread(target=work["alerts to hanging"], daemon=True)
        hung.start()
        work["alerts to team"]()
        assert len(receiver.requests) == 1
        ground.server.models += [model("claude-e")]
        enqueued_by_a_run(ground)
        work["alerts to team"]()
        assert len(receiver.requests) == 2
        assert hung.is_alive()
        stop.set()
        hanging.close()
        hung.join(10)


@pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)
def test_two_workers_whose_clocks_are_ten_minutes_apart_send_nothing_twice(
    bare: Ground, receiver: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", SECRET)
    tell(bare, receiver)
    bare.server.models = [model(id) for id in IDS]
    enqueued_by_a_run(bare)
    bare.server.models.append(model("claude-d"))
    enqueued_by_a_run(bare)
    settings = config.load()

    def send_meanwhile(visit: wire.Visit) -> None:
        ahead = datetime.now(UTC) + timedelta(minutes=10)
        monkeypatch.setattr(clock, "utc_now", lambda: ahead)
        with closing(wiring.database(settings)) as database:
            after_run.send_alerts(settings, database)
        visit.send(204, b"")

    receiver.script(send_meanwhile)
    with closing(wiring.database(settings)) as database:
        after_run.send_alerts(settings, database)
    assert len(receiver.requests) == 1
    assert [row["status"] for row in json.loads(bare.run("alerts", "list", "--all", "--json")[1])] == ["delivered"]


def enqueued_by_a_run(ground: Ground) -> None:
    """Let a run enqueue alerts that it does not get to send."""
    settings = config.load()
    [source] = settings.sources
    with closing(wiring.database(settings)) as database:
        options = sync.Options(configured=(source.name,), subscriptions=wiring.subscriptions(settings))
        sync.sync_source(database, source, wiring.connector(), options)
