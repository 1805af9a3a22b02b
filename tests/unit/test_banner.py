"""What `catalog run` says when it begins."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from catalog import __version__, cron
from catalog.cli.running import banner
from catalog.service.schedule import Task, Timetable

NOW = datetime(2026, 11, 22, 9, 31, tzinfo=UTC)
HOURLY = Timetable(when=timedelta(hours=1))
QUARTERS = Timetable(when=cron.parse("*/15 * * * *"))
ONE = "one now and every 1 h (next: 2026-11-22T10:00:00Z)"
SOON = "next: 2026-11-22T09:31:30Z"


def tasks(table: Timetable, *names: str) -> list[Task]:
    return [Task(source=name, host="", timetable=table, run=lambda _: None) for name in names]


BANNERS: dict[str, tuple[Sequence[Task], Mapping[str, str], str]] = {
    "one": (tasks(HOURLY, "one"), {}, ONE),
    "short": (tasks(Timetable(when=timedelta(seconds=90)), "one"), {}, f"one now and every 1 min 30 s ({SOON})"),
    "two alike": (tasks(HOURLY, "one", "two"), {}, "one, two now and every 1 h (next: 2026-11-22T10:00:00Z)"),
    "two that differ": (
        [*tasks(HOURLY, "one"), *tasks(QUARTERS, "two")],
        {},
        f'{ONE}, two now and by cron "*/15 * * * *" (next: 2026-11-22T09:45:00Z)',
    ),
    "many": (
        tasks(HOURLY, *"abcdefghijk"),
        {},
        "a, b, c, d, e, f, g, h and 3 more now and every 1 h (next: 2026-11-22T10:00:00Z)",
    ),
    "what is served": (
        tasks(HOURLY, "one"),
        {"metrics": "http://127.0.0.1:1/metrics", "pages": "http://[::1]:2/"},
        f"{ONE}; metrics at http://127.0.0.1:1/metrics; pages at http://[::1]:2/",
    ),
}


@pytest.mark.parametrize(("tasks", "served", "told"), BANNERS.values(), ids=BANNERS.keys())
def test_one_line_tells_what_is_read_when(tasks: Sequence[Task], served: Mapping[str, str], told: str) -> None:
    assert banner.words(tasks, served, NOW) == f"catalog {__version__} reads {told}"
    assert banner.following(tasks, NOW).keys() == {task.source for task in tasks}
