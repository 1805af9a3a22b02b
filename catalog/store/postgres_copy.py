"""Copies of Postgres catalogs: pg_dump reads the rows of our tables at one moment, one transaction of ours writes them.

pg_restore only unpacks: it never meets the database, so that the schema is made by our own migrations, rows may go to a
schema of another name, and everything that makes a restoration is in one transaction.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from catalog.errors import DatabaseError, SchemaError
from catalog.store import invariants, refusals, restored, schema, session, upgrade
from catalog.store.database import Database
from catalog.store.restored import Holdings

_COPY = re.compile(rb'COPY (?:.+\.)?"?(\w+)"? \(([\w", ]+)\) FROM stdin;\n')
_END = b"\\.\n"
_MAGIC = b"PGDMP"
_SECRET = ("password", "sslpassword")
_MADE_OF_ONE = "name one that `catalog db backup` made of a Postgres catalog; those of SQLite are SQLite files"
_INSTALL = "install PostgreSQL's client programs (Debian: postgresql-client), and have them on the PATH"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Block:
    """The rows of one table, as COPY spells them; to be read before the next block is asked for."""

    table: str
    columns: tuple[str, ...]
    rows: Iterator[bytes]


def backup(database: Database, path: Path, revision: str, on_progress: Callable[[int, int], None]) -> Holdings:
    """Copy the rows into an empty file by pg_dump, read it once more, and give what it holds."""
    program = _program("pg_dump")
    with database.read() as connection:
        place, number = connection.execute(
            sa.text("SELECT current_schema(), current_setting('server_version_num')")
        ).one()
    _demand_version(program, int(number) // 10_000)
    tables = [f'--table="{place}"."{name}"' for name in _tables()]
    command = [program, "--format=custom", "--data-only", "--no-password", f"--file={path}", *tables]
    _dump(command, _way(database), database.describe())
    found = _read_through(path)
    if found.revision != revision:
        raise SchemaError("the schema was upgraded while it was copied", hint="run it again")
    on_progress(1, 1)
    return found


def restore(
    database: Database, path: Path, now: datetime, on_progress: Callable[[int, int], None]
) -> tuple[Holdings, int]:
    """Read the copy through, then put its rows in the place of those there, in one transaction.

    Gives what it holds, and how many alerts were given up.
    """
    holdings = _read_through(path)
    with database.write() as connection:
        there = upgrade.revision(database, connection)
        if there is not None and there > holdings.revision:
            hint = "restore it into an empty database or schema, where it is upgraded"
            raise SchemaError(f"{path} is of schema {holdings.revision}, and the catalog there of {there}", hint=hint)
        before = restored.known(connection, there) if there else restored.Known()
        upgrade.apply(connection, holdings.revision)
        with _translated(path, database):
            _exchange(connection, path, holdings, on_progress)
        upgrade.apply(connection, "head")
        given_up = restored.repeat_nothing(connection, path, before, now)
        broken = invariants.broken_in(connection)
        if broken:
            raise DatabaseError(
                f"{path} is damaged: its history breaks the rule that {broken[0].rule}", hint=restored.ANOTHER_MAY_DO
            )
    return holdings, given_up


def _tables() -> list[str]:
    """Name all tables, each after those that it refers to."""
    return [schema.VERSION_TABLE, *(table.name for table in schema.metadata.sorted_tables)]


def _exchange(
    connection: sa.Connection, path: Path, holdings: Holdings, on_progress: Callable[[int, int], None]
) -> None:
    """Let the rows of a copy take the place of those there. The rules of history speak of runs, not of this."""
    there = set(sa.inspect(connection).get_table_names())
    tables = [name for name in _tables() if name in there]
    for name in tables:
        connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    for name in reversed(tables):  # not TRUNCATE: whoever is reading would see nothing
        connection.exec_driver_sql(f"DELETE FROM {name}")  # noqa: S608 - our own names
    done = 0
    with _blocks(path) as blocks:
        for block in blocks:
            done += _load(connection, block) if block.table in tables else 0
            on_progress(min(done, holdings.models), holdings.models)
    for name in tables:
        connection.exec_driver_sql(f"ALTER TABLE {name} ENABLE TRIGGER USER")


@contextmanager
def _translated(path: Path, database: Database) -> Iterator[None]:
    """Turn what the driver raises into our words: SQLAlchemy does not see what COPY does."""
    import psycopg

    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError):
        raise DatabaseError(
            f"{path} is damaged, or was not made by `catalog db backup`", hint=restored.ANOTHER_MAY_DO
        ) from None
    except psycopg.Error as error:
        lost = isinstance(error, psycopg.OperationalError) and error.sqlstate is None
        raise refusals.explain(error, database.describe(), lost=lost) from None


def _load(connection: sa.Connection, block: _Block) -> int:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {block.table} ({', '.join(block.columns)}) FROM STDIN") as copy:
        for row in block.rows:
            copy.write(row)
    return int(cursor.rowcount)


# The file


def _read_through(path: Path) -> Holdings:
    """Read a copy from its beginning to its end; give what it holds. Raises SchemaError or DatabaseError."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise SchemaError(f"{path} is no copy of a Postgres catalog", hint=_MADE_OF_ONE)
    counts, revision, as_of = {}, "", None
    with restored.parsing(path), _blocks(path) as blocks:
        for block in blocks:
            counts[block.table] = 0
            for row in block.rows:
                counts[block.table] += 1
                if block.table == schema.VERSION_TABLE:
                    revision = row.decode().strip()
                elif block.table == schema.run.name:
                    as_of = max(filter(None, (as_of, _finished_at(block, row))), default=None)
    if upgrade.known(revision or None) is None or not counts.keys() >= _least(revision):
        raise SchemaError(f"{path} holds no whole catalog", hint="name a file made by `catalog db backup`")
    return Holdings(revision=revision, models=counts[schema.model.name], runs=counts[schema.run.name], as_of=as_of)


