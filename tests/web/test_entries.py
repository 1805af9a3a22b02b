"""What the stream tells of the log and of dates: each thing once, under an id and in words that never change."""

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.cli.running import demo
from catalog.demo import history, play
from catalog.domain import Change, Kind, RetirementDate, Run, Status
from catalog.store.backup import copies
from catalog.store.engine import database as databases
from catalog.store.engine.database import Database
from catalog.store.queries import log
from catalog.store.queries.log import LogQuestion
from catalog.store.schema import upgrade
from catalog.web import entries, names
from catalog.web.asked import ChangesQuestion
from catalog.web.entries import FeedEntry
from tests import subscribing
from tests.web.rows import change

pytestmark = pytest.mark.promise("P5", "P7")
DAY = timedelta(days=1)
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
RUN = Run(
    run_id=7,
    source="anthropic",
    status=Status.COMPLETE,
    started_at=AT,
    finished_at=AT,
    scope="{}",
    pages=1,
    models_seen=9,
    added=0,
    returned=0,
    changed=0,
    missing=0,
    removed=0,
    error=None,
)


def changes(*told: tuple[Any, ...]) -> list[Change]:
    """Number changes in the order of the log; each is a model, a kind, and perhaps a field with old and new value."""
    return [
        change(Kind(kind), AT, *fields, change_id=number, model_id=id, uid=f"{id}:{kind}:{':'.join(fields[:1])}")
        for number, (id, kind, *fields) in enumerate(told, 1)
    ]


WAVE = [(f"m{number}", "changed", "lifecycle", None, '"active"') for number in range(9)]
TOLD: dict[str, tuple[list[tuple[Any, ...]], list[tuple[str, str]]]] = {
    "nothing": ([], []),
    "each that came and left": (
        [("a", "added"), ("b", "removed"), ("c", "returned")],
        [
            ("returned", "c: listed again (anthropic)"),
            ("removed", "b: no longer listed (anthropic)"),
            ("added", "a: newly listed (anthropic)"),
        ],
    ),
    "fields of a model together": (
        [("b", "changed", "line", None, '"x"'), ("a", "changed", "x", "1", "2"), ("b", "changed", "type", '"m"', None)],
        [("changed", "b: line, type changed (anthropic)"), ("changed", "a: x changed (anthropic)")],
    ),
    "many fields by number": (
        [("a", "changed", name, "1", "2") for name in ("p", "q", "r", "s")],
        [("changed", "a: p, q, r and 1 more field changed (anthropic)")],
    ),
    "a return and its fields": (
        [("a", "returned"), ("a", "changed", "x", "1", "2")],
        [("changed", "a: x changed (anthropic)"), ("returned", "a: listed again (anthropic)")],
    ),
    "a wave, and what is none": (
        [*WAVE, ("m1", "changed", "x", "1", "2"), ("n", "added")],
        [
            ("added", "n: newly listed (anthropic)"),
            ("changed", "m1: x changed (anthropic)"),
            ("wave", "lifecycle appeared on 9 of 9 models (anthropic)"),
        ],
    ),
    "two waves are one entry": (
        [*WAVE, *((f"m{number}", "changed", "line", '"a"', '"b"') for number in range(5))],
        [("wave", "lifecycle, line changed on 9 of 9 models (anthropic)")],
    ),
    "half of the models are no wave": (
        [(f"m{number}", "changed", "line", '"a"', '"b"') for number in range(4)],
        [("changed", f"m{number}: line changed (anthropic)") for number in (3, 2, 1, 0)],
    ),
    "fifty one by one": (
        [(f"m{number:02}", "added") for number in range(50)],
        [("added", f"m{number:02}: newly listed (anthropic)") for number in reversed(range(50))],
    ),
    "more by their number": (
        [*((f"m{number:02}", "added") for number in range(50)), ("x", "removed")],
        [("many", "51 changes: 50 added, 1 removed (anthropic)")],
    ),
    "what no line may hold": (
        [("a\nb\u202e", "added"), ("a\x1b", "changed", "x\ny", '"\x00"', '"' + "z" * 900 + '"')],
        [("changed", "a\\x1b: x\\ny changed (anthropic)"), ("added", "a\\nb\\u202e: newly listed (anthropic)")],
    ),
}


