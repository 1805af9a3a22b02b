"""The HTTP server of `catalog run`: /metrics for Prometheus, /healthz for a service manager."""

import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from catalog.errors import CatalogError, ConfigError
from catalog.http import hosts
from catalog.monitor import metrics

_MOST = 10_000  # bytes of an answer
_NAME = "model-catalog"


@contextmanager
def serving(
    address: tuple[str, int],
    *,
    page: Callable[[], bytes],
    problems: Callable[[], list[str]],
    setting: str = "monitor.listen",
) -> Iterator[tuple[str, int]]:
    """Serve while the block lasts; gives the address, with the port that was taken where 0 was asked for.

    `problems` gives sentences: /healthz is 200 while there are none, else 503 with them. Raises ConfigError, which
    names the setting, when the address cannot be listened on.
    """
    try:
        server = _ProbeServer(address, page, problems)
    except OSError as error:
        words = f"{hosts.with_port(*address)} cannot be listened on ({error.strerror})"
        raise ConfigError(words, hint=f"change {setting}") from None
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="catalog-probes", daemon=True)
    thread.start()
    try:
        yield address[0], server.server_port
    finally:
        server.shutdown()
        server.server_close()


def ask(address: tuple[str, int], *, timeout: float = 10.0) -> str | None:
    """Ask a worker's /healthz, through no proxy. Gives what is wrong with the worker: "" nothing, None: no worker."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address[0], address[0])  # noqa: S104 - where it listens
    connection = HTTPConnection(host, address[1], timeout=timeout)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        words = answer.read(_MOST).decode(errors="replace").strip()
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    if answer.headers.get("server") != _NAME:
        return None
    return "" if answer.status == HTTPStatus.OK else words


def demand_free(address: tuple[str, int], setting: str) -> None:
    """Refuse an address that cannot be listened on. Raises ConfigError, which names the setting."""
    with serving(address, page=bytes, problems=list, setting=setting):
        return


class _ProbeServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], page: Callable[[], bytes], problems: Callable[[], list[str]]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, _ProbeHandler)
        self.page = page
        self.problems = problems

    def server_bind(self) -> None:
        # HTTPServer's own asks DNS for the name of the address, which takes seconds on some machines.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        # A client may hang up whenever it likes; anything else is a bug of ours and worth its traceback.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _ProbeHandler(BaseHTTPRequestHandler):
    server: _ProbeServer
    timeout = 10  # seconds for a client to send its request

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer a request; 503 when the database refuses."""
        try:
            self._answer()
        except CatalogError as error:
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, f"{error.message}\n".encode())

    def _answer(self) -> None:
        path = self.path.partition("?")[0]  # monitors add a query to get past caches
        if path == "/metrics":
            self._send(HTTPStatus.OK, self.server.page(), metrics.CONTENT_TYPE)
        elif path == "/healthz":
            found = self.server.problems()
            status = HTTPStatus.SERVICE_UNAVAILABLE if found else HTTPStatus.OK
            self._send(status, ("\n".join(found or ["ok"]) + "\n").encode())
        else:
            self._send(HTTPStatus.NOT_FOUND, b"there is /metrics and /healthz\n")

    def _send(self, status: HTTPStatus, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def version_string(self) -> str:
        """Name the product without any version."""
        return _NAME

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log no line per request."""
