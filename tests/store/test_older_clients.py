"""Copies of a Postgres are made by whatever client is as new as the server: an older libpq knows fewer options."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.store import upgrade
from tests import postgres
from tests.store.copying import Safe, restore
from tests.store.world import Enter

pytestmark = pytest.mark.promise("P3")


@pytest.fixture(scope="module", params=[14, 15, 16, 17])
def older(request: pytest.FixtureRequest) -> Iterator[postgres.Server]:
    """A server with its own clients first on the PATH."""
    binaries = postgres.find_system(request.param)
    if binaries is None:
        pytest.skip(f"Postgres {request.param} with its clients is not installed here")
    with pytest.MonkeyPatch.context() as patch, postgres.running(binaries=binaries) as server:
        patch.setenv("PATH", str(binaries), prepend=os.pathsep)
        yield server


@pytest.mark.parametrize("variable", ["", "PGSSLMODE=prefer", "PGAPPNAME=somebody", "PGOPTIONS=-c work_mem=1MB"])
def test_a_client_as_old_as_the_server_makes_copies(
    older: postgres.Server, enter: Enter, tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pg_dump 15 was handed `sslcertmode`, which only libpq 16 knows, though nobody had said a word of it."""
    name, _, value = variable.partition("=")
    if name:
        monkeypatch.setenv(name, value)
    with older.database() as url:
        world = enter(url)
        upgrade.ensure(world.database)
        world.lists("a")
        world.sync()
        copy = Safe(tmp_path).copy(world)
        world.lists("a", "b")
        world.sync()
        restore(world, copy)
        assert world.listed() == "a"
        world.check()
        world.database.close()
