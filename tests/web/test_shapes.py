"""Feeds, calendars, badges and the timeline as the server answers them, over histories that real walks made."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import feedparser  # type: ignore[import-untyped]
import pytest
import vobject  # type: ignore[import-untyped]

from catalog.text import harmless
from catalog.web import names
from catalog.web.markup import static
from tests.server import ModelsServer
from tests.server import model as listed
from tests.store import world as worlds
from tests.store.world import World
from tests.web import hostile
from tests.web.conftest import NOW, Reply, Visitor, served
from tests.web.test_feeds import ATOM, demand_json_feed, demand_rfc_4287

SVG = "{http://www.w3.org/2000/svg}"
MEDIA = {
    "changes.atom": "application/atom+xml; charset=utf-8",
    "changes.feed.json": "application/feed+json",
    "retirements.ics": "text/calendar; charset=utf-8",
    "timeline.svg": "image/svg+xml",
    "status.svg": "image/svg+xml",
    "model/demo/claude-opus-5.atom": "application/atom+xml; charset=utf-8",
    "model/demo/claude-opus-5.ics": "text/calendar; charset=utf-8",
    "model/demo/claude-opus-5.svg": "image/svg+xml",
}
DATED = [path for path in MEDIA if not path.endswith("svg")]


@pytest.fixture
def world(server: ModelsServer, migrated_url: str) -> Iterator[World]:
    """A catalog with its schema and no rows, and the list that it reads."""
    with worlds.entering(server) as enter:
        made = enter(migrated_url)
        yield made
        made.check()


@contextmanager
def asking(world: World, now: datetime | None = None) -> Iterator[Callable[[str], Reply]]:
    """Serve a world as it is, at its present moment; gives what asks for an address, which there must be."""

    def ask(path: str) -> Reply:
        answer = site.get(path, host="models.example.org")
        assert answer.status == HTTPStatus.OK
        return answer

    with served(world.url, now=now or world.now, source="one", base_url="https://models.example.org/x") as site:
        yield ask


def asked(world: World, path: str, now: datetime | None = None) -> Reply:
    """Ask a world once."""
    with asking(world, now) as ask:
        return ask(path)


@pytest.mark.parametrize("path", MEDIA)
def test_each_shape_has_its_type_and_is_the_same_when_asked_again(site: Visitor, path: str) -> None:
    first, again = site.get(path), site.get(path)
    assert (first.status, first.headers["content-type"]) == (HTTPStatus.OK, MEDIA[path])
    assert first.body == again.body
    assert site.get(path, if_none_match=first.headers["etag"]).status == HTTPStatus.NOT_MODIFIED
    assert site.get(path, method="HEAD").body == b""


@pytest.mark.parametrize("path", DATED)
def test_feeds_and_calendars_say_when_they_changed(site: Visitor, path: str) -> None:
    first = site.get(path)
    told = first.headers["last-modified"]
    assert site.get(path, if_modified_since=told).status == HTTPStatus.NOT_MODIFIED


@pytest.mark.parametrize("path", MEDIA)
def test_an_unknown_parameter_is_refused_by_each_shape(site: Visitor, path: str) -> None:
    assert site.get(f"{path}?nonsense=1").status == HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize("form", ["atom", "ics", "svg"])
def test_an_unknown_model_has_no_shape(site: Visitor, form: str) -> None:
    assert site.get(f"model/demo/claude-nothing.{form}").status == HTTPStatus.NOT_FOUND


def test_both_feeds_tell_the_same_and_readers_understand_them(site: Visitor) -> None:
    body = site.get("changes.atom").body
    demand_rfc_4287(body, "http://127.0.0.1:")
    read = feedparser.parse(body)
    document = demand_json_feed(site.get("changes.feed.json").body)
    assert read.bozo == 0
    assert [entry.id for entry in read.entries] == [item["id"] for item in document["items"]]
    assert [entry.title for entry in read.entries] == [item["title"] for item in document["items"]]
    assert len(read.entries) > 10


def ids(site: Visitor, query: str) -> list[str]:
    return [item["id"] for item in json.loads(site.get(f"changes.feed.json{query}").body)["items"]]


def test_limit_and_moments_reach_all_entries(site: Visitor) -> None:
    every = ids(site, "?limit=1000")
    assert ids(site, "?limit=7") == every[:7]
    halves = ids(site, "?limit=1000&since=2026-01-01"), ids(site, "?limit=1000&until=2026-01-01")
    assert [*halves[0], *halves[1]] == every
    assert all(halves)


def test_a_feed_is_named_by_its_filter_and_not_by_its_length(site: Visitor) -> None:
    def feed(query: str) -> Any:
        return feedparser.parse(site.get(f"changes.atom{query}").body).feed

    assert feed("").title == "Model changes"
    assert feed("?models=claude-opus-*&limit=9").title == "Model changes: models=claude-opus-*, limit=9"
    assert feed("?models=claude-opus-*&limit=9").id == feed("?models=claude-opus-*").id
    assert feed("?models=claude-opus-*").id != feed("").id
    assert all("opus" in title for title in titles(site, "changes.atom?models=claude-opus-*"))


def titles(site: Visitor, path: str) -> list[str]:
    return [entry.title for entry in feedparser.parse(site.get(path).body).entries]


def test_the_feed_of_a_model_tells_of_it_alone(site: Visitor) -> None:
    found = feedparser.parse(site.get("model/demo/claude-opus-5.atom").body)
    assert found.feed.title == "claude-opus-5 (demo)"
    assert found.entries
    assert all("claude-opus-5" in entry.title or "of 10 models" in entry.title for entry in found.entries)


def test_entries_that_were_told_once_never_change(world: World) -> None:
    """Polled after each of ten walks, an entry that is in the feed is the one that it was, byte for byte."""
    seen = dict[str, bytes]()
    days = [None, "2026-03-01", "2026-03-09", "2026-03-09", "2026-01-20"]
    for number in range(10):
        some = [f"m{each}" for each in range(12) if number % 4 != 3 or each % 5]
        world.lists(*some, retires_at=days[number % 5] and f"{days[number % 5]}T00:00:00Z", line=f"line-{number // 3}")
        world.sync(after=3 * 24 * 60)
        feed = demand_rfc_4287(
            asked(world, "changes.atom?events=added,removed,returned,changed,changed:*,retiring").body
        )
        for entry in feed.findall(f"{ATOM}entry"):
            uid, told = entry.findtext(f"{ATOM}id") or "", ET.tostring(entry)
            assert seen.setdefault(uid, told) == told
    assert len(seen) > 20


def test_a_catalog_that_read_nothing_has_empty_shapes(world: World) -> None:
    assert feedparser.parse(asked(world, "changes.atom").body).bozo == 0
    assert demand_json_feed(asked(world, "changes.feed.json").body)["items"] == []
    assert b"VEVENT" not in asked(world, "retirements.ics").body
    assert ET.fromstring(asked(world, "timeline.svg").body).attrib["aria-label"] == "Lifespans of 0 models"
    assert "No model fits" in asked(world, "timeline.html").text


def event(reply: Reply) -> Any:
    [found] = vobject.readOne(reply.text).vevent_list
    return found


@pytest.mark.parametrize("path", ["model/one/a.ics", "retirements.ics", "retirements.ics?models=a*&sources=one"])
def test_a_date_that_moves_four_times_is_one_event(world: World, path: str) -> None:
    uids, stamps = set(), list[datetime]()
    for number, day in enumerate(["2026-05-01", "2026-06-01", "2026-05-15", "2026-07-01", "2026-08-01"]):
        world.lists("a", retires_at=f"{day}T00:00:00Z")
        world.sync()
        moved = asked(world, path)
        assert event(moved).sequence.value == str(number)
        assert str(event(moved).dtstart.value) == day
        uids.add(event(moved).uid.value)
        stamps.append(event(moved).dtstamp.value)
        world.sync()
        assert asked(world, path).body == moved.body
    assert len(uids) == 1
    assert stamps == sorted(set(stamps))
    world.lists("a")
    world.sync()
    assert event(asked(world, path)).status.value == "CANCELLED"
    assert str(event(asked(world, path)).dtstart.value) == "2026-08-01"
    assert b"VEVENT" not in asked(world, path, now=world.now + timedelta(days=91)).body


def test_a_calendar_holds_exactly_what_its_filter_admits(world: World) -> None:
    near, far = "2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z"
    world.server.models = [
        listed("a", retires_at=near, line="opus"),
        listed("b", retires_at=far, line="haiku"),
        listed("c"),
        listed("claude-watched", retires_at=far),
    ]
    world.sync()

    def found(query: str) -> list[str]:
        calendar = vobject.readOne(ask(f"retirements.ics{query}").text)
        return [each.summary.value.partition(" ")[0] for each in calendar.contents.get("vevent", [])]

    with asking(world) as ask:
        assert found("") == ["a", "b", "claude-watched"]
        assert found("?days=100") == ["a"]
        assert found("?lines=haiku") == ["b"]
        assert found("?id=a&id=c") == ["a"]
        assert found("?watched=1") == []
        assert found("?watched=1&id=b") == ["b"]
        reminded = event(ask("retirements.ics?id=a&alarm=30d&alarm=12h"))
        assert {alarm.trigger.value for alarm in reminded.valarm_list} == {-timedelta(days=30), -timedelta(hours=12)}
        assert reminded.url.value == "https://models.example.org/x/model/one/a.html"
        named = ask("retirements.ics?models=a*&lines=opus").text.replace("\r\n ", "")
        assert "X-WR-CALNAME:Model retirements: models=a*\\, lines=opus" in named


def test_a_model_that_moved_its_date_among_very_many(world: World) -> None:
    """The log of more models than are read at once is whole."""
    for day in ("2026-05-01", "2026-06-01"):
        world.lists(*(f"m{number:03}" for number in range(450)), retires_at=f"{day}T00:00:00Z")
        world.sync()
    calendar = vobject.readOne(asked(world, "retirements.ics").text)
    assert {each.sequence.value for each in calendar.vevent_list} == {"1"}
    assert len(calendar.vevent_list) == 450


def rows(body: bytes) -> dict[str, str]:
    """Give the titles of a picture's rows by what their labels say."""
    found = ET.fromstring(body).iter(f"{SVG}a")
    return {"".join(row.itertext()).partition(")")[0]: row.findtext(f"{SVG}title") or "" for row in found}


