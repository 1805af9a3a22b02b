"""A read that takes too long is ended, and the connection forgets the limit."""

import time
from contextlib import closing

import pytest
import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.store.engine import database as databases
from catalog.store.engine import deadlines

LONG = sa.text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most) SELECT count(*) FROM n")


def test_a_read_that_takes_too_long_is_ended_in_words(migrated_url: str) -> None:
    with closing(databases.open_(migrated_url)) as database:
        began = time.monotonic()
        caught = pytest.raises(DatabaseError)
        with caught as failure, database.read() as connection, deadlines.within(connection, 0.2):
            connection.execute(LONG, {"most": 10**9}).scalar_one()
        assert time.monotonic() - began < 5
        assert failure.value.message == "the answer took longer than 0.2 s, and was given up"
        assert "ask for less" in failure.value.hint
        with database.read() as connection:
            assert connection.execute(LONG, {"most": 500_000}).scalar_one() == 500_000


def test_another_failure_stays_what_it_is(migrated_url: str) -> None:
    with closing(databases.open_(migrated_url)) as database:
        caught = pytest.raises(DatabaseError)
        with caught as failure, database.read() as connection, deadlines.within(connection, 10):
            connection.execute(sa.text("SELECT nothing FROM nowhere"))
        assert "longer" not in failure.value.message
