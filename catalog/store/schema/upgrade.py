"""The schema's version: told by one SELECT, changed by Alembic alone, under a lock and in one transaction."""

import io
import re
import threading
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from catalog.errors import DatabaseError, NoCatalogError, SchemaError
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.schema import identity_tables as _identity_tables  # noqa: F401 - its tables join those of schema
from catalog.store.schema import outbox_tables as _outbox_tables  # noqa: F401 - its tables join those of schema
from catalog.store.schema import preconditions, tables, versions, views
from catalog.store.schema.preconditions import Need

if TYPE_CHECKING:
    from alembic.config import Config

# Alembic keeps the migration that goes on in its modules `context` and `op`: of two threads that migrate, one would
# write into the database of the other.
_MIGRATING = threading.Lock()

HEAD = versions.HEAD
UPGRADE = "run `catalog db upgrade`"
BEGIN_ANEW = (
    "`CATALOG_DATABASE_URL=sqlite:///new.db catalog sync` (or another database.url) begins a new catalog; "
    "the old one stays as it is"
)


def current(database: Database) -> str | None:
    """Give the schema's revision; None when there is no catalog yet.

    Raises SchemaError for a newer catalog, one from before the first release, and an SQLite file that holds something
    else; DatabaseError when it cannot be read.
    """
    with database.connect() as connection, database.transaction(connection, "own"):
        return revision(database, connection)


def ensure(database: Database, *, auto: bool = True) -> str | None:
    """Bring the schema to head: make it where there is none, upgrade an older one; give the revision it had before.

    Raises SchemaError as `current` does, and for an older schema unless `auto`.
    """
    made = databases.create_file(database)
    before = None if made else current(database)
    if before == HEAD:
        return before
    if before is not None and not auto:
        raise SchemaError(f"the schema is at {before}, this program needs {HEAD}", hint=UPGRADE)
    upgrade(database)
    return before


def require(database: Database) -> None:
    """Demand a catalog whose schema is at head; changes nothing. Raises NoCatalogError or SchemaError otherwise."""
    before = current(database)
    if before is None:
        raise NoCatalogError(f"there is no catalog in {database.describe()}", hint="run `catalog sync` first")
    if before != HEAD:
        raise SchemaError(f"the schema is at {before}, this program needs {HEAD}", hint=UPGRADE)


def upgrade(database: Database) -> None:
    """Apply every missing migration in one transaction; another process at the same waits, then finds it done."""
    current(database)  # refuses before anything is touched
    _prepare(database)
    with database.write() as connection:
        if revision(database, connection) != HEAD:
            preconditions.demand(database, connection, Need.MAKE)
            apply(connection, "head")


def apply(connection: sa.Connection, wanted: str) -> None:
    """Apply the missing migrations up to a revision, in the caller's transaction.

    Raises SchemaError where the database does not keep the number of a revision, as with an operator `=` of others.
    """
    from alembic import command
    from alembic.util.exc import CommandError

    config = _config()
    config.attributes["connection"] = connection
    with _MIGRATING:
        try:
            command.upgrade(config, wanted)
        except CommandError:
            hint = "look for operators of others in the search path, or give the catalog a database of its own"
            raise SchemaError("the database did not keep the number of the schema's revision", hint=hint) from None


def sql(database: Database) -> str:
    """Give the SQL of every migration from nothing to head, for this kind of database; connects to nothing."""
    from alembic import command

    config = _config(out := io.StringIO())
    config.attributes["dialect"] = "sqlite" if database.is_sqlite else "postgresql"
    with redirect_stdout(out), _MIGRATING:
        command.upgrade(config, "head", sql=True)
    return out.getvalue()


def differences(database: Database) -> list[str]:
    """Name what differs between the tables there and those this program knows; empty when nothing does."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from catalog.store.schema import indexes

    with database.read() as connection:
        options = {"version_table": tables.VERSION_TABLE, "include_name": _is_ours}
        context = MigrationContext.configure(connection, opts=options)
        return [repr(difference) for difference in compare_metadata(context, indexes.metadata)]


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or name in tables.metadata.tables


def _prepare(database: Database) -> None:
    if database.is_sqlite:
        # WAL: readers and the writer do not wait for each other. It is a property of the file, and cannot be set inside
        # a transaction.
        with database.translated(), database.engine.connect() as connection:
            driver = connection.connection.driver_connection
            if driver is None:
                raise DatabaseError("the database driver gave no connection")
            driver.execute("PRAGMA journal_mode=WAL")


def revision(database: Database, connection: sa.Connection) -> str | None:
    """Give the schema's revision, in the caller's transaction, as `current` does."""
    inspector = sa.inspect(connection)
    if inspector.has_table(tables.VERSION_TABLE):
        # As text: in a damaged file it may be anything.
        wanted = f"SELECT CAST(version_num AS TEXT) FROM {tables.VERSION_TABLE}"  # noqa: S608 - our constant
        return _known(database, connection.execute(sa.text(wanted)).scalar())
    there = {*inspector.get_table_names(), *inspector.get_view_names()}
    ours = sorted(there & {*tables.metadata.tables, *views.surface.tables})
    if ours or (there and database.is_sqlite):
        names = ", ".join(ours or sorted(there)[:3])
        hint = "check database.url; a catalog needs a file or a schema of its own"
        raise SchemaError(f"{database.describe()} is not a catalog: it holds {names}", hint=hint)
    return None


def _known(database: Database, revision: str | None) -> str | None:
    """Give a revision back if this program knows it. Raises SchemaError for any other."""
    # Revisions are numbered, so that one before the first release is told from one of a newer program.
    is_number = re.fullmatch("[0-9]{4}", revision or "")
    if revision is None or (is_number and versions.FIRST <= revision <= HEAD):
        return revision
    if is_number and revision < versions.FIRST:
        words = f"the catalog in {database.describe()} was made before the first release (schema {revision})"
        raise SchemaError(f"{words}, and this program cannot read it", hint=BEGIN_ANEW)
    hint = "upgrade the program to the version that wrote it, or a newer one; nothing was written"
    raise SchemaError(f"the schema is at {revision}, newer than this program's {HEAD}", hint=hint)


def _config(out: io.StringIO | None = None) -> "Config":
    from alembic.config import Config

    config = Config(stdout=out or io.StringIO(), output_buffer=out)
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    return config


def _migrations() -> Path:
    package = Path(__file__).parents[2]
    shipped = package / "_migrations"
    return shipped if shipped.is_dir() else package.parent / "migrations"
