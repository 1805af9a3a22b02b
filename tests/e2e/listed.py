"""What list commands print of the demo's catalog at a moment, at several widths of a terminal, kept word for word.

`./dev python -m tests.e2e.listed` writes it anew; look at what changed before you commit it.
"""

import contextlib
import fcntl
import os
import pty
import sqlite3
import struct
import tempfile
import termios
import threading
import tty
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog import cli, clock
from tests import server as wire
from tests.server import ModelsServer

NOW = datetime(2026, 10, 8, 9, 30, tzinfo=UTC)  # the day after the last look of the demo
WIDTHS = (40, 80, 120)
FOLDER = Path(__file__).parent / "listed"
COMMANDS = (
    "models",
    "models --as-of 2025-06",
    "models --all --sort -removed_at --limit 5",
    "models --removed --limit 3",
    "models --retiring 90d",
    "models --match opus --columns id,name,created_at,max_tokens",
    "changes --limit 3",
    "changes --field display_name --since 2025 --until 2025",
    "diff 2026-05-28 2026-06",
    "runs --limit 4",
    "status",
    "show claude-sonnet-4-5-20250929",
    "show claude-3-opus-20240229",
    "models --match nothing",
)


def play(folder: Path) -> None:
    """Play the demo in a folder, and let a run fail for a long reason."""
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        assert cli.run(["-q", "demo"]) == 0
        patch.setenv("ANTHROPIC_API_KEY", wire.KEY)
        patch.setattr(clock, "utc_now", lambda: NOW)
        server = ModelsServer(always=wire.error(401)).start()
        text = f'[database]\nurl = "sqlite:///catalog-demo.db"\n[sources.demo]\nbase_url = "{server.url}"\n'
        Path("catalog.toml").write_text(text, encoding="utf-8")
        assert cli.run(["-q", "sync"]) == 3
        server.close()
    with contextlib.closing(sqlite3.connect(folder / "catalog-demo.db")) as connection, connection:
        of_runs = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'catalog_run'"
        for (name,) in connection.execute(of_runs).fetchall():  # they keep a finished run from being edited
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            "UPDATE catalog_run SET started_at = ?, finished_at = ?, error = replace(error, ?, 'example.org')"
            " WHERE run_id = (SELECT max(run_id) FROM catalog_run)",
            ("2026-10-08T08:00:00.000000Z", "2026-10-08T08:00:00.400000Z", server.url.removeprefix("http://")),
        )


def printed(command: str, width: int, *, folder: Path, **environ: str) -> str:
    """Run a command on a pseudo-terminal; stdout and stderr arrive there as a person sees them."""
    leader, follower = pty.openpty()
    tty.setraw(follower)
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    arrived = bytearray()
    reader = threading.Thread(target=_read, args=(leader, arrived))
    reader.start()
    with pytest.MonkeyPatch.context() as patch, contextlib.chdir(folder):
        patch.delenv("COLUMNS", raising=False)
        for name, value in {"TERM": "xterm", "NO_COLOR": "1", **environ}.items():
            patch.setenv(name, value)
        patch.setattr(clock, "utc_now", lambda: NOW)
        with os.fdopen(follower, "w", encoding="utf-8", buffering=1) as terminal:
            patch.setattr("sys.stdout", terminal)
            patch.setattr("sys.stderr", terminal)
            cli.run(command.split())
    reader.join()
    os.close(leader)
    return arrived.decode()


def _read(leader: int, arrived: bytearray) -> None:
    """Read until the other side is closed, which a terminal tells as an error."""
    with contextlib.suppress(OSError):
        while part := os.read(leader, 4096):
            arrived.extend(part)


def page(width: int, folder: Path) -> str:
    """Give all commands at a width, each with what it prints."""
    return "\n".join(f"$ catalog {command}\n{printed(command, width, folder=folder)}" for command in COMMANDS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        play(Path(place))
        for each in WIDTHS:
            (FOLDER / f"{each}.txt").write_text(page(each, Path(place)), encoding="utf-8")
