"""What a dry run asks of others: nothing."""

from collections.abc import Iterable

import pytest

from catalog.domain import Change
from catalog.service.sync import RunReport
from tests.store.world import World


def test_a_dry_run_that_is_being_read_keeps_no_writer_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`sync --dry-run | less` made the next real run fail: it found the database locked until the reader had read on.

    The changes were printed inside the transaction that was to be taken back.
    """
    world.lists("a")
    world.sync()
    wait = "PRAGMA busy_timeout = 100" if world.database.is_sqlite else "SET lock_timeout = '100ms'"

    def read_slowly(report: RunReport, changes: Iterable[Change]) -> None:
        with world.database.connect() as connection:
            connection.exec_driver_sql(wait)
            connection.commit()
            with world.database.transaction(connection, "write"):
                world.told = list(changes)
        assert report.run.added == 1

    monkeypatch.setattr(world, "hear", read_slowly)
    world.lists("a", "b")
    world.sync(dry_run=True)
    assert world.said == [("added", "b")]
