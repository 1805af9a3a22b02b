"""Plays a history to the real sync: the server that shows it, the client that reads it, and the clock of each look."""

from collections.abc import Iterable, Iterator

from catalog import sync
from catalog.demo.play import Look
from catalog.demo.server import ModelsApi
from catalog.domain import Run, Scope, Status
from catalog.errors import CatalogError
from catalog.store.engine.database import Database
from catalog.sync import Source
from catalog.upstream.client import ModelsClient

SOURCE = "demo"  # not the name of a real source: a real sync into the same database must not go on from a play


def perform(database: Database, looks: Iterable[Look]) -> Iterator[Run]:
    """Sync each look into the database, as if it were that moment; yield each run as soon as it is recorded.

    The schema must be at head. Raises CatalogError as soon as a run ends in anything but `complete`.
    """
    api = ModelsApi()
    with api.serve() as base_url, ModelsClient(base_url=base_url, key=api.key) as client:
        source = Source(name=SOURCE, scope=Scope(base_url=base_url))
        for look in looks:
            api.items = look.items
            yield _sync(database, client, source, look)


def _sync(database: Database, client: ModelsClient, source: Source, look: Look) -> Run:
    report = sync.sync_source(database, client, source, clock=lambda: look.at)
    if report.failure is not None:
        raise report.failure
    if report.run.status is not Status.COMPLETE:
        why = f": {report.run.error}" if report.run.error else ""
        raise CatalogError(f"the demo stopped at {look.at:%Y-%m-%d}: its run was {report.run.status}{why}")
    return report.run
