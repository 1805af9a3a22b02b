"""A host that asks one source to wait is left alone by all sources of that host, and by no other."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from catalog.errors import DeadlineError, ListingError, StoppedError
from catalog.settings import SourceSettings
from catalog.upstream import fetch
from catalog.upstream.client import SourceClient
from catalog.upstream.pauses import LONGEST, HostPauses
from tests import server as play
from tests.server import KEY, ModelsServer, Step, model

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


class Time:
    """Time that passes without being waited for; what is waited is kept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def __call__(self) -> float:
        return time.monotonic() + sum(self.slept)


class Two:
    """Clients of two sources of one host, and of a source of another one; they share the time, and the pauses."""

    def __init__(self, server: ModelsServer, other: ModelsServer) -> None:
        self.clock = Time()
        self.pauses = HostPauses(self.clock)
        self.other = other
        self.one, self.two, self.away = (self.client(url) for url in (server.url, server.url, other.url))

    def client(self, url: str) -> SourceClient:
        source = SourceSettings(name="any", base_url=url)
        pace = fetch.Pace(sleep=self.clock.sleep, monotonic=self.clock, clock=lambda: NOW, spread=lambda: 0.0)
        return SourceClient(source, KEY, pace=replace(pace, max_tries=1), pauses=self.pauses)

    def told(self) -> None:
        """Let the first client be told; it has no other try."""
        with pytest.raises(ListingError):
            self.one.begin(limit=1).answer()


@pytest.fixture
def two(server: ModelsServer) -> Iterator[Two]:
    other = play.ModelsServer().start()
    server.models = other.models = [model("claude-a")]
    two = Two(server, other)
    yield two
    for client in (two.one, two.two, two.away):
        client.close()
    other.close()


ANSWERS: dict[str, tuple[Step, float]] = {
    "Retry-After": (play.error(429, headers={"retry-after": "30"}), 30),
    "RateLimit": (play.error(429, headers={"ratelimit": '"api";r=0;t=55'}), 55),
    "an outage": (play.error(529, headers={"retry-after": "20"}), 20),
    "no word": (play.error(529), 0),
    "a refused key": (play.error(401, headers={"retry-after": "30"}), 0),
}


