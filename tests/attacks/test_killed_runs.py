"""SIGKILL before each statement of a run, and before and after each COMMIT: all of it is there, or none of it."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.attacks import courses, moments, workloads
from tests.attacks.catalogs import Catalogs
from tests.attacks.courses import Attack
from tests.server import ModelsServer
from tests.volume import Volume

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.promise("P3", "P8"), pytest.mark.warns]  # the next run warns of the one that never ended


@contextmanager
def dying(attack: Attack) -> Iterator["subprocess.Popen[str]"]:
    """Start the program whose runs die."""
    attack.begin()
    arguments = (attack.name, attack.world.server.url, attack.catalog.url, str(attack.minutes))
    command = [sys.executable, "-m", "tests.attacks.dying", *arguments]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout
        assert program.stdout.readline() == "0\n"
        yield program
    assert program.returncode == 0


def kill(program: "subprocess.Popen[str]", moment: int) -> int:
    """Let a run die at a moment; give the signal that it died of."""
    assert program.stdin
    assert program.stdout
    program.stdin.write(f"{moment}\n")
    program.stdin.flush()
    return int(program.stdout.readline())


@pytest.mark.parametrize("name", workloads.ALL)
def test_a_run_killed_at_any_moment_leaves_all_or_nothing_and_the_next_goes_on(
    name: str, catalogs: Catalogs, server: ModelsServer, volume: Volume
) -> None:
    """All rows, history, changes and owed alerts of a run, or none; the next run equals an undisturbed one."""
    figures = Counter(kills=0, before=0, after=0, mixed=0, next_runs_that_differ=0)
    wrong = []
    with courses.prepared(name, catalogs, server) as attack:
        course = attack.undisturbed()
        wanted = [attack.expected(done=done) for done in (False, True)]
        with dying(attack) as program:
            for number, (moment, commits) in enumerate(course.said):
                attack.begin()
                attack.leave()
                died_of, done = kill(program, number), course.is_done(commits)
                attack.catalog.wait_until_left()
                whole = moments.snapshot(attack.world.database) == course.kept[commits]
                same = attack.next_run() == wanted[done]
                figures.update(kills=1, before=whole and not done, after=whole and done)
                figures.update(mixed=not whole, next_runs_that_differ=not same)
                if (died_of, whole, same) != (signal.SIGKILL, True, True):
                    wrong.append((number, moment[:60], died_of, "whole" if whole else "mixed", same))
    volume.came_to(**figures)
    assert wrong == []
    assert figures["before"] > 20
    assert figures["after"] > 0
