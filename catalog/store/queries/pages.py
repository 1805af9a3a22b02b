"""Reads lists page by page, at the same cost wherever a page lies: models now, and states at a moment.

First the ids of a page are chosen, from the table of models and its index; then the view is read for these alone.
Straight through the views, a page of a long list costs as much as the list. Each page comes from one read transaction,
so it is whole; the next may see later rows, and neither loses nor doubles a model that is in both.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

import sqlalchemy as sa

from catalog.domain import Change, Kind, Model, Place, State
from catalog.events import Rule
from catalog.store.engine.database import Connection
from catalog.store.queries import filters, globs
from catalog.store.queries.history import Which
from catalog.store.schema import rows, tables, views

SORTABLE = 1_000  # models; a longer list comes by id alone
_AT_ONCE = 1_000  # ids in one query, and rows of a page where all of them are wanted
_MOST_AT_ONCE = 10_000  # ids that are looked at together, where few of them pass
_SPARSE = 4  # rows of a range that are read for one that is wanted, at most
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SortColumn = Literal["created_at", "first_seen_at", "retires_at"]
Row = TypeVar("Row", Model, State)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sort:
    """An order other than by source and id, by which equal ones come; unknown values come last, always."""

    column: SortColumn
    newest_first: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which models to show. Empty filters let everything pass; None among the lifecycles: those that tell none."""

    source: str | None = None
    match: str | None = None  # a pattern of ids
    contains: str | None = None  # in id or name, in capitals or not
    which: Which = Which.LISTED  # no filter of states: these were listed at their moment
    lifecycles: tuple[str | None, ...] = ()
    lines: tuple[str | None, ...] = ()
    hidden: tuple[str, ...] = ()  # lifecycles that are not shown


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Which part of the list to show: after a place, or the last before one; of both, only one may be given."""

    after: Place | None = None
    before: Place | None = None
    limit: int = 100
    sort: Sort | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowPage(Generic[Row]):
    """Part of a list in its order. `after` continues it, and `before` leads back; None: nothing is there."""

    rows: tuple[Row, ...]
    before: Place | None
    after: Place | None


def models(connection: Connection, wanted: Wanted, cut: Cut) -> RowPage[Model]:
    """Give a page of models with their present or last state."""
    model, view, dialect = tables.model.c, views.models, connection.dialect.name
    chosen = [*_which(wanted.which, model.removed_run, model.missing_run), *_filters(model, wanted, dialect)]
    of_view = [*_which(wanted.which, view.c.removed_at, view.c.missing_since), *_filters(view.c, wanted, dialect)]
    # The few that are missing have an index; SQLite takes the one of all ids instead, if it can look there.
    id = model.id.concat("") if wanted.which is Which.MISSING else model.id
    return _page(
        _List(connection=connection, view=view, make=Model, id=id, chosen=chosen, of_view=of_view), wanted, cut
    )


def every(connection: Connection, wanted: Wanted) -> Iterator[Model]:
    """Stream all pages of a list of models, by source and id."""
    page = models(connection, wanted, Cut(limit=_AT_ONCE))
    yield from page.rows
    while page.after is not None:
        page = models(connection, wanted, Cut(after=page.after, limit=_AT_ONCE))
        yield from page.rows


def states(connection: Connection, moment: datetime, wanted: Wanted, cut: Cut) -> RowPage[State]:
    """Give a page of the states that models had at a moment; `wanted.which` says nothing here."""
    model, view, dialect = tables.model.c, views.model_history, connection.dialect.name
    then = [view.c.valid_from <= moment, sa.or_(view.c.valid_to.is_(None), view.c.valid_to > moment)]
    chosen = _ever(wanted, dialect)
    of_view = [*then, *_filters(view.c, wanted, dialect)]
    found = _List(connection=connection, view=view, make=State, id=model.id, chosen=chosen, of_view=of_view)
    return _page(found, wanted, cut)


def retiring(
    connection: Connection, rule: Rule, *, since: datetime, until: datetime | None = None, limit: int | None = None
) -> list[Model]:
    """List the models that a rule admits whose date of retirement lies in a time, gone ones too, by date."""
    model, source, dialect = tables.model.c, tables.source, connection.dialect.name
    conditions = filters.of_models(rule, source.c.source, model.id, dialect=dialect)
    conditions += [model.retires_at >= since, *([] if until is None else [model.retires_at < until])]
    for column, values in ((model.line, rule.lines), (model.lifecycle, rule.lifecycles)):
        conditions += [column.in_(values)] if values else []
    dated = sa.select(source.c.source, model.id, model.retires_at).join(source, source.c.source_key == model.source_key)
    # Apart: those that are listed have an index.
    both = [dated.where(ended, *conditions) for ended in (model.removed_run.is_(None), model.removed_run.is_not(None))]
    found = sa.union_all(*both).subquery().c
    order = sa.select(found.source, found.id).order_by(found.retires_at, found.source, found.id).limit(limit)
    return _models(connection, [Place(*row) for row in connection.execute(order)])


def spans(
    connection: Connection, models: Sequence[Model], *, fields: Sequence[str] = ()
) -> dict[Place, tuple[Change, ...]]:
    """Give what the log says of when these models came, left and returned, and of changes of fields; oldest first."""
    view, found = views.changes, dict[Place, list[Change]]()
    told = sa.or_(view.c.kind != Kind.CHANGED.value, view.c.field.in_(fields))
    for name in sorted({model.source for model in models}):
        ids = [model.id for model in models if model.source == name]
        for start in range(0, len(ids), _AT_ONCE):
            some = view.c.model_id.in_(ids[start : start + _AT_ONCE])
            log = sa.select(view).where(view.c.source == name, some, told)
            for row in connection.execute(log.order_by(view.c.change_id)).mappings():
                found.setdefault(Place(name, row["model_id"]), []).append(rows.change(row))
    return {place: tuple(each) for place, each in found.items()}


def is_sortable(connection: Connection, source: str | None, *, most: int = SORTABLE) -> bool:
    """Tell whether a source, or all together, ever had so few models that a list of them may be sorted."""
    keys = [key for _, key in _sources(connection, source)]
    some = sa.select(tables.model.c.model_key).where(tables.model.c.source_key.in_(keys)).limit(most + 1)
    return (connection.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0) <= most


@dataclass(frozen=True, kw_only=True, slots=True)
class _List(Generic[Row]):
    """A list of models or states: how its ids are chosen, and how its rows are read."""

    connection: Connection
    view: sa.Table
    make: Callable[..., Row]
    chosen: Sequence[sa.ColumnElement[bool]]  # conditions that the table of models can answer
    of_view: Sequence[sa.ColumnElement[bool]]  # all of them, for the view
    id: sa.ColumnElement[str]  # that is compared with a place

    def beyond(self, source: str, key: int, edge: str | None, count: int, *, back: bool) -> list[Row]:
        """Give the next rows of a source beyond an id, in the order in which they are met."""
        found: list[Row] = []
        size = count
        while len(found) < count:
            ids = self._ids(key, edge, size, back=back)
            rows = self.read(source, ids, between=self._is_dense(key, ids))
            found += rows[::-1] if back else rows
            if len(ids) < size:
                break
            edge, size = ids[-1], min(2 * size, _MOST_AT_ONCE)
        return found[:count]

    def read(self, source: str, ids: Sequence[str], *, between: bool) -> list[Row]:
        """Give the rows of some ids in order; `between`: of all ids from the first to the last of them."""
        if not ids:
            return []
        view = self.view.c
        these = (view.id >= min(ids)) & (view.id <= max(ids)) if between else view.id.in_(ids)
        statement = sa.select(self.view).where(view.source == source, these, *self.of_view)
        return [
            self.make(**row) for row in self.connection.execute(statement.order_by(view.source, view.id)).mappings()
        ]

    def values(self, source: str, column: SortColumn) -> Iterator[tuple[str, datetime | None]]:
        """Give all ids of a source with what they are sorted by."""
        view = self.view.c
        statement = sa.select(view.id, view[column]).where(view.source == source, *self.of_view)
        return ((id, value) for id, value in self.connection.execute(statement))

    def _ids(self, key: int, edge: str | None, count: int, *, back: bool) -> Sequence[str]:
        id, source_key = tables.model.c.id, tables.model.c.source_key
        beyond = [] if edge is None else [self.id < edge if back else self.id > edge]
        order = (source_key.desc(), id.desc()) if back else (source_key, id)
        statement = sa.select(id).where(source_key == key, *beyond, *self.chosen)
        return self.connection.scalars(statement.order_by(*order).limit(count)).all()

    def _is_dense(self, key: int, ids: Sequence[str]) -> bool:
        """Tell whether a good part of the ids between two was chosen: one range is read faster than many ids."""
        id, source_key = tables.model.c.id, tables.model.c.source_key
        most = _SPARSE * len(ids)
        span = (source_key == key) & (id >= min(ids, default="")) & (id <= max(ids, default=""))
        there = sa.select(id).where(span).limit(most).subquery()
        return (self.connection.scalar(sa.select(sa.func.count()).select_from(there)) or 0) < most


def _page(listing: _List[Row], wanted: Wanted, cut: Cut) -> RowPage[Row]:
    sources = _sources(listing.connection, wanted.source)
    edge = cut.before or cut.after
    if edge is not None and not (globs.storable(edge.source) and globs.storable(edge.id)):
        return RowPage(rows=(), before=None, after=None)
    return _by_id(listing, sources, edge, cut) if cut.sort is None else _sorted(listing, sources, edge, cut, cut.sort)


def _by_id(listing: _List[Row], sources: Sequence[tuple[str, int]], edge: Place | None, cut: Cut) -> RowPage[Row]:
    back, found = cut.before is not None, list[Row]()
    for name, key in reversed(sources) if back else sources:
        if edge is not None and name != edge.source and (name > edge.source) == back:
            continue
        start = edge.id if edge is not None and name == edge.source else None
        found += listing.beyond(name, key, start, cut.limit + 1 - len(found), back=back)
        if len(found) > cut.limit:
            break
    more = len(found) > cut.limit
    shown = found[: cut.limit][::-1] if back else found[: cut.limit]
    return _cut_out(shown, earlier=more if back else edge is not None, later=back or more)


def _sorted(
    listing: _List[Row], sources: Sequence[tuple[str, int]], edge: Place | None, cut: Cut, sort: Sort
) -> RowPage[Row]:
    """Sort what all rows are sorted by, and read those of the page alone."""
    values = {Place(name, id): value for name, _ in sources for id, value in listing.values(name, sort.column)}
    order = sorted((_rank(value, sort), place) for place, value in values.items())
    begin, end = 0, len(order)
    if edge is not None and (at := _standing(listing.connection, edge, values, sort)) is not None:
        begin, end = (0, bisect_left(order, at)) if cut.before else (bisect_right(order, at), end)
    begin, end = (max(begin, end - cut.limit), end) if cut.before else (begin, min(end, begin + cut.limit))
    places = [place for _, place in order[begin:end]]
    found = {
        Place(row.source, row.id): row
        for name, _ in sources
        for row in listing.read(name, [place.id for place in places if place.source == name], between=False)
    }
    return _cut_out([found[place] for place in places], earlier=begin > 0, later=end < len(order))


_Standing = tuple[tuple[bool, timedelta], Place]


def _models(connection: Connection, places: Sequence[Place]) -> list[Model]:
    """Read models in the order of these places."""
    view, found = views.models, dict[Place, Model]()
    for name in sorted({place.source for place in places}):
        ids = [place.id for place in places if place.source == name]
        for start in range(0, len(ids), _AT_ONCE):
            some = sa.select(view).where(view.c.source == name, view.c.id.in_(ids[start : start + _AT_ONCE]))
            found.update({Place(name, row["id"]): Model(**row) for row in connection.execute(some).mappings()})
    return [found[place] for place in places]


def _standing(
    connection: Connection, place: Place, values: Mapping[Place, datetime | None], sort: Sort
) -> _Standing | None:
    """Give where a place stands in the order, also where its model is not in the list; None: there is no such model."""
    if place in values:
        return _rank(values[place], sort), place
    view = views.models.c
    row = connection.execute(sa.select(view[sort.column]).where(view.source == place.source, view.id == place.id))
    found = row.first()
    return None if found is None else (_rank(found[0], sort), place)


def _rank(value: datetime | None, sort: Sort) -> tuple[bool, timedelta]:
    since = timedelta(0) if value is None else value - _EPOCH
    return value is None, -since if sort.newest_first else since


def _cut_out(shown: Sequence[Row], *, earlier: bool, later: bool) -> RowPage[Row]:
    places = [Place(row.source, row.id) for row in shown]
    return RowPage(
        rows=tuple(shown),
        before=places[0] if places and earlier else None,
        after=places[-1] if places and later else None,
    )


def _sources(connection: Connection, name: str | None) -> list[tuple[str, int]]:
    """Give the sources in order, alike on both databases, with their keys."""
    source = tables.source.c
    statement = sa.select(source.source, source.source_key)
    if name is not None:
        statement = statement.where(source.source == name if globs.storable(name) else sa.false())
    return sorted((row.source, row.source_key) for row in connection.execute(statement))


def _which(which: Which, removed: sa.Column[Any], missing: sa.Column[Any]) -> Sequence[sa.ColumnElement[bool]]:
    return {
        Which.LISTED: [removed.is_(None)],
        Which.MISSING: [missing.is_not(None)],
        Which.REMOVED: [removed.is_not(None)],
        Which.ALL: [],
    }[which]


def _ever(wanted: Wanted, dialect: str) -> list[sa.ColumnElement[bool]]:
    """Say of a model that it fits now, or that one of its past states fits: whether it did then, the view tells."""
    model, state = tables.model.c, tables.state.c
    found = _filters(model, Wanted(match=wanted.match), dialect)
    for part in (
        Wanted(contains=wanted.contains),
        Wanted(lifecycles=wanted.lifecycles),
        Wanted(lines=wanted.lines),
        Wanted(hidden=wanted.hidden),
    ):
        if fits := _filters(model, part, dialect):
            was = sa.select(state.model_key).where(*_filters(state, part, dialect))
            found.append(sa.or_(*fits, model.model_key.in_(was)))
    return found


def _filters(
    columns: sa.ColumnCollection[str, sa.Column[Any]], wanted: Wanted, dialect: str
) -> list[sa.ColumnElement[bool]]:
    """Give the conditions on columns; a past state has no id of its own, only a name that may contain a text."""
    found = list[sa.ColumnElement[bool]]()
    if wanted.match is not None:
        found.append(globs.matches(columns["id"], wanted.match, dialect=dialect))
    if wanted.contains:
        texts = [columns[name] for name in ("id", "display_name") if name in columns]
        found.append(sa.or_(*(globs.contains(text, wanted.contains, dialect=dialect) for text in texts)))
    for column, values in ((columns["lifecycle"], wanted.lifecycles), (columns["line"], wanted.lines)):
        if values:
            told = column.in_([value for value in values if value is not None and globs.storable(value)])
            found.append(told | column.is_(None) if None in values else told)
    if wanted.hidden:
        found.append(columns["lifecycle"].is_(None) | columns["lifecycle"].not_in(wanted.hidden))
    return found
