"""Why a Postgres server turned us away, by its code: while connecting, the driver keeps only a text in any language."""

import os
import re
import select
import time
from contextlib import suppress

_SECONDS = 15.0
_MANY = 65536  # a handshake is a few hundred bytes
# As libpq writes it down: `B 92 ErrorResponse S "FATAL" V "FATAL" C "3D000" M "..."`.
_REFUSAL = re.compile(rb'^B\t\d+\tErrorResponse\t.*? C "([0-9A-Z]{5})"', re.MULTILINE)


def refusal(conninfo: str) -> str | None:
    """Knock once more, and give the SQLSTATE of the refusal; None when nothing was said, or we were let in."""
    from psycopg import Error

    try:
        found = _REFUSAL.findall(_overheard(conninfo))
    except (Error, OSError, ValueError):  # not reached, or a system that cannot listen to itself
        return None
    return found[-1].decode() if found else None


def _overheard(conninfo: str) -> bytes:
    """Give what was said both ways. It may hold the password, and goes no further than this module."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    with os.fdopen(reading, "rb", buffering=0) as out, os.fdopen(writing, "wb", buffering=0):  # closes both
        _knock(conninfo, writing)
        with suppress(BlockingIOError):
            return out.read(_MANY) or b""
    return b""


def _knock(conninfo: str, note: int) -> None:
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
