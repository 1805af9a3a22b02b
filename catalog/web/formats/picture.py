"""Draws lifespans as SVG. Pure: spans and today in, markup out; the same input gives the same text.

What is not known is drawn as such. A model came and left between two looks: both ends are hatched for as long. A model
of a first look was there already: its end is open. Since a source was last read whole, nothing is known: dots.

The picture is as wide as its frame: places in time are per cent of the part beside the labels. How it looks is said
by `static/picture.css` alone, which a page has in its style sheet and a picture that stands alone carries along.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import groupby

from catalog.domain import Change, Kind, Model
from catalog.text import counted, harmless
from catalog.web import names

_DAY = timedelta(days=1)
_PAST, _AHEAD = 3 * 366 * _DAY, 550 * _DAY  # how far from today a picture reaches, unless asked
_LEAST = 60 * _DAY
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC)
_EDGE = 50  # as the part of the whole that is left free at each side
_MOST_TICKS = 8  # more labels would touch in the narrowest picture
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_STEPS = (1, 2, 3, 6, *(12 * many * scale for scale in (1, 10, 100) for many in (1, 2, 5)))  # months between ticks
_DAY_STEPS = (1, 2, 7, 14)

_TOP, _ROW, _LINE, _AXIS = 38, 24, 17, 20  # pixels: above the rows; a row; a line of a long label; the axis below
_FAR = _TOP + 10 * _ROW
_COLUMNS = (112, 160, 208, 256, 340)  # pixels for labels: each is a class of the style
CHARACTER, _GAP = 7.3, 12  # pixels: a typewriter face of 12 pixels, and some to spare; room between
_PARTS = re.compile("[^-/._:]*[-/._:]|[^-/._:]+")
_NARROWEST = 640  # pixels; a frame that has less scrolls
_ALONE = 1_000
_SEEN = 0.3  # per cent: a shorter time that a model was listed is drawn so long
_HALF = 50

# What each sign means, in the order of the legend: what tells that it occurs, the sign, and words.
_LEGEND = (
    ('class="on"', '<rect class="on" width="22"/>', "listed"),
    ('class="may"', '<rect class="may" fill="url(#t-may)" width="22"/>', "came or left in here"),
    (
        'class="open"',
        '<rect class="on" x="6" width="16"/><use href="#t-open" class="open" x="6"/>',
        "was there already",
    ),
    ('class="gone"', '<rect class="gone" fill="url(#t-gone)" width="22"/>', "missing"),
    ('class="dots"', '<rect class="dots" fill="url(#t-dots)" width="22"/>', "nothing known"),
    ('class="plan"', '<rect class="plan" width="22"/>', "planned"),
    ('class="end"', '<use href="#t-end" class="end" x="11"/>', "retires"),
    ('class="late"', '<use href="#t-end" class="late" x="11"/>', "overdue, still listed"),
    ('class="old"', '<use href="#t-old" class="old" x="11" y="7"/>', "deprecated"),
    ('class="new"', '<use href="#t-new" class="new" x="11"/>', "created"),
)
_HATCHED = (
    '<pattern id="t-{0}" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="{0}" d="M1 0v5"/></pattern>'
)
_SIGNS = (
    f"<defs>{_HATCHED.format('may')}{_HATCHED.format('gone')}"
    '<pattern id="t-dots" width="6" height="22" patternUnits="userSpaceOnUse">'
    '<circle cx="2" cy="11" r="1.5"/></pattern>'
    '<path id="t-open" d="M1 6h-7l4 2.5-4 2.5 4 2.5-4 2.5h7z"/><path id="t-end" d="M0 4.5 6.5 11 0 17.5-6.5 11z"/>'
    '<path id="t-new" d="M0 6 5 11 0 16-5 11z"/><path id="t-old" d="M-4.5 1h9L0 8z"/></defs>'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A time in which a model was listed. Each end happened after one moment, and by another."""

    came_after: datetime | None  # None: nothing proves that it was not there before
    came_by: datetime
    left_after: datetime | None = None  # None: it has not left, or nothing proves how long it stayed
    left_by: datetime | None = None  # None: it is listed, or missing since `left_after`


