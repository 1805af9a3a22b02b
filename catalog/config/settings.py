"""Every setting, once: its name and type, what it may hold, its default and what it is for.

The example file, the reference page, the checks and the defaults are all made from here.
"""

# ruff: noqa: RUF009 - the calls below make dataclass fields, and what they hold is frozen

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from catalog.config.databases import DatabaseUrl
from catalog.config.kinds import Choice, CronLine, Duration, Flag, Kind, Number, Size, Text, Texts, UnknownDate
from catalog.config.places import BaseUrl, ChannelUrl, FilePath, HookUrl, PingUrl
from catalog.cron import Cron

_TOKEN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"  # noqa: S105 - a pattern: what may stand in a header without quoting

VARIABLE = Text("the name of an environment variable, not the key itself", r"[A-Za-z_][A-Za-z0-9_]{0,254}")
_TELLTALE = (ChannelUrl, DatabaseUrl, HookUrl, PingUrl)


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What the manual and the checks need to know of one setting."""

    kind: Kind
    default: object  # as TOML has it; None: no default
    comment: str
    variable: str = ""  # the environment variable that counts when the file leaves the setting out
    example: object = None  # shown instead of the default
    alternative: bool = False  # to the settings shown above it


def setting(
    default: object,
    kind: Kind,
    comment: str,
    *,
    variable: str = "",
    example: object = None,
    alternative: bool = False,
    required: bool = False,
) -> Any:
    """Make a dataclass field of a setting. Its repr leaves out what may hold a secret, such as a database URL."""
    known = Setting(
        kind=kind, default=default, comment=comment, variable=variable, example=example, alternative=alternative
    )
    value = MISSING if required else None if default is None else kind.read(default)
    return field(default=value, repr=not isinstance(kind, _TELLTALE), metadata={"setting": known})


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSettings:
    """Where the catalog is kept."""

    url: str = setting(
        "sqlite:///catalog.db",
        DatabaseUrl(),
        "relative to this file; or postgresql://user@host/db",
        variable="CATALOG_DATABASE_URL",
    )
    must_exist: bool = setting(
        default=False, kind=Flag(), comment="true: a wrong path is an error, never a new empty catalog"
    )
    auto_upgrade: bool = setting(
        default=True, kind=Flag(), comment="false: an older schema waits for `catalog db upgrade`"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardSettings:
    """How many models may be missing before nobody believes it."""

    max_removed_percent: int = setting(
        30, Number(0, 100), "a walk that misses more than this percentage of the models is held"
    )
    min_removed: int = setting(
        4, Number(1, 1_000_000), "... unless it misses fewer than this; one that misses all is always held"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ListSettings:
    """How the list is spelled."""

    total: str | None = setting(
        None,
        Text('""', ""),
        "no count beside the list, such as total_count, is compared with how many entries came",
        example="",
        alternative=True,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceSettings:
    """One models list, and how to ask for it."""

    name: str
    base_url: str = setting(
        "https://api.anthropic.com",
        BaseUrl(),
        "where the API lives",
        variable="ANTHROPIC_BASE_URL",
    )
    api_key_env: str = setting(
        "ANTHROPIC_API_KEY",
        VARIABLE,
        "the variable that holds the key; never the key itself",
    )
    api_key_file: Path | None = setting(
        None,
        FilePath(holds="key"),
        "instead of api_key_env; relative to this file",
        example="/run/secrets/anthropic",
        alternative=True,
    )
    auth: str = setting("x-api-key", Choice(("x-api-key", "bearer")), 'how the key is sent; or "bearer"')
    api_version: str = setting("2023-06-01", Text("a version such as 2023-06-01", _TOKEN), "sent as anthropic-version")
    betas: tuple[str, ...] = setting(
        [], Texts("a list of beta names", Text("a beta name", _TOKEN)), "sent as anthropic-beta"
    )
    lifecycle: tuple[str, ...] = setting(
        [],
        Texts("a list of lifecycle names", Text("a lifecycle name", r"[a-z][a-z_]{0,63}")),
        'e.g. ["active", "deprecated", "retired"]; empty sends nothing',
    )
    workspace_id: str = setting("", Text("a workspace id, or empty", rf"({_TOKEN})?"), "sent as anthropic-workspace-id")
    page_size: int = setting(1000, Number(1, 1000), "models per page; a list that fits one page is one snapshot")
    timeout: timedelta = setting("30s", Duration("1s", "1h"), "one try of one page")
    deadline: timedelta = setting("10m", Duration("1s", "24h"), "the whole walk, retries included")
    confirm_after: timedelta = setting(
        "15m", Duration("0s", "30d"), 'a removal is believed after this long; "0s": a second walk at once (weaker)'
    )
    every: timedelta | None = setting(
        "1h", Duration("1s", "365d"), "how often `catalog run` reads it; if left out: as [schedule] says"
    )
    cron: Cron | None = setting(None, CronLine(), "instead of every", example="*/15 * * * *", alternative=True)
    stale_after: timedelta = setting(
        "3h",
        Duration("1m", "365d"),
        "`catalog status` complains when the last whole walk is older; if left out: 3 x every",
    )
    unknown_dates: tuple[str, ...] = setting(
        [], Texts("a list of dates", UnknownDate()), 'more dates that mean "unknown" at this source'
    )
    paging: str = setting("cursor", Choice(("cursor", "none")), '"none": a server that has no `has_more`')
    allow_http: bool = setting(
        default=False, kind=Flag(), comment="true: plain http:// to another machine; the key can be read on the way"
    )
    max_pages: int = setting(100_000, Number(1, 10_000_000), "a walk that needs more is cut")
    max_page_bytes: int = setting("64MB", Size("1KB", "1GB"), "a page that is larger, once unpacked, is refused")
    guard: GuardSettings = GuardSettings()
    list: ListSettings = ListSettings()


def of(settings: type) -> Mapping[str, Setting]:
    """List the settings of one table by name, in the order they are shown."""
    return {each.name: each.metadata["setting"] for each in fields(settings) if "setting" in each.metadata}
