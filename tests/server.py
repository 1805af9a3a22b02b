"""A real HTTP server on loopback that plays a Models API: honest by default, and as wrong as a test's script says.

    def test_something(server):
        server.models = [model("claude-a"), model("claude-b")]
        server.script(error(529), cut(), honest)       # one step per request, then honest again
        ...
        assert server.requests[0].query == {"limit": ["1000"]}

A step is any function of one argument, the `Visit`; the functions below make the usual ones.
"""

import gzip
import json
import os
import random
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from catalog.settings import SourceSettings

KEY = "sk-loopback-0123456789"
SOURCE = SourceSettings(name="one")
UNPAGED = replace(SOURCE, paging="none")
ORGANIZATION = "11111111-2222-4333-8444-555555555555"

Json = dict[str, Any]


def model(id: str, **fields: Any) -> Json:
    """A full item as the real list shows it; `fields` replace or add members."""
    item: Json = {
        "type": "model",
        "id": id,
        "display_name": id.replace("-", " ").title(),
        "created_at": "2026-02-19T00:00:00Z",
        "capabilities": {
            "batch": {"supported": True},
            "thinking": {"supported": True, "types": {"enabled": {"supported": True}}},
        },
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
    }
    return item | fields


def page(items: Sequence[Any], *, has_more: bool = False, **members: Any) -> Json:
    """The envelope around `items`, for scripted answers."""
    ids = [item["id"] for item in items if isinstance(item, dict) and "id" in item]
    ends = {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
    return {"data": list(items), "has_more": has_more, **ends, **members}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes = b""

    def first(self, name: str) -> str | None:
        """The first value of a query parameter; None: not sent."""
        return self.query.get(name, [None])[0]


@dataclass
class Visit:
    """One request being answered: what a step of a script gets."""

    server: "ModelsServer"
    seen: Seen
    connection: socket.socket

    def send(self, status: int, body: bytes, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer whole, with a Content-Length and the usual headers, unless `headers` says something else of them."""
        own = list(headers)
        usual = [each for each in self.usual() if each[0] not in dict(own)]
        self.write(head(status, [*usual, *own, ("content-length", str(len(body)))]) + body)

    def send_json(self, status: int, value: Any, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer with `value` as compact JSON."""
        body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        self.send(status, body, [("content-type", "application/json"), *headers])

    def usual(self) -> list[tuple[str, str]]:
        """Headers that every answer carries."""
        names = [("request-id", f"req_{len(self.server.requests):06d}")]
        identity = (
            ("anthropic-organization-id", self.server.organization),
            ("anthropic-workspace-id", self.server.workspace),
        )
        return names + [(name, value) for name, value in identity if value is not None]

    def write(self, data: bytes) -> None:
        """Put bytes on the wire as they are."""
        self.connection.sendall(data)

    def drip(self, data: bytes, *, every: float) -> None:
        """Put bytes on the wire one at a time, until the client leaves or the server closes."""
        for byte in data:
            self.write(bytes([byte]))
            if self.server.closing.wait(every):
                return


def head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """A status line and headers, ready for the wire."""
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


Step = Callable[[Visit], None]


def honest(visit: Visit) -> None:
    """Answer as the real API would."""
    refusal = _refusal(visit)
    if refusal is not None:
        visit.send_json(*refusal)
    elif visit.seen.path == "/v1/models":
        _list(visit)
    else:
        _retrieve(visit)


def _refusal(visit: Visit) -> tuple[int, Json] | None:
    headers = visit.seen.headers
    given = headers.get("x-api-key") or headers.get("authorization", "").removeprefix("Bearer ")
    if given != visit.server.key:
        return 401, problem("authentication_error", "invalid x-api-key")
    if "anthropic-version" not in headers:
        return 400, problem("invalid_request_error", "anthropic-version: header is required")
    if visit.seen.path == "/v1/models" or visit.seen.path.startswith("/v1/models/"):
        return None
    return 404, problem("not_found_error", "Not found")


def _list(visit: Visit) -> None:
    text = visit.seen.first("limit") or "20"
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        visit.send_json(400, problem("invalid_request_error", "limit: must be between 1 and 1000"))
        return
    items = _wanted(visit)
    try:
        begin, end = _window(visit, items, int(text))
    except LookupError as error:
        visit.send_json(400, problem("invalid_request_error", str(error)))
        return
    backwards = visit.seen.first("before_id") is not None and not visit.server.ignores_paging
    has_more = begin > 0 if backwards else end < len(items)
    visit.send_json(200, visit.server.reshape(page(items[begin:end], has_more=has_more)))


def _wanted(visit: Visit) -> list[Any]:
    """The list as it is now; retired models only for those who ask for them."""
    wanted = visit.seen.query.get("lifecycle[]", ["active", "deprecated"])
    known = {"active", "deprecated", "retired"}
    return [
        item
        for item in list(visit.server.models)
        if not isinstance(item, dict) or item.get("lifecycle") not in known or item["lifecycle"] in wanted
    ]


def _window(visit: Visit, items: Sequence[Any], limit: int) -> tuple[int, int]:
    after, before = visit.seen.first("after_id"), visit.seen.first("before_id")
    cursor = after if after is not None else before
    if cursor is None or visit.server.ignores_paging:
        return 0, min(limit, len(items))
    places = [place for place, item in enumerate(items) if isinstance(item, dict) and item.get("id") == cursor]
    if not places and visit.server.vanished == "empty":
        return len(items), len(items)
    if not places and visit.server.vanished == "restart":
        return 0, min(limit, len(items))
    if not places:
        msg = f"{'after_id' if after is not None else 'before_id'}: no such model"
        raise LookupError(msg)
    if after is not None:
        return places[-1] + 1, min(places[-1] + 1 + limit, len(items))
    return max(0, places[0] - limit), places[0]


def _retrieve(visit: Visit) -> None:
    wanted = unquote(visit.seen.path.removeprefix("/v1/models/"))
    for item in visit.server.models:
        if isinstance(item, dict) and item.get("id") == wanted:
            visit.send_json(200, item)
            return
    visit.send_json(404, problem("not_found_error", f"model: {wanted}"))


def problem(type_: str, message: str = "", **details: Any) -> Json:
    """An error body of the API."""
    inner: Json = {"type": type_, "message": message or type_}
    return {"type": "error", "error": inner | ({"details": details} if details else {})}


ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error(status: int, *, headers: Mapping[str, str] | None = None, message: str = "", **details: Any) -> Step:
    """Answer an API error of this status; `headers` such as retry-after come with it."""
    body = problem(ERROR_TYPES.get(status, "api_error"), message, **details)
    return lambda visit: visit.send_json(status, body, tuple((headers or {}).items()))


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Step:
    """Answer with `value`: bytes as they are, anything else as JSON."""
    extra = tuple((headers or {}).items())

    def step(visit: Visit) -> None:
        if isinstance(value, bytes):
            visit.send(status, value, [("content-type", "application/json"), *extra])
        else:
            visit.send_json(status, value, extra)

    return step


def html(status: int = 200) -> Step:
    """Answer the login page of some gateway."""
    body = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Who are you?</body></html>"
    return lambda visit: visit.send(status, body, [("content-type", "text/html; charset=utf-8")])


def redirect(location: str, status: int = 302) -> Step:
    """Answer a redirect."""
    return lambda visit: visit.send(status, b"", [("location", location)])


def cut(keep: int = 40, *, with_length: bool = True, value: Any = None) -> Step:
    """Send the headers and the first `keep` bytes of a page, then close the connection."""
    body = json.dumps(value if value is not None else page([model("claude-cut")])).encode()

    def step(visit: Visit) -> None:
        length = [("content-length", str(len(body)))] if with_length else [("connection", "close")]
        visit.write(head(200, [("content-type", "application/json"), *length]) + body[:keep])
        hang_up(visit)

    return step


def cut_chunks(keep: int = 40) -> Step:
    """Send one chunk of a chunked page, and close the connection where the next one should come."""
    body = json.dumps(page([model("claude-cut")])).encode()[:keep]

    def step(visit: Visit) -> None:
        chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n"
        visit.write(head(200, [("transfer-encoding", "chunked")]) + chunk)
        hang_up(visit)

    return step


def cut_headers(visit: Visit) -> None:
    """Send a status line and one header, then close: to many clients, a 200 with an empty body."""
    visit.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n")
    hang_up(visit)


def slow_body(*, every: float = 0.02) -> Step:
    """Send the headers at once and the body one byte at a time: no read ever times out, the whole takes minutes."""

    def step(visit: Visit) -> None:
        visit.write(head(200, [("content-type", "application/json"), ("content-length", "100000")]))
        visit.drip(b"{" + b" " * 99_999, every=every)
        hang_up(visit)

    return step


def slow_headers(*, every: float = 0.02) -> Step:
    """Send the headers one byte at a time, for minutes."""

    def step(visit: Visit) -> None:
        visit.drip(head(200, [("x-padding", "." * 50_000)]), every=every)
        hang_up(visit)

    return step


def silence(seconds: float = 60) -> Step:
    """Take the request and say nothing."""

    def step(visit: Visit) -> None:
        visit.server.closing.wait(seconds)
        hang_up(visit)

    return step


def late(seconds: float, step: Step = honest) -> Step:
    """Take another step, but only after a while."""

    def wait_first(visit: Visit) -> None:
        visit.server.closing.wait(seconds)
        step(visit)

    return wait_first


def gzip_bomb(mebibytes: int = 64) -> Step:
    """Send few bytes that unpack to a page of so many mebibytes."""
    packed = gzip.compress(b'{"data":["' + b"a" * (mebibytes << 20) + b'"],"has_more":false}', compresslevel=6)
    return lambda visit: visit.send(200, packed, [("content-type", "application/json"), ("content-encoding", "gzip")])


def zipped(value: Any) -> Step:
    """Answer with `value` as gzipped JSON."""
    packed = gzip.compress(json.dumps(value).encode())
    return lambda visit: visit.send(200, packed, [("content-encoding", "gzip")])


def hang_up(visit: Visit) -> None:
    """Close the connection without another word."""
    visit.connection.shutdown(socket.SHUT_RDWR)


def reset(visit: Visit) -> None:
    """Let the client see ECONNRESET: a lingering socket whose last descriptor goes away."""
    visit.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), visit.connection.fileno())


