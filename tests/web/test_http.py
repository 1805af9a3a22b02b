"""What holds for every answer: its headers, its methods, who may ask, and how it is refused."""

import json
import logging
import re
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from catalog.web import markup
from catalog.web.routes import ROUTES
from tests.web.conftest import Reply, Visitor, served

MODEL = {"source": "demo", "name": "claude-opus-5"}
PATHS = ["", "healthz", "favicon.ico", *(address for address, _ in markup.static().values())]
PATHS += [
    re.sub("<(?:[a-z]+:)?([a-z]+)>", lambda found: MODEL[found[1]], route.rule.lstrip("/")) + f".{form}"
    for route in ROUTES
    for form in route.forms
]
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "pages.md"
SAFE = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "server": "model-catalog",
}
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def assert_safe(reply: Reply) -> None:
    assert SAFE.items() <= reply.headers.items()
    assert "set-cookie" not in reply.headers
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize("path", PATHS)
def test_each_address_answers_with_the_headers_that_keep_it_safe(site: Visitor, path: str) -> None:
    reply = site.get(path)
    assert reply.status == 200
    assert_safe(reply)
    assert int(reply.headers["content-length"]) == len(reply.body) > 0
    kept = "max-age=31536000, immutable" if path.startswith("static/") else "no-cache"
    assert reply.headers["cache-control"] == kept


def test_every_address_that_the_page_on_pages_names_answers(demo_file: Path) -> None:
    forms = "|".join(sorted({form for route in ROUTES for form in route.forms}, key=len, reverse=True))
    text = PAGE.read_text("utf-8")
    found = re.findall(rf"`((?:{'|'.join(route.name for route in ROUTES)})\.(?:{forms})(?:\?[^`]*)?)`", text)
    found += re.findall(r"http://127\.0\.0\.1:8460/([^>`]*)", text)
    mirrors = re.findall(r"`http://HOST/(mirror/[^`]+)`", text)
    assert len(found) > 5
    assert mirrors
    with served(f"sqlite:///{demo_file}", mirror_open=True) as site:
        assert {path: site.get(path).status for path in found} == dict.fromkeys(found, 200)
        for path in mirrors:
            assert site.get(f"{path.replace('/anthropic', '/demo')}/v1/models").status == 200


@pytest.mark.parametrize("path", PATHS)
def test_head_gives_the_headers_alone(site: Visitor, path: str) -> None:
    got, head = site.get(path), site.get(path, method="HEAD")
    assert head.body == b""
    assert head.status == 200
    ours = {name: value for name, value in got.headers.items() if name != "date"}
    assert {name: value for name, value in head.headers.items() if name != "date"} == ours


@pytest.mark.parametrize("path", PATHS)
def test_what_has_not_changed_is_not_sent_again(site: Visitor, path: str) -> None:
    first = site.get(path)
    for tag in (first.headers["etag"], f'"other", W/{first.headers["etag"]}', "*"):
        again = site.get(path, If_None_Match=tag)
        assert (again.status, again.body) == (304, b"")
        assert_safe(again)
    assert site.get(path, If_None_Match='"other"').status == 200
    if "last-modified" in first.headers:
        assert site.get(path, If_Modified_Since=first.headers["last-modified"]).status == 304


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
def test_nothing_can_be_written(site: Visitor, path: str, method: str) -> None:
    reply = site.get(path, method=method, body=None if method == "TRACE" else b"x")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    assert_safe(reply)


@pytest.mark.parametrize("headers", [{"Content_Length": "1"}, {"Transfer_Encoding": "chunked"}])
def test_a_question_with_a_body_is_refused(site: Visitor, headers: dict[str, str]) -> None:
    reply = site.get("status.html", body=b"1", **headers)
    assert reply.status == 413
    assert_safe(reply)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        *((host, True) for host in ("127.0.0.1", "localhost", "LOCALHOST:80", "[::1]:1", "127.1", "localhost.")),
        *((host, True) for host in ("models.example.org", "Models.Example.Org:443")),
        *(
            (host, False)
            for host in ("evil.example", "localhost.evil.example", "example.org", "192.168.0.1", "0.0.0.0")
        ),
        *((host, False) for host in ("", "localhost:x", "a b", "user@localhost", "localhost/..", "[localhost")),
        *((host, False) for host in ("models.example.org.evil.example", "127.0.0.1.evil.example")),
    ],
)
def test_only_our_own_names_are_served(demo_file: Path, host: str, is_ours: bool) -> None:
    with served(f"sqlite:///{demo_file}", base_url="https://models.example.org/catalog") as site:
        reply = site.get("status.json", Host=host)
    assert reply.status == (200 if is_ours else 400)
    assert_safe(reply)
    assert "demo" in reply.text or not is_ours
    assert b"claude" not in reply.body or is_ours


