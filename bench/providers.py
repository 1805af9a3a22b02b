"""Whole syncs of the Hugging Face Hub's list beside a bare walk with the same decoding: time and memory."""

import sys
from collections import defaultdict
from contextlib import ExitStack

from bench import databases, process, table
from bench.databases import Contender
from bench.process import Costs, Lists
from bench.syncs import NAMES
from bench.table import Row
from tests import postgres

STEPS = {  # what the list does before a sync, and how many bare walks it may cost
    "first": ("hub", {"sqlite": 2, "postgres": 2}),
    "moved": ("hub-later", {"sqlite": 1.2, "postgres": 1.4}),
}
WORDS = {"first": "first sync of the Hub", "moved": "only its counts moved"}
MEMORY = 250  # megabytes


def rows(models: int, rounds: int, server: postgres.Server | None, kinds: tuple[str, ...]) -> list[Row]:
    """Measure in turns, each round with databases of its own, and compare medians."""
    bare: dict[str, Costs] = defaultdict(Costs)
    costs: dict[tuple[str, str], Costs] = defaultdict(Costs)
    with process.served(models, *(name for name, _ in STEPS.values())) as lists:
        for number in range(rounds):
            _say(f"{models:,} models of the Hub, round {number + 1} of {rounds}")
            _round(lists, bare, costs, server, kinds)
    found = []
    for step, (_, limits) in STEPS.items():
        what = f"bare walk of {models:,} models of the Hub"
        found.append(Row(what=what, measured=f"{bare[step].seconds:.2f} s", ratio="1 x", work="1 x"))
        for kind in kinds:
            what = f"{WORDS[step]}, {NAMES[kind]}"
            found.append(table.against(what, costs[step, kind], bare[step], limits[kind]))
    for kind in kinds:
        peak = max(costs[step, kind].memory for step in STEPS) / 1e6
        what = f"peak memory, {models:,} models of the Hub, {NAMES[kind]}"
        found.append(table.at_most(what, peak, MEMORY, unit="MB"))
    return found


def _round(
    lists: Lists,
    bare: dict[str, Costs],
    costs: dict[tuple[str, str], Costs],
    server: postgres.Server | None,
    kinds: tuple[str, ...],
) -> None:
    with ExitStack() as stack:
        contenders = [stack.enter_context(databases.fresh(kind, server)) for kind in kinds]
        for step, (name, _) in STEPS.items():
            lists.use(name)
            walked = bare[step].add(process.run(process.PYTHON, process.ROOT / "bench" / "bare_hub.py", lists.url))
            _say(f"  {WORDS[step]}: bare walk {walked.seconds:.2f} s, {walked.cpu:.2f} s CPU")
            for contender in contenders:
                _sync(contender, lists, costs[step, contender.kind])


def _sync(contender: Contender, lists: Lists, costs: Costs) -> None:
    contender.configure(lists.url, api="huggingface")
    cost = costs.add(process.run(process.CATALOG, "sync", "--config", contender.config))
    _say(f"    {contender.kind} {cost.seconds:.2f} s, {cost.cpu:.2f} s CPU, {cost.memory / 1e6:.0f} MB")
    _say(f"      {cost.output.strip().splitlines()[-1][:150]}")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
