"""Left to itself, as the documents tell: two workers on one Postgres, a list that changes, and everybody who is told.

The configuration is that of the pages in docs/how-to; only the addresses in it, and how long things take, are ours.
"""

import json
import os
import re
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa
import trustme
from aiosmtpd.controller import Controller

from catalog.demo import history, play
from catalog.demo.server import ModelsApi
from catalog.store.engine import database as databases
from catalog.store.schema import invariants, outbox_tables, views
from tests.alerts.test_apprise import Mailbox
from tests.e2e import test_run
from tests.e2e.test_run import end
from tests.server import ModelsServer, Seen, answer, free_port

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the mail server

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
SECRET = "whsec_c2VjcmV0IG9mIHRoZSByZWNlaXZlcg=="
PROGRAM = [sys.executable, "-m", "catalog"]
NEW, AGEING, LEAVING = "claude-opus-5", "claude-opus-4-7", "claude-haiku-4-5-20251001"
RETIRES = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%dT00:00:00Z")  # far from every milestone
CHANNELS = ("team", "mail", "hook", "script")


def shown(page: str, language: str) -> str:
    """Give the first block of a language on a page."""
    text = (HOW_TO / f"{page}.md").read_text("utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    assert found, page
    return found[1]


def edited(text: str, edits: Mapping[str, str]) -> str:
    """Edit what a page shows as its reader would; each edit must find its place."""
    for before, after in edits.items():
        assert text.count(before) == 1, f"the page does not show {before} once"
        text = text.replace(before, after)
    return text


wait_for = partial(test_run.wait_for, seconds=60)  # so much is started at once that a busy machine takes its time


# What is around the catalog


@dataclass(kw_only=True)
class Surroundings:
    """The list that is watched, and everybody who is told."""

    folder: Path
    database_url: str
    api: ModelsApi
    api_url: str
    still_url: str  # of another list, which never changes
    receiver: ModelsServer
    mailbox: Mailbox
    mail_port: int
    authority: Path  # of the mail server's certificate

    def posted(self, path: str) -> list[Seen]:
        return [seen for seen in self.receiver.requests if seen.path == path]

    def commanded(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in (self.folder / "told").iterdir()]

    def ask(self, *columns: sa.ColumnElement[Any]) -> list[tuple[Any, ...]]:
        with closing(databases.open_(self.database_url)) as database, database.read() as connection:
            return [tuple(row) for row in connection.execute(sa.select(*columns))]

    def deliveries(self) -> Mapping[tuple[str, str], int]:
        """Count the messages by channel and by what became of them."""
        columns = outbox_tables.deliveries.c
        return Counter((str(channel), str(status)) for channel, status in self.ask(columns.channel, columns.status))


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[tuple[Mailbox, int, Path]]:
    """A real mail server that wants STARTTLS and a login: its mails, its port, and who vouches for it."""
    authority, mailbox = trustme.CA(), Mailbox()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    port = free_port()
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        authenticator=mailbox.log_in,
        auth_required=True,
    )
    controller.start()
    yield mailbox, port, tmp_path / "authority.pem"
    controller.stop()


@pytest.fixture
def around(tmp_path: Path, postgres_url: str, mail: tuple[Mailbox, int, Path]) -> Iterator[Surroundings]:
    """The demo's API with the list as it is today but for one model, and everybody who is told."""
    api, receiver = ModelsApi(today(), key="sk-ant-..."), ModelsServer(always=answer({})).start()
    api.items = [item for item in api.items if item["id"] != NEW]
    mailbox, port, authority = mail
    (tmp_path / "told").mkdir()
    with api.serve() as url, ModelsApi(today(), key=api.key).serve() as still_url:
        yield Surroundings(
            folder=tmp_path,
            database_url=postgres_url,
            api=api,
            api_url=url,
            still_url=still_url,
            receiver=receiver,
            mailbox=mailbox,
            mail_port=port,
            authority=authority,
        )
    receiver.close()


def today() -> Sequence[Mapping[str, Any]]:
    return list(play.looks(history.load()))[-1].items


