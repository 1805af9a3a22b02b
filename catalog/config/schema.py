"""What each setting may hold, and what the manual says of it; its type and its default stand in `catalog.settings`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from catalog.config import apis
from catalog.config.databases import DatabaseUrl
from catalog.config.kinds import (
    CronLine,
    Days,
    Duration,
    EventName,
    Flag,
    Inline,
    Keeping,
    Number,
    OneOf,
    OneOrMore,
    Pairs,
    PublicName,
    SettingKind,
    Size,
    Text,
    Texts,
    UnknownDate,
    Zone,
)
from catalog.config.places import BaseUrl, ChannelUrl, FilePath, HookUrl, Listen, PingUrl, SiteUrl
from catalog.domain import FIELDS
from catalog.settings import (
    AlertSettings,
    DatabaseSettings,
    GuardSettings,
    ListSettings,
    MonitorSettings,
    Paging,
    PingStyle,
    PublishSettings,
    Repeats,
    ScheduleSettings,
    SourceSettings,
    WatchSettings,
    WebhookSettings,
    WebSettings,
)

_TOKEN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"  # noqa: S105 - a pattern: what may stand in a header without quoting
_WORD = r"[!-~]{1,128}"
_VARIABLE = Text("the name of an environment variable, not the key itself", r"([A-Za-z_][A-Za-z0-9_]{0,254})?")
_CHANNEL_NAME = Text("1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit", r"[a-z0-9][a-z0-9_-]{0,62}")
_EVERY = Duration("1s", "365d")
_LIFECYCLE = Text("a lifecycle name", r"[a-z][a-z_]{0,63}")
_ARGUMENT = Text("a text without line breaks", r"[^\x00-\x1f\x7f]{1,4096}")
_ID_PATTERN = Text("a pattern of ids", r"\S[^\x00-\x1f\x7f]{0,255}")
_HEADER = r"[A-Za-z][A-Za-z0-9-]{0,63}"
_KEY_HEADER = r"bearer|none|[A-Za-z]{1,16}(-[A-Za-z]{1,16}){1,3}"  # a key that is pasted here does not fit
_STEP = r"[^\x00-\x20.{}*\x7f]{1,128}"
_DOTTED = rf"{_STEP}(\.{_STEP})*"
_PATTERN = rf"({_STEP}|\*)(\.({_STEP}|\*))*"
_MAYBE_PATH = Text("a dotted path such as page.next, or empty", rf"({_DOTTED})?")
_PARAMETER = Text("the name of a parameter, or empty", r"[A-Za-z0-9_.\[\]-]{0,64}")
MODEL_ID = Text("a model id", r"[^\x00-\x1f\x7f-\x9f]{1,256}")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the checks and the manual need to know of one setting, beside its type and default."""

    kind: SettingKind
    comment: str
    variable: str = ""  # the environment variable that counts when the file leaves the setting out
    example: object = None  # shown instead of the default
    alternative: bool = False  # to the settings shown above it


def instead(kind: SettingKind, comment: str, example: object) -> Setting:
    """Make a setting that is given instead of those above it."""
    return Setting(kind, comment, example=example, alternative=True)


