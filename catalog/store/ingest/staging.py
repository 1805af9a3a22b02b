"""Compares the pages of a walk with the database as they arrive, keeps what differs, and seals the walk.

What differs waits in `staging_tables`; in memory there is one byte per model. Between pages no transaction is open.
"""

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import sqlalchemy as sa

from catalog.domain import Item, KnownPage, Outcome, Page, Reading, reader_of
from catalog.store.engine import bulk, charset, spool
from catalog.store.engine.database import Database
from catalog.store.engine.session import Kind
from catalog.store.ingest import diff, row_layout
from catalog.store.ingest.diff import FieldChange
from catalog.store.ingest.seen_ids import Ids
from catalog.store.ingest.stamped_dates import Stamps
from catalog.store.schema import identity_tables, staging_tables, tables
from catalog.store.schema.staging_tables import (
    staged,
    staged_change,
    staged_digest,
    staged_dispute,
    staged_page,
    staged_shape,
    staged_silence,
)

_SHAPES_REMEMBERED = 10_000
_SEAL = object()
_IN_DISPUTE = "disputed"  # ends the digest of a model that was only seen in dispute: some of it is unknown


class _Known(NamedTuple):
    """What the database holds of a model that a page lists."""

    id: str
    key: int
    digest: str
    listed: bool
    silent: bool  # its last listing was silent on a value that its state has

    @property
    def is_partial(self) -> bool:
        """Whether it was only seen in dispute, so that some of it is unknown."""
        return self.digest.endswith(_IN_DISPUTE)


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkCounts:
    """What a walk comes to; counts are of models."""

    seen: bytes  # a byte per model key there was when the walk began: 1 where the walk listed the model
    listed: int  # all it listed
    present: int  # of `listed`: the ones that were listed before it
    new: int  # of `listed`: the ones never seen before
    staged: int  # new ones, and known ones that the merge has to update
    disputes: int  # ids that it lists twice, with different content
    new_disputes: int  # of `disputes`: the ones that the last merged walk did not have
    stamps: tuple[str, ...]  # creation dates that were left out: they only say when the list was asked for
    unreadable: tuple["Unreadable", ...]  # fields that could not be read, and keep their last good value


class Unreadable(NamedTuple):
    """A field that could not be read: of how many models, and one of them."""

    field: str
    models: int
    model_id: str


class SealedWalk:
    """A walk that reached the end of the list, and its counts. Only `Staging.seal` makes one."""

    def __init__(self, token: object, outcome: Outcome, counts: WalkCounts) -> None:
        """Refuse any other maker: it must not be possible to write a removal without a walk."""
        if token is not _SEAL:
            raise TypeError("only Staging.seal() makes a SealedWalk")
        self.outcome = outcome
        self.counts = counts

    @property
    def proves_absence(self) -> bool:
        """Whether it was whole, so that what it lacks was not listed.

        An id in dispute may hide another model under a wrong id; one that the last merged walk had too does not count.
        """
        return self.outcome.complete and not (self.outcome.unusable or self.counts.new_disputes)

    @property
    def makes_a_baseline(self) -> bool:
        """Whether it showed the whole list, with a model in it; single entries may be in doubt."""
        return self.outcome.complete and self.counts.listed > 0


@contextmanager
def open_(database: Database, source_key: int) -> Iterator["Staging"]:
    """Give the staging of one walk of one source, apart from all others; it is gone after the block."""
    with spool.open_(database, staging_tables.metadata) as shelf:
        yield Staging(shelf, source_key)


