"""Runs migrations on the connection it is given: the caller owns the transaction and the lock."""

from typing import Any

from alembic import context

from catalog.store.schema import indexes, tables, versions, views

options: dict[str, Any] = {
    "target_metadata": indexes.metadata,
    "version_table": tables.VERSION_TABLE,
    "transactional_ddl": True,
    "compare_type": True,
}


def write_comments() -> None:
    """Tell a Postgres database what each table, view and column of the program is.

    Comments are spelled once, beside the tables of the program. A revision has none: it never changes, and they do.
    They are written at head alone, where the tables that exist are those of the program. A revision that only rewords
    them is an empty one.
    """
    for kind, metadata in (("TABLE", tables.metadata), ("VIEW", views.surface), ("VIEW", views.internal)):
        for table in metadata.tables.values():
            write_comment(f"{kind} {table.name}", table.comment)
            for column in table.columns:
                write_comment(f"COLUMN {table.name}.{column.name}", column.comment)


def write_comment(name: str, words: str | None) -> None:
    """Set one comment. A word right after a colon would be a parameter, if the colon were not escaped."""
    quoted = (words or "").replace("'", "''").replace(":", r"\:")
    context.execute(f"COMMENT ON {name} IS '{quoted}'")


if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], literal_binds=True, **options)
else:
    context.configure(connection=context.config.attributes["connection"], **options)

with context.begin_transaction():
    context.run_migrations()
    if context.get_context().dialect.name == "postgresql" and context.get_revision_argument() == versions.HEAD:
        write_comments()
