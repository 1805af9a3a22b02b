"""The map of the code names what is there: files, rooms and the functions of a run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "why" / "code.md").read_text("utf-8")
FILES = sorted(
    set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.py)`", PAGE)) | set(re.findall(r"\]\(\.\./\.\./([^)]+)\)", PAGE))
)
ROOMS = sorted(set(re.findall(r"^\| `([a-z/_]+/)` \|", PAGE, re.MULTILINE)))
CALLS = {
    "runs.begin": "store/ingest/runs.py",
    "walk.walk": "upstream/walking/walk.py",
    "merge.apply": "store/ingest/merge.py",
    "enqueue.from_run": "store/outbox/enqueue.py",
    "guard.judge": "store/ingest/guard.py",
    "Staging.add": "store/ingest/staging.py",
    "Staging.seal": "store/ingest/staging.py",
    "merge_walk": "service/sync.py",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_the_map_names_is_there(name: str) -> None:
    places = [ROOT / name, ROOT / "catalog" / name, *(ROOT / "catalog").rglob(name)]
    assert any(path.is_file() for path in places)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_that_the_map_names_is_there(room: str) -> None:
    assert (ROOT / room).is_dir()


def test_every_room_has_a_line() -> None:
    rooms = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "catalog").rglob("__init__.py")}
    inner = {"catalog", "catalog/store", "catalog/alerts/channels", "catalog/upstream/failures"}  # told with another
    assert rooms - inner == {room.rstrip("/") for room in ROOMS if room.startswith("catalog/")}


@pytest.mark.parametrize("call", CALLS)
def test_the_calls_of_a_run_are_there(call: str) -> None:
    assert f"`{call}`" in PAGE
    assert re.search(rf"def {call.rpartition('.')[2]}\(", (ROOT / "catalog" / CALLS[call]).read_text("utf-8"))
