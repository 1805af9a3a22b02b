"""One HTTP exchange, bounded in time and size however the other side behaves. Retries nothing."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
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
from catalog.http.transport_errors import NoAnswer

CHUNK = 256 * 1024
ERROR_BODY_BYTES = 64 * 1024  # so much is read of an answer other than 200
OK = 200
_CHECK_EVERY = 0.2  # seconds between two calls of `check_cancelled`, while an answer is awaited


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A whole answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def taken(self) -> bool:
        """Whether the server accepted what was sent: any 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - 2xx


class NoNetrc(AuthBase):
    """Adds nothing to a request.

    Without any `auth`, requests would send what ~/.netrc holds for the host, instead of our key.
    See https://requests.readthedocs.io/en/latest/user/authentication/#netrc-authentication
    """

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _NoRedirects(requests.Session):
    """Ignores redirects. Without this, requests reads their bodies and parses the targets, although it follows none."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - the name that requests uses
        return None


class HttpSession:
    """One session with its connections. Another thread can abort it while an exchange hangs."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._session = _NoRedirects()
        self._session.headers.update(headers)
        self._session.auth = NoNetrc()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._aborted = threading.Event()
        self._adapter = _RecordingAdapter(self._aborted)
        self._session.mount("https://", self._adapter)
        self._session.mount("http://", self._adapter)

    def get(self, url: str, query: str, *, timeout: float, max_bytes: int) -> Received | NoAnswer:
        """GET `url` with an encoded query, and read the whole answer, in this thread.

        `timeout` bounds each wait for bytes, not the whole.
        """
        options = {"params": query, "timeout": timeout}
        return self._exchange("GET", url, options, lambda response: self._read(response, max_bytes))

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> Received | NoAnswer:
        """POST `body` and read the head of the answer, in this thread. `timeout` bounds each wait for bytes."""
        options = {"data": body, "headers": headers, "timeout": timeout}
        return self._exchange("POST", url, options, _head)

    def _exchange(
        self,
        method: str,
        url: str,
        options: Mapping[str, Any],
        read: Callable[[requests.Response], Received | NoAnswer],
    ) -> Received | NoAnswer:
        through = proxy.before(url)
        if through is not None and (unusable := proxy.unusable(through)):
            return unusable
        # Set for every scheme, also to None: else requests reads the variables of the environment itself.
        settled: dict[str, Any] = {"proxies": dict.fromkeys(("http", "https", "all"), through.url if through else None)}
        try:
            with self._session.request(
                method, url, **options, **settled, stream=True, allow_redirects=False
            ) as response:
                return read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            return transport_errors.no_answer(error, proxy.hint(through) if through else "")

    def _read(self, response: requests.Response, max_bytes: int) -> Received | NoAnswer:
        headers = _head(response).headers
        if foreign := encodings.foreign(headers):
            return _undecoded(response, foreign)
        if response.status_code != OK:
            error_body = self._body(response, ERROR_BODY_BYTES) or b""
            return Received(status=response.status_code, headers=headers, body=error_body)
        body = self._body(response, max_bytes)
        if body is None:
            return NoAnswer(
                words=f"the answer is larger than {max_bytes:,} bytes",
                hint="raise `max_page_bytes` of this source",
                too_large=True,
                lasting=True,
            )
        # Only these two headers tell a whole body from a cut one (RFC 9112, section 6.3).
        is_framed = "content-length" in headers or "chunked" in headers.get("transfer-encoding", "")
        if not is_framed and _ends_early(body):
            return NoAnswer(words="the answer ends in the middle")
        return Received(status=OK, headers=headers, body=body)

    def _body(self, response: requests.Response, max_bytes: int) -> bytes | None:
        """The decompressed body; None: it is larger than `max_bytes`. Never holds more than a chunk beyond that."""
        body = bytearray()
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > max_bytes or self._aborted.is_set():
                return None
        return bytes(body)

    def abort(self) -> None:
        """End the exchange that hangs here: its thread fails at once, and ends."""
        self._aborted.set()
        for connection in self._adapter.opened:
            connection.getresponse = _abort  # a connection that is still being made then waits for no answer
            with suppress(OSError, ValueError, AttributeError):  # AttributeError: it has no socket yet, or no longer
                connection.sock.shutdown(socket.SHUT_RDWR)
        self._session.close()

    def close(self) -> None:
        """Close idle connections."""
        self._session.close()


class _RecordingAdapter(HTTPAdapter):
    """Remembers each connection, so that it can be closed.

    urllib3 does not show the connection in use, and only closing it ends headers that drip in for ever.
    """

    def __init__(self, aborted: threading.Event) -> None:
        self.opened: list[Any] = []
        self._aborted = aborted
        super().__init__()

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        if not isinstance(pool.ConnectionCls, _Recorder):
            pool.ConnectionCls = _Recorder(pool.ConnectionCls, self.opened, self._aborted)
        return pool


