"""Compares the pages of a walk with the database as they arrive, keeps only what differs, and seals the walk.

Lives in the tables below, which wait for the merge as `spool` has it, and in one byte per model. Between pages no
transaction is open.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

import sqlalchemy as sa

from catalog.domain import FIELDS, Item, KnownPage, Outcome, Page, Reading, Verdict
from catalog.store import bulk, difference, letters, schema, spool, states
from catalog.store.database import Database
from catalog.store.ids import Ids
from catalog.store.session import Kind

_SHAPES_REMEMBERED = 10_000
_SEAL = object()

tables = sa.MetaData()


def _temporary(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
    # ON COMMIT DROP: behind a pooler the next transaction on the same session is somebody else's.
    options: Any = {"prefixes": ["TEMPORARY"], "postgresql_on_commit": "DROP", "schema": spool.SCHEMA}
    return sa.Table(f"catalog_stage_{name}", tables, *columns, **options)


def _once(column: str) -> sa.UniqueConstraint:
    """Let SQLite leave out what is there already; the spool for Postgres cannot know, and the merge does it there."""
    return sa.UniqueConstraint(column, sqlite_on_conflict="IGNORE").ddl_if(dialect="sqlite")


staged = _temporary(
    "model",
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("id", schema.Id),
    sa.Column("model_key", sa.Integer),  # NULL: never seen before; its key will be the highest there is plus `number`
    sa.Column("number", sa.Integer),
    *(sa.Column(name, schema.model.c[name].type) for name in (*FIELDS, "own")),
    sa.Column("shape", sa.Text),
    sa.Column("digest", sa.Text),
)
staged_change = _temporary(
    "change",
    sa.Column("model_key", sa.Integer),
    sa.Column("field", sa.Text),
    sa.Column("old_value", sa.Text),
    sa.Column("new_value", sa.Text),
)
staged_silence = _temporary(
    "silence",
    sa.Column("model_key", sa.Integer),
    sa.Column("silent", sa.Boolean),  # from this walk on something of its state is not said; or all of it again
)
staged_shape = _temporary(
    "shape",
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("body", schema.Json, nullable=False),
    _once("digest"),
)
staged_page = _temporary(
    "page",
    sa.Column("digest", sa.Text),
    sa.Column("known", sa.LargeBinary),
    sa.Column("first_number", sa.Integer),
    sa.Column("new", sa.Integer),
    sa.Column("last_id", sa.Text),
    sa.Column("has_more", sa.Boolean),
)


class _Known(NamedTuple):
    id: str
    key: int
    digest: str
    listed: bool
    silent: bool  # the last listing said nothing of something that is held


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What a walk amounts to; counts are of models."""

    seen: bytes  # a byte per model key there was when the walk began: 1 where the walk listed the model
    listed: int  # all it listed
    present: int  # of those, the ones that were listed before it
    new: int  # of those, the ones never seen before
    staged: int  # new ones, and known ones that changed, returned, fell silent or spoke again
    unreadable: int  # fields that could not be read, and keep their last good value


class SealedWalk:
    """A walk that reached its end, and what it showed that the database lacks. Only `Staging.seal` makes one."""

    def __init__(self, token: object, outcome: Outcome, tally: Tally) -> None:
        """Refuse to be made by anybody else: a removal without a walk must not be possible to write."""
        if token is not _SEAL:
            raise TypeError("only Staging.seal() makes a SealedWalk")
        self.outcome = outcome
        self.tally = tally

    @property
    def proves_absence(self) -> bool:
        """Only a whole walk can count as evidence that something was not listed."""
        return self.outcome.verdict is Verdict.WHOLE


@contextmanager
def open_(database: Database, source_key: int) -> Iterator["Staging"]:
    """Make room for one walk of one source, which nobody else can reach and which is gone after the block."""
    with spool.open_(database, tables) as shelf:
        yield Staging(shelf, source_key)


