"""Entries without the members that a source ignores: what is not read must not count as a difference. Pure."""

import json
from collections.abc import Mapping, Sequence
from functools import reduce

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from catalog.dotted import Path
from catalog.upstream import repair

_REFUSED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_ANY = "*"

Tree = Mapping[str, "Tree | None"]  # what to leave out below each step; None: all of it


def tree(paths: Sequence[Path]) -> Tree:
    """Lay paths over each other; where one covers another, the shorter one counts."""
    below: dict[str, list[Path]] = {}
    for path in paths:
        below.setdefault(path[0], []).append(path[1:])
    return {step: None if () in rest else tree(rest) for step, rest in below.items()}


class Stripper:
    """Leaves out of entries what stands at some paths; the order of what stays is kept."""

    def __init__(self, ignore: Sequence[Path]) -> None:
        """Take the paths; `*` stands for any one step, a key or an element of an array."""
        self._tree = tree(ignore)
        self._names = [] if _ANY in self._tree or any(self._tree.values()) else list(self._tree)
        self._members = Decoder(dict[str, Raw]).decode
        self._encode = msgspec.json.Encoder().encode
        self._elements = Decoder(list[Raw]).decode

    def strip(self, raw: bytes) -> bytes:
        """Give an entry without what is ignored. What is no JSON comes back as it is."""
        try:
            return self._quickly(raw) or self._without(raw, self._tree)
        except ValueError:
            return raw

    def _quickly(self, raw: bytes) -> bytes | None:
        """Do so where whole members of the entry are ignored and nothing is odd; None: it needs a closer look."""
        if not self._names:
            return None
        try:
            members = self._members(raw)
        except _REFUSED:
            return None
        for name in self._names:
            members.pop(name, None)
        return self._encode(members)

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
        for name, value in self._named(raw):
            steps = [tree[step] for step in (name, _ANY) if step in tree]
            if None in steps:
                continue
            rest = reduce(self._without, filter(None, steps), value)
            kept.append(json.dumps(name).encode() + b":" + rest)
        return b"{" + b",".join(kept) + b"}"

    def _named(self, raw: bytes) -> Sequence[tuple[str, bytes]]:
        try:
            return [(name, bytes(value)) for name, value in self._members(raw).items()]
        except _REFUSED:
            return list(repair.members(raw).items())

    def _taken_apart(self, raw: bytes) -> Sequence[bytes]:
        try:
            return [bytes(value) for value in self._elements(raw)]
        except _REFUSED:
            return repair.elements(raw)