# The catalog


@dataclass(kw_only=True)
class Host:
    """A machine with a worker: a folder with the shown configuration, and what was started in it."""

    folder: Path
    around: Surroundings
    has_gateway: bool = False  # a second list, which stays as it is
    port: int = field(default_factory=free_port)
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def configure(self) -> None:
        receiver = self.around.receiver.url
        schedule = edited(shown("worker", "toml"), {'"5m"': '"1s"\nconfirm_after = "1s"', 'jitter = "2m"': ""})
        alerts = edited(
            shown("alerts", "toml"),
            {
                "slack://${SLACK_TOKENS}": f"{receiver.replace('http', 'json')}/${{SLACK_TOKENS}}",
                "@mail.example.org?": f"@localhost:{self.around.mail_port}?",
                "https://example.org/hook": f"{receiver}/hook",
                'settle = "6h"': 'settle = "0s"',
                '["/usr/local/bin/on-change"]': json.dumps(["sh", "-c", f"cat > {self.around.folder}/told/$$"]),
                '["held", "sync_failed"]': '["added", "removed", "changed", "held", "sync_failed"]',
                "claude-haiku-4-5": LEAVING,
            },
        )
        watched = {"https://hc.example.org": receiver, "9464": str(self.port)}
        monitor = edited(shown("monitoring", "toml"), watched)
        several = edited(shown("sources", "toml"), {"https://models.example.org": self.around.still_url})
        monitor += f"[sources.gateway]\n{several.partition('[sources.gateway]')[2]}" * self.has_gateway
        self.folder.mkdir()
        (self.folder / "catalog.toml").write_text(f"{schedule}\n{alerts}\n{monitor}")

    @property
    def environ(self) -> Mapping[str, str]:
        """What stands in the environment of every call: addresses and secrets."""
        mine = {
            "ANTHROPIC_API_KEY": self.around.api.key,
            "ANTHROPIC_BASE_URL": self.around.api_url,
            "GATEWAY_KEY": self.around.api.key,
            "CATALOG_DATABASE_URL": self.around.database_url,
            "SLACK_TOKENS": "room",
            "MAIL_USER": "me%40example.org",
            "MAIL_PASSWORD": "word",
            "HOOK_SECRET": SECRET,
            "SSL_CERT_FILE": str(self.around.authority),
        }
        return {**os.environ, **mine, "PYTHONPATH": str(ROOT)}

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the worker; its output goes to the files out and err."""
        command = [*PROGRAM, "run"]
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            process = subprocess.Popen(command, cwd=self.folder, env=self.environ, stdout=out, stderr=err)
        self.started.append(process)
        return process

    def calls(self, *arguments: str) -> tuple[int, str]:
        """Call the program beside the worker; gives its exit code and what it printed."""
        command = [*PROGRAM, *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, text=True, timeout=20, check=False
        )
        return done.returncode, done.stdout

    def said(self, stream: str) -> str:
        return (self.folder / stream).read_text()

    def answers(self) -> bool:
        """Tell whether the worker is up, as a supervisor would."""
        assert self.started[0].poll() is None, self.said("err")
        with suppress(requests.ConnectionError):
            return self.get("/healthz")[0] == HTTPStatus.OK
        return False

    def get(self, path: str) -> tuple[int, str]:
        got = requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=5)
        return got.status_code, got.text


@pytest.fixture
def hosts(around: Surroundings) -> Iterator[list[Host]]:
    """Two machines, configured alike but for the port on which each is watched; the second reads one more list."""
    two = [
        Host(folder=around.folder / name, around=around, has_gateway=name == "second") for name in ("first", "second")
    ]
    for host in two:
        host.configure()
    yield two
    for process in [process for host in two for process in host.started]:
        process.kill()
        process.wait(5)


def change(api: ModelsApi) -> None:
    """Let a model come, one be deprecated, and one leave, between two looks at the list."""
    ageing = {"lifecycle": "deprecated", "retires_at": RETIRES}
    now = [dict(item) | (ageing if item["id"] == AGEING else {}) for item in today()]
    api.items = [item for item in now if item["id"] != LEAVING]


Told = list[tuple[str, str, str | None]]
CHANGED: Told = [("changed", AGEING, "lifecycle"), ("changed", AGEING, "retires_at")]
NEWS: Told = [("added", NEW, None), *CHANGED]
REMOVAL: Told = [("removed", LEAVING, None)]


def told(messages: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Give what each message tells, the oldest first."""
    return [
        [(entry["kind"], entry["model_id"], entry["field"]) for entry in message["changes"]]
        for message in sorted(messages, key=lambda message: int(message["run_id"]))
    ]