def test_the_timeline_shows_what_walks_proved(world: World) -> None:
    world.lists("stays", "goes", "lost", "comes back")
    world.sync()
    world.lists("stays", "lost", "new")
    world.sync(after=24 * 60)
    world.sync(after=24 * 60)
    world.lists("stays", "new", "comes back")
    world.sync(after=24 * 60)
    told = {title.partition(" (one): ")[0]: title for title in rows(asked(world, "timeline.svg").body).values()}
    assert told == {
        "stays": "stays (one): already there on 2026-01-01",
        "goes": "goes (one): already there on 2026-01-01, gone by 2026-01-02",
        "lost": "lost (one): already there on 2026-01-01, missing, last seen 2026-01-03",
        "comes back": "comes back (one): already there on 2026-01-01, came back by 2026-01-04",
        "new": "new (one): came by 2026-01-02",
    }
    page = asked(world, "timeline.html").text
    assert 'class="gone"' in page
    assert 'class="dots"' not in asked(world, "timeline.svg").text
    assert 'class="dots"' in asked(world, "timeline.svg", now=world.now + timedelta(days=30)).text


def test_the_timeline_shows_the_models_that_were_asked_for(site: Visitor) -> None:
    def found(query: str) -> set[str]:
        return {title.partition(" ")[0] for title in rows(site.get(f"timeline.svg{query}").body).values()}

    assert len(found("")) > 15
    assert found("?match=claude-opus-5") == {"claude-opus-5"}
    assert found("?id=claude-opus-5&id=claude-2.1") == {"claude-opus-5", "claude-2.1"}
    assert found("?id=demo:claude-opus-5") == {"claude-opus-5"}
    assert all("opus" in name for name in found("?q=OPUS"))
    assert len(found("?watched=1")) == 3
    assert found("?watched=1&id=claude-2.1") > found("?watched=1")
    assert len(found("?limit=2")) == 2
    assert len(found("?limit=2&watched=1")) == 2
    assert "There are more models than these 2" in site.get("timeline.html?limit=2").text
    assert "There are more" not in site.get("timeline.html").text
    assert "today, " not in site.get("timeline.svg?from=2025-01-01&to=2025-06-01").text
    assert site.get("timeline.svg?from=2026-01-01&to=2025-06-01").status == HTTPStatus.BAD_REQUEST