def then(edit: Callable[[], object], step: Step = honest) -> Step:
    """Take a step and edit the list, so that the next page finds it changed."""

    def step_and_edit(visit: Visit) -> None:
        with visit.server.editing:  # the client's next request waits for the edit
            step(visit)
            edit()

    return step_and_edit


def by_cursor(steps: Mapping[str | None, Step]) -> Step:
    """Take the step that belongs to the request's `after_id`: lists that loop, repeat or lie."""
    return lambda visit: steps[visit.seen.first("after_id")](visit)


def as_organization(organization: str | None, step: Step = honest) -> Step:
    """Take a step under the name of another organization."""

    def other(visit: Visit) -> None:
        mine, visit.server.organization = visit.server.organization, organization
        try:
            step(visit)
        finally:
            visit.server.organization = mine

    return other


def _unchanged(envelope: Json) -> Json:
    return envelope


@dataclass
class ModelsServer:
    """A Models API on 127.0.0.1; everything about it may be changed between two requests.

    `vanished` says what an unknown cursor gets: "400", "empty" (an empty last page) or "restart" (the first page).
    `reshape` edits each list's envelope before it is sent. `always` replaces the honest answer when no step is left.
    """

    models: list[Any] = field(default_factory=list)
    key: str | None = KEY
    organization: str | None = ORGANIZATION
    workspace: str | None = None
    vanished: str = "400"
    ignores_paging: bool = False
    reshape: Callable[[Json], Json] = _unchanged
    always: Step = honest
    tls: ssl.SSLContext | None = None
    requests: list[Seen] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    editing: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        """Listen on a free port at once; requests are answered from `start` on."""
        self._steps: deque[Step] = deque()
        self._http = _Listener(("127.0.0.1", 0), _handler(self))
        if self.tls is not None:
            self._http.tls = self.tls
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The base URL to configure."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._http.server_port}"

    def script(self, *steps: Step) -> None:
        """Queue one step per coming request."""
        self._steps.extend(steps)

    def steps_left(self) -> int:
        """How many scripted steps no request has met yet."""
        return len(self._steps)

    def step(self) -> Step:
        """The next scripted step, else `always`."""
        return self._steps.popleft() if self._steps else self.always

    def start(self) -> "ModelsServer":
        """Answer requests from now on."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop at once: steps that wait give up, open connections are dropped with the process's next breath."""
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a bad client holds nobody up."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave in the middle are what many tests are about."""


def _handler(server: ModelsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 60

        def answer(self) -> None:
            parts = urlsplit(self.path)
            seen = Seen(
                method=self.command,
                target=self.path,
                path=parts.path,
                query=parse_qs(parts.query, keep_blank_values=True),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("content-length", 0))),
            )
            with server.editing:
                server.requests.append(seen)
                step = server.step()
            self.close_connection = "close" in seen.headers.get("connection", "")
            step(Visit(server, seen, self.connection))

        do_GET = do_POST = do_CONNECT = do_HEAD = answer  # noqa: N815 - names fixed by http.server

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Print nothing."""

    return Handler


def free_port() -> int:
    """Give a port below those that outgoing connections are given, one of which could take it before we do."""
    while True:
        with suppress(OSError), socket.socket() as free:
            free.bind(("127.0.0.1", random.randrange(15_000, 32_000)))
            return int(free.getsockname()[1])


@pytest.fixture(name="server")
def models_server() -> Iterator[ModelsServer]:
    """A running, empty Models API that wants `KEY`."""
    running = ModelsServer().start()
    yield running
    running.close()
