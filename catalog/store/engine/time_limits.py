"""Connections to Postgres whose transactions begin within a time limit, or fail: a pooler may have no session left.

One message begins a transaction and sets its settings, so that they cost no round trip.
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
from catalog.store.engine.session import BEGIN, TRANSACTION, Kind

SECONDS = 30.0  # to wait for a session
GIVE_WAY = 1.0  # seconds to wait before a connection that is not needed is given up
# We send BEGIN ourselves. A prepared statement would stay on a session that another client gets next:
# https://www.psycopg.org/psycopg3/docs/advanced/prepare.html
ARGUMENTS = {"autocommit": True, "prepare_threshold": None}
_INTERVAL = 0.1  # seconds between two looks at the clock
_Result = TypeVar("_Result")


class UnansweredError(psycopg.OperationalError):
    """No answer came in time; the connection can only be closed."""


class Timely(psycopg.Connection[Any]):
    """Stops waiting for the server at the moment `until`, where one is set."""

    until: float | None = None
    relieve: Callable[[], bool]

    def ask(self, statements: str) -> None:
        """Execute statements that wait for nothing but a session. Raises UnansweredError when there is none."""
        self.until = time.monotonic() + SECONDS
        try:
            self.execute(statements.encode())
        except psycopg.OperationalError as error:
            if "query_wait_timeout" in str(error):  # PgBouncer has a limit of its own
                raise UnansweredError("no answer in time") from error
            raise
        finally:
            self.until = None

    def wait(
        self, gen: Generator[Any, Any, _Result], interval: float = _INTERVAL, timeout: float | None = None
    ) -> _Result:
        """Wait for the server as psycopg does, but not beyond `until`."""
        more = {} if timeout is None else {"timeout": timeout}  # older versions have no such argument
        return super().wait(gen if self.until is None else self._in_time(gen, self.until), interval, **more)

    def _in_time(self, gen: Generator[Any, Any, _Result], moment: float) -> Generator[Any, Any, _Result]:
        """Pass a generator's questions on; the answer 0 says that nothing happened in the last interval."""
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
    """Let an engine make such connections, and begin transactions with these statements.

    Where no session is free, `relieve` gives up a connection that is not needed; it returns False if there is none.
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
            driver.ask(beginning(connection.get_execution_options().get(TRANSACTION)))
        except psycopg.Error as error:
            lost = driver.broken or isinstance(error, UnansweredError)
            connection.invalidate(error)
            raise _as_sqlalchemy_does(error, lost=lost) from error

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkout", _open_anew_if_lost)
    event.listen(engine, "begin", begin)


def _made(connect: Callable[[], Timely], relieve: Callable[[], bool]) -> Timely:
    """Make a connection; if the server has none left, give one up and try again for a second."""
    try:
        return connect()
    except psycopg.OperationalError:
        if not relieve():
            raise
    until = time.monotonic() + GIVE_WAY
    while time.monotonic() < until:
        with suppress(psycopg.OperationalError):
            return connect()
        time.sleep(_INTERVAL)
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
