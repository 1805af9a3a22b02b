"""Proxies of the environment: never before this machine itself, and named by their variable when something fails."""

import os
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.alerts.channels import webhook
from catalog.errors import ListingError
from catalog.events import DeliveryError, Message
from catalog.http import proxy
from catalog.monitor.ping import Pinger
from catalog.upstream.client import ModelsClient
from tests import server as play
from tests.server import KEY, ModelsServer

FAR = "http://catalog.invalid"
PASSWORD = "proxy-password-1"

Connect = Callable[..., ModelsClient]


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[ModelsClient] = []

    def build(base_url: str, **options: Any) -> ModelsClient:
        settings: dict[str, Any] = {"max_tries": 2, "sleep": lambda _: None, **options}
        opened.append(ModelsClient(base_url=base_url, key=KEY, **settings))
        return opened[-1]

    yield build
    for client in opened:
        client.close()


@pytest.fixture
def between() -> Iterator[ModelsServer]:
    """A proxy, as far as the client can see."""
    server = ModelsServer().start()
    yield server
    server.close()


def named(server: ModelsServer) -> str:
    return server.url.replace("://", f"://me:{PASSWORD}@")


def nobody() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def message() -> Message:
    return Message(
        id="1", type="t", payload="{}", compose=lambda _room: ("s", "t"), sent_at=datetime(2026, 11, 28, tzinfo=UTC)
    )


# Loopback

VARIABLES = ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
HOSTS = ["localhost", "127.0.0.1", "127.1", "[::ffff:127.0.0.1]"]


@pytest.mark.promise("P9")
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("variable", VARIABLES)
def test_a_list_on_this_machine_is_never_asked_for_through_a_proxy(
    server: ModelsServer, between: ModelsServer, connect: Connect, variable: str, host: str
) -> None:
    # Plain http is allowed here because the key stays on the machine; it was handed to the proxy, in clear.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, between.url)
        connect(server.url.replace("127.0.0.1", host)).page()
    assert (len(server.requests), between.requests) == (1, [])


@pytest.mark.parametrize("host", HOSTS)
def test_a_webhook_and_a_ping_on_this_machine_go_through_no_proxy(
    server: ModelsServer, between: ModelsServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", between.url)
    server.always = play.answer({})
    url = server.url.replace("127.0.0.1", host)
    webhook.open_(f"{url}/hook").send(message())
    Pinger(url=f"{url}/ping").succeeded()
    assert [seen.path for seen in server.requests] == ["/hook", "/ping"]
    assert between.requests == []


@pytest.mark.parametrize("no_proxy", [None, "", "example.org"])
def test_libraries_that_read_the_environment_themselves_spare_this_machine_too(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str | None
) -> None:
    from requests.utils import should_bypass_proxies

    monkeypatch.setenv("NO_PROXY", no_proxy or "")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid")
    proxy.spare_loopback()
    proxy.spare_loopback()
    spared = [f"http://{host}/" for host in ("localhost", "a.localhost", "127.0.0.1:80", "[::1]:80", "127.9.9.9")]
    assert all(should_bypass_proxies(url, None) for url in spared)
    assert not should_bypass_proxies("http://elsewhere.example/", None)


def test_without_a_proxy_the_environment_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    proxy.spare_loopback()
    assert proxy.words(FAR) == ""
    assert "NO_PROXY" not in os.environ


# Which proxy


@pytest.mark.parametrize(
    ("environ", "url", "variable"),
    [
        ({"http_proxy": "a:1"}, FAR, "http_proxy"),
        ({"HTTP_PROXY": "a:1"}, FAR, "HTTP_PROXY"),
        ({"http_proxy": "a:1", "HTTP_PROXY": "b:2"}, FAR, "http_proxy"),
        ({"https_proxy": "a:1"}, "https://catalog.invalid", "https_proxy"),
        ({"https_proxy": "a:1"}, FAR, None),
        ({"all_proxy": "a:1"}, FAR, "all_proxy"),
        ({"ALL_PROXY": "a:1", "HTTPS_PROXY": "b:2"}, "HTTPS://catalog.invalid", "HTTPS_PROXY"),
        ({"http_proxy": "", "HTTP_PROXY": "b:2"}, FAR, None),
        ({"Http_Proxy": "a:1"}, FAR, "Http_Proxy"),
    ],
)
def test_the_variable_that_counts_is_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], url: str, variable: str | None
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = proxy.before(url)
    assert (found and found.variable) == variable
    assert "a:1" not in repr(found)


