"""Many rows or many values in one statement: the three places where SQLite and Postgres want different words."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError


def among(connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Say that a column holds one of many values, as a single parameter, by way of an index."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(values), sa.ARRAY(column.type)))
    each = sa.func.json_each(json.dumps(list(values), ensure_ascii=False)).table_valued("value")
    return column.in_(sa.select(each.c.value))


def fetch(connection: sa.Connection, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
    """Give every row at once, as the driver makes it: for columns whose values need no translation."""
    with connection.execute(statement) as result:
        cursor: Any = result.cursor
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def insert(connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows of plain values in the order of a temporary table's columns, by the fastest way the driver has."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    elif found := [tuple(row) for row in rows]:
        connection.exec_driver_sql(_insert(table), found)


def _insert(table: sa.Table) -> str:
    marks = ", ".join("?" * len(table.columns))
    return f"INSERT INTO temp.{table.name} VALUES ({marks})"  # noqa: S608 - our own table


def _copy(connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    error_type = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(f"COPY {table.fullname} FROM STDIN") as copy:  # the name is our own
            for row in rows:
                copy.write_row(row)
    except error_type as error:  # SQLAlchemy does this for every other statement
        if driver.closed:
            connection.invalidate(error)
        raise DBAPIError.instance("COPY", None, error, error_type, connection_invalidated=driver.closed) from error
