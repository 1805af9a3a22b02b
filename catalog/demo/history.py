"""Reads the recorded history of a real models list: its models, and what changed on which day."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib import resources
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoModel:
    """One model as it was first listed; a later name is an event. None: the list never gave this field."""

    id: str
    display_name: str
    created_at: str
    max_input_tokens: int | None = None
    max_tokens: int | None = None
    line: str | None = None
    deprecated_at: str | None = None
    retires_at: str | None = None
    lacks: tuple[str, ...] = ()  # capabilities it does not support, each with everything below it


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoEvent:
    """What was different in the list on `date`. `reconstructed`: drawn from announcements, not from a list."""

    date: date
    came: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    appeared: tuple[str, ...] = ()  # fields, on every model listed
    capabilities: tuple[str, ...] = ()  # dotted paths of what the field `capabilities` speaks of, from now on
    reconstructed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """Models by id, and events in the order of their days."""

    models: Mapping[str, DemoModel]
    events: tuple[DemoEvent, ...]


def load() -> History:
    """Read the history that comes with the program."""
    return parse(resources.files("catalog.demo").joinpath("history.toml").read_text(encoding="utf-8"))


def parse(text: str) -> History:
    """Read a history in the form of `history.toml`; a key this form does not have is a TypeError."""
    document = tomllib.loads(text)
    models = [DemoModel(**_frozen(table)) for table in document["models"]]
    events = [DemoEvent(**_frozen(table)) for table in document["events"]]
    return History(
        models={model.id: model for model in models}, events=tuple(sorted(events, key=lambda event: event.date))
    )


def _frozen(table: Mapping[str, object]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
