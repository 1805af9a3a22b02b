"""What a database means by refusing, in words, with what to do about it. Quotes nothing a driver said."""

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from catalog.errors import DatabaseError, LostConnectionError


class _Words(NamedTuple):
    says: str
    hint: str


_SQLITE = {
    "SQLITE_READONLY_DIRECTORY": _Words(
        "cannot be read without the right to write beside it",
        "let this user write to its folder, where SQLite keeps an index while somebody reads, or give it a copy",
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
_POSTGRES = {
    "28P01": _Words("refused the password", "check the password, PGPASSWORD or ~/.pgpass"),
    "28000": _Words("refused the user", "check the user name and pg_hba.conf"),
    "3D000": _Words("is not there", "create it with `createdb`, or check database.url"),
    "3F000": _Words("has no such schema", "check search_path in database.url"),
    "42501": _Words(
        "denied a right", "let the schema's owner run `catalog db upgrade`, and grant the rights in docs/postgres.md"
    ),
    "25006": _Words("is read-only", "connect to the primary server"),
    "42P01": _Words("holds no catalog", "run `catalog db upgrade`, or check search_path"),
    "22P05": _Words("cannot hold all text: its encoding is not UTF8", "create it with ENCODING 'UTF8'"),
    "53100": _Words("has no room: the disk is full", "make room; nothing of this run was kept"),
    "53300": _Words("has no connection left", "raise max_connections, or try again later"),
    "55P03": _Words("is locked by another program", "try again later"),
    "57014": _Words("cancelled a statement", "raise statement_timeout for this role"),
}
_NO_SESSION = _Words(
    "gave no session in time",
    "a run needs two at once: raise default_pool_size of the pooler or max_connections, or try again later",
)
_CONNECTING = {
    "password authentication failed": _POSTGRES["28P01"],
    "no password supplied": _POSTGRES["28P01"],
    "does not exist": _Words("is not there, or has no such user", "check the names in database.url"),
    "no pg_hba.conf entry": _POSTGRES["28000"],
    "Connection refused": _Words("does not answer: connection refused", "check that the server runs, host and port"),
    "No such file or directory": _Words("does not answer: no socket there", "check that the server runs, and the host"),
    "resolve host": _Words("cannot be found: its host name does not resolve", "check the host in database.url"),
    "too many clients": _POSTGRES["53300"],
    "timeout": _Words("does not answer in time", "check that the server runs, host and port"),
    "invalid connection option": _Words("was not asked: its URL holds an unknown option", "check what follows the ?"),
}
_COMPLAINTS = {
    "permission denied": _POSTGRES["42501"],
    "No space left": _Words("has no room for a copy: the disk is full", "make room, or copy to another disk"),
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
_UNCONNECTED = _Words("cannot be connected to", "check what follows the ? in database.url, and the server's log")
_LOST = ("57P01", "57P02", "57P03", "08")


def explain(error: BaseException | None, name: str, *, lost: bool = False) -> DatabaseError:
    """Give our error for a driver's; `name` is the database as people may see it."""
    if isinstance(error, sqlite3.Error):
        return _from_sqlite(error, name)
    if isinstance(error, OSError):
        unopened = _SQLITE["SQLITE_CANTOPEN" if isinstance(error, FileNotFoundError) else "SQLITE_PERM"]
        return DatabaseError(f"the database {name} {unopened.says} ({error.strerror})", hint=unopened.hint)
    state = getattr(error, "sqlstate", None) or ""
    pooler = _found(_POOLER, str(error))
    if pooler is not None:
        return DatabaseError(f"the database {name} {pooler.says}", hint=pooler.hint)
    if lost or state.startswith(_LOST):
        hint = "a run is kept whole or not at all; run it again when the server is back"
        return LostConnectionError(f"the connection to {name} was lost", hint=hint)
    words = _POSTGRES.get(state) or _while_connecting(str(error))
    if words is None and not state and type(error).__name__ == "OperationalError":
        words = _UNCONNECTED
    if words is not None:
        return DatabaseError(f"the database {name} {words.says}", hint=words.hint)
    return _refused(name, error, state)


def of_program(program: str, said: str, name: str) -> DatabaseError:
    """Give our error for what a program of Postgres complained of."""
    found = _while_connecting(said) or next((words for part, words in _COMPLAINTS.items() if part in said), None)
    if found is None:
        return DatabaseError(f"{program} failed at {name}", hint=f"run {program} by hand: it says why")
    return DatabaseError(f"{program}: the database {name} {found.says}", hint=found.hint)


def _from_sqlite(error: sqlite3.Error, name: str) -> DatabaseError:
    code = getattr(error, "sqlite_errorname", "")
    words = next((words for start, words in _SQLITE.items() if code.startswith(start)), None)
    if words is None and "no such table" in str(error):
        words = _POSTGRES["42P01"]
    if words is None:
        return _refused(name, error, code)
    return DatabaseError(f"the database {name} {words.says}", hint=words.hint)


def _refused(name: str, error: BaseException | None, code: str) -> DatabaseError:
    """Tell of a refusal nobody foresaw, by its type and code alone."""
    told = " ".join(filter(None, (type(error).__name__, code)))
    return DatabaseError(f"the database {name} refused a statement ({told})")


def _while_connecting(text: str) -> _Words | None:
    return _found(_CONNECTING, text)


def _found(table: Mapping[str, _Words], text: str) -> _Words | None:
    return next((words for part, words in table.items() if part in text), None)
