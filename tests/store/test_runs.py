"""Runs: each has a record, one at a time merges, and what did not change is not written."""

import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.domain import Change, Status
from catalog.errors import Exit, StoppedError
from catalog.service import sync
from catalog.service.sync import RunReport
from catalog.store.engine import locks
from catalog.store.ingest import runs
from catalog.store.schema import views
from catalog.upstream.reading import wire
from tests import server as play
from tests.store import world as worlds
from tests.store.world import Enter, World

pytestmark = pytest.mark.promise("P3", "P4")

STATES = ("models", "model_history", "changes")


def contents(world: World) -> list[list[tuple[Any, ...]]]:
    names = (*STATES, "sync_runs")
    return [sorted(world.rows(view, *views.surface.tables[view].c.keys()), key=str) for view in names]


def test_a_run_records_how_it_went(world: World) -> None:
    world.page_size = 2
    world.lists("a", "b", "c")
    world.sync()
    columns = ("source", "status", "started_at", "finished_at", "pages", "models_seen", "added", "error")
    assert world.last_run(*columns) == ("one", "complete", 10, 12, 2, 3, 3, None)
    world.cut()
    row = world.last_run(*columns)
    assert row[:7] == ("one", "failed", 22, 22, 0, 0, 0)
    assert "500" in row[7]


def test_a_stopped_run_is_abandoned_in_words_and_changes_nothing(world: World) -> None:
    world.lists("a")
    world.sync()
    before = contents(world)[:3]
    world.lists("b")

    def stop() -> None:
        raise StoppedError("the worker was stopped")

    with pytest.raises(StoppedError):
        world.sync(on_wait=stop)
    assert world.last_run("status", "error") == ("abandoned", "the worker was stopped")
    assert contents(world)[:3] == before
    assert world.sync().run.added == 1


def test_a_run_that_a_clock_ahead_dated_years_later_takes_no_slot(world: World) -> None:
    # Every later run begins after it, on paper: a worker found all its slots taken, and read nothing for ten years.
    world.lists("a")
    world.sync(after=3653 * 1440)
    world.pass_minutes(-3653 * 1440)
    for _ in range(2):
        world.pass_minutes(60)
        assert world.sync(after=0, slot=world.now).run.status is Status.COMPLETE


def test_a_slot_that_another_run_took_is_skipped_and_a_run_that_was_given_up_takes_none(world: World) -> None:
    world.lists("a")
    world.sync()
    taken, free = (worlds.START + minute * worlds.MINUTE for minute in (10, 11))
    assert world.sync(slot=taken).run.status is Status.SKIPPED
    assert world.last_run("status", "error") == ("skipped", "another run took this slot of the schedule")

    def stop() -> None:
        raise StoppedError("the worker was stopped")

    with pytest.raises(StoppedError):
        world.sync(slot=free, on_wait=stop)
    assert world.sync(slot=free).run.status is Status.COMPLETE
    assert world.sync(slot=free).run.status is Status.SKIPPED


def test_a_run_in_which_nothing_changed_writes_a_handful_of_rows(world: World) -> None:
    world.page_size = 5
    world.lists(*(f"m-{number}" for number in range(50)))
    written: list[int] = []
    with rows_written(world) as count:
        for _ in range(3):
            world.sync()
            written.append(sum(count.values()))
            count.clear()
    assert written[0] > 100
    assert 0 < max(written[1:]) <= 5


def test_a_list_that_stays_silent_of_a_field_is_noted_once(world: World) -> None:
    world.page_size = 5
    ids = [f"m-{number}" for number in range(50)]
    world.lists(*ids)
    world.sync()
    written: list[int] = []
    with rows_written(world) as count:
        for silence in (0, 0, 0.0, 0):  # the pages are others, and have to be read
            world.lists(*ids, max_tokens=silence)
            world.sync()
            written.append(sum(count.values()))
            count.clear()
    assert written[0] >= 50
    assert 0 < max(written[1:]) <= 5 + 10  # a row a page where the list is spelled anew


