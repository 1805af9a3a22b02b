"""Names of models in addresses and folders: every id has one, whatever characters it holds.

A name is the id with each byte outside of A-Z, a-z, 0-9, `.`, `_` and `-` written as `~` and two hex digits, and so is
a dot that comes first: no name is `..`, leads into another folder, or is hidden. `~` itself is written so, too; so two
ids share a name only if they are equal. Ids that differ in case alone have names that differ in case alone: a folder
that takes `A` and `a` for one cannot hold both.

A name with more than 200 characters would be too long for a file. It is cut, and ends with a digest of the id instead.

What has no address of its own (an entry of a feed, a feed, an event of a calendar) has a UUID made from what it tells.
"""

import hashlib
import re
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from catalog import dates
from catalog.text import harmless

_NAMESPACE = uuid.UUID("b0a83c0c-9d6a-4f0e-8f57-2f1f0c6c3d1e")  # of all UUIDs; readers would take new ones for news

_LONGEST = 200  # characters of a name that stands whole; file systems allow 255 bytes, with a suffix
_KEPT = 150  # of one that is cut
_CUT = "~~"  # no escape begins so
_SHOWN = 60  # characters of a wrong value that are told back
_LAST_ROW = 2**31 - 2  # rows are numbered with 32 bits on Postgres; the next one has a number, too
_DIGEST = 32  # hex digits
_ESCAPED = re.compile(r"\A\.|[^A-Za-z0-9._-]", re.DOTALL)
_BYTES = re.compile("(?:~[0-9A-F]{2})+")
_CUT_NAME = re.compile(rf"([A-Za-z0-9._~-]{{{_KEPT}}}){_CUT}[0-9a-f]{{{_DIGEST}}}")


class Sought(NamedTuple):
    """What an address asks for: an id, or one of the ids with this beginning, whose names must be compared."""

    text: str
    is_whole: bool


class Dated(NamedTuple):
    """Where an entry of the stream stands that tells of a date: no change has its place."""

    text: str
    at: datetime
    source: str
    uid: str


def name_of(id: str) -> str:
    """Give the name of an id."""
    name = _ESCAPED.sub(lambda found: "".join(f"~{byte:02X}" for byte in _bytes(found[0])), id)
    if len(name) <= _LONGEST:
        return name
    return f"{name[:_KEPT]}{_CUT}{hashlib.sha256(_bytes(id)).hexdigest()[:_DIGEST]}"


def id_or_prefix(name: str) -> Sought | None:
    """Read a name back; None: no id has it, also where it spells one in another way than `name_of`."""
    cut = _CUT_NAME.fullmatch(name)
    text = _read(name if cut is None else re.sub("~[0-9A-F]?$", "", cut[1]), whole=cut is None)
    if cut is None:
        return Sought(text, is_whole=True) if text and name_of(text) == name else None
    return Sought(text, is_whole=False) if text else None


def model_path(source: str, id: str, suffix: str = "html") -> str:
    """Give where a model is, relative to the root of the site."""
    return f"model/{name_of(source)}/{name_of(id)}.{suffix}"


def twin(path: str, others: Iterable[str]) -> str | None:
    """Give the one of these paths that differs from a path in case alone: some disks take them for one."""
    return next((each for each in others if each != path and each.lower() == path.lower()), None)


def told(path: str) -> str:
    """Name a file of the site by the id of its model, if it is of one."""
    sought = id_or_prefix(path.rpartition("/")[2].rpartition(".")[0]) if path.startswith("model/") else None
    return sought.text if sought else path


def uuid_of(told: str) -> uuid.UUID:
    """Give the UUID of what this text tells: the same in every catalog, at every address."""
    return uuid.uuid5(_NAMESPACE, told)


def stand(text: str, _: object) -> int | Dated:
    """Read a place in the stream: the number of a change, or of a date, `MOMENT:SOURCE:UUID`. Raises ValueError."""
    if re.fullmatch("[0-9]{1,10}", text) and 1 <= int(text) <= _LAST_ROW:
        return int(text)
    rest, _colon, uid = text.rpartition(":")
    moment, _colon, source = rest.rpartition(":")
    try:
        return Dated(text, dates.from_text(moment), source, uuid.UUID(uid).urn)
    except ValueError:
        words = "is no place in the stream; write the number of a change, from 1 to"
        raise ValueError(f'"{harmless(text[:_SHOWN])}" {words} {_LAST_ROW}') from None


def _read(name: str, *, whole: bool) -> str:
    """Read escapes; of a name that was cut, the character that it breaks off in is left out."""
    ending = "strict" if whole else "ignore"
    try:
        return _BYTES.sub(lambda found: bytes.fromhex(found[0].replace("~", "")).decode(errors=ending), name)
    except UnicodeDecodeError:
        return ""


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")  # no id of a catalog holds a lone surrogate; an address may
