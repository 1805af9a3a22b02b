"""The accepted identities of a source, and what the latest whole walk of each one listed.

A gateway may answer for several accounts in turn. Together they make one list: a model is absent only when the latest
whole walk of every accepted identity lacks it.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from catalog.domain import Identity
from catalog.store.schema.identity_tables import identity
from catalog.store.schema.tables import run

FORGOTTEN_AFTER = timedelta(days=30)  # an identity that did not answer for so long must be accepted again


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """An accepted identity. `seen` has a byte for each model key, 1 where its latest whole walk listed the model."""

    number: int
    identity: Identity
    last_at: datetime  # end of the last merged walk that it answered
    whole_run: int | None
    seen: bytes | None  # None: unknown, so that it counts as listing everything


@dataclass(frozen=True, kw_only=True)
class WalkIdentity:
    """Which of the accepted identities answered a walk. Pure."""

    accepted: Sequence[Accepted]
    named: Identity  # in the answers
    walked_at: datetime
    last_walk_end: datetime | None  # of the merged walk before

    @cached_property
    def fitting(self) -> list[Accepted]:
        """The accepted identity that equals the answers' one, else all that do not contradict it."""
        fits = [each for each in self.accepted if same(each.identity, self.named)]
        return [each for each in fits if each.identity == self.named] or fits

    @property
    def known(self) -> Accepted | None:
        """The accepted identity that answered; None: a new one did, or the answers do not say which one."""
        return self.fitting[0] if len(self.fitting) == 1 else None

    @property
    def is_unknown(self) -> bool:
        """Whether an identity answered that is not accepted."""
        return bool(self.accepted) and not self.fitting

    @property
    def is_nameless(self) -> bool:
        """Whether the answers do not say which of several accepted identities they come from."""
        return len(self.fitting) > 1

    @property
    def names_one(self) -> bool:
        """Whether it is clear which identity answered."""
        return self.known is not None or (not self.fitting and self.named != Identity())

    @cached_property
    def silent(self) -> list[Accepted]:
        """The identities that are forgotten from now on. Their silence counts only while others answered."""
        if self.last_walk_end is None or self.walked_at - self.last_walk_end >= FORGOTTEN_AFTER:
            return []
        apart = [each for each in self.accepted if each not in self.fitting]
        return [each for each in apart if self.walked_at - each.last_at >= FORGOTTEN_AFTER]

    @cached_property
    def others(self) -> list[Accepted]:
        """The accepted identities beside the one that answered."""
        return [each for each in self.accepted if each is not self.known and each not in self.silent]

    @property
    def number(self) -> int:
        """The number of the identity that answered, among those of the source."""
        return self.known.number if self.known else 1 + max((each.number for each in self.accepted), default=0)

    @property
    def filled(self) -> Identity:
        """The identity that answered; where the answers are silent, as it was named before."""
        before, now = self.known.identity if self.known else Identity(), self.named
        return Identity(
            organization=now.organization or before.organization, workspace=now.workspace or before.workspace
        )


def of_source(connection: sa.Connection, source_key: int) -> list[Accepted]:
    """Give the accepted identities of a source, in the order they were accepted."""
    table = identity.c
    columns = (table.number, table.organization, table.workspace, table.whole_run, table.seen, run.c.walked_at)
    wanted = sa.select(*columns).join(run, run.c.run_id == table.last_run).where(table.source_key == source_key)
    return [
        Accepted(
            number=row.number,
            identity=Identity(organization=row.organization, workspace=row.workspace),
            last_at=row.walked_at,
            whole_run=row.whole_run,
            seen=None if row.seen is None else zlib.decompress(row.seen),
        )
        for row in connection.execute(wanted.order_by(table.number))
    ]


def same(before: Identity, now: Identity) -> bool:
    """Tell whether two answers can come from the same identity; an absent header is no statement."""
    pairs = ((before.organization, now.organization), (before.workspace, now.workspace))
    return all(old is None or new is None or old == new for old, new in pairs)


def together(seen: bytes, others: Sequence[Accepted]) -> bytes:
    """Give a byte for each model key of `seen`: 1 where it, or the latest whole walk of another identity, has it."""
    size = len(seen)
    if any(each.seen is None for each in others):
        return b"\x01" * size
    listed = int.from_bytes(seen, "little")
    for each in others:
        listed |= int.from_bytes((each.seen or b"")[:size], "little")
    return listed.to_bytes(size, "little")


def note(connection: sa.Connection, source_key: int, number: int, who: Identity, run_id: int, **whole: Any) -> None:
    """Note that an accepted identity answered a run, also a new one; `whole` comes from `whole_walk`."""
    mine = (identity.c.source_key == source_key) & (identity.c.number == number)
    named = {"organization": who.organization, "workspace": who.workspace, "last_run": run_id, **whole}
    if not connection.execute(identity.update().where(mine).values(**named)).rowcount:
        connection.execute(identity.insert().values(source_key=source_key, number=number, **named))


def whole_walk(run_id: int, seen: bytes | None) -> dict[str, Any]:
    """Give the columns for the whole walk of an identity; `seen` is None where it is the only identity."""
    return {"whole_run": run_id, "seen": None if seen is None else zlib.compress(seen, 1)}


def forget_all(connection: sa.Connection, source_key: int) -> None:
    """Forget all identities of a source: a new scope begins."""
    connection.execute(identity.delete().where(identity.c.source_key == source_key))


def forget(connection: sa.Connection, source_key: int, numbers: Sequence[int]) -> None:
    """Forget some identities: they must be accepted again."""
    if not numbers:
        return
    mine = (identity.c.source_key == source_key) & identity.c.number.in_(numbers)
    connection.execute(identity.delete().where(mine))


def describe(who: Identity) -> str:
    """Name an identity for people."""
    parts = (("organization", who.organization), ("workspace", who.workspace))
    return ", ".join(f"{kind} {name}" for kind, name in parts if name)
