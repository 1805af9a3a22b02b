"""What pages tell of sources: two that share their ids are never mixed, and each page says what is wrong with one."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.store.world import World
from tests.web.conftest import Visitor, served
from tests.web.test_publish import ABSOLUTE, contents, write
from tests.web.test_screens import PAGES, page

pytestmark = pytest.mark.promise("P1", "P9")

# What tells the two apart, whatever the shape: the name, the line, the day, the address.
OF_ONE = {"Name one", "line-one", "2026-02-03", "20260203", "model/one/"}
OF_TWO = {"Name two", "line-two", "2026-03-04", "20260304", "model/two/"}
ALONE = {  # what is asked, with {0} for the source
    "models.html?source={0}",
    "models.json?source={0}",
    "models.csv?source={0}",
    "models.json?source={0}&as_of=2026-01-01T00:25:00Z",
    "models.html?line=line-{0}",
    "model/{0}/shared.html",
    "model/{0}/shared.json",
    "model/{0}/shared.atom",
    "model/{0}/shared.ics",
    "model/{0}/shared.svg?days=3650",
    "watch.html?id={0}:shared",
    "watch.json?id={0}:shared",
    "watch.csv?id={0}:shared",
    "retirements.html?sources={0}",
    "retirements.json?models={0}:*",
    "retirements.csv?lines=line-{0}",
    "retirements.ics?sources={0}",
    "retirements.ics?id={0}:shared",
    "timeline.html?source={0}",
    "timeline.html?id={0}:shared",
    "timeline.svg?source={0}",
    "changes.html?sources={0}&baseline=1",
    "changes.json?sources={0}&baseline=1&events=added,changed",
    "changes.csv?models={0}:*&baseline=1&events=added,changed",
    "changes.atom?sources={0}&baseline=1&events=added,changed",
    "changes.feed.json?id={0}:shared&baseline=1&events=added,changed",
    "diff.html?source={0}&from=2026-01-01T00:30:00Z&to=1h",
    "diff.json?source={0}&from=2026-01-01T00:30:00Z&to=1h",
    "diff.csv?source={0}&from=2026-01-01T00:30:00Z&to=1h",
    "mirror/{0}/v1/models",
    "mirror/{0}/v1/models/shared",
    "mirror/{0}@2026-01-01T00:55:00Z/v1/models/shared",
}
TOGETHER = {  # what is asked of both
    "index.html",
    "models.html",
    "models.csv",
    "watch.json?id=shared",
    "retirements.json",
    "retirements.ics?id=shared",
    "timeline.svg",
    "changes.html?baseline=1",
    "changes.atom?id=shared&baseline=1",
    "diff.html?from=2026-01-01T00:30:00Z&to=1h",
}


@pytest.fixture
def two(world: World) -> World:
    """Two sources that list the same ids; all else about these differs, and changed."""
    for old in (" before", ""):
        for source, day in (("one", "2026-02-03"), ("two", "2026-03-04")):
            told = {"line": f"line-{source}", "retires_at": f"{day}T00:00:00Z"}
            world.lists("shared", "a/b", display_name=f"Name {source}{old}", **told)
            world.sync(name=source)
    world.pass_minutes(70)
    return world


@pytest.fixture
def sites(two: World) -> Iterator[Visitor]:
    with served(two.url, now=two.now, source="one", also=("two",), mirror_open=True) as visitor:
        yield visitor


def told(text: str) -> tuple[set[str], set[str]]:
    """Give what a text tells of each of the two sources."""
    return {word for word in OF_ONE if word in text}, {word for word in OF_TWO if word in text}


def test_ids_that_two_sources_share_are_not_mixed_where_one_is_asked_for(sites: Visitor) -> None:
    mixed = dict[str, object]()
    for path in ALONE:
        for number, source in enumerate(("one", "two")):
            reply = sites.get(path.format(source))
            found = told(reply.text)
            if reply.status != 200 or not found[number] or found[1 - number]:
                mixed[path.format(source)] = (reply.status, *found)
    assert mixed == {}


def test_ids_that_two_sources_share_are_told_apart_where_both_are_asked_for(sites: Visitor) -> None:
    lacking = {path: found for path in TOGETHER if not all(found := told(sites.get(path).text))}
    assert lacking == {}
    uids = re.findall("UID:(.+)", sites.get("retirements.ics").text)
    ids = re.findall("<id>(.+?)</id>", sites.get("changes.atom?baseline=1").text)
    assert (len(uids), len({*uids})) == (4, 4)
    assert len(ids) == len({*ids}) > 4
    verdicts = json.loads(sites.get("watch.json?id=shared&days=3650").body)
    assert [(each["source"], each["retires_at"][:10]) for each in verdicts] == [
        ("one", "2026-02-03"),
        ("two", "2026-03-04"),
    ]


def test_ids_that_two_sources_share_have_files_of_their_own(two: World, tmp_path: Path) -> None:
    write(two.url, tmp_path / "site", now=two.now, source="one", also=("two",), base_url=ABSOLUTE)
    files = {name: body.decode() for name, body in contents(tmp_path / "site").items()}
    mixed = dict[str, object]()
    for number, source in enumerate(("one", "two")):
        own = [
            name for name in files if name.startswith((f"model/{source}/", f"source/{source}/", f"line/line-{source}"))
        ]
        assert len(own) >= 10
        mixed |= {name: told(files[name]) for name in own if told(files[name])[1 - number]}
    assert mixed == {}
    write(two.url, tmp_path / "narrow", now=two.now, source="one", also=("two",), base_url=ABSOLUTE, sources=("two",))
    narrow = {name: told(body.decode())[0] for name, body in contents(tmp_path / "narrow").items()}
    assert {name: found for name, found in narrow.items() if found} == {}


# What is wrong with one source, on each page.


def stale(world: World) -> None:
    world.pass_minutes(4 * 60)


def held(world: World) -> None:
    world.lists("a")
    world.sync()


def failing(world: World) -> None:
    for _ in range(3):
        world.cut()


def unread(world: World) -> None:
    """Nothing: the second source was never read."""


WRONG: dict[Callable[[World], None], tuple[str, str]] = {
    stale: ("one stale", "stale after 3 h"),
    held: ("one held", "catalog sync one --accept"),
    failing: ("one failing", "HTTP 500"),
    unread: ("two never read", "catalog sync two"),
}


@pytest.mark.parametrize("what", WRONG, ids=lambda what: what.__name__)
def test_what_is_wrong_with_a_source_stands_on_each_page(
    world: World, tmp_path: Path, what: Callable[[World], None]
) -> None:
    world.lists(*"abcdefghijkl")
    world.sync()
    what(world)
    strip, told = WRONG[what]
    also = ("two",) if what is unread else ()
    with served(world.url, now=world.now, source="one", also=also) as site:
        for path in (*(f"{name}.html" for name in PAGES), "model/one/a.html"):
            text = page(site, path).text
            assert strip in text, path
            assert "Everything works" not in text, path
        assert told in page(site, "status.html").text
        assert 'class="strip bad"' in site.get("models.html").text
        assert site.get("healthz").status == 200, "that the pages are served"
        badge = site.get("status.svg").text
        assert "fresh" not in badge
    write(world.url, tmp_path / "site", now=world.now, source="one", also=also)
    for name in ("index.html", "status.html"):
        text = contents(tmp_path / "site")[name].decode()
        assert f'<span class="word">{strip.split(" ", 1)[1]}</span>' in text
        assert "HTTP 500" not in text


def test_a_wave_is_one_line_in_every_shape(world: World, tmp_path: Path) -> None:
    ids = [f"model-{number}" for number in range(9)]
    world.lists(*ids)
    world.sync()
    world.lists(*ids, lifecycle="deprecated")
    world.sync()
    alone = "model-3: lifecycle"
    with served(world.url, now=world.now, source="one") as site:
        for path in ("index.html", "changes.html"):
            text = page(site, path).text
            assert text.count("on 9 of 9 models") == 1, path
            assert alone not in text
        for path in ("changes.atom?events=changed", "changes.feed.json?events=changed"):
            assert site.get(path).text.count("on 9 of 9 models") == 1, path
            assert alone not in site.get(path).text
        rows = json.loads(site.get("changes.json?events=changed").body)
        assert {row["model_id"] for row in rows} == {*ids}
        assert "1 field changed" in page(site, "model/one/model-3.html").text
    write(world.url, tmp_path / "site", now=world.now, source="one", base_url=ABSOLUTE)
    for name in (
        "index.html",
        "changes.html",
        "source/one/changes.html",
        "changes.atom",
        "source/one/changes.feed.json",
    ):
        assert contents(tmp_path / "site")[name].decode().count("on 9 of 9 models") == 1, name


def test_dates_of_one_source_that_came_near_in_the_same_minute_share_a_block(world: World) -> None:
    for source in ("one", "two"):
        world.lists(*(f"{source}-{number}" for number in range(3)), retires_at="2026-06-01T00:00:00Z")
        world.sync(name=source)
    with served(world.url, now=world.now + timedelta(days=130), source="one", also=("two",)) as site:
        text = site.get("changes.html?events=retiring").text
    blocks = [re.findall("<li class=.retiring.", block) for block in text.split('<section class="block">')[1:]]
    assert {len(found) for found in blocks} == {3}
    assert len(blocks) % 2 == 0
