"""Serves an application from a few threads, within limits, until the block ends: inside of any process.

The server belongs to cheroot. Its threads are daemons here, since a client that reads slowly could keep one for long.
"""

import logging
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import Any

from cheroot import wsgi
from cheroot.server import HTTPConnection, HTTPRequest

from catalog import logs
from catalog.errors import ConfigError

log = logging.getLogger("catalog.web")

NAME = "model-catalog"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": NAME,
}
_THREADS = 8
_WAITING = 64  # connections, until a thread is free
_TO_ARRIVE = 5  # seconds for a request, from its first to its last byte
_TO_END = 2  # seconds for answers that are under way when the block ends

_NUMBER = re.compile(r"\[Errno ([0-9]+)\]")

App = Callable[[dict[str, Any], Callable[..., Any]], Any]


@contextmanager
def serving(address: tuple[str, int], app: App) -> Iterator[tuple[str, int]]:
    """Serve while the block lasts; gives the address, with the port that was taken where 0 was asked for.

    Raises ConfigError when the address cannot be listened on.
    """
    server = _Server(
        address,
        app,
        numthreads=_THREADS,
        max=_THREADS,
        server_name=NAME,
        request_queue_size=_WAITING,
        accepted_queue_size=_WAITING,
        accepted_queue_timeout=0,
        timeout=_TO_ARRIVE,
        shutdown_timeout=_TO_END // 2,
    )
    _start(server, address)
    try:
        yield address[0], server.bind_addr[1]
    finally:
        # It waits without limit for a thread that writes to a client which does not read.
        ending = threading.Thread(target=server.stop, name="catalog-web-end", daemon=True)
        ending.start()
        ending.join(_TO_END)


def _start(server: wsgi.Server, address: tuple[str, int]) -> None:
    ready = Future[None]()

    def serve() -> None:  # threads that a daemon makes are daemons
        try:
            server.prepare()
        except OSError as error:
            ready.set_exception(error)
            return
        ready.set_result(None)
        server.serve()

    threading.Thread(target=serve, name="catalog-web", daemon=True).start()
    try:
        ready.result()
    except OSError as error:
        host, port = address
        number = _NUMBER.search(str(error))  # which the server puts into its words
        why = os.strerror(int(number[1])) if number else "there is no such address"
        words = f"{host}:{port} cannot be listened on ({why})"
        raise ConfigError(words, hint="change web.listen") from None


class _Server(wsgi.Server):
    max_request_header_size = 16 * 1024

    def error_log(self, msg: str = "", level: int = logging.DEBUG, traceback: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - cheroot's signature
        """Log that something went wrong inside of the server; its words may quote what a client sent."""
        log.debug("a client broke off, or sent what is no request", extra=logs.event("web.server"), exc_info=traceback)


class _Request(HTTPRequest):
    """A request that must arrive in time, is read without its body, and is refused in our words."""

    def parse_request(self) -> None:
        timer = threading.Timer(_TO_ARRIVE, _hang_up, (self.conn.socket,))
        timer.daemon = True
        timer.start()
        try:
            super().parse_request()
        finally:
            timer.cancel()

    def respond(self) -> None:
        if self.chunked_read or self.inheaders.get(b"Content-Length", b"0") != b"0":
            self.close_connection = True  # else it would read all of the body first
        super().respond()

    def simple_response(self, status: str, msg: str = "") -> None:
        """Refuse what is no request, or a bad one."""
        self.close_connection = True
        body = f"{msg or status[4:]}\n".encode()
        lines = {**HEADERS, "Connection": "close", "Content-Type": "text/plain", "Content-Length": str(len(body))}
        head = [f"{self.server.protocol} {status}", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
        with suppress(OSError):
            self.conn.wfile.write("\r\n".join(head).encode() + body)


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request


_Server.ConnectionClass = _Connection


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
