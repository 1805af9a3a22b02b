"""Atom and JSON Feed: what the standards ask for, the same in both, and the same bytes while nothing happened."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import feedparser  # type: ignore[import-untyped]
import pytest

from catalog.domain import Change, Kind
from catalog.text import harmless
from catalog.web import names
from catalog.web.entries import FeedEntry
from catalog.web.formats import atom, jsonfeed
from catalog.web.formats.atom import Feed
from tests.web import hostile
from tests.web.rows import change

pytestmark = pytest.mark.promise("P7")
ATOM = "{http://www.w3.org/2005/Atom}"
BEGINS = datetime(2025, 7, 25, 9, tzinfo=UTC)
SEEN = datetime(2026, 11, 22, 9, 30, 15, 250_000, tzinfo=UTC)
FEED = Feed(
    title="Changes: opus at anthropic",
    query="?sources=anthropic&lines=opus",
    base_url="https://models.example.org/catalog/",
    path="changes.atom?sources=anthropic&lines=opus",
    page="changes.html?sources=anthropic&lines=opus",
    begins=BEGINS,
)
Write = Callable[[Feed, Sequence[FeedEntry]], bytes]
BOTH = pytest.mark.parametrize("write", [atom.write, jsonfeed.write], ids=["atom", "json"])


def news(id: str = "claude-a", source: str = "anthropic") -> Change:
    return change(Kind.ADDED, SEEN + timedelta(minutes=20), model_id=id, source=source)


def entry(number: int = 0, text: str = "Listed first at <b> & co.\nAfter 09:15, by 09:30.", **fields: Any) -> FeedEntry:
    told: dict[str, Any] = {
        "kind": "added",
        "source": "anthropic",
        "model_id": "claude-a",
        "title": "claude-a newly listed (anthropic)",
        "text": text,
        "updated": SEEN + timedelta(minutes=20) - number * timedelta(days=1),
        "published": SEEN - number * timedelta(days=1),
        "uid": names.uuid_of(str(number)).urn,
        "path": "model/anthropic/claude-a.html",
        "changes": (news(),),
    }
    return FeedEntry(**{**told, **fields})


def demand_rfc_4287(body: bytes, base: str = "https://models.example.org/") -> ET.Element:
    """Check what section 4 of the RFC demands of a feed."""
    feed = ET.fromstring(body)
    assert feed.tag == f"{ATOM}feed"
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            [found] = element.findall(f"{ATOM}{name}")
            assert found.text
            assert not found.text.isspace()
        for name in ("updated", "published"):
            for found in element.findall(f"{ATOM}{name}"):
                assert datetime.fromisoformat(found.text or "").tzinfo is not None
        assert len(element.findall(f"{ATOM}published")) <= 1
        assert len(element.findall(f"{ATOM}content")) <= 1
        links = [link.attrib for link in element.findall(f"{ATOM}link")]
        assert [link["rel"] for link in links].count("alternate") == 1
        assert all(link["href"].startswith(base) and link["href"].isascii() for link in links)
    assert [author.findtext(f"{ATOM}name") for author in feed.iter(f"{ATOM}author")] == ["model catalog"]
    assert [link.attrib["rel"] for link in feed.findall(f"{ATOM}link")].count("self") == 1
    ids = [found.findtext(f"{ATOM}id") for found in feed.findall(f"{ATOM}entry")]
    assert len(set(ids)) == len(ids)
    return feed


TEXT, OBJECT, LIST = str, dict, list
SCHEMA: dict[str, tuple[type, bool]] = {  # of JSON Feed 1.1, as far as we write it: type, and whether it must be there
    "version": (TEXT, True),
    "title": (TEXT, True),
    "home_page_url": (TEXT, False),
    "feed_url": (TEXT, False),
    "language": (TEXT, False),
    "authors": (LIST, False),
    "items": (LIST, True),
}
ITEM: dict[str, tuple[type, bool]] = {
    "id": (TEXT, True),
    "url": (TEXT, False),
    "title": (TEXT, False),
    "content_text": (TEXT, True),  # or content_html
    "date_published": (TEXT, False),
    "date_modified": (TEXT, False),
    "tags": (LIST, False),
    "_catalog": (OBJECT, False),  # an extension: an underscore before its name, and an object
}


def demand_json_feed(body: bytes) -> dict[str, Any]:
    document = json.loads(body)
    for value, schema in ((document, SCHEMA), *((item, ITEM) for item in document["items"])):
        assert set(value) <= set(schema)
        for name, (kind, needed) in schema.items():
            assert isinstance(value.get(name), kind) or (not needed and name not in value)
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert all(set(author) <= {"name", "url", "avatar"} for author in document["authors"])
    for item in document["items"]:
        assert all(isinstance(tag, str) for tag in item["tags"])
        assert all(datetime.fromisoformat(item[name]).tzinfo for name in ("date_published", "date_modified"))
    return dict(document)


def test_an_atom_feed_is_what_the_standard_asks_for_and_readers_understand_it() -> None:
    body = atom.write(FEED, [entry(), entry(1)])
    feed = demand_rfc_4287(body)
    assert feed.attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "en"
    read = feedparser.parse(body)
    assert read.bozo == 0
    assert read.version == "atom10"
    assert read.feed.title == FEED.title
    assert read.feed.id == FEED.id
    assert {link.rel: link.href for link in read.feed.links} == {
        "self": f"{FEED.base_url}{FEED.path}",
        "alternate": f"{FEED.base_url}{FEED.page}",
    }
    first = read.entries[0]
    assert (first.id, first.title) == (entry().uid, entry().title)
    assert first.link == f"{FEED.base_url}model/anthropic/claude-a.html"
    assert datetime.fromisoformat(first.updated) == entry().updated
    assert datetime.fromisoformat(first.published) == entry().published
    assert [tag.term for tag in first.tags] == ["added", "anthropic"]
    assert first.content[0].value == "<p>Listed first at &lt;b&gt; &amp; co.<br />After 09:15, by 09:30.</p>"


def test_a_json_feed_says_the_same_and_carries_the_rows() -> None:
    document = demand_json_feed(jsonfeed.write(FEED, [entry()]))
    [item] = document.pop("items")
    assert document == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": FEED.title,
        "home_page_url": f"{FEED.base_url}{FEED.page}",
        "feed_url": f"{FEED.base_url}{FEED.path}",
        "language": "en",
        "authors": [{"name": "model catalog"}],
    }
    rows = item.pop("_catalog")["changes"]
    assert item == {
        "id": entry().uid,
        "url": f"{FEED.base_url}model/anthropic/claude-a.html",
        "title": entry().title,
        "content_text": entry().text,
        "date_published": "2026-11-22T09:30:15.250000Z",
        "date_modified": "2026-11-22T09:50:15.250000Z",
        "tags": ["added", "anthropic"],
    }
    assert [(row["model_id"], row["kind"], row["field"]) for row in rows] == [("claude-a", "added", None)]
    assert rows[0]["recorded_at"] == "2026-11-22T09:50:15.250000Z"


def test_a_feed_is_updated_when_its_newest_entry_was_whatever_the_order() -> None:
    for entries in ([entry(), entry(1)], [entry(1), entry()]):
        feed = demand_rfc_4287(atom.write(FEED, entries))
        assert datetime.fromisoformat(feed.findtext(f"{ATOM}updated") or "") == entry().updated


def test_an_empty_feed_is_as_old_as_the_catalog() -> None:
    feed = demand_rfc_4287(atom.write(FEED, []))
    assert datetime.fromisoformat(feed.findtext(f"{ATOM}updated") or "") == BEGINS
    assert feedparser.parse(atom.write(FEED, [])).bozo == 0
    assert demand_json_feed(jsonfeed.write(FEED, []))["items"] == []


def test_a_feed_is_named_by_its_filter_alone() -> None:
    moved = replace(FEED, base_url="https://other.example.org/", path="feeds/opus.atom", page="x.html", title="x")
    assert moved.id == FEED.id
    assert replace(FEED, query="?sources=anthropic").id != FEED.id
    assert FEED.id == "urn:uuid:f118521d-c9e0-5031-bf4a-f01c82bc3d2c"


@BOTH
def test_two_answers_without_news_between_them_are_equal(write: Write) -> None:
    entries = [entry(number) for number in range(30)]
    assert write(FEED, entries) == write(replace(FEED), [replace(one) for one in entries])


def test_ten_thousand_entries_have_ten_thousand_ids() -> None:
    entries = [entry(number) for number in range(10_000)]
    feed = demand_rfc_4287(atom.write(FEED, entries))
    assert len(feed.findall(f"{ATOM}entry")) == 10_000
    items = demand_json_feed(jsonfeed.write(FEED, entries))["items"]
    assert len({item["id"] for item in items}) == 10_000


@pytest.mark.parametrize("text", hostile.TEXTS)
def test_no_text_of_a_list_harms_a_feed(text: str) -> None:
    one = entry(title=text, text=text, source=text, path=names.model_path(text, text), changes=(news(text, text),))
    body = atom.write(replace(FEED, title=text), [one])
    feed = demand_rfc_4287(body)
    assert {element.tag for element in feed.iter()} == {
        element.tag for element in demand_rfc_4287(atom.write(FEED, [entry()])).iter()
    }
    assert feed.findtext(f"{ATOM}title") == harmless(text)
    assert feed.findtext(f"{ATOM}entry/{ATOM}title") == harmless(text)
    read = feedparser.parse(body)
    assert read.bozo == 0
    shown = ET.fromstring(f"<div>{feed.findtext(f'{ATOM}entry/{ATOM}content')}</div>")
    assert {element.tag for element in shown.iter()} <= {"div", "p", "br"}
    document = demand_json_feed(jsonfeed.write(replace(FEED, title=text), [one]))
    assert document["title"] == document["items"][0]["title"] == harmless(text)
    assert document["items"][0]["_catalog"]["changes"][0]["model_id"] == text
    assert jsonfeed.write(replace(FEED, title=text), [one]).isascii()
