"""Lays out rows as lines: a table that fits the terminal, else a block for each row; aligned text in a pipe. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from catalog.cli.terminal.cells import NOTHING, ShownCell

_WIDEST = 200  # columns; a longer text stands whole, and moves its own row alone
_NARROWEST = 12  # columns that a text is folded into at least,
_LONGEST = 24  # and columns that its longest word keeps whole
_GAP = "  "
_CODES = {"bold": 1, "green": 32, "yellow": 33, "red": 31}
_WORDS = re.compile(r"\S+\s*")


class _Layout(NamedTuple):
    """How wide columns are, and what stands between them."""

    widths: Sequence[int]
    gap: str = _GAP

    def joined(self, texts: Sequence[str], tones: Sequence[str] = ()) -> str:
        """Put cells side by side; the last one is not filled up."""
        padding = [" " * max(0, width - width_of(text)) for text, width in zip(texts, self.widths, strict=True)]
        shown = [painted(*each) for each in zip(texts, tones, strict=True)] if tones else texts
        return self.gap.join(text + blank for text, blank in zip(shown, padding, strict=True)).rstrip()


def aligned(
    heads: Sequence[str], first: Sequence[Sequence[ShownCell]], rest: Iterable[Sequence[ShownCell]]
) -> Iterator[str]:
    """Align rows by the `first` of them; nothing is cut."""
    lines = [[cell.text for cell in row] for row in first]
    layout = _Layout([min(_WIDEST, max(map(width_of, column))) for column in zip(heads, *lines, strict=True)])
    return map(layout.joined, chain([heads], lines, ([cell.text for cell in row] for row in rest)))


def fitted(heads: Sequence[str], rows: Sequence[Sequence[ShownCell]], room: int, *, coloured: bool) -> Iterator[str]:
    """Draw a table of at most `room` columns; where none can have each id and time whole, a block for each row.

    Where it is tight, first the brief forms are taken, then gaps get narrower, and only then texts are folded.
    """
    texts = [[cell.text for cell in row] for row in rows]
    brief = [[cell.brief for cell in row] for row in rows]
    least = [_least(column) for column in zip(heads, *rows, strict=True)]
    for cells, gap, folds in ((texts, _GAP, False), (brief, _GAP, False), (brief, " ", False), (brief, _GAP, True)):
        wanted = [max(map(width_of, column)) for column in zip(heads, *cells, strict=True)]
        widths = _shared(least if folds else wanted, wanted, room - len(gap) * (len(heads) - 1))
        if widths is not None:
            tones = [[cell.tone if coloured else "" for cell in row] for row in rows]
            return _table(heads, cells, tones, _Layout(widths, gap), coloured=coloured)
    return _blocks(heads, rows, room, coloured=coloured)


def painted(text: str, tone: str) -> str:
    """Give a text a colour."""
    return f"\x1b[{_CODES[tone]}m{text}\x1b[0m" if tone else text


def wrapped(text: str, room: int) -> list[str]:
    """Break a text into lines between words; a word that is too long for a line is broken, too."""
    lines = [""]
    for word in _WORDS.findall(text):
        for part in _parts(word, room):
            if lines[-1] and width_of(lines[-1]) + width_of(part.rstrip()) > room:
                lines.append("")
            lines[-1] += part
    return [line.rstrip() for line in lines]


def width_of(text: str) -> int:
    """Count the columns a text takes on a terminal."""
    if text.isascii():
        return len(text)
    seen = (char for char in text if not unicodedata.combining(char))
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in seen)


def _parts(word: str, room: int) -> Iterator[str]:
    """Cut a word into parts that fit a line."""
    part = ""
    for char in word:
        if part and not char.isspace() and width_of(part + char) > room:
            yield part
            part = ""
        part += char
    yield part


def _least(column: tuple[str, *tuple[ShownCell, ...]]) -> int:
    """Say how narrow a column may be."""
    head, *cells = column
    whole = max((width_of(cell.brief) for cell in cells), default=0)
    if any(cell.folds for cell in cells):
        longest = max((width_of(word) for cell in cells for word in cell.brief.split()), default=0)
        whole = min(whole, max(_NARROWEST, min(longest, _LONGEST)))
    return max(width_of(head), whole)


def _shared(least: Sequence[int], wanted: Sequence[int], room: int) -> list[int] | None:
    """Take from the widest columns until all fit; None: they cannot."""
    widths = list(wanted)
    if sum(least) > room:
        return None
    while sum(widths) > room:
        _, widest = max((width, place) for place, width in enumerate(widths) if width > least[place])
        widths[widest] -= 1
    return widths


def _table(
    heads: Sequence[str],
    texts: Sequence[Sequence[str]],
    tones: Sequence[Sequence[str]],
    layout: _Layout,
    *,
    coloured: bool,
) -> Iterator[str]:
    title = layout.joined(heads)
    yield painted(title, "bold") if coloured else title
    yield "─" * (sum(layout.widths) + len(layout.gap) * (len(heads) - 1))
    for line, colours in zip(texts, tones, strict=True):
        folded = [wrapped(text, width) for text, width in zip(line, layout.widths, strict=True)]
        for number in range(max(map(len, folded))):
            yield layout.joined([lines[number] if number < len(lines) else "" for lines in folded], colours)


def _blocks(heads: Sequence[str], rows: Sequence[Sequence[ShownCell]], room: int, *, coloured: bool) -> Iterator[str]:
    """Give a line for each value of a row, and a blank line between rows."""
    width = max(map(width_of, heads))
    for number, row in enumerate(rows):
        yield from [""] if number else []
        for head, cell in zip(heads, row, strict=True):
            left = max(_NARROWEST, room - width - len(_GAP))
            lines = wrapped(cell.text, left) if cell.folds else [cell.text]
            for place, text in enumerate(lines if cell.text not in {"", NOTHING} else []):
                told = painted(text, cell.tone) if coloured else text
                yield f"{'' if place else head:<{width}}{_GAP}{told}"