NOWHERE = [
    "nope",
    "models",
    "models.html/",
    "models.xml",
    "//",
    "//status.html",
    "a/../b",
    "../../status.html",
    "static/style.css",
    "static/",
    "static/%2e%2e/app.py",
    "model/demo/x.html",
    "model/demo/claude-opus-5.json/",
    "model/x/claude-opus-5.html",
    "model/demo/~.html",
    "model/demo/%00.html",
    "%ff",
    "status.html%00",
    "status.html;a",
    "Status.html",
]


@pytest.mark.parametrize("path", [*NOWHERE, "." * 9000, "/" * 3000])
def test_what_is_not_there_is_said_on_a_page(site: Visitor, path: str) -> None:
    reply = site.get(path)
    assert reply.status == 404
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>404 Not Found</h1>" in reply.text
    assert len(reply.body) < 10_000
    assert_safe(reply)


def test_what_is_not_there_is_said_in_json_where_that_is_asked_for(site: Visitor) -> None:
    reply = site.get("model/demo/nope.json")
    assert (reply.status, reply.headers["content-type"]) == (404, "application/json")
    assert json.loads(reply.body)["error"]
    assert_safe(reply)


MANY = {
    "models": [
        "models=" + ",".join(f"demo:m{number}" for number in range(500)),
        "models=" + ",".join(f"m{number}*" for number in range(500)),
        "&".join(f"id=demo:m{number}" for number in range(500)),
        "lines=" + ",".join(f"l{number}" for number in range(500)),
    ],
    "moments": [f"{name}={text}" for name in ("from", "to") for text in ("0001-01-01", "0001-01-08", "9999-12-31")],
    "rows": ["before=2147483646", "before=2147483647"],
}
ASKED = [("changes.json", query) for query in (*MANY["models"], *MANY["rows"])]
ASKED += [("changes.atom", query) for query in MANY["models"]]
ASKED += [("retirements.html", query) for query in MANY["models"]]
ASKED += [(place, query) for place in ("diff.html", "timeline.svg") for query in MANY["moments"]]
ASKED += [("runs.csv", query) for query in MANY["rows"]]


@pytest.mark.parametrize(("place", "query"), ASKED, ids=lambda text: text[:30])
def test_what_can_be_asked_is_answered_or_refused_as_wrong(site: Visitor, place: str, query: str) -> None:
    assert site.get(f"{place}?{query}").status in {200, 400}


def test_a_database_that_refuses_is_said_in_words(demo_copy: Path) -> None:
    with served(f"sqlite:///{demo_copy}") as site:
        assert site.get("healthz").status == 200
        with closing(sqlite3.connect(demo_copy)) as connection:
            connection.execute("DROP VIEW sync_runs")
            connection.execute("UPDATE catalog_version SET version_num = '0001'")
            connection.commit()
        page, health = site.get("status.html"), site.get("healthz")
    for reply in (page, health):
        assert reply.status == 503
        assert "sync_runs" not in reply.text
        assert "Traceback" not in reply.text
        assert_safe(reply)
    assert "schema" in health.text


