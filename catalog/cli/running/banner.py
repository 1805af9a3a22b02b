"""What `catalog run` says when it begins: version, sources, schedule, and the addresses that it serves."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from catalog import __version__, dates
from catalog.cron import Cron
from catalog.service.schedule import Task, Timetable

_FEW = 8  # sources that are named


def words(tasks: Sequence[Task], served: Mapping[str, str], now: datetime) -> str:
    """Say in one line what is read when, and what is `served` where."""
    together: dict[Timetable, list[str]] = {}
    for task in tasks:
        together.setdefault(task.timetable, []).append(task.source)
    rhythms = [f"{_names(sources)} now and {_rhythm(table, now)}" for table, sources in together.items()]
    places = [f"{what} at {where}" for what, where in served.items()]
    return "; ".join([f"catalog {__version__} reads {', '.join(rhythms)}", *places])


def following(tasks: Sequence[Task], now: datetime) -> dict[str, str]:
    """Say when each source is read after the run that begins now."""
    return {task.source: dates.to_text(task.timetable.slot(now)) for task in tasks}


def _names(sources: Sequence[str]) -> str:
    more = f" and {len(sources) - _FEW:,} more" if len(sources) > _FEW else ""
    return ", ".join(sources[:_FEW]) + more


def _rhythm(table: Timetable, now: datetime) -> str:
    how = f'by cron "{table.when.text}"' if isinstance(table.when, Cron) else f"every {dates.age(table.when)}"
    return f"{how} (next: {dates.short(table.slot(now))})"
