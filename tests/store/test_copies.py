"""Safe copies: whole or not at all, and a catalog that comes back from one tells nobody anything twice."""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.domain import Status
from catalog.errors import ConfigError, DatabaseError, LostConnectionError, SchemaError
from catalog.events import Message
from catalog.service import deliver
from catalog.store.backup import copies, postgres_copy, sqlite_copy
from catalog.store.engine import database as databases
from catalog.store.engine import locks
from catalog.store.outbox import enqueue, queue
from catalog.store.schema import upgrade
from tests.migrations import samples
from tests.store import copying
from tests.store.copying import Safe, restore
from tests.store.delivering import Recorder, enqueued, sender, types
from tests.store.world import START, Enter, World
from tests.subscribing import team

VIEWS = ("models", "model_history", "changes")
RETIRES = "2026-01-10T00:00:00Z"
TEAM = "team"


def everything(world: World) -> list[list[tuple[Any, ...]]]:
    with world.database.read() as connection:
        return [
            sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {view}")), key=repr)
            for view in (*VIEWS, "deliveries")
        ]


def send(world: World, ear: Recorder | None = None) -> list[str]:
    """Let the channel take all that is due; give the ids it took."""
    ear = ear or Recorder()
    deliver.deliver(world.database, sender(world, {TEAM: ear}))
    return ear.ids


def told(world: World) -> list[tuple[str, str]]:
    """What the channel is told now, as kind and id."""
    heard: list[Message] = []
    deliver.deliver(world.database, sender(world, {TEAM: Recorder(then=heard.append)}))
    changes = [change for message in heard for change in json.loads(message.payload)["changes"]]
    return [(change["kind"], change["model_id"]) for change in changes]


def in_place(world: World, path: Path) -> None:
    """Restore without asking whether a run is active."""
    kind = sqlite_copy if world.database.is_sqlite else postgres_copy
    kind.restore(world.database, path, world.now, copying.unseen)


def begin(world: World, *ids: str) -> None:
    """Have a baseline, and a channel that knows it."""
    world.lists(*ids)
    world.sync(subscriptions=team())


def test_a_copy_brings_everything_back_as_it_was(world: World, safe: Safe) -> None:
    begin(world, "a", "b")
    world.lists("a", "c", display_name="New")
    world.sync(subscriptions=team())
    send(world)
    before, path = everything(world), safe.copy(world)
    world.lists("d")
    world.sync(subscriptions=team())
    assert everything(world) != before
    done = restore(world, path)
    assert everything(world) == before
    assert (done.holdings.models, done.holdings.runs, done.holdings.revision) == (3, 2, upgrade.HEAD)
    assert world.last_run("status", "error")[0] == Status.SKIPPED
    assert "restored from a copy of 2026-01-01T00:22:00Z" in world.last_run("error")[0]


def test_a_copy_says_what_it_holds_and_only_its_owner_may_read_it(world: World, safe: Safe) -> None:
    begin(world, "a", "b")
    path = safe.folder / "copy"
    held = safe.held(world, path)
    assert (held.models, held.runs, held.as_of) == (2, 1, START + timedelta(minutes=11))
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(safe.folder.iterdir()) == [path]  # nothing beside it


def test_a_file_that_is_there_stays_as_it_is(world: World, safe: Safe) -> None:
    begin(world, "a")
    path = safe.folder / "copy"
    path.write_text("precious")
    with pytest.raises(ConfigError, match="stays as it is"):
        safe.held(world, path)
    assert path.read_text() == "precious"


def test_a_copy_goes_to_where_a_link_leads_that_led_nowhere(world: World, safe: Safe) -> None:
    begin(world, "a")
    (safe.folder / "deep").mkdir()
    link = safe.folder / "copy"
    link.symlink_to("deep/copy")
    safe.held(world, link)
    assert link.is_symlink()
    with pytest.raises(ConfigError, match="stays as it is"):
        safe.held(world, link)
    restore(world, link)
    assert world.listed() == "a"


