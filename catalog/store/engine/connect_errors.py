"""Finds the SQLSTATE of a refused connection to Postgres, of which the driver keeps only a text in any language."""

import os
import re
import select
import time
from contextlib import suppress

_SECONDS = 15.0
_MANY = 65536  # a handshake is a few hundred bytes
# In a trace of libpq (https://www.postgresql.org/docs/current/libpq-control.html):
# `B 92 ErrorResponse S "FATAL" V "FATAL" C "3D000" M "..."`.
_REFUSAL = re.compile(rb'^B\t\d+\tErrorResponse\t.*? C "([0-9A-Z]{5})"', re.MULTILINE)


def refusal(conninfo: str) -> str | None:
    """Connect once more, and give the SQLSTATE of the refusal; None where there is none."""
    from psycopg import Error

    try:
        found = _REFUSAL.findall(_trace(conninfo))
    except (Error, OSError, ValueError):  # not reached, or a system that cannot trace
        return None
    return found[-1].decode() if found else None


def _trace(conninfo: str) -> bytes:
    """Give what libpq and the server said to each other. It may hold the password: it never leaves this module."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    with os.fdopen(reading, "rb", buffering=0) as out, os.fdopen(writing, "wb", buffering=0):  # closes both
        _connect(conninfo, writing)
        with suppress(BlockingIOError):
            return out.read(_MANY) or b""
    return b""


def _connect(conninfo: str, note: int) -> None:
    from psycopg import pq

    connection = pq.PGconn.connect_start(conninfo.encode())
    try:
        connection.trace(note)
        connection.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        deadline = time.monotonic() + _SECONDS
        while (asked := connection.connect_poll()) in {pq.PollingStatus.READING, pq.PollingStatus.WRITING}:
            _wait(connection.socket, writing=asked == pq.PollingStatus.WRITING, until=deadline)
        connection.untrace()
    finally:
        connection.finish()


def _wait(socket: int, *, writing: bool, until: float) -> None:
    left = max(0.0, until - time.monotonic())
    ready = select.select([] if writing else [socket], [socket] if writing else [], [], left)
    if not any(ready):
        raise TimeoutError
