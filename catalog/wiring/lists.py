"""The models that a build asks about: in the catalog, in the lists themselves, or in a published folder."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING

from catalog import clock, health, watch
from catalog.config import Config
from catalog.domain import FIELDS, KnownPage, Model, ModelName, Page
from catalog.errors import CatalogError, ConfigError
from catalog.health import Finding, Level, SourceCheck
from catalog.settings import SourceSettings
from catalog.watch import WatchFinding

if TYPE_CHECKING:
    from catalog.service.sync import Connect
    from catalog.store.engine.database import Connection
    from catalog.upstream.client import SourceClient

_UNLISTED = "no list has it now"
_UNREAD = "no list that could be read has it now"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """What is known of models, wherever it was read."""

    names: Sequence[str]  # of the sources that a `source:id` may name
    asked: Sequence[str]  # of those whose lists count
    judge: Callable[[Sequence[ModelName], int], Sequence[WatchFinding]]  # by names, and days to look ahead
    ids: Callable[[], Iterable[str]]  # every id ever listed: by any source, unless one alone is asked
    stale: Sequence[Finding]  # what makes a list of them too old to be relied on
    failures: Mapping[str, CatalogError] = field(default_factory=dict)  # why a list could not be read, by source


def stored(connection: "Connection", config: Config, source: str | None) -> Lists:
    """Take the catalog's word. Raises ConfigError for a source that is not configured."""
    from catalog.store.queries import history, watched

    known = {row.source: row for row in history.sources(connection)}
    if source and source not in config.names and source in known:
        words = f"source {source} is in this catalog, but not configured: what it lists may be old"
        raise ConfigError(words, hint=f"add [sources.{source}] to the configuration, or leave --source out")
    chosen, now = config.select([source] if source else []), clock.utc_now()
    asked = [each.name for each in chosen]
    ages = [SourceCheck(name=each.name, row=known.get(each.name), stale_after=each.stale_after) for each in chosen]

    def judge(names: Sequence[ModelName], days: int) -> Sequence[WatchFinding]:
        return watched.check(connection, names, asked, configured=config.names, now=now, days=days)

    return Lists(
        names=config.names,
        asked=asked,
        judge=judge,
        ids=partial(watched.ids, connection, asked if source else list(known)),
        stale=health.findings(ages, now=now),
    )


def published(place: str, source: str | None) -> Lists:
    """Take the word of a published folder. Raises as `published.read`; ConfigError for a source it lacks."""
    from catalog.web.site import published

    found = published.read(place)
    names = [each.name for each in found.sources]
    if source and source not in names:
        raise ConfigError(f"no source {source} was published there", hint=f"its sources are: {', '.join(names)}")
    ages = [each for each in found.sources if source in {None, each.name}]
    stale = [replace(each, hint="sync, and publish again") for each in health.findings(ages, now=clock.utc_now())]
    return _held(found.models, names, [each.name for each in ages], stale, never=watch.NEVER)


def live(config: Config, chosen: Sequence[SourceSettings], connect: "Connect") -> Lists:
    """Read the lists of these sources. No database is asked, and none is made."""
    from catalog.http import background
    from catalog.service.turns import Turns

    turns, found, stale = Turns(), list[Model](), list[Finding]()
    failures: dict[str, CatalogError] = {}

    def take(settings: SourceSettings) -> tuple[list[Model], bool]:
        with turns.take(settings.host, Event()), connect(settings) as client:
            return _walked(client)

    reading = [background.start(partial(take, each), name=f"catalog {each.name}") for each in chosen]
    for settings, walk in zip(chosen, reading, strict=True):
        try:
            models, is_whole = walk.result()
        except CatalogError as failure:
            failures[settings.name] = failure.of(settings.name)
            stale.append(_unread(settings.name, failure.message))
            continue
        found += models
        if not (models and is_whole):
            stale.append(_unread(settings.name, "the list could not be read whole" if models else "the list is empty"))
    asked = [each.name for each in chosen]
    return _held(found, config.names, asked, stale, never=_UNREAD if failures else _UNLISTED, failures=failures)


def _held(
    models: Sequence[Model],
    names: Sequence[str],
    asked: Sequence[str],
    stale: Sequence[Finding],
    *,
    never: str,
    failures: Mapping[str, CatalogError] = {},
) -> Lists:
    """Answer from models in memory."""
    now = clock.utc_now()
    by_id: dict[str, list[Model]] = {}
    for model in models:
        by_id.setdefault(model.id, []).append(model)

    def ids(wanted: Sequence[str]) -> Iterable[str]:
        return (id for id, rows in by_id.items() if any(row.source in wanted for row in rows))

    def guess(name: ModelName) -> Sequence[str]:
        at = asked if isinstance(name, str) else name[:1]
        return watch.spelled_as(name, watch.close_ids(watch.id_of(name), ids(at)))

    def judge(wanted: Sequence[ModelName], days: int) -> Sequence[WatchFinding]:
        everywhere = list(chain.from_iterable(by_id.get(id, ()) for id in dict.fromkeys(map(watch.id_of, wanted))))
        rows = [row for row in everywhere if row.source in asked]
        elsewhere = watch.not_asked(everywhere, asked, names)
        return watch.check(wanted, rows, now=now, days=days, guess=guess, elsewhere=elsewhere, never=never)

    every = partial(ids, asked) if len(asked) < len(names) else lambda: by_id
    return Lists(names=names, asked=asked, judge=judge, ids=every, stale=stale, failures=failures)


def _unread(name: str, text: str) -> Finding:
    return Finding(level=Level.PROBLEM, code="unread", source=name, text=text, hint="catalog check")


def _walked(client: "SourceClient") -> tuple[list[Model], bool]:
    """Read a list; False: it may not be all of it."""
    from catalog.upstream.walking import walk

    sink = _Collected(client)
    outcome = walk.walk(client, sink)
    return list(sink.models.values()), outcome.complete and not outcome.unusable


class _Collected:
    """Keeps the models of a walk in memory."""

    def __init__(self, client: "SourceClient") -> None:
        self.models: dict[str, Model] = {}
        self._client, self._now = client, clock.utc_now()

    def recall(self, digest: str) -> KnownPage | None:  # noqa: ARG002 - the sink's signature
        return None

    def add(self, page: Page, asked_at: datetime) -> int:  # noqa: ARG002 - the sink's signature
        known = sum(item.id in self.models for item in page.items)
        for item in page.items:
            info = self._client.reader.info(item)
            self.models[item.id] = Model(
                **{name: getattr(info, name) for name in FIELDS},
                id=item.id,
                attributes={},  # no verdict needs them, and a list may have millions
                source=self._client.source.name,
                first_seen_at=self._now,
                last_seen_at=self._now,
                missing_since=None,
                removed_at=None,
            )
        return known

    def add_known(self, digest: str) -> int:  # noqa: ARG002 - the sink's signature
        return 0

    def restart(self) -> None:
        self.models.clear()

    def settled(self) -> bool:
        return True