def test_a_file_that_appears_while_the_copy_is_made_stays_as_it_is(world: World, safe: Safe) -> None:
    begin(world, "a")
    path = safe.folder / "copy"
    with pytest.raises(ConfigError, match="stays as it is"):
        copies.backup(world.database, path, on_progress=lambda _done, _all: path.touch())
    assert path.read_bytes() == b""


def test_a_catalog_is_only_replaced_when_that_is_said(world: World, safe: Safe) -> None:
    begin(world, "a")
    path = safe.copy(world)
    before = everything(world)
    with pytest.raises(ConfigError, match="stays as it is") as caught:
        restore(world, path, replace=False)
    assert "--replace" in caught.value.hint
    assert everything(world) == before


def test_a_catalog_is_not_replaced_while_a_run_is_active(world: World, safe: Safe) -> None:
    begin(world, "a")
    path = safe.copy(world)
    with locks.hold(world.database, "one"), pytest.raises(DatabaseError, match="a run of one is active"):
        restore(world, path)


def test_what_was_pending_is_given_up_unless_it_is_requeued(world: World, safe: Safe) -> None:
    begin(world, "a")
    world.lists("a", "b")
    world.sync(subscriptions=team())
    path = safe.copy(world)
    done = restore(world, path)
    assert done.given_up == 1
    assert send(world) == []
    [(_, status, words)] = world.rows("deliveries", "channel", "status", "last_error")
    assert (status, "it may have been sent" in words) == ("dead", True)
    queue.requeue(world.database, now=world.now)
    assert told(world) == [("added", "b")]


def test_what_the_replaced_catalog_knows_to_be_sent_stays_sent(world: World, safe: Safe) -> None:
    begin(world, "a")
    world.lists("a", "b")
    world.sync(subscriptions=team())
    path = safe.copy(world)
    assert len(send(world)) == 1
    assert restore(world, path).given_up == 0
    assert world.rows("deliveries", "channel", "status") == [(TEAM, "delivered")]


def test_what_happened_since_the_copy_is_told_to_nobody_again(world: World, safe: Safe) -> None:
    begin(world, "a", "b", "c")
    path = safe.copy(world)
    world.lists("a", "b", "new", display_name="New")
    for _ in range(3):
        world.sync(subscriptions=team())
    assert sorted(told(world)) == [("added", "new"), ("changed", "a"), ("changed", "b"), ("removed", "c")]
    restore(world, path)
    for _ in range(4):
        world.sync(subscriptions=team())
    assert told(world) == []
    assert world.rows("changes", "model_id", "kind", "baseline")[-1] == ("new", "added", True)
    assert ("c", "removed", True) in world.rows("changes", "model_id", "kind", "baseline")
    world.lists("a", "b", "new", "newer", display_name="New")
    world.sync(subscriptions=team())
    assert told(world) == [("added", "newer")]


def test_what_changed_before_a_copy_came_back_is_told_to_nobody_again_when_the_model_returns(
    world: World, safe: Safe
) -> None:
    # The name changed, and that was told; then the model left. Its copy had the old name when it returned.
    begin(world, "a", "b")
    path = safe.copy(world)
    world.lists("a", "b", display_name="New")
    world.sync(subscriptions=team())
    world.lists("a", display_name="New")
    for _ in range(3):
        world.sync(subscriptions=team())
    assert sorted(told(world)) == [("changed", "a"), ("changed", "b"), ("removed", "b")]
    restore(world, path)
    for _ in range(3):
        world.sync(subscriptions=team())
    world.lists("a", "b", display_name="New")
    world.sync(subscriptions=team())
    assert ("b", "changed") in world.rows("changes", "model_id", "kind")
    assert told(world) == [("returned", "b")]


def test_what_was_missing_when_the_copy_was_made_starts_anew(world: World, safe: Safe) -> None:
    # Walks of which the copy knows nothing may have listed it.
    begin(world, "a", "b")
    world.lists("a")
    world.sync()
    path = safe.copy(world)
    restore(world, path)
    assert world.sync(after=60).run.removed == 0
    assert world.sync(after=60).run.removed == 1