@dataclass(frozen=True, kw_only=True, slots=True)
class Lifespan:
    """A row of the picture: one model of one source. None among its dates: unknown."""

    source: str
    id: str
    stretches: tuple[Stretch, ...]
    known_until: datetime  # the last look at its source that could have shown its absence
    is_stale: bool = False  # nothing is known since then
    is_retired: bool = False  # the list says so: it is never overdue
    created_at: datetime | None = None
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None

    @property
    def moments(self) -> tuple[datetime | None, ...]:
        """All that is known of it."""
        ends = (end for each in self.stretches for end in (each.came_after, each.came_by, each.left_by))
        return (*ends, self.known_until, self.created_at, self.deprecated_at, self.retires_at)

    @property
    def is_listed(self) -> bool:
        """Whether it is listed, or missing and not believed to be gone."""
        return self.stretches[-1].left_by is None

    def is_overdue(self, today: datetime | None) -> bool:
        """Whether it is listed after the date of its retirement; in a picture without a today, nothing is."""
        past = self.retires_at is not None and today is not None and self.retires_at <= today
        return past and self.is_listed and not self.is_retired


def lifespan(model: Model, changes: Iterable[Change], *, known_until: datetime | None, is_stale: bool) -> Lifespan:
    """Make a row from a model and what the log says of its presence, oldest first.

    `known_until` is the end of the last whole walk of its source; None: there was none.
    """
    stretches = list[Stretch]()
    for change in changes:
        if change.kind in {Kind.ADDED, Kind.RETURNED}:
            stretches.append(Stretch(came_after=change.not_before, came_by=change.observed_at))
        elif change.kind is Kind.REMOVED and stretches:
            left = replace(stretches[-1], left_after=change.not_before, left_by=change.observed_at)
            stretches[-1] = left
    last = stretches[-1] if stretches else Stretch(came_after=None, came_by=model.first_seen_at)
    if model.missing_since is not None:
        last = replace(last, left_after=model.last_seen_at)
    return Lifespan(
        source=model.source,
        id=model.id,
        stretches=(*stretches[:-1], last),
        known_until=max(known_until or last.came_by, last.came_by),
        is_stale=is_stale,
        is_retired=model.lifecycle == "retired",
        created_at=model.created_at,
        deprecated_at=model.deprecated_at,
        retires_at=model.retires_at,
    )


