"""The settings of what happens while nobody looks: when lists are read, who is told of what, and who watches."""

# ruff: noqa: RUF009 - as in settings: the calls below make dataclass fields, and what they hold is frozen

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from catalog.config.kinds import Choice, CronLine, Days, Duration, EventName, Flag, Inline, Number, Text, Texts, Zone
from catalog.config.places import ChannelUrl, FilePath, HookUrl, Listen, PingUrl
from catalog.config.settings import VARIABLE, setting
from catalog.cron import Cron

ID = Text("a model id", r"[^\x00-\x1f\x7f-\x9f]{1,256}")
_WORD = r"[!-~]{1,128}"
_USUAL_EVENTS = (
    *("added", "returned", "removed", "changed:lifecycle", "changed:retires_at"),
    *("retiring", "held", "sync_failed"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleSettings:
    """When `catalog run` reads the lists; of `every` and `cron` exactly one is set."""

    every: timedelta | None = setting("1h", Duration("1s", "365d"), "a list is read this often")
    cron: Cron | None = setting(None, CronLine(), "instead of every", example="*/15 * * * *", alternative=True)
    timezone: ZoneInfo = setting("UTC", Zone(), "what the hours of cron mean")
    jitter: timedelta = setting("0s", Duration("0s", "24h"), "each run waits a random time up to this")


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSettings:
    """Where JSON is posted to, and what signs it."""

    url: str = setting(
        None,
        HookUrl(),
        "where the JSON is posted; ${VAR} is taken from the environment",
        example="https://example.org/hook",
        required=True,
    )
    secret_env: str | None = setting(
        None, VARIABLE, "the variable that holds the secret; without a secret nothing is signed", example="HOOK_SECRET"
    )
    secret_file: Path | None = setting(
        None,
        FilePath(holds="secret"),
        "instead of secret_env; relative to this file",
        example="/run/secrets/hook",
        alternative=True,
    )
    allow_http: bool = setting(default=False, kind=Flag(), comment="true: plain http:// to another machine")


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertSettings:
    """One channel, and what it wants to hear; of `url`, `webhook` and `command` exactly one is set."""

    name: str = setting(
        None,
        Text("1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit", r"[a-z0-9][a-z0-9_-]{0,62}"),
        "what the channel is called here; another name is another channel",
        example="team",
        required=True,
    )
    url: str | None = setting(
        None, ChannelUrl(), "any Apprise URL; ${VAR} is taken from the environment", example="slack://${SLACK_TOKENS}"
    )
    webhook: WebhookSettings | None = setting(
        None,
        Inline('a table such as { url = "https://example.org/hook", secret_env = "HOOK_SECRET" }'),
        "gets JSON, signed as in Standard Webhooks; or secret_file; without a secret it is unsigned",
        example={"url": "https://example.org/hook", "secret_env": "HOOK_SECRET"},
        alternative=True,
    )
    command: tuple[str, ...] | None = setting(
        None,
        Texts("a program and its arguments", Text("a text without line breaks", r"[^\x00-\x1f\x7f]{1,4096}"), least=1),
        "gets the same JSON on standard input; no shell",
        example=["/usr/local/bin/on-change"],
        alternative=True,
    )
    events: tuple[str, ...] = setting(
        list(_USUAL_EVENTS), Texts("a list of events", EventName(), least=1), "what to tell of"
    )
    models: tuple[str, ...] = setting(
        [],
        Texts("a list of patterns", Text("a pattern of ids", r"\S[^\x00-\x1f\x7f]{0,255}")),
        'e.g. ["claude-*"]; empty: all',
    )
    sources: tuple[str, ...] = setting(
        [], Texts("a list of sources", Text("the name of a source", _WORD)), "empty: all"
    )
    lines: tuple[str, ...] = setting(
        [], Texts("a list of model lines", Text("a line of models", _WORD)), 'e.g. ["opus", "sonnet"]; empty: all'
    )
    lifecycles: tuple[str, ...] = setting(
        [], Texts("a list of lifecycle names", Text("a lifecycle name", _WORD)), 'e.g. ["deprecated"]; empty: all'
    )
    only: str = setting("", Choice(("", "watched")), '"watched": only what [watch] names')
    settle: timedelta = setting(
        "0s", Duration("0s", "30d"), "a removal is told after this long, and not at all if the model is back by then"
    )
    failures: int = setting(3, Number(1, 1000), "sync_failed is told when so many runs in a row have failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchSettings:
    """The models somebody depends on. Files are read when they are needed."""

    models: tuple[str, ...] = setting([], Texts("a list of model ids", ID), "ids you depend on")
    files: tuple[Path, ...] = setting(
        [],
        Texts("a list of paths", FilePath()),
        "as well or instead: one id per line, # begins a comment; relative to this file",
        example=["models.txt"],
        alternative=True,
    )
    milestones: tuple[int, ...] = setting(
        [90, 60, 30, 14, 7, 1], Days(), "retiring is told so many days before retires_at"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class MonitorSettings:
    """Who watches the catalog itself."""

    ping_url: str = setting("", PingUrl(), "a dead man's switch, told how each sync ends; whoever knows it can ping")
    ping_style: str = setting(
        "healthchecks",
        Choice(("healthchecks", "uptime-kuma", "plain")),
        'how: /start and /fail added; or "uptime-kuma": ?status=up|down&msg=...; or "plain": success alone',
    )
    metrics_file: Path | None = setting(
        "", FilePath(may_be_empty=True), "Prometheus textfile, written after each run; relative to this file"
    )
    listen: tuple[str, int] | None = setting(
        "",
        Listen(),
        'e.g. "127.0.0.1:9464": /metrics and /healthz of `catalog run`',
        variable="CATALOG_LISTEN",
    )
