"""Rows as JSON, CSV and TSV, for other programs: on stdout, from the web pages, and in published files.

Text that came from outside can do no harm: CSV cells start no formula, JSON is plain ASCII. No id is ever cut.
"""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from catalog import dates
from catalog.text import harmless

Row = Mapping[str, object]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets take the wide ones, too
_JSON_TEXTS = frozenset({"old_value", "new_value", "scope"})  # columns whose texts hold JSON


class Writable(Protocol):
    """What text is written to."""

    def write(self, text: str, /) -> object: ...


def record(one: object, columns: Sequence[str]) -> Row:
    """Give the columns of a domain object."""
    return {name: getattr(one, name) for name in columns}


def values(row: Row) -> Row:
    """Give a row with the values that its JSON texts hold. What is absent is left out: null is what a list said."""
    held = ((name, value) for name, value in row.items() if value is not None or name not in _JSON_TEXTS)
    return {name: _value(name, value) for name, value in held}


def told(value: str | None) -> str:
    """Spell a value of the change log, which is JSON text, for people."""
    if value is None:
        return "absent"
    read = _read(value)
    if not isinstance(read, str):
        return value
    try:
        moment = dates.parse(read)
    except ValueError:
        return read or '""'
    return "unknown" if moment is None else dates.day(moment)


def transition(field: str | None, old: str | None, new: str | None) -> str:
    """Say to people how a field changed."""
    return f"{field}: {told(old)} → {told(new)}"


def write_json(rows: Iterable[Row], stream: Writable) -> None:
    """Write one JSON array, an object per line, each as soon as it is known."""
    opening = "["
    for row in rows:
        stream.write(f"{opening}\n{json_text(values(row))}")
        opening = ","
    stream.write("[]\n" if opening == "[" else "\n]\n")


def write_lines(rows: Iterable[Row], stream: Writable) -> None:
    """Write a JSON object per line, each as soon as it is known."""
    for row in rows:
        stream.write(f"{json_text(values(row))}\n")


def write_csv(rows: Iterable[Row], columns: Sequence[str], stream: Writable, *, delimiter: str = ",") -> None:
    """Write a head and a line per row, each as soon as it is known. What holds JSON keeps its text."""
    writer = csv.writer(stream, lineterminator="\n", delimiter=delimiter)
    writer.writerow(columns)
    writer.writerows([_csv_cell(row.get(name)) for name in columns] for row in rows)


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


def _value(name: str, value: object) -> object:
    """Give the value of a column, which may be rows in a row: the changes of a model."""
    if name in _JSON_TEXTS:
        return _read(value)
    if isinstance(value, list):
        return [values(each) if isinstance(each, Mapping) else each for each in value]
    return value


def _read(text: Any) -> object:
    """Read JSON text; what is none stands for itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _csv_cell(value: object) -> str:
    """Spell a value for other programs; a text that a spreadsheet would run gets a ' before it."""
    if isinstance(value, str):
        return ("'" if value.startswith(_FORMULA) else "") + harmless(value)
    if isinstance(value, datetime):
        return dates.to_text(value)
    return "" if value is None else json_text(value)
