"""Rows as JSON and CSV, for other programs: on stdout, from the web pages, and in published files.

Text that came from outside can do no harm: CSV cells start no formula, JSON is plain ASCII. No id is ever cut.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from catalog import dates
from catalog.text import harmless

Row = Mapping[str, object]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take the wide ones, too


class Writable(Protocol):
    """What text is written to."""

    def write(self, text: str, /) -> object: ...


def record(one: object, columns: Sequence[str]) -> Row:
    """Give the columns of a domain object."""
    return {name: getattr(one, name) for name in columns}


def write_json(rows: Iterable[Row], stream: Writable) -> None:
    """Write one JSON array, an object per line, each as soon as it is known."""
    opening = "["
    for row in rows:
        stream.write(f"{opening}\n{json_text(row)}")
        opening = ","
    stream.write("[]\n" if opening == "[" else "\n]\n")


def write_csv(rows: Iterable[Row], columns: Sequence[str], stream: Writable) -> None:
    """Write a head and a line per row, each as soon as it is known."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(row[name]) for name in columns] for row in rows)


def json_text(value: object) -> str:
    """Spell a value as JSON on one line, in ASCII, times included."""
    return json.dumps(value, default=json_value)


def json_value(value: object) -> object:
    """Spell what JSON has no form for: a moment as text, a length of time in seconds."""
    if isinstance(value, datetime):
        return dates.to_text(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _csv_cell(value: object) -> str:
    """Spell a value for other programs; a text that a spreadsheet would run gets a ' before it."""
    if isinstance(value, str):
        return ("'" if value.startswith(_FORMULA) else "") + harmless(value)
    if isinstance(value, datetime):
        return dates.to_text(value)
    return "" if value is None else json_text(value)