def test_a_removal_that_had_to_settle_is_told_to_nobody(world: World, safe: Safe) -> None:
    patient = team("removed", settle=timedelta(hours=1))
    world.lists("a", "b")
    world.sync(subscriptions=patient)
    world.lists("a")
    for _ in range(3):
        world.sync(subscriptions=patient)
    path = safe.copy(world)
    restore(world, path)
    assert enqueue.from_clock(world.database, patient, world.now + timedelta(days=1)) == 0


def test_a_milestone_that_passed_before_is_told_to_nobody_again(world: World, safe: Safe) -> None:
    world.lists("a", retires_at="2026-03-01T00:00:00Z")
    world.sync(subscriptions=team())
    path = safe.copy(world)
    world.now = START + timedelta(days=30)  # 29 days left
    assert enqueue.from_clock(world.database, team(), world.now) == 1
    restore(world, path)
    assert enqueue.from_clock(world.database, team(), world.now) == 0
    world.now = START + timedelta(days=46)  # 13 days left: that is news
    assert enqueue.from_clock(world.database, team(), world.now) == 1


def test_a_milestone_is_told_to_nobody_again_where_a_clock_was_ahead(world: World, safe: Safe) -> None:
    # Channels began anew at the next time of the log, years ahead, which counts for nothing: all that passed was told.
    world.lists("a", retires_at="2026-03-01T00:00:00Z")
    world.sync(subscriptions=team())
    path = safe.copy(world)
    world.now = START + timedelta(days=2000)
    world.sync()
    world.now = START + timedelta(days=30)
    assert enqueue.from_clock(world.database, team(), world.now) == 1
    assert len(send(world)) == 1
    restore(world, path)
    assert enqueue.from_clock(world.database, team(), world.now) == 0
    world.now = START + timedelta(days=46)
    assert enqueue.from_clock(world.database, team(), world.now) == 1


def test_failures_before_a_copy_was_restored_are_told_to_nobody_again(world: World, safe: Safe) -> None:
    begin(world, "a")
    for _ in range(2):
        world.cut(subscriptions=team())
    path = safe.copy(world)
    world.cut(subscriptions=team())
    assert types(world) == ["sync_failed"]
    restore(world, path)
    world.cut(subscriptions=team())
    assert types(world) == []
    world.sync(subscriptions=team())
    assert types(world) == []


def test_whoever_asks_for_baselines_hears_that_the_catalog_was_restored(world: World, safe: Safe) -> None:
    asking = team("baseline", "added")
    world.lists("a")
    world.sync(subscriptions=asking)
    path = safe.copy(world)
    send(world)
    restore(world, path)
    world.lists("a", "b", "c")
    world.sync(subscriptions=asking)
    assert [message["type"] for message in enqueued(world)] == ["catalog.baseline"] * 2
    assert "the catalog was restored from a copy" in enqueued(world)[-1]["reason"]
    world.sync(subscriptions=asking)
    assert len(enqueued(world)) == 2


def test_a_run_that_began_before_a_copy_was_restored_records_nothing(world: World, safe: Safe) -> None:
    begin(world, "a", "b")
    path = safe.copy(world)
    world.lists("a", "x")
    world.server.script(world.meanwhile(lambda: in_place(world, path)))
    with pytest.raises(DatabaseError, match="replaced by a copy while the run went on"):
        world.sync(subscriptions=team())
    assert world.listed() == "ab"
    assert [status for _, status in world.rows("sync_runs", "run_id", "status")] == ["complete", "skipped"]


