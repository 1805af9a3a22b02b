"""What a terminal shows while lists are read: of `catalog run` a line per source, of `catalog sync` how far it is."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from catalog import clock, dates
from catalog.cli.running import run_lines
from catalog.cli.terminal.progress import Progress
from catalog.text import harmless

if TYPE_CHECKING:
    from catalog.service.schedule import JobState

_REFRESH = 4  # times a second


def shown(read: Callable[[], "Sequence[JobState]"], progress: Progress) -> Live:
    """Show on stdout what `read` gives, while the context lasts; other output appears above it."""
    return Live(
        console=Console(highlight=False, emoji=False, markup=False),
        get_renderable=lambda: Group(*drawn(read(), progress.words(), now=clock.utc_now())),
        refresh_per_second=_REFRESH,
    )


def reading(progress: Progress) -> Live:
    """Show on stderr, while the context lasts, what each run is doing; log lines appear above it."""

    def draw() -> Group:
        return Group(*(_line(f"{source}: {words}") for source, words in progress.words().items()))

    console = Console(stderr=True, highlight=False, emoji=False, markup=False)
    return Live(
        console=console, get_renderable=draw, refresh_per_second=_REFRESH, transient=True, redirect_stdout=False
    )


def _line(words: str, style: str = "") -> Text:
    return Text(words, style=style, no_wrap=True, overflow="ellipsis")


def drawn(jobs: "Sequence[JobState]", doing: Mapping[str, str], *, now: datetime) -> list[Text]:
    """Draw a line per source, in columns; `doing` says what those do that are running. Long lines are cut."""
    rows = [(line.source, *cells(line, doing.get(line.source, "reading"), now)) for line in jobs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    found = []
    for line, (*columns, outcome) in zip(jobs, rows, strict=True):
        words = [*(word.ljust(width) for word, width in zip(columns, widths, strict=True)), harmless(outcome)]
        style = "red" if line.failure else "cyan" if line.began else ""
        found.append(_line("  ".join(words), style))
    return found


def cells(line: "JobState", doing: str, now: datetime) -> tuple[str, str, str]:
    """Say when the last run ended, when the next one begins, and how the last one ended or what this one is doing."""
    ended = f"{dates.age(now - line.ended)} ago" if line.ended else "-"
    if line.began is not None:
        return ended, "now", doing
    due = "now" if line.next is None or line.next <= now else f"next in {dates.age(line.next - now)}"
    return ended, due, _outcome(line)


def _outcome(line: "JobState") -> str:
    if line.failure is not None:
        again = f" ({line.failures} times)" if line.failures > 1 else ""
        return f"failed{again}: {line.failure.message}"
    if line.report is not None:
        return run_lines.outcome(line.report)
    return "read by another worker" if line.ended else "waiting"
