"""What a worker does in between says once that its database is away, and once that it is back."""

import logging
import threading
from pathlib import Path

import pytest

from catalog import config, wiring
from catalog.wiring import after_run
from tests.e2e.ground import Ground

pytestmark = [pytest.mark.promise("P10"), pytest.mark.warns]

CHANNELS = "".join(f'[[alerts]]\nname = "{name}"\ncommand = ["true"]\n' for name in ("a", "b", "c"))
METRICS = '[monitor]\nmetrics_file = "m.prom"\n'


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        (CHANNELS, ["no alert was sent: "], ["alerts are sent again"]),
        (METRICS, ["no alert was sent: ", "no metrics were written: "], ["alerts are ", "metrics are written again: "]),
        (
            CHANNELS + METRICS,
            ["no alert was sent: ", "no metrics were"],
            ["alerts are ", "metrics are written again: "],
        ),
    ],
    ids=["three channels", "metrics", "both"],
)
def test_an_outage_is_told_of_when_it_begins_and_when_it_ends(
    ground: Ground, text: str, begins: list[str], ends: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A worker with two channels said the same 2,500 times an hour."""
    with (ground.folder / "catalog.toml").open("a") as file:
        file.write(text)
    settings = config.load()
    database = wiring.database(settings)
    chores = after_run.chores(settings, database, stop=threading.Event())

    def said(times: int) -> list[str]:
        caplog.clear()
        for _ in range(times):
            for chore in chores:
                chore.work()
        return [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]

    with caplog.at_level(logging.INFO, "catalog"):
        assert said(2) == []
        place, away = ground.folder / "catalog.db", ground.folder / "away.db"
        for _ in range(2):
            move(place, away)
            assert starts(said(5), begins)
            assert said(5) == []
            move(away, place)
            assert starts(said(5), ends)
            assert said(5) == []
    database.close()


def move(place: Path, elsewhere: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        file = place.with_name(place.name + ending)
        if file.exists():
            file.rename(elsewhere.with_name(elsewhere.name + ending))


def starts(told: list[str], expected: list[str]) -> bool:
    return len(told) == len(expected) and all(
        line.startswith(words) for line, words in zip(told, expected, strict=True)
    )
