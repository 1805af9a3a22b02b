"""The webhook, against a real server on loopback."""

import base64
import hashlib
import hmac
import io
import json
import logging
import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from catalog import logs
from catalog.alerts.channels import webhook
from catalog.errors import ConfigError
from catalog.events import DeliveryError, Message
from tests import server as play
from tests.alerts.messages import HOSTILE, SENT_AT, message
from tests.server import ModelsServer, Step, Visit

SECRET = "canary-0123456789abcdef"
ENCODED = "whsec_" + base64.b64encode(b"\x00\xffraw").decode()
PATH = "/hook/canary-path"


def taken(visit: Visit) -> None:
    visit.send(204, b"")


def told_to_wait(visit: Visit) -> None:
    visit.send(503, b"canary", [("retry-after", "Sun, 22 Nov 2026 09:31:00 GMT")])


def endless(visit: Visit) -> None:
    visit.write(play.head(200, [("content-length", "1000000000000")]))
    visit.drip(b"x" * 10_000, every=0.02)


def nonsense_headers(visit: Visit) -> None:
    visit.write(b"HTTP/1.1 200 OK\r\nno header\r\ncontent-length: 0\r\n\r\n")


def hook(server: ModelsServer, *, secret: str | None = SECRET, timeout: float = 20.0) -> webhook.Webhook:
    return webhook.open_(server.url + PATH, secret=secret, timeout=timeout, clock=lambda: SENT_AT)


def refusal(channel: webhook.Webhook, sent: Message | None = None) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        channel.send(sent or message())
    return raised.value


@pytest.fixture(autouse=True)
def output() -> Iterator[io.StringIO]:
    """Everything the program would log at its most talkative; no secret and no path may be in it."""
    stream, level = io.StringIO(), logging.getLogger("catalog").level
    logs.configure(redaction=logs.Redaction(), verbose=True, stream=stream)
    yield stream
    logs.configure(redaction=logs.Redaction(), stream=io.StringIO())
    logging.getLogger("catalog").setLevel(level)
    assert "canary" not in stream.getvalue()


def test_the_frozen_payload_is_posted_byte_by_byte(server: ModelsServer) -> None:
    server.script(taken)
    sent = message(payload='{"id": "msg_1",  "name": "Zoë \u202e"}')
    hook(server).send(sent)
    [seen] = server.requests
    assert (seen.method, seen.target) == ("POST", PATH)
    assert seen.body == sent.payload.encode()
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["user-agent"] == "model-catalog"
    assert "authorization" not in seen.headers  # ~/.netrc has a password for every host


@pytest.mark.parametrize(("secret", "key"), [(SECRET, SECRET.encode()), (ENCODED, b"\x00\xffraw")])
def test_a_receiver_can_verify_who_sent_it_and_when(server: ModelsServer, secret: str, key: bytes) -> None:
    server.script(taken)
    hook(server, secret=secret).send(message())
    [seen] = server.requests
    signed = b".".join([b"msg_1", b"1795339800", seen.body])
    assert seen.headers["webhook-id"] == "msg_1"
    assert seen.headers["webhook-timestamp"] == "1795339800"
    assert seen.headers["webhook-signature"] == "v1," + base64.b64encode(
        hmac.new(key, signed, hashlib.sha256).digest()
    ).decode("ascii")


def test_without_a_secret_nothing_is_signed(server: ModelsServer) -> None:
    server.script(taken)
    hook(server, secret=None).send(message())
    assert "webhook-signature" not in server.requests[0].headers
    assert server.requests[0].headers["webhook-id"] == "msg_1"