def test_the_page_of_the_timeline_is_a_picture_and_a_folded_table(site: Visitor) -> None:
    page = site.get("timeline.html").text
    assert '<div class="scroll" role="region" aria-label="Lifespans" tabindex="0"><svg class="timeline ' in page
    assert page.count('<a transform="translate(0 ') == page.count('<th scope="row">')
    assert static()["picture.css"][0] in page
    assert " style=" not in page
    assert "<style" not in page


def test_a_picture_that_stands_alone_has_its_style_wherever_it_is(site: Visitor) -> None:
    """Opened at the site, whose policy forbids the style inside of it, it takes the same from beside."""
    address, style = static()["picture.css"]
    drawn = site.get("timeline.svg").text
    assert drawn.startswith(f'<?xml-stylesheet type="text/css" href="{address}"?><svg ')
    assert f"<style>{style.decode()}</style>" in drawn
    assert site.get(address).body == style


def drawn(page: str) -> list[str]:
    """Give the links of a page's picture."""
    return re.findall(r'<a transform="translate\(0 [0-9]+\)" href="([^"]+)"', page)


def test_the_first_page_draws_what_is_watched_retires_or_changed_lately(site: Visitor) -> None:
    page = site.get("index.html").text
    found = drawn(page)
    assert len(set(found)) == len(found)
    assert {"model/demo/claude-opus-5.html", "model/demo/claude-sonnet-4-5-20250929.html"} < set(found)
    assert "model/demo/claude-2.1.html" not in found
    assert static()["picture.css"][0] in page
    for address in found:
        assert site.get(address).status == HTTPStatus.OK