@pytest.mark.parametrize(("step", "seconds"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_one_source_is_told_counts_for_its_host_alone(
    server: ModelsServer, two: Two, step: Step, seconds: float
) -> None:
    server.script(step)
    two.told()
    assert two.away.begin(limit=1).answer().body
    assert two.clock.slept == []
    fetch = two.two.begin(limit=1)
    assert len(two.other.requests) == 1
    assert fetch.answer().body
    assert sum(two.clock.slept) == pytest.approx(seconds, abs=2)
    assert len(server.requests) == 2
    two.two.begin(limit=1).answer()
    assert sum(two.clock.slept) == pytest.approx(seconds, abs=2)


def test_a_pause_that_is_made_longer_meanwhile_is_waited_for_whole(server: ModelsServer, two: Two) -> None:
    server.script(play.error(429, headers={"retry-after": "10"}))
    two.told()
    waiting = two.two.begin(limit=1)
    two.pauses.begin(two.one.source.host, 40)
    two.pauses.begin(two.one.source.host, 5)  # a shorter one takes nothing back
    assert waiting.answer().body
    assert sum(two.clock.slept) == pytest.approx(40, abs=2)


def test_a_pause_beyond_the_deadline_ends_the_wait_at_once(server: ModelsServer, two: Two) -> None:
    server.script(play.error(429, headers={"retry-after": "300"}))
    two.told()
    waiting = two.two.begin(limit=1, deadline=two.clock() + 60)
    with pytest.raises(ListingError, match=r"the host asks to wait (300|299) s more, and (60|59) s are left"):
        waiting.answer()
    assert two.clock.slept == []
    assert len(server.requests) == 1
    with pytest.raises(DeadlineError, match="the time is up"):
        two.away.begin(limit=1, deadline=two.clock())


def test_who_waits_for_a_host_can_be_stopped(server: ModelsServer, two: Two) -> None:
    server.script(play.error(429, headers={"retry-after": "300"}))
    two.told()
    waiting = two.two.begin(limit=1)

    def stop() -> None:
        raise StoppedError("enough")

    with pytest.raises(StoppedError):
        waiting.answer(stop)
    waiting.cancel()
    assert sum(two.clock.slept) < 1
    assert len(server.requests) == 1


def test_a_host_is_not_left_alone_for_ever_after_one_odd_answer(server: ModelsServer, two: Two) -> None:
    server.script(play.error(429, headers={"retry-after": "999999999"}))
    two.told()
    assert two.pauses.left(two.two.source.host) == pytest.approx(LONGEST, abs=2)


def test_a_client_by_itself_keeps_to_its_own_pauses(server: ModelsServer, two: Two) -> None:
    server.script(play.error(429, headers={"retry-after": "30"}))
    two.told()
    alone = SourceClient(two.one.source, KEY)
    assert alone.begin(limit=1).answer().body
    alone.close()
    assert two.clock.slept == []


HOSTS = {
    "https://API.Example.org": "api.example.org",
    "https://api.example.org/some/path": "api.example.org",
    "http://127.0.0.1:8080": "127.0.0.1:8080",
    "http://[::1]:8080/x": "[::1]:8080",
}


@pytest.mark.parametrize(("url", "host"), HOSTS.items())
def test_what_a_host_is(url: str, host: str) -> None:
    assert SourceSettings(name="any", base_url=url).host == host


WAITS: dict[str, tuple[list[Step], list[str]]] = {
    "an answer at once": ([], []),
    "overloaded": ([play.error(529)], ["HTTP 529; try 2 of 6 in 1 s"]),
    "overloaded twice": ([play.error(529)] * 2, ["HTTP 529; try 2 of 6 in 1 s", "HTTP 529; try 3 of 6 in 1 s"]),
    "too many requests": ([play.error(429, headers={"retry-after": "90"})], ["HTTP 429; try 2 of 6 in 90 s"]),
    "a cut body": ([play.cut()], ["the connection was lost before the answer was complete; try 2 of 6 in 1 s"]),
}


@pytest.mark.parametrize(("steps", "told"), WAITS.values(), ids=WAITS.keys())
def test_each_wait_for_another_try_is_told_and_logged(
    server: ModelsServer, caplog: pytest.LogCaptureFixture, steps: list[Step], told: list[str]
) -> None:
    caplog.set_level(logging.DEBUG, "catalog.upstream.fetch")
    time_, waits = Time(), list[fetch.Retry]()
    pace = fetch.Pace(sleep=time_.sleep, monotonic=time_, clock=lambda: NOW, spread=lambda: 0.0)
    server.models = [model("claude-a")]
    server.script(*steps)
    source = SourceSettings(name="one", base_url=server.url)
    with SourceClient(source, KEY, pace=pace, on_retry=waits.append) as client:
        assert client.begin(limit=1, deadline=time_() + 600).answer().body
    assert [wait.words(wait.seconds) for wait in waits] == told
    assert [record.getMessage() for record in caplog.records] == [f"one: {words}" for words in told]
    assert {getattr(record, "event", "") for record in caplog.records} <= {"fetch.retry"}


def test_the_pause_of_a_host_is_told_as_a_wait(server: ModelsServer, two: Two) -> None:
    server.script(play.error(429, headers={"retry-after": "30"}))
    two.told()
    waits = list[fetch.Retry]()
    pace = fetch.Pace(sleep=two.clock.sleep, monotonic=two.clock, clock=lambda: NOW)
    source = SourceSettings(name="three", base_url=server.url)
    with SourceClient(source, KEY, pace=pace, pauses=two.pauses, on_retry=waits.append) as three:
        assert three.begin(limit=1).answer().body
    assert [(wait.source, wait.words(wait.seconds)) for wait in waits] == [
        ("three", "the host asks to wait; try 1 of 6 in 30 s")
    ]
