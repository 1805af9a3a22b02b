"""Reads what the catalog knows: models now and at a moment, the story of one model, changes, runs, sources.

Each function takes a connection inside one read transaction and gives domain objects; only views are read. Lists are
streamed, a thousand rows at a time. A caller that stops early must close the generator before the connection.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Any

import sqlalchemy as sa

from catalog import dates, tabular
from catalog.domain import (
    DATE_FIELDS,
    FIELDS,
    Change,
    Kind,
    Model,
    ModelInfo,
    Origin,
    Reading,
    Run,
    Source,
    State,
    Status,
)
from catalog.store.engine.database import Connection
from catalog.store.ingest import runs as all_runs
from catalog.store.ingest.diff import canonical, compare
from catalog.store.queries import globs, streams
from catalog.store.queries.filters import EVERY_STATE, StateFilter
from catalog.store.schema import rows, tables, views

_CHUNK = 1000  # rows or ids at a time
_NEIGHBOURS = 1000
_FEW = 200  # models, whose changes are read one model at a time

MODEL_COLUMNS = tuple(views.models.c.keys())
STATE_COLUMNS = tuple(views.model_history.c.keys())
CHANGE_COLUMNS = tuple(views.changes.c.keys())
RUN_COLUMNS = tuple(views.sync_runs.c.keys())


class Which(Enum):
    """Which models to list: those listed now, those of them that are missing, those that are gone, or all ever seen."""

    LISTED = "listed"
    MISSING = "missing"
    REMOVED = "removed"
    ALL = "all"


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """One model of one source, its states and its changes, both oldest first."""

    model: Model
    states: tuple[State, ...]
    changes: tuple[Change, ...]


def models(
    connection: Connection,
    *,
    which: Which = Which.LISTED,
    source: str | None = None,
    match: str | None = None,
    fields: StateFilter = EVERY_STATE,
) -> Generator[Model, None, None]:
    """Stream models with their present or last state, by source and id."""
    view = views.models
    conditions = (
        fields.conditions(view)
        + {
            Which.LISTED: [view.c.removed_at.is_(None)],
            Which.MISSING: [view.c.missing_since.is_not(None)],
            Which.REMOVED: [view.c.removed_at.is_not(None)],
            Which.ALL: [],
        }[which]
    )
    return (Model(**row) for row in streams.by_ranges(connection, view, conditions, source, match))


def named(connection: Connection, ids: Iterable[str]) -> list[Model]:
    """List the models of these ids, gone ones too, by source and id."""
    view, wanted = views.models, sorted({id for id in ids if globs.storable(id)})
    found: list[Model] = []
    for name in streams.names(connection, None):
        for start in range(0, len(wanted), _CHUNK):
            some = wanted[start : start + _CHUNK]
            statement = sa.select(view).where(view.c.source == name, view.c.id.in_(some)).order_by(view.c.id)
            found.extend(Model(**row) for row in streams.rows(connection, statement))
    return found


def as_of(
    connection: Connection,
    moment: datetime,
    *,
    source: str | None = None,
    match: str | None = None,
    fields: StateFilter = EVERY_STATE,
) -> Generator[State, None, None]:
    """Stream the states of the models that were listed at a moment, by source and id."""
    view = views.model_history
    listed = [view.c.valid_from <= moment, sa.or_(view.c.valid_to.is_(None), view.c.valid_to > moment)]
    conditions = fields.conditions(view) + listed
    return (State(**row) for row in streams.by_ranges(connection, view, conditions, source, match))


def stories(connection: Connection, id: str, *, source: str | None = None) -> list[Story]:
    """Give the story of an id for each source that ever listed it."""
    if not globs.storable(id):
        return []
    found = [_story(connection, id, name) for name in streams.names(connection, source)]
    return [story for story in found if story is not None]


def neighbours(connection: Connection, id: str, *, source: str | None = None) -> list[str]:
    """List known ids near an unknown one in the order of ids, to find what was meant by a misspelt id."""
    if not globs.storable(id):
        return []
    view, near = views.models, set[str]()
    for name in streams.names(connection, source):
        ids = sa.select(view.c.id).where(view.c.source == name).limit(_NEIGHBOURS)
        near.update(connection.scalars(ids.where(view.c.id >= id).order_by(view.c.id)))
        near.update(connection.scalars(ids.where(view.c.id < id).order_by(view.c.id.desc())))
    return sorted(near)


def changes(
    connection: Connection,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: Kind | None = None,
    field: str | None = None,
    baseline: bool = True,
    source: str | None = None,
    match: str | None = None,
    limit: int | None = None,
) -> Generator[Change, None, None]:
    """Stream the change log, newest first: recorded at `since` or later, and before `until`.

    `field` is a pattern; without `baseline`, what baselines found is left out.
    """
    named = None if match is None else _few(connection, source, match)
    window = _Window(since=since, until=until, kind=kind, field=field, baseline=baseline, source=source)
    found = _log(connection, window, match) if named is None else _log_of(connection, window, named, limit)
    with closing(found):
        for row in islice(found, limit):
            yield rows.change(row)


def has_changed(connection: Connection, pattern: str) -> bool:
    """Tell whether a field that fits the pattern ever changed."""
    field = views.changes.c.field
    fits = field.is_not(None) & globs.matches(field, pattern, dialect=connection.dialect.name)
    return connection.execute(sa.select(field).where(fits).limit(1)).first() is not None


def runs(
    connection: Connection,
    *,
    source: str | None = None,
    status: str | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Generator[Run, None, None]:
    """Stream the runs by the time they began, newest first; `before` the run of a number."""
    run = tables.run.c
    wanted, newest = sa.select(run.run_id), [run.started_at.desc(), run.run_id.desc()]
    if source is not None:
        key = sa.select(tables.source.c.source_key).where(tables.source.c.source == source).scalar_subquery()
        wanted, newest = wanted.where(all_runs.among_those_of(key)), [run.source_key.desc(), *newest]
    if status is not None:
        wanted = wanted.where(run.status == status)
    if before is not None:  # a run that was dropped meanwhile has a number alone
        began = connection.scalar(sa.select(run.started_at).where(run.run_id == before))
        earlier = sa.tuple_(run.started_at, run.run_id) < sa.tuple_(sa.literal(began, tables.UtcTime), before)
        wanted = wanted.where(run.run_id < before if began is None else earlier)
    return _numbered(connection, wanted.order_by(*newest).limit(limit))


def _numbered(connection: Connection, wanted: sa.Select[tuple[int]]) -> Generator[Run, None, None]:
    """Stream the runs of these numbers. In one statement, planners begin with the sources, and sort runs of all."""
    view = views.sync_runs
    with closing(streams.rows(connection, wanted)) as numbers:
        while some := [row["run_id"] for row in islice(numbers, _CHUNK)]:
            statement = sa.select(view).where(view.c.run_id.in_(some))
            found = {row["run_id"]: rows.run(row) for row in connection.execute(statement).mappings()}
            yield from (found[number] for number in some)


def sources(connection: Connection) -> list[Source]:
    """List every source ever synced, by name."""
    run, mine = tables.run.c, tables.source.c
    newest = (run.source_key == mine.source_key) & (run.generation == mine.generation)
    origin = sa.select(run.origin).where(newest).scalar_subquery()
    live = sa.func.coalesce(origin, Origin.LIVE.value) == Origin.LIVE.value
    statement = sa.select(views.sources, live.label("live")).join(tables.source, mine.source == views.sources.c.source)
    return [rows.source(row) for row in connection.execute(statement.order_by(mine.source)).mappings()]


def begins(connection: Connection) -> dict[str, datetime]:
    """Tell when the first merged run of each source began: of earlier moments nothing is known of it."""
    run, mine = tables.run.c, tables.source.c
    first = sa.select(mine.source, run.started_at).join(tables.run, run.source_key == mine.source_key)
    found = connection.execute(first.where(run.generation == 1).order_by(mine.source))
    return {row.source: row.started_at for row in found}


def begins_whole(connection: Connection, source: str) -> datetime | None:
    """Tell when the first whole walk of a source was recorded: of earlier moments its whole list is unknown."""
    view = views.sync_runs
    whole = view.c.status.in_((Status.COMPLETE, Status.HELD)) & (view.c.source == source)
    first = sa.select(view.c.finished_at).where(whole).order_by(view.c.started_at).limit(1)
    return connection.execute(first).scalar_one_or_none()


def fields(model: ModelInfo) -> list[tuple[str, str | None]]:
    """List a model's fields for people, attributes by their dotted paths; None: unknown."""
    nothing = Reading((None,) * len(FIELDS), {})
    leaves = compare(nothing, replace(reading(model), columns=nothing.columns))
    values = ((name, getattr(model, name)) for name in FIELDS)
    columns = [(name, dates.short(value) if isinstance(value, datetime) else value) for name, value in values]
    told = [(name, None if value is None else str(value)) for name, value in columns]
    return [*told, *((leaf.path, tabular.told(leaf.new)) for leaf in leaves)]


