"""What was listed at any moment: the database's answer against a replay of all runs, over made-up histories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.store.queries import history
from tests import server as play
from tests.store.world import MINUTE, NAMELESS, START, World

pytestmark = pytest.mark.promise("P6")

TICK = timedelta(microseconds=1)
PATIENCE = 15 * MINUTE
IDS = "abcdef"


@dataclass(frozen=True, kw_only=True)
class Walk:
    """One run of a made-up history: which models come or go and which are renamed before it, and how the walk goes."""

    flips: frozenset[str]
    renames: frozenset[str]
    how: str
    after: int
    accept: bool


WALKS = st.builds(
    Walk,
    flips=st.one_of(
        st.just(frozenset()), st.frozensets(st.sampled_from(IDS), max_size=2), st.frozensets(st.sampled_from(IDS))
    ),
    renames=st.frozensets(st.sampled_from(IDS), max_size=1),
    how=st.sampled_from(["whole", "whole", "whole", "whole", "whole", "whole", "unclean", "cut"]),
    after=st.sampled_from([20, 20, 600, 1, 5, -60]),
    accept=st.sampled_from([False, False, False, True]),
)


@dataclass
class Replay:
    """What PRODUCT says of a sequence of runs, told as plainly as possible: no generations, no digests, no SQL."""

    listed: dict[str, str] = field(default_factory=dict)
    missing: dict[str, datetime] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    spans: list[tuple[str, str, datetime, datetime]] = field(default_factory=list)  # closed states
    since: dict[str, datetime] = field(default_factory=dict)
    moments: list[datetime] = field(default_factory=list)
    based: bool = False

    def merge(self, walk: Walk, shows: Mapping[str, str], began: datetime, ended: datetime) -> None:
        if walk.how == "cut" or (not shows and (walk.how == "unclean" or not self.based)):
            return  # a list of which no entry is usable, and an empty first one, are errors
        self.based = True
        began = max([began, *self.moments[-1:]])
        ended = max([ended, began, *(last + TICK for last in self.moments[-1:])])
        self.moments.append(ended)
        absent, before = self.listed.keys() - shows.keys(), len(self.listed)
        for id, name in shows.items():
            self.find(id, name, ended)
        if walk.how == "whole":
            self.lack(absent, before, ended, accept=walk.accept)

    def find(self, id: str, name: str, ended: datetime) -> None:
        self.missing.pop(id, None)
        self.held.discard(id)
        if self.listed.get(id) != name:
            self.close(id, ended)
            self.listed[id], self.since[id] = name, ended

    def lack(self, absent: set[str], before: int, ended: datetime, *, accept: bool) -> None:
        accepted = absent & self.held if accept else set()
        rest, of = len(absent - accepted), before - len(accepted)
        alarm = rest > 0 and (rest == of or (rest >= 4 and rest * 100 > 30 * of))
        for id in absent:
            patient = id in self.missing and ended - self.missing[id] >= PATIENCE
            if id in accepted or (patient and id not in self.held and not alarm):
                self.close(id, self.missing.pop(id))
                self.held.discard(id)
                del self.listed[id]
                continue
            self.missing.setdefault(id, ended)
            if alarm:
                self.held.add(id)

    def close(self, id: str, ended: datetime) -> None:
        if id in self.listed:
            self.spans.append((id, self.listed[id], self.since[id], ended))

    def at(self, moment: datetime) -> dict[str, str]:
        past = {id: name for id, name, since, until in self.spans if since <= moment < until}
        return past | {id: name for id, name in self.listed.items() if self.since[id] <= moment}


def play_out(world: World, name: str, walks: Sequence[Walk]) -> Replay:
    world.now, replay, names, shown = START, Replay(), dict.fromkeys(IDS, "Old"), set(IDS)
    for walk in walks:
        shown ^= walk.flips
        names |= {id: "Old" if names[id] == "New" else "New" for id in walk.renames}
        shows = {id: names[id] for id in sorted(shown)}
        world.server.models = [play.model(id, display_name=name) for id, name in shows.items()]
        world.server.models += [NAMELESS] if walk.how == "unclean" else []
        began = world.now + walk.after * MINUTE
        make = world.cut if walk.how == "cut" else world.sync
        make(name=name, after=walk.after, accept_removals=walk.accept)
        replay.merge(walk, shows, began, world.now)
    return replay


def as_of(world: World, name: str, moment: datetime) -> dict[str, str | None]:
    with world.database.read() as connection:
        return {state.id: state.display_name for state in history.as_of(connection, moment, source=name)}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walks=st.lists(WALKS, min_size=4, max_size=12))
def test_what_was_listed_at_any_moment_is_what_a_replay_of_all_runs_says(world: World, walks: list[Walk]) -> None:
    name = f"story {sum(1 for _ in world.rows('sources', 'source'))}"
    replay = play_out(world, name, walks)
    for moment in [near for end in replay.moments for near in (end - TICK, end)]:
        assert as_of(world, name, moment) == replay.at(moment)
    with world.database.read() as connection:
        found = {model.id: model.missing_since for model in history.models(connection, source=name)}
    assert found == {id: replay.missing.get(id) for id in replay.listed}
    world.check()
