"""The same list and machine, side by side: this program, dlt with history, and the official SDK with an ORM merge."""

import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from bench import databases, process
from bench.process import Costs, Lists
from bench.table import Row

LOCK = process.ROOT / "requirements" / "peers.lock"
ROOM = process.ROOT / ".tools" / "peers"
STEPS = {"same": ("first load", "nothing changed"), "changed": ("1 % changed",)}
AIMS = {"first load": 5, "nothing changed": 10}
PEERS = {"dlt": "dlt, rest_api + scd2", "sdk": "official SDK + ORM merge"}


def rows(models: int, rounds: int) -> list[Row]:
    """Measure in turns, SQLite each time, and compare medians."""
    python = _room()
    costs: dict[tuple[str, str], Costs] = defaultdict(Costs)
    with process.served(models, "same", "changed") as lists:
        for _ in range(rounds):
            _round(lists, python, costs)
    return [row for steps in STEPS.values() for step in steps for row in _compared(step, costs)]


def _round(lists: Lists, python: Path, costs: Mapping[tuple[str, str], Costs]) -> None:
    with databases.fresh("sqlite", None) as ours, tempfile.TemporaryDirectory(prefix="catalog-bench-") as folder:
        ours.configure(lists.url)
        commands: dict[str, list[str | Path]] = {"catalog": [process.CATALOG, "sync", "--config", ours.config]}
        for peer in PEERS:
            commands[peer] = [python, process.ROOT / "bench" / f"peer_{peer}.py", lists.url, folder]
        for name, steps in STEPS.items():
            lists.use(name)
            for step in steps:
                for who, command in commands.items():
                    cost = costs[who, step].add(process.run(*command))
                    print(f"{step}: {who} {cost.seconds:.1f} s", file=sys.stderr, flush=True)


def _compared(step: str, costs: Mapping[tuple[str, str], Costs]) -> list[Row]:
    ours = costs["catalog", step]
    found = [Row(what=f"{step}, catalog sync", measured=_measured(ours), ratio="1 x")]
    for peer, words in PEERS.items():
        times, aim = costs[peer, step].seconds / ours.seconds, AIMS.get(step)
        target = f">= {aim} x" if aim else ""
        met = times >= aim if aim else None
        row = Row(
            what=f"{step}, {words}",
            measured=_measured(costs[peer, step]),
            ratio=f"{times:.1f} x",
            target=target,
            met=met,
        )
        found.append(row)
    return found


def _measured(costs: Costs) -> str:
    return f"{costs.seconds:.1f} s, {costs.memory / 1e6:.0f} MB"


def _room() -> Path:
    """Give the Python of the peers' own environment, made from its lock when it is not there yet."""
    python = ROOM / "bin" / "python"
    ready = ROOM / ".ready"
    if not ready.exists() or ready.read_text() != LOCK.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", ROOM], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK], check=True)
        ready.write_text(LOCK.read_text())
    return python
