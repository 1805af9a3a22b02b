"""The example file that `catalog init` writes, and the words for settings in it and on the reference page."""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from datetime import timedelta

from catalog.config.apis import Row
from catalog.config.kinds import Keeping, Size
from catalog.config.schema import SETTINGS, Setting
from catalog.settings import (
    AlertSettings,
    DatabaseSettings,
    GuardSettings,
    ListSettings,
    MonitorSettings,
    PublishSettings,
    ScheduleSettings,
    SourceSettings,
    WatchSettings,
    WebhookSettings,
    WebSettings,
)

TABLES = (
    ("[database]", "where the catalog is kept", DatabaseSettings),
    ("[sources.anthropic]", "one table per models list; the name is the `source` column", SourceSettings),
    ("[sources.anthropic.guard]", "how many models may be missing before a walk is held", GuardSettings),
    ("[sources.anthropic.list]", "how the list is spelled", ListSettings),
    ("[schedule]", "when `catalog run` reads the lists", ScheduleSettings),
    ("[[alerts]]", "one table per channel that is told; there is none by default", AlertSettings),
    ("[alerts.webhook]", "where JSON is posted to, if the channel is a webhook", WebhookSettings),
    ("[watch]", "the models you depend on", WatchSettings),
    ("[monitor]", "how the catalog itself is watched", MonitorSettings),
    ("[web]", "pages, feeds, calendar and mirror, served", WebSettings),
    ("[publish]", "the same pages, written into a folder", PublishSettings),
)
_OPENING = """\
# The configuration of `catalog`. Each line below shows a default: take away the "# " to change it.
# Lines that begin with "# or:", and all of [[alerts]], show an example instead.
# The file is found by --config, else by $CATALOG_CONFIG, else as ./catalog.toml.
"""


def example() -> str:
    """Write a configuration file that shows every setting with its default, and changes none."""
    tables = ["\n".join(_lines(*table)) for table in TABLES if table[2] is not WebhookSettings]
    return _OPENING + "\n" + "\n\n".join(tables) + "\n"


def source(row: Row) -> str:
    """Write the table of a source of a known API. What stands in capitals is to be replaced."""
    lines = [f"[sources.{row.name}]", _with_comment(f'api = "{row.name}"', row.title)]
    needs = {name: value for name, value in row.needs.items() if not isinstance(value, dict)}
    lines += [_with_comment(f"{name} = {_toml(value)}", "yours") for name, value in needs.items()]
    if row.key_variable:
        optional = "; the list answers without it, too" if row.key_optional else ""
        lines.append(f"# the key is taken from {row.key_variable}{optional}")
    if row.mind:
        lines.append(f"# mind: {row.mind}")
    if row.docs:
        lines.append(f"# about the list: {row.docs}")
    for table, values in row.needs.items():
        if isinstance(values, dict):
            lines += [
                "",
                f"[sources.{row.name}.{table}]",
                *(f"{name} = {_toml(value)}" for name, value in values.items()),
            ]
    return "\n".join(lines) + "\n"


def default(settings: type, name: str) -> str:
    """Spell the default of a setting as TOML does; empty: there is none."""
    [value] = [each.default for each in fields(settings) if each.name == name]
    if value is None and isinstance(SETTINGS[settings][name].kind, Keeping):
        return _toml("forever")
    if value is None or value is MISSING:
        return ""
    return _toml(f"{value // 10**6}MB" if isinstance(SETTINGS[settings][name].kind, Size) else value)


def comment(name: str, setting: Setting) -> str:
    """Give the comment of a setting, with the environment variable that stands for it."""
    fallback = f"if left out: env {setting.variable}" if setting.variable else ""
    own = " (for the source named anthropic)" if fallback and name == "base_url" else ""
    return "; ".join(part for part in (setting.comment, fallback + own) if part)


def _lines(title: str, about: str, settings: type) -> Iterator[str]:
    yield _with_comment(f"# {title}" if settings is AlertSettings else title, about)
    for name, setting in SETTINGS[settings].items():
        mark = "# or: " if setting.alternative else "# "
        shown = default(settings, name) if setting.example is None else _toml(setting.example)
        yield _with_comment(f"{mark}{name} = {shown}", comment(name, setting))


def _with_comment(text: str, comment: str) -> str:
    return f"{text:<45}  # {comment}"


def _toml(value: object) -> str:
    """Spell a value as TOML does: a truth, a number, a plain text, a duration, a zone, a list or table of them."""
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case timedelta():
            return f'"{_duration(int(value.total_seconds()))}"'
        case list() | tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return f"{{ {', '.join(f'{key} = {_toml(each)}' for key, each in value.items())} }}"
        case _:
            return f'"{value}"'


def _duration(seconds: int) -> str:
    if seconds and seconds % 3600 == 0:
        return f"{seconds // 3600}h"
    return f"{seconds // 60}m" if seconds and seconds % 60 == 0 else f"{seconds}s"
