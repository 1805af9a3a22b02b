"""A catalog that may only be read can be read, and an answer counts only if nothing was written meanwhile."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from catalog.errors import DatabaseError
from catalog.store.backup import copies
from catalog.store.engine import database as databases
from catalog.store.queries import history
from catalog.store.schema import invariants, upgrade
from tests.store.test_database import ordinary_user
from tests.store.world import Enter

pytestmark = pytest.mark.promise("P10")


@pytest.fixture
def filled(enter: Enter, migrated_file: Path, tmp_path: Path) -> Path:
    """A catalog with a model in it, and no log beside it."""
    path = tmp_path / "filled.db"
    shutil.copy(migrated_file, path)
    world = enter(f"sqlite:///{path}")
    world.lists("a")
    world.sync()
    world.database.close()
    assert [
        file.name for file in tmp_path.iterdir() if file.name.startswith("filled.db-") and "lock" not in file.name
    ] == []
    return path


@contextmanager
def another_user(filled: Path) -> Iterator[Path]:
    """Be somebody who may read the file, and write neither it nor beside it."""
    with ordinary_user() as folder:
        path = folder / "catalog.db"
        path.write_bytes(filled_bytes(filled))
        path.chmod(0o444)
        folder.chmod(0o555)
        yield path


_CONTENT: dict[Path, bytes] = {}


def filled_bytes(path: Path) -> bytes:
    return _CONTENT[path]


@contextmanager
def mounted(filled: Path, *, full: bool) -> Iterator[Path]:
    """Have a file system of one's own that is read-only, or has no room left."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        pytest.skip("only root on Linux can mount a file system")
    place = Path("/tmp") / f"catalog-mount-{os.getpid()}"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=False).returncode:
        place.rmdir()
        pytest.skip("this machine lets nobody mount a file system")
    try:
        (place / "catalog.db").write_bytes(filled_bytes(filled))
        if full:
            fill(place / "filler")
        else:
            subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        yield place / "catalog.db"
    finally:
        subprocess.run(["umount", place], check=True)
        place.rmdir()


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"0" * 4096)
        except OSError:
            return


PLACES = ("another user", "read-only disk", "full disk")


@pytest.fixture(params=PLACES)
def closed(request: pytest.FixtureRequest, filled: Path) -> Iterator[Path]:
    """A catalog where nothing can be written."""
    _CONTENT[filled] = filled.read_bytes()
    how = another_user(filled) if request.param == "another user" else mounted(filled, full="full" in request.param)
    with how as path:
        yield path


def test_it_is_read_like_any_other(closed: Path, tmp_path: Path) -> None:
    with closing(databases.open_(f"sqlite:///{closed}", must_exist=True)) as opened:
        upgrade.require(opened)
        with opened.read() as connection:
            assert [model.id for model in history.models(connection)] == ["a"]
        assert invariants.unsound(opened) == []
        assert invariants.broken(opened) == []
        assert upgrade.differences(opened) == []


def test_it_is_copied_like_any_other(closed: Path) -> None:
    folder = Path("/tmp") / f"catalog-copies-{os.getpid()}-{os.geteuid()}"
    folder.mkdir()
    try:
        with closing(databases.open_(f"sqlite:///{closed}", must_exist=True)) as opened:
            held = copies.backup(opened, folder / "copy", on_progress=lambda _done, _all: None)
        assert held.models == 1
    finally:
        shutil.rmtree(folder)


def test_it_is_not_written_and_says_why(closed: Path) -> None:
    with closing(databases.open_(f"sqlite:///{closed}")) as opened:
        with pytest.raises(DatabaseError) as caught, opened.write() as connection:
            connection.exec_driver_sql("UPDATE catalog_source SET base_url = 'elsewhere'")
        assert str(closed) in caught.value.message


@pytest.fixture
def lying(filled: Path) -> Iterator[Path]:
    """A catalog of another user, in a folder that a test may open again."""
    _CONTENT[filled] = filled.read_bytes()
    with another_user(filled) as path:
        yield path


def test_an_answer_does_not_count_when_somebody_wrote_meanwhile(lying: Path) -> None:
    def read_while_somebody_writes() -> None:
        with opened.read() as connection:
            assert [model.id for model in history.models(connection)] == ["a"]
            lying.chmod(0o644)
            lying.write_bytes(lying.read_bytes() + b"\0" * 4096)

    with closing(databases.open_(f"sqlite:///{lying}")) as opened:
        with pytest.raises(DatabaseError, match="was written while it was read") as caught:
            read_while_somebody_writes()
        assert "run it again" in caught.value.hint


def test_the_next_answer_is_of_what_is_there_then(lying: Path) -> None:
    """A connection that reads a file as it lies would go on giving what it has seen."""
    with closing(databases.open_(f"sqlite:///{lying}")) as opened:
        with opened.read() as connection:
            assert [model.id for model in history.models(connection)] == ["a"]
        lying.parent.chmod(0o755)
        lying.chmod(0o644)
        with closing(databases.open_(f"sqlite:///{lying}")) as writer, writer.write() as connection:
            connection.exec_driver_sql("UPDATE catalog_source SET base_url = 'elsewhere'")
        lying.chmod(0o444)
        lying.parent.chmod(0o555)
        with opened.read() as connection:
            assert history.sources(connection)[0].base_url == "elsewhere"


@pytest.mark.parametrize("end", ["-wal", "-journal"])
def test_a_log_that_cannot_be_taken_in_is_named(lying: Path, end: str) -> None:
    lying.parent.chmod(0o755)
    lying.with_name(f"{lying.name}{end}").write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + b"\1" * 600)
    lying.parent.chmod(0o555)
    with closing(databases.open_(f"sqlite:///{lying}")) as opened, pytest.raises(DatabaseError) as caught:
        upgrade.require(opened)
    assert "cannot be read" in caught.value.message
    assert caught.value.hint
