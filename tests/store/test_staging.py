"""What a walk stages is its run's own: no other table is used, changed or dropped, whatever its name."""

import json
import os
import resource
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from catalog.errors import DatabaseError
from catalog.store.engine import database as databases
from catalog.store.engine import spool, temp_folder
from catalog.store.ingest import staging
from catalog.store.schema import staging_tables, tables
from catalog.upstream.reading.wire import ListPage, Reader
from tests import postgres
from tests import server as play
from tests.server import SOURCE
from tests.store.world import START, Enter, World

pytestmark = pytest.mark.promise("P1")

NAMES = [
    f"{start}_{name}"
    for start in ("stage", "catalog_stage")
    for name in ("model", "change", "silence", "shape", "page", "digest", "dispute")
]
PATHS = ["", "public", "pg_temp, public", "public, pg_temp", "nowhere, public, pg_catalog"]


@pytest.fixture
def own_url(postgres_server: postgres.Server, migrated_database: str) -> Iterator[str]:
    """The URL of a catalog on Postgres with no rows, and a database of its own."""
    with postgres_server.database(migrated_database) as url:
        yield url


@pytest.fixture(params=PATHS)
def crowded(request: pytest.FixtureRequest, enter: Enter, own_url: str) -> Iterator[World]:
    """A catalog beside tables of its user's that are named like those for staging, found by one search path."""
    world = enter(own_url)
    with world.database.write() as connection:
        for name in NAMES:
            connection.exec_driver_sql(f"CREATE TABLE {name} AS SELECT 1 AS model_key, true AS silent, 'x' AS digest")
    options = "-csearch_path=" + request.param.replace(" ", "\\ ")
    crowded = enter(f"{own_url}&options={quote(options)}" if request.param else own_url)
    yield crowded
    crowded.check()


def untouched(world: World) -> list[str]:
    with world.database.read() as connection:
        return [
            name
            for name in NAMES
            if connection.exec_driver_sql(f"SELECT * FROM public.{name}").all() == [(1, True, "x")]
        ]


def test_no_run_touches_tables_that_are_named_like_its_own(crowded: World) -> None:
    """A run dropped its user's own `stage_change` when its walk was over, and when it was only rehearsed."""
    said = []
    for ids, dry in (("ab", True), ("ab", False), ("abc", True), ("abc", False), ("ab", False)):
        crowded.lists(*ids, line=ids)
        crowded.sync(dry_run=dry)
        said.append(sorted({kind for kind, *_ in crowded.said if kind}))

    assert untouched(crowded) == NAMES
    assert said == [["added"], ["added"], ["added", "changed"], ["added", "changed"], ["changed"]]
    assert crowded.rows("models", "id", "line") == [("a", "ab"), ("b", "ab"), ("c", "abc")]


def test_nothing_of_a_run_stays_on_its_sessions(enter: Enter, own_url: str) -> None:
    world = enter(own_url)
    world.lists("a", "b")
    for _ in range(10):
        world.sync()

    engine = world.database.engine
    with ExitStack() as stack:
        pool = engine.pool
        assert isinstance(pool, sa.QueuePool)
        for session in [stack.enter_context(engine.connect()).connection.cursor() for _ in range(pool.checkedin())]:
            session.execute("SELECT current_setting('timezone'), current_setting('datestyle')")
            assert session.fetchone() == ("Pacific/Marquesas", "ISO, MDY")
            for what in ("pg_prepared_statements", "pg_cursors", "pg_class WHERE relpersistence = 't'"):
                session.execute(f"SELECT count(*) FROM {what}")
                assert session.fetchone() == (0,)


def page(*entries: dict[str, object]) -> ListPage:
    return Reader(SOURCE).page(json.dumps({"data": entries, "has_more": True}).encode())


@pytest.fixture
def stage(world: World) -> Iterator[staging.Staging]:
    """A walk of a source whose list is known: `a` on one page, whose attributes are large."""
    world.lists("a", description="x" * 500)
    world.sync()
    with staging.open_(world.database, 1) as stage:
        yield stage


def rows(stage: staging.Staging, table: sa.Table) -> int:
    with stage.merging("rehearsal") as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_a_page_that_comes_twice_is_remembered_once(stage: staging.Staging, world: World) -> None:
    with world.database.read() as connection:
        digest = connection.scalar(sa.select(tables.page.c.digest))
    assert digest is not None
    repeats = []
    for _ in range(3):
        stage.recall(digest)
        repeats.append(stage.add_known(digest))

    assert repeats == [0, 1, 1]
    assert rows(stage, staging_tables.staged_page) == 1


def test_what_was_staged_before_a_walk_began_again_is_gone(stage: staging.Staging) -> None:
    stage.add(page(play.model("a"), play.model("b"), play.model("c")), START)
    stage.restart()
    stage.add(page(play.model("d")), START)

    found = (staging_tables.staged, staging_tables.staged_change, staging_tables.staged_page)
    assert [rows(stage, table) for table in found] == [1, 0, 1]


def test_attributes_that_are_met_again_after_many_others_are_stored_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_SHAPES_REMEMBERED", 1)
    world.page_size = 2  # of one page, each is staged once
    world.lists(*"abcdef")
    for number, model in enumerate(world.server.models):
        model["description"] = "xy"[number % 2] * 500
    world.sync()

    with world.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.shape)) == 2


def test_a_walk_of_large_attributes_is_not_kept_in_memory(stage: staging.Staging) -> None:
    """The texts of ten thousand large attributes were kept, to know them again: hundreds of megabytes."""
    tracemalloc.start()
    for number in range(40):
        entries = [play.model(f"m-{number}-{each}", description=os.urandom(10_000).hex()) for each in range(50)]
        stage.add(page(*entries), START)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 15_000_000  # of 40 MB
    assert rows(stage, staging_tables.staged_shape) == 40 * 50


@pytest.mark.parametrize("step", ["insert", "clear"])
def test_a_temporary_file_that_cannot_grow_ends_each_step_in_words(own_url: str, step: str) -> None:
    """When a walk began again, what was still to be written failed as an output that cannot be written."""
    with closing(databases.open_(own_url)) as database, spool.open_(database, staging_tables.metadata) as shelf:
        shelf.insert(staging_tables.staged_digest, [(1, "x" * (3 << 19))])
        shelf.insert(staging_tables.staged_digest, [(2, "x")])  # waits in a buffer
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, usual[1]))
        try:
            with pytest.raises(DatabaseError, match="temporary file") as caught:
                shelf.clear() if step == "clear" else shelf.insert(staging_tables.staged_digest, [(3, "x" * (1 << 20))])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert "TMPDIR" in caught.value.hint


def test_a_temporary_folder_that_is_gone_ends_the_run_in_words(
    enter: Enter, own_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = enter(own_url)
    world.lists("a")
    monkeypatch.setattr(spool, "_IN_MEMORY", 1)
    monkeypatch.setattr(temp_folder, "_ROOM", 10**18)  # and no other folder has room
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(DatabaseError, match="temporary file") as caught:
        world.sync()

    assert "TMPDIR" in caught.value.hint
    assert world.last_run("status", "models_seen") == ("failed", 0)
    assert world.listed() == ""
