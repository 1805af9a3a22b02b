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
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest

from catalog import logs
from catalog.errors import ConfigError
from catalog.http import hosts

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

METHODS = ("GET", "HEAD")
_ONCE = (b"Host", b"Content-Length")  # of two, a proxy may have believed the other one
_FIELD = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2

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
        except Exception as error:  # noqa: BLE001 - whatever it is, the other thread waits for an answer
            ready.set_exception(error)
            return
        ready.set_result(None)
        server.serve()

    threading.Thread(target=serve, name="catalog-web", daemon=True).start()
    try:
        ready.result()
    except OSError as error:
        number = _NUMBER.search(str(error))  # which the server puts into its words
        why = os.strerror(int(number[1])) if number else "there is no such address"
        words = f"{hosts.with_port(*address)} cannot be listened on ({why})"
        raise ConfigError(words, hint="change web.listen") from None


class _Server(wsgi.Server):
    max_request_header_size = 16 * 1024

    def error_log(self, msg: str = "", level: int = logging.DEBUG, traceback: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - cheroot's signature
        """Log that something went wrong inside of the server; its words may quote what a client sent."""
        log.debug("a client broke off, or sent what is no request", extra=logs.event("web.server"), exc_info=traceback)


class _Headers(dict[bytes, bytes]):
    """The headers of a request. Raises ValueError for those that two readers could understand differently."""

    def __setitem__(self, name: bytes, value: bytes) -> None:
        if name in _ONCE and name in self:  # a second line, or one that goes on with the first
            raise ValueError(f"{name.decode()} stands there twice.")
        if name == b"Content-Length" and not value.isdigit():
            raise ValueError("Malformed Content-Length Header.")
        super().__setitem__(name, value)


class _HeaderReader(HeaderReader):
    def _transform_key(self, key_name: bytes) -> bytes:
        if not _FIELD.fullmatch(key_name):
            raise ValueError("Illegal header name.")
        name: bytes = super()._transform_key(key_name)  # type: ignore[misc] # its stubs leave it out
        return name


class _Request(HTTPRequest):
    """A request that must arrive in time, is read without its body, and is refused in our words."""

    header_reader = _HeaderReader()

    def parse_request(self) -> None:
        self.inheaders = _Headers()
        timer = threading.Timer(_TO_ARRIVE, _hang_up, (self.conn.socket,))
        timer.daemon = True
        timer.start()
        try:
            super().parse_request()
        except (ValueError, NameError):  # so cheroot fails at `//[` as a target, and at a blank before the first header
            self.simple_response("400 Bad Request", "Malformed request")
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
        if status.startswith("405"):
            lines["Allow"] = ", ".join(METHODS)
        head = [f"{self.server.protocol} {status}", *(f"{name}: {value}" for name, value in lines.items()), "", ""]
        with suppress(OSError):
            self.conn.wfile.write("\r\n".join(head).encode() + body)


class _Connection(HTTPConnection):
    RequestHandlerClass = _Request


_Server.ConnectionClass = _Connection


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
