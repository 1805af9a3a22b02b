"""Two addresses: /metrics for Prometheus, /healthz for whoever restarts the worker."""

import socket

import pytest
import requests

from catalog import probes
from catalog.errors import ConfigError, DatabaseError


def ask(address: tuple[str, int], path: str) -> tuple[int, str]:
    with requests.get(f"http://{address[0]}:{address[1]}{path}", timeout=5) as response:
        return response.status_code, response.text


def test_health_is_200_without_problems_and_503_with_them() -> None:
    problems: list[str] = []
    with probes.serving(("127.0.0.1", 0), page=lambda: b"x 1\n", problems=lambda: problems) as address:
        assert ask(address, "/healthz") == (200, "ok\n")
        problems.append("one: was never read whole")
        assert ask(address, "/healthz") == (503, "one: was never read whole\n")
        assert ask(address, "/metrics") == (200, "x 1\n")
        assert ask(address, "/secrets")[0] == 404


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
