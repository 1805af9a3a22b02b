"""Runs migrations on the connection it is given: the caller owns the transaction and the lock."""

from typing import Any

from alembic import context

from catalog.store.schema import indexes, tables

options: dict[str, Any] = {
    "target_metadata": indexes.metadata,
    "version_table": tables.VERSION_TABLE,
    "transactional_ddl": True,
    "compare_type": True,
}

if context.is_offline_mode():
    context.configure(dialect_name=context.config.attributes["dialect"], literal_binds=True, **options)
else:
    context.configure(connection=context.config.attributes["connection"], **options)

with context.begin_transaction():
    context.run_migrations()
