"""Puts the errors of database drivers into our words, with a hint. Quotes nothing that a driver said."""

import re
import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from catalog.errors import DatabaseError, LostConnectionError


class _Words(NamedTuple):
    says: str
    hint: str


# By the name of the result code: https://sqlite.org/rescode.html
_SQLITE = {
    "SQLITE_READONLY_DIRECTORY": _Words(
        "cannot be read without the right to write beside it",
        "let this user write to its folder, where SQLite keeps an index while it reads, or give it a copy",
    ),
    "SQLITE_BUSY": _Words("is locked by another program", "wait until it is done, or find it with `fuser`"),
    "SQLITE_LOCKED": _Words("is locked by another program", "wait until it is done, or find it with `fuser`"),
    "SQLITE_READONLY": _Words("cannot be written", "check the owner and rights of the file and of its folder"),
    "SQLITE_CANTOPEN": _Words("cannot be opened", "check that its folder is there, and the owner and rights of both"),
    "SQLITE_PERM": _Words("cannot be opened", "check the owner and rights of the file and of its folder"),
    "SQLITE_FULL": _Words("has no room: the disk is full", "make room; nothing of this run was kept"),
    "SQLITE_IOERR": _Words("cannot be read or written: the disk failed or is full", "check the disk; nothing was kept"),
    "SQLITE_NOTADB": _Words("is no SQLite database", "check database.url, or move that file away"),
    "SQLITE_CORRUPT": _Words("is damaged", "restore a copy: `catalog db restore FILE`"),
}
# By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES = {
    "28P01": _Words("refused the password", "check the password, PGPASSWORD or ~/.pgpass"),
    "28000": _Words("refused the user: there is no such user, or pg_hba.conf keeps it out", "check the user name"),
    "3D000": _Words("is not there", "create it with `createdb`, or check database.url"),
    "3F000": _Words("has no such schema", "check search_path in database.url"),
    "42501": _Words(
        "denied a right",
        "let the schema's owner run `catalog db upgrade`, and grant the rights in docs/how-to/postgres.md",
    ),
    "25006": _Words("is read-only", "connect to the primary server; `catalog check` says what makes it so"),
    "42P01": _Words("holds no catalog", "run `catalog db upgrade`, or check search_path"),
    "22P05": _Words("cannot hold all text: its encoding is not UTF8", "create it with ENCODING 'UTF8'"),
    "53100": _Words("has no room: the disk is full", "make room; nothing of this run was kept"),
    "53300": _Words("has no connection left", "raise max_connections, or try again later"),
    "55000": _Words("takes no connections", "see `datallowconn` of the database, and the server's log"),
    "55P03": _Words("is locked by another program", "try again later"),
    "57014": _Words("cancelled a statement", "ask who did (pg_cancel_backend), and for the time-outs of a pooler"),
    "P0001": _Words(
        "has a trigger, not one of the catalog's, that refuses a statement",
        "ask the owner of its triggers and event triggers, or give the catalog a database of its own",
    ),
    "57P03": _Words("takes no connections yet: its server starts or stops", "try again later"),
}
_NO_SESSION = _Words(
    "gave no session in time",
    "raise default_pool_size of the pooler or max_connections, or try again later",
)
_IDLE = "the server was never away: let it wait longer, ALTER ROLE … SET"
_TIMED_OUT = {
    "57P05": _Words("ended our session because it was idle", f"{_IDLE} idle_session_timeout = 0"),
    "25P03": _Words("ended our transaction because it was idle", f"{_IDLE} idle_in_transaction_session_timeout = 0"),
    "25P04": _Words("ended our transaction because it took long", f"{_IDLE} transaction_timeout = 0"),
}
_CLOSED = _Words(
    "turned us away",
    "the server's log says whether it was the database, the user, the password or a setting in PGOPTIONS or PGTZ",
)
_SETTINGS = "the part of database.url after the ?, and the PG… variables of the environment"
_CERTIFICATE = _Words("shows a TLS certificate that cannot be verified", f"see sslmode and sslrootcert in {_SETTINGS}")
_NO_SUCH_VALUE = _Words("was not asked: a setting of the connection has a value that is none", f"check {_SETTINGS}")
# What libpq itself says, which is never translated: we choose no language.
_UNREACHED = {
    "no password supplied": _POSTGRES["28P01"],
    "Connection refused": _Words("does not answer: connection refused", "check that the server runs, host and port"),
    "No such file or directory": _Words("does not answer: no socket there", "check that the server runs, and the host"),
    "resolve host": _Words("cannot be found: its host name does not resolve", "check the host in database.url"),
    "timeout expired": _Words("does not answer in time", "check that the server runs, host and port"),
    "does not support SSL": _Words(
        "offers no TLS, which was asked for", f"see sslmode in {_SETTINGS}, or set `ssl = on`"
    ),
    "certificate verify failed": _CERTIFICATE,
    "root certificate file": _CERTIFICATE,
    "server certificate for": _CERTIFICATE,
    "SSL negotiation": _Words("does not speak as Postgres does", "check host and port in database.url"),
    "definition of service": _Words(
        "was not asked: there is no such service", "check `service` in database.url, PGSERVICE, and pg_service.conf"
    ),
    "service file": _Words("was not asked: there is no file of services", "check PGSERVICEFILE and PGSERVICE"),
    "invalid integer value": _NO_SUCH_VALUE,
    " value: ": _NO_SUCH_VALUE,
    "bad value for": _NO_SUCH_VALUE,
    "weak sslmode": _NO_SUCH_VALUE,
    "hot standby mode": _Words("is not of the kind asked for", f"see target_session_attrs in {_SETTINGS}"),
    "session is ": _Words("is not of the kind asked for", f"see target_session_attrs in {_SETTINGS}"),
    "channel binding required": _Words("logs us in less safely than asked for", f"see channel_binding in {_SETTINGS}"),
    "authentication method requirement": _Words(
        "logs us in otherwise than asked for", f"see require_auth in {_SETTINGS}"
    ),
    "GSSAPI encryption required": _Words(
        "was not asked: there is no Kerberos ticket", f"see gssencmode in {_SETTINGS}"
    ),
    "invalid connection option": _Words("was not asked: its URL holds an unknown option", "check what follows the ?"),
}
# What PgBouncer says, and the wait for it; its connections are lost then, but not for that reason.
_POOLER = {
    "statement pooling mode": _Words(
        "is behind a pooler in statement mode, where no transaction is possible",
        "set pool_mode = transaction or session for it, or name the server itself in database.url",
    ),
    "query_wait_timeout": _NO_SESSION,
    "no more connections allowed": _NO_SESSION,
    "unsupported startup parameter": _Words(
        "is behind a pooler that refuses a startup parameter",
        "leave `options` out of database.url and PGOPTIONS, or set ignore_startup_parameters = options for the pooler",
    ),
    "no answer in time": _NO_SESSION,  # our own words
}
_UNCONNECTED = _Words("cannot be connected to", f"check {_SETTINGS}, and the server's log")
_LOST = ("57P01", "57P02", "08")
# libpq puts two blanks after the severity in a server's own message, whatever language that is in.
_FROM_SERVER = re.compile(r"failed: [^:\n]{1,40}:  ")


