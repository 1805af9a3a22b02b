"""The locks that a process holds in Postgres while it reads sources: all of them on one connection."""

from collections.abc import Collection
from contextlib import ExitStack, suppress
from hashlib import sha256
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InvalidRequestError


class Locks:
    """Locks by the names of sources, in one transaction that stays open while there are any.

    Not in a session: behind a pooler that may outlive us, and keep a lock for ever. Locks of a transaction can only be
    let go together, so the others are taken again at once, in the same message. Correctness rests on none of them.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._turn = Lock()
        self._held: set[str] = set()
        self._open: ExitStack | None = None

    def take(self, engine: sa.Engine, source: str) -> bool:
        """Take a lock; False when another run has it, in this process or elsewhere."""
        with self._turn:
            if source in self._held:
                return False
            mine = self._try_twice(engine, source)
            if mine:
                self._held.add(source)
            elif not self._held:
                self._leave()
            return mine

    def let_go(self, source: str) -> None:
        """Let a lock go. If its connection died, it is gone already: what the run did stands, and is no failure."""
        with self._turn, suppress(DBAPIError, InvalidRequestError):
            self._held.discard(source)
            if not self._held:
                self._leave()
            elif self._open:
                self._connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT no_lock; {self._taking(self._held)}")

    def give_way(self) -> bool:
        """Give the connection back to a server that has no other, and the locks with it; tell whether there was one."""
        if not self._turn.acquire(blocking=False):
            return False
        try:
            return self._leave(for_good=True)
        finally:
            self._turn.release()

    def _try_twice(self, engine: sa.Engine, source: str) -> bool:
        try:
            return self._try(engine, source)
        except (DBAPIError, InvalidRequestError):
            if not self._held:
                self._leave()
                raise
            self._leave()  # The connection died meanwhile, and the locks with it.
            return self._try(engine, source)

    def _try(self, engine: sa.Engine, source: str) -> bool:
        if self._open is None:
            self._enter(engine)
        return bool(self._connection.exec_driver_sql(self._taking({source})).scalar())

    def _enter(self, engine: sa.Engine) -> None:
        with ExitStack() as stack:
            self._connection = stack.enter_context(engine.connect())
            stack.callback(_end, self._connection.begin())
            self._schema = self._connection.scalar(sa.select(sa.func.current_schema()))
            self._connection.exec_driver_sql("SAVEPOINT no_lock")
            if self._held:
                self._connection.exec_driver_sql(self._taking(self._held))
            self._open = stack.pop_all()

    def _leave(self, *, for_good: bool = False) -> bool:
        opened, self._open = self._open, None
        if opened is None:
            return False
        if for_good:  # Kept for later, it would still be one that the server counts.
            opened.callback(self._connection.detach)
        opened.close()
        return True

    def _taking(self, sources: Collection[str]) -> str:
        locks = (f"pg_try_advisory_xact_lock({number(self._schema, source)})" for source in sorted(sources))
        return f"SELECT {', '.join(locks)}"


def _end(transaction: sa.Transaction) -> None:
    with suppress(DBAPIError, InvalidRequestError):
        transaction.rollback()


def number(schema: str | None, source: str) -> int:
    """Give the number of a source's lock in the catalog that is in this schema."""
    return int.from_bytes(sha256(f"model-catalog {schema} {source}".encode()).digest()[:8], "big", signed=True)
