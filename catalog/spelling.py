"""Finds ids that are one or two letters from a text, among a million. Pure."""

import string
from collections.abc import Collection, Hashable, Iterable, Iterator

_SHORT = 8  # characters; below, one slip is meant, as two make another word
_ALIKE = 20  # texts that have a piece in common; more are not compared by it, as each would be with most ids
_LETTERS = string.ascii_letters + string.digits + "-_./:@"  # of which ids are made
_SHARE = 128  # bits of a filter for each piece that goes in, rounded down: a few of a hundred other texts pass


def slips(text: str, other: str) -> bool:
    """Tell whether one text can be the other with a slip: one or two letters put in, left out or replaced.

    In a text of fewer than eight characters it is one letter, or two neighbours that are swapped: more of them make
    another word.
    """
    if text == other:
        return False
    if min(len(text), len(other)) >= _SHORT:
        return _differ(text, other, 2)
    return _differ(text, other, 1) or _is_swap(text, other)


def _differ(text: str, other: str, left: int) -> bool:
    """Tell whether two texts differ by no more letters than are left."""
    if abs(len(text) - len(other)) > left:
        return False
    same = _same(text, other)
    if same in {len(text), len(other)}:
        return True  # one goes on where the other ends, by no more than is left
    if left == 0:
        return False
    text, other = text[same:], other[same:]
    return (
        _differ(text[1:], other[1:], left - 1)
        or _differ(text[1:], other, left - 1)
        or _differ(text, other[1:], left - 1)
    )


def _is_swap(text: str, other: str) -> bool:
    at = _same(text, other)
    return len(text) == len(other) and text[:at] + text[at + 1 : at + 2] + text[at] + text[at + 2 :] == other


def _same(text: str, other: str) -> int:
    """Count the characters that two texts begin with alike."""
    pairs = enumerate(zip(text, other, strict=False))
    return next((at for at, pair in pairs if pair[0] != pair[1]), min(len(text), len(other)))


class Sieve:
    """Knows, in a few bytes for each id, which texts may be a slip of one; says yes to a few that are none."""

    def __init__(self, ids: Collection[str]) -> None:
        # A Bloom filter: two bits for each of three pieces of an id.
        self._mask = (1 << (3 * _SHARE * len(ids)).bit_length()) - 1 >> 1
        self._bits = bytearray((self._mask >> 3) + 1)
        for id in ids:
            for piece in _pieces(id):
                for bit in self._places(piece):
                    self._bits[bit >> 3] |= 1 << (bit & 7)

    def passes(self, text: str) -> bool:
        """Tell whether an id may be near."""
        bits = self._bits
        for one, two in map(self._places, _pieces_of_ids(text)):
            if bits[one >> 3] >> (one & 7) & 1 and bits[two >> 3] >> (two & 7) & 1:
                return True
        return False

    def _places(self, piece: Hashable) -> tuple[int, int]:
        found = hash(piece)
        return found & self._mask, found >> 32 & self._mask


def near(texts: Iterable[str], ids: Collection[str]) -> dict[str, list[str]]:
    """Give for each text the ids that it is a slip of: those one letter away or, where there are none, two.

    Of many texts that are alike, two letters are found only where they lie apart from what the texts have in common.
    """
    found = {text: sorted({other for other in _one_away(text) if other in ids}) for text in texts}
    by_piece: dict[Hashable, set[str]] = {}
    for text in (text for text, others in found.items() if not others):
        for piece in _pieces_of_ids(text):
            by_piece.setdefault(piece, set()).add(text)
    telling = {piece: some for piece, some in by_piece.items() if len(some) <= _ALIKE}
    for id in ids if telling else ():
        asking = [telling[piece] for piece in _pieces(id) if piece in telling]
        for text in set().union(*asking) if asking else ():
            if slips(text, id):
                found[text].append(id)
    return {text: sorted(others) for text, others in found.items() if others}


def _one_away(text: str) -> Iterator[str]:
    """Give all texts that one letter makes of this one, or a swap of two neighbours."""
    for at in range(len(text) + 1):
        head, tail = text[:at], text[at:]
        yield head + tail[1:]
        yield head + tail[1:2] + tail[:1] + tail[2:]
        for letter in _LETTERS:
            yield head + letter + tail
            yield head + letter + tail[1:]


# Two letters lie in at most two of three parts of an id: the first part is whole, and where it was; or the last is; or
# each of these has one of them, and the middle is whole, at most one place from where it was.


def _pieces(id: str) -> tuple[Hashable, ...]:
    size, third = len(id), len(id) // 3
    return (size, 0, id[:third]), (size, 1, id[third : size - third]), (size, 2, id[size - third :])


def _pieces_of_ids(text: str) -> Iterator[Hashable]:
    """Give the pieces of all ids that the text may be a slip of."""
    for size in range(max(1, len(text) - 2), len(text) + 3):
        third = size // 3
        yield (size, 0, text[:third])
        yield (size, 2, text[len(text) - third :])
        for start in (third - 1, third, third + 1):
            yield (size, 1, text[max(start, 0) : start + size - 2 * third])
