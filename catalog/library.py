"""The catalog for Python programs: reads, a sync, and read-only SQL, in terms of domain objects."""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, overload

from catalog import clock, dates, wiring
from catalog import config as configuration
from catalog.config import Config
from catalog.domain import MERGED, Change, Kind, Model, Run, State
from catalog.errors import ConfigError
from catalog.health import Health
from catalog.store.engine import database as databases
from catalog.store.engine.database import Connection, Database
from catalog.store.queries import differences, history, sql_query
from catalog.store.queries.differences import MomentDifference
from catalog.store.queries.history import Story, Which
from catalog.store.schema import upgrade
from catalog.wiring import standing, unknowns

if TYPE_CHECKING:
    from catalog.service.sync import RunReport  # what speaks HTTP is imported for a run alone

T = TypeVar("T")
Moment = datetime | str  # aware; or as on the command line: 2026-11, RFC 3339, 7d


def open_(url: str | None = None) -> "Catalog":
    """Give the catalog at a database URL, or without one that of the configuration; connects to nothing yet.

    The configuration is what the command line finds in this folder and environment. A relative SQLite path starts from
    the current folder. Raises ConfigError for a URL that names no SQLite file or Postgres database.
    """
    if url is None:
        return Catalog(configuration.load().database.url)
    return Catalog(configuration.database(url, setting="the URL").url)


