"""Which sources are held, and why: what the tables say, whatever the last run came to."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from catalog.standing import Cause, Wait
from catalog.store import judgement, runs
from catalog.store.schema import model, run, source


def causes(connection: sa.Connection) -> Mapping[str, tuple[Cause, ...]]:
    """Give the causes of each source that is held, by its name.

    A source is held while a model has a `held_run`, or while the last merged walk came from an organization or
    workspace that was not accepted. Two runs held for the same thing share a cause, whatever came in between.
    """
    found: dict[str, tuple[Cause, ...]] = {}
    models = _models(connection)
    for row in connection.execute(_sources()).all():
        mine = tuple(_of_source(connection, row, models[row.source_key]))
        if mine:
            found[row.source] = mine
    return found


def _of_source(connection: sa.Connection, row: sa.Row[Any], models: Mapping[bool, tuple[int, int]]) -> Iterator[Cause]:
    guarded, guarded_since = models.get(False, (0, 0))
    strange, strange_since = models.get(True, (0, 0))
    if guarded:
        yield Cause(wait=Wait.REMOVALS, since_run=guarded_since, models=guarded, listed=row.models_listed)
    if _is_stranger(row.accepted, row.scope):
        since = _stranger_since(connection, row)
        yield Cause(wait=Wait.SCOPE, since_run=since, models=strange, listed=row.models_listed)
    elif strange:
        yield Cause(wait=Wait.WALK, since_run=strange_since, models=strange, listed=row.models_listed)


def _sources() -> sa.Select[Any]:
    """Each source with the scope of its last merged walk."""
    merged = (run.c.source_key == source.c.source_key) & (run.c.generation == source.c.generation)
    accepted = source.c.scope.label("accepted")
    columns = (source.c.source_key, source.c.source, source.c.models_listed, source.c.absence_run, accepted)
    return sa.select(*columns, run.c.scope).join(run, merged).order_by(source.c.source_key)


def _models(connection: sa.Connection) -> Mapping[int, Mapping[bool, tuple[int, int]]]:
    """Count held models and name the first run that held one, by source and by whether strangers' walks lacked them.

    Whole walks by the accepted asker end with the source's `absence_run`: what was held later, another one lacked.
    """
    strangers = model.c.held_run > sa.func.coalesce(source.c.absence_run, 0)
    wanted = (
        sa.select(source.c.source_key, strangers, sa.func.count(), sa.func.min(model.c.held_run))
        .join(source, source.c.source_key == model.c.source_key)
        .where(model.c.missing_run.is_not(None), model.c.held_run.is_not(None))
        .group_by(source.c.source_key, strangers)
    )
    found: dict[int, dict[bool, tuple[int, int]]] = defaultdict(dict)
    for key, strange, count, since in connection.execute(wanted):
        found[key][bool(strange)] = (count, since)
    return found


def _is_stranger(accepted: str | None, asked: str) -> bool:
    """Tell whether a walk in the accepted configuration was answered for an identity that was not accepted."""
    if accepted is None or runs.configured_part(accepted) != runs.configured_part(asked):
        return False
    return not judgement.same_identity(runs.identity_part(accepted), runs.identity_part(asked))


def _stranger_since(connection: sa.Connection, row: sa.Row[Any]) -> int:
    """Give the first run since the last whole walk of the accepted asker that the present stranger made."""
    later = (run.c.source_key == row.source_key) & (run.c.run_id > (row.absence_run or 0))
    wanted = sa.select(run.c.scope, sa.func.min(run.c.run_id)).where(later, run.c.generation.is_not(None))
    identity = runs.identity_part(row.scope)
    return min(
        int(since)
        for scope, since in connection.execute(wanted.group_by(run.c.scope))
        if _is_stranger(row.accepted, scope) and judgement.same_identity(identity, runs.identity_part(scope))
    )
