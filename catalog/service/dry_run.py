"""A run that leaves the database as it is: the walk and the merge are real, then all is rolled back."""

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from catalog.domain import Change, Status
from catalog.errors import ConfigError, ListingError
from catalog.service.sync import Connect, Options, RunReport, SourceSync, record_failure
from catalog.settings import SourceSettings
from catalog.store.engine import database as databases
from catalog.store.engine import temp_folder
from catalog.store.engine.database import Connection, Database
from catalog.store.ingest import merge, runs, staging
from catalog.store.ingest.runs import OpenRun
from catalog.store.schema import upgrade


def rehearse(database: Database, source: SourceSettings, connect: Connect, options: Options) -> RunReport:
    """Report what `sync_source` would do now. The database may have no schema, or may not be there at all.

    `options.tell` is called after the roll-back: a reader that is slow must not keep the database locked.
    """
    folder = temp_folder.demanded(database.folder)
    try:
        connected = connect(source)
    except ConfigError as failure:
        with readable(database) as there:
            record_failure(there.rehearse, source, failure, options)
        raise
    with connected as client, tempfile.TemporaryFile(prefix="catalog-", dir=folder) as file:
        # What is to be told is kept on disk, because a run may find a million changes.
        keep = replace(options, tell=lambda _report, changes: _keep(file, changes))
        with readable(database) as there:
            report = _rehearse(SourceSync(database=there, source=source, client=client, options=keep))
        options.tell(report, _Kept(file))
    return report


@contextmanager
def readable(database: Database) -> Iterator[Database]:
    """Give the database if there is a catalog in it, else an empty one that is removed after the block."""
    if database.exists() and upgrade.current(database) is not None:
        upgrade.require(database)
        yield database
        return
    folder = tempfile.TemporaryDirectory(prefix="catalog-", dir=temp_folder.demanded(database.folder))
    with folder as path, closing(databases.open_(f"sqlite:///{Path(path) / 'catalog.db'}")) as empty:
        upgrade.ensure(empty)
        yield empty


def _keep(file: IO[bytes], changes: Iterable[Change]) -> None:
    for change in changes:
        pickle.dump(change, file)


class _Kept:
    """The changes that were kept; each loop reads them anew."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def __iter__(self) -> Iterator[Change]:
        self._file.seek(0)
        with suppress(EOFError):
            while True:
                yield pickle.load(self._file)  # noqa: S301 - our own file, which has no name


def _rehearse(sync: SourceSync) -> RunReport:
    with sync.database.rehearse() as connection:
        before = runs.begin(connection, sync.key(connection), sync.scope, sync.now())
    with staging.open_(sync.database, before.source_key) as stage:
        try:
            sealed = stage.seal(sync.walk(stage))
        except ListingError as failure:
            with sync.database.rehearse() as connection:
                opened = runs.begin(connection, sync.key(connection), sync.scope, sync.now())
                return _closed(sync, connection, opened, failure)
        with stage.merging("rehearsal") as connection:
            return _merged(sync, connection, sealed, before)


def _merged(sync: SourceSync, connection: Connection, sealed: staging.SealedWalk, before: OpenRun) -> RunReport:
    """Merge in a transaction that is rolled back afterwards, as a run that began before the walk."""
    now = runs.begin(connection, sync.key(connection), sync.scope, before.started_at)
    opened = replace(now, generation=before.generation)
    try:
        merge.apply(connection, opened, sealed, sync.request(sync.now()))
    except ListingError as failure:
        return _closed(sync, connection, opened, failure)
    return sync.report_in(connection, opened.run_id, unreadable=bool(sealed.counts.unreadable))


def _closed(sync: SourceSync, connection: Connection, opened: OpenRun, failure: ListingError) -> RunReport:
    runs.close(connection, opened, Status.FAILED, sync.now(), error=failure.message)
    return sync.report_in(connection, opened.run_id, failure)