class Catalog:
    """A catalog to read. Close it after use, or use it as a context manager.

    Lists are iterators that read from the database as you go on: each sees the catalog as it was when its first row
    was read. Closing an iterator, or reading it to its end, gives its connection back. Each thread opens a catalog of
    its own.

    All methods raise CatalogError: NoCatalogError where there is no catalog, SchemaError where its schema is older or
    newer, ConfigError where the arguments make no sense.
    """

    def __init__(self, url: str) -> None:
        """Keep the URL; `catalog.open` checks it first."""
        self._url = url
        self._database: Database | None = None
        self._resources = ExitStack()
        self._closed = False
        self._streams: set[Generator[Any, None, None]] = set()  # those that hold a connection

    def __enter__(self) -> Self:
        """Give the catalog itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Give the connections back; whatever is asked later raises ConfigError."""
        self._closed = True
        for stream in [*self._streams]:
            stream.close()
        self._resources.close()

    @overload
    def models(
        self, *, source: str | None = None, match: str | None = None, removed: bool = False, every: bool = False
    ) -> Iterator[Model]: ...
    @overload
    def models(self, *, as_of: Moment, source: str | None = None, match: str | None = None) -> Iterator[State]: ...
    @overload
    def models(self, *, as_of: Moment | None, source: str | None = None) -> Iterator[Model] | Iterator[State]: ...
    def models(
        self,
        *,
        as_of: Moment | None = None,
        source: str | None = None,
        match: str | None = None,
        removed: bool = False,
        every: bool = False,
    ) -> Iterator[Model] | Iterator[State]:
        """List the models that are listed now, by source and id; `as_of`: what they were at that moment.

        `removed`: those that are gone; `every`: every one ever seen; `match`: a shell pattern of ids.
        """
        if sum([as_of is not None, removed, every]) > 1:
            raise ConfigError("as_of, removed and every contradict each other")
        if as_of is not None:
            moment = _moment(as_of)
            return self._stream(lambda one: history.as_of(one, moment, source=source, match=match), source)
        which = Which.ALL if every else Which.REMOVED if removed else Which.LISTED
        return self._stream(lambda one: history.models(one, which=which, source=source, match=match), source)

    def model(self, id: str, *, source: str | None = None) -> Model:
        """Give one model, a gone one too. Raises UnknownModelError as `story` does."""
        return self.story(id, source=source).model

    def story(self, id: str, *, source: str | None = None) -> Story:
        """Give one model with each of its states and changes, oldest first.

        Raises UnknownModelError when no list ever had the id, ConfigError when several had it and none is named.
        """
        with self._reading(source) as connection:
            found = history.stories(connection, id, source=source)
            if not found:
                raise unknowns.model(connection, id, source)
        if len(found) > 1:
            names = ", ".join(one.model.source for one in found)
            raise ConfigError(f'several sources list "{id}": {names}', hint=f'source="{found[0].model.source}"')
        return found[0]

    def changes(
        self,
        *,
        since: Moment | None = None,
        until: Moment | None = None,
        kind: Kind | Literal["added", "removed", "returned", "changed"] | None = None,
        model: str | None = None,
        source: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Change]:
        """List the change log, newest first: recorded at `since` or later, and before `until`; `model`: a pattern."""
        begin = None if since is None else _moment(since, edge="first")
        end = None if until is None else _moment(until)
        if begin and end and begin >= end:
            raise ConfigError("since must be earlier than until")
        wanted, most = None if kind is None else _kind(kind), _limit(limit)
        ask = partial(history.changes, since=begin, until=end, kind=wanted, source=source, match=model, limit=most)
        return self._stream(ask, source)

    def diff(
        self, earlier: Moment, later: Moment | None = None, *, source: str | None = None, match: str | None = None
    ) -> Iterator[MomentDifference]:
        """List what differs between two moments, by source, id and field; `later` is now if it is left out."""
        begin, end = _moment(earlier), _moment(clock.utc_now() if later is None else later)
        if begin > end:
            raise ConfigError("the first moment must be earlier than the second")
        return self._stream(lambda one: differences.between(one, begin, end, source=source, match=match), source)

    def runs(self, *, source: str | None = None, limit: int | None = None) -> Iterator[Run]:
        """List the runs, newest first."""
        most = _limit(limit)
        return self._stream(lambda one: history.runs(one, source=source, limit=most), source)

    def status(self) -> Health:
        """Say how fresh each source is, and what is wrong, by the configuration that the command line would use."""
        config = self._config()
        with self._reading(None) as connection:
            return standing.of(config, connection, clock.utc_now())

    def sql(self, query: str, /, **values: object) -> Iterator[dict[str, Any]]:
        """Run one SQL query, with values for each `:name` in it. It can write nothing, whatever it says.

        Raises QueryError for one that makes no sense. Values of the rows are what the driver of the database gives: on
        SQLite, times and JSON are text.
        """
        database = self._opened()

        def rows() -> Generator[dict[str, Any], None, None]:
            with sql_query.answer(database, query, values) as answer:
                for row in answer.rows:
                    yield dict(zip(answer.columns, row, strict=True))

        return self._guarded(rows())

    def sync(self, name: str, *, accept_removals: bool = False, accept_scope: bool = False) -> "RunReport":
        """Read a source's list and record what changed, as `catalog sync NAME` does; then alerts are sent.

        The source, its key and the channels are those of the configuration that the command line would use. Makes the
        catalog where there is none. Raises what made the run fail, after it was recorded.
        """
        self._demand_open()
        from catalog.service.sync import Options, sync_source
        from catalog.wiring import after_run

        config = self._config()
        settings = config.select([name])[0]
        configuration.key(settings)  # without a key no list is read, and no catalog is made
        after_run.demand_places(config)
        options = Options(
            accept_removals=accept_removals,
            accept_scope=accept_scope,
            configured=config.names,
            subscriptions=wiring.subscriptions(config),
        )
        with closing(wiring.database(config)) as database, after_run.pinged(config, database) as problems:
            upgrade.ensure(database, auto=config.database.auto_upgrade)
            report = sync_source(database, settings, wiring.connector(), options)
            if report.failure is not None:
                problems.append(report.failure.of(name).message)
            after_run.follow(config, database, is_merged=report.run.status in MERGED)
        if report.failure is not None:
            raise report.failure.of(name)
        return report

    def _config(self) -> Config:
        """Read the configuration, with this catalog's URL in it."""
        config = configuration.load()
        return replace(config, database=replace(config.database, url=self._url))

    def _demand_open(self) -> None:
        if self._closed:
            raise ConfigError("this catalog was closed", hint="ask inside `with catalog.open(...)`")

    def _opened(self) -> Database:
        """Open the catalog when it is first needed."""
        self._demand_open()
        if self._database is None:
            self._database = self._resources.enter_context(opened(self._url))
        return self._database

    @contextmanager
    def _reading(self, source: str | None) -> Iterator[Connection]:
        with self._opened().read() as connection:
            unknowns.demand_source(connection, source)
            yield connection

    def _stream(self, ask: Callable[[Connection], Generator[T, None, None]], source: str | None) -> Iterator[T]:
        """Stream what a query finds. A mistake in the question is raised now, and not at the first row."""

        def rows() -> Generator[T, None, None]:
            with self._opened().read() as connection, closing(ask(connection)) as found:
                yield from found

        with self._reading(source):
            pass
        return self._guarded(rows())

    def _guarded(self, rows: Generator[T, None, None]) -> Generator[T, None, None]:
        """Raise ConfigError when the catalog is closed in between: a list must not just end early."""
        self._demand_open()
        self._streams.add(rows)
        try:
            for row in rows:
                yield row
                self._demand_open()
        finally:
            self._streams.discard(rows)
            rows.close()


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open a catalog that is there, with its schema at head. Raises DatabaseError or SchemaError when it is not."""
    with closing(databases.open_(url, must_exist=True)) as found:
        upgrade.require(found)
        yield found


def _moment(moment: Moment, *, edge: dates.Edge = "last") -> datetime:
    """Read a moment, ages counted from now."""
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ConfigError("a moment needs a time zone", hint="datetime.now(UTC), or a text such as 2026-11-22")
        return moment
    try:
        return dates.moment(moment, clock.utc_now(), edge=edge).at
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _kind(kind: str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise ConfigError(f"there is no kind {kind!r}", hint=f"kinds are: {', '.join(Kind)}") from None


def _limit(limit: int | None) -> int | None:
    if limit is not None and limit < 0:
        raise ConfigError("a limit is 0 or more")
    return limit
