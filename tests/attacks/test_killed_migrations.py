"""SIGKILL before each statement of a migration, and before and after each COMMIT, from every revision there was."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade
from tests import postgres
from tests.attacks import deaths, moments, structure
from tests.attacks.structure import Structure
from tests.migrations import samples
from tests.volume import Volume

pytestmark = pytest.mark.promise("P3", "P6")


@pytest.fixture(params=["sqlite", "postgres"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[str]]:
    """Three empty databases of a kind."""
    if request.param == "sqlite":
        yield [f"sqlite:///{tmp_path / name}.db" for name in "abc"]
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    with server.database() as a, server.database() as b, server.database() as c:
        yield [a, b, c]


@contextmanager
def aged(url: str, revision: str | None) -> Iterator[Database]:
    """Give a catalog as an older program left it; None: nothing yet."""
    database = databases.open_(url) if revision is None else samples.load(url, revision)
    databases.create_file(database)  # which the first that dies would do, and the others would begin with another look
    yield database
    database.close()


def uninterrupted(url: str, revision: str | None) -> tuple[list[tuple[str, Structure]], Structure]:
    """Upgrade; give all moments, each with what is there by then, and what is there in the end."""
    said: list[tuple[str, Structure]] = []
    with aged(url, revision) as watched, aged(url, None) as other:

        def note(moment: str) -> None:
            committed = not said or moment == moments.AFTER_COMMIT
            said.append((moment, structure.of(other) if committed else said[-1][1]))

        moments.watch(watched, note)
        upgrade.ensure(watched)
        return said, structure.of(other)


@pytest.mark.parametrize("revision", [None, *samples.older()])
def test_a_migration_killed_at_any_moment_was_made_or_was_not_and_the_next_program_goes_on(
    urls: list[str], revision: str | None, volume: Volume
) -> None:
    """From every revision, with rows: none is stuck, none is lost, and in the end all is as it would have been."""
    figures = Counter(kills=0, before=0, after=0, mixed=0)
    wrong = []
    said, made = uninterrupted(urls[0], revision)
    with aged(urls[1], revision), aged(urls[2], revision) as database:
        before = structure.of(database)
        with deaths.started("tests.attacks.upgrading", urls[1], urls[2]) as program:
            for number, (moment, wanted) in enumerate(said):
                died = deaths.kill(program, number)
                found = structure.of(database)
                figures.update(kills=died, before=found == before, after=found == made, mixed=found != wanted)
                if not died or found != wanted:
                    wrong.append((number, moment[:60], died))
        upgrade.ensure(database)
        assert structure.of(database) == made
        assert upgrade.differences(database) == []
    volume.came_to(**figures)
    assert wrong == []
    assert [found for _, found in said].count(made) + [found for _, found in said].count(before) == len(said)
    assert figures["before"] > 10
