"""The ids that a scan of code knows: all that a source ever listed, on both databases."""

from catalog.store.queries import watched
from tests.server import model
from tests.store.world import World


def test_every_id_that_was_ever_listed_is_known_by_source(world: World) -> None:
    world.server.models = [model(f"claude-{number:04}") for number in range(1_500)]
    world.sync()
    world.server.models = [model("claude-0001"), model("claude-new")]
    world.sync()
    with world.database.read() as connection:
        assert sorted(watched.ids(connection, ["one"])) == [
            *(f"claude-{number:04}" for number in range(1_500)),
            "claude-new",
        ]
        assert list(watched.ids(connection, ["nowhere"])) == []
        assert list(watched.ids(connection, [])) == []
