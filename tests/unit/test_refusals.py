"""What a database means by refusing, in words; and that nothing a driver said is repeated."""

import sqlite3

import pytest
from psycopg import Error, OperationalError, connect, errors

from catalog.errors import LostConnectionError
from catalog.store.engine import driver_errors

SECRET = "hunter2"


def said(error: BaseException, *, lost: bool = False) -> str:
    explained = driver_errors.explain(error, "catalog.db", lost=lost)
    assert SECRET not in f"{explained} {explained.hint}"
    assert explained.message.startswith(("the database catalog.db ", "the connection to catalog.db "))
    return explained.message.removeprefix("the database catalog.db ")


def sqlite_error(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError(f"{name} {SECRET}")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_BUSY", "is locked by another program"),
        ("SQLITE_BUSY_SNAPSHOT", "is locked by another program"),
        ("SQLITE_READONLY", "cannot be written"),
        ("SQLITE_CANTOPEN", "cannot be opened"),
        ("SQLITE_FULL", "has no room: the disk is full"),
        ("SQLITE_IOERR_WRITE", "cannot be read or written: the disk failed or is full"),
        ("SQLITE_NOTADB", "is no SQLite database"),
        ("SQLITE_CORRUPT", "is damaged"),
        ("SQLITE_CONSTRAINT_TRIGGER", "refused a statement (OperationalError SQLITE_CONSTRAINT_TRIGGER)"),
    ],
)
def test_what_sqlite_means(name: str, words: str) -> None:
    assert said(sqlite_error(name)) == words


def test_sqlite_without_our_tables_holds_no_catalog() -> None:
    assert said(sqlite3.OperationalError("no such table: models")) == "holds no catalog"
    assert said(sqlite3.ProgrammingError(SECRET)) == "refused a statement (ProgrammingError)"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("28P01", "refused the password"),
        ("3D000", "is not there"),
        ("42501", "denied a right"),
        ("25006", "is read-only"),
        ("42P01", "holds no catalog"),
        ("53100", "has no room: the disk is full"),
        ("22P05", "cannot hold all text: its encoding is not UTF8"),
        ("23514", "refused a statement (CheckViolation 23514)"),
    ],
)
def test_what_postgres_means(state: str, words: str) -> None:
    assert said(errors.lookup(state)(SECRET)) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("57P05", "ended our session because it was idle"),
        ("25P03", "ended our transaction because it was idle"),
        ("25P04", "ended our transaction because it took long"),
    ],
)
@pytest.mark.parametrize("lost", [True, False])
def test_a_time_out_of_the_server_is_told_as_one_and_not_as_a_lost_connection(
    state: str, words: str, lost: bool
) -> None:
    assert said(errors.lookup(state)(SECRET), lost=lost) == words


@pytest.mark.parametrize("state", ["57P01", "57P02", "08006"])
def test_a_lost_connection_is_told_from_a_refusal(state: str) -> None:
    assert isinstance(driver_errors.explain(errors.lookup(state)(SECRET), "here"), LostConnectionError)
    assert isinstance(driver_errors.explain(OperationalError(SECRET), "here", lost=True), LostConnectionError)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("connection failed: Connection refused", "does not answer: connection refused"),
        ("failed to resolve host 'db'", "cannot be found: its host name does not resolve"),
        ("connection timeout expired", "does not answer in time"),
        ("connection failed: something else", "cannot be connected to"),
        ("server does not support SSL, but SSL was required", "offers no TLS, which was asked for"),
        ("SSL error: certificate verify failed", "shows a TLS certificate that cannot be verified"),
        ('root certificate file "/x" does not exist', "shows a TLS certificate that cannot be verified"),
        ('server certificate for "a" does not match "b"', "shows a TLS certificate that cannot be verified"),
        ("received invalid response to SSL negotiation: H", "does not speak as Postgres does"),
        ('definition of service "timeout" not found', "was not asked: there is no such service"),
        ('service file "/timeout" not found', "was not asked: there is no file of services"),
        ('invalid sslmode value: "bogus"', "was not asked: a setting of the connection has a value that is none"),
        ('invalid integer value "x" for connection option "tcp_user_timeout"', "was not asked: a setting of the "),
        ("bad value for connect_timeout: 'abc'", "was not asked: a setting of the connection has a value that is"),
        ('weak sslmode "prefer" may not be used with sslnegotiation=direct', "was not asked: a setting of the "),
        ("server is not in hot standby mode", "is not of the kind asked for"),
        ("session is read-only", "is not of the kind asked for"),
        ("channel binding required, but not offered", "logs us in less safely than asked for"),
        ('authentication method requirement "md5" failed', "logs us in otherwise than asked for"),
        ("GSSAPI encryption required but no credential cache", "was not asked: there is no Kerberos ticket"),
        ('"here" failed: SCHWERWIEGEND:  Datenbank »timeout« existiert nicht', "turned us away"),
        ('"here" failed: FATAL:  database "Connection refused" does not exist', "turned us away"),
        ('"here" failed: ВАЖНО:  роль "x" не существует', "turned us away"),
    ],
)
def test_a_server_that_cannot_be_reached_is_told_by_how(text: str, words: str) -> None:
    assert said(OperationalError(f"{text} {SECRET}")).startswith(words)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("PGCONNECT_TIMEOUT", "a setting of the connection has a value that is none"),
        ("PGSSLMODE", "a setting of the connection has a value that is none"),
        ("PGPORT", "a setting of the connection has a value that is none"),
        ("PGSERVICE", "there is no such service"),
    ],
)
def test_a_variable_that_keeps_us_from_asking_is_no_server_that_is_away(
    monkeypatch: pytest.MonkeyPatch, setting: str, words: str
) -> None:
    monkeypatch.setenv(setting, SECRET)
    with pytest.raises(Error) as caught:
        connect("host=127.0.0.1 user=none dbname=none")
    assert said(caught.value) == f"was not asked: {words}"


def test_a_file_that_the_system_refuses_is_told_by_its_reason() -> None:
    assert said(PermissionError(13, "Permission denied", SECRET)) == "cannot be opened (Permission denied)"
