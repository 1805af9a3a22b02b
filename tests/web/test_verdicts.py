"""What pages say of a retirement, wherever its date lies, and whether the model is listed, missing or gone."""

from datetime import datetime, timedelta

import pytest

from catalog import dates
from catalog.domain import Kind, Model
from catalog.web import pages
from tests.store.world import World
from tests.web.conftest import served
from tests.web.rows import SEEN, change, model

NOON = datetime.fromisoformat("2026-11-29T12:00:00Z")
TODAY = NOON.replace(hour=0)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("at", "fields", "said", "undated"),
    [
        (TODAY + 2 * DAY, {}, "Retires 2026-12-01, in 2 days.", "Retires 2026-12-01."),
        (TODAY + DAY, {}, "Retires 2026-11-30, in 1 day.", "Retires 2026-11-30."),
        (NOON.replace(hour=18), {}, "Retires 2026-11-29 18:00, today.", "Retires 2026-11-29 18:00."),
        (
            TODAY,  # it was "0 days ago"
            {},
            "Was to retire 2026-11-29, today, and is still listed.",
            "Was to retire 2026-11-29, and is still listed.",
        ),
        (
            TODAY - DAY,
            {},
            "Was to retire 2026-11-28, 1 day ago, and is still listed.",
            "Was to retire 2026-11-28, and is still listed.",
        ),
        (
            TODAY - DAY,  # it was "and is still listed"
            {"missing_since": TODAY},
            "Was to retire 2026-11-28, 1 day ago.",
            "Was to retire 2026-11-28.",
        ),
        (
            TODAY + DAY,  # it was "Retires 2026-11-30, in 1 day."
            {"removed_at": TODAY},
            "It was to retire 2026-11-30.",
            "It was to retire 2026-11-30.",
        ),
        (
            TODAY - DAY,
            {"removed_at": TODAY},
            "It was to retire 2026-11-28.",
            "It was to retire 2026-11-28.",
        ),
    ],
)
def test_each_date_has_a_sentence(at: datetime, fields: dict[str, datetime], said: str, undated: str) -> None:
    one = model(at, **fields)
    assert told(one).endswith(f" {said}")
    assert told(one, is_dated=False).endswith(f" {undated}")


def test_how_often_a_date_moved_is_said() -> None:
    moves = [change(Kind.CHANGED, SEEN, "retires_at", TODAY, TODAY + number * DAY) for number in (1, 2, 3)]
    ends = [pages.verdict(model(TODAY), moves[:number], NOON, 60).text.rpartition("; ")[2] for number in (1, 2, 3)]
    assert ends == ["this date moved once.", "this date moved twice.", "this date moved 3 times."]


def test_a_date_that_passed_today_is_marked_among_the_dates(world: World) -> None:
    world.lists("a", retires_at=dates.short(world.now))
    world.sync()
    with served(world.url, source="one", now=world.now + timedelta(minutes=1)) as site:
        assert "still listed" in site.get("retirements.html").text


def told(one: Model, *, is_dated: bool = True) -> str:
    return pages.verdict(one, [], NOON, 60, is_dated=is_dated).text
