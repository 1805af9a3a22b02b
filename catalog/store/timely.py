"""Connections to Postgres on which a transaction begins within a time, or fails: a pooler may have no session left.

A transaction begins by one message. So it takes no longer than it would with settings that stay on a session.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, DisconnectionError

from catalog.store import letters
from catalog.store.session import BEGIN, NEXT, Kind

SECONDS = 30.0  # for a session to be had
# BEGIN comes from us, and a prepared statement would stay on a session that is somebody else's the next moment.
ARGUMENTS = {"autocommit": True, "prepare_threshold": None}
_GLANCE = 0.1
_Result = TypeVar("_Result")


class UnansweredError(psycopg.OperationalError):
    """No answer came in time; the connection can only be closed."""


class Timely(psycopg.Connection[Any]):
    """Ends its waits at a moment, where there is one."""

    until: float | None = None

    def ask(self, statements: str) -> None:
        """Have statements executed that wait for nothing but a session. Raises UnansweredError when there is none."""
        self.until = time.monotonic() + SECONDS
        try:
            self.execute(statements.encode())
        finally:
            self.until = None

    def wait(
        self, gen: Generator[Any, Any, _Result], interval: float = _GLANCE, timeout: float | None = None
    ) -> _Result:
        """Wait for the server as psycopg does, but not beyond the moment."""
        more = {} if timeout is None else {"timeout": timeout}  # older versions know of none
        return super().wait(gen if self.until is None else _until(gen, self.until), interval, **more)


def _until(gen: Generator[Any, Any, _Result], moment: float) -> Generator[Any, Any, _Result]:
    """Hand a generator's questions on; an answer of 0 says that nothing happened for a while."""
    try:
        question = next(gen)
        while True:
            answer = yield question
            if not answer and time.monotonic() > moment:
                raise UnansweredError("no answer in time")
            question = gen.send(answer)
    except StopIteration as ended:
        result: _Result = ended.value
        return result


def look_after(engine: sa.Engine, beginning: Callable[[Kind | None], str]) -> None:
    """Let an engine make such connections, and begin transactions by these statements."""
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "connect", _connected)
    event.listen(engine, "checkout", _open_anew_if_lost)

    def begin(connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        try:
            driver.ask(beginning(connection.info.pop(NEXT, None)))
        except psycopg.Error as error:
            lost = driver.broken or isinstance(error, UnansweredError)
            connection.invalidate(error)
            raise _as_sqlalchemy_does(error, lost=lost) from error

    event.listen(engine, "begin", begin)


def _connect(_dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]) -> Timely:
    connection = Timely.connect(*arguments, **named)
    connection.until = time.monotonic() + SECONDS  # until SQLAlchemy has asked all that it wants to know of a server
    return connection


def _connected(driver: Any, _record: object) -> None:
    driver.until = None
    letters.teach(driver)


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
