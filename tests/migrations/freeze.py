"""Freeze a catalog of this program's schema, on both databases, for the tests of all later revisions.

python -m tests.migrations.freeze

Run it once for each new revision, when its schema is done, and commit the two files. A file that is there is never
made anew: it stands for the catalogs that people have.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import tables, upgrade
from tests import postgres
from tests.migrations import samples, story
from tests.server import ModelsServer


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, postgres.running() as server, server.database() as url:
        for each in (f"sqlite:///{Path(folder) / 'catalog.db'}", url):
            freeze(each)


def freeze(url: str) -> None:
    with closing(databases.open_(url)) as database, closing(ModelsServer().start()) as server:
        path = samples.path(database, upgrade.HEAD)
        if path.exists():
            sys.stderr.write(f"{path.name} is there already, and stays as it is\n")
            return
        upgrade.ensure(database)
        with story.telling(server, url) as world:
            ending = story.tell(world)
        dump = of_sqlite(database) if database.is_sqlite else of_postgres(database)
        lines = re.sub(" +$", "", "\n".join([f"-- {ending.to_text()}", *dump, ""]), flags=re.MULTILINE)
        path.write_text(lines.replace(server.url.partition("//")[2], story.ADDRESS.partition("//")[2]))


def of_sqlite(database: Database) -> Iterator[str]:
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver
        yield from driver.iterdump()


def of_postgres(database: Database) -> Iterator[str]:
    """Give the statements that made the schema, then the rows, without the rules of history, which speak of runs."""
    yield upgrade.sql(database)
    with database.read() as connection:
        connection.exec_driver_sql("SET TimeZone = 'UTC'")
        for table in tables.metadata.sorted_tables:
            columns = ", ".join(column.name for column in table.columns)
            yield f"ALTER TABLE {table.name} DISABLE TRIGGER USER;"
            yield f"INSERT INTO {table.name} ({columns}) VALUES"
            yield ",\n".join(rows(connection, table)) + ";"
            yield f"ALTER TABLE {table.name} ENABLE TRIGGER USER;"


def rows(connection: sa.Connection, table: sa.Table) -> Iterator[str]:
    values = " || ', ' || ".join(f"quote_nullable({column.name}::text)" for column in table.columns)
    order = ", ".join(column.name for column in table.primary_key)
    for row in connection.exec_driver_sql(f"SELECT {values} FROM {table.name} ORDER BY {order}").scalars():
        yield f"({row})"


if __name__ == "__main__":
    main()
