"""Answers that would fill the memory or never end: the walk gives up in time, and holds little meanwhile."""

import gzip
import itertools
import json
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import server as play
from tests.server import ModelsServer, Step, Visit, head
from tests.volume import Volume

MEBIBYTE = 1 << 20
DEADLINE = 1.0
LEAST, MOST = 100 * MEBIBYTE, 2.0  # bytes of memory, and seconds beyond the deadline, that are too much

# Walks a list of one page in a process of its own, and tells what that cost: the peak is that of the process, less what
# it had before it asked. A first, honest answer loads whatever is loaded late.
READER = """
import json, pathlib, sys, time
from datetime import timedelta
from catalog.errors import ListingError
from catalog.upstream.walking import walk
from catalog.settings import SourceSettings
from catalog.upstream.client import SourceClient
from catalog.upstream.fetch import Pace

class Sink:
    ids = set()

    def recall(self, digest):
        return None

    def add(self, page, asked_at):
        ids = [item.id for item in page.items if item.read()][:1000]
        again = len(self.ids.intersection(ids))
        self.ids = self.ids.union(ids)
        return again

    def restart(self):
        self.ids = set()

    def settled(self):
        return True

def peak():
    # Not getrusage: its peak comes from the process that started this one.
    return 1024 * int(pathlib.Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])

def read(seconds):
    source = SourceSettings(name="one", base_url=url, max_page_bytes=most, deadline=timedelta(seconds=seconds))
    return walk.walk(SourceClient(source, key, pace=Pace(max_tries=1)), Sink())

url, key, deadline, most = sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
read(60)
pathlib.Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
before, began = peak(), time.monotonic()
try:
    words = f"{read(deadline).pages} pages were read"
except ListingError as refusal:
    words = refusal.message
print(json.dumps({"words": words, "seconds": time.monotonic() - began, "bytes": peak() - before}))
"""


def packed(kind: str, mebibytes: int) -> bytes:
    """Many blanks in few bytes."""
    wbits = {"gzip": 31, "deflate": 15, "raw": -15}[kind]
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    piece = b" " * MEBIBYTE
    return b"".join(packer.compress(piece) for _ in range(mebibytes)) + packer.flush()


def bomb(kind: str, mebibytes: int = 1024) -> Step:
    """Send a body that unpacks to a gibibyte."""
    coding = {"raw": "deflate"}.get(kind, kind)
    body = packed(kind, mebibytes)
    return lambda visit: visit.send(200, body, [("content-encoding", coding)])


def nested(visit: Visit) -> None:
    """Send a bomb in a bomb, and say so."""
    body = gzip.compress(packed("gzip", 1024))
    visit.send(200, body, [("content-encoding", "gzip, gzip")])


def stream(pieces: Iterator[bytes], *headers: tuple[str, str], status: int = 200) -> Step:
    """Send chunk after chunk for ever, as fast as they are taken."""

    def step(visit: Visit) -> None:
        visit.write(head(status, [("transfer-encoding", "chunked"), *headers]))
        for piece in pieces:
            if visit.server.closing.is_set():
                return
            visit.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    return step


def endless_gzip() -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield packer.compress(b"{")
    while True:
        yield packer.compress(b" " * (64 * MEBIBYTE)) or packer.flush(zlib.Z_SYNC_FLUSH)


def endless_headers(visit: Visit) -> None:
    """Send header lines for ever."""
    visit.write(b"HTTP/1.1 200 OK\r\n")
    for number in itertools.count():
        if visit.server.closing.is_set():
            return
        visit.write(b"x-%d: %b\r\n" % (number, b"." * 60_000))


def endless_line(visit: Visit) -> None:
    """Send a status line that never ends."""
    visit.write(b"HTTP/1.1 200 ")
    while not visit.server.closing.is_set():
        visit.write(b"O" * 65_536)


def endless_chunk_line(visit: Visit) -> None:
    """Send the size of a chunk in more and more digits."""
    visit.write(head(200, [("transfer-encoding", "chunked")]))
    while not visit.server.closing.is_set():
        visit.write(b"0" * 65_536)


def one_byte_chunks() -> Iterator[bytes]:
    return itertools.repeat(b" ")


def deep() -> bytes:
    return b'{"data":[' + b"[" * (12 * MEBIBYTE) + b'],"has_more":false}'


BLANKS = b" " * MEBIBYTE


def _long(visit: Visit) -> None:
    visit.write(head(200, [("content-length", str(1 << 40))]))
    while not visit.server.closing.is_set():
        visit.write(BLANKS)


def _drip_error(visit: Visit) -> None:
    visit.write(head(500, [("content-length", "100000")]))
    visit.drip(b" " * 100_000, every=0.05)


def _drip_gzip(visit: Visit) -> None:
    visit.write(head(200, [("content-encoding", "gzip"), ("connection", "close")]))
    visit.drip(gzip.compress(json.dumps(list(range(100_000))).encode()), every=0.05)


