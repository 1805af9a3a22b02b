"""Each default and each limit of a setting is the one that the reference page tells, and is kept on both sides.

The tables stand here as people read them in docs/reference/configuration.md; a setting that is new joins them.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog import config
from catalog.config.kinds import Days, Duration, Keeping, Number, Size
from catalog.config.schema import SETTINGS
from catalog.errors import ConfigError
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

PAGE = (Path(__file__).parents[2] / "docs/reference/configuration.md").read_text(encoding="utf-8")
TITLES: dict[type, str] = {
    DatabaseSettings: "[database]",
    SourceSettings: "[sources.NAME]",
    GuardSettings: "[sources.NAME.guard]",
    ListSettings: "[sources.NAME.list]",
    ScheduleSettings: "[schedule]",
    AlertSettings: "[[alerts]]",
    WebhookSettings: "[alerts.webhook]",
    WatchSettings: "[watch]",
    MonitorSettings: "[monitor]",
    WebSettings: "[web]",
    PublishSettings: "[publish]",
}
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))

# Too little, the least and what it means, the most and what it means, too much; and the limits as the page tells them.
# Durations and sizes are texts; a space stands for what cannot be written.
LIMITS: dict[tuple[type, str], tuple[str, tuple[str, Any], tuple[str, Any], str, str]] = {
    (DatabaseSettings, "keep_runs"): (
        '"0s"',
        ('"1s"', SECOND),
        ('"36500d"', 36_500 * DAY),
        '"36501d"',
        '"1s" to "36500d"',
    ),
    (SourceSettings, "page_size"): ("0", ("1", 1), ("1000", 1000), "1001", "1 to 1000"),
    (SourceSettings, "timeout"): ('"0s"', ('"1s"', SECOND), ('"1h"', HOUR), '"3601s"', '"1s" to "1h"'),
    (SourceSettings, "deadline"): ('"0s"', ('"1s"', SECOND), ('"24h"', DAY), '"86401s"', '"1s" to "24h"'),
    (SourceSettings, "confirm_after"): (
        '"-1s"',
        ('"0s"', 0 * SECOND),
        ('"30d"', 30 * DAY),
        '"2592001s"',
        '"0s" to "30d"',
    ),
    (SourceSettings, "every"): ('"0s"', ('"1s"', SECOND), ('"365d"', 365 * DAY), '"366d"', '"1s" to "365d"'),
    (SourceSettings, "stale_after"): ('"59s"', ('"1m"', MINUTE), ('"365d"', 365 * DAY), '"366d"', '"1m" to "365d"'),
    (SourceSettings, "max_pages"): ("0", ("1", 1), ("10000000", 10_000_000), "10000001", "1 to 10000000"),
    (SourceSettings, "max_page_bytes"): (
        '"999B"',
        ('"1KB"', 1000),
        ('"1GB"', 1_000_000_000),
        '"1001MB"',
        '"1KB" to "1GB"',
    ),
    (GuardSettings, "max_removed_percent"): ("-1", ("0", 0), ("100", 100), "101", "0 to 100"),
    (GuardSettings, "min_removed"): ("0", ("1", 1), ("1000000", 1_000_000), "1000001", "1 to 1000000"),
    (ScheduleSettings, "every"): ('"0s"', ('"1s"', SECOND), ('"365d"', 365 * DAY), '"366d"', '"1s" to "365d"'),
    (ScheduleSettings, "jitter"): ('"-1s"', ('"0s"', 0 * SECOND), ('"24h"', DAY), '"86401s"', '"0s" to "24h"'),
    (AlertSettings, "settle"): ('"-1s"', ('"0s"', 0 * SECOND), ('"30d"', 30 * DAY), '"31d"', '"0s" to "30d"'),
    (AlertSettings, "failures"): ("0", ("1", 1), ("1000", 1000), "1001", "1 to 1000"),
    (WatchSettings, "milestones"): ("[0]", ("[1]", (1,)), ("[3650]", (3650,)), "[3651]", "1 to 3650"),
}
CHANNEL = 'name = "team"\nurl = "json://example.org"'
BESIDE: dict[tuple[type, str], str] = {(ScheduleSettings, "jitter"): 'every = "365d"'}  # what a value needs beside it

# What each setting is when the file leaves it out, as the page tells it, and what it means.
NOTHING: tuple[str, Any] = ("none", None)
DEFAULTS: dict[type, dict[str, tuple[str, Any]]] = {
    DatabaseSettings: {
        "url": ('"sqlite:///catalog.db"', "sqlite:////nowhere/catalog.db"),
        "must_exist": ("false", False),
        "auto_upgrade": ("true", True),
        "keep_runs": ('"forever"', None),
    },
    SourceSettings: {
        "api": ('"anthropic"', "anthropic"),
        "base_url": ('"https://api.anthropic.com"', "https://api.anthropic.com"),
        "api_key_env": ('"ANTHROPIC_API_KEY"', "ANTHROPIC_API_KEY"),
        "api_key_file": NOTHING,
        "auth": ('"x-api-key"', "x-api-key"),
        "api_version": ('"2023-06-01"', "2023-06-01"),
        "betas": ("[]", ()),
        "lifecycle": ("[]", ()),
        "workspace_id": ('""', ""),
        "headers": ("none", {}),
        "query": ("none", {}),
        "ignore": ("[]", ()),
        "page_size": ("1000", 1000),
        "timeout": ('"30s"', 30 * SECOND),
        "deadline": ('"10m"', 10 * MINUTE),
        "confirm_after": ('"15m"', 15 * MINUTE),
        "every": ('"1h"', HOUR),
        "cron": NOTHING,
        "stale_after": ('"3h"', 3 * HOUR),
        "unknown_dates": ("[]", ()),
        "paging": ('"cursor"', "cursor"),
        "allow_http": ("false", False),
        "max_pages": ("100000", 100_000),
        "max_page_bytes": ('"64MB"', 64_000_000),
    },
    GuardSettings: {"max_removed_percent": ("30", 30), "min_removed": ("4", 4)},
    ListSettings: {
        "path": ('"/v1/models"', "/v1/models"),
        "items": ('"data"', "data"),
        "id": ('"id"', "id"),
        "id_prefix": ('""', ""),
        "fields": (
            "none",
            {
                name: (name,)
                for name in (
                    *("display_name", "created_at", "type", "lifecycle", "deprecated_at", "retires_at", "line"),
                    *("max_input_tokens", "max_tokens"),
                )
            },
        ),
        "lifecycles": ("none", {}),
        "next": ('""', ""),
        "token_param": ('"after_id"', "after_id"),
        "size_param": ('"limit"', "limit"),
        "total": NOTHING,
        "repeats": ('"doubt"', "doubt"),
        "empty": ('""', ""),
    },
    ScheduleSettings: {
        "every": ('"1h"', HOUR),
        "cron": NOTHING,
        "timezone": ('"UTC"', "UTC"),
        "jitter": ('"0s"', 0 * SECOND),
    },
    AlertSettings: {
        "name": ("none", "team"),
        "url": ("none", "json://example.org"),
        "webhook": NOTHING,
        "command": NOTHING,
        "events": (
            (
                '["added", "returned", "removed", "changed:lifecycle", "changed:retires_at", '
                '"lowered", "retiring", "held", "sync_failed"]'
            ),
            (
                *("added", "returned", "removed", "changed:lifecycle", "changed:retires_at"),
                *("lowered", "retiring", "held", "sync_failed"),
            ),
        ),
        "models": ("[]", ()),
        "sources": ("[]", ()),
        "lines": ("[]", ()),
        "lifecycles": ("[]", ()),
        "only": ('""', ""),
        "settle": ('"0s"', 0 * SECOND),
        "failures": ("3", 3),
    },
    WebhookSettings: {
        "url": ("none", "https://example.org/hook"),
        "secret_env": NOTHING,
        "secret_file": NOTHING,
        "allow_http": ("false", False),
    },
    WatchSettings: {
        "models": ("[]", ()),
        "files": ("[]", ()),
        "milestones": ("[90, 60, 30, 14, 7, 1]", (90, 60, 30, 14, 7, 1)),
    },
    MonitorSettings: {
        "ping_url": ('""', ""),
        "ping_style": ('"healthchecks"', "healthchecks"),
        "metrics_file": NOTHING,
        "listen": NOTHING,
    },
    WebSettings: {
        "listen": NOTHING,
        "base_url": ('""', ""),
        "mirror_key_env": ('""', ""),
        "mirror_key_file": NOTHING,
        "mirror_open": ("false", False),
    },
    PublishSettings: {
        "folder": NOTHING,
        "base_url": ('""', ""),
        "sources": ("[]", ()),
        "models": ("[]", ()),
    },
}


def told(table: type) -> Iterator[tuple[str, list[str]]]:
    """Read the rows of a table of the page: the name of each setting, and its other cells."""
    section = PAGE.partition(f"\n## {TITLES[table]}\n")[2].partition("\n## ")[0]
    for line in section.splitlines():
        name, *cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|")))
        if name.startswith("`"):
            yield name.strip("`"), cells


def loaded(tmp_path: Path, table: type, line: str = "") -> Any:
    """Give the record of a table that holds one line more than it must."""
    hook = f'[[alerts]]\nname = "team"\n[alerts.webhook]\nurl = "https://example.org/hook"\n{line}'
    tables = {AlertSettings: f"[[alerts]]\n{CHANNEL}\n{line}", WebhookSettings: hook}
    title = TITLES[table].replace("NAME", "anthropic")
    path = tmp_path / "catalog.toml"
    path.write_text(tables.get(table, f"{title}\n{line}\n"), encoding="utf-8")
    path.chmod(0o600)
    found = config.load(path, environ={})
    [source] = found.sources
    alert = found.alerts[0] if found.alerts else None
    return {
        DatabaseSettings: replace(found.database, url=found.database.url.replace(str(tmp_path), "/nowhere")),
        SourceSettings: source,
        GuardSettings: source.guard,
        ListSettings: source.list,
        ScheduleSettings: replace(found.schedule),
        AlertSettings: alert,
        WebhookSettings: alert and alert.webhook,
        WatchSettings: found.watch,
        MonitorSettings: found.monitor,
        WebSettings: found.web,
        PublishSettings: found.publish,
    }[table]


def test_every_setting_has_its_default_in_the_table_and_every_limit_its_row() -> None:
    assert {table: set(settings) for table, settings in DEFAULTS.items()} == {
        table: set(settings) for table, settings in SETTINGS.items()
    }
    limited = (Days, Duration, Keeping, Number, Size)
    assert LIMITS.keys() == {
        (table, name)
        for table, settings in SETTINGS.items()
        for name, setting in settings.items()
        if isinstance(setting.kind, limited)
    }


@pytest.mark.parametrize("table", DEFAULTS, ids=lambda table: table.__name__)
def test_what_the_file_leaves_out_is_what_the_page_says(tmp_path: Path, table: type) -> None:
    wanted = {name: written if written == "none" else f"`{written}`" for name, (written, _) in DEFAULTS[table].items()}
    assert {name: cells[0] for name, cells in told(table)} == wanted
    found = loaded(tmp_path, table)
    values = {name: getattr(found, name) for name in DEFAULTS[table]}
    if "timezone" in values:
        values["timezone"] = str(values["timezone"])
    assert values == {name: value for name, (_, value) in DEFAULTS[table].items()}


@pytest.mark.parametrize(("table", "name"), LIMITS, ids=lambda part: part if isinstance(part, str) else part.__name__)
def test_a_limit_is_kept_on_both_sides_and_told(tmp_path: Path, table: type, name: str) -> None:
    too_little, least, most, too_much, words = LIMITS[table, name]
    beside = BESIDE.get((table, name), "")
    for written, value in (least, most):
        assert getattr(loaded(tmp_path, table, f"{beside}\n{name} = {written}"), name) == value
    for written in (too_little, too_much):
        with pytest.raises(ConfigError) as caught:
            loaded(tmp_path, table, f"{beside}\n{name} = {written}")
        assert f".{name}" in caught.value.message
    assert dict(told(table))[name][1].endswith(f"from {words}")


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("stale_after", "90s", timedelta(seconds=90)),
        ("stale_after", "2m", timedelta(seconds=120)),
        ("stale_after", "3h", timedelta(seconds=10_800)),
        ("stale_after", "4d", timedelta(seconds=345_600)),
        ("stale_after", "5w", timedelta(seconds=3_024_000)),
        ("max_page_bytes", "2000B", 2000),
        ("max_page_bytes", "3KB", 3000),
        ("max_page_bytes", "4MB", 4_000_000),
        ("max_page_bytes", "1GB", 1_000_000_000),
        ("max_page_bytes", "3KiB", 3072),
        ("max_page_bytes", "4MiB", 4_194_304),
    ],
)
def test_each_unit_is_what_it_is_called(tmp_path: Path, name: str, written: str, value: object) -> None:
    assert getattr(loaded(tmp_path, SourceSettings, f'{name} = "{written}"'), name) == value
