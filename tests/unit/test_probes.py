"""Two addresses: /metrics for Prometheus, /healthz for what restarts the worker."""

import socket
import struct
import threading
from http.client import HTTPConnection

import pytest
import requests

from catalog.errors import ConfigError, DatabaseError
from catalog.monitor import probes

pytestmark = pytest.mark.promise("P10")


def ask(address: tuple[str, int], path: str) -> tuple[int, str]:
    host = f"[{address[0]}]" if ":" in address[0] else address[0]
    with requests.get(f"http://{host}:{address[1]}{path}", timeout=30) as response:
        return response.status_code, response.text


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_health_is_200_without_problems_and_503_with_them() -> None:
    problems: list[str] = []
    with probes.serving(("127.0.0.1", 0), page=lambda: b"x 1\n", problems=lambda: problems) as address:
        assert ask(address, "/healthz") == (200, "ok\n")
        problems.append("one: was never read whole")
        assert ask(address, "/healthz") == (503, "one: was never read whole\n")
        assert ask(address, "/metrics") == (200, "x 1\n")
        assert ask(address, "/secrets")[0] == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/healthz", 503, b"it hangs\n"),
        ("/healthz?", 503, b"it hangs\n"),
        ("/healthz?probe=1&x=/metrics", 503, b"it hangs\n"),
        ("/metrics?now=1", 200, b"x 1\n"),
        ("/metrics", 200, b"x 1\n"),
        ("/healthz/x?y", 404, b"there is /metrics and /healthz\n"),
    ],
)
def test_a_query_asks_for_nothing_else_and_head_is_get_without_the_body(
    method: str, target: str, status: int, body: bytes
) -> None:
    with probes.serving(("127.0.0.1", 0), page=lambda: b"x 1\n", problems=lambda: ["it hangs"]) as address:
        connection = HTTPConnection(*address, timeout=30)
        connection.request(method, target)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, body if method == "GET" else b"")
        assert answer.headers["content-length"] == str(len(body))
        connection.close()


def test_a_worker_is_asked_where_it_listens_and_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    problems: list[str] = []
    with probes.serving(("0.0.0.0", 0), page=bytes, problems=lambda: problems) as address:
        assert probes.ask(address) == ""
        problems.append("the schedule stands still, or a run hangs")
        assert probes.ask(address) == "the schedule stands still, or a run hangs"
    assert probes.ask(address) is None


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
def test_an_ipv6_address_is_listened_on_like_any_other() -> None:
    with probes.serving(("::1", 0), page=lambda: b"x 1\n", problems=list) as address:
        assert ask(address, "/metrics") == (200, "x 1\n")


def test_a_database_that_refuses_is_an_answer() -> None:
    def refuse() -> bytes:
        raise DatabaseError("the database is locked by another program")

    with probes.serving(("127.0.0.1", 0), page=refuse, problems=list) as address:
        assert ask(address, "/metrics") == (503, "the database is locked by another program\n")


def test_an_address_that_is_taken_is_named_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
        with (
            pytest.raises(ConfigError, match=f"127.0.0.1:{address[1]}") as caught,
            probes.serving(address, page=bytes, problems=list),
        ):
            pass
    assert "monitor.listen" in caught.value.hint


def test_a_client_that_hangs_up_leaves_no_trace(capfd: pytest.CaptureFixture[str]) -> None:
    asked, gone = threading.Event(), threading.Event()

    def page() -> bytes:
        asked.set()
        gone.wait(30)
        return b"x 1\n" * 1_000_000

    with probes.serving(("127.0.0.1", 0), page=page, problems=list) as address:
        with socket.create_connection(address) as client:
            client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert asked.wait(30)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        answering = [thread for thread in threading.enumerate() if "process_request" in thread.name]
        gone.set()
        for thread in answering:
            thread.join(30)
    assert answering
    assert capfd.readouterr().err == ""
