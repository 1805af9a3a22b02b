"""A process that serves a catalog's pages, and visitors who read them one after the other while things happen."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

from tests.web.conftest import Visitor
from tests.web.test_processes import address

EARLY = "2026-01-01T06:00:00Z"
PAGES = (
    *(
        "index.html",
        "models.html",
        "models.json?limit=10",
        f"models.json?as_of={EARLY}",
        "changes.html",
        "changes.json",
    ),
    *("changes.atom", "retirements.ics", "timeline.html", f"diff.html?from={EARLY}", "runs.html", "status.html"),
)
COMMAND = [sys.executable, "-c", "from catalog import cli; cli.main()", "web", "--listen", "127.0.0.1:0"]


@dataclass
class Visitors:
    """Reads pages while a block lasts; what each took is kept."""

    folder: Path  # with the configuration
    took: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Serve the pages; it takes a second to load."""
        self.process = subprocess.Popen(
            COMMAND, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ
        )
        self.visitor: Visitor = address(self.process)
        self.paths: Iterator[str] = cycle(PAGES)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read all the time."""
        over = threading.Event()
        reader = threading.Thread(target=self._read, args=(over,), daemon=True)
        reader.start()
        try:
            yield
        finally:
            over.set()
            reader.join(60)

    def _read(self, over: threading.Event) -> None:
        while not over.is_set():
            path = next(self.paths)
            began = time.monotonic()
            status = self.visitor.get(path).status
            self.took.append(time.monotonic() - began)
            if status != 200:
                self.failed.append(f"{path}: {status}")

    def models(self) -> list[dict[str, Any]]:
        """Give what the pages list."""
        found: list[dict[str, Any]] = json.loads(self.visitor.get("models.json?limit=1000").body)
        return found

    def slowed(self) -> float:
        """Say how much slower the last quarter was read than the first one, without what the machine did besides."""
        quarter = len(self.took) // 4
        first, last = quickly(self.took[:quarter]), quickly(self.took[-quarter:])
        return last / first

    def close(self) -> None:
        """Stop serving."""
        self.process.terminate()
        self.process.communicate(timeout=30)


def quickly(took: Sequence[float]) -> float:
    return statistics.quantiles(took, n=4)[0]