@pytest.mark.promise("P4", "P8", "P10")
def test_left_to_itself_it_tells_everybody_once_what_changed(around: Surroundings, hosts: list[Host]) -> None:
    """It comes up and syncs at once; a baseline is no news, and what changes is one message for each channel."""
    first, second = hosts
    workers = [first.start()]
    wait_for(lambda: "a baseline: what it found is not news" in first.said("out"))
    workers.append(second.start())
    wait_for(lambda: "gateway: 10 models listed, 10 new" in second.said("out"))
    assert around.deliveries() == {}
    change(around.api)
    wait_for(lambda: around.deliveries() == dict.fromkeys([(name, "delivered") for name in CHANNELS], 2))
    for host in hosts:
        wait_for(host.answers)
        assert host.get("/healthz") == (200, "ok\n")
        assert 'catalog_models_listed{source="anthropic"} 9.0' in host.get("/metrics")[1]
    code, said = first.calls("status")
    assert (code, said.splitlines()[-1]) == (0, "healthy")
    assert [end(process) for process in workers] == [143, 143]
    assert_each_was_told_once(around)
    assert_nothing_went_wrong(around, hosts)


def assert_each_was_told_once(around: Surroundings) -> None:
    """The JSON is whole and signed, chats get words, and mail hears of watched models alone, as configured."""
    hooked = around.posted("/hook")
    genuine: dict[str, Any] = {}
    exec(shown("alerts", "python"), genuine)
    assert [genuine["is_genuine"](seen.headers, seen.body, SECRET) for seen in hooked] == [True, True]
    assert told(json.loads(seen.body) for seen in hooked) == [NEWS, REMOVAL]
    assert told(around.commanded()) == [NEWS, REMOVAL]
    team = [json.loads(seen.body)["title"] for seen in around.posted("/room")]
    assert sorted(team) == [
        "1 retiring, 1 new; you watch 1 of them (anthropic)",
        "Claude Haiku 4.5 is gone (anthropic)",
    ]
    mails = {str(mail["subject"]): words(mail) for _, mail in around.mailbox.mails}
    gone, ageing = sorted(mails)
    assert gone == "Claude Haiku 4.5 is gone (anthropic)"
    assert LEAVING in mails[gone]
    assert ageing.startswith("Claude Opus 4.7 is deprecated and retires in 400 days")
    assert AGEING in mails[ageing]
    assert "you watch it" in mails[ageing]
    assert [receivers for receivers, _ in around.mailbox.mails] == [["models@example.org"]] * 2
    assert set(around.mailbox.logins) == {(b"me@example.org", b"word")}


def words(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def assert_nothing_went_wrong(around: Surroundings, hosts: Sequence[Host]) -> None:
    """No message needed a second attempt, no run failed, and the history keeps its rules."""
    assert around.ask(sa.func.max(outbox_tables.deliveries.c.attempts)) == [(1,)]
    runs = {status for (status,) in around.ask(views.sync_runs.c.status)}
    assert runs <= {"complete", "skipped", "abandoned"}
    watched = {seen.path.removeprefix("/ping/0b5e6f0c") for seen in around.receiver.requests if "/ping" in seen.path}
    assert watched == {"/start", ""}
    for host in hosts:
        assert "catalog_models_listed" in (host.folder / "catalog.prom").read_text()
        assert host.said("err").endswith("catalog: terminated; nothing is half-written\n")
    with closing(databases.open_(around.database_url)) as database:
        assert invariants.broken(database) == []
