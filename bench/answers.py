"""Whole answers of `catalog web`, a process of its own, asked over loopback; and what it takes to publish."""

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen
from urllib.parse import urlsplit

from bench import databases, past, process
from bench.databases import Contender
from bench.table import Row, at_most
from tests import postgres

TIMES = 15
SOURCES = 20
DATED = 7  # one model of so many retires
PUBLISHED = 10_000  # models
TICKS = os.sysconf("SC_CLK_TCK")  # in which Linux counts processor time
PAGE_MS, FIRST_MS, SCAN_MS, FEW_MS = 50, 200, 1000, 15
MOST_MB = 120
DEMO = "demo"
UNCHANGED_S = 10

# By what they are called: the path, and how long the answer may take on a long list.
ANSWERS: Mapping[str, tuple[str, int]] = {
    "Today": ("index.html", FIRST_MS),
    "models, a page": ("models.html?after={source}:{id}", PAGE_MS),
    "models, a page as of a moment": ("models.html?as_of={week}&after={source}:{id}", PAGE_MS),
    "one model": ("model/{source}/{id}.html", PAGE_MS),
    "timeline": ("timeline.html", PAGE_MS),
    "changes": ("changes.html", PAGE_MS),
    "changes, feed": ("changes.atom", PAGE_MS),
    "retirements": ("retirements.html", PAGE_MS),
    "retirements, calendar": ("retirements.ics", PAGE_MS),
    "watched models": ("watch.html", PAGE_MS),
    "runs": ("runs.html", PAGE_MS),
    "status": ("status.html", FIRST_MS),
    "mirror, a page": ("mirror/{source}/v1/models?limit=100&after_id={id}", PAGE_MS),
    "text that nothing has": ("models.html?q=no-such-text", SCAN_MS),
    "text that nothing had at a moment": ("models.html?q=no-such-text&as_of={week}", SCAN_MS),
    "comparison of a week": ("diff.html?from={week}&to={day}&source={source}", SCAN_MS),
}


def of_long_list(contender: Contender, models: int) -> list[Row]:
    """Ask for the pages of one long list."""
    limits = {name: limit for name, (_, limit) in ANSWERS.items()}
    return _answers(contender, f"{models:,} models", ["bench"], past.id_of(models // 2), limits, memory=True)


def of_short_lists(kind: str, server: postgres.Server | None) -> list[Row]:
    """Ask for the pages of the demo and of many sources with dates ahead, and publish."""
    limits, few = {name: limit for name, (_, limit) in ANSWERS.items()}, dict.fromkeys(ANSWERS, FEW_MS)
    with databases.fresh(kind, server) as contender:
        process.run(process.CATALOG, "-q", "demo", "--database", contender.url)
        found = _answers(contender, DEMO, [DEMO], "claude-opus-5", few)
        found += _folder(contender, "the demo", 1)
    with databases.fresh(kind, server) as contender:
        past.build(contender, SOURCES * 1000)
        names = past.spread(contender, SOURCES, dated=DATED)
        found += _answers(contender, f"{SOURCES} sources", names, past.id_of(SOURCES * 500), limits)
    with databases.fresh(kind, server) as contender:
        past.build(contender, PUBLISHED)
        past.spread(contender, 1, dated=100)
        found += _folder(contender, f"{PUBLISHED:,} models", 60)
    return found


def _answers(
    contender: Contender, words: str, names: Sequence[str], id: str, limits: Mapping[str, int], *, memory: bool = False
) -> list[Row]:
    week = past.walk_end(past.RUNS // 2) if names != [DEMO] else datetime(2025, 6, 1, tzinfo=UTC)
    told = {"source": names[0], "id": id, "week": f"{week:%Y-%m-%d}", "day": f"{week + timedelta(days=7):%Y-%m-%d}"}
    with _served(contender, names) as (pid, connection):
        found = [
            _row(f"{name}, {words}, {contender.kind}", pid, connection, f"/{path.format(**told)}", limits[name])
            for name, (path, _) in ANSWERS.items()
        ]
        peak = int(re.findall(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())[0]) / 1024
    most = [at_most(f"peak memory of the server, {words}, {contender.kind}", peak, MOST_MB, unit="MB")]
    return [*found, *(most if memory else [])]


def _row(what: str, pid: int, connection: HTTPConnection, path: str, limit: int) -> Row:
    """Ask several times; of an answer that takes long, once is enough."""
    times = TIMES if _seconds(connection, path) < 1 else 1
    before = _worked(pid)
    took = median(_seconds(connection, path) for _ in range(times)) * 1000
    work = f"{(_worked(pid) - before) / times:.0f} ms"
    return replace(at_most(what, took, limit, unit="ms", digits=1), work=work)


def _seconds(connection: HTTPConnection, path: str) -> float:
    """Ask once. The server gives up what takes long: that is an answer here, too."""
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status not in {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}:
        message = f"{path}: {answer.status}: {body[:400]!r}"
        raise RuntimeError(message)
    return time.perf_counter() - began


def _worked(pid: int) -> float:
    """Give the processor time of a process so far, in milliseconds."""
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) * 1000 / TICKS


@contextmanager
def _served(contender: Contender, names: Sequence[str]) -> Iterator[tuple[int, HTTPConnection]]:
    """Serve a catalog for as long as the block lasts."""
    _configure(contender, names)
    command = [process.CATALOG, "--config", str(contender.config), "web", "--listen", "127.0.0.1:0"]
    with Popen(command, stdout=PIPE, text=True) as server:
        try:
            port = urlsplit(server.stdout.readline().strip() if server.stdout else "").port
            with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                yield server.pid, connection
        finally:
            server.terminate()


def _configure(contender: Contender, names: Sequence[str]) -> None:
    lines = [f'[database]\nurl = "{contender.url}"', "[web]\nmirror_open = true"]
    lines += [f'[sources."{name}"]\nbase_url = "http://127.0.0.1"' for name in names]
    contender.config.write_text("\n".join([*lines, '[publish]\nbase_url = "https://example.com/"\n']))


def _folder(contender: Contender, words: str, limit: int) -> list[Row]:
    """Publish into a new folder, and once more when nothing has changed."""
    if not contender.config.exists():
        _configure(contender, ["bench"])
    folder = contender.folder / "published"
    took = [process.run(process.CATALOG, "-q", "--config", contender.config, "publish", folder) for _ in range(2)]
    return [
        replace(
            at_most(f"{doing} {words}, {contender.kind}", cost.seconds, most, unit="s", digits=1),
            work=f"{cost.cpu:.1f} s",
        )
        for doing, cost, most in zip(("publish of", "unchanged,"), took, (limit, UNCHANGED_S), strict=True)
    ]
