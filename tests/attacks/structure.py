"""All that a migration makes, and all rows."""

import sqlalchemy as sa

from catalog.store.engine.database import Database

SQLITE = "SELECT type, name, sql FROM sqlite_master"
POSTGRES = """
WITH relation AS (SELECT * FROM pg_class WHERE relnamespace = 'public'::regnamespace)
SELECT CASE relkind WHEN 'r' THEN 'table' ELSE 'relation' END, relname, pg_get_viewdef(oid) FROM relation
UNION ALL SELECT 'column', attrelid::regclass || '.' || attname, format_type(atttypid, atttypmod) || attnotnull
FROM pg_attribute WHERE attnum > 0 AND attrelid IN (SELECT oid FROM relation)
UNION ALL SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index WHERE indrelid IN (SELECT oid FROM relation)
UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'function', proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'comment', objoid::regclass || '.' || objsubid, description
FROM pg_description WHERE classoid = 'pg_class'::regclass AND objoid IN (SELECT oid FROM relation)
"""

Structure = tuple[frozenset[tuple[str, ...]], dict[str, list[str]]]


def of(database: Database) -> Structure:
    """Give every object by its definition, and the rows of every table."""
    if not database.exists():
        return frozenset(), {}
    with database.read() as connection:
        made = frozenset(tuple(row) for row in connection.exec_driver_sql(SQLITE if database.is_sqlite else POSTGRES))
        return made, {name: rows(connection, name) for kind, name, _ in made if kind == "table"}


def rows(connection: sa.Connection, table: str) -> list[str]:
    return sorted(repr(tuple(row)) for row in connection.exec_driver_sql(f"SELECT * FROM {table}"))
