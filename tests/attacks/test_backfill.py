"""A record of the past, look by look, against what PRODUCT says must come of it: on both databases, killed or not."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from catalog.domain import Identity
from catalog.service import backfill, sync
from catalog.service.backfill import AWAY, Wish
from catalog.service.looks import Look
from catalog.settings import SourceSettings
from catalog.store.engine.database import Database
from tests import server as play
from tests.attacks import comparing, facts, reading
from tests.attacks.facts import Patience
from tests.attacks.oracle import Oracle
from tests.attacks.reading import Answer
from tests.server import Json
from tests.store import world as worlds

pytestmark = [pytest.mark.promise("P1", "P2", "P3", "P5")]

NAME = "one"
START = datetime(2024, 1, 1, tzinfo=UTC)
STEPS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(days=1), timedelta(days=8))
SOURCE = SourceSettings(name=NAME)
SCOPE: dict[str, Any] = json.loads(sync.scope_of(SOURCE).text(Identity())) | {"recorded": True}
NAMELESS = play.model("nameless") | {"id": 5}


class KilledError(BaseException):
    """Stands for a kill: nothing in the program may take it for a failure."""


def record(dice: random.Random, looks: int) -> list[tuple[datetime, bytes]]:
    """Make up what was recorded: a list that moves, and answers that are none."""
    shown, at, found = {id: play.model(id) for id in "abcdefghij"}, START, []
    for _ in range(looks):
        at += dice.choice(STEPS)
        move(dice, shown)
        found.append((at, body(dice, list(shown.values()))))
    return found


def move(dice: random.Random, shown: dict[str, Json]) -> None:
    match dice.randrange(6):
        case 0 | 1:
            id = dice.choice("abcdefghijklmnop")
            shown[id] = play.model(id, display_name=f"{id} {dice.randrange(2)}")
        case 2 | 3 if shown:
            del shown[dice.choice(sorted(shown))]
        case 4:
            for id in dice.sample(sorted(shown), len(shown) // 2):
                del shown[id]
        case 5:
            shown.update({id: play.model(id, line=dice.choice(["x", None])) for id in "abcdefghij"})
        case _:
            pass


def body(dice: random.Random, items: list[Json]) -> bytes:
    match dice.randrange(14):
        case 0:
            return b"<html>"
        case 1:
            return json.dumps(play.page(items, has_more=True)).encode()
        case 2:
            return json.dumps(play.page([*items, NAMELESS])).encode()
        case 3:
            return json.dumps(play.page([*items, *items[:1]])).encode()
        case 4:
            return json.dumps(play.page([*items, *({**item, "line": "other"} for item in items[:1])])).encode()
        case _:
            return json.dumps(play.page(items)).encode()


def looks(found: list[tuple[datetime, bytes]], die: Callable[[int], object] = lambda _: None) -> list[Look]:
    def read(number: int) -> bytes:
        die(number)
        return found[number][1]

    return [
        Look(begin=at, end=at, name=str(number), read=partial(read, number)) for number, (at, _) in enumerate(found)
    ]


def replay(found: list[tuple[datetime, bytes]], *, accept: bool) -> Oracle:
    """Tell the oracle what happened, as plainly as that can be said."""
    oracle, walks = Oracle(), []
    for at, body in found:
        run = oracle.begin(NAME, SCOPE, at)
        run.origin = "backfill"
        walks.append(reading.walk([Answer(cursor=None, status=200, body=body)]))
        wish = facts.Wish(accept_removals=accept, missed_by=at - AWAY)
        oracle.end(run, walks[-1], at, Patience(), wish)
    if accept:
        at_the_end(oracle, found, walks)
    return oracle


def at_the_end(oracle: Oracle, found: list[tuple[datetime, bytes]], walks: list[reading.Walk]) -> None:
    """What is held since before the last look is removed by judging that look again, if it is whole."""
    source = oracle.sources[NAME]
    merged = [number for number, run in enumerate(oracle.runs) if run.status in {"complete", "partial", "held"}]
    if not merged or source.whole != found[merged[-1]][0]:
        return
    last = found[merged[-1]][0]
    lacks = [model.lack for model in source.models.values() if model.lack]
    if not any(lack.held and lack.since < last for lack in lacks):
        return
    run = oracle.begin(NAME, SCOPE, last)
    run.origin = "backfill"
    at = last + facts.TICK  # whatever failed since
    wish = facts.Wish(accept_removals=True, missed_by=last - facts.TICK)
    patience = Patience(confirm_after=max(Patience().confirm_after, 2 * facts.TICK))
    oracle.end(run, walks[merged[-1]], at, patience, wish)
    run.has_words = True


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    with closing(worlds.open_hastily(migrated_url)) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("accept", [False, True])
def test_a_record_becomes_what_a_plain_replay_of_it_says(database: Database, seed: int, accept: bool) -> None:
    found = record(random.Random(seed), 25)
    backfill.fill(database, SOURCE, looks(found), Wish(accept_removals=accept))
    assert comparing.differences(database, replay(found, accept=accept)) == []


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("accept", [False, True])
def test_a_backfill_that_is_killed_goes_on_after_the_last_look(database: Database, seed: int, accept: bool) -> None:
    found, dice = record(random.Random(100 + seed), 20), random.Random(seed)
    dies_at = sorted(dice.sample(range(20), 4))

    def die(number: int) -> None:
        if dies_at and number == dies_at[0]:
            del dies_at[0]
            raise KilledError

    kills = len(dies_at)
    for _ in range(kills):
        with suppress(KilledError):
            backfill.fill(database, SOURCE, looks(found, die), Wish(accept_removals=accept))
            raise AssertionError("it was not killed")
    done = backfill.fill(database, SOURCE, looks(found, die), Wish(accept_removals=accept))
    assert done.known + done.looks == len(found)
    assert comparing.differences(database, replay(found, accept=accept)) == []
    again = backfill.fill(database, SOURCE, looks(found), Wish(accept_removals=accept))
    assert (again.looks, again.known) == (0, len(found))
    assert comparing.differences(database, replay(found, accept=accept)) == []


def test_the_records_hold_what_is_worth_a_replay() -> None:
    found = [replay(record(random.Random(seed), 25), accept=True).notes for seed in range(6)]
    for what in ("guarded", "removals accepted", "confirmed to the tick"):
        assert sum(notes[what] for notes in found) > 2, what