@dataclass(frozen=True, slots=True)
class _Recorder:
    make: Callable[..., Any]
    opened: list[Any]
    aborted: threading.Event

    def __call__(self, *args: Any, **options: Any) -> Any:
        connection = self.make(*args, **options)
        connection.response_class = _FinalAnswer
        self.opened.append(connection)
        if self.aborted.is_set():
            _abort()
        return connection


def _abort() -> None:
    raise ConnectionAbortedError


class _FinalAnswer(HTTPResponse):
    """Skips interim answers, such as 103 Early Hints; http.client skips only 100.

    See https://www.rfc-editor.org/rfc/rfc9110#section-15.2
    """

    def begin(self) -> None:
        super().begin()
        while 100 <= self.status < 200 and self.status != HTTPStatus.SWITCHING_PROTOCOLS:  # noqa: PLR2004 - 1xx
            self.headers = None  # type: ignore[assignment] # "not begun yet", to the method above
            super().begin()


_Use = Callable[[HttpSession, float], Received | NoAnswer]


class Pending:
    """An exchange that a thread of its own makes. It ends when its time-out ends, at the latest.

    The time-out of a socket begins anew with each byte, and a look-up of a name has none: so a thread that is late is
    not waited for, and its session is aborted.
    """

    def __init__(self, session: HttpSession, idle: list[HttpSession], use: _Use, timeout: float) -> None:
        """Begin it. Its session goes back to the `idle` ones, if it can still be used."""
        self._session, self._idle, self._timeout = session, idle, timeout
        self._is_over = False
        self._until = time.monotonic() + timeout
        # The time-out of the socket only ends a thread that is no longer waited for: it must never come first.
        self._answer = background.start(lambda: use(session, timeout + 1), name="catalog-exchange")

    def result(self, check_cancelled: Callable[[], object] | None = None) -> Received | NoAnswer:
        """Wait for the answer. `check_cancelled` is called several times a second; raise from it to end the wait."""
        while not self._is_done(_CHECK_EVERY):
            if time.monotonic() >= self._until:
                self.cancel()
                return NoAnswer(words=f"no whole answer came within {self._timeout:.3g} s")
            if check_cancelled is not None:
                check_cancelled()
        self._release()
        return self._answer.result()

    def cancel(self) -> None:
        """Stop the exchange: its connection is closed, and its thread ends. Cancelling twice does no harm."""
        if self._is_done(0):
            self._release()
        else:
            self._is_over = True
            self._session.abort()

    def _is_done(self, seconds: float) -> bool:
        return bool(wait([self._answer], max(0, min(seconds, self._until - time.monotonic()))).done)

    def _release(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._idle.append(self._session)


class Exchange:
    """GET and POST, each bounded in total, however slowly the server answers. Keeps connections open for later ones."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers
        self._idle: list[HttpSession] = []

    def begin(self, url: str, query: str, *, timeout: float, max_bytes: int) -> Pending:
        """Send a GET, and do not wait for the answer."""
        return self._begin(
            lambda session, longer: session.get(url, query, timeout=longer, max_bytes=max_bytes), timeout
        )

    def get(self, url: str, query: str, *, timeout: float, max_bytes: int) -> Received | NoAnswer:
        """The whole answer, or why there is none after `timeout` seconds at the latest."""
        return self.begin(url, query, timeout=timeout, max_bytes=max_bytes).result()

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, timeout: float) -> Received | NoAnswer:
        """The head of the answer, or why there is none after `timeout` seconds at the latest. Reads no body."""
        return self._begin(lambda session, longer: session.post(url, body, headers, timeout=longer), timeout).result()

    def _begin(self, use: _Use, timeout: float) -> Pending:
        try:
            session = self._idle.pop()
        except IndexError:
            session = HttpSession(self._headers)
        return Pending(session, self._idle, use, timeout)

    def close(self) -> None:
        """Close idle connections. The exchange stays usable: it opens new ones."""
        for session in self._idle:
            session.close()


def _head(response: requests.Response) -> Received:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Received(status=response.status_code, headers=headers, body=b"")


def _undecoded(response: requests.Response, encoding: str) -> Received | NoAnswer:
    if response.status_code != OK:
        return _head(response)
    words = f"the answer is encoded as {encoding}, which was not asked for"
    hint = f"let the server, or what stands before it, keep to `accept-encoding: {encodings.ASKED}`"
    return NoAnswer(words=words, hint=hint, lasting=True)


def _ends_early(body: bytes) -> bool:
    """True when `body` is the beginning of a JSON text: without a length, nothing else shows that it was cut."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        return "truncated" in str(error)
    except RecursionError:
        return False
    return False
