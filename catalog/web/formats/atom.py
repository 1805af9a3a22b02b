"""Writes entries as an Atom feed (RFC 4287). Pure: its bytes depend on entries, filter and address alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from feedgenerator import Atom1Feed  # type: ignore[import-untyped]

from catalog.text import harmless, harmless_lines
from catalog.web import names
from catalog.web.entries import FeedEntry

AUTHOR = "model catalog"


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """What a feed says of itself."""

    title: str  # names the filter
    query: str  # the filter, in the one spelling of `asked.write`
    base_url: str  # where the site is, with a slash at its end
    path: str  # of this feed, with its query
    page: str  # path of the page that shows the same, with its query
    begins: datetime  # when the catalog begins

    @property
    def id(self) -> str:
        """Name the feed by its filter, wherever it is."""
        return names.uuid_of(f"feed:{self.query}").urn

    def updated(self, entries: Sequence[FeedEntry]) -> datetime:
        """Give the time of the newest entry; of an empty feed, when the catalog begins."""
        return max((entry.updated for entry in entries), default=self.begins)


class _Atom(Atom1Feed):  # type: ignore[misc] # the library has no types
    """The library's feed, which never takes the present time for a date that is not known."""

    def latest_post_date(self) -> datetime:
        """Give the time that the feed was given."""
        latest: datetime = self.feed["updated"]
        return latest


def write(feed: Feed, entries: Sequence[FeedEntry]) -> bytes:
    """Write a feed, its entries in the order given."""
    atom = _Atom(
        title=harmless(feed.title),
        link=feed.base_url + feed.page,
        description=None,
        language="en",
        author_name=AUTHOR,
        feed_url=feed.base_url + feed.path,
        feed_guid=feed.id,
        updated=feed.updated(entries),
    )
    for entry in entries:
        lines = escape(harmless_lines(entry.text), quote=False).split("\n")
        atom.add_item(
            title=harmless(entry.title),
            link=feed.base_url + entry.path,
            description=None,
            content=f"<p>{'<br/>'.join(lines)}</p>",  # the library says that it is HTML
            pubdate=entry.published,
            updateddate=entry.updated,
            unique_id=entry.uid,
            categories=(entry.kind, harmless(entry.source)),
        )
    text: str = atom.writeString("utf-8")
    return text.encode()