@pytest.mark.parametrize("what", TOLD)
def test_a_run_is_told_thing_by_thing_the_newest_first(what: str) -> None:
    said, expected = TOLD[what]
    found = entries.of_run(RUN, changes(*said))
    assert [(entry.kind, entry.title) for entry in found] == expected
    assert Counter(each.change_id for entry in found for each in entry.changes) == Counter(range(1, len(said) + 1))
    for entry in found:
        name = "\n".join(sorted(each.uid for each in entry.changes))
        assert entry.uid == names.uuid_of(name).urn
        assert (entry.updated, entry.published) == (AT, AT - timedelta(minutes=5))
        assert all(line.isprintable() for line in (entry.title, *entry.text.split("\n")))
        assert len(entry.text) < 1000


def test_of_very_much_only_the_number_is_told() -> None:
    (entry,) = entries.of_run(RUN, changes(("a", "added"), ("b", "changed", "x", "1", "2")), are_all=False)
    assert (entry.kind, entry.title) == ("many", "more than 2 changes: 1 added, 1 changed (anthropic)")


@pytest.mark.parametrize(
    ("told", "text", "path"),
    [
        (
            {"kind": Kind.ADDED, "not_before": AT - DAY},
            "It happened after 2026-02-28T09:00:00Z, and by 2026-03-01T08:55:00Z.",
            "model/anthropic/claude-a.html",
        ),
        (
            {"kind": Kind.ADDED, "baseline": True},
            "It was so by 2026-03-01T08:55:00Z; nothing proves since when.\nA baseline found this: it is no news.",
            "model/anthropic/claude-a.html",
        ),
        (
            {
                "kind": Kind.CHANGED,
                "field": "line",
                "old": None,
                "new": '"opus"',
                "model_id": "..",
                "not_before": AT - DAY,
            },
            'line: absent → "opus"\nIt happened after 2026-02-28T09:00:00Z, and by 2026-03-01T08:55:00Z.',
            "model/anthropic/~2E..html",
        ),
    ],
)
def test_an_entry_says_what_happened_between_which_looks(told: dict[str, Any], text: str, path: str) -> None:
    (entry,) = entries.of_run(RUN, [change(recorded_at=AT, **told)])
    assert (entry.text, entry.path) == (text, path)


def test_a_wave_leads_to_all_that_its_run_recorded() -> None:
    (entry,) = entries.of_run(RUN, changes(*WAVE))
    assert entry.text.startswith('lifecycle: absent → "active", on 9\n')
    assert entry.path == (
        "changes.html?events=added,changed,removed,returned&sources=anthropic"
        "&since=2026-03-01T09:00:00Z&until=2026-03-01T09:00:00.000001Z"
    )
    assert entry.model_id is None


# A date that moved: known from March on, moved in May, withdrawn in June.
MAY, JUNE, JULY, AUGUST = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7, 8))


def date(retires_at: datetime, known: datetime, until: datetime | None = None, **fields: Any) -> RetirementDate:
    usual = {"source": "anthropic", "model_id": "a", "line": "opus", "lifecycle": "deprecated", "stands_from": known}
    told = {"retires_at": retires_at, "known_since": known, "stands_until": until}
    return RetirementDate(**{**usual, **told, **fields})


def told_of(
    *planned: RetirementDate, now: datetime = AUGUST + 365 * DAY, since: datetime | None = None, **asked: Any
) -> list[tuple[str, datetime]]:
    events = asked.pop("events", ("retiring",))
    rule = subscribing.rule(*events, **asked)
    found = entries.of_dates(planned, rule, milestones=subscribing.DAYS, now=now, since=since)
    return [(entry.title.removeprefix("a: ").removesuffix(" (anthropic)"), entry.updated) for entry in found][::-1]


def coming(day: datetime, *left: int) -> list[tuple[str, datetime]]:
    return [(f"retires in {days} day{'s' if days > 1 else ''}", day - days * DAY) for days in left]


