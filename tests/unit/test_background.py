"""Work in a thread of its own: its result, or what it raised, comes to the caller."""

import threading

import pytest

from catalog.http import background, exchange


def test_what_the_work_gives_or_raises_is_in_the_future() -> None:
    def fail() -> None:
        raise LookupError("nothing there")

    assert background.start(lambda: 5, name="work").result(5) == 5
    with pytest.raises(LookupError, match="nothing there"):
        background.start(fail, name="work").result(5)


def test_a_line_that_was_cut_before_it_was_connected_asks_nothing() -> None:
    """The connection that is made just then is known, so that it can be closed."""
    cut = threading.Event()
    make = exchange._Recorder(_Connection, [], cut)
    make("before")
    cut.set()
    with pytest.raises(ConnectionAbortedError):
        make("after")
    assert [connection.host for connection in make.opened] == ["before", "after"]


class _Connection:
    def __init__(self, host: str) -> None:
        self.host = host
