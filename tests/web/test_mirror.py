"""The mirror: the Models API answered from the catalog, read by the official SDK and by our own sync."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anthropic
import pytest

from catalog import clock, library
from catalog.cli.running.demo import SOURCE
from catalog.demo import history, play
from catalog.domain import FIELDS, ModelInfo
from catalog.service.sync import Options, sync_source
from catalog.settings import SourceSettings
from catalog.store.engine import database as databases
from catalog.store.queries import history as catalogs
from catalog.store.schema import upgrade
from catalog.upstream.client import SourceClient
from tests import server as plays
from tests.store.world import World
from tests.web.conftest import Visitor, served
from tests.web.hostile import TEXTS

pytestmark = pytest.mark.promise("P2", "P6")
KEY = "mirror-key-0123456789"
LIMITS = (1, 2, 3, 7, 1000)
MOMENTS = [look.at + timedelta(minutes=5) for look in play.looks(history.load())]
UNSAFE_TO_SDK = {".", ".."}  # the SDK asks for no such path
USABLE = [text for text in TEXTS if text.isprintable() and text not in UNSAFE_TO_SDK]  # a list's other ids are none


@pytest.fixture(scope="module")
def mirror(demo_file: Path) -> Iterator[Visitor]:
    with served(f"sqlite:///{demo_file}", mirror_open=True) as visitor:
        yield visitor


def sdk(visitor: Visitor, place: str, key: str = "none") -> anthropic.Anthropic:
    host, port = visitor.address
    return anthropic.Anthropic(api_key=key, base_url=f"http://{host}:{port}/mirror/{place}", max_retries=0)


def listed(url: str) -> list[str]:
    """The ids of a catalog in the mirror's order."""
    with library.opened(url) as database, database.read() as connection:
        found = list(catalogs.models(connection))
    newest = sorted(found, key=lambda model: (model.created_at is None, -_seconds(model.created_at), model.id))
    return [model.id for model in newest]


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


@pytest.mark.parametrize("limit", LIMITS)
def test_the_official_sdk_reads_all_of_it_in_both_directions(mirror: Visitor, limit: int) -> None:
    wanted = listed(mirror.url)
    client = sdk(mirror, SOURCE)
    assert [model.id for model in client.models.list(limit=limit)] == wanted
    pages = list(client.models.list(limit=limit, before_id=wanted[-1]).iter_pages())
    assert [model.id for page in reversed(pages) for model in page.data] == wanted[:-1]


def test_a_model_is_found_by_its_id_whatever_it_holds(world: World) -> None:
    world.lists(*USABLE)
    world.sync()
    with served(world.url, now=world.now, source="one", mirror_open=True) as visitor:
        client = sdk(visitor, "one")
        assert [client.models.retrieve(id).id for id in USABLE] == USABLE
        assert visitor.get("mirror/one/v1/models/%2E%2E").status == 404


@pytest.mark.parametrize(
    ("place", "asked", "raised"),
    [
        (SOURCE, {"id": "no-such-model"}, anthropic.NotFoundError),
        (SOURCE, {"limit": 0}, anthropic.BadRequestError),
        (SOURCE, {"limit": 1001}, anthropic.BadRequestError),
        (SOURCE, {"after_id": "never-seen"}, anthropic.BadRequestError),
        (SOURCE, {"before_id": "never-seen"}, anthropic.BadRequestError),
        (SOURCE, {"before_id": "a", "after_id": "b"}, anthropic.BadRequestError),
        ("other", {}, anthropic.NotFoundError),
        (f"{SOURCE}@2020-01-01", {}, anthropic.NotFoundError),
        (f"{SOURCE}@2999-01-01", {}, anthropic.BadRequestError),
        (f"{SOURCE}@sometime", {}, anthropic.BadRequestError),
        (f"{SOURCE}/x", {}, anthropic.NotFoundError),
    ],
    ids=str,
)
def test_what_cannot_be_answered_is_an_error_that_the_sdk_knows(
    mirror: Visitor, place: str, asked: Any, raised: type[anthropic.APIStatusError]
) -> None:
    models = sdk(mirror, place).models
    with pytest.raises(raised) as caught:
        models.retrieve(asked["id"]) if "id" in asked else models.list(**asked)
    error = caught.value
    assert error.body == {**error.body, "type": "error", "request_id": error.request_id}  # type: ignore[dict-item]
    assert error.response.headers["x-should-retry"] == "false"


