"""Visitors who mean harm, many at once: they send odd requests, slowly, in part, or hang up and never read."""

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random

from tests.attacks import bad_requests

LONGEST = 30  # seconds that an answer may take, on a machine that does much else
RESET = struct.pack("ii", 1, 0)  # no lingering: hang up at once
BIG = b"GET /models.json?limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class Siege:
    """What they got, from one address."""

    address: tuple[str, int]
    statuses: "Counter[int]" = field(default_factory=Counter)
    improper: list[str] = field(default_factory=list)
    turned_away: int = 0  # without an answer: no thread was free
    resets: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=LONGEST)

    def ask(self, sent: bytes, *, closes: bool = True) -> None:
        """Send bytes, and look at all that comes back."""
        answer, is_whole = b"", False
        with suppress(ConnectionError), self.connect() as line:
            line.sendall(sent)
            if closes:
                line.shutdown(socket.SHUT_WR)
            while more := line.recv(65536):
                answer += more
            is_whole = True
        if is_whole:
            self.judge(sent, answer)
        else:  # it was refused before all of it was read, or there was no room for it
            self.resets += 1

    def judge(self, sent: bytes, answer: bytes) -> None:
        try:
            found = bad_requests.statuses(answer, bodies=not sent.startswith(b"HEAD"))
        except AssertionError as fault:
            self.improper.append(f"{sent[:200]!r}: {fault}")
            return
        self.statuses.update(found)
        self.turned_away += not found
        if odd := {*found} - bad_requests.EXPECTED:
            self.improper.append(f"{sent[:200]!r}: {odd}: {answer[:300]!r}")

    def pipeline(self, chance: Random) -> None:
        """Send many requests at once, and read the answers to all of them."""
        requests = [bad_requests.some(chance) for _ in range(20)]
        self.ask(b"".join(each.replace(bad_requests.CLOSE, b"") for each in requests if each.startswith(b"GET")))

    def hang_up(self, chance: Random) -> None:
        """Ask, and reset the connection before an answer can come."""
        with suppress(ConnectionError), self.connect() as line:
            line.sendall(bad_requests.some(chance))
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def drip(self, _chance: Random) -> None:
        """Begin a request, send a byte of it now and then, and never end it."""
        with suppress(OSError), self.connect() as line:
            line.sendall(b"GET /status.html HTTP/1.1\r\nHost: localhost\r\nx: ")
            while not self.over.wait(0.3):
                line.sendall(b"y")

    def never_read(self, _chance: Random) -> None:
        """Ask for much, again and again, and read nothing of it."""
        with suppress(OSError), socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            line.settimeout(LONGEST)
            line.connect(self.address)
            line.sendall(BIG * 20)
            line.settimeout(0.3)
            while not self.over.wait(0.3) and line.send(b"G"):
                pass

    def stay_silent(self, _chance: Random) -> None:
        """Connect and say nothing."""
        with suppress(OSError), self.connect() as line:
            line.settimeout(0.3)
            while not self.over.is_set():
                with suppress(TimeoutError):
                    if not line.recv(1):
                        return

    @contextmanager
    def pressed(self, *manners: Callable[[Random], None], chance: Random) -> Iterator[None]:
        """Let visitors do this, each again and again, while the block lasts."""
        self.over.clear()
        seeds = [Random(chance.random()) for _ in manners]
        threads = [
            threading.Thread(target=self._repeat, args=each, daemon=True) for each in zip(manners, seeds, strict=True)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join(LONGEST)

    def _repeat(self, manner: Callable[[Random], None], chance: Random) -> None:
        while not self.over.is_set():
            try:
                manner(chance)
            except OSError as error:
                self.improper.append(f"{manner.__name__}: {type(error).__name__}")
            self.over.wait(0.01)

    def send(self, wanted: Sequence[bytes], *, threads: int = 6) -> None:
        """Send requests, several at once; every other one is half-closed before its answer."""
        turns, turn = iter(wanted), threading.Lock()

        def work() -> None:
            while True:
                with turn:
                    sent = next(turns, None)
                if sent is None:
                    return
                try:
                    self.ask(sent, closes=len(sent) % 2 == 0 or bad_requests.CLOSE not in sent)
                except OSError as error:
                    self.improper.append(f"{sent[:200]!r}: {type(error).__name__}")

        senders = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
        for each in senders:
            each.start()
        for each in senders:
            each.join()

    def is_open(self, seconds: float) -> bool:
        """Tell whether an honest visitor is answered within so many seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            before = self.statuses[200]
            with suppress(OSError):
                self.ask(bad_requests.request(b"/status.html"))
            if self.statuses[200] > before:
                return True
            time.sleep(0.1)
        return False