def draw(
    lifespans: Sequence[Lifespan],
    *,
    today: datetime | None,
    start: datetime | None = None,
    end: datetime | None = None,
    root: str = "",
    style: str = "",
) -> str:
    """Draw lifespans in their order, each source apart, between two moments if they are given.

    `today` None: the picture is for a page that is to be the same tomorrow. `root` leads to the root of the site.
    `style` makes it a file of its own; in a page, which has the style, its ids begin with `t-`.
    """
    frame = _frame(lifespans, today, start, end, root)
    rows, bottom = _rows(lifespans, frame)
    height = bottom + (_AXIS if bottom > _FAR else 0) + 8
    words = f'role="group" aria-label="Lifespans of {counted(len(lifespans), "model")}"'
    drawn = f"{_SIGNS}{_axis(frame, bottom)}{rows}{_today(frame, bottom)}"
    keys = [(sign, meaning) for trace, sign, meaning in _LEGEND if trace in rows]
    if not style:  # there, lines break as the frame is wide
        told = "".join(f'<span><svg aria-hidden="true">{sign}</svg> {meaning}</span> ' for sign, meaning in keys)
        return (
            f'<svg class="timeline c{frame.column}" height="{height}" {words}>{drawn}</svg>'
            f'<p class="timeline key">{told}</p>'
        )
    legend, height = _legend(keys, height)
    drawn += legend
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_ALONE + 2 * _GAP}" height="{height + 2 * _GAP}" {words}>'
        f'<style>{style}</style><g class="timeline c{frame.column}"><rect class="paper" width="100%" height="100%"/>'
        f'<svg x="{frame.column + _GAP}" y="{_GAP}" width="{_ALONE - frame.column}" overflow="visible">{drawn}</svg>'
        "</g></svg>"
    )


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the picture shows, and where."""

    start: datetime
    end: datetime
    today: datetime | None
    column: int  # pixels for labels
    root: str

    def at(self, moment: datetime) -> float:
        """Give the place of a moment in per cent; what lies outside is at the nearer edge."""
        share = (min(max(moment, self.start), self.end) - self.start) / (self.end - self.start)
        return round(100 * share, 1)

    def bar(self, kind: str, start: datetime, end: datetime, fill: str = "") -> str:
        """Draw what lies in sight of a time between two moments."""
        if end < self.start or start > self.end:
            return ""
        begin, width = self.at(start), round(self.at(max(end, start)) - self.at(start), 1)
        if kind == "on":
            width = max(width, _SEEN)
        return f'<rect class="{kind}"{fill} x="{begin:g}%" width="{width:g}%"/>' if width else ""

    def hatched(self, kind: str, start: datetime, end: datetime) -> str:
        return self.bar(kind, start, end, f' fill="url(#t-{kind})"')

    def mark(self, kind: str, moment: datetime | None, sign: str = "") -> str:
        """Draw a sign, if its moment is known and in sight."""
        if moment is None or not self.start <= moment <= self.end:
            return ""
        return f'<use href="#t-{sign or kind}" class="{kind}" x="{self.at(moment):g}%"/>'


def _frame(
    lifespans: Sequence[Lifespan], today: datetime | None, start: datetime | None, end: datetime | None, root: str
) -> _Frame:
    """Take the time that was asked for; else what holds all that is known of the rows, as far as that is readable."""
    start, end = (moment and min(max(moment, _FIRST), _LAST) for moment in (start, end))
    known = [moment for one in lifespans for moment in one.moments if moment is not None]
    middle = today or max((one.known_until for one in lifespans), default=start or end or _FIRST)
    first = max(min([*known, middle]), middle - _PAST)
    finish = end or max(min(max([*known, middle]), middle + _AHEAD), (start or first) + _LEAST)
    begin = start or min(first, finish - _LEAST)
    edge = (finish - begin) / _EDGE
    widths = [width for one in lifespans if (width := _width(harmless(one.id))) <= _COLUMNS[-1]]
    return _Frame(
        start or begin - edge,
        max(end or finish + edge, begin + _DAY),
        today,
        next(column for column in _COLUMNS if column >= max(widths, default=0)),
        root,
    )


def _rows(lifespans: Sequence[Lifespan], frame: _Frame) -> tuple[str, int]:
    """Draw the rows, under the names of their sources where these are several; give how far down they reach, too."""
    by_source = sorted(lifespans, key=lambda one: one.source)
    groups = [(source, list(rows)) for source, rows in groupby(by_source, key=lambda one: one.source)]
    drawn, y = list[str](), _TOP
    for source, rows in groups:
        if len(groups) > 1:
            y += _ROW
            drawn.append(f'<text class="source" y="{y - 7}">{escape(harmless(source))}</text>')
        for one in rows:
            row, y = _row(one, y, frame)
            drawn.append(row)
    return "".join(drawn), y


def _row(one: Lifespan, y: int, frame: _Frame) -> tuple[str, int]:
    """Draw a row: all of it is a link. A label too long to stand beside the bars stands above them, whole."""
    label, above = harmless(one.id), 0
    text = f'<text y="15">{escape(label)}</text>'
    if _width(label) > _COLUMNS[-1]:
        lines = _broken(label)
        above = _LINE * len(lines)
        spans = "".join(f'<tspan x="0" dy="{_LINE}">{escape(line)}</tspan>' for line in lines)
        text = f'<text y="{-above - 2}">{spans}</text>'
    words, address = escape(harmless(_words(one, frame.today))), names.model_path(one.source, one.id)
    drawn = (
        f'<a transform="translate(0 {y + above})" href="{frame.root}{address}"><title>{words}</title>'
        f"{text}{''.join(_bars(one, frame))}</a>"
    )
    return drawn, y + above + _ROW


def _bars(one: Lifespan, frame: _Frame) -> Iterator[str]:
    first, known, today = one.stretches[0], one.known_until, frame.today
    if first.came_after is None and one.created_at is not None:
        yield frame.bar("told", one.created_at, first.came_by)
    for each in one.stretches:
        yield from _stretch(each, known, frame)
    if one.is_listed and one.is_stale and today is not None:
        yield frame.hatched("dots", known, today)
        known = max(known, today)
    if one.is_listed and not one.is_retired and one.retires_at is not None:
        yield frame.bar("plan", known, one.retires_at)
    yield frame.mark("new", one.created_at)
    yield frame.mark("old", one.deprecated_at)
    yield frame.mark("late" if one.is_overdue(today) else "end", one.retires_at, "end")


def _stretch(each: Stretch, known_until: datetime, frame: _Frame) -> Iterator[str]:
    """Draw a time in which a model was listed, with the doubt at both ends."""
    last = each.left_by or known_until
    stays = each.left_by is None and each.left_after is None
    sure = last if stays else max(each.left_after or each.came_by, each.came_by)
    if each.came_after is not None:
        yield frame.hatched("may", each.came_after, each.came_by)
    yield frame.bar("on", each.came_by, sure)
    yield frame.hatched("gone" if each.left_by is None else "may", sure, last)
    if each.came_after is None:
        yield frame.mark("open", each.came_by)


def _words(one: Lifespan, today: datetime | None) -> str:
    """Say what a row shows."""
    first, last = one.stretches[0], one.stretches[-1]
    parts = [f"{'already there on' if first.came_after is None else 'came by'} {_day(first.came_by)}"]
    if len(one.stretches) > 1:
        parts.append(f"came back by {_day(last.came_by)}")
    if last.left_by is not None:
        parts.append(f"gone by {_day(last.left_by)}")
    elif last.left_after is not None:
        parts.append(f"missing, last seen {_day(last.left_after)}")
    if one.retires_at is not None:
        planned = "retires" if one.is_listed and not one.is_retired else "retirement"
        parts.append(f"{'overdue since' if one.is_overdue(today) else planned} {_day(one.retires_at)}")
    return f"{one.id} ({one.source}): {', '.join(parts)}"


def _axis(frame: _Frame, bottom: int) -> str:
    """Draw the grid, its labels above the rows, and below them where these are far away."""
    drawn, far = list[str](), bottom > _FAR
    for moment, label in _ticks(frame):
        x, kind = f"{frame.at(moment):g}%", "year" if label.isdigit() else "tick"
        drawn.append(f'<line class="{kind}" x1="{x}" x2="{x}" y1="16" y2="{bottom + 4}"/>')
        drawn += [f'<text class="{kind}" x="{x}" y="{y}">{label}</text>' for y in (11, bottom + _AXIS - 4)[: 1 + far]]
    return "".join(drawn)


def _today(frame: _Frame, bottom: int) -> str:
    if frame.today is None or not frame.start <= frame.today <= frame.end:
        return ""
    at = frame.at(frame.today)
    return (
        f'<line class="today" x1="{at:g}%" x2="{at:g}%" y1="20" y2="{bottom + 4}"/>'
        f'<text class="{"today" if at <= _HALF else "today back"}" x="{at:g}%" y="30">today, {_day(frame.today)}</text>'
    )


def _ticks(frame: _Frame) -> list[tuple[datetime, str]]:
    """Give the beginnings of years and months, or days, as many as can be read; the first of a year is its number."""
    days = (frame.end - frame.start) / _DAY
    if days < _LEAST / _DAY:
        step = next((step for step in _DAY_STEPS if days / step <= _MOST_TICKS), _DAY_STEPS[-1])
        midnight = frame.start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        ticks = [midnight + number * step * _DAY for number in range(int(days / step) + 1)]
        return [(at, f"{_MONTHS[at.month - 1]} {at.day}") for at in ticks if at <= frame.end]
    months = int(days / 30) + 1
    step = next(step for step in _STEPS if months / step <= _MOST_TICKS)
    first = frame.start.year * 12 + frame.start.month - 1
    numbers = range(first + -first % step, first + months + 1, step)
    ticks = [datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC) for number in numbers]
    return [
        (at, str(at.year) if at.month == 1 else _MONTHS[at.month - 1]) for at in ticks if frame.start <= at <= frame.end
    ]


def _legend(keys: Sequence[tuple[str, str]], y: int) -> tuple[str, int]:
    """Explain signs, in as many lines as they take; give where the picture ends, too."""
    drawn, x = list[str](), 0
    for sign, words in keys:
        width = 50 + round(len(words) * CHARACTER)
        x, y = (x, y) if x + width <= _NARROWEST else (0, y + _ROW)
        drawn.append(f'<g transform="translate({x} {y})">{sign}<text x="30" y="15">{words}</text></g>')
        x += width
    return f'<g class="key">{"".join(drawn)}</g>', y + _ROW


def _broken(label: str) -> list[str]:
    """Break a long label into lines that a telephone shows whole, behind a sign where there is one."""
    lines = [""]
    for part in _PARTS.findall(label):
        for piece in [part] if _width(part) <= _COLUMNS[-1] else part:
            if lines[-1] and _width(lines[-1] + piece) > _COLUMNS[-1]:
                lines.append("")
            lines[-1] += piece
    return lines


def _width(label: str) -> float:
    return columns(label) * CHARACTER + _GAP


def columns(text: str) -> int:
    """Count the columns that a text takes in a typewriter face."""
    seen = (char for char in text if not unicodedata.combining(char))
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in seen)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
