"""The settings that a configuration may hold, with their defaults.

What each may be, and what it is for, stands beside its name in `catalog.config.schema`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from catalog.cron import Cron
from catalog.domain import FIELDS

Auth = str  # "bearer", "none", or the header that carries the key
Paging = Literal["cursor", "token", "url", "link", "page", "none"]
Repeats = Literal["doubt", "first"]
PingStyle = Literal["healthchecks", "uptime-kuma", "plain"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSettings:
    """Where the catalog is kept."""

    url: str = field(default="sqlite:///catalog.db", repr=False)
    must_exist: bool = False
    auto_upgrade: bool = True
    keep_runs: timedelta | None = None  # None: for ever


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardSettings:
    """How many models may be missing before a walk is held."""

    max_removed_percent: int = 30
    min_removed: int = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ListSettings:
    """How the list is laid out, and which parameters ask for its pages. Paths are dotted."""

    path: str = "/v1/models"
    items: str = "data"
    id: str = "id"
    id_prefix: str = ""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {name: (name,) for name in FIELDS})
    lifecycles: Mapping[str, str] = field(default_factory=dict)
    next: str = ""
    token_param: str = "after_id"  # noqa: S105 - the name of a parameter
    size_param: str = "limit"
    total: str | None = None  # "": no count beside the list is compared with the number of entries
    repeats: Repeats = "doubt"
    empty: Literal["", "{}"] = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceSettings:
    """One models list, and how to ask for it; of `every` and `cron` exactly one is set."""

    name: str
    api: str = "anthropic"
    base_url: str = "https://api.anthropic.com"
    api_key_env: str = "ANTHROPIC_API_KEY"
    api_key_file: Path | None = None
    auth: Auth = "x-api-key"
    api_version: str = "2023-06-01"
    betas: tuple[str, ...] = ()
    lifecycle: tuple[str, ...] = ()
    workspace_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    page_size: int = 1000
    timeout: timedelta = timedelta(seconds=30)
    deadline: timedelta = timedelta(minutes=10)
    confirm_after: timedelta = timedelta(minutes=15)
    every: timedelta | None = timedelta(hours=1)
    cron: Cron | None = None
    stale_after: timedelta = timedelta(hours=3)
    unknown_dates: tuple[str, ...] = ()
    paging: Paging = "cursor"
    allow_http: bool = False
    max_pages: int = 100_000
    max_page_bytes: int = 64_000_000
    guard: GuardSettings = field(default_factory=GuardSettings)
    list: ListSettings = field(default_factory=ListSettings)
    key_optional: bool = False  # as its row says: the list answers without a key, too
    largest_page: int = 1000  # as its row says, or the most that `page_size` may be
    row_version: int = 1  # of the row of its `api`

    @property
    def host(self) -> str:
        """The host that is asked, with its port where that is not the usual one."""
        return urlsplit(self.base_url).netloc.lower()


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleSettings:
    """When `catalog run` reads the lists; of `every` and `cron` exactly one is set."""

    every: timedelta | None = timedelta(hours=1)
    cron: Cron | None = None
    timezone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - it never changes
    jitter: timedelta = timedelta(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSettings:
    """Where JSON is posted to, and what signs it; at most one of `secret_env` and `secret_file` is set."""

    url: str = field(repr=False)
    secret_env: str | None = None
    secret_file: Path | None = None
    allow_http: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertSettings:
    """One channel and its filters; of `url`, `webhook` and `command` exactly one is set."""

    name: str
    url: str | None = field(default=None, repr=False)
    webhook: WebhookSettings | None = None
    command: tuple[str, ...] | None = None
    events: tuple[str, ...] = (
        *("added", "returned", "removed", "changed:lifecycle", "changed:retires_at"),
        *("lowered", "retiring", "held", "sync_failed"),
    )
    models: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    lifecycles: tuple[str, ...] = ()
    only: Literal["", "watched"] = ""
    settle: timedelta = timedelta(0)
    failures: int = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchSettings:
    """The models that users depend on. Files are read when they are needed."""

    models: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    milestones: tuple[int, ...] = (90, 60, 30, 14, 7, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorSettings:
    """How the catalog itself is watched."""

    ping_url: str = field(default="", repr=False)
    ping_style: PingStyle = "healthchecks"
    metrics_file: Path | None = None
    listen: tuple[str, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSettings:
    """Where pages, feeds and the mirror are served; at most one of the key's two places is set."""

    listen: tuple[str, int] | None = None
    base_url: str = ""
    mirror_key_env: str = ""
    mirror_key_file: Path | None = None
    mirror_open: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishSettings:
    """The folder that the pages are written into, and what of the catalog they show."""

    folder: Path | None = None
    base_url: str = ""
    sources: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