def test_the_first_page_draws_few_of_many_models_and_nothing_of_none(world: World) -> None:
    assert drawn(asked(world, "index.html").text) == []
    assert static()["picture.css"][0] not in asked(world, "index.html").text
    world.lists("a")
    world.sync()
    for number in range(4):
        listed_now = [f"m{number}-{each}" for each in range(10)]
        world.lists("a", *listed_now, retires_at="2026-05-01T00:00:00Z")
        world.sync()
    assert 10 <= len(drawn(asked(world, "index.html").text)) <= 25


def test_the_page_of_a_model_draws_its_own_life(site: Visitor) -> None:
    page = site.get("model/demo/claude-opus-5.html").text
    assert drawn(page) == ["../../model/demo/claude-opus-5.html"]
    assert static()["picture.css"][0] in page


def badge(reply: Reply) -> list[str]:
    return [text.text or "" for text in ET.fromstring(reply.body).iter(f"{SVG}text")]


def test_badges_say_how_a_model_and_the_catalog_fare(site: Visitor) -> None:
    assert badge(site.get("model/demo/claude-opus-5.svg")) == ["claude-opus-5", "listed"]
    assert badge(site.get("model/demo/claude-2.1.svg")) == ["claude-2.1", "gone"]
    assert badge(site.get("model/demo/claude-sonnet-4-5-20250929.svg")) == [
        "claude-sonnet-4-5-20250929",
        "retires 2026-11-30",
    ]
    assert badge(site.get("model/demo/claude-sonnet-4-5-20250929.svg?days=7"))[1] == "deprecated"
    assert badge(site.get("status.svg")) == ["model catalog", "fresh"]
    with served(site.url, now=NOW + timedelta(days=9)) as later:
        assert badge(later.get("status.svg")) == ["model catalog", "stale"]


def test_no_id_of_a_list_harms_a_shape(world: World) -> None:
    """Every id that a list can hold goes through every shape, and comes out as its harmless spelling."""
    world.server.models = [
        listed(id, display_name=id, retires_at="2026-05-01T00:00:00Z", line=id) for id in dict.fromkeys(hostile.TEXTS)
    ]
    world.sync()
    world.server.models.append(listed("<new>"))
    world.sync()
    seen = [id for (id,) in world.rows("models", "id")]
    assert len(seen) > 30
    with asking(world) as ask:
        calendar = vobject.readOne(ask("retirements.ics").text)
        assert {each.summary.value for each in calendar.vevent_list} == {
            f"{harmless(id)} retires (one)" for id in seen if id != "<new>"
        }
        titles = {title.rpartition(" (one): ")[0] for title in rows(ask("timeline.svg?limit=200").body).values()}
        assert titles == {harmless(id) for id in seen}
        page = ask("timeline.html?limit=200").text
        assert "<script>" not in page
        assert escape("<new>") in page
        for path in ("changes.atom?baseline=1", "changes.atom"):
            assert feedparser.parse(ask(path).body).bozo == 0
            demand_rfc_4287(ask(path).body)
        demand_json_feed(ask("changes.feed.json?baseline=1").body)
        for id in seen:
            path = quote(names.model_path("one", id, ""), safe="/~")
            assert badge(ask(f"{path}svg"))[0] == harmless(id)
            demand_rfc_4287(ask(f"{path}atom").body)
            vobject.readOne(ask(f"{path}ics").text)
