"""Pages of a list: together they are the list, each once, from the top and from the end, whatever is asked for."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import pytest

from catalog.domain import Kind, Model, Place, State
from catalog.store.engine.database import Connection
from catalog.store.queries import differences, history, pages, streams
from catalog.store.queries.history import Which
from catalog.store.queries.pages import Cut, RowPage, Sort, Wanted
from tests import subscribing
from tests.server import model
from tests.store.living import SOURCES, live
from tests.store.world import MINUTE, START, World


@pytest.fixture(params=range(2))
def lived(world: World, request: pytest.FixtureRequest) -> World:
    live(world, request.param)
    return world


def questions(rng: random.Random) -> list[Wanted]:
    """Make up filters, alone and together."""
    texts = ("a", "B", "%", "_", "\\", "É", "ü", "claude", "0%", ";", "\x00", "zzz", ".")
    patterns = ("*", "b-*", "[!b]*", "?", "c_%", "z*", "\ud800", "nothing")
    few = tuple[str | None, ...]
    lifecycles: Sequence[few] = ((), ("active",), (None,), ("active", None), ("retired", "deprecated"), ("\x00",))
    lines: Sequence[few] = ((), ("opus",), ("opus", None), ("haiku",))
    made = [Wanted(which=which) for which in Which]
    made += [Wanted(which=Which.ALL, contains=text) for text in texts]
    made += [Wanted(which=Which.ALL, match=pattern) for pattern in patterns]
    made += [Wanted(which=Which.ALL, lifecycles=each) for each in lifecycles]
    made += [
        Wanted(
            source=rng.choice([None, *SOURCES, "nowhere", "\x00"]),
            match=rng.choice([None, *patterns]),
            contains=rng.choice([None, *texts]),
            which=rng.choice(list(Which)),
            lifecycles=rng.choice(lifecycles),
            lines=rng.choice(lines),
        )
        for _ in range(20)
    ]
    return made


def fits(row: Model | State, wanted: Wanted) -> bool:
    """Answer what a database is asked, in plain Python."""
    return (
        (wanted.source is None or row.source == wanted.source)
        and (wanted.match is None or fnmatchcase(row.id, wanted.match))
        and (
            not wanted.contains
            or any(wanted.contains.lower() in (text or "").lower() for text in (row.id, row.display_name))
        )
        and (not wanted.lifecycles or row.lifecycle in wanted.lifecycles)
        and (not wanted.lines or row.line in wanted.lines)
        and (isinstance(row, State) or wanted.which in which_of(row))
    )


def which_of(row: Model) -> set[Which]:
    gone, missing = row.removed_at is not None, row.missing_since is not None
    return {Which.ALL, Which.REMOVED if gone else Which.LISTED, *([Which.MISSING] if missing else [])}


def in_order(rows: list[Any], sort: Sort | None) -> list[Any]:
    by_id = sorted(rows, key=lambda row: (row.source, row.id))
    if sort is None:
        return by_id
    dated = [row for row in by_id if getattr(row, sort.column) is not None]
    dated.sort(key=lambda row: getattr(row, sort.column), reverse=sort.newest_first)
    return [*dated, *(row for row in by_id if getattr(row, sort.column) is None)]


def walk(ask: Callable[[Cut], RowPage[Any]], cut: Cut) -> list[Any]:
    """Read all pages forward, and then back again."""
    read = [ask(cut)]
    while read[-1].after is not None:
        read.append(ask(replace(cut, after=read[-1].after)))
    assert read[0].before is None
    assert all(len(page.rows) == cut.limit for page in read[:-1])
    back = [read[-1]]
    while back[-1].before is not None:
        back.append(ask(replace(cut, before=back[-1].before)))
    forward = [row for page in read for row in page.rows]
    assert [row for page in reversed(back) for row in page.rows] == forward
    return forward


def check(
    ask: Callable[[Wanted, Cut], RowPage[Any]], rows: list[Any], rng: random.Random, sorts: Sequence[Any]
) -> None:
    """Hold all pages of many questions against the rows that fit."""
    for wanted in questions(rng):
        sort, limit = rng.choice(sorts), rng.choice((1, 2, 3, 7, 100))
        asked = partial(ask, wanted)
        expected = in_order([row for row in rows if fits(row, wanted)], sort)
        assert walk(asked, Cut(limit=limit, sort=sort)) == expected, (wanted, sort)


MODEL_SORTS = [
    None,
    *(Sort(column=c, newest_first=n) for c in ("created_at", "first_seen_at", "retires_at") for n in (False, True)),
]
STATE_SORTS = [sort for sort in MODEL_SORTS if sort is None or sort.column != "first_seen_at"]


def test_pages_of_models_are_the_list(lived: World, request: pytest.FixtureRequest) -> None:
    rng = random.Random(request.node.name)
    with lived.database.read() as connection:
        rows = list(history.models(connection, which=Which.ALL))
        check(partial(pages.models, connection), rows, rng, MODEL_SORTS)


@pytest.mark.parametrize("few", [0, 3, 1000])
def test_what_differs_between_two_moments_is_what_their_lists_differ_in(
    lived: World, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """However many models changed: their ids are sought in the log, or the whole list is gone through."""
    monkeypatch.setattr(differences, "_FEW", few)
    rng = random.Random(request.node.name)
    with lived.database.read() as connection:
        for _ in range(20):
            earlier, later = sorted(START + rng.uniform(0, 500) * MINUTE for _ in range(2))
            match = rng.choice([None, "*", "b*", "[!b]*", "a"])
            old, new = (
                {Place(row.source, row.id): row for row in history.as_of(connection, at)} for at in (earlier, later)
            )
            found = list(differences.between(connection, earlier, later, match=match))
            told = {(Place(one.source, one.model_id), one.kind) for one in found}
            expected = {(place, Kind.ADDED) for place in new.keys() - old.keys()}
            expected |= {(place, Kind.REMOVED) for place in old.keys() - new.keys()}
            both = {place for place in old.keys() & new.keys() if differ(old[place], new[place])}
            expected |= {(place, Kind.CHANGED) for place in both}
            assert told == {each for each in expected if match is None or fnmatchcase(each[0].id, match)}
            assert [(one.source, one.model_id) for one in found] == sorted((one.source, one.model_id) for one in found)


def differ(old: State, new: State) -> bool:
    return replace(old, valid_from=new.valid_from, valid_to=new.valid_to) != new


def test_pages_of_a_moment_are_the_list_of_that_moment(lived: World, request: pytest.FixtureRequest) -> None:
    rng = random.Random(request.node.name)
    with lived.database.read() as connection:
        for minute in (0, rng.uniform(1, 300), rng.uniform(1, 300), 1e5):
            moment = START + minute * MINUTE
            rows = list(history.as_of(connection, moment))
            check(partial(pages.states, connection, moment), rows, rng, STATE_SORTS)


def test_a_long_list_is_streamed_in_ranges_of_ids(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [START + minute * MINUTE for minute in (50, 100, 150)]
    patterns = (None, "b*", "*", "[!a]*")

    def told(connection: Connection) -> list[Any]:
        found: list[Any] = [list(history.models(connection, which=which)) for which in Which]
        return found + [list(history.as_of(connection, at, match=each)) for at in moments for each in patterns]

    with lived.database.read() as connection:
        expected = told(connection)
        for chunk, growth in ((1, 1), (2, 2)):
            monkeypatch.setattr(streams, "_CHUNK", chunk)
            monkeypatch.setattr(streams, "_GROWTH", growth)
            assert told(connection) == expected
    for rows in expected:
        assert rows == sorted(rows, key=lambda row: (row.source, row.id))


def test_retirements_are_those_in_a_time_that_a_rule_admits(lived: World, request: pytest.FixtureRequest) -> None:
    rng = random.Random(request.node.name)
    moments = [START + timedelta(days=days) for days in (-1, 0, 31, 59, 60, 90, 10_000)]
    with lived.database.read() as connection:
        rows = list(history.models(connection, which=Which.ALL))
        for _ in range(40):
            since, until = sorted(rng.sample(moments, 2))
            rule = subscribing.rule(
                sources=rng.choice([(), ("one", "two")]),
                lines=rng.choice([(), ("opus",)]),
                lifecycles=rng.choice([(), ("deprecated", "active")]),
                models=rng.choice([(), ("b*", ("one", "?"))]),
                watched=rng.choice([None, frozenset({"a", "B", "b-1", ("one", "z" * 256)})]),
            )
            expected = [
                row
                for row in rows
                if row.retires_at is not None
                and since <= row.retires_at < until
                and rule.admits(source=row.source, model_id=row.id, line=row.line, lifecycle=row.lifecycle)
            ]
            expected.sort(key=lambda row: (row.retires_at, row.source, row.id))
            assert pages.retiring(connection, rule, since=since, until=until) == expected
            limited = pages.retiring(connection, rule, since=since, limit=2)
            assert limited[: len(expected)] == expected[:2]


def test_spans_are_what_the_log_says_of_presence(lived: World) -> None:
    with lived.database.read() as connection:
        rows = list(history.models(connection, which=Which.ALL))
        stories = {Place(s.model.source, s.model.id): s for row in rows for s in history.stories(connection, row.id)}
        expected = {
            place: tuple(change for change in story.changes if change.kind is not Kind.CHANGED)
            for place, story in stories.items()
        }
        assert pages.spans(connection, rows) == expected
        assert pages.spans(connection, rows[:1]) == {
            Place(rows[0].source, rows[0].id): expected[Place(rows[0].source, rows[0].id)]
        }
        assert pages.spans(connection, []) == {}
        told = pages.spans(connection, rows, fields=("retires_at", "lifecycle"))
        assert told == {
            place: tuple(each for each in story.changes if each.field in {None, "retires_at", "lifecycle"})
            for place, story in stories.items()
        }


PLACES = {
    "a model that left": (Place("one", "b"), "acd"),
    "an id that never was": (Place("one", "bb"), "acd"),
    "before all": (Place("one", ""), "acd"),
    "after all": (Place("one", "z"), "acd"),
    "a source before": (Place("nil", "z"), "acd"),
    "a source after": (Place("two", ""), "acd"),
    "what no database holds": (Place("one", "b\x00"), ""),
    "what no text holds": (Place("\ud800", "b"), ""),
}


@pytest.mark.parametrize("kind", PLACES)
def test_a_place_need_not_hold_a_model(world: World, kind: str) -> None:
    world.lists("a", "b", "c", "d")
    world.sync()
    world.lists("a", "c", "d")
    world.sync()
    world.sync(after=20)
    place, ids = PLACES[kind]
    with world.database.read() as connection:
        before = pages.models(connection, Wanted(), Cut(before=place))
        after = pages.models(connection, Wanted(), Cut(after=place))
    assert "".join(row.id for row in (*before.rows, *after.rows)) == ids


def test_a_model_that_left_marks_its_place_in_a_sorted_list(world: World) -> None:
    days = {"a": 3, "b": 2, "c": 4, "d": 1}
    listed = [model(id, created_at=f"2026-01-0{day}T00:00:00Z") for id, day in days.items()]
    world.server.models = listed
    world.sync()
    world.server.models = listed[:1] + listed[2:]
    world.sync()
    world.sync(after=20)
    sort, place = Sort(column="created_at"), Place("one", "b")
    cuts = (Cut(before=place, sort=sort), Cut(after=place, sort=sort), Cut(after=Place("one", "no"), sort=sort))
    with world.database.read() as connection:
        found = [pages.models(connection, Wanted(), cut).rows for cut in cuts]
    assert ["".join(row.id for row in rows) for rows in found] == ["d", "ac", "dac"]


def test_a_short_list_may_be_sorted(world: World) -> None:
    for name, ids in (("one", "ab"), ("two", "abc")):
        world.lists(*ids)
        world.sync(name=name)
    with world.database.read() as connection:
        may = [pages.is_sortable(connection, name, most=2) for name in ("one", "two", None, "nowhere", "\x00")]
        assert may == [True, False, False, True, True]
        assert pages.is_sortable(connection, None)