def test_a_run_whose_number_another_run_got_meanwhile_records_nothing(world: World, safe: Safe) -> None:
    # Such as where nobody could ask the replaced catalog how far its numbers went.
    begin(world, "a", "b")
    path = safe.copy(world)
    world.lists("a", "x")

    def meanwhile() -> None:
        in_place(world, path)
        with world.database.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO catalog_run (run_id, source_key, status, baseline, whole, started_at, scope, pages, "
                "models_seen, added, returned, changed, missing, removed) "
                "SELECT 2, source_key, 'running', baseline, whole, "
                f"{STARTED[world.database.is_sqlite]}, scope, 0, 0, 0, 0, 0, 0, 0 "
                "FROM catalog_run WHERE run_id = 1"
            )

    world.server.script(world.meanwhile(meanwhile))
    with pytest.raises(DatabaseError, match="replaced by a copy while the run went on"):
        world.sync(subscriptions=team())
    assert world.listed() == "ab"
    assert world.rows("sync_runs", "run_id", "status")[1] == (2, "running")


STARTED = {True: "'2026-01-01T00:30:00.000000Z'", False: "timestamptz '2026-01-01T00:30:00Z'"}


def test_a_run_of_a_source_that_the_copy_never_saw_records_nothing(world: World, safe: Safe) -> None:
    begin(world, "a")
    path = safe.copy(world)
    world.server.script(world.meanwhile(lambda: in_place(world, path)))
    with pytest.raises(DatabaseError, match="replaced by a copy while the run went on"):
        world.sync(name="two")


def test_a_run_that_fails_after_a_copy_was_restored_says_so(world: World, safe: Safe) -> None:
    begin(world, "a")
    path = safe.copy(world)

    def fail(visit: Any) -> None:
        in_place(world, path)
        visit.send(500, b"")

    world.server.script(fail)
    with pytest.raises(DatabaseError, match="replaced by a copy while the run went on"):
        world.sync(subscriptions=team())


def test_numbers_of_runs_go_on_beyond_those_that_the_copy_never_saw(world: World, safe: Safe) -> None:
    begin(world, "a")
    path = safe.copy(world)
    for _ in range(4):
        world.sync()
    restore(world, path)
    assert [number for (number,) in world.rows("sync_runs", "run_id")] == [1, 6]


def test_whoever_reads_the_log_by_the_time_of_its_entries_misses_nothing_when_a_copy_comes_back(
    world: World, safe: Safe
) -> None:
    """The cookbook said to remember the highest change_id: where a catalog was lost, other changes get its numbers."""
    begin(world, "a")
    path = safe.copy(world)
    world.lists("a", "b", "c")
    world.sync()
    (moment,) = world.rows("changes", "recorded_at")[-1]
    restore(world, path)
    world.lists("a", "d")
    world.sync()
    later, model_id = world.rows("changes", "recorded_at", "model_id")[-1]
    assert (model_id, later > moment) == ("d", True)


def test_numbers_of_changes_go_on_beyond_those_that_the_copy_never_saw(world: World, safe: Safe) -> None:
    # Whoever remembered the highest number missed what came after the restoration: it was numbered anew from the copy.
    begin(world, "a")
    path = safe.copy(world)
    world.lists("a", "b", "c")
    world.sync()
    restore(world, path)
    restore(world, path)  # in what is replaced now, no change has the number 3
    world.lists("a", "b", "d", display_name="New")
    world.sync()
    world.sync()
    numbers = [number for (number,) in world.rows("changes", "change_id")]
    assert numbers == [1, 4, 5, 6]


def test_a_run_that_was_under_way_when_the_copy_was_made_is_closed(world: World, safe: Safe) -> None:
    begin(world, "a")
    made: list[Path] = []
    world.server.script(world.meanwhile(lambda: made.append(safe.copy(world))))
    world.sync()
    restore(world, made[0])
    assert [row[1] for row in world.rows("sync_runs", "run_id", "status")] == ["complete", "superseded", "skipped"]


def test_a_copy_of_a_catalog_without_runs_can_be_restored(world: World, safe: Safe) -> None:
    path = safe.copy(world)
    begin(world, "a")
    assert restore(world, path).holdings.as_of is None
    assert world.rows("sources", "source") == []


@pytest.mark.parametrize("revision", samples.revisions())
def test_a_copy_is_upgraded_when_it_is_restored(database_url: str, safe: Safe, enter: Enter, revision: str) -> None:
    samples.load(database_url, revision).close()
    old = enter(database_url)
    path = safe.copy(old)
    if old.database.path:
        old.database.path.unlink()
    else:
        with old.database.write() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    assert restore(old, path).holdings.revision == revision
    upgrade.require(old.database)
    old.check()


