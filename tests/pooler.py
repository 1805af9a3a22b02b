"""A real PgBouncer before the tests' Postgres: in a temp folder, on a unix socket, gone with the tests that use it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import sqlalchemy as sa

from tests import postgres

PORT = 6432  # names the socket; nothing listens on the network
SECONDS_TO_START = 30
WHERE_TO_GET_IT = "PgBouncer is not installed (Debian: apt-get install pgbouncer)"

Mode = Literal["session", "transaction", "statement"]


@contextmanager
def before(server: postgres.Server, *, mode: Mode, size: int, **settings: str) -> Iterator[sa.URL]:
    """Give the URL of a pooler, which lets through to every database of the server, with so many sessions each."""
    program = _program()
    folder = postgres.make_folder("catalog-pooler-")
    file = folder / "pgbouncer.ini"
    own = {"pool_mode": mode, "default_pool_size": str(size), **settings}
    file.write_text(_configuration(server.url, folder, own))
    command: list[str | Path] = [program, "-q", file]
    try:
        with subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **postgres.identity()
        ) as process:
            try:
                _await(folder / f".s.PGSQL.{PORT}", process)
                place = {"host": str(folder), "port": str(PORT)}
                yield server.url.set(host=None, port=None, password=None, query=place)
            finally:
                process.kill()
    finally:
        shutil.rmtree(folder)


def _program() -> str:
    found = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return found or pytest.skip(WHERE_TO_GET_IT)


def _configuration(server: sa.URL, folder: Path, settings: dict[str, str]) -> str:
    host = server.query.get("host") or server.host
    way = {"host": host, "port": server.port, "user": server.username, "password": server.password}
    known = " ".join(f"{name}={value}" for name, value in way.items() if value)
    common = {"listen_port": str(PORT), "unix_socket_dir": str(folder), "auth_type": "any", "max_client_conn": "100"}
    lines = [f"{name} = {value}" for name, value in {**common, **settings}.items()]
    return "\n".join(["[databases]", f"* = {known}", "[pgbouncer]", *lines, ""])


def _await(socket: Path, process: "subprocess.Popen[Any]") -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            message = "PgBouncer did not start"
            raise TimeoutError(message)
        time.sleep(0.02)
