"""Ends a read that takes too long while others wait for its thread, or that a signal interrupts."""

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


@contextmanager
def interruptible(connection: sa.Connection) -> Iterator[None]:
    """Let signals end a statement of SQLite, which else they wait for; psycopg lets them by itself."""
    driver: Any = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    raised: list[BaseException] = []
    driver.set_progress_handler(_looks(raised).__next__, _STEPS)
    try:
        yield
    except DBAPIError:
        if raised:
            raise raised[0] from None
        raise
    finally:
        driver.set_progress_handler(None, 0)


def _looks(raised: list[BaseException]) -> Iterator[bool]:
    """Give Python a turn at each step, in which a handler of a signal may raise; True ends the statement.

    An exception that leaves a progress handler is lost. In a generator it is raised at `yield`, and caught.
    """
    while not raised:
        try:
            yield False
        except GeneratorExit:
            return
        except BaseException as error:  # noqa: BLE001 - it is raised again, outside of SQLite
            raised.append(error)
    yield True