# Files that are no copies


def spoiled(path: Path, spoil: Callable[[bytes], bytes]) -> Path:
    other = path.with_name("spoiled")
    other.write_bytes(spoil(path.read_bytes()))
    return other


SPOILT = {
    "empty": lambda _: b"",
    "strange": lambda _: b"no copy",
    "half": lambda data: data[: len(data) // 2],
    "cut": lambda data: data[:-600],
    "holed": lambda data: data[:20_000] + bytes(4096) + data[24_096:],
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_file_that_is_no_whole_copy_replaces_nothing(
    world: World, safe: Safe, spoil: Callable[[bytes], bytes]
) -> None:
    begin(world, *(f"model-{number}" for number in range(200)))
    path = spoiled(safe.copy(world), spoil)
    before = everything(world)
    with pytest.raises((DatabaseError, SchemaError)) as caught:
        restore(world, path)
    assert str(path) in caught.value.message
    assert everything(world) == before


def test_a_copy_of_a_newer_program_replaces_nothing(world: World, safe: Safe) -> None:
    begin(world, "a")
    with world.database.write() as connection:
        connection.exec_driver_sql("UPDATE catalog_version SET version_num = '9999'")
    with pytest.raises(SchemaError):
        safe.copy(world)
    assert list(safe.folder.iterdir()) == []
    with world.database.write() as connection:
        connection.exec_driver_sql(f"UPDATE catalog_version SET version_num = '{upgrade.HEAD}'")
    path = safe.copy(world)
    copying.edit(path, "UPDATE catalog_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match="newer than this program"):
        restore(world, path)
    assert world.listed() == "a"


def test_a_copy_whose_history_breaks_a_rule_replaces_nothing(world: World, safe: Safe) -> None:
    begin(world, "a")
    with world.database.write() as connection:
        connection.exec_driver_sql("UPDATE catalog_source SET models_listed = 2")
    path = safe.copy(world)
    with world.database.write() as connection:
        connection.exec_driver_sql("UPDATE catalog_source SET models_listed = 1")
    with pytest.raises(DatabaseError, match="breaks the rule that a source knows how many models it lists"):
        restore(world, path)
    assert world.last_run("status") == ("complete",)


@pytest.mark.parametrize("scope", ["[", "[1]", "7", '{"base_url"', "\u4e2d"])
def test_a_copy_that_holds_what_cannot_be_parsed_replaces_nothing(world: World, safe: Safe, scope: str) -> None:
    begin(world, "a")
    good, path = world.rows("sources", "source", "scope")[0][1], safe.copy(world)
    copying.edit(path, f"UPDATE catalog_source SET scope = '{scope}'")
    with pytest.raises(DatabaseError, match="is damaged") as caught:
        restore(world, path)
    assert str(path) in caught.value.message
    assert (world.rows("sources", "source", "scope"), world.last_run("status")) == ([("one", good)], ("complete",))


def test_a_copy_whose_dates_cannot_be_parsed_replaces_nothing(file: World, safe: Safe) -> None:
    begin(file, "a")
    path = safe.copy(file)
    copying.edit(path, "UPDATE catalog_run SET finished_at = 'lots'")
    with pytest.raises(DatabaseError, match="is damaged"):
        restore(file, path)
    assert file.last_run("status") == ("complete",)


# Bytes that are no UTF-8: alone, cut short, a surrogate, an overlong spelling, and behind text that is.
@pytest.mark.parametrize("bytes_", ["FF", "C3", "E4BD", "EDA080", "C080", "C3A9FF41"])
@pytest.mark.parametrize("place", ["catalog_model.display_name", "catalog_run.error", "catalog_source.base_url"])
def test_a_copy_with_a_text_that_is_no_text_replaces_nothing(world: World, safe: Safe, place: str, bytes_: str) -> None:
    begin(world, "a")
    path = safe.copy(world)
    table, column = place.split(".")
    copying.edit(path, f"UPDATE {table} SET {column} = CAST(X'41{bytes_}' AS TEXT)")
    with pytest.raises(DatabaseError, match="is damaged"):
        restore(world, path)
    assert (world.listed(), world.last_run("status")) == ("a", ("complete",))


def test_a_copy_with_texts_of_every_script_is_restored(world: World, safe: Safe) -> None:
    world.lists("a", display_name="É 模型 😀 \x7f\u00a0")
    world.sync()
    path, before = safe.copy(world), world.rows("models", "id", "display_name")
    restore(world, path)
    assert world.rows("models", "id", "display_name") == before


@pytest.mark.parametrize("mistake", [ValueError("a mistake of ours"), KeyError("ours"), TypeError("ours")])
def test_a_mistake_of_ours_is_no_damage_of_the_copy(world: World, safe: Safe, mistake: Exception) -> None:
    """Whatever was raised on the way was told as damage, and a good copy was thrown away."""

    def fails(_done: int, _all: int) -> None:
        raise mistake

    begin(world, "a")
    path = safe.copy(world)
    with pytest.raises(type(mistake)):
        restore(world, path, on_progress=fails)
    assert (world.listed(), world.last_run("status")) == ("a", ("complete",))
    restore(world, path)


def test_the_catalog_itself_is_no_copy(world: World, safe: Safe) -> None:
    if world.database.path:
        begin(world, "a")
        with pytest.raises(ConfigError, match="the catalog itself"):
            restore(world, world.database.path)
    with pytest.raises(ConfigError, match="there is no file"):
        restore(world, safe.folder / "nothing")


# Postgres


only_postgres = pytest.mark.parametrize("migrated_url", ["postgres"], indirect=True)


@only_postgres
def test_a_connection_that_dies_while_rows_are_put_back_is_told_of_as_that(world: World, safe: Safe) -> None:
    begin(world, "a")
    path = safe.copy(world)

    def kill(_done: int, _all: int) -> None:
        with world.database.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND datname = current_database() AND state <> 'idle'"
            )

    with pytest.raises(LostConnectionError):
        copies.restore(world.database, path, now=world.now, replace=True, sources=(), on_progress=kill)
    assert world.listed() == "a"


# What is done to a role that makes a copy, and whether it still may.
ROLES = {
    "may read all": ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}", True),
    "may read none": ("GRANT SELECT ON catalog_version TO {0}", False),
    "may not read deliveries": (
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}; REVOKE SELECT ON catalog_delivery FROM {0}",
        False,
    ),
    "may not read a column": (
        """GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}; REVOKE SELECT ON catalog_run FROM {0};
        GRANT SELECT (run_id, source_key) ON catalog_run TO {0}""",
        False,
    ),
    "has a schema of its own": (
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {0}; CREATE SCHEMA {0} AUTHORIZATION {0}",
        True,
    ),
}