@pytest.mark.warns
def test_a_mistake_of_ours_shows_its_type_alone(
    demo_file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> bytes:
        message = "sk-secret"
        raise KeyError(message)

    with served(f"sqlite:///{demo_file}") as site, monkeypatch.context() as patch:
        patch.setattr(markup, "page", lambda name, values: broken() if name == "status.html" else real(name, values))
        reply = site.get("status.html")
    assert reply.status == 500
    assert "unexpected: KeyError" in reply.text
    assert "sk-secret" not in reply.text + caplog.text
    assert_safe(reply)


real = markup.page


def test_a_request_is_logged_without_its_query_and_only_when_asked(
    site: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="catalog.web")
    site.get("status.html?q=sk-secret")
    site.get("nope", Authorization="Bearer sk-secret")
    assert "GET /status.html" in caplog.text
    assert "sk-secret" not in caplog.text
    assert {record.levelno for record in caplog.records if record.name == "catalog.web"} == {logging.DEBUG}


# What is no request, and who never ends one.


def said(site: Visitor, text: bytes) -> bytes:
    """Send bytes and give what comes back until the server hangs up."""
    with socket.create_connection(site.address, timeout=20) as connection, suppress(ConnectionError):
        connection.sendall(text)
        found = b""
        while more := connection.recv(65536):
            found += more
        return found
    return found


ODD_TARGETS = (b"//[", b"//[x]/", b"http://[/", b"//[::1", b"/\xff", b"*", b"status.html", b"/#x", b"")
DOUBTFUL = (  # header lines that two readers could understand differently
    *(b"Host: evil.example\r\nHost: localhost\r\n", b"Host: localhost\r\nHost: evil.example\r\n"),
    *(b"Host: evil.example\r\n localhost\r\n", b"Host: localhost\r\nhost: localhost\r\n"),
    *(
        b" Host: localhost\r\n",
        b"\tx\r\nHost: localhost\r\n",
        b"Host : localhost\r\n",
        b"Host: localhost\r\nx\0: y\r\n",
    ),
    *(b"Host: localhost\r\n: y\r\n", b"Host: localhost\r\nno colon\r\n", b"Host: localhost\r\n\xff: y\r\n"),
    *(
        b"Host: localhost\r\nContent-Length: " + length + b"\r\n"
        for length in (b"-5", b"+5", b"1_0", b"x", b"", b"0, 0")
    ),
    *(b"Host: localhost\r\nContent-Length: 3\r\nContent-Length: " + length + b"\r\n" for length in (b"0", b"3")),
)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"get / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\nHost: localhost\n\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"405"),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"x: y\r\n" * 5_000 + b"\r\n", b"413"),
        *((b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"400") for target in ODD_TARGETS),
        *((b"GET / HTTP/1.1\r\n" + lines + b"\r\n", b"400") for lines in DOUBTFUL),
    ],
)
def test_what_is_no_request_is_refused_with_the_same_headers(
    site: Visitor, text: bytes, status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="catalog.web")
    answer = said(site, text)
    assert "Traceback" not in caplog.text
    assert answer.startswith(b"HTTP/1.1 " + status)
    for name, value in SAFE.items():
        assert f"{name}: {value}".encode().lower() in answer.lower()
    assert answer.lower().count(b"\r\nserver:") == 1
    assert (b"\r\nAllow: GET, HEAD\r\n" in answer) == (status == b"405")
    assert b"evil" not in answer


def test_a_request_that_drips_is_hung_up_on_in_time(site: Visitor) -> None:
    began = time.monotonic()
    with socket.create_connection(site.address, timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        ended = threading.Event()
        threading.Thread(target=drip, args=(connection, ended), daemon=True).start()
        with suppress(ConnectionError):
            while connection.recv(65536):
                pass
        ended.set()
    assert 4 < time.monotonic() - began < 9


def drip(connection: socket.socket, ended: threading.Event) -> None:
    with suppress(OSError):
        while not ended.wait(0.2):
            connection.sendall(b"a")


@pytest.fixture
def stalled() -> Iterator[list[socket.socket]]:
    """Connections that a test opens and does not close."""
    opened: list[socket.socket] = []
    yield opened
    for each in opened:
        each.close()


def test_serving_ends_within_seconds_whatever_is_under_way(demo_file: Path, stalled: list[socket.socket]) -> None:
    with served(f"sqlite:///{demo_file}") as site:
        for _ in range(20):
            stalled.append(socket.create_connection(site.address, timeout=20))
            stalled[-1].sendall(b"GET /status.html HTTP/1.1\r\n")
        began = time.monotonic()
    assert time.monotonic() - began < 4
    with pytest.raises(OSError):  # noqa: PT011 - whichever way a closed port is told
        socket.create_connection(site.address, timeout=5).close()