def reading(state: ModelInfo) -> Reading:
    """Give a state as a reading, to compare it with another one field by field."""
    values = ((name, getattr(state, name)) for name in FIELDS)
    columns = tuple(dates.to_text(value) if name in DATE_FIELDS and value else value for name, value in values)
    return Reading(columns, {name: canonical(value) for name, value in state.attributes.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Window:
    """The part of the log that is wanted."""

    since: datetime | None
    until: datetime | None
    kind: Kind | None
    field: str | None
    baseline: bool
    source: str | None

    def admits(self, change: sa.Table, dialect: str) -> list[sa.ColumnElement[bool]]:
        """Give the conditions on a change, but for its moment and source."""
        found = [] if self.kind is None else [change.c.kind == self.kind.value]
        if self.field is not None:
            found += [change.c.field.is_not(None), globs.matches(change.c.field, self.field, dialect=dialect)]
        return found if self.baseline else [*found, ~change.c.baseline]

    def spans(self, moment: sa.Column[datetime]) -> list[sa.ColumnElement[bool]]:
        """Give the conditions on a moment."""
        conditions = [] if self.since is None else [moment >= self.since]
        return conditions if self.until is None else [*conditions, moment < self.until]


def _log(connection: Connection, window: _Window, match: str | None) -> Generator[dict[str, Any], None, None]:
    """Read the log run by run, newest first.

    In one statement, a planner without statistics does not begin with the few runs of the window.
    """
    view = views.changes
    dialect = connection.dialect.name
    conditions = [] if match is None else [globs.matches(view.c.model_id, match, dialect=dialect)]
    conditions += window.admits(view, dialect)
    statement = sa.select(view).where(*conditions).order_by(view.c.change_id.desc())
    for run_id in _runs_of(connection, window):
        yield from streams.rows(connection, statement.where(view.c.run_id == run_id))


def _runs_of(connection: Connection, window: _Window) -> Iterator[int]:
    """Stream the runs of the window that recorded such a change, newest first."""
    run = tables.run.c
    counts = {Kind.ADDED: run.added, Kind.RETURNED: run.returned, Kind.CHANGED: run.changed, Kind.REMOVED: run.removed}
    # As catalog_run_recorded_idx has it: with a parameter for 0, planners do not know that the index fits.
    conditions = [run.added + run.returned + run.changed + run.removed > sa.literal_column("0")]
    conditions += window.spans(run.finished_at)
    if window.kind is not None:
        conditions.append(counts[window.kind] > 0)
    if window.source is not None:
        key = sa.select(tables.source.c.source_key).where(tables.source.c.source == window.source).scalar_subquery()
        # + 0: not by the index of a source's runs, of which most recorded nothing.
        conditions.append(run.source_key + 0 == key)
    statement = sa.select(run.run_id).where(*conditions).order_by(run.finished_at.desc(), run.run_id.desc())
    return (row["run_id"] for row in streams.rows(connection, statement))


def _few(connection: Connection, source: str | None, match: str) -> list[tuple[str, str]] | None:
    """Give the models that match, as (source, id); None: more than a few do."""
    view = views.models
    matching = globs.matches(view.c.id, match, dialect=connection.dialect.name)
    found: list[tuple[str, str]] = []
    for name in streams.names(connection, source):
        statement = sa.select(view.c.id).where(view.c.source == name, matching).limit(_FEW + 1 - len(found))
        found.extend((name, id) for id in connection.scalars(statement))
    return found if len(found) <= _FEW else None


def _log_of(
    connection: Connection, window: _Window, named: Sequence[tuple[str, str]], limit: int | None
) -> Generator[dict[str, Any], None, None]:
    """Read the log of a few models, newest first."""
    view = views.changes
    conditions = window.spans(view.c.recorded_at) + window.admits(view, connection.dialect.name)
    sources, ids = {name for name, _ in named}, {id for _, id in named}
    statement = (
        sa.select(view)
        .where(view.c.source.in_(sources), view.c.model_id.in_(ids), *conditions)
        .order_by(view.c.recorded_at.desc(), view.c.run_id.desc(), view.c.change_id.desc())
        .limit(limit)
    )
    return streams.rows(connection, statement)


def _story(connection: Connection, id: str, source: str) -> Story | None:
    models, states, changes = views.models, views.model_history, views.changes
    one = sa.select(models).where(models.c.source == source, models.c.id == id)
    row = connection.execute(one).mappings().one_or_none()
    if row is None:
        return None
    past = sa.select(states).where(states.c.source == source, states.c.id == id).order_by(states.c.valid_from)
    log = sa.select(changes).where(changes.c.source == source, changes.c.model_id == id).order_by(changes.c.change_id)
    return Story(
        model=Model(**row),
        states=tuple(State(**state) for state in connection.execute(past).mappings()),
        changes=tuple(rows.change(change) for change in connection.execute(log).mappings()),
    )


def ids(connection: Connection, prefix: str, *, limit: int) -> list[str]:
    """Give the first ids that begin so, of models that a source ever listed."""
    id = tables.model.c.id
    wanted = sa.select(id).where(globs.starts(id, prefix)).distinct().order_by(id).limit(limit)
    return list(connection.scalars(wanted))


def known_ids(connection: Connection, ids: Collection[str]) -> frozenset[str]:
    """Give those of the ids that a source ever listed."""
    return frozenset(connection.scalars(sa.select(views.models.c.id).where(views.models.c.id.in_(ids))))
