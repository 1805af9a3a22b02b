"""A program for the attacks: processes that call `catalog sync` again and again, in the folder of their configuration.

python -m tests.attacks.working LOG    # reads until when, and writes the number of another process that works so long

Each call is a line of JSON in LOG: the exit code, and what was said to people. Moments are of the monotonic clock.
"""

import contextlib
import io
import json
import os
import signal
import sys
import time
from pathlib import Path

from catalog import cli


def call() -> tuple[int, str]:
    """Call the program; give its exit code and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = cli.run(["sync"])
    return code, said.getvalue()


def work(until: float, log: Path) -> None:
    handle = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    while time.monotonic() < until:
        os.write(handle, json.dumps(call()).encode() + b"\n")


def main(log: Path) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    call()  # so that all there is to import is imported before the first fork
    tell("ready")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            work(float(line), log)
            os._exit(0)
        tell(str(child))


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
