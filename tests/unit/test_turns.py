"""Whose turn it is: fair, bounded, and no host holds up another one."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from catalog.service import turns
from catalog.service.turns import Turns

TABLE = {
    "an empty room": ("", "", 8, 4, None),
    "the first who asked": ("ab", "", 8, 4, 0),
    "no turn is left": ("ab", "cdefghij", 8, 4, None),
    "the last turn": ("ab", "cdefghi", 8, 4, 0),
    "its host is busy": ("a", "aaaa", 8, 4, None),
    "whose host is busy holds up no other": ("aab", "aaaa", 8, 4, 2),
    "a host that is nearly busy": ("ab", "aaa", 8, 4, 0),
    "one host never takes all turns": ("aab", "aaa", 4, 4, 2),
    "not even of two": ("aab", "a", 2, 4, 2),
    "the only turn": ("ab", "", 1, 4, 0),
    "the only turn is taken": ("ab", "a", 1, 4, None),
    "a host that was there and left": ("a", "", 2, 1, 0),
    "more turns than a host may have": ("a" * 9 + "b", "aaaa", 64, 4, 9),
}


@pytest.mark.parametrize(("waiting", "going", "total", "per_host", "place"), TABLE.values(), ids=TABLE.keys())
def test_who_is_next(waiting: str, going: str, total: int, per_host: int, place: int | None) -> None:
    assert turns.first(waiting, Counter(going), total=total, per_host=per_host) == place


class Room:
    """Threads that take turns: who is in it, and who was ever there, by host and number."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.stopping = turns, threading.Event()
        self.inside: list[str] = []
        self.were: list[str] = []
        self.turned_away: list[str] = []
        self.leave: dict[str, threading.Event] = {}
        self.threads: list[threading.Thread] = []

    def ask(self, *names: str) -> None:
        """Let them ask one after the other; each name begins with its host."""
        for name in names:
            before = len(self.were) + len(self.turns._waiting)
            self.leave[name] = threading.Event()
            self.threads.append(threading.Thread(target=self._go, args=(name,), daemon=True))
            self.threads[-1].start()
            wait_for(partial(self._have_asked, before + 1))

    def _have_asked(self, number: int) -> bool:
        return len(self.were) + len(self.turns._waiting) >= number

    def _go(self, name: str) -> None:
        with self.turns.take(name[0], self.stopping) as mine:
            if not mine:
                self.turned_away.append(name)
                return
            self.inside.append(name)
            self.were.append(name)
            self.leave[name].wait(30)
            self.inside.remove(name)

    def end(self) -> None:
        self.stopping.set()
        for event in self.leave.values():
            event.set()
        for thread in self.threads:
            thread.join(30)


Enter = Callable[[int, int], Room]


@pytest.fixture
def enter() -> Iterator[Enter]:
    rooms: list[Room] = []

    def make(total: int, per_host: int) -> Room:
        rooms.append(Room(Turns(total, per_host)))
        return rooms[-1]

    yield make
    for room in rooms:
        room.end()


def wait_for(condition: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.002)


def test_turns_are_given_in_the_order_of_asking_and_a_busy_host_holds_up_no_other(enter: Enter) -> None:
    room = enter(3, 2)
    room.ask("a1", "a2", "a3", "b1", "b2", "c1")
    assert sorted(room.inside) == ["a1", "a2", "b1"]
    room.leave["b1"].set()
    wait_for(lambda: "b2" in room.were)  # before c1, which asked later; not a3, whose host is busy
    assert sorted(room.inside) == ["a1", "a2", "b2"]
    room.leave["a1"].set()
    wait_for(lambda: "a3" in room.were)
    assert sorted(room.inside) == ["a2", "a3", "b2"]
    room.leave["a2"].set()
    wait_for(lambda: "c1" in room.were)


def test_one_turn_that_ends_may_let_two_go(enter: Enter) -> None:
    """A turn is free, and its host alone is busy: who leaves lets the next of that host go, and one of another."""
    room = enter(2, 1)
    room.ask("a1", "b1", "a2", "b2")
    room.leave["a1"].set()
    room.leave["b1"].set()
    wait_for(lambda: len(room.were) == 4)
    assert sorted(room.inside) == ["a2", "b2"]


def test_who_waits_is_turned_away_when_all_stops_and_takes_no_turn(enter: Enter) -> None:
    room = enter(1, 1)
    room.ask("a1", "a2", "b1")
    room.stopping.set()
    wait_for(lambda: len(room.turned_away) == 2)
    assert room.inside == ["a1"]
    room.leave["a1"].set()
    wait_for(lambda: not room.inside)
    room.stopping.clear()
    room.ask("c1")
    assert room.inside == ["c1"]


def test_a_turn_is_given_back_whatever_its_holder_raises() -> None:
    one = Turns(1, 1)
    for _ in range(3):
        with suppress(ZeroDivisionError), one.take("a", threading.Event()) as mine:
            assert mine
            raise ZeroDivisionError
        assert one._going["a"] == 0
