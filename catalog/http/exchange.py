"""One HTTP exchange, bounded in time and size whatever the other side does. Knows nothing of models and of retries."""

import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import msgspec
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from catalog.http import background, encodings, proxy, transport_errors
from catalog.http.transport_errors import Broken

CHUNK = 256 * 1024
ERROR_BODY_BYTES = 64 * 1024  # more of an answer other than 200 is not worth reading
OK = 200
_GLANCE = 0.2  # seconds between two looks at whether to go on, while an answer is awaited

Params = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def taken(self) -> bool:
        """Whether the other side says that it took what it was sent: any 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - 2xx


class NoNetrc(AuthBase):
    """Adds nothing: it only keeps requests from sending what ~/.netrc holds instead of the key."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Unled(requests.Session):
    """Looks at no redirect: even those that it does not follow it would read to their end, and stumble over."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the name that requests uses
        return None


class Line:
    """One session with its connections, which can be cut from outside while a thread hangs in it."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._session = _Unled()
        self._session.headers.update(headers)
        self._session.auth = NoNetrc()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._cut = threading.Event()
        self._adapter = _Recording(self._cut)
        self._session.mount("https://", self._adapter)
        self._session.mount("http://", self._adapter)

    def ask(self, url: str, params: Params, *, timeout: float, max_bytes: int) -> Received | Broken:
        """GET `url` and read the answer to its end, in this thread, for as long as it takes."""
        options = {"params": params, "timeout": timeout}
        return self._exchange("GET", url, options, lambda response: self._read(response, max_bytes))

    def tell(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> Received | Broken:
        """POST `body` and read the head of the answer, in this thread, for as long as it takes."""
        options = {"data": body, "headers": headers, "timeout": timeout}
        return self._exchange("POST", url, options, _head)

    def _exchange(
        self, method: str, url: str, options: Mapping[str, Any], read: Callable[[requests.Response], Received | Broken]
    ) -> Received | Broken:
        through = proxy.before(url)
        if through is not None and (unusable := proxy.unusable(through)):
            return unusable
        # Named for every scheme, None too: else requests would look in the environment by itself.
        settled: dict[str, Any] = {"proxies": dict.fromkeys(("http", "https", "all"), through.url if through else None)}
        try:
            with self._session.request(
                method, url, **options, **settled, stream=True, allow_redirects=False
            ) as response:
                return read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            return transport_errors.broken(error, proxy.hint(through) if through else "")

    def _read(self, response: requests.Response, max_bytes: int) -> Received | Broken:
        headers = _head(response).headers
        if foreign := encodings.foreign(headers):
            return _undecoded(response, foreign)
        if response.status_code != OK:
            excuse = self._body(response, ERROR_BODY_BYTES) or b""
            return Received(status=response.status_code, headers=headers, body=excuse)
        body = self._body(response, max_bytes)
        if body is None:
            return Broken(
                words=f"the answer is larger than {max_bytes:,} bytes",
                hint="lower `page_size`, or raise `max_page_bytes` of this source",
                lasting=True,
            )
        if not _framed(headers) and _ends_early(body):
            return Broken(words="the answer ends in the middle")
        return Received(status=OK, headers=headers, body=body)

    def _body(self, response: requests.Response, max_bytes: int) -> bytes | None:
        """The decompressed body; None: it is larger than `max_bytes`. Never holds more than a chunk beyond that."""
        body = bytearray()
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > max_bytes or self._cut.is_set():
                return None
        return bytes(body)

    def cut(self) -> None:
        """End whatever goes on here: a thread that hangs in this line comes free."""
        self._cut.set()
        for connection in self._adapter.opened:
            connection.getresponse = _hung_up  # of one that is only being made: it waits for no answer
            with suppress(OSError, ValueError, AttributeError):  # AttributeError: it has no socket, or none any more
                connection.sock.shutdown(socket.SHUT_RDWR)
        self._session.close()

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()


class _Recording(HTTPAdapter):
    """Remembers each connection: urllib3 lends nobody the one in use, and a drip of headers ends only by closing it."""

    def __init__(self, cut: threading.Event) -> None:
        self.opened: list[Any] = []
        self._cut = cut
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        if not isinstance(pool.ConnectionCls, _Recorder):
            pool.ConnectionCls = _Recorder(pool.ConnectionCls, self.opened, self._cut)
        return pool


@dataclass(frozen=True, slots=True)
class _Recorder:
    make: Callable[..., Any]
    opened: list[Any]
    cut: threading.Event

    def __call__(self, *args: Any, **options: Any) -> Any:
        connection = self.make(*args, **options)
        connection.response_class = _FinalAnswer
        self.opened.append(connection)
        if self.cut.is_set():
            _hung_up()
        return connection


def _hung_up() -> None:
    raise ConnectionAbortedError


class _FinalAnswer(HTTPResponse):
    """Skips what a server says in between, such as 103 Early Hints (RFC 9110, 15.2); http.client knows only of 100."""

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:  # noqa: PLR2004 - 1xx
            self.headers = None  # type: ignore[assignment] # "not begun yet", to the method above
            super().begin()


_Use = Callable[[Line, float], Received | Broken]


def _look_at_nothing() -> None:
    """Let only the answer and its time-out end the wait."""


class Pending:
    """An exchange on its way, in a thread of its own. It is over, one way or the other, when its time-out is.

    A time-out of the socket would start anew with each byte, and there is none for looking up a name: so a thread that
    is late is left behind with its line cut.
    """

    def __init__(self, line: Line, idle: list[Line], use: _Use, timeout: float) -> None:
        """Begin it. Its line goes back to the `idle` ones, if it can still be used."""
        self._line, self._idle, self._timeout = line, idle, timeout
        self._over = False
        self._until = time.monotonic() + timeout
        # The socket's own time-out only frees a thread that was left behind: it must never come first.
        self._answer = background.start(lambda: use(line, timeout + 1), name="catalog-exchange")

    def result(self, glance: Callable[[], object] | None = None) -> Received | Broken:
        """Wait for the answer; `glance` is called several times a second meanwhile, and may raise to end that."""
        look = glance or _look_at_nothing
        while not self._is_done(min(_GLANCE, max(0.0, self._until - time.monotonic()))):
            if time.monotonic() >= self._until:
                self.cancel()
                return Broken(words=f"no whole answer came within {self._timeout:.3g} s")
            look()
        self._release()
        return self._answer.result()

    def cancel(self) -> None:
        """Want it no more: its thread comes free, and the other side is hung up on."""
        if self._is_done(0):
            self._release()
        else:  # a second time does no harm
            self._over = True
            self._line.cut()

    def _is_done(self, seconds: float) -> bool:
        return bool(wait([self._answer], max(0, min(seconds, self._until - time.monotonic()))).done)

    def _release(self) -> None:
        if not self._over:
            self._over = True
            self._idle.append(self._line)


class Exchange:
    """Asks and tells, each time bounded in all, however slowly the other side drips. Keeps connections for later."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._idle: list[Line] = []

    def begin(self, url: str, params: Params, *, timeout: float, max_bytes: int) -> Pending:
        """Ask, and do not wait for the answer."""
        return self._begin(lambda line, longer: line.ask(url, params, timeout=longer, max_bytes=max_bytes), timeout)

    def get(self, url: str, params: Params, *, timeout: float, max_bytes: int) -> Received | Broken:
        """The whole answer, or why there is none after `timeout` seconds at the latest."""
        return self.begin(url, params, timeout=timeout, max_bytes=max_bytes).result()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> Received | Broken:
        """The head of the answer, or why there is none after `timeout` seconds at the latest. Reads no body."""
        return self._begin(lambda line, longer: line.tell(url, body, headers, timeout=longer), timeout).result()

    def _begin(self, use: _Use, timeout: float) -> Pending:
        try:
            line = self._idle.pop()
        except IndexError:
            line = Line(self._headers)
        return Pending(line, self._idle, use, timeout)

    def close(self) -> None:
        """Close idle connections; a later question opens new ones."""
        for line in self._idle:
            line.close()


def _head(response: requests.Response) -> Received:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Received(status=response.status_code, headers=headers, body=b"")


def _undecoded(response: requests.Response, encoding: str) -> Received | Broken:
    if response.status_code != OK:
        return _head(response)
    words = f"the answer is encoded as {encoding}, which was not asked for"
    hint = f"let the server, or what stands before it, keep to `accept-encoding: {encodings.ASKED}`"
    return Broken(words=words, hint=hint, lasting=True)


def _framed(headers: Mapping[str, str]) -> bool:
    """True when the protocol itself tells a whole body from a cut one."""
    return "content-length" in headers or "chunked" in headers.get("transfer-encoding", "")


def _ends_early(body: bytes) -> bool:
    """True when `body` is the beginning of a JSON text: all that shows a cut where nothing tells the length."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        return "truncated" in str(error)
    except RecursionError:
        return False
    return False