class Staging:
    """Takes the pages of a walk; it is the walk's `Sink`."""

    def __init__(self, shelf: spool.Shelf, source_key: int) -> None:
        """Begin with no page; `shelf` keeps the rows until the merge."""
        self._shelf = shelf
        self._source_key = source_key
        self._recalled: dict[str, tuple[bytes, KnownPage]] = {}
        self._believing = False  # take every creation date for true in this pass
        self._reset()

    def recall(self, digest: str) -> KnownPage | None:
        """Tell what a page lists if the last merged walk had it byte for byte; else None."""
        wanted = sa.select(tables.page).where(
            tables.page.c.source_key == self._source_key, tables.page.c.digest == digest
        )
        with self._shelf.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        page = KnownPage(len(row.model_keys) // 4, row.last_id, row.has_more)
        self._recalled[digest] = (row.model_keys, page)
        return page

    def add_known(self, digest: str) -> int:
        """Count the models of a recalled page as unchanged; give how many of them an earlier page had."""
        keys, page = self._recalled.pop(digest)
        repeats = self._note(array("I", keys))
        self._listed += page.count - repeats
        self._present += page.count - repeats
        with self._shelf.adding():
            self._keep_page(digest, keys, (self._new + 1, 0), page.last_id, has_more=page.has_more)
        self._stamps.believe()
        return repeats

    def add(self, page: Page, asked_at: datetime) -> int:
        """Stage what differs from the database; give how many ids of the page an earlier page had."""
        first, unread = self._new + 1, self._unread
        all_ = page.items if self._escape is None else charset.storable(page.items, self._escape)
        with self._shelf.adding():
            known = self._look_up([item.id for item in all_])
            again = self._repeated(all_, known)
            items = [item for item in all_ if item.id not in again] if again else all_
            self._listed += len(items)
            self._present += sum(row.listed for id, row in known.items() if id not in again)
            new, differing = _sift(items, known)
            olds = self._states([row.key for _, row in differing])
            recorded = [olds[row.key].attributes.get("created_at") for _, row in differing]
            if len(known) > len(differing):  # some models are the same byte for byte: their dates did not move
                recorded.append(page.stamp)
            doubted = self._stamps.doubts(page, len(all_), asked_at, recorded)
            self._stage_new(new, doubted=doubted)
            self._stage_differing(differing, olds, doubted=doubted)
            self._stage_disputes([item.id for item in items if item.disputed])
            same = page.clean and len(all_) == len(page.items) and all_[-1:] and all_[-1].id == page.items[-1].id
            if same and not again and not doubted and self._unread == unread:
                keys = array("I", [known[item.id].key for item in all_ if item.id in known]).tobytes()
                numbers = (first, self._new + 1 - first)
                self._keep_page(page.digest, keys, numbers, page.items[-1].id, has_more=page.has_more)
        return len(again)

    def settled(self) -> bool:
        """Tell whether the walk can be merged; if not, the list is read again, and every creation date is believed."""
        self._believing = not self._stamps.consistent
        return not self._believing

    def restart(self) -> None:
        """Forget every page: the walk begins again, or another one of the same source does."""
        self._shelf.clear()
        self._reset()

    def seal(self, outcome: Outcome) -> SealedWalk:
        """Close the walk, so that it can be merged."""
        counts = WalkCounts(
            seen=bytes(self._seen),
            listed=self._listed,
            present=self._present,
            new=self._new,
            staged=self._positions + self._silences + self._reread,
            disputes=self._disputes,
            new_disputes=self._new_disputes,
            stamps=self._stamps.stamps,
            unreadable=tuple(Unreadable(field, *told) for field, told in sorted(self._unreadable.items())),
        )
        return SealedWalk(_SEAL, outcome, counts)

    def merging(self, kind: Kind) -> AbstractContextManager[sa.Connection]:
        """Give a transaction of this kind that sees what was staged."""
        return self._shelf.merging(kind)

    def _reset(self) -> None:
        self._positions = 0
        self._silences = 0
        self._new = 0
        self._listed = self._present = 0
        self._reread = 0
        self._disputes = self._new_disputes = 0
        self._unread = 0  # fields that could not be read, of all models
        self._unreadable: dict[str, tuple[int, str]] = {}  # by field: how many models, and the first of them
        self._shapes: set[str] = set()  # digests, for the texts may be large
        self._ids = Ids()  # of models never seen before
        self._pages = Ids()  # by their digests
        mine = sa.exists().where(tables.model.c.source_key == self._source_key)
        me = tables.source.c.source_key == self._source_key
        with self._shelf.reading() as connection:
            highest = connection.scalar(sa.select(sa.func.max(tables.model.c.model_key)))
            self._any_known = connection.scalar(sa.select(mine))
            stamps = connection.scalar(sa.select(tables.source.c.stamps).where(me))
            self._escape = charset.of(connection)
        self._stamps = Stamps(json.loads(stamps or "[]"), believing=self._believing)
        self._seen = bytearray((highest or 0) + 1)

    def _repeated(self, items: Sequence[Item], known: Mapping[str, _Known]) -> set[str]:
        """Note that a page lists these; give the ids that an earlier page had."""
        again = {id for id, row in known.items() if row.key < len(self._seen) and self._seen[row.key]}
        self._note([row.key for row in known.values()])
        if len(known) < len(items):
            again |= self._ids.add(item.id for item in items if item.id not in known)
        return again

    def _note(self, keys: Sequence[int]) -> int:
        """Note that a page lists these models, each of them once; give how many of them an earlier page had."""
        seen, beyond = self._seen, max(keys, default=0) + 1 - len(self._seen)
        seen.extend(bytes(max(beyond, 0)))  # of a run that was merged meanwhile: this one will be superseded
        repeats = sum(map(seen.__getitem__, keys))
        for key in keys:
            seen[key] = 1
        return repeats

    def _look_up(self, ids: Sequence[str]) -> dict[str, _Known]:
        if not self._any_known:
            return {}
        table = tables.model.c
        silent = table.silent_run.is_not(None)
        wanted = sa.select(table.id, table.model_key, table.digest, table.removed_run.is_(None), silent)
        with self._shelf.reading() as connection:
            mine = wanted.where(table.source_key == self._source_key, bulk.among(connection, table.id, ids))
            return {row.id: row for row in map(_Known._make, bulk.fetch(connection, mine))}

    def _stage_new(self, items: Sequence[Item], *, doubted: bool) -> None:
        self._stage(
            (item, reading, None, _digest(item, reading, doubted=doubted))
            for item in items
            for reading in [self._read(item, doubted=doubted)]
        )

    def _stage_differing(
        self, pairs: Sequence[tuple[Item, _Known]], olds: Mapping[int, Reading], *, doubted: bool
    ) -> None:
        rows, changes, silences, reread = [], [], [], []
        for item, known in pairs:
            old, new = olds[known.key], self._read(item, doubted=doubted)
            silent = item.disputed or diff.withholds(old, new)
            differences = [] if item.disputed else diff.compare(old, new)
            digest = known.digest if item.disputed else _digest(item, new, doubted=doubted or silent)
            if differences or not known.listed:
                state = old if item.disputed else diff.merge(old, new)
                rows.append((item, state, known.key, digest))
                changes += [
                    (known.key, change.path, change.old, change.new, _is_no_news(change, item, known, old, new))
                    for change in differences
                ]
            elif reader_of(digest) != reader_of(known.digest) or (known.is_partial and not item.disputed):
                reread.append((known.key, digest))
            if silent != known.silent:
                silences.append((known.key, silent))
        self._silences += len(silences)
        self._reread += len(reread)
        self._stage(rows)
        self._shelf.insert(staged_change, changes)
        self._shelf.insert(staged_silence, silences)
        self._shelf.insert(staged_digest, reread)

    def _stage_disputes(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        table = identity_tables.dispute.c
        with self._shelf.reading() as connection:
            mine = (table.source_key == self._source_key) & bulk.among(connection, table.id, ids)
            before = bulk.fetch(connection, sa.select(table.id).where(mine))
        self._disputes += len(ids)
        self._new_disputes += len(ids) - len(before)
        self._shelf.insert(staged_dispute, [(id,) for id in ids])

    def _states(self, keys: Sequence[int]) -> dict[int, Reading]:
        if not keys:
            return {}
        with self._shelf.reading() as connection:
            wanted = row_layout.select_states().where(bulk.among(connection, tables.model.c.model_key, keys))
            return {row["model_key"]: row_layout.reading(row) for row in connection.execute(wanted).mappings()}

    def _read(self, item: Item, *, doubted: bool) -> Reading:
        reading = item.read()
        if doubted:
            reading = diff.without_date(reading)
        self._unread += len(reading.unreadable)
        for name in reading.unreadable:
            models, first = self._unreadable.get(name, (0, item.id))
            self._unreadable[name] = models + 1, min(first, item.id)
        return reading

    def _stage(self, found: Iterable[tuple[Item, Reading, int | None, str]]) -> None:
        rows, shapes = [], dict[str, str]()
        for item, reading, key, digest in found:
            self._positions += 1
            self._new += key is None
            layout = row_layout.lay_out(reading.attributes)
            number = self._new if key is None else None
            shape = None
            if layout.shared is not None:
                shape = shapes.get(layout.shared) or sha256(layout.shared.encode()).hexdigest()[:24]
                shapes[layout.shared] = shape
            rows.append((self._positions, item.id, key, number, *reading.columns, layout.own, shape, digest))
        self._shelf.insert(staged, rows)
        self._stage_shapes(shapes)

    def _stage_shapes(self, shapes: Mapping[str, str]) -> None:
        """Stage texts by their digests."""
        fresh = [(digest, text) for text, digest in shapes.items() if digest not in self._shapes]
        if len(self._shapes) + len(fresh) > _SHAPES_REMEMBERED:
            self._shapes.clear()
        self._shapes.update(digest for digest, _ in fresh)
        self._shelf.insert(staged_shape, fresh)

    def _keep_page(self, digest: str, keys: bytes, new: tuple[int, int], last_id: str, *, has_more: bool) -> None:
        if not self._pages.add([digest]):
            self._shelf.insert(staged_page, [(digest, keys, *new, last_id, has_more)])


def _digest(item: Item, reading: Reading, *, doubted: bool) -> str:
    """The digest of the item; only its reader's part where not all of it was read, so that it is read again."""
    if item.disputed:
        return f"{reader_of(item.digest)}.{_IN_DISPUTE}"
    return f"{reader_of(item.digest)}." if doubted or reading.unreadable else item.digest


def _is_no_news(change: FieldChange, item: Item, known: _Known, old: Reading, new: Reading) -> bool | None:
    """True for a change of our knowledge alone: what a dispute hid, or what no earlier reader could read."""
    if known.is_partial and change.old is None:
        return True
    better = reader_of(known.digest) != reader_of(item.digest)
    return True if better and diff.is_better_reading(change, old, new) else None


def _sift(items: Sequence[Item], known: Mapping[str, _Known]) -> tuple[list[Item], list[tuple[Item, _Known]]]:
    """Divide items into new ones and known ones that may differ; leave out those that are the same byte for byte."""
    new, differing = [], []
    for item in items:
        row = known.get(item.id)
        if row is None:
            new.append(item)
        elif row.digest != item.digest or row.silent or not row.listed or item.disputed:
            differing.append((item, row))
    return new, differing
