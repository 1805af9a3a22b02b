"""What the picture of lifespans shows, that it draws what is not known as such, and that no text can harm it."""

import math
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from catalog.domain import Change, Kind
from catalog.text import harmless
from catalog.web import names
from catalog.web.formats import badge, picture
from catalog.web.formats.picture import Lifespan, Stretch
from tests.web import hostile
from tests.web.rows import change, model

TODAY = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
STYLE = ".timeline{fill:red}"


def ago(days: float) -> datetime:
    return TODAY - days * DAY


def ahead(days: float) -> datetime:
    return TODAY + days * DAY


BASELINE = Stretch(came_after=None, came_by=ago(300))
SEEN = Stretch(came_after=ago(220), came_by=ago(200))


def span(
    *stretches: Stretch,
    id: str = "claude-a",
    source: str = "anthropic",
    known_until: datetime = TODAY,
    is_stale: bool = False,
    is_retired: bool = False,
    created_at: datetime | None = None,
    deprecated_at: datetime | None = None,
    retires_at: datetime | None = None,
) -> Lifespan:
    return Lifespan(
        source=source,
        id=id,
        stretches=stretches or (SEEN,),
        known_until=known_until,
        is_stale=is_stale,
        is_retired=is_retired,
        created_at=created_at,
        deprecated_at=deprecated_at,
        retires_at=retires_at,
    )


def parsed(
    *spans: Lifespan,
    today: datetime | None = TODAY,
    style: str = "",
    start: datetime | None = None,
    end: datetime | None = None,
) -> ET.Element:
    drawn = picture.draw(spans, today=today, style=style, start=start, end=end)
    if not style:
        drawn = drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).partition("<p ")[0]
    return ET.fromstring(drawn)


def signs(row: ET.Element) -> list[str]:
    """Name the bars and marks of a row, from the left, as they are drawn."""
    return [found.attrib["class"] for found in row if found.tag in {f"{SVG}rect", f"{SVG}use"}]


def of(
    one: Lifespan, today: datetime | None = TODAY, start: datetime | None = None, end: datetime | None = None
) -> list[str]:
    [row] = parsed(one, today=today, start=start, end=end).iter(f"{SVG}a")
    return signs(row)


GONE = Stretch(came_after=ago(220), came_by=ago(200), left_after=ago(120), left_by=ago(100))
WHAT_IS_DRAWN = {
    "listed, came between two looks": (span(SEEN), ["may", "on"]),
    "was there already": (span(BASELINE), ["on", "open"]),
    "was there already, created before": (span(BASELINE, created_at=ago(400)), ["told", "on", "open", "new"]),
    "seen at once": (span(Stretch(came_after=ago(200), came_by=ago(200))), ["on"]),
    "gone": (span(GONE), ["may", "on", "may"]),
    "gone, retired on a day": (span(GONE, retires_at=ago(110)), ["may", "on", "may", "end"]),
    "gone before its day": (span(GONE, retires_at=ahead(30)), ["may", "on", "may", "end"]),
    "came back": (span(GONE, Stretch(came_after=ago(60), came_by=ago(50))), ["may", "on", "may", "may", "on"]),
    "gone, and nothing proves how long it stayed": (
        span(Stretch(came_after=None, came_by=ago(200), left_by=ago(100))),
        ["on", "may", "open"],
    ),
    "proved last by the walk that found it": (
        span(Stretch(came_after=ago(220), came_by=ago(200), left_after=ago(201), left_by=ago(100))),
        ["may", "on", "may"],
    ),
    "missing": (span(Stretch(came_after=None, came_by=ago(200), left_after=ago(40))), ["on", "gone", "open"]),
    "retires": (span(retires_at=ahead(30)), ["may", "on", "plan", "end"]),
    "overdue": (span(retires_at=ago(30)), ["may", "on", "late"]),
    "retires today": (span(retires_at=TODAY), ["may", "on", "late"]),
    "retired, and listed": (span(retires_at=ago(30), is_retired=True), ["may", "on", "end"]),
    "retired ahead of its day": (span(retires_at=ahead(30), is_retired=True), ["may", "on", "end"]),
    "deprecated": (span(deprecated_at=ago(30)), ["may", "on", "old"]),
    "stale": (span(known_until=ago(50), is_stale=True), ["may", "on", "dots"]),
    "stale and retiring": (
        span(known_until=ago(50), is_stale=True, retires_at=ahead(30)),
        ["may", "on", "dots", "plan", "end"],
    ),
    "stale and gone": (span(GONE, known_until=ago(50), is_stale=True), ["may", "on", "may"]),
    "seen first by the last walk": (
        span(Stretch(came_after=ago(0.01), came_by=TODAY)),
        ["on"],
    ),
    "listed for a moment": (
        span(Stretch(came_after=ago(200), came_by=ago(200), left_after=ago(199.99), left_by=ago(199.98))),
        ["on"],
    ),
    "retires in another age": (span(retires_at=LATEST), ["may", "on", "plan"]),
    "created in another age": (span(BASELINE, created_at=datetime(2, 1, 1, tzinfo=UTC)), ["told", "on", "open"]),
}


