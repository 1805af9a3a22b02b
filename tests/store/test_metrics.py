"""The metrics page tells what the database holds."""

from pathlib import Path

import pytest

from catalog.monitor import metrics
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