def test_a_moment_before_the_catalog_says_when_it_begins(mirror: Visitor) -> None:
    reply = mirror.get(f"mirror/{SOURCE}@2020-01-01/v1/models")
    first = min(MOMENTS)
    assert f"begins at {first:%Y-%m-%d}" in reply.text


def test_the_key_opens_it_as_either_header_and_nothing_else_does(
    demo_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIRROR_KEY", KEY)
    path = f"mirror/{SOURCE}/v1/models?limit=1"
    with served(f"sqlite:///{demo_file}", mirror_key_env="MIRROR_KEY") as visitor:
        assert visitor.get(path, x_api_key=KEY).status == 200
        assert visitor.get(path, authorization=f"Bearer {KEY}").status == 200
        wrong: tuple[dict[str, str], ...] = (
            {},
            {"x_api_key": "wrong"},
            {"authorization": "Bearer wrong"},
            {"x_api_key": "\xff"},
        )
        for headers in wrong:
            reply = visitor.get(path, **headers)  # type: ignore[arg-type] # names of headers alone
            assert (reply.status, json.loads(reply.body)["error"]["type"]) == (401, "authentication_error")
            assert KEY not in reply.text
        with pytest.raises(anthropic.AuthenticationError):
            sdk(visitor, SOURCE, "wrong").models.list()


def test_without_a_key_or_leave_there_is_no_mirror(site: Visitor) -> None:
    assert site.get(f"mirror/{SOURCE}/v1/models").status == 404


def test_only_reading_is_answered_and_every_answer_has_its_headers(mirror: Visitor) -> None:
    path = f"mirror/{SOURCE}/v1/models"
    assert mirror.get(path, method="POST", body=b"{}").status == 405
    assert mirror.get(path, body=b"{}").status == 413
    reply = mirror.get(f"{path}?limit=1&beta=x&unknown=1", anthropic_version="1999-01-01")
    assert reply.status == 200
    assert reply.headers["x-catalog-last-whole-walk"].startswith("2026-10-07T09:00:")
    assert not [name for name in reply.headers if "organization" in name or "workspace" in name]
    assert mirror.get(f"{path}?limit=1", if_none_match=reply.headers["etag"]).status == 304
    assert "x-catalog-last-whole-walk" in mirror.get(f"{path}/unknown").headers


def test_a_source_that_was_never_read_whole_has_no_list(world: World) -> None:
    world.unclean("a", "b")
    with served(world.url, now=world.now, source="one", mirror_open=True) as visitor:
        reply = visitor.get("mirror/one/v1/models")
    assert (reply.status, json.loads(reply.body)["error"]["type"]) == (503, "api_error")
    assert "x-should-retry" not in reply.headers


def test_a_configured_source_without_a_run_has_no_list_and_another_is_unknown(world: World) -> None:
    with served(world.url, now=world.now, source="one", mirror_open=True) as visitor:
        for path, status in (("one/v1/models", 503), ("one/v1/models/a", 503), ("two/v1/models", 404)):
            assert visitor.get(f"mirror/{path}").status == status, path


@pytest.mark.parametrize("is_open", [True, False])
def test_the_mirror_answers_our_own_names_alone(demo_file: Path, is_open: bool) -> None:
    with served(f"sqlite:///{demo_file}", mirror_open=is_open) as visitor:
        reply = visitor.get(f"mirror/{SOURCE}/v1/models", Host="evil.example")
    assert (reply.status, json.loads(reply.body)["error"]["type"]) == (400, "invalid_request_error")
    assert b"claude" not in reply.body


def test_what_is_missing_is_listed_and_what_is_gone_still_marks_its_place(world: World) -> None:
    world.lists("a", "b", "c")
    world.sync()
    world.lists("a", "c")
    world.sync()
    with served(world.url, now=world.now, source="one", mirror_open=True) as visitor:
        assert _ids(visitor, "one") == ["a", "b", "c"]
    world.sync(after=20)
    with served(world.url, now=world.now, source="one", mirror_open=True) as visitor:
        assert _ids(visitor, "one") == ["a", "c"]
        assert _ids(visitor, "one", "after_id=b") == ["c"]
        assert _ids(visitor, "one", "before_id=b") == ["a"]
        assert visitor.get("mirror/one/v1/models/b").status == 404


def test_lifecycles_are_asked_for_as_the_api_asks(world: World) -> None:
    lifecycles = {"new": "active", "old": "deprecated", "gone": "retired", "odd": "preview", "mute": None}
    shown = [plays.model(id) | ({"lifecycle": word} if word else {}) for id, word in lifecycles.items()]
    world.server.script(plays.answer(plays.page(shown)))
    world.sync()
    with served(world.url, now=world.now, source="one", mirror_open=True) as visitor:
        for query, wanted in {
            "": {"new", "old", "odd", "mute"},
            "lifecycle=active": {"new", "mute"},
            "lifecycle[]=deprecated&lifecycle[]=retired": {"old", "gone"},
            "lifecycle=active,deprecated,retired": {"new", "mute", "old", "gone"},
            "lifecycle=": {"new", "old", "odd", "mute"},
        }.items():
            assert set(_ids(visitor, "one", query)) == wanted
        assert visitor.get("mirror/one/v1/models?lifecycle=a,b,c,d").status == 400


@pytest.mark.parametrize("moment", [None, *MOMENTS[:-1]], ids=str)
def test_our_own_sync_of_it_equals_the_catalog(mirror: Visitor, tmp_path: Path, moment: datetime | None) -> None:
    place = SOURCE if moment is None else f"{SOURCE}@{moment:%Y-%m-%dT%H:%M:%SZ}"
    host, port = mirror.address
    source = SourceSettings(
        name="copy",
        base_url=f"http://{host}:{port}/mirror/{place}",
        page_size=4,
        lifecycle=("active", "deprecated", "retired"),
    )
    with closing(databases.open_(f"sqlite:///{tmp_path / 'copy.db'}")) as copy, library.opened(mirror.url) as original:
        upgrade.ensure(copy)
        report = sync_source(copy, source, lambda settings: SourceClient(settings, KEY), Options(clock=clock.utc_now))
        assert report.failure is None
        with copy.read() as there, original.read() as here:
            was = catalogs.models(here) if moment is None else catalogs.as_of(here, moment)
            assert _contents(catalogs.models(there)) == _contents(was)


def test_a_walk_over_pages_loses_and_doubles_nothing_that_stays(world: World) -> None:
    stay = [f"stays-{number:02}" for number in range(9)]
    world.lists(*stay, "leaves")
    world.sync()
    with served(world.url, source="one", now=world.now + timedelta(days=1), mirror_open=True) as visitor:
        met: list[str] = []
        pages = sdk(visitor, "one").models.list(limit=2).iter_pages()
        for number, page in enumerate(pages):
            met += [model.id for model in page.data]
            world.lists(f"new-{number}", *stay)
            world.sync(after=30)
    assert sorted(id for id in met if id.startswith("stays")) == stay


def _ids(visitor: Visitor, place: str, query: str = "") -> list[str]:
    reply = visitor.get(f"mirror/{quote(place)}/v1/models?{query}")
    assert reply.status == 200, reply.text
    return [model["id"] for model in json.loads(reply.body)["data"]]


def _contents(models: Iterable[ModelInfo]) -> dict[str, Any]:
    """Everything that a list says of its models; NULL and absent are the same."""
    return {model.id: ({name: getattr(model, name) for name in FIELDS}, dict(model.attributes)) for model in models}
