"""Data on stdout: a table on a terminal, aligned text in a pipe, JSON or CSV when asked.

Text that came from outside can do no harm: text and tables show control characters as escapes, CSV cells start no
formula, JSON is plain ASCII. No id is ever cut.
"""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import IO, TextIO

from catalog import dates, tabular
from catalog.cli.context import Form
from catalog.tabular import Row
from catalog.text import harmless

_WIDEST = 200  # columns; a longer text stands whole, and moves its own row alone
_ALIGNED = 5_000  # rows that are read ahead to align the columns; what comes after streams, uncut
# Copied by hand: never broken into lines.
_WHOLE = frozenset({"id", "model_id", "source", "change_id", "run_id", "api", "key_variable"})
_NARROWEST = 8
_DAY = re.compile(r"\b\d{4}-\d\d-\d\dT(?=\d\d:)")
_GAP = 3  # columns of a terminal between two cells of a table


@contextmanager
def ignoring_closed_stdout() -> Iterator[None]:
    """Print beside the work. Once the reader of stdout has closed it, nothing more is printed and the work goes on."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        mute()


@contextmanager
def progress_bar(words: str, *, shown: bool) -> Iterator[Callable[..., None]]:
    """Draw a bar on stderr while the block lasts, if it is `shown`; give the function that moves it.

    It takes what `Progress.update` of rich takes: `completed`, `total`, and as `description` the words before the bar.
    """
    if not shown or not sys.stderr.isatty():
        yield lambda **_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield partial(progress.update, progress.add_task(words, total=None))


def mute() -> None:
    """Send everything that is still printed to /dev/null, what is buffered included."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def listing(
    rows: Iterable[Row],
    *,
    columns: Sequence[str],
    form: Form,
    shown: Sequence[str] | None = None,
    stream: TextIO | None = None,
) -> None:
    """Print rows: `columns` as JSON or CSV; on a terminal and in a pipe `shown`, the few that people want (or all)."""
    stream = stream or sys.stdout
    if form == "json":
        array(({name: row[name] for name in columns} for row in rows), stream=stream)
    elif form == "csv":
        tabular.write_csv(rows, columns, stream)
    else:
        _text(rows, shown or columns, stream)


def array(rows: Iterable[Row], *, stream: TextIO | None = None) -> None:
    """Print one JSON array, an object per line, each as soon as it is known."""
    tabular.write_json(rows, stream or sys.stdout)


def document(value: object, *, stream: TextIO | None = None) -> None:
    """Print one JSON value, laid out for reading."""
    print(json.dumps(value, default=tabular.json_value, indent=2), file=stream or sys.stdout)


def line(text: str = "", *, stream: IO[str] | None = None) -> None:
    """Print one line, whatever the text holds."""
    print(harmless(text), file=stream or sys.stdout)


def cell(value: object) -> str:
    """Spell a value for people: harmless, on one line, `-` for nothing."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return second(value)
    if isinstance(value, timedelta):
        return dates.age(value)
    return harmless(value if isinstance(value, str) else tabular.json_text(value))


def second(moment: datetime) -> str:
    """Spell a moment for people, to the second that it lies in."""
    return dates.short(moment.replace(microsecond=0))


def _text(rows: Iterable[Row], columns: Sequence[str], stream: TextIO) -> None:
    """Print a table; aligned text where a table does not fit, or where the output is no terminal."""
    lines = ([cell(row[name]) for name in columns] for row in rows)
    first = list(islice(lines, _ALIGNED))
    rest = next(lines, None)
    if rest is not None:
        _aligned(columns, first, chain([rest], lines), stream)
    elif not (stream.isatty() and _table(columns, first, stream)):
        _aligned(columns, first, iter(()), stream)


def _aligned(columns: Sequence[str], first: list[list[str]], rest: Iterator[list[str]], stream: TextIO) -> None:
    widths = [min(_WIDEST, max(map(_width, cells))) for cells in zip(columns, *first, strict=True)]
    for cells in chain([list(columns)], first, rest):
        padded = (text + " " * (width - _width(text)) for text, width in zip(cells, widths, strict=True))
        stream.write("  ".join(padded).rstrip() + "\n")


def _table(columns: Sequence[str], lines: list[list[str]], stream: TextIO) -> bool:
    """Draw a table with rich; False: the terminal is too narrow to show the ids whole."""
    from rich.box import SIMPLE_HEAD
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    wanted = [max(map(cell_len, cells)) for cells in zip(columns, *lines, strict=True)]
    widths = _fitted(columns, wanted, console.width - _GAP * (len(columns) - 1))
    if widths is None:
        return False
    for name, width in zip(columns, widths, strict=True):
        table.add_column(Text(name), overflow="fold", no_wrap=name in _WHOLE, width=width)
    for cells in lines:
        fitting = zip(cells, widths, strict=True)
        table.add_row(*(Text(text if cell_len(text) <= width else _parted(text)) for text, width in fitting))
    console.print(table)
    return True


def _parted(text: str) -> str:
    """Break a text that is too wide between day and hour, where it holds a time."""
    return _DAY.sub("\\g<0>\n", text)


def _fitted(columns: Sequence[str], wanted: Sequence[int], room: int) -> list[int] | None:
    """Take from the widest columns until all fit; None: they cannot. Left to itself, rich cuts cells without a sign."""
    least = [width if name in _WHOLE else min(width, _NARROWEST) for name, width in zip(columns, wanted, strict=True)]
    widths = [max(low, min(width, room)) for low, width in zip(least, wanted, strict=True)]
    if sum(least) > room:
        return None
    while sum(widths) > room:
        _, widest = max((width, place) for place, width in enumerate(widths) if width > least[place])
        widths[widest] -= 1
    return widths


def _width(text: str) -> int:
    """Count the columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    seen = (char for char in text if not unicodedata.combining(char))
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in seen)
