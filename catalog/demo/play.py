"""Plays a history: the list after each of its events, and the moments at which the demo reads it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from catalog.demo.history import DemoEvent, DemoModel, History

Item = Mapping[str, Any]  # one entry of `data`

FIRST_LOOK = time(9, tzinfo=UTC)
SECOND_LOOK_AFTER = timedelta(hours=1)  # longer than `confirm_after`, and still on the day of the first look


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoState:
    """The whole list as it was served from `date` on, newest `created_at` first."""

    date: date
    items: tuple[Item, ...]
    lost: bool  # something of the state before is gone
    reconstructed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoLook:
    """A moment at which the list is read, and what it shows then."""

    at: datetime
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _DemoList:
    """The models listed, by id, and which fields and capabilities the list shows of them."""

    models: Mapping[str, DemoModel]
    fields: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


def states(played: History) -> Iterator[DemoState]:
    """Yield each distinct state of the list, oldest first."""
    listing = _DemoList(models={})
    for event in played.events:
        listing = _after(listing, event, played.models)
        newest_first = sorted(listing.models.values(), key=lambda model: model.created_at, reverse=True)
        items = tuple(_item(model, listing) for model in newest_first)
        yield DemoState(date=event.date, items=items, lost=bool(event.left), reconstructed=event.reconstructed)


def looks(played: History) -> Iterator[DemoLook]:
    """Yield the moments to read the list: once per state, twice where a second walk must confirm a removal."""
    for state in states(played):
        first = datetime.combine(state.date, FIRST_LOOK)
        yield DemoLook(at=first, items=state.items)
        if state.lost:
            yield DemoLook(at=first + SECOND_LOOK_AFTER, items=state.items)


def _after(listing: _DemoList, event: DemoEvent, known: Mapping[str, DemoModel]) -> _DemoList:
    stayed = {name: model for name, model in listing.models.items() if name not in event.left}
    renamed = {name: replace(stayed[name], display_name=words) for name, words in event.renamed.items()}
    return _DemoList(
        models=stayed | renamed | {name: known[name] for name in event.came},
        fields=listing.fields + event.appeared,
        capabilities=listing.capabilities + event.capabilities,
    )


def _item(model: DemoModel, listing: _DemoList) -> Item:
    told = {
        "line": model.line,
        "max_input_tokens": model.max_input_tokens,
        "max_tokens": model.max_tokens,
        "capabilities": _capabilities(model, listing.capabilities),
        "lifecycle": "deprecated" if model.deprecated_at else "active",
        "deprecated_at": model.deprecated_at,
        "retires_at": model.retires_at,
    }
    always = {"type": "model", "id": model.id, "display_name": model.display_name, "created_at": model.created_at}
    return always | {name: value for name, value in told.items() if name in listing.fields}


def _capabilities(model: DemoModel, paths: tuple[str, ...]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for key in path.split("."):
            node = node.setdefault(key, {})
        node["supported"] = not any(path == lack or path.startswith(f"{lack}.") for lack in model.lacks)
    return tree
