"""Frozen catalogs: each revision as a program of its time left it, filled with a history, as SQL text per database."""

from pathlib import Path

from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade
from tests.migrations.story import Ending

FOLDER = Path(__file__).parent / "samples"


def revisions() -> list[str]:
    """Name every revision of which there is a sample, oldest first."""
    return sorted({path.name.partition(".")[0] for path in FOLDER.glob("*.sql")})


def older() -> list[str]:
    """Name those that this program upgrades."""
    return [revision for revision in revisions() if revision != upgrade.HEAD]


def path(database: Database, revision: str) -> Path:
    """Where the sample of a revision is, for this kind of database."""
    return FOLDER / f"{revision}.{'sqlite' if database.is_sqlite else 'postgres'}.sql"


def ending(database: Database, revision: str) -> Ending:
    """How the story of a sample ends: the first line of the file, a comment."""
    return Ending.of(path(database, revision).read_text().partition("\n")[0].removeprefix("-- "))


def load(url: str, revision: str) -> Database:
    """Make a frozen catalog in an empty database."""
    database = databases.open_(url)
    databases.create_file(database)
    script = path(database, revision).read_text()
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver
        if database.is_sqlite:
            driver.executescript(f"PRAGMA journal_mode=WAL; PRAGMA foreign_keys=OFF; {script}; PRAGMA foreign_keys=ON")
        else:
            driver.execute(script.encode())
            driver.commit()
    return database
