"""SIGKILL before each statement of a run, and before and after each COMMIT: all of it is there, or none of it."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.attacks import courses, deaths, moments, workloads
from tests.attacks.catalogs import Catalogs
from tests.attacks.courses import Attack
from tests.attacks.deaths import Program
from tests.server import ModelsServer
from tests.volume import Volume

pytestmark = [pytest.mark.promise("P3", "P8"), pytest.mark.warns]  # the next run warns of the one that never ended


@contextmanager
def dying(attack: Attack) -> Iterator[Program]:
    """Start the program whose runs die."""
    attack.begin()
    arguments = (attack.name, attack.world.server.url, attack.catalog.url, str(attack.minutes))
    with deaths.started("tests.attacks.dying", *arguments) as program:
        yield program


@pytest.mark.parametrize("name", workloads.ALL)
def test_a_run_killed_at_any_moment_leaves_all_or_nothing_and_the_next_goes_on(
    name: str, catalogs: Catalogs, server: ModelsServer, volume: Volume
) -> None:
    """All rows, history, changes and pending alerts of a run, or none; the next run ends as if none had been killed."""
    figures = Counter(kills=0, before=0, after=0, mixed=0, next_runs_that_differ=0)
    wrong = []
    with courses.prepared(name, catalogs, server) as attack:
        course = attack.uninterrupted()
        wanted = [attack.expected(done=done) for done in (False, True)]
        with dying(attack) as program:
            for number, (moment, commits) in enumerate(course.said):
                attack.begin()
                attack.leave()
                died, done = deaths.kill(program, number), course.is_done(commits)
                attack.catalog.wait_until_left()
                whole = moments.snapshot(attack.world.database) == course.kept[commits]
                same = attack.next_run() == wanted[done]
                figures.update(kills=died, before=whole and not done, after=whole and done)
                figures.update(mixed=not whole, next_runs_that_differ=not same)
                if not (died and whole and same):
                    wrong.append((number, moment[:60], died, "whole" if whole else "mixed", same))
    volume.came_to(**figures)
    assert wrong == []
    assert figures["before"] > 20
    assert figures["after"] > 0