@contextmanager
def rows_written(world: World) -> Iterator[Counter[str]]:
    """Count rows written to the catalog's own tables."""
    count: Counter[str] = Counter()

    def watch(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        found = re.match(r"(?:INSERT INTO|UPDATE|DELETE FROM) (catalog_\w+)", statement)
        if found:
            count[found[1]] += cursor.rowcount

    sa.event.listen(world.database.engine, "after_cursor_execute", watch)
    yield count
    sa.event.remove(world.database.engine, "after_cursor_execute", watch)


def test_a_page_that_comes_again_byte_for_byte_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    page = wire.Reader.page

    def count(self: wire.Reader, body: bytes, *, known_as: str | None = None) -> wire.ListPage:
        found = page(self, body, known_as=known_as)
        read.append(len(found.items))
        return found

    monkeypatch.setattr(wire.Reader, "page", count)
    world.page_size = 2
    expected = [
        ("abcdef", [2, 2, 2], 0),
        ("abcdef", [], 0),
        ("abcd", [2], 2),  # the page of c and d is the last one now
        ("abcd", [], 2),
        ("abcdef", [2, 2], 0),
        ("abcdef", [], 0),
        ("abcdeg", [2], 1),
    ]
    for ids, pages, missing in expected:
        read.clear()
        world.lists(*ids)
        report = world.sync(after=1)
        assert (read, report.run.missing, report.run.models_seen) == (pages, missing, len(ids))
    assert world.listed() == "abcdefg"


def test_a_walk_that_began_again_counts_each_model_once(world: World) -> None:
    world.page_size = 2
    world.lists("a", "b", "c", "d")
    world.server.script(play.then(lambda: world.lists("c", "d", "x", "b", "a")))
    report = world.sync()
    assert (report.run.status, report.run.models_seen, report.run.added) == (Status.COMPLETE, 5, 5)
    world.server.script(play.then(lambda: world.lists("d", "y", "c", "x", "b", "a", display_name="New")))
    report = world.sync()
    assert (report.run.status, report.run.models_seen, report.run.changed) == (Status.COMPLETE, 6, 5)
    assert world.rows("sources", "source", "models_listed") == [("one", 6)]


@pytest.mark.parametrize("words", ["a \0 in it", "half a \ud83d", "\x1b[31mred", "x" * 5_000_000])
def test_whatever_a_server_says_the_record_of_the_run_can_be_written(world: World, words: str) -> None:
    world.server.script(play.error(400, message=words))
    report = world.sync()
    assert (report.run.status, report.exit_code) == (Status.FAILED, Exit.LISTING)
    assert world.last_run("status", "error") == ("failed", report.run.error)
    assert len(str(report.run.error)) < 1000


@pytest.mark.parametrize("signal", [KeyboardInterrupt, SystemExit])
def test_a_run_that_is_interrupted_says_so_and_writes_nothing(world: World, signal: type[BaseException]) -> None:
    world.page_size = 1
    world.lists("a")
    world.sync()
    world.lists("x", "y")

    def interrupt(_pages: int, _models: int) -> None:
        raise signal

    options = sync.Options(clock=lambda: world.now, on_page=interrupt)
    with pytest.raises(signal):
        sync.sync_source(world.database, world.source("one"), world.connect, options)
    assert (world.listed(), world.last_run("status")) == ("a", ("abandoned",))
    assert world.sync().run.added == 2


def test_a_run_that_waited_for_other_merges_begins_none_once_the_program_is_to_end(world: World) -> None:
    """After Ctrl-C, eight large merges were made one after the other, or left without an end."""
    world.lists("a")
    world.sync()
    world.lists("x")
    read: list[int] = []

    def stop() -> None:
        if read:
            raise StoppedError("it was interrupted")

    options = sync.Options(clock=lambda: world.now, on_page=lambda *_: read.append(1), on_wait=stop)
    with pytest.raises(StoppedError):
        sync.sync_source(world.database, world.source("one"), world.connect, options)
    assert (world.listed(), world.last_run("status", "error")) == ("a", ("abandoned", "it was interrupted"))
    assert world.sync().run.added == 1


@pytest.mark.warns
@pytest.mark.parametrize("overtaken", ["before it began to walk", "in the middle of its walk"])
def test_a_slow_old_run_that_ends_after_a_newer_one_changes_nothing(
    world: World, enter: Enter, monkeypatch: pytest.MonkeyPatch, overtaken: str
) -> None:
    """The lock that would have kept them apart was lost."""
    monkeypatch.setattr(locks, "hold", lambda *_: nullcontext(enter_result=True))
    world.page_size = 2
    world.lists("a", "b", "c")
    world.sync()
    newer = enter(world.url)
    newer.now = world.now

    def overtake() -> None:
        world.lists("a", "b", "c", "d", "e", "f", display_name="New")
        newer.sync()

    scripted = world.meanwhile(overtake)
    world.server.script(*([scripted] if overtaken.startswith("before") else [play.honest, scripted]))
    report = world.sync()
    assert [made.run.status for made in newer.every] == [Status.COMPLETE]
    assert (report.run.status, report.exit_code, world.said) == (Status.SUPERSEDED, Exit.BUSY, [])
    assert world.listed() == "abcdef"
    assert {name for _, name in world.rows("models", "id", "display_name")} == {"New"}
    kinds = [row[1:] for row in world.rows("changes", "change_id", "kind", "model_id", "run_id")]
    assert len(kinds) == len(set(kinds)) == 9


@pytest.mark.parametrize("other", ["one", "two"])
def test_a_run_is_skipped_while_another_of_its_source_is_active(world: World, other: str) -> None:
    world.lists("a")
    with locks.hold(world.database, other) as mine:
        assert mine
        report = world.sync()
    expected = (Status.SKIPPED, Exit.BUSY, "") if other == "one" else (Status.COMPLETE, Exit.DONE, "a")
    assert (report.run.status, report.exit_code, world.listed()) == expected
    assert world.sync().run.status is Status.COMPLETE


def test_two_runs_at_once_record_each_change_once(world: World, enter: Enter) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("a", "b", "c")
    others = [enter(world.url) for _ in range(3)]
    for other in others:
        other.now = world.now
    threads = [threading.Thread(target=other.sync) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [row[1:] for row in world.rows("changes", "change_id", "kind", "model_id")][2:] == [("added", "c")]
    statuses = {status for _, status in world.rows("sync_runs", "run_id", "status")}
    assert statuses <= {"complete", "skipped", "superseded"}


@pytest.mark.warns
def test_the_record_of_a_run_that_died_is_closed_by_the_next(world: World) -> None:
    world.lists("a")
    world.sync()
    with world.database.write() as connection:
        runs.begin(connection, 1, sync.scope_of(world.source("one")), world.now + 60 * worlds.MINUTE)
    assert world.last_run("status", "finished_at") == ("running", None)
    assert world.sync().run.status is Status.COMPLETE
    rows = world.rows("sync_runs", "run_id", "status", "started_at", "finished_at")
    assert [status for _, status, _, _ in rows] == ["complete", "abandoned", "complete"]
    assert all(started <= finished for _, _, started, finished in rows)


def test_a_source_that_left_the_configuration_says_so(world: World) -> None:
    world.lists("a")
    world.sync(name="one", configured=("one", "two"))
    world.sync(name="two", configured=("one", "two"))
    assert world.rows("sources", "source", "configured") == [("one", True), ("two", True)]
    world.sync(name="two", configured=("two",))
    assert world.rows("sources", "source", "configured") == [("one", False), ("two", True)]
    world.sync(name="one", configured=("one", "two"))
    assert world.rows("sources", "source", "configured") == [("one", True), ("two", True)]


def test_a_source_that_moved_says_where_and_has_a_new_baseline(world: World) -> None:
    world.lists("a")
    world.sync()
    columns = ("source", "base_url", "last_status", "last_whole_at", "models_listed")
    assert world.rows("sources", *columns) == [("one", world.server.url, "complete", 11, 1)]
    elsewhere = play.ModelsServer().start()
    with worlds.entering(elsewhere) as enter:
        moved = enter(world.url)
        moved.lists("a", "b")
        assert moved.sync(after=20).baseline
    elsewhere.close()
    assert world.rows("sources", *columns) == [("one", elsewhere.url, "complete", 21, 2)]


# Dry runs


@pytest.mark.parametrize("story", ["changes", "held", "cut", "empty"])
def test_a_dry_run_tells_what_a_run_would_and_leaves_the_database_alone(world: World, story: str) -> None:
    world.lists(*"abcdef")
    if story != "empty":
        world.sync()
    else:
        world.lists()
    before = contents(world)
    if story == "changes":
        world.lists(*"abcdeg", display_name="New")
    elif story == "held":
        world.lists("a")
    make = world.cut if story == "cut" else world.sync
    dry = make(dry_run=True)
    told = [(change.kind, change.model_id, change.field) for change in world.told]
    assert contents(world) == before
    if story in {"cut", "empty"}:
        assert (dry.run.status, dry.exit_code, told) == (Status.FAILED, Exit.LISTING, [])
    else:
        real = world.sync()
        assert (dry.run.status, dry.exit_code, len(dry.missing)) == (
            real.run.status,
            real.exit_code,
            len(real.missing),
        )
        assert told == [(change.kind, change.model_id, change.field) for change in world.told]


def test_a_dry_run_leaves_the_file_as_it_is_byte_for_byte(enter: Enter, tmp_path: Path, migrated_file: Path) -> None:
    path = tmp_path / "catalog.db"
    path.write_bytes(migrated_file.read_bytes())
    world = enter(f"sqlite:///{path}")
    world.lists("a", "b")
    world.sync()
    world.database.close()
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    world.lists("a", "c")
    assert world.sync(dry_run=True).run.added == 1
    world.database.close()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_dry_run_makes_no_database(enter: Enter, tmp_path: Path) -> None:
    world = enter(f"sqlite:///{tmp_path / 'new.db'}")
    world.lists("a", "b")
    assert world.sync(dry_run=True).run.added == 2
    assert world.said == [("added", "a"), ("added", "b")]
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_makes_no_schema(enter: Enter, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        sqlite3.connect(database_url.removeprefix("sqlite:///")).close()
    world = enter(database_url)
    world.lists("a")
    assert world.sync(dry_run=True).run.added == 1
    with world.database.read() as connection:
        assert sa.inspect(connection).get_table_names() == []


def test_whoever_stops_listening_to_a_run_hears_nothing_of_the_database(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sync | head -1` ended with `Error closing cursor`: the changes were let go after their connection."""

    def stop(_report: RunReport, changes: Iterable[Change]) -> None:
        next(iter(changes))
        raise BrokenPipeError

    world.lists(*(f"m{number}" for number in range(2500)))
    monkeypatch.setattr(world, "hear", stop)
    with pytest.raises(BrokenPipeError) as kept:
        world.sync()
    assert (kept.type, caplog.text) == (BrokenPipeError, "")
