"""The databases a sync is measured with: made anew, sized, and asked how many rows were written."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from catalog.store.schema import tables
from tests import postgres

# As a fresh installation has it: every commit is on the disk before it counts.
DURABLE = {"listen_addresses": "", "max_connections": "20"}
TABLES = sorted(tables.metadata.tables)


@dataclass(frozen=True, slots=True)
class Contender:
    """A database of one kind; `folder` is there for what belongs to one round."""

    kind: str
    url: str
    folder: Path

    @property
    def config(self) -> Path:
        """The configuration for a sync into it."""
        return self.folder / f"{self.kind}.toml"

    def configure(self, base_url: str, api: str = "anthropic") -> None:
        """Write the configuration for a list."""
        source = f'[sources.bench]\napi = "{api}"\nbase_url = "{base_url}"\n'
        self.config.write_text(f'[database]\nurl = "{self.url}"\n{source}')

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """Give a connection in autocommit."""
        engine = sa.create_engine(driver_url(self.url), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection

    def size(self) -> int:
        """Give the bytes that tables and indexes take."""
        if self.kind == "sqlite":
            path = self.folder / "catalog.db"
            return sum(part.stat().st_size for part in (path, path.with_name("catalog.db-wal")) if part.exists())
        with self.connect() as connection:
            sizes = [f"pg_total_relation_size('{name}')" for name in TABLES]
            return int(connection.scalar(sa.text(f"SELECT {' + '.join(sizes)}")) or 0)

    def count_from_now(self) -> None:
        """Begin to count every row that is inserted, updated or deleted; on Postgres the server does it anyway."""
        if self.kind != "sqlite":
            return
        with self.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE bench_written (rows INTEGER)")
            connection.exec_driver_sql("INSERT INTO bench_written VALUES (0)")
            for table in TABLES:
                for event in ("INSERT", "UPDATE", "DELETE"):
                    connection.exec_driver_sql(
                        f"CREATE TRIGGER bench_{table}_{event} AFTER {event} ON {table}"
                        " BEGIN UPDATE bench_written SET rows = rows + 1; END"
                    )

    def written(self) -> int:
        """Give how many rows were written so far."""
        counted = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"
        statement = "SELECT rows FROM bench_written" if self.kind == "sqlite" else counted
        with self.connect() as connection:
            return int(connection.scalar(sa.text(statement)) or 0)

    def stop_counting(self) -> None:
        """Take the triggers away again."""
        if self.kind == "sqlite":
            with self.connect() as connection:
                for table in TABLES:
                    for event in ("INSERT", "UPDATE", "DELETE"):
                        connection.exec_driver_sql(f"DROP TRIGGER bench_{table}_{event}")
                connection.exec_driver_sql("DROP TABLE bench_written")


def driver_url(url: str) -> str:
    """Name the driver in a URL as SQLAlchemy wants it."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def fresh(kind: str, server: postgres.Server | None) -> Iterator[Contender]:
    """Give an empty database of this kind for as long as the block lasts."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="catalog-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = f"sqlite:///{folder / 'catalog.db'}"
        if kind == "postgres" and server is not None:
            url = stack.enter_context(server.database()).replace("+psycopg", "", 1)
        yield Contender(kind, url, folder)


@contextmanager
def servers(kinds: tuple[str, ...]) -> Iterator[postgres.Server | None]:
    """Run a Postgres with the settings of a fresh installation, if one is wanted."""
    if "postgres" not in kinds:
        yield None
        return
    os.environ.pop(postgres.VARIABLE, None)
    with postgres.running(DURABLE) as server:
        yield server
