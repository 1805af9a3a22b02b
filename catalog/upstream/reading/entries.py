"""The entries of one page: an equal repetition is dropped, a contradiction makes the id disputed. Pure."""

import msgspec

from catalog import domain
from catalog.upstream.reading.fields import Fields


class RawEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry of a page, not yet read: its id, its own bytes, and a digest of them."""

    id: str
    digest: str
    raw: bytes
    fields: Fields
    against: tuple[bytes, ...] = ()  # entries of the same id that say something else

    @property
    def disputed(self) -> bool:
        """True when the page lists the id twice with different content."""
        return bool(self.against)

    def read(self) -> domain.Reading:
        """What the entry says of its model; of a disputed id, only what all its entries say. Never fails."""
        reading = self.fields.reading(self.raw)
        for other in self.against:
            reading = _common(reading, self.fields.reading(other))
        return reading


def settle(items: list[RawEntry]) -> tuple[list[RawEntry], int, list[str]]:
    """Keep the first item of each id. Gives also how many were dropped as equal, and which ids are disputed."""
    first: dict[str, RawEntry] = {}
    duplicates, disputed = 0, dict[str, list[bytes]]()
    if len({item.id for item in items}) == len(items):
        return items, 0, []
    for item in items:
        known = first.setdefault(item.id, item)
        if known is not item and _agree(known, item):
            duplicates += 1
        elif known is not item:
            disputed.setdefault(item.id, []).append(item.raw)
    for id, others in disputed.items():
        first[id] = msgspec.structs.replace(first[id], against=tuple(others))
    return list(first.values()), duplicates, list(disputed)


def _common(one: domain.Reading, other: domain.Reading) -> domain.Reading:
    """What two readings both say."""
    columns = zip(one.columns, other.columns, strict=True)
    attributes = {name: text for name, text in one.attributes.items() if other.attributes.get(name) == text}
    return domain.Reading(
        columns=tuple(mine if mine == theirs else None for mine, theirs in columns),
        attributes=attributes,
        silent=one.silent | other.silent,
        unreadable=one.unreadable & other.unreadable & attributes.keys(),
    )


def _agree(one: RawEntry, other: RawEntry) -> bool:
    """True when two items mean the same, however they spell `created_at`."""
    if one.digest == other.digest:
        return True
    a, b = one.read(), other.read()
    same_columns = a.columns == b.columns and a.silent == b.silent
    return same_columns and {**a.attributes, "created_at": ""} == {**b.attributes, "created_at": ""}
