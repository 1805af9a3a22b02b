"""Apprise, against a real mail server and a real HTTP server on loopback."""

import email.policy
import io
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from catalog import logs
from catalog.alerts.channels import apprise_
from catalog.errors import ConfigError
from catalog.notice import DeliveryError
from tests import server as play
from tests.alerts.messages import HOSTILE, message
from tests.server import ModelsServer, Visit

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the mail server and of services


@dataclass
class Mailbox:
    """What a mail server took; refuses whom it is told to."""

    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 not here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append((envelope.rcpt_tos, parsed))
        return "250 OK"

    def log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mail_url(mailbox: Mailbox) -> Iterator[str]:
    """The Apprise URL of a real mail server that wants a login."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=port, authenticator=mailbox.log_in, auth_require_tls=False
    )
    controller.start()
    yield f"mailto://me:canary-password@127.0.0.1:{port}/?from=catalog@example.org&to=team@example.org&mode=insecure"
    controller.stop()


@pytest.fixture(autouse=True)
def output() -> Iterator[io.StringIO]:
    """Everything the program would log at its most talkative, and more: no token may be in it."""
    stream, root, ours = io.StringIO(), logging.getLogger(), logging.getLogger("catalog")
    levels = root.level, ours.level
    logs.configure(redaction=logs.Redaction(), verbose=True, stream=stream)
    root.setLevel(logging.DEBUG)
    yield stream
    logs.configure(redaction=logs.Redaction(), stream=io.StringIO())
    root.setLevel(levels[0])
    ours.setLevel(levels[1])
    assert "canary" not in stream.getvalue()


def json_url(server: ModelsServer) -> str:
    return server.url.replace("http://", "json://me:canary-password@") + "/canary-path/"


def refusal(url: str, *, timeout: float = 5.0) -> str:
    with pytest.raises(DeliveryError) as raised:
        apprise_.open_(url, timeout=timeout).send(message())
    assert "canary" not in str(raised.value)
    return str(raised.value)


def test_a_mail_arrives_as_it_was_worded(mail_url: str, mailbox: Mailbox) -> None:
    apprise_.open_(mail_url).send(message(text="newly listed: A\nremoved: B"))
    [(receivers, mail)] = mailbox.mails
    assert receivers == ["team@example.org"]
    assert mail["subject"] == "anthropic: 1 model newly listed"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines()[:2] == ["newly listed: A", "removed: B"]
    assert mailbox.logins == [(b"me", b"canary-password")]


def test_a_hostile_name_is_neither_header_nor_markup(mail_url: str, mailbox: Mailbox) -> None:
    apprise_.open_(mail_url).send(message(subject=HOSTILE, text=HOSTILE))
    [(receivers, mail)] = mailbox.mails
    assert receivers == ["team@example.org"]
    assert "bcc" not in mail
    html = mail.get_body(("html",))
    assert html is None or "<b>" not in html.get_content()


def test_a_receiver_that_the_server_refuses_is_a_failure(mail_url: str, mailbox: Mailbox) -> None:
    mailbox.refused.add("team@example.org")
    assert refusal(mail_url) == "E-Mail did not take it"
    assert mailbox.mails == []


def test_a_service_takes_it_over_http_without_netrc(server: ModelsServer) -> None:
    server.script(play.answer({}))
    apprise_.open_(json_url(server)).send(message())
    [seen] = server.requests
    told = json.loads(seen.body)
    assert (told["title"], told["message"]) == (message().subject, message().text)
    assert "poison" not in str(seen.headers)


def test_a_refusal_is_told_with_its_status_and_without_the_url(server: ModelsServer) -> None:
    server.script(play.error(403, message="canary"))
    assert refusal(json_url(server)) == "JSON did not take it, HTTP 403"


def test_redirects_are_not_followed(server: ModelsServer) -> None:
    server.script(play.redirect(server.url + "/other", 307))
    assert refusal(json_url(server)).startswith("JSON did not take it")
    assert len(server.requests) == 1


@pytest.mark.parametrize("setting", ["redirect=yes", "verify=no"])
def test_a_url_cannot_switch_safety_off(server: ModelsServer, setting: str) -> None:
    assert refusal(f"{json_url(server)}?{setting}").startswith("TLS is always verified")
    assert server.requests == []


def test_a_channel_that_is_opened_anew_waits_for_what_an_earlier_one_still_sends(server: ModelsServer) -> None:
    turn = threading.Lock()
    server.script(play.slow_headers(every=0.05))
    for words in ("it was not taken within 0.5 s", "an earlier message has still not been taken"):
        with pytest.raises(DeliveryError, match=words):
            apprise_.open_(json_url(server), timeout=0.5, turn=turn).send(message())
    assert len(server.requests) == 1
    server.closing.set()
    assert turn.acquire(timeout=5)


def test_a_service_that_drips_ends_in_time_and_the_next_message_waits_for_it(server: ModelsServer) -> None:
    server.script(play.slow_headers(every=0.05), play.answer({}))
    channel = apprise_.open_(json_url(server), timeout=0.5)
    began = time.monotonic()
    for words in ("it was not taken within 0.5 s", "an earlier message has still not been taken"):
        with pytest.raises(DeliveryError, match=words):
            channel.send(message())
    assert time.monotonic() - began < 3
    assert len(server.requests) == 1
    server.closing.set()
    assert channel.turn.acquire(timeout=5)
    channel.turn.release()
    channel.send(message())
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "url",
    [
        "slack://canary",
        "nosuch://canary",
        "mailto://",
        "canary",
        "",
        "discord://canary/",
        "json://127.0.0.1:canary/",
        "tgram://canary/canary",
    ],
)
def test_a_url_that_no_service_understands_is_refused_unquoted(url: str) -> None:
    with pytest.raises(ConfigError) as raised:
        apprise_.check(url)
    assert "canary" not in f"{raised.value} {raised.value.hint}"
    assert refusal(url) == str(raised.value)


def test_a_url_that_is_fine_is_let_through_without_asking_anybody(server: ModelsServer) -> None:
    apprise_.check(json_url(server))
    assert server.requests == []


def test_a_message_too_long_for_a_service_is_cut(server: ModelsServer) -> None:
    server.script(play.answer({}))
    apprise_.open_(json_url(server)).send(message(text="x" * 100_000))
    assert len(json.loads(server.requests[0].body)["message"]) < 100_000


def test_an_unreachable_service_is_a_failure_of_its_own() -> None:
    assert refusal("json://me:canary-password@127.0.0.1:9/canary") == "JSON did not take it"


def test_channels_of_several_threads_do_not_disturb_each_other(server: ModelsServer) -> None:
    server.script(*[play.answer({})] * 8)
    channels = [apprise_.open_(json_url(server)) for _ in range(8)]
    threads = [threading.Thread(target=channel.send, args=(message(),)) for channel in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(server.requests) == 8


def test_the_representation_of_a_channel_holds_no_url() -> None:
    assert "canary" not in repr(apprise_.open_("json://canary"))


def test_apprise_is_imported_only_when_something_is_sent() -> None:
    code = (
        "import sys; from catalog.alerts.channels import apprise_; apprise_.open_('json://127.0.0.1'); "
        "sys.exit('apprise' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def late(visit: Visit) -> None:
    visit.server.closing.wait(60)


def test_a_service_that_hangs_does_not_keep_the_process_from_ending(server: ModelsServer) -> None:
    server.script(late)
    code = f"""
from datetime import UTC, datetime
from catalog.alerts.channels import apprise_
from catalog.notice import DeliveryError, Message
sent = Message(id="1", type="t", payload="{{}}", subject="s", text="t", sent_at=datetime.now(UTC))
try:
    apprise_.open_({json_url(server)!r}, timeout=1).send(sent)
except DeliveryError:
    print("left behind")
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert (ended.stdout, ended.stderr) == ("left behind\n", "")
