"""Stores the pages of the last merged walk: a page that comes again byte for byte is not read again."""

from array import array
from typing import Any

import sqlalchemy as sa

from catalog.store.schema.staging_tables import staged_page
from catalog.store.schema.tables import page

_AT_ONCE = 100


def remember(connection: sa.Connection, source_key: int, highest_key: int) -> None:
    """Keep the pages of this walk, and no others: what a page lists is only sure until the next merge.

    Rows of pages that are gone are overwritten, so that a list in another spelling costs one row a page. `highest_key`
    is that of a model before this merge.
    """
    mine = page.c.source_key == source_key
    still = sa.exists().where(staged_page.c.digest == page.c.digest)
    gone = list(connection.scalars(sa.select(page.c.digest).where(mine, ~still)))
    known = sa.exists().where(mine, page.c.digest == staged_page.c.digest)
    for rows in connection.execute(sa.select(staged_page).where(~known)).partitions(_AT_ONCE):
        _keep(connection, [_row(row, source_key, highest_key) for row in rows], gone)
    if gone:
        old = [{"old": digest} for digest in gone]
        connection.execute(page.delete().where(mine, page.c.digest == sa.bindparam("old")), old)


def _keep(connection: sa.Connection, rows: list[dict[str, Any]], gone: list[str]) -> None:
    """Write rows over those of pages in `gone`, which are taken from that list; insert the others."""
    over = [{**row, "old": gone.pop()} for row in rows[: len(gone)]]
    if over:
        mine = (page.c.source_key == over[0]["source_key"]) & (page.c.digest == sa.bindparam("old"))
        values: dict[str, Any] = {column.name: sa.bindparam(column.name) for column in page.c}
        del values["source_key"]
        connection.execute(page.update().where(mine).values(values), over)
    if rows[len(over) :]:
        connection.execute(page.insert(), rows[len(over) :])


def _row(row: sa.Row[Any], source_key: int, highest_key: int) -> dict[str, Any]:
    first = highest_key + row.first_number if row.new else 0
    keys = array("I", row.known) + array("I", range(first, first + row.new))
    named = {"digest": row.digest, "last_id": row.last_id, "has_more": row.has_more}
    return {"source_key": source_key, "model_keys": keys.tobytes(), **named}
