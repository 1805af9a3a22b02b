"""One run of one source, by its configuration: for the command line, the worker and programs alike."""

from collections.abc import Callable

from catalog import clock, wiring
from catalog.config import Key
from catalog.errors import ConfigError
from catalog.service import sync
from catalog.service.sync import Options, RunReport, Tell
from catalog.settings import SourceSettings
from catalog.store.engine.database import Database
from catalog.upstream import walk


def make(
    database: Database,
    settings: SourceSettings,
    key: Callable[[], Key],
    *,
    options: Options,
    tell: Tell = sync.tell_nobody,
    on_page: Callable[[int, int], None] = walk.unheard,
    on_wait: Callable[[], None] = walk.undisturbed,
    known: wiring.Known | None = None,
) -> RunReport:
    """Make one run of one source. One that cannot ask, as its key is not there, is recorded as failed, and raises."""
    source = wiring.source(settings)
    try:
        asking = wiring.client(settings, key(), known=known)
    except ConfigError as failure:
        if not options.dry_run:
            sync.fail_source(database, source, failure, clock=clock.utc_now, options=options)
        raise
    with asking as client:
        return sync.sync_source(
            database,
            client,
            source,
            clock=clock.utc_now,
            options=options,
            on_page=on_page,
            on_wait=on_wait,
            tell=tell,
        )
