"""Ends a read that takes too long, while others wait for its thread."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from catalog.errors import DatabaseError

_STEPS = 10_000  # of SQLite's machine between two looks at the clock: about a millisecond
_ENDED = ("57014", "SQLITE_INTERRUPT")


@contextmanager
def within(connection: sa.Connection, seconds: float) -> Iterator[None]:
    """Let the statements of the block take so long: on SQLite together, on Postgres each.

    Raises DatabaseError from the one that takes longer. Inside a transaction only, which forgets the limit at its end.
    """
    driver: Any = connection.connection.driver_connection
    is_sqlite = isinstance(driver, sqlite3.Connection)
    if is_sqlite:  # https://sqlite.org/c3ref/progress_handler.html
        until = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    else:
        connection.execute(sa.text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
    try:
        yield
    except DBAPIError as error:
        if str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", "")) not in _ENDED:
            raise
        hint = "ask for less: one source, a shorter time, or a pattern that begins with letters"
        raise DatabaseError(f"the answer took longer than {seconds:g} s, and was given up", hint=hint) from None
    finally:
        if is_sqlite:
            driver.set_progress_handler(None, 0)
