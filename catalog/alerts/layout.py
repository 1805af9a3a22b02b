"""Lays out a message so that it fits into the room of a channel.

No line is cut: as many whole lines as fit, then how many more there are, then how to see more, when it happened, and
the source and run. In a small room the form is terse, and changes are left out before the end is.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.alerts import quoting
from catalog.events import Room
from catalog.text import counted

_LINES = 60  # of changes
_SUBJECT = 150  # characters
_ENOUGH = 3  # lines; with fewer, the terser form is tried first
_SHORT, _SHORTEST = 60, 20  # characters of a subject that is cut so that the end fits
_STEP = 8  # characters by which a sentence is shortened until it fits


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a list, and how many changes it stands for."""

    text: str
    changes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The parts of a message. `end` says when it happened, if that is known, and the source and run."""

    subject: str
    brief: str  # the subject without the source, which the end names, too
    end: Sequence[str]
    terse_end: Sequence[str]
    more: Sequence[str] = ()  # how to see more; left out in a terse form
    lines: Sequence[Line] = ()  # the most urgent first
    left_out: int = 0  # changes without a line
    sentences: Sequence[str] = ()  # the same statement, ever shorter; instead of lines


@dataclass(frozen=True, slots=True)
class _Form:
    gap: tuple[str, ...]  # what stands between paragraphs
    is_terse: bool


_ROOMY, _DENSE, _TERSE = _Form(("",), False), _Form((), False), _Form((), True)  # noqa: FBT003 - one line each


def lay_out(draft: Draft, room: Room) -> tuple[str, str]:
    """Give subject and text, the fullest that fit; if none do, only the end."""
    full = quoting.cut(draft.subject, min(_SUBJECT, room.subject))
    layouts = _of_sentences if draft.sentences else _of_lines
    for subject in (full, quoting.cut(draft.brief, _SHORT), quoting.cut(draft.brief, _SHORTEST), ""):
        for lines in itertools.chain(layouts(draft), [draft.terse_end]):
            text = "\n".join(lines) + "\n"
            if room.fits(subject, text):
                return subject, text
    return "", "\n".join(draft.terse_end) + "\n"


def _of_lines(draft: Draft) -> Iterator[list[str]]:
    most = min(_LINES, len(draft.lines))
    enough = min(_ENOUGH, most)
    yield from (_listed(draft, form, most) for form in (_ROOMY, _DENSE))
    for form in (_ROOMY, _DENSE, _TERSE):
        yield from (_listed(draft, form, count) for count in range(most, enough - 1, -1))
    for count in range(enough - 1, -1, -1):
        yield from (_listed(draft, form, count) for form in (_DENSE, _TERSE))


def _listed(draft: Draft, form: _Form, count: int) -> list[str]:
    """Lay out this many lines, and count the other changes."""
    mark = "- " if len(draft.lines) > 1 else ""
    lines = [f"{mark}{line.text}" for line in draft.lines[:count]]
    left_out = draft.left_out + sum(line.changes for line in draft.lines[count:])
    if not count:
        lines = [f"No room to list {counted(left_out, 'change')}"]
    elif left_out:
        lines += [f"And {counted(left_out, 'more change')}"]
    return [*lines, *form.gap, *_end(draft, form)]


def _of_sentences(draft: Draft) -> Iterator[list[str]]:
    for sentence in draft.sentences:
        yield from ([sentence, *form.gap, *_end(draft, form)] for form in (_ROOMY, _TERSE))
    for sentence in draft.sentences[-1:]:
        yield from ([part, *draft.terse_end] for part in _shortened(sentence))


def _shortened(sentence: str) -> Iterator[str]:
    """Give ever shorter beginnings of a sentence, in whole words."""
    for length in range(len(sentence) - 1, _STEP, -_STEP):
        words = sentence[:length].rpartition(" ")[0]
        if words:
            yield f"{words}…"


def _end(draft: Draft, form: _Form) -> list[str]:
    if form.is_terse:
        return list(draft.terse_end)
    return [*draft.more, *(form.gap if draft.more else ()), *draft.end]
