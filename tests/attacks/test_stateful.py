"""Sync and store against an oracle: whatever befalls the runs, every view shows what PRODUCT says, after each step."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.attacks import edits as editing
from tests.attacks import stage
from tests.attacks.catalogs import Catalogs
from tests.attacks.facts import Patience, Wish
from tests.attacks.listening import ListeningServer
from tests.attacks.mortal import Executioner
from tests.attacks.stage import Ground, Story
from tests.attacks.station import Reader, Turn
from tests.attacks.ways import WAYS
from tests.server import ORGANIZATION
from tests.store.world import MINUTE
from tests.volume import Volume

OTHER = "99999999-2222-4333-8444-555555555555"
READERS = st.sampled_from(sorted(stage.PAGE_SIZES))
WAY = st.sampled_from(sorted(WAYS))
NAMES = st.sampled_from(stage.SOURCES)
ID = st.sampled_from(editing.IDS)
SAY = st.sampled_from([(name, value) for name, values in editing.VALUES.items() for value in values])
EDIT = st.one_of(
    st.tuples(st.just("flip"), ID),
    st.tuples(st.just("move"), ID),
    st.builds(lambda id, said: ("say", id, *said), ID, SAY),
)
EDITS = st.lists(EDIT, max_size=3).map(tuple)
FEW = st.lists(EDIT, min_size=1, max_size=2).map(tuple)
AFTER = st.sampled_from([20, 20, 20, 1, 5, 600])
REQUEST = st.integers(0, 3)
ASKER = st.sampled_from([ORGANIZATION, OTHER, None])
ERROR = st.one_of(st.none(), st.tuples(REQUEST, st.just("error")))
PATIENCE = st.sampled_from(
    [Patience(), Patience(), Patience(confirm_after=timedelta(0)), Patience(max_removed_percent=60, min_removed=2)]
)
MOST_COPIES = 2  # there and back
MOMENTS = st.integers(0, 110)  # statements and commits of a run


class Attack(RuleBasedStateMachine):
    """Rules by which a story goes on; each makes at least one run."""

    ground: Ground

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(self.ground)

    def teardown(self) -> None:
        failure = sys.exc_info()[1]
        if failure is not None:
            self.ground.failures.append(failure)
        try:
            if self.story.is_sound:
                self.story.calm_down()
        finally:
            self.story.close()

    def make(self, name: str, edits: Any = (), after: float = 20, **turn: Any) -> None:
        """Edit the list, let some minutes pass, make a run, and compare."""
        self.story.shelves[name].edit(edits)
        self.story.now += after * MINUTE
        self.story.run(Turn(**turn))
        self.story.compare()

    @initialize(one=PATIENCE, two=PATIENCE, ids=st.sampled_from(["abcdef", "abcdefgh", ""]), ways=st.tuples(WAY, WAY))
    def begin(self, one: Patience, two: Patience, ids: str, ways: tuple[str, str]) -> None:
        self.story.patience = {"one": one, "two": two}
        self.story.shelves["one"].edit([("turn", ways[0])])
        self.story.shelves["two"].edit([("turn", ways[1]), ("only", ids)])

    @rule(reader=READERS, edits=EDITS, after=AFTER)
    def walk(self, reader: Reader, edits: Any, after: float) -> None:
        self.make(reader[1], edits, after, reader=reader)

    @rule(reader=READERS, after=AFTER)
    def walk_again(self, reader: Reader, after: float) -> None:
        self.make(reader[1], (), after, reader=reader)

    @rule(reader=READERS, during=st.dictionaries(REQUEST, FEW, min_size=1, max_size=3))
    def walk_while_it_is_edited(self, reader: Reader, during: Any) -> None:
        self.make(reader[1], reader=reader, during=during)

    @rule(reader=READERS, first=ID, second=ID)
    def walk_while_it_is_put_in_order(self, reader: Reader, first: str, second: str) -> None:
        self.make(reader[1], [("sort",)], reader=reader)
        self.make(reader[1], [("move", second), ("move", first)], reader=reader, during={1: (("sort",),)})

    @rule(reader=READERS, edits=EDITS, odd=st.sampled_from(editing.ODDITIES))
    def walk_an_odd_list(self, reader: Reader, edits: Any, odd: str) -> None:
        shelf = self.story.shelves[reader[1]]
        shelf.odd = odd
        self.make(reader[1], edits, reader=reader)
        shelf.odd = None

    @rule(reader=READERS, edits=EDITS, odd=st.sampled_from([*editing.ODDITIES, None]))
    def stay_odd(self, reader: Reader, edits: Any, odd: str | None) -> None:
        self.story.shelves[reader[1]].odd = odd
        self.make(reader[1], edits, reader=reader)

    @rule(reader=READERS, edits=EDITS, way=WAY)
    def turn_to_another_way(self, reader: Reader, edits: Any, way: str) -> None:
        self.make(reader[1], [*edits, ("turn", way)], reader=reader)

    @rule(reader=READERS, asker=ASKER, id=ID, accept=st.booleans())
    def hide_from_an_asker(self, reader: Reader, asker: str | None, id: str, accept: bool) -> None:
        self.make(reader[1], [("sign", asker), ("hide", asker, id)], reader=reader, wish=Wish(accept_scope=accept))

    @rule(name=NAMES, looks=st.lists(EDITS, min_size=1, max_size=4), same_scope=st.booleans())
    def backfill(self, name: str, looks: Any, same_scope: bool) -> None:
        self.story.backfill(name, looks, same_scope=same_scope)
        self.story.compare()

    @rule(days=st.sampled_from([0, 0, 1, 30]))
    def prune(self, days: int) -> None:
        self.story.prune(timedelta(days=days))
        self.story.compare()

    @precondition(lambda self: self.story.copies < MOST_COPIES)
    @rule()
    def move_to_the_other_database(self) -> None:
        self.story.move()
        self.story.compare()

    @rule(reader=READERS, edits=EDITS, fault=st.tuples(REQUEST, st.sampled_from(sorted(stage.FAULTS))))
    def fail(self, reader: Reader, edits: Any, fault: Any) -> None:
        self.make(reader[1], edits, reader=reader, fault=fault)

    @rule(reader=READERS, edits=EDITS, stop=st.integers(0, 2))
    def stop(self, reader: Reader, edits: Any, stop: int) -> None:
        self.make(reader[1], edits, reader=reader, stop=stop)

    @rule(reader=READERS, edits=EDITS, page=st.integers(0, 2), minutes=st.sampled_from([-60, 60, -600, -576_000]))
    def jump(self, reader: Reader, edits: Any, page: int, minutes: float) -> None:
        self.make(reader[1], edits, reader=reader, jump=(page, minutes))

    @rule(reader=READERS, left=st.frozensets(ID, max_size=2), removals=st.booleans())
    def lose_most(self, reader: Reader, left: frozenset[str], removals: bool) -> None:
        wish = Wish(accept_removals=removals)
        self.make(reader[1], [("only", left)], reader=reader, wish=wish)

    @rule(reader=READERS, edits=EDITS)
    def accept_removals(self, reader: Reader, edits: Any) -> None:
        self.make(reader[1], edits, after=1, reader=reader, wish=Wish(accept_removals=True))

    @rule(reader=READERS, back=st.frozensets(ID, min_size=5))
    def come_back(self, reader: Reader, back: frozenset[str]) -> None:
        self.make(reader[1], [("only", back)], reader=reader)

    @rule(reader=READERS, asker=ASKER, request=st.sampled_from([0, 0, 1, 2]), accept=st.booleans(), edits=EDITS)
    def swap_key(self, reader: Reader, asker: str | None, request: int, accept: bool, edits: Any) -> None:
        during = {request: (("sign", asker),)}
        self.make(reader[1], edits, reader=reader, during=during, wish=Wish(accept_scope=accept))

    @rule(reader=READERS, betas=st.sampled_from([(), ("b", "a")]), edits=EDITS)
    def reconfigure(self, reader: Reader, betas: tuple[str, ...], edits: Any) -> None:
        self.story.betas[reader[1]] = betas
        self.make(reader[1], edits, reader=reader)

    @rule(reader=READERS, edits=EDITS)
    def rehearse(self, reader: Reader, edits: Any) -> None:
        self.make(reader[1], edits, reader=reader, dry=True)

    @rule(reader=READERS, id=ID, ticks=st.sampled_from([-1, 0, 1]))
    def wait_to_the_tick(self, reader: Reader, id: str, ticks: int) -> None:
        self.make(reader[1], [("flip", id)], reader=reader)
        self.story.wait_to_confirm(reader, ticks)
        self.make(reader[1], after=0, reader=reader)

    @rule(
        reader=READERS,
        request=REQUEST,
        rival=st.tuples(st.booleans(), st.booleans(), ERROR),  # of the same source, and seeing its lock
        edits=EDITS,
        fault=ERROR,
    )
    def overtake(self, reader: Reader, request: int, rival: tuple[bool, bool, Any], edits: Any, fault: Any) -> None:
        machine, name = reader
        same, sees_lock, rival_fault = rival
        (elsewhere,) = set(stage.MACHINES) - {machine}
        (another,) = set(stage.SOURCES) - {name}
        other = Turn(reader=(elsewhere, name if same else another), sees_lock=sees_lock, fault=rival_fault)
        self.make(name, edits, reader=reader, rival=(request, other), fault=fault)

    @rule(name=NAMES, edits=EDITS, sees_lock=st.booleans())
    def race(self, name: str, edits: Any, sees_lock: bool) -> None:
        self.story.shelves[name].edit(edits)
        self.story.now += 20 * MINUTE
        self.story.race(name, sees_lock=sees_lock)
        self.story.compare()

    @rule(reader=READERS, edits=EDITS, moment=MOMENTS)
    def die(self, reader: Reader, edits: Any, moment: int) -> None:
        self.story.shelves[reader[1]].edit(edits)
        self.story.now += 20 * MINUTE
        self.story.kill(Turn(reader=reader), moment)
        self.story.compare()


OUTCOMES = (
    *("complete runs", "partial runs", "held runs", "failed runs"),
    *("superseded runs", "skipped runs", "abandoned runs"),
    *("added", "changed", "removed", "returned"),
)
EVENTS = (
    *("removals accepted", "scopes accepted", "other askers", "new baselines", "guarded", "silences"),
    *("clocks behind", "walks begun anew", "confirmed to the tick", "a tick too early", "empty first lists"),
    *("killed before the end", "killed outside of a run", "known disputes", "several askers"),
    *("pruned runs", "copies moved", "looks backfilled", "backfills refused"),
    *(f"in the way {name!r}" for name in WAYS),
)


@pytest.fixture
def ground(catalogs: Catalogs, other_catalogs: Catalogs, tmp_path: Path) -> Iterator[Ground]:
    """Two lists, a catalog of each kind, and somebody who kills."""
    with ExitStack() as stack:
        servers = {}
        for name in stage.SOURCES:
            servers[name] = ListeningServer()
            servers[name].start()
            stack.callback(servers[name].close)
        executioner = Executioner()
        stack.callback(executioner.close)
        catalog, elsewhere = (stack.enter_context(each.new()) for each in (catalogs, other_catalogs))
        catalog.keep()
        elsewhere.keep()
        yield Ground(catalog=catalog, elsewhere=elsewhere, folder=tmp_path, servers=servers, executioner=executioner)


@pytest.mark.promise("P1", "P2", "P4", "P5", "P6")
@pytest.mark.warns
def test_every_view_shows_what_an_oracle_says_whatever_befalls_the_runs(ground: Ground, volume: Volume) -> None:
    """Runs that fail, die, race and are overtaken, clocks that jump, lists that lose most: all views, after each."""
    on_sqlite = ground.catalog.url.startswith("sqlite")
    steps, rounds = (40, volume.rounds(4, 40)) if on_sqlite else (30, volume.rounds(1, 10))
    machine = type("Attack", (Attack,), {"ground": ground})
    for number in rounds:
        try:
            tell_stories(machine, volume.random("stateful", number).getrandbits(64), steps, shrink=volume.is_full)
        except BaseException as error:
            error.add_note(f"in round {number} of --seed {volume.seed}")
            for failure in ground.failures[:1]:
                error.add_note("".join(traceback.format_exception(failure)))
            raise
    if ground.counts["steps"] > 1000 or not on_sqlite:
        expected = (*OUTCOMES, *EVENTS) if on_sqlite else OUTCOMES
        assert [name for name in expected if not ground.counts[name]] == [], "something never took place"
    volume.came_to(**ground.counts)


def tell_stories(machine: type[Attack], number: int, steps: int, *, shrink: bool) -> None:
    """Tell ten stories of so many steps; one that ends badly is told anew, as short as it can be in five minutes."""
    config = settings(
        max_examples=10,
        stateful_step_count=steps,
        database=None,
        deadline=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
    )
    run_state_machine_as_test(seed(number)(machine), settings=config)