@pytest.mark.parametrize(("one", "drawn"), WHAT_IS_DRAWN.values(), ids=WHAT_IS_DRAWN)
def test_each_row_shows_what_is_known_and_what_is_not(one: Lifespan, drawn: list[str]) -> None:
    assert of(one) == drawn


@pytest.mark.parametrize("one", [one for one, _ in WHAT_IS_DRAWN.values()], ids=WHAT_IS_DRAWN)
def test_a_picture_for_any_day_knows_no_today(one: Lifespan) -> None:
    drawn = of(one, today=None)
    assert not {"late", "dots"} & set(drawn)
    assert "today" not in picture.draw([one], today=None)


@pytest.mark.parametrize("one", [one for one, _ in WHAT_IS_DRAWN.values()], ids=WHAT_IS_DRAWN)
def test_bars_meet_and_stay_within_the_picture(one: Lifespan) -> None:
    for bar in parsed(one).iterfind(f"{SVG}a/{SVG}rect"):
        begin, width = (float(bar.attrib[name].removesuffix("%")) for name in ("x", "width"))
        assert begin >= 0
        assert width > 0
        assert begin + width <= 100.3


def test_what_lies_outside_of_the_time_that_was_asked_for_is_not_drawn() -> None:
    start, end = ago(90), ago(60)
    assert of(span(GONE, created_at=ago(300), retires_at=ahead(30)), start=start, end=end) == []
    assert of(span(BASELINE, created_at=ago(400), retires_at=ahead(30)), start=start, end=end) == ["on"]
    assert of(span(retires_at=ahead(30)), start=ahead(10), end=ahead(50)) == ["plan", "end"]
    assert "today" not in picture.draw([span()], today=TODAY, start=start, end=end)


def came(kind: Kind, after: float | None, by: float) -> Change:
    not_before = None if after is None else ago(after)
    return change(kind, ago(by - 1), not_before=not_before, observed_at=ago(by), baseline=after is None)


STORIES = {
    "came": ([came(Kind.ADDED, 101, 100)], [Stretch(came_after=ago(101), came_by=ago(100))]),
    "was there already": ([came(Kind.ADDED, None, 100)], [Stretch(came_after=None, came_by=ago(100))]),
    "left and came back": (
        [came(Kind.ADDED, None, 100), came(Kind.REMOVED, 61, 60), came(Kind.RETURNED, 31, 30)],
        [
            Stretch(came_after=None, came_by=ago(100), left_after=ago(61), left_by=ago(60)),
            Stretch(came_after=ago(31), came_by=ago(30)),
        ],
    ),
    "other fields": (
        [came(Kind.ADDED, None, 100), change(Kind.CHANGED, ago(50), "line", None, '"opus"')],
        [Stretch(came_after=None, came_by=ago(100))],
    ),
    "a log without its beginning": ([came(Kind.REMOVED, 61, 60)], [Stretch(came_after=None, came_by=ago(110))]),
}


@pytest.mark.parametrize("story", STORIES)
def test_a_row_is_made_from_what_the_log_says_of_presence(story: str) -> None:
    changes, stretches = STORIES[story]
    dates: dict[str, Any] = {"created_at": ago(200), "deprecated_at": ago(20), "retires_at": ahead(20)}
    one = model(first_seen_at=ago(110), **dates)
    made = picture.lifespan(one, changes, known_until=TODAY, is_stale=True)
    assert made == span(*stretches, is_stale=True, **dates)


def test_a_row_knows_no_more_than_the_last_whole_walk() -> None:
    changes = [came(Kind.ADDED, 101, 100)]
    lost = model(missing_since=ago(4), last_seen_at=ago(5), lifecycle="retired")
    made = picture.lifespan(lost, changes, known_until=ago(3), is_stale=False)
    stretch = Stretch(came_after=ago(101), came_by=ago(100), left_after=ago(5))
    assert made == span(stretch, known_until=ago(3), is_retired=True)
    for known_until in (None, ago(150)):
        assert picture.lifespan(model(), changes, known_until=known_until, is_stale=False).known_until == ago(100)


def labels(
    *spans: Lifespan, today: datetime | None = TODAY, start: datetime | None = None, end: datetime | None = None
) -> list[str]:
    found = parsed(*spans, today=today, start=start, end=end).iterfind(f"{SVG}text")
    return [text.text or "" for text in found if text.attrib["class"] in {"tick", "year"} and text.attrib["y"] == "11"]


