"""Writes docs/reference/configuration.md: what every setting may hold, its default, and what it does."""

from collections.abc import Iterator

from catalog.config import manual
from catalog.config.schema import SETTINGS

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
pass; an empty one lets every model pass. [Alerts](../how-to/alerts.md) tells what is sent, and when.
"""
_WEB = """\
## Pages

`catalog web` serves `[web]`, and so does `catalog run` where `listen` is set; without it `catalog web` listens on
`127.0.0.1:8460`. `base_url` is what people type into a browser: behind a proxy the pages need it for feeds and the
calendar, and answer for its host. The mirror is off until it has a key of its own, which clients of the mirror send
(never the key of a source), or is opened with `mirror_open` for this machine alone.
"""


def page() -> str:
    tables = ["\n".join(_table(*table)) + "\n" for table in manual.TABLES]
    return "\n".join([_PAGE, *tables, _CADENCE, _CHANNELS, _WEB, _KEYS])


def _table(title: str, about: str, settings: type) -> Iterator[str]:
    yield f"## {title.replace('anthropic', 'NAME')}\n\n{about[0].upper()}{about[1:]}.\n"
    yield "| setting | default | must be | what it does |\n|---|---|---|---|"
    for name, setting in SETTINGS[settings].items():
        default = f"`{spelled}`" if (spelled := manual.default(settings, name)) else "none"
        yield f"| `{name}` | {default} | {setting.kind.words} | {manual.comment(name, setting)} |"
