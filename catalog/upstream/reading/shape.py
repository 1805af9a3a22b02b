"""How a models list is laid out: where entries, ids and fields stand, and what is not read. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from catalog.domain import FIELDS
from catalog.dotted import Path, dig, path, pieces, takes_from
from catalog.settings import SourceSettings

_OWN_NAMES: Mapping[str, tuple[Path, ...]] = {name: ((name,),) for name in FIELDS}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The layout of one list. The defaults are those of Anthropic's."""

    items: Path = ("data",)
    id: str = "id"  # a dotted path, or a template such as {owner}/{name}
    id_prefix: str = ""  # taken off ids that have it
    columns: Mapping[str, tuple[Path, ...]] = field(
        default_factory=lambda: _OWN_NAMES
    )  # the first path that says something
    lifecycles: Mapping[str, str] = field(default_factory=dict)  # their word for ours
    ignore: tuple[Path, ...] = ()  # members that are not read at all, with all below them
    first_counts: bool = False  # of entries of one id that differ, the first one counts and the others are a warning
    loose_dates: bool = False  # a date may also be a number of seconds, or an object of year, month and day
    empty_object: bool = False  # `{}` is an empty list: this API leaves empty members out

    @cached_property
    def text(self) -> str:
        """One JSON text of what differs from Anthropic's layout, equal exactly when two shapes read alike."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        differs = {name: value for name, value in told.items() if value != getattr(NATIVE, name)}
        return json.dumps(differs, separators=(",", ":"), sort_keys=True) if differs else ""

    @cached_property
    def id_parts(self) -> tuple[str | Path, ...]:
        """The pieces that an id is put together from: literal texts, and paths of members."""
        return pieces(self.id)

    @property
    def id_is_template(self) -> bool:
        """Whether the id is put together from several members."""
        return "{" in self.id

    @cached_property
    def id_member(self) -> str | None:
        """The one member of an entry that is its id; None: the id stands deeper, or is put together."""
        paths = self.id_parts
        return paths[0][0] if not self.id_is_template and len(paths[0]) == 1 else None

    def id_of(self, entry: Mapping[str, Any]) -> str | None:
        """Put together the id of a decoded entry; None: a part of it is missing, or is no text."""
        parts = [part if isinstance(part, str) else self._part(entry, part) for part in self.id_parts]
        return None if None in parts else "".join(map(str, parts)).removeprefix(self.id_prefix)

    def _part(self, entry: Mapping[str, Any], at: Path) -> str | None:
        value: Any = dig(entry, at)
        if isinstance(value, int) and not isinstance(value, bool) and self.id_is_template:
            return str(value)
        return value if isinstance(value, str) else None


NATIVE = Shape()


def of(source: SourceSettings) -> Shape:
    """The layout that a source's settings describe. A column that stands only where nothing is read has no place."""
    ignore = tuple(map(path, source.ignore))
    layout = source.list
    columns = {
        name: tuple(each for each in map(path, paths) if not any(takes_from(ignored, each) for ignored in ignore))
        for name, paths in layout.fields.items()
    }
    return Shape(
        items=path(layout.items),
        id=layout.id,
        id_prefix=layout.id_prefix,
        columns={name: paths for name, paths in columns.items() if paths},
        lifecycles=dict(layout.lifecycles),
        ignore=ignore,
        first_counts=layout.repeats == "first",
        loose_dates=source.api != "anthropic",
        empty_object=layout.empty == "{}",
    )
