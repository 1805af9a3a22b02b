"""Encoded lists of models: one list, the same cut into other pages, and one that differs by 1 %."""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

PAGE = 1000
SEED = 20261122
FAMILIES = 48  # distinct capabilities; the official list has about as many as model families
LINES = ("opus", "sonnet", "haiku", "fable")
BIRTH = datetime(2023, 3, 14, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """An answer's body, and the cursor that leads behind it."""

    body: bytes
    last_id: str
    head: bytes = b""  # further lines of it


def pages(name: str, models: int) -> Iterator[Page]:
    """Cut a list into pages: `same`, `recut` (the same models, other borders) or `changed`."""
    items = changed(models) if name == "changed" else ((number, False) for number in reversed(range(models)))
    sizes = [PAGE // 2] if name == "recut" else []
    yield from _cut(items, sizes)


def changed(models: int) -> Iterator[tuple[int, bool]]:
    """Name the models, newest first, of a list where 1 % is new, gone or renamed, a third each."""
    each = max(1, models // 300)
    picked = random.Random(SEED).sample(range(models), 2 * each)
    gone, renamed = set(picked[:each]), set(picked[each:])
    for number in reversed(range(models + each)):
        if number not in gone:
            yield number, number in renamed


def id_of(number: int) -> str:
    """Give the id of a model by its number: the order of ids is not that of the list, as with real ones."""
    return f"claude-{LINES[number % len(LINES)]}-{number * 7_368_787 % 9_999_991:07}-20260101"


def _cut(items: Iterable[tuple[int, bool]], sizes: list[int]) -> Iterator[Page]:
    capabilities = [_capabilities(family) for family in range(FAMILIES)]
    rest = iter(items)
    ahead = list(islice(rest, sizes.pop() if sizes else PAGE))
    while ahead:
        here, ahead = ahead, list(islice(rest, PAGE))
        yield _page(here, capabilities, has_more=bool(ahead))


def _page(items: list[tuple[int, bool]], capabilities: list[str], *, has_more: bool) -> Page:
    data = ",".join(_item(number, capabilities[number % FAMILIES], renamed=renamed) for number, renamed in items)
    first, last = id_of(items[0][0]), id_of(items[-1][0])
    more = "true" if has_more else "false"
    return Page(f'{{"data":[{data}],"has_more":{more},"first_id":"{first}","last_id":"{last}"}}'.encode(), last)


def _item(number: int, capabilities: str, *, renamed: bool) -> str:
    line = LINES[number % len(LINES)]
    born = (BIRTH + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = f"Claude {line.title()} {number}{' (new name)' if renamed else ''}"
    return (
        f'{{"type":"model","id":"{id_of(number)}","display_name":"{name}","created_at":"{born}",'
        f'"lifecycle":"active","deprecated_at":null,"retires_at":null,"line":"{line}",'
        f'"max_input_tokens":200000,"max_tokens":64000,"capabilities":{capabilities}}}'
    )


def _capabilities(family: int) -> str:
    def told(bit: int) -> dict[str, bool]:
        return {"supported": bool((family >> (bit % 6)) & 1)}

    efforts = {name: told(bit) for bit, name in enumerate(("low", "medium", "high", "max", "xhigh"))}
    types = {name: told(bit) for bit, name in enumerate(("adaptive", "enabled", "disabled", "between_tools"))}
    edits = {name: told(bit) for bit, name in enumerate(("clear_tool_uses_20250919", "clear_thinking_20251015"))}
    plain = ("batch", "citations", "code_execution", "files", "image_input", "mcp", "pdf_input", "structured_outputs")
    value = {
        **{name: told(bit) for bit, name in enumerate(plain)},
        "effort": {**told(0), **efforts},
        "thinking": {**told(1), "types": types},
        "context_management": {**told(2), **edits},
    }
    return json.dumps(value, separators=(",", ":"))
