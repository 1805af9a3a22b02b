"""Pages that no careful server sends: the decoder gives a page or our error, and what it takes can be stored."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from catalog.cli.context import Form
from catalog.cli.terminal import output
from catalog.domain import MERGED, Status
from catalog.errors import AnswerError
from catalog.store.queries import history
from catalog.store.queries.history import Which
from catalog.store.schema import views
from catalog.upstream.reading.wire import ListPage, Reader
from tests import server as play
from tests.attacks import rounds, shapes
from tests.postgres import Server
from tests.server import SOURCE, UNPAGED, ModelsServer
from tests.store import world as worlds
from tests.store.world import World
from tests.volume import Volume

QUIETLY = settings(
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)


def throw(
    volume: Volume, number: int, bodies: st.SearchStrategy[bytes], at: Callable[[bytes], None], *, of: int
) -> None:
    """Throw so many bodies at something; what comes depends on the seed and the round alone."""
    attack = settings(QUIETLY, max_examples=of)(given(bodies)(at))
    with rounds.named(volume, number):
        seed(volume.random("decoder", number).randrange(2**62))(attack)()


@pytest.mark.promise("P1", "P2")
@pytest.mark.parametrize(
    ("kind", "seconds"), [("spoiled pages", 5), ("damaged pages", 5), ("any fields", 3), ("anything", 2)]
)
def test_whatever_bytes_come_the_decoder_gives_a_page_or_says_in_words_why_not(
    volume: Volume, kind: str, seconds: float
) -> None:
    """Any bytes become a page or our own error; every item of a page can be read."""
    seen = {"pages": 0, "items": 0, "refused": 0}

    def look(body: bytes) -> None:
        for reader in (Reader(SOURCE), Reader(UNPAGED)):
            page = read(reader, body)
            seen["refused" if page is None else "pages"] += 1
            seen["items"] += len(page.items) if page else 0

    for number in rounds.until(volume, check=seconds, soak=20 * seconds):
        throw(volume, number, shapes.BODIES[kind], look, of=100)
    volume.came_to(bodies=(seen["pages"] + seen["refused"]) // 2, **seen, other_errors=0)


def read(reader: Reader, body: bytes) -> ListPage | None:
    """Read a page and all that is on it; None: it was refused in words."""
    try:
        page = reader.page(body)
    except AnswerError as refusal:
        words = refusal.message
    else:
        hold(reader, page)
        return page
    assert words.isprintable()
    return None


def hold(reader: Reader, page: ListPage) -> None:
    """Hold a page against what the walk and the store build on."""
    ids = [item.id for item in page.items]
    assert len(set(ids)) == len(ids)
    assert all(0 < len(id) <= 256 and id.encode() and not any(ord(char) < 32 for char in id) for id in ids)
    for item in page.items:
        told = reader.info(item)
        reading = item.read()
        assert all(json.loads(text) is not Ellipsis for text in reading.attributes.values())
        everything = (told.id, *reading.columns, *reading.attributes, *reading.attributes.values())
        assert "\x00" not in "".join(map(str, everything))
        assert "".join(map(str, everything)).encode()


@pytest.fixture
def pair(
    postgres_server: Server, migrated_database: str, migrated_url: str, server: ModelsServer
) -> Iterator[tuple[World, World]]:
    """The same world twice: its catalog in a SQLite file, and in Postgres."""
    with postgres_server.database(migrated_database) as url, worlds.entering(server) as enter:
        yield enter(migrated_url), enter(url)


@pytest.mark.promise("P1", "P2", "P6")
@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["any fields", "spoiled pages"])
def test_whatever_the_decoder_takes_both_databases_hold_alike_and_every_form_can_print(
    volume: Volume, pair: tuple[World, World], kind: str
) -> None:
    """A run over a spoiled page ends alike on both databases: its rows are equal, and can be printed."""
    seen = {"runs": 0, "merged": 0, "changes": 0}

    def look(body: bytes) -> None:
        told = [run(world, body) for world in pair]
        assert told[0] == told[1]
        seen["runs"] += 2
        seen["merged"] += 2 * (told[0]["status"] in MERGED)
        seen["changes"] += len(told[0]["changes"])
        if told[0]["status"] not in MERGED:
            assert told[0]["changes"] == []

    for number in rounds.until(volume, check=7, soak=150):
        throw(volume, number, shapes.BODIES[kind], look, of=20)
        rows, others = map(listing, pair)
        assert rows == others
        printed(pair[number % 2])
    for world in pair:
        world.check()
    volume.came_to(**seen, differences=0)


def listing(world: World) -> list[tuple[Any, ...]]:
    """All that is known of models."""
    with world.database.read() as connection:
        return [tuple(row) for row in connection.execute(sa.select(views.models).order_by("source", "id"))]


def run(world: World, body: bytes) -> dict[str, Any]:
    """Sync a list that is this one page, and tell all that was recorded."""
    world.server.always = play.answer(body)
    report = world.sync()
    assert report.run.status in {*MERGED, Status.FAILED}
    assert "\x00" not in (report.run.error or "")
    changes = [(each.kind, each.model_id, each.field, each.old_value, each.new_value, each.uid) for each in world.told]
    return {"status": report.run.status, "error": report.run.error, "changes": sorted(changes, key=str)}


def printed(world: World) -> None:
    """Print all there is in every form; what JSON gives back is what was stored."""
    with world.database.read() as connection:
        rows = [
            {name: getattr(row, name) for name in history.MODEL_COLUMNS}
            for row in history.models(connection, which=Which.ALL, source=None, match=None)
        ]
    for form in get_args(Form):
        stream = io.StringIO()
        output.listing(rows, columns=history.MODEL_COLUMNS, form=form, stream=stream)
        if form == "json":
            told = json.loads(stream.getvalue())
            assert [(row["id"], row["attributes"]) for row in told] == [(row["id"], row["attributes"]) for row in rows]
