"""What a database must be before we rely on it: looked at in one question, and each fault says what to change.

Asked by `catalog check`, before the schema is made or upgraded, and by a run before it writes. What a person may set as
they like (time zone, time-outs, spelling of dates) is no matter here: our sessions say it for themselves.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.store.engine import charset, temp_folder
from catalog.store.engine.database import Database
from catalog.store.schema import outbox_tables, tables, views

_OLDEST = 14
_LEAST = 1_000_000  # bytes that a disk must have left for a run to begin
_TABLES = {**outbox_tables.delivery.metadata.tables, **views.surface.tables}  # theirs join those of schema
_OURS = (tables.VERSION_TABLE, *_TABLES)
_READ_ONLY = {
    "user": "ALTER ROLE {role} RESET default_transaction_read_only",
    "database": "ALTER DATABASE {database} RESET default_transaction_read_only",
    "database user": "ALTER ROLE {role} IN DATABASE {database} RESET default_transaction_read_only",
}


class Need(Enum):
    """What the database is about to be used for."""

    WRITE = "write"  # a run
    MAKE = "make"  # the schema, or a newer one


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """What a Postgres says of itself and of us."""

    version: int
    encoding: str
    database: str
    role: str
    standby: bool
    read_only: bool
    read_only_by: str  # where the default comes from, as pg_settings has it
    path: str  # search_path
    schema: str | None  # the first of its schemas that is there
    homes: Sequence[str]  # where the things with our names are that we see
    home: str | None  # where the catalog is; None: there is none
    may_stage: bool  # make temporary tables
    may_make: bool  # make tables in the schema


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """What the system says of an SQLite file and of us."""

    path: Path
    is_there: bool
    file: bool  # may be written
    folder: bool  # may be written
    full: bool  # its disk


Found = Server | File


def demand(database: Database, connection: sa.Connection, need: Need) -> None:
    """Raise DatabaseError for the first thing that is not as it must be; in the caller's transaction."""
    for fault in _faults(_look(database, connection), need):
        raise fault


def demand_file(database: Database) -> None:
    """Do the same for what the system knows of an SQLite file, before a lock is made beside it."""
    if database.path is not None:
        for fault in _of_file(_look_at_file(database.path)):
            raise fault


def examine(database: Database, need: Need) -> tuple[list[DatabaseError], list[str]]:
    """Name all that is not as it must be, the worst first, and what one can live with."""
    if database.path is not None:
        found: Found = _look_at_file(database.path)
    else:
        with database.connect() as connection, database.transaction(connection):
            found = _look(database, connection)
    no_room = temp_folder.fault(database.folder)
    return [*_faults(found, need), *([no_room] if no_room else [])], _notes(found)


def _look(database: Database, connection: sa.Connection) -> Found:
    """Ask the database for what we rely on, once."""
    if database.path is not None:
        return _look_at_file(database.path)
    row = connection.execute(_QUESTION, {"names": list(_OURS), "version_table": tables.VERSION_TABLE}).mappings().one()
    return Server(**{**row, "homes": tuple(row["homes"] or ())})


def _look_at_file(path: Path) -> File:
    """Ask the system, which knows the rights, and whether its file system can be written at all."""
    place = path.resolve()  # where SQLite puts its own files
    folder = os.access(place.parent, os.W_OK | os.X_OK)
    full = not temp_folder.has_room(place.parent, least=_LEAST) if folder else False
    return File(path=path, is_there=place.exists(), file=os.access(place, os.W_OK), folder=folder, full=full)


def _faults(found: Found, need: Need) -> list[DatabaseError]:
    if isinstance(found, File):
        return _of_file(found)
    return [*_of_server(found), *_of_place(found, need), *_of_rights(found, need)]


def _notes(found: Found) -> list[str]:
    """Name what a catalog that is there already can live with, and what it costs."""
    if isinstance(found, File) or found.home is None or charset.holds_all(found.encoding):
        return []
    words = f"its encoding is {found.encoding}: text that it cannot hold is kept as escapes such as \\u4e2d"
    return [f"{words}; a new catalog should be in UTF8"]


