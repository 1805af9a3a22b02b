"""What it takes to record ten thousand looks at a list of 400 models, on most of which something has moved."""

import json
import resource
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from bench import databases
from bench.databases import Contender
from bench.lists import FAMILIES
from bench.table import Row, at_most
from catalog.service import backfill
from catalog.service.backfill import Wish
from catalog.service.looks import Look
from catalog.settings import SourceSettings
from catalog.store.engine import database
from catalog.store.schema import upgrade
from tests import postgres

LOOKS, MODELS = 10_000, 400
COMES = 25  # one model comes and one goes on one look of so many
CHANGES = 2_000  # a model's fields change on one look of so many: on a fifth of all looks, that of a model
START = datetime(2024, 1, 1, tzinfo=UTC)
LIMIT_S = 300


def rows(server: postgres.Server | None, kinds: Sequence[str], looks: int) -> list[Row]:
    """Record the same looks into each database."""
    found = []
    for kind in kinds:
        with databases.fresh(kind, server) as contender:
            seconds, cpu = _measured(contender, looks)
        row = at_most(f"{looks:,} looks at {MODELS} models, {kind}", seconds, LIMIT_S, unit="s")
        told = row if kind == "sqlite" else replace(row, target="", met=None)
        found.append(replace(told, work=f"{cpu:.0f} s"))
    return found


def _measured(contender: Contender, looks: int) -> tuple[float, float]:
    with closing(database.open_(contender.url)) as catalog:
        upgrade.ensure(catalog)
        moments = [START + timedelta(hours=number) for number in range(looks)]
        record = [
            Look(begin=at, end=at, name=str(number), read=partial(_answer, number)) for number, at in enumerate(moments)
        ]
        began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        backfill.fill(catalog, SourceSettings(name="bench"), record, Wish())
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def _answer(number: int) -> bytes:
    first = number // COMES
    entries = [_entry(model, (number + 97 * model) // CHANGES) for model in range(first, first + MODELS)]
    return b'{"data":[' + b",".join(entries) + b'],"has_more":false,"first_id":null,"last_id":null}'


@cache
def _entry(model: int, version: int) -> bytes:
    entry = {
        "type": "model",
        "id": f"model-{model:06}",
        "display_name": f"Model {model}, version {version}",
        "created_at": "2024-01-01T00:00:00Z",
        "max_input_tokens": 200_000,
        "max_tokens": 64_000,
        "capabilities": {f"feature-{name}": {"supported": (model % FAMILIES) >> name & 1 == 1} for name in range(16)},
    }
    return json.dumps(entry, separators=(",", ":")).encode()
