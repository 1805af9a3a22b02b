"""Writes entries as a JSON Feed (version 1.1). Pure, as `atom` is, whose words it takes."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from catalog import dates, tabular
from catalog.text import harmless, harmless_lines
from catalog.web.entries import FeedEntry
from catalog.web.formats.atom import AUTHOR, Feed


def write(feed: Feed, entries: Sequence[FeedEntry]) -> bytes:
    """Write a feed, its entries in the order given; in ASCII, so that no character of a value can do harm."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": harmless(feed.title),
        "home_page_url": feed.base_url + feed.page,
        "feed_url": feed.base_url + feed.path,
        "language": "en",
        "authors": [{"name": AUTHOR}],
        "items": [_item(feed, entry) for entry in entries],
    }
    return json.dumps(document, default=tabular.json_value, indent=1).encode() + b"\n"


def _item(feed: Feed, entry: FeedEntry) -> dict[str, Any]:
    return {
        "id": entry.uid,
        "url": feed.base_url + entry.path,
        "title": harmless(entry.title),
        "content_text": harmless_lines(entry.text),
        "date_published": dates.short(entry.published),
        "date_modified": dates.short(entry.updated),
        "tags": [str(entry.kind), harmless(entry.source)],
        "_catalog": {"changes": [asdict(change) for change in entry.changes]},
    }
