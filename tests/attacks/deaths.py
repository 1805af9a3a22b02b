"""Programs that die by SIGKILL at the moment they are told: how they are written, started and told."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
Program = subprocess.Popen[str]


def countdown(moment: int) -> Callable[[str], None]:
    """Give what is called at each moment, and kills this process at one of them, counted from 0."""
    left = [moment]

    def count(_moment: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return count


def serve(die_at: Callable[[int], None]) -> None:
    """Say that all is ready; then read a moment per line, and write what a child died of that was given it."""
    logging.disable()
    _tell(0)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            die_at(int(line))
            os._exit(0)
        _tell(os.WTERMSIG(os.waitpid(child, 0)[1]))


def _tell(signal_: int) -> None:
    sys.stdout.write(f"{signal_}\n")
    sys.stdout.flush()


@contextmanager
def started(module: str, *arguments: str) -> Iterator[Program]:
    """Start such a program, and wait until it is ready."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout
        assert program.stdout.readline() == "0\n"
        yield program
    assert program.returncode == 0


def kill(program: Program, moment: int) -> bool:
    """Let a child die at a moment; tell whether it lived so long, and died."""
    assert program.stdin
    assert program.stdout
    program.stdin.write(f"{moment}\n")
    program.stdin.flush()
    return int(program.stdout.readline()) == signal.SIGKILL
