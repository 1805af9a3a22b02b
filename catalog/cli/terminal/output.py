"""Data on stdout: a table on a terminal, aligned text in a pipe, JSON, CSV or TSV when asked.

Text that came from outside can do no harm: text and tables show control characters as escapes, CSV cells start no
formula, JSON is plain ASCII. No id is ever cut.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, compress, islice
from typing import IO, TextIO

from catalog import clock, tabular
from catalog.cli.context import Form
from catalog.cli.terminal import cells, table
from catalog.cli.terminal.cells import NOTHING, ShownCell, Tone
from catalog.tabular import Row
from catalog.text import harmless

_ALIGNED = 5_000  # rows that are read ahead to align the columns; what comes after streams, uncut
_USUAL = 80  # columns of a terminal that does not say how wide it is
second = cells.second  # for sentences


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
    kept: bool = False,
    stream: TextIO | None = None,
) -> None:
    """Print rows: `columns` for programs; on a terminal and in a pipe `shown`, the few that people want (or all).

    People see no column that is empty in all rows, unless all are to be `kept`.
    """
    stream = stream or sys.stdout
    match form:
        case "json" | "nl":
            write = tabular.write_json if form == "json" else tabular.write_lines
            write(({name: row[name] for name in columns if name in row} for row in rows), stream)
        case "csv" | "tsv":
            tabular.write_csv(rows, columns, stream, delimiter="," if form == "csv" else "\t")
        case "text":
            _text(rows, shown or columns, stream, kept=kept)


def array(rows: Iterable[Row], *, stream: TextIO | None = None) -> None:
    """Print one JSON array, an object per line, each as soon as it is known."""
    tabular.write_json(rows, stream or sys.stdout)


def document(value: object) -> None:
    """Print one JSON value, laid out for reading."""
    sys.stdout.write(f"{json.dumps(value, default=tabular.json_value, indent=2)}\n")


def line(text: str = "", *, tone: Tone = "", stream: IO[str] | None = None) -> None:
    """Print one line, whatever the text holds; with a colour where stdout shows colours."""
    told = harmless(text)
    print(table.painted(told, tone) if tone and coloured(sys.stdout) else told, file=stream or sys.stdout)


def coloured(stream: IO[str]) -> bool:
    """Tell whether a stream is a terminal whose user wants colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") not in {"dumb", "unknown"}


def _text(rows: Iterable[Row], columns: Sequence[str], stream: TextIO, *, kept: bool) -> None:
    """Print a table on a terminal, aligned text elsewhere, and where there are too many rows to be read ahead."""
    now = clock.utc_now()
    lines = ([cells.cell(name, row[name], now) for name in columns] for row in rows)
    first = list(islice(lines, _ALIGNED))
    rest = next(lines, None)
    heads = [cells.head(name) for name in columns]
    if rest is None and not kept:
        heads, first = _filled(heads, first)
    if rest is not None or not stream.isatty():
        printed = table.aligned(heads, first, lines if rest is None else chain([rest], lines))
    else:
        printed = table.fitted(heads, first, width(stream), coloured=coloured(stream))
    stream.writelines(f"{each}\n" for each in printed)


def _filled(heads: list[str], rows: list[list[ShownCell]]) -> tuple[list[str], list[list[ShownCell]]]:
    """Leave out the columns that are empty in all rows, but not all columns."""
    filled = [any(row[place].text != NOTHING for row in rows) for place in range(len(heads))]
    if not any(filled):
        return heads, rows
    return [*compress(heads, filled)], [[*compress(row, filled)] for row in rows]


def width(stream: TextIO) -> int:
    """Tell how wide a terminal is."""
    if os.environ.get("COLUMNS", "").isdecimal():
        return int(os.environ["COLUMNS"])
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except OSError:
        return _USUAL