def _least(revision: str) -> set[str]:
    """Name the tables that a copy must have."""
    return set(_tables()) if revision == upgrade.HEAD else {schema.model.name, schema.run.name}


def _finished_at(block: _Block, row: bytes) -> datetime | None:
    text = row.rstrip(b"\n").split(b"\t")[block.columns.index("finished_at")].decode()
    return None if text == "\\N" else datetime.fromisoformat(text).astimezone(UTC)


@contextmanager
def _blocks(path: Path) -> Iterator[Iterator[_Block]]:
    """Unpack a copy: the rows of its tables, one table after the other. Ends ill when the file does."""
    command = [_program("pg_restore"), "--data-only", "--file=-", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as unpacking:  # noqa: S603 - ours
        out = unpacking.stdout
        if out is None:
            raise DatabaseError("pg_restore gave no output")
        try:
            yield _parse(out)
        except BaseException:
            unpacking.kill()
            raise
    if unpacking.returncode:
        words = f"{path} is damaged, or made by a newer pg_dump than this pg_restore"
        raise DatabaseError(words, hint=restored.ANOTHER_MAY_DO)


def _parse(out: IO[bytes]) -> Iterator[_Block]:
    for line in out:
        begins = _COPY.fullmatch(line)
        if begins:
            columns = begins[2].decode().replace('"', "").split(", ")
            yield _Block(table=begins[1].decode(), columns=tuple(columns), rows=_rows(out))


def _rows(out: IO[bytes]) -> Iterator[bytes]:
    for line in out:
        if line == _END:
            return
        yield line


# The programs


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise DatabaseError(f"{name} is not there: Postgres is copied by it", hint=_INSTALL)
    return found


def _demand_version(program: str, server: int) -> None:
    said = subprocess.run([program, "--version"], capture_output=True, check=False, text=True).stdout  # noqa: S603 - ours
    found = re.search(r"\) (\d+)", said)
    if found and int(found[1]) < server:
        words = f"pg_dump {found[1]} is older than the server, which is Postgres {server}"
        raise DatabaseError(words, hint=f"install postgresql-client-{server}, and have its pg_dump first on the PATH")


def _way(database: Database) -> tuple[str, Mapping[str, str]]:
    """Say how libpq gets to a database: a text without secrets, and variables with the password.

    It is what the URL says; variables of libpq are found by the program itself. What an open connection lists is more,
    and an older client does not know all of what a newer one has a value for.
    """
    from psycopg.conninfo import make_conninfo

    found = session.named(database.engine.dialect, database.url)
    plain = {name: value for name, value in found.items() if name not in _SECRET}
    return make_conninfo("", **plain), {"PGPASSWORD": str(found["password"])} if found.get("password") else {}


def _dump(command: list[str], way: tuple[str, Mapping[str, str]], name: str) -> None:
    text, secret = way
    english = {"LC_ALL": "C"}  # its complaints are known by their English words
    environment = {**os.environ, "PGTZ": "UTC", **english, **secret}
    asked = [*command, f"--dbname={text}"]
    done = subprocess.run(asked, env=environment, capture_output=True, check=False, text=True, errors="replace")  # noqa: S603 - ours
    if done.returncode:
        raise refusals.of_program("pg_dump", done.stderr, name)
