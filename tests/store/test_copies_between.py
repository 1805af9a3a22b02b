"""A copy is an SQLite catalog, of either database, and goes into either: nothing is lost on any way between them."""

import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from catalog.domain import Status
from catalog.errors import CatalogError, DatabaseError, Exit, SchemaError
from catalog.service import deliver
from catalog.store.schema import tables, upgrade, views
from tests import postgres
from tests.migrations import samples
from tests.store import copying
from tests.store.copying import Safe, restore
from tests.store.delivering import Recorder, sender
from tests.store.world import Enter, World
from tests.subscribing import team

pytestmark = pytest.mark.promise("P3")

KINDS = ("sqlite", "postgres")
WAYS = [(one, other) for one in KINDS for other in KINDS]
NOTES = (
    "catalog_run",
    "catalog_source",
    "catalog_channel",
    "catalog_deferred_removal",
)  # a restoration writes into these
NOTED = {("sources", "scope"), ("sources", "last_status")}
TEXTS = ("Café 模型 😀", 'tab\t"quoted" \\ back\\u4e2dslash', "line\nend\r\\N\\.", "\x7f\x01", "", "{not json", "NULL")
STRANGE = {
    "tall": 10**15,
    "small": 1e-7,
    "half": 0.5,
    "yes": True,
    "none": None,
    "deep": {"模": [1, [2.25, {}]], "": []},
}

# Makes a new and empty world of a kind.
Make = Callable[[str], World]


@pytest.fixture
def make(
    enter: Enter, migrated_file: Path, migrated_database: str, postgres_server: postgres.Server, tmp_path: Path
) -> Iterator[Make]:
    """Make catalogs without rows, of either kind."""
    with ExitStack() as stack:
        made: list[World] = []

        def new(kind: str) -> World:
            place = tmp_path / f"catalog {len(made)}.db"
            url = f"sqlite:///{place}"
            if kind == "postgres":
                url = stack.enter_context(postgres_server.database(migrated_database))
            else:
                shutil.copy(migrated_file, place)
            made.append(enter(url))
            return made[-1]

        yield new
        for world in made:
            world.check()
            world.database.close()


def live(world: World) -> None:
    """Have a history with something in every table that can be restored."""
    ids = [f"m{number}" for number in range(len(TEXTS))]
    patient = team("added", "removed", "changed", settle=timedelta(hours=1))
    world.lists(*ids, "gone")
    world.sync(subscriptions=patient)
    for text, id in zip(TEXTS, ids, strict=True):
        world.lists(*ids, display_name=text, description=text * 40, **{f"new {id}": text}, **STRANGE)
        world.sync(subscriptions=patient)
    world.lists(*ids, "模型", created_at="not a date", max_tokens=2**40, retires_at="2026-03-01T00:00:00.5Z")
    world.sync(subscriptions=patient)
    world.lists(*ids, *ids[:1], deprecated_at="0999-12-31T23:59:59.999999Z")  # listed twice
    world.sync(subscriptions=patient)
    world.lists(*ids)
    world.sync(name="two", subscriptions=patient)
    world.lists(ids[0])
    for _ in range(2):
        world.sync(name="two", after=60)
    world.cut()
    deliver.deliver(world.database, sender(world, {"team": Recorder()}))


def seen(world: World) -> dict[str, list[str]]:
    """Give what every view shows, but for the notes that a restoration leaves."""
    found = {}
    with world.database.read() as connection:
        for name, view in views.surface.tables.items():
            wanted = sa.select(*(column for column in view.columns if (name, column.name) not in NOTED))
            rows = [dict(row) for row in connection.execute(wanted).mappings()]
            kept = [row for row in rows if name != "sync_runs" or "restored from" not in str(row["error"])]
            found[name] = sorted(json.dumps(row, default=str, sort_keys=True) for row in kept)
    return found


