"""A pseudo-terminal on which commands are called, and what a person sees there afterwards."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from catalog import cli

_CONTROL = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])")


class Screen:
    """A terminal of a given width; what is written to it is kept, as it came."""

    def __init__(self, width: int) -> None:
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        self.raw = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # raised when the other side is closed
            while data := os.read(self.ours, 65536):
                self.raw += data

    @property
    def text(self) -> str:
        return self.raw.decode()

    def close(self) -> None:
        os.close(self.theirs)
        self._reader.join(5)
        os.close(self.ours)

    def lines(self) -> list[str]:
        """The lines that stand there now, long ones whole; what was wiped away is not among them."""
        lines, row, column = [""], 0, 0
        for part in re.split(r"(\x1b\[\??[0-9;]*[A-Za-z]|\r|\n)", self.text):
            control = _CONTROL.fullmatch(part)
            if part == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif part == "\r":
                column = 0
            elif control is None:
                lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
                column += len(part)
            elif control[2] == "A":
                row -= int(control[1] or 1)
            elif control[2] == "K":
                lines[row] = ""
        return [line.rstrip() for line in lines[: len(lines) - (not lines[-1])]]


@contextmanager
def screen(width: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """Put the output of this process, both streams, on a terminal for the block."""
    shown = Screen(width)
    with monkeypatch.context() as patch, Path(os.ttyname(shown.theirs)).open("w", encoding="utf-8") as both:
        patch.setattr(sys, "stdout", both)
        patch.setattr(sys, "stderr", both)
        patch.setenv("TERM", "xterm")
        patch.setenv("COLUMNS", str(width))  # rich looks at the streams that the process began with
        yield shown
        both.flush()
    shown.close()


def call(width: int, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, list[str]]:
    """Call the program on a terminal; gives its exit code and the lines that stand there afterwards."""
    with screen(width, monkeypatch) as shown:
        code = cli.run(arguments)
    return code, shown.lines()


def wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something is so; generous, for the machine may be busy."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
