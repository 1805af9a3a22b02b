"""Configuration in, working parts out. The only module that knows all of them."""

from datetime import UTC, datetime

from catalog import sync
from catalog.config import Config, Key, SourceSettings
from catalog.domain import Policy, Scope
from catalog.store import database as databases
from catalog.store.database import Database
from catalog.upstream.client import ModelsClient


def utc_now() -> datetime:
    """The wall clock, in UTC."""
    return datetime.now(UTC)


def database(config: Config, *, must_exist: bool | None = None) -> Database:
    """Give the configured database, unopened. Readers pass `must_exist`; else the setting decides."""
    wanted = config.database.must_exist if must_exist is None else must_exist
    return databases.open_(config.database.url, must_exist=wanted)


def client(settings: SourceSettings, key: Key) -> ModelsClient:
    """Give a client for one source. Raises ConfigError when the key cannot be sent."""
    return ModelsClient(
        base_url=settings.base_url,
        key=key.reveal(),
        auth="bearer" if settings.auth == "bearer" else "x-api-key",
        api_version=settings.api_version,
        betas=settings.betas,
        lifecycle=settings.lifecycle,
        workspace=settings.workspace_id,
        timeout=settings.timeout.total_seconds(),
        max_page_bytes=settings.max_page_bytes,
        paging=settings.paging == "cursor",
        unknown_dates=frozenset(settings.unknown_dates),
    )


def source(settings: SourceSettings) -> sync.Source:
    """Give what one run needs to know of a source."""
    return sync.Source(
        name=settings.name,
        scope=Scope(
            base_url=settings.base_url,
            betas=settings.betas,
            lifecycle=settings.lifecycle,
            workspace=settings.workspace_id,
        ),
        policy=Policy(
            confirm_after=settings.confirm_after,
            max_removed_percent=settings.guard.max_removed_percent,
            min_removed=settings.guard.min_removed,
        ),
        page_size=settings.page_size,
        deadline=settings.deadline.total_seconds(),
        max_pages=settings.max_pages,
        paging=settings.paging == "cursor",
        unknown_dates=frozenset(settings.unknown_dates),
    )
