"""Dates at the ends of time, as a list may tell them: no page, no feed, no calendar and no folder breaks."""

import re
from pathlib import Path

import pytest

from catalog.web.routes import ROUTES
from tests.store.world import World
from tests.web.conftest import served
from tests.web.test_publish import write

DATES = ("0001-01-02T00:00:00Z", "0001-04-01T00:00:00Z", "9999-11-01T00:00:00Z", "9999-12-31T23:59:59Z")
PLACES = [
    re.sub("<([a-z]+)>", lambda found: {"source": "one", "name": "a"}[found[1]], route.rule.lstrip("/")) + f".{form}"
    for route in ROUTES
    for form in route.forms
]


@pytest.mark.parametrize("date", DATES)
def test_a_date_at_the_ends_of_time_breaks_nothing(world: World, tmp_path: Path, date: str) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a", "b", retires_at=date, deprecated_at=date, created_at=date)
    world.sync()
    with served(world.url, source="one", now=world.now) as site:
        asked = [place + ("?alarm=30d" if place.endswith("ics") else "") for place in PLACES]
        assert {place: status for place in asked if (status := site.get(place).status) != 200} == {}
    for _ in range(2):  # the second time, it asks which dates came near since the first
        write(world.url, tmp_path / "site", source="one", now=world.now, base_url="https://x.example")
