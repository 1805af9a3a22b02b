"""Reads the change log for streams: filtered as a channel filters, the newest first, on its own or run by run."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice

import sqlalchemy as sa

from catalog.domain import NUMBER_FIELDS, Change, Kind, Place, RetirementDate, Run
from catalog.events import AlertEvent, Rule
from catalog.store.engine.database import Connection
from catalog.store.queries import filters, globs
from catalog.store.schema import rows, tables, views

_CHUNK = 1000  # rows at a time
_FEW = 200  # models, whose changes are read by model and not by run
_MOST = 5_000  # changes of one run that are read together
_TOGETHER = 100  # models that runs tell of which are read in one statement
_INDEXED = frozenset({"lifecycle", "retires_at"})
# Word for word as catalog_change_lifecycle_idx and catalog_change_limits_idx have it.
_OF_LIFECYCLE = sa.text("field IN ('lifecycle', 'retires_at')")
_OF_LIMITS = sa.text("field IN ('max_input_tokens', 'max_tokens')")


@dataclass(frozen=True, kw_only=True, slots=True)
class LogQuestion:
    """Which changes to read; a rule tells of kinds and fields, and filters models as they were when it was recorded."""

    rule: Rule
    since: datetime | None = None  # recorded then or later
    until: datetime | None = None  # and before
    before: int | None = None  # and before the change of this number, in the order of the log
    baseline: bool = False  # also what is no news


@dataclass(frozen=True, kw_only=True, slots=True)
class RunNews:
    """What a run recorded of what was asked for, in the order of the stream; of very much, only the first."""

    run: Run
    changes: tuple[Change, ...]
    are_all: bool


def changes(connection: Connection, asked: LogQuestion) -> Generator[Change, None, None]:
    """Stream changes, the newest recorded first."""
    place = None if asked.before is None else place_of(connection, asked.before)
    for found in _parts(connection, asked, place, None):
        yield from (each for each in found if place is None or _place(each) < place)


def change(connection: Connection, number: int | None = None) -> Change | None:
    """Give the change of a number, or the one that was recorded last of all; None: there is none."""
    view = views.changes.c
    wanted = sa.select(views.changes).order_by(view.change_id.desc()).limit(1)
    if number is not None:
        wanted = wanted.where(view.change_id == number)
    row = connection.execute(wanted).mappings().first()
    return None if row is None else rows.change(row)


def places_after(connection: Connection, number: int) -> set[Place]:
    """Name the models of which later changes tell than that of a number, whatever their time: that of a past is old."""
    view = views.changes.c
    later = sa.select(view.source, view.model_id).where(view.change_id > number).distinct()
    return {Place(row.source, row.model_id) for row in connection.execute(later)}


def by_run(connection: Connection, asked: LogQuestion) -> Generator[RunNews, None, None]:
    """Stream the runs that recorded some of it, the newest first; each of them whole, that of `before`, too."""
    place = None if asked.before is None else place_of(connection, asked.before)
    for part in _parts(connection, asked, place, _MOST + 1):
        by_run = groupby(part, key=lambda change: change.run_id)
        told = ((run_id, tuple(islice(found, _MOST + 1))) for run_id, found in by_run)
        while some := list(islice(told, _TOGETHER)):
            runs = _read_runs(connection, [run_id for run_id, _ in some])
            for run_id, found in some:
                yield RunNews(run=runs[run_id], changes=found[:_MOST], are_all=len(found) <= _MOST)


def _read_runs(connection: Connection, numbers: Sequence[int]) -> Mapping[int, Run]:
    wanted = sa.select(views.sync_runs).where(views.sync_runs.c.run_id.in_(numbers))
    return {row["run_id"]: rows.run(row) for row in connection.execute(wanted).mappings()}


def _parts(
    connection: Connection, asked: LogQuestion, place: "Position | None", most: int | None
) -> Iterator[Iterator[Change]]:
    """Give the log in its order, from the run of a place on, in parts: all of a few models, else some runs together.

    Of a run that recorded much, only `most`.
    """
    view, change = views.changes.c, tables.change.c
    statement = sa.select(views.changes).where(*_conditions(asked, connection.dialect.name))
    keys = _few(connection, asked.rule)
    if keys is not None:
        span = [] if asked.since is None else [view.recorded_at >= asked.since]
        span += [] if asked.until is None else [view.recorded_at < asked.until]
        span += [] if place is None else [sa.tuple_(view.recorded_at, view.run_id) <= _tuple(place[:2])]
        mine = view.change_id.in_(sa.select(change.change_id).where(change.model_key.in_(keys)))
        order = (view.recorded_at.desc(), view.run_id.desc(), view.change_id.desc())
        yield _rows(connection, statement.where(mine, *span).order_by(*order))
        return
    newest = statement.order_by(view.change_id.desc())
    for runs in _together(_runs(connection, asked, place)):
        if len(runs) == 1:
            rest = [view.change_id < place[2]] if place is not None and most is None and runs[0] == place[1] else []
            yield _rows(connection, newest.where(view.run_id == runs[0], *rest).limit(most))
        else:  # they are few, and no planner has to find that out
            yield iter(sorted(_rows(connection, newest.where(view.run_id.in_(runs))), key=_place, reverse=True))


def _together(runs: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    """Put runs together that recorded few changes."""
    some, count = list[int](), 0
    for run_id, changes in runs:
        if some and count + changes > _TOGETHER:
            yield some
            some, count = [], 0
        some.append(run_id)
        count += changes
    if some:
        yield some


Position = tuple[datetime, int, int]  # recorded at, run, change: the order of the log


def _place(change: Change) -> Position:
    return change.recorded_at, change.run_id, change.change_id


def _tuple(place: tuple[datetime, *tuple[int, ...]]) -> sa.Tuple:
    return sa.tuple_(sa.literal(place[0], tables.UtcTime()), *place[1:])


def place_of(connection: Connection, before: int) -> Position | None:
    """Give where the change of a number stands in the log; None: behind all of it."""
    view = views.changes.c
    first = sa.select(view.recorded_at, view.run_id, view.change_id).where(view.change_id >= before)
    row = connection.execute(first.order_by(view.change_id).limit(1)).first()
    return None if row is None else (row.recorded_at, row.run_id, row.change_id)


def _runs(connection: Connection, asked: LogQuestion, place: Position | None) -> Iterator[tuple[int, int]]:
    """Stream the runs that may have recorded some of it, the newest first, with how many models they tell of."""
    run = tables.run.c
    counts = {Kind.ADDED: run.added, Kind.RETURNED: run.returned, Kind.CHANGED: run.changed, Kind.REMOVED: run.removed}
    # As catalog_run_recorded_idx has it: with a parameter for 0, planners do not know that the index fits.
    told = run.added + run.returned + run.changed + run.removed
    conditions = [told > sa.literal_column("0")]
    conditions += [] if asked.since is None else [run.finished_at >= asked.since]
    conditions += [] if asked.until is None else [run.finished_at < asked.until]
    if not asked.baseline:  # which finds no news; yet it may confirm a removal that an earlier run observed
        conditions.append(~run.baseline | (run.removed > 0))
    if place is not None:
        conditions.append(sa.tuple_(run.finished_at, run.run_id) <= _tuple(place[:2]))
    wanted = [count > 0 for kind, count in counts.items() if kind.value in asked.rule.events]
    if {AlertEvent.CHANGED, AlertEvent.LOWERED} & {*asked.rule.events} or asked.rule.changed_fields:
        wanted.append(_changed(asked.rule))
    statement = sa.select(run.run_id, told).where(*conditions, sa.or_(sa.false(), *wanted))
    if asked.rule.sources:
        keys = sa.select(tables.source.c.source_key).where(tables.source.c.source.in_(asked.rule.sources))
        statement = statement.where((run.source_key + 0).in_(keys))  # + 0: not by the index of a source's runs
    statement = statement.order_by(run.finished_at.desc(), run.run_id.desc())
    with closing(connection.execute(statement, execution_options={"yield_per": _CHUNK})) as found:
        yield from ((run_id, count) for run_id, count in found)


def _changed(rule: Rule) -> sa.ColumnElement[bool]:
    """Say that a run changed some of the fields of a rule, as exactly as an index tells."""
    run = tables.run.c
    if AlertEvent.CHANGED not in rule.events and _INDEXED.issuperset(rule.changed_fields):
        indexed = [_OF_LIFECYCLE] if rule.changed_fields else []
        indexed += [_OF_LIMITS] if AlertEvent.LOWERED in rule.events else []
        return sa.or_(*(run.run_id.in_(sa.select(tables.change.c.run_id).where(each)) for each in indexed))
    return (run.changed > 0) | (run.returned > 0)  # a model that returned may have changed, too, and is counted once


def _lowers() -> sa.ColumnElement[bool]:
    """Say that a change makes a limit lower: the new number has fewer digits, or lower ones."""
    view = views.changes.c
    old, new = view.old_value, view.new_value
    by_length = sa.func.length(new) < sa.func.length(old)
    by_digits = (sa.func.length(new) == sa.func.length(old)) & (new < old)
    are_numbers = sa.and_(*(sa.func.substr(each, 1, 1).in_(list("0123456789")) for each in (old, new)))
    return view.field.in_(NUMBER_FIELDS) & are_numbers & (by_length | by_digits)


def _conditions(asked: LogQuestion, dialect: str) -> list[sa.ColumnElement[bool]]:
    rule, view = asked.rule, views.changes.c
    kinds = [kind.value for kind in Kind if kind.value in rule.events]
    fields = [globs.matches(view.field, pattern, dialect=dialect) for pattern in rule.changed_fields]
    fields += [_lowers()] if AlertEvent.LOWERED in rule.events else []
    found = [sa.or_(view.kind.in_(kinds), *((view.kind == Kind.CHANGED.value) & field for field in fields))]
    found += [] if asked.baseline else [~view.baseline]
    found += filters.of_models(rule, view.source, view.model_id, dialect=dialect)
    for name, values in (("line", rule.lines), ("lifecycle", rule.lifecycles)):
        if values:
            found.append(_was(name, values))
    return found


def _was(name: str, values: Sequence[str]) -> sa.ColumnElement[bool]:
    """Say that a model was so when the change was recorded; what comes later moves nothing."""
    change, model, state = tables.change.c, tables.model.c, tables.state.c
    last = sa.select(state[name]).where(state.model_key == change.model_key, state.valid_from_run <= change.run_id)
    before = last.order_by(state.valid_from_run.desc()).limit(1).scalar_subquery()
    then = sa.case((model.valid_from_run <= change.run_id, model[name]), else_=before)
    mine = (change.change_id == views.changes.c.change_id) & (model.model_key == change.model_key)
    return sa.exists().where(mine, then.in_(values))


def _few(connection: Connection, rule: Rule) -> list[int] | None:
    """Give the keys of the models that a rule can tell of; None: they may be more than a few."""
    if rule.watched is None and not rule.models:
        return None
    model, source = tables.model.c, tables.source.c
    found: list[int] = []
    for row in connection.execute(sa.select(source.source, source.source_key)).all():
        name = sa.literal(row.source)
        conditions = filters.of_models(rule, name, model.id, dialect=connection.dialect.name)
        statement = sa.select(model.model_key).where(model.source_key == row.source_key, *conditions)
        found += connection.scalars(statement.limit(_FEW + 1 - len(found)))
        if len(found) > _FEW:
            return None
    return found


def _rows(connection: Connection, statement: sa.Select[tuple[object, ...]]) -> Generator[Change, None, None]:
    with closing(connection.execute(statement, execution_options={"yield_per": _CHUNK})) as found:
        yield from map(rows.change, found.mappings())


def are_many_dated(connection: Connection) -> bool:
    """Tell whether more than a few models have a date of retirement."""
    model = tables.model.c
    some = sa.select(model.model_key).where(model.retires_at.is_not(None), model.removed_run.is_(None))
    return len(connection.scalars(some.limit(_FEW + 1)).all()) > _FEW


def retirement_dates(
    connection: Connection,
    since: datetime | None = None,
    *,
    rule: Rule | None = None,
    near: Sequence[tuple[datetime, datetime]] = (),
) -> Iterator[RetirementDate]:
    """Give every date on which models were planned to retire, model by model, oldest first.

    With `since`: those of models that had a date then, or got one later; the dates before it are among them. `near`
    narrows what they had to dates in these times. A rule for a few models leaves out all others.
    """
    model, state, source = tables.model, tables.state, tables.source
    names = ("model_key", "valid_from_run", "retires_at", "lifecycle", "line")
    present = sa.select(*(model.c[name] for name in names), model.c.removed_run.label("ended_run"))
    past = sa.select(*(state.c[name] for name in names), state.c.valid_to_run)
    keys = _dated(since, near, None if rule is None else _few(connection, rule))
    present = present.where(model.c.retires_at.is_not(None), model.c.model_key.in_(keys))
    past = past.where(state.c.retires_at.is_not(None), state.c.model_key.in_(keys))
    lived = sa.union_all(present, past).subquery()
    began, ended, gone = tables.run.alias("began"), tables.run.alias("ended"), tables.change.alias("gone")
    is_removal = (gone.c.model_key == lived.c.model_key) & (gone.c.kind == Kind.REMOVED.value)
    is_removal &= sa.func.coalesce(gone.c.observed_run, gone.c.run_id) == lived.c.ended_run
    wanted = (
        sa.select(lived, source.c.source, model.c.id, began.c.finished_at, ended.c.finished_at.label("ended_at"))
        .join(model, model.c.model_key == lived.c.model_key)
        .join(source, source.c.source_key == model.c.source_key)
        .join(began, began.c.run_id == lived.c.valid_from_run)
        .outerjoin(gone, is_removal)
        .outerjoin(ended, ended.c.run_id == sa.func.coalesce(gone.c.run_id, lived.c.ended_run))
        .order_by(source.c.source, model.c.id, lived.c.valid_from_run)
    )
    known: dict[tuple[object, ...], datetime] = {}  # since when a date stands that goes on in the next state
    for row in connection.execute(wanted):
        known_since = known.pop((row.model_key, row.valid_from_run, row.retires_at), row.finished_at)
        known[row.model_key, row.ended_run, row.retires_at] = known_since
        yield RetirementDate(
            source=row.source,
            model_id=row.id,
            line=row.line,
            lifecycle=row.lifecycle,
            retires_at=row.retires_at,
            known_since=known_since,
            stands_from=row.finished_at,
            stands_until=row.ended_at,
        )


def _dated(
    since: datetime | None, near: Sequence[tuple[datetime, datetime]], few: Sequence[int] | None
) -> sa.Select[tuple[int]]:
    """Select the models that have a date, or had one: what has none now lost it by a change."""
    model, change, run = tables.model.c, tables.change, tables.run
    listed, gone = (
        sa.select(model.model_key).where(model.retires_at.is_not(None), ended)
        for ended in (model.removed_run.is_(None), model.removed_run.is_not(None))
    )
    moved = sa.select(change.c.model_key).where(change.c.field == "retires_at", _OF_LIFECYCLE)
    if since is not None:
        # Not joined: a planner would begin with all runs since then.
        began, recorded = (
            sa.select(run.c.finished_at).where(run.c.run_id == number).scalar_subquery()
            for number in (model.valid_from_run, change.c.run_id)
        )
        told = sa.or_(began >= since, *(model.retires_at.between(*span) for span in near))
        listed, gone = (each.where(told if near else model.retires_at >= since) for each in (listed, gone))
        moved = moved.where(recorded >= since)
    if few is not None:
        listed, gone = (each.where(model.model_key.in_(few)) for each in (listed, gone))
        moved = moved.where(change.c.model_key.in_(few))
    return sa.select(sa.union_all(listed, gone, moved).subquery().c.model_key)
