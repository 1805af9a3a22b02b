"""What a service manager is told, and when nobody is."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.monitor import systemd


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """The address of somebody who listens, and their end of it."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@catalog-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name.replace("@", "\0", 1))
        listener.settimeout(3)
        yield name, listener


def test_the_manager_hears_each_state(manager: tuple[str, socket.socket]) -> None:
    name, listener = manager
    systemd.notify("READY=1", {"NOTIFY_SOCKET": name})
    assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_manager_nothing_is_told(environ: dict[str, str]) -> None:
    systemd.notify("READY=1", environ)


def test_a_manager_that_is_gone_is_no_failure(tmp_path: Path) -> None:
    systemd.notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_told_twice_in_the_time_it_allows(environ: dict[str, str], seconds: float | None) -> None:
    assert systemd.watchdog(environ) == seconds