@pytest.fixture
def role(world: World) -> Iterator[str]:
    """The name of a role that may do nothing yet."""
    with world.database.write() as connection:
        connection.exec_driver_sql("CREATE ROLE copier LOGIN")
    yield "copier"
    with world.database.write() as connection:
        connection.exec_driver_sql("DROP OWNED BY copier CASCADE; DROP ROLE copier")


@only_postgres
@pytest.mark.parametrize("case", ROLES)
def test_a_copy_holds_all_or_is_not_made_whatever_its_role_may_read(
    world: World, safe: Safe, role: str, case: str
) -> None:
    """A table or column that the role may not read was left out, as was all behind a schema of its own."""
    begin(world, "a")
    statement, may = ROLES[case]
    with world.database.write() as connection:
        connection.exec_driver_sql(statement.format(role))
    whole = copying.rows(safe.copy(world))
    with closing(
        databases.open_(str(world.database.url.set(username=role).render_as_string(hide_password=False)))
    ) as it:
        if may:
            copies.backup(it, safe.folder / "its", on_progress=copying.unseen)
            assert copying.rows(safe.folder / "its") == whole
            return
        with pytest.raises(DatabaseError, match="denied a right"):
            copies.backup(it, safe.folder / "its", on_progress=copying.unseen)
    assert [path.name for path in safe.folder.iterdir()] == ["copy 1"]