def test_a_repeat_has_the_same_id_and_content_and_a_new_time(server: ModelsServer) -> None:
    server.script(play.reset, taken)
    channel = hook(server)
    refusal(channel)
    channel.send(message(sent_at=SENT_AT + timedelta(minutes=1)))
    first, second = server.requests
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 60


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_canary!", "whsec_canar"])
def test_a_secret_that_is_none_is_refused_unquoted(secret: str) -> None:
    with pytest.raises(ConfigError) as raised:
        webhook.open_("https://example.org/", secret=secret)
    assert "cana" not in str(raised.value)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_takes_the_message(server: ModelsServer, status: int) -> None:
    server.script(play.answer({"error": "canary"}, status))
    hook(server).send(message())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (play.error(400, message="canary"), "127.0.0.1: HTTP 400"),
        (play.error(500, message="canary"), "127.0.0.1: HTTP 500"),
        (play.hang_up, "127.0.0.1: the connection was lost before the answer was complete"),
        (play.reset, "127.0.0.1: the connection was lost before the answer was complete"),
        (play.silence(), "127.0.0.1: no whole answer came within 0.3 s"),
        (play.slow_headers(), "127.0.0.1: no whole answer came within 0.3 s"),
    ],
    ids=["400", "500", "dropped", "reset", "silence", "drip"],
)
def test_whatever_else_comes_the_message_was_not_taken(server: ModelsServer, step: Step, words: str) -> None:
    server.script(step)
    began = time.monotonic()
    error = refusal(hook(server, timeout=0.3))
    assert time.monotonic() - began < 10
    assert (str(error), error.retry_after, error.gone) == (words, None, False)
    assert len(server.requests) == 1  # the outbox tries again, not the channel


def test_an_answer_that_never_ends_is_an_answer(server: ModelsServer) -> None:
    server.script(endless)
    began = time.monotonic()
    hook(server).send(message())
    assert time.monotonic() - began < 10


def test_headers_that_are_none_are_not_told_with_the_address(server: ModelsServer) -> None:
    server.script(nonsense_headers)
    hook(server).send(message())


def test_a_port_where_nobody_listens_is_a_refusal() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refusal(webhook.open_(f"http://127.0.0.1:{port}{PATH}", secret=SECRET))
    assert str(error) == "127.0.0.1: the connection was refused"


@pytest.mark.parametrize("status", [101, 304, 306])
def test_an_answer_that_is_neither_yes_nor_no_is_no_redirect(server: ModelsServer, status: int) -> None:
    server.script(play.answer(b"", status))
    assert str(refusal(hook(server))) == f"127.0.0.1: HTTP {status}: it does not say that it took the message"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_refused_and_the_message_goes_nowhere_else(server: ModelsServer, status: int) -> None:
    server.script(play.redirect(server.url + "/other/canary", status))
    error = refusal(hook(server))
    assert str(error) == f"127.0.0.1: HTTP {status}: redirects are refused"
    assert len(server.requests) == 1


def test_410_means_never_again(server: ModelsServer) -> None:
    server.script(play.error(410))
    error = refusal(hook(server))
    assert (str(error), error.gone) == ("127.0.0.1: HTTP 410: it wants no more messages", True)


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        (play.error(429, headers={"retry-after": "7"}), 7.0),
        (play.error(503, headers={"retry-after": "0.5"}), 0.5),
        (play.error(429, headers={"retry-after": "soon"}), None),
        (told_to_wait, 60.0),
    ],
    ids=["seconds", "half a second", "illegal", "date"],
)
def test_the_receiver_says_when_to_come_back(server: ModelsServer, step: Step, seconds: float | None) -> None:
    server.script(step)
    assert refusal(hook(server)).retry_after == seconds


def test_a_hostile_name_stays_data(server: ModelsServer) -> None:
    server.script(taken)
    hook(server).send(message())
    assert json.loads(server.requests[0].body)["changes"] == [{"display_name": HOSTILE}]


def test_an_id_that_cannot_be_a_header_is_a_failure_and_no_injection(server: ModelsServer) -> None:
    error = refusal(hook(server), message(id="msg_1\r\nx-injected: canary"))
    assert str(error) == "127.0.0.1: the request could not be sent"
    assert server.requests == []


def test_the_representation_of_a_channel_holds_no_secret(server: ModelsServer) -> None:
    assert "canary" not in repr(hook(server))
