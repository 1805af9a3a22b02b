"""Runs commands and measures their cost. The parent stays small: Linux counts its memory as the child's at first."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

PYTHON = sys.executable
CATALOG = str(Path(sys.executable).with_name("catalog"))
ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost, from its start to its end."""

    seconds: float
    cpu: float  # user and system
    memory: int  # bytes, at the peak
    output: str


def run(*command: str | Path, code: int = 0) -> Cost:
    """Run a command to its end, which must be with this exit code."""
    began = time.perf_counter()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != code:
        message = f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output[-4000:]}"
        raise RuntimeError(message)
    seconds = time.perf_counter() - began
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, output)


def _environment() -> dict[str, str]:
    """An ordinary user's: compiled modules are kept, as they are after the first run of an installed program."""
    ours = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, "ANTHROPIC_API_KEY": "bench"}


class Costs:
    """What was measured of one contender, time after time."""

    def __init__(self) -> None:
        self.all: list[Cost] = []

    def add(self, cost: Cost) -> Cost:
        self.all.append(cost)
        return cost

    @property
    def seconds(self) -> float:
        return median(cost.seconds for cost in self.all)

    @property
    def cpu(self) -> float:
        return median(cost.cpu for cost in self.all)

    @property
    def memory(self) -> int:
        return max(cost.memory for cost in self.all)


class Lists:
    """The server of the lists, in its own process."""

    def __init__(self, url: str) -> None:
        self.url = url

    def use(self, name: str) -> None:
        """Serve this list from now on."""
        urlopen(f"{self.url}/use/{name}", timeout=30).close()


@contextmanager
def served(models: int, *names: str) -> Iterator[Lists]:
    """Serve lists of so many models for as long as the block lasts."""
    command = [PYTHON, "-m", "bench.server", str(models), *names]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Lists(process.stdout.readline().strip() if process.stdout else "")
        finally:
            process.kill()