def test_the_axis_names_years_and_as_many_months_as_can_be_read() -> None:
    assert labels(span(Stretch(came_after=None, came_by=ago(60)))) == ["Oct", "Nov"]
    assert labels(span(SEEN)) == ["May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov"]
    assert labels(span(BASELINE)) == ["Mar", "May", "Jul", "Sep", "Nov"]
    assert labels(span(BASELINE, retires_at=ahead(90))) == ["Mar", "May", "Jul", "Sep", "Nov", "2027"]
    assert labels(span(BASELINE, retires_at=ahead(190))) == ["Apr", "Jul", "Oct", "2027", "Apr"]
    assert labels(span(BASELINE, created_at=ago(700))) == ["2025", "Jul", "2026", "Jul"]
    assert labels(start=datetime(1, 1, 1, tzinfo=UTC), end=ahead(100)) == [
        *("1900", "1920", "1940", "1960", "1980", "2000", "2020"),
    ]
    assert labels(start=datetime(2026, 1, 1, tzinfo=UTC), end=datetime(2026, 4, 1, tzinfo=UTC))[0] == "2026"
    assert labels(start=ago(30), end=ago(0)) == ["Oct 24", "Oct 31", "Nov 7", "Nov 14", "Nov 21"]
    assert labels(start=ago(4), end=ago(0)) == ["Nov 19", "Nov 20", "Nov 21", "Nov 22"]


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (EARLIEST, LATEST),
        (LATEST, None),
        (None, EARLIEST),
        (ago(1), ago(2)),
        (TODAY, TODAY),
    ],
)
@pytest.mark.parametrize("rows", [(), (span(),)])
@pytest.mark.parametrize("today", [TODAY, None])
def test_any_window_makes_a_picture(
    start: datetime | None, end: datetime | None, rows: tuple[Lifespan, ...], today: datetime | None
) -> None:
    assert len(labels(*rows, today=today, start=start, end=end)) <= 9
    assert labels(today=None) is not None


@pytest.mark.parametrize("text", hostile.TEXTS)
@pytest.mark.parametrize("style", ["", STYLE])
def test_no_text_of_a_list_harms_a_picture_or_is_cut(text: str, style: str) -> None:
    root = parsed(span(id=text, source=text), span(source="b"), style=style)
    usual = parsed(span(), span(source="b"), style=style)
    kinds = sorted({element.tag for element in root.iter()} - {f"{SVG}tspan"})
    assert kinds == sorted({element.tag for element in usual.iter()})
    for element in root.iter():
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]
    row = next(row for row in root.iter(f"{SVG}a") if row.attrib["href"] == names.model_path(text, text))
    label = row.find(f"{SVG}text")
    assert label is not None
    assert "".join(label.itertext()) == harmless(text)
    assert (row.findtext(f"{SVG}title") or "").startswith(f"{harmless(text)} ({harmless(text)}): ")


@pytest.mark.parametrize("length", [1, 13, 25, 40, 44, 45, 46, 85, 200, 256])
def test_each_label_has_its_room(length: int) -> None:
    root = parsed(span(id="x" * length), span(id="y"))
    column = int(root.attrib["class"].partition(" c")[2])
    tall, short = (
        math.prod(map(int, re.findall(r"translate\(0 (\d+)\)", row.attrib["transform"])))
        for row in root.iter(f"{SVG}a")
    )
    if length * 7.3 + 12 <= 340:
        assert length * 7.3 + 12 <= column
        assert (tall, short) == (38, 62)
    else:
        lines = [line.text or "" for line in root.iter(f"{SVG}tspan")]
        assert max(map(len, lines)) * 7.3 + 12 <= 340
        assert (tall, short) == (38 + 17 * len(lines), 62 + 17 * len(lines))


def test_a_long_label_is_broken_behind_its_signs_and_into_letters_where_it_has_none() -> None:
    id = "meta-llama/Llama-3.3-70B-Instruct-Turbo-Free-Long-Context-128k-fp8-quantized-" + "x" * 60
    lines = [line.text or "" for line in parsed(span(id=id)).iter(f"{SVG}tspan")]
    assert lines[:2] == [
        "meta-llama/Llama-3.3-70B-Instruct-Turbo-",
        "Free-Long-Context-128k-fp8-quantized-xxxxxxxx"[:44],
    ]
    assert "".join(lines) == id


def test_rows_of_several_sources_stand_apart() -> None:
    rows = [span(id="x", source="b"), span(id="z", source="a"), span(id="y", source="b")]
    heads = [text.text for text in parsed(*rows).iterfind(f"{SVG}text[@class='source']")]
    titles = [(row.findtext(f"{SVG}title") or "").partition(":")[0] for row in parsed(*rows).iter(f"{SVG}a")]
    assert heads == ["a", "b"]
    assert titles == ["z (a)", "x (b)", "y (b)"]
    assert not parsed(rows[0]).findall(f"{SVG}text[@class='source']")


