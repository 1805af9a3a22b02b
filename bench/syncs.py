"""Whole syncs of a long list beside the bare walk: time, memory, size, rows written."""

import sys
import time
from collections import defaultdict
from contextlib import ExitStack

from bench import databases, process, table
from bench.databases import Contender
from bench.process import Costs, Lists
from bench.table import Row
from tests import postgres

KINDS = ("sqlite", "postgres")
NAMES = {"sqlite": "SQLite", "postgres": "Postgres"}
STEPS = {  # what the list does before a sync, and how many bare walks it may cost; None: for the record
    "first": ("same", {"sqlite": 1.5, "postgres": 2.5}),
    "unchanged": ("same", {"sqlite": 0.6, "postgres": 0.8}),
    "recut": ("recut", {"sqlite": None, "postgres": None}),
    "changed": ("changed", {"sqlite": 0.9, "postgres": 1.1}),
}
WORDS = {
    "first": "first sync",
    "unchanged": "nothing changed",
    "recut": "nothing changed, page borders moved",
    "changed": "1 % changed",
}


class Syncs:
    """Measures in rounds; each round makes its databases anew."""

    def __init__(self, models: int, server: postgres.Server | None, kinds: tuple[str, ...] = KINDS) -> None:
        self.models = models
        self.server = server
        self.kinds = kinds
        self.bare = Costs()
        self.costs: dict[tuple[str, str], Costs] = defaultdict(Costs)
        self.received = 0
        self.sizes: dict[str, int] = {}
        self.written: dict[str, int] = {}

    def measure(self, rounds: int) -> None:
        """Take so many rounds, one list server for all of them."""
        with process.served(self.models, "same", "recut", "changed") as lists:
            for number in range(rounds):
                self.round(lists, f"{self.models:,} models, round {number + 1} of {rounds}")

    def round(self, lists: Lists, title: str) -> None:
        """First sync, nothing changed, other page borders, 1 % changed: each contender's turn comes in each step."""
        with ExitStack() as stack:
            contenders = [stack.enter_context(databases.fresh(kind, self.server)) for kind in self.kinds]
            for step, (name, _) in STEPS.items():
                lists.use(name)
                _say(f"{title}: {WORDS[step]}")
                self.walk_bare(lists)
                for contender in contenders:
                    contender.configure(lists.url)
                    self.sync(contender, step)

    def walk_bare(self, lists: Lists) -> None:
        cost = self.bare.add(process.run(process.PYTHON, process.ROOT / "bench" / "bare.py", lists.url))
        self.received = int(cost.output.split()[1])
        _say(f"  bare walk {cost.seconds:.2f} s, {cost.cpu:.2f} s CPU")

    def sync(self, contender: Contender, step: str) -> None:
        counting = step == "unchanged"
        if counting:
            contender.count_from_now()
            before = _settled(contender)
        cost = process.run(process.CATALOG, "sync", "--config", contender.config)
        self.costs[contender.kind, step].add(cost)
        _say(f"  {contender.kind} {cost.seconds:.2f} s, {cost.cpu:.2f} s CPU, {cost.memory / 1e6:.0f} MB")
        _say(f"    {cost.output.strip().splitlines()[-1][:150]}") if step == "changed" else None
        if counting:
            self.written[contender.kind] = _settled(contender) - before
            contender.stop_counting()
        if step == "first":
            self.sizes[contender.kind] = contender.size()

    def rows(self) -> list[Row]:
        """Give the lines of the table."""
        what = f"bare walk of {self.models:,} models"
        rows = [Row(what=what, measured=f"{self.bare.seconds:.2f} s", ratio="1 x", work="1 x")]
        for step, (_, limits) in STEPS.items():
            for kind in self.kinds:
                what = f"{WORDS[step]}, {NAMES[kind]}"
                rows.append(table.against(what, self.costs[kind, step], self.bare, limits[kind]))
        for kind in self.kinds:
            written = self.written[kind]
            rows.append(table.at_most(f"rows written when nothing changed, {NAMES[kind]}", written, 5, unit="rows"))
        for kind in self.kinds:
            share = self.sizes[kind] / self.received
            what = f"database after the first load / JSON bytes, {NAMES[kind]}"
            rows.append(table.at_most(what, share, 0.5, unit="x", digits=2))
        return rows

    def memory(self, kind: str) -> int:
        """Give the most that any sync of this kind held."""
        return max(self.costs[kind, step].memory for step in STEPS)


def memory_rows(many: Syncs, few: Syncs) -> list[Row]:
    """Compare the peaks of a long and a short list."""
    rows = []
    for kind in many.kinds:
        peak, small = many.memory(kind), few.memory(kind)
        rows.append(table.at_most(f"peak memory, {many.models:,} models, {NAMES[kind]}", peak / 1e6, 150, unit="MB"))
        what = f"the same / peak at {few.models:,} ({small / 1e6:.0f} MB)"
        rows.append(table.at_most(what, peak / small, 1.5, unit="x", digits=2))
    return rows


def _settled(contender: Contender) -> int:
    """Read the count of rows once the server has gathered it, which takes Postgres a moment after a session's end."""
    before = -1
    while (now := contender.written()) != before:
        before = now
        time.sleep(1.5 if contender.kind == "postgres" else 0)
    return now


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
