"""What is said at the beginning of each transaction on Postgres: nothing of ours stays on a session.

Behind a pooler in transaction mode the next transaction may come to another session of the server, and this one may be
given to somebody else. What would be said at the start of a session, a pooler may refuse or drop. So it is the same
whatever the server, the role, the database, the URL or a variable of libpq says.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from catalog.errors import DatabaseError

Kind = Literal["write", "rehearsal", "brief", "read", "own"]
BEGIN = "BEGIN"  # what the driver's errors at the beginning of a transaction have for a statement
NEXT = "begin"  # in the notes of a connection: what kind of transaction begins next

_COMMIT = "synchronous_commit"  # a stricter one than ours is left as it is

# Spelled in SQL. What we read and write must mean the same everywhere, and no time-out of somebody else's may end a
# long list, a long merge, or a lock that is held while a list is read. Waiting for a lock has an end: its holder may
# have hung.
_OURS = {
    "client_encoding": "'UTF8'",
    "timezone": "'UTC'",
    "datestyle": "'ISO'",
    "standard_conforming_strings": "'on'",
    # A server may be set to confirm commits that a crash takes back. Alerts of these would come again as news.
    _COMMIT: "coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on')",
    "lock_timeout": "'10min'",
    "statement_timeout": "'0'",
    "idle_in_transaction_session_timeout": "'0'",
}
_OF_NEWER = ("idle_session_timeout", "transaction_timeout")  # Postgres 14 and 17 brought them
_READ_ONLY = "default_transaction_read_only"

# A line whose other end is gone is noticed within two minutes, and not after two hours.
_KEEPALIVES = {
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
_USUAL = {"application_name": ("PGAPPNAME", "model-catalog"), "connect_timeout": ("PGCONNECT_TIMEOUT", 15)}
_REFUSALS = ("42704", "22023", "55P02", "42501", "42602")  # no such setting, no such value, not now, not by this role
_OPTION = re.compile(r"\s*(?:-c\s*|--)([A-Za-z_][\w.-]*)=((?:\\.|[^\\\s])*)", re.DOTALL)


def arguments(url: sa.URL, environment: Mapping[str, str] = os.environ) -> tuple[dict[str, Any], dict[str, str]]:
    """Give what the driver is told beside the URL, and the settings of each transaction that were asked for."""
    usual = {name: value for name, (variable, value) in _USUAL.items() if variable not in environment}
    free = {name: value for name, value in {**usual, **_KEEPALIVES}.items() if name not in url.query}
    # A service that the URL names may hold options, which libpq alone can find.
    asked = _asked(url) or ("" if "service" in url.query else _defaults())
    settings, rest = divide(asked)
    options = {} if "service" in url.query and not asked else {"options": rest}
    return {**free, "client_encoding": "utf8", **options}, settings


def plain(url: sa.URL) -> sa.URL:
    """Give a URL without what a session says for itself."""
    return url.difference_update_query(["options", "client_encoding"])


def named(dialect: sa.Dialect, url: sa.URL) -> dict[str, Any]:
    """Give what a URL says, by the names that libpq has for it."""
    _, found = dialect.create_connect_args(url)
    return {name: value for name, value in found.items() if name != "context"}


def conninfo(dialect: sa.Dialect, url: sa.URL) -> str:
    """Spell where a URL leads as libpq does, with the password that it names."""
    from psycopg.conninfo import make_conninfo

    return make_conninfo("", **{**named(dialect, plain(url)), "options": ""})


def divide(options: str) -> tuple[dict[str, str], str]:
    """Part libpq's `options` into settings for each transaction, and what only a session can begin with."""
    settings, rest, place = {}, [], 0
    while place < len(options):
        found = _OPTION.match(options, place)
        if found is None:
            rest.append(options[place:].strip())
            break
        settings[found[1].replace("-", "_").lower()] = _literal(re.sub(r"\\(.)", r"\1", found[2], flags=re.DOTALL))
        place = found.end()
    return settings, " ".join(filter(None, rest))


def beginning(kind: Kind | None, settings: Mapping[str, str]) -> str:
    """Give the statements that begin a transaction; None: of no kind, one that SQLAlchemy began by itself."""
    # Another default of isolation would show a writer that waited for its turn what was there before it waited.
    mode = "REPEATABLE READ READ ONLY" if kind == "read" else "READ COMMITTED"
    own = f"; SET LOCAL transaction_read_only = {settings[_READ_ONLY]}" if _READ_ONLY in settings else ""
    # Not SET LOCAL: a search path in its quotes would be the name of one schema.
    theirs = {name: value for name, value in settings.items() if name not in _OURS or name == _COMMIT}
    each = [f"set_config('{name}', {value}, true)" for name, value in (*theirs.items(), *_OURS.items())]
    each += [f"CASE WHEN current_setting('{name}', true) <> '0' THEN {_off(name)} END" for name in _OF_NEWER]
    return f"BEGIN ISOLATION LEVEL {mode}{'' if kind == 'read' else own}; SELECT {', '.join(each)}"


def refused(url: sa.URL, error: DBAPIError) -> DatabaseError | None:
    """Give the failure of settings that the server did not take at a beginning; their values are not repeated."""
    if error.statement != BEGIN or getattr(error.orig, "sqlstate", None) not in _REFUSALS:
        return None
    hint = "check what follows the ? in database.url, and PGOPTIONS: spelling, values, and what this role may set"
    names = ", ".join(sorted(arguments(url)[1]))
    return DatabaseError(f"the database cannot be connected to with the settings asked for: {names}", hint=hint)


def _asked(url: sa.URL) -> str:
    options = url.query.get("options", "")
    return options if isinstance(options, str) else " ".join(options)


def _defaults() -> str:
    """Give the options that a variable of libpq sets, or a service that one names."""
    from psycopg import pq

    found = {option.keyword: option.val for option in pq.Conninfo.get_defaults()}
    return (found.get(b"options") or b"").decode(errors="replace")


def _off(name: str) -> str:
    return f"set_config('{name}', '0', true)"


def _literal(text: str) -> str:
    """Spell a text so that every server reads it alike, whatever it makes of backslashes."""
    doubled = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{doubled}'"
