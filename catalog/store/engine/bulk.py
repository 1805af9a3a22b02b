"""Many rows or many values in one statement, by the fastest way of each database."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError


def among(connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Say in SQL that a column holds one of many values, as a single parameter; an index can serve it."""
    if connection.dialect.name == "postgresql":
        return column == sa.any_(sa.literal(list(values), sa.ARRAY(column.type)))
    each = sa.func.json_each(json.dumps(list(values), ensure_ascii=False)).table_valued("value")
    return column.in_(sa.select(each.c.value))


def fetch(connection: sa.Connection, statement: sa.Select[Any]) -> list[tuple[Any, ...]]:
    """Give every row at once, as the driver makes it; only for columns whose values need no conversion."""
    with connection.execute(statement) as result:
        cursor: Any = result.cursor
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def insert(connection: sa.Connection, table: sa.Table, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows into a temporary table; each row has plain values, in the order of the columns."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    elif found := [tuple(row) for row in rows]:
        marks = ", ".join("?" * len(table.columns))
        connection.exec_driver_sql(f"INSERT INTO temp.{table.name} VALUES ({marks})", found)  # noqa: S608 - our own table


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
