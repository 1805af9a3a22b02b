"""Apprise, against a real mail server and a real HTTP server on loopback."""

import email.policy
import io
import json
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from catalog import logs
from catalog.alerts import wording
from catalog.alerts.channels import apprise_urls
from catalog.errors import ConfigError
from catalog.events import DeliveryError, Message, Room, Severity
from tests import server as play
from tests.alerts.messages import HOSTILE, SUBJECT, TEXT, message
from tests.server import ModelsServer, Visit
from tests.unit.test_wording import entry
from tests.unit.test_wording import message as changes_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the mail server and of services


@dataclass
class Mailbox:
    """What a mail server took; refuses whom it is told to, and what, with the words of strangers."""

    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if address in self.refused:
            return self.answers.get("RCPT", "550 a stranger is not here")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_MAIL(  # noqa: N802 - as above
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - as above
        if "DATA" in self.answers:
            return self.answers["DATA"]
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append((envelope.rcpt_tos, parsed))
        return "250 OK"

    def log_in(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success="AUTH" not in self.answers, handled=False)


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


def late(visit: Visit) -> None:
    visit.server.closing.wait(60)


def url_of(service: str, server: ModelsServer) -> str:
    """The Apprise URL of a service, with secrets wherever it takes some."""
    place = server.url.replace("http://", "")
    return {
        "JSON": json_url(server),
        "XML": f"xml://me:canary-password@{place}/canary-path/",
        "Form": f"form://me:canary-password@{place}/canary-path/",
        "Gotify": f"gotify://{place}/canarycanary",
        "Mattermost": f"mmost://{place}/canarycanarycanarycanary",
    }[service]


def json_url(server: ModelsServer) -> str:
    return server.url.replace("http://", "json://me:canary-password@") + "/canary-path/"


def refusal(url: str, *, timeout: float = 20.0) -> str:
    with pytest.raises(DeliveryError) as raised:
        apprise_urls.open_(url, timeout=timeout).send(message())
    assert not re.search("canary|stranger", str(raised.value))
    return str(raised.value)


def test_a_mail_arrives_as_it_was_worded(mail_url: str, mailbox: Mailbox) -> None:
    apprise_urls.open_(mail_url).send(message(text="newly listed: A\nremoved: B"))
    [(receivers, mail)] = mailbox.mails
    assert receivers == ["team@example.org"]
    assert mail["subject"] == "anthropic: 1 model newly listed"
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines()[:2] == ["newly listed: A", "removed: B"]
    assert mailbox.logins == [(b"me", b"canary-password")]


def test_a_hostile_name_is_neither_header_nor_markup(mail_url: str, mailbox: Mailbox) -> None:
    apprise_urls.open_(mail_url).send(message(subject=HOSTILE, text=HOSTILE))
    [(receivers, mail)] = mailbox.mails
    assert receivers == ["team@example.org"]
    assert "bcc" not in mail
    html = mail.get_body(("html",))
    assert html is None or "<b>" not in html.get_content()


# Why it was not taken


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({"AUTH": ""}, "SMTP 535: the login or the password is not accepted"),
        ({"MAIL": "553 a stranger may not send"}, "SMTP 553: the server refuses the sender's address"),
        ({"MAIL": "552 a stranger is too large"}, "SMTP 552: the message is too long"),
        ({"MAIL": "451 a stranger, later"}, "SMTP 451: the server refuses the sender's address for now"),
        ({"RCPT": "550 a stranger is not here"}, "SMTP 550: the server refuses a receiver"),
        ({"RCPT": "450 a stranger is greylisted"}, "SMTP 450: the server refuses a receiver for now"),
        ({"RCPT": "552 the box of a stranger is full"}, "SMTP 552: the message is too long"),
        ({"DATA": "554 a stranger is spam"}, "SMTP 554: the server refuses the message"),
        ({"DATA": "552 a stranger is too large"}, "SMTP 552: the message is too long"),
        (
            {"DATA": "421 too many from a stranger"},
            "SMTP 421: the server takes no mail now, or too many messages came in a short time",
        ),
    ],
)
def test_mail_that_is_refused_says_why_in_our_own_words(
    mail_url: str, mailbox: Mailbox, answers: dict[str, str], reason: str
) -> None:
    mailbox.answers |= answers
    mailbox.refused |= {"team@example.org"} if "RCPT" in answers else set()
    assert refusal(mail_url) == f"E-Mail at 127.0.0.1 did not take it: {reason}"
    assert mailbox.mails == []