class Staging:
    """Takes a walk's pages; satisfies the walk's `Sink`."""

    def __init__(self, shelf: spool.Shelf, source_key: int) -> None:
        """Begin with nothing seen."""
        self._shelf = shelf
        self._source_key = source_key
        self._recalled: dict[str, tuple[bytes, KnownPage]] = {}
        self._reset()

    def recall(self, digest: str) -> KnownPage | None:
        """Tell what a page lists if its bytes equal one of the last merged walk."""
        wanted = sa.select(schema.page).where(
            schema.page.c.source_key == self._source_key, schema.page.c.digest == digest
        )
        with self._shelf.reading() as connection:
            row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        page = KnownPage(len(row.model_keys) // 4, row.last_id, row.has_more)
        self._recalled[digest] = (row.model_keys, page)
        return page

    def add_known(self, digest: str) -> int:
        """Count a recalled page's models as seen and unchanged; give how many of them an earlier page had."""
        keys, page = self._recalled.pop(digest)
        repeats = sum(self._repeats(key) for key in array("I", keys))
        self._listed += page.count - repeats
        self._present += page.count - repeats
        with self._shelf.adding():
            self._keep_page(digest, keys, (self._new + 1, 0), page.last_id, has_more=page.has_more)
        return repeats

    def add(self, page: Page, _asked_at: datetime) -> int:
        """Stage what differs from the database; give how many of the page's ids an earlier page had."""
        first, unreadable = self._new + 1, self._unreadable
        all_ = page.items if self._escape is None else letters.storable(page.items, self._escape)
        with self._shelf.adding():
            known = self._look_up([item.id for item in all_])
            again = {id for id, row in known.items() if self._repeats(row.key)}
            if len(known) < len(all_):
                again |= self._ids.add(item.id for item in all_ if item.id not in known)
            items = [item for item in all_ if item.id not in again] if again else all_
            self._present += sum(row.listed for id, row in known.items() if id not in again)
            new, differing = _sift(items, known)
            self._stage_new(new)
            self._stage_differing(differing)
            self._listed += len(items)
            same = page.clean and len(all_) == len(page.items) and all_[-1:] and all_[-1].id == page.items[-1].id
            if same and not again and self._unreadable == unreadable:
                keys = array("I", [known[item.id].key for item in all_ if item.id in known]).tobytes()
                numbers = (first, self._new + 1 - first)
                self._keep_page(page.digest, keys, numbers, page.items[-1].id, has_more=page.has_more)
        return len(again)

    def settled(self) -> bool:
        """Tell whether what was read can be judged as it stands."""
        return True

    def restart(self) -> None:
        """Forget every page: the walk begins again from the top."""
        self._shelf.clear()
        self._reset()

    def seal(self, outcome: Outcome) -> SealedWalk:
        """Close the walk: from here on it can be merged, and nothing can be added."""
        tally = Tally(
            seen=bytes(self._seen),
            listed=self._listed,
            present=self._present,
            new=self._new,
            staged=self._positions + self._silences,
            unreadable=self._unreadable,
        )
        return SealedWalk(_SEAL, outcome, tally)

    def merging(self, kind: Kind) -> AbstractContextManager[sa.Connection]:
        """Give a transaction of this kind in which what was staged can be merged."""
        return self._shelf.merging(kind)

    def _reset(self) -> None:
        self._positions = 0
        self._silences = 0
        self._new = 0
        self._listed = 0
        self._present = 0
        self._unreadable = 0
        self._shapes: set[str] = set()  # digests, not texts: these may be large
        self._ids = Ids()  # of models never seen before
        self._pages = Ids()  # by their digests
        mine = sa.exists().where(schema.model.c.source_key == self._source_key)
        with self._shelf.reading() as connection:
            highest = connection.scalar(sa.select(sa.func.max(schema.model.c.model_key)))
            self._any_known = connection.scalar(sa.select(mine))
            self._escape = letters.of(connection)
        self._seen = bytearray((highest or 0) + 1)

    def _repeats(self, key: int) -> int:
        if key >= len(self._seen):  # made by a run that was merged since: this one will be superseded
            self._seen.extend(bytes(key + 1 - len(self._seen)))
        if self._seen[key]:
            return 1
        self._seen[key] = 1
        return 0

    def _look_up(self, ids: Sequence[str]) -> dict[str, _Known]:
        if not self._any_known:
            return {}
        table = schema.model.c
        silent = table.silent_run.is_not(None)
        wanted = sa.select(table.id, table.model_key, table.digest, table.removed_run.is_(None), silent)
        with self._shelf.reading() as connection:
            mine = wanted.where(table.source_key == self._source_key, bulk.among(connection, table.id, ids))
            return {row.id: row for row in map(_Known._make, bulk.fetch(connection, mine))}

    def _stage_new(self, items: Sequence[Item]) -> None:
        self._stage((item, reading, None, _digest(item, reading)) for item in items for reading in [self._read(item)])

    def _stage_differing(self, pairs: Sequence[tuple[Item, _Known]]) -> None:
        if not pairs:
            return
        olds = self._states([known.key for _, known in pairs])
        rows, changes, silences = [], [], []
        for item, known in pairs:
            old, new = olds[known.key], self._read(item)
            silent = item.disputed or difference.withholds(old, new)
            differences = [] if item.disputed else difference.compare(old, new)
            if differences or not known.listed:
                state = old if item.disputed else difference.merge(old, new)
                rows.append((item, state, known.key, "" if silent else _digest(item, new)))
                changes += [(known.key, change.path, change.old, change.new) for change in differences]
            if silent != known.silent:
                silences.append((known.key, silent))
        self._silences += len(silences)
        self._stage(rows)
        self._shelf.insert(staged_change, changes)
        self._shelf.insert(staged_silence, silences)

    def _states(self, keys: Sequence[int]) -> dict[int, Reading]:
        with self._shelf.reading() as connection:
            wanted = states.select_states().where(bulk.among(connection, schema.model.c.model_key, keys))
            return {row["model_key"]: states.reading(row) for row in connection.execute(wanted).mappings()}

    def _read(self, item: Item) -> Reading:
        reading = item.read()
        self._unreadable += len(reading.unreadable)
        return reading

    def _stage(self, found: Iterable[tuple[Item, Reading, int | None, str]]) -> None:
        rows = []
        for item, reading, key, digest in found:
            self._positions += 1
            self._new += key is None
            layout = states.lay_out(reading.attributes)
            number = self._new if key is None else None
            shape = self._shape(layout.shared)
            rows.append((self._positions, item.id, key, number, *reading.columns, layout.own, shape, digest))
        self._shelf.insert(staged, rows)

    def _shape(self, body: str | None) -> str | None:
        if body is None:
            return None
        digest = sha256(body.encode()).hexdigest()[:24]
        if digest not in self._shapes:
            if len(self._shapes) >= _SHAPES_REMEMBERED:
                self._shapes.clear()
            self._shapes.add(digest)
            self._shelf.insert(staged_shape, [(digest, body)])
        return digest

    def _keep_page(self, digest: str, keys: bytes, new: tuple[int, int], last_id: str, *, has_more: bool) -> None:
        if not self._pages.add([digest]):
            self._shelf.insert(staged_page, [(digest, keys, *new, last_id, has_more)])


def _digest(item: Item, reading: Reading) -> str:
    """The digest that a state is known by; none when not all of the item went into it, so that it is read again."""
    return "" if item.disputed or reading.unreadable else item.digest


def _sift(items: Sequence[Item], known: Mapping[str, _Known]) -> tuple[list[Item], list[tuple[Item, _Known]]]:
    """Pick out what is new, and what is known and does not simply say its state again."""
    new, differing = [], []
    for item in items:
        row = known.get(item.id)
        if row is None:
            new.append(item)
        elif row.digest != item.digest or row.silent or not row.listed or item.disputed:
            differing.append((item, row))
    return new, differing
