"""What a browser or reader keeps is good until the next commit, and no longer: each resource, each validator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest

from catalog.web.routes import ROUTES
from tests.server import ModelsServer
from tests.store import world as worlds
from tests.store.world import World
from tests.web.conftest import Reply, served

QUERIES = {"diff": "?from=2026-01-01T00:15:00Z"}
PATHS = [
    f"{route.address({'source': 'one', 'name': 'a'})}.{form}{QUERIES.get(route.name, '')}"
    for route in ROUTES
    for form in route.forms
]
# Nothing in them tells of a model that came, or of a name that changed, at the same minute of the clock.
ALIKE = {"watch.json", "watch.csv", "status.svg", "model/one/a.svg"}
DATED = [path for path in PATHS if path.endswith((".atom", ".feed.json", ".ics"))]
VALIDATORS = {"if_none_match": "etag", "if_modified_since": "last-modified"}
SOON, LATER = timedelta(milliseconds=400), timedelta(seconds=5)


@pytest.fixture
def world(server: ModelsServer, migrated_url: str) -> Iterator[World]:
    """A catalog whose second run has just ended."""
    with worlds.entering(server) as enter:
        made = enter(migrated_url)
        made.lists("a")
        made.sync()
        made.lists("a", "b", retires_at="2026-06-01T00:00:00Z")
        made.sync()
        yield made
        made.check()


@contextmanager
def asking(world: World, after: timedelta) -> Iterator[Callable[..., Reply]]:
    """Serve the world as it is then; gives what asks for a path."""
    with served(world.url, now=world.now + after, source="one", base_url="https://models.example.org") as site:
        yield partial(site.get, host="models.example.org")


def change(world: World, after: float) -> None:
    world.lists("a", "b", "c", display_name="New", retires_at="2026-06-01T00:00:00Z")
    world.sync(after=after)


def kept(get: Callable[..., Reply]) -> dict[str, Reply]:
    found = {path: get(path) for path in PATHS}
    assert {reply.status for reply in found.values()} == {200}
    return found


def demand_news(get: Callable[..., Reply], path: str, old: Reply) -> Reply:
    """Ask again by each validator: either nothing differs, or all of the new answer comes."""
    new = get(path)
    for header, name in VALIDATORS.items():
        if name in old.headers:
            asked = get(path, **{header: old.headers[name]})
            assert (asked.status, asked.body) == ((304, b"") if new.body == old.body else (200, new.body)), path
    return new


def test_what_was_kept_in_the_second_of_a_commit_is_no_good_after_the_next_one(world: World) -> None:
    """A reader that asked by the date alone never saw what the second commit of that second had brought."""
    with asking(world, SOON) as get:
        old, before = kept(get), world.now
        assert {path for path in PATHS if get(path).body != old[path].body} == set()
        change(world, after=-1)
        assert world.now - before < timedelta(seconds=1)
        assert {path for path in PATHS if demand_news(get, path, old[path]).body == old[path].body} == ALIKE


def test_what_was_kept_is_no_good_after_a_later_commit(world: World) -> None:
    """A calendar in which only a name had changed was the old one for a reader that asked by the date alone."""
    with asking(world, LATER) as get:
        old = kept(get)
    change(world, after=10)
    with asking(world, LATER) as get:
        assert [path for path in PATHS if "last-modified" in get(path).headers] == DATED
        for path in PATHS:
            demand_news(get, path, old[path])


@pytest.mark.parametrize("path", DATED)
def test_a_date_is_told_once_nothing_more_can_end_in_its_second(world: World, path: str) -> None:
    with asking(world, SOON) as get:
        assert "last-modified" not in get(path).headers
    with asking(world, LATER) as get:
        told = get(path).headers["last-modified"]
        assert told == "Thu, 01 Jan 2026 00:22:00 GMT"
        assert get(path, if_modified_since=told).status == 304