def test_mail_that_one_of_several_receivers_was_refused_says_so(mail_url: str, mailbox: Mailbox) -> None:
    mailbox.refused.add("boss@example.org")
    told = refusal(f"{mail_url}&cc=boss@example.org")
    assert told == "E-Mail at 127.0.0.1 did not take it: SMTP 550: the server refuses a receiver"
    assert [receivers for receivers, _ in mailbox.mails] == [["team@example.org"]]


def test_a_mail_server_without_the_tls_that_is_asked_for_is_no_lost_login(mail_url: str, mailbox: Mailbox) -> None:
    told = refusal(mail_url.replace("mode=insecure", "mode=starttls"))
    assert told.endswith(": the server does not offer the login or the TLS that the URL asks for")
    assert mailbox.logins == []


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (302, "HTTP 302: redirects are refused"),
        (400, "HTTP 400: the service cannot make sense of it: a token, a receiver or the text is not as it must be"),
        (401, "HTTP 401: the login or the token is not accepted"),
        (402, "HTTP 402: the account has to be paid for"),
        (403, "HTTP 403: the login or the token may not do this"),
        (404, "HTTP 404: the address, the token or the receiver does not exist"),
        (410, "HTTP 410: the address is gone for good"),
        (413, "HTTP 413: the message is too long"),
        (418, "HTTP 418: the service refuses it"),
        (429, "HTTP 429: too many messages came in a short time"),
        (500, "HTTP 500: the service fails"),
        (503, "HTTP 503: the service fails"),
    ],
)
@pytest.mark.parametrize("service", ["JSON", "XML", "Form", "Gotify", "Mattermost"])
def test_an_answer_that_refuses_is_told_by_its_status(
    server: ModelsServer, service: str, status: int, reason: str
) -> None:
    server.script(*[play.error(status, message="canary error=200")] * 3)
    assert refusal(url_of(service, server)) == f"{service} at 127.0.0.1 did not take it: {reason}"


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [
        ("json://127.0.0.1:{port}/", "the connection was refused"),
        ("mmost://127.0.0.1:{port}/canarycanarycanarycanary", "the connection was refused"),
        (
            "mailto://me:canary@127.0.0.1:{port}/?from=a@b.example&to=a@b.example&mode=insecure",
            "the connection was refused",
        ),
        ("json://no-such-host.invalid/canary", "the host's name cannot be resolved"),
        (
            "mailto://me:canary@no-such-host.invalid/?from=a@b.example&to=a@b.example",
            "the host's name cannot be resolved",
        ),
        ("jsons://127.0.0.1:{taken}/", "the TLS connection failed"),
        (
            "mailtos://me:canary@127.0.0.1:{taken}/?from=a@b.example&to=a@b.example&mode=ssl",
            "the TLS connection failed",
        ),
    ],
)
def test_a_host_that_cannot_be_reached_says_how(
    server: ModelsServer, monkeypatch: pytest.MonkeyPatch, scheme: str, reason: str
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and does not listen
        mail, taken = "?from=a@b.example&to=a@b.example", urlsplit(server.url).port
        told = refusal(scheme.format(port=held.getsockname()[1], taken=taken, mail=mail))
    assert told.endswith(f" did not take it: {reason}")
    assert server.requests == []


def test_an_answer_that_does_not_come_or_breaks_off_is_told_apart(server: ModelsServer) -> None:
    server.script(play.silence(5), play.hang_up)
    assert refusal(f"{json_url(server)}?rto=0.3").endswith(": no answer came in time")
    assert refusal(json_url(server)).endswith(": the connection was lost before the answer was complete")


def test_reasons_of_one_thread_are_not_those_of_another(server: ModelsServer) -> None:
    server.script(*[play.error(403)] * 4)
    told: list[str] = []
    urls = [json_url(server), "json://no-such-host.invalid/"] * 4
    threads = [threading.Thread(target=lambda url=url: told.append(refusal(url))) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(set(told)) == [
        "JSON at 127.0.0.1 did not take it: HTTP 403: the login or the token may not do this",
        "JSON at no-such-host.invalid did not take it: the host's name cannot be resolved",
    ]
    assert len(told) == 8


@pytest.mark.parametrize("url", ["ntfys://canary-topic", "pushdeer://canarycanarycanary", "notica://canary"])
def test_what_stands_where_others_have_a_host_is_not_shown_where_it_may_be_a_token(url: str) -> None:
    assert "canary" not in apprise_urls._name(apprise_urls._service(url))


def test_a_service_takes_it_over_http_without_netrc(server: ModelsServer) -> None:
    server.script(play.answer({}))
    apprise_urls.open_(json_url(server)).send(message())
    [seen] = server.requests
    told = json.loads(seen.body)
    assert (told["title"], told["message"]) == (SUBJECT, TEXT)
    assert "poison" not in str(seen.headers)


def test_a_service_on_this_machine_is_reached_through_no_proxy(
    server: ModelsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    between = ModelsServer(always=play.answer({})).start()
    monkeypatch.setenv("HTTP_PROXY", between.url)
    monkeypatch.setenv("NO_PROXY", "example.org")
    server.always = play.answer({})
    for url in (json_url(server), json_url(server).replace("127.0.0.1", "localhost")):
        apprise_urls.open_(url).send(message())
    between.close()
    assert (len(server.requests), between.requests) == (2, [])


def test_redirects_are_not_followed(server: ModelsServer) -> None:
    server.script(play.redirect(server.url + "/other", 307))
    assert refusal(json_url(server)).endswith(" did not take it: HTTP 307: redirects are refused")
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
            apprise_urls.open_(json_url(server), timeout=0.5, turn=turn).send(message())
    assert len(server.requests) == 1
    server.closing.set()
    assert turn.acquire(timeout=5)


def test_a_service_that_drips_ends_in_time_and_the_next_message_waits_for_it(server: ModelsServer) -> None:
    server.script(play.slow_headers(every=0.05), play.answer({}))
    channel = apprise_urls.open_(json_url(server), timeout=0.5)
    began = time.monotonic()
    for words in ("it was not taken within 0.5 s", "an earlier message has still not been taken"):
        with pytest.raises(DeliveryError, match=words):
            channel.send(message())
    assert time.monotonic() - began < 10
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
        apprise_urls.check(url)
    assert "canary" not in f"{raised.value} {raised.value.hint}"
    assert refusal(url) == str(raised.value)


def test_a_url_that_is_fine_is_let_through_without_asking_anybody(server: ModelsServer) -> None:
    apprise_urls.check(json_url(server))
    assert server.requests == []


def test_a_message_too_long_for_a_service_is_cut(server: ModelsServer) -> None:
    server.script(play.answer({}))
    apprise_urls.open_(json_url(server)).send(message(text="x" * 100_000))
    assert len(json.loads(server.requests[0].body)["message"]) < 100_000


def worded(number: int, name: str = "Model & <Name> 🦜") -> Message:
    """A message about so many new models, whose lines services have to escape and count."""
    entries = [entry(model_id=f"vendor/model-{place:04}", display_name=name) for place in range(number)]
    return message(compose=lambda room: wording.render(changes_of(*entries), room))


def test_a_long_message_loses_lines_and_not_its_end(server: ModelsServer) -> None:
    """Mattermost takes 4,000 characters: a text was cut after them, and what came last was gone."""
    server.script(play.answer({}))
    apprise_urls.open_(url_of("Mattermost", server)).send(worded(400, "a name of some length " * 4))
    told = json.loads(server.requests[0].body)["text"].splitlines()
    assert told[-2:] == ["Happened on 22 November 2026, between 08:30 and 09:30 UTC.", "Source: anthropic, run 7"]
    lines = [line for line in told if line.startswith("- ")]
    assert all(line.endswith("`) is newly listed.") for line in lines)
    assert f"And {400 - len(lines)} more changes" in told
    assert len(lines) > 20


SERVICES = {
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/": 20,
    "tgram://123456789:abcdefg_hijklmnop/12315544/": 20,
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/": 20,
    "ntfys://a-topic": 20,
    "mailto://me:secret@example.org/?from=a@b.example&to=c@d.example": 20,
    "rocket://user:pass@example.org/%23room": 12,
    "matrixs://user:pass@example.org/%23room": 20,
    "mastodon://token@example.org": 5,
    "pover://uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu@tttttttttttttttttttttttttttttt": 15,
    "gotify://example.org/token": 20,
    "gchat://workspace/key/token": 20,
    "twilio://AC12345678901234567890123456789012:abcdefabcdefabcdefabcdefabcdefab@15551233456/15551234567": 0,
    "sns://AHIAJGNT76XIMXDBIJYA/bu1dHSdO22pfaaVy/wmNsdjJ3TTQoP2bfd/us-east-2/12223334444": 0,
    "kodi://example.org": 0,
    "dapnet://user:pass@DF1ABC": 0,
    "json://example.org": 20,
}


@pytest.mark.parametrize("number", [1, 3, 60, 400])
@pytest.mark.parametrize("url", SERVICES)
def test_whatever_a_service_does_to_a_text_its_end_is_sent(url: str, number: int) -> None:
    service = apprise_urls._service(url)
    subject, text = worded(number).compose(apprise_urls.room(service))
    source = apprise_urls._form(service)
    form = service.resolve_format(source)
    calls = list(service._build_send_calls(body=text, title=subject, body_format=form, source_format=source))
    assert len(calls) == 1
    sent = re.sub(r"<[^>]*>|\s+$", "", calls[0]["body"].replace("&nbsp;", " "))
    assert re.search(r"anthropic,? run 7$", sent)
    assert "09:30 UTC" in sent
    assert text.count(" is newly listed.\n") >= min(number, SERVICES[url])


@pytest.mark.parametrize("severity", Severity)
def test_how_grave_a_message_is_reaches_the_service(server: ModelsServer, severity: Severity) -> None:
    server.script(play.answer({}))
    apprise_urls.open_(json_url(server)).send(message(severity=lambda: severity))
    assert json.loads(server.requests[0].body)["type"] == severity.value


def test_ids_are_code_and_addresses_are_links_where_the_service_shows_markdown(server: ModelsServer) -> None:
    """Text from outside has no markup, and nothing is escaped: Slack showed the backslashes."""
    hostile = entry(model_id="a_b*c", display_name="*x* 4.5 [y](z) `q` <https://e.example>")

    def compose(room: Room) -> tuple[str, str]:
        return wording.render(changes_of(hostile), room, lambda _source, _id: "https://m.example/a_b")

    server.script(play.answer({}))
    place = server.url.removeprefix("http://")
    apprise_urls.open_(f"ntfy://{place}/a-topic?format=markdown").send(message(compose=compose))
    told = json.loads(server.requests[0].body)["message"]
    assert told.splitlines() == [
        r"∗x∗ 4.5 [y] (z) 'q' ‹https:∕∕e․example› (`a_b\x2ac`) is newly listed.",
        "",
        "<https://m.example/a_b>",
        "",
        "Happened on 22 November 2026, between 08:30 and 09:30 UTC.",
        "Source: anthropic, run 7",
    ]


def test_channels_of_several_threads_do_not_disturb_each_other(server: ModelsServer) -> None:
    server.script(*[play.answer({})] * 8)
    channels = [apprise_urls.open_(json_url(server)) for _ in range(8)]
    threads = [threading.Thread(target=channel.send, args=(message(),)) for channel in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(server.requests) == 8


def test_the_representation_of_a_channel_holds_no_url() -> None:
    assert "canary" not in repr(apprise_urls.open_("json://canary"))


def test_apprise_is_imported_only_when_something_is_sent() -> None:
    code = (
        "import sys; from catalog.alerts.channels import apprise_urls; apprise_urls.open_('json://127.0.0.1'); "
        "sys.exit('apprise' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_service_that_hangs_does_not_keep_the_process_from_ending(server: ModelsServer) -> None:
    server.script(late)
    code = f"""
from datetime import UTC, datetime
from catalog.alerts.channels import apprise_urls
from catalog.events import DeliveryError, Message
sent = Message(id="1", type="t", payload="{{}}", compose=lambda room: ("s", "t"), sent_at=datetime.now(UTC))
try:
    apprise_urls.open_({json_url(server)!r}, timeout=1).send(sent)
except DeliveryError:
    print("left behind")
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=True)
    assert (ended.stdout, ended.stderr) == ("left behind\n", "")
