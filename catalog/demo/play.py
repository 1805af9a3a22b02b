"""Plays a history: what the list showed after each of its events, and when to look at it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from catalog.demo.history import Event, History, Model

Item = Mapping[str, Any]  # one entry of `data`

FIRST_LOOK = time(9, tzinfo=UTC)
SECOND_LOOK_AFTER = timedelta(hours=1)  # longer than `confirm_after`, and still on the day of the first look


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The whole list as it was served from `date` on, newest `created_at` first."""

    date: date
    items: tuple[Item, ...]
    lost: bool  # something of the state before is gone
    reconstructed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A moment at which somebody reads the list, and what it shows then."""

    at: datetime
    items: tuple[Item, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Listing:
    """What is listed (by id, with the name of the day), and which fields and capabilities the list tells."""

    models: Mapping[str, Model]
    fields: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()


def states(played: History) -> Iterator[State]:
    """Yield each distinct state of the list, oldest first."""
    listing = _Listing(models={})
    for event in played.events:
        listing = _after(listing, event, played.models)
        yield State(date=event.date, items=_items(listing), lost=bool(event.left), reconstructed=event.reconstructed)


def looks(played: History) -> Iterator[Look]:
    """Yield when to look: once in each state, and a second time where only that proves that a model is gone."""
    for state in states(played):
        first = datetime.combine(state.date, FIRST_LOOK)
        yield Look(at=first, items=state.items)
        if state.lost:
            yield Look(at=first + SECOND_LOOK_AFTER, items=state.items)


def _after(listing: _Listing, event: Event, known: Mapping[str, Model]) -> _Listing:
    stayed = {name: model for name, model in listing.models.items() if name not in event.left}
    renamed = {name: replace(stayed[name], display_name=words) for name, words in event.renamed.items()}
    return _Listing(
        models=stayed | renamed | {name: known[name] for name in event.came},
        fields=listing.fields + event.appeared,
        capabilities=listing.capabilities + event.capabilities,
    )


def _items(listing: _Listing) -> tuple[Item, ...]:
    newest_first = sorted(listing.models.values(), key=_created_at, reverse=True)
    return tuple(_item(model, listing) for model in newest_first)


def _created_at(model: Model) -> str:
    return model.created_at


def _item(model: Model, listing: _Listing) -> Item:
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


def _capabilities(model: Model, paths: tuple[str, ...]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for key in path.split("."):
            node = node.setdefault(key, {})
        node["supported"] = not _lacks(model, path)
    return tree


def _lacks(model: Model, path: str) -> bool:
    return any(path == lack or path.startswith(f"{lack}.") for lack in model.lacks)