# SQLite


@pytest.fixture
def file(enter: Enter, migrated_file: Path, tmp_path: Path) -> World:
    """A world in a file."""
    shutil.copy(migrated_file, tmp_path / "catalog.db")
    return enter(f"sqlite:///{tmp_path / 'catalog.db'}")


def test_a_file_that_is_gone_comes_back_whatever_its_log_left(file: World, safe: Safe) -> None:
    begin(file, "a")
    path, place = safe.copy(file), file.database.path
    assert place
    file.lists("a", "b")
    with sqlite3.connect(place) as holding:  # so that the log stays
        holding.execute("SELECT count(*) FROM models").fetchone()
        file.sync()
        log = place.with_name("catalog.db-wal").read_bytes()
    file.database.close()
    holding.close()
    place.unlink()
    place.with_name("catalog.db-wal").write_bytes(log)
    assert log
    restore(file, path, replace=False)
    assert file.listed() == "a"
    file.check()
    with sqlite3.connect(place) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_link_to_the_catalog_stays_one_also_when_it_led_nowhere(file: World, safe: Safe) -> None:
    begin(file, "a")
    path, link = safe.copy(file), file.database.path
    assert link
    file.database.close()
    link.unlink()
    (link.parent / "deep").mkdir()
    link.symlink_to("deep/catalog.db")
    for there in (False, True):
        restore(file, path, replace=there)
        assert (file.listed(), link.is_symlink(), (link.parent / "deep" / "catalog.db").exists()) == ("a", True, True)
        file.database.close()


def test_a_damaged_file_has_to_be_moved_away_first(file: World, safe: Safe) -> None:
    begin(file, "a")
    path, place = safe.copy(file), file.database.path
    assert place
    file.database.close()
    place.write_bytes(b"garbage" * 1000)
    with pytest.raises(DatabaseError) as caught:
        restore(file, path)
    assert f"mv {place}" in caught.value.hint
    assert "check database.url" in caught.value.hint  # moving it mends no rights and no full disk


def test_no_copy_is_made_of_a_damaged_file_and_the_words_name_that_file(file: World, safe: Safe) -> None:
    """They named the unfinished copy, which is gone by then, and said that nothing had been replaced."""
    begin(file, *(f"model-{number}" for number in range(200)))
    place = file.database.path
    assert place
    with file.database.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    file.database.close()
    data = place.read_bytes()
    place.write_bytes(data[:20_000] + bytes(4096) + data[24_096:])
    with pytest.raises(DatabaseError) as caught:
        safe.copy(file)
    assert (str(place) in caught.value.message, "no copy was made" in caught.value.hint) == (True, True)
    assert not list(safe.folder.iterdir())


def test_a_reader_keeps_its_view_while_a_copy_comes_back(file: World, safe: Safe) -> None:
    begin(file, "a")
    path = safe.copy(file)
    file.lists("a", "b")
    file.sync()
    with file.database.read() as connection:
        count = "SELECT count(*) FROM models"
        assert connection.exec_driver_sql(count).scalar() == 2
        restore(file, path)
        assert connection.exec_driver_sql(count).scalar() == 2
    assert file.listed() == "a"


def test_pages_of_another_size_are_no_obstacle(file: World, safe: Safe) -> None:
    begin(file, "a")
    path, place = safe.copy(file), file.database.path
    assert place
    file.database.close()
    with sqlite3.connect(place, isolation_level=None) as connection:
        for statement in ("PRAGMA journal_mode=DELETE", "PRAGMA page_size=8192", "VACUUM", "PRAGMA journal_mode=WAL"):
            connection.execute(statement)
    connection.close()
    restore(file, path)
    assert file.listed() == "a"
    file.check()
