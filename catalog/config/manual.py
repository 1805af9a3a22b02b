"""The settings as text: the example file that `catalog init` writes, and the reference page."""

from collections.abc import Iterator

from catalog.config.settings import DatabaseSettings, GuardSettings, ListSettings, Setting, SourceSettings, of
from catalog.config.unattended import AlertSettings, MonitorSettings, ScheduleSettings, WatchSettings, WebhookSettings

_TABLES = (
    ("[database]", "where the catalog is kept", DatabaseSettings),
    ("[sources.anthropic]", "one table per models list; the name is the `source` column", SourceSettings),
    ("[sources.anthropic.guard]", "when so many models are missing that nobody should believe it", GuardSettings),
    ("[sources.anthropic.list]", "how the list is spelled", ListSettings),
    ("[schedule]", "when `catalog run` reads the lists", ScheduleSettings),
    ("[[alerts]]", "one table per channel that is told; there is none by default", AlertSettings),
    ("[alerts.webhook]", "where JSON is posted to, if the channel is a webhook", WebhookSettings),
    ("[watch]", "the models you depend on", WatchSettings),
    ("[monitor]", "who watches the catalog itself", MonitorSettings),
)
_OPENING = """\
# The configuration of `catalog`. Each line below shows a default: take away the "# " to change it.
# Lines that begin with "# or:", and all of [[alerts]], show an example instead.
# The file is found by --config, else by $CATALOG_CONFIG, else as ./catalog.toml.
"""
_PAGE = """\
# Configuration

The file is the one given with `--config`, else the one that `$CATALOG_CONFIG` names, else `./catalog.toml` if it is
there. Without a file the defaults and the environment are enough: `ANTHROPIC_API_KEY=... catalog sync` keeps its
catalog in `./catalog.db`. `catalog init` writes a file with every setting in it.

What the file says counts more than the environment, and the environment more than the default. An empty variable
counts as none. Unknown names, wrong types and values out of range are all told at once, and the exit code is 2. No
message quotes a value: it could be a secret.

Durations are a whole number and a unit: `"30s"`, `"15m"`, `"36h"`, `"7d"`, `"2w"`. Sizes are such as `"64MB"` (a
million bytes each) or `"64MiB"`.
"""
_KEYS = """\
## Keys

A key never stands in the file. `api_key_env` names the environment variable that holds it, `api_key_file` a file that
holds it alone on one line, such as a mounted secret; a file that every user of the machine may read gets a warning.
Commands that only read the catalog need no key.

When the source named `anthropic` names neither, `ANTHROPIC_AUTH_TOKEN` is taken, and sent as a bearer token, if
`ANTHROPIC_API_KEY` is not set or the source says `auth = "bearer"`. A source with another name, on another host than
`api.anthropic.com` or this machine, must name its key: none is sent there by default.

Plain `http://` is refused unless the host is this machine or the source says `allow_http = true`.
"""
_CADENCE = """\
## How often

A source that names neither `every` nor `cron` is read as `[schedule]` says. `stale_after` is three times the longest
pause between two runs unless the source says otherwise: 3 hours when it is read every hour, 45 minutes for
`*/15 * * * *`, 9 days for weekdays alone (from Friday to Monday there are 3). Without `catalog run` the same
settings tell `catalog status` how often your cron line syncs.

The five fields of `cron` mean what they mean in a crontab of Debian: Sunday is 0 and 7, and when both day of month and
weekday are restricted, either will do. `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly` are known. What would
never fire is refused. A time that is skipped when clocks are changed is made up for, unless minute or hour begin with
`*`: these go by the time that passes.
"""
_CHANNELS = """\
## Channels

Each `[[alerts]]` has a name of its own and exactly one of `url`, `webhook` and `command`.

`url` and the webhook's `url` may hold `${VARIABLE}`; its value is looked up when something is sent, so commands that
send nothing need none of the variables. One that is missing then is an error that names it. No message ever shows the
URL, and neither does a log. A file that holds a whole URL and is open to every user of the machine gets a warning.

The events are `added` (an id never seen before), `returned`, `removed`, `changed`, `retiring` (some days before
`retires_at`, see `[watch]`), `overdue` (the date has passed and the model is still listed), `held`, `sync_failed`
(and once more when it works again), `sync_recovered` (that alone) and `baseline`. `changed:FIELD` asks for changes of
one field; FIELD is a dotted path and may be a pattern: `changed:capabilities.*`. The other filters must all let a model
pass; an empty one lets every model pass. [Alerts](alerts.md) tells what is sent, and when.
"""


def example() -> str:
    """Write a configuration file that shows every setting with its default, and changes none."""
    tables = ["\n".join(_example_table(*table)) for table in _TABLES if table[2] is not WebhookSettings]
    return _OPENING + "\n" + "\n\n".join(tables) + "\n"


def reference() -> str:
    """Write the reference page, in Markdown."""
    tables = ["\n".join(_reference_table(*table)) + "\n" for table in _TABLES]
    return "\n".join([_PAGE, *tables, _CADENCE, _CHANNELS, _KEYS])


def _example_table(name: str, about: str, settings: type) -> Iterator[str]:
    yield _with_comment(f"# {name}" if settings is AlertSettings else name, about)
    for key, setting in of(settings).items():
        mark = "# or: " if setting.alternative else "# "
        yield _with_comment(f"{mark}{key} = {_toml(_shown(setting))}", _comment(key, setting))


def _comment(key: str, setting: Setting) -> str:
    """Add to a setting's comment what the environment has to say."""
    fallback = f"if left out: env {setting.variable}" if setting.variable else ""
    own = " (for the source named anthropic)" if fallback and key == "base_url" else ""
    return "; ".join(part for part in (setting.comment, fallback + own) if part)


def _reference_table(name: str, about: str, settings: type) -> Iterator[str]:
    yield f"## {name.replace('anthropic', 'NAME')}\n\n{about[0].upper()}{about[1:]}.\n"
    yield "| setting | default | must be | what it does |\n|---|---|---|---|"
    for key, setting in of(settings).items():
        default = "none" if setting.default is None else f"`{_toml(setting.default)}`"
        yield f"| `{key}` | {default} | {setting.kind.words} | {_comment(key, setting)} |"


def _with_comment(text: str, comment: str) -> str:
    return f"{text:<45}  # {comment}"


def _shown(setting: Setting) -> object:
    return setting.default if setting.example is None else setting.example


def _toml(value: object) -> str:
    """Spell a value as TOML does: a truth, a number, a plain text, a list or a table of them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_toml(each)}' for key, each in value.items())} }}"
    return f'"{value}"' if isinstance(value, str) else str(value)
