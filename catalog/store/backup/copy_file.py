"""Checks a copy before it is used: it must be an SQLite catalog, whole, and readable to its last value."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from catalog.errors import DatabaseError, SchemaError
from catalog.store.backup import after_restore
from catalog.store.backup.after_restore import Holdings
from catalog.store.engine import database as databases
from catalog.store.engine import driver_errors
from catalog.store.engine.database import Database
from catalog.store.schema import invariants, tables, upgrade
from catalog.store.schema.tables import JsonObject, UtcTime

_MAGIC = b"SQLite format 3\0"
_DUMP = b"PGDMP"
_NAME_ONE = "name a file made by `catalog db backup`"
_BY_PG_RESTORE = (
    "run `catalog db upgrade` on an empty database, then `pg_restore --data-only --disable-triggers -d DATABASE FILE`: "
    "docs/how-to/postgres.md has every step"
)
_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")

# What a value of each type must be, in SQL, so that all that is read later can be parsed. SQLite turns a day that does
# not exist, such as February 30, into another day, which differs then.
_DIGITS = "-".join("[0-9]" * count for count in (4, 2, 2))
_TIME = f"{_DIGITS}T{':'.join(['[0-9][0-9]'] * 3)}.{'[0-9]' * 6}Z"
_DATE = (
    f"typeof({{0}}) = 'text' AND {{0}} GLOB '{_TIME}' AND {{0}} >= '0001' "
    "AND strftime('%Y-%m-%dT%H:%M:%S', substr({0}, 1, 19), '+0 days') IS substr({0}, 1, 19)"
)
_OBJECT = "typeof({0}) = 'text' AND CASE WHEN json_valid({0}) THEN json_type({0}) = 'object' ELSE 0 END"
_FORMS: tuple[tuple[type, str], ...] = (
    (UtcTime, _DATE),
    (JsonObject, _OBJECT),
    (sa.Boolean, "typeof({0}) = 'integer' AND {0} IN (0, 1)"),
    (sa.Integer, "typeof({0}) = 'integer'"),
    (sa.LargeBinary, "typeof({0}) = 'blob'"),
    (sa.Text, "typeof({0}) = 'text' AND instr({0}, char(0)) = 0"),
)
_TEXTS = (UtcTime, JsonObject, sa.Text)
_SCOPES = (tables.source.c.scope, tables.run.c.scope)  # text columns with JSON that a restoration reads


def demand_file(path: Path) -> None:
    """Raise SchemaError for a file that is no copy, by its first bytes."""
    with translated(path), path.open("rb") as file:
        begins = file.read(len(_MAGIC))
    if begins.startswith(_DUMP):
        raise SchemaError(f"{path} was made by pg_dump, and this program reads no such copies", hint=_BY_PG_RESTORE)
    if begins != _MAGIC:
        raise SchemaError(f"{path} is no copy of a catalog", hint=_NAME_ONE)


def demand_sound(copy: Database, connection: sa.Connection, name: str, hint: str) -> str:
    """Demand a catalog that this program knows, in a file that is whole; give its revision. `name` is for people.

    Raises SchemaError when it holds none or one that this program does not know, DatabaseError when it is damaged.
    """
    try:
        with copy.translated():
            revision = upgrade.revision(copy, connection)
            faults = invariants.unsound_in(connection) if revision else []
            unreadable = _unreadable(connection, revision) if revision and not faults else None
    except SchemaError as error:
        raise SchemaError(error.message.replace(str(copy.path), name), hint=error.hint) from None
    except (DatabaseError, UnicodeDecodeError):  # an error of SQLite may quote bytes that are no text
        raise DatabaseError(f"{name} is damaged", hint=hint) from None
    if revision is None:
        raise SchemaError(f"{name} holds no catalog", hint=_NAME_ONE)
    if faults:
        raise DatabaseError(f"{name} is damaged: it breaks the rule that {faults[0].rule}", hint=hint)
    if unreadable:
        raise DatabaseError(f"{name} is damaged: {unreadable} is not as it should be", hint=hint)
    return revision


def demand_history(path: Path, broken: list[invariants.BrokenRule]) -> None:
    """Raise DatabaseError for a copy whose history breaks a rule."""
    if broken:
        words = f"{path} is damaged: its history breaks the rule that {broken[0].rule}"
        raise DatabaseError(words, hint=after_restore.ANOTHER_MAY_DO)


def catalog(path: Path) -> Database:
    """Open the copy as a catalog."""
    return databases.open_(f"sqlite:///{path.absolute()}")


def checked(copy: Database, name: str, hint: str) -> Holdings:
    """Demand that a copy is sound; give what it holds."""
    with reading(copy, name, hint) as (_, holdings):
        return holdings


@contextmanager
def reading(copy: Database, name: str, hint: str) -> Iterator[tuple[sa.Connection, Holdings]]:
    """Demand that a copy is sound; give a connection with one view of it, and what it holds."""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(copy.read())
        except (DatabaseError, UnicodeDecodeError):
            raise DatabaseError(f"{name} is damaged", hint=hint) from None
        yield connection, after_restore.holdings(connection, demand_sound(copy, connection, name, hint))


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise errors of SQLite as ours, about this file."""
    try:
        yield
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        code = getattr(error, "sqlite_errorname", "")
        if code.startswith(_DAMAGED) or not (code or isinstance(error, OSError)):  # such as bytes that are no text
            raise DatabaseError(f"{path} is damaged", hint=after_restore.ANOTHER_MAY_DO) from None
        raise driver_errors.explain(error, str(path)) from None


def _unreadable(connection: sa.Connection, revision: str) -> str | None:
    """Name a table that lacks a column, or has a value that its column cannot hold; None: there is none."""
    found = tables.metadata.sorted_tables
    return next((table.name for table in found if not _is_readable(connection, table, revision)), None)


def _is_readable(connection: sa.Connection, table: sa.Table, revision: str) -> bool:
    there = {row.name for row in connection.exec_driver_sql(f"PRAGMA table_info({table.name})")}
    rules = [f"({column.name} IS NULL OR ({_form(column)}))" for column in table.columns if column.name in there]
    if len(rules) < len(table.columns) and revision == upgrade.HEAD:
        return False
    wanted = f"SELECT 1 FROM {table.name} WHERE NOT ({' AND '.join(rules)}) LIMIT 1"  # noqa: S608 - our own names
    if rules and connection.exec_driver_sql(wanted).first() is not None:
        return False
    return _is_decodable(
        connection,
        table.name,
        [each.name for each in table.columns if each.name in there and isinstance(each.type, _TEXTS)],
    )


def _is_decodable(connection: sa.Connection, table: str, columns: Sequence[str]) -> bool:
    """Tell whether all texts are UTF-8, which SQLite does not check; those of ASCII alone are passed over."""
    raw, more = (
        ", ".join(f"CAST({name} AS BLOB)" for name in columns),
        " OR ".join(f"{name} GLOB ?" for name in columns),
    )
    wanted = f"SELECT {raw} FROM {table} WHERE {more}"  # noqa: S608 - our own names
    try:
        for row in connection.exec_driver_sql(wanted, ("*[^\x01-\x7f]*",) * len(columns)) if columns else ():
            for value in row:
                (value or b"").decode()
    except UnicodeDecodeError:
        return False
    return True


def _form(column: sa.Column[object]) -> str:
    form = next(form for kind, form in _FORMS if isinstance(column.type, kind))
    return (_OBJECT if column in _SCOPES else form).format(column.name)