def test_labels_of_the_axis_stand_below_many_rows_too() -> None:
    def heights(rows: int) -> set[str]:
        texts = parsed(*(span(id=str(number)) for number in range(rows))).iterfind(f"{SVG}text[@class='tick']")
        return {text.attrib["y"] for text in texts}

    assert heights(10) == {"11"}
    assert heights(11) == {"11", str(38 + 11 * 24 + 16)}


TITLES = {
    "came by 2026-05-06": span(),
    "already there on 2026-01-26": span(BASELINE),
    "came by 2026-05-06, gone by 2026-08-14": span(GONE),
    "came by 2026-05-06, came back by 2026-10-03": span(GONE, Stretch(came_after=ago(60), came_by=ago(50))),
    "already there on 2026-05-06, missing, last seen 2026-10-13": span(
        Stretch(came_after=None, came_by=ago(200), left_after=ago(40))
    ),
    "came by 2026-05-06, retires 2026-12-22": span(retires_at=ahead(30)),
    "came by 2026-05-06, overdue since 2026-10-23": span(retires_at=ago(30)),
    "came by 2026-05-06, retirement 2026-10-23": span(retires_at=ago(30), is_retired=True),
}


@pytest.mark.parametrize("words", TITLES)
def test_each_row_says_what_it_shows_and_leads_to_its_model(words: str) -> None:
    drawn = picture.draw([TITLES[words]], today=TODAY, root="../")
    assert f'href="../model/anthropic/claude-a.html"><title>claude-a (anthropic): {words}</title>' in drawn


@pytest.mark.parametrize("style", ["", STYLE], ids=["in a page", "alone"])
def test_the_legend_explains_what_occurs_and_nothing_else(style: str) -> None:
    def told(*spans: Lifespan) -> list[str]:
        if not style:
            legend = ET.fromstring(picture.draw(spans, today=TODAY).partition("</svg><p ")[2].join(["<p ", ""]))
            return [(sign.tail or "").strip() for sign in legend.iterfind("span/svg")]
        return [text.text or "" for text in parsed(*spans, style=style).iterfind(f".//{SVG}g[@class='key']//{SVG}text")]

    assert told() == []
    assert told(span(Stretch(came_after=ago(9), came_by=ago(9)))) == ["listed"]
    assert told(*(one for one, _ in WHAT_IS_DRAWN.values())) == [
        *("listed", "came or left in here", "was there already", "missing", "nothing known"),
        *("planned", "retires", "overdue, still listed", "deprecated", "created"),
    ]


def test_a_picture_that_stands_alone_carries_its_style_and_no_other_needs_one() -> None:
    drawn = picture.draw([span()], today=TODAY, style=STYLE)
    root = ET.fromstring(drawn)
    assert drawn.startswith('<svg xmlns="http://www.w3.org/2000/svg" width="1024" ')
    assert root.findtext(f"{SVG}style") == STYLE
    assert "<style" not in picture.draw([span()], today=TODAY)
    for each in (root, parsed(span())):
        assert each.attrib["role"] == "group"
        assert each.attrib["aria-label"] == "Lifespans of 1 model"


def test_every_class_of_the_picture_is_in_the_style() -> None:
    css = (Path(picture.__file__).parents[1] / "static/picture.css").read_text()
    wide = [span(id="x" * length) for length in (1, 20, 27, 34, 44)]
    drawn = [picture.draw([one], today=TODAY) for one in (*wide, *(one for one, _ in WHAT_IS_DRAWN.values()))]
    classes = {name for found in re.findall(r'class="([^"]+)"', "".join(drawn)) for name in found.split()}
    assert {name for name in classes if f".{name}" not in css} == {"dots"}  # their pattern says how they look
    assert "</" not in css


def test_the_same_rows_give_the_same_picture() -> None:
    rows = [one for one, _ in WHAT_IS_DRAWN.values()]
    assert picture.draw(rows, today=TODAY) == picture.draw(list(rows), today=TODAY + timedelta(0))


@pytest.mark.parametrize("text", ["claude-a", *hostile.TEXTS])
def test_a_badge_shows_its_texts_whole(text: str) -> None:
    root = ET.fromstring(badge.draw(text, f"retires {text}", "note"))
    texts = root.findall(f".//{SVG}text")
    assert [found.text for found in texts] == [harmless(text), f"retires {harmless(text)}"]
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {"svg", "g", "path", "text"}
    assert root.attrib["aria-label"] == f"{harmless(text)}: retires {harmless(text)}"
    end = int(texts[1].attrib["x"]) + float(texts[1].attrib["textLength"])
    assert end + 6 <= int(root.attrib["width"])
    assert int(texts[0].attrib["x"]) + float(texts[0].attrib["textLength"]) < int(texts[1].attrib["x"])
