r"""Escapes text for a database whose encoding does not hold all of Unicode.

A new catalog is made in UTF8 only. An old one in another encoding must not stop at a name in another script: the name
is stored as `\u4e2d`, the same each time, so that it is no change on the next day.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from catalog.domain import Item, Reading

Escape = Callable[[str], str]
_LONGEST = 256  # characters of an id
_SHORT = 0xFFFF  # the highest code point that four digits spell
_ALL = ("UTF8", "SQL_ASCII")
# Python's names for the encodings of Postgres (https://www.postgresql.org/docs/current/multibyte.html); of any other
# one, only ASCII is relied on.
_PYTHON = {
    **{f"LATIN{number}": f"iso8859-{part}" for number, part in enumerate((1, 2, 3, 4, 9, 10, 13, 14, 15, 16), start=1)},
    **{f"ISO_8859_{number}": f"iso8859-{number}" for number in (5, 6, 7, 8)},
    **{f"WIN{number}": f"cp{number}" for number in (866, 874, *range(1250, 1259))},
    "KOI8R": "koi8-r",
    "KOI8U": "koi8-u",
}


def holds_all(encoding: str) -> bool:
    """Tell whether a database of this encoding, as Postgres names it, takes every text as it is."""
    return encoding in _ALL


def of(connection: sa.Connection) -> Escape | None:
    """Give the function that escapes text for the database of a connection; None where it holds every text."""
    return None if connection.dialect.name == "sqlite" else of_driver(connection.connection.driver_connection)


def of_driver(driver: Any) -> Escape | None:
    """Do the same for a connection of the driver."""
    encoding = driver.info.parameter_status("server_encoding") or "UTF8"
    return None if holds_all(encoding) else escaping(encoding)


def escaping(encoding: str) -> Escape:
    """Give the function that escapes text for a database of this encoding."""
    codec = _PYTHON.get(encoding, "ascii")

    def each(letter: str) -> str:
        try:
            letter.encode(codec)
        except UnicodeEncodeError:
            return f"\\u{ord(letter):04x}" if ord(letter) <= _SHORT else f"\\U{ord(letter):08x}"
        return letter

    return lambda text: text if text.isascii() else "".join(map(each, text))


def teach(driver: Any) -> None:
    """Let a connection of the driver escape each text that it sends."""
    escape = of_driver(driver)
    if escape is not None:
        driver.adapters.register_dumper(str, _dumper(escape))


def _dumper(escape: Escape) -> type:
    from psycopg.adapt import Dumper

    class Escaped(Dumper):
        def dump(self, obj: str) -> bytes:
            return escape(obj).encode()

    return Escaped


def storable(items: Sequence[Item], escape: Escape) -> list[Item]:
    """Give items as they will be read back, to compare them with what is stored; of equal ids only the first."""
    first: dict[str, Item] = {}
    for item in items:
        escaped = _Escaped(item, escape)
        first.setdefault(escaped.id, escaped)
    return list(first.values())


class _Escaped:
    """An item with escaped texts."""

    def __init__(self, item: Item, escape: Escape) -> None:
        self._item = item
        self._escape = escape
        self.id = short(escape(item.id))
        self.digest = item.digest
        self.disputed = item.disputed

    def read(self) -> Reading:
        reading, escape = self._item.read(), self._escape
        columns = tuple(escape(value) if isinstance(value, str) else value for value in reading.columns)
        attributes = {escape(name): in_json(text, escape) for name, text in reading.attributes.items()}
        mapped = frozenset(tuple(map(escape, path)) for path in reading.mapped)
        return replace(reading, columns=columns, attributes=attributes, mapped=mapped)


def in_json(text: str, escape: Escape) -> str:
    """Escape a JSON text inside its strings: the backslash is doubled, for as JSON's own escape Postgres refuses it."""
    if text.isascii():
        return text
    each = ((letter, escape(letter)) for letter in text)
    return "".join(letter if escaped == letter else f"\\{escaped}" for letter, escaped in each)


def short(id: str) -> str:
    """Cut an id that became too long; a digest at its end keeps it apart from others that begin alike."""
    return id if len(id) <= _LONGEST else f"{id[: _LONGEST - 17]}~{sha256(id.encode()).hexdigest()[:16]}"