def _of_server(found: Server) -> list[DatabaseError]:
    name, made = f"the database {found.database}", []
    if found.version < _OLDEST:
        made.append(DatabaseError(f"the server is Postgres {found.version}", hint=f"use Postgres {_OLDEST} or newer"))
    if found.home is None and not charset.holds_all(found.encoding):
        hint = f"create one that holds all text: createdb -T template0 -E UTF8 {found.database}"
        made.append(DatabaseError(f"{name} has the encoding {found.encoding}, and not UTF8", hint=hint))
    if found.standby:
        hint = "connect to the primary server; with several hosts in database.url, add target_session_attrs=read-write"
        made.append(DatabaseError(f"{name} is on a standby server, which can only be read", hint=hint))
    elif found.read_only:
        made.append(_read_only(name, found))
    return made


def _read_only(name: str, found: Server) -> DatabaseError:
    quoted = {"role": _quoted(found.role), "database": _quoted(found.database)}
    hint = _READ_ONLY.get(found.read_only_by, "").format(**quoted)
    other = (
        "set default_transaction_read_only = off where it is set (PGOPTIONS, `options` in database.url, the server); "
        "if it is nowhere, the server may be full or at maintenance"
    )
    return DatabaseError(f"{name} makes every transaction of {found.role} read-only", hint=hint or other)


def _of_place(found: Server, need: Need) -> list[DatabaseError]:
    """Look at the schema in which things are made, and through which they are seen."""
    search = f"search_path is {found.path}"
    made = need is Need.MAKE or found.home is None
    if made and (found.schema is None or found.schema.startswith(("pg_", "information_schema"))):
        why = "names no schema that is there" if found.schema is None else f"begins with {found.schema}"
        hint = "create the schema, or name one: ?options=-csearch_path%3DSCHEMA in database.url"
        return [DatabaseError(f"{search}, which {why}", hint=hint)]
    if found.home is None:
        return []
    hint = f"name its schema alone: ?options=-csearch_path%3D{found.home} in database.url"
    if set(found.homes) - {found.home}:
        where = ", ".join(sorted(set(found.homes) - {found.home}))
        return [DatabaseError(f"{search}: the catalog is in {found.home}, and {where} hides a part of it", hint=hint)]
    if made and found.schema != found.home:
        words = f"{search}: the catalog is in {found.home}, and what is new would be made in {found.schema}"
        return [DatabaseError(words, hint=hint)]
    return []


def _of_rights(found: Server, need: Need) -> list[DatabaseError]:
    made, role = [], _quoted(found.role)
    if not found.may_stage:
        hint = f"GRANT TEMPORARY ON DATABASE {_quoted(found.database)} TO {role}"
        made.append(DatabaseError(f"{found.role} may not make temporary tables in {found.database}", hint=hint))
    if need is Need.MAKE and not found.may_make and found.schema:
        hint = f"GRANT CREATE ON SCHEMA {_quoted(found.schema)} TO {role}; or let the schema's owner upgrade"
        made.append(DatabaseError(f"{found.role} may not make tables in the schema {found.schema}", hint=hint))
    return made


def _of_file(found: File) -> list[DatabaseError]:
    """A run writes the file, and beside it a log, an index and a lock."""
    file, folder = found.file or not found.is_there, found.folder
    if found.full:
        return [DatabaseError(f"the disk of the catalog {found.path} is full", hint="make room; reading needs none")]
    if file and folder:
        return []
    which = "its folder" if file else "the file" if folder else "the file and its folder"
    hint = "check the owner and rights of both, and that their file system can be written; reading needs neither"
    return [DatabaseError(f"the catalog {found.path} cannot be written: {which} may only be read", hint=hint)]


def _quoted(name: str) -> str:
    from sqlalchemy.dialects import postgresql  # late: a tenth of a cron run on SQLite, which needs none of it

    quote = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call] # SQLAlchemy's
    return quote(name)


_QUESTION = sa.text("""
SELECT current_setting('server_version_num')::int / 10000 AS version,
       current_setting('server_encoding') AS encoding,
       current_database()::text AS database,
       current_user::text AS role,
       pg_is_in_recovery() AS standby,
       current_setting('transaction_read_only') = 'on' AS read_only,
       (SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only') AS read_only_by,
       current_setting('search_path') AS path,
       current_schema()::text AS schema,
       seen.homes,
       seen.home,
       has_database_privilege(current_database(), 'TEMPORARY') AS may_stage,
       coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_make
FROM (SELECT array_agg(DISTINCT space.nspname::text) AS homes,
             max(space.nspname::text) FILTER (WHERE thing.relname = :version_table) AS home
      FROM pg_class AS thing
      JOIN pg_namespace AS space ON space.oid = thing.relnamespace
      WHERE thing.relname = ANY(:names) AND pg_table_is_visible(thing.oid)) AS seen
""")
