"""What /healthz and /metrics of `catalog run` answer, by how worker and database fare, and what the pages answer."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.config import Config
from catalog.service.schedule import Task, Timetable, Worker
from catalog.service.sync import RunReport
from catalog.settings import (
    AlertSettings,
    DatabaseSettings,
    MonitorSettings,
    PublishSettings,
    SourceSettings,
    WatchSettings,
)
from catalog.store.schema import tables
from catalog.wiring import after_run, sites
from tests.store.world import World

pytestmark = pytest.mark.promise("P10")
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HANGS = "the schedule stands still, or a run hangs\n"


def config(world: World) -> Config:
    return Config(
        database=DatabaseSettings(url=world.url),
        sources=(SourceSettings(name="one"), SourceSettings(name="two")),
        alerts=(AlertSettings(name="team", url="json://x"), AlertSettings(name="mail", url="json://y")),
        watch=WatchSettings(models=("two:b",)),
        monitor=MonitorSettings(listen=("127.0.0.1", 0)),
    )


def asked(address: tuple[str, int], path: str) -> tuple[int, str]:
    connection = HTTPConnection(*address, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


@contextmanager
def away(world: World) -> Iterator[str]:
    """Take the catalog away: its file, or its tables. Give what /healthz says of it: of a server nothing is asked."""
    if world.database.path is None:
        version = tables.VERSION_TABLE
        with world.database.engine.begin() as connection:
            connection.execute(sa.text(f"ALTER TABLE {version} RENAME TO elsewhere"))
            connection.execute(sa.text("ALTER VIEW sources RENAME TO hidden"))
        yield ""
        with world.database.engine.begin() as connection:
            connection.execute(sa.text(f"ALTER TABLE elsewhere RENAME TO {version}"))
            connection.execute(sa.text("ALTER VIEW hidden RENAME TO sources"))
        return
    elsewhere = Path(f"{world.database.path}.elsewhere")
    world.database.path.rename(elsewhere)
    yield f"the database {world.database.path} is gone: no run can be recorded\n"
    elsewhere.rename(world.database.path)


@pytest.mark.parametrize("is_alive", [True, False])
def test_health_tells_of_the_worker_and_of_its_database(world: World, is_alive: bool) -> None:
    """Nobody is told to start a worker anew that works, and nothing hides behind a problem that was found first."""
    world.lists("a")
    world.sync()
    words = "" if is_alive else HANGS
    with after_run.probed(config(world), world.database, lambda: is_alive) as address:
        assert isinstance(address, tuple)
        assert asked(address, "/healthz") == ((200, "ok\n") if is_alive else (503, words))
        assert asked(address, "/metrics")[0] == 200
        with away(world) as gone:
            told = words + gone
            assert asked(address, "/healthz") == ((503, told) if told else (200, "ok\n"))
            status, text = asked(address, "/metrics")
            assert (status, "Traceback" in text, text.count("\n")) == (503, False, 1)
        assert asked(address, "/healthz") == ((200, "ok\n") if is_alive else (503, words))
        assert asked(address, "/metrics")[0] == 200


def test_metrics_of_the_worker_name_each_channel_and_what_is_watched(world: World) -> None:
    for name, year in (("one", 2098), ("two", 2099)):
        world.lists("a", "b", retires_at=f"{year}-01-01T00:00:00Z")
        world.sync(name=name)
    with after_run.probed(config(world), world.database, lambda: True) as address:
        assert isinstance(address, tuple)
        found = asked(address, "/metrics")[1].splitlines()
    assert [line for line in found if line.startswith("catalog_alerts_pending")] == [
        f'catalog_alerts_pending{{channel="{name}"}} 0.0' for name in ("mail", "team")
    ]
    assert [line.partition("} ")[0] for line in found if line.startswith("catalog_next_retirement")] == [
        'catalog_next_retirement_timestamp_seconds{models="all",source="one"',
        'catalog_next_retirement_timestamp_seconds{models="all",source="two"',
        'catalog_next_retirement_timestamp_seconds{models="watched",source="two"',
    ]


@pytest.mark.parametrize("every", [timedelta(seconds=1), timedelta(days=365)])
def test_a_worker_with_any_schedule_is_alive_between_its_runs(every: timedelta) -> None:
    """A long pause is no standstill, and neither are many short ones."""
    ended = threading.Event()

    def run(_slot: datetime) -> RunReport | None:
        ended.set()
        return None

    task = Task(source="one", host="one", timetable=Timetable(when=every), run=run)
    worker = Worker([task], stopping=threading.Event(), clock=lambda: datetime.now(UTC), spread=lambda: 0.5)
    worker.start()
    assert ended.wait(5)
    assert worker.alive()
    assert worker.stop(within=2)


def test_pages_are_healthy_while_the_worker_hangs_and_not_while_their_catalog_is_gone(world: World) -> None:
    world.lists("a")
    world.sync()
    with (
        sites.serving(config(world), world.database, ("127.0.0.1", 0)) as pages,
        after_run.probed(config(world), world.database, lambda: False) as address,
    ):
        assert isinstance(address, tuple)
        assert (asked(pages, "/healthz"), asked(address, "/healthz")[0]) == ((200, "ok\n"), 503)
        with away(world):
            assert asked(pages, "/healthz")[0] == 503
        assert asked(pages, "/healthz") == (200, "ok\n")


def test_each_chore_of_the_worker_is_done_as_often_as_the_pages_say(world: World, tmp_path: Path) -> None:
    """Alerts go out within five seconds, as docs/how-to/alerts.md says; with nothing configured, one chore is left."""
    asked_for = replace(
        config(world),
        database=DatabaseSettings(url=world.url, keep_runs=timedelta(days=90)),
        monitor=MonitorSettings(metrics_file=tmp_path / "catalog.prom"),
        publish=PublishSettings(folder=tmp_path / "pages"),
    )

    def chores(config: Config) -> dict[str, float]:
        found = after_run.chores(config, world.database, stop=threading.Event())
        return {chore.name: chore.every.total_seconds() for chore in found}

    assert chores(Config(database=asked_for.database, sources=())) == {"alerts": 3600, "old runs": 3600}
    assert chores(Config(database=DatabaseSettings(url=world.url), sources=())) == {"alerts": 3600}
    assert chores(asked_for) == {
        "alerts": 5,
        "alerts to team": 5,
        "alerts to mail": 5,
        "old runs": 3600,
        "pages": 15,
        "metrics": 15,
    }
