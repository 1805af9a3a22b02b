"""Finds names of sources, models and fields that the catalog never had, and names that are close to them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING

from catalog import config as configuration
from catalog.config import Config
from catalog.domain import FIELDS, ModelInfo
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
        raise ConfigError(f'source "{name}" was never synced into this catalog', hint=hint)


def close_ids(connection: "Connection", id: str, source: str | None) -> list[str]:
    """Give up to three known ids that look much like an unknown one, the closest first."""
    from catalog.store.queries import history

    known = {name.lower(): name for name in history.neighbours(connection, id, source=source)}
    return [known[name] for name in get_close_matches(id.lower(), known, n=_CLOSE, cutoff=0.6)]


def model(connection: "Connection", id: str, source: str | None) -> UnknownModelError:
    """Give the error for an id that no list ever had."""
    close = close_ids(connection, id, source)
    hint = f"did you mean {', '.join(close)}?" if close else "`catalog models --all` lists every id ever seen"
    where = f" at {source}" if source else ""
    return UnknownModelError(f'no model with the id "{id}" was ever seen{where}', hint=hint)


def in_catalog(config: Config, connection: "Connection", *, listed: Sequence[ModelInfo] = ()) -> list[Finding]:
    """Report watched ids and fields of events that neither the catalog nor `listed` has, and an unreadable watchlist.

    When both are empty, only the watchlist is looked at.
    """
    from catalog.store.queries import history

    rows = {row.source: row for row in history.sources(connection)}
    read = {name for name, row in rows.items() if row.last_whole_at}
    ids, unreadable = _watched(config)
    if not read:
        return in_pages(config, listed) if listed else unreadable
    all_read = all(source.name in read for source in config.sources)
    known = {model.id for model in (*history.named(connection, ids), *listed)}

    close = partial(close_ids, connection, source=None)
    patterns = _patterns(config)
    missing, paths = _unmatched(patterns, history.models(connection, which=history.Which.ALL)) if patterns else ({}, [])
    never = [pattern for pattern in missing if not history.has_changed(connection, pattern)]
    return [*unreadable, *_ids(ids, known, close, all_read=all_read), *_fields(config, never, paths)]


def in_pages(config: Config, models: Sequence[ModelInfo]) -> list[Finding]:
    """Report watched ids and fields of events that are missing in lists that were just read whole."""
    known = {model.id: model.id for model in models}
    missing, paths = _unmatched(_patterns(config), models)
    return [
        *_ids(_watched(config)[0], known.keys(), lambda id: get_close_matches(id, known, n=_CLOSE), all_read=True),
        *_fields(config, missing, paths),
    ]


def _watched(config: Config) -> tuple[Sequence[str], list[Finding]]:
    """Give the watched ids; without those in files, and a finding, when a file cannot be read."""
    try:
        return configuration.watched(config.watch), []
    except ConfigError as error:
        return config.watch.models, [Finding(level=Level.NOTE, code="watch", text=error.message, hint=error.hint)]


def _ids(
    ids: Sequence[str], known: Collection[str], close: Callable[[str], Sequence[str]], *, all_read: bool
) -> Iterator[Finding]:
    never = "no list ever had it" if all_read else "no list that was read ever had it"
    for id in ids:
        if id not in known:
            text = f"the watched model {id}: {never}{_guess(close(id))}"
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