def test_every_milestone_that_has_come_is_told_at_its_time() -> None:
    assert told_of(date(JULY, AT)) == coming(JULY, 90, 60, 30, 14, 7, 1)
    assert told_of(date(JULY, AT), now=JULY - 30 * DAY) == coming(JULY, 90, 60, 30)
    assert told_of(date(JULY, AT), since=JULY - 30 * DAY) == coming(JULY, 30, 14, 7, 1)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 6, 7, 100])
def test_of_many_milestones_the_last_are_enough(most: int) -> None:
    planned = [date(JULY, AT), date(JULY, AT, model_id="b"), date(AUGUST, AT, model_id="c")]
    rule = subscribing.rule("retiring", "overdue")
    every, some = (
        entries.of_dates(planned, rule, milestones=subscribing.DAYS, now=AUGUST, since=None, most=number)
        for number in (None, most)
    )
    assert some[:most] == every[:most]
    assert all(entry.updated == every[most - 1].updated for entry in some[most:])


def test_of_milestones_that_passed_before_a_date_was_known_the_last_is_told_when_it_became_known() -> None:
    assert told_of(date(JULY, JULY - 20 * DAY)) == coming(JULY, 20, 14, 7, 1)
    assert told_of(date(JULY, JULY)) == []
    assert told_of(date(JULY, AUGUST)) == []


def test_a_date_that_moved_is_told_for_as_long_as_it_stood() -> None:
    moved = [date(JULY, AT, MAY), date(AUGUST, MAY)]
    assert told_of(*moved) == [*coming(JULY, 90), *coming(AUGUST, 90, 60, 30, 14, 7, 1)]


def test_a_milestone_is_told_once_when_a_date_moves_back() -> None:
    back = [
        date(JULY, AT, JULY - 50 * DAY),
        date(AUGUST, JULY - 50 * DAY, JULY - 40 * DAY),
        date(JULY, JULY - 40 * DAY),
    ]
    assert told_of(*back) == [
        *coming(JULY, 90, 60),
        ("retires in 81 days", JULY - 50 * DAY),
        *coming(JULY, 30, 14, 7, 1),
    ]


def test_what_left_or_retired_is_told_no_longer() -> None:
    assert told_of(date(JULY, AT, JULY - 20 * DAY)) == coming(JULY, 90, 60, 30)
    assert told_of(date(JULY, AT, lifecycle="retired")) == []
    halves = [date(JULY, AT, JULY - 20 * DAY), date(JULY, AT, stands_from=JULY - 20 * DAY, lifecycle="retired")]
    assert told_of(*halves) == coming(JULY, 90, 60, 30)


def test_a_date_that_passed_while_its_model_is_listed_is_overdue_when_asked() -> None:
    assert told_of(date(JULY, AT), events=("overdue",)) == [("overdue, still listed", JULY)]
    assert told_of(date(JULY, AUGUST), events=("overdue",)) == [("overdue, still listed", AUGUST)]
    assert told_of(date(JULY, AT, JULY), events=("overdue",)) == []
    assert told_of(date(JULY, AT), events=("added",)) == []


def test_dates_pass_the_filter_by_what_their_model_was_then() -> None:
    halves = [date(JULY, AT, MAY, lifecycle="active"), date(JULY, AT, stands_from=MAY)]
    assert told_of(*halves, lifecycles=("active",)) == coming(JULY, 90)
    assert told_of(*halves, lifecycles=("deprecated",)) == coming(JULY, 60, 30, 14, 7, 1)
    assert told_of(*halves, watched=frozenset({"b"})) == []


def test_the_id_of_a_milestone_names_source_date_days_and_model() -> None:
    rule = subscribing.rule("retiring", "overdue")
    found = entries.of_dates([date(JULY, AT)], rule, milestones=(30,), now=AUGUST, since=None)
    named = [
        "anthropic:overdue:2026-07-01T00:00:00.000000Z:1:a",
        "anthropic:retiring:2026-07-01T00:00:00.000000Z:30:1:a",
    ]
    assert [entry.uid for entry in found] == [names.uuid_of(name).urn for name in named]


