"""The stream page by page: what runs found and the milestones of dates, together as many as asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import combinations

import pytest

from catalog import dates
from catalog.config import Config
from catalog.settings import DatabaseSettings, SourceSettings
from catalog.store.queries import log
from catalog.web import asked, names, stream
from catalog.web.asked import ChangesQuestion, Moment, Surroundings
from catalog.web.entries import FeedEntry
from catalog.web.server.visit import Visit
from catalog.wiring import sites
from tests import server as plays
from tests.store.world import START, World
from tests.web.conftest import served

pytestmark = pytest.mark.promise("P7")
DAY = 24 * 60  # minutes
EVERY = ChangesQuestion(events=("added", "changed", "overdue", "removed", "retiring", "returned"), limit=1000)
NOW = START + timedelta(days=100)


@contextmanager
def visiting(world: World, now: object = NOW) -> Iterator[Visit]:
    config = Config(database=DatabaseSettings(url=world.url), sources=(SourceSettings(name="one"),))
    with world.database.read() as connection:
        yield Visit(
            site=sites.site(config, world.database, ("", 0)),
            connection=connection,
            now=now,  # type: ignore[arg-type]
            name="changes",
            form="html",
            path={},
            question=EVERY,
            base_url="",
            sources=["one"],
        )


def dated(id: str, days: int) -> dict[str, object]:
    return plays.model(id, retires_at=f"{START + timedelta(days=days):%Y-%m-%d}T00:00:00Z")


@pytest.fixture
def told(world: World) -> World:
    """Runs that find much, dates that share their milestones, and milestones of the very time of a run."""
    world.server.models = [plays.model("a"), plays.model("b"), *(dated(id, 40) for id in "cdefgh")]
    world.sync()
    world.server.models += [dated(id, 20) for id in "klm"]  # known late: their milestone is told at this run
    world.sync(after=2 * DAY)
    world.server.models = [{**each, "line": "opus", "display_name": "!"} for each in world.server.models[1:]]
    world.sync(after=8 * DAY)
    world.sync(after=2 * DAY)
    world.server.models += [plays.model("a"), plays.model("n")]
    world.sync(after=11 * DAY)
    world.server.models = [dated(id, 40) for id in "cdef"]
    world.sync(name="another")  # milestones of both come in the same moments
    return world


def pages(visit: Visit, question: ChangesQuestion) -> Iterator[list[FeedEntry]]:
    """Follow the stream to its end, as the addresses of its pages have it."""
    around = Surroundings(now=visit.now, sources=visit.sources)
    while True:
        found = stream.collect(visit, question)
        yield list(found.entries)
        if found.on is None:
            return
        text = asked.write(question, before=found.on)[1:]
        pairs = [(part.partition("=")[0], part.partition("=")[2].replace("%20", " ")) for part in text.split("&")]
        question = asked.read("changes", pairs, around)


@pytest.mark.parametrize("are_many", [False, True])
def test_pages_of_any_length_hold_every_entry_once(
    told: World, monkeypatch: pytest.MonkeyPatch, are_many: bool
) -> None:
    if are_many:
        monkeypatch.setattr(log, "_FEW", 2)
    with visiting(told) as visit:
        [whole] = pages(visit, EVERY)
        kinds = [entry.kind for entry in whole]
        assert {"added", "removed", "returned", "retiring", "overdue", "wave"} <= {*kinds}
        times = [entry.updated for entry in whole]
        assert times == sorted(times, reverse=True)
        assert len({entry.uid for entry in whole}) == len(whole) > 40
        for limit in (1, 2, 3, 5, 8, len(whole) - 1, len(whole), len(whole) + 1):
            found = list(pages(visit, replace(EVERY, limit=limit)))
            assert [entry for some in found for entry in some] == whole, limit
            assert {len(some) for some in found[:-1]} <= {limit}
            assert 0 < len(found[-1]) <= limit


@pytest.mark.parametrize("are_many", [False, True])
def test_a_span_of_time_holds_what_the_whole_stream_holds_of_it(
    told: World, monkeypatch: pytest.MonkeyPatch, are_many: bool
) -> None:
    if are_many:
        monkeypatch.setattr(log, "_FEW", 2)
    with visiting(told) as visit:
        [whole] = pages(visit, EVERY)
        moments = sorted({entry.updated for entry in whole})[::4]
        for start, end in combinations(moments, 2):
            since, until = (Moment(dates.to_text(moment), moment) for moment in (start, end))
            found = pages(visit, replace(EVERY, since=since, until=until, limit=9))
            assert [entry for some in found for entry in some] == [one for one in whole if start <= one.updated < end]


def test_a_place_in_the_stream_stays_when_more_is_told(told: World) -> None:
    with visiting(told, told.now) as visit:
        first, *rest = pages(visit, replace(EVERY, limit=7))
        on = stream.collect(visit, replace(EVERY, limit=7)).on
    told.lists("z")
    told.sync(after=DAY)
    with visiting(told, NOW + timedelta(days=10)) as visit:
        assert list(pages(visit, replace(EVERY, limit=7, before=on))) == rest
        assert first[-1] in stream.collect(visit, EVERY).entries


def test_feeds_have_as_many_entries_as_asked_for_of_both(told: World) -> None:
    words = ",".join(EVERY.events)
    with visiting(told) as visit:
        [whole] = pages(visit, EVERY)
    with served(told.url, now=NOW, source="one") as site:
        for limit in (1, 4, 20, 1000):
            feed = site.get(f"changes.atom?events={words}&limit={limit}").text
            ids = [part.split("<")[0] for part in feed.split("<id>")]
            assert ids[2:] == [entry.uid for entry in whole[:limit]]


@pytest.mark.parametrize(
    "text", ["0", "-1", "2147483647", "abc", "2026-01-01:x", "2026-01-01T00:00:00.000000Z:", ":", "12:34"]
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no place in the stream"):
        names.stand(text, None)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ("lowered", [{"max_tokens"}]),
        ("changed", [{"line", "max_input_tokens", "max_tokens"}]),
        ("lowered,changed:line", [{"line", "max_tokens"}]),
        ("lowered,added", [{"max_tokens"}, {None}]),
        ("added", [{None}]),
    ],
)
def test_the_words_of_a_channel_choose_what_is_told(world: World, events: str, told: list[set[str | None]]) -> None:
    world.lists("b", "c")
    world.sync()
    world.lists("a", "b", "c")
    world.sync()
    world.server.models[0] |= {"max_tokens": 32_000, "max_input_tokens": 1_000_000, "line": "opus"}
    world.sync()
    with visiting(world) as visit:
        around = Surroundings(now=visit.now, sources=visit.sources)
        found = stream.collect(visit, asked.read("changes", [("events", events)], around))
        assert [{change.field for change in entry.changes} for entry in found.entries] == told
