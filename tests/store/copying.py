"""What stories about copies need: a place for them, and ways to look at one and to spoil it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from catalog.store.backup import copies
from catalog.store.backup.after_restore import Holdings
from catalog.store.backup.copies import Restored
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


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Give every row of a copy as the file has it, by table."""
    with closing(sqlite3.connect(path)) as copy:
        tables = [name for (name,) in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")]
        return {name: sorted(copy.execute(f"SELECT * FROM {name}"), key=repr) for name in tables}


def edit(path: Path, *statements: str) -> None:
    """Change a copy by hand, past every rule."""
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        copy.execute("PRAGMA ignore_check_constraints=ON")
        for (name,) in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            copy.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            copy.execute(statement)


@pytest.fixture
def safe(tmp_path: Path) -> Safe:
    """A place for copies."""
    folder = tmp_path / "safe"
    folder.mkdir()
    return Safe(folder)
