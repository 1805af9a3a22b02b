"""Requests as nobody should send them, as bytes, and what an answer must look like whatever was asked."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from random import Random

from catalog.web.routes import ROUTES
from catalog.web.server.serving import HEADERS

CLOSE = b"Connection: close\r\n"
HOST = b"Host: localhost\r\n"
PLACES = tuple(
    f"/{route.rule.lstrip('/').replace('<source>', 'one').replace('<name>', 'claude-1')}.{form}".encode()
    for route in ROUTES
    for form in route.forms
)
HOSTS = (
    *(b"localhost", b"127.0.0.1", b"LOCALHOST:80", b"[::1]:8460", b"localhost.", b"127.1", b"localhost:99999"),
    *(
        b"evil.example",
        b"localhost.evil.example",
        b"EVIL.EXAMPLE:80",
        b"192.0.2.1",
        b"[2001:db8::1]",
        b"[fe80::1%25lo]",
    ),
    *(
        b"",
        b" ",
        b"[::1",
        b"::1",
        b"a@localhost",
        b"localhost/..",
        b"localhost:x",
        b"local\0host",
        b"\xff",
        b"a," * 4000,
    ),
)
NAMES = (
    *(
        b"..",
        b"../..",
        b"%2e%2e",
        b"..%2f..",
        b"%2e%2e%2fetc%2fpasswd",
        b"a//b",
        b"//",
        b"/",
        b";a",
        b"a;b=c",
        b"~",
        b"~~",
    ),
    *(
        b"%00",
        b"a%00b",
        b"%ff",
        b"%c3%28",
        b"%ed%a0%80",
        b"%f8%88",
        b"%",
        b"%2",
        b"%zz",
        b"%25%30%30",
        b"%u0041",
        b"\xff\xfe",
    ),
    *(
        b"%0d%0aX: y",
        b"%0aSet-Cookie: x",
        b"%E2%80%AE",
        b"%1b[31m",
        b"<script>",
        b"{{7*7}}",
        b"'--",
        b"*",
        b"?",
        b"a" * 5_000,
    ),
)
TEXTS = (
    *NAMES,
    b"-1",
    b"0",
    b"1e9",
    b"9" * 400,
    b"NaN",
    b"0000-00-00",
    b"9999-12-31T23:59:60Z",
    b"-7d",
    b"%D9%A3",
    b"a,b,,c",
)
PARAMETERS = (
    *(
        b"source",
        b"q",
        b"match",
        b"state",
        b"lifecycle",
        b"line",
        b"as_of",
        b"sort",
        b"after",
        b"before",
        b"limit",
        b"id",
        b"days",
    ),
    *(
        b"from",
        b"to",
        b"since",
        b"until",
        b"events",
        b"models",
        b"sources",
        b"lines",
        b"lifecycles",
        b"watched",
        b"kind",
        b"field",
    ),
    *(b"baseline", b"status", b"alarm", b"after_id", b"before_id", b"lifecycle[]", b"", b"nope", b"%00"),
)
METHODS = (
    b"HEAD",
    b"POST",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"PATCH",
    b"get",
    b"G\0T",
    b"A" * 3000,
    b"\xff",
)
LENGTHS = (
    b"0",
    b"5",
    b"-5",
    b"+5",
    b"1_0",
    b"x",
    b"",
    b"9" * 30,
    b"5\r\nContent-Length: 0",
    b"0\r\nTransfer-Encoding: chunked",
)
CODINGS = (b"chunked", b"gzip", b"identity, chunked", b"", b"x" * 500)
BROKEN = (
    *(
        b"",
        b"\r\n",
        b"\r\n" * 40,
        b"\0" * 200,
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / \r\n\r\n",
        b"GET / HTTP\r\n\r\n",
    ),
    *(
        b"\x16\x03\x01\x02\x00\x01\x00" + bytes(200),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\xff" * 20_000,
        b"GET /" + b"a" * 20_000,
    ),
    *(
        b"GET / HTTP/%b\r\n%b\r\n" % (version, HOST)
        for version in (b"0.9", b"1.2", b"9.9", b"1.-5", b"1_0.0", b"1.1.1", b"")
    ),
    *(
        b"GET / HTTP/1.1\r\n" + lines
        for lines in (b"", b"Host", b"Host: localhost", b" Host: localhost\r\n\r\n", b":\r\n\r\n")
    ),
    *(
        b"GET / HTTP/1.1\r\n" + HOST + lines + b"\r\n"
        for lines in (b"x: y\r\n" * 5_000, b"x: " + b"y" * 17_000 + b"\r\n", HOST)
    ),
    *(
        b"GET %b HTTP/1.1\r\n%b\r\n" % (target, HOST)
        for target in (b"//[", b"http://[/", b"*", b"status.html", b"/#x", b"//evil/")
    ),
    b"POST /status.html HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"GET /status.html HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    b"GET /status.html HTTP/1.1\r\n"
    + HOST
    + b"Range: bytes=0-0,9-99999999999999999999\r\nIf-Match: \xff\r\n"
    + CLOSE
    + b"\r\n",
    b"GET /changes.atom HTTP/1.1\r\n"
    + HOST
    + b"If-Modified-Since: Mon, 99 Foo 99999 99:99:99 -9999\r\n"
    + CLOSE
    + b"\r\n",
)
EXPECTED = {200, 304, 400, 404, 405, 412, 413, 414, 501, 505}
_HEAD = re.compile(rb"HTTP/1\.1 ([0-9]{3}) [A-Za-z -]+\r\n((?:[A-Za-z-]+: [^\r\n]*\r\n)*)\r\n")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def each() -> Iterator[bytes]:
    """Give each odd thing once, alone."""
    yield from BROKEN
    targets = [*PLACES, *(b"/" + name for name in NAMES), b"/mirror/one/v1/models", b"/mirror/one/v1/models/%ff"]
    targets += [b"/model/one/" + name + b".html" for name in NAMES] + [b"/static/" + name for name in NAMES]
    targets += [b"/mirror/" + name + b"/v1/models" for name in NAMES]
    yield from (request(target) for target in targets)
    yield from (request(b"/models.html?" + name + b"=%00") for name in PARAMETERS)
    yield from (request(b"/status.html", host=host) for host in HOSTS)
    yield from (request(b"/status.html", method=method) for method in METHODS)
    yield from (request(b"/status.html", b"Content-Length: " + length + b"\r\n", body=b"12345") for length in LENGTHS)
    yield from (request(b"/", b"Transfer-Encoding: " + coding + b"\r\n", body=b"0\r\n\r\n") for coding in CODINGS)


def some(chance: Random) -> bytes:
    """Give a request with several odd things in it, as chance has it."""
    place = chance.choice((*PLACES, b"/mirror/one/v1/models", b"/" + chance.choice(NAMES)))
    asked = [b"%b=%b" % (chance.choice(PARAMETERS), chance.choice(TEXTS)) for _ in range(chance.choice((0, 1, 1, 3)))]
    host = chance.choice((b"localhost",) * 6 + HOSTS)
    method = chance.choice((b"GET",) * 9 + METHODS)
    return request(place + (b"?" if asked else b"") + b"&".join(asked), host=host, method=method)


def request(
    target: bytes, lines: bytes = b"", *, host: bytes = b"localhost", method: bytes = b"GET", body: bytes = b""
) -> bytes:
    return b"%b %b HTTP/1.1\r\nHost: %b\r\n%b%b\r\n%b" % (method, target, host, CLOSE, lines, body)


def statuses(answer: bytes, *, bodies: bool = True) -> list[int]:
    """Read the statuses of all that came back. Raises AssertionError for what no answer of ours looks like."""
    found, rest = [], answer.removeprefix(_CONTINUE)
    while rest:
        head = _HEAD.match(rest)
        assert head, rest[:200]
        lines = {name.lower(): value for name, _, value in (line.partition(b": ") for line in head[2].split(b"\r\n"))}
        missing = [name for name, value in HEADERS.items() if lines.get(name.lower().encode()) != value.encode()]
        assert missing == [], (missing, rest[:500])
        assert b"Traceback" not in rest
        status = int(head[1])
        found.append(status)
        # What is no request has no method: the words that refuse it follow whatever it begins with.
        is_empty = status == HTTPStatus.NOT_MODIFIED or (not bodies and len(rest) == head.end())
        length = 0 if is_empty else int(lines[b"content-length"])
        assert len(rest) >= head.end() + length, "an answer that is cut"
        rest = rest[head.end() + length :]
    return found