@pytest.mark.parametrize(
    ("no_proxy", "host"),
    [
        ("catalog.invalid", "catalog.invalid"),
        ("invalid", "catalog.invalid"),
        (".invalid", "catalog.invalid"),
        ("*.invalid", "catalog.invalid"),
        ("CATALOG.invalid.", "catalog.invalid"),
        ("a.b  catalog.invalid", "catalog.invalid"),
        ("catalog.invalid:80", "catalog.invalid"),
        ("catalog.invalid:8099", "catalog.invalid:8099"),
        ("*", "catalog.invalid"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.1.2.3", "10.1.2.3:8099"),
        ("fd00::/8", "[fd00::1]"),
        ("[fd00::1]", "[fd00::1]"),
        ("[fd00::]/16", "[fd00::1]:8099"),
        ("fd00:0::1", "[fd00::1]"),
        ("[fd00::1]:8099", "[fd00::1]:8099"),
    ],
)
def test_a_host_that_no_proxy_lists_is_asked_directly_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, no_proxy: str, host: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid")
    for name in ("NO_PROXY", "no_proxy"):
        with monkeypatch.context() as patch:
            patch.setenv(name, no_proxy)
            assert proxy.before(f"http://{host}/v1") is None
            assert proxy.words(f"http://{host}/v1") == " past the proxy of HTTP_PROXY, as NO_PROXY says"
            assert proxy.unreadable() == []


@pytest.mark.parametrize(
    "no_proxy",
    ["alog.invalid", "catalog.invalid:81", "xcatalog.invalid", "10.0.0.0/8", "fd00::/8", "", "a.*", "/", ","],
)
def test_any_other_host_is_asked_through_the_proxy(monkeypatch: pytest.MonkeyPatch, no_proxy: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    found = proxy.before(FAR)
    assert found is not None
    assert proxy.words(FAR) == " through the proxy of HTTP_PROXY"


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ("fd00::/200", "fd00::/200"),
        ("10.0.0.0/99", "10.0.0.0/99"),
        ("10.0.0.*", "10.0.0.*"),
        ("http://catalog.invalid", "http://catalog.invalid"),
        ("a;b", "its entry number 2"),
        (f"http://me:{PASSWORD}@catalog.invalid", "its entry number 2"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, entry: str, shown: str
) -> None:
    monkeypatch.setenv("NO_PROXY", f"example.org, {entry}")
    assert proxy.unreadable() == [f"NO_PROXY holds what cannot be read: {shown}"]
    monkeypatch.setenv("HTTP_PROXY", nobody())
    with pytest.raises(ListingError) as raised:
        connect(FAR).page()
    assert f"NO_PROXY holds what cannot be read: {shown}" in raised.value.hint
    assert PASSWORD not in f"{raised.value} {raised.value.hint}"


# What is said

ALL = [*VARIABLES, "https_proxy", "HTTPS_PROXY"]


@pytest.mark.parametrize("variable", ALL)
@pytest.mark.parametrize(
    ("step", "words"),
    [
        (play.answer(b"", 407), "HTTP 407"),
        (play.answer(b"", 502), "HTTP 502"),
        (play.answer(b"", 404), "HTTP 404"),
        (play.redirect("http://login.invalid"), "HTTP 302"),
        (play.html(403), "HTTP 403"),
        (play.html(200), "the answer is an HTML page"),
        (play.answer(b"{"), "the answer is broken JSON"),
        (play.reset, "the proxy refuses"),
    ],
)
def test_any_failure_through_a_proxy_names_its_variable(
    between: ModelsServer, connect: Connect, variable: str, step: play.Step, words: str
) -> None:
    between.always = step
    secure = "https" in variable.lower()
    client = connect(FAR.replace("http:", "https:") if secure else FAR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(variable, named(between))
        with pytest.raises(ListingError) as raised:
            client.page()
    told = f"{raised.value} {raised.value.hint}"
    assert f"catalog.invalid through the proxy of {variable}: " in told
    assert secure or words in told  # of a tunnel only its opening can be seen
    assert "NO_PROXY" in raised.value.hint
    assert PASSWORD not in told
    assert not secure or {seen.method for seen in between.requests} <= {"CONNECT"}


@pytest.mark.parametrize(
    ("value", "words", "hint"),
    [
        ("socks5://127.0.0.1:1080", "speaks SOCKS, for which the package PySocks is missing", "pip install PySocks"),
        ("SOCKS5H://me:proxy-password-1@a", "speaks SOCKS, for which the package PySocks is missing", "PySocks"),
        ("socks4a://a", "speaks SOCKS, for which the package PySocks is missing", "PySocks"),
        ("http:///", "is no usable address", "as http://HOST:PORT"),
        ("ftp://me:proxy-password-1@a", "is no usable address", "as http://HOST:PORT"),
        ("socks9://127.0.0.1:1", "is no usable address", "as http://HOST:PORT"),
        ("http://a:nowhere", "is no usable address", "as http://HOST:PORT"),
        ('"http://a:1"', "is no usable address", "as http://HOST:PORT"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_at_once(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, value: str, words: str, hint: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", value)
    with pytest.raises(ListingError) as raised:
        connect(FAR, sleep=pytest.fail).page()
    assert f"the proxy of ALL_PROXY {words}" in str(raised.value)
    assert hint in raised.value.hint
    assert PASSWORD not in f"{raised.value} {raised.value.hint}"


def test_a_proxy_that_is_not_there_is_told(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", nobody())
    with pytest.raises(ListingError, match="through the proxy of http_proxy: the proxy refuses or does not answer"):
        connect(FAR).page()


def test_a_proxy_without_a_scheme_is_used(
    between: ModelsServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", between.url.removeprefix("http://"))
    connect(FAR).page()
    assert between.requests[0].target.startswith("http://catalog.invalid/v1/models?")


def test_a_host_that_is_asked_past_the_proxy_and_does_not_answer_says_so(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", nobody())
    monkeypatch.setenv("no_proxy", "catalog.invalid")
    with pytest.raises(ListingError, match="past the proxy of http_proxy, as NO_PROXY says"):
        connect(FAR).page()


@pytest.mark.warns
def test_webhooks_and_pings_name_the_proxy_too(
    between: ModelsServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HTTP_PROXY", named(between))
    between.always = play.answer(b"", 407)
    with pytest.raises(DeliveryError, match=r"^catalog\.invalid through the proxy of HTTP_PROXY: HTTP 407"):
        webhook.open_(f"{FAR}/hook").send(message())
    Pinger(url=f"{FAR}/ping").succeeded()
    assert caplog.messages == ["catalog.invalid could not be pinged through the proxy of HTTP_PROXY: HTTP 407"]