SETTINGS: Mapping[type, Mapping[str, Setting]] = {  # in the order they are shown
    DatabaseSettings: {
        "url": Setting(
            DatabaseUrl(), "relative to this file; or postgresql://user@host/db", variable="CATALOG_DATABASE_URL"
        ),
        "must_exist": Setting(Flag(), "true: a wrong path is an error, never a new empty catalog"),
        "auto_upgrade": Setting(Flag(), "false: an older schema waits for `catalog db upgrade`"),
        "keep_runs": Setting(
            Keeping("1s", "36500d"),
            'or "90d": runs that recorded nothing, and deliveries long made, go after that; history never does',
        ),
    },
    SourceSettings: {
        "api": Setting(apis.ApiName(), "what is known of the list: `catalog apis` has the names"),
        "base_url": Setting(BaseUrl(), "where the API lives", variable="ANTHROPIC_BASE_URL"),
        "api_key_env": Setting(_VARIABLE, "the variable that holds the key; never the key itself"),
        "api_key_file": instead(
            FilePath(holds="key"), "instead of api_key_env; relative to this file", "/run/secrets/anthropic"
        ),
        "auth": Setting(
            Text('"bearer", "none", or the header that carries the key, such as "x-api-key"', _KEY_HEADER),
            'how the key is sent; or "bearer", "none", or any other header',
        ),
        "api_version": Setting(Text("a version such as 2023-06-01", _TOKEN), "sent as anthropic-version"),
        "betas": Setting(Texts("a list of beta names", Text("a beta name", _TOKEN)), "sent as anthropic-beta"),
        "lifecycle": Setting(
            Texts("a list of lifecycle names", _LIFECYCLE),
            'e.g. ["active", "deprecated", "retired"]; empty sends nothing',
        ),
        "workspace_id": Setting(Text("a workspace id, or empty", rf"({_TOKEN})?"), "sent as anthropic-workspace-id"),
        "headers": instead(
            Pairs(
                "a table of headers without secrets",
                PublicName("the name of a header", _HEADER),
                Text("a text of printable ASCII", r"[\x20-\x7e]{1,1024}"),
            ),
            "sent with each page",
            {"OpenAI-Organization": "org-1"},
        ),
        "query": instead(
            Pairs(
                "a table of parameters without secrets",
                PublicName("the name of a parameter", r"[A-Za-z0-9_.\[\]-]{1,64}"),
                OneOrMore(Text("a text without line breaks", r"[^\x00-\x1f\x7f]{0,1024}")),
            ),
            "sent with each page; a list is sent as repeated parameters",
            {"author": "Qwen"},
        ),
        "ignore": Setting(
            Texts("a list of dotted paths", Text("a dotted path; * is any one step", _PATTERN)),
            'members that are not read at all, e.g. ["stats", "providers.*.latency"]',
        ),
        "page_size": Setting(Number(1, 1000), "models per page; a list that fits one page is one snapshot"),
        "timeout": Setting(Duration("1s", "1h"), "one try of one page"),
        "deadline": Setting(Duration("1s", "24h"), "the whole walk, retries included"),
        "confirm_after": Setting(
            Duration("0s", "30d"), 'a removal is believed after this long; "0s": a second walk at once (weaker)'
        ),
        "every": Setting(_EVERY, "how often `catalog run` reads it; if left out: as [schedule] says"),
        "cron": instead(CronLine(), "instead of every", "*/15 * * * *"),
        "stale_after": Setting(
            Duration("1m", "365d"),
            "`catalog status` complains when the last whole walk is older; if left out: 3 x every",
        ),
        "unknown_dates": Setting(
            Texts("a list of dates", UnknownDate()), 'more dates that mean "unknown" at this source'
        ),
        "paging": Setting(OneOf(get_args(Paging)), 'how pages follow each other; "none": the whole list comes at once'),
        "allow_http": Setting(Flag(), "true: plain http:// to another machine; the key can be read on the way"),
        "max_pages": Setting(Number(1, 10_000_000), "a walk that needs more is cut"),
        "max_page_bytes": Setting(Size("1KB", "1GB"), "a page that is larger, once unpacked, is refused"),
    },
    GuardSettings: {
        "max_removed_percent": Setting(
            Number(0, 100), "a walk that misses more than this percentage of the models is held"
        ),
        "min_removed": Setting(
            Number(1, 1_000_000), "... unless it misses fewer than this; one that misses all is always held"
        ),
    },
    ListSettings: {
        "path": Setting(Text("a path such as /v1/models", r"/[\x21-\x22\x24-\x3e\x40-\x7e]{0,255}"), "below base_url"),
        "items": Setting(_MAYBE_PATH, 'where the list stands in the answer; "": the answer is the list'),
        "id": Setting(
            Text("a dotted path, or a template such as {owner}/{name}", rf"{_DOTTED}|[^{{}}]*({{{_DOTTED}}}[^{{}}]*)+"),
            'a dotted path; or a template such as "{owner}/{name}"',
        ),
        "id_prefix": Setting(Text("a text, or empty", r"[^\x00-\x1f\x7f]{0,128}"), "taken off ids that begin with it"),
        "fields": instead(
            Pairs("a table of columns and dotted paths", OneOf(FIELDS), OneOrMore(_MAYBE_PATH)),
            "the member that each column is read from; of several, the first that says something",
            {"display_name": "title", "retires_at": ["sunset", "eol.date"]},
        ),
        "lifecycles": instead(
            Pairs("a table of words", Text("a word", r"\S[^\x00-\x1f\x7f]{0,63}"), _LIFECYCLE),
            "their word for ours",
            {"LEGACY": "deprecated"},
        ),
        "next": Setting(_MAYBE_PATH, "where the answer names the next page, or its token"),
        "token_param": Setting(_PARAMETER, "the parameter that asks for the next page"),
        "size_param": Setting(_PARAMETER, 'the parameter that asks for page_size entries; "": none'),
        "total": instead(
            _MAYBE_PATH, 'where the answer counts the list; "": no count beside the list is compared with it', ""
        ),
        "repeats": Setting(
            OneOf(get_args(Repeats)), '"first": an id may stand there twice with different content; the first counts'
        ),
        "empty": Setting(OneOf(("", "{}")), '"{}": an answer without the list is an empty list'),
    },
    ScheduleSettings: {
        "every": Setting(_EVERY, "a list is read this often"),
        "cron": instead(CronLine(), "instead of every", "*/15 * * * *"),
        "timezone": Setting(Zone(), "what the hours of cron mean"),
        "jitter": Setting(Duration("0s", "24h"), "each run waits a random time up to this"),
    },
    AlertSettings: {
        "name": Setting(
            _CHANNEL_NAME, "what the channel is called here; another name is another channel", example="team"
        ),
        "url": Setting(
            ChannelUrl(), "any Apprise URL; ${VAR} is taken from the environment", example="slack://${SLACK_TOKENS}"
        ),
        "webhook": instead(
            Inline('a table such as { url = "https://example.org/hook", secret_env = "HOOK_SECRET" }'),
            "gets JSON, signed as in Standard Webhooks; or secret_file; without a secret it is unsigned",
            {"url": "https://example.org/hook", "secret_env": "HOOK_SECRET"},
        ),
        "command": instead(
            Texts("a program and its arguments", _ARGUMENT, least=1),
            "gets the same JSON on standard input; no shell",
            ["/usr/local/bin/on-change"],
        ),
        "events": Setting(Texts("a list of events", EventName(), least=1), "what to tell of"),
        "models": Setting(
            Texts("a list of patterns", _ID_PATTERN), 'e.g. ["claude-*", "openrouter:openai/*"]; empty: all'
        ),
        "sources": Setting(Texts("a list of sources", Text("the name of a source", _WORD)), "empty: all"),
        "lines": Setting(
            Texts("a list of model lines", Text("a line of models", _WORD)), 'e.g. ["opus", "sonnet"]; empty: all'
        ),
        "lifecycles": Setting(
            Texts("a list of lifecycle names", Text("a lifecycle name", _WORD)), 'e.g. ["deprecated"]; empty: all'
        ),
        "only": Setting(OneOf(("", "watched")), '"watched": only what [watch] names'),
        "settle": Setting(
            Duration("0s", "30d"),
            "a removal is told after this long, and not at all if the model is back by then",
        ),
        "failures": Setting(Number(1, 1000), "sync_failed is told when so many runs in a row have failed"),
    },
    WebhookSettings: {
        "url": Setting(
            HookUrl(),
            "where the JSON is posted; ${VAR} is taken from the environment",
            example="https://example.org/hook",
        ),
        "secret_env": Setting(
            _VARIABLE,
            "the variable that holds the secret; without a secret nothing is signed",
            example="HOOK_SECRET",
        ),
        "secret_file": instead(
            FilePath(holds="secret"), "instead of secret_env; relative to this file", "/run/secrets/hook"
        ),
        "allow_http": Setting(Flag(), "true: plain http:// to another machine"),
    },
    WatchSettings: {
        "models": Setting(
            Texts("a list of model ids", MODEL_ID), 'ids you depend on; "source:id": only that of this source'
        ),
        "files": instead(
            Texts("a list of paths", FilePath()),
            "as well or instead: one id per line, # begins a comment; relative to this file",
            ["models.txt"],
        ),
        "milestones": Setting(Days(), "retiring is told so many days before retires_at"),
    },
    MonitorSettings: {
        "ping_url": Setting(
            PingUrl(), "a dead man's switch, told how each sync ends; keep it secret: it lets anyone ping"
        ),
        "ping_style": Setting(
            OneOf(get_args(PingStyle)),
            'how: /start and /fail added; or "uptime-kuma": ?status=up|down&msg=...; or "plain": success alone',
        ),
        "metrics_file": Setting(
            FilePath(may_be_empty=True),
            "Prometheus textfile, written after each run; relative to this file",
            example="",
        ),
        "listen": Setting(
            Listen(),
            'e.g. "127.0.0.1:9464": /metrics and /healthz of `catalog run`',
            variable="CATALOG_LISTEN",
            example="",
        ),
    },
    WebSettings: {
        "listen": Setting(
            Listen(),
            'e.g. "127.0.0.1:8460": pages, feeds and mirror in `catalog run`, and in `catalog web`',
            example="",
        ),
        "base_url": Setting(
            SiteUrl(), 'what people type, with its path: "https://models.example.org/catalog"; needed behind a proxy'
        ),
        "mirror_key_env": Setting(
            _VARIABLE, "switches the mirror on: the variable that holds its key, of 16 characters or more"
        ),
        "mirror_key_file": instead(
            FilePath(holds="key"), "instead of mirror_key_env; relative to this file", "/run/secrets/mirror"
        ),
        "mirror_open": Setting(Flag(), "true: the mirror without a key, on this machine alone"),
    },
    PublishSettings: {
        "folder": Setting(
            FilePath(to="a folder", may_be_empty=True),
            "the pages are written here after each run that found something to write; relative to this file",
            example="",
        ),
        "base_url": Setting(SiteUrl(), "where the folder is reached; without it no feed and no calendar is written"),
        "sources": Setting(Texts("a list of sources", Text("the name of a source", _WORD)), "empty: all"),
        "models": Setting(Texts("a list of patterns", _ID_PATTERN), 'e.g. ["claude-*"]; empty: all that your keys see'),
    },
}
