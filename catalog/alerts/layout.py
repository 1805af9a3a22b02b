"""Lays out a message so that it fits into the room of a channel.

No line is cut: as many whole lines as fit, then how many more there are, then when it happened, and the source and run.
In a small room the form is terse, and changes are left out before the end is.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Lines under a heading; `weights`: how many changes each line stands for."""

    heading: str
    lines: Sequence[str]
    weights: Sequence[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """The parts of a message. `end` says when it happened, if that is known, and the source and run."""

    subject: str
    brief: str  # the subject without the source, which the end names, too
    end: Sequence[str]
    terse_end: Sequence[str]
    sections: Sequence[Section] = ()
    left_out: int = 0  # changes without a line
    sentences: Sequence[str] = ()  # the same statement, ever shorter; instead of sections


@dataclass(frozen=True, slots=True)
class _Form:
    gap: tuple[str, ...]  # what stands between paragraphs
    is_terse: bool


_ROOMY, _DENSE, _TERSE = _Form(("",), False), _Form((), False), _Form((), True)  # noqa: FBT003 - one line each


def lay_out(draft: Draft, room: Room) -> tuple[str, str]:
    """Give subject and text, the fullest that fit; if none do, only the end."""
    full = quoting.cut(draft.subject, min(_SUBJECT, room.subject))
    layouts = _of_sections if draft.sections else _of_sentences
    for subject in (full, quoting.cut(draft.brief, _SHORT), quoting.cut(draft.brief, _SHORTEST), ""):
        for lines in itertools.chain(layouts(draft), [draft.terse_end]):
            text = "\n".join(lines) + "\n"
            if room.fits(subject, text):
                return subject, text
    return "", "\n".join(draft.terse_end) + "\n"


def _of_sections(draft: Draft) -> Iterator[list[str]]:
    most = min(_LINES, sum(len(section.lines) for section in draft.sections))
    enough = min(_ENOUGH, most)
    yield from (_listed(draft, form, most) for form in (_ROOMY, _DENSE))
    for form in (_ROOMY, _DENSE, _TERSE):
        yield from (_listed(draft, form, count) for count in range(most, enough - 1, -1))
    for count in range(enough - 1, -1, -1):
        yield from (_listed(draft, form, count) for form in (_DENSE, _TERSE))


def _listed(draft: Draft, form: _Form, count: int) -> list[str]:
    """Lay out this many lines of changes, and count the other changes."""
    lines: list[str] = []
    left_out = draft.left_out
    rooms = _rooms([len(section.lines) for section in draft.sections], count)
    for section, room in zip(draft.sections, rooms, strict=True):
        if room:
            lines += [*_section(section, room), *form.gap]
        else:
            left_out += sum(section.weights)
    if not count:
        lines += [f"No room to list {counted(left_out, 'change')}"]
    elif left_out:
        lines += [f"And {counted(left_out, 'more change')}", *form.gap]
    return [*lines, *_end(draft, form)]


def _section(section: Section, room: int) -> Iterator[str]:
    yield f"{section.heading}:"
    yield from (f"- {line}" for line in section.lines[:room])
    if len(section.lines) > room:
        yield f"and {len(section.lines) - room:,} more"


def _rooms(wanted: Sequence[int], left: int) -> list[int]:
    """Share the lines among the sections, short sections first: a long one does not push out a short one."""
    rooms = [0] * len(wanted)
    for served, index in enumerate(sorted(range(len(wanted)), key=wanted.__getitem__)):
        rooms[index] = min(wanted[index], left // (len(wanted) - served))
        left -= rooms[index]
    return rooms


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
    *when, who = draft.end
    return [*when, *(form.gap if when else ()), who]
