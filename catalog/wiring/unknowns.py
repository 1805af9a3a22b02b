"""Finds names of sources, models and fields that the catalog never had, and names that are close to them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import accumulate, chain
from shlex import quote
from typing import TYPE_CHECKING

from catalog import config as configuration
from catalog import watch
from catalog.config import Config, kinds
from catalog.domain import FIELDS, ModelInfo, ModelName
from catalog.errors import ConfigError, UnknownModelError
from catalog.health import Finding, Level
from catalog.settings import AlertSettings

if TYPE_CHECKING:
    from catalog.store.engine.database import Connection

_CHANGED = "changed:"
_CLOSE = 3


def demand_source(connection: "Connection", name: str | None) -> None:
    """Raise ConfigError for a source that was never synced into this catalog."""
    from catalog.store.queries import history

    known = [row.source for row in history.sources(connection)]
    if name is not None and name not in known:
        hint = f"sources are: {', '.join(known)}" if known else "run `catalog sync` first"
        words = f'source "{name}" was never synced into this catalog{kinds.nearest(name, known)}'
        raise ConfigError(words, hint=hint)


def model(connection: "Connection", id: str, source: str | None) -> UnknownModelError:
    """Give the error for an id that no list ever had."""
    from catalog.store.queries import watched

    close = watched.close_ids(connection, id, [source])
    part = f"`catalog models --all --match {quote(id)}` looks for it as a part of an id"
    hint = f"did you mean {', '.join(close)}?" if close else part
    where = f" at {source}" if source else ""
    return UnknownModelError(f'no model with the id "{id}" was ever seen{where}', hint=hint)


def in_catalog(
    config: Config, connection: "Connection", *, listed: Mapping[str, Sequence[ModelInfo]] = {}
) -> list[Finding]:
    """Report watched models and fields of events that neither the catalog nor `listed` has, and a bad watchlist.

    `listed` are the models of sources whose whole list was just read. When both are empty, only the watchlist is
    looked at.
    """
    from catalog.store.queries import history, watched

    rows = {row.source: row for row in history.sources(connection)}
    read = {name for name, row in rows.items() if row.last_whole_at}
    names, unreadable = _watched(config)
    if not read:
        return in_pages(config, listed) if listed else unreadable
    unread = [name for name in config.names if name not in read]
    known = {(model.source, model.id) for model in history.named(connection, map(watch.id_of, names))} | _pairs(listed)
    patterns = _patterns(config)
    missing, paths = _unmatched(patterns, history.models(connection, which=history.Which.ALL)) if patterns else ({}, [])
    never = [pattern for pattern in missing if not history.has_changed(connection, pattern)]
    models = _models(names, known, lambda name: watched.close_names(connection, name), unread=unread)
    return [*unreadable, *models, *_fields(config, never, paths)]


def in_pages(config: Config, listed: Mapping[str, Sequence[ModelInfo]]) -> list[Finding]:
    """Report watched models and fields of events that are missing in lists that were just read whole."""
    missing, paths = _unmatched(_patterns(config), chain.from_iterable(listed.values()))
    known = _pairs(listed)

    def close(name: ModelName) -> list[str]:
        ids = [id for source, id in known if isinstance(name, str) or source == name[0]]
        return watch.spelled_as(name, watch.close_ids(watch.id_of(name), ids))

    return [*_models(_watched(config)[0], known, close, unread=()), *_fields(config, missing, paths)]


def _pairs(listed: Mapping[str, Sequence[ModelInfo]]) -> set[tuple[str, str]]:
    return {(source, model.id) for source, models in listed.items() for model in models}


def _watched(config: Config) -> tuple[Sequence[ModelName], list[Finding]]:
    """Give what is watched; without what files name, and a finding, when a file cannot be read."""
    try:
        return configuration.watched(config.watch, config.names), []
    except ConfigError as error:
        unreadable = Finding(level=Level.NOTE, code="watch", text=error.message, hint=error.hint)
        return configuration.watched(replace(config.watch, files=()), config.names), [unreadable]


def _models(
    names: Sequence[ModelName],
    known: Collection[tuple[str, str]],
    close: Callable[[ModelName], Sequence[str]],
    *,
    unread: Collection[str],
) -> Iterator[Finding]:
    ids = {id for _, id in known}
    for name in names:
        if name in ids or name in known:
            continue
        if isinstance(name, str):
            never = "no list that was read ever had it" if unread else "no list ever had it"
        else:
            never = "this source was never read whole" if name[0] in unread else "this source never listed it"
        text = f"the watched model {watch.spelled(name)}: {never}{_guess(close(name))}"
        yield Finding(level=Level.NOTE, code="watch", text=text)


def _patterns(config: Config) -> list[str]:
    """List the fields that channels ask for, without the columns that every model has."""
    asked = [field for alert in config.alerts for field in _asked(alert)]
    return [each for each in dict.fromkeys(asked) if not any(fnmatchcase(name, each) for name in FIELDS)]


def _asked(alert: AlertSettings) -> list[str]:
    return [event.removeprefix(_CHANGED) for event in alert.events if event.startswith(_CHANGED)]


def _unmatched(patterns: Sequence[str], models: Iterable[ModelInfo]) -> tuple[list[str], list[str]]:
    """Give the patterns that match no field of any model, and the fields that were seen until all others matched."""
    from catalog.store.queries import history

    left, paths = dict.fromkeys(patterns), dict.fromkeys(FIELDS)
    for model in models:
        if not left:
            break
        # A whole member can change at once: a.b.c counts as a and a.b, too.
        found = (
            accumulate(leaf.split("."), lambda above, name: f"{above}.{name}") for leaf, _ in history.fields(model)
        )
        new = [path for steps in found for path in steps if path not in paths]
        paths.update(dict.fromkeys(new))
        left = {each: None for each in left if not any(fnmatchcase(path, each) for path in new)}
    return [*left], [*paths]


def _fields(config: Config, never: Collection[str], paths: Sequence[str]) -> Iterator[Finding]:
    for alert in config.alerts:
        for field in _asked(alert):
            if field in never:
                guess = _guess(get_close_matches(field, paths, n=_CLOSE))
                text = f"events: no model ever had the field {field}{guess}"
                yield Finding(level=Level.NOTE, code="events", channel=alert.name, text=text)


def _guess(close: Sequence[str]) -> str:
    return f"; did you mean {', '.join(close)}?" if close else ""
