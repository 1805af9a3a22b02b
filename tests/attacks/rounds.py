"""Rounds of an attack that are bounded by time, and named when one fails."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.volume import Volume


def until(volume: Volume, *, check: float, soak: float) -> Iterator[int]:
    """Number rounds from 0 until so many seconds are over."""
    seconds = volume.of(check, soak)
    ends = time.monotonic() + (seconds if volume.minutes is None else min(seconds, 60 * volume.minutes))
    for number in itertools.count():
        if time.monotonic() >= ends:
            return
        yield number


@contextmanager
def named(volume: Volume, number: int) -> Iterator[None]:
    """Let a failure inside say what replays it."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"round {number} of --seed {volume.seed}")
        raise
