"""The advisory locks that a process holds in Postgres, one per source that it reads, all on one connection."""

from collections.abc import Collection
from contextlib import ExitStack, suppress
from hashlib import sha256
from threading import Lock

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InvalidRequestError


class Locks:
    """Locks by the names of sources, in one transaction that stays open while any is held.

    A lock of the session could outlive this process behind a pooler. Locks of a transaction can only be released
    together, so the others are taken again in the same message. Correctness depends on none of them.
    """

    def __init__(self) -> None:
        """Hold none."""
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
        """Release a lock. If its connection died, the lock is gone already, and that is no failure."""
        with self._turn, suppress(DBAPIError, InvalidRequestError):
            self._held.discard(source)
            if not self._held:
                self._leave()
            elif self._open:
                self._connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT no_lock; {self._taking(self._held)}")

    def give_way(self) -> bool:
        """Close the connection, and release the locks with it, for a server that has no other; False: none was open."""
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
            self._leave()  # the connection died meanwhile, and the locks with it
            return self._try(engine, source)

    def _try(self, engine: sa.Engine, source: str) -> bool:
        if self._open is None:
            self._enter(engine)
        return bool(self._connection.exec_driver_sql(self._taking({source})).scalar())

    def _enter(self, engine: sa.Engine) -> None:
        with ExitStack() as stack:
            self._connection = stack.enter_context(engine.connect())
            stack.callback(_roll_back, self._connection.begin())
            self._schema = self._connection.scalar(sa.select(sa.func.current_schema()))
            self._connection.exec_driver_sql("SAVEPOINT no_lock")
            if self._held:
                self._connection.exec_driver_sql(self._taking(self._held))
            self._open = stack.pop_all()

    def _leave(self, *, for_good: bool = False) -> bool:
        opened, self._open = self._open, None
        if opened is None:
            return False
        if for_good and not self._connection.invalidated:  # back in the pool, it would still count for the server
            opened.callback(self._connection.detach)
        opened.close()
        return True

    def _taking(self, sources: Collection[str]) -> str:
        locks = (f"pg_try_advisory_xact_lock({number(self._schema, source)})" for source in sorted(sources))
        return f"SELECT {', '.join(locks)}"


def _roll_back(transaction: sa.Transaction) -> None:
    with suppress(DBAPIError, InvalidRequestError):
        transaction.rollback()


def number(schema: str | None, source: str) -> int:
    """Give the number of a source's lock, for the catalog in this schema."""
    return int.from_bytes(sha256(f"model-catalog {schema} {source}".encode()).digest()[:8], "big", signed=True)
