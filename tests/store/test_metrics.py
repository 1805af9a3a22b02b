"""The metrics page tells what the database holds."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog import __version__
from catalog.domain import ModelName
from catalog.monitor import metrics
from catalog.store.schema import versions
from tests import server as play
from tests.store.world import START, World
from tests.subscribing import team

pytestmark = pytest.mark.promise("P10")


def lines(page: bytes) -> set[str]:
    return {line for line in page.decode().splitlines() if not line.startswith("#")}


def test_each_number_is_read_from_the_database(world: World) -> None:
    world.lists("a", "b", "c")
    world.sync()
    world.lists("a", "b")
    world.sync()
    world.cut()
    world.cut()
    told = lines(metrics.page(world.database))
    last_whole = (world.rows("sources", "last_whole_at")[0][0] * 60) + START.timestamp()
    assert {
        'catalog_models_listed{source="one"} 3.0',
        'catalog_models_missing{source="one"} 1.0',
        'catalog_held{source="one"} 0.0',
        'catalog_runs_failed_in_a_row{source="one"} 2.0',
        'catalog_last_run_status{source="one",status="failed"} 1.0',
    } <= told
    [whole] = [line for line in told if line.startswith("catalog_last_whole_walk_timestamp_seconds")]
    assert float(whole.split()[-1]) == last_whole


def test_a_held_source_shows(world: World) -> None:
    world.lists("a", "b")
    world.sync()
    world.lists("c")
    world.sync()
    assert 'catalog_held{source="one"} 1.0' in lines(metrics.page(world.database))


def test_what_is_pending_for_a_channel_shows_and_a_source_without_a_run_is_left_out(world: World) -> None:
    world.cut(name="two")
    world.lists("a")
    world.sync(subscriptions=team("added"))
    world.lists("a", "b")
    world.sync(subscriptions=team("added"))
    told = lines(metrics.page(world.database))
    assert {'catalog_alerts_pending{channel="team"} 1.0', 'catalog_alerts_dead{channel="team"} 0.0'} <= told
    assert any(line.startswith('catalog_alerts_oldest_pending_timestamp_seconds{channel="team"}') for line in told)
    assert any(line.startswith('catalog_alerts_next_attempt_timestamp_seconds{channel="team"}') for line in told)
    assert not any("last_whole" in line and 'source="two"' in line for line in told)


def test_the_next_retirement_is_told_of_all_models_and_of_those_that_are_watched(world: World) -> None:
    """As a time, so that a file which nothing replaces stays true; a date that has passed is the next no more."""
    world.server.models = [
        play.model("late", retires_at="2099-03-01T00:00:00Z"),
        play.model("soon", retires_at="2099-01-01T00:00:00Z"),
        play.model("past", retires_at="2020-01-01T00:00:00Z"),
        play.model("retired", retires_at="2098-01-01T00:00:00Z", lifecycle="retired"),
        play.model("never"),
    ]
    world.sync()
    name = "catalog_next_retirement_timestamp_seconds"

    def told(watched: Collection[ModelName] | None) -> dict[str, float]:
        page = lines(metrics.page(world.database, watched=watched))
        found = (line.partition("}") for line in page if line.startswith(name))
        return {labels.partition('models="')[2].partition('"')[0]: float(value) for labels, _, value in found}

    january, march = (datetime(2099, month, 1, tzinfo=UTC).timestamp() for month in (1, 3))
    assert told(None) == {"all": january}
    assert told([]) == {"all": january}
    assert told(["never", "past", "retired"]) == {"all": january}
    assert told(["late", ("other", "soon")]) == {"all": january, "watched": march}
    assert told(["late", ("one", "soon")]) == {"all": january, "watched": january}


def test_what_came_and_went_since_the_baseline_is_counted(world: World) -> None:
    for ids in ("abcde", "abcdef", "abcdefg", "bcdefg"):
        world.lists(*ids)
        world.sync(after=20)
    world.sync(after=20)
    found = lines(metrics.page(world.database))
    assert {
        'catalog_models_added_total{source="one"} 2.0',
        'catalog_models_removed_total{source="one"} 1.0',
        f'catalog_build_info{{schema="{versions.HEAD}",version="{__version__}"}} 1.0',
    } <= found
    assert not any("_created" in line for line in found)


def test_a_channel_that_owes_nothing_has_its_zero(world: World) -> None:
    world.sync()
    found = lines(metrics.page(world.database, channels=["team", "mail"]))
    for name in ("team", "mail"):
        assert {f'catalog_alerts_{what}{{channel="{name}"}} 0.0' for what in ("pending", "dead")} <= found
    assert not any(line.startswith("catalog_alerts_oldest") for line in found)


def test_the_file_is_replaced_at_once_and_readable_by_the_collector(tmp_path: Path) -> None:
    path = tmp_path / "catalog.prom"
    metrics.write(path, b"old\n")
    metrics.write(path, b"new\n")
    assert path.read_bytes() == b"new\n"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_to_the_page_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path, there: bool) -> None:
    # The link was replaced: what the collector read behind it stayed as it was, and nobody was told.
    (tmp_path / "textfile").mkdir()
    place, link = tmp_path / "textfile" / "catalog.prom", tmp_path / "catalog.prom"
    link.symlink_to("textfile/catalog.prom")
    if there:
        place.write_bytes(b"# HELP catalog_")
    metrics.demand_file(link)
    metrics.write(link, b"new\n")
    assert (place.read_bytes(), link.is_symlink()) == (b"new\n", True)


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="irectory"):
        metrics.write(path, b"new\n")
    assert list(tmp_path.iterdir()) == [path]