def history(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Give the rows of a copy that a restoration leaves alone, byte by byte."""
    found = copying.rows(path)
    runs = [row for row in found["catalog_run"] if "restored from" not in str(row)]
    return {**{name: rows for name, rows in found.items() if name not in NOTES}, "runs": runs}


def alike(found: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Spell each object with its members in order: Postgres keeps no other."""
    return {name: sorted((tuple(map(_in_order, row)) for row in rows), key=repr) for name, rows in found.items()}


def _in_order(value: object) -> object:
    if not isinstance(value, str) or not value.endswith("}"):
        return value
    try:
        return json.dumps(json.loads(value), sort_keys=True)
    except ValueError:
        return value


@pytest.mark.parametrize(("kind", "other"), WAYS, ids=map("-".join, WAYS))
def test_nothing_is_lost_from_either_database_into_either(make: Make, safe: Safe, kind: str, other: str) -> None:
    first, second, third = make(kind), make(other), make(kind)
    live(first)
    before, one = seen(first), safe.copy(first)
    assert all(before[name] for name in ("models", "model_history", "changes", "sources", "sync_runs", "deliveries"))
    assert len(history(one)["catalog_state"]) > len(TEXTS)
    restore(second, one)
    assert seen(second) == before
    two = safe.copy(second)
    assert alike(history(two)) == alike(history(one))
    restore(third, two)
    assert seen(third) == before
    assert history(safe.copy(third)) == history(two)  # byte by byte


@pytest.mark.parametrize(("kind", "other"), WAYS[1:3], ids=map("-".join, WAYS[1:3]))
def test_a_catalog_that_moved_goes_on_as_if_it_had_not(make: Make, safe: Safe, kind: str, other: str) -> None:
    first, second = make(kind), make(other)
    live(first)
    restore(second, safe.copy(first))
    for table in ("catalog_change", "catalog_run", "catalog_model"):
        with pytest.raises(DatabaseError), second.database.write() as connection:
            connection.exec_driver_sql(f"DELETE FROM {table}")
    ids = [f"m{number}" for number in range(len(TEXTS))]
    second.now = first.now
    second.lists(*ids, *ids[:1], deprecated_at="0999-12-31T23:59:59.999999Z")
    assert second.sync().run.status in {Status.COMPLETE, Status.PARTIAL}
    assert [said for said in second.said if said[0] != "removed"] == []  # what is listed is what was stored
    second.lists(*ids, "news")
    second.sync()
    assert ("added", "news") in second.said


@pytest.mark.parametrize("kinds", [KINDS, KINDS[::-1]], ids=map("-".join, WAYS[1:3]))
@pytest.mark.parametrize("revision", samples.revisions())
def test_a_copy_of_any_revision_is_upgraded_where_it_lands(
    enter: Enter, safe: Safe, request: pytest.FixtureRequest, kinds: tuple[str, str], revision: str
) -> None:
    first, second = (enter(request.getfixturevalue(f"{kind}_url")) for kind in kinds)
    samples.load(first.url, revision).close()
    ids, changes = first.rows("models", "source", "id"), first.rows("changes", "change_id", "uid")
    path = safe.copy(first)
    assert copying.rows(path)["catalog_version"] == [(revision,)]
    assert restore(second, path, replace=False).holdings.revision == revision
    upgrade.require(second.database)
    second.check()
    assert sorted(second.rows("models", "source", "id")) == sorted(ids)
    assert second.rows("changes", "change_id", "uid") == changes


# What a copy holds


def test_a_copy_is_a_catalog_that_any_reader_of_sqlite_opens(world: World, safe: Safe, enter: Enter) -> None:
    world.lists("a", "b", capabilities={"vision": {"supported": True}})
    world.sync()
    path = safe.copy(world)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert copy.execute("SELECT id FROM models ORDER BY id").fetchall() == [("a",), ("b",)]
        asked = "SELECT json_extract(attributes, '$.capabilities.vision.supported') FROM models"
        assert copy.execute(asked).fetchall() == [(1,), (1,)]
        with pytest.raises(sqlite3.Error):
            copy.execute("DELETE FROM catalog_change")
    opened = enter(f"sqlite:///{path}")
    upgrade.require(opened.database)
    assert upgrade.differences(opened.database) == []
    assert opened.rows("models", "id", "first_seen_at") == world.rows("models", "id", "first_seen_at")


def test_a_copy_has_the_rules_and_the_plans_of_any_catalog(world: World, safe: Safe, migrated_file: Path) -> None:
    path, found = safe.copy(world), []
    for file in (path, migrated_file):
        with closing(sqlite3.connect(file)) as copy:
            made = copy.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2").fetchall()
            found.append((made, copy.execute("SELECT * FROM sqlite_stat1 ORDER BY 1, 2").fetchall()))
    assert found[0] == found[1]


def test_a_catalog_that_is_in_use_can_be_named_as_the_copy(make: Make) -> None:
    """A catalog that outgrows its file moves by one command, also while its log holds the last run."""
    file, target = make("sqlite"), make("postgres")
    place = file.database.path
    assert place
    file.lists("a", "b")
    with closing(sqlite3.connect(place)) as holding:  # so that the log stays
        holding.execute("BEGIN")
        holding.execute("SELECT count(*) FROM models").fetchone()
        file.sync()
        assert place.with_name(f"{place.name}-wal").stat().st_size
        restore(target, place)
    assert target.listed() == "ab"
    assert file.listed() == "ab"


@pytest.mark.parametrize("encoding", ["LATIN1", "EUC_JP"])
def test_a_copy_goes_into_a_database_that_does_not_hold_all_letters(
    make: Make, enter: Enter, safe: Safe, postgres_server: postgres.Server, encoding: str
) -> None:
    name = f"narrow_copy_{encoding.lower()}"
    made = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    postgres_server.execute(made)
    try:
        file = make("sqlite")
        named = {"display_name": "модель 模型 Café 😀", "line": "模", "more 模": ["模型", "é"]}
        file.lists("a", "模型", "模" * 256, **named)
        file.sync()
        narrow = enter(postgres_server.url.set(database=name).render_as_string(hide_password=False))
        with narrow.database.write() as connection:
            upgrade.apply(connection, "head")
        restore(narrow, safe.copy(file))
        narrow.now = file.now
        assert narrow.sync().run.status is Status.COMPLETE
        assert narrow.said == []  # it compares with what a run would have stored
        narrow.check()
        assert copying.rows(safe.copy(narrow))["catalog_model"]
        narrow.database.close()
    finally:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


# Files that are no copies

_MODEL = "UPDATE catalog_model SET"
DAMAGE = {
    "a moment is none": f"{_MODEL} created_at = 'now'",
    "a day that is not": f"{_MODEL} created_at = '2026-02-30T00:00:00.000000Z'",
    "an hour that is not": f"{_MODEL} retires_at = '2026-02-28T24:00:00.000000Z'",
    "year nought": f"{_MODEL} created_at = '0000-01-01T00:00:00.000000Z'",
    "a moment without a zone": "UPDATE catalog_run SET finished_at = '2026-01-01T00:00:00.000000'",
    "a moment of another width": "UPDATE catalog_run SET finished_at = '2026-01-01T00:00:00Z'",
    "an infinite moment": "UPDATE catalog_run SET walked_at = 'infinity'",
    "a moment of bytes": "UPDATE catalog_run SET finished_at = CAST(finished_at AS BLOB)",
    "broken JSON": f"{_MODEL} own = '{{'",
    "JSON of another kind": f"{_MODEL} own = '[]'",
    "a scope that is none": "UPDATE catalog_source SET scope = 'everything'",
    "a scope of another kind": "UPDATE catalog_source SET scope = '7'",
    "text in a number": f"{_MODEL} max_tokens = 'many'",
    "half a number": f"{_MODEL} max_tokens = 1.5",
    "neither yes nor no": "UPDATE catalog_source SET configured = 2",
    "bytes in a text": f"{_MODEL} display_name = x'ff00'",
    "text with a NUL": f"{_MODEL} display_name = 'a' || char(0) || 'b'",
    "text that is none": f"{_MODEL} display_name = CAST(x'ff41' AS TEXT)",
    "text in bytes": "UPDATE catalog_page SET model_keys = 'text'",
    "no version": "DELETE FROM catalog_version",
    "a version of bytes": "UPDATE catalog_version SET version_num = x'ff'",
    "a table gone": "DROP TABLE catalog_deferred_removal",
    "a status unheard of": "UPDATE catalog_run SET status = 'splendid'",
    "a reference into the void": "UPDATE catalog_run SET source_key = 9",
    "a history that does not add up": "UPDATE catalog_source SET models_listed = 7",
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_copy_with_a_value_that_cannot_be_is_refused_before_anything_is_replaced(
    world: World, safe: Safe, what: str
) -> None:
    world.lists("a")
    world.sync(subscriptions=team())
    path = safe.copy(world)
    copying.edit(path, DAMAGE[what])
    before = seen(world)
    with pytest.raises(CatalogError) as caught:
        restore(world, path)
    assert caught.value.exit_code is Exit.DATABASE
    assert (str(path) in caught.value.message, bool(caught.value.hint)) == (True, True)
    assert seen(world) == before


# Copies made by pg_dump


def test_a_copy_made_by_pg_dump_is_refused_with_the_words_that_help(world: World, safe: Safe) -> None:
    world.lists("a")
    world.sync()
    path = safe.folder / "dump"
    path.write_bytes(b"PGDMP\1\16\0" + bytes(100))
    with pytest.raises(SchemaError, match="made by pg_dump") as caught:
        restore(world, path)
    assert ("pg_restore" in caught.value.hint, "docs/how-to/postgres.md" in caught.value.hint) == (True, True)
    assert caught.value.exit_code is Exit.DATABASE
    assert world.listed() == "a"


def test_what_is_said_of_copies_made_by_pg_dump_brings_them_back(make: Make, safe: Safe) -> None:
    """The steps in docs/how-to/postgres.md, with the programs of Postgres that the tests bring along."""
    if postgres.VARIABLE in os.environ:
        pytest.skip("the server is not ours: its programs may not be here")
    programs = postgres.find_binaries()
    old, new, final = make("postgres"), make("postgres"), make("sqlite")
    live(old)
    path, found = safe.folder / "dump", [tables.VERSION_TABLE, *tables.metadata.tables]
    wanted = [f'--table="public"."{name}"' for name in found]
    call(programs / "pg_dump", "--format=custom", "--data-only", f"--file={path}", *wanted, plain(old))
    with new.database.write() as connection:
        connection.exec_driver_sql("DELETE FROM catalog_version")
    call(programs / "pg_restore", "--data-only", "--disable-triggers", f"--dbname={plain(new)}", path)
    assert seen(new) == seen(old)
    restore(final, safe.copy(new))
    assert seen(final) == seen(old)


def plain(world: World) -> str:
    return world.database.url.set(drivername="postgresql").render_as_string(hide_password=False)


def call(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
