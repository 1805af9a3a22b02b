"""A Models API on the loopback interface, for the demo and for tests."""

import itertools
import json
import socketserver
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from catalog.demo import paging
from catalog.demo.paging import RefusedRequestError

LIST_PATH = "/v1/models"
ORGANIZATION = "00000000-0000-0000-0000-000000000000"


class ModelsApi:
    """Serves `items` as the real API serves its models; they can be replaced at any time between two requests.

    Takes GET of the list and of one model by its id, with `key` as x-api-key or Bearer. It resolves no aliases and
    knows no betas, workspaces or lifecycle filters: it lists what it was given, in that order.
    """

    def __init__(self, items: Sequence[Mapping[str, Any]] = (), *, key: str = "demo-key") -> None:
        """Open nothing yet; `serve` does."""
        self.items = items
        self.key = key
        self._numbers = itertools.count(1)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Listen on a free port of 127.0.0.1 until the block ends; gives the base URL."""
        with _DemoServer(self) as server:
            # The short poll is how long the end of the block may wait.
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), name="models-api", daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()

    def answer(self, target: str, headers: Mapping[str, str], request_id: str) -> tuple[int, Mapping[str, Any]]:
        """Answer one GET: a status and a JSON object. Names of headers are in lower case."""
        try:
            self._admit(headers)
            return HTTPStatus.OK, self._find(target)
        except RefusedRequestError as refusal:
            return refusal.status, refusal.body(request_id)

    def request_id(self) -> str:
        """Name the next request."""
        return f"req_{next(self._numbers):024d}"

    def _admit(self, headers: Mapping[str, str]) -> None:
        key = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
        if not key:
            raise RefusedRequestError("authentication_error", "x-api-key header is required")
        if key != self.key:
            raise RefusedRequestError("authentication_error", "invalid x-api-key")
        if not headers.get("anthropic-version"):
            raise RefusedRequestError("invalid_request_error", "anthropic-version: header is required")

    def _find(self, target: str) -> Mapping[str, Any]:
        url = urlsplit(target)
        if url.path == LIST_PATH:
            return paging.page(self.items, dict(parse_qsl(url.query, keep_blank_values=True)))
        if url.path.startswith(f"{LIST_PATH}/"):
            return paging.one(self.items, unquote(url.path.removeprefix(f"{LIST_PATH}/")))
        raise RefusedRequestError("not_found_error", "Not found")


class _DemoServer(ThreadingHTTPServer):
    daemon_threads = True  # an idle connection that is kept alive must not delay the end

    def __init__(self, api: ModelsApi) -> None:
        super().__init__(("127.0.0.1", 0), _DemoHandler)
        self.api = api

    def server_bind(self) -> None:
        # HTTPServer's own asks DNS for the name of 127.0.0.1, which takes seconds on some machines.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client may hang up whenever it likes; anything else is a bug of ours and worth its traceback.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _DemoHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _DemoServer

    def do_GET(self) -> None:
        request_id = self.server.api.request_id()
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, answer = self.server.api.answer(self.path, headers, request_id)
        body = json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("request-id", request_id)
        self.send_header("anthropic-organization-id", ORGANIZATION)
        if status != HTTPStatus.OK:
            self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Stay silent: standard error belongs to the program."""
