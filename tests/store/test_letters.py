"""A catalog in a database that is not UTF8: a name in another script stops nothing, and is no news twice."""

import json
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from catalog.domain import Status
from catalog.errors import DatabaseError, Exit
from catalog.settings import ListSettings, SourceSettings
from catalog.store.engine import charset
from catalog.store.ingest import diff
from catalog.store.queries import history, pages
from catalog.store.queries.pages import Cut, Wanted
from catalog.store.schema import upgrade
from catalog.upstream.reading.wire import Reader
from tests import postgres
from tests import server as play
from tests.store.world import Enter, World

pytestmark = pytest.mark.promise("P2")

ENCODINGS = ("LATIN1", "LATIN2", "WIN1251", "KOI8R", "EUC_JP")
NAMES = ("plain", "Café", "Łódź", "модель", "模型", "😀", "back\\slash \\u4e2d", '"quoted" 中')
SOUGHT = ("Café", "CAFÉ noir", "cafe", "模型 one", "ça va", "100% é_x")
SOUGHT_FOR = {
    "é": ["Café", "CAFÉ noir", "100% é_x"],
    "fÉ": ["Café", "CAFÉ noir"],
    "CAF": ["Café", "CAFÉ noir", "cafe"],
    "模": ["模型 one"],
    "型 O": ["模型 one"],
    "Ça": ["ça va"],
    "% É_": ["100% é_x"],
    "%": ["100% é_x"],
    "ü": [],
}


@pytest.fixture(params=ENCODINGS)
def narrow(request: pytest.FixtureRequest, postgres_server: postgres.Server, enter: Enter) -> Iterator[World]:
    """A catalog made, as it once could be, in a database of such an encoding."""
    name = f"narrow_{request.param.lower()}"
    made = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{request.param}' LC_COLLATE 'C' LC_CTYPE 'C'"
    postgres_server.execute(made)
    try:
        world = enter(postgres_server.url.set(database=name).render_as_string(hide_password=False))
        with world.database.write() as connection:
            upgrade.apply(connection, "head")
        yield world
        world.check()
        world.database.close()
    finally:
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_text_that_cannot_be_held_is_escaped_and_stops_no_run(narrow: World) -> None:
    """`check` said ok, runs went on for months, and from the first name in another script on every run failed."""
    world = narrow
    world.lists("a")
    world.sync()
    for name in NAMES:
        world.lists("a", display_name=name, description={name: [name, 1]}, line=name)
        assert world.sync().run.status is Status.COMPLETE
        world.lists("a", display_name=name, description={name: [name, 1]}, line=name, new="x")
        assert {said[2] for said in world.said if len(said) > 2} - {None} or name == "plain"
        assert world.sync().run.status is Status.COMPLETE
        assert [said[2] for said in world.said] == ["new"]  # and nothing else: it compares with what is stored
        assert world.sync().run.status is Status.COMPLETE
        assert world.said == []


def test_a_column_that_is_read_from_a_member_with_such_a_name_changes_once() -> None:
    layout = ListSettings(fields={"lifecycle": ("模.型",)})
    reader = Reader(SourceSettings(name="one", api="other", paging="none", list=layout))
    found = (reader.page(json.dumps({"data": [{"id": "a", "模": {"型": each}}]}).encode()) for each in "xy")
    old, new = (charset.storable(page.items, charset.escaping("LATIN1"))[0].read() for page in found)
    assert [change.path for change in diff.compare(old, new)] == ["lifecycle"]


def test_ids_that_cannot_be_held_are_models_like_any_other(narrow: World) -> None:
    ids = ("a", "модель", "模型", "模" * 256, "模" * 255 + "x", "ü")
    world = narrow
    world.lists(*ids)
    assert world.sync().run.added == len(ids)
    assert world.sync().run.added == 0
    world.lists(*ids, display_name="other")
    assert world.sync().run.changed == len(ids)
    with world.database.read() as connection:
        assert len(history.stories(connection, "模型")) == 1
        assert len(history.named(connection, ids[:3])) == 3
    world.lists("a")
    world.sync()
    assert world.sync(after=60).run.removed == len(ids) - 1 or world.last_run("status") == ("held",)


@pytest.mark.parametrize("encoding", ["UTF8", "SQL_ASCII", "LATIN1", "EUC_JP"])
def test_a_text_in_other_letters_is_found_in_any_encoding(
    postgres_server: postgres.Server, enter: Enter, encoding: str
) -> None:
    name = f"sought_{encoding.lower()}"
    postgres_server.execute(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    world = enter(postgres_server.url.set(database=name).render_as_string(hide_password=False))
    try:
        with world.database.write() as connection:
            upgrade.apply(connection, "head")
        world.server.models = [play.model(str(number), display_name=each) for number, each in enumerate(SOUGHT)]
        world.sync()
        with world.database.read() as connection:
            for text, expected in SOUGHT_FOR.items():
                found = {row.id for row in pages.models(connection, Wanted(contains=text), Cut()).rows}
                if encoding in {"UTF8", "SQL_ASCII"} or text.isascii():  # others keep what they lack by escapes
                    assert found == {str(SOUGHT.index(each)) for each in expected}, text
    finally:
        world.database.close()
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_escapes_are_spelled_as_documented() -> None:
    escape = charset.escaping("LATIN1")
    assert [escape(text) for text in ("é", "中", "😀", "a\\b")] == ["é", "\\u4e2d", "\\U0001f600", "a\\b"]
    assert charset.escaping("MULE_INTERNAL")("é") == "\\u00e9"


@pytest.mark.parametrize("encoding", [*charset._PYTHON, "EUC_JP", "EUC_KR"])
def test_what_is_left_as_it_is_is_held_by_the_server(postgres_url: str, encoding: str) -> None:
    escape = charset.escaping(encoding)
    kept = "".join(chr(number) for number in range(1, 0xD800) if escape(chr(number)) == chr(number))
    with (engine := sa.create_engine(postgres_url)).connect() as connection:
        held = sa.func.length(sa.func.convert_to(kept, encoding))
        assert connection.scalar(sa.select(held)) == len(kept)
    engine.dispose()


@pytest.mark.parametrize(("encoding", "refused"), [("LATIN1", True), ("EUC_JP", True), ("SQL_ASCII", False)])
def test_a_new_catalog_is_made_only_where_all_text_can_be_held(
    postgres_server: postgres.Server, enter: Enter, encoding: str, refused: bool
) -> None:
    name = f"new_{encoding.lower()}"
    postgres_server.execute(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    world = enter(postgres_server.url.set(database=name).render_as_string(hide_password=False))
    try:
        if refused:
            with pytest.raises(DatabaseError, match=encoding) as caught:
                upgrade.ensure(world.database)
            assert (caught.value.exit_code, "-E UTF8" in caught.value.hint) == (Exit.DATABASE, True)
            assert upgrade.current(world.database) is None
        else:
            upgrade.ensure(world.database)
            world.lists("a", "模型", display_name="😀")
            assert world.sync().run.status is Status.COMPLETE
            assert world.rows("models", "id", "display_name") == [("a", "😀"), ("模型", "😀")]
    finally:
        world.database.close()
        postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")
