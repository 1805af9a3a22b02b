"""What stories about copies need: a place for them, and the programs that Postgres brings along."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from catalog.store import copies
from catalog.store.copies import Restored
from catalog.store.restored import Holdings
from tests import postgres
from tests.store.world import World


def unseen(_done: int, _all: int) -> None:
    """Show no progress."""


@dataclass
class Safe:
    """Keeps copies of a world's catalog."""

    folder: Path
    count: int = field(default=0)

    def copy(self, world: World) -> Path:
        """Give a new copy."""
        self.count += 1
        path = self.folder / f"copy {self.count}"
        copies.backup(world.database, path, on_progress=unseen)
        return path

    def held(self, world: World, path: Path) -> Holdings:
        """Copy the catalog to a path; give what the copy holds."""
        return copies.backup(world.database, path, on_progress=unseen)


def restore(world: World, path: Path, **options: Any) -> Restored:
    """Put a copy in the place of a world's catalog."""
    usual = {"now": world.now, "replace": True, "sources": ("one",), "on_progress": unseen}
    return copies.restore(world.database, path, **{**usual, **options})


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pg_dump and pg_restore on the PATH, as new as the server of the tests."""
    if postgres.VARIABLE not in os.environ:
        monkeypatch.setenv("PATH", str(postgres.find_binaries()), prepend=os.pathsep)


@pytest.fixture
def safe(tmp_path: Path, programs: None) -> Safe:
    """A place for copies."""
    folder = tmp_path / "safe"
    folder.mkdir()
    return Safe(folder)
