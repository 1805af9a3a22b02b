"""The settings that begin each transaction on Postgres; none of them stays on the session.

Behind a pooler in transaction mode, the next transaction may get another session of the server, and this session
another client (https://www.pgbouncer.org/features.html). A pooler may also refuse or drop what is set when a session
starts. So every transaction sets all that it relies on, whatever the server, the role, the URL or libpq says.
"""

import os
import re
from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from catalog.errors import DatabaseError

Kind = Literal["write", "rehearsal", "brief", "read", "own"]
BEGIN = "BEGIN"  # the statement that errors at the beginning of a transaction name
WRITING: frozenset[Kind] = frozenset({"write", "rehearsal", "brief"})
# Of the pool: no limit. A thread needs at most two connections, and threads are few: runs (see `--jobs`), chores, those
# that answer questions. With a limit, a run could fail because others hold theirs while they wait to write.
OVERFLOW = -1
TRANSACTION = "transaction"  # the execution option that holds the kind of a connection's transactions

_COMMIT = "synchronous_commit"  # a stricter one than ours is left as it is

# Values in SQL. What we read and write must mean the same everywhere. No time-out that an administrator set may end a
# long list, a long merge, or a lock that is held while a list is read. Only waiting for a lock has an end: its holder
# may hang.
_OURS = {
    "client_encoding": "'UTF8'",
    "timezone": "'UTC'",
    "datestyle": "'ISO'",
    "standard_conforming_strings": "'on'",
    "quote_all_identifiers": "'off'",  # with "on", the types of columns have other names
    # With "off", a crash takes back commits that were confirmed; their alerts would be sent again as news.
    _COMMIT: "coalesce(nullif(current_setting('synchronous_commit'), 'off'), 'on')",
    "lock_timeout": "'10min'",
    "statement_timeout": "'0'",
    "idle_in_transaction_session_timeout": "'0'",
}
_OF_NEWER = ("idle_session_timeout", "transaction_timeout")  # Postgres 14 and 17 brought them
_READ_ONLY = "default_transaction_read_only"

# A dead connection is noticed within two minutes, not after two hours.
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
    """Give the driver's arguments beside the URL, and the settings that the user asks for in each transaction."""
    usual = {name: value for name, (variable, value) in _USUAL.items() if variable not in environment}
    free = {name: value for name, value in {**usual, **_KEEPALIVES}.items() if name not in url.query}
    # A service that the URL names may hold options, which libpq alone can find.
    options = url.query.get("options", "")
    in_url = options if isinstance(options, str) else " ".join(options)
    asked = in_url or ("" if "service" in url.query else _defaults())
    settings, rest = divide(asked)
    ours = {} if "service" in url.query and not asked else {"options": rest}
    return {**free, "client_encoding": "utf8", **ours}, settings


def plain(url: sa.URL) -> sa.URL:
    """Give a URL without what each transaction sets."""
    return url.difference_update_query(["options", "client_encoding"])


def named(dialect: sa.Dialect, url: sa.URL) -> dict[str, Any]:
    """Give the parts of a URL by libpq's names."""
    _, found = dialect.create_connect_args(url)
    return {name: value for name, value in found.items() if name != "context"}


def conninfo(dialect: sa.Dialect, url: sa.URL) -> str:
    """Give the connection string of libpq for a URL, with its password."""
    from psycopg.conninfo import make_conninfo

    return make_conninfo("", **{**named(dialect, plain(url)), "options": ""})


def divide(options: str) -> tuple[dict[str, str], str]:
    """Divide libpq's `options` into settings for each transaction, and what only a session can start with."""
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
    """Give the statements that begin a transaction; its kind is None where SQLAlchemy began it by itself."""
    # With a stricter default, a writer that waited for its turn would see what was there before it waited.
    mode = "REPEATABLE READ READ ONLY" if kind == "read" else "READ COMMITTED"
    own = f"; SET LOCAL transaction_read_only = {settings[_READ_ONLY]}" if _READ_ONLY in settings else ""
    # Not SET LOCAL, where a search path in quotes would be the name of one schema.
    theirs = {name: value for name, value in settings.items() if name not in _OURS or name == _COMMIT}
    each = [f"set_config('{name}', {value}, true)" for name, value in (*theirs.items(), *_OURS.items())]
    each += [
        f"CASE WHEN current_setting('{name}', true) <> '0' THEN set_config('{name}', '0', true) END"
        for name in _OF_NEWER
    ]
    return f"BEGIN ISOLATION LEVEL {mode}{'' if kind == 'read' else own}; SELECT {', '.join(each)}"


def refused(url: sa.URL, error: DBAPIError) -> DatabaseError | None:
    """Give the error for settings that the server refused at the beginning of a transaction, without their values."""
    if error.statement != BEGIN or getattr(error.orig, "sqlstate", None) not in _REFUSALS:
        return None
    hint = "check what follows the ? in database.url, and PGOPTIONS: spelling, values, and what this role may set"
    names = ", ".join(sorted(arguments(url)[1]))
    return DatabaseError(f"the database cannot be connected to with the settings asked for: {names}", hint=hint)


def _defaults() -> str:
    """Give the options that libpq takes from the environment, or from the service that it names."""
    from psycopg import pq

    found = {option.keyword: option.val for option in pq.Conninfo.get_defaults()}
    return (found.get(b"options") or b"").decode(errors="replace")


def _literal(text: str) -> str:
    """Quote a text so that every server reads it alike, whatever its setting for backslashes."""
    doubled = text.replace("\\", "\\\\").replace("'", "''")
    return f"E'{doubled}'"
