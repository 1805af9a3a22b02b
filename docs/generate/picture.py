"""The picture of `catalog demo`: run on a real (pseudo) terminal, drawn by rich."""

import fcntl
import html
import io
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

WIDTH, HEIGHT = 108, 40
ROOT = Path(__file__).parents[2]
COMMANDS = (
    "catalog demo",
    "CATALOG_DATABASE_URL=sqlite:///catalog-demo.db catalog show claude-3-opus-20240229",
)
FOLDER = "/srv/catalog"  # where the picture says that it was taken

_TOKEN = re.compile(r"\x1b\[(?P<count>[0-9;?]*)(?P<what>[A-Za-z])|(?P<control>[\r\n])|(?P<text>[^\x1b\r\n]+)")


def svg() -> str:
    """Run the commands and draw what the terminal shows at the end."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as programs:
        _install(Path(programs) / "catalog")
        for command in COMMANDS:
            console.print(Text(f"$ {command}", style="bold"))
            for line in screen(_on_terminal(command, folder, programs).replace(str(Path(folder).resolve()), FOLDER)):
                console.print(Text.from_ansi(line), soft_wrap=True)
    drawn = console.export_svg(title="catalog demo", unique_id="demo")
    # No font is fetched from anywhere: a monospaced one is there.
    drawn = re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL).replace("Fira Code, ", "")
    return "\n".join(line.rstrip() for line in drawn.strip().splitlines()) + "\n"


def words(drawn: str) -> list[str]:
    """Give the text that a picture shows, whatever its colours and places."""
    found = re.findall(r"<text[^>]*>(.*?)</text>", drawn, flags=re.DOTALL)
    return html.unescape(" ".join(found)).split()


def screen(output: str) -> list[str]:
    """Give the lines a terminal shows after this output; knows as much of terminals as a progress bar needs."""
    lines, row = [""], 0
    for token in _TOKEN.finditer(output):
        if token["what"] == "A":
            row = max(0, row - int(token["count"] or 1))
        elif token["what"] == "K":
            lines[row] = ""
        elif token["control"] == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif token["text"] or token["what"] == "m":
            lines[row] += token[0]
    return lines[:-1] if not lines[-1] else lines


def _install(program: Path) -> None:
    """Make a command of this checkout, whatever is installed."""
    python = f"{shlex.quote(sys.executable)} -c 'from catalog.cli import main; main()'"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {python} "$@"\n')
    program.chmod(0o755)


def _on_terminal(command: str, folder: str, programs: str) -> str:
    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    with subprocess.Popen(
        ["sh", "-c", command], cwd=folder, env=_surroundings(programs), stdout=writer, stderr=writer
    ) as process:
        os.close(writer)
        seen = b"".join(iter(lambda: _read(reader), b"")).decode()
    os.close(reader)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}: {seen}")
    return seen.replace("\r\n", "\n")


def _surroundings(programs: str) -> dict[str, str]:
    """A newcomer's environment, in which the command is found."""
    return {"PATH": f"{programs}:{os.environ['PATH']}", "TERM": "xterm-256color", "PYTHONUTF8": "1"}


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""
