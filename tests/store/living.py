"""Several lists that change at random, walk by walk, with ids and names of all sorts."""

import random
from typing import Any

from catalog.domain import Policy
from tests.server import model
from tests.store.world import World

IDS = ("a", "B", "b-1", "b-2", "b-2-x", "c_%", "c\\", "é", "É/2", "..", "z" * 256, "\U0001f600", "~", "'; --")
NAMES = ("Claude", "CLAUDE 100%", "ÜBER", "über", "", "_")
LIFECYCLES = ("active", "deprecated", "retired", None)
LINES = ("opus", "sonnet", None)
SOURCES = ("one", "two-b", "two_a", "two")


def live(world: World, seed: int) -> None:
    """Let several lists change at random, walk by walk."""
    rng = random.Random(seed)
    world.policy = Policy(max_removed_percent=100)
    shown = {name: {id: entry(rng, id) for id in rng.sample(IDS, 9)} for name in SOURCES[: rng.randint(1, 4)]}
    for _ in range(5):
        for name, listed in shown.items():
            for id in rng.sample(IDS, 3):
                listed.pop(id, None) if rng.random() < 0.5 and len(listed) > 1 else listed.update({id: entry(rng, id)})
            world.server.models = list(listed.values())
            world.sync(name=name, after=rng.choice((5, 20)))


def entry(rng: random.Random, id: str) -> dict[str, Any]:
    day = [None, *(f"2026-0{month}-01T00:00:00Z" for month in range(1, 5))]
    fields = {"lifecycle": rng.choice(LIFECYCLES), "line": rng.choice(LINES), "retires_at": rng.choice(day)}
    made = model(id, display_name=rng.choice(NAMES), **{name: value for name, value in fields.items() if value})
    made["created_at"] = rng.choice(day) or "1970-01-01T00:00:00Z"
    return made
