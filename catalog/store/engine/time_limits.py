"""Connections to Postgres on which a transaction begins within a time, or fails: a pooler may have no session left.

A transaction begins by one message. So it takes no longer than it would with settings that stay on a session.
"""

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError

from catalog.store.engine import charset
from catalog.store.engine.session import BEGIN, NEXT, Kind

SECONDS = 30.0  # for a session to be had
GIVE_WAY = 1.0  # seconds after which what can be done without is given back
# BEGIN comes from us, and a prepared statement would stay on a session that is somebody else's the next moment.
ARGUMENTS = {"autocommit": True, "prepare_threshold": None}
_GLANCE = 0.1
_Result = TypeVar("_Result")


class UnansweredError(psycopg.OperationalError):
    """No answer came in time; the connection can only be closed."""


class Timely(psycopg.Connection[Any]):
    """Ends its waits at a moment, where there is one."""

    until: float | None = None
    relieve: Callable[[], bool]

    def ask(self, statements: str) -> None:
        """Have statements executed that wait for nothing but a session. Raises UnansweredError when there is none."""
        self.until = time.monotonic() + SECONDS
        try:
            self.execute(statements.encode())
        except psycopg.OperationalError as error:
            if "query_wait_timeout" in str(error):  # of PgBouncer, which has its own patience
                raise UnansweredError("no answer in time") from error
            raise
        finally:
            self.until = None

    def wait(
        self, gen: Generator[Any, Any, _Result], interval: float = _GLANCE, timeout: float | None = None
    ) -> _Result:
        """Wait for the server as psycopg does, but not beyond the moment."""
        more = {} if timeout is None else {"timeout": timeout}  # older versions know of none
        return super().wait(gen if self.until is None else self._in_time(gen, self.until), interval, **more)

    def _in_time(self, gen: Generator[Any, Any, _Result], moment: float) -> Generator[Any, Any, _Result]:
        """Hand a generator's questions on; an answer of 0 says that nothing happened for a while."""
        relief: float | None = time.monotonic() + GIVE_WAY
        try:
            question = next(gen)
            while True:
                answer = yield question
                now = time.monotonic()
                if not answer and now > moment:
                    raise UnansweredError("no answer in time")
                if not answer and relief is not None and now > relief:
                    relief = None
                    self.relieve()
                question = gen.send(answer)
        except StopIteration as ended:
            result: _Result = ended.value
            return result


def look_after(engine: sa.Engine, beginning: Callable[[Kind | None], str], relieve: Callable[[], bool]) -> None:
    """Let an engine make such connections, and begin transactions by these statements.

    Where no session is to be had, `relieve` gives back one that can be done without, and tells whether there was one.
    """

    def connect(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> Timely:
        connection = _made(partial(Timely.connect, *arguments, **named), relieve)
        connection.relieve = relieve
        try:
            connection.ask("")
        except psycopg.Error:
            connection.close()
            raise
        charset.teach(connection)
        return connection

    def begin(connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        try:
            driver.ask(beginning(connection.info.pop(NEXT, None)))
        except psycopg.Error as error:
            lost = driver.broken or isinstance(error, UnansweredError)
            connection.invalidate(error)
            raise _as_sqlalchemy_does(error, lost=lost) from error

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", _open_anew_if_lost)
    event.listen(engine, "begin", begin)


def _made(connect: Callable[[], Timely], relieve: Callable[[], bool]) -> Timely:
    """Make a connection; if it is one too many, make it as soon as one is gone that could be done without."""
    try:
        return connect()
    except psycopg.OperationalError:
        if not relieve():
            raise
    until = time.monotonic() + GIVE_WAY
    while time.monotonic() < until:
        with suppress(psycopg.OperationalError):
            return connect()
        time.sleep(_GLANCE)
    return connect()


def _open_anew_if_lost(driver: Any, _record: object, _proxy: object) -> None:
    try:
        driver.ask("")
    except UnansweredError as error:
        raise _as_sqlalchemy_does(error, lost=True) from error
    except psycopg.Error:
        raise DisconnectionError from None


def _as_sqlalchemy_does(error: psycopg.Error, *, lost: bool) -> Exception:
    made: Exception = DBAPIError.instance(BEGIN, None, error, psycopg.Error, connection_invalidated=lost)
    return made
