"""Serves the pages of a catalog, as its configuration says."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from catalog import config as configuration
from catalog import logs, wiring
from catalog.clock import utc_now
from catalog.config import Config
from catalog.errors import ConfigError
from catalog.http import hosts
from catalog.store.engine.database import Database
from catalog.store.schema import upgrade
from catalog.wiring import standing

if TYPE_CHECKING:
    from catalog.web.server.visit import Mirror, Site
    from catalog.web.site.publish import Published

log = logging.getLogger("catalog.cli")

_NOWHERE = ("", 0)  # nothing is served


def site(
    config: Config,
    database: Database,
    address: tuple[str, int],
    *,
    clock: Callable[[], datetime] = utc_now,
    mirror: "Mirror | None" = None,
) -> "Site":
    """Give what all answers are made from."""
    from catalog.web.server.visit import Site

    return Site(
        database=database,
        settings=config.web,
        listen=address,
        clock=clock,
        judge=partial(standing.of, config),
        watched=partial(configuration.watched, config.watch, config.names),
        sources=config.names,
        milestones=config.watch.milestones,
        demand_schema=partial(upgrade.require, database),
        mirror=mirror,
    )


@contextmanager
def serving(
    config: Config, database: Database, address: tuple[str, int], *, clock: Callable[[], datetime] = utc_now
) -> Iterator[tuple[str, int]]:
    """Serve while the block lasts; gives the address, with its port. Raises ConfigError for what cannot be served."""
    from catalog.web.server import serving
    from catalog.web.server.app import App
    from catalog.web.server.visit import Mirror

    key = configuration.mirror_key(config.web)
    mirror = Mirror(key=key.reveal() if key else None) if key or config.web.mirror_open else None
    if words := configuration.open_mirror(config.web, address):
        raise ConfigError(f"web.mirror_open: {words}")
    with serving.serving(address, App(site(config, database, address, clock=clock, mirror=mirror))) as found:
        if not hosts.is_loopback(address[0]):
            told = logs.event("web.open", address=address[0])
            log.warning("the pages are served on %s, to every machine that reaches it", address[0], extra=told)
        yield found


@contextmanager
def served(config: Config) -> Iterator[None]:
    """Serve while the block lasts, where `web.listen` is set; with connections of its own, so that no run waits."""
    if config.web.listen is None:
        yield
        return
    with closing(wiring.database(config)) as database, serving(config, database, config.web.listen) as (host, port):
        told = logs.event("web.listening", host=host, port=port)
        log.info("pages are served on %s", address((host, port)), extra=told)
        yield


def address(listen: tuple[str, int], path: str = "") -> str:
    """Spell the URL of what is served at a host and port."""
    return f"http://{hosts.with_port(*listen)}/{path}"


def publish(
    config: Config, database: Database, folder: Path, *, progress: Callable[[int], object] = lambda _: None
) -> "Published | None":
    """Write the pages into a folder; None: another process is at it. Raises ConfigError when it cannot."""
    from catalog.web.site import folder as folders
    from catalog.web.site import publish

    try:
        return publish.publish(site(config, database, _NOWHERE), config.publish, folder, progress=progress)
    except folders.FolderBusyError:
        return None


def look_at_folder(config: Config) -> str:
    """Say that the folder of the pages is ours, or can be. Raises ConfigError."""
    folder = config.publish.folder
    if folder is None:
        return ""
    from catalog.web.site import folder as folders

    with folders.writable(folder):
        folders.demand(folder)
        return f"{folder}{'' if folder.exists() else ' (made by the first run)'}"
