"""Catalogs to break: each attack begins anew, at the same address, with the same rows."""

import itertools
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from catalog.store.schema import tables
from tests import postgres

SECONDS_TO_LEAVE = 10  # for a server to notice that its client died


class Catalog(Protocol):
    """A catalog that can be had again as it was. Nobody may have a file open that is kept or renewed."""

    @property
    def url(self) -> str:
        """Where it is."""

    def keep(self) -> None:
        """Remember it as it is now."""

    def renew(self) -> None:
        """Make it what it was then."""

    def wait_until_left(self) -> None:
        """Wait until whoever was killed since then is no longer connected."""


class Catalogs(Protocol):
    """Makes catalogs of one kind."""

    def new(self) -> AbstractContextManager[Catalog]:
        """Give one that has its schema and no rows, for as long as the block lasts."""


@dataclass(kw_only=True)
class FileCatalog:
    """A SQLite file. Whoever closed it last has left no log beside it."""

    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    @property
    def kept(self) -> Path:
        return self.path.with_suffix(".kept")

    def keep(self) -> None:
        shutil.copy(self.path, self.kept)

    def renew(self) -> None:
        for file in self.path.parent.glob(f"{self.path.name}*"):
            file.unlink()
        shutil.copy(self.kept, self.path)

    def wait_until_left(self) -> None:
        """Do nothing: what a process holds of a file goes with it."""


@dataclass(kw_only=True)
class Files:
    """SQLite files in a folder."""

    folder: Path
    blank: Path
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @contextmanager
    def new(self) -> Iterator[Catalog]:
        path = self.folder / f"{next(self.numbers)}.db"
        shutil.copy(self.blank, path)
        yield FileCatalog(path=path)


@dataclass(kw_only=True)
class ServerCatalog:
    """A database of a Postgres; its rows are kept in a schema beside the catalog's: quicker than another database."""

    url: str
    line: sa.Connection
    users: int = 0  # connections that are meant to be there

    def keep(self) -> None:
        statements = ["SET synchronous_commit = on", "CREATE SCHEMA kept"]  # some attacks crash the server
        statements += [f"CREATE TABLE kept.{name} AS TABLE public.{name}" for name in tables.metadata.tables]
        self.line.exec_driver_sql("; ".join(statements))

    def renew(self) -> None:
        statements = ["BEGIN", "SET LOCAL session_replication_role = replica"]  # without triggers and keys
        statements += ["SET LOCAL synchronous_commit = on"]
        for name in tables.metadata.tables:
            statements += [f"DELETE FROM public.{name}", f"INSERT INTO public.{name} TABLE kept.{name}"]
        self.line.exec_driver_sql("; ".join([*statements, "COMMIT"]))
        self.users = self.count_users()

    def count_users(self) -> int:
        users = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        return int(self.line.exec_driver_sql(users).scalar_one())

    def end_connections(self) -> None:
        """End every other connection, and wait until they are gone."""
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        self.line.exec_driver_sql(f"SELECT pg_terminate_backend(pid) {others}").all()
        self.users = 1
        self.wait_until_left()

    def reconnect(self) -> None:
        """Talk to a server that was away."""
        self.line.invalidate()
        self.line.rollback()

    def wait_until_left(self) -> None:
        """Ask until the server has noticed that its client is dead: a matter of a millisecond."""
        deadline = time.monotonic() + SECONDS_TO_LEAVE
        while self.count_users() > self.users:
            assert time.monotonic() < deadline, "a dead client's connection lives on"


@dataclass(kw_only=True)
class ServerCatalogs:
    """Databases of a Postgres."""

    server: postgres.Server
    blank: str

    @contextmanager
    def new(self) -> Iterator[Catalog]:
        with self.server.database(self.blank) as url:
            engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
            with engine.connect() as line:
                yield ServerCatalog(url=url, line=line)