def _fall_silent(visit: Visit) -> None:
    visit.write(head(200, [("content-length", "100")]) + b"{")
    visit.server.closing.wait(60)


BOMBS: dict[str, Callable[[], Step]] = {
    "gzip": lambda: bomb("gzip"),
    "deflate": lambda: bomb("deflate"),
    "raw deflate": lambda: bomb("raw"),
    "nested gzip": lambda: nested,
    "gzip without an end": lambda: stream(endless_gzip(), ("content-encoding", "gzip")),
    "brotli that is none": lambda: lambda visit: visit.send(200, BLANKS, [("content-encoding", "br")]),
    "zstd that is none": lambda: lambda visit: visit.send(200, BLANKS, [("content-encoding", "zstd")]),
    "a body without an end": lambda: stream(itertools.repeat(BLANKS)),
    "an error without an end": lambda: stream(itertools.repeat(BLANKS), status=404),
    "a length of a tebibyte": lambda: _long,
    "depth": lambda: play.answer(deep()),
    "breadth": lambda: play.answer(b'{"data":[{"id":"a","x":[' + b"[]," * (4 * MEBIBYTE) + b'NaN]}],"has_more":false}'),
}
SLOW: dict[str, Step] = {
    "a body, byte by byte": play.slow_body(every=0.05),
    "a body, a byte a second": play.slow_body(every=1),
    "an error, byte by byte": _drip_error,
    "gzip, byte by byte": _drip_gzip,
    "chunks of a byte": stream(one_byte_chunks()),
    "headers, byte by byte": play.slow_headers(every=0.05),
    "headers without an end": endless_headers,
    "a status without an end": endless_line,
    "a chunk's size without an end": endless_chunk_line,
    "silence": play.silence(60),
    "silence after the headers": _fall_silent,
}


def cost(server: ModelsServer, step: Step, *, most: int = 16 * MEBIBYTE) -> dict[str, Any]:
    """Read one such answer in a process of its own."""
    server.script(play.honest, step)
    arguments = [server.url, play.KEY, str(DEADLINE), str(most)]
    done = subprocess.run(
        [sys.executable, "-c", READER, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=Path(__file__).parents[2],
    )
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told


@pytest.mark.promise("P1")
@pytest.mark.parametrize("kind", BOMBS)
def test_no_answer_costs_a_hundred_mebibytes_or_more_time_than_there_is(
    server: ModelsServer, volume: Volume, kind: str
) -> None:
    """A bomb of any kind is refused in words within the deadline, and costs less than 100 MiB beside it."""
    told = cost(server, BOMBS[kind]())
    assert "read" not in told["words"]
    assert told["bytes"] < LEAST
    assert told["seconds"] < DEADLINE + MOST
    volume.came_to(peak_MiB=told["bytes"] >> 20, seconds=round(told["seconds"], 1))


@pytest.mark.promise("P1")
@pytest.mark.parametrize("kind", SLOW)
def test_no_answer_that_drips_or_never_ends_outlives_the_deadline(
    server: ModelsServer, volume: Volume, kind: str
) -> None:
    """However slowly an answer comes, its reader ends within its deadline of a second and two more."""
    told = cost(server, SLOW[kind])
    assert "read" not in told["words"]
    assert told["seconds"] < DEADLINE + MOST
    assert told["bytes"] < LEAST
    volume.came_to(peak_MiB=told["bytes"] >> 20, seconds=round(told["seconds"], 1))


@pytest.mark.promise("P1")
def test_the_whole_walk_ends_in_time_when_each_page_costs_a_little(server: ModelsServer, volume: Volume) -> None:
    """Pages without an end, each after a little while, are cut at the deadline of the walk, not of the page."""

    def step(visit: Visit) -> None:
        visit.server.closing.wait(0.05)
        visit.send_json(200, play.page([play.model(f"m{len(visit.server.requests)}")], has_more=True))

    server.always = step
    told = cost(server, step)
    assert "time" in told["words"] or "within" in told["words"]
    assert told["seconds"] < DEADLINE + MOST
    assert told["bytes"] < LEAST
    volume.came_to(pages=len(server.requests), seconds=round(told["seconds"], 1))


@pytest.mark.promise("P1")
def test_a_walk_that_begins_again_ends_in_time_whatever_it_had_asked_for(server: ModelsServer) -> None:
    """A page that is fetched ahead, and never comes, holds up no walk that begins again."""
    listed = [play.model(f"m{number}") for number in range(4)]
    steps = {
        None: play.answer(play.page(listed[:2], has_more=True)),
        "m1": play.answer(play.page(listed[:3], has_more=True)),
        "m2": play.silence(),
    }
    server.always = play.by_cursor(steps | {None: play.silence()})
    told = cost(server, steps[None])
    assert "read" not in told["words"]
    assert told["seconds"] < DEADLINE + DEADLINE / 2
    asked = [seen.first("after_id") for seen in server.requests]
    without = [cursor for cursor in asked if cursor != "m2"]  # which may be given up before it is sent
    assert without == [None, None, "m1", None]
