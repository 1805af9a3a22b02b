"""The watcher is told of each start and end, and its failures harm no run."""

import logging
import threading

import pytest

from catalog.cli.running import worker
from catalog.monitor.ping import Pinger, Style
from tests import server as wire
from tests.server import ModelsServer, Visit

pytestmark = pytest.mark.promise("P10")


def pinger(server: ModelsServer, timeout: float = 30) -> Pinger:
    server.always = wire.answer({})
    return Pinger(url=f"{server.url}/secret-uuid/", timeout=timeout)


def test_each_call_has_its_own_address(server: ModelsServer) -> None:
    watcher = pinger(server)
    watcher.started()
    watcher.succeeded()
    watcher.failed("the list could not be read")
    assert [seen.path for seen in server.requests] == ["/secret-uuid/start", "/secret-uuid", "/secret-uuid/fail"]
    assert {seen.method for seen in server.requests} == {"POST"}


@pytest.mark.warns
@pytest.mark.parametrize(
    "step",
    [wire.error(500), wire.redirect("http://127.0.0.1:9/"), wire.silence(), wire.hang_up],
    ids=["error", "redirect", "silence", "hang up"],
)
def test_a_watcher_that_does_not_answer_is_only_warned_of(
    server: ModelsServer, step: wire.Step, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = pinger(server, timeout=1)
    server.script(step)
    with caplog.at_level(logging.WARNING, "catalog"):
        watcher.succeeded()
    assert "could not be pinged" in caplog.text
    assert "secret-uuid" not in caplog.text
    assert "secret-uuid" not in repr(watcher)


def test_the_runs_of_a_worker_wait_for_no_watcher_and_it_hears_the_newest_in_the_end(server: ModelsServer) -> None:
    asked, answer = threading.Event(), threading.Event()
    watcher = pinger(server)

    def hang(visit: Visit) -> None:
        asked.set()
        answer.wait(30)
        wire.answer({})(visit)

    server.script(hang)
    problems: list[str] = []
    pings = worker._Pings(watcher, lambda: problems)
    pings.begin()
    assert asked.wait(30)
    for problems[:] in (["first"], ["second"], []):
        pings.end()
    assert len(server.requests) == 1
    [telling] = [thread for thread in threading.enumerate() if thread.name == "catalog-pings"]
    answer.set()
    telling.join(30)
    assert [seen.path for seen in server.requests] == ["/secret-uuid/start", "/secret-uuid"]


STYLES = {
    Style.HEALTHCHECKS: [
        ("POST", "/push/token/start?ping=1", ""),
        ("POST", "/push/token?ping=1", ""),
        ("POST", "/push/token/fail?ping=1", "x: HTTP 500 & more"),
    ],
    Style.UPTIME_KUMA: [
        ("GET", "/push/token?ping=1&status=up&msg=OK", ""),
        ("GET", "/push/token?ping=1&status=down&msg=x%3A+HTTP+500+%26+more", ""),
    ],
    Style.PLAIN: [("GET", "/push/token?ping=1", "")],
}


@pytest.mark.parametrize(("style", "told"), STYLES.items())
def test_each_style_has_its_own_words(server: ModelsServer, style: Style, told: list[tuple[str, str, str]]) -> None:
    server.always = wire.answer({})
    query = "?ping=1&status=up&msg=OK" if style is Style.UPTIME_KUMA else "?ping=1"  # as Uptime Kuma shows it
    watcher = Pinger(url=f"{server.url}/push/token{query}", style=style, timeout=30)
    watcher.started()
    watcher.succeeded()
    watcher.failed("x: HTTP 500 & more")
    assert [(seen.method, seen.target, seen.body.decode()) for seen in server.requests] == told


@pytest.mark.warns
def test_a_watcher_that_stays_away_is_told_of_when_that_begins_and_when_it_ends(
    server: ModelsServer, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = pinger(server)
    server.script(*[wire.error(500)] * 4)
    with caplog.at_level(logging.INFO, "catalog"):
        for _ in range(4):
            watcher.succeeded()
        for _ in range(3):
            watcher.succeeded()
    assert [record.getMessage() for record in caplog.records] == [
        "127.0.0.1 could not be pinged: HTTP 500",
        "127.0.0.1 is pinged again",
    ]