def test_two_streams_are_one_by_the_time_of_record() -> None:
    news = entries.of_run(RUN, changes(("a", "added"), ("b", "added")))
    dated = entries.of_dates(
        [date(AT + 30 * DAY, AT - DAY)], subscribing.rule("retiring"), milestones=(30, 7), now=JULY, since=None
    )
    found = sorted([*news, *dated], key=entries.standing, reverse=True)
    assert [entry.kind for entry in found] == ["retiring", "added", "added", "retiring"]


# The demo's history


RULE = ChangesQuestion().rule()
EVERY = subscribing.rule("added", "removed", "returned", "changed", "retiring")


def stream(database: Database, rule: Any, now: datetime) -> list[FeedEntry]:
    with database.read() as connection:
        found = [each for run in log.by_run(connection, LogQuestion(rule=rule)) for each in of(run)]
        planned = log.retirement_dates(connection)
        dated = entries.of_dates(planned, rule, milestones=subscribing.DAYS, now=now, since=None)
    return sorted([*found, *dated], key=entries.standing, reverse=True)


def of(run: log.RunNews) -> Sequence[FeedEntry]:
    return entries.of_run(run.run, run.changes, are_all=run.are_all)


def test_the_demo_is_told_in_few_entries_each_with_an_id_of_its_own(migrated_url: str) -> None:
    """245 changes that are news, of which 62 are events of models, make 37 entries; its one date is told five times."""
    with closing(databases.open_(migrated_url)) as database:
        demo._play(database, list(play.looks(history.load())), shown=False)
        found = stream(database, EVERY, datetime(2027, 1, 1, tzinfo=UTC))
    told = [change for entry in found for change in entry.changes]
    assert Counter(entry.kind for entry in found) == {
        "added": 14,
        "removed": 12,
        "changed": 8,
        "wave": 3,
        "retiring": 5,
    }
    assert len(told) == len({change.change_id for change in told}) == 245
    assert len({(change.run_id, change.model_id, change.kind) for change in told}) == 62
    assert len({entry.uid for entry in found}) == len(found)
    assert all(uuid.UUID(entry.uid).version == 5 for entry in found)
    assert [entry.updated for entry in found] == sorted((entry.updated for entry in found), reverse=True)


class Pausing(list[play.DemoLook]):
    """Looks that are played one after the other, with something to do after each."""

    after: Callable[[datetime], None]

    def __iter__(self) -> Iterator[play.DemoLook]:
        for look in super().__iter__():
            yield look
            self.after(look.at)


def test_an_entry_that_was_given_once_never_changes(migrated_url: str) -> None:
    given: dict[str, FeedEntry] = {}
    with closing(databases.open_(migrated_url)) as database:
        looks = Pausing(play.looks(history.load()))
        moments = [*(look.at for look in looks[1:]), looks[-1].at + 100 * DAY]

        def compare(at: datetime) -> None:
            """Ask right after a run, and on days until the next."""
            until = next(moment for moment in moments if moment > at)
            for part in range(4):
                now = at + part * (until - at) / 4
                found = {entry.uid: entry for entry in stream(database, EVERY, now)}
                assert found.items() >= given.items()
                given.update(found)

        looks.after = compare
        demo._play(database, looks, shown=False)
    assert len(given) == 42


def test_both_databases_and_a_restored_copy_tell_the_same(sqlite_url: str, postgres_url: str, tmp_path: Path) -> None:
    now, told = datetime(2027, 1, 1, tzinfo=UTC), []
    looks = list(play.looks(history.load()))
    with closing(databases.open_(sqlite_url)) as first, closing(databases.open_(postgres_url)) as second:
        upgrade.ensure(first)
        demo._play(first, looks, shown=False)
        told.append(stream(first, RULE, now))
        copies.backup(first, tmp_path / "copy", on_progress=lambda _done, _all: None)
        copies.restore(
            second, tmp_path / "copy", now=now, replace=False, sources=(), on_progress=lambda _done, _all: None
        )
        told.append(stream(second, RULE, now))
    assert told[0] == told[1]
    assert len(told[0]) == 33
