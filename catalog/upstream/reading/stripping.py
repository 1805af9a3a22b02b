"""Answers without the members that a source ignores: what is not read must not count as a difference. Pure."""

import json
from collections.abc import Mapping, Sequence
from functools import reduce

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from catalog.dotted import Path
from catalog.upstream.reading import repair
from catalog.upstream.reading.fields import REFUSED, Fields

_ANY = "*"

Tree = Mapping[str, "Tree | None"]  # what to leave out below each step; None: all of it


def tree(paths: Sequence[Path]) -> Tree:
    """Lay paths over each other; where one covers another, the shorter one counts."""
    below: dict[str, list[Path]] = {}
    for path in paths:
        below.setdefault(path[0], []).append(path[1:])
    return {step: None if () in rest else tree(rest) for step, rest in below.items()}


class Stripper:
    """Leaves out of the entries of an answer what stands at some paths in them; the order of what stays is kept."""

    def __init__(self, ignore: Sequence[Path], items: Path, fields: Fields) -> None:
        """Take the paths, and that of the list; `*` stands for any one step, a key or an element of an array."""
        self._tree = tree([(*items, _ANY, *path) for path in ignore])
        self._items = items
        self._names = [path[0] for path in ignore]
        self._is_plain = all(len(path) == 1 for path in ignore) and _ANY not in self._names
        self._fields = fields
        self._table = Decoder(dict[str, Raw]).decode
        self._tables = Decoder(list[dict[str, Raw]]).decode
        self._elements = Decoder(list[Raw]).decode
        self._encode = msgspec.json.Encoder().encode

    def strip(self, body: bytes) -> bytes:
        """Give an answer without what is ignored. What is no JSON comes back as it is."""
        try:
            return self._quickly(body) or self._without(body.strip(), self._tree)
        except ValueError:
            return body

    def _quickly(self, body: bytes) -> bytes | None:
        """Do so for all entries at once, where whole members are ignored and nothing is odd; None: look closer."""
        if not self._is_plain or len(self._items) > 1:
            return None
        try:
            around = self._table(body) if self._items else {}
            entries = self._tables(around[self._items[0]] if self._items else body)
        except (KeyError, *REFUSED):
            return None
        for name in self._names:
            for entry in entries:
                entry.pop(name, None)
        left = self._encode(entries)
        return self._encode({**around, self._items[0]: Raw(left)}) if self._items else left

    def _without(self, raw: bytes, tree: Tree) -> bytes:
        start = raw[:1]
        if start == b"{":
            return self._object(raw, tree)
        if start == b"[" and _ANY in tree:
            below = tree[_ANY]
            parts = [] if below is None else [self._without(each, below) for each in self._taken_apart(raw)]
            return b"[" + b",".join(parts) + b"]"
        return raw

    def _object(self, raw: bytes, tree: Tree) -> bytes:
        kept = []
        for name, value in self._fields.members(raw).items():
            steps = [tree[step] for step in (name, _ANY) if step in tree]
            if None in steps:
                continue
            rest = reduce(self._without, filter(None, steps), value)
            kept.append(json.dumps(name).encode() + b":" + rest)
        return b"{" + b",".join(kept) + b"}"

    def _taken_apart(self, raw: bytes) -> Sequence[bytes]:
        try:
            return [bytes(value) for value in self._elements(raw)]
        except REFUSED:
            return repair.elements(raw, self._fields.check_cancelled)