def explain(error: BaseException | None, name: str, *, lost: bool = False, code: str | None = None) -> DatabaseError:
    """Give our error for a driver's; `name` is the database as people may see it, `code` what the driver left out."""
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error, name)
    if isinstance(error, OSError):
        unopened = _SQLITE["SQLITE_CANTOPEN" if isinstance(error, FileNotFoundError) else "SQLITE_PERM"]
        return DatabaseError(f"the database {name} {unopened.says} ({error.strerror})", hint=unopened.hint)
    state = getattr(error, "sqlstate", None) or code or ""
    pooler, ended = _found(_POOLER, str(error)), _TIMED_OUT.get(state)
    if ended is not None:
        return LostConnectionError(f"the database {name} {ended.says}", hint=ended.hint)
    if pooler is None and (lost or state.startswith(_LOST)):
        hint = "a run is kept whole or not at all; run it again when the server is back"
        return LostConnectionError(f"the connection to {name} was lost", hint=hint)
    words = pooler or _POSTGRES.get(state) or _while_connecting(error)
    if words is not None:
        return DatabaseError(f"the database {name} {words.says}", hint=words.hint)
    return _refused(name, error, state)


def was_turned_away(error: BaseException | None) -> bool:
    """Tell whether a server was reached and refused the connection: then the driver knows its text but not its code."""
    return not getattr(error, "sqlstate", None) and bool(_FROM_SERVER.search(str(error)))


def _from_sqlite(error: sqlite3.Error, name: str) -> DatabaseError:
    code = getattr(error, "sqlite_errorname", "")
    words = next((words for start, words in _SQLITE.items() if code.startswith(start)), None)
    if words is None and "no such table" in str(error):
        words = _POSTGRES["42P01"]
    if words is None:
        return _refused(name, error, code)
    return DatabaseError(f"the database {name} {words.says}", hint=words.hint)


def _refused(name: str, error: BaseException | None, code: str) -> DatabaseError:
    """Tell of an error that is not foreseen, by its type and code alone."""
    told = " ".join(filter(None, (type(error).__name__, code)))
    return DatabaseError(f"the database {name} refused a statement ({told})")


def _while_connecting(error: BaseException | None) -> _Words | None:
    if getattr(error, "sqlstate", None):
        return None
    if was_turned_away(error):
        return _CLOSED
    usual = _UNCONNECTED if type(error).__name__ == "OperationalError" else None
    return _found(_UNREACHED, str(error)) or usual


def _found(table: Mapping[str, _Words], text: str) -> _Words | None:
    return next((words for part, words in table.items() if part in text), None)
